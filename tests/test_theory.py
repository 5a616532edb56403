"""Mean field and ordering temperatures against closed forms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import random_patterns
from scipy import stats
from scipy.optimize import brentq

from hopcli.observables import overlaps
from hopcli.storage import store
from hopcli.theory import chance_overlap, mean_field_overlaps, ordering_temperatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.datasets import Dataset

ONE_PATTERN = [0.05, 0.3, 0.5, 0.8, 0.95]


def _pair(overlap_sites: int, n_sites: int) -> NDArray[np.int8]:
    """Two patterns that agree on so many sites."""
    xi = np.ones((2, n_sites), np.int8)
    xi[1, overlap_sites:] = -1
    return xi


@pytest.mark.parametrize("temperature", ONE_PATTERN)
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
        hot = mean_field_overlaps(network, 1.02 * critical, start)
        assert np.abs(hot).max() < 1e-6
        assert np.abs(mean_field_overlaps(network, 0.5 * critical, start)).max() > 0.1


def test_pseudo_inverse_orders_at_one_whatever_the_patterns(five: NDArray[np.int8]) -> None:
    for xi in (five, random_patterns(1, 7, 100), _pair(17, 20)):
        np.testing.assert_allclose(ordering_temperatures(store(xi)), np.ones(len(xi)), atol=1e-9)


@pytest.mark.parametrize("agree", [10, 12, 17, 19])
def test_two_hebbian_patterns_order_at_one_plus_and_minus_q(agree: int) -> None:
    xi = _pair(agree, 20)
    q = (2 * agree - 20) / 20
    found = ordering_temperatures(store(xi, "hebbian"))
    np.testing.assert_allclose(found, [1 + q, 1 - q], atol=1e-12)


@pytest.mark.parametrize(
    ("indices", "q"), [([9, 56], 0.441), ([28089, 39155], 0.554)], ids=["as run", "as published"]
)
def test_the_studys_pairs_have_the_overlap_it_implies(
    mnist: Dataset, indices: list[int], q: float
) -> None:
    xi = mnist.spins[indices]
    assert mnist.labels[indices].tolist() == ["4", "0"]
    assert overlaps(xi, xi)[0, 1] == pytest.approx(q, abs=5e-4)
    found = ordering_temperatures(store(xi, "hebbian"))
    np.testing.assert_allclose(found, [1 + q, 1 - q], atol=5e-4)


def test_between_its_two_temperatures_only_the_mixture_is_retrieved() -> None:
    xi = _pair(5600, 8000)  # q = 0.4, large enough for W_ii = 0 not to matter
    network = store(xi, "hebbian")
    below, target = mean_field_overlaps(network, 0.45, 0), mean_field_overlaps(network, 0.8, 0)
    assert below[0] - below[1] > 0.3
    assert target[0] == pytest.approx(target[1], abs=1e-4)
    # Where the patterns agree a site sees (1 + q) m, m = (1 + q)/2 tanh(2 m / T).
    expected = brentq(lambda m: 0.7 * math.tanh(2 * m / 0.8) - m, 1e-3, 1.0)
    assert target[0] == pytest.approx(expected, abs=1e-3)


def test_at_temperature_zero_every_pseudo_inverse_pattern_is_kept(
    five: NDArray[np.int8],
) -> None:
    network = store(five)
    for start in range(5):
        expected = overlaps(five[start], five)
        np.testing.assert_allclose(mean_field_overlaps(network, 0.0, start), expected)


@pytest.mark.parametrize("temperature", [1e-320, 1e-12])
def test_the_coldest_temperatures_are_as_zero(temperature: float) -> None:
    network = store(random_patterns(3, 3, 60))
    cold = mean_field_overlaps(network, temperature, 1)
    np.testing.assert_allclose(cold, mean_field_overlaps(network, 0.0, 1))


def test_a_strong_threshold_holds_every_site_down() -> None:
    xi = random_patterns(3, 1, 60)
    network = store(xi, "hebbian", 5.0)
    expected = overlaps(np.full(60, -1, np.int8), xi)
    np.testing.assert_allclose(mean_field_overlaps(network, 0.1, 0), expected, atol=6e-10)


def test_mean_field_ends_at_a_fixed_point(five: NDArray[np.int8]) -> None:
    """S = tanh(W S / T), with the N x N matrix, has these overlaps."""
    network = store(five)
    w, spins = network.dense(), five[4].astype(float)
    for _ in range(3000):
        spins = np.tanh(w @ spins / 0.6)
    found = mean_field_overlaps(network, 0.6, 4)
    np.testing.assert_allclose(found, five @ spins / 784, atol=1e-9)


@pytest.mark.parametrize("n_sites", [100, 784, 16_384])
def test_chance_overlap_is_that_of_random_spins(n_sites: int) -> None:
    up = np.arange(n_sites + 1)
    exact = stats.binom.pmf(up, n_sites, 0.5) @ np.abs(2 * up - n_sites) / n_sites
    assert chance_overlap(n_sites) == pytest.approx(exact, rel=0.5 / n_sites)
