"""Likelihood of counts of successes of trials with different probabilities."""

from __future__ import annotations

import numpy as np

from hopcli.records import ArrayLike, Bools, Floats

_REACH = 3.841458820694124
"""95 % point of chi-square with one degree of freedom."""
_LEAST = 1 / 12  # variance of rounding to a whole number


def poisson_binomial(rates: ArrayLike) -> Floats:
    """Return the distribution of the number of successes of trials with different probabilities.

    The trials are independent and are added one after another. Every term is positive, so small
    probabilities are as exact as large ones.

    Parameters
    ----------
    rates : array-like of float, shape (..., n)
        Probability of each trial, 0 to 1.

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
    counts: ArrayLike, successes: ArrayLike, replays: int, draws: int, seed: np.random.SeedSequence
) -> Floats:
    """Return log-likelihoods of counts of trials whose probabilities come from replays.

    A count is the number of successes of one trial of each of n things, such as images, each
    with its own probability: Poisson-binomial. The probabilities are drawn from their beta
    posterior after the replays. All things have the same prior, with the mean and spread of the
    n things (empirical Bayes). So probabilities of nearly 0 and nearly 1 stay there, and the
    mean is that of the replays.

    Parameters
    ----------
    counts : array-like of int, shape (m,)
        The counts, 0 to n, independent of each other and of the replays.
    successes : array-like of int, shape (n,)
        Successes of each thing in its replays.
    replays : int
        Replays of each thing, >= 2.
    draws : int
        Number of draws of the probabilities.
    seed : numpy.random.SeedSequence
        Seed of these draws.

    Returns
    -------
    ndarray of float64, shape (draws,)
        Log-likelihood of all counts together, one per draw. The mean of the exponentials over
        the draws is the likelihood that allows for the finite number of replays.
    """
    hits = np.asarray(successes, dtype=np.float64)
    before = _spread_of_chances(hits, replays)
    rng = np.random.default_rng(seed)
    rates = rng.beta(hits + before[0], replays - hits + before[1], (draws, len(hits)))
    table = np.maximum(poisson_binomial(rates), np.finfo(np.float64).tiny)
    return np.log(table[:, np.asarray(counts, dtype=np.int64)]).sum(axis=1)


def _spread_of_chances(hits: Floats, replays: int) -> tuple[float, float]:
    """Return the beta distribution with the mean and spread of the probabilities."""
    least = 0.5 / (hits.size * replays)
    mean = float(np.clip(hits.mean() / replays, least, 1 - least))
    # Unbiased mean of p (1 - p); it is mean (1 - mean) if all probabilities are equal.
    # If all replays agree, one more could still differ: no probability is exactly 0 or 1.
    mixed = float(np.mean(hits * (replays - hits))) / (replays * (replays - 1))
    mixed = max(mixed, 2 * least)
    alike = np.clip(mixed / (mean * (1 - mean)), 1e-3, 0.999)
    strength = float(alike / (1 - alike))
    return mean * strength, (1 - mean) * strength


def nested_log_likelihood(
    counts: ArrayLike, mean: ArrayLike, between: ArrayLike, within: ArrayLike
) -> Floats:
    """Return the log-likelihood of normal counts with a shared deviation and independent noise.

    Parameters
    ----------
    counts : array-like of float, shape (m, ...)
        The counts: mean + deviation shared by all m + noise of each.
    mean : array-like of float, shape (...)
        Expectation of the counts.
    between, within : array-like of float, shape (...)
        Variance of the shared deviation, and of the noise (at least that of rounding, 1/12).

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
) -> Floats:
    """Return chi-square of counts, with m degrees of freedom; see `nested_log_likelihood`."""
    values = np.asarray(counts, dtype=np.float64)
    n, noise = len(values), np.maximum(within, _LEAST)
    own = values.mean(axis=0)
    apart = ((values - own) ** 2).sum(axis=0) / noise
    return apart + n * (own - mean) ** 2 / (noise + n * np.asarray(between))


def overdispersion(chi_square: float, dof: int) -> float:
    """Return the ratio of observed to modelled variance: chi-square / dof, at least 1."""
    return max(1.0, chi_square / dof) if dof > 0 else 1.0


def within_reach(
    log_likelihood: ArrayLike, inflation: float = 1.0, slack: ArrayLike = 0.0
) -> Bools:
    """Find the parameter values that the likelihood ratio does not reject at 95 % [Wilks 1938].

    Parameters
    ----------
    log_likelihood : array-like of float, shape (n,)
        Log-likelihood of each value.
    inflation : float
        Overdispersion, >= 1, the divisor of log-likelihoods (quasi-likelihood).
    slack : array-like of float, shape (n,)
        Simulation error of each: the amount by which it may be too low relative to the best.

    Returns
    -------
    ndarray of bool, shape (n,)
        True if 2 (max - log-likelihood - slack) / inflation is at most 3.84.
    """
    values = np.asarray(log_likelihood, dtype=np.float64)
    return np.asarray(2 * (values.max() - values - slack) <= _REACH * inflation)
