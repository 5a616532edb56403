"""The taxonomy of final states, against enumeration and brute force."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from conftest import random_patterns, stored
from numpy.typing import NDArray

from hopcli.observables import class_sums, overlaps
from hopcli.storage import RULES, Couplings, store
from hopcli.taxonomy import KINDS, classify, fixed_points, mixture_method

Spins = NDArray[np.int8]
SIGNS = list(product((1, -1), repeat=3))


def _all_states(n_sites: int) -> Spins:
    return np.array(list(product((-1, 1), repeat=n_sites)), np.int8)


def _is_fixed(state: Spins, w: NDArray[np.float64], theta: NDArray[np.float64], tie: str) -> bool:
    """Ask of each site whether it is what the sign rule would make of it."""
    for i, spin in enumerate(state.tolist()):
        excess = float(w[i] @ state) - theta[i]
        wanted = {"keep": spin, "up": 1, "down": -1}[tie] if abs(excess) < 1e-9 else excess
        if wanted * spin <= 0 and wanted != spin:
            return False
    return True


def _mixture(xi: Spins, three: tuple[int, ...], signs: tuple[int, ...]) -> Spins:
    return np.sign(np.array(signs) @ xi[list(three)].astype(int)).astype(np.int8)


def _brute_force(state: Spins, network: Couplings, criterion: float) -> str:
    """The taxonomy, read aloud, over all patterns and all mixtures of three."""
    xi, n_sites = network.xi.astype(int), network.n_sites
    m = [int(x @ state) for x in xi]
    best = max(m, key=lambda overlap: (abs(overlap), overlap))  # a pattern before an inverse
    if abs(best) >= criterion * n_sites - 1e-9:
        return "pattern" if best > 0 else "inverse"
    for three in combinations(range(len(xi)), 3):
        for signs in SIGNS:
            overlap = int(_mixture(network.xi, three, signs).astype(int) @ state)
            if overlap >= criterion * n_sites - 1e-9:
                return "mixture"
    theta = network.theta[network.site_class]
    return "fixed-point" if _is_fixed(state, network.dense(), theta, "keep") else "unsettled"


def test_patterns_and_inverses_are_called_so() -> None:
    network = store(random_patterns(0, 4, 200), "hebbian")
    ends = classify(np.concatenate([network.xi, -network.xi]), network, 1.0)
    assert ends.kind.tolist() == ["pattern"] * 4 + ["inverse"] * 4
    assert ends.nearest.tolist() == [0, 1, 2, 3] * 2
    assert ends.m.shape == (8, 4)
    assert np.diag(ends.m[:4]).tolist() == [1] * 4
    assert np.diag(ends.m[4:]).tolist() == [-1] * 4


@pytest.mark.parametrize("three", list(combinations(range(4), 3)))
@pytest.mark.parametrize("signs", SIGNS)
def test_every_mixture_of_three_random_patterns_is_one(
    three: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    xi = random_patterns(0, 4, 1000)
    state = _mixture(xi, three, signs)
    ends = classify(state[None], store(xi, "hebbian"), 0.99)
    assert ends.kind.tolist() == ["mixture"]
    assert ends.nearest[0] in three
    assert np.abs(ends.m[0, list(three)]).min() > 0.4


def test_every_mixture_of_three_digits_is_one(five: Spins) -> None:
    """Patterns that are much alike: a mixture may overlap more with a fourth pattern."""
    network = store(five)
    states = np.array(
        [_mixture(five, three, s) for three in combinations(range(5), 3) for s in SIGNS]
    )
    kind = classify(states, network, 0.99).kind
    assert kind.tolist() == [_brute_force(state, network, 0.99) for state in states]
    assert np.all((kind == "mixture") | (np.abs(states @ five.T.astype(int)).max(axis=1) >= 777))


@pytest.mark.parametrize(
    ("p", "n_sites", "method"),
    [
        (1, 784, "none"),
        (2, 784, "none"),
        (3, 784, "all"),
        (5, 16_384, "all"),
        (20, 784, "all"),
        (20, 1000, "nearest"),
        (21, 9, "nearest"),
    ],
)
def test_every_mixture_is_tried_as_long_as_there_are_few(p: int, n_sites: int, method: str) -> None:
    """At most 20 patterns, and 4 million sites of mixtures, four for each three patterns."""
    assert mixture_method(p, n_sites) == method


@pytest.mark.parametrize(("p", "n_sites"), [(21, 400), (60, 401), (20, 1100)])
def test_of_many_patterns_a_state_is_held_against_the_nearest_three_with_their_signs(
    p: int, n_sites: int
) -> None:
    """Mixtures with any signs, from whole to hardly like one, by a loop over the definition."""
    xi, rng = random_patterns(6, p, n_sites), np.random.default_rng(2)
    assert mixture_method(p, n_sites) == "nearest"
    network = store(xi, "hebbian")
    states, expected = [], []
    for trial, signs in enumerate(SIGNS * 3):
        state = _mixture(xi, tuple(rng.choice(p, 3, replace=False)), signs)
        state[rng.choice(n_sites, (0, n_sites // 20, n_sites // 2)[trial % 3], replace=False)] *= -1
        m = xi.astype(int) @ state
        three = sorted(range(p), key=lambda mu: -abs(int(m[mu])))[:3]
        nearest = _mixture(xi, tuple(three), tuple(1 if m[mu] >= 0 else -1 for mu in three))
        states.append(state)
        expected.append(abs(int(nearest.astype(int) @ state)) / n_sites)
    assert expected.count(1.0) == 8, "what is not distorted is found"
    for state, overlap in zip(states, expected, strict=True):
        for criterion, reached in ((overlap, True), (min(1, overlap + 0.5 / n_sites), False)):
            kind = classify(state[None], network, criterion).kind[0]
            if np.abs(xi.astype(int) @ state).max() < criterion * n_sites - 1e-6:
                assert (kind == "mixture") == (reached or overlap == 1)


@pytest.mark.parametrize("p", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("criterion", [0.8, 1.0])
def test_kinds_equal_brute_force_on_all_states_of_a_small_network(
    p: int, seed: int, criterion: float
) -> None:
    network = store(random_patterns(seed, p, 9), "hebbian")
    states = _all_states(9)
    ends = classify(states, network, criterion)
    assert ends.kind.tolist() == [_brute_force(state, network, criterion) for state in states]


@pytest.mark.parametrize("p", [1, 2, 3, 4])
def test_a_state_and_its_inverse_are_of_one_kind(p: int) -> None:
    """Without thresholds; also where overlaps are 0, as they often are among ten sites."""
    network = store(random_patterns(17, p, 10), "pseudo-inverse")
    states = _all_states(10)
    kind, turned = (classify(s, network, 1.0).kind for s in (states, -states))
    other = {"pattern": "inverse", "inverse": "pattern"}
    assert turned.tolist() == [other.get(name, name) for name in kind.tolist()]


def test_two_patterns_have_no_mixture_of_three() -> None:
    xi = random_patterns(1, 2, 60)
    ends = classify(np.sign(xi.sum(axis=0) + 0.5)[None].astype(np.int8), store(xi, "hebbian"), 0.9)
    assert ends.kind[0] in ("fixed-point", "unsettled")


@pytest.mark.parametrize(
    ("rule", "seed", "theta"),
    [("pseudo-inverse", 11, 0.0), *((rule, 7, 0.6) for rule in RULES)],
)
def test_another_fixed_point_is_found_and_called_so(rule: str, seed: int, theta: float) -> None:
    """Enumerate a network of twelve sites: what is fixed and nothing else is fixed-point."""
    xi = random_patterns(seed, 5, 12)
    thresholds = theta * np.random.default_rng(0).standard_normal(12)
    network = stored(xi, rule, thresholds, kappa=0.1)
    states = _all_states(12)
    w = network.dense()
    fixed = np.array([_is_fixed(state, w, thresholds, "keep") for state in states])
    kind = classify(states, network, 1.0).kind
    assert np.array_equal(fixed_points(states, network), fixed)
    others = np.isin(kind, ["fixed-point", "unsettled"])
    assert np.array_equal(kind[others] == "fixed-point", fixed[others])
    spurious = [_brute_force(state, network, 1.0) == "fixed-point" for state in states[fixed]]
    assert any(spurious)
    assert np.all(kind[fixed][spurious] == "fixed-point")


@pytest.mark.parametrize("tie", ["keep", "up", "down"])
def test_ties_are_fixed_or_not_as_the_rule_for_ties_says(tie: str) -> None:
    xi = random_patterns(3, 3, 9)
    network = store(xi, "hebbian", normalise="none")
    w = network.dense()
    states = _all_states(9)
    assert np.any(states @ w == 0), "ties do occur"
    direct = [_is_fixed(state, w, np.zeros(9), tie) for state in states]
    assert fixed_points(states, network, tie).tolist() == direct
    kind = classify(states, network, 1.0, None, tie).kind
    others = np.isin(kind, ["fixed-point", "unsettled"])
    assert np.array_equal(kind[others] == "fixed-point", np.array(direct)[others])


def test_rules_for_ties_differ() -> None:
    xi = random_patterns(3, 3, 9)
    network = store(xi, "hebbian", normalise="none")
    states = _all_states(9)
    keep, up, down = (fixed_points(states, network, tie) for tie in ("keep", "up", "down"))
    assert np.all(keep[up])
    assert np.all(keep[down])
    assert keep.sum() > up.sum()
    assert np.array_equal(up, down[::-1])  # turned over, all states come in reverse


def test_a_site_without_couplings_is_tied_at_its_threshold() -> None:
    """A field that equals its threshold but for rounding is a tie."""
    xi = np.array([[1, 1, 1]], np.int8)
    network = store(xi, "hebbian", 2 / 3)
    up, down = xi, -xi
    assert fixed_points(np.vstack([up, down]), network, "keep").tolist() == [True, True]
    assert fixed_points(np.vstack([up, down]), network, "up").tolist() == [True, True]
    assert fixed_points(np.vstack([up, down]), network, "down").tolist() == [False, True]


def test_thresholds_move_fixed_points() -> None:
    xi = random_patterns(0, 1, 20)
    both = np.vstack([xi, -xi])
    assert fixed_points(both, store(xi, "hebbian")).tolist() == [True, True]
    biased = store(xi, "hebbian", -2.0 * xi[0])  # each site pulled to the pattern
    assert fixed_points(both, biased).tolist() == [True, False]


def test_a_site_at_zero_is_not_settled_unless_tied() -> None:
    xi = random_patterns(0, 1, 20)
    state = xi.copy()
    state[0, 3] = 0
    network = store(xi, "hebbian")
    assert fixed_points(state, network).tolist() == [False]
    assert fixed_points(np.zeros((1, 20), np.int8), network, "keep").tolist() == [True]
    assert fixed_points(np.zeros((1, 20), np.int8), network, "up").tolist() == [False]


def test_a_two_cycle_is_one_only_where_nothing_else_fits() -> None:
    xi = random_patterns(0, 3, 100)
    network = store(xi, "pseudo-inverse")
    states = np.vstack([xi[0], -xi[1], _mixture(xi, (0, 1, 2), (1, 1, 1)), xi[0], xi[0]])
    states[3:, :30] *= -1
    cycling = np.array([True, True, True, True, False])
    kind = classify(states, network, 1.0, cycling).kind.tolist()
    assert kind == ["pattern", "inverse", "mixture", "two-cycle", "unsettled"]


def test_the_criterion_is_reached_exactly_and_not_one_site_below() -> None:
    xi = random_patterns(0, 1, 1000)
    states = np.repeat(xi, 4, axis=0)
    for row, wrong in enumerate((4, 5, 6, 995)):
        states[row, :wrong] *= -1
    kind = classify(states, store(xi, "hebbian"), 0.99).kind.tolist()
    assert kind == ["pattern", "pattern", "unsettled", "inverse"]
    # Every overlap that N spins can have is at its own criterion.
    for wrong in range(0, 500, 7):
        state = xi.copy()
        state[0, :wrong] *= -1
        criterion = float(np.mean(state * xi))
        assert classify(state, store(xi, "hebbian"), criterion).kind.tolist() == ["pattern"]


def test_a_mixture_reaches_the_criterion_too() -> None:
    xi = random_patterns(0, 3, 1000)
    state = np.repeat(_mixture(xi, (0, 1, 2), (1, -1, 1))[None], 2, axis=0)
    state[0, :5] *= -1
    state[1, :6] *= -1
    assert classify(state, store(xi, "hebbian"), 0.99).kind.tolist() == ["mixture", "unsettled"]


def test_more_states_than_a_batch_are_classified_alike() -> None:
    network = store(random_patterns(12, 3, 13), "hebbian")
    states = _all_states(13)
    assert len(states) > 4096
    together = classify(states, network, 1.0)
    pieces = [classify(part, network, 1.0) for part in np.array_split(states, 7)]
    sums = class_sums(states, network)
    at_hand = classify(states, network, 1.0, sums=sums)
    for name in ("kind", "nearest", "m"):
        found = getattr(together, name)
        assert np.array_equal(found, np.concatenate([getattr(piece, name) for piece in pieces]))
        assert np.array_equal(found, getattr(at_hand, name))
    assert np.array_equal(together.m, overlaps(states, network.xi))
    assert set(together.kind.tolist()) <= set(KINDS)
    nearest = np.abs(together.m).max(axis=1)
    assert np.array_equal(np.abs(together.m[np.arange(len(states)), together.nearest]), nearest)
