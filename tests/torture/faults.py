"""Faults at random: kills, interrupts, two runs at once, damaged files, a full disk.

After each, an earlier run is as it was or the new one complete. The moments and the places
are drawn from seeds, so a fault that was not held can be made again; what happens at a
moment depends on the machine all the same, so this is no part of ``make test``.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from conftest import CHECKOUT, UNPRIVILEGED, files_below, random_patterns
from test_figures_weights import write_patterns

from hopcli.results import read_manifest, runs_in
from hopcli.results.folder import settle

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMES = 40
GRACE = 2.0  # seconds that an interrupted run may take to end
START = 0.15  # seconds in which Python itself starts, which hopcli has no hand in
SMALL = ["--dataset", "text:five.txt", "--start", "flip:0.1", "--tests", "40", "--repeats", "5"]
RECALL = ["recall", *SMALL, "--out", "out", "--overwrite"]
RUNS = ["run", "one.toml", "two.toml", "--overwrite"]

Files = dict[str, bytes | None]


@dataclass(frozen=True)
class Place:
    """A folder with earlier runs in it, and what it takes to see whether they still are.

    Parameters
    ----------
    folder : Path
        Where ``out``, ``results/one`` and ``results/two`` are.
    earlier, later : dict of str to dict
        By run folder: the files of a run of seed 1, and the tables of one of seed 2.
    seconds : dict of str to float
        How long each command takes, by its first word.
    """

    folder: Path
    earlier: dict[str, Files]
    later: dict[str, Files]
    seconds: dict[str, float]


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "COLUMNS": "80"}


def _start(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    program = options.pop("program", ("-m", "hopcli"))
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env={**_environment(), **options.pop("env", {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def _end(child: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and standard error."""
    _, err = child.communicate(timeout=100)
    return child.returncode, err


def _configure(folder: Path, seed: int) -> None:
    for name, tests in (("one", 40), ("two", 50)):
        text = (
            "command = 'recall'\ndataset = 'text:five.txt'\nstart = 'flip:0.1'\n"
            f"repeats = 5\ntests = {tests}\nseed = {seed}\n"
        )
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The earlier runs, made once, and the later ones to compare with."""
    folder = tmp_path_factory.mktemp("made")
    write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
    seen: dict[int, dict[str, Files]] = {}
    seconds = {}
    for seed in (2, 1):
        _configure(folder, seed)
        for command in ([*RECALL, "--seed", str(seed)], RUNS):
            began = time.perf_counter()
            code, err = _end(_start(folder, *command))
            seconds[command[0]] = time.perf_counter() - began
            assert code == 0, err
        runs = ("out", "results/one", "results/two")
        seen[seed] = {run: files_below(folder / run) for run in runs}
    later = {run: _tables(files) for run, files in seen[2].items()}
    return Place(folder, seen[1], later, seconds)


def _tables(files: Files) -> Files:
    return {name: content for name, content in files.items() if name.endswith((".csv", ".npz"))}


@pytest.fixture
def place(made: Place, tmp_path: Path) -> Place:
    """A copy of the earlier runs, to be overwritten by ones of seed 2."""
    folder = tmp_path / "place"
    shutil.copytree(made.folder, folder)
    _configure(folder, 2)
    return Place(folder, made.earlier, made.later, made.seconds)


def _check(place: Place, *runs: str) -> list[str]:
    """Which of these runs are the later ones; each is whole, and one or the other."""
    later = []
    for run in runs:
        folder = place.folder / run
        read_manifest(folder, "recall")  # as it is, and after it has moved in
        settle(folder, "recall")
        assert runs_in(folder) == ["recall"]
        read_manifest(folder, "recall")  # every file is what the manifest says
        files = files_below(folder)
        visible = {name: files[name] for name in files if not name.startswith(".")}
        if _tables(visible) == place.later[run]:
            later.append(run)
        else:
            assert visible == place.earlier[run]
    return later


def _go_on(place: Place, command: list[str], *runs: str) -> None:
    """The same command again comes to its end, and leaves nothing half-made."""
    code, err = _end(_start(place.folder, *command))
    assert code == 0, err
    assert _check(place, *runs) == list(runs)
    assert not list(place.folder.rglob(".hopcli-*"))


COMMANDS = [
    pytest.param([*RECALL, "--seed", "2"], ("out",), id="recall"),
    pytest.param(RUNS, ("results/one", "results/two"), id="run"),
]


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize(("command", "runs"), COMMANDS)
def test_a_kill_at_any_moment(
    place: Place, command: list[str], runs: tuple[str, ...], number: int
) -> None:
    child = _start(place.folder, *command)
    time.sleep(random.Random(number).uniform(0, place.seconds[command[0]]))
    child.kill()
    _end(child)
    _check(place, *runs)
    if number % 5 == 0:
        _go_on(place, command, *runs)


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM], ids=["int", "term"])
@pytest.mark.parametrize(("command", "runs"), COMMANDS)
def test_an_interrupt_at_any_moment(
    place: Place, command: list[str], runs: tuple[str, ...], sent: signal.Signals, number: int
) -> None:
    child = _start(place.folder, *command)
    moment = random.Random(number).uniform(START, place.seconds[command[0]])
    time.sleep(moment)
    child.send_signal(sent)
    began = time.perf_counter()
    code, err = _end(child)
    assert time.perf_counter() - began < GRACE
    assert "Traceback" not in err, err
    lines = [line for line in err.splitlines() if "interrupted" in line]
    assert code in (0, 128 + sent), (code, err, moment)
    if sent == signal.SIGINT and code:
        assert len(lines) == 1, err
    later = _check(place, *runs)
    if code == 0:
        assert later == list(runs)
    if number % 5 == 0:
        _go_on(place, command, *runs)


@pytest.mark.parametrize("number", range(TIMES // 2))
def test_two_runs_at_once(place: Place, number: int) -> None:
    """One is refused, or they come one after the other: never a mixture."""
    command = [*RECALL, "--seed", "2"]
    first = _start(place.folder, *command)
    time.sleep(random.Random(number).uniform(0, 0.3))
    ends = [_end(child) for child in (_start(place.folder, *command, "--again"), first)]
    for code, err in ends:
        assert code in (0, 2)
        assert "Traceback" not in err
        refusals = [line for line in err.splitlines() if "is writing it" in line]
        assert len(refusals) == (code == 2), err
    assert 0 in [code for code, _ in ends]
    assert _check(place, "out") == ["out"]
    assert not list((place.folder / "out").glob(".hopcli-*"))


IN_PARTS = ["capacity", "--sizes", "150", "--rule", "storkey", "--draws", "3", "--no-figures"]
SITTINGS = 3  # that are stopped before one is let go to its end


@pytest.fixture(scope="module")
def uninterrupted(made: Place) -> tuple[Files, float]:
    """The tables of a run in parts, and its seconds."""
    began = time.perf_counter()
    code, err = _end(_start(made.folder, *IN_PARTS, "--out", "parts"))
    assert code == 0, err
    return _tables(files_below(made.folder / "parts")), time.perf_counter() - began


@pytest.mark.parametrize("number", range(TIMES // 8))
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=str)
def test_a_run_in_parts_goes_on_wherever_it_was_stopped(
    uninterrupted: tuple[Files, float], tmp_path: Path, sent: signal.Signals, number: int
) -> None:
    tables, seconds = uninterrupted
    rng = random.Random(number)
    for _ in range(SITTINGS):
        child = _start(tmp_path, *IN_PARTS, "--out", "parts")
        time.sleep(rng.uniform(START, seconds))
        child.send_signal(sent)
        began = time.perf_counter()
        code, err = _end(child)
        assert time.perf_counter() - began < GRACE
        assert "Traceback" not in err, err
        assert code in (0, -sent if sent == signal.SIGKILL else 128 + sent), (code, err)
    code, err = _end(_start(tmp_path, *IN_PARTS, "--out", "parts"))
    assert code == 0, err
    assert _tables(files_below(tmp_path / "parts")) == tables
    assert not list(tmp_path.rglob(".hopcli-*"))


# --- what there is no room for, or no leave --------------------------------------------------


@pytest.mark.parametrize("n_bytes", [0, 1, 100, 1000, 2000, 4000, 8000, 16_000, 30_000, 60_000])
def test_no_file_may_grow(place: Place, n_bytes: int) -> None:
    """As on a full disk: what cannot be written is told in a line, and nothing is lost."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    child = _start(place.folder, *RECALL, "--seed", "2", preexec_fn=limit)
    _check_refused(place, *_end(child))


@pytest.fixture(params=[16, 32, 48, 64, 96, 128, 192])
def full_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of so many kB; where none can be mounted, one has to be root to see this."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={request.param}k", "tmpfs", str(disk)]
    subprocess.run(mount, check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk(made: Place, full_disk: Path) -> None:
    """A run that finds no room leaves what is there, whole or as little as there was."""
    shutil.copy(made.folder / "five.txt", full_disk)
    code, err = _end(_start(full_disk, "recall", *SMALL, "--out", "out", "--seed", "2"))
    assert "Traceback" not in err, err
    assert code in (0, 2, 3)  # 3 is without pictures
    told = [line for line in err.splitlines() if "cannot be written: No space left" in line]
    assert len(told) == (code > 0), err
    assert (full_disk / "out" / "recall.json").exists() == (code != 2)
    if (full_disk / "out").exists():  # the run is published before its pictures are drawn
        read_manifest(full_disk / "out", "recall")
    assert not list(full_disk.rglob(".hopcli-*"))


def test_a_folder_that_may_not_be_written(place: Place) -> None:
    (place.folder / "out").chmod(0o555)
    code = f"{UNPRIVILEGED}\nfrom hopcli.__main__ import start\nstart()"
    child = _start(place.folder, *RECALL, "--seed", "2", program=("-c", code))
    _check_refused(place, *_end(child))
    assert _check(place, "out") == []


def _check_refused(place: Place, code: int, err: str) -> None:
    assert "Traceback" not in err, err
    assert code in (0, 2, 3), (code, err)
    told = [line for line in err.splitlines() if "must be" in line or "cannot be written" in line]
    assert len(told) == (code > 0), err
    _check(place, "out")
    assert not list((place.folder / "out").glob(".hopcli-*"))


# --- damaged files of the package ------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package in it."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(
        CHECKOUT / "hopcli", folder / "hopcli", ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


def _of_package(package: Path, *arguments: str) -> tuple[int, str, Files]:
    """Run the copy; exit code, standard error and the files of a run."""
    out = package / "results"
    shutil.rmtree(out, ignore_errors=True)
    code, err = _end(_start(package, *arguments))
    return code, err, _tables(files_below(out))


SHIPPED = sorted(
    str(path.relative_to(CHECKOUT))
    for kind in ("*.npz", "drawings/*.png", "texts/*.txt")
    for path in (CHECKOUT / "hopcli" / "data").glob(kind)
)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("name", SHIPPED)
def test_a_damaged_file_of_the_package(package: Path, name: str, number: int) -> None:
    """Any flipped byte is told, by those who read it and by ``data verify``."""
    file, rng = package / name, random.Random(f"{name} {number}")
    whole = file.read_bytes()
    sources = {".npz": "mnist", ".png": "drawings", ".txt": f"text:{file.stem}"}
    threshold = ["--threshold", rng.choice(["0", "100"])] if file.suffix == ".npz" else []
    select = ["select", "--dataset", sources[file.suffix], *threshold, "--samples", "3", "-q"]
    select += ["--no-figures"]
    _, _, expected = _of_package(package, *select)
    assert expected
    damaged = bytearray(whole)
    damaged[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
    try:
        file.write_bytes(damaged)
        code, err, found = _of_package(package, *select)
        verified, broken, _ = _of_package(package, "data", "verify")
    finally:
        file.write_bytes(whole)
    assert "Traceback" not in err + broken
    assert verified != 0
    if code == 0:  # a part of the archive that this run does not read
        assert found == expected
    else:
        assert (code, err.count("\n"), found) == (2, 1, {})


@pytest.fixture(scope="module")
def cache(made: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled loops in a folder of their own."""
    folder = tmp_path_factory.mktemp("cache")
    command = ["recall", *SMALL, "--out", "cached", "--no-figures", "--seed", "2"]
    code, err = _end(_start(made.folder, *command, env={"NUMBA_CACHE_DIR": str(folder)}))
    assert code == 0, err
    return folder


@pytest.mark.parametrize("damage", ["cut", "empty", "noise", "flip"])
@pytest.mark.parametrize("kind", ["*.nbi", "*.nbc"])
def test_a_damaged_cache_of_compiled_loops(
    place: Place, cache: Path, tmp_path: Path, kind: str, damage: str
) -> None:
    """It is compiled once more; never a traceback, nor another number."""
    copy, rng = tmp_path / "cache", random.Random(f"{kind} {damage}")
    shutil.copytree(cache, copy)
    for file in sorted(copy.rglob(kind)):
        content = file.read_bytes()
        flipped = bytearray(content)
        flipped[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        damaged = {
            "cut": content[: len(content) // 2],
            "empty": b"",
            "noise": rng.randbytes(len(content)),
            "flip": bytes(flipped),
        }
        file.write_bytes(damaged[damage])
    env = {"NUMBA_CACHE_DIR": str(copy)}
    code, err = _end(_start(place.folder, *RECALL, "--seed", "2", env=env))
    assert code == 0, err
    assert "Traceback" not in err
    assert _check(place, "out") == ["out"]
