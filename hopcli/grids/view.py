"""A grid with one of its tables, read from its store or its published files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hopcli import results
from hopcli.errors import SettingError
from hopcli.grids.export import points_table, tidy_table
from hopcli.grids.grid import Grid, Look, read_grid
from hopcli.grids.store import FILE, Store, is_grid
from hopcli.results.manifest import GRID, finished_in, understood
from hopcli.results.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.tables import Columns

TABLE = "grid.csv"
"""File of the table of a published grid."""


@dataclass(frozen=True, eq=False)
class View:
    """A grid with one of its tables.

    Parameters
    ----------
    grid : Grid
        The grid.
    table : Columns
        The keys of the grid, then the columns of the table.
    points : Columns, optional
        The keys of all points, if they are known.
    warnings : sequence of str
        Warnings about the cells of a published grid.
    """

    grid: Grid
    table: Columns
    points: Columns | None = None
    warnings: Sequence[str] = ()

    @classmethod
    def of(cls, store: Store, grid: Grid, name: str | None = None) -> View:
        """Read a table of a store; by default the plotted one."""
        points = points_table(store, grid)
        table = tidy_table(store, grid, grid.entry.headline.table.name if name is None else name)
        return cls(grid, table, points)

    @property
    def leaves_out(self) -> bool:
        """True if the table lacks points of the grid, such as impossible ones."""
        return len(set(self.table.only(self.grid.names).rows())) < len(self.grid)

    def drawn(self, look: Look) -> Columns:
        """Return the plotted table: the table itself, or its averages over a key."""
        if look.over is None:
            return self.table
        from hopcli.grids.over import average

        headline = self.grid.entry.headline
        number = headline if look.map and look.y in self.grid.names else headline.of(look.y)
        return average(self.table, self.grid.keys(), look.over, number)

    def numbers(self) -> Columns:
        """Return the plotted numbers, with their intervals, under few heads."""
        look, headline = self.grid.look, self.grid.entry.headline
        table = self.drawn(look).matching(headline.where)
        number = headline if look.map else headline.of(look.y)
        wanted = [*self.grid.names, *headline.within, number.value, number.low, number.high]
        return table.only(name for name in dict.fromkeys(wanted) if name in table)


def load_view(folder: Path, name: str | None = None) -> View:
    """Load the grid of a folder with a table, from the store or the published files.

    Parameters
    ----------
    folder : Path
        Folder of the grid.
    name : str, optional
        Name of the table; by default the plotted one.

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
    """Load the published grid of a folder, whatever its store contains now.

    Parameters
    ----------
    folder : Path
        Folder of the grid.
    name : str, optional
        Name of the table; only the plotted one is published.

    Raises
    ------
    SettingError
        If another table is requested.
    ResultError
        If there is no published grid, or it is damaged.
    """
    manifest = results.open_manifest(folder / "grid.json")
    with understood(manifest.path):
        grid = read_grid(manifest["config"])
        warnings = list(manifest["notes"]["warnings"])
    drawn = grid.entry.headline.table.name
    if name not in (None, drawn):
        rule = f"must be {drawn} without {FILE}"
        raise SettingError("table", rule, name)
    with understood(manifest.path):
        return View(grid, read_table(manifest, "grid"), None, warnings)
