"""Chosen rows of a table of a run, and the interval beside a number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.claims.measured import Measured, binomial
from hopcli.errors import ResultError
from hopcli.statistics import exact_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.tables import Columns


class Rows(NamedTuple):
    """The rows that an expression chooses.

    Attributes
    ----------
    result : object
        Result of the run; None for a grid.
    table : Columns
        The whole table.
    chosen : ndarray of bool
        True for the chosen rows.
    column : str
        Column of the values.
    error : str or None
        Column of the standard error, if the expression names one.
    """

    result: Any
    table: Columns
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
        return self.table[self.column][self.chosen].astype(np.float64)

    @property
    def label(self) -> Any:
        """Label of the first chosen row."""
        return self.table["label"][self.chosen][0]

    def number(self, place: int) -> Measured:
        """Return the number at a place of the table, with its interval."""
        rate = None if self.error is not None else self._counted_rate(place)
        if rate is not None:
            return rate
        ends = intervals_of(self.table, self.column, self.error)
        value = float(self.table[self.column][place])
        return Measured(value, *(() if ends is None else ends[place].tolist()))

    def by_label(self) -> dict[str, NDArray[np.float64]]:
        """Return the values of all rows by label, each in the order of selections or repeats."""
        index = "selection" if "selection" in self.table else "repeat"
        return values_by(self.table, "label", index, self.column)

    def _counted_rate(self, place: int) -> Measured | None:
        """Return a rate of independent trials with exact p-values; None for any other number.

        Trials are independent if the interval in the table is the exact one of the counts.
        """
        table = self.table
        ends = intervals_of(table, self.column, None)
        if self.column != "fraction" or ends is None or "count" not in table:
            return None
        group = table.arrays[0]
        n = int(table["count"][group == group[place]].sum())
        if n == 0:
            return None
        count = int(table["count"][place])
        same = np.allclose(ends[place], exact_interval(count, n), atol=1e-8)
        return binomial(count, n) if same else None


def values_by(table: Columns, by: str, index: str, column: str) -> dict[Any, NDArray[np.float64]]:
    """Return the values of a column for each value of `by`, in the order of an index.

    Raises
    ------
    ResultError
        If several rows have one index and one value of `by`.
    """
    if len(set(table.only([index, by]).rows())) < len(table):
        raise ResultError(f"several rows have one {by} and one {index}")
    ordered = table.take(np.argsort(table[index], kind="stable"))
    names = sorted(set(table[by].tolist()))
    return {name: ordered.where(**{by: name})[column].astype(np.float64) for name in names}


def intervals_of(table: Columns, column: str, error: str | None) -> NDArray[np.float64] | None:
    """Find the 95 % interval beside each number; an unknown end is infinite.

    Parameters
    ----------
    table : Columns
        The table.
    column : str
        Column of the number.
    error : str or None
        Column of its standard error, if the interval comes from it.

    Returns
    -------
    ndarray of float64, shape (rows, 2), or None
        Lower and upper end; None if the table has no interval for the column.

    Raises
    ------
    ResultError
        If the column of the standard error does not exist.
    """
    if error is not None and error not in table:
        raise ResultError(f"there is no column {error!r}, only {', '.join(table)}")
    ends = table.interval(column, error or "")
    if ends is None:
        return None
    known = [np.where(np.isnan(e), sign * np.inf, e) for e, sign in zip(ends, (-1, 1), strict=True)]
    return np.column_stack(known)
