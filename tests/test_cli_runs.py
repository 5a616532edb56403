"""``hopcli runs``: every finished run below, with the settings in which they differ."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path

from conftest import UNPRIVILEGED, SpawnHopcli, files_below
from shell import CONTROL, Shell, change, read_json, table

from hopcli.values import show

COLD = "recall --start flip:0.3 --tests 5 --repeats 2 --temperature 0 --no-figures"
WEIGHTS = "weights --rule hebbian --no-figures"
SELECT = "select --samples 1 --no-figures"
ENDS = ["dataset", "version", "seconds", "accuracy", "key"]


def rows_of(out: str) -> list[list[list[str]]]:
    """The words of every row of every table that is printed."""
    return [[line.split() for line in each.splitlines()] for each in out.split("\n\n")]


def test_runs_are_listed_with_the_settings_in_which_they_differ(shell: Shell) -> None:
    shell.make(COLD, "all/b")
    shell.make(f"{COLD} --rule hebbian --seed 7", "all/a/deep")
    shell.make(WEIGHTS, "all/b")
    before = files_below(Path())
    done = shell.run("runs all")
    assert done.err == ""
    assert files_below(Path()) == before
    (heads, *rows), weights = rows_of(done.out)
    assert heads == ["folder", "command", "seed", "rule", *ENDS]
    assert [row[:4] for row in rows] == [
        ["all/a/deep", "recall", "7", "hebbian"],
        ["all/b", "recall", "1", "pseudo-inverse"],
    ]
    for folder, *_, accuracy, key in rows:
        overall = table(f"{folder}/accuracy.csv").set_index("label").loc["overall"]
        assert float(accuracy) == overall["accuracy"]
        assert key == read_json(f"{folder}/recall.json")["key"][:8]
    assert weights[0] == ["folder", "command", "dataset", "version", "seconds", "key"]
    assert [row[:3] for row in weights[1:]] == [["all/b", "weights", "text:five.txt"]]
    first, second = done.out.splitlines()[:2]
    assert first.index("rule") == second.index("hebbian")
    assert rows_of(shell.run("runs all/b").out)[0][0] == ["folder", "command", *ENDS]
    assert shell.run("runs", "all/b", "all", "all/a/..") == done  # each once
    change("all/b/recall.json", lambda m: m["config"].pop("gamma"))  # which is null in the other
    assert rows_of(shell.run("runs all").out)[0][0][2:5] == ["seed", "rule", "gamma"]


def test_csv_is_one_table_and_json_has_all_settings(shell: Shell) -> None:
    shell.make(f"{COLD} --digits 1,2,3", "all/b")
    shell.make(f"{COLD} --digits 1,2", "all/a")
    shell.make(SELECT, "all/a")
    rows = list(csv.DictReader(io.StringIO(shell.run("runs all --format csv").out)))
    assert [*rows[0]] == ["folder", "command", "digits", *ENDS]
    assert [row["digits"] for row in rows] == ["1,2,3,4,5", "1,2", "1,2,3"]
    assert [row["command"] for row in rows] == ["select", "recall", "recall"]
    assert [row["accuracy"] == "" for row in rows] == [True, False, False]
    done = shell.run("runs all/b --format json")
    (run,) = json.loads(done.out)
    manifest = read_json("all/b/recall.json")
    assert run["settings"] == manifest["config"]
    assert (run["folder"], run["command"], run["key"]) == ("all/b", "recall", manifest["key"])
    assert (run["seconds"], run["headline"]["name"]) == (manifest["duration_seconds"], "accuracy")


def test_a_grid_is_listed_with_what_it_varies(shell: Shell) -> None:
    for name, rules in (("a", "hebbian,storkey"), ("b", "hebbian,pseudo-inverse")):
        shell.make(f"grid run --command weights --no-figures --set rule={rules}", name)
    left = Path("b/.hopcli-published")  # as a kill leaves it that comes just then
    left.mkdir()
    Path("b/grid.json").rename(left / "grid.json")
    (rows,) = rows_of(shell.run("runs a b").out)
    assert rows[0][:3] == ["folder", "command", "grid.rule"]
    assert rows[1][:5] == ["a", "weights", "grid", "hebbian,storkey", "text:five.txt"]
    assert rows[2][:4] == ["b", "weights", "grid", "hebbian,pseudo-inverse"]


def test_what_is_unreadable_does_not_hide_the_rest(shell: Shell, spawn_hopcli: SpawnHopcli) -> None:
    for name in ("a", "broken", "older", "damaged", "pipe"):
        shell.make(COLD, f"all/{name}")
    Path("all/broken/recall.json").write_text("{")
    Path("all/older/recall.json").write_text('{"outputs": {}, "config": {}}')
    Path("all/damaged/accuracy.csv").write_text("label,accuracy\noverall,1\n")
    Path("all/pipe/recall.json").unlink()
    os.mkfifo("all/pipe/recall.json")
    Path("all/empty").mkdir()
    done = shell.run("runs all", code=1)
    assert [line.split()[0] for line in done.out.splitlines()] == ["folder", "all/a"]
    files = ["broken/recall.json", "damaged/accuracy.csv", "older/recall.json", "pipe/recall.json"]
    assert [line.split(": ")[1] for line in done.err.splitlines()] == [f"all/{f}" for f in files]
    Path("all/damaged/recall.npz").write_bytes(b"PK")
    for name, file in (("broken", "json"), ("older", "json"), ("damaged", "npz")):
        assert shell.refuse(f"show all/{name}").startswith(f"all/{name}/recall.{file}: ")
    shell.make(COLD, "closed/a")
    shell.make(COLD, "closed/b")
    Path("closed/b").chmod(0)
    code = f"{UNPRIVILEGED}\nimport sys\nfrom hopcli.cli import main\nmain(sys.argv[1:])"
    done = spawn_hopcli("runs", "closed", code=code)
    Path("closed/b").chmod(0o755)
    assert (done.code, done.err.split(": ")[1]) == (1, "closed/b")
    assert [line.split()[0] for line in done.out.splitlines()] == ["folder", "closed/a"]


def test_a_setting_is_spelt_as_a_flag_and_whole() -> None:
    values = [None, True, False, 2.0, 0.12345678901, 1e-7, 10**30, ["3", "6"], [0.1, 0.25]]
    texts = ["-", "on", "off", "2", "0.12345678901", "1e-07", "1" + "0" * 30, "3,6", "0.1,0.25"]
    assert [show(value) for value in values] == texts


def test_a_long_setting_is_cut_and_none_steers_the_terminal(shell: Shell) -> None:
    shell.make(COLD, "all/a")
    shell.make(COLD, "all/b")
    change("all/b/recall.json", lambda m: m["config"].update(start="\x1b[31m" + "x" * 100))
    out = shell.run("runs all").out
    assert not CONTROL.search(out)
    assert out.splitlines()[2].split()[2] == "\\x1b[31m" + "x" * 29 + "..."
