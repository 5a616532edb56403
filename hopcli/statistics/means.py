"""Means of values and of rates, with their errors; bootstrap of functions of means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from hopcli.records import Floats, Ints


def mean_interval(rates: ArrayLike, lows: ArrayLike, highs: ArrayLike) -> tuple[float, float]:
    """Compute the interval of the mean of independent rates from the interval of each.

    The squared distances to the lower bounds add up, and so do those to the upper bounds; the
    interval may be asymmetric [Zou and Donner 2008]. Its coverage is at least that of the
    rates' intervals: 95 to 99 % for exact intervals.

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


def mean_sd_sem(values: ArrayLike) -> tuple[Floats, ...]:
    """Compute mean, sample standard deviation and standard error along the first axis.

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


def clustered_mean_sem(values: ArrayLike, group: Ints) -> tuple[Floats, Floats]:
    """Compute the mean along the first axis, and its standard error for new groups.

    Values of one group are correlated, so groups are the independent units. The error is that
    of a ratio estimate, group totals to group sizes [Cochran 1977, eq. 6.13].

    Parameters
    ----------
    values : array-like of float, shape (n, ...)
        Values of trials, n >= 1.
    group : ndarray of int64, shape (n,)
        Group number of each value, >= 0.

    Returns
    -------
    tuple of ndarray of float64, each shape (...)
        Mean and standard error; NaN if there is one group.

    Examples
    --------
    >>> mean, sem = clustered_mean_sem([1, 2, 3], np.arange(3))
    >>> round(float(mean), 3), round(float(sem), 3)
    (2.0, 0.577)

    Repeating each value within its group adds no information:

    >>> mean, sem = clustered_mean_sem([1, 1, 2, 2, 3, 3], np.array([0, 0, 1, 1, 2, 2]))
    >>> round(float(mean), 3), round(float(sem), 3)
    (2.0, 0.577)
    """
    array = np.asarray(values, dtype=np.float64)
    mean = array.mean(axis=0)
    order = np.argsort(group, kind="stable")
    firsts = np.flatnonzero(np.diff(group[order], prepend=-1))
    sums = np.add.reduceat(array[order] - mean, firsts, axis=0)
    n = len(firsts)
    if n < 2:
        return mean, np.full_like(mean, np.nan)
    sem: Floats = np.sqrt(n / (n - 1) * (sums**2).sum(axis=0)) / len(array)
    return mean, sem


_TAIL = 0.025  # probability beyond each bound


def resampled_means(values: ArrayLike, replicates: int, rng: np.random.Generator) -> Floats:
    """Compute means of resampled units, drawn with replacement.

    Parameters
    ----------
    values : array-like of float, shape (n, k)
        Measured values of each independent unit; the k values of a unit stay together.
    replicates : int
        Number of resamples, each with as many units as `values`.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of float64, shape (replicates, k)
        The means of each resample.

    Examples
    --------
    >>> means = resampled_means([[0, 1], [2, 3]], 1000, np.random.default_rng(1))
    >>> sorted(set(means[:, 0].tolist())), bool(np.all(means[:, 1] == means[:, 0] + 1))
    ([0.0, 1.0, 2.0], True)
    """
    units = np.asarray(values, dtype=np.float64)
    n = len(units)
    times_drawn = rng.multinomial(n, np.full(n, 1 / n), size=replicates)
    return times_drawn @ units / n


def replicate_interval(replicates: ArrayLike, units: int) -> tuple[float, float]:
    """Compute the 95 % interval of a statistic from its bootstrap replicates.

    The bounds are expanded percentiles [Hesterberg 2015]. The expansion accounts for Student's
    t and for the smaller spread of n units resampled from n. For the mean of ten or more units
    it covers 93 to 97 %; for skewed values, from 40 units on.

    Parameters
    ----------
    replicates : array-like of float, shape (any,)
        The statistic of each resample; infinite or NaN if it is undefined.
    units : int
        Number of independent units, n.

    Returns
    -------
    tuple of float
        Lower and upper bound. Both are NaN for fewer than two units. A bound is NaN if too
        many replicates beyond it are infinite or NaN.

    Examples
    --------
    >>> low, high = replicate_interval(np.linspace(0, 1, 1001), 100)
    >>> round(low, 3), round(high, 3)
    (0.023, 0.977)
    >>> replicate_interval([0.1, float("nan"), 0.3], 10)
    (nan, nan)
    """
    from scipy.special import ndtr, stdtrit

    if units < 2:
        return (float("nan"), float("nan"))
    values = np.asarray(replicates, dtype=np.float64)
    tail = float(ndtr(np.sqrt(units / (units - 1)) * stdtrit(units - 1, _TAIL)))
    missing = np.isnan(values)
    low = np.quantile(np.where(missing, -np.inf, values), tail, method="lower")
    high = np.quantile(np.where(missing, np.inf, values), 1 - tail, method="higher")
    return _finite(float(low)), _finite(float(high))


def _finite(bound: float) -> float:
    return bound if np.isfinite(bound) else float("nan")
