"""Scoring against a plain loop, written from what its docstring says."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli.scoring import STORED, Scores, score
from hopcli.taxonomy import KINDS, Classified

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_SITES = 20


class _Scored(NamedTuple):
    recalled: bool
    own: set[float]
    nearest: set[int]
    outcome: str


def _by_hand(
    m: list[float], kind: str, label: str, stored: list[str], criterion: float, signed: bool
) -> _Scored:
    """One trial; where patterns are equally near, all that may be named."""
    own = [row for row, name in enumerate(stored) if name == label]
    size = m if signed else [abs(overlap) for overlap in m]
    scored = max(size[row] for row in own) if own else max(size)
    nearest_own = {m[row] for row in own if size[row] == scored} or {math.nan}
    # A pattern before an inverse, and of those that are equally near the own.
    farthest = max(abs(overlap) for overlap in m)
    near = [row for row in range(len(m)) if m[row] == farthest]
    near = near or [row for row in range(len(m)) if m[row] == -farthest]
    named = [row for row in near if row in own] or near[:1]
    outcome = kind
    if kind == "pattern" and own:
        outcome = "own" if set(named) <= set(own) else "other"
    right = set(named) <= set(own) or not own
    recalled = right and max(size[row] for row in named) >= criterion - 1e-9
    return _Scored(recalled, nearest_own, set(named), outcome)


def _ends(m: list[list[float]], criterion: float) -> Classified:
    """As the taxonomy would have them; what is neither pattern nor inverse is anything."""
    overlaps = np.array(m)
    nearest = (np.abs(overlaps) + 1e-9 * (overlaps > 0)).argmax(axis=1)
    best = overlaps[np.arange(len(overlaps)), nearest]
    kind = np.array([KINDS[2 + row % 4] for row in range(len(overlaps))])
    kind[best >= criterion - 1e-12] = "pattern"
    kind[best <= -criterion + 1e-12] = "inverse"
    return Classified(kind, nearest, overlaps)


def _score(
    m: list[list[float]], label: str, stored: list[str], criterion: float, *, signed: bool = False
) -> Scores:
    return score(_ends(m, criterion), np.array([label] * len(m)), stored, criterion, signed=signed)


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
    p, criterion = len(stored), reached / N_SITES
    overlaps = [[whole / N_SITES for whole in row[:p]] for row in m]
    ends = _ends(overlaps, criterion)
    scores = _score(overlaps, label, stored, criterion, signed=signed)
    for row, found in enumerate(overlaps):
        expected = _by_hand(found, str(ends.kind[row]), label, stored, criterion, signed)
        assert bool(scores.recalled[row]) == expected.recalled
        own = float(scores.own[row])
        assert own in expected.own or (math.isnan(own) and label not in stored)
        assert int(scores.nearest[row]) in expected.nearest
        assert str(scores.outcome[row]) == expected.outcome


@pytest.mark.parametrize("n_sites", [3, 7, 10, 49, 784])
def test_an_overlap_at_the_criterion_is_recalled_and_one_site_below_is_not(n_sites: int) -> None:
    for wrong in range(n_sites // 2):
        at, below = (1 - 2 * w / n_sites for w in (wrong, wrong + 1))
        criterion = (n_sites - 2 * wrong) / n_sites
        for m, signed, recalled in (
            ([[at], [below]], False, [True, False]),
            ([[-at], [-below]], False, [True, False]),
            ([[at], [below]], True, [True, False]),
            ([[-at], [-below]], True, [False, False]),
        ):
            scores = _score(m, "a", ["a"], criterion, signed=signed)
            assert scores.recalled.tolist() == recalled


@pytest.mark.parametrize(
    ("m", "nearest", "outcome"),
    [
        ([-0.95, 0.1, 0.0], 0, "inverse"),
        ([-0.95, -0.2, 0.0], 0, "inverse"),
        ([-0.95, 0.94, 0.0], 0, "inverse"),
        ([0.95, 0.94, 0.0], 0, "other"),
        ([0.95, -0.95, 0.0], 0, "other"),
        ([-0.95, 0.95, 0.0], 1, "own"),
        ([0.95, 0.95, 0.0], 1, "own"),
        ([-0.95, -0.95, 0.0], 1, "inverse"),
    ],
)
def test_the_own_pattern_is_named_only_where_none_is_nearer(
    m: list[float], nearest: int, outcome: str
) -> None:
    """Not where the state is the inverse of another, to which it is much nearer."""
    for signed in (False, True):
        scores = _score([m], "b", ["a", "b", "c"], 0.9, signed=signed)
        assert (scores.nearest.tolist(), scores.outcome.tolist()) == ([nearest], [outcome])
        assert scores.own.tolist() == [m[1]]
        own = outcome == "own" or (outcome == "inverse" and nearest == 1 and not signed)
        assert scores.recalled.tolist() == [own]


@pytest.mark.parametrize("criterion", [0.01, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("signed", [False, True])
def test_accuracy_and_outcomes_agree(criterion: float, signed: bool) -> None:
    """Overlaps of 12 spins at random, the last two patterns complementary, one label twice."""
    rng = np.random.default_rng(5)
    m = rng.integers(-6, 7, (4000, 5)) / 6
    m[:, 4] = -m[:, 3]
    stored = ["a", "b", "a", "c", "d"]
    for label in stored:
        scores = _score(m.tolist(), label, stored, criterion, signed=signed)
        own = scores.outcome == "own"
        if not signed:
            own |= (scores.outcome == "inverse") & (np.array(stored)[scores.nearest] == label)
        assert np.array_equal(scores.recalled, own)
        assert 0 < own.sum() < len(m)


@pytest.mark.parametrize("signed", [False, True])
def test_of_complementary_patterns_the_one_that_the_state_is_counts(signed: bool) -> None:
    """A state in p (or one site beside it) is recalled for p, never for -p."""
    for m in ([1.0, -1.0, 0.2], [0.95, -0.95, 0.2]):
        for label, recalled, outcome in (("p", True, "own"), ("q", False, "other")):
            scores = _score([m], label, ["p", "q", "r"], 0.9, signed=signed)
            assert (scores.recalled.tolist(), scores.outcome.tolist()) == ([recalled], [outcome])


@pytest.mark.parametrize("signed", [False, True])
def test_a_pattern_that_is_stored_twice_counts_for_both_labels(signed: bool) -> None:
    for label in ("a", "b"):
        scores = _score([[1.0, 1.0]], label, ["a", "b"], 0.99, signed=signed)
        assert (scores.recalled.tolist(), scores.outcome.tolist()) == ([True], ["own"])


def test_of_several_own_patterns_one_comes_before_an_inverse_that_is_as_near() -> None:
    scores = _score([[0.95, -0.95, 0.95]], "a", ["b", "a", "a"], 0.9)
    assert (scores.nearest.tolist(), scores.outcome.tolist()) == ([2], ["own"])
    assert scores.own.tolist() == [0.95]


def test_the_nearest_own_pattern_is_named_whichever_of_them_scores() -> None:
    """Signed, the first "a" scores best; the state is the inverse of "b" and the last "a"."""
    scores = _score([[-0.9, -0.95, -0.95]], "a", ["a", "b", "a"], 0.9, signed=True)
    assert (scores.nearest.tolist(), scores.outcome.tolist()) == ([2], ["inverse"])
    assert scores.own.tolist() == [-0.9]


def test_an_unstored_label_is_recalled_by_whichever_pattern() -> None:
    m = [[0.2, 0.95], [-0.95, 0.2], [0.2, 0.2]]
    scores = _score(m, "other", ["a", "b"], 0.9)
    assert scores.recalled.tolist() == [True, True, False]
    assert np.isnan(scores.own).all()
    assert scores.outcome.tolist() == ["pattern", "inverse", KINDS[4]]
    assert _score(m, "other", ["a", "b"], 0.9, signed=True).recalled.tolist() == [
        *(True, False, False)
    ]


def test_outcomes_are_those_that_name_a_pattern_or_kinds() -> None:
    m = [[0.95, 0.1], [0.1, 0.95], [-0.95, 0.1], *([[0.1, 0.1]] * 4)]
    found = {*_score(m, "a", ["a", "b"], 0.9).outcome, *_score(m, "c", ["a", "b"], 0.9).outcome}
    assert found == {*STORED, *KINDS[2:]}


def test_scores_cannot_be_changed() -> None:
    scores = _score([[1.0]], "a", ["a"], 1.0)
    arrays: list[NDArray[np.generic]] = [scores.recalled, scores.own, scores.nearest]
    for array in (*arrays, scores.outcome):
        assert not array.flags.writeable
