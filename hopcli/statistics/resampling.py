"""How well a function of means is known: the bootstrap over independent units, such as chains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["replicate_interval", "resampled_means"]

_TAIL = 0.025  # what lies beyond each bound


def resampled_means(
    values: ArrayLike, replicates: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Means of as many units, drawn with replacement from those there are.

    Parameters
    ----------
    values : array-like of float, shape (n, k)
        What was measured on each independent unit; the k values of one stay together.
    replicates : int
        How many times they are drawn.
    rng : numpy.random.Generator
        Source of the draws.

    Returns
    -------
    ndarray of float64, shape (replicates, k)
        The means of each draw.

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
    """95 % interval of a statistic from its bootstrap replicates.

    Percentiles, further out by as much as Student's t is wider than the normal and as n
    units spread more than n drawn from them [Hesterberg 2015, expanded percentiles]. It
    covers the mean of ten or more units in 93 to 97 % of samples, of skewed values from 40
    units on.

    Parameters
    ----------
    replicates : array-like of float, shape (any,)
        The statistic of each draw; infinite, or NaN, where it has none.
    units : int
        Number of independent units drawn from, n.

    Returns
    -------
    tuple of float
        Lower and upper bound. NaN for fewer than two units, and for a bound that more
        replicates are infinitely far beyond, or as NaN may be beyond, than it allows.

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
