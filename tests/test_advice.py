"""Advice in messages of the program, followed literally.

Every test provokes a message, takes options, commands or values out of that very message, and
follows each: what was refused passes, a warning is gone, the accuracy rises.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
from advice import commands_in, draw, options_in, options_of, two_bars
from conftest import RunHopcli

SMALL = "--tests 5 --repeats 1 --no-figures"
TINY = "--dataset text:p.txt --start flip:0.1 --tests 2 --repeats 1"
BARS = f"recall {TINY} --no-figures"
GRID = """
command = "recall"
dataset = "text:p.txt"
start = "flip:0.1"
tests = 2
repeats = 1
[grid]
"""
MAKE_GRID = "grid run grid.toml --no-figures --threads 1 --out g"


@pytest.fixture(autouse=True)
def _files(empty_folder: Path) -> None:
    """Write the input of the commands."""
    two_bars()
    # Of four orthogonal patterns of four sites every field is zero.
    rows = {"aa": ["##", "##"], "ab": ["##", ".."], "ba": ["#.", "#."], "bb": ["#.", ".#"]}
    draw("four.txt", rows)
    Path("grid.toml").write_text(f"{GRID}temperature = [0.1, 0.2]\n", encoding="utf-8")
    relax = GRID.replace("recall", "relax").replace("[grid]", "sweeps = 4\n[grid]")
    Path("relax.toml").write_text(f"{relax}temperature = [0.1, 0.2]\n", encoding="utf-8")
    Path("..toml").write_text('dataset = "text:p.txt"\nstart = "flip:0.1"\n', encoding="utf-8")


# --- warnings ----------------------------------------------------------------------------


class Seen:
    """A finished run: its warnings and its accuracy."""

    def __init__(self, run: RunHopcli, arguments: list[str], out: str) -> None:
        command = arguments[0]
        kept = ["--keep", "trials"] if command == "recall" else []
        done = run(*arguments, *kept, "--out", out, "--format", "json")
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


FAST = (
    "recall --temperature 0.4",
    "recall --theta 3",
    "recall --rule hebbian --dynamics sync",
    "recall --dataset text:four.txt --start pattern --rule hebbian --dynamics async --tie up",
    "relax --rule hebbian --sweeps 20",
)
SLOW = (
    "recall --rule hebbian",
    "recall --rule hebbian --digits 04 --temperature 0.6",
    "recall --dynamics glauber --gamma 4",
    "relax --temperature 0.4 --sweeps 20",
)


@pytest.mark.parametrize(
    "line", [*FAST, *(pytest.param(line, marks=pytest.mark.slow) for line in SLOW)]
)
def test_options_and_commands_in_warnings(run_hopcli: RunHopcli, line: str) -> None:
    asked = f"{line} {SMALL}".split()
    before = Seen(run_hopcli, asked, "before")
    followed = 0
    for topic, warning in zip(before.topics, before.warnings, strict=True):
        for option in options_in(warning, asked[0]):
            changed = [*asked, *option]
            for name in re.findall(r"without (--[a-z-]+)", warning):
                del changed[changed.index(name) : changed.index(name) + 2]
            after = Seen(run_hopcli, changed, f"after{followed}")
            assert topic not in after.topics
            assert after.accuracy > before.accuracy
            followed += 1
        for command in commands_in(warning):
            (lost,) = re.findall(r"pattern '(\w+)'", warning)
            known, pairs = options_of(command[0]), zip(asked[1::2], asked[2::2], strict=False)
            same = [text for name, value in pairs if name in known for text in (name, value)]
            assert run_hopcli(*command, *same, "--no-figures", "--out", "w").code == 0
            table = pd.read_csv("w/weights.csv", dtype={"label": str})
            assert not table.set_index("label").loc[lost, "fixed_point"]
            followed += 1
    assert followed


def test_dependent_patterns_are_advised_no_rule(run_hopcli: RunHopcli) -> None:
    """Of three copies and one other pattern the Hebbian rule forgets the other."""
    same, other = ["####", "....", "####", "...."], ["##..", "##..", "##.#", "...."]
    draw("four.txt", {"a": same, "b": same, "c": same, "z": other})
    asked = f"recall --dataset text:four.txt --start pattern --rule hebbian {SMALL}"
    (warning,) = Seen(run_hopcli, asked.split(), "before").warnings
    assert "'z'" in warning
    assert options_in(warning, "recall") == []


FEW = (
    "consistency --digits 0,1,2,3 --dataset digits --selections 5 --samples 5 --tests 2 --sweeps 2"
)
SHORT = (
    "critical --dataset digits --chains 20 --scales 2,3 --sweeps 20 --temperatures 0.7:0.96:0.05"
)
SHAPE = "--size WIDTHxHEIGHT"
LINES = [(FEW, "--selections 30"), (SHORT, "--sweeps")]
LINES += [
    (f"weights --rule hebbian --dataset {x}", SHAPE) for x in ("csv:rows.csv", "text:bits.txt")
]


@pytest.mark.parametrize(("line", "named"), LINES)
def test_a_line_is_gone_with_its_option(run_hopcli: RunHopcli, line: str, named: str) -> None:
    Path("rows.csv").write_text("1,0,1,0\n0,1,1,0\n1,1,0,0\n1,0,0,0\n")
    Path("bits.txt").write_text("110000110\n101010101\n")
    message = run_hopcli(*line.split(), "--no-figures", "--out", "before").err
    option, *_ = named.split()
    found = options_in(message.replace("WIDTHxHEIGHT", "2x2"), line.split()[0], "2x2")
    (way,) = (way for way in found if way[0] == option)
    assert option != "--selections" or " ".join(way) == named
    after = run_hopcli(*line.split(), *way, "--no-figures", "--out", "after")
    assert (after.code, after.err) == (0, "")


# --- refusals ----------------------------------------------------------------------------

# The command that is refused, and what fills a place in its message.
REFUSED = [
    ("grid run relax.toml --no-figures --out g", "other"),
    ("grid table g --out table.dat", "csv"),
    ("recall --config ./..toml --no-figures", "named"),
    (f"recall --rule storkey --criterion auto {SMALL}", ""),
    (f"relax --temperature 1.3 --criterion auto --sweeps 20 {SMALL}", ""),
    (f"recall --patterns here/patterns.npz {SMALL}", ""),
]


@pytest.mark.parametrize(("command", "fill"), REFUSED)
def test_what_was_refused_passes_as_advised(run_hopcli: RunHopcli, command: str, fill: str) -> None:
    if "grid" in command:
        assert run_hopcli(*MAKE_GRID.split()).code == 0
    message = run_hopcli(*command.split()).refused()
    path = " ".join(command.split()[: 2 if command.startswith("grid") else 1])
    advised = re.split(r"give |must be told|must be given|, or ", message)
    ways = [way for part in advised for way in options_in(part, path, fill)]
    ways = [way for way in ways if "must" not in way and way[0] not in ("--criterion", "--config")]
    named = commands_in(message)
    assert ways or named
    for words in [*([*command.split(), *way] for way in ways), *named]:
        made = ["--out", "here", "--no-figures"] if words[0] == "select" else []
        assert run_hopcli(*words, *made).code == 0
    if "--patterns" in command:
        assert run_hopcli(*command.split()).code == 0


# --- grids and files ---------------------------------------------------------------------


def test_images_are_shown_by_the_command_named(run_hopcli: RunHopcli) -> None:
    Path("few.csv").write_text("3,0,9,9,0\n4,9,0,0,9\n")
    (command,) = commands_in(run_hopcli("data", "--dataset", "csv:few.csv").out)
    assert run_hopcli(*command).code == 0


# --- settings ----------------------------------------------------------------------------


def test_a_start_with_undecided_sites(run_hopcli: RunHopcli) -> None:
    message = run_hopcli(*BARS.split(), "--start", "blend:a:b").refused()
    (more,) = re.findall(r"add (:\w+)", message)
    assert run_hopcli(*BARS.split(), "--start", f"blend:a:b{more}", "--out", "r").code == 0
    for rules in re.findall(r"use ([a-z, ]+)\)", message):
        for rule in rules.split(", "):
            with_rule = ["--start", "blend:a:b", "--dynamics", rule, "--out", rule]
            assert run_hopcli(*BARS.split(), *with_rule).code == 0


@pytest.mark.parametrize(
    "asked",
    [
        "--gamma 3 --tests 2 --repeats 1",
        "--dataset text:p.txt --samples 1 --tests 1 --repeats 1",
        "--tests 1000 --dataset digits --repeats 1",
        "--digits 3,x --tests 2 --repeats 1 --dataset digits",
    ],
)
def test_a_value_that_a_refusal_names(run_hopcli: RunHopcli, asked: str) -> None:
    message = run_hopcli("recall", *asked.split(), "--no-figures").refused()
    named = re.findall(r"(?:is|with) (dynamics|start) ([a-z:0-9.]+)", message)
    named += re.findall(r"--(start) .*; write ([a-z:0-9.]+)", message)
    ways = [[f"--{name}", value.strip(".")] for name, value in named]
    ways += map(list, re.findall(r"(--tests) must be at most ([1-9]\d*)", message))
    labels = re.findall(r"\(((?:\d, )+\d)\)", message)
    ways += [["--digits", known.replace(", ", ",")] for known in labels]
    assert ways
    for way in ways:
        assert run_hopcli("recall", *asked.split(), *way, "--no-figures").code == 0
