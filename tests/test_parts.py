"""Runs that are sums of parts continue after a stop, with the same result."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from conftest import RunHopcli, files_below

import hopcli
from hopcli import dynamics, streams
from hopcli.grids import cells
from hopcli.results import parts
from hopcli.results.parts import KeptParts, discard_parts
from hopcli.results.provenance import code_digest

CAPACITY, SCAN, VARIANCE, CRITICAL = (
    [*line.split(), "--no-figures", "--overwrite"]
    for line in (
        "capacity --sizes 20,30 --draws 2 --rule storkey,hebbian --loads 0.1,0.2,0.4",
        "temperature-scan --dataset text:3x3 --repeats 3 --temperatures 0:0.6:0.05 --sweeps 3",
        "variance --dataset text:3x3 --start flip:0.4 --selections 11 --tests 3 --repeats 2",
        "critical --dataset digits --temperatures 0.8:1.1:0.1 --chains 5 --sweeps 20",
    )
)
PARTS = {"capacity": (CAPACITY, 24, 2), "scan": (SCAN, 13, 1)}
PARTS |= {"variance": (VARIANCE, 11, 1), "critical": (CRITICAL, 8, 1)}
"""Command, number of parts, and runs of the dynamics in a part."""


class Runs:
    """Counts the runs of the dynamics, and interrupts the program at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made, self._most = 0, 10**9
        self._run = dynamics.run
        monkeypatch.setattr(dynamics, "run", self)

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        if self.made == self._most:
            self._most = 10**9
            raise KeyboardInterrupt
        self.made += 1
        return self._run(*arguments, **settings)

    def stop_after(self, number: int) -> None:
        self.made, self._most = 0, number


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def _visible(folder: str) -> dict[str, Any]:
    """Return the files of a run; of the manifest only entries that do not vary."""
    files: dict[str, Any] = files_below(Path(folder))
    for name in [name for name in files if name.endswith(".json")]:
        files[name] = json.loads(files[name])
        for of_sitting in ("duration_seconds", "execution"):
            del files[name][of_sitting]
    return {name: content for name, content in files.items() if not name.startswith(".hopcli-")}


def _hidden(folder: str) -> list[Path]:
    return sorted(Path(folder).glob(".hopcli-*"))


def _counted(err: str) -> list[tuple[int, int]]:
    """Return the numbers of finished and of all parts in each line."""
    return [(int(a), int(b)) for a, b in re.findall(r"(\d+) of (\d+)", err)]


@pytest.mark.parametrize("name", PARTS)
def test_interrupts_change_no_result(run_hopcli: RunHopcli, runs: Runs, name: str) -> None:
    command, n_parts, in_part = PARTS[name]
    assert run_hopcli(*command, "--out", "whole").code == 0
    assert runs.made == n_parts * in_part
    for sitting in range(-(-n_parts // (5 // in_part))):
        kept = sitting * (5 // in_part)
        runs.stop_after(5)  # in the middle of a part of two runs
        done = run_hopcli(*command, "--out", "out", "--threads", str(1 + sitting % 2))
        counts = [(kept, n_parts)] if kept else []
        if done.code == 0:
            break
        now = (kept + 5 // in_part, n_parts)
        assert (done.code, done.out) == (130, "")
        assert _counted(done.err)[-1] == now
        assert len(done.err.split()) > 0 == len(_visible("out"))
        assert len([line for line in done.err.split("\n") if line]) == 1 + len(counts)
        assert len(_hidden("out")) == 1
    assert done.code == 0
    assert runs.made == (n_parts - kept) * in_part
    assert (_visible("out"), _hidden("out")) == (_visible("whole"), [])


KILLED = """
import os, signal, sys
from hopcli import dynamics
from hopcli.results import parts
parts._EVERY, run, left = 0.0, dynamics.run, [7]

def until_killed(*arguments, **settings):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(*arguments, **settings)

dynamics.run = until_killed
from hopcli.cli import main
main(sys.argv[1:])
"""


@pytest.mark.parametrize(
    "name", ["capacity", *(pytest.param(name, marks=pytest.mark.slow) for name in [*PARTS][1:])]
)
def test_a_killed_run_goes_on_from_what_it_had_written(
    run_hopcli: RunHopcli, child_environment: dict[str, str], runs: Runs, name: str
) -> None:
    command, n_parts, in_part = PARTS[name]
    child = [sys.executable, "-c", KILLED, *command, "--out", "out"]
    done = subprocess.run(child, env=child_environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert run_hopcli(*command, "--out", "out").code == 0
    assert runs.made == (n_parts - 7 // in_part) * in_part
    assert run_hopcli(*command, "--out", "whole").code == 0
    assert (_visible("out"), _hidden("out")) == (_visible("whole"), [])


def test_stops_at_ends(run_hopcli: RunHopcli, runs: Runs) -> None:
    runs.stop_after(0)
    assert run_hopcli(*SCAN, "--out", "out").code == 130
    assert list(Path().iterdir()) == []
    runs.stop_after(9)
    done = run_hopcli(*SCAN, "--out", "out")
    assert (done.code, done.out, _counted(done.err)) == (130, "", [(9, 13)])

    with mock.patch("hopcli.experiments.temperature_scan._rows", side_effect=KeyboardInterrupt):
        assert _counted(run_hopcli(*SCAN, "--out", "out").err)[-1] == (13, 13)
    done = run_hopcli(*SCAN, "--out", "out", "-q")
    assert (done.code, done.err, runs.made) == (0, "", 13)


@pytest.mark.parametrize("changed", ["seed", "repeats", "data", "streams", "code"])
def test_parts_of_another_run_are_never_used(
    run_hopcli: RunHopcli, runs: Runs, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    Path("mine.txt").write_text("##.\n...\n\n.#.\n.##\n", encoding="utf-8")
    scan = ["temperature-scan", "--dataset", "text:mine.txt", *SCAN[3:], "--out", "out"]
    runs.stop_after(6)
    assert _counted(run_hopcli(*scan).err) == [(6, 13)]
    if changed in ("seed", "repeats"):
        scan += [f"--{changed}", "4"]
    elif changed == "data":
        Path("mine.txt").write_text("##.\n...\n\n.#.\n.#.\n", encoding="utf-8")
    elif changed == "streams":
        monkeypatch.setattr(streams, "VERSION", 0)
    else:
        monkeypatch.setattr(parts, "code_digest", lambda: "edited")
    runs.stop_after(10**6)
    done = run_hopcli(*scan)
    assert (done.code, done.err, runs.made) == (0, "", 13)
    assert _hidden("out") == []


def test_the_code_of_a_part_or_cell_is_that_of_every_room_that_computes(tmp_path: Path) -> None:
    package, copy = Path(hopcli.__file__).parent, tmp_path / "hopcli"
    for path in package.rglob("*.py"):
        (copy / path.relative_to(package)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy / path.relative_to(package))
    before = code_digest(copy)
    assert before[:12] in cells.code_version()
    rooms = {path.relative_to(package).parts[0] for path in package.rglob("*.py")}
    shown = {"api", "claims", "cli", "docs", "estimator", "grids", "livepage", "notebooks", "plots"}
    shown |= {"report", "runs"}
    seen = set()
    for room in sorted(rooms):
        first = copy / room if room.endswith(".py") else min((copy / room).rglob("*.py"))
        was = first.read_bytes()
        first.write_bytes(was + b"# edited\n")
        if code_digest(copy) != before:
            seen.add(room)
        first.write_bytes(was)
    assert seen == rooms - shown


@pytest.mark.parametrize("damage", ["digit", "checksum", "cut", "noise"])
def test_a_damaged_part_is_made_again(run_hopcli: RunHopcli, runs: Runs, damage: str) -> None:
    runs.stop_after(6)
    run_hopcli(*SCAN, "--out", "out")
    (path,) = _hidden("out")
    whole = path.read_bytes()
    lines = whole.split(b"\n")
    assert len(lines) == 8  # six, between two breaks
    line = lines[3]
    damaged = {"digit": line.replace(b"[2, ", b"[1, "), "checksum": b"0" * 16 + line[16:]}
    lines[3] = (damaged | {"cut": line[:-5], "noise": b"\xff\x00" + line})[damage]
    assert b"\n".join(lines) != whole
    path.write_bytes(b"\n".join(lines))
    runs.stop_after(2)  # goes on behind the damage, and is stopped again
    assert _counted(run_hopcli(*SCAN, "--out", "out").err)[-1] == (7, 13)
    runs.stop_after(10**6)
    assert run_hopcli(*SCAN, "--out", "out").code == 0
    assert runs.made == 6
    run_hopcli(*SCAN, "--out", "whole")
    assert _visible("out") == _visible("whole")


# --- the file ---------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("hopcli.results.parts.time.monotonic", lambda: now[0])
    return now


def _kept(folder: Path, key: str = "key") -> KeptParts:
    return KeptParts(folder, key, 12)


def test_parts_are_written_once_a_second(tmp_path: Path, clock: list[float]) -> None:
    kept, written = _kept(tmp_path), []
    for number in range(12):
        clock[0] += 0.3
        kept[number] = np.zeros(1)
        written.append(kept.n_written)
        assert len(list(tmp_path.iterdir())) == (number >= 3)
    assert written == [0] * 3 + [4] * 4 + [8] * 4 + [12]
    assert len(_kept(tmp_path)) == 12
    gone = _kept(tmp_path / "gone")  # a run does without what cannot be written
    clock[0] += 2
    gone[0] = np.ones(1)
    assert (len(gone), gone.n_written) == (1, 0)
    (tmp_path / "gone").mkdir()
    gone.write()
    assert gone.n_written == 1


def test_numbers_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    kept = _kept(tmp_path)
    kept[3] = np.array([[np.nan, -0.0, 5e-324], [1 / 3, -np.inf, 1e308]])
    kept[7] = np.random.default_rng(1).normal(size=1000)
    kept.write()
    read = _kept(tmp_path)
    assert read.keys() == kept.keys()
    assert (read.n_written, kept.n_written) == (2, 2)
    for number, part in kept.items():
        assert read[number].tobytes() == part.tobytes()
        assert (read[number].shape, read[number].dtype) == (part.shape, part.dtype)
    assert KeptParts(tmp_path, "key", 7).keys() == {3}  # a part too many
    assert not _kept(tmp_path, key="another")


def test_only_what_is_new_is_written_and_only_own_parts_are_discarded(tmp_path: Path) -> None:
    for number in range(3):
        kept = _kept(tmp_path)
        kept[number] = np.ones(1)
        kept.write()
        kept.write()
    (path,) = tmp_path.iterdir()
    assert len(path.read_bytes().split()) == 3 * 3, "a checksum, a number and a value a part"
    names = {".hopcli-lock", ".hopcli-12-x", "1.parts"}
    for name in (*names, ".hopcli-1.parts"):
        (tmp_path / name).touch()
    discard_parts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == names
