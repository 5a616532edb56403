"""Functions of claims: numbers computed from rows of a table. All are deterministic."""

from __future__ import annotations

import csv
import functools
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.claims.measured import Measured, binomial, intervals_of
from hopcli.errors import ResultError
from hopcli.statistics import Z95
from hopcli.study.notebook import OF_PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.claims.measured import Rows

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
    return Measured(
        found.value,
        found.low,
        found.high,
        lambda bound: at_zero if bound == 0 else found.tails(bound),
    )


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
    from scipy.stats import t

    values = rows.by_label()
    own = values.pop(rows.label)
    gaps = min(values.values(), key=np.mean) - own
    freedom, mean = len(gaps) - 1, float(gaps.mean())
    sem = float(gaps.std(ddof=1)) / np.sqrt(len(gaps))
    if sem == 0:
        return Measured(mean, mean, mean)
    half = float(t.ppf(0.975, freedom)) * sem

    def tails(bound: float) -> tuple[float, float]:
        z = (mean - bound) / sem
        return float(t.sf(z, freedom)), float(t.cdf(z, freedom))

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
    from scipy.stats import f

    with Path(file).open(encoding="utf-8", newline="") as opened:
        (_, *names), *repeats = csv.reader(opened)
    published = dict(zip(names, np.array(repeats, dtype=np.float64).T[1:], strict=True))
    run = rows.by_label()
    labels = [label for label in names if label in run]
    ratios = [published[label].var(ddof=1) / 1e4 / run[label].var(ddof=1) for label in labels]
    ratio = float(np.mean(ratios))
    n_repeats = len(next(iter(run.values())))
    freedom = (len(labels) * (len(repeats) - 1), len(labels) * (n_repeats - 1))
    low, high = (ratio / float(f.ppf(level, *freedom)) for level in (0.975, 0.025))

    def tails(bound: float) -> tuple[float, float]:
        return float(f.sf(ratio / bound, *freedom)), float(f.cdf(ratio / bound, *freedom))

    return Measured(ratio, low, high, tails)


def most_likely(rows: Rows) -> Measured:
    """Return the value of the largest likelihood, its interval, and p by the likelihood ratio.

    The ratio is divided by the overdispersion of the run [McCullagh and Nelder 1989].
    """
    from scipy.stats import chi2

    chosen, values = rows.table.take(rows.chosen), rows.values
    relative = chosen["relative"]
    best = float(values[relative.argmax()])
    inside = values[chosen["in_interval"]]
    estimate = rows.result.columns["estimate"].where(order=chosen["order"][0])
    inflation = float(estimate["overdispersion"][0])

    def tails(bound: float) -> tuple[float, float]:
        nearest = float(relative[np.argmin(np.abs(values - bound))])
        p = float(chi2.sf(2 * (relative.max() - nearest) / inflation, 1)) / 2
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
    xi: NDArray[np.int8] = rows.result.patterns.xi
    gap = lowest["energy"] - float(energy(xi, store(xi, lowest["rule"])).min())
    return Measured(gap / xi.shape[1])


def _of_patterns(work: Callable[[NDArray[np.int8]], float], rows: Rows) -> Measured:
    """Compute a number from the stored patterns alone, such as a function of a study."""
    return Measured(work(rows.result.patterns.xi))


_ALL: tuple[Any, ...] = (
    *(smallest, largest, with_p, wrong_sites, how_often_best, how_often_worst, lead, spread),
    *(variance_ratio, most_likely, rank_among, others, above_patterns),
)

FUNCTIONS: dict[str, Callable[..., Measured]] = {
    **{work.__name__: work for work in _ALL},
    **{name: functools.partial(_of_patterns, work) for name, work in OF_PATTERNS.items()},
}
"""Functions by name; the first argument is the chosen rows."""


def takes(name: str, n_arguments: int) -> bool:
    """Return whether a function takes this number of arguments besides the rows."""
    try:
        inspect.signature(FUNCTIONS[name]).bind(None, *[None] * n_arguments)
    except TypeError:
        return False
    return True
