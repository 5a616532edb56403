"""The taxonomy of final states, their scores and the census of attractors, by enumeration."""

from __future__ import annotations

import math
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import every_state, few_and_many, random_patterns, stored, write_patterns
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import hopcli
from hopcli.network import Network
from hopcli.observables import class_sums, overlaps
from hopcli.rules import RULES, store
from hopcli.taxonomy import KINDS, Classified, Scores, classify, fixed_points, mixture_method, score

Spins = NDArray[np.int8]
Floats = NDArray[np.float64]

SIGNS = list(product((1, -1), repeat=3))
AT_TIE = {"keep": 0, "up": 1, "down": -1}


def step(states: Spins, w: Floats, theta: Floats | float, tie: str) -> Spins:
    """Set all sites of each state at once to the sign of their fields."""
    excess = states @ w - theta
    at_tie = states if tie == "keep" else np.full_like(states, AT_TIE[tie])
    return np.where(np.abs(excess) < 1e-9, at_tie, np.sign(excess)).astype(np.int8)


def are_fixed(states: Spins, w: Floats, theta: Floats | float = 0.0, tie: str = "keep") -> Any:
    return np.all(step(states, w, theta, tie) == states, axis=1)


def mixture(xi: Spins, three: tuple[int, ...], signs: tuple[int, ...]) -> Spins:
    return np.sign(np.array(signs) @ xi[list(three)].astype(int)).astype(np.int8)


def by_hand(states: Spins, network: Network, criterion: float) -> list[str]:
    """The taxonomy, read aloud, over all patterns and all mixtures of three."""
    xi, least = network.xi.astype(int), criterion * network.n_sites - 1e-9
    threes = combinations(range(len(xi)), 3)
    mixtures = [mixture(network.xi, three, signs) for three in threes for signs in SIGNS]
    mixed = np.max([states @ mix.astype(int) for mix in mixtures] or -np.ones((1, len(states))), 0)
    fixed = are_fixed(states, network.dense(), network.theta[network.site_class])
    kinds = []
    for m, most, is_fixed in zip((states @ xi.T).tolist(), mixed, fixed, strict=True):
        best = max(m, key=lambda overlap: (abs(overlap), overlap))  # a pattern before an inverse
        if abs(best) >= least:
            kinds.append("pattern" if best > 0 else "inverse")
        elif most >= least:
            kinds.append("mixture")
        else:
            kinds.append("fixed-point" if is_fixed else "unsettled")
    return kinds


def kinds_of(states: Spins, network: Network, criterion: float, **more: Any) -> list[str]:
    kinds: list[str] = classify(states, network, criterion, **more).kind.tolist()
    return kinds


# --- patterns, inverses, the criterion


def test_the_criterion_is_reached_exactly_and_not_one_site_below() -> None:
    xi = random_patterns(0, 1, 1000)
    states = np.repeat(xi, 4, axis=0)
    for row, wrong in enumerate((4, 5, 6, 995)):
        states[row, :wrong] *= -1
    network = store(xi, "hebbian")
    assert kinds_of(states, network, 0.99) == ["pattern", "pattern", "unsettled", "inverse"]
    for wrong in range(0, 500, 7):  # every overlap that N spins can have is at its own criterion
        state = xi.copy()
        state[0, :wrong] *= -1
        assert kinds_of(state, network, float(np.mean(state * xi))) == ["pattern"]
    three = random_patterns(0, 3, 1000)
    mixed = np.repeat(mixture(three, (0, 1, 2), (1, -1, 1))[None], 2, axis=0)
    mixed[0, :5] *= -1
    mixed[1, :6] *= -1
    assert kinds_of(mixed, store(three, "hebbian"), 0.99) == ["mixture", "unsettled"]


@pytest.mark.parametrize("p", [1, 2, 3, 4, 5])
@pytest.mark.parametrize(("n_sites", "criterion"), [(9, 0.8), (9, 1.0), (10, 1.0), (10, 0.2)])
def test_kinds_of_all_states_of_a_small_network(p: int, n_sites: int, criterion: float) -> None:
    """Of ten sites many overlaps are 0; a low criterion makes most states patterns."""
    network, states = store(random_patterns(p, p, n_sites), "hebbian"), every_state(n_sites)
    assert kinds_of(states, network, criterion) == by_hand(states, network, criterion)


def test_more_states_than_a_batch_are_classified_alike() -> None:
    network, states = store(random_patterns(12, 3, 13), "hebbian"), every_state(13)
    assert len(states) > 4096
    together = classify(states, network, 1.0)
    pieces = [classify(part, network, 1.0) for part in np.array_split(states, 7)]
    at_hand = classify(states, network, 1.0, sums=class_sums(states, network))
    for name in ("kind", "nearest", "m"):
        found = getattr(together, name)
        assert np.array_equal(found, np.concatenate([getattr(piece, name) for piece in pieces]))
        assert np.array_equal(found, getattr(at_hand, name))
    assert np.array_equal(together.m, overlaps(states, network.xi))
    assert set(together.kind.tolist()) <= set(KINDS)
    size = np.abs(together.m)
    assert np.array_equal(size[np.arange(len(states)), together.nearest], size.max(axis=1))


# --- mixtures


def test_every_mixture_is_tried_as_long_as_there_are_few() -> None:
    """At most 20 patterns, and 4 million sites of mixtures, four for each three patterns."""
    sizes = [(2, 784), (3, 784), (5, 16_384), (20, 784), (20, 1000), (21, 9)]
    methods = ["none", "all", "all", "all", "nearest", "nearest"]
    assert [mixture_method(p, n_sites) for p, n_sites in sizes] == methods


@pytest.mark.parametrize(("p", "n_sites"), [(21, 400), (60, 401), (20, 1100)])
def test_mixtures_of_many_patterns_are_of_the_nearest_three(p: int, n_sites: int) -> None:
    """Mixtures with any signs, from whole to hardly like one, by a loop over the definition."""
    xi, rng = random_patterns(6, p, n_sites), np.random.default_rng(2)
    assert mixture_method(p, n_sites) == "nearest"
    network = store(xi, "hebbian")
    n_whole = 0
    for trial, signs in enumerate(SIGNS * 3):
        state = mixture(xi, tuple(rng.choice(p, 3, replace=False)), signs)
        state[rng.choice(n_sites, (0, n_sites // 20, n_sites // 2)[trial % 3], replace=False)] *= -1
        m = xi.astype(int) @ state
        three = sorted(range(p), key=lambda mu: -abs(int(m[mu])))[:3]
        nearest = mixture(xi, tuple(three), tuple(1 if m[mu] >= 0 else -1 for mu in three))
        overlap = abs(int(nearest.astype(int) @ state)) / n_sites
        n_whole += overlap == 1
        for criterion, reached in ((overlap, True), (min(1, overlap + 0.5 / n_sites), False)):
            kind = kinds_of(state[None], network, criterion)[0]
            if np.abs(m).max() < criterion * n_sites - 1e-6:
                assert (kind == "mixture") == (reached or overlap == 1)
    assert n_whole == 8  # what is not distorted is found


# --- fixed points, ties, two-cycles


@pytest.mark.parametrize("tie", AT_TIE)
@pytest.mark.parametrize(
    ("rule", "seed", "theta"),
    [("pseudo-inverse", 11, 0.0), ("hebbian", 3, 0.0), *((rule, 7, 0.6) for rule in RULES)],
)
def test_fixed_points_by_enumeration(rule: str, seed: int, theta: float, tie: str) -> None:
    """Of the Hebbian sum of whole numbers many fields are 0."""
    ties = (rule, theta) == ("hebbian", 0.0)
    n_sites, p = (9, 3) if ties else (12, 5)
    thresholds = theta * np.random.default_rng(0).standard_normal(n_sites)
    xi, states = random_patterns(seed, p, n_sites), every_state(n_sites)
    network = stored(xi, rule, thresholds, kappa=0.1, normalise="none" if ties else "N")
    w = network.dense()
    assert not ties or np.any(states @ w == 0)
    fixed = are_fixed(states, w, thresholds, tie)
    assert np.array_equal(fixed_points(states, network, tie), fixed)
    kind = classify(states, network, 1.0, None, tie).kind
    others = np.isin(kind, ["fixed-point", "unsettled"])
    assert np.array_equal(kind[others] == "fixed-point", fixed[others])
    if tie == "keep":
        by_name = np.array(by_hand(states, network, 1.0))
        assert ties or np.any(by_name == "fixed-point")
        assert np.all(kind[by_name == "fixed-point"] == "fixed-point")
    elif ties:  # the rules for ties differ
        assert fixed.sum() < are_fixed(states, w).sum()


@pytest.mark.parametrize("tie", AT_TIE)
def test_fixed_points_by_class_are_those_by_site(tie: str) -> None:
    """All states of four classes of equal sites, then with one site at 0, or flipped."""
    network = store(random_patterns(2, 2, 24), "hebbian")
    states = np.array([*product((-1, 0, 1), repeat=4)], np.int8)[:, network.site_class]
    every = np.concatenate([states, states, states])
    every[81:162, 3] = 0
    every[162:, 3] *= -1
    fixed = fixed_points(every, network, tie)
    assert np.array_equal(fixed, are_fixed(every, network.dense(), 0.0, tie))
    assert 0 < fixed[:81].sum() < 81


def test_a_site_without_couplings_is_tied_at_its_threshold() -> None:
    """A field that equals its threshold but for rounding is a tie."""
    network = store(np.array([[1, 1, 1]], np.int8), "hebbian", 2 / 3)
    both = np.array([[1, 1, 1], [-1, -1, -1]], np.int8)
    for tie, settled in (("keep", [True, True]), ("up", [True, True]), ("down", [False, True])):
        assert fixed_points(both, network, tie).tolist() == settled


def test_a_two_cycle_is_one_only_where_nothing_else_fits() -> None:
    xi = random_patterns(0, 3, 100)
    states = np.vstack([xi[0], -xi[1], mixture(xi, (0, 1, 2), (1, 1, 1)), xi[0], xi[0]])
    states[3:, :30] *= -1
    cycling = np.array([True, True, True, True, False])
    kinds = classify(states, store(xi), 1.0, cycling).kind.tolist()
    assert kinds == ["pattern", "inverse", "mixture", "two-cycle", "unsettled"]


# --- the census


def attractors_of(states: Spins, w: Floats, theta: Floats, tie: str, *, sync: bool) -> Any:
    """Enumerate the fixed points and, of synchronous updates, the two-cycles.

    Inverse attractors are one where the whole set is symmetric because no site has a
    threshold and ties are kept.
    """
    once = step(states, w, theta, tie)
    kept = np.all(once == states, axis=1)
    if sync:
        kept |= np.all(step(once, w, theta, tie) == states, axis=1)
    signs = (1, -1) if tie == "keep" and not theta.any() else (1,)
    pairs = zip(states[kept], once[kept], strict=True)
    return {frozenset((sign * s).tobytes() for s in pair for sign in signs) for pair in pairs}


@few_and_many("networks", 12, 90)
@pytest.mark.parametrize("tie", AT_TIE)
@pytest.mark.parametrize("updates", ["async", "sync"])
def test_census_of_all_states(empty_folder: Path, updates: Any, tie: Any, networks: int) -> None:
    """Of small networks: three rules, with and without thresholds, many with ties."""
    n_cycles = 0
    for seed in range(networks):
        rng = np.random.default_rng(seed)
        n_sites, p = int(rng.integers(3, 8)), int(rng.integers(1, 4))
        xi, every = random_patterns(seed, p, n_sites), every_state(n_sites)
        independent = np.linalg.matrix_rank(xi) == p
        rule = ["hebbian", "storkey", "pseudo-inverse" if independent else "hebbian"][seed % 3]
        theta = rng.choice([-1, 0, 1], n_sites) / n_sites if seed % 2 else np.zeros(n_sites)
        write_patterns("patterns.txt", xi, (1, n_sites))
        write_patterns("every.txt", every, (1, n_sites))
        np.savetxt("theta.txt", theta)
        how = {"dynamics": updates, "tie": tie, "theta": "theta.txt" if theta.any() else 0.0}
        how |= {"start": "text:every.txt", "starts": len(every), "most": 1000}
        result: Any = hopcli.attractors(dataset="text:patterns.txt", rule=rule, **how).result
        w = store(xi, rule).dense()
        expected = attractors_of(every, w, theta, tie, sync=updates == "sync")
        table = result.tables["attractors"]
        settled = (table["kind"] != "unsettled").to_numpy()
        states = [state.tobytes() for state in result.states[rule][settled]]
        orbits = [{orbit for orbit in expected if state in orbit} for state in states]
        assert [len(found) for found in orbits] == [1] * len(expected), seed
        assert set().union(*orbits) == expected, seed
        moving = [orbit for orbit in expected if len(orbit) > 1 and _moves(orbit, w, theta, tie)]
        kinds = result.tables["kinds"].set_index("kind")["distinct"]
        assert kinds["attractors"] == len(expected)
        assert kinds.get("two-cycle", 0) == (len(moving) if updates == "sync" else 0), seed
        n_cycles += kinds.get("two-cycle", 0)
        assert table["count"].sum() == len(every)
    assert (n_cycles > 5) == (updates == "sync")


def _moves(orbit: frozenset[bytes], w: Floats, theta: Floats, tie: str) -> bool:
    states = np.array([np.frombuffer(state, np.int8) for state in orbit])
    return not are_fixed(states, w, theta, tie).all()


# --- scoring, against a plain loop, written from what its docstring says

N_SITES = 20


def by_loop(m: Any, kind: str, label: str, stored: Any, criterion: float, signed: bool) -> Any:
    """Recalled, overlaps with the own pattern, nearest pattern (all that may be), outcome."""
    own = [row for row, name in enumerate(stored) if name == label]
    size = m if signed else [abs(overlap) for overlap in m]
    scored = max(size[row] for row in own) if own else max(size)
    nearest_own = {m[row] for row in own if size[row] == scored} or {math.nan}
    # A pattern before an inverse, and of those that are equally near the own.
    farthest = max(abs(overlap) for overlap in m)
    near = [row for row in range(len(m)) if m[row] == farthest]
    near = near or [row for row in range(len(m)) if m[row] == -farthest]
    named = [row for row in near if row in own] or near[:1]
    right = set(named) <= set(own)
    outcome = kind if kind != "pattern" or not own else "own" if right else "other"
    reached = max(size[row] for row in named) >= criterion - 1e-9
    return (right or not own) and reached, nearest_own, set(named), outcome


def ends_of(m: list[list[float]], criterion: float) -> Classified:
    """Return ends as in the taxonomy; states that are neither pattern nor inverse get any kind."""
    overlaps = np.array(m)
    nearest = (np.abs(overlaps) + 1e-9 * (overlaps > 0)).argmax(axis=1)
    best = overlaps[np.arange(len(overlaps)), nearest]
    code = 2 + np.arange(len(overlaps), dtype=np.int8) % 4
    code[best >= criterion - 1e-12] = KINDS.index("pattern")
    code[best <= -criterion + 1e-12] = KINDS.index("inverse")
    return Classified(code, nearest, overlaps)


def score_of(m: Any, label: str, stored: Any, criterion: float, *, signed: bool = False) -> Scores:
    is_own = np.array([[name == label for name in stored]] * len(m))
    return score(ends_of(m, criterion), is_own, criterion, signed=signed)


_stored = st.lists(st.sampled_from("abc"), min_size=1, max_size=5)
_label = st.sampled_from(["a", "b", "c", "unstored"])
_state = st.lists(st.sampled_from([-20, -19, -3, 0, 3, 19, 20]), min_size=5, max_size=5)
_states = st.lists(_state, min_size=1, max_size=8)


@given(_stored, _label, _states, st.integers(1, N_SITES), st.booleans())
def test_scores_of_a_loop(stored: Any, label: str, m: Any, reached: int, signed: bool) -> None:
    """Overlaps of 20 spins: often equal, and often just at the criterion."""
    criterion = reached / N_SITES
    overlaps = [[whole / N_SITES for whole in row[: len(stored)]] for row in m]
    kinds = ends_of(overlaps, criterion).kind.tolist()
    scores = score_of(overlaps, label, stored, criterion, signed=signed)
    for row, (found, kind) in enumerate(zip(overlaps, kinds, strict=True)):
        recalled, owns, nearest, outcome = by_loop(found, kind, label, stored, criterion, signed)
        assert bool(scores.recalled[row]) == recalled
        own = float(scores.own[row])
        assert own in owns or (math.isnan(own) and label not in stored)
        assert int(scores.nearest[row]) in nearest
        assert str(scores.outcome[row]) == outcome


@pytest.mark.parametrize("n_sites", [3, 7, 10, 49, 784])
def test_an_overlap_at_the_criterion_is_recalled_and_one_site_below_is_not(n_sites: int) -> None:
    for wrong in range(n_sites // 2):
        at, below = (1 - 2 * w / n_sites for w in (wrong, wrong + 1))
        for sign, signed in ((1, False), (-1, False), (1, True), (-1, True)):
            m = [[sign * at], [sign * below]]
            scores = score_of(m, "a", ["a"], (n_sites - 2 * wrong) / n_sites, signed=signed)
            assert scores.recalled.tolist() == [sign > 0 or not signed, False]
