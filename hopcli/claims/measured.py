"""Measured numbers with their intervals, and the rows of a table that they come from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.errors import ResultError
from hopcli.statistics import Z95, exact_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.tables import Columns

Tails = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value.

    Parameters
    ----------
    value : object
        A number, a text, a boolean, or a tuple of them.
    low, high : float, optional
        The 95 % interval of a number; an exact number has none.
    exact_tails : callable, optional
        From a bound to two one-sided p-values, that the true value is at most and at least the
        bound. Default: normal, with the error of the interval on the side of the bound.
    """

    value: Any
    low: float | None = None
    high: float | None = None
    exact_tails: Callable[[float], Tails] | None = None

    @property
    def is_exact(self) -> bool:
        """True without an interval."""
        return self.low is None

    @property
    def is_number(self) -> bool:
        """True for a single number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def is_finite(self) -> bool:
        """True for a single finite number."""
        return self.is_number and math.isfinite(self.value)

    @property
    def error(self) -> float:
        """Standard error, from the width of the interval; 0 for an exact number."""
        low, high = self._ends()
        return (high - low) / (2 * Z95)

    def scaled(self, factor: float) -> Measured:
        """Return the same value in a unit that is `factor` > 0 times smaller."""
        if not self.is_number:
            return self
        low, high = (None if end is None else factor * end for end in (self.low, self.high))
        tails = self.exact_tails
        scaled = None if tails is None else (lambda bound: tails(bound / factor))
        return Measured(factor * self.value, low, high, scaled)

    def error_towards(self, bound: float) -> float:
        """Return the standard error on the side of `bound`: the interval need not be symmetric."""
        end = self.high if self.value < bound else self.low
        return 0.0 if end is None else abs(end - self.value) / Z95

    def z(self, bound: float) -> float:
        """Return the number of standard errors by which the value exceeds a bound."""
        distance, error = self.value - bound, self.error_towards(bound)
        if distance == 0:
            return 0.0
        return math.copysign(math.inf, distance) if error == 0 else distance / error

    def tails(self, bound: float) -> Tails:
        """Return one-sided p-values of two hypotheses: the true value is <= or >= `bound`."""
        if self.exact_tails is not None:
            return self.exact_tails(bound)
        z = self.z(bound)
        return normal_tail(z), normal_tail(-z)

    def __sub__(self, other: Measured) -> Measured:
        """Subtract an independent number; distances to the bounds add in squares."""
        value = self.value - other.value
        if self.is_exact and other.is_exact:
            return Measured(value)
        mine, theirs = self._ends(), other._ends()
        low = value - math.hypot(self.value - mine[0], theirs[1] - other.value)
        high = value + math.hypot(mine[1] - self.value, other.value - theirs[0])
        return Measured(value, low, high)

    def _ends(self) -> tuple[float, float]:
        if self.low is None or self.high is None:
            return self.value, self.value
        return self.low, self.high


def normal_tail(z: float) -> float:
    """Return the probability that a standard normal number exceeds z."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def binomial(successes: int, n: int) -> Measured:
    """Return a rate of independent trials, with Clopper-Pearson interval and exact p-values."""
    from scipy.stats import binom

    def tails(bound: float) -> Tails:
        at = min(max(bound, 0.0), 1.0)
        return float(binom.sf(successes - 1, n, at)), float(binom.cdf(successes, n, at))

    return Measured(successes / n, *exact_interval(successes, n), tails)


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
