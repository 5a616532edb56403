"""Labels: words that tables use too, and starting states without a label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import random_patterns
from PIL import Image

import hopcli
from hopcli.errors import HopcliError
from hopcli.experiments.tally import OUTCOMES, OVERALL, check_names, confusion_columns

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

XI = random_patterns(4, 3, 64)
SOURCES = ["text", "images", "npz"]
WORDS = [*confusion_columns(["a", "b"])[3:], "label", OVERALL, *OUTCOMES]
COLD = ["--dynamics", "async", "--until-stable", "--repeats", "1", "--no-figures", "-q"]


def _draw(path: str, states: NDArray[np.int8], names: list[str] | None = None) -> None:
    blocks = []
    for k, state in enumerate(states.reshape(-1, 8, 8)):
        rows = ["".join("#" if spin > 0 else "." for spin in row) for row in state]
        blocks.append("\n".join([*([f"{names[k]}:"] if names and names[k] else []), *rows]))
    Path(path).write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def _source(kind: str, names: list[str]) -> list[str]:
    """Write the patterns under these names; return the options that name them."""
    pictures = np.where(XI > 0, 255, 0).astype(np.uint8).reshape(-1, 8, 8)
    if kind == "images":
        Path("pictures").mkdir(exist_ok=True)
        for name, picture in zip(names, pictures, strict=True):
            Image.fromarray(picture).save(f"pictures/{name}.png")
        return ["--dataset", "images:pictures"]
    if kind == "npz":
        of = np.array(names)
        np.savez("set.npz", x_train=pictures, y_train=of, x_test=pictures, y_test=of)
        return ["--dataset", "npz:set.npz"]
    _draw("own.txt", XI, names)
    return ["--dataset", "text:own.txt"]


@pytest.mark.parametrize("word", dict.fromkeys(WORDS))
def test_no_label_makes_two_rows_or_columns_of_one_name(run_hopcli: RunHopcli, word: str) -> None:
    """It is refused by its name, or the tables stay clear."""
    for kind in SOURCES if word in (OVERALL, "none") else ["text"]:
        data = _source(kind, ["a", "b", word])
        run = ["recall", *data, "--start", "flip:0.1", "--tests", "2", *COLD, "--out", kind]
        done = run_hopcli(*run)
        assert bool(done.code) == (word in (OVERALL, *confusion_columns(["a", "b"])))
        if done.code:
            assert repr(word) in done.refused()
            assert not Path(kind).exists()
            assert run_hopcli(*run, "--digits", "a,b").code == 0
        else:
            header = Path(kind, "confusion.csv").read_text("utf-8").splitlines()[0].split(",")
            labels = pd.read_csv(f"{kind}/accuracy.csv", dtype=str)["label"].tolist()
            for names in (header, labels):
                assert len(set(names)) == len(names)


@pytest.mark.parametrize("command", ["relax", "variance", "compare", "attractors"])
def test_every_command_refuses_the_word(run_hopcli: RunHopcli, command: str) -> None:
    data = _source("npz", ["a", "b", OVERALL])
    assert OVERALL in run_hopcli(command, *data, "-q", "--samples", "1").refused()


def test_only_words_that_collide_are_refused() -> None:
    check_names(["pattern", "own"], ["pattern", "own", "other", "inverse", "3", "3"])
    check_names(["inverse 3"], ["inverse 3", "4"])
    for labels, stored, word in (
        ([], ["3", "inverse 3"], "inverse 3"),
        ([], ["none"], "none"),
        ([], ["label", "a"], "label"),
        ([OVERALL], ["a"], OVERALL),
    ):
        with pytest.raises(HopcliError, match=repr(word)):
            check_names(labels, stored)


@pytest.mark.parametrize("base", ["random", "majority", "random:0.25"])
def test_a_start_is_not_scored_against_a_pattern_of_its_name(
    run_hopcli: RunHopcli, base: str
) -> None:
    data = _source("text", ["a", "b", base])
    assert repr(base) in run_hopcli("recall", *data, "--start", base, *COLD).refused()
    assert run_hopcli("recall", *data, "--start", base, "--digits", "a,b", *COLD).code == 0


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
def test_a_state_without_a_name_is_scored_against_all_patterns(
    run_hopcli: RunHopcli, score: str
) -> None:
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


def test_python_takes_the_same_rule(empty_folder: Path) -> None:
    memory, probe = hopcli.store(XI, rule="hebbian"), _damaged(5)[[2]]
    _draw("probe.txt", probe)
    _draw("named.txt", probe, ["1"])

    def outcome(start: Any, **settings: Any) -> tuple[Any, Any, bool]:
        end = memory.recall(start, dynamics="async", until_stable=True, **settings)
        return end.outcome.item(), end.nearest.item(), bool(end.recalled.item())

    for start in (probe, hopcli.load("text:probe.txt"), "text:probe.txt", hopcli.load(probe)):
        assert outcome(start) == ("pattern", "3", True)
    for start in (hopcli.load("text:named.txt"), "text:named.txt"):
        assert outcome(start) == ("other", "3", False)
    assert outcome(probe, labels=["1"]) == ("other", "3", False)
