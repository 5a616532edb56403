"""Faults at random, of grids: kills, interrupts, two at once, damaged stores, full disks.

And every bad value of every setting, of which `make test` tries a sample.

After each, what was finished is whole, and the same command goes on to the same bytes.
"""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from conftest import UNPRIVILEGED, random_patterns
from test_bad_input import (  # noqa: F401
    TRIED,
    WRITTEN,
    _id,
    check_flags,
    check_in_grids,
    check_keys,
    check_written,
    lying_about,
    refusal,
    stands,
)
from test_figures_weights import write_patterns

from hopcli.errors import HopcliError
from hopcli.grids.store import FILE, Store
from torture.faults import _begin, _end, _start, _stop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bad_inputs import Tried

KILLS = 50
TIMES = 12
N_CELLS = 96
GRID = """
command = "recall"
dataset = "text:five.txt"
start = "flip:0.1"
repeats = 5
tests = 5
[grid]
rule = ["hebbian", "storkey"]
temperature = "0.1:1.2:0.1"
seed = "1:4:1"
"""
RUN = ["grid", "run", "mine.toml", "--out", "out"]


@dataclass(frozen=True)
class Whole:
    """A grid that nothing has happened to: its folder, files but the manifest, and seconds."""

    folder: Path
    files: dict[str, bytes]
    seconds: float


def _files(folder: Path) -> dict[str, bytes]:
    """What is made of the cells: table and picture."""
    kinds = ("*.csv", "*.png")
    return {path.name: path.read_bytes() for kind in kinds for path in folder.glob(kind)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    _set_up(folder)
    began = time.perf_counter()
    code, err = _end(_start(folder, *RUN))
    assert code == 0, err
    return Whole(folder, _files(folder / "out"), time.perf_counter() - began)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with what a grid needs."""
    folder = tmp_path / "place"
    _set_up(folder)
    return folder


def _set_up(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
    (folder / "mine.toml").write_text(GRID, encoding="utf-8")


def _finished(folder: Path) -> int:
    """How many cells are finished, none of them damaged."""
    if not (folder / "out" / FILE).exists():
        return 0
    with Store(folder / "out") as store:
        assert store.damaged() == {}
        return len(store.standings())


def _go_on(folder: Path, whole: Whole) -> None:
    """The same command comes to the same end, and leaves nothing half-made."""
    code, err = _end(_start(folder, *RUN))
    assert code == 0, err
    assert _files(folder / "out") == whole.files
    assert _finished(folder) == N_CELLS
    assert not [path for path in (folder / "out").iterdir() if path.name.startswith(".")]


def test_fifty_kills(whole: Whole, place: Path) -> None:
    """Each at a moment of its own, each followed by the same command."""
    rng, before = random.Random(1), 0
    for _ in range(KILLS):
        child = _start(place, *RUN)
        time.sleep(rng.uniform(0, 0.5 * whole.seconds))
        child.kill()
        _end(child)
        now = _finished(place)
        assert now >= before  # nothing finished is lost
        before = now
    assert before > 0
    _go_on(place, whole)


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_an_interrupt_at_any_moment(
    whole: Whole, place: Path, sent: signal.Signals, number: int
) -> None:
    child = _begin(place, *RUN)
    time.sleep(random.Random(number).uniform(0, whole.seconds))
    err = _stopped(child, sent)
    said = [line for line in err.splitlines() if "cells are finished and kept" in line]
    if said:
        assert f"interrupted; {_finished(place)} of {N_CELLS} cells are" in said[0]
    if number % 5 == 0:
        _go_on(place, whole)


def _stopped(child: subprocess.Popen[str], sent: signal.Signals) -> str:
    """What a run says that is told to stop, and does in time."""
    code, err = _stop(child, sent)
    assert code in (0, 128 + sent), (code, err)
    return err


@pytest.mark.parametrize("number", range(TIMES // 2))
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_an_interrupt_while_a_large_grid_is_planned(
    place: Path, sent: signal.Signals, number: int
) -> None:
    (place / "mine.toml").write_text(GRID.replace("1:4:1", "1:3000:1"), encoding="utf-8")
    child = _begin(place, *RUN)
    time.sleep(random.Random(number).uniform(0, 4))
    err = _stopped(child, sent)
    if sent == signal.SIGINT:
        assert "interrupted" in err
    assert not (place / "out").exists()


@pytest.mark.parametrize("number", range(TIMES // 2))
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
def test_an_interrupt_while_table_and_picture_are_written(
    whole: Whole, place: Path, sent: signal.Signals, number: int
) -> None:
    (place / "out").mkdir()
    shutil.copy(whole.folder / "out" / FILE, place / "out")
    child = _begin(place, *RUN)
    time.sleep(random.Random(number).uniform(0.3, 0.6) * whole.seconds)
    _stopped(child, sent)
    for name, content in _files(place / "out").items():
        assert content == whole.files[name]  # all of it, or none
    _go_on(place, whole)


@pytest.mark.parametrize("number", range(TIMES // 2))
def test_two_at_once(whole: Whole, place: Path, number: int) -> None:
    first = _start(place, *RUN)
    time.sleep(random.Random(number).uniform(0, whole.seconds))
    ends = [_end(child) for child in (_start(place, *RUN), first)]
    for code, err in ends:
        assert "Traceback" not in err, err
        refusals = [line for line in err.splitlines() if "is writing it" in line]
        assert (code, len(refusals)) in ((0, 0), (2, 1)), err
    assert 0 in [code for code, _ in ends]
    _go_on(place, whole)


@pytest.mark.parametrize("n_bytes", [0, 1000, 20_000, 60_000, 100_000, 200_000, 400_000])
def test_no_file_may_grow(whole: Whole, place: Path, n_bytes: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    _check_refused(*_end(_start(place, *RUN, preexec_fn=limit)))
    _finished(place)
    _go_on(place, whole)


@pytest.fixture(params=[64, 128, 256, 512])
def full_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of so many kB; where none can be mounted, one has to be root to see this."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk(whole: Whole, full_disk: Path) -> None:
    _set_up(full_disk)
    _check_refused(*_end(_start(full_disk, *RUN)))
    kept = _finished(full_disk)
    larger = ["mount", "-o", "remount,size=100m", str(full_disk)]
    subprocess.run(larger, check=True)
    assert _finished(full_disk) == kept
    _go_on(full_disk, whole)


def _check_refused(code: int, err: str) -> None:
    assert "Traceback" not in err, err
    assert code == 2, (code, err)
    assert len(err.splitlines()) == 1, err


def test_a_folder_that_may_not_be_written(whole: Whole, place: Path) -> None:
    shutil.copytree(whole.folder / "out", place / "out")
    (place / "mine.toml").write_text(GRID.replace("1:4:1", "1:5:1"), encoding="utf-8")
    for path in (place / "out").iterdir():
        path.chmod(0o444)
    (place / "out").chmod(0o555)
    code = f"{UNPRIVILEGED}\nfrom hopcli.__main__ import start\nstart()"
    _check_refused(*_end(_start(place, *RUN, program=("-c", code))))
    status = ["grid", "status", "out"]
    assert _end(_start(place, *status, program=("-c", code))) == (0, "")
    assert _files(place / "out") == whole.files
    (place / "out").chmod(0o755)


@pytest.mark.parametrize("number", range(5))
def test_a_folder_that_is_deleted_meanwhile(whole: Whole, place: Path, number: int) -> None:
    child = _start(place, *RUN)
    until = time.monotonic() + 60
    while not (place / "out" / FILE).exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    time.sleep(random.Random(number).uniform(0, 0.3 * whole.seconds))
    shutil.rmtree(place / "out", ignore_errors=True)
    code, err = _end(child)
    assert "Traceback" not in err, err
    assert (code, len(err.splitlines())) == (2, 1), err
    shutil.rmtree(place / "out", ignore_errors=True)
    _go_on(place, whole)


@pytest.mark.parametrize("number", range(3 * TIMES))
def test_a_flipped_bit(whole: Whole, place: Path, number: int) -> None:
    """It is found, or is of no consequence; never a traceback or another table."""
    shutil.copytree(whole.folder / "out", place / "out")
    file, rng = place / "out" / FILE, random.Random(number)
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)
    checked, err = _end(_start(place, "grid", "check", "out"))
    assert "Traceback" not in err, err
    assert checked in (0, 1, 2)
    code, err = _end(_start(place, *RUN))
    assert "Traceback" not in err, err
    if code == 0:
        assert _files(place / "out") == whole.files
    else:
        assert (code, len(err.splitlines())) == (2, 1), err
        assert checked != 0
        file.unlink()
        _go_on(place, whole)


@pytest.mark.parametrize("number", range(TIMES // 2))
def test_a_store_that_is_cut_off(whole: Whole, place: Path, number: int) -> None:
    shutil.copytree(whole.folder / "out", place / "out")
    file = place / "out" / FILE
    content = file.read_bytes()
    file.write_bytes(content[: random.Random(number).randrange(len(content))])
    code, err = _end(_start(place, *RUN))
    assert "Traceback" not in err, err
    if code:
        _check_refused(code, err)
        assert _files(place / "out") == whole.files
        file.unlink()
    _go_on(place, whole)


@pytest.mark.parametrize("tried", TRIED, ids=_id)
def test_no_flag_and_no_key_takes_a_bad_value(
    request: pytest.FixtureRequest, tmp_path: Path, tried: Tried
) -> None:
    refused = request.getfixturevalue("refusal")
    check_flags(refused, tried, tried.flags)
    check_keys(refused, tmp_path / "f.toml", tried, tried.keys)


@pytest.mark.parametrize("tried", TRIED, ids=_id)
def test_no_grid_takes_any_bad_value(
    request: pytest.FixtureRequest, tmp_path: Path, tried: Tried
) -> None:
    refused = request.getfixturevalue("refusal")
    check_in_grids(refused, tmp_path / "f.toml", tried, tried.keys, tried.flags)


def test_what_is_damaged_is_told_by_the_library_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(random.Random(1).randbytes(10_000))

    def tried() -> Any:
        with Store(tmp_path) as store:
            return store.standings()

    with pytest.raises(HopcliError):
        tried()


@pytest.mark.parametrize(("line", "name"), WRITTEN, ids=_id)
def test_every_written_bad_input_is_refused(
    request: pytest.FixtureRequest, line: str, name: str
) -> None:
    check_written(request.getfixturevalue("refusal"), line, name)
