"""Theory against closed forms, against every state in turn and against long runs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from conftest import every_state, random_patterns
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from hopcli import theory
from hopcli.network import Network, Quadratic
from hopcli.observables import binder_ratio, energy, overlaps, projection_norm
from hopcli.rules import RULES, store
from hopcli.taxonomy import unstable_sites
from hopcli.theory import PairStates, mean_field_overlaps, ordering_temperatures

Floats = NDArray[np.float64]


def pair(agree: int, n_sites: int) -> NDArray[np.int8]:
    """Two patterns that agree on so many sites."""
    xi = np.ones((2, n_sites), np.int8)
    xi[1, agree:] = -1
    return xi


def exact(network: Network, temperatures: list[float]) -> Any:
    return theory.exact_overlaps(network, temperatures)


def states_of(xi: NDArray[np.int8], rule: str) -> Any:
    return PairStates.of(store(xi, rule), most=1 << 21)


def weights_of(network: Network, temperature: float) -> Any:
    """Boltzmann weights of all 2^N states."""
    excess = energy(every_state(network.n_sites), network)
    excess -= excess.min()
    weight = np.exp(-excess / temperature) if temperature > 1e-3 else 1.0 * (excess < 1e-9)
    return weight / weight.sum()


def mean_overlaps(network: Network, temperature: float) -> Any:
    """E|m| as the mean over all 2^N states."""
    m = np.abs(overlaps(every_state(network.n_sites), network.xi))
    return weights_of(network, temperature) @ m


# --- mean field


@pytest.mark.parametrize("temperature", [0.05, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("n_sites", [40, 784])
def test_one_pattern_obeys_m_equals_tanh_m_over_t(temperature: float, n_sites: int) -> None:
    """Each site sees the N - 1 others: m = tanh((1 - 1/N) m / T)."""
    share = 1 - 1 / n_sites
    expected = brentq(lambda m: math.tanh(share * m / temperature) - m, 1e-3, 1.0, xtol=1e-14)
    network = store(random_patterns(0, 1, n_sites), "hebbian")
    assert mean_field_overlaps(network, temperature, 0) == pytest.approx([expected], abs=6e-10)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_no_order_above_the_critical_temperature(rule: str, five: NDArray[np.int8]) -> None:
    network = store(five, rule)
    critical = ordering_temperatures(network)[0]
    for start in range(5):
        assert np.abs(mean_field_overlaps(network, 1.02 * critical, start)).max() < 1e-6
        assert np.abs(mean_field_overlaps(network, 0.5 * critical, start)).max() > 0.1


def test_the_pseudo_inverse_rule_orders_at_one(five: NDArray[np.int8]) -> None:
    for xi in (five, random_patterns(1, 7, 100), pair(17, 20)):
        network = store(xi)
        np.testing.assert_allclose(ordering_temperatures(network), np.ones(len(xi)), atol=1e-9)
        for start, temperature in itertools.product(range(len(xi)), (0.0, 1e-320, 1e-12)):
            found = mean_field_overlaps(network, temperature, start)
            np.testing.assert_allclose(found, overlaps(xi[start], xi))


def test_between_its_two_temperatures_only_the_mixture_is_retrieved() -> None:
    network = store(pair(5600, 8000), "hebbian")  # q = 0.4; W_ii = 0 does not matter
    below, between = (mean_field_overlaps(network, t, 0) for t in (0.45, 0.8))
    assert below[0] - below[1] > 0.3
    assert between[0] == pytest.approx(between[1], abs=1e-4)
    # Where the patterns agree a site sees (1 + q) m, m = (1 + q)/2 tanh(2 m / T).
    expected = brentq(lambda m: 0.7 * math.tanh(2 * m / 0.8) - m, 1e-3, 1.0)
    assert between[0] == pytest.approx(expected, abs=1e-3)


def test_without_noise_a_site_without_a_field_keeps_its_value() -> None:
    network = store(np.array([[1, 1, 1], [1, -1, 1]], dtype=np.int8), "hebbian")
    found = mean_field_overlaps(network, [0.0, 0.0], 0)
    np.testing.assert_allclose(found, [[1, 1 / 3]] * 2, atol=1e-9)


def test_mean_field_ends_at_a_fixed_point(five: NDArray[np.int8]) -> None:
    """S = tanh((W S - theta) / T), with the N x N matrix, has these overlaps."""
    theta = np.random.default_rng(0).choice([0.0, 0.05], 784)
    network = store(five, theta=theta)
    w, spins = network.dense(), five[4].astype(float)
    for _ in range(150):
        spins = np.tanh((w @ spins - theta) / 0.6)
    found = mean_field_overlaps(network, 0.6, 4)
    np.testing.assert_allclose(found, five @ spins / 784, atol=1e-9)


# --- all states of two patterns


PAIRS = [(rule, *pair) for rule in {*RULES} - {"covariance"} for pair in ((4, 6), (3, 9), (8, 12))]
PAIRS += [("hebbian", agree, 8) for agree in (0, 1, 8)]  # one of the groups is empty or small


@pytest.mark.parametrize(("rule", "agree", "n_sites"), sorted(PAIRS))
def test_exact_overlaps_are_the_mean_over_all_states(rule: str, agree: int, n_sites: int) -> None:
    network = store(pair(agree, n_sites) * random_patterns(0, 1, n_sites), rule)
    temperatures = [0.0, 1e-320, 0.1, 0.4, 0.9, 1.5, 50.0]
    for row, temperature in zip(exact(network, temperatures), temperatures, strict=True):
        assert row == pytest.approx(mean_overlaps(network, temperature), abs=1e-9)


def test_exact_overlaps_of_couplings_that_differ_between_the_groups() -> None:
    """Three numbers of their own: within a group, within the other, between them."""
    columns = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]], np.int8)
    gauge, group = columns[:, 0], np.array([0, 0, 1, 1])
    j = np.array([[0.3, -0.2], [-0.2, 0.1]])[np.ix_(group, group)] * np.outer(gauge, gauge)
    j[3, 3] = 7.0  # of a class with one site: no coupling
    classes = np.array([0, 0, 1, 1, 1, 2, 2, 2, 3], np.int32)
    network = Network("by hand", classes, columns, Quadratic(j), np.zeros(4))
    assert exact(network, [0.5])[0] == pytest.approx(mean_overlaps(network, 0.5), abs=1e-9)
    j[2, 2] += 0.01
    odd = Network("odd", classes, columns, Quadratic(j), np.zeros(4))
    assert exact(odd, [0.5]) is None


def test_states_of_other_networks_are_not_known() -> None:
    one, three = (store(random_patterns(0, p, 20)) for p in (1, 3))
    biased = store(random_patterns(0, 2, 20), "hebbian", 0.1)
    many = store(pair(1024, 2048))
    for network in (one, three, biased, many):
        assert PairStates.of(network) is None
        assert exact(network, [0.5]) is None
    assert PairStates.of(many, most=1025**2 - 1) is None
    assert PairStates.of(many, most=1025**2) is not None


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "storkey"])
@pytest.mark.parametrize(("agree", "n_sites"), [(1, 5), (4, 6), (3, 9), (8, 12)])
def test_moments_are_means_over_all_states(rule: str, agree: int, n_sites: int) -> None:
    xi = pair(agree, n_sites) * random_patterns(0, 1, n_sites)
    network, states, every = store(xi, rule), states_of(xi, rule), every_state(n_sites)

    def powers(norm: Floats, h: Floats) -> Floats:
        return np.stack([norm, norm**2, norm**4, h, h**2])

    seen = powers(projection_norm(overlaps(every, xi), xi), energy(every, network))
    temperatures = [0.3, 1.0, 2.5]
    found = states.means(powers(states.projection, states.energy), temperatures)
    for row, temperature in zip(found, temperatures, strict=True):
        assert row == pytest.approx(seen @ weights_of(network, temperature), rel=1e-9, abs=1e-12)
    assert states.n_sites == n_sites
    assert np.exp(states.log_states).sum() == pytest.approx(2**n_sites)


def test_binder_ratios_of_two_patterns_cross_below_1_and_tend_to_it() -> None:
    """As 1 / N, at q = 0.55: 0.989 of N = 196 and 784, 0.997 of N = 784 and 3,136.

    Those of the overlap with one of the patterns, which is another norm, cross at 0.994.
    """
    sizes = [states_of(pair(*p), "pseudo-inverse") for p in ((152, 196), (609, 784), (2436, 3136))]

    def crossing(value: Callable[[PairStates], Floats], components: int, first: int) -> float:
        def ratio(states: PairStates, temperature: float) -> float:
            seen = np.stack([value(states) ** 2, value(states) ** 4])
            square, fourth = states.means(seen, [temperature]).T
            return float(binder_ratio(square, fourth, components)[0])

        small, large = sizes[first : first + 2]
        return float(brentq(lambda t: ratio(large, t) - ratio(small, t), 0.9, 1.1, xtol=1e-7))

    first, second = (crossing(lambda states: states.projection, 2, k) for k in (0, 1))
    assert [first, second] == pytest.approx([0.98929, 0.99727], abs=1e-5)
    assert (1 - first) / (1 - second) == pytest.approx(4, abs=0.1)
    single = crossing(lambda states: states.overlaps[0], 1, 0)
    assert single == pytest.approx(0.99389, abs=1e-5)


@pytest.mark.parametrize(("p", "n_sites"), [(2, 40), (14, 100), (185, 1000), (3, 12)])
def test_one_step_error_is_the_binomial_law_of_the_crosstalk(p: int, n_sites: int) -> None:
    """A site flips if more than half of the signs, by (N - 1) / 2, oppose it."""
    signs = (n_sites - 1) * (p - 1)
    exact = stats.binom.sf((signs + n_sites - 1) / 2, signs, 0.5)
    assert theory.one_step_error(p, n_sites) == pytest.approx(exact, rel=0.08, abs=2e-3)
    assert theory.one_step_error(1, n_sites) == 0
    flipped = [
        unstable_sites(xi, store(xi, "hebbian")).mean()
        for xi in (random_patterns(seed, p, n_sites) for seed in range(40))
    ]
    # Sites of one draw are correlated by less than a factor of 4 in the variance.
    assert abs(np.mean(flipped) - exact) < 10 * math.sqrt(exact / (40 * p * n_sites)) + 1e-9
