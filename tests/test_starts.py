"""The language of starts, and each start against a direct construction."""

from __future__ import annotations

import math

import numpy as np
import pytest
from conftest import random_patterns
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hopcli.starts import RULE, Start, change, first_state, parse_start, trial_rng

Spins = NDArray[np.int8]
SHAPE = (6, 7)


def _state(seed: int = 0, shape: tuple[int, int] = SHAPE) -> Spins:
    return random_patterns(seed, 1, shape[0] * shape[1])[0]


def _changed(text: str, state: Spins, shape: tuple[int, int] = SHAPE, trial: int = 0) -> Spins:
    return change(state.copy(), parse_start(text).changes, shape, trial_rng(5, trial))


def _first(text: str, xi: Spins, pair: tuple[int, int] | None = None, trial: int = 0) -> Spins:
    return first_state(parse_start(text), None, xi, pair, trial_rng(5, trial))


@pytest.mark.parametrize(
    ("text", "base", "arguments", "changes"),
    [
        ("image", "image", (), ()),
        ("pattern", "pattern", (), ()),
        ("random", "random", (), ()),
        ("random:0.3", "random", ("0.3",), ()),
        ("random:0", "random", ("0",), ()),
        ("random:1", "random", ("1",), ()),
        ("majority", "majority", (), ()),
        ("blend:boat:fish", "blend", ("boat", "fish"), ()),
        ("blend:3:6:fill", "blend", ("3", "6", "fill"), ()),
        ("text:starts.txt", "text", ("starts.txt",), ()),
        ("text:C:/here/a.txt", "text", ("C:/here/a.txt",), ()),
        ("inverse", "pattern", (), (("inverse",),)),
        ("flip:0.25", "pattern", (), (("flip", "0.25"),)),
        ("flip-rows:30", "pattern", (), (("flip-rows", "30"),)),
        ("occlude:top:0.5", "pattern", (), (("occlude", "top", "0.5"),)),
        ("image,inverse", "image", (), (("inverse",),)),
        (
            "random:0.5,occlude:left:1,inverse,flip:0,flip-rows:0",
            "random",
            ("0.5",),
            (("occlude", "left", "1"), ("inverse",), ("flip", "0"), ("flip-rows", "0")),
        ),
        ("image , flip:0.1", "image", (), (("flip", "0.1"),)),
        ("blend:boat:fish,flip:.1", "blend", ("boat", "fish"), (("flip", ".1"),)),
    ],
)
def test_a_start_is_a_base_and_changes_in_order(
    text: str, base: str, arguments: tuple[str, ...], changes: tuple[tuple[str, ...], ...]
) -> None:
    assert parse_start(text) == Start(base, arguments, changes)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ",", "image,", ",image", "image,,inverse", "nothing", "Image", "IMAGE"),
        *("image:3", "pattern:3", "majority:3", "inverse:1", "image,image", "flip:0.1,image"),
        *("flip", "flip:", "flip:x", "flip:-0.1", "flip:1.01", "flip:nan", "flip:inf"),
        *("flip:0.1:0.2", "flip:10%", "flip-rows", "flip-rows:", "flip-rows:-1", "flip-rows:1.5"),
        *("flip-rows:1000000000", "flip-rows:x", "occlude", "occlude:top", "occlude:0.5"),
        *("occlude:middle:0.5", "occlude:top:2", "occlude:top:-1", "occlude:top:0.1:0.1"),
        *("random:", "random:2", "random:-1", "random:x", "random:nan", "random:0.5:0.5"),
        *("blend", "blend:a", "blend:a:", "blend::b", "blend:a:b:c", "blend:a:b:fill:fill"),
        *("blend:a:b:", "text", "text:", "random,random", "image,text:a.txt", "image,random"),
    ],
)
def test_anything_else_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(ValueError, match="must be image, pattern") as error:
        parse_start(text)
    assert str(error.value) == RULE
    assert "\n" not in RULE


@pytest.mark.parametrize(
    ("text", "images", "zeros"),
    [
        ("image", True, False),
        ("image,flip:0.1", True, False),
        ("pattern", False, False),
        ("flip:0.1", False, False),
        ("majority", False, False),
        ("random", False, False),
        ("blend:a:b", False, True),
        ("blend:a:b,flip:0.1", False, True),
        ("blend:a:b:fill", False, False),
        ("text:a.txt", False, False),
    ],
)
def test_a_start_knows_whether_it_is_an_image_or_may_leave_zeros(
    text: str, images: bool, zeros: bool
) -> None:
    start = parse_start(text)
    assert (start.uses_images, start.leaves_zeros) == (images, zeros)


@given(
    seed=st.integers(0, 10**6),
    fraction=st.floats(0, 1),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 12)),
)
def test_flip_turns_over_so_many_distinct_sites(
    seed: int, fraction: float, shape: tuple[int, int]
) -> None:
    state = _state(seed, shape)
    flipped = _changed(f"flip:{fraction!r}", state, shape)
    count = int(np.sum(flipped != state))
    assert abs(count - fraction * state.size) <= 0.5
    assert np.array_equal(np.abs(flipped), np.ones(state.size))


@pytest.mark.parametrize(
    ("fraction", "count"), [("0", 0), ("0.1", 4), ("0.25", 11), ("0.5", 21), ("1", 42)]
)
def test_flip_counts_on_a_picture_of_42_sites(fraction: str, count: int) -> None:
    state = _state()
    for trial in range(20):
        assert np.sum(_changed(f"flip:{fraction}", state, trial=trial) != state) == count


def test_flip_chooses_every_site_equally_often() -> None:
    state = np.ones(20, np.int8)
    trials = 2000
    flipped = [_changed("flip:0.3", state, (4, 5), trial) for trial in range(trials)]
    often = np.sum(np.array(flipped) < 0, axis=0)
    assert often.sum() == 6 * trials
    # Binomial, SD = sqrt(0.3 * 0.7 * 2000) = 20.5; five of them.
    assert np.abs(often - 600).max() < 103


@given(seed=st.integers(0, 10**6), count=st.integers(0, 15))
def test_flip_rows_turns_over_so_many_sites_in_each_row(seed: int, count: int) -> None:
    state = _state(seed)
    flipped = _changed(f"flip-rows:{count}", state)
    in_row = np.sum((flipped != state).reshape(SHAPE), axis=1)
    assert in_row.tolist() == [min(count, 7)] * 6


def test_flip_rows_chooses_columns_anew_in_each_row_and_trial() -> None:
    state = np.ones(42, np.int8)
    pictures = [_changed("flip-rows:3", state, trial=trial) for trial in range(400)]
    rows = {tuple(row) for row in np.concatenate(pictures).reshape(-1, 7).tolist()}
    assert len(rows) == math.comb(7, 3)
    often = np.sum(np.array(pictures) < 0, axis=0)
    # Binomial, SD = sqrt(400 * 3/7 * 4/7) = 9.9; five of them.
    assert np.abs(often - 400 * 3 / 7).max() < 50


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize("fraction", [0, 0.05, 0.08, 0.1, 0.2, 0.25, 0.5, 0.75, 0.9, 1])
def test_occlude_empties_one_side(side: str, fraction: float) -> None:
    state = _state(3)
    expected = state.reshape(SHAPE).copy()
    extent = 6 if side in ("top", "bottom") else 7
    # The nearest whole number of rows or columns; half of one counts as one.
    depth = max(d for d in range(extent + 1) if d - 0.5 <= fraction * extent + 1e-12)
    for row in range(6):
        for column in range(7):
            place = {"top": row, "bottom": 5 - row, "left": column, "right": 6 - column}[side]
            if place < depth:
                expected[row, column] = -1
    assert np.array_equal(_changed(f"occlude:{side}:{fraction}", state), expected.ravel())


@pytest.mark.parametrize(("fraction", "rows"), [("0.24", 1), ("0.25", 2), ("0.41", 2)])
def test_half_a_row_is_occluded_whole(fraction: str, rows: int) -> None:
    occluded = _changed(f"occlude:top:{fraction}", np.ones(42, np.int8)).reshape(SHAPE)
    assert np.all(occluded[:rows] == -1)
    assert np.all(occluded[rows:] == 1)


def test_occluding_both_halves_leaves_nothing() -> None:
    assert np.all(_changed("occlude:left:0.5,occlude:right:0.5", np.ones(42, np.int8)) == -1)


@given(seed=st.integers(0, 10**6))
def test_inverse_turns_every_site_over(seed: int) -> None:
    state = _state(seed)
    assert np.array_equal(_changed("inverse", state), -state)
    assert np.array_equal(_changed("inverse,inverse", state), state)


def test_zeros_stay_zeros_under_flips_and_inverse() -> None:
    state = np.array([0, 1, -1, 0, 1, 0] * 7, np.int8)
    for text in ("inverse", "flip:1", "flip-rows:7"):
        assert np.array_equal(_changed(text, state), -state)


def test_the_order_of_changes_matters() -> None:
    state = _state(2)
    inverse_last = _changed("occlude:top:0.5,inverse", state)
    inverse_first = _changed("inverse,occlude:top:0.5", state)
    assert np.all(inverse_last[:21] == 1)
    assert np.all(inverse_first[:21] == -1)
    assert np.array_equal(inverse_last[21:], -state[21:])
    assert np.array_equal(inverse_first[21:], -state[21:])
    ones = np.ones(42, np.int8)
    assert np.sum(_changed("occlude:top:1,flip:0.5", ones) == 1) == 21
    assert np.sum(_changed("flip:0.5,occlude:top:1", ones) == 1) == 0


@pytest.mark.parametrize(("p_up", "expected"), [("0", -1), ("1", 1)])
def test_random_may_be_certain(p_up: str, expected: int) -> None:
    assert np.all(_first(f"random:{p_up}", random_patterns(0, 2, 500)) == expected)


@pytest.mark.parametrize(("text", "p_up"), [("random", 0.5), ("random:0.2", 0.2)])
def test_random_is_up_so_often(text: str, p_up: float) -> None:
    n_sites = 40_000
    state = _first(text, random_patterns(0, 2, n_sites))
    assert set(state.tolist()) == {-1, 1}
    assert abs(np.mean(state > 0) - p_up) < 5 * math.sqrt(p_up * (1 - p_up) / n_sites)


@given(seed=st.integers(0, 10**6), p=st.sampled_from([1, 3, 5]))
def test_majority_of_an_odd_number_is_the_sign_of_their_sum(seed: int, p: int) -> None:
    xi = random_patterns(seed, p, 42)
    direct = [1 if sum(column) > 0 else -1 for column in xi.T.tolist()]
    assert _first("majority", xi).tolist() == direct


def test_majority_of_an_even_number_decides_ties_by_chance() -> None:
    xi = random_patterns(0, 2, 5000)
    agree = xi[0] == xi[1]
    one, other = (_first("majority", xi, trial=trial) for trial in (0, 1))
    for state in (one, other):
        assert np.array_equal(state[agree], xi[0][agree])
        ties = state[~agree]
        assert set(ties.tolist()) == {-1, 1}
        assert abs(np.mean(ties > 0) - 0.5) < 2.5 / math.sqrt(ties.size)
    assert 0.4 < np.mean(one[~agree] == other[~agree]) < 0.6


@given(seed=st.integers(0, 10**6))
def test_a_blend_keeps_what_two_patterns_share_and_is_empty_elsewhere(seed: int) -> None:
    xi = random_patterns(seed, 4, 42)
    half = (xi[3].astype(float) + xi[1]) / 2
    state = _first("blend:a:b", xi, (3, 1))
    assert state.dtype == np.int8
    assert np.array_equal(state, half)


def test_a_filled_blend_decides_empty_sites_by_chance() -> None:
    xi = random_patterns(0, 4, 5000)
    shared = xi[3] == xi[1]
    one, other = (_first("blend:a:b:fill", xi, (3, 1), trial) for trial in (0, 1))
    for state in (one, other):
        assert np.array_equal(state[shared], xi[1][shared])
        filled = state[~shared]
        assert set(filled.tolist()) == {-1, 1}
        assert abs(np.mean(filled > 0) - 0.5) < 2.5 / math.sqrt(filled.size)
    assert 0.4 < np.mean(one[~shared] == other[~shared]) < 0.6


def test_a_given_state_is_copied() -> None:
    xi = random_patterns(0, 2, 42)
    own = _state(4)
    state = first_state(parse_start("pattern"), own, xi, None, trial_rng(0, 0))
    assert np.array_equal(state, own)
    state *= -1
    assert np.array_equal(own, _state(4))


def test_a_trial_has_a_stream_of_its_own() -> None:
    draws = {(seed, trial): trial_rng(seed, trial).random(4) for seed in (0, 7) for trial in (0, 1)}
    assert len({tuple(values) for values in draws.values()}) == 4
    again = trial_rng(7, 1).random(4)
    assert np.array_equal(again, draws[7, 1])
