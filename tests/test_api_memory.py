"""Patterns, networks and states from Python: the words and the numbers of the command line."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import RunHopcli

import hopcli
from hopcli import Dataset, PatternError, Patterns

BARS = {"left": [[1, 0], [1, 0]], "top": [[1, 1], [0, 0]]}


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return hopcli.load("mnist")


@pytest.fixture(scope="module")
def five(mnist: Dataset) -> Patterns:
    return hopcli.select(mnist).take("36104")


# --- patterns ----------------------------------------------------------------------------


def test_patterns_are_those_of_select(
    mnist: Dataset, five: Patterns, run_hopcli: RunHopcli
) -> None:
    assert five.labels == ("3", "6", "1", "0", "4")
    assert five.source_index.tolist() == [21607, 25559, 7411, 39155, 28089]
    words = "--digits 361 --samples 7 --seed 3 --out selected --no-figures"
    assert run_hopcli("select", *words.split()).code == 0
    table = pd.read_csv("selected/patterns.csv")
    for digits in ("361", "3,6,1", ["3", "6", "1"], np.array([3, 6, 1])):
        chosen = hopcli.select(mnist, digits=digits, samples=np.int64(7), seed=3)
        assert chosen.labels == ("3", "6", "1")
        assert chosen.source_index.tolist() == table["source_index"].tolist()


def test_labels_are_carried_and_arrays_are_copied(mnist: Dataset) -> None:
    few = hopcli.load(mnist.spins[:4], labels=mnist.labels[:4])
    memory = hopcli.store(few)
    assert memory.patterns.labels == tuple(mnist.labels[:4])
    for start in (few, memory.patterns):
        assert memory.recall(start).outcome.tolist() == ["own"] * 4
    xi = np.array([[1, -1, 1, 1]], dtype=np.int8)
    patterns = hopcli.store(xi).patterns
    xi[0, 0] = -1
    assert patterns.xi.tolist() == [[1, -1, 1, 1]]
    grey = np.array([[0, 200, 7]], dtype=np.uint8)
    assert hopcli.load(grey, threshold=100).spins.tolist() == [[-1, 1, -1]]
    assert grey.tolist() == [[0, 200, 7]]


# --- recall ------------------------------------------------------------------------------


def _trials(run_hopcli: RunHopcli, words: str) -> pd.DataFrame:
    """Trials of the command."""
    done = run_hopcli("recall", *f"{words} --keep trials --no-figures --out {len(words)}".split())
    assert done.code == 0
    return pd.read_csv(f"{len(words)}/trials.csv", dtype={"label": str, "best_label": str})


def test_trials_are_those_of_recall(mnist: Dataset, five: Patterns, run_hopcli: RunHopcli) -> None:
    warm = "--test-images same --seed 5 --temperature 0.4 --tests 6 --repeats 2"
    trials = _trials(run_hopcli, warm)
    once = trials[trials["repeat"] == 0]["source_index"].to_numpy()
    memory = hopcli.store(five)
    labels = mnist.labels[once]
    end = memory.recall(mnist.spins[once], labels=labels, repeats=2, temperature=0.4, seed=5)
    columns = ["label", "overlap_own", "best_label", "best_overlap", "recalled", "outcome"]
    pd.testing.assert_frame_equal(end.table[columns], trials[columns])
    assert 0 < end.recalled.sum() < len(end)

    trials = _trials(run_hopcli, "--start flip:0.4 --tests 3 --repeats 2 --quench")
    end = memory.recall("flip:0.4", tests=3, repeats=2, quench=True)
    pd.testing.assert_frame_equal(end.table, trials, check_dtype=False)  # all ended at 1


@pytest.mark.parametrize(("rule", "words"), [("hebbian", {"normalise": "p"}), ("storkey", {})])
def test_what_is_measured_is_measured_on_the_matrix(rule: str, words: dict[str, Any]) -> None:
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
    xi = np.random.default_rng(3).choice([-1, 1], (2, 40))
    memory = hopcli.store(xi)
    end = memory.recall("flip:0.1", tests=4, dynamics="async", temperature=0, until_stable=True)
    assert end.labels.tolist() == end.nearest.tolist() == ["1"] * 4 + ["2"] * 4
    np.testing.assert_allclose(end.overlaps, end.spins @ xi.T / 40)
    np.testing.assert_allclose(end.best_overlap, np.max(end.overlaps, axis=1))
    np.testing.assert_allclose(end.energy, memory.energy(end.spins))
    np.testing.assert_array_equal(np.sum(end.starts != np.repeat(xi, 4, axis=0), axis=1), 4)
    assert end.recalled.all()
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
    assert not memory.recall(~left, temperature=0.01, score="signed").recalled.any()


@pytest.mark.usefixtures("empty_folder")
def test_images_without_labels_may_reach_any_pattern() -> None:
    np.save("own.npy", np.array([*BARS.values()], dtype=np.uint8))
    end = hopcli.store(BARS).recall(hopcli.load("npy:own.npy"), temperature=0.01)
    assert (end.labels.tolist(), end.outcome.tolist()) == (["", ""], ["pattern"] * 2)


def test_black_and_white_pixels_are_spins() -> None:
    memory = hopcli.store(BARS)
    spins = [2 * np.array(bar).ravel() - 1 for bar in BARS.values()]
    np.testing.assert_array_equal(memory.fields([*BARS.values()]), memory.fields(spins))


# --- refusals ----------------------------------------------------------------------------

STATE = np.ones((1, 4))


def _recall(start: Any, **words: Any) -> Any:
    return lambda: hopcli.store(BARS).recall(start, **words)


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (_recall(STATE, tests=2), "SettingError", "tests "),
        (_recall(STATE, labels=["a", "b"]), "SettingError", "labels .*1, .*found 2"),
        (_recall(STATE, dynamics="swap"), "SettingError", "dynamics .*metropolis"),
        (_recall([[0, 1, -1, 1]]), "HopcliError", "spins "),
        (_recall(np.ones(3)), "DataError", r"states: .*4 sites.*\(3,\)"),
        (_recall(np.full(4, 7.5)), "DataError", "states: "),
        (lambda: hopcli.store(BARS, kappa=1), "SettingError", "kappa "),
        (lambda: hopcli.store(BARS, theta=[1, 2]), "SettingError", "theta .*4"),
        (lambda: hopcli.store([[1, 1, 1], [1, 1, 1]]), "PatternError", "the pseudo-inverse"),
        (lambda: hopcli.store("none.npz"), "DataError", "none.npz: "),
        (lambda: hopcli.load("mnist", [1]), "SettingError", "labels "),
        (lambda: hopcli.load([[1.5, 2]]), "DataError", "images: "),
        (lambda: hopcli.load([1, 2]), "DataError", r"images: .*\(n, height, width\)"),
    ],
)
def test_what_is_impossible_is_said_in_one_line(call: Any, error: str, named: str) -> None:
    with pytest.raises(hopcli.HopcliError, match=f"^{named}") as refused:
        call()
    assert isinstance(refused.value, getattr(hopcli, error))
    assert "\n" not in str(refused.value)


# --- edges: small numbers, ties


def test_ten_names_are_all_named_and_eleven_are_not() -> None:
    for n, dots in ((10, False), (11, True)):
        xi = np.where(np.eye(n, 16) > 0, 1, -1)
        memory = hopcli.store({f"n{k}": row.reshape(4, 4) for k, row in enumerate(xi)}, "hebbian")
        assert ("..." in repr(memory)) == dots
        assert "n9" in repr(memory)


def test_the_most_frequent_outcome_is_named_first_and_traces_are_counted() -> None:
    pattern = np.array([[1, 1, 1], [0, 0, 0]])
    memory = hopcli.store({"a": pattern}, "hebbian")
    states = [pattern, 1 - pattern, pattern, pattern]
    end = memory.recall(states, dynamics="async", temperature=0)
    names = dict(zip(*np.unique(end.outcome, return_counts=True), strict=True))
    assert sorted(names.values()) == [1, 3]
    few, many = sorted(names, key=lambda name: names[name])
    assert repr(end).index(f"{many} 3") < repr(end).index(f"{few} 1")
    assert end.trace(2)["trial"].nunique() == 2


def test_patterns_that_become_blank_are_refused_in_one_message() -> None:
    images = np.random.default_rng(1).random((3, 8, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PatternError, match="3 of 3 images") as caught:
            hopcli.store(images)
        (name,) = re.findall(r"hopcli\.load\(images, threshold='(\w+)'\)", str(caught.value))
        assert len(hopcli.store(hopcli.load(images, threshold=name)).patterns) == 3
