"""Labels: words that tables use too, and starting states without a label."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

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
        Path("pictures").mkdir()
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
@pytest.mark.parametrize("kind", ["text", "images", "npz"])
def test_no_label_makes_two_rows_or_columns_of_one_name(
    run_hopcli: RunHopcli, kind: str, word: str
) -> None:
    """It is refused by its name, or the tables stay clear."""
    data = _source(kind, ["a", "b", word])
    run = ["recall", *data, "--start", "flip:0.1", "--tests", "2", *COLD]
    done = run_hopcli(*run)
    if done.code:
        assert repr(word) in done.refused()
        assert not Path("results").exists()
        assert run_hopcli(*run, "--digits", "a,b").code == 0
        return
    header = Path("results/recall/confusion.csv").read_text("utf-8").splitlines()[0].split(",")
    assert len(set(header)) == len(header)
    labels = pd.read_csv("results/recall/accuracy.csv", dtype=str)["label"].tolist()
    assert labels == sorted({*labels}, key=labels.index)
    assert word not in (OVERALL, *confusion_columns(["a", "b"]))


@pytest.mark.parametrize("command", ["recall", "relax", "variance", "compare", "attractors"])
def test_every_command_refuses_the_word(run_hopcli: RunHopcli, command: str) -> None:
    data = _source("npz", ["a", "b", OVERALL])
    assert OVERALL in run_hopcli(command, *data, "-q", "--samples", "1").refused()


def test_only_words_that_collide_are_refused() -> None:
    check_names(["pattern", "own"], ["pattern", "own", "other", "inverse", "3", "3"])
    check_names(["inverse 3"], ["inverse 3", "4"])
    for stored in (["3", "inverse 3"], ["none"], ["label", "a"]):
        with pytest.raises(
            HopcliError, match=repr(stored[-1] if len(stored[0]) == 1 else stored[0])
        ):
            check_names((), stored)
    with pytest.raises(HopcliError, match=OVERALL):
        check_names([OVERALL], ["a"])


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


def _outcomes() -> dict[str, tuple[str, str, int]]:
    table = pd.read_csv("results/recall/outcomes.csv", dtype={"pattern": str, "label": str})
    met = table.loc[table["count"] > 0, ["label", "outcome", "pattern", "count"]]
    return {label: (kind, name, count) for label, kind, name, count in met.to_numpy().tolist()}


def test_a_state_without_a_name_is_scored_against_all_patterns(run_hopcli: RunHopcli) -> None:
    """A damaged pattern 3 in the first place is pattern 3 recalled, not pattern 1 lost."""
    _draw("stored.txt", XI)
    _draw("probe.txt", _damaged(5)[[2, 0]])
    data = ["--dataset", "text:stored.txt", "--rule", "hebbian", "--tests", "20", *COLD]
    for command in (["recall"], ["recall", "--overwrite", "--score", "signed"]):
        assert run_hopcli(*command, *data, "--start", "text:probe.txt").code == 0
        accuracy = pd.read_csv("results/recall/accuracy.csv").set_index("label")["accuracy"]
        assert accuracy.tolist() == [1, 1, 1]
        assert not {"1", "2", "3"} & {*accuracy.index}
        assert [*_outcomes().values()] == [("pattern", "3", 20), ("pattern", "1", 20)]


def test_in_a_mixed_file_a_name_decides_for_its_state_alone(run_hopcli: RunHopcli) -> None:
    _draw("stored.txt", XI, ["a", "b", "c"])
    _draw("probe.txt", _damaged(5)[[2, 2, 1, 0]], ["", "c", "a", "new"])
    data = ["--dataset", "text:stored.txt", "--rule", "hebbian", "--tests", "4", *COLD]
    assert run_hopcli("recall", *data, "--start", "text:probe.txt").code == 0
    expected = [("pattern", "c", 4), ("own", "c", 4), ("other", "b", 4), ("pattern", "a", 4)]
    assert [*_outcomes().values()] == expected
    _draw("probe.txt", _damaged(5)[[2, 1]], ["", "start 1"])
    run = ["recall", *data, "--start", "text:probe.txt", "--overwrite"]
    assert "start 1" in run_hopcli(*run).refused()


def test_python_takes_the_same_rule(empty_folder: Path) -> None:
    memory = hopcli.store(XI, rule="hebbian")
    probe = _damaged(5)[[2]]
    _draw("probe.txt", probe)
    _draw("named.txt", probe, ["1"])
    cold = {"dynamics": "async", "until_stable": True}
    for start in (probe, hopcli.load("text:probe.txt"), "text:probe.txt", hopcli.load(probe)):
        end = memory.recall(start, **cold)  # type: ignore[arg-type]
        assert (end.outcome.tolist(), end.nearest.tolist()) == (["pattern"], ["3"])
        assert end.recalled.tolist() == [True]
    for start in (hopcli.load("text:named.txt"), "text:named.txt"):
        end = memory.recall(start, **cold)  # type: ignore[arg-type]
        assert end.outcome.tolist() == ["other"]
    end = memory.recall(probe, labels=["1"], **cold)  # type: ignore[arg-type]
    assert end.outcome.tolist() == ["other"]
