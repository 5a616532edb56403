"""Random faults: kills, interrupts, two processes at once, full disks.

After each, an earlier run is as it was or the new one complete, nothing finished is lost, and
the same command goes on to the same bytes. Moments and places are drawn from seeds, so a fault
can be made again; what happens at a moment depends on the machine all the same, so this is no
part of ``make test``. No test depends on how fast the machine is.
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
from pathlib import Path
from typing import Any

import pytest
from conftest import files_below, random_patterns, write_patterns

from hopcli.grids.store import FILE, Store
from hopcli.results import finished_in, locked, read_manifest

TIMES = 20
SITTINGS = 3  # of what goes on where it was stopped, before one is let go to its end
STARTED = """
import sys
from hopcli.__main__ import start

def tell(event, given):
    if event == "import" and given[0] == "hopcli.cli":  # signals are dealt with by now
        print("started", flush=True)

sys.addaudithook(tell)
start()
"""
RUN = """command = 'recall'
dataset = 'text:five.txt'
start = 'flip:0.1'
repeats = 5
tests = 40
seed = SEED
"""
GRID = "[grid]\nrule = ['hebbian', 'storkey']\ntemperature = '0.1:1.2:0.1'\nsweeps = [10, 20]\n"

Files = dict[str, bytes | None]


@dataclass(frozen=True)
class Subject:
    """A command that is stopped, the folders that it writes, and the command of their runs."""

    command: tuple[str, ...]
    folders: tuple[str, ...]
    of: str = "recall"

    @property
    def goes_on(self) -> bool:
        """True if a stopped command keeps its finished parts."""
        return self.of != "recall"


SUBJECTS = {
    "recall": Subject(("recall", "--config", "one.toml", "--out", "out", "--overwrite"), ("out",)),
    "run": Subject(("run", "one.toml", "two.toml", "--overwrite"), ("results/one", "results/two")),
    "parts": Subject(
        ("capacity", "--sizes", "120", "--rule", "storkey", "--no-figures", "--out", "out"),
        ("out",),
        "capacity",
    ),
    "grid": Subject(("grid", "run", "mine.toml", "--out", "out"), ("out",), "grid"),
}


def start(folder: Path, *arguments: str, code: str = "", **options: Any) -> subprocess.Popen[str]:
    """Start a command, or code that runs it."""
    program = ["-c", code] if code else ["-m", "hopcli"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=folder,
        env={**kept, "COLUMNS": "80", **options.pop("env", {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def end(child: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and standard error, which has no traceback."""
    _, err = child.communicate(timeout=600)
    assert "Traceback" not in err, err
    return child.returncode, err


def configure(folder: Path, seed: int) -> None:
    """Write what the commands read."""
    folder.mkdir(exist_ok=True)
    write_patterns(folder / "five.txt", random_patterns(1, 5, 42), (6, 7))
    for name, more in (("one", ""), ("two", "sweeps = 30\n"), ("mine", GRID)):
        text = RUN.replace("SEED", str(seed)) + more
        (folder / f"{name}.toml").write_text(text, encoding="utf-8")


@dataclass(frozen=True)
class Place:
    """A folder with what a command finds there, the bytes that it makes, and its seconds."""

    subject: Subject
    folder: Path
    earlier: dict[str, Files]
    later: dict[str, Files]
    seconds: float

    def begin(self) -> subprocess.Popen[str]:
        """Start the command, and come back when it deals with signals."""
        child = start(self.folder, *self.subject.command, code=STARTED)
        assert child.stdout is not None
        assert child.stdout.readline() == "started\n"
        return child

    def check(self) -> int:
        """Return the number of later folders or finished cells; nothing may be half-made."""
        finished = 0
        for name in self.subject.folders:
            folder = self.folder / name
            if self.subject.of == "grid":
                return finished_cells(folder)
            if (folder / f"{self.subject.of}.json").exists() or name in self.earlier:
                read_manifest(folder, self.subject.of)  # as it is, and after it has moved in
                with locked(folder):
                    assert finished_in(folder) == [self.subject.of]
                read_manifest(folder, self.subject.of)
            seen = files_below(folder)
            visible = {key: seen[key] for key in seen if not key.startswith(".")}
            if tables(visible, pictures=False) == tables(self.later[name], pictures=False):
                finished += 1
            else:
                assert visible == self.earlier.get(name, {})
        return finished

    def go_on(self) -> None:
        """Run the same command again; it ends, and leaves nothing half-made."""
        code, err = end(start(self.folder, *self.subject.command))
        assert code == 0, err
        assert {name: tables(files_below(self.folder / name)) for name in self.later} == self.later
        assert not list(self.folder.rglob(".hopcli-*"))


def tables(files: Files, *, pictures: bool = True) -> Files:
    """The files whose bytes do not depend on when they were made; pictures may come later."""
    ends = (".csv", ".npz", ".png") if pictures else (".csv", ".npz")
    return {name: content for name, content in files.items() if name.endswith(ends)}


def finished_cells(folder: Path) -> int:
    """Return the number of finished cells, none of them damaged."""
    if not (folder / FILE).exists():
        return 0
    with Store(folder) as store:
        assert store.damaged() == []
        return len(store.standings())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Place]:
    """Each subject with an earlier run of seed 1, if it replaces one, and one of seed 2."""
    places = {}
    for name, subject in SUBJECTS.items():
        folder = tmp_path_factory.mktemp(name)
        seen: list[dict[str, Files]] = []
        for seed in (2,) if subject.goes_on else (2, 1):
            configure(folder, seed)
            began = time.perf_counter()
            code, err = end(start(folder, *subject.command))
            seconds = time.perf_counter() - began
            assert code == 0, err
            seen.append({each: files_below(folder / each) for each in subject.folders})
        later = {each: tables(files) for each, files in seen[0].items()}
        places[name] = Place(subject, folder, {} if subject.goes_on else seen[1], later, seconds)
    return places


@pytest.fixture
def place(request: pytest.FixtureRequest, made: dict[str, Place], tmp_path: Path) -> Place:
    """A copy of the earlier runs, to be replaced by those of seed 2."""
    whole = made[request.param]
    folder = tmp_path / "place"
    if not whole.subject.goes_on:
        shutil.copytree(whole.folder, folder)
    configure(folder, 2)
    return Place(whole.subject, folder, whole.earlier, whole.later, whole.seconds)


EVERY = pytest.mark.parametrize("place", SUBJECTS, indirect=True)


@pytest.mark.parametrize("number", range(TIMES))
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=str)
@EVERY
def test_a_stop_at_any_moment(place: Place, sent: signal.Signals, number: int) -> None:
    rng, before = random.Random(number), 0
    for _ in range(SITTINGS if place.subject.goes_on else 1):
        child = place.begin()
        time.sleep(rng.uniform(0, place.seconds))
        child.send_signal(sent)
        code, err = end(child)
        assert code in (0, -sent if sent == signal.SIGKILL else 128 + sent), (code, err)
        assert code != 130 or sum("interrupted" in line for line in err.splitlines()) == 1, err
        now = place.check()
        assert now >= before
        before = now
    if number % 5 == 0:
        place.go_on()


@pytest.mark.parametrize("number", range(TIMES // 2))
@pytest.mark.parametrize("place", ["recall", "grid"], indirect=True)
def test_two_at_once(place: Place, number: int) -> None:
    """One is refused, or they come one after the other: never a mixture."""
    first = place.begin()
    time.sleep(random.Random(number).uniform(0, place.seconds))
    ends = [end(child) for child in (start(place.folder, *place.subject.command), first)]
    assert 0 in [code for code, _ in ends]
    for code, err in ends:
        refusals = [line for line in err.splitlines() if "is writing it" in line]
        assert (code, len(refusals)) in ((0, 0), (2, 1)), err
    place.go_on()


# --- what there is no room for ----------------------------------------------------------------


def _check_refused(code: int, err: str) -> None:
    """Exit code 3 is that of a run without its pictures."""
    assert code in (0, 2, 3), (code, err)
    assert code != 2 or len(err.splitlines()) == 1, err


@pytest.mark.parametrize("n_bytes", [0, 1, 100, 2000, 8000, 20_000, 60_000, 200_000])
@pytest.mark.parametrize("place", ["recall", "grid"], indirect=True)
def test_no_file_may_grow(place: Place, n_bytes: int) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))

    _check_refused(*end(start(place.folder, *place.subject.command, preexec_fn=limit)))
    place.check()
    assert not list((place.folder / "out").glob(".hopcli-*"))
    place.go_on()


def flipped(content: bytes, rng: random.Random) -> bytes:
    """The bytes with one bit the other way round."""
    place, bit = rng.randrange(len(content)), 1 << rng.randrange(8)
    return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]
