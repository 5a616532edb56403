"""Tables of a page: cells with the printed texts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.tables import kind_of

if TYPE_CHECKING:
    from hopcli.tables import Columns

MOST_ROWS = 50
"""Largest number of rows on a page; further rows are only in the file."""

_NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a page.

    Parameters
    ----------
    name : str
        That of the table.
    heads : tuple of str
        Names of the columns.
    numeric : tuple of bool
        True for columns of numbers.
    rows : tuple of tuple of str
        The cells.
    n_rows : int
        Number of rows of the table.
    """

    name: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int

    @property
    def n_left_out(self) -> int:
        """Number of rows that are not shown."""
        return self.n_rows - len(self.rows)


def sheet(name: str, table: Columns) -> Sheet:
    """Lay out a table.

    Parameters
    ----------
    name : str
        That of the table.
    table : Columns
        The table; rates declared in percent are shown in percent.
    """
    rates = set(table.percent)
    columns = [
        [_cell(value, column in rates) for value in array[:MOST_ROWS].tolist()]
        for column, array in zip(table.names, table.arrays, strict=True)
    ]
    return Sheet(
        name,
        tuple(f"{column} %" if column in rates else column for column in table),
        tuple(kind_of(array) in ("integer", "number") for array in table.arrays),
        tuple(zip(*columns, strict=True)),
        len(table),
    )


def _cell(value: Any, is_rate: bool) -> str:
    """Return the printed text of a value, with a minus sign, or a dash for a missing number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if math.isnan(value):
        return _NONE
    text = f"{100 * value:.1f}" if is_rate else f"{value:.4g}"
    text = str(value) if isinstance(value, int) else text
    return text.replace("-", "\N{MINUS SIGN}")
