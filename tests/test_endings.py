"""The last line of a command that failed or was stopped, at every step, is true."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import RunHopcli, files_below, random_patterns, write_patterns

from hopcli import endings, plots, results
from hopcli.cli import execute
from hopcli.experiments import Plan
from hopcli.results import read_manifest, tables
from hopcli.runs import single

OUT = Path("out")
RECALL = [
    *("recall", "--dataset", "text:five.txt", "--start", "flip:0.1", "--tests", "2"),
    *("--repeats", "1", "--out", "out", "--overwrite"),
]
Step = tuple[Any, str, str]
DRAW = (plots, "draw", "before")
STEPS = [  # where something happens, before or after it; the exit code if the disk is full
    (Plan, "run", "before"),
    (Plan, "run", "after"),
    (tables, "write_table", "after", 2),
    (results, "publish_new", "before", 2),
    (results, "publish_new", "after"),
    (endings, "wrote", "before"),
    (endings, "wrote", "after"),
    (results, "save", "after"),
    (single, "discard_parts", "after"),
    (*DRAW, 3),
    (plots, "draw", "after", 3),
    (results, "save_pictures", "after"),
    (execute, "print_table", "before"),
    (execute, "print_table", "after"),
]
EVENTS = [
    *((step[:3], signal.SIGINT, 130) for step in STEPS),
    *((step[:3], None, step[3]) for step in STEPS if len(step) > 3),
]


@pytest.fixture
def place(run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch) -> RunHopcli:
    """A folder with patterns, where pictures are drawn at once."""
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))

    def draw(_config: Any, _result: Any, _execution: Any, folder: Path) -> None:
        (folder / "accuracy.png").write_bytes(b"a picture")

    monkeypatch.setattr(plots, "draw", draw)
    return run_hopcli


def _event(sent: signal.Signals | None) -> Callable[[], None]:
    """A signal, or a full disk."""

    def no_room() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return no_room if sent is None else lambda: signal.raise_signal(sent)


def _happens(monkeypatch: pytest.MonkeyPatch, step: Step, what: Callable[[], None]) -> None:
    """Let something happen the first time that a step is taken."""
    owner, name, when = step
    works, pending = getattr(owner, name), [what]

    def broken(*args: Any, **kwargs: Any) -> Any:
        if when == "before" and pending:
            pending.pop()()
        made = works(*args, **kwargs)
        if when == "after" and pending:
            pending.pop()()
        return made

    monkeypatch.setattr(owner, name, broken)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("event", EVENTS, ids=lambda event: f"{event[0][2]} {event[0][1]}")
def test_the_last_line_says_what_the_folder_holds(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch, event: Any, earlier: bool
) -> None:
    step, sent, code = event
    if earlier:
        assert place(*RECALL, "--seed", "1", "-q").code == 0
    before = files_below(Path())
    _happens(monkeypatch, step, _event(sent))
    done = place(*RECALL, "--seed", "2")
    assert done.code == code, done
    last = done.err.rstrip("\n").rpartition("\n")[2]
    manifest = read_manifest(OUT, "recall") if (OUT / "recall.json").exists() else None
    is_new = manifest is not None and manifest["config"]["seed"] == 2
    is_drawn = manifest is not None and "accuracy.png" in manifest["outputs"]
    assert ("unchanged" in last) == (not is_new and earlier), last
    assert ("`hopcli plot out`" in done.err) == (is_new and not is_drawn), done.err
    if not is_new:
        assert files_below(Path()) == before
    assert not list(Path().rglob(".hopcli-*"))
    if sent is not None:
        assert ("nothing was written" in last) == (not is_new and not earlier), last
        assert ("finished" in last) == is_new, last
    else:
        assert os.strerror(errno.ENOSPC) in done.err
        assert is_new == (code == endings.NO_PICTURES) == ("accuracy" in done.out)


def test_the_code_of_a_run_not_drawn(place: RunHopcli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place(*RECALL, "--no-figures", "-q").code == 0
    before = files_below(OUT)
    _happens(monkeypatch, DRAW, _event(None))
    assert place(*RECALL, "-q").code == endings.NO_PICTURES
    assert files_below(OUT) == before


RUN = "command = 'recall'\ndataset = 'text:five.txt'\nstart = 'flip:0.1'\ntests = 2\nrepeats = 1\n"


@pytest.mark.parametrize("sent", [None, signal.SIGINT])
@pytest.mark.parametrize("step", ["plots.grid.picture", "grids.publishing.write_table"])
def test_a_grid_that_cannot_be_published(
    place: RunHopcli, monkeypatch: pytest.MonkeyPatch, step: str, sent: signal.Signals | None
) -> None:
    Path("mine.toml").write_text(f"{RUN}[grid]\nseed = [1, 2, 3]\n", encoding="utf-8")
    with monkeypatch.context() as patch:
        patch.setattr(f"hopcli.{step}", lambda *_, **__: _event(sent)())
        done = place("grid", "run", "mine.toml", "--out", "out")
    published = (OUT / "grid.json").exists()
    assert published == ("picture" in step)
    assert done.code == (130 if sent else 3 if published else 2)
    assert published or "3 of 3 cells" in done.err
    assert "nothing was written" not in done.err
    assert place("check", "out").code == 0


@pytest.mark.parametrize("name", ["accuracy.csv", "recall.json", "accuracy.png", "other.npz"])
def test_a_folder_in_the_way(place: RunHopcli, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (OUT / name).mkdir(parents=True)
    monkeypatch.setattr(Plan, "run", None)  # which nobody calls
    assert place(*RECALL).refused().startswith(f"out/{name}: ")
    assert files_below(OUT) == {name: None}


CHILD = """
import sys
from hopcli import results

def waits(*_, **__):
    print("published", flush=True)
    sys.stdin.read()

results.save_pictures = waits
from hopcli.__main__ import start
start()
"""


@pytest.mark.usefixtures("place")
def test_a_polite_kill_between_the_tables_and_the_pictures() -> None:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    command = [sys.executable, "-c", CHILD, *RECALL]
    with subprocess.Popen(command, text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "published\n"
        child.send_signal(signal.SIGTERM)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, "`hopcli plot out`" in err) == (143, True)
    read_manifest(OUT, "recall")
