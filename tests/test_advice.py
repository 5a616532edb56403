"""Advice that the program prints, followed as it is printed.

Every test provokes a message, takes options, commands or values out of that very message, and
follows each: what was refused passes, a warning is gone, the accuracy rises.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from advice import commands_in, draw, options_in, options_of, two_bars

if TYPE_CHECKING:
    from conftest import RunHopcli

SMALL = ["--tests", "5", "--repeats", "1", "--no-figures"]


def without(arguments: list[str], message: str) -> list[str]:
    """The arguments less the options (with a value) that a message says to leave out."""
    kept = list(arguments)
    for name in re.findall(r"without (--[a-z-]+)", message):
        place = kept.index(name)
        del kept[place : place + 2]
    return kept


def hadamard() -> None:
    """Four orthogonal patterns of four sites: every field is zero."""
    rows = {"a": "##", "b": "#."}
    draw(
        "p.txt",
        {f"{m}{n}": [rows[m], rows[m] if n == "a" else rows[m].translate({35: 46, 46: 35})]
         for m in rows for n in rows},
    )  # fmt: skip


# --- warnings of a recall and of a relaxation ------------------------------------------------


class Seen:
    """A finished run: what it warned of, and what it recalled."""

    def __init__(self, run: RunHopcli, command: str, arguments: list[str], out: str) -> None:
        kept = ["--keep", "trials"] if command == "recall" else []
        done = run(command, *arguments, *kept, "--out", out, "--format", "json")
        assert done.code == 0, done.err
        notes = json.loads(Path(out, f"{command}.json").read_text(encoding="utf-8"))["notes"]
        self.warnings: list[str] = notes["warnings"]
        self.topics: list[str] = notes["topics"]
        assert len(self.topics) == len(self.warnings)
        assert json.loads(done.out)["warnings"] == self.warnings
        table = pd.read_csv(Path(out, "accuracy.csv" if kept else "relaxation.csv"))
        self.accuracy = float(table["accuracy"].iloc[-1])
        if kept:
            trials = pd.read_csv(Path(out, "trials.csv"), dtype={"label": str, "best_label": str})
            assert (trials["best_label"] == trials["label"])[trials["recalled"]].all()


WARNED = {
    "hebbian": "--rule hebbian",
    "its parameter": "--rule hebbian --normalise p",
    "storkey": "--rule storkey",
    "perceptron": "--rule perceptron",
    "noise": "--temperature 0.4",
    "mixed by noise": "--rule hebbian --digits 04 --temperature 0.6",
    "gamma": "--dynamics glauber --gamma 4",
    "a schedule": "--temperature 0.8:0.6:geometric",
    "a threshold": "--theta 3",
    "both": "--rule hebbian --theta 1",
    "sync": "--rule hebbian --dynamics sync",
}


FAST = ("hebbian", "noise", "a threshold", "sync")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(text, id=name, marks=[] if name in FAST else pytest.mark.slow)
        for name, text in WARNED.items()
    ],
)
def test_options_in_the_warnings_of_a_recall(run_hopcli: RunHopcli, arguments: str) -> None:
    asked = [*arguments.split(), *SMALL]
    before = Seen(run_hopcli, "recall", asked, "before")
    followed = 0
    for topic, warning in zip(before.topics, before.warnings, strict=True):
        for option in options_in(warning, "recall"):
            changed = [*without(asked, warning), *option]
            after = Seen(run_hopcli, "recall", changed, f"after{followed}")
            assert topic not in after.topics
            assert after.accuracy > before.accuracy
            followed += 1
        for command in commands_in(warning):
            (lost,) = re.findall(r"pattern '(\w+)'", warning)
            known, pairs = options_of(command[0]), zip(asked[::2], asked[1::2], strict=False)
            same = [text for name, value in pairs if name in known for text in (name, value)]
            assert run_hopcli(*command, *same, "--no-figures", "--out", "w").code == 0
            table = pd.read_csv("w/weights.csv", dtype={"label": str})
            assert not table.set_index("label").loc[lost, "fixed_point"]
            followed += 1
    assert followed


@pytest.mark.parametrize("arguments", ["--rule hebbian", "--temperature 0.4"])
def test_options_in_the_warnings_of_a_relaxation(run_hopcli: RunHopcli, arguments: str) -> None:
    asked = [*arguments.split(), *SMALL, "--sweeps", "20"]
    before = Seen(run_hopcli, "relax", asked, "before")
    (warning,) = before.warnings
    (option,) = options_in(warning, "relax")
    after = Seen(run_hopcli, "relax", [*asked, *option], "after")
    assert after.warnings == []
    assert after.accuracy > before.accuracy


def test_a_tie_that_moves_patterns_is_advised_to_be_kept(run_hopcli: RunHopcli) -> None:
    hadamard()
    asked = ["--dataset", "text:p.txt", "--start", "pattern", "--rule", "hebbian"]
    asked += ["--dynamics", "async", "--tie", "up"]
    before = Seen(run_hopcli, "recall", [*asked, *SMALL], "before")
    (option,) = options_in(before.warnings[0], "recall")
    assert commands_in(before.warnings[0]) == []  # they are fixed points where ties are kept
    after = Seen(run_hopcli, "recall", [*asked, *SMALL, *option], "after")
    assert (after.accuracy, after.warnings) == (1.0, [])


def test_dependent_patterns_are_not_advised_a_rule_that_cannot_store_them(
    run_hopcli: RunHopcli,
) -> None:
    """Of three copies and one other pattern the Hebbian rule forgets the other."""
    rows = {"a": ["####", "....", "####", "...."], "z": ["##..", "##..", "##.#", "...."]}
    draw("p.txt", {"a": rows["a"], "b": rows["a"], "c": rows["a"], "z": rows["z"]})
    asked = ["--dataset", "text:p.txt", "--start", "pattern", "--rule", "hebbian"]
    before = Seen(run_hopcli, "recall", [*asked, *SMALL], "before")
    assert "'z'" in before.warnings[0]
    assert options_in(before.warnings[0], "recall") == []
    refused = run_hopcli("recall", *asked, "--rule", "pseudo-inverse", *SMALL, "--out", "no")
    assert refused.code == 2


def test_more_sweeps_where_the_accuracy_would_rise(run_hopcli: RunHopcli) -> None:
    asked = ["--sweeps", "2", "--tests", "40", "--repeats", "2", "--no-figures"]
    before = Seen(run_hopcli, "recall", asked, "before")
    (warning,) = before.warnings
    (option,) = options_in(warning, "recall")
    low, high = map(float, re.findall(r"\((\d+\.\d) to (\d+\.\d)", warning)[0])
    after = Seen(run_hopcli, "recall", [*asked, *option], "after")
    assert low - 8 < 100 * (after.accuracy - before.accuracy) < high + 8  # two more binomials
    for command in commands_in(warning):
        assert run_hopcli(*command, *SMALL, "--sweeps", "4", "--out", "r").code == 0


@pytest.mark.parametrize("command", ["recall", pytest.param("relax", marks=pytest.mark.slow)])
@pytest.mark.parametrize("arguments", ["--rule hebbian", "--rule storkey", "--temperature 1.3"])
def test_where_the_criterion_cannot_be_automatic(
    run_hopcli: RunHopcli, command: str, arguments: str
) -> None:
    asked = [command, *arguments.split(), "--criterion", "auto", *SMALL, "--sweeps", "20"]
    message = run_hopcli(*asked).refused()
    assert message.startswith("--criterion ")
    assert not Path("results").exists()
    ways = [way for way in options_in(message, command) if way[0] != "--criterion"]
    assert ways
    for way in ways:
        assert run_hopcli(*asked, *way, "--out", "".join(way)).code == 0


def test_signed_scores_count_no_inverse(run_hopcli: RunHopcli) -> None:
    two_bars()
    asked = "recall --dataset text:p.txt --start pattern,inverse --repeats 3 --tests 4 --no-figures"
    done = run_hopcli(*asked.split())
    assert done.code == 0, done.err
    assert "24 recalled runs, 24 ended" in done.out
    assert max(map(len, done.out.split("\n\n")[1].splitlines())) <= 80
    (option,) = options_in(done.out.split("\n\n")[1], "recall")
    signed = run_hopcli(*asked.split(), *option, "--out", "signed")
    assert pd.read_csv("signed/accuracy.csv")["recalled"].sum() == 0
    assert "inverse" not in signed.out
