"""Whether two of a kind differ: on the same images, or over the same selections.

What one of a pair does on an image tells much of what the other does, so that only the images
on which they differ count. Of several questions asked at once each has to be answered the more
carefully, which is Holm's correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import clustered_interval, draws_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["holm", "mcnemar", "mean_difference", "paired_interval"]


_DIGITS = 12  # decimals of a difference of rates


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
    """95 % interval of the difference of two rates on the same images.

    Each image differs by -1, 0 or 1, and the interval is that of the mean of independent
    bounded values [Gaffke 2005], see :func:`hopcli.statistics.clustered_interval`. It has a
    width also where the two never differ. It covers at least 95 % for any rates: 97 to 99 %
    if a tenth of 30 or more images differ, nearly 100 % if one or two of them do.

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
    (0.039, 0.355)
    >>> low, high = paired_interval(0, 0, 50)
    >>> round(low, 3), round(high, 3)
    (-0.071, 0.071)
    """
    same = n - first_only - second_only
    low, high = clustered_interval([2, 0, 1], 2, [first_only, second_only, same])
    return 2 * low - 1, 2 * high - 1


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

    Student's interval covers 93 to 97 % for 20 selections of the same kind. With fewer, where
    a rare kind of selection differs much more than the others, it covers less. If all
    differences are equal no noise has been seen: then the interval is that of
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
