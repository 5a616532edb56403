"""A grid with one of its tables, read from its store or as it was published."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hopcli import results
from hopcli.errors import SettingError
from hopcli.grids.export import points_table, tidy_table
from hopcli.grids.grid import read_grid
from hopcli.grids.state import State
from hopcli.grids.store import FILE, Store, is_grid
from hopcli.results.forms import GRID
from hopcli.results.manifest import finished_in, understood
from hopcli.results.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from hopcli.grids.grid import Grid
    from hopcli.grids.keys import Look

__all__ = ["TABLE", "View", "load_published", "load_view"]

TABLE = "grid.csv"
"""The file of the table of a published grid."""


class View(NamedTuple):
    """A grid with one of its tables, the keys of all points if known, and what is warned of."""

    grid: Grid
    table: pd.DataFrame
    points: pd.DataFrame | None = None
    warnings: Sequence[str] = ()

    @classmethod
    def of(cls, store: Store, grid: Grid, name: str | None = None) -> View:
        """A table of a store; by default the one that is drawn."""
        table = tidy_table(store, grid, grid.entry.headline.table if name is None else name)
        state = State(grid, store.places(), store.standings())
        warnings = [f"{words}: {warning}" for words, warning in state.warnings]
        return cls(grid, table, points_table(store, grid), warnings)

    @property
    def leaves_out(self) -> bool:
        """Whether the table lacks points of the grid, as those that are impossible."""
        keys = self.table.iloc[:, : len(self.grid.names)]
        return len(keys.drop_duplicates()) < len(self.grid)

    def drawn(self, look: Look) -> pd.DataFrame:
        """What the picture is of: the table, or its averages over a key."""
        if look.over is None:
            return self.table
        from hopcli.grids.over import average

        headline = self.grid.entry.headline
        number = headline if look.map and look.y in self.grid.names else headline.of(look.y)
        return average(self.table, self.grid.keys(), look.over, number)

    def numbers(self) -> pd.DataFrame:
        """The numbers that the picture shows, with their intervals, below few heads."""
        look, headline = self.grid.look, self.grid.entry.headline
        table = self.drawn(look)
        for column, value in headline.where.items():
            if column in table.columns:
                table = table[table[column].astype(str) == str(value)]
        number = headline if look.map else headline.of(look.y)
        wanted = [*self.grid.names, *headline.within, number.value, number.low, number.high]
        return table[[column for column in dict.fromkeys(wanted) if column in table.columns]]


def load_view(folder: Path, name: str | None = None) -> View:
    """The grid of a folder and a table of it: from the store, else as it was published.

    Parameters
    ----------
    folder : Path
        Where it is.
    name : str, optional
        Which table; by default the one that is drawn.

    Raises
    ------
    SettingError
        If there is no such table.
    ResultError
        If there is no grid, or it is damaged.
    """
    if is_grid(folder) or GRID not in finished_in(folder):
        with Store(folder) as store:
            return View.of(store, store.grid(), name)
    return load_published(folder, name)


def load_published(folder: Path, name: str | None = None) -> View:
    """The grid of a folder as it was published, whatever its store holds by now.

    Parameters
    ----------
    folder : Path
        Where it is.
    name : str, optional
        Which table: only the one that is drawn was published.

    Raises
    ------
    SettingError
        If it is another table.
    ResultError
        If there is no published grid, or it is damaged.
    """
    manifest = results.open_manifest(folder / "grid.json")
    with understood(manifest.path):
        grid = read_grid(manifest["config"])
        warnings = list(manifest["notes"]["warnings"])
    if name not in (None, grid.entry.headline.table):
        rule = f"must be {grid.entry.headline.table} where there is no {FILE}"
        raise SettingError("table", rule, name)
    with understood(manifest.path):
        return View(grid, read_table(manifest, "grid"), None, warnings)
