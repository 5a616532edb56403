"""Scoring against a plain loop, written from what its docstring says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli.scoring import STORED, Scores, score
from hopcli.taxonomy import KINDS, Classified

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_SITES = 20


def by_hand(
    m: list[float], kind: str, label: str, stored: list[str], criterion: float, signed: bool
) -> tuple[bool, set[float], set[int], str]:
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
    """As the taxonomy would have them; what is neither pattern nor inverse is anything."""
    overlaps = np.array(m)
    nearest = (np.abs(overlaps) + 1e-9 * (overlaps > 0)).argmax(axis=1)
    best = overlaps[np.arange(len(overlaps)), nearest]
    kind = np.array([KINDS[2 + row % 4] for row in range(len(overlaps))])
    kind[best >= criterion - 1e-12] = "pattern"
    kind[best <= -criterion + 1e-12] = "inverse"
    return Classified(kind, nearest, overlaps)


def score_of(
    m: list[list[float]], label: str, stored: list[str], criterion: float, *, signed: bool = False
) -> Scores:
    labels = np.array([label] * len(m))
    return score(ends_of(m, criterion), labels, stored, criterion, signed=signed)


@given(
    stored=st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=5),
    label=st.sampled_from(["a", "b", "c", "unstored"]),
    m=st.lists(
        st.lists(st.sampled_from([-20, -19, -3, 0, 3, 19, 20]), min_size=5, max_size=5),
        min_size=1,
        max_size=8,
    ),
    reached=st.integers(1, N_SITES),
    signed=st.booleans(),
)
def test_scores_are_those_of_a_plain_loop(
    stored: list[str], label: str, m: list[list[int]], reached: int, signed: bool
) -> None:
    """Overlaps of 20 spins: often equal, and often just at the criterion."""
    criterion = reached / N_SITES
    overlaps = [[whole / N_SITES for whole in row[: len(stored)]] for row in m]
    kinds = ends_of(overlaps, criterion).kind.tolist()
    scores = score_of(overlaps, label, stored, criterion, signed=signed)
    for row, (found, kind) in enumerate(zip(overlaps, kinds, strict=True)):
        recalled, owns, nearest, outcome = by_hand(found, kind, label, stored, criterion, signed)
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


@pytest.mark.parametrize(
    ("stored", "m", "nearest", "outcome", "own"),
    [
        # The own pattern is named only where none is nearer, be it as an inverse.
        ("abc", [-0.95, 0.1, 0.0], 0, "inverse", 0.1),
        ("abc", [-0.95, 0.94, 0.0], 0, "inverse", 0.94),
        ("abc", [0.95, 0.94, 0.0], 0, "other", 0.94),
        ("abc", [0.95, -0.95, 0.0], 0, "other", -0.95),
        ("abc", [-0.95, 0.95, 0.0], 1, "own", 0.95),
        ("abc", [0.95, 0.95, 0.0], 1, "own", 0.95),
        ("abc", [-0.95, -0.95, 0.0], 1, "inverse", -0.95),
        # Of several own patterns one comes before an inverse that is as near.
        ("abb", [0.95, -0.95, 0.95], 2, "own", 0.95),
    ],
)
def test_the_own_pattern_is_named_only_where_none_is_nearer(
    stored: str, m: list[float], nearest: int, outcome: str, own: float
) -> None:
    for signed in (False, True):
        scores = score_of([m], "b", list(stored), 0.9, signed=signed)
        assert (scores.nearest.tolist(), scores.outcome.tolist()) == ([nearest], [outcome])
        assert scores.own.tolist() == [own]
        is_own = stored[nearest] == "b" and outcome != "other"
        assert scores.recalled.tolist() == [is_own and (outcome == "own" or not signed)]


def test_the_nearest_own_pattern_is_named_whichever_of_them_scores() -> None:
    """Signed, the first "a" scores best; the state is the inverse of "b" and the last "a"."""
    scores = score_of([[-0.9, -0.95, -0.95]], "a", ["a", "b", "a"], 0.9, signed=True)
    assert (scores.nearest.tolist(), scores.outcome.tolist()) == ([2], ["inverse"])
    assert scores.own.tolist() == [-0.9]


@pytest.mark.parametrize("criterion", [0.01, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("signed", [False, True])
def test_accuracy_and_outcomes_agree(criterion: float, signed: bool) -> None:
    """Overlaps of 12 spins at random, the last two patterns complementary, one label twice."""
    m = np.random.default_rng(5).integers(-6, 7, (4000, 5)) / 6
    m[:, 4] = -m[:, 3]
    stored = ["a", "b", "a", "c", "d"]
    for label in stored:
        scores = score_of(m.tolist(), label, stored, criterion, signed=signed)
        own = scores.outcome == "own"
        if not signed:
            own |= (scores.outcome == "inverse") & (np.array(stored)[scores.nearest] == label)
        assert np.array_equal(scores.recalled, own)
        assert 0 < own.sum() < len(m)


def test_an_unstored_label_is_recalled_by_whichever_pattern() -> None:
    m = [[0.2, 0.95], [-0.95, 0.2], [0.2, 0.2]]
    for signed, recalled in ((False, [True, True, False]), (True, [True, False, False])):
        scores = score_of(m, "other", ["a", "b"], 0.9, signed=signed)
        assert scores.recalled.tolist() == recalled
        assert np.isnan(scores.own).all()
        assert scores.outcome.tolist() == ["pattern", "inverse", KINDS[4]]
        arrays: list[NDArray[np.generic]] = [scores.recalled, scores.own, scores.nearest]
        for array in (*arrays, scores.outcome):
            assert not array.flags.writeable


def test_outcomes_are_those_that_name_a_pattern_or_kinds() -> None:
    m = [[0.95, 0.1], [0.1, 0.95], [-0.95, 0.1], *([[0.1, 0.1]] * 4)]
    outcomes = [score_of(m, label, ["a", "b"], 0.9).outcome.tolist() for label in "ac"]
    assert {*outcomes[0], *outcomes[1]} == {*STORED, *KINDS[2:]}
