"""The last line of a command that failed or was stopped, at every step: what it says is so."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import files_below, random_patterns
from test_figures_weights import write_patterns

from hopcli import plots, results
from hopcli.cli import execute
from hopcli.errors import ResultError
from hopcli.experiments import Plan
from hopcli.results import read_manifest
from hopcli.results.files import Folder
from hopcli.runs import endings

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Finished, RunHopcli

OUT = Path("out")
RECALL = [
    *("recall", "--dataset", "text:five.txt", "--start", "flip:0.1", "--tests", "2"),
    *("--repeats", "1", "--out", "out", "--overwrite"),
]
TABLES = {"accuracy.csv", "outcomes.csv"}

STEPS = [
    # where something happens, before or after it
    (Plan, "run", "before"),
    (Plan, "run", "after"),
    (results, "write_table", "after"),
    (results, "publish_run", "before"),
    (results, "publish_run", "after"),
    (Folder, "move", "before"),
    (Folder, "move", "after"),
    (results, "save", "after"),
    (results, "discard_parts", "after"),
    (plots, "draw", "before"),
    (plots, "draw", "after"),
    (results, "save_pictures", "after"),
    (execute, "print_summary", "before"),
    (execute, "print_summary", "after"),
]


@pytest.fixture
def place(run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch) -> RunHopcli:
    """A folder with patterns, where pictures are drawn at once."""
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))

    def draw(_config: Any, _result: Any, folder: Path, kind: str = "png", **_: Any) -> None:
        (folder / f"accuracy.{kind}").write_bytes(b"a picture")

    monkeypatch.setattr(plots, "draw", draw)
    return run_hopcli


def _happens(
    monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str, str], what: Callable[[], None]
) -> None:
    owner, name, when = step
    works = getattr(owner, name)
    times = [0]

    def broken(*args: Any, **kwargs: Any) -> Any:
        times[0] += 1
        if when == "before" and times[0] == 1:
            what()
        made = works(*args, **kwargs)
        if when == "after" and times[0] == 1:
            what()
        return made

    monkeypatch.setattr(owner, name, broken)


def _no_room() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _seed() -> int:
    """The seed of the run that is in place, every file of it as the manifest says."""
    return int(read_manifest(OUT, "recall")["config"]["seed"])


def _check_said(done: Finished, *, earlier: bool, before: dict[str, bytes | None]) -> None:
    """What the last line says is what the folder holds."""
    last = done.err.rstrip("\n").rpartition("\n")[2]
    is_new = (OUT / "recall.json").exists() and _seed() == 2
    is_drawn = is_new and "accuracy.png" in read_manifest(OUT, "recall")["outputs"]
    assert ("nothing was written" in last) == (not is_new and not earlier), last
    assert ("unchanged" in last) == (not is_new and earlier), last
    assert ("finished" in last) == is_new, last
    assert ("`hopcli plot out`" in last) == (is_new and not is_drawn), last
    if not is_new:
        assert files_below(Path()) == before
    assert not list(Path().rglob(".hopcli-*"))


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step[2]} {step[1]}")
def test_an_interrupt_at_any_step(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch, step: tuple[Any, str, str], earlier: bool
) -> None:
    if earlier:
        assert place(*RECALL, "--seed", "1", "-q").code == 0
    before = files_below(Path())
    _happens(monkeypatch, step, lambda: signal.raise_signal(signal.SIGINT))
    done = place(*RECALL, "--seed", "2")
    assert done.code == 130, done
    _check_said(done, earlier=earlier, before=before)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize(
    ("step", "code"),
    [
        ((results, "write_table", "after"), 2),
        ((results, "publish_run", "before"), 2),
        ((plots, "draw", "before"), 3),
        ((plots, "draw", "after"), 3),
    ],
    ids=lambda step: f"{step[2]} {step[1]}" if isinstance(step, tuple) else "",
)
def test_a_full_disk_at_any_step(
    place: RunHopcli,
    monkeypatch: pytest.MonkeyPatch,
    step: tuple[Any, str, str],
    code: int,
    earlier: bool,
) -> None:
    if earlier:
        assert place(*RECALL, "--seed", "1", "-q").code == 0
    before = files_below(Path())
    _happens(monkeypatch, step, _no_room)
    done = place(*RECALL, "--seed", "2")
    assert done.code == code
    assert os.strerror(errno.ENOSPC) in done.err
    if code == endings.NO_PICTURES:
        assert "accuracy" in done.out  # the numbers are printed all the same
        assert _seed() == 2
        assert "`hopcli plot out`" in done.err
    else:
        assert ("unchanged" in done.err) == earlier
        assert files_below(Path()) == before


def test_a_finished_run_that_cannot_be_drawn_has_the_code_too(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place(*RECALL, "--no-figures", "-q").code == 0
    before = files_below(OUT)
    _happens(monkeypatch, (plots, "draw", "before"), _no_room)
    assert place(*RECALL, "-q").code == endings.NO_PICTURES
    assert files_below(OUT) == before


def test_the_first_of_two_runs_is_named_where_the_second_fails(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "command = 'recall'\ndataset = 'text:five.txt'\nstart = 'flip:0.1'\ntests = 2\n"
    for name in ("one", "two"):
        Path(f"{name}.toml").write_text(text, encoding="utf-8")
    save, times = results.save, [0]

    def fail(*args: Any, **kwargs: Any) -> Any:
        times[0] += 1
        if times[0] == 2:
            raise ResultError("two: no room")
        return save(*args, **kwargs)

    monkeypatch.setattr(results, "save", fail)
    done = place("run", "one.toml", "two.toml", "-q")
    assert done.code == 2
    assert "results/one is finished" in done.err
    assert not Path("results/two").exists()


GRID = """command = 'recall'
dataset = 'text:five.txt'
start = 'flip:0.1'
tests = 2
repeats = 1
[grid]
seed = [1, 2, 3]
"""


@pytest.mark.parametrize("failure", ["full", "interrupt"])
@pytest.mark.parametrize("step", ["write_table", "picture"])
def test_a_grid_that_cannot_be_published(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch, step: str, failure: str
) -> None:
    Path("mine.toml").write_text(GRID, encoding="utf-8")
    what = _no_room if failure == "full" else lambda: signal.raise_signal(signal.SIGINT)
    where = {"picture": "plots.grid.picture", "write_table": "grids.publishing.write_table"}[step]

    def fail(*_: Any, **__: Any) -> None:
        what()

    with monkeypatch.context() as patch:
        patch.setattr(f"hopcli.{where}", fail)
        done = place("grid", "run", "mine.toml", "--out", "out")
    published = (OUT / "grid.json").exists()
    assert published == (step == "picture")
    assert done.code == (130 if failure == "interrupt" else 3 if published else 2)
    if not published:
        assert "3 of 3 cells" in done.err
    assert "nothing was written" not in done.err
    assert place("check", "out").code == 0


LOOKS = ["y = 'speed'", "x = 'seed'\nby = 'seed'", "x = 'colour'", "over = 'seed'\nx = 'seed'"]


@pytest.mark.parametrize("look", LOOKS)
def test_a_layout_that_cannot_be_drawn_is_refused_before_the_run(
    place: RunHopcli, look: str
) -> None:
    Path("mine.toml").write_text(f"{GRID}[plot]\n{look}\n", encoding="utf-8")
    assert "plot." in place("grid", "run", "mine.toml", "--out", "out").refused()
    assert not OUT.exists()


@pytest.mark.parametrize("name", ["accuracy.csv", "recall.json", "accuracy.png", "other.npz"])
def test_a_folder_in_the_way_is_found_before_the_run(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (OUT / name).mkdir(parents=True)
    monkeypatch.setattr(Plan, "run", None)  # which nobody calls
    assert place(*RECALL).refused().startswith(f"out/{name}: ")
    assert files_below(OUT) == {name: None}


def test_the_manifest_of_a_run_is_the_same_whatever_ran_before(place: RunHopcli) -> None:
    assert place(*RECALL, "--no-figures", "-q").code == 0
    program = (
        "import sys\nfrom hopcli.cli import main\n"
        "if sys.argv.pop(1) == 'drawn':\n    import matplotlib.figure, sklearn, PIL\n"
        "main(sys.argv[1:])"
    )
    said = []
    for name in ("plain", "drawn"):
        out = [*RECALL[:-3], "--out", name, "--no-figures", "-q"]
        command = [sys.executable, "-c", program, name, *out]
        assert subprocess.run(command, check=False).returncode == 0
        said.append(json.loads(Path(name, "recall.json").read_text(encoding="utf-8")))
    assert {**said[0], "duration_seconds": 0} == {**said[1], "duration_seconds": 0}


CHILD = """
import sys, time
from hopcli import results
save = results.save_pictures
def slow(*args, **kwargs):
    print("published", flush=True)
    time.sleep(30)
    return save(*args, **kwargs)
results.save_pictures = slow
from hopcli.__main__ import start
start()
"""


@pytest.mark.parametrize(
    ("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)], ids=str
)
def test_a_signal_between_the_tables_and_the_pictures(
    place: RunHopcli, sent: signal.Signals, code: int
) -> None:
    del place
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, *RECALL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "published\n"
        time.sleep(0.1)
        child.send_signal(sent)
        _, err = child.communicate(timeout=60)
    assert child.returncode == code
    assert ("`hopcli plot out`" in err) == (sent != signal.SIGKILL)
    assert "nothing was written" not in err
    read_manifest(OUT, "recall")
