"""The integrated autocorrelation time, held to autoregressive series, where it is known."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import few_and_many
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import lfilter

from hopcli.statistics.autocorrelation import AutocorrelationTime, autocorrelation_time

if TYPE_CHECKING:
    from numpy.typing import NDArray


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


def test_chains_in_wells_of_their_own_are_as_slow_as_within_a_well() -> None:
    rng = np.random.default_rng(4)
    series = _series(rng, 0.5, 50, 1000)
    apart = series + 100 * np.arange(50)[:, None]
    assert autocorrelation_time(apart).tau == pytest.approx(autocorrelation_time(series).tau)


def test_what_the_mean_of_a_short_chain_takes_off_is_put_back() -> None:
    rng = np.random.default_rng(5)
    found = autocorrelation_time(_series(rng, 0.8, 2000, 270))
    assert found.tau == pytest.approx(9, rel=0.03)
    assert not found.long_enough  # 270 steps are fewer than 50 times 9


def test_sums_are_of_pairs_at_a_lag_in_each_chain() -> None:
    """Of few numbers by hand: no end of a chain meets its start, or that of another."""
    series = np.array(
        [
            [3, 2, 2, 1, 2, 1, 0, 1, 1, 2, 0, 3, 3, 1, 2, 2],
            [0, 0, 2, 3, 0, 1, 1, 0, 2, 3, 3, 2, 1, 0, 0, 1],
        ]
    )
    deviations = series - series.mean(axis=1, keepdims=True)
    lags = [np.mean(deviations[:, : 16 - t] * deviations[:, t:]) for t in range(5)]
    found = autocorrelation_time(series)
    assert found.window == 4
    total = lags[0] + 2 * sum(lags[1:])
    raised = [lag + total / 8 for lag in lags]  # at least half of the steps
    assert found.tau == pytest.approx(1 + 2 * sum(raised[1:]) / raised[0])
    assert found.tau > 0.3
    assert found.sem == pytest.approx(found.tau * math.sqrt((18 - 2 * found.tau) / 32))


@pytest.mark.parametrize("steps", [31, 33, 61, 63, 64, 65, 125, 127, 128, 129])
def test_tau_is_that_of_direct_sums_next_to_powers_of_two(steps: int) -> None:
    """Of transforms with too few zeros the end of a chain would meet its start."""
    series = _series(np.random.default_rng(steps), 0.8, 40, steps)
    deviations = series - series.mean(axis=1, keepdims=True)
    found = autocorrelation_time(series)
    lags = [
        np.mean(deviations[:, : steps - t] * deviations[:, t:]) for t in range(found.window + 1)
    ]
    total = lags[0] + 2 * sum(lags[1:])
    taken = total / max(steps - 2 * found.window - 1, steps / 2)
    raised = [lag + taken for lag in lags]
    assert found.window >= 12
    assert found.tau == pytest.approx(1 + 2 * sum(raised[1:]) / raised[0], rel=1e-9)


@given(arrays(float, st.tuples(st.integers(1, 4), st.integers(2, 9)), elements=st.floats(-9, 9)))
def test_of_any_series_it_is_a_time(series: NDArray[np.float64]) -> None:
    found = autocorrelation_time(series)
    if math.isnan(found.tau):
        assert math.isnan(found.sem)
    else:
        assert 0 < found.tau < 100
        assert 0 <= found.sem < 100
    assert not found.long_enough
    assert 0 <= found.window < series.shape[1]


@pytest.mark.parametrize("steps", [3, 5])
def test_a_series_too_short_to_tell_gives_no_number(steps: int) -> None:
    """What is correlated about its own mean adds up to nothing: tau would be 0."""
    rng = np.random.default_rng(9)
    for _ in range(50):
        found = autocorrelation_time(_series(rng, 0.5, 60, steps))
        assert np.isnan([found.tau, found.sem]).all()
        assert found.long_enough is False


@pytest.mark.parametrize("value", [0.0, 0.1, -3e5])
def test_what_never_moves_has_none(value: float) -> None:
    rounded = value * (1 + 1e-14 * np.random.default_rng(8).normal(size=(3, 70)))
    found = autocorrelation_time(rounded)
    assert math.isnan(found.tau)
    assert math.isnan(found.sem)
    assert (found.window, found.long_enough) == (0, False)


def test_chains_that_stand_still_add_nothing() -> None:
    """A chain without noise is no sample of it: its rounding above all."""
    moving = _series(np.random.default_rng(6), 0.5, 5, 1000)
    still = np.full((5, 1000), 0.1)
    found = autocorrelation_time(np.vstack([still, moving]))
    assert found.tau == pytest.approx(autocorrelation_time(moving).tau, rel=0.01)


def test_one_series_is_one_chain() -> None:
    series = _series(np.random.default_rng(7), 0.5, 1, 500)
    found = autocorrelation_time(series[0])
    assert isinstance(found, AutocorrelationTime)
    assert found == autocorrelation_time(series)


@pytest.mark.parametrize("series", [[1.0], [[1.0], [2.0]], np.zeros((0, 5)), np.zeros((2, 2, 2))])
def test_fewer_than_two_steps_are_refused(series: object) -> None:
    with pytest.raises(ValueError, match=r"must have shape \(chains, steps >= 2\)"):
        autocorrelation_time(series)  # type: ignore[arg-type]
