"""``hopcli check``: exactly the files that have changed since they were written are named."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import Finished, call, files_below
from shell import CONTROL, Shell, change, read_json

RUN = "weights --rule hebbian"
FILES = ("weights.csv", "spectrum.csv", "weights.npz", "weights.png")
GRID = "grid run --command weights --set rule=hebbian,storkey --no-figures"


Found = tuple[int, int, list[str], list[str]]
"""Numbers of runs and files, the files that differ, and those that are mentioned."""


def check(shell: Shell, *folders: str) -> Found:
    """Check folders, as JSON and as lines, which changes nothing."""
    before = files_below(Path())
    said = json.loads(call("check", *folders, "--format", "json").out)
    differs, told = said["differs"], said["told"]
    code = 1 if differs else 0
    *lines, last = shell.run("check", *folders, code=code).out.splitlines()
    assert sorted(lines) == sorted(each["says"] for each in (*differs, *told))
    assert [int(number) for number in re.findall(r"\d+", last)][:2] == [said["runs"], said["files"]]
    assert not CONTROL.search("".join(lines))
    quiet = "".join(f"{each['says']}\n" for each in differs)
    assert shell.run("check -q", *folders, code=code) == Finished(code, quiet, "")
    assert files_below(Path()) == before
    files = [[each["file"] for each in some] for some in (differs, told)]
    return said["runs"], said["files"], files[0], files[1]


def test_runs_at_any_depth_are_counted_once(shell: Shell) -> None:
    """Runs of two commands share a folder; hidden folders are left out, links followed once."""
    shell.make(RUN, "all/deep/down")
    shell.make("select", "all/deep/down")
    shell.make(RUN, "all/here")
    Path("all/here/notes.txt").write_text("mine")
    n_files = sum(len(read_json(path)["outputs"]) for path in Path("all").rglob("*.json"))
    assert check(shell, "all") == (3, n_files, [], [])
    assert check(shell, "all", "all/here", "all/deep") == (3, n_files, [], [])
    shutil.copytree("all/here", "links/.hidden")
    shell.refuse("check links", names="links")
    for name, target in (("itself", "."), ("up", "../links"), ("loop", "loop"), ("none", "no")):
        Path("links", name).symlink_to(target)
    Path("links/link").symlink_to("../all/here")
    assert check(shell, "links") == (1, len(FILES), [], [])


def test_one_damaged_run_does_not_hide_another(shell: Shell) -> None:
    for name in "abcd":
        shell.make(RUN, f"all/{name}")
    Path("all/a/weights.json").write_text("{")
    Path("all/b/weights.csv").write_text("")
    Path("all/b/weights.npz").unlink()
    Path("all/d/weights.json").unlink()
    os.mkfifo("all/d/weights.json")
    differs = ["a/weights.json", "b/weights.csv", "b/weights.npz", "d/weights.json"]
    assert check(shell, "all") == (2, 2 * len(FILES), [f"all/{name}" for name in differs], [])


@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        ("config seed", 5, "key"),
        ("key", "0" * 64, "key"),
        ("command", "select", "weights 'select'"),
        ("tables more", [], "'more.csv'"),
        ("outputs ../five.txt", "0" * 64, "'../five.txt'"),
        ("outputs", [], ""),
    ],
)
def test_a_manifest_is_checked_too(shell: Shell, where: str, value: Any, named: str) -> None:
    shell.make(RUN)
    *inner, name = where.split()
    change("out/weights.json", lambda m: (m[inner[0]] if inner else m).update({name: value}))
    assert check(shell, "out")[2] == ["out/weights.json"]
    line = shell.run("check out -q", code=1).out
    assert [word for word in named.split() if word not in line] == []


def test_trials_may_be_left_out_but_not_changed(shell: Shell) -> None:
    run = "recall --start pattern --tests 2 --repeats 2 --temperature 0 --no-figures --keep trials"
    n_files = len(shell.make(run)) - 1  # without the manifest
    trials = Path("out/trials.csv")
    trials.write_bytes(trials.read_bytes() + b" ")
    assert check(shell, "out") == (1, n_files, ["out/trials.csv"], [])
    trials.unlink()
    assert check(shell, "out") == (1, n_files - 1, [], ["out/trials.csv"])


def test_what_belongs_to_no_run_is_mentioned(shell: Shell) -> None:
    shell.make(RUN)
    Path("out/.hopcli-abc.stage").mkdir()
    told = [".hopcli-0123456789abcdef.parts", ".hopcli-abc.stage", "accuracy.csv"]
    for name in (told[0], told[2], "notes.txt", ".hidden.csv"):
        Path("out", name).write_text("mine")
    assert check(shell, "out") == (1, len(FILES), [], [f"out/{name}" for name in told])


def test_a_grid_is_checked_with_its_cells(shell: Shell) -> None:
    shell.make(GRID, "grid")
    n_runs, _, *named = check(shell, "grid")
    assert (n_runs, named) == (2, [[], []])
    grid, store = Path("grid/grid.csv"), Path("grid/grid.sqlite")
    content = grid.read_bytes()
    grid.write_bytes(content.replace(b"hebbian", b"hebbiam", 1))
    assert check(shell, "grid")[2] == [str(grid)]
    grid.write_bytes(content)
    with contextlib.closing(sqlite3.connect(store)) as sql, sql:
        first = "cell = (SELECT min(cell) FROM cells)"
        sql.execute(f"UPDATE cells SET weights = replace(weights, '0', '1') WHERE {first}")
    assert check(shell, "grid")[2] == [str(store)]
    store.write_bytes(store.read_bytes()[:5000])
    assert check(shell, "grid")[2] == [str(store)]
