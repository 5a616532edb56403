"""Storage rules against their published formulas, and properties of every rule."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import tracemalloc
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
import reference_rules as published
from conftest import random_patterns, refuses, stored
from numpy.typing import NDArray
from scipy.integrate import quad

from hopcli.datasets import load_dataset
from hopcli.errors import PatternError
from hopcli.network import Network, Quadratic, hamiltonian
from hopcli.observables import local_fields
from hopcli.rules import RULES, store, storkey
from hopcli.rules.rule import QUANTITIES
from hopcli.taxonomy import fixed_points

Spins = NDArray[np.int8]

FORMULAS: dict[str, Callable[[Spins], Any]]
FORMULAS = {"hebbian": published.hebbian, "pseudo-inverse": published.pseudo_inverse}
FORMULAS |= {"storkey": published.storkey, "covariance": published.covariance}
LEARNT = {"perceptron"}  # learns until a condition holds


def independent(seed: int, p: int, n_sites: int) -> Spins:
    """Random patterns, linearly independent."""
    xi = random_patterns(seed, p, n_sites)
    return xi if np.linalg.matrix_rank(xi) == p else independent(seed + 1_000_003, p, n_sites)


def stabilities(network: Network) -> NDArray[np.float64]:
    """xi_i h_i / |w_i| of every pattern and site, from the N x N matrix."""
    w = network.dense()
    aligned: NDArray[np.float64] = network.xi * (network.xi @ w) / np.linalg.norm(w, axis=1)
    return aligned


def assert_close(found: Any, expected: Any, atol: float = 1e-12) -> None:
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


# --- formulas


SIZES = [(1, 1), (1, 7), (2, 3), (2, 16), (3, 25), (5, 23), (12, 14), (50, 120)]


CASES = [(rule, *size) for rule in FORMULAS for size in SIZES[rule == "covariance" :]]


@pytest.mark.parametrize(("rule", "p", "n_sites"), [*CASES, ("pseudo-inverse", 300, 784)])
def test_couplings_equal_the_formula(rule: str, p: int, n_sites: int) -> None:
    for seed in range(1 if p > 12 else 3):
        xi = independent(seed, p, n_sites)
        network = store(xi, rule)
        assert network.rule == rule
        assert_close(network.dense(), FORMULAS[rule](xi), 1e-10 if p > 50 else 1e-12)


def test_five_digits_have_29_classes(five: Spins) -> None:
    network = store(five)
    assert (network.n_sites, network.J.shape) == (784, (29, 29))
    assert np.array_equal(network.xi, five)


@pytest.mark.parametrize(("normalise", "divisor"), [("N", 23), ("p", 4), ("none", 1)])
def test_hebbian_is_divided_by_sites_patterns_or_nothing(normalise: str, divisor: int) -> None:
    xi = random_patterns(2, 4, 23)
    expected = 23 * published.hebbian(xi) / divisor
    assert_close(store(xi, "hebbian", normalise=normalise).dense(), expected, 1e-14)


def test_covariance_of_0_and_1_with_thresholds_is_the_textbook_network() -> None:
    """h_i = sum_j W_ij eta_j > theta in 0 and 1: in spins theta_i = 2 theta - sum_j W_ij."""
    xi = np.where(np.random.default_rng(5).random((3, 9)) < 0.3, 1, -1).astype(np.int8)
    assert_close(store(xi, "covariance", activity=0.5).dense(), published.hebbian(xi))
    mean = float((xi > 0).mean())
    w = store(xi, "covariance", activity=mean).dense()
    assert_close(w, published.covariance(xi))
    for theta in (0.0, 0.11):
        network = store(xi, "covariance", 2 * theta - w.sum(axis=1))
        eta = np.array([*itertools.product([0, 1], repeat=9)])
        fields = eta @ w - theta
        fixed = np.all(np.where(np.abs(fields) < 1e-9, eta, fields > 0) == eta, axis=1)
        assert fixed.sum() > 2
        assert np.array_equal(fixed_points((2 * eta - 1).astype(np.int8), network), fixed)
    for constant in (np.ones((2, 4), np.int8), -np.ones((1, 3), np.int8)):
        with pytest.raises(PatternError):
            store(constant, "covariance")


@pytest.mark.parametrize("rule", RULES)
def test_drawings_are_stored_without_a_matrix_of_all_sites(rule: str) -> None:
    """128 x 128 sites: N x N numbers would be 2 GiB, and even one byte each 268 MB."""
    xi = load_dataset("drawings").spins
    store(xi[:1], rule)  # imports what it needs
    tracemalloc.start()
    network = store(xi, rule)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert network.n_classes <= 8
    assert network.n_sites == xi.shape[1] == 128 * 128
    assert peak < network.n_sites**2 / 50


# --- every rule


def test_every_rule_has_its_published_formula_here() -> None:
    assert set(RULES) == set(FORMULAS) | LEARNT


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("p", [1, 2, 3])
def test_classes_are_the_distinct_columns_and_thresholds(rule: str, p: int) -> None:
    for seed in range(5):
        xi = independent(seed, p, 20)
        theta = np.random.default_rng(seed).choice([-0.5, 0.0, 0.125], 20)
        plain, network = stored(xi, rule, kappa=0.1), stored(xi, rule, theta, kappa=0.1)
        for made, keys in ((plain, xi), (network, np.vstack([xi, theta]))):
            assert made.n_classes == len(np.unique(keys, axis=1).T)
            assert np.array_equal(made.columns[made.site_class], xi.T)
            assert np.array_equal(made.xi, xi)
            assert np.array_equal(made.class_sizes, np.bincount(made.site_class))
        assert np.array_equal(network.theta[network.site_class], theta)
        assert_close(network.dense(), plain.dense())
        assert stored(xi, rule, 0.25, kappa=0.1).n_classes == plain.n_classes
        for array in (network.J, network.columns, network.site_class, network.theta):
            assert not array.flags.writeable


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("first", [1, 3, 4])
def test_patterns_stored_onto_earlier_ones_are_stored_as_at_once(rule: str, first: int) -> None:
    xi = random_patterns(3, 5, 60)
    earlier, at_once = store(xi[:first], rule), store(xi, rule)
    before = earlier.dense()
    later = store(xi[first:], rule, onto=earlier)
    assert np.array_equal(later.xi, xi)
    assert later.n_classes == at_once.n_classes
    assert_close(later.dense(), at_once.dense())
    assert np.array_equal(earlier.dense(), before)
    other = "hebbian" if rule == "storkey" else "storkey"
    with refuses("rule", found=other):
        store(xi[first:], other, onto=earlier)


def test_exact_rules_make_every_pattern_a_fixed_point_and_others_do_not() -> None:
    single, many = random_patterns(0, 1, 31), independent(3, 18, 40)
    for name, rule in RULES.items():
        assert np.all(local_fields(single, store(single, name)) * single > 0)
        assert fixed_points(many, stored(many, name, kappa=0.1)).all() == rule.exact, name


WRONG: dict[str, list[Any]] = {"kapa": [1], "normalise": ["n", "", None, 1, ["N"]]}
WRONG |= {"kappa": [-0.1, math.nan, math.inf, "1", None, True]}
WRONG |= {"epochs": [0, -1, 1.5, "10", None, True]}
WRONG |= {"activity": [0, 1.1, -0.5, math.nan, "half", None, True]}


@pytest.mark.parametrize("rule", RULES)
def test_parameters_and_thresholds_out_of_range_are_refused(rule: str) -> None:
    xi = independent(4, 2, 18)
    for name, values in WRONG.items():
        for value in values:
            with refuses(name, found=value):
                store(xi, rule, **{name: value})
    for name in set(WRONG) - set(RULES[rule].parameters):
        parameter: Any = {name: 1}
        with refuses(name):
            store(xi, rule, **parameter)
    for theta in (math.nan, math.inf):
        with refuses("theta"):
            store(xi, rule, theta)
    with refuses("rule", found="hopfield"):
        store(xi, "hopfield")


@pytest.mark.parametrize("n_sites", [2, 100, 784])
def test_capacities_are_the_published_loads(n_sites: int) -> None:
    found = {name: rule.capacity(n_sites, **rule.complete({})) for name, rule in RULES.items()}
    log = math.log(n_sites)
    hebbian = {"all_fixed": 1 / (4 * log), "fixed": 1 / (2 * log), "overlap": 0.138}
    assert found.pop("hebbian") == pytest.approx(hebbian)
    assert found.pop("storkey") == {"fixed": pytest.approx((2 * log) ** -0.5)}
    assert found.pop("perceptron") == {"all_fixed": pytest.approx(0.5196, abs=5e-5)}
    assert found == {"pseudo-inverse": {"all_fixed": 1.0}, "covariance": {}}
    assert {*hebbian} == {*QUANTITIES}


@pytest.mark.parametrize("kappa", [0.0, 0.3, 1.0, 2.5])
def test_the_perceptron_holds_as_much_as_gardner_says_for_its_kappa(kappa: float) -> None:
    def excess(t: float) -> float:
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi) * (t + kappa) ** 2

    load = RULES["perceptron"].capacity(100, kappa=kappa, epochs=5)["all_fixed"]
    assert load == pytest.approx(1 / quad(excess, -kappa, math.inf)[0])
    assert (load == pytest.approx(2.0)) == (kappa == 0)


# --- dependent patterns


DEPENDENT: list[tuple[Any, list[str]]] = [
    ([[1, 1, 1], [1, -1, 1], [1, 1, 1]], ["1", "3"]),
    ([[1, 1, 1], [1, -1, 1], [-1, -1, -1]], ["1", "3"]),
    # The first two add up to the same as the last two; more patterns than sites, no two alike.
    ([[1, 1, 1, 1], [1, 1, -1, -1], [1, 1, 1, -1], [1, 1, -1, 1]], []),
    ([[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]], []),
    (np.ones((1001, 3)), ["1,001", "1"]),  # so many that Q is not even looked at
]


@pytest.mark.parametrize(("xi", "named"), DEPENDENT)
def test_pseudo_inverse_refuses_dependent_patterns(xi: Any, named: list[str]) -> None:
    with pytest.raises(PatternError) as error:
        store(np.array(xi, np.int8))
    assert re.findall(r" ([\d,]+) ", str(error.value))[: len(named)] == named
    assert "\n" not in str(error.value)


def test_the_perceptron_learns_dependent_patterns() -> None:
    xi = random_patterns(7, 3, 50)
    network = store(np.vstack([xi, xi[:1], -xi[1:2]]), "perceptron", kappa=0.5)
    assert stabilities(network).min() >= 0.5 - 1e-9


# --- the perceptron


@pytest.mark.parametrize("kappa", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("p", "n_sites"), [(1, 12), (5, 30), (20, 100), (60, 200)])
def test_the_perceptron_makes_every_site_stable(kappa: float, p: int, n_sites: int) -> None:
    network = store(random_patterns(7, p, n_sites), "perceptron", kappa=kappa)
    assert stabilities(network).min() >= kappa - 1e-9
    assert not np.diag(network.dense()).any()


@pytest.mark.parametrize(
    ("xi", "kappa"),
    [
        # Far more than 2 N patterns: no couplings hold them [Gardner 1988].
        (random_patterns(0, 60, 20), 0.0),
        # All states of four sites: whatever the others are, the fourth is up and down.
        (np.array(list(product((-1, 1), repeat=4)), np.int8), 0.1),
        # |h_i| <= |w_i| sqrt(N - 1), so no stability is above sqrt(N - 1) = 3.
        (random_patterns(0, 1, 10), 3.1),
        # The second site is up in one pattern and down in the other: its field is 0.
        (np.array([[1, 1, 1], [1, -1, 1]], np.int8), 0.0),
    ],
)
def test_the_perceptron_refuses_what_it_cannot_learn(xi: Spins, kappa: float) -> None:
    with pytest.raises(PatternError, match=rf"kappa = {kappa:g} .* {len(xi)} .* 25 ") as error:
        store(xi, "perceptron", kappa=kappa, epochs=25)
    assert "\n" not in str(error.value)


def test_a_single_pattern_reaches_the_highest_stability_there_is() -> None:
    """One pattern couples each site to all others alike: stability sqrt(N - 1)."""
    network = store(random_patterns(0, 1, 10), "perceptron", kappa=3.0 - 1e-9)
    assert_close(stabilities(network), 3.0, 1e-9)


def test_the_perceptron_takes_as_many_epochs_as_it_needs_and_no_more() -> None:
    xi, learnt = random_patterns(7, 40, 100), []
    for epochs in (*range(1, 60), 1000):
        with contextlib.suppress(PatternError):
            learnt.append((epochs, store(xi, "perceptron", kappa=0.5, epochs=epochs).dense()))
    (needed, enough), (_, more) = learnt[0], learnt[-1]
    assert needed > 2
    assert [epochs for epochs, _ in learnt] == [*range(needed, 60), 1000]
    assert np.array_equal(enough, more)
    held = random_patterns(0, 2, 400)  # by Hebb's rule already: nothing is learnt
    assert stabilities(store(held, "hebbian")).min() > 0
    kept = store(held, "perceptron", kappa=0.0, epochs=1)
    assert_close(kept.dense(), store(held, "hebbian").dense(), 1e-15)


# --- the record of couplings


PARTS: dict[str, Any] = {"rule": "hebbian", "hamiltonian": Quadratic(np.eye(2))}
PARTS |= {"site_class": np.array([0, 1, 1], np.int32), "columns": np.array([[1], [-1]], np.int8)}
PARTS |= {"theta": np.ones(2)}


IN_CLASSES = [np.array(classes, np.int32) for classes in ([0, 0, 0], [0, 1, 2])]
WRONG_PARTS = [("hamiltonian", Quadratic(np.eye(3)), "K = 2"), ("theta", np.zeros(3), "K = 2")]
WRONG_PARTS += [("site_class", IN_CLASSES[0], "class"), ("site_class", IN_CLASSES[1], "K - 1 = 1")]


@pytest.mark.parametrize(("name", "value", "word"), WRONG_PARTS)
def test_networks_check_their_parts(name: str, value: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Network(**PARTS | {name: value})


def test_networks_own_their_parts() -> None:
    j, own = np.eye(2), {name: PARTS[name].copy() for name in ("site_class", "columns", "theta")}
    network = Network(**PARTS | own | {"hamiltonian": Quadratic(j)})
    for array in (j, *own.values()):
        array[...] = 0
    for array in (network.J, *(getattr(network, name) for name in own)):
        assert array.any()


NOT_SYMMETRIC = [np.ones((2, 3)), np.full((2, 2), np.nan), *(np.eye(60, k=k) for k in (1, -30, 59))]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("j", NOT_SYMMETRIC, ids=["shape", "nan", "beside", "below", "corner"])
def test_couplings_are_square_and_symmetric(j: Any) -> None:
    with pytest.raises(ValueError, match="J"):
        Quadratic(j)


# --- symmetric products


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamiltonian, "_BLOCK", 8)
    monkeypatch.setattr(hamiltonian, "_ROWS", 24)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("at_once", [1, 3, 10, 11])
@pytest.mark.parametrize("first", [0, 4])
def test_storkey_in_parts(monkeypatch: pytest.MonkeyPatch, at_once: int, first: int) -> None:
    monkeypatch.setattr(storkey, "_AT_ONCE", at_once)
    xi = random_patterns(5, 11, 70)
    earlier = store(xi[:first], "storkey") if first else None
    found = store(xi[first:], "storkey", onto=earlier)
    assert_close(found.dense(), published.storkey(xi))
    assert np.array_equal(found.J, found.J.T)
