"""Starts against direct constructions, and labels that are also names in tables."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import RunHopcli, random_patterns
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from hopcli import starts
from hopcli.config import notations
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.experiments.trials import OVERALL, confusion_columns
from hopcli.patterns import Patterns
from hopcli.starts import BASES, CHANGES, SIDES, Bank, Start, change, first_states, parse_start
from hopcli.taxonomy import OUTCOMES
from hopcli.values import RefusedError

Spins = NDArray[np.int8]
SHAPE = (6, 7)
SITES = 42
ONES = np.ones(SITES, np.int8)
LABELS = tuple("abcdefgh")


def _state(seed: int = 0, shape: tuple[int, int] = SHAPE) -> Spins:
    return random_patterns(seed, 1, shape[0] * shape[1])[0]


def _changed(text: str, state: Spins, shape: tuple[int, int] = SHAPE, trial: int = 0) -> Spins:
    changed = state.copy()
    change(changed.reshape(shape), parse_start(text), starts.trial_rng(5, trial))
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
    return starts.fill_bank(parse_start(text), _images(xi.shape[1]), _stored(xi), target)


def _first(text: str, xi: Spins, trial: int = 0) -> Spins:
    bank = _bank(text, xi)
    own = bank.take(np.array([trial % len(bank)]))
    return first_states(parse_start(text), own, (1, xi.shape[1]), 5, np.array([trial]))[0]


# --- the language


STARTS = {
    "random": Start("random", (0.5,)),
    "random:0": Start("random", (0.0,)),
    "blend:boat:fish": Start("blend", ("boat", "fish")),
    "blend:3:6:fill": Start("blend", ("3", "6", "fill")),
    "blend:3:fill": Start("blend", ("3", "fill")),
    "text:C:/here/a.txt": Start("text", ("C:/here/a.txt",)),
    "images:C:/n1.png": Start("images", ("C:/n1.png",)),
    "images:here:60:invert,inverse": Start("images", ("here", 60, "invert"), (("inverse", ()),)),
    "images:a:b:otsu": Start("images", ("a:b", "otsu")),
    "images:invert:256": Start("images", ("invert:256",)),
    "flip:1e-2": Start("pattern", (), (("flip", (0.01,)),)),
    "flip-rows:999999": Start("pattern", (), (("flip-rows", (999_999,)),)),
    "image , flip:.1": Start("image", (), (("flip", (0.1,)),)),
}
ALTERED = (("occlude", ("left", 1.0)), ("inverse", ()), ("flip", (0.0,)))
STARTS["random:1,occlude:left:1,inverse,flip:0"] = Start("random", (1.0,), ALTERED)


def test_a_start_is_a_base_and_changes_in_order() -> None:
    assert {text: parse_start(text) for text in STARTS} == STARTS


ALL_BASES = ["image", "pattern", "random", "random:0.3", "majority", "blend:a:b", "blend:a:b:fill"]
ALL_BASES += [f"{kind}:FILE.{kind}" for kind in ("text", "csv", "npy", "npz")]
ALL_BASES += ["images:FILE.png:128:invert", "target", "digit"]
ALL_CHANGES = ["flip:0.25", "flip-rows:3", "inverse", *(f"occlude:{side}:0.25" for side in SIDES)]


def test_every_base_and_change_is_tried_here() -> None:
    assert {parse_start(text).base for text in ALL_BASES} == set(BASES)
    assert {parse_start(text).changes[0][0] for text in ALL_CHANGES} == set(CHANGES)


_word = st.text(st.characters(exclude_characters=":,", codec="utf-8"), min_size=1, max_size=8)
_name = _word.filter(lambda name: name == name.strip())
_path = st.lists(_name, min_size=1, max_size=3).map(lambda parts: (":".join(parts),))
_share = st.floats(0, 1)
_ARGUMENTS: dict[str, st.SearchStrategy[tuple[object, ...]]] = {
    "random": st.tuples(_share),
    "blend": st.tuples(_name, _name) | st.tuples(_name, _name, st.just("fill")),
    **dict.fromkeys(("text", "csv", "npy", "npz"), _path),
    "images": st.tuples(_name.map("a{}a".format), st.integers(0, 255), st.just("invert")),
    "flip": st.tuples(_share),
    "flip-rows": st.tuples(st.integers(0, 999_999)),
    "occlude": st.tuples(st.sampled_from(SIDES), _share),
}


def _entries(registry: Any) -> st.SearchStrategy[Any]:
    return st.one_of([st.tuples(st.just(n), _ARGUMENTS.get(n, st.just(()))) for n in registry])


@given(base=_entries(BASES), changes=st.lists(_entries(CHANGES), max_size=3))
def test_any_start_is_written_so_that_it_is_read_again(base: tuple[str, Any], changes: Any) -> None:
    start = Start(*base, tuple(changes))
    again = parse_start(str(start))
    assert again == start
    assert str(again) == str(start)
    assert notations.start(target=True).plain(start) == str(start)
    if base[0] in ("target", "digit"):
        with pytest.raises(RefusedError):
            notations.start().check(str(start))
    assert str(parse_start("random:-0,flip:-0.0")) == "random:0,flip:0"


# --- changes


_shape = st.tuples(st.integers(1, 12), st.integers(1, 12))


@given(seed=st.integers(0, 10**6), fraction=st.floats(0, 1), shape=_shape)
def test_flip_turns_distinct_sites(seed: int, fraction: float, shape: tuple[int, int]) -> None:
    state = _state(seed, shape)
    flipped = _changed(f"flip:{fraction!r}", state, shape)
    assert abs(int(np.sum(flipped != state)) - fraction * state.size) <= 0.5
    assert np.array_equal(np.abs(flipped), np.ones(state.size))


def test_flip_chooses_every_site_equally_often() -> None:
    state, trials = np.ones(20, np.int8), 2000
    flipped = [_changed("flip:0.3", state, (4, 5), trial) for trial in range(trials)]
    often = np.sum(np.array(flipped) < 0, axis=0)
    assert often.sum() == 6 * trials
    # Binomial, SD = sqrt(0.3 * 0.7 * 2000) = 20.5; five of them.
    assert np.abs(often - 600).max() < 103


@given(seed=st.integers(0, 10**6), count=st.integers(0, 7))
def test_flip_rows_turns_over_so_many_sites_in_each_row(seed: int, count: int) -> None:
    state = _state(seed)
    in_row = np.sum((_changed(f"flip-rows:{count}", state) != state).reshape(SHAPE), axis=1)
    assert in_row.tolist() == [count] * 6


def test_flip_rows_chooses_columns_anew_in_each_row_and_trial() -> None:
    pictures = np.array([_changed("flip-rows:3", ONES, trial=trial) for trial in range(400)])
    rows = {tuple(row) for row in pictures.reshape(-1, 7).tolist()}
    assert len(rows) == math.comb(7, 3)
    # Binomial, SD = sqrt(400 * 3/7 * 4/7) = 9.9; five of them.
    assert np.abs(np.sum(pictures < 0, axis=0) - 400 * 3 / 7).max() < 50
    # Two rows of a picture are alike once in 35 times: of 2000 pairs 57, SD 7.5; five of them.
    first, second = pictures.reshape(400, 6, 7)[:, :5], pictures.reshape(400, 6, 7)[:, 1:]
    assert abs(np.sum(np.all(first == second, axis=2)) - 2000 / 35) < 38


def test_more_than_a_row_cannot_be_turned_over_in_a_row() -> None:
    """All of a row can; each command that refuses more is in bad_inputs.txt."""
    assert parse_start("flip-rows:2,inverse,flip-rows:7").misfit(SHAPE) == ""
    assert "7" in parse_start("flip-rows:2,inverse,flip-rows:8").misfit(SHAPE)


@pytest.mark.parametrize("side", SIDES)
def test_occlude_empties_one_side(side: str) -> None:
    """The nearest whole number of rows or columns; half of one counts as one."""
    state = _state(3)
    extent = 6 if side in ("top", "bottom") else 7
    for fraction in (0, 0.05, 0.08, 0.1, 0.2, 0.24, 0.25, 0.41, 0.5, 0.75, 0.9, 1):
        expected = state.reshape(SHAPE).copy()
        depth = max(d for d in range(extent + 1) if d - 0.5 <= fraction * extent + 1e-12)
        for row, column in np.ndindex(SHAPE):
            place = {"top": row, "bottom": 5 - row, "left": column, "right": 6 - column}[side]
            if place < depth:
                expected[row, column] = -1
        assert np.array_equal(_changed(f"occlude:{side}:{fraction}", state), expected.ravel())


def test_zeros_stay_zeros_under_flips_and_inverse() -> None:
    state = np.array([0, 1, -1, 0, 1, 0] * 7, np.int8)
    for text in ("inverse", "flip:1", "flip-rows:7"):
        assert np.array_equal(_changed(text, state), -state)


def test_the_order_of_changes_matters() -> None:
    state = _state(2)
    for text, top in (("occlude:top:0.5,inverse", 1), ("inverse,occlude:top:0.5", -1)):
        changed = _changed(text, state)
        assert np.all(changed[:21] == top)
        assert np.array_equal(changed[21:], -state[21:])
    assert np.sum(_changed("occlude:top:1,flip:0.5", ONES) == 1) == 21
    assert np.all(_changed("flip:0.5,occlude:left:0.5,occlude:right:0.5", ONES) == -1)


# --- states


@pytest.mark.parametrize("p_up", [0, 0.2, 0.5, 1])
def test_random_is_up_so_often(p_up: float) -> None:
    """One state, and many at once."""
    at_once = BASES["random"].all_at_once
    assert at_once is not None
    alone = _first(f"random:{p_up}", random_patterns(0, 2, 40_000))
    for state in (alone, at_once(200, 300, (p_up,), np.random.default_rng(0))):
        assert state.dtype == np.int8
        assert set(np.unique(np.abs(state))) == {1}
        sd = math.sqrt(p_up * (1 - p_up) / state.size)
        assert abs(np.mean(state > 0) - p_up) <= 5 * sd
    assert state.shape == (200, 300)
    assert [name for name, base in BASES.items() if base.all_at_once] == ["random"]


@given(seed=st.integers(0, 10**6), p=st.sampled_from([1, 3, 5]))
def test_majority_of_an_odd_number_is_the_sign_of_their_sum(seed: int, p: int) -> None:
    xi = random_patterns(seed, p, 42)
    direct = [1 if sum(column) > 0 else -1 for column in xi.T.tolist()]
    assert _first("majority", xi).tolist() == direct


@given(seed=st.integers(0, 10**6))
def test_a_blend_keeps_what_two_patterns_share_and_is_empty_elsewhere(seed: int) -> None:
    xi = random_patterns(seed, 4, SITES)
    half = (xi[3].astype(float) + xi[1]) / 2
    assert np.array_equal(_first("blend:d:b", xi), half)


@pytest.mark.parametrize(("text", "p"), [("majority", 2), ("blend:d:b:fill", 4)])
def test_sites_that_are_left_open_are_decided_by_chance(text: str, p: int) -> None:
    xi = random_patterns(0, p, 5000)
    agree = xi[-1] == xi[p // 3]
    one, other = (_first(text, xi, trial) for trial in (0, 1))
    for state in (one, other):
        assert np.array_equal(state[agree], xi[-1][agree])
        assert set(state[~agree].tolist()) == {-1, 1}
        assert abs(np.mean(state[~agree] > 0) - 0.5) < 2.5 / math.sqrt(np.sum(~agree))
    assert 0.4 < np.mean(one[~agree] == other[~agree]) < 0.6


def test_a_trial_has_a_stream_of_its_own() -> None:
    draws = [starts.trial_rng(*of).random(4) for of in ((0, 0), (0, 1), (7, 0), (7, 1), (7, 1))]
    assert len({tuple(values) for values in draws}) == 4
    assert np.array_equal(draws[3], draws[4])


STARTED_FROM: list[tuple[str, int, str, list[int]]] = [
    *((text, 0, "abbaab", [1, 2, 3, 4, 6, 7]) for text in ("image", "image,flip:0.5")),
    ("digit", 0, "aaa", [1, 4, 6]),
    ("digit", 1, "bbb", [2, 3, 7]),
    ("target", 0, "a", [100]),
    ("target", 1, "b", [101]),
    ("pattern", 0, "ab", [100, 101]),
]


@pytest.mark.parametrize(("text", "target", "labels", "sources"), STARTED_FROM)
def test_sources_of_starts(text: str, target: int, labels: str, sources: list[int]) -> None:
    """Images are those of stored labels, or of the target's."""
    xi = random_patterns(0, 2, SITES)
    bank = _bank(text, xi, target)
    assert (bank.label.tolist(), bank.source_index.tolist()) == (list(labels), sources)
    assert bank.row is not None
    of_index = {**dict(enumerate(_images().spins)), 100: xi[0], 101: xi[1]}
    assert np.array_equal(bank.states[bank.row], [of_index[index] for index in sources])


@pytest.mark.parametrize(
    ("text", "labels", "named"),
    [("image", "xyz", "small"), ("digit", "xyz", "small"), ("blend:a:c", "ab", "a, b")],
)
def test_there_must_be_something_to_start_from(text: str, labels: str, named: str) -> None:
    stored = _stored(random_patterns(0, 2, SITES))
    with pytest.raises(SettingError, match=f"{named}.*'{text}") as error:
        starts.fill_bank(parse_start(text), _images(labels=labels), stored)
    assert error.value.setting == "start"


def test_images_are_chosen_at_random_and_all_else_in_turn() -> None:
    xi = random_patterns(0, 3, SITES)
    rng, bank = np.random.default_rng(0), _bank("pattern", xi)
    chosen = starts.choose(parse_start("pattern"), bank, 7, rng)
    assert "".join(chosen.label) == "abcabca"
    assert chosen.source_index.tolist() == [100, 101, 102, 100, 101, 102, 100]
    image, bank = parse_start("image"), _bank("image", xi)
    drawn = [starts.choose(image, bank, 3000, np.random.default_rng(seed)) for seed in (0, 0, 1)]
    sources = [bank.source_index.tolist() for bank in drawn]
    assert sources[0] == sources[1] != sources[2]
    often = np.bincount(sources[0], minlength=9)
    # Seven images, SD = sqrt(3000 / 7 * 6 / 7) = 19; five of them.
    assert often[[5, 8]].tolist() == [0, 0]
    assert np.abs(np.delete(often, [5, 8]) - 3000 / 7).max() < 96


@pytest.mark.parametrize("text", ALL_BASES)
def test_every_base_makes_spins_the_same_for_a_seed(text: str, tmp_path: Path) -> None:
    (tmp_path / "given.text").write_text(f"{'#.' * 21}\n", encoding="utf-8")
    (tmp_path / "given.csv").write_text(f"{'1,-1,' * 20}1,-1\n" * 2, encoding="utf-8")
    np.save(tmp_path / "given.npy", np.array([1, -1] * 21))
    np.savez(tmp_path / "given.npz", np.array([[1, -1] * 21]))
    Image.fromarray(np.arange(42, dtype=np.uint8)[np.newaxis] * 6).save(tmp_path / "given.png")
    text = text.replace("FILE", str(tmp_path / "given"))
    start, xi = parse_start(text), random_patterns(4, 2, SITES)
    bank = starts.choose(start, _bank(text, xi, 1), 30, np.random.default_rng(0))
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
    by_chance = start.base in ("random", "majority") or text.endswith(":fill")
    assert np.array_equal(first_states(start, bank, SHAPE, 6), states) != by_chance


@pytest.mark.parametrize("text", ALL_CHANGES)
def test_every_change_works_in_place_on_spins_the_same_for_the_same_stream(text: str) -> None:
    start, kept = parse_start(text), np.zeros((8, 9), np.int8)
    picture = kept[1:7, 1:8]  # a view: the frame around it must stay
    picture[:] = random_patterns(2, 6, 7)
    before = picture.copy()
    change(picture, start, starts.trial_rng(3, 0))
    assert not np.array_equal(picture, before)
    assert set(np.unique(picture)) <= {-1, 1}
    assert np.count_nonzero(kept) == SITES
    again, other = before.copy(), before.copy()
    change(again, start, starts.trial_rng(3, 0))
    change(other, start, starts.trial_rng(3, 1))
    assert np.array_equal(again, picture)
    assert np.array_equal(other, picture) == (not text.startswith("flip"))


# --- labels: words that tables use too, and states without a label


XI = random_patterns(4, 3, 64)
OWN = ["recall", "--dataset", "text:own.txt"]
WORDS = [*confusion_columns(["a", "b"])[3:], "label", OVERALL, *OUTCOMES]
OUT = ["--out", "results/recall"]
COLD = ["--dynamics", "async", "--until-stable", "--repeats", "1", "--no-figures", "-q", *OUT]


def _draw(path: str, states: NDArray[np.int8], names: list[str] | None = None) -> None:
    blocks = []
    for k, state in enumerate(states.reshape(-1, 8, 8)):
        rows = ["".join("#" if spin > 0 else "." for spin in row) for row in state]
        blocks.append("\n".join([*([f"{names[k]}:"] if names and names[k] else []), *rows]))
    Path(path).write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


@pytest.mark.parametrize("word", dict.fromkeys(WORDS))
def test_no_label_makes_two_rows_or_columns_of_one_name(run_hopcli: RunHopcli, word: str) -> None:
    """The label is refused by name, or the tables stay unambiguous."""
    _draw("own.txt", XI, ["a", "b", word])
    run = [*OWN, "--start", "flip:0.1", "--tests", "2", *COLD, "--out", "out"]
    done = run_hopcli(*run)
    assert bool(done.code) == (word in (OVERALL, *confusion_columns(["a", "b"])))
    if done.code:
        assert repr(word) in done.refused()
        assert not Path("out").exists()
        assert run_hopcli(*run, "--digits", "a,b").code == 0
    else:
        assert pd.read_csv("out/confusion.csv", header=None, dtype=str).iloc[0].is_unique
        assert pd.read_csv("out/accuracy.csv", dtype=str)["label"].is_unique


@pytest.mark.parametrize("base", ["random", "majority", "random:0.25"])
def test_a_start_named_like_a_pattern_is_refused(run_hopcli: RunHopcli, base: str) -> None:
    _draw("own.txt", XI, ["a", "b", base])
    assert repr(base) in run_hopcli(*OWN, "--start", base, *COLD).refused()
    assert run_hopcli(*OWN, "--start", base, "--digits", "a,b", *COLD).code == 0


def _damaged(flips: int) -> NDArray[np.int8]:
    probes = XI.copy()
    for k, probe in enumerate(probes):
        probe[np.random.default_rng(k).choice(64, flips, replace=False)] *= -1
    return probes


def _outcomes() -> list[tuple[str, str, int]]:
    """Outcome, pattern and count of each start."""
    table = pd.read_csv("results/recall/outcomes.csv", dtype={"pattern": str, "label": str})
    met = table.loc[table["count"] > 0, ["outcome", "pattern", "count"]]
    return [(kind, name, count) for kind, name, count in met.to_numpy().tolist()]


@pytest.mark.parametrize("score", ["abs", "signed"])
def test_unnamed_states_are_scored_against_all(run_hopcli: RunHopcli, score: str) -> None:
    """A damaged pattern 3 in the first place is pattern 3 recalled, not pattern 1 lost."""
    _draw("stored.txt", XI)
    _draw("probe.txt", _damaged(5)[[2, 0]])
    data = ["--dataset", "text:stored.txt", "--rule", "hebbian", "--tests", "20", *COLD]
    assert run_hopcli("recall", *data, "--score", score, "--start", "text:probe.txt").code == 0
    accuracy = pd.read_csv("results/recall/accuracy.csv").set_index("label")["accuracy"]
    assert accuracy.tolist() == [1, 1, 1]
    assert not {"1", "2", "3"} & {*accuracy.index}
    assert _outcomes() == [("pattern", "3", 20), ("pattern", "1", 20)]


def test_in_a_mixed_file_a_name_decides_for_its_state_alone(run_hopcli: RunHopcli) -> None:
    _draw("stored.txt", XI, ["a", "b", "c"])
    _draw("probe.txt", _damaged(5)[[2, 2, 1, 0]], ["", "c", "a", "new"])
    data = ["--dataset", "text:stored.txt", "--rule", "hebbian", "--tests", "4", *COLD]
    run = ["recall", *data, "--start", "text:probe.txt"]
    assert run_hopcli(*run).code == 0
    expected = [("pattern", "c", 4), ("own", "c", 4), ("other", "b", 4), ("pattern", "a", 4)]
    assert _outcomes() == expected
    _draw("probe.txt", _damaged(5)[[2, 1]], ["", "start 1"])
    assert "start 1" in run_hopcli(*run, "--overwrite").refused()


def test_pictures_and_patterns_of_a_file_start_the_same_runs(run_hopcli: RunHopcli) -> None:
    """Dark ink, at twice the size; the patterns alone are enough."""
    probes = _damaged(5)[[0, 2]]
    for folder, states, names in (("stored", XI, ["a", "b", "c"]), ("probe", probes, ["a", "n1"])):
        _draw(f"{folder}.txt", states, names)
        Path(folder).mkdir()
        for name, state in zip(names, states, strict=True):
            grey = np.where(state > 0, 40, 220).astype(np.uint8).reshape(8, 8)
            Image.fromarray(np.kron(grey, np.ones((2, 2), np.uint8))).save(f"{folder}/{name}.png")
    run_hopcli("select", "--dataset", "text:stored.txt", "--samples", "1", "-q", "--out", "chosen")
    pictures = ["--dataset", "images:stored", "--size", "8x8", "--invert"]
    patterns = ["--patterns", "chosen/patterns.npz", "--start"]
    found = []
    for words in (
        ["--dataset", "text:stored.txt", "--start", "text:probe.txt"],
        [*pictures, "--start", "images:probe"],
        [*pictures, "--start", "images:probe:100:invert"],
        [*patterns, "images:probe:otsu:invert"],
        [*patterns, "text:probe.txt"],
    ):
        assert run_hopcli("recall", *words, "--tests", "2", *COLD, "--overwrite").code == 0, words
        tables = [pd.read_csv(f"results/recall/{name}.csv") for name in ("outcomes", "gallery")]
        assert _outcomes() == [("own", "a", 2), ("pattern", "c", 2)]
        found.append([table.drop(columns="source_index", errors="ignore") for table in tables])
    for tables in found[1:]:
        for table, first in zip(tables, found[0], strict=True):
            pd.testing.assert_frame_equal(table, first)
    refused = run_hopcli("recall", *patterns, "image", *COLD, "--overwrite").refused()
    assert "--start flip:0.1" in refused
