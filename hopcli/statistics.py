"""Error bars: intervals for fractions when trials come in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.quantiles import weighted_quantiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Z95",
    "chao1",
    "clustered_interval",
    "clustered_intervals",
    "draws_interval",
    "exact_interval",
    "mean_interval",
    "mean_sd_sem",
    "thermal_interval",
    "wilson_interval",
]

Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

_TAIL = 0.025  # what lies beyond each bound
_FEW_CODES = 10_000
_ENDS = ((_TAIL, 0.0), (1 - _TAIL, 1.0))  # level of each bound, and the rate of one group more


def wilson_interval(fraction: float, trials: float, z: float = Z95) -> tuple[float, float]:
    """Score interval of a binomial fraction [Wilson 1927].

    Parameters
    ----------
    fraction : float
        Observed fraction, 0 to 1.
    trials : float
        Number of independent trials, > 0; an effective number need not be whole.
    z : float
        Normal quantile; the default gives 95 %.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1.

    Examples
    --------
    >>> low, high = wilson_interval(0.9, 10)
    >>> round(low, 3), round(high, 3)
    (0.596, 0.982)
    >>> wilson_interval(1.0, 10)[1]
    1.0
    """
    shrink = 1 + z * z / trials
    centre = (fraction + z * z / (2 * trials)) / shrink
    half = z / shrink * np.sqrt(fraction * (1 - fraction) / trials + z * z / (4 * trials**2))
    # At the ends the bound is the fraction itself, whatever the rounding.
    low = 0.0 if fraction == 0 else max(0.0, float(centre - half))
    high = 1.0 if fraction == 1 else min(1.0, float(centre + half))
    return low, high


def exact_interval(successes: float, trials: float) -> tuple[float, float]:
    """95 % interval of a binomial fraction that covers at least so often [Clopper, Pearson 1934].

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
    [Korn, Graubard 1998]. With one trial a group it cannot be told, but is never more than
    that of as many independent trials [Hoeffding 1956].

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
    number of units. So it covers 95 to 98 % where there is noise to be seen, and up to
    100 % near the ends.

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
    if np.ptp(values) > 0:
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


def chao1(counts: ArrayLike) -> tuple[float, float, float]:
    """How many kinds there are, those not met included, from how often each was met.

    Chao's estimate from the kinds met once and twice, with the 95 % interval by which the
    number not met is log-normal [Chao 1984, 1987]; where none was met once, the interval of
    Colwell's EstimateS. A lower bound: kinds too rare to be met at all add nothing, and the
    interval holds the true number in 84 to 99 % of samples where kinds differ in how rare
    they are.

    Parameters
    ----------
    counts : array-like of int, shape (kinds met,)
        How often each kind was met, >= 1, in independent draws.

    Returns
    -------
    tuple of float
        Estimate, and lower and upper bound; none is below the number of kinds met.

    Examples
    --------
    >>> [round(value, 1) for value in chao1([9, 5, 2, 2, 1, 1, 1, 1])]
    [11.8, 8.5, 35.5]
    >>> [round(value, 1) for value in chao1([20, 30])]
    [2.0, 2.0, 2.0]
    """
    met = np.asarray(counts, dtype=np.float64)
    observed, n = float(len(met)), float(met.sum())
    once, twice = float(np.sum(met == 1)), float(np.sum(met == 2))
    if n == 0:
        return (0.0, 0.0, 0.0)
    a = (n - 1) / n
    if twice > 0:
        r = once / twice
        missing = a * once * r / 2
        variance = twice * (a * r**2 / 2 + a**2 * r**3 + (a * r**2) ** 2 / 4)
    else:
        missing = a * once * (once - 1) / 2
        estimate = max(observed + missing, 1.0)
        variance = missing + a**2 * (once * (2 * once - 1) ** 2 - once**4 / estimate) / 4
    if missing > 0:
        factor = float(np.exp(Z95 * np.sqrt(np.log1p(variance / missing**2))))
        return observed + missing, observed + missing / factor, observed + missing * factor
    # Kinds met as often as these would be missed so often.
    missed = np.exp(-met)
    spread = float(np.sum(missed - missed**2)) - float(met @ missed) ** 2 / n
    of_met = 1 - float(missed.mean())
    high = (observed + Z95 * float(np.sqrt(max(spread, 0.0)))) / of_met
    return observed, observed, max(observed, high)


def mean_interval(rates: ArrayLike, lows: ArrayLike, highs: ArrayLike) -> tuple[float, float]:
    """Interval of the mean of independent rates from the interval of each.

    The distances to the lower bounds add up in squares, and so do those to the upper
    ones, so that intervals need not be symmetric [Zou and Donner 2008].

    Parameters
    ----------
    rates, lows, highs : array-like of float, shape (n,)
        The rates, 0 to 1, and the bounds of each.

    Returns
    -------
    tuple of float
        Lower and upper bound of the mean; for one rate its own bounds.

    Examples
    --------
    >>> low, high = mean_interval([0.5, 0.7], [0.4, 0.6], [0.6, 0.9])
    >>> round(low, 3), round(high, 3)
    (0.529, 0.712)
    """
    rate, low, high = (np.asarray(values, dtype=np.float64) for values in (rates, lows, highs))
    mean = rate.mean()
    below = np.sqrt(np.sum((rate - low) ** 2)) / len(rate)
    above = np.sqrt(np.sum((high - rate) ** 2)) / len(rate)
    return float(np.clip(mean - below, 0, 1)), float(np.clip(mean + above, 0, 1))


def mean_sd_sem(values: ArrayLike) -> tuple[NDArray[np.float64], ...]:
    """Mean, sample standard deviation and standard error along the first axis.

    Parameters
    ----------
    values : array-like of float, shape (n, ...)
        Independent values, n >= 1.

    Returns
    -------
    tuple of ndarray of float64, each shape (...)
        Mean, SD (divisor n - 1) and SD / sqrt(n); both NaN for a single value.

    Examples
    --------
    >>> [round(float(value), 3) for value in mean_sd_sem([1, 2, 3])]
    [2.0, 1.0, 0.577]
    """
    array = np.asarray(values, dtype=np.float64)
    n = len(array)
    mean = array.mean(axis=0)
    sd = array.std(axis=0, ddof=1) if n > 1 else np.full_like(mean, np.nan)
    return mean, sd, sd / np.sqrt(n)
