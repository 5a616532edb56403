"""Tables as a page shows them: texts in cells, as they are printed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.values import bare

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

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


def sheet(name: str, table: pd.DataFrame, percent: Iterable[str] = ()) -> Sheet:
    """Lay out a table.

    Parameters
    ----------
    name : str
        That of the table.
    table : DataFrame
        The table.
    percent : iterable of str
        Columns that are rates, shown in percent.
    """
    rates = set(percent)
    shown = table.head(MOST_ROWS)
    columns = [
        [_cell(value, column in rates) for value in shown.iloc[:, place]]
        for place, column in enumerate(table.columns)
    ]
    return Sheet(
        name,
        tuple(f"{column} %" if column in rates else str(column) for column in table.columns),
        tuple(dtype.kind in "iuf" for dtype in table.dtypes),
        tuple(zip(*columns, strict=True)),
        len(table),
    )


def _cell(value: Any, is_rate: bool) -> str:
    """A value as it is printed, with a minus sign and a dash where there is no number."""
    plain = bare(value)
    if isinstance(plain, bool):
        return "yes" if plain else "no"
    if not isinstance(plain, int | float):
        return str(plain)
    if math.isnan(plain):
        return _NONE
    text = f"{100 * plain:.1f}" if is_rate else f"{plain:.4g}"
    text = str(plain) if isinstance(plain, int) else text
    return text.replace("-", "\N{MINUS SIGN}")
