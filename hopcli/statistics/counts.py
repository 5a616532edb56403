"""How likely counts of successes are, where every trial has a chance of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "counts_log_likelihoods",
    "nested_chi_square",
    "nested_log_likelihood",
    "overdispersion",
    "poisson_binomial",
    "within_reach",
]

_REACH = 3.841458820694124
"""95 % point of chi-square with one degree of freedom."""
_LEAST = 1 / 12  # variance of rounding to a whole number


def poisson_binomial(rates: ArrayLike) -> NDArray[np.float64]:
    """Distribution of the number of successes of independent trials with chances of their own.

    One trial after another is added: every term is positive, so small probabilities are as
    exact as large ones.

    Parameters
    ----------
    rates : array-like of float, shape (..., n)
        Chance of each trial, 0 to 1.

    Returns
    -------
    ndarray of float64, shape (..., n + 1)
        Probability of 0, 1, ... n successes.

    Examples
    --------
    >>> poisson_binomial([0.5, 0.5, 1.0]).tolist()
    [0.0, 0.25, 0.5, 0.25]
    """
    chances = np.moveaxis(np.asarray(rates, dtype=np.float64), -1, 0)
    found = np.zeros((len(chances) + 1, *chances.shape[1:]))
    found[0] = 1
    for done, chance in enumerate(chances, start=1):
        more = found[:done] * chance
        found[:done] *= 1 - chance
        found[1 : done + 1] += more
    return np.moveaxis(found, 0, -1)


def counts_log_likelihoods(
    counts: ArrayLike,
    successes: ArrayLike,
    replays: int,
    draws: int,
    seed: np.random.SeedSequence,
) -> NDArray[np.float64]:
    """Log-likelihoods of some counts, the chances of the trials being known from replays.

    A count is the number of successes of one trial of each of n things, such as images, each
    with a chance of its own: Poisson-binomial. Chances are drawn from what the replays tell of
    them: the beta distribution of each after its replays, with the same one before, whose mean
    and spread are those of the n things (empirical Bayes). So chances of nearly 0 and nearly 1
    stay there, and the mean is that of the replays.

    Parameters
    ----------
    counts : array-like of int, shape (m,)
        The counts, 0 to n, independent of each other and of the replays.
    successes : array-like of int, shape (n,)
        Successes of each thing in its replays.
    replays : int
        Replays of each thing, >= 2.
    draws : int
        Number of draws of the chances.
    seed : numpy.random.SeedSequence
        Where they come from.

    Returns
    -------
    ndarray of float64, shape (draws,)
        Of all counts together, one a draw; the likelihood that allows for the finite number
        of replays is the mean over the draws, of its exponential.
    """
    hits = np.asarray(successes, dtype=np.float64)
    before = _spread_of_chances(hits, replays)
    rng = np.random.default_rng(seed)
    rates = rng.beta(hits + before[0], replays - hits + before[1], (draws, len(hits)))
    table = np.maximum(poisson_binomial(rates), np.finfo(np.float64).tiny)
    return np.log(table[:, np.asarray(counts, dtype=np.int64)]).sum(axis=1)


def _spread_of_chances(hits: NDArray[np.float64], replays: int) -> tuple[float, float]:
    """The beta distribution with the mean and the spread of the chances of all things."""
    least = 0.5 / (hits.size * replays)
    mean = float(np.clip(hits.mean() / replays, least, 1 - least))
    # Mean of p (1 - p), without bias; it is mean (1 - mean) where all chances are alike.
    # Replays that all agree allow for one that does not: no chance is known to be 0 or 1.
    mixed = float(np.mean(hits * (replays - hits))) / (replays * (replays - 1))
    mixed = max(mixed, 2 * least)
    alike = np.clip(mixed / (mean * (1 - mean)), 1e-3, 0.999)
    strength = float(alike / (1 - alike))
    return mean * strength, (1 - mean) * strength


def nested_log_likelihood(
    counts: ArrayLike, mean: ArrayLike, between: ArrayLike, within: ArrayLike
) -> NDArray[np.float64]:
    """Log-likelihood of normal counts that share what they are off, and have noise besides.

    Parameters
    ----------
    counts : array-like of float, shape (m, ...)
        The counts: mean + what all m share + noise of each.
    mean : array-like of float, shape (...)
        Their expectation.
    between, within : array-like of float, shape (...)
        Variance of what is shared, and of the noise (at least that of rounding, 1/12).

    Returns
    -------
    ndarray of float64, shape (...)
        Natural logarithm of the density.

    Examples
    --------
    >>> round(float(nested_log_likelihood([1.0, 3.0], 2.0, 1.0, 1.0)), 6)
    -3.387183
    """
    values = np.asarray(counts, dtype=np.float64)
    n, noise = len(values), np.maximum(within, _LEAST)
    total = noise + n * np.asarray(between)
    spread = (n - 1) * np.log(noise) + np.log(total) + n * np.log(2 * np.pi)
    return -(spread + nested_chi_square(counts, mean, between, within)) / 2


def nested_chi_square(
    counts: ArrayLike, mean: ArrayLike, between: ArrayLike, within: ArrayLike
) -> NDArray[np.float64]:
    """Chi-square of counts, see :func:`nested_log_likelihood`; m degrees of freedom."""
    values = np.asarray(counts, dtype=np.float64)
    n, noise = len(values), np.maximum(within, _LEAST)
    own = values.mean(axis=0)
    apart = ((values - own) ** 2).sum(axis=0) / noise
    return apart + n * (own - mean) ** 2 / (noise + n * np.asarray(between))


def overdispersion(chi_square: float, dof: int) -> float:
    """By how much variances are larger than the model has them: chi-square / dof, at least 1."""
    return max(1.0, chi_square / dof) if dof > 0 else 1.0


def within_reach(
    log_likelihood: ArrayLike, inflation: float = 1.0, slack: ArrayLike = 0.0
) -> NDArray[np.bool_]:
    """Which values of a parameter the likelihood ratio does not refuse at 95 % [Wilks 1938].

    Parameters
    ----------
    log_likelihood : array-like of float, shape (n,)
        Of each value.
    inflation : float
        Overdispersion, >= 1, by which log-likelihoods are divided (quasi-likelihood).
    slack : array-like of float, shape (n,)
        By how much each may be too low relative to the best, by the error of its simulation.

    Returns
    -------
    ndarray of bool, shape (n,)
        Where 2 (max - log-likelihood - slack) / inflation is at most 3.84.
    """
    values = np.asarray(log_likelihood, dtype=np.float64)
    return np.asarray(2 * (values.max() - values - slack) <= _REACH * inflation)
