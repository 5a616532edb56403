"""Crossings: of curves known in closed form, and of Binder ratios drawn exactly."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import few_and_many, least
from numpy.typing import NDArray
from scipy.optimize import brentq

from hopcli.observables import binder_ratio
from hopcli.rules import store
from hopcli.statistics.crossings import FEWEST, Crossing, crossing
from hopcli.theory import PairStates, ordering_temperatures

X = np.linspace(0.8, 1.2, 9)
STEEP = (5.0, 10.0)


def _curves(x: NDArray[np.float64], x0: float, lowest: float = 0.0) -> NDArray[np.float64]:
    """Two curves of the fitted form that meet at x0, shape (2, n)."""
    eta = np.array(STEEP)[:, None] * (x - x0)
    return lowest + (1 - lowest) * (1 - eta / np.sqrt(1 + eta**2)) / 2


def _cross(x: NDArray[np.float64], curves: NDArray[np.float64], lowest: float = 0.0) -> Crossing:
    return crossing(x, curves, np.full(curves.shape, 0.01), STEEP, dof=20, lowest=lowest)


@pytest.mark.parametrize("lowest", [0.0, -1.0])
@pytest.mark.parametrize("x0", [0.9, 0.93, 1.0, 1.1])
def test_curves_of_the_form_cross_where_they_do(x0: float, lowest: float) -> None:
    found = _cross(X, _curves(X, x0, lowest), lowest)
    assert found.value == pytest.approx(x0, abs=1e-3)
    assert found.low < x0 < found.high
    assert found.high - found.low < 0.06


@pytest.mark.parametrize("x0", [0.72, 0.8, 1.2, 1.28])
def test_a_crossing_at_or_beyond_the_edge_has_two_bounds(x0: float) -> None:
    """They are wider than those of a crossing in the middle."""
    found, middle = _cross(X, _curves(X, x0)), _cross(X, _curves(X, 1.0))
    assert np.isfinite(found).all()
    assert found.low < x0 < found.high
    assert found.high - found.low > 1.2 * (middle.high - middle.low)


def test_fewer_degrees_of_freedom_and_larger_errors_widen_the_interval() -> None:
    curves = _curves(X, 1.0)
    widths = [
        np.ptp(crossing(X, curves, np.full(curves.shape, error), STEEP, dof=dof)[1:])
        for error, dof in ((0.005, 60), (0.02, 60), (0.02, 3))
    ]
    assert widths[0] < widths[1] < widths[2]


def test_the_fewest_points_suffice_and_fewer_do_not() -> None:
    few = np.linspace(0.85, 1.15, FEWEST)
    assert _cross(few, _curves(few, 1.0)).value == pytest.approx(1.0, abs=0.01)
    with pytest.raises(ValueError, match="4"):
        _cross(few[1:], _curves(few[1:], 1.0))


# --- Binder ratios -----------------------------------------------------------------------


class Pair:
    """Two patterns that differ on a quarter of 20 sites, at two sizes, with the exact crossing."""

    def __init__(self, rule: str) -> None:
        xi = np.ones((2, 20), np.int8)
        xi[1, :5] = -1
        networks = [store(xi.repeat(scale, axis=1), rule) for scale in (1, 4)]
        temperatures = ordering_temperatures(networks[0])
        self.sites = np.array([network.n_sites for network in networks])
        self.states = [PairStates.of(network) for network in networks]
        self.ordering = float(temperatures[0])
        variances = 1 / (1 - temperatures / self.ordering / (1 + 2 / np.sqrt(20)))
        self.lowest = 1 - 2 * float(np.sum(variances**2) / np.sum(variances) ** 2)
        self.scale = float(np.prod(self.sites)) ** 0.25
        self.exact = brentq(self._difference, 0.7 * self.ordering, self.ordering)

    def _difference(self, temperature: float) -> float:
        small, large = (
            _ratios(each.means(_seen(each), np.array([temperature])))[0]
            for each in self.states
            if each is not None
        )
        return float(large - small)

    def estimate(
        self, scaled: NDArray[np.float64], chains: int, sweeps: int, rng: np.random.Generator
    ) -> Crossing:
        """Estimate from chains of independent draws at these scaled temperatures."""
        temperatures = self.ordering * (1 + scaled / self.scale)
        curves, errors = [], []
        for each in self.states:
            assert each is not None
            seen = np.moveaxis(_seen(each), 0, -1).reshape(-1, 2)
            log_weights = each.log_states - each.energy / temperatures[:, None, None]
            weights = np.exp(log_weights - log_weights.max(axis=(1, 2), keepdims=True))
            reached = np.cumsum(weights.reshape(len(temperatures), -1), axis=1)
            draws = rng.random((len(temperatures), chains, sweeps)) * reached[:, -1:, None]
            met = [np.searchsorted(own, one) for own, one in zip(reached, draws, strict=True)]
            means = seen[np.stack(met)].mean(axis=2)  # shape (temperatures, chains, 2)
            curves.append(_ratios(means.mean(axis=1)))
            without = (means.sum(axis=1, keepdims=True) - means) / (chains - 1)
            errors.append(_ratios(without).std(axis=1) * np.sqrt(chains - 1))
        steepness = np.sqrt(self.sites) / (2 * self.ordering)
        return crossing(
            temperatures,
            np.stack(curves),
            np.stack(errors),
            (float(steepness[0]), float(steepness[1])),
            dof=chains - 2,
            lowest=self.lowest,
        )


def _seen(states: PairStates) -> NDArray[np.float64]:
    return np.stack([states.projection**2, states.projection**4])


def _ratios(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return binder_ratio(means[..., 0], means[..., 1], 2)


def _covered(rule: str, scaled: NDArray[np.float64], chains: int, runs: int) -> float:
    """Share of runs whose interval holds the exact crossing; all bounds are finite."""
    pair, rng = Pair(rule), np.random.default_rng(2)
    found = np.array([pair.estimate(scaled, chains, 20, rng) for _ in range(runs)])
    assert np.isfinite(found).all()
    return float(np.mean((found[:, 1] <= pair.exact) & (pair.exact <= found[:, 2])))


WIDE, EDGE = np.linspace(-2, 2, 8), np.linspace(-1.2, 2, 6)  # it is 0.3 from that edge


@few_and_many("runs", 20, 200)
@pytest.mark.parametrize("scaled", [WIDE, pytest.param(EDGE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rule", ["pseudo-inverse", "hebbian"])
def test_the_interval_of_a_crossing_covers_what_is_exact(
    rule: str, scaled: NDArray[np.float64], runs: int
) -> None:
    assert _covered(rule, scaled, 10, runs) >= least(0.95, runs)
