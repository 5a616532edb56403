"""Patterns, networks and states from Python: the words and the numbers of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import hopcli
from hopcli.streams import Streams

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunHopcli

BARS = {"left": [[1, 0], [1, 0]], "top": [[1, 1], [0, 0]]}


@pytest.fixture(scope="module")
def mnist() -> hopcli.Dataset:
    return hopcli.load("mnist")


@pytest.fixture(scope="module")
def five(mnist: hopcli.Dataset) -> hopcli.Patterns:
    return hopcli.select(mnist).take("36104")


def test_the_study_s_patterns(five: hopcli.Patterns) -> None:
    assert five.labels == ("3", "6", "1", "0", "4")
    assert five.source_index.tolist() == [21607, 25559, 7411, 39155, 28089]


@pytest.mark.parametrize("digits", ["361", "3,6,1", ["3", "6", "1"], np.array([3, 6, 1])])
def test_labels_are_spelled_as_one_likes(mnist: hopcli.Dataset, digits: Any) -> None:
    chosen = hopcli.select(mnist, digits=digits, samples=np.int64(5), seed=4)
    assert chosen.labels == ("3", "6", "1")
    assert chosen.sha256 == hopcli.select(mnist, "3,6,1", samples=5, seed=4).sha256


def test_the_command_line_spells_them_so_too(run_hopcli: RunHopcli, tmp_path: Path) -> None:
    written = []
    for number, digits in enumerate(("361", "3,6,1")):
        out = tmp_path / str(number)
        done = run_hopcli(
            "select", "--digits", digits, "--samples", "5", "--out", str(out), "--no-figures"
        )
        assert done.code == 0
        written.append((out / "patterns.csv").read_bytes())
    assert written[0] == written[1]


def test_a_label_that_is_spelled_twice_is_refused(mnist: hopcli.Dataset) -> None:
    with pytest.raises(hopcli.SettingError, match=r"which has no '3613'"):
        hopcli.select(mnist, digits="3613")


def test_select_is_the_command(
    mnist: hopcli.Dataset, run_hopcli: RunHopcli, tmp_path: Path
) -> None:
    assert run_hopcli("select", "--samples", "7", "--seed", "3", "--out", str(tmp_path)).code == 0
    table = pd.read_csv(tmp_path / "patterns.csv")
    chosen = hopcli.select(mnist, samples=7, seed=3)
    assert chosen.source_index.tolist() == table["source_index"].tolist()


def test_trials_of_the_command_end_in_the_same_states(
    mnist: hopcli.Dataset, five: hopcli.Patterns, run_hopcli: RunHopcli, tmp_path: Path
) -> None:
    done = run_hopcli(
        *("recall", "--tests", "6", "--repeats", "2", "--test-images", "same", "--seed", "5"),
        *("--temperature", "0.4", "--keep", "trials", "--no-figures", "--out", str(tmp_path)),
    )
    assert done.code == 0
    trials = pd.read_csv(tmp_path / "trials.csv", dtype={"label": str, "best_label": str})
    once = trials[trials["repeat"] == 0]["source_index"].to_numpy()
    end = hopcli.store(five).recall(
        mnist.spins[once], labels=mnist.labels[once], repeats=2, temperature=0.4, seed=5
    )
    columns = ["label", "overlap_own", "best_label", "best_overlap", "recalled", "outcome"]
    pd.testing.assert_frame_equal(end.table[columns], trials[columns])
    assert 0 < end.recalled.sum() < len(end)


def test_starts_of_the_command_are_the_same(
    five: hopcli.Patterns, run_hopcli: RunHopcli, tmp_path: Path
) -> None:
    done = run_hopcli(
        *("recall", "--start", "flip:0.4", "--tests", "3", "--repeats", "2", "--quench"),
        *("--keep", "trials", "--no-figures", "--out", str(tmp_path)),
    )
    assert done.code == 0
    trials = pd.read_csv(tmp_path / "trials.csv", dtype={"label": str, "best_label": str})
    end = hopcli.store(five).recall("flip:0.4", tests=3, repeats=2, quench=True)
    pd.testing.assert_frame_equal(end.table, trials, check_dtype=False)  # all ended at 1


def test_threads_and_one_state_alone_change_nothing(
    mnist: hopcli.Dataset, five: hopcli.Patterns
) -> None:
    memory = hopcli.store(five)
    many = memory.recall(mnist.spins[:9], temperature=0.7, threads=2)
    alone = memory.recall(mnist.spins[0].reshape(28, 28), temperature=0.7, threads=1)
    np.testing.assert_array_equal(alone.spins[0], many.spins[0])
    assert np.any(many.spins != mnist.spins[:9])


@pytest.mark.parametrize(("rule", "words"), [("hebbian", {"normalise": "p"}), ("storkey", {})])
def test_what_is_measured_is_measured_on_the_matrix(rule: str, words: dict[str, str]) -> None:
    rng = np.random.default_rng(1)
    xi = rng.choice([-1, 1], (3, 12))
    theta = rng.normal(size=12).round(2)
    memory = hopcli.store(xi, rule, theta=theta, **words)
    states = rng.choice([-1, 1], (4, 3, 4))
    s, w = states.reshape(4, 12), memory.weights
    np.testing.assert_allclose(memory.overlaps(states), s @ xi.T / 12)
    np.testing.assert_allclose(memory.fields(states), s @ w, atol=1e-12)
    energies = -0.5 * np.einsum("ci,ij,cj->c", s, w, s) + s @ theta
    np.testing.assert_allclose(memory.energy(states), energies, atol=1e-12)
    if rule == "hebbian":
        hebb = xi.T @ xi / 3
        np.testing.assert_allclose(w, hebb - np.diag(np.diag(hebb)), atol=1e-12)


def test_what_an_end_says_of_itself() -> None:
    rng = np.random.default_rng(3)
    xi = rng.choice([-1, 1], (2, 40))
    memory = hopcli.store(xi)
    end = memory.recall("flip:0.1", tests=4, dynamics="async", temperature=0, until_stable=True)
    assert end.labels.tolist() == ["1"] * 4 + ["2"] * 4
    np.testing.assert_allclose(end.overlaps, end.spins @ xi.T / 40)
    np.testing.assert_allclose(end.energy, memory.energy(end.spins))
    np.testing.assert_array_equal(np.sum(end.starts != np.repeat(xi, 4, axis=0), axis=1), 4)
    assert end.recalled.all()
    assert end.nearest.tolist() == end.labels.tolist()
    assert end.outcome.tolist() == ["own"] * 8
    trace = end.trace(2)
    assert trace["trial"].unique().tolist() == [0, 1]
    first, last = trace[trace["trial"] == 1].iloc[[0, -1]]["energy"]
    assert first == pytest.approx(memory.energy(end.starts[1])[0])
    assert last == pytest.approx(end.energy[1])
    np.testing.assert_array_equal(end.frames(2)[-1], end.spins[:2])


def test_a_state_without_a_label_may_reach_any_pattern() -> None:
    memory = hopcli.store(BARS)
    left = np.array(BARS["left"], dtype=bool)
    assert memory.recall(left, temperature=0.01).outcome.tolist() == ["pattern"]
    assert memory.recall(left, labels=["top"], temperature=0.01).outcome.tolist() == ["other"]
    assert memory.recall(~left, temperature=0.01).outcome.tolist() == ["inverse"]
    signed = memory.recall(~left, temperature=0.01, score="signed")
    assert not signed.recalled.any()


def test_patterns_and_data_sets_carry_their_labels(mnist: hopcli.Dataset) -> None:
    few = hopcli.load(mnist.spins[:4], labels=mnist.labels[:4])
    memory = hopcli.store(few)
    assert memory.patterns.labels == tuple(mnist.labels[:4])
    for start in (few, memory.patterns):
        assert memory.recall(start).outcome.tolist() == ["own"] * 4


def test_automatic_criterion_is_that_of_the_command(
    five: hopcli.Patterns, run_hopcli: RunHopcli, tmp_path: Path
) -> None:
    words = ("--start", "pattern", "--tests", "3", "--repeats", "1", "--temperature", "0.7")
    done = run_hopcli(
        "recall", *words, "--criterion", "auto", "--no-figures", "--out", str(tmp_path)
    )
    assert done.code == 0
    end = hopcli.store(five).recall("pattern", tests=3, temperature=0.7, criterion="auto")
    usual = hopcli.store(five).recall("pattern", tests=3, temperature=0.7)
    manifest = pd.read_json(tmp_path / "recall.json", typ="series")
    assert end.relaxation.config.criterion == manifest["config"]["criterion"] < 0.99
    assert usual.relaxation.config.criterion == 0.99


def test_seeds_are_the_run_s(five: hopcli.Patterns) -> None:
    end = hopcli.store(five).recall("random", seed=np.int64(8))
    assert end.relaxation.streams.chains.spawn_key == Streams.of(8).chains.spawn_key
    assert end.relaxation.streams.chains.entropy == 8


@pytest.mark.parametrize(
    ("start", "words", "says"),
    [
        ("image", {}, "start must be the images themselves, or their Dataset, found 'image'"),
        ("flip:2", {}, "start must be"),
        ("pattern", {"labels": ["1"]}, "labels cannot be given with a start that is a text"),
        (np.ones((1, 4)), {"tests": 2}, "tests has no effect on states that are given"),
        (np.ones((1, 4)), {"labels": ["a", "b"]}, "labels must be 1, one a state, found 2"),
        (np.ones((1, 4)), {"temperature": -1}, "temperature must be"),
        (np.ones((1, 4)), {"dynamics": "swap"}, "dynamics must be one of metropolis"),
        (np.ones((1, 4)), {"threads": 0}, "threads must be"),
        (np.ones((1, 4)), {"quench": True, "until_stable": True, "temperature": 0}, "quench has"),
        ([[0, 1, -1, 1]], {}, "spins must be -1 or"),
        (np.ones(3), {}, r"states: must be of 4 sites, found an array of \(3,\)"),
        (np.full(4, 7.5), {}, "states: must be booleans"),
    ],
)
def test_what_is_impossible_is_said_in_one_line(
    start: Any, words: dict[str, Any], says: str
) -> None:
    with pytest.raises(hopcli.HopcliError, match=f"^{says}") as refused:
        hopcli.store(BARS).recall(start, **words)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: hopcli.store(BARS, "hebb"), "rule must be one of"),
        (lambda: hopcli.store(BARS, kappa=1), "kappa is no parameter"),
        (lambda: hopcli.store(BARS, "perceptron", kappa=-1), "kappa must be"),
        (lambda: hopcli.store(BARS, theta=[1, 2]), "theta must be one number, or 4 of them"),
        (lambda: hopcli.store([[1, 1, 1], [1, 1, 1]]), "the pseudo-inverse rule needs"),
        (lambda: hopcli.store("none.npz"), "none.npz: no such file"),
        (lambda: hopcli.load("mnst"), "dataset must be one of"),
        (lambda: hopcli.load("mnist", threshold=300), "threshold must be"),
        (lambda: hopcli.load("mnist", [1]), "labels cannot be given with a source"),
        (lambda: hopcli.load([[1.5, 2]]), "images: grey values must be whole"),
        (lambda: hopcli.load([[0, 2]], [1, 2]), "images: must hold one label an image"),
        (lambda: hopcli.load([[1, 2]], size=(3, 3)), "size cannot be given with images"),
        (lambda: hopcli.load([1, 2]), r"images: must have shape \(n, height, width\)"),
        (lambda: hopcli.select("mnist", digits="x"), "digits must name labels"),
        (lambda: hopcli.select("mnist", samples=0), "samples must be"),
    ],
)
def test_what_cannot_be_stored_or_loaded(call: Any, says: str) -> None:
    with pytest.raises(hopcli.HopcliError, match=f"^{says}"):
        call()


@pytest.mark.parametrize(
    ("images", "threshold", "spins"),
    [
        ([[0, 9, 10, 255]], 9, [[-1, -1, 1, 1]]),
        ([[10, 10, 12, 200]], "otsu", [[-1, -1, -1, 1]]),
        ([[0, 0, 0, 9]], "mean", [[-1, -1, -1, 1]]),
        ([[True, False, True, True]], 0, [[1, -1, 1, 1]]),
        ([[-1, 1, 1, -1]], 200, [[-1, 1, 1, -1]]),
        ([[[0.0, 1.0], [0.0, 1.0]]], 0, [[-1, 1, -1, 1]]),
    ],
)
def test_arrays_become_spins(images: Any, threshold: Any, spins: Any) -> None:
    given = np.array(images)
    before = given.copy()
    for invert in (False, True):
        made = hopcli.load(given, threshold=threshold, invert=invert)
        assert made.spins.tolist() == (np.array(spins) * (-1 if invert else 1)).tolist()
        assert made.shape == (2, 2)
    np.testing.assert_array_equal(given, before)


def test_a_data_set_knows_the_words_it_was_loaded_with(mnist: hopcli.Dataset) -> None:
    drawn = hopcli.load("drawings", size="16x12", invert=True)
    assert drawn.shape == (12, 16)
    assert hopcli.load(**drawn.request).sha256 == drawn.sha256
    assert mnist.request["dataset"] == "mnist"
    assert hopcli.load([[0, 2]]).request == {}


def test_given_arrays_stay_their_owner_s() -> None:
    xi = np.array([[1, -1, 1, 1]], dtype=np.int8)
    patterns = hopcli.store(xi).patterns
    xi[0, 0] = -1
    assert patterns.xi.tolist() == [[1, -1, 1, 1]]


def test_grey_values_of_a_byte_stay_as_they_are() -> None:
    grey = np.array([[0, 200, 7, 255]], dtype=np.uint8)
    assert hopcli.load(grey, threshold=7).spins.tolist() == [[-1, 1, -1, 1]]
    assert grey.tolist() == [[0, 200, 7, 255]]


def test_a_picture_of_0_and_1_is_one_of_spins() -> None:
    memory = hopcli.store(BARS)
    assert memory.overlaps(BARS["left"])[0, 0] == 1
    assert memory.recall(BARS["left"], temperature=0.01).starts.tolist() == [[1, -1, 1, -1]]
    undecided = memory.recall([0, 1, -1, 1], dynamics="async", temperature=0)
    assert undecided.starts.tolist() == [[0, 1, -1, 1]]
