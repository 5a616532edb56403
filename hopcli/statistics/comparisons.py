"""Comparisons: paired on the same images or over the same selections, and of two orders."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hopcli.records import ArrayLike, Floats, Ints
from hopcli.statistics.rates import Z95, clustered_interval, draws_interval

_DIGITS = 12  # decimals of a difference of rates


def mcnemar(first_only: int, second_only: int) -> float:
    """Return the exact two-sided p that two classifiers are right equally often [McNemar 1947].

    If they are, each of the two is equally likely to be the one that is right on an image that
    only one classifies correctly.

    Parameters
    ----------
    first_only, second_only : int
        Number of images that only the first, or only the second, classifies correctly, >= 0.

    Returns
    -------
    float
        From 0 to 1; 1 where they never differ.

    Examples
    --------
    >>> round(mcnemar(1, 5), 6), mcnemar(0, 0)
    (0.21875, 1.0)
    """
    from scipy.special import bdtr

    fewer, differing = min(first_only, second_only), first_only + second_only
    return min(1.0, 2 * float(bdtr(fewer, differing, 0.5)))


def paired_interval(first_only: int, second_only: int, n: int) -> tuple[float, float]:
    """Compute the 95 % interval of the difference of two rates on the same images.

    Each image differs by -1, 0 or 1. The interval is that of the mean of independent bounded
    values [Gaffke 2005], see :func:`hopcli.statistics.clustered_interval`. Its width is
    positive even if the two never differ. It covers at least 95 % for any rates: 97 to 99 % if
    a tenth of 30 or more images differ, nearly 100 % if one or two of them do.

    Parameters
    ----------
    first_only, second_only : int
        Number of images that only the first, and only the second, has right, >= 0.
    n : int
        Number of all images, including those with equal results, >= 1.

    Returns
    -------
    tuple of float
        Lower and upper bound of the first rate less the second, -1 to 1.

    Examples
    --------
    >>> low, high = paired_interval(12, 2, 50)
    >>> round(low, 3), round(high, 3)
    (0.039, 0.355)
    >>> low, high = paired_interval(0, 0, 50)
    >>> round(low, 3), round(high, 3)
    (-0.071, 0.071)
    """
    same = n - first_only - second_only
    low, high = clustered_interval([2, 0, 1], 2, [first_only, second_only, same])
    return 2 * low - 1, 2 * high - 1


def holm(p_values: ArrayLike) -> Floats:
    """Adjust the p-values of several tests for multiple testing [Holm 1979].

    The smallest of n is multiplied by n, the next by n - 1, and so on; the adjusted values keep
    their order. If tests with an adjusted p below 0.05 are called significant, the probability
    of any false positive is at most 0.05, however the tests depend on each other.

    Parameters
    ----------
    p_values : array-like of float, shape (n,)
        From 0 to 1.

    Returns
    -------
    ndarray of float64, shape (n,)
        Adjusted, in the order given, at most 1.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03, 0.005]).round(3).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    times = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(times * p[order]), 1)
    return adjusted


def with_holm(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Append to each row its last value, a p-value, adjusted by :func:`holm`; NaN is no test."""
    p = np.array([row[-1] for row in rows], dtype=np.float64)
    tested = ~np.isnan(p)
    p[tested] = holm(p[tested])
    return [(*row, adjusted) for row, adjusted in zip(rows, p.tolist(), strict=True)]


def mean_difference(differences: ArrayLike, units: int) -> tuple[float, float, float, float]:
    """Compute the mean difference of paired rates, its 95 % interval, and p [Student 1908].

    Student's interval covers 93 to 97 % for 20 similar selections. With fewer selections it
    covers less if a rare kind of selection differs much more than the others. If all
    differences are equal, the interval is that of :func:`hopcli.statistics.draws_interval`,
    and p is that of the sign test.

    Parameters
    ----------
    differences : array-like of float, shape (n,)
        Differences of two rates, -1 to 1; independent, for example one per selection, n >= 2.
    units : int
        Number of trials behind each rate.

    Returns
    -------
    tuple of float
        Mean, lower and upper bound, each -1 to 1, and two-sided p of a mean of 0.

    Examples
    --------
    >>> [round(value, 3) for value in mean_difference([0.1, 0.3, 0.2, 0.4], units=200)]
    [0.25, 0.045, 0.455, 0.03]
    """
    from scipy.special import stdtr, stdtrit

    # Without rounding, differences that are equal except for rounding errors would seem certain.
    values = np.round(np.asarray(differences, dtype=np.float64), _DIGITS)
    mean = float(values.mean())
    if np.ptp(values) == 0:
        p = 0.5 ** (len(values) - 1) if values.any() else 1.0
        return (mean, *draws_interval(values, units, low=-1.0, high=1.0), p)
    dof, sem = len(values) - 1, float(values.std(ddof=1)) / math.sqrt(len(values))
    half = float(stdtrit(dof, 1 - _TAIL)) * sem
    low, high = max(mean - half, -1.0), min(mean + half, 1.0)
    return mean, low, high, 2 * float(stdtr(dof, -abs(mean / sem)))


_TAIL = 0.025
_PERMUTATIONS = 100_000
_RESAMPLES = 2_000
_ROUNDING = 1e-9  # correlations closer than this are equal
_TOLD_APART = 0.4  # largest SEM of the means, in units of their spread


def rank_correlation(x: ArrayLike, y: ArrayLike) -> Floats:
    """Compute the correlation of the ranks [Spearman 1904]; equal values share their mean rank.

    Parameters
    ----------
    x, y : array-like of float, shape (..., n)
        Values of the same n things, n >= 2.

    Returns
    -------
    ndarray of float64, shape (...)
        From -1 to 1; NaN if all values of `x` or of `y` are equal.

    Examples
    --------
    >>> rank_correlation([1, 2, 3, 4], [[10, 20, 30, 40], [4, 3, 1, 2]]).round(3).tolist()
    [1.0, -0.8]
    """
    one, other = _ranks(x), _ranks(y)
    product, size = (one * other).sum(axis=-1), _norm(one) * _norm(other)
    return np.divide(product, size, out=np.full(np.shape(product), np.nan), where=size > 0)


def ranks(values: ArrayLike) -> tuple[Ints, Ints]:
    """Rank values along the last axis from 1; equal values share several ranks.

    Parameters
    ----------
    values : array-like of float, shape (..., n)
        The values.

    Returns
    -------
    tuple of ndarray of int64, shape (..., n)
        First and last rank of each value, 1 to n; they differ for equal values.

    Examples
    --------
    >>> [own.tolist() for own in ranks([0.5, 0.1, 0.5])]
    [[2, 1, 2], [3, 1, 3]]
    """
    array = np.asarray(values, dtype=np.float64)
    first, last = np.empty((2, *array.shape), dtype=np.int64)
    for place in np.ndindex(array.shape[:-1]):
        ordered = np.sort(array[place])
        first[place] = 1 + np.searchsorted(ordered, array[place], "left")
        last[place] = np.searchsorted(ordered, array[place], "right")
    return first, last


def _ranks(values: ArrayLike) -> Floats:
    """Return the mean ranks minus their mean."""
    first, last = ranks(values)
    return (first + last) / 2 - (first.shape[-1] + 1) / 2


def _norm(values: Floats) -> Floats:
    return np.sqrt((values**2).sum(axis=-1))


def permutation_p(x: ArrayLike, y: ArrayLike, seed: np.random.SeedSequence) -> float:
    """Compute the two-sided p of a rank correlation: the fraction of random pairings as large.

    It uses 100,000 random pairings and the observed one, so it is never 0 and is valid for any
    distribution of the values [Phipson, Smyth 2010].

    Parameters
    ----------
    x, y : array-like of float, shape (n,)
        Values of the same n things.
    seed : numpy.random.SeedSequence
        Seed of the pairings.

    Returns
    -------
    float
        Above 0, at most 1; NaN if the correlation is NaN.

    Examples
    --------
    Of 24 pairings of four things two agree as well as these:

    >>> round(permutation_p([1, 2, 3, 4], [1, 2, 3, 4], np.random.SeedSequence(1)), 2)
    0.08
    """
    one, other = _ranks(x), _ranks(y)
    found, size = float(one @ other), float(_norm(one) * _norm(other))
    if size == 0:
        return float("nan")
    pairings = np.random.default_rng(seed).permuted(np.tile(other, (_PERMUTATIONS, 1)), axis=1)
    as_large = np.abs(pairings @ one) >= abs(found) - _ROUNDING * size
    return float(1 + np.count_nonzero(as_large)) / (1 + _PERMUTATIONS)


def rank_correlation_interval(
    x: ArrayLike, draws: ArrayLike, seed: np.random.SeedSequence
) -> tuple[float, float]:
    """Compute the 95 % interval of the rank correlation of `x` with the expectations of means.

    The ranked things and `x` are fixed; the draws behind the means, such as selections of
    patterns, are a sample. The draws are resampled [Efron 1979], with deviations widened by
    Student's t. Noise in the means reduces the correlation, and each resample contains it
    twice. So each bound is the outer one of the percentile and the percentile mirrored at the
    estimate. It covers 93 to 100 % (correlations of a few things take few values) if the
    standard errors of the means are below 0.4 of their spread; otherwise the interval is the
    whole range from -1 to 1.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Known values of n things.
    draws : array-like of float, shape (draws, n)
        Value of each thing in each independent draw.
    seed : numpy.random.SeedSequence
        Seed of the resamples.

    Returns
    -------
    tuple of float
        Lower and upper bound, -1 to 1; both NaN for fewer than two draws, or if the
        correlation is NaN.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> draws = np.arange(6) + rng.normal(0, 2, (20, 6))
    >>> low, high = rank_correlation_interval(range(6), draws, np.random.SeedSequence(1))
    >>> round(low, 2), round(high, 2)
    (0.89, 1.0)
    """
    from scipy.special import stdtrit

    values = np.asarray(draws, dtype=np.float64)
    n = len(values)
    means = values.mean(axis=0)
    found = float(rank_correlation(x, means))
    if n < 2 or np.isnan(found):
        return (float("nan"), float("nan"))
    noise = float(values.var(axis=0, ddof=1).mean()) / n
    spread = float(means.var(ddof=1)) - noise
    if noise > _TOLD_APART**2 * spread:
        return (-1.0, 1.0)
    wider = float(stdtrit(n - 1, 1 - _TAIL)) / Z95 * np.sqrt(n / (n - 1))
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), _RESAMPLES) / n
    # Rounded, so that equal means stay equal for any order of summation.
    resampled = rank_correlation(x, np.round(means + wider * (weights @ values - means), 12))
    low, high = np.quantile(resampled, [_TAIL, 1 - _TAIL], method="inverted_cdf").tolist()
    return max(-1.0, min(low, 2 * found - high)), min(1.0, max(high, 2 * found - low))


_OF_A_FRACTION = 1e-12  # rounding error of a fraction that is exactly at the level


def time_quantile(
    share_by: Callable[[int], tuple[float, float, float]], last: int, level: float
) -> tuple[float, float, float]:
    """Find the first time at which a given fraction of events has happened, and its interval.

    The 95 % interval contains all times at which the level is inside the interval of the
    fraction [Woodruff 1952]. It therefore allows for the same effects as these intervals, such
    as trials in groups. Its coverage is at least theirs, and higher if one step of time is a
    large step of the fraction.

    Parameters
    ----------
    share_by : callable
        Takes a time 0, 1, ...; returns the fraction of events up to then, which never
        decreases, and its lower and upper bound. It may be slow and is called for few times.
    last : int
        The last known time.
    level : float
        The fraction, above 0 and at most 1; 0.5 for the median.

    Returns
    -------
    tuple of float
        The time, and its lower and upper bound; NaN for a time after the last.

    Examples
    --------
    >>> shares = [(0.1, 0.0, 0.3), (0.5, 0.3, 0.7), (0.6, 0.4, 0.8), (0.9, 0.7, 1.0)]
    >>> time_quantile(shares.__getitem__, 3, 0.5)
    (1.0, 1.0, 3.0)
    >>> time_quantile(shares.__getitem__, 2, 0.75)
    (nan, 2.0, nan)
    """

    def first(place: int) -> float:
        reached = level - _OF_A_FRACTION
        time = bisect.bisect_left(range(last + 1), reached, key=lambda t: share_by(t)[place])
        return float(time) if time <= last else float("nan")

    return first(0), first(2), first(1)


def draws_median(
    values: ArrayLike, low: float = 0.0, high: float = 1.0
) -> tuple[float, float, float]:
    """Compute the median of the values of all draws, with its 95 % interval for new draws.

    A value is inside the interval if 1/2 is inside the interval of the fraction of values up to
    it [Woodruff 1952]. The interval of that fraction is that of
    :func:`hopcli.statistics.draws_interval`, with draws as the independent units. In
    simulations it covers 94 to 100 % from five draws on, whether the values of a draw are
    independent or equal.

    Parameters
    ----------
    values : array-like of float, shape (draws, n)
        Values from `low` to `high`.
    low, high : float
        Least and greatest possible value.

    Returns
    -------
    tuple of float
        Median (of an even number the lower middle value), lower and upper bound. The bounds
        are NaN for fewer than two draws.

    Examples
    --------
    >>> draws_median(np.arange(25).reshape(5, 5) / 25)
    (0.48, 0.04, 0.92)
    >>> draws_median([[1.0], [1.0]])
    (1.0, 0.0, 1.0)
    """
    array = np.asarray(values, dtype=np.float64)
    places = np.unique(np.append(array, [low, high]))

    def share_up_to(place: int) -> tuple[float, float, float]:
        shares = (array <= places[place]).mean(axis=1)
        if places[place] == high:
            return 1.0, 1.0, 1.0
        return float(shares.mean()), *draws_interval(shares, array.shape[1])

    if len(array) < 2:
        return float(np.quantile(array, 0.5, method="inverted_cdf")), np.nan, np.nan
    found = time_quantile(share_up_to, len(places) - 1, 0.5)
    median, lower, upper = (float(places[int(place)]) for place in found)
    return median, lower, upper
