"""Overlaps, fields and energies on site classes against their N x N definitions."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import random_patterns

from hopcli import observables
from hopcli.observables import class_sums, energy, local_fields, overlaps
from hopcli.rules import RULES, store


@pytest.mark.parametrize(("p", "n_sites"), [(1, 1), (3, 9), (6, 300), (2, 70_000)])
def test_overlaps_are_exact(p: int, n_sites: int) -> None:
    xi = random_patterns(0, p, n_sites)
    spins = np.random.default_rng(p).integers(-1, 2, (5, n_sites), np.int8)
    exact = spins.astype(np.int64) @ xi.astype(np.int64).T / n_sites
    assert np.array_equal(overlaps(spins, xi), exact)
    assert np.array_equal(overlaps(np.stack([spins, -spins]), xi), [exact, -exact])
    assert overlaps(xi[0], xi).shape == (p,)
    network = store(xi, "hebbian")
    assert np.array_equal(observables.overlaps_of_sums(class_sums(spins, network), network), exact)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("values", [[-1, 1], [-1, 0, 1]])
def test_fields_and_energies_of_the_matrix(rule: str, seed: int, values: list[int]) -> None:
    rng = np.random.default_rng(seed)
    n_sites = int(rng.integers(20, 40))
    theta = rng.choice([-0.3, 0.0, 0.25], n_sites)
    network = store(random_patterns(seed, 1 + seed % 3, n_sites), rule, theta)
    spins, w = rng.choice(values, (20, n_sites)).astype(np.int8), network.dense()
    np.testing.assert_allclose(local_fields(spins, network), spins @ w, rtol=0, atol=1e-12)
    expected = [-np.sum(np.triu(w) * np.outer(s, s)) + theta @ s for s in spins.astype(float)]
    np.testing.assert_allclose(energy(spins, network), expected, rtol=0, atol=1e-10)
    sums = class_sums(spins, network)
    for a in range(network.n_classes):
        assert np.array_equal(sums[:, a], spins[:, network.site_class == a].sum(axis=1))
    if 0 not in values:
        found = observables.energy_of_sums(sums, network)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("p", range(1, 6))
def test_projection_norm_is_that_of_the_projected_state(p: int) -> None:
    xi = random_patterns(p, p, 30)
    for stored in (xi, np.vstack([xi, xi[:1]])):
        basis = np.linalg.svd(xi.T.astype(float), full_matrices=False)[0]
        spins = np.vstack([random_patterns(p + 9, 4, 30), xi])
        expected = np.linalg.norm(spins @ basis, axis=1) / np.sqrt(30)
        found = observables.projection_norm(overlaps(spins, stored), stored)
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(found[4:], 1.0)
