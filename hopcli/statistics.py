"""Error bars: intervals for fractions when trials come in groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "Z95",
    "clustered_interval",
    "mean_interval",
    "mean_sd_sem",
    "student_interval",
    "wilson_interval",
]

Z95 = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""


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


def clustered_interval(success: ArrayLike, group: ArrayLike) -> tuple[float, float]:
    """95 % interval of a success rate whose trials come in groups, such as one test image.

    Trials of one image are alike, so images count as the independent units: the variance
    of the rate is the ratio estimator's over groups, and Wilson's interval is taken with
    the number of independent trials that has this variance (at least the number of
    groups, where no variance is seen).

    Parameters
    ----------
    success : array-like of bool, shape (n,)
        Outcome of each trial.
    group : array-like, shape (n,)
        What each trial belongs to.

    Returns
    -------
    tuple of float
        Lower and upper bound, 0 to 1; both NaN where there is no trial.

    Examples
    --------
    >>> def rounded(bounds):
    ...     return tuple(round(bound, 3) for bound in bounds)
    >>> rounded(clustered_interval([True, True, False, True], [0, 1, 2, 3]))
    (0.256, 0.963)

    Each trial made ten times, always with the same end, tells no more:

    >>> rounded(clustered_interval([True, True, False, True] * 10, [0, 1, 2, 3] * 10))
    (0.256, 0.963)
    """
    hits = np.asarray(success, dtype=np.float64)
    if hits.size == 0:
        return (float("nan"), float("nan"))
    _, which = np.unique(np.asarray(group), return_inverse=True)
    sizes = np.bincount(which)
    sums = np.bincount(which, weights=hits)
    rate = hits.mean()
    n_groups = len(sizes)
    residuals = sums - rate * sizes
    variance = 0.0
    if n_groups > 1:
        variance = n_groups / (n_groups - 1) * float(residuals @ residuals) / hits.size**2
    trials = rate * (1 - rate) / variance if variance > 0 else float(n_groups)
    return wilson_interval(float(rate), min(trials, float(hits.size)))


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


def student_interval(
    values: ArrayLike, *, low: float = -np.inf, high: float = np.inf
) -> tuple[float, float]:
    """95 % interval of a mean by Student's t, cut to the range that is possible.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        Independent values.
    low, high : float
        Least and greatest value that is possible.

    Returns
    -------
    tuple of float
        Lower and upper bound; both NaN for fewer than two values.

    Examples
    --------
    >>> low, high = student_interval([0.8, 0.9, 1.0], low=0.0, high=1.0)
    >>> round(low, 3), high
    (0.652, 1.0)
    """
    from scipy.special import stdtrit

    n = len(np.asarray(values))
    mean, _, sem = mean_sd_sem(values)
    half = float(stdtrit(n - 1, 0.975)) * float(sem) if n > 1 else np.nan
    if np.isnan(half):
        return (float("nan"), float("nan"))
    return max(low, float(mean) - half), min(high, float(mean) + half)
