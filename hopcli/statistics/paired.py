"""Paired comparisons: on the same images, or over the same selections.

The two results on one image are correlated, so the tests use only the images on which they
differ. Several tests at once need Holm's correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import clustered_interval, draws_interval

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

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
    >>> mcnemar(1, 5), mcnemar(0, 0)
    (0.21875, 1.0)
    """
    from scipy.stats import binomtest

    differing = first_only + second_only
    return float(binomtest(first_only, differing, 0.5).pvalue) if differing else 1.0


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


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
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
    from scipy.stats import ttest_1samp

    # Without rounding, differences that are equal except for rounding errors would seem certain.
    values = np.round(np.asarray(differences, dtype=np.float64), _DIGITS)
    mean = float(values.mean())
    if np.ptp(values) == 0:
        p = 0.5 ** (len(values) - 1) if values.any() else 1.0
        return (mean, *draws_interval(values, units, low=-1.0, high=1.0), p)
    found = ttest_1samp(values, 0)
    low, high = (float(np.clip(bound, -1, 1)) for bound in found.confidence_interval(0.95))
    return mean, low, high, float(found.pvalue)
