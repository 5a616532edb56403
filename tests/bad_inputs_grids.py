"""Grids that an adversary leaves lying about: files that say none, and stores that hold none."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from typing import TYPE_CHECKING

from bad_inputs import TEXTS
from bad_inputs_lying import NINES, write
from conftest import call

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["lay_grids"]

_HEAD = "command = 'recall'\ndataset = 'text:five.txt'\nstart = 'pattern'\nfigures = false\n"
_GOOD = f"{_HEAD}tests = 2\nrepeats = 2\n[grid]\nrule = ['hebbian', 'storkey']\nseed = [1, 2]\n"
_GRIDS = {
    "deep": f"seed = [{'[' * 900}{']' * 900}]",
    "huge": f"seed = [{NINES[:4000]}]",
    "longkey": f"{'k' * 5000} = [1]",
    "cells": f"seed = {list(range(100_001))}",
    "plotlong": f"seed = [1]\n[plot]\n{'k' * 5000} = 3",
    "caption": f"seed = [1]\n[plot]\ncaption = '{'c' * 5000}'",
}
_MANY = {"seed": [*range(1000)], "tests": [*range(1, 1001)]}
_STORED = {
    "deep": "[" * 100_000,
    "hugeseed": f'{{"command": "recall", "grid": {{"seed": [{NINES}]}}}}',
    "manycells": json.dumps({"command": "recall", "grid": _MANY}),
}


def lay_grids(folder: Path) -> None:
    """Make ``grid`` and ``grid-few``, finished, and everything that can be wrong with them."""
    for name, text in {**TEXTS["grids"], **_GRIDS}.items():
        table = "" if text.startswith(("grid", "[")) else "[grid]\n"
        write(folder, "grids/{}.toml", {name: f"{_HEAD}{table}{text}\n"})
    write(folder, "grids/{}.toml", TEXTS["othergrids"])
    write(folder, "{}.toml", {"grid": _GOOD, "grid-few": _GOOD.replace("[1, 2]", "[1]")})
    with contextlib.chdir(folder):
        for name in ("grid", "grid-few"):
            done = call("grid", "run", f"{name}.toml", "--out", name, "--quiet")
            assert done.code == 0, done
    good = (folder / "grid/grid.sqlite").read_bytes()
    damaged = {"empty": b"", "text": b"no database\n" * 1000, "cut": good[: len(good) // 2]}
    write(folder, "stores/{}/grid.sqlite", {**damaged, "header": good[:60]})
    _store(folder, "folder").mkdir()
    os.mkfifo(_store(folder, "pipe"))
    _store(folder, "loop").symlink_to("grid.sqlite")
    _store(folder, "zero").symlink_to("/dev/zero")
    _change(folder, "other", b"", "CREATE TABLE meta (url TEXT)")
    for name, statement in TEXTS["statements"].items():
        _change(folder, name, good, statement)
    for name, grid in {**TEXTS["stores"], **_STORED}.items():
        _change(folder, name, good, "UPDATE meta SET value = ? WHERE name = 'grid'", grid)
    manifest = json.loads((folder / "grid/grid.json").read_bytes())
    published = {
        name: json.dumps({**manifest, **json.loads(change)})
        for name, change in TEXTS["published"].items()
    }
    for name, content in {**published, "empty": "", "list": "[]"}.items():
        copy = folder / f"published/{name}"
        shutil.copytree(folder / "grid", copy, ignore=shutil.ignore_patterns("*.sqlite"))
        (copy / "grid.json").write_text(content, encoding="utf-8")
    (folder / "published/table").mkdir()
    shutil.copy(folder / "grid/grid.json", folder / "published/table")


def _store(folder: Path, name: str) -> Path:
    (folder / f"stores/{name}").mkdir(parents=True)
    return folder / f"stores/{name}/grid.sqlite"


def _change(folder: Path, name: str, content: bytes, statement: str, *values: str) -> None:
    """Write a store in which a statement has been executed."""
    path = _store(folder, name)
    path.write_bytes(content)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as sql:
        sql.execute(statement, values)
