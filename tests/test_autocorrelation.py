"""The integrated autocorrelation time of autoregressive series, where it is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import few_and_many
from numpy.typing import NDArray
from scipy.signal import lfilter

from hopcli.statistics.autocorrelation import autocorrelation_time


def _series(rng: np.random.Generator, phi: float, chains: int, steps: int) -> NDArray[np.float64]:
    """x_t = phi x_{t-1} + noise in its stationary law; rho(t) = phi^t."""
    noise = rng.normal(size=(chains, steps))
    noise[:, 0] /= math.sqrt(1 - phi * phi)
    series: NDArray[np.float64] = lfilter([1.0], [1.0, -phi], noise, axis=1)
    return series


@few_and_many("runs", 100, 1000)
@pytest.mark.parametrize("phi", [0.0, 0.3, 0.5, 0.8])
def test_it_is_that_of_autoregressive_series(phi: float, runs: int) -> None:
    """Here tau = (1 + phi) / (1 - phi), in 93 to 97 % of the 95 % intervals."""
    tau = (1 + phi) / (1 - phi)
    shape = (20, round(150 * tau))
    rng = np.random.default_rng(3)
    found = [autocorrelation_time(_series(rng, phi, *shape)) for _ in range(runs)]
    times, sems = np.array([one.tau for one in found]), np.array([one.sem for one in found])
    error = 3 / math.sqrt(runs)
    assert times.mean() == pytest.approx(tau, abs=0.005 * tau + error * times.std())
    assert times.std() == pytest.approx(sems.mean(), rel=0.08 + error / math.sqrt(2))
    assert abs(np.mean(np.abs(times - tau) < 1.96 * sems) - 0.95) <= error * 0.22
    assert all(one.long_enough for one in found)
    assert {type(one.long_enough) for one in found} == {bool}
    windows = np.array([one.window for one in found])
    assert windows.mean() == pytest.approx(4 * tau, rel=0.2)


@pytest.mark.parametrize("steps", [16, 29, 31, 32, 33, 61, 63, 64, 65, 125, 127, 128, 129])
def test_the_time_is_that_of_direct_sums(steps: int) -> None:
    """Pairs at a lag in each chain: of transforms with too few zeros its ends would meet."""
    rng = np.random.default_rng(steps)
    for phi, chains in ((-0.3, 3), (0.3, 2), (0.8, 40)):
        series = _series(rng, phi, chains, steps) + 9 * np.arange(chains)[:, None]
        apart = series - series.mean(axis=1, keepdims=True)
        covariance = [np.mean(apart[:, : steps - lag] * apart[:, lag:]) for lag in range(steps)]
        sums = covariance[0] + 2 * np.concatenate([[0], np.cumsum(covariance[1:])])
        window = next(w for w in range(1, steps) if w >= 4 * max(sums[w] / covariance[0], 1))
        lags = 2 * window + 1
        taken = sums[window] / max(steps - lags, steps / 2)
        tau = (sums[window] + lags * taken) / (covariance[0] + taken)
        found = autocorrelation_time(series)
        assert (found.window, found.long_enough) == (window, steps >= 50 * max(tau, 1))
        assert found.tau == pytest.approx(tau, rel=1e-9)
        sem = tau * math.sqrt((4 * window + 2 - 2 * tau) / (chains * steps))
        assert found.sem == pytest.approx(sem)


@pytest.mark.parametrize("steps", [3, 5])
def test_a_series_too_short_to_tell_gives_no_number(steps: int) -> None:
    """Correlations about a series' own mean add up to zero: tau would be 0."""
    rng = np.random.default_rng(9)
    for _ in range(50):
        found = autocorrelation_time(_series(rng, 0.5, 60, steps))
        assert np.isnan([found.tau, found.sem]).all()
        assert found.long_enough is False


def test_chains_that_stand_still_add_nothing() -> None:
    """A chain without noise does not count, in particular not its rounding errors."""
    for value in (0.0, 0.1, -3e5):
        rounded = value * (1 + 1e-14 * np.random.default_rng(8).normal(size=(3, 70)))
        found = autocorrelation_time(rounded)
        assert np.isnan([found.tau, found.sem]).all()
        assert (found.window, found.long_enough) == (0, False)
    moving = _series(np.random.default_rng(6), 0.5, 5, 1000)
    found = autocorrelation_time(np.vstack([np.full((5, 1000), 0.1), moving]))
    assert found.tau == pytest.approx(autocorrelation_time(moving).tau, rel=0.01)


@pytest.mark.parametrize("series", [[1.0], [[1.0], [2.0]], np.zeros((0, 5)), np.zeros((2, 2, 2))])
def test_fewer_than_two_steps_are_refused(series: object) -> None:
    with pytest.raises(ValueError, match="steps >= 2"):
        autocorrelation_time(series)  # type: ignore[arg-type]
