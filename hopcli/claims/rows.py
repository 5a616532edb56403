"""Chosen rows of a table of a run, and the interval beside a number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.claims.measured import Measured, binomial
from hopcli.errors import ResultError
from hopcli.statistics import Z95, exact_interval

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["Rows", "interval_of"]

_RATES = ("accuracy", "fraction", "share")
"""Columns to which ci_low and ci_high belong, wherever they are."""


class Rows(NamedTuple):
    """The rows that an expression chooses.

    Attributes
    ----------
    result : object
        Result of the run; None for a grid.
    table : DataFrame
        The whole table.
    chosen : ndarray of bool
        True for the chosen rows.
    column : str
        Column of the values.
    error : str or None
        Column of the standard error, if the expression names one.
    """

    result: Any
    table: pd.DataFrame
    chosen: NDArray[np.bool_]
    column: str
    error: str | None

    @property
    def places(self) -> NDArray[np.intp]:
        """Places of the chosen rows in the table."""
        return np.flatnonzero(self.chosen)

    @property
    def values(self) -> NDArray[np.float64]:
        """The chosen values, as numbers."""
        return self.table[self.column].to_numpy(dtype=np.float64)[self.chosen]

    @property
    def label(self) -> Any:
        """Label of the first chosen row."""
        return self.table["label"][self.chosen].iloc[0]

    def number(self, place: int) -> Measured:
        """The number at a place of the table, with its interval."""
        rate = None if self.error is not None else self._counted_rate(place)
        if rate is not None:
            return rate
        ends = interval_of(self.table, place, self.column, self.error)
        return Measured(float(self.table[self.column].iloc[place]), *(ends or ()))

    def by_label(self) -> pd.DataFrame:
        """The values of all rows: a row per selection or repeat, a column per label."""
        index = "selection" if "selection" in self.table.columns else "repeat"
        return self.table.pivot(index=index, columns="label", values=self.column)

    def _counted_rate(self, place: int) -> Measured | None:
        """A rate of independent trials with its exact p-values; None for any other number.

        Trials are independent if the interval in the table is the exact one of the counts.
        """
        table = self.table
        if self.column != "fraction" or not {"count", "ci_low", "ci_high"} <= set(table.columns):
            return None
        group = table.columns[0]
        n = int(table.loc[table[group] == table[group].iloc[place], "count"].sum())
        if n == 0:
            return None
        count = int(table["count"].iloc[place])
        ends = table[["ci_low", "ci_high"]].iloc[place].to_numpy(float)
        same = np.allclose(ends, exact_interval(count, n), atol=1e-8)
        return binomial(count, n) if same else None


def interval_of(
    table: pd.DataFrame, row: int, column: str, error: str | None
) -> tuple[float, float] | None:
    """Find the 95 % interval beside a number; an unknown end is infinite.

    Parameters
    ----------
    table : DataFrame
        The table.
    row : int
        Place of the row.
    column : str
        Column of the number.
    error : str or None
        Column of its standard error, if that is to be used.

    Returns
    -------
    tuple of float, or None
        Lower and upper end; None if the table has no interval for the column.

    Raises
    ------
    ResultError
        If the column of the standard error does not exist.
    """
    value = float(table[column].iloc[row])
    pairs = [(f"{column}_ci_low", f"{column}_ci_high")]
    if _owns_interval(list(map(str, table.columns)), column):
        pairs.append(("ci_low", "ci_high"))
    for low, high in pairs if error is None else ():
        if low in table.columns and high in table.columns:
            return _endless(float(table[low].iloc[row]), float(table[high].iloc[row]))
    name = error or f"{column}_sem"
    if name not in table.columns:
        if error is None:
            return None
        raise ResultError(f"there is no column {error!r}, only {', '.join(table.columns)}")
    half = Z95 * float(table[name].iloc[row])
    return _endless(value - half, value + half)


def _endless(low: float, high: float) -> tuple[float, float]:
    return (-np.inf if np.isnan(low) else low), (np.inf if np.isnan(high) else high)


def _owns_interval(columns: list[str], column: str) -> bool:
    """Decide if the plain ci_low and ci_high belong to a column: the rate, or the one before."""
    if "ci_low" not in columns:
        return False
    owner = next((name for name in _RATES if name in columns), columns[columns.index("ci_low") - 1])
    return column == owner
