"""A grid as one tidy table: keys first, in the order of the grid, for any order of making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import ResultError, SettingError
from hopcli.results.tables import as_csv
from hopcli.tables import Columns, Layout
from hopcli.tables.documents import check_column, chosen_rows, document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hopcli.grids.grid import Grid
    from hopcli.grids.store import Store

    Part = tuple[Sequence[Any], Sequence[str], Iterable[Sequence[Any]]]

_WHOLE = Layout()
_LARGEST = np.iinfo(np.int64).max

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
    known = store.tables()
    if not known:
        raise ResultError(f"{store.path}: must contain a finished cell, has none yet")
    if name not in known:
        raise SettingError("table", f"must be one of {', '.join(known)}", name)
    standings, places = store.standings(), store.places()
    parts: list[Part] = []
    for point in grid.points():
        cell = places.get(point.place)
        table = None if cell is None else store.read(cell, name)
        if cell is not None and table is not None:
            keys = (*grid.shown(point.values), standings[cell].version)
            parts.append((keys, table.columns, table.rows))
    names, arrays = joined([*grid.names, "version"], parts, grid.command)
    version = len(grid.names)
    if len(set(arrays[version].tolist())) < 2:
        del names[version], arrays[version]
    return Columns(names, arrays, grid.entry.table(name))


def points_table(store: Store, grid: Grid) -> Columns:
    """Return the keys of every point with a cell, finished or not, as in :func:`tidy_table`."""
    places = store.places()
    rows = [grid.shown(point.values) for point in grid.points() if point.place in places]
    return Columns(*joined(grid.names, [(row, (), [()]) for row in rows], grid.command))


def joined(
    keys: Sequence[str], parts: Iterable[Part], command: str
) -> tuple[list[str], list[NDArray[Any]]]:
    """Join tables below each other, with the values of keys first.

    Parameters
    ----------
    keys : sequence of str
        Names of the keys.
    parts : iterable of (values, heads, rows)
        Values of the keys; names and kinds of the columns, and the rows of each table. Columns
        that a table lacks are empty in its rows.
    command : str
        A column with the name of a key is called ``<command>_<name>``.

    Returns
    -------
    names : list of str
        Names of all columns.
    arrays : list of ndarray
        The columns.
    """
    places: dict[tuple[str, int], int] = {}  # a name, and its number among equal ones: its place
    kinds: list[str] = []
    rows: list[list[Any]] = []
    for own, heads, of_table in parts:
        where = []
        seen: dict[str, int] = {}
        for name, _, kind in (head.rpartition(": ") for head in heads):
            seen[name] = seen.get(name, 0) + 1
            which = (name, seen[name])
            if which not in places:
                places[which] = len(places)
                kinds.append(kind)
            where.append(places[which])
        for values in of_table:
            row = [*own, *([None] * len(places))]
            for place, value in zip(where, values, strict=True):
                row[len(own) + place] = value
            rows.append(row)
    width = len(keys) + len(kinds)
    rows = [row + [None] * (width - len(row)) for row in rows]
    values = list(zip(*rows, strict=True)) if rows else [()] * width
    arrays = [key_column(column) for column in values[: len(keys)]]
    arrays += [typed_column(*each) for each in zip(values[len(keys) :], kinds, strict=True)]
    return [*keys, *(f"{command}_{n}" if n in keys else n for n, _ in places)], arrays


def key_column(values: Sequence[Any]) -> NDArray[Any]:
    """Convert a key: to numbers or booleans if all of its values are such, otherwise to text."""
    kinds = {type(value) for value in values}
    if kinds <= {int, float} or kinds == {bool}:
        return _numbers(values)
    return np.array([str(value) for value in values], dtype=object)


def typed_column(values: Sequence[Any], kind: str) -> NDArray[Any]:
    """Convert a column of the table; cells without the column are empty."""
    if kind == "number" or (kind == "integer" and None in values):
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    if kind == "text" or None in values:
        return np.array(["" if v is None else v for v in values], dtype=object)
    return _numbers(values)


def _numbers(values: Sequence[Any]) -> NDArray[Any]:
    """Convert numbers to an array; whole numbers beyond int64 stay Python integers."""
    is_whole = all(isinstance(value, int) for value in values)
    if is_whole and any(abs(value) > _LARGEST for value in values):
        return np.array(values, dtype=object)
    return np.array(values) if len(values) else np.array(values, dtype=object)


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
        table = chosen_rows(table, layout.where)
        for name in layout.columns:
            check_column("columns", name, table.names)
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
    if form == "csv":
        text = as_csv(table)
    if path is None:
        return text
    path.write_text(text, encoding="utf-8", newline="")
    return None
