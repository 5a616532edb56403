"""A folder of results from a stranger: any file may be replaced, for every command.

:func:`cases` lists every file that a folder may hold with everything that it may be instead;
:func:`check_case` tries each command on one. ``make torture`` has them whole, a test a sample.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conftest import call, random_patterns, write_patterns

import hopcli
from hopcli import results
from hopcli.errors import HopcliError

SMALL = ["--dataset", "text:five.txt", "--start", "flip:0.1", "--tests", "2", "--repeats", "1"]
GRID = """command = 'recall'
dataset = 'text:five.txt'
start = 'flip:0.1'
tests = 2
repeats = 1
[grid]
seed = [1, 2]
"""
PARTS = "recall/.hopcli-0123456789abcdef.parts"
SECONDS = 60  # of a command, after which it hangs

OF = ("recall", "select", "grid")
HIDDEN = [
    *(f"{of}/.hopcli-{name}" for of in OF for name in ("lock", "published")),
    *(PARTS, *(f"grid/grid.sqlite-{name}" for name in ("journal", "wal", "shm"))),
]
"""Files that a finished run does not have, but a stranger's folder may."""

SHOWN = [
    *(f"recall/{name}" for name in ("recall.json", "accuracy.csv", "confusion.csv", "trials.csv")),
    *("recall/accuracy.png", "select/select.json", "select/patterns.csv", "select/patterns.npz"),
    *(f"grid/grid.{suffix}" for suffix in ("json", "csv", "png", "sqlite")),
]
KINDS = ["link", "device", "nowhere", "loop", "fifo", "folder", "other", "huge", "empty", "gone"]
KINDS += ["second name"]

READERS = [
    *(["check", "out"], ["runs", "out"], ["runs", "out", "--format", "json"]),
    *(["diff", f"out/{of}", f"whole/{of}"] for of in OF),
    *(["report", "out", "--out", "page.html"], ["show", "out/select/patterns.npz"]),
    *(["grid", name, "out/grid"] for name in ("status", "table", "check")),
    ["run", "out/recall/recall.json", "--out", "again", "--no-such-flag"],
]
WRITERS = [
    *(["plot", "out/recall", "out/select"], ["grid", "plot", "out/grid"]),
    ["run", "out/recall/recall.json", "--out", "again", "--overwrite", "-q"],
    ["recall", *SMALL, "--out", "out/recall", "--overwrite", "-q", "--no-figures"],
    ["grid", "run", "grid.toml", "--out", "out/grid", "--no-figures", "-q", "--again"],
]
IN_PYTHON: list[Callable[[], object]] = [
    lambda: results.load("out/recall").result.tables["accuracy"],
    lambda: results.load("out/select"),
    lambda: hopcli.read("out", command="recall"),
    lambda: hopcli.check("out"),
    lambda: hopcli.diff("out/recall", "whole/recall"),
]


def lay_folder(place: Path) -> None:
    """Make a folder with a run, a selection and a grid, and files outside of it."""
    write_patterns(place / "five.txt", random_patterns(1, 5, 42), (6, 7))
    (place / "grid.toml").write_text(GRID, encoding="utf-8")
    with contextlib.chdir(place):
        for words in (
            ["recall", *SMALL, "--keep", "trials", "--out", "out/recall", "-q"],
            ["select", "--dataset", "text:five.txt", "--samples", "1", "--out", "out/select", "-q"],
            ["grid", "run", "grid.toml", "--out", "out/grid", "-q"],
        ):
            assert call(*words).code == 0, words
    assert all((place / "out" / name).is_file() for name in SHOWN)
    for copy in ("whole", "outside"):
        shutil.copytree(place / "out", place / copy)
    (place / "outside" / "precious").write_text("mine", encoding="utf-8")


def cases() -> list[tuple[str, str]]:
    """List every file with every possible replacement."""
    return [(name, kind) for name in (*SHOWN, *HIDDEN) for kind in KINDS]


def _replace(file: Path, kind: str, place: Path) -> None:
    """Replace a file."""
    precious = place / "outside" / "precious"
    target = precious.parent if file.name.endswith("-published") else precious
    links = {"link": target, "device": Path("/dev/zero"), "nowhere": place / "no"}
    links["loop"] = Path(file.name)
    file.unlink(missing_ok=True)
    if kind in links:
        file.symlink_to(links[kind])
    elif kind == "second name":
        os.link(precious, file)
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
        for name in ("inside", "recall.json"):
            (file / name).symlink_to(precious)
    elif kind == "other":
        other = {".json": "select/select.json", ".csv": "select/patterns.csv"}
        other[".png"] = "grid/grid.png"
        shutil.copy(place / "whole" / other.get(file.suffix, "recall/accuracy.csv"), file)
    elif kind in ("huge", "empty"):
        file.touch()
        os.truncate(file, 2**36 if kind == "huge" else 0)


def _contents(folder: str) -> dict[str, Any]:
    """Return type and time of every name below a folder, without following links."""
    found: dict[str, Any] = {folder: Path(folder).lstat().st_mtime_ns}
    for path in sorted(Path(folder).rglob("*")):
        now = path.lstat()
        what: Any = now.st_size
        if stat.S_ISLNK(now.st_mode):
            what = path.readlink()
        elif stat.S_ISREG(now.st_mode) and now.st_size < 10**8:
            what = path.read_bytes()
        found[str(path)] = (now.st_mtime_ns, stat.S_IFMT(now.st_mode), what)
    return found


def _hang(*_: object) -> None:
    raise AssertionError("hangs")


def check_case(base: Path, place: Path, name: str, kind: str) -> None:
    """Try every command on a folder with one file replaced.

    Parameters
    ----------
    base : Path
        The folder from :func:`lay_folder`.
    place : Path
        A new folder for a copy of it.
    name, kind : str
        The file, and its replacement.
    """
    shutil.copytree(base, place)
    alarm = signal.signal(signal.SIGALRM, _hang)
    with contextlib.chdir(place):
        _replace(Path("out", name), kind, place)
        inside, outside = _contents("out"), _contents("outside")
        for work in (*READERS, *IN_PYTHON, *WRITERS):
            signal.alarm(SECONDS)
            if isinstance(work, list):
                done = call(*work)
                assert done.code in (0, 1, 2, 3), (work, done)
                if done.code == 2:
                    assert done.err.startswith(("hopcli: ", "Usage")), (work, done)
                    assert done.err.count("\n") == 1, (work, done)
            elif callable(work):
                with contextlib.suppress(HopcliError):
                    work()
            signal.alarm(0)
            if work not in WRITERS:
                assert _contents("out") == inside, work
            # What is read is the outside still, by whatever name, or is a run of its own.
            assert _contents("outside") == outside, work
    signal.signal(signal.SIGALRM, alarm)
    shutil.rmtree(place)
