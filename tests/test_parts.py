"""Runs that are sums of parts go on where they were stopped, and the result is the same."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import files_below

import hopcli
from hopcli import dynamics, results, streams
from hopcli.grids import cells
from hopcli.results import KeptParts, discard_parts, parts
from hopcli.results.provenance import code_digest
from hopcli.storage import Couplings, store
from hopcli.taxonomy import unstable_sites

if TYPE_CHECKING:
    from conftest import Finished, RunHopcli
    from numpy.typing import NDArray

CAPACITY = ["capacity", "--sizes", "20,30", "--draws", "2", "--rule", "storkey,hebbian"]
CAPACITY += ["--loads", "0.1,0.2,0.4", "--no-figures", "--overwrite"]
SCAN = ["temperature-scan", "--dataset", "text:3x3", "--repeats", "3"]
SCAN += ["--temperatures", "0:0.6:0.05", "--sweeps", "3", "--no-figures", "--overwrite"]
VARIANCE = ["variance", "--dataset", "text:3x3", "--start", "flip:0.4", "--selections", "11"]
VARIANCE += ["--tests", "3", "--repeats", "2", "--sweeps", "3", "--no-figures", "--overwrite"]
CRITICAL = ["critical", "--dataset", "digits", "--temperatures", "0.8:1.1:0.1", "--chains", "5"]
CRITICAL += ["--sweeps", "20", "--no-figures", "--overwrite"]
COMMANDS = [
    pytest.param(CAPACITY, 24, 2, id="capacity"),
    pytest.param(SCAN, 13, 1, id="scan"),
    pytest.param(VARIANCE, 11, 1, id="variance"),
    pytest.param(CRITICAL, 8, 1, id="critical"),
]
"""Command, parts that it is a sum of, and runs of the dynamics in a part."""


class Runs:
    """Counts the runs of the dynamics, and stops the program at one of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.made = 0
        self._left = self._never = 10**9
        self._stop: BaseException = KeyboardInterrupt()
        self._run = dynamics.run
        monkeypatch.setattr(dynamics, "run", self)

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        if self._left == 0:
            self._left = self._never
            raise self._stop
        self._left -= 1
        self.made += 1
        return self._run(*arguments, **settings)

    def stop_after(self, number: int, stop: BaseException | None = None) -> None:
        self.made, self._left = 0, number
        self._stop = KeyboardInterrupt() if stop is None else stop


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Runs:
    return Runs(monkeypatch)


def _visible(folder: str) -> dict[str, Any]:
    """The files of a run; of the manifest what does not tell one sitting from another."""
    files: dict[str, Any] = files_below(Path(folder))
    for name in [name for name in files if name.endswith(".json")]:
        files[name] = json.loads(files[name])
        for of_sitting in ("duration_seconds", "execution"):
            del files[name][of_sitting]
    return {name: content for name, content in files.items() if not name.startswith(".hopcli-")}


def _hidden(folder: str) -> list[Path]:
    return sorted(Path(folder).glob(".hopcli-*"))


def _said(done: Finished) -> str:
    """What was said on stderr; an interrupt begins it with an empty line."""
    return done.err.lstrip("\n")


@pytest.mark.parametrize(("command", "n_parts", "in_part"), COMMANDS)
def test_any_number_of_interrupts_changes_nothing(
    run_hopcli: RunHopcli, runs: Runs, command: list[str], n_parts: int, in_part: int
) -> None:
    assert run_hopcli(*command, "--out", "whole").code == 0
    assert runs.made == n_parts * in_part
    kept, sitting = 0, 0
    while True:
        sitting += 1
        runs.stop_after(5)  # in the middle of a part of two runs
        done = run_hopcli(*command, "--out", "out", "--threads", str(1 + sitting % 2))
        counts = [(str(kept + 1), str(n_parts))] if kept else []
        if done.code == 0:
            break
        kept += 5 // in_part
        assert (done.code, done.out) == (130, "")
        told = [*counts, (str(kept), str(n_parts))]
        assert re.findall(r"(\d+) of (\d+)", done.err) == told
        assert len([line for line in done.err.split("\n") if line]) == len(told)
        assert _visible("out") == {}
        assert len(_hidden("out")) == 1
    (last,) = [line for line in _said(done).splitlines() if "warning:" not in line]
    assert re.findall(r"(\d+) of (\d+)", last) == counts
    assert runs.made == (n_parts - kept) * in_part
    assert sitting == -(-n_parts // (5 // in_part))
    assert _visible("out") == _visible("whole")
    assert _hidden("out") == []


def test_couplings_are_the_same_bits_whichever_networks_are_measured(
    run_hopcli: RunHopcli, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storkey goes on from load to load, also over those that are kept."""
    measured: list[bytes] = []
    n_stored = [0]

    def watched(*arguments: Any, **settings: Any) -> Couplings:
        n_stored[0] += 1
        return store(*arguments, **settings)

    def looked_at(xi: NDArray[np.int8], network: Couplings) -> NDArray[np.bool_]:
        measured.append(network.J.tobytes())
        return unstable_sites(xi, network)

    monkeypatch.setattr("hopcli.experiments.capacity.store", watched)
    monkeypatch.setattr("hopcli.experiments.capacity.unstable_sites", looked_at)
    run_hopcli(*CAPACITY, "--out", "whole")
    assert (len(measured), n_stored) == (24, [24])
    whole, measured[:] = list(measured), []
    code = 130
    while code == 130:
        runs.stop_after(5)
        code = run_hopcli(*CAPACITY, "--out", "out").code
    assert list(dict.fromkeys(measured)) == list(dict.fromkeys(whole))


@pytest.mark.parametrize(
    ("command", "n_parts", "in_part"),
    [
        COMMANDS[0],
        *(pytest.param(*each.values, id=each.id, marks=pytest.mark.slow) for each in COMMANDS[1:]),
    ],
)
def test_a_killed_run_goes_on_from_what_it_had_written(
    run_hopcli: RunHopcli,
    child_environment: dict[str, str],
    runs: Runs,
    command: list[str],
    n_parts: int,
    in_part: int,
) -> None:
    program = (
        "import os, signal, sys\n"
        "from hopcli import dynamics\n"
        "from hopcli.results import parts\n"
        "parts._EVERY, run, left = 0.0, dynamics.run, [7]\n"
        "def until_killed(*arguments, **settings):\n"
        "    left[0] -= 1\n"
        "    if left[0] < 0:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return run(*arguments, **settings)\n"
        "dynamics.run = until_killed\n"
        "from hopcli.cli import main\n"
        "main(sys.argv[1:])\n"
    )
    child = [sys.executable, "-c", program, *command, "--out", "out"]
    done = subprocess.run(child, env=child_environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert run_hopcli(*command, "--out", "out").code == 0
    assert runs.made == (n_parts - 7 // in_part) * in_part
    assert run_hopcli(*command, "--out", "whole").code == 0
    assert _visible("out") == _visible("whole")
    assert _hidden("out") == []


def test_a_polite_kill_keeps_parts_too(run_hopcli: RunHopcli, runs: Runs) -> None:
    runs.stop_after(9, SystemExit(143))
    done = run_hopcli(*SCAN, "--out", "out")
    assert (done.code, done.out, done.err.count("\n")) == (143, "", 1)
    assert "9 of 13" in done.err
    assert run_hopcli(*SCAN, "--out", "out", "-q").err == ""
    assert runs.made == 13


def test_an_interrupt_before_the_first_part_leaves_nothing(
    run_hopcli: RunHopcli, runs: Runs
) -> None:
    runs.stop_after(0)
    done = run_hopcli(*SCAN, "--out", "out")
    assert (done.code, _said(done).count("\n")) == (130, 1)
    assert list(Path().iterdir()) == []


def test_an_interrupt_after_the_last_part_leaves_nothing_to_do(
    run_hopcli: RunHopcli, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("hopcli.experiments.temperature_scan._Scan.curve", stop)
        assert "13 of 13" in run_hopcli(*SCAN, "--out", "out").err
    done = run_hopcli(*SCAN, "--out", "out")
    assert (done.code, done.err.count("\n"), runs.made) == (0, 1, 13)


def test_an_earlier_run_stays_until_the_new_one_is_whole(run_hopcli: RunHopcli, runs: Runs) -> None:
    run_hopcli(*CAPACITY, "--out", "out", "--seed", "1")
    earlier = _visible("out")
    runs.stop_after(11)
    assert run_hopcli(*CAPACITY, "--out", "out", "--seed", "2").code == 130
    assert _visible("out") == earlier
    run_hopcli(*CAPACITY, "--out", "out", "--seed", "2")
    run_hopcli(*CAPACITY, "--out", "new", "--seed", "2")
    assert _visible("out") == _visible("new") != earlier


@pytest.mark.parametrize("changed", ["seed", "repeats", "data", "streams", "code"])
def test_parts_of_another_run_are_never_used(
    run_hopcli: RunHopcli, runs: Runs, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    Path("mine.txt").write_text("##.\n...\n\n.#.\n.##\n", encoding="utf-8")
    scan = ["temperature-scan", "--dataset", "text:mine.txt", *SCAN[3:], "--out", "out"]
    runs.stop_after(6)
    assert "6 of 13" in run_hopcli(*scan).err
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


def test_the_code_is_another_after_an_edit(tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    (tmp_path / "one.py").write_text("x = 1\n", encoding="utf-8")
    seen = [code_digest(tmp_path)]
    for name, text in (("one.py", "x = 2\n"), ("cli/two.py", "x = 2\n"), ("cli/two.py", "x = 3\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        seen.append(code_digest(tmp_path))
    assert len(set(seen)) == len(seen) == 4
    assert code_digest() == code_digest()


def test_cells_of_a_grid_see_an_edit_of_every_room_that_computes(tmp_path: Path) -> None:
    """Rooms that a recall imports compute, but for those that show what was found."""
    package = Path(hopcli.__file__).parent
    shutil.copytree(
        package,
        tmp_path / "hopcli",
        ignore=lambda _, names: [
            name for name in names if "." in name and not name.endswith(".py")
        ],
    )
    copy = tmp_path / "hopcli"
    before = code_digest(copy, cells._DRAWS)
    assert before[:12] in cells.code_version()
    rooms = {path.relative_to(package).parts[0] for path in package.rglob("*.py")}
    shown = {"api", "claims", "cli", "docs", "estimator", "grids", "notebooks", "plots", "report"}
    seen = set()
    for room in sorted(rooms):
        first = copy / room if room.endswith(".py") else min((copy / room).rglob("*.py"))
        was = first.read_bytes()
        first.write_bytes(was + b"# edited\n")
        if code_digest(copy, cells._DRAWS) != before:
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
    lines[3] = {
        "digit": lines[3].replace(b"[2, ", b"[1, "),
        "checksum": b"0" * 16 + lines[3][16:],
        "cut": lines[3][:-5],
        "noise": b"\xff\x00" + lines[3],
    }[damage]
    assert b"\n".join(lines) != whole
    path.write_bytes(b"\n".join(lines))
    runs.stop_after(2)  # goes on behind the damage, and is stopped again
    assert "7 of 13" in run_hopcli(*SCAN, "--out", "out").err
    runs.stop_after(10**6)
    assert run_hopcli(*SCAN, "--out", "out").code == 0
    assert runs.made == 6
    run_hopcli(*SCAN, "--out", "whole")
    assert _visible("out") == _visible("whole")


FORGED: list[Any] = [[], [[1.0]], [1.0, 2.0], [[[1e300] * 3] * 2], 5.0, None, [[None]], "x"]


@pytest.mark.parametrize(("command", "n_parts", "_"), COMMANDS)
def test_parts_of_another_shape_end_in_a_line(
    run_hopcli: RunHopcli, command: list[str], n_parts: int, _: int
) -> None:
    Path("out").mkdir()
    path = Path("out", _name_of_parts(run_hopcli, command))
    places = itertools.cycle([range(n_parts), range(1), range(n_parts - 1, n_parts + 9)])
    for numbers, value in zip(places, FORGED, strict=False):
        said = [json.dumps([number, value]).encode() for number in numbers]
        path.write_bytes(b"\n".join(parts._checksum(line) + b" " + line for line in said))
        done = run_hopcli(*command, "--out", "out")
        assert "Traceback" not in done.err
        assert (done.code, path.name in done.err) in ((0, False), (2, True)), (value, done)
        shutil.rmtree("out")
        Path("out").mkdir()


def _name_of_parts(run_hopcli: RunHopcli, command: list[str]) -> str:
    """How the file of the parts of a run is called."""
    names: list[str] = []

    def read(path: Path, _n_parts: int) -> None:
        names.append(path.name)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_read", read)
        assert run_hopcli(*command, "--out", "out").code == 130
    return names[0]


def test_parts_left_by_a_run_that_is_finished_go(
    run_hopcli: RunHopcli, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the last two steps."""
    runs.stop_after(6)
    run_hopcli(*SCAN, "--out", "out")
    with monkeypatch.context() as patch:
        patch.setattr(results, "discard_parts", lambda *_: None)
        assert run_hopcli(*SCAN, "--out", "out").code == 0
    assert len(_hidden("out")) == 1
    assert "not run again" in run_hopcli(*SCAN, "--out", "out").out
    assert _hidden("out") == []


# --- the file --------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr("hopcli.results.parts.time.monotonic", lambda: now[0])
    return now


def test_parts_are_written_once_a_second_and_short_runs_write_none(
    tmp_path: Path, clock: list[float]
) -> None:
    kept = KeptParts(tmp_path, "capacity", "key", 12)
    written = []
    for number in range(12):
        clock[0] += 0.3
        kept[number] = np.zeros(1)
        written.append(kept.n_written)
        assert len(list(tmp_path.iterdir())) == (number >= 3)
    assert written == [0] * 3 + [4] * 4 + [8] * 4 + [12]
    assert len(KeptParts(tmp_path, "capacity", "key", 12)) == 12


def test_numbers_are_kept_to_the_last_bit(tmp_path: Path) -> None:
    values = np.array([[np.nan, -0.0, 5e-324], [1 / 3, -np.inf, 1e308]])
    kept = KeptParts(tmp_path, "capacity", "key", 12)
    kept[3] = values
    kept[7] = np.random.default_rng(1).normal(size=1000)
    kept.write()
    read = KeptParts(tmp_path, "capacity", "key", 12)
    assert read.keys() == kept.keys()
    assert (read.n_written, kept.n_written) == (2, 2)
    for number, part in kept.items():
        assert read[number].tobytes() == part.tobytes()
        assert (read[number].shape, read[number].dtype) == (part.shape, part.dtype)
    assert not KeptParts(tmp_path, "capacity", "another", 12)
    assert not KeptParts(tmp_path, "temperature-scan", "key", 12)


def test_only_what_is_new_is_written(tmp_path: Path) -> None:
    for number in range(3):
        kept = KeptParts(tmp_path, "capacity", "key", 12)
        kept[number] = np.ones(1)
        kept.write()
        kept.write()
    (path,) = tmp_path.iterdir()
    assert len(path.read_bytes().split()) == 3 * 3, "a checksum, a number and a value a part"


def test_a_run_does_without_what_cannot_be_written(tmp_path: Path, clock: list[float]) -> None:
    kept = KeptParts(tmp_path / "gone", "capacity", "key", 12)
    clock[0] += 2
    kept[0] = np.ones(1)
    assert (len(kept), kept.n_written) == (1, 0)
    (tmp_path / "gone").mkdir()
    kept.write()
    assert kept.n_written == 1


def test_only_parts_of_the_command_are_discarded(tmp_path: Path) -> None:
    names = {".hopcli-scan-1.parts", ".hopcli-capacity.lock", ".hopcli-capacity-12-x", "1.parts"}
    for name in (*names, ".hopcli-capacity-1.parts", ".hopcli-capacity-2.parts"):
        (tmp_path / name).touch()
    discard_parts(tmp_path, "capacity")
    assert {path.name for path in tmp_path.iterdir()} == names
