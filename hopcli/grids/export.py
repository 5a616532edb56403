"""A grid as one tidy table: keys first, in the order of the grid, for any order of making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import ResultError, SettingError
from hopcli.results.tables import as_csv
from hopcli.results.tables import write_table as write_blocks
from hopcli.tables import Columns, Layout
from hopcli.tables.documents import chosen_rows, document
from hopcli.tables.rates import complete
from hopcli.tables.several import Part, join, key_column, with_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hopcli.grids.grid import Grid
    from hopcli.grids.store import Store

_WHOLE = Layout()
_AT_ONCE = 10_000  # rows

FORMATS = {"csv": ".csv", "parquet": ".parquet", "markdown": ".md", "latex": ".tex"}
"""Formats of an exported table, with the suffix of a file of each."""


def tidy_table(store: Store, grid: Grid, name: str) -> Columns:
    """Combine a table of all finished cells: keys of the grid, then columns of the table.

    A column of the table with the name of a key is called ``<command>_<name>``. If different
    versions of the code have made cells, a column ``version`` is added.

    Parameters
    ----------
    store : Store
        The cells.
    grid : Grid
        The grid of the cells.
    name : str
        Name of the table.

    Returns
    -------
    Columns
        A row per point of the grid and row of its table, in that order.

    Raises
    ------
    SettingError
        If no cell has a table of this name.
    ResultError
        If the store is damaged.
    """
    known = store.tables(grid)
    if not known:
        raise ResultError(f"{store.path}: must contain a finished cell, has none yet")
    if name not in known:
        raise SettingError("table", f"must be one of {', '.join(known)}", name)
    places: list[int] = []
    versions: list[str] = []

    def parts() -> Iterator[Part]:
        for place, _, version, _, part in store.finished(name):
            places.append(place)
            versions.append(version)
            yield part

    table, lengths = join(parts(), grid.entry.table(name))
    complete([table])
    keys = _keys(grid, places)
    if len(set(versions)) > 1:
        keys["version"] = np.array(versions, dtype=object)
    return with_keys(keys, table, lengths, grid.command)


def points_table(store: Store, grid: Grid) -> Columns:
    """Return the keys of every point with a cell, finished or not, as in :func:`tidy_table`."""
    keys = _keys(grid, [place for place, _ in store.points()])
    return Columns([*keys], [*keys.values()])


def _keys(grid: Grid, places: Sequence[int]) -> dict[str, NDArray[Any]]:
    """Return the keys of some points, as columns of a table."""
    keys, shape = {}, [len(axis.values) for axis in grid.axes]
    for axis, rows in zip(
        grid.axes, np.unravel_index(np.array(places, dtype=np.int64), shape), strict=True
    ):
        present, which = np.unique(rows, return_inverse=True)
        for name, values in zip(axis.names, zip(*axis.values, strict=True), strict=True):
            shown = [grid.shown(name, values[place]) for place in present]
            keys[name] = key_column(shown)[which]
    return keys


def write_table(
    table: Columns, path: Path | None, form: str, layout: Layout = _WHOLE, named: str = "table"
) -> str | None:
    """Write a table in one of :data:`FORMATS`.

    CSV and Parquet keep full precision; see :mod:`hopcli.tables.documents` for the others.

    Parameters
    ----------
    table : Columns
        The table.
    path : Path or None
        File to write; without one, the text is returned.
    form : str
        Name of the format.
    layout : Layout
        Rows and columns to write.
    named : str
        Beginning of the names of macros.

    Raises
    ------
    SettingError
        For Parquet without pyarrow, or without a file; or if a column or row does not exist.
    """
    if form in ("markdown", "latex"):
        text = document(table, form, layout, named)
    else:
        table = chosen_rows(table, layout)
        table = table.only(layout.columns) if layout.columns else table
    if form == "parquet":
        if path is None:
            raise SettingError("out", "must be given for parquet, which is not text")
        try:
            table.frame().to_parquet(path, index=False, engine="pyarrow")
        except ImportError:
            rule = "must be another one: parquet needs the package pyarrow"
            raise SettingError("format", rule, form) from None
        return None
    if form == "csv" and path is not None:
        firsts = range(0, len(table) or 1, _AT_ONCE)
        write_blocks((table.take(slice(first, first + _AT_ONCE)) for first in firsts), path)
        return None
    if form == "csv":
        text = as_csv(table)
    if path is None:
        return text
    path.write_text(text, encoding="utf-8", newline="")
    return None
