"""``hopcli runs``: every finished run below, with what tells it from the others."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import UNPRIVILEGED, files_below
from test_cli_plot import FLAGS, make

from hopcli.catalogue import CATALOGUE
from hopcli.cli.lines import spelt

if TYPE_CHECKING:
    from conftest import RunHopcli, SpawnHopcli

RECALL = ("--start", "flip:0.3", "--tests", "5", "--repeats", "2", "--temperature", "0")
COLD = (*RECALL, "--no-figures")

FEW = {
    "select": ("--samples", "2"),
    "recall": RECALL,
    "temperature-scan": ("--temperatures", "0.5,1.5", "--repeats", "3", "--sweeps", "5"),
    "weights": ("--rule", "hebbian"),
    "attractors": ("--starts", "20"),
    "capacity": ("--patterns", "images", "--loads", "0.05", "--draws", "2"),
    "critical": ("--temperatures", "0.5,1.5", "--chains", "5", "--sweeps", "20"),
    "compare": tuple(FLAGS["compare"].split()),
    "variance": ("--start", "flip:0.3", "--selections", "2", "--tests", "3", "--repeats", "2"),
    "consistency": ("--dataset", "digits", "--selections", "2", "--tests", "3"),
    "fit-sweeps": ("--dataset", "digits", "--sweeps", "1,2", "--replays", "2", "--orders", "2"),
    "relax": ("--start", "flip:0.3", "--tests", "5", "--repeats", "2", "--sweeps", "6"),
}
"""Small runs of every command."""


def key(folder: str, command: str) -> str:
    found: str = json.loads(Path(folder, f"{command}.json").read_text())["key"]
    return found


def heads(out: str) -> list[list[str]]:
    """The heads of each table."""
    return [table.splitlines()[0].split() for table in out.split("\n\n")]


def test_runs_are_told_apart_by_what_differs_and_by_nothing_else(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, out=Path("all/b"))
    make(run_hopcli, "recall", *COLD, "--rule", "hebbian", "--seed", "7", out=Path("all/a/deep"))
    make(run_hopcli, "weights", "--no-figures", out=Path("all/b"))
    before = files_below(Path())
    done = run_hopcli("runs", "all")
    assert (done.code, done.err) == (0, "")
    assert files_below(Path()) == before
    recall, weights = done.out.split("\n\n")
    rows = [line.split() for line in recall.splitlines()]
    ends = ["dataset", "version", "seconds", "accuracy", "key"]
    assert rows[0] == ["folder", "command", "seed", "rule", *ends]
    assert [row[:4] for row in rows[1:]] == [
        ["all/a/deep", "recall", "7", "hebbian"],
        ["all/b", "recall", "1", "pseudo-inverse"],
    ]
    for row in rows[1:]:
        assert row[4] == "text:five.txt"
        table = Path(row[0], "accuracy.csv").read_text().splitlines()
        of = dict(zip(table[0].split(","), table[-1].split(","), strict=True))
        assert of["label"] == "overall"
        assert float(row[-2]) == float(of["accuracy"])
        assert row[-1] == key(row[0], "recall")[:8]
    assert recall.splitlines()[0].index("rule") == recall.splitlines()[1].index("hebbian")
    assert [line.split()[:2] for line in weights.splitlines()[1:]] == [["all/b", "weights"]]
    assert heads(weights) == [["folder", "command", "dataset", "version", "seconds", "key"]]
    assert heads(run_hopcli("runs", "all/b").out)[0] == ["folder", "command", *ends]
    assert run_hopcli("runs", "all/b", "all", "all/a/..") == done  # each once


def test_a_data_set_is_named_once(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures", out=Path("all/a"))
    other = ("--dataset", "drawings", "--rule", "pseudo-inverse", "--no-figures")
    assert run_hopcli("weights", *other, "--out", "all/b", "-q").code == 0
    rows = [line.split() for line in run_hopcli("runs", "all").out.splitlines()]
    assert rows[0][:5] == ["folder", "command", "digits", "pixel", "dataset"]
    assert [row[rows[0].index("dataset")] for row in rows[1:]] == ["text:five.txt", "drawings"]


def test_csv_is_one_table_of_all(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, "--digits", "1,2,3", out=Path("all/b"))
    make(run_hopcli, "recall", *COLD, "--digits", "1,2", out=Path("all/a"))
    make(run_hopcli, "select", "--samples", "1", "--no-figures", out=Path("all/a"))
    done = run_hopcli("runs", "all", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    names = ["folder", "command", "digits", "dataset", "version", "seconds", "accuracy", "key"]
    assert [*rows[0]] == names
    assert [row["digits"] for row in rows] == ["1,2,3,4,5", "1,2", "1,2,3"]
    assert [row["command"] for row in rows] == ["select", "recall", "recall"]
    assert rows[0]["accuracy"] == ""
    assert float(rows[1]["accuracy"]) >= 0


def test_json_has_all_settings(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, out=Path("all/a"))
    done = run_hopcli("runs", "all", "--format", "json")
    (run,) = json.loads(done.out)
    manifest = json.loads(Path("all/a/recall.json").read_text())
    assert done.out.count("\n") == 1
    assert run["settings"] == manifest["config"]
    assert (run["folder"], run["command"], run["key"]) == ("all/a", "recall", manifest["key"])
    assert run["seconds"] == manifest["duration_seconds"]
    assert run["headline"]["name"] == "accuracy"


@pytest.mark.parametrize("command", CATALOGUE)
def test_runs_of_every_command_are_listed(run_hopcli: RunHopcli, command: str) -> None:
    make(run_hopcli, command, *FEW[command], "--no-figures", out=Path("all"))
    done = run_hopcli("runs", "all")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1].split()[:2] == ["all", command]


def test_a_grid_is_listed_with_what_it_varies(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures")
    for name, rules in (("a", "hebbian,storkey"), ("b", "hebbian,pseudo-inverse")):
        given = ["--set", "dataset=text:five.txt", "--set", f"rule={rules}"]
        flags = ["--command", "weights", *given, "--no-figures", "--out", name, "-q"]
        assert run_hopcli("grid", "run", *flags).code == 0
    left = Path("b/.hopcli-grid-published")  # as a kill leaves it that comes just then
    left.mkdir()
    Path("b/grid.json").rename(left / "grid.json")
    rows = [line.split() for line in run_hopcli("runs", "a", "b").out.splitlines()]
    assert rows[0][:3] == ["folder", "command", "grid.rule"]
    assert rows[1][:5] == ["a", "weights", "grid", "hebbian,storkey", "text:five.txt"]
    assert rows[2][:4] == ["b", "weights", "grid", "hebbian,pseudo-inverse"]


def test_what_cannot_be_read_does_not_hide_the_rest(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, out=Path("all/a"))
    for name in ("broken", "older", "damaged", "pipe"):
        shutil.copytree("all/a", f"all/{name}")
    Path("all/broken/recall.json").write_text("{")
    Path("all/older/recall.json").write_text('{"outputs": {}, "config": {}}')
    Path("all/damaged/accuracy.csv").write_text("label,accuracy\noverall,1\n")
    Path("all/pipe/recall.json").unlink()
    os.mkfifo("all/pipe/recall.json")
    Path("all/empty").mkdir()
    done = run_hopcli("runs", "all")
    assert done.code == 1
    assert [line.split()[0] for line in done.out.splitlines()] == ["folder", "all/a"]
    starts = [
        "hopcli: all/broken/recall.json: cannot be read: ",
        "hopcli: all/damaged/accuracy.csv: must have SHA-256 ",
        "hopcli: all/older/recall.json: ",
        "hopcli: all/pipe/recall.json: ",
    ]
    for line, start in zip(done.err.splitlines(), starts, strict=True):
        assert line.startswith(start)


def test_a_folder_that_may_not_be_read_is_named(
    run_hopcli: RunHopcli, spawn_hopcli: SpawnHopcli
) -> None:
    make(run_hopcli, "weights", "--no-figures", out=Path("all/a"))
    shutil.copytree("all/a", "all/b")
    Path("all/b").chmod(0)
    code = f"{UNPRIVILEGED}\nimport sys\nfrom hopcli.cli import main\nmain(sys.argv[1:])"
    done = spawn_hopcli("runs", "all", code=code)
    Path("all/b").chmod(0o755)
    assert (done.code, done.err) == (1, "hopcli: all/b: cannot be read: Permission denied\n")
    assert done.out.splitlines()[1].startswith("all/a ")


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("nowhere", "nowhere: must be a folder that holds runs, does not exist"),
        ("five.txt", "five.txt: must be a folder that holds runs, is none"),
        ("empty", "empty: must hold a finished run, at any depth, holds none"),
        ("left", "left: must hold a finished run, holds what is left of others"),
        ("broken", "broken/weights.json: cannot be read: "),
    ],
)
def test_where_no_run_is_nothing_is_listed(run_hopcli: RunHopcli, folder: str, words: str) -> None:
    make(run_hopcli, "weights", "--no-figures")
    Path("empty").mkdir()
    Path("left/.hopcli-recall-1-abc").mkdir(parents=True)
    Path("broken").mkdir()
    Path("broken/weights.json").write_text("{")
    assert run_hopcli("runs", folder).refused().startswith(words)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "on"),
        (False, "off"),
        (2.0, "2"),
        (0.1, "0.1"),
        (0.12345678901, "0.12345678901"),
        (1e-7, "1e-07"),
        (10**30, "1" + "0" * 30),
        (["3", "6"], "3,6"),
        ([0.1, 0.25], "0.1,0.25"),
        ("N/2", "N/2"),
    ],
)
def test_a_setting_is_spelt_as_a_flag_and_whole(value: object, text: str) -> None:
    assert spelt(value) == text


def test_a_long_setting_is_cut_and_none_steers_the_terminal(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, out=Path("all/a"))
    shutil.copytree("all/a", "all/b")
    path = Path("all/b/recall.json")
    manifest = json.loads(path.read_text())
    manifest["config"]["start"] = "\x1b[31m" + "x" * 100
    path.write_text(json.dumps(manifest))
    done = run_hopcli("runs", "all")
    assert "\x1b" not in done.out
    assert done.out.splitlines()[2].split()[2] == "\\x1b[31m" + "x" * 29 + "..."
