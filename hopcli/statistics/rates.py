"""Intervals of a rate, when trials come in groups and when they do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.means import mean_sd_sem
from hopcli.statistics.quantiles import weighted_quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Z95",
    "clustered_interval",
    "clustered_intervals",
    "draws_interval",
    "exact_interval",
    "thermal_interval",
]

Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

_TAIL = 0.025  # what lies beyond each bound
_ROUNDING = 1e-12  # of rates that are equal
_FEW_CODES = 10_000
_ENDS = ((_TAIL, 0.0), (1 - _TAIL, 1.0))  # level of each bound, and the rate of one group more


def exact_interval(successes: float, trials: float) -> tuple[float, float]:
    """95 % interval of a binomial fraction, which covers at least 95 % [Clopper, Pearson 1934].

    Near 0 and 1 it covers up to 100 %, and with 0 or all successes it still has a width.

    Parameters
    ----------
    successes : float
        Number of successes, 0 to `trials`; an effective number need not be whole.
    trials : float
        Number of independent trials, > 0.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1.

    Examples
    --------
    >>> low, high = exact_interval(9, 10)
    >>> round(low, 3), round(high, 3)
    (0.555, 0.997)
    """
    from scipy.special import betaincinv

    failures = max(trials - successes, 0.0)
    low = float(betaincinv(successes, failures + 1, _TAIL)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, failures, 1 - _TAIL)) if failures > 0 else 1.0
    return low, high


def clustered_interval(
    successes: ArrayLike, trials: ArrayLike, number: ArrayLike = 1
) -> tuple[float, float]:
    """95 % interval of a success rate whose trials come in groups, such as one test image.

    Trials of one image are alike, so images are the independent units, and nothing is
    supposed of how their rates are distributed between 0 and 1. The bounds are those of
    the mean of a bounded variable by Gaffke [2005; Learned-Miller, Thomas 2019,
    arXiv:1905.06208]: quantiles of sum w_g s_g / sum w_g n_g over the groups (s_g
    successes in n_g trials) with exponential weights w, one more group having failed in
    all trials (lower bound) or in none (upper). Where each group has one trial, this is
    Clopper and Pearson's interval. A failure more never raises a bound, and no case is
    known that it covers less often than it promises; with few failures it covers 97 to
    99 %, as there may be groups of a kind that was not met.

    Parameters
    ----------
    successes, trials : array-like of int, shape (n,)
        Of each group, or of each kind of groups that are alike in both.
    number : array-like of int, shape (n,), optional
        How many groups there are of each kind.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1; both NaN where there is no trial.

    Examples
    --------
    >>> def rounded(bounds):
    ...     return tuple(round(bound, 3) for bound in bounds)
    >>> rounded(clustered_interval([1, 1, 0, 1], [1, 1, 1, 1]))
    (0.194, 0.994)

    Each trial made ten times, always with the same end, tells no more:

    >>> rounded(clustered_interval([10, 0], [10, 10], [3, 1]))
    (0.194, 0.994)
    """
    return clustered_intervals([(successes, trials, number)])[0]


def clustered_intervals(
    groups: Sequence[tuple[ArrayLike, ArrayLike, ArrayLike]],
) -> list[tuple[float, float]]:
    """The 95 % intervals of some success rates, see :func:`clustered_interval`.

    Together they take less time than one by one, and those that are alike no more than one.

    Parameters
    ----------
    groups : sequence of (array-like, array-like, array-like)
        Successes, trials and number of the groups of each rate.

    Returns
    -------
    list of tuple of float
        Lower and upper bound of each.
    """
    intervals = [(float("nan"), float("nan"))] * len(groups)
    harder: dict[bytes, tuple[NDArray[np.float64], ...]] = {}
    places: dict[bytes, list[int]] = {}
    for place, each in enumerate(groups):
        sums, sizes, numbers = kinds = _kinds(*each)
        if len(sizes) and np.all(sizes == sizes[0]) and np.all((sums == 0) | (sums == sizes)):
            intervals[place] = exact_interval(float(numbers[sums > 0].sum()), float(numbers.sum()))
        elif len(sizes):
            alike = b"".join(array.tobytes() for array in kinds)
            harder[alike] = kinds
            places.setdefault(alike, []).append(place)
    bounds = weighted_quantiles(list(harder.values()), _ENDS).tolist()
    for (alike, (sums, sizes, numbers)), (low, high) in zip(harder.items(), bounds, strict=True):
        rate = float(sums @ numbers / (sizes @ numbers))
        for place in places[alike]:
            intervals[place] = min(low, rate), max(high, rate)
    return intervals


def thermal_interval(
    successes: ArrayLike, trials: ArrayLike, number: ArrayLike = 1
) -> tuple[float, float]:
    """95 % interval of a success rate whose groups are all there are, such as all images.

    Then groups add no noise, only that of the trials within each. Its variance is added
    up over the groups, with that of one trial that might have gone otherwise, and the
    exact interval is taken with the number of independent trials that has this variance
    [Korn, Graubard 1998]. With one trial a group that variance is not known, but it is never
    more than that of as many independent trials [Hoeffding 1956]. It covers 92 to 100 % of new
    trials of the same groups, least where the trials of few groups end differently.

    Parameters
    ----------
    successes, trials : array-like of int, shape (n,)
        Of each group, or of each kind of groups that are alike in both.
    number : array-like of int, shape (n,), optional
        How many groups there are of each kind.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1; both NaN where there is no trial.

    Examples
    --------
    >>> low, high = thermal_interval([10, 10, 0, 10], [10, 10, 10, 10])
    >>> round(low, 3), round(high, 3)
    (0.697, 0.798)
    """
    sums, sizes, numbers = _kinds(successes, trials, number)
    if len(sizes) == 0:
        return (float("nan"), float("nan"))
    total = float(sizes @ numbers)
    rate = float(sums @ numbers / total)
    independent = total
    if np.all(sizes > 1):
        own = sums / sizes
        within = float((sizes**2 / (sizes - 1) * own * (1 - own)) @ numbers)
        independent = max(rate * (1 - rate) * total**2 / (1 + within), total)
    return exact_interval(rate * independent, independent)


def draws_interval(
    means: ArrayLike, units: int, *, most: float | None = None, low: float = 0.0, high: float = 1.0
) -> tuple[float, float]:
    """95 % interval of the mean of a bounded quantity over independent draws.

    Where a draw's mean is of many units, such as stored patterns, the variance between
    the draws gives the number of independent trials with as much noise. That number is
    lowered as Student's t is wider than the normal for so few draws, is never above
    `most`, and gives Clopper and Pearson's interval [Korn, Graubard 1998, Survey
    Methodology 24:193]. Where the draws do not differ at all, as at 0 and 1, it is the
    number of units. It covers 94 to 98 % if units of a draw are nearly independent, and up
    to 100 % near the ends. It covers less if a rare kind of draw is much worse than the
    others and may be missing: with a kind that is 1 in 10, 94 % from 30 draws on, 80 % with
    15, 45 % with 5.

    Parameters
    ----------
    means : array-like of float, shape (n,)
        Mean of each draw, from `low` to `high`.
    units : int
        Number of units in each draw.
    most : float, optional
        Most independent trials that a draw can stand for; by default `units`.
    low, high : float
        Least and greatest value that is possible.

    Returns
    -------
    tuple of float
        Lower and upper bound; both NaN for fewer than two draws.

    Examples
    --------
    >>> def rounded(bounds):
    ...     return tuple(round(bound, 3) for bound in bounds)
    >>> rounded(draws_interval([0.8, 0.9, 1.0], units=20))
    (0.405, 1.0)
    >>> rounded(draws_interval([1.0, 1.0, 1.0], units=20))
    (0.94, 1.0)
    """
    from scipy.special import stdtrit

    values = (np.asarray(means, dtype=np.float64) - low) / (high - low)
    n = len(values)
    if n < 2:
        return (float("nan"), float("nan"))
    rate = float(np.clip(values.mean(), 0, 1))
    trials = float(n * units)
    if np.ptp(values) > _ROUNDING:
        _, _, sem = mean_sd_sem(values)
        fewer = Z95 / float(stdtrit(n - 1, 1 - _TAIL))
        trials = min(
            rate * (1 - rate) / float(sem) ** 2 * fewer**2, n * (units if most is None else most)
        )
    bounds = exact_interval(rate * trials, trials)
    return low + (high - low) * bounds[0], low + (high - low) * bounds[1]


def _kinds(
    successes: ArrayLike, trials: ArrayLike, number: ArrayLike
) -> tuple[NDArray[np.float64], ...]:
    """Successes and trials of each different kind of groups, and how many there are of it."""
    sums, sizes, numbers = (
        np.ravel(values).astype(np.int64)
        for values in np.broadcast_arrays(successes, trials, number)
    )
    there = numbers * sizes > 0
    most = int(np.max(sums, initial=0)) + 1
    codes = sizes[there] * most + sums[there]
    if np.max(codes, initial=0) < _FEW_CODES:  # as nearly always, and found without sorting
        groups = np.bincount(codes, weights=numbers[there])
        kinds = np.flatnonzero(groups)
        groups = groups[kinds]
    else:
        kinds, which = np.unique(codes, return_inverse=True)
        groups = np.bincount(which, weights=numbers[there])
    found = (kinds % most, kinds // most, groups)
    return tuple(values.astype(np.float64) for values in found)
