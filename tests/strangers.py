"""A folder of results from a stranger: any file of it may be anything, for every command.

:func:`cases` lists every file that a folder may hold with everything that it may be instead;
:func:`check_case` tries each command on one. ``make torture`` has them whole, a test a sample.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conftest import call, random_patterns
from test_figures_weights import write_patterns

import hopcli
from hopcli import results
from hopcli.errors import HopcliError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["cases", "check_case", "lay_folder", "unreadable"]

GRID = """command = 'recall'
dataset = 'text:five.txt'
start = 'flip:0.1'
tests = 2
repeats = 1
[grid]
seed = [1, 2]
"""
SMALL = ["--dataset", "text:five.txt", "--start", "flip:0.1", "--tests", "2", "--repeats", "1"]
PARTS = ".hopcli-recall-0123456789abcdef.parts"
HUGE = 2**36
SECONDS = 30  # of a command, after which it hangs

HIDDEN = [
    *(".hopcli-recall.lock", ".hopcli-select.lock", ".hopcli-grid.lock", PARTS),
    *(".hopcli-recall-published", ".hopcli-select-published", ".hopcli-grid-published"),
    *("grid.sqlite-journal", "grid.sqlite-wal", "grid.sqlite-shm"),
]
"""Files that a finished run does not have, but a stranger's folder may."""

SHOWN = [
    *("recall.json", "accuracy.csv", "confusion.csv", "trials.csv", "accuracy.png"),
    *("select.json", "patterns.csv", "patterns.npz", "grid.json", "grid.csv", "grid.png"),
    "grid.sqlite",
]
KINDS = ["link", "device", "nowhere", "loop", "fifo", "folder", "other", "huge", "empty", "gone"]
KINDS += ["second name"]

READERS = [
    *(["check", "out"], ["runs", "out"], ["runs", "out", "--format", "json"]),
    *(["diff", "out", "whole", "--command", name] for name in ("recall", "select", "grid")),
    *(["report", "out", "--out", "page.html"], ["show", "out/patterns.npz"]),
    *(["grid", name, "out"] for name in ("status", "table", "check")),
    ["run", "out/recall.json", "--out", "again", "--no-such-flag"],
]
WRITERS = [
    *(["plot", "out"], ["grid", "plot", "out"]),
    ["run", "out/recall.json", "--out", "again", "--overwrite", "-q"],
    ["recall", *SMALL, "--out", "out", "--overwrite", "-q", "--no-figures"],
    ["grid", "run", "grid.toml", "--out", "out", "--no-figures", "-q", "--again"],
]
IN_PYTHON: list[Callable[[], object]] = [
    lambda: results.load("out", "recall").result.tables["accuracy"],
    lambda: results.load("out", "select"),
    lambda: hopcli.read("out", command="recall"),
    lambda: hopcli.check("out"),
    lambda: hopcli.diff("out", "whole", "recall"),
]


def lay_folder(place: Path) -> None:
    """Make a folder of a run, a selection and a grid, and what is outside of it."""
    write_patterns(place / "five.txt", random_patterns(1, 5, 42), (6, 7))
    (place / "grid.toml").write_text(GRID, encoding="utf-8")
    with contextlib.chdir(place):
        for words in (
            ["recall", *SMALL, "--keep", "trials", "--out", "out", "-q"],
            ["select", "--dataset", "text:five.txt", "--samples", "1", "--out", "out", "-q"],
            ["grid", "run", "grid.toml", "--out", "out", "-q"],
        ):
            done = call(*words)
            assert done.code == 0, done.err
    (place / "outside").mkdir()
    (place / "outside" / "precious").write_text("mine", encoding="utf-8")
    shutil.copytree(place / "out", place / "whole")
    for file in (place / "out").iterdir():
        shutil.copy(file, place / "outside")


def cases() -> list[tuple[str, str]]:
    """Every file with everything that it may be instead."""
    return [(name, kind) for name in (*SHOWN, *HIDDEN) for kind in KINDS]


def _replace(file: Path, kind: str, place: Path) -> None:
    """Make a file something else."""
    precious = place / "outside" / "precious"
    target = precious.parent if file.name.endswith("-published") else precious
    with contextlib.suppress(FileNotFoundError):
        file.unlink()
    links = {"link": target, "device": Path("/dev/zero"), "nowhere": place / "no"}
    links["loop"] = Path(file.name)
    if kind in links:
        file.symlink_to(links[kind])
    elif kind == "second name":
        os.link(precious, file)
    elif kind == "fifo":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
        (file / "inside").symlink_to(precious)
        (file / "recall.json").symlink_to(precious)
    elif kind == "other":
        other = {".json": "select.json", ".csv": "patterns.csv", ".png": "grid.png"}
        shutil.copy(place / "whole" / other.get(file.suffix, "accuracy.csv"), file)
    elif kind == "huge":
        file.touch()
        os.truncate(file, HUGE)
    elif kind == "empty":
        file.touch()


def _standing(folder: Path) -> dict[str, Any]:
    """Every name below a folder, with what it is; nothing is followed."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        what: Any = stat.S_IFMT(mode)
        if stat.S_ISLNK(mode):
            what = path.readlink()
        elif stat.S_ISREG(mode):
            big = path.stat().st_size > 10**8
            what = path.stat().st_size if big else path.read_bytes()
        found[str(path.relative_to(folder))] = what
    return found


def _times(*folders: str) -> dict[str, int]:
    """When each name in some folders, and they themselves, were last changed."""
    paths = [path for folder in map(Path, folders) for path in (folder, *folder.rglob("*"))]
    return {str(path): path.lstat().st_mtime_ns for path in paths}


@contextlib.contextmanager
def _in_time(what: object) -> Iterator[None]:
    """Fail what waits without end."""

    def hang(*_: object) -> None:
        raise AssertionError(f"{what}: hangs")

    before = signal.signal(signal.SIGALRM, hang)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _try(words: list[str]) -> None:
    with _in_time(words):
        done = call(*words)
    assert done.code in (0, 1, 2, 3), (words, done)
    assert "Traceback" not in done.err, (words, done)
    if done.code == 2:
        assert done.err.startswith(("hopcli: ", "Usage")), (words, done)
        assert done.err.count("\n") == 1, (words, done)


def check_case(base: Path, place: Path, name: str, kind: str) -> None:
    """Try every command on a folder with one file replaced.

    Parameters
    ----------
    base : Path
        What :func:`lay_folder` made.
    place : Path
        A new folder for a copy of it.
    name, kind : str
        The file, and what it is instead.
    """
    shutil.copytree(base, place)
    with contextlib.chdir(place):
        _replace(Path("out", name), kind, place)
        before = _standing(Path("out")), _standing(Path("outside"))
        times = _times("out", "outside")
        for words in READERS:
            _try(words)
            assert _times("out", "outside") == times, words
        for read in IN_PYTHON:
            with _in_time(read), contextlib.suppress(HopcliError):
                read()
        assert (_standing(Path("out")), _standing(Path("outside"))) == before
        assert _times("out", "outside") == times
        for words in WRITERS:
            _try(words)
            assert _standing(Path("outside")) == before[1], words
            # What is read is the outside still, by whatever name, or is a run of its own.
    shutil.rmtree(place)


def unreadable(base: Path, place: Path, names: list[str]) -> None:
    """Try every reading command with files, one after the other, that may not be read."""
    shutil.copytree(base, place)
    with contextlib.chdir(place):
        for name in names:
            file = Path("out", name) if name else Path("out")
            if not file.exists():
                continue
            mode = file.stat().st_mode
            file.chmod(0)
            try:
                for words in READERS:
                    _try(words)
                for read in IN_PYTHON:
                    with contextlib.suppress(HopcliError):
                        read()
            finally:
                file.chmod(mode)
