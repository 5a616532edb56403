"""Grids that an adversary leaves lying about: files that say none, and stores that hold none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

from conftest import call

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["lay_grids"]

_HEAD = "command = 'recall'\ndataset = 'text:five.txt'\nstart = 'pattern'\nfigures = false\n"
_GOOD = f"{_HEAD}tests = 2\nrepeats = 2\n[grid]\nrule = ['hebbian', 'storkey']\nseed = [1, 2]\n"
_GRIDS = {
    "number": "grid = 3",
    "text": "grid = 'seed'",
    "list": "grid = []",
    "empty": "[grid]",
    "tables": "[[grid]]\nseed = [1]",
    "novalues": "seed = []",
    "onevalue": "seed = 3",
    "word": "seed = 'x'",
    "notext": "seed = ''",
    "truth": "seed = true",
    "inline": "seed = { a = [1] }",
    "dotted": "seed.a = [1]",
    "twonumbers": "seed = '1:2'",
    "nostep": "seed = '1:2:0'",
    "backwards": "seed = '2:1:1'",
    "minus": "seed = '1:2:-1'",
    "nan": "seed = 'nan:1:1'",
    "endless": "seed = '0:inf:1'",
    "manysteps": "seed = '0:1:1e-99999'",
    "hugerange": "seed = '0:1e999999:1'",
    "foursteps": "seed = '1:2:3:4'",
    "fractions": "seed = '0:1:0.5'",
    "foreign": "temperature = '１:２:1'",  # noqa: RUF001 - digits of another script
    "underscore": "temperature = '1_0:20:1'",
    "twice": "seed = [1, 1]",
    "same": "digits = [[1, 2], ['1', '2']]",
    "mixed": "seed = [1, '1']",
    "nested": "seed = [[[[[1]]]]]",
    "deep": f"seed = [{'[' * 900}{']' * 900}]",
    "huge": f"seed = [{'9' * 4000}]",
    "jointtwice": "'seed, seed' = [[1, 2]]",
    "jointcomma": "'seed,' = [[1, 2]]",
    "comma": "',' = [[1, 2]]",
    "nokey": "'' = [1]",
    "blankkey": "' ' = [1]",
    "linekey": '"a\\nb" = [1]',
    "escapekey": '"\\u001b[31m" = [1]',
    "longkey": f"{'k' * 5000} = [1]",
    "jointone": "'seed, tests' = [1]",
    "jointfew": "'seed, tests' = [[1]]",
    "jointmany": "'seed, tests' = [[1, 2, 3]]",
    "jointrange": "'seed, tests' = '1:2:1'",
    "jointbad": "'seed, tests' = [[1, 'x']]",
    "jointsame": "'seed, tests' = [[1, 2], [1, 2]]",
    "both": "seed = [1]\n'seed, tests' = [[1, 2]]",
    "outside": "start = ['pattern', 'random']",
    "command": "command = ['recall']",
    "out": "out = ['x']",
    "threads": "threads = [1, 2]",
    "keep": "keep = [['trials']]",
    "unknown": "flips = [0.1]",
    "nearly": "temprature = [0.1]",
    "labels": "digits = [[1, 2], [1, 9]]",
    "nolabel": "digits = [[1, 2], ['1\\n2']]",
    "line": 'rule = ["hebbian", "\\u001b[31m\\n\\u202e"]',
    "product": "seed = '1:100:1'\ntests = '1:100:1'\nrepeats = '1:11:1'",
    "cells": f"seed = {list(range(100_001))}",
    "sizes": "size = ['9x9', '99999x99999']",
    "plotnumber": "seed = [1]\n[[plot]]\nx = 'seed'",
    "plotkey": "seed = [1]\n[plot]\nnope = 3",
    "plotlong": f"seed = [1]\n[plot]\n{'k' * 5000} = 3",
    "plotx": "seed = [1]\n[plot]\nx = 3",
    "plotname": "seed = [1]\n[plot]\nx = 'nope'",
    "plotempty": "seed = [1]\n[plot]\nx = ''",
    "plotover": "seed = [1]\n[plot]\nover = 'label'",
    "plotmap": "seed = [1]\n[plot]\nmap = 'yes'",
    "plotmapy": "seed = [1]\n[plot]\nmap = true\ny = 'accuracy'",
    "caption": f"seed = [1]\n[plot]\ncaption = '{'c' * 5000}'",
    "captionline": 'seed = [1]\n[plot]\ncaption = "a\\nb\\u001b[31m"',
}
"""What a file says after its head; of a table ``[grid]`` if it names none."""

_OTHERS = {
    "nodata": "command = 'recall'\n[grid]\ndataset = ['text:five.txt', 'text:nowhere.txt']\n",
    "nopatterns": "command = 'recall'\n[grid]\npatterns = ['p1.npz', 'p2.npz']\n",
    "othercommand": "command = 'fly'\n[grid]\nseed = [1]\n",
    "nocommand": "[grid]\nseed = [1]\n",
    "runs": "command = 'run'\n[grid]\nseed = [1]\n",
    "toomany": "command = 'capacity'\n[grid]\nsizes = [[10], [20001]]\n",
}

_STATEMENTS = {
    "format": "UPDATE meta SET value = '99' WHERE name = 'format'",
    "noformat": "DELETE FROM meta WHERE name = 'format'",
    "blobformat": "UPDATE meta SET value = x'00ff' WHERE name = 'format'",
    "nogrid": "DELETE FROM meta WHERE name = 'grid'",
    "nopoints": "DROP TABLE points",
    "nocells": "DROP TABLE cells",
    "notables": "DROP TABLE tables",
    "noaccuracy": "DROP TABLE accuracy",
    "lostpoints": "DELETE FROM points",
    "columns": "UPDATE tables SET columns = '3'",
    "columnlist": "UPDATE tables SET columns = '[3]'",
    "blobs": "UPDATE accuracy SET accuracy = x'00ff'",
    "seconds": "UPDATE cells SET seconds = 'long'",
    "nulls": "UPDATE cells SET state = NULL, version = NULL, seconds = NULL",
}
"""What may have been done to a store."""

_SAID = {
    "nonsense": "{",
    "list": "[]",
    "number": "3",
    "null": "null",
    "nocommand": "{}",
    "deep": "[" * 100_000,
    "unknown": '{"command": "recall", "grid": {"nope": [1]}}',
    "othercommand": '{"command": "fly", "grid": {"seed": [1]}}',
    "badvalue": '{"command": "recall", "grid": {"seed": ["x"]}}',
    "hugeseed": f'{{"command": "recall", "grid": {{"seed": [{"9" * 5000}]}}}}',
    "othergrid": '{"command": "recall", "grid": {"seed": [1, 2, 3, 4]}}',
    "nanvalue": '{"command": "recall", "grid": {"temperature": [NaN]}}',
    "look": '{"command": "recall", "grid": {"seed": [1]}, "plot": 3}',
    "manycells": json.dumps(
        {"command": "recall", "grid": {"seed": [*range(1000)], "tests": [*range(1, 1001)]}}
    ),
}
"""What a store may say that its grid is."""

_MANIFESTS: dict[str, dict[str, Any] | bytes] = {
    "empty": b"",
    "list": b"[]",
    "noconfig": {"config": 3},
    "nocommand": {"config": {}},
    "notables": {"tables": 3},
    "tables": {"tables": {"grid": 3}},
    "columns": {"tables": {"grid": ["a: number"]}},
    "columnlist": {"tables": {"grid": [3]}},
    "columntext": {"tables": {"grid": ["a"]}},
}
"""What the manifest of a grid without its store may be."""


def lay_grids(folder: Path) -> None:
    """Make ``grid`` and ``grid-few``, finished, and everything that can be wrong with them."""
    for name, text in _GRIDS.items():
        table = "" if text.startswith(("grid", "[")) else "[grid]\n"
        _write(folder / f"grids/{name}.toml", f"{_HEAD}{table}{text}\n".encode())
    for name, text in _OTHERS.items():
        _write(folder / f"grids/{name}.toml", text.encode())
    _write(folder / "grid.toml", _GOOD.encode())
    _write(folder / "grid-few.toml", _GOOD.replace("[1, 2]", "[1]").encode())
    with contextlib.chdir(folder):
        for name in ("grid", "grid-few"):
            done = call("grid", "run", f"{name}.toml", "--out", name, "--quiet")
            assert done.code == 0, done
    good = (folder / "grid/grid.sqlite").read_bytes()
    for name, content in {
        "empty": b"",
        "text": b"no database\n" * 1000,
        "cut": good[: len(good) // 2],
        "header": good[:60],
    }.items():
        _write(_store(folder, name), content)
    _store(folder, "folder").mkdir()
    os.mkfifo(_store(folder, "pipe"))
    _store(folder, "loop").symlink_to("grid.sqlite")
    _store(folder, "zero").symlink_to("/dev/zero")
    with contextlib.closing(sqlite3.connect(_store(folder, "other"))) as sql:
        sql.execute("CREATE TABLE meta (url TEXT)")
    for name, statement in _STATEMENTS.items():
        _change(folder, name, good, statement)
    for name, said in _SAID.items():
        _change(folder, name, good, "UPDATE meta SET value = ? WHERE name = 'grid'", said)
    for name, change in _MANIFESTS.items():
        _publish(folder, name, change)
    (folder / "published/table").mkdir()
    shutil.copy(folder / "grid/grid.json", folder / "published/table")


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _store(folder: Path, name: str) -> Path:
    (folder / f"stores/{name}").mkdir(parents=True)
    return folder / f"stores/{name}/grid.sqlite"


def _change(folder: Path, name: str, good: bytes, statement: str, *values: str) -> None:
    """A store to which a statement has been done."""
    path = _store(folder, name)
    path.write_bytes(good)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute(statement, values)


def _publish(folder: Path, name: str, change: dict[str, Any] | bytes) -> None:
    """The files of a grid without its store, the manifest another."""
    copy = folder / f"published/{name}"
    shutil.copytree(folder / "grid", copy, ignore=shutil.ignore_patterns("*.sqlite"))
    path = copy / "grid.json"
    if not isinstance(change, bytes):
        change = json.dumps({**json.loads(path.read_bytes()), **change}).encode()
    path.write_bytes(change)
