"""What one storage rule alone promises: Storkey, Hebbian divisors, the perceptron."""

from __future__ import annotations

import tracemalloc
from itertools import permutations

import numpy as np
import pytest
import reference_rules as published
from conftest import random_patterns
from numpy.typing import NDArray

from hopcli.datasets import load_dataset
from hopcli.errors import PatternError, SettingError
from hopcli.storage import Couplings, store

Floats = NDArray[np.float64]
Spins = NDArray[np.int8]


def _stabilities(network: Couplings) -> Floats:
    """xi_i h_i / |w_i| of every pattern and site, from the N x N matrix."""
    w = network.dense()
    aligned = network.xi * (network.xi @ w)
    return aligned / np.linalg.norm(w, axis=1)


@pytest.mark.parametrize(("p", "n_sites"), [(1, 2), (2, 3), (3, 14), (6, 14), (12, 11)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_storkey_is_its_published_formula(p: int, n_sites: int, seed: int) -> None:
    xi = random_patterns(seed, p, n_sites)
    direct = published.storkey(xi)
    np.testing.assert_allclose(published.storkey_by_matrices(xi), direct, rtol=0, atol=1e-13)
    np.testing.assert_allclose(store(xi, "storkey").dense(), direct, rtol=0, atol=1e-12)


@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (4, 2, 0, 3, 1)])
def test_storkey_is_its_published_formula_for_the_five_digits(
    five: Spins, order: tuple[int, ...]
) -> None:
    xi = five[list(order)]
    direct = published.storkey_by_matrices(xi)
    np.testing.assert_allclose(store(xi, "storkey").dense(), direct, rtol=0, atol=1e-12)


def test_storkey_is_its_published_formula_for_many_patterns() -> None:
    """As many classes as sites, and couplings that have grown for fifty patterns."""
    xi = random_patterns(5, 50, 120)
    direct = published.storkey_by_matrices(xi)
    np.testing.assert_allclose(store(xi, "storkey").dense(), direct, rtol=0, atol=1e-12)


@pytest.mark.parametrize("first", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_storkey_goes_on_from_earlier_patterns(first: int, seed: int) -> None:
    xi = random_patterns(seed, 5, 60)
    at_once = store(xi, "storkey")
    later = store(xi[first:], "storkey", onto=store(xi[:first], "storkey"))
    assert np.array_equal(later.xi, xi)
    assert later.n_classes == at_once.n_classes
    np.testing.assert_allclose(later.dense(), at_once.dense(), rtol=0, atol=1e-12)


def test_storkey_goes_on_from_three_digits_to_five(five: Spins) -> None:
    later = store(five[3:], "storkey", onto=store(five[:3], "storkey"))
    assert later.n_classes == 29
    np.testing.assert_allclose(later.dense(), store(five, "storkey").dense(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(
        later.dense(), published.storkey_by_matrices(five), rtol=0, atol=1e-12
    )


def test_storkey_goes_on_one_pattern_after_another() -> None:
    xi = random_patterns(3, 6, 40)
    network = store(xi[:1], "storkey")
    for x in xi[1:]:
        network = store(x[None], "storkey", onto=network)
    np.testing.assert_allclose(network.dense(), store(xi, "storkey").dense(), rtol=0, atol=1e-12)


def test_going_on_leaves_the_earlier_network_as_it_was() -> None:
    xi = random_patterns(3, 5, 40)
    earlier = store(xi[:3], "storkey")
    before = earlier.dense()
    store(xi[3:], "storkey", onto=earlier)
    assert np.array_equal(earlier.dense(), before)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "perceptron"])
def test_rules_that_are_not_incremental_take_all_patterns_anew(rule: str) -> None:
    xi = random_patterns(3, 5, 60)
    later = store(xi[3:], rule, onto=store(xi[:3], rule))
    np.testing.assert_allclose(later.dense(), store(xi, rule).dense(), rtol=0, atol=1e-12)


def test_going_on_by_another_rule_is_refused() -> None:
    xi = random_patterns(3, 2, 20)
    with pytest.raises(SettingError, match=r"rule must be 'storkey'.*found 'hebbian'"):
        store(xi[1:], "hebbian", onto=store(xi[:1], "storkey"))


def test_storkey_depends_on_the_order_of_three_patterns_and_not_of_two() -> None:
    xi = random_patterns(1, 3, 30)
    networks = [store(xi[list(order)], "storkey").dense() for order in permutations(range(3))]
    apart = [np.abs(w - networks[0]).max() for w in networks[1:]]
    assert max(apart) > 1e-3
    for order in permutations(range(3)):
        np.testing.assert_allclose(
            store(xi[list(order)], "storkey").dense(),
            published.storkey(xi[list(order)]),
            rtol=0,
            atol=1e-12,
        )


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_the_order_of_patterns_does_not_matter_to_rules_that_sum(rule: str) -> None:
    xi = random_patterns(1, 3, 30)
    expected = store(xi, rule).dense()
    for order in permutations(range(3)):
        np.testing.assert_allclose(
            store(xi[list(order)], rule).dense(), expected, rtol=0, atol=1e-12
        )


@pytest.mark.parametrize(("normalise", "divisor"), [("N", 23), ("p", 4), ("none", 1)])
def test_hebbian_is_divided_by_sites_patterns_or_nothing(normalise: str, divisor: int) -> None:
    xi = random_patterns(2, 4, 23)
    direct = np.zeros((23, 23))
    for i in range(23):
        for j in range(23):
            if i != j:
                direct[i, j] = sum(int(x[i]) * int(x[j]) for x in xi) / divisor
    w = store(xi, "hebbian", normalise=normalise).dense()
    np.testing.assert_allclose(w, direct, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kappa", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("p", "n_sites"), [(1, 12), (5, 30), (20, 100), (60, 200)])
def test_the_perceptron_makes_every_site_of_every_pattern_stable(
    kappa: float, p: int, n_sites: int
) -> None:
    network = store(random_patterns(7, p, n_sites), "perceptron", kappa=kappa)
    assert _stabilities(network).min() >= kappa - 1e-9
    w = network.dense()
    assert np.array_equal(w, w.T)
    assert not np.diag(w).any()


def test_the_perceptron_learns_what_hebbian_does_not_hold(five: Spins) -> None:
    assert _stabilities(store(five, "hebbian")).min() < 0
    assert _stabilities(store(five, "perceptron", kappa=1.0)).min() >= 1 - 1e-9


def test_the_perceptron_learns_dependent_patterns_that_the_pseudo_inverse_refuses() -> None:
    xi = random_patterns(7, 3, 50)
    twice = np.vstack([xi, xi[:1], -xi[1:2]])
    with pytest.raises(PatternError):
        store(twice, "pseudo-inverse")
    assert _stabilities(store(twice, "perceptron", kappa=0.5)).min() >= 0.5 - 1e-9


@pytest.mark.parametrize(
    ("xi", "kappa"),
    [
        # Far more than 2 N patterns: no couplings hold them [Gardner 1988].
        (random_patterns(0, 60, 20), 0.0),
        # All states of four sites: whatever the others are, the fourth is up and down.
        ([[a, b, c, d] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1) for d in (-1, 1)], 0.1),
        # |h_i| <= |w_i| sqrt(N - 1), so no stability is above sqrt(N - 1) = 3.
        (random_patterns(0, 1, 10), 3.1),
    ],
)
def test_the_perceptron_says_what_it_cannot_learn(xi: object, kappa: float) -> None:
    patterns = np.array(xi, np.int8)
    with pytest.raises(PatternError, match=r"kappa = .* in 25 epochs") as error:
        store(patterns, "perceptron", kappa=kappa, epochs=25)
    text = str(error.value)
    assert f"kappa = {kappa:g} for {len(patterns)} patterns" in text
    assert "\n" not in text


def test_a_single_pattern_reaches_the_highest_stability_there_is() -> None:
    """One pattern couples each site to all others alike: stability sqrt(N - 1)."""
    network = store(random_patterns(0, 1, 10), "perceptron", kappa=3.0 - 1e-9)
    np.testing.assert_allclose(_stabilities(network), 3.0, rtol=0, atol=1e-9)


def _learns(xi: Spins, epochs: int) -> bool:
    try:
        store(xi, "perceptron", kappa=0.5, epochs=epochs)
    except PatternError:
        return False
    return True


def test_the_perceptron_takes_as_many_epochs_as_it_needs_and_no_more() -> None:
    xi = random_patterns(7, 40, 100)
    needed = next(epochs for epochs in range(1, 200) if _learns(xi, epochs))
    assert needed > 2
    with pytest.raises(PatternError, match=f"in {needed - 1} epochs"):
        store(xi, "perceptron", kappa=0.5, epochs=needed - 1)
    enough, more = (store(xi, "perceptron", kappa=0.5, epochs=n) for n in (needed, 10 * needed))
    assert np.array_equal(enough.dense(), more.dense())


def test_an_epoch_more_never_unlearns() -> None:
    """Patterns without a weak site end the learning: kappa = 0 leaves Hebbian as it is."""
    xi = random_patterns(0, 2, 400)
    hebbian = store(xi, "hebbian")
    assert _stabilities(hebbian).min() > 0
    network = store(xi, "perceptron", kappa=0.0, epochs=1)
    np.testing.assert_allclose(network.dense(), hebbian.dense(), rtol=0, atol=1e-15)


@pytest.mark.parametrize("rule", ["storkey", "hebbian", "pseudo-inverse", "perceptron"])
def test_drawings_are_stored_without_a_matrix_of_all_sites(rule: str) -> None:
    """128 x 128 sites: N x N numbers would be 2 GiB, and even one byte each 268 MB."""
    xi = load_dataset("drawings").spins
    n_sites = 128 * 128
    assert xi.shape == (3, n_sites)
    store(xi[:1, :64], rule)  # imports what it needs
    tracemalloc.start()
    network = store(xi, rule)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert network.n_classes <= 8
    assert peak < n_sites**2 / 50
    assert network.class_sizes.sum() == n_sites
    assert np.array_equal(network.xi, xi)


def test_storkey_of_drawings_is_the_formula_on_some_of_their_sites() -> None:
    """Every 37th pixel is a picture small enough for the formula of all pairs."""
    xi = np.ascontiguousarray(load_dataset("drawings").spins[:, ::37])
    np.testing.assert_allclose(
        store(xi, "storkey").dense(), published.storkey_by_matrices(xi), rtol=0, atol=1e-12
    )
