"""Overlaps, fields and energies on site classes against their N x N definitions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from conftest import random_patterns
from hypothesis import given
from hypothesis import strategies as st

from hopcli.observables import class_sums, energy, local_fields, overlaps, projection_norm
from hopcli.storage import RULES, Couplings, store


def _network(rule: str, seed: int, *, thresholds: bool) -> Couplings:
    rng = np.random.default_rng(seed)
    n_sites = int(rng.integers(6, 40))
    xi = random_patterns(seed, int(rng.integers(1, 4)), n_sites)
    while np.linalg.matrix_rank(xi) < len(xi):
        xi = xi[:-1]
    theta = rng.choice([-0.3, 0.0, 0.25], n_sites) if thresholds else 0.0
    return store(xi, rule, theta)


def _states(seed: int, n: int, n_sites: int, *, zeros: bool) -> np.ndarray:
    low = [-1, 0, 1] if zeros else [-1, 1]
    return np.random.default_rng(seed).choice(low, size=(n, n_sites)).astype(np.int8)


@given(st.integers(0, 10**6), st.integers(1, 300), st.integers(1, 6))
def test_overlaps_are_exact(seed: int, n_sites: int, p: int) -> None:
    xi = random_patterns(seed, p, n_sites)
    spins = _states(seed + 1, 5, n_sites, zeros=True)
    exact = spins.astype(np.int64) @ xi.astype(np.int64).T / n_sites
    assert np.array_equal(overlaps(spins, xi), exact)


def test_overlaps_keep_the_leading_axes() -> None:
    xi = random_patterns(0, 2, 9)
    assert overlaps(xi[0], xi).shape == (2,)
    assert overlaps(np.tile(xi, (3, 1, 1)), xi).shape == (3, 2, 2)


def test_a_pattern_has_overlap_one_and_its_inverse_minus_one() -> None:
    xi = random_patterns(1, 1, 784)
    assert overlaps(xi, xi) == 1.0
    assert overlaps(-xi, xi) == -1.0


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zeros", [False, True])
def test_fields_are_w_times_s(rule: str, seed: int, zeros: bool) -> None:
    network = _network(rule, seed, thresholds=True)
    spins = _states(seed, 20, network.n_sites, zeros=zeros)
    expected = spins @ network.dense()
    np.testing.assert_allclose(local_fields(spins, network), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("zeros", [False, True])
def test_energy_is_the_sum_over_pairs(rule: str, seed: int, zeros: bool) -> None:
    network = _network(rule, seed, thresholds=True)
    w, theta = network.dense(), network.theta[network.site_class]
    for spins in _states(seed, 5, network.n_sites, zeros=zeros):
        pairs = sum(
            w[i, j] * float(spins[i]) * float(spins[j])
            for i, j in combinations(range(network.n_sites), 2)
        )
        expected = -pairs + theta @ spins
        assert energy(spins[None], network) == pytest.approx([expected], abs=1e-10)


@pytest.mark.parametrize("rule", RULES)
def test_a_flip_costs_twice_the_spin_times_its_field(rule: str) -> None:
    network = _network(rule, 11, thresholds=True)
    spins = _states(3, 1, network.n_sites, zeros=False)
    flipped = np.repeat(spins, network.n_sites, axis=0)
    np.fill_diagonal(flipped, -spins[0])
    change = energy(flipped, network) - energy(spins, network)
    force = local_fields(spins, network)[0] - network.theta[network.site_class]
    np.testing.assert_allclose(change, 2 * spins[0] * force, rtol=0, atol=1e-12)


def test_energy_is_the_same_for_the_inverse_without_thresholds() -> None:
    network = _network("hebbian", 5, thresholds=False)
    spins = _states(5, 10, network.n_sites, zeros=False)
    np.testing.assert_allclose(energy(spins, network), energy(-spins, network), atol=1e-12)


def test_energy_of_one_hebbian_pattern() -> None:
    # H = -(N - 1) / 2 by hand: every one of the N (N - 1) / 2 pairs gives -1/N.
    xi = random_patterns(2, 1, 50)
    assert energy(xi, store(xi, "hebbian")) == pytest.approx([-24.5])


def test_class_sums_add_up_site_by_site() -> None:
    network = _network("hebbian", 8, thresholds=True)
    spins = _states(8, 7, network.n_sites, zeros=True)
    sums = class_sums(spins, network)
    for a in range(network.n_classes):
        assert np.array_equal(sums[:, a], spins[:, network.site_class == a].sum(axis=1))


def test_class_sums_do_not_overflow_the_spins_own_type() -> None:
    xi = np.ones((1, 1000), np.int8)
    assert class_sums(xi, store(xi, "hebbian")).tolist() == [[1000]]


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_projection_norm_is_that_of_the_projected_state(seed: int, p: int) -> None:
    n_sites = 30
    xi = random_patterns(seed, p, n_sites)
    spins = _states(seed, 4, n_sites, zeros=False)
    u, s, _ = np.linalg.svd(xi.T.astype(float), full_matrices=False)
    basis = u[:, s > 1e-9]
    expected = np.linalg.norm(spins @ basis, axis=1) / np.sqrt(n_sites)
    found = projection_norm(overlaps(spins, xi), xi)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_projection_norm_of_a_stored_pattern_is_one_even_if_stored_twice() -> None:
    xi = random_patterns(6, 3, 40)
    twice = np.vstack([xi, xi[:1]])
    np.testing.assert_allclose(projection_norm(overlaps(twice, twice), twice), 1.0)
