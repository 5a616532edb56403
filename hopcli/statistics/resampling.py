"""Bootstrap over independent units, such as chains: the error of a function of means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_TAIL = 0.025  # probability beyond each bound


def resampled_means(
    values: ArrayLike, replicates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
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
