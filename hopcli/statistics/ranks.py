"""Rank correlation of two orders of the same things, with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import Z95

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_TAIL = 0.025
_PERMUTATIONS = 100_000
_RESAMPLES = 2_000
_ROUNDING = 1e-9  # correlations closer than this are equal
_TOLD_APART = 0.4  # largest SEM of the means, in units of their spread


def rank_correlation(x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
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


def _ranks(values: ArrayLike) -> NDArray[np.float64]:
    """Return the ranks minus their mean."""
    from scipy.stats import rankdata

    array = np.asarray(values, dtype=np.float64)
    return rankdata(array, axis=-1) - (array.shape[-1] + 1) / 2


def _norm(values: NDArray[np.float64]) -> NDArray[np.float64]:
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
