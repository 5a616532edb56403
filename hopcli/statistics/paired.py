"""Whether two of a kind differ: on the same images, or over the same selections.

What one of a pair does on an image tells much of what the other does, so that only the images
on which they differ count. Of several questions asked at once each has to be answered the more
carefully, which is Holm's correction.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import Z95, draws_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["holm", "mcnemar", "mean_difference", "paired_interval"]


_DIGITS = 12  # decimals of a difference of rates
_BESIDE = 1e-9  # what was found is no bound, but the score may be 0 / 0 there


def mcnemar(first_only: int, second_only: int) -> float:
    """Exact two-sided p that two classifiers are right equally often [McNemar 1947].

    If they are, an image that only one of them has right is as likely to be the one's as the
    other's.

    Parameters
    ----------
    first_only, second_only : int
        Number of images that only the first, and only the second, has right, >= 0.

    Returns
    -------
    float
        From 0 to 1; 1 where they never differ.

    Examples
    --------
    >>> mcnemar(1, 5), mcnemar(0, 0)
    (0.21875, 1.0)
    """
    from scipy.stats import binomtest

    differing = first_only + second_only
    return float(binomtest(first_only, differing, 0.5).pvalue) if differing else 1.0


def paired_interval(first_only: int, second_only: int, n: int) -> tuple[float, float]:
    """95 % interval of the difference of two rates on the same images [Tango 1998].

    It holds every difference that a score test does not refuse, so it has a width also where
    the two never differ. Images are the independent units.

    Parameters
    ----------
    first_only, second_only : int
        Number of images that only the first, and only the second, has right, >= 0.
    n : int
        Number of images, those that both or none have right included, >= 1.

    Returns
    -------
    tuple of float
        Lower and upper bound of the first rate less the second, -1 to 1.

    Examples
    --------
    >>> low, high = paired_interval(12, 2, 50)
    >>> round(low, 3), round(high, 3)
    (0.061, 0.345)
    >>> low, high = paired_interval(0, 0, 50)
    >>> round(low, 3), round(high, 3)
    (-0.071, 0.071)
    """
    from scipy.optimize import brentq

    found = (first_only - second_only) / n

    def beyond(difference: float, z: float) -> float:
        """By how much the score of a difference is below z."""
        return z * _score_sd(first_only, second_only, n, difference) - n * (found - difference)

    low = -1.0 if found == -1 else float(brentq(beyond, -1.0, found - _BESIDE, (Z95,)))
    high = 1.0 if found == 1 else float(brentq(beyond, found + _BESIDE, 1.0, (-Z95,)))
    return low, high


def _score_sd(first_only: int, second_only: int, n: int, difference: float) -> float:
    """SD of first_only - second_only if the rates differ by so much.

    The rate at which only the second is right is the likeliest under that difference.
    """
    b = (2 * n - first_only + second_only) * difference - first_only - second_only
    c = -second_only * difference * (1 - difference)
    second_rate = (math.sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = 2 * second_rate + difference * (1 - difference)
    return math.sqrt(max(n * variance, 0.0))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P values of several tests, so adjusted that all hold at once [Holm 1979].

    The smallest of n is taken n times, the next n - 1 times, and so on, and none is below one
    that was smaller. If those below 0.05 are called significant, the chance that any of them
    is so by accident is at most 0.05, however the tests depend on each other.

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


def mean_difference(differences: ArrayLike, units: int) -> tuple[float, float, float, float]:
    """Mean difference of paired rates with its 95 % interval, and p that it is 0 [Student 1908].

    Where all differences are alike there is no noise to be seen: then the interval is that of
    :func:`hopcli.statistics.draws_interval`, and p that of the sign test.

    Parameters
    ----------
    differences : array-like of float, shape (n,)
        Of two rates, -1 to 1; independent, such as one a selection, n >= 2.
    units : int
        Number of trials that each rate is of.

    Returns
    -------
    tuple of float
        Mean, lower and upper bound, each -1 to 1, and two-sided p.

    Examples
    --------
    >>> [round(value, 3) for value in mean_difference([0.1, 0.3, 0.2, 0.4], units=200)]
    [0.25, 0.045, 0.455, 0.03]
    """
    from scipy.stats import ttest_1samp

    # What is equal but for the rounding of two rates would pass for a difference beyond doubt.
    values = np.round(np.asarray(differences, dtype=np.float64), _DIGITS)
    mean = float(values.mean())
    if np.ptp(values) == 0:
        p = 0.5 ** (len(values) - 1) if values.any() else 1.0
        return (mean, *draws_interval(values, units, low=-1.0, high=1.0), p)
    found = ttest_1samp(values, 0)
    low, high = (float(np.clip(bound, -1, 1)) for bound in found.confidence_interval(0.95))
    return mean, low, high, float(found.pvalue)
