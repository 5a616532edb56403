"""Tables as a page shows them: texts in cells, as they are printed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.tables import kind_of

if TYPE_CHECKING:
    from hopcli.tables import Columns

__all__ = ["MOST_ROWS", "Sheet", "sheet"]

MOST_ROWS = 50
"""More rows of a table than this are in its file only."""

_NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table as a page shows it.

    Parameters
    ----------
    name : str
        That of the table.
    heads : tuple of str
        Names of the columns.
    numeric : tuple of bool
        Which of them are of numbers.
    rows : tuple of tuple of str
        The cells.
    n_rows : int
        How many rows the table has.
    """

    name: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int

    @property
    def n_left_out(self) -> int:
        """How many rows are not shown."""
        return self.n_rows - len(self.rows)


def sheet(name: str, table: Columns) -> Sheet:
    """Lay out a table.

    Parameters
    ----------
    name : str
        That of the table.
    table : Columns
        The table; rates are shown in percent where they are declared so.
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
    """A value as it is printed, with a minus sign and a dash where there is no number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if math.isnan(value):
        return _NONE
    text = f"{100 * value:.1f}" if is_rate else f"{value:.4g}"
    text = str(value) if isinstance(value, int) else text
    return text.replace("-", "\N{MINUS SIGN}")
