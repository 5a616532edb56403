"""The language of starts, and each start against a direct construction."""

from __future__ import annotations

import math
import re
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import random_patterns
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hopcli.config import notations
from hopcli.config.kinds import RefusedError
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.patterns import Patterns
from hopcli.starts import (
    BASES,
    CHANGES,
    NO_SOURCE,
    SIDES,
    Bank,
    Base,
    Change,
    Start,
    change,
    choose,
    fill_bank,
    first_states,
    parse_start,
    rule_of_starts,
    trial_rng,
)

if TYPE_CHECKING:
    from conftest import RunHopcli

Spins = NDArray[np.int8]
SHAPE = (6, 7)
SITES = 42
LABELS = tuple("abcdefgh")


def _state(seed: int = 0, shape: tuple[int, int] = SHAPE) -> Spins:
    return random_patterns(seed, 1, shape[0] * shape[1])[0]


def _changed(text: str, state: Spins, shape: tuple[int, int] = SHAPE, trial: int = 0) -> Spins:
    changed = state.copy()
    change(changed.reshape(shape), parse_start(text), trial_rng(5, trial))
    return changed


def _stored(xi: Spins) -> Patterns:
    """Patterns labelled a, b, c, ... in one row of sites each."""
    p, n_sites = xi.shape
    index = np.arange(100, 100 + p)
    return Patterns(xi, LABELS[:p], index, (1, n_sites), index, "small", "0" * 64)


def _images(n_sites: int = SITES, labels: str = "cabbaxaby") -> Dataset:
    """Images whose labels come in no order; two are labels that are not stored."""
    spins = random_patterns(8, len(labels), n_sites)
    return Dataset("small", spins, np.array(list(labels)), (1, n_sites), 0, "0" * 64)


def _bank(text: str, xi: Spins, target: int = 0) -> Bank:
    return fill_bank(parse_start(text), _images(xi.shape[1]), _stored(xi), target)


def _first(text: str, xi: Spins, trial: int = 0) -> Spins:
    shape = (1, xi.shape[1])
    bank = _bank(text, xi)
    own = bank.take(np.array([trial % len(bank)]))
    return first_states(parse_start(text), own, shape, 5, np.array([trial]))[0]


@pytest.mark.parametrize(
    ("text", "base", "arguments", "changes"),
    [
        ("image", "image", (), ()),
        ("pattern", "pattern", (), ()),
        ("random", "random", (0.5,), ()),
        ("random:0.3", "random", (0.3,), ()),
        ("random:0", "random", (0.0,), ()),
        ("random:1", "random", (1.0,), ()),
        ("majority", "majority", (), ()),
        ("blend:boat:fish", "blend", ("boat", "fish", False), ()),
        ("blend:3:6:fill", "blend", ("3", "6", True), ()),
        ("blend:3:fill", "blend", ("3", "fill", False), ()),
        ("text:starts.txt", "text", ("starts.txt",), ()),
        ("text:C:/here/a.txt", "text", ("C:/here/a.txt",), ()),
        ("target", "target", (), ()),
        ("digit", "digit", (), ()),
        ("inverse", "pattern", (), (("inverse", ()),)),
        ("flip:0.25", "pattern", (), (("flip", (0.25,)),)),
        ("flip-rows:30", "pattern", (), (("flip-rows", (30,)),)),
        ("occlude:top:0.5", "pattern", (), (("occlude", ("top", 0.5)),)),
        ("image,inverse", "image", (), (("inverse", ()),)),
        (
            "random:0.5,occlude:left:1,inverse,flip:0,flip-rows:0",
            "random",
            (0.5,),
            (("occlude", ("left", 1.0)), ("inverse", ()), ("flip", (0.0,)), ("flip-rows", (0,))),
        ),
        ("image , flip:0.1", "image", (), (("flip", (0.1,)),)),
        ("blend:boat:fish,flip:.1", "blend", ("boat", "fish", False), (("flip", (0.1,)),)),
        ("flip:1e-2", "pattern", (), (("flip", (0.01,)),)),
    ],
)
def test_a_start_is_a_base_and_changes_in_order(
    text: str,
    base: str,
    arguments: tuple[object, ...],
    changes: tuple[tuple[str, tuple[object, ...]], ...],
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
        *(
            "blend:a:b:",
            "text",
            "text:",
            "target:3",
            "digit:3",
            "random,random",
            "image,text:a.txt",
            "image,random",
        ),
    ],
)
def test_anything_else_is_refused_with_the_rule(text: str) -> None:
    with pytest.raises(ValueError, match="must be image, pattern") as error:
        parse_start(text)
    assert str(error.value) == rule_of_starts(target=True)
    assert "\n" not in str(error.value)


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
        ("target", False, False),
        ("digit", True, False),
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


@given(seed=st.integers(0, 10**6), count=st.integers(0, 7))
def test_flip_rows_turns_over_so_many_sites_in_each_row(seed: int, count: int) -> None:
    state = _state(seed)
    flipped = _changed(f"flip-rows:{count}", state)
    in_row = np.sum((flipped != state).reshape(SHAPE), axis=1)
    assert in_row.tolist() == [count] * 6


@pytest.mark.parametrize(
    "command", ["recall", "attractors", "temperature-scan", "relax", "variance"]
)
def test_more_than_a_row_cannot_be_turned_over_in_a_row(
    run_hopcli: RunHopcli, command: str
) -> None:
    """All of a row can; before, more was taken for all of it without a word."""
    start = "pattern,flip-rows:2,inverse,flip-rows:29"
    said = run_hopcli(command, "--start", start).refused()
    shown = start.removeprefix("pattern,")
    assert said == f"--start must turn over at most the 28 sites of a row, found '{shown}'"
    assert not Path("results").exists()
    assert parse_start("flip-rows:7").misfit(SHAPE) == ""
    assert parse_start("flip-rows:8").misfit(SHAPE) != ""


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
    xi = random_patterns(seed, 4, SITES)
    half = (xi[3].astype(float) + xi[1]) / 2
    assert np.array_equal(_first("blend:d:b", xi), half)


def test_a_filled_blend_decides_empty_sites_by_chance() -> None:
    xi = random_patterns(0, 4, 5000)
    shared = xi[3] == xi[1]
    one, other = (_first("blend:d:b:fill", xi, trial) for trial in (0, 1))
    for state in (one, other):
        assert np.array_equal(state[shared], xi[1][shared])
        filled = state[~shared]
        assert set(filled.tolist()) == {-1, 1}
        assert abs(np.mean(filled > 0) - 0.5) < 2.5 / math.sqrt(filled.size)
    assert 0.4 < np.mean(one[~shared] == other[~shared]) < 0.6


def test_a_trial_has_a_stream_of_its_own() -> None:
    draws = {(seed, trial): trial_rng(seed, trial).random(4) for seed in (0, 7) for trial in (0, 1)}
    assert len({tuple(values) for values in draws.values()}) == 4
    again = trial_rng(7, 1).random(4)
    assert np.array_equal(again, draws[7, 1])


# --- what there is to start from


@pytest.mark.parametrize("text", ["image", "image,flip:0.5"])
def test_images_are_all_those_of_the_stored_labels_and_no_others(text: str) -> None:
    bank = _bank(text, random_patterns(0, 2, SITES))
    assert bank.source_index.tolist() == [1, 2, 3, 4, 6, 7]
    assert bank.label.tolist() == list("abbaab")
    assert bank.row is not None
    assert np.array_equal(bank.states[bank.row], _images().spins[bank.source_index])


@pytest.mark.parametrize("target", [0, 1, 2])
def test_digit_is_an_image_of_the_targets_label_alone(target: int) -> None:
    bank = _bank("digit", random_patterns(0, 3, SITES), target)
    own = [i for i, label in enumerate("cabbaxaby") if label == LABELS[target]]
    assert bank.source_index.tolist() == own
    assert bank.label.tolist() == [LABELS[target]] * len(own)


@pytest.mark.parametrize("target", [0, 1, 2])
def test_target_is_the_target_pattern_alone(target: int) -> None:
    xi = random_patterns(0, 3, SITES)
    bank = _bank("target", xi, target)
    assert (bank.label.tolist(), bank.source_index.tolist()) == ([LABELS[target]], [100 + target])
    states = first_states(parse_start("target"), bank, SHAPE, 5)
    assert np.array_equal(states, xi[[target]])


def test_pattern_is_each_stored_pattern_in_order() -> None:
    xi = random_patterns(0, 3, SITES)
    bank = _bank("pattern", xi)
    assert (bank.label.tolist(), bank.source_index.tolist()) == (list("abc"), [100, 101, 102])
    assert np.array_equal(first_states(parse_start("pattern"), bank, SHAPE, 5), xi)


def test_text_is_each_state_of_the_file_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "two.txt"
    path.write_text(f"{'#' * SITES}\n\nsecond:\n{'.' * SITES}\n", encoding="utf-8")
    bank = _bank(f"text:{path}", random_patterns(0, 2, SITES))
    assert (bank.label.tolist(), bank.source_index.tolist()) == (
        ["start 1", "second"],
        [NO_SOURCE] * 2,
    )
    states = first_states(parse_start(f"text:{path}"), bank, SHAPE, 5)
    assert states.tolist() == [[1] * SITES, [-1] * SITES]
    with pytest.raises(SettingError, match=r"start must hold states of 10 sites, not 42, found"):
        _bank(f"text:{path}", random_patterns(0, 2, 10))


def test_a_blend_is_of_stored_labels() -> None:
    with pytest.raises(
        SettingError, match=r"start must blend stored labels \(a, b\), found 'blend"
    ):
        _bank("blend:a:c", random_patterns(0, 2, SITES))


@pytest.mark.parametrize("text", ["image", "digit"])
def test_there_must_be_an_image_to_start_from(text: str) -> None:
    stored, images = _stored(random_patterns(0, 2, SITES)), _images(labels="xyz")
    rule = f"start must have something to start from; small has no image .* found '{text}'"
    with pytest.raises(SettingError, match=rule):
        fill_bank(parse_start(text), images, stored)


def test_images_are_chosen_at_random_and_all_else_in_turn() -> None:
    xi = random_patterns(0, 3, SITES)
    chosen = choose(parse_start("pattern"), _bank("pattern", xi), 7, np.random.default_rng(0))
    assert "".join(chosen.label) == "abcabca"
    assert chosen.source_index.tolist() == [100, 101, 102, 100, 101, 102, 100]
    image, bank = parse_start("image"), _bank("image", xi)
    drawn = [choose(image, bank, 3000, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    sources = [bank.source_index.tolist() for bank in drawn]
    assert sources[0] == sources[1] != sources[2]
    often = np.bincount(sources[0], minlength=9)
    # Seven images, SD = sqrt(3000 / 7 * 6 / 7) = 19; five of them.
    assert often[[5, 8]].tolist() == [0, 0]
    assert np.abs(np.delete(often, [5, 8]) - 3000 / 7).max() < 96


# --- every entry of the registries

PLACEHOLDERS = {"P_UP": "0.3", "FRACTION": "0.25", "COUNT": "3", "A": "a", "B": "b"}


def _spelled(entry: Base | Change) -> list[str]:
    """Everything that the usage of an entry says can be written, with values in place."""
    parts = []
    for part in re.findall(r"\[.*?\]|[^\[]+", entry.usage):
        optional = ["", part[1:-1]] if part.startswith("[") else [part]
        parts.append(optional)
    texts = ["".join(chosen) for chosen in product(*parts)]
    sides = [side for side in SIDES if "|" in entry.usage] or [""]
    texts = [text.replace("|".join(SIDES), side) for text in texts for side in sides]
    return [re.sub(r"\b[A-Z_]+\b", lambda m: PLACEHOLDERS.get(m[0], m[0]), t) for t in texts]


ALL_BASES = [text for base in BASES.values() for text in _spelled(base)]
ALL_CHANGES = [text for entry in CHANGES.values() for text in _spelled(entry)]


def test_what_the_registries_say_can_be_written() -> None:
    assert [
        *("image", "pattern", "random", "random:0.3", "majority", "blend:a:b", "blend:a:b:fill"),
        *("text:FILE", "target", "digit"),
    ] == ALL_BASES
    assert [
        *("flip:0.25", "flip-rows:3"),
        *(f"occlude:{side}:0.25" for side in ("top", "bottom", "left", "right")),
        "inverse",
    ] == ALL_CHANGES
    for registry in (BASES, CHANGES):
        assert [entry.name for entry in registry.values()] == list(registry)


@pytest.mark.parametrize("base", ALL_BASES)
def test_every_base_with_every_change_is_read_and_written_alike(base: str) -> None:
    for text in (base, *(f"{base},{words}" for words in (*ALL_CHANGES, ",".join(ALL_CHANGES)))):
        start = parse_start(text)
        assert start.base == base.split(":")[0]
        assert parse_start(str(start)) == start
        assert str(start) == text.removeprefix("pattern,")


_word = st.text(st.characters(exclude_characters=":,", codec="utf-8"), min_size=1, max_size=8)
_name = _word.filter(lambda name: name == name.strip())
_path = st.lists(_name, min_size=1, max_size=3).map(lambda parts: (":".join(parts),))
_share = st.floats(0, 1)
_ARGUMENTS: dict[str, st.SearchStrategy[tuple[object, ...]]] = {
    "random": st.tuples(_share),
    "blend": st.tuples(_name, _name, st.booleans()),
    "text": _path,
    "flip": st.tuples(_share),
    "flip-rows": st.tuples(st.integers(0, 999_999)),
    "occlude": st.tuples(st.sampled_from(SIDES), _share),
}


def _entries(
    registry: dict[str, Base] | dict[str, Change],
) -> st.SearchStrategy[tuple[str, tuple[object, ...]]]:
    return st.one_of([st.tuples(st.just(n), _ARGUMENTS.get(n, st.just(()))) for n in registry])


@given(base=_entries(BASES), changes=st.lists(_entries(CHANGES), max_size=3))
def test_any_start_is_written_so_that_it_is_read_again(
    base: tuple[str, tuple[object, ...]], changes: list[tuple[str, tuple[object, ...]]]
) -> None:
    start = Start(*base, tuple(changes))
    again = parse_start(str(start))
    assert again == start
    assert str(again) == str(start)
    assert notations.start(target=True).plain(start) == str(start)


@pytest.mark.parametrize("text", ALL_BASES)
def test_a_start_that_needs_a_target_is_refused_where_there_is_none(text: str) -> None:
    with_target, without = notations.start(target=True), notations.start()
    assert with_target.check(text) == parse_start(text)
    if BASES[parse_start(text).base].needs_target:
        with pytest.raises(RefusedError) as error:
            without.check(text)
        assert str(error.value) == rule_of_starts()
    else:
        assert without.check(text) == parse_start(text)


def test_the_help_of_a_command_shows_what_it_can_start_from(run_hopcli: RunHopcli) -> None:
    def shown(command: str) -> str:
        return "".join(run_hopcli(command, "--help").out.split())

    scan, others = shown("temperature-scan"), [shown("recall"), shown("attractors")]
    entries: list[Base | Change] = [*BASES.values(), *CHANGES.values()]
    for entry in entries:
        words = "".join(f"{entry.usage}: {entry.description}".split())
        assert words in scan
        for text in others:
            assert (words in text) != getattr(entry, "needs_target", False)
    rules = {target: rule_of_starts(target=target) for target in (False, True)}
    for base in BASES.values():
        usage = re.compile(rf"(?<![\w:]){re.escape(base.usage)}(?![\w:])")
        assert usage.search(rules[True])
        assert bool(usage.search(rules[False])) != base.needs_target
    for entry in CHANGES.values():
        assert all(entry.usage in rule for rule in rules.values())


@pytest.mark.parametrize("text", ALL_BASES)
def test_every_base_makes_states_of_spins_the_same_for_the_same_seed(
    text: str, tmp_path: Path
) -> None:
    given = tmp_path / "given.txt"
    given.write_text(f"{'#.' * 21}\n", encoding="utf-8")
    text = text.replace("FILE", str(given))
    start, xi = parse_start(text), random_patterns(4, 2, SITES)
    bank = choose(start, _bank(text, xi, 1), 30, np.random.default_rng(0))
    states = first_states(start, bank, SHAPE, 5)
    assert states.dtype == np.int8
    assert states.shape == (30, SITES)
    assert set(np.unique(states)) == ({-1, 0, 1} if start.leaves_zeros else {-1, 1})
    assert np.array_equal(first_states(start, bank, SHAPE, 5), states)
    chosen = np.array([7, 3, 3, 29])
    assert np.array_equal(first_states(start, bank.take(chosen), SHAPE, 5, chosen), states[chosen])
    # A change that changes nothing: states are made one by one, and are the same.
    same = parse_start(f"{text},flip-rows:0")
    assert np.array_equal(first_states(same, bank, SHAPE, 5), states)
    # Changes never reach what the states were copied from.
    before = bank.states.copy()
    turned = first_states(parse_start(f"{text},inverse"), bank, SHAPE, 5)
    assert np.array_equal(turned, -states)
    assert np.array_equal(bank.states, before)
    by_chance = start.base == "random" or (start.base, text[-4:]) == ("blend", "fill")
    by_chance |= start.base == "majority"  # of an even number
    assert np.array_equal(first_states(start, bank, SHAPE, 6), states) != by_chance


@pytest.mark.parametrize("text", ALL_CHANGES)
def test_every_change_works_in_place_on_spins_the_same_for_the_same_stream(text: str) -> None:
    start = parse_start(text)
    kept = np.full((8, 9), 0, np.int8)
    picture = kept[1:7, 1:8]  # a view: the frame around it must stay
    picture[:] = random_patterns(2, 6, 7)
    before = picture.copy()
    change(picture, start, trial_rng(3, 0))
    assert not np.array_equal(picture, before)
    assert set(np.unique(picture)) <= {-1, 1}
    assert np.count_nonzero(kept) == SITES
    again, other = before.copy(), before.copy()
    change(again, start, trial_rng(3, 0))
    change(other, start, trial_rng(3, 1))
    assert np.array_equal(again, picture)
    assert np.array_equal(other, picture) == (not text.startswith("flip"))


@pytest.mark.parametrize(("arguments", "p_up"), [((0.5,), 0.5), ((0.2,), 0.2), ((1.0,), 1.0)])
def test_many_random_states_at_once_are_up_as_often(arguments: tuple[float], p_up: float) -> None:
    at_once = BASES["random"].all_at_once
    assert at_once is not None
    states = at_once(200, 300, arguments, np.random.default_rng(0))
    assert states.dtype == np.int8
    assert states.shape == (200, 300)
    assert set(np.unique(np.abs(states))) == {1}
    assert abs(np.mean(states > 0) - p_up) <= 5 * math.sqrt(p_up * (1 - p_up) / states.size)
    assert [name for name, base in BASES.items() if base.all_at_once] == ["random"]
