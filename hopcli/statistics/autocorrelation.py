"""Integrated autocorrelation time of a chain, with its standard error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hopcli.records import ArrayLike, Floats

_WINDOW = 4.0  # autocorrelation times in the sum; for an exponential, e^-8 lies beyond
_ROUNDING = 1e-10  # relative rounding error of equal values
_LONG = 50.0  # length of a reliable series, in autocorrelation times


class AutocorrelationTime(NamedTuple):
    """An integrated autocorrelation time, in steps of its series.

    Attributes
    ----------
    tau : float
        Steps between independent samples; 1 if all steps are independent. NaN if no chain
        ever moves, or if the series is too short for any window (all correlations about a
        chain's own mean add up to zero).
    sem : float
        Standard error of `tau`.
    window : int
        Number of lags in the sum.
    long_enough : bool
        Whether each chain has at least 50 `tau` steps. A shorter chain may miss the
        slowest changes; then neither number is reliable.
    """

    tau: float
    sem: float
    window: int
    long_enough: bool


def autocorrelation_time(series: ArrayLike) -> AutocorrelationTime:
    """Integrated autocorrelation time, 1 + 2 sum_{t >= 1} rho(t), of equilibrium series.

    The autocovariance uses deviations from the mean of each chain, averaged over chains, and is
    corrected for the bias of a finite chain's mean [Wolff 2004]. Sokal's automatic window
    excludes noise at large lags: the smallest W >= 4 with W >= 4 tau(W) [Sokal 1997]. The
    standard error is tau sqrt((4 W + 2 - 2 tau) / n), with n the steps of all chains. It is
    that of Madras and Sokal [1988], corrected for a window of few tau [Wolff 2004]. The method
    assumes positive correlations, which a state observed once per sweep has.

    Parameters
    ----------
    series : array-like of float, shape (steps,) or (chains, steps)
        One quantity along independent chains of the same distribution, without the
        approach to equilibrium; at least two steps.

    Returns
    -------
    AutocorrelationTime
        The time, its standard error, the window, and a flag for chains of sufficient length.

    Raises
    ------
    ValueError
        If there is no chain or fewer than two steps.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = autocorrelation_time(rng.normal(size=(10, 1000)))
    >>> round(found.tau, 1), round(found.sem, 2), found.long_enough
    (1.0, 0.04, True)
    >>> autocorrelation_time([1.0, 1.0, 1.0]).tau
    nan
    """
    chains = np.atleast_2d(np.asarray(series, dtype=np.float64))
    if chains.ndim != 2 or len(chains) == 0 or chains.shape[1] < 2:
        raise ValueError(f"series must have shape (chains, steps >= 2), found {np.shape(series)}")
    steps = chains.shape[1]
    covariance = _autocovariance(chains)
    if covariance[0] == 0:
        return AutocorrelationTime(float("nan"), float("nan"), 0, long_enough=False)
    window = _window(covariance)
    lags = 2 * window + 1
    total = covariance[0] + 2 * covariance[1 : window + 1].sum()
    if window == 0 or total <= 0:
        return AutocorrelationTime(float("nan"), float("nan"), window, long_enough=False)
    # Bias of every lag from the mean of a finite chain, which also affects this sum.
    taken = total / max(steps - lags, steps / 2)
    tau = float((total + lags * taken) / (covariance[0] + taken))
    sem = tau * float(np.sqrt(max(2 * lags - 2 * tau, 0.0) / chains.size))
    return AutocorrelationTime(tau, sem, window, long_enough=steps >= _LONG * max(tau, 1))


def _autocovariance(chains: Floats) -> Floats:
    """Return the mean over chains of the autocovariance at each lag, shape (steps,)."""
    n_chains, steps = chains.shape
    size = 1 << (2 * steps - 1).bit_length()  # zero padding avoids wrap-around
    power = np.zeros(size // 2 + 1)
    for chain in chains:  # power spectra add up: one chain in memory at a time
        if np.ptp(chain) > _ROUNDING * np.max(np.abs(chain)):  # otherwise it is rounding noise
            power += np.abs(np.fft.rfft(chain - chain.mean(), size)) ** 2
    pairs = np.arange(steps, 0, -1) * n_chains
    covariance: Floats = np.fft.irfft(power, size)[:steps] / pairs
    return covariance


def _window(covariance: Floats) -> int:
    """Return the smallest number of lags that is at least four times their sum, or 0."""
    taus = 1 + 2 * np.cumsum(covariance[1:] / covariance[0])
    wide_enough = np.arange(1, len(covariance)) >= _WINDOW * np.maximum(taus, 1)
    return int(np.argmax(wide_enough)) + 1 if wide_enough.any() else 0
