"""Measured values and the functions of claims: numbers computed from rows of a table."""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hopcli.errors import ResultError
from hopcli.records import Bools, Floats, NDArray, Spins
from hopcli.statistics import Z95, exact_interval
from hopcli.study import read_repeats
from hopcli.study.notebook import OF_PATTERNS
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
    from scipy.special import bdtr, bdtrc

    def tails(bound: float) -> Tails:
        at = min(max(bound, 0.0), 1.0)
        return float(bdtrc(successes - 1, n, at)), float(bdtr(successes, n, at))

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
    chosen: Bools
    column: str
    error: str | None

    @property
    def places(self) -> NDArray[np.intp]:
        """Places of the chosen rows in the table."""
        return np.flatnonzero(self.chosen)

    @property
    def values(self) -> Floats:
        """The chosen values, as numbers."""
        return self.table[self.column][self.chosen].astype(np.float64)

    @property
    def patterns(self) -> Spins:
        """The stored patterns of the run."""
        patterns = getattr(self.result, "patterns", None)
        if patterns is None:
            raise ResultError("the run contains no patterns")
        xi: Spins = patterns.xi
        return xi

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

    def by_label(self) -> dict[str, Floats]:
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


def values_by(table: Columns, by: str, index: str, column: str) -> dict[Any, Floats]:
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


def intervals_of(table: Columns, column: str, error: str | None) -> Floats | None:
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


_TOTAL = "attractors"  # row of a census with the sum of the others


def smallest(rows: Rows) -> Measured:
    """Return the smallest value with its own interval."""
    return rows.number(int(rows.places[rows.values.argmin()]))


def largest(rows: Rows) -> Measured:
    """Return the largest value with its own interval."""
    return rows.number(int(rows.places[rows.values.argmax()]))


def with_p(rows: Rows, column: str) -> Measured:
    """Return the number, tested against 0 by the two-sided p in another column of its row."""
    found = rows.number(int(rows.places[0]))
    p = float(rows.table[column][rows.places[0]])
    at_zero = (p, 1 - p) if found.value > 0 else (1 - p, p)
    return replace(found, exact_tails=lambda bound: at_zero if bound == 0 else found.tails(bound))


def wrong_sites(rows: Rows) -> Measured:
    """Return the share of wrong sites (1 - m) / 2 at an overlap m."""
    m = rows.number(int(rows.places[0]))
    low, high = (None if end is None else (1 - end) / 2 for end in (m.high, m.low))
    return Measured((1 - m.value) / 2, low, high)


def how_often_best(rows: Rows) -> Measured:
    """Return the share of repeats or selections in which only this label has the largest value."""
    return _how_often(rows, 1)


def how_often_worst(rows: Rows) -> Measured:
    """Return the share of repeats or selections in which only this label has the smallest value."""
    return _how_often(rows, -1)


def _how_often(rows: Rows, sign: int) -> Measured:
    values = {name: sign * own for name, own in rows.by_label().items()}
    own = values.pop(rows.label)
    return binomial(int((own > np.max([*values.values()], axis=0)).sum()), len(own))


def lead(rows: Rows) -> Measured:
    """Return the mean over selections of the next worst label's value less this label's.

    The interval and the p-values are those of t for paired values.
    """
    from scipy.special import stdtr, stdtrit

    values = rows.by_label()
    own = values.pop(rows.label)
    gaps = min(values.values(), key=np.mean) - own
    freedom, mean = len(gaps) - 1, float(gaps.mean())
    sem = float(gaps.std(ddof=1)) / np.sqrt(len(gaps))
    if sem == 0:
        return Measured(mean, mean, mean)
    half = float(stdtrit(freedom, 0.975)) * sem

    def tails(bound: float) -> tuple[float, float]:
        z = (mean - bound) / sem
        return float(stdtr(freedom, -z)), float(stdtr(freedom, z))

    return Measured(mean, mean - half, mean + half, tails)


def spread(rows: Rows) -> Measured:
    """Return the SD over labels; each label's error is weighted by its share of the deviations."""
    places = rows.places[rows.table["label"][rows.places] != "overall"]
    values = rows.table[rows.column][places].astype(np.float64)
    ends = intervals_of(rows.table, rows.column, rows.error)
    errors = 0 * values if ends is None else np.diff(ends[places], axis=1)[:, 0] / (2 * Z95)
    deviations = values - values.mean()
    sd = float(np.sqrt(np.mean(deviations**2)))
    half = Z95 * float(np.linalg.norm(deviations * errors)) / (len(values) * sd)
    if np.isnan(half):
        half = np.inf
    return Measured(sd, sd - half, sd + half)


def variance_ratio(rows: Rows, file: str) -> Measured:
    """Return the variance of published repeats (in %) over the run's, mean over the labels.

    The interval is that of F with the degrees of freedom of all labels together. This is a good
    approximation for a mean of so many ratios (the tests simulate its coverage).
    """
    from scipy.special import fdtr, fdtrc, fdtri

    published, run = read_repeats(Path(file)), rows.by_label()
    labels = [label for label in published if label in run]
    if not labels:
        raise ResultError(f"{file} has other labels ({', '.join(published)})")
    ratios = [np.var(published[each], ddof=1) / 1e4 / run[each].var(ddof=1) for each in labels]
    ratio = float(np.mean(ratios))
    n_published, n_repeats = len(published[labels[0]]), len(next(iter(run.values())))
    freedom = (len(labels) * (n_published - 1), len(labels) * (n_repeats - 1))
    low, high = (ratio / float(fdtri(*freedom, level)) for level in (0.975, 0.025))

    def tails(bound: float) -> tuple[float, float]:
        return float(fdtrc(*freedom, ratio / bound)), float(fdtr(*freedom, ratio / bound))

    return Measured(ratio, low, high, tails)


def most_likely(rows: Rows) -> Measured:
    """Return the value of the largest likelihood, its interval, and p by the likelihood ratio.

    The ratio is divided by the overdispersion of the run [McCullagh and Nelder 1989].
    """
    from scipy.special import chdtrc

    chosen, values = rows.table.take(rows.chosen), rows.values
    relative = chosen["relative"]
    best = float(values[relative.argmax()])
    inside = values[chosen["in_interval"]]
    estimate = getattr(rows.result, "columns", {})["estimate"].where(order=chosen["order"][0])
    inflation = float(estimate["overdispersion"][0])

    def tails(bound: float) -> tuple[float, float]:
        nearest = float(relative[np.argmin(np.abs(values - bound))])
        p = float(chdtrc(1, 2 * (relative.max() - nearest) / inflation)) / 2
        return (p, 1 - p) if bound < best else (1 - p, p)

    return Measured(best, float(inside.min()), float(inside.max()), tails)


def rank_among(rows: Rows, *labels: str) -> Measured:
    """Return the rank of the label among some; 1 has the smallest value."""
    among = np.isin(rows.table["label"].astype(str), labels)
    return Measured(1 + int((rows.table[rows.column][among] < rows.values[0]).sum()))


def others(rows: Rows) -> Measured:
    """Return the share of starts that end in none of the chosen rows, exactly binomial."""
    table, group = rows.table, rows.table.arrays[0]
    same = group == group[rows.chosen][0]
    if "kind" in table:
        same &= table["kind"] != _TOTAL
    total = int(table["count"][same].sum())
    return binomial(total - int(table["count"][same & rows.chosen].sum()), total)


def above_patterns(rows: Rows) -> Measured:
    """Return the energy per site of the lowest spurious state less that of the lowest pattern."""
    from hopcli.observables import energy
    from hopcli.rules import store

    is_stored = np.isin(rows.table["kind"].astype(str), ["pattern", "inverse", "unsettled"])
    if is_stored.all():
        raise ResultError("no start ended in a spurious state")
    spurious = rows.table.take(~is_stored)
    lowest = spurious.row(int(spurious["energy"].argmin()))
    xi = rows.patterns
    gap = lowest["energy"] - float(energy(xi, store(xi, lowest["rule"])).min())
    return Measured(gap / xi.shape[1])


def _of_patterns(work: Callable[[Spins], float], rows: Rows) -> Measured:
    """Compute a number from the stored patterns alone, such as a function of a study."""
    return Measured(work(rows.patterns))


_ALL: tuple[Any, ...] = (
    *(smallest, largest, with_p, wrong_sites, how_often_best, how_often_worst, lead, spread),
    *(variance_ratio, most_likely, rank_among, others, above_patterns),
)

FUNCTIONS: dict[str, Callable[..., Measured]] = {
    **{work.__name__: work for work in _ALL},
    **{name: functools.partial(_of_patterns, work) for name, work in OF_PATTERNS.items()},
}
"""Functions by name; the first argument is the chosen rows."""


_READS = {
    **dict.fromkeys(("how_often_best", "how_often_worst", "lead", "spread"), ("label",)),
    "rank_among": ("label",),
    "most_likely": ("relative", "in_interval", "order"),
    "others": ("count",),
    "above_patterns": ("kind", "energy", "rule"),
}
"""Columns that functions read besides that of the value."""


def named(name: str, arguments: Sequence[str]) -> dict[str, Any] | None:
    """Return the arguments of a function by name; None if it takes another number of them."""
    try:
        return inspect.signature(FUNCTIONS[name]).bind(None, *arguments).arguments
    except TypeError:
        return None


def columns_read(name: str, arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that a function reads besides that of the value."""
    given = named(name, arguments) or {}
    return (*_READS.get(name, ()), *([given["column"]] if "column" in given else []))
