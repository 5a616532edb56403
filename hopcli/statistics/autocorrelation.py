"""How long a chain remembers: its integrated autocorrelation time, and how well it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["AutocorrelationTime", "autocorrelation_time"]

_WINDOW = 4.0  # autocorrelation times summed over; of an exponential e^-8 lies beyond
_ROUNDING = 1e-10  # of values that are the same, relative to them
_LONG = 50.0  # autocorrelation times that a series must have to be trusted


class AutocorrelationTime(NamedTuple):
    """An integrated autocorrelation time, in steps of its series.

    Attributes
    ----------
    tau : float
        Steps between independent samples: 1 where every step is one. NaN where no chain
        ever moves, as nothing is to be correlated, and where the series is too short for
        any window: all correlations about a mean of their own add up to nothing.
    sem : float
        Its standard error.
    window : int
        Number of lags summed over.
    long_enough : bool
        Whether each chain has at least 50 `tau` steps. In a shorter one the slowest
        changes may not have been seen, and neither number holds.
    """

    tau: float
    sem: float
    window: int
    long_enough: bool


def autocorrelation_time(series: ArrayLike) -> AutocorrelationTime:
    """Integrated autocorrelation time, 1 + 2 sum_{t >= 1} rho(t), of equilibrium series.

    The autocovariance is that of deviations from the mean of each chain, averaged over
    chains, with what the mean of a finite chain takes off it put back [Wolff 2004]. Noise
    at large lags is cut off by the automatic window of Sokal: the least W with
    W >= 4 tau(W), and at least 4 [Sokal 1997]. The standard error is
    tau sqrt((4 W + 2 - 2 tau) / n), n the steps of all chains: that of Madras and Sokal
    [1988] less what they leave out, as W is of few tau [Wolff 2004]. Correlations are taken
    to be positive, as those of a state seen once a sweep are.

    Parameters
    ----------
    series : array-like of float, shape (steps,) or (chains, steps)
        One quantity along independent chains of the same law, the approach to
        equilibrium left out; at least two steps.

    Returns
    -------
    AutocorrelationTime
        The time, its standard error, the window and whether chains are long enough.

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
    # What the mean of a chain takes off every lag, those that are summed here among them.
    taken = total / max(steps - lags, steps / 2)
    tau = float((total + lags * taken) / (covariance[0] + taken))
    sem = tau * float(np.sqrt(max(2 * lags - 2 * tau, 0.0) / chains.size))
    return AutocorrelationTime(tau, sem, window, long_enough=steps >= _LONG * max(tau, 1))


def _autocovariance(chains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over chains of the autocovariance at each lag, shape (steps,)."""
    n_chains, steps = chains.shape
    size = 1 << (2 * steps - 1).bit_length()  # of zeros enough that no end meets a start
    power = np.zeros(size // 2 + 1)
    for chain in chains:  # powers add up: one chain in memory at a time
        if np.ptp(chain) > _ROUNDING * np.max(np.abs(chain)):  # else it would pass for noise
            power += np.abs(np.fft.rfft(chain - chain.mean(), size)) ** 2
    pairs = np.arange(steps, 0, -1) * n_chains
    covariance: NDArray[np.float64] = np.fft.irfft(power, size)[:steps] / pairs
    return covariance


def _window(covariance: NDArray[np.float64]) -> int:
    """The least number of lags that is no fewer than four times what they sum to; or 0."""
    taus = 1 + 2 * np.cumsum(covariance[1:] / covariance[0])
    wide_enough = np.arange(1, len(covariance)) >= _WINDOW * np.maximum(taus, 1)
    return int(np.argmax(wide_enough)) + 1 if wide_enough.any() else 0
