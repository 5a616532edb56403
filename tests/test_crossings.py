"""Where curves cross: of curves that are known, and of Binder ratios drawn exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.optimize import brentq

from hopcli.observables import binder_ratio
from hopcli.statistics.crossings import crossings
from hopcli.statistics.resampling import replicate_interval, resampled_means
from hopcli.storage import store
from hopcli.theory import PairStates

if TYPE_CHECKING:
    from numpy.typing import NDArray

X = np.linspace(0.0, 2.0, 21)


@pytest.mark.parametrize("root", [0.31, 0.5, 1.0, 1.549, 1.83])
def test_a_cubic_crosses_where_it_does(root: float) -> None:
    t = X - root
    found = crossings(X, -(t**3) + 0.3 * t**2 - t, [-t, 0.02 - t])
    assert found == pytest.approx([root, root, root + 0.02], abs=1e-6)


def test_what_is_far_from_the_crossing_does_not_count() -> None:
    line = 1.04 - X
    far = np.where(X < 0.75, 5 + X, np.where(X > 1.35, -9 - X, line))
    assert crossings(X, far, [line]) == pytest.approx([1.04, 1.04], abs=1e-6)


@pytest.mark.parametrize("curve", [X + 1, -X - 1, X - 1.02, np.zeros(21)])
def test_what_does_not_fall_through_0_has_no_crossing(curve: NDArray[np.float64]) -> None:
    assert np.isnan(crossings(X, curve, [1 - X, 1 - X])).all()


def test_a_replicate_may_cross_beyond_either_end() -> None:
    found = crossings(X, 1.01 - X, [5 - X, -5 - X, 0.9 - X])
    assert found.tolist() == pytest.approx([1.01, np.inf, -np.inf, 0.9])


# --- Binder ratios -----------------------------------------------------------------------

GRID = np.arange(0.82, 1.05, 0.02)
CHAINS, DRAWS = 30, 60


def _states(scale: int) -> PairStates:
    """Two patterns of 20 scale spins that differ on a quarter of them."""
    xi = np.ones((2, 20 * scale), np.int8)
    xi[1, : 5 * scale] = -1
    states = PairStates.of(store(xi))
    assert states is not None
    return states


def _ratios(means: NDArray[np.float64]) -> NDArray[np.float64]:
    return binder_ratio(means[..., 0], means[..., 1], 2)


def _chains(states: PairStates, rng: np.random.Generator) -> NDArray[np.float64]:
    """Means of m^2 and m^4 of chains of independent draws, shape (temperatures, chains, 2)."""
    seen = np.stack([states.projection**2, states.projection**4], axis=-1).reshape(-1, 2)
    log_weights = states.log_states - states.energy / GRID[:, None, None]
    reached = np.exp(log_weights - log_weights.max(axis=(1, 2), keepdims=True)).reshape(
        len(GRID), -1
    )
    reached = np.cumsum(reached, axis=1) / reached.sum(axis=1, keepdims=True)
    last = len(seen) - 1  # but for rounding of the sum no draw is beyond it
    met = [np.minimum(np.searchsorted(own, rng.random((CHAINS, DRAWS))), last) for own in reached]
    means: NDArray[np.float64] = seen[np.stack(met)].mean(axis=2)
    return means


def _resampled(means: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Means over as many chains, shape (temperatures, 200, 2)."""
    units = np.moveaxis(means, 1, 0).reshape(CHAINS, -1)
    return np.moveaxis(resampled_means(units, 200, rng).reshape(200, len(GRID), 2), 0, 1)


def test_the_interval_of_a_crossing_covers_what_is_exact() -> None:
    """In 93 to 97 % of runs."""
    both = _states(1), _states(4)

    def difference(temperature: float) -> float:
        small, large = (
            _ratios(each.means(np.stack([each.projection**2, each.projection**4]), temperature))[0]
            for each in both
        )
        return float(large - small)

    exact = brentq(difference, 0.85, 1.0)
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(300):
        means = [_chains(states, rng) for states in both]
        drawn = [_resampled(each, rng) for each in means]
        small, large = (_ratios(each.mean(axis=1)) for each in means)
        replicates = _ratios(drawn[1]) - _ratios(drawn[0])
        found = crossings(GRID, large - small, replicates.T)
        low, high = replicate_interval(found[1:], CHAINS)
        covered.append(not (low > exact or high < exact))  # a bound that is NaN is none
    assert 0.93 <= np.mean(covered) <= 0.97
