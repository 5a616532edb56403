"""Run folders: complete or unchanged, whatever happens; and the promises of the manifest."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from conftest import as_columns, files_below

import hopcli
from hopcli import results
from hopcli.config import Execution, Facts, RecallConfig, RecallExecution, SelectConfig
from hopcli.errors import ResultError
from hopcli.experiments import Result
from hopcli.results import load, read_manifest, save_pictures, tables
from hopcli.results.folder import writing
from hopcli.results.provenance import source_commit

FACTS = Facts("mnist:train", (28, 28), ("0", "1"))
CONFIG = SelectConfig(samples=5).resolve(FACTS)
RECALL = RecallConfig(digits=("0", "1")).resolve(FACTS)
INPUTS = {"dataset": "d" * 64}
KEY = results.key("select", CONFIG.to_dict(), INPUTS)
FILES = ["patterns.csv", "patterns.npz", "select.json", "patterns.png"]


def _result(value: float, **changed: Any) -> Result:
    frames = {"patterns": pd.DataFrame({"label": ["a"], "loss": [value]})}
    given: dict[str, Any] = {"tables": frames, "arrays": {"patterns": {"xi": np.full(3, value)}}}
    given |= changed
    columns = as_columns(given.pop("tables"), "select")
    return Result(dataset="mnist:train", dataset_sha256="d" * 64, columns=columns, **given)


def _draw(folder: Path, name: str = "patterns.png") -> None:
    (folder / name).write_bytes(b"a picture")


def _draw_svg(folder: Path) -> None:
    _draw(folder, "patterns.svg")


def _write(folder: Path, result: Result, config: Any = CONFIG) -> list[Path]:
    how = Execution() if config is CONFIG else RecallExecution()
    return results.save(folder, config, result, inputs=INPUTS, execution=how, duration=1.23456)


def _save(folder: Path, value: float, draw: Callable[[Path], None] | None = _draw) -> list[Path]:
    """Write a run as a command does: tables and arrays, and then the pictures."""
    paths = _write(folder, _result(value))
    return paths if draw is None else [*paths, *save_pictures(folder, "select", draw)]


def _loss(folder: Path) -> list[float]:
    """Return the number of the run in a folder, whose files all match the manifest."""
    read_manifest(folder, "select")
    return list(load(folder).result.tables["patterns"]["loss"])


def test_a_run_is_written_with_its_manifest_and_then_its_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    assert [path.name for path in _save(folder, 1 / 3)] == FILES
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert (folder / "patterns.csv").read_bytes() == b"label,loss\na,0.3333333333\n"
    with np.load(folder / "patterns.npz", allow_pickle=False) as arrays:
        assert arrays["xi"].tolist() == [1 / 3] * 3
    _save(tmp_path / "again", 1 / 3)
    assert files_below(folder) == files_below(tmp_path / "again")
    manifest = dict(read_manifest(folder, "select"))
    versions, commit = manifest.pop("versions"), manifest.pop("source_commit")
    assert versions["hopcli"] == hopcli.__version__
    assert versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert versions["numpy"] == np.__version__
    packages = {"scipy", "numba", "pandas", "matplotlib", "scikit-learn", "pillow"}
    assert packages <= set(versions)  # loaded by now or not
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(\+modified)?", commit)
    expected: dict[str, Any] = {"command": "select", "config": CONFIG.to_dict(), "inputs": INPUTS}
    expected |= {"execution": Execution().to_dict(), "seed": CONFIG.seed, "arrays": ["patterns"]}
    expected |= {"dataset": {"name": "mnist:train", "sha256": "d" * 64}, "duration_seconds": 1.235}
    expected |= {"key": KEY, "tables": {"patterns": ["label: text", "loss: number"]}}
    assert {name: manifest[name] for name in expected} == expected
    outputs = {name: (folder / name).read_bytes() for name in FILES if name != "select.json"}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in outputs.items()}
    assert manifest["outputs"] == digests


@pytest.mark.parametrize("name", ["patterns.csv", "patterns.npz", "patterns.png"])
def test_a_changed_or_missing_file_is_noticed(tmp_path: Path, name: str) -> None:
    _save(tmp_path, 0.1)
    path = tmp_path / name
    content = path.read_bytes()
    readers: list[Callable[[], object]] = [lambda: read_manifest(tmp_path, "select")]
    if name != "patterns.png":  # a picture is drawn again
        readers.append(lambda: load(tmp_path))
    for read in readers:
        path.write_bytes(content + b" ")
        with pytest.raises(ResultError, match=f"{name}: .*[0-9a-f]{{64}}"):
            read()
        path.unlink()
        with pytest.raises(ResultError, match=f"{name}: "):
            read()
        path.write_bytes(content)
    loaded = load(tmp_path)
    if name == "patterns.csv":  # changed after it was looked at
        path.write_bytes(content.replace(b"0.1", b"0.2"))
        with pytest.raises(ResultError, match=name):
            loaded.result.tables["patterns"]


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Any column: labels that look like numbers or missing values, and repeated names."""
    labels = ["3", "", "nan", "NA", "a,b", 'a "quoted"\nlabel', "日本", "007"]
    rates = [0.25, np.nan, 1e-300, -1.0, np.inf, 0.1, 2.0, 1e20]
    table = pd.DataFrame({"label": labels, "count": np.arange(8) * 10**12, "rate": rates})
    table["recalled"] = [True, False] * 4
    twice = pd.DataFrame([["a", 1, 2, 3]], columns=["label", "none", "none", "label: text"])
    frames = {"patterns": table, "twice": twice, "empty": table.iloc[:0]}
    arrays = {"spins": np.ones((2, 3), np.int8), "names": np.array(["a", "日本"])}
    notes = {"mixtures": "all"}
    _write(tmp_path, _result(0.1, tables=frames, arrays={"patterns": arrays}, notes=notes))
    loaded = load(tmp_path)
    assert (type(loaded.config), loaded.config.to_dict()) == (type(CONFIG), CONFIG.to_dict())
    found = loaded.result
    assert (found.dataset, found.dataset_sha256, found.notes) == ("mnist:train", "d" * 64, notes)
    assert list(found.tables) == list(frames)
    for name, expected in frames.items():
        assert list(found.tables[name].columns) == list(expected.columns)
        if len(expected):  # without rows text has no dtype of its own
            same_kind = name != "twice"
            pd.testing.assert_frame_equal(found.tables[name], expected, check_dtype=same_kind)
    with pytest.raises(KeyError):
        found.tables["nothing"]
    assert set(found.arrays["patterns"]) == set(arrays)
    for name, array in arrays.items():
        assert found.arrays["patterns"][name].dtype == array.dtype
        assert np.array_equal(found.arrays["patterns"][name], array)


def test_a_run_may_lack_its_trials(tmp_path: Path) -> None:
    frames = {"accuracy": pd.DataFrame({"label": ["0"]}), "trials": pd.DataFrame({"repeat": [0]})}
    _write(tmp_path, _result(0.1, tables=frames, arrays={}), RECALL)
    assert list(read_manifest(tmp_path, "recall")["outputs"]) == ["accuracy.csv", "trials.csv"]
    (tmp_path / "trials.csv").unlink()
    loaded = load(tmp_path).result
    assert loaded.tables["accuracy"]["label"].tolist() == ["0"]
    with pytest.raises(ResultError, match=r"trials\.csv: "):
        loaded.tables["trials"]
    (tmp_path / "trials.csv").write_text("repeat\n1\n")
    with pytest.raises(ResultError, match=r"trials\.csv: "):
        load(tmp_path)


def test_a_run_of_another_command_is_refused_or_replaced(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    (tmp_path / "notes.csv").write_text("mine")
    before = files_below(tmp_path)
    with pytest.raises(ResultError, match="select"):
        results.same_run(tmp_path, RECALL, INPUTS)
    assert files_below(tmp_path) == before
    assert results.same_run(tmp_path, RECALL, INPUTS, replace=True) is None
    frames = {"accuracy": pd.DataFrame({"label": ["0"]})}
    _write(tmp_path, _result(0.1, tables=frames, arrays={}), RECALL)
    assert set(files_below(tmp_path)) == {"accuracy.csv", "recall.json", "notes.csv"}
    for name in ("grid.sqlite", "reproduce.json"):
        (tmp_path / name).touch()
        with pytest.raises(ResultError, match="--out"):
            results.same_run(tmp_path, RECALL, INPUTS, replace=True)
        (tmp_path / name).unlink()


def test_a_key_names_what_decides_the_numbers_and_nothing_else() -> None:
    assert re.fullmatch("[0-9a-f]{64}", KEY)
    assert results.key("select", dict(reversed(CONFIG.to_dict().items())), INPUTS) == KEY
    others = [
        results.key("recall", CONFIG.to_dict(), INPUTS),
        results.key("select", SelectConfig(samples=6).resolve(FACTS).to_dict(), INPUTS),
        results.key("select", CONFIG.to_dict(), {"dataset": "e" * 64}),
    ]
    assert len({KEY, *others}) == 4


# --- what fails -------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_failure_costs_its_own_files(tmp_path: Path, failure: type[BaseException]) -> None:
    fails = mock.Mock(side_effect=failure)
    with mock.patch.object(tables, "write_table", fails):
        with pytest.raises(failure):
            _write(tmp_path / "deep" / "down", _result(0.2))
        assert files_below(tmp_path) == {}
    _save(tmp_path, 0.1)
    (tmp_path / "notes.txt").write_text("mine")
    before = files_below(tmp_path)
    with mock.patch.object(tables, "write_table", fails), pytest.raises(failure):
        _write(tmp_path, _result(0.2))
    assert files_below(tmp_path) == before
    with pytest.raises(failure):
        _save(tmp_path, 0.2, lambda folder: fails((folder / "patterns.png").write_bytes(b"half")))
    assert set(files_below(tmp_path)) == {*FILES[:3], "notes.txt"}  # no stale picture
    assert _loss(tmp_path) == [0.2]


def test_pictures_belong_to_their_run_and_format(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    (tmp_path / "notes.png").write_bytes(b"mine")
    asked = Execution(figure_format="svg")
    manifest = read_manifest(tmp_path, "select")
    assert results.is_undrawn(tmp_path, manifest, asked)
    assert not results.is_undrawn(tmp_path, manifest, Execution(figures=False))
    before = files_below(tmp_path)
    with pytest.raises(ResultError, match=re.escape(str(tmp_path))):
        save_pictures(tmp_path, "select", _draw_svg, key="another")
    assert files_below(tmp_path) == before
    _write(tmp_path, _result(0.1))
    save_pictures(tmp_path, "select", _draw_svg, key=KEY, execution=asked)
    manifest = read_manifest(tmp_path, "select")
    assert manifest["execution"] == asked.to_dict()
    assert not results.is_undrawn(tmp_path, manifest, asked)
    assert results.is_undrawn(tmp_path, manifest, Execution())
    _save(tmp_path, 0.1, None)
    assert set(files_below(tmp_path)) == {*FILES[:3], "notes.png"}


NAMES = ["../precious", "..", ".", "", "/precious", "sub/precious", "precious"]


@pytest.mark.parametrize("name", NAMES)
def test_a_forged_manifest_deletes_nothing(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    (folder / "sub").mkdir(parents=True)
    places = (tmp_path, folder, folder / "sub")
    for place in places:
        (place / "precious").write_text("mine")
    (folder / "select.json").write_text(json.dumps({"outputs": {name: "0" * 64}}))
    _save(folder, 0.1)
    assert {(place / "precious").read_text() for place in places} == {"mine"}
    read_manifest(folder, "select")


def test_what_a_dead_run_left_is_swept_up(tmp_path: Path) -> None:
    not_ours = [".hopcli-notes", "hopcli-1.stage", ".stage"]
    for name in [".hopcli-abc.stage", *not_ours]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.csv").write_text("half")
    _save(tmp_path, 0.1)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == set(not_ours)


# --- what is stopped --------------------------------------------------------------------------

CHILD = """
import os, signal, sys
from pathlib import Path
from hopcli.results import tables
sys.path.insert(0, sys.argv[3])
from test_results import _draw, _save

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
folder, moment, moves = Path(sys.argv[1]), sys.argv[2], 0
move, write = os.replace, tables.write_table

def wait_at(here, done=None):
    if moment == here:
        print("ready", flush=True)
        sys.stdin.readline()
    return done

def slow_move(*places, **handles):
    global moves
    moves += 1
    wait_at(f"move {moves}")
    move(*places, **handles)

os.replace, tables.write_table = slow_move, lambda *given: wait_at("write", write(*given))
_save(folder, 0.2, lambda stage: wait_at("draw", _draw(stage)))
print("done", flush=True)
"""


@contextlib.contextmanager
def _waiting(folder: Path, moment: str) -> Iterator[subprocess.Popen[str]]:
    """Start a child that writes a run and waits for a line at a given moment."""
    command = [sys.executable, "-c", CHILD, str(folder), moment, str(Path(__file__).parent)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, text=True, **pipes) as child:  # type: ignore[call-overload]
        assert child.stdout.readline() == "ready\n"
        yield child


def _stopped(folder: Path, moment: str, number: signal.Signals) -> str:
    """Let a child write a run, send it a signal at that moment, return what it said."""
    with _waiting(folder, moment) as child:
        child.send_signal(number)
        out, _ = child.communicate("go on\n", timeout=60)
    assert child.returncode != 0
    return out


SLOW = pytest.mark.slow
KILL, TERM, INT = signal.SIGKILL, signal.SIGTERM, signal.SIGINT


STOPS = [("write", KILL), ("write", TERM), ("draw", KILL), ("draw", INT), ("move 3", INT)]
RARER = [("draw", TERM), ("move 1", TERM), ("move 3", TERM), ("write", INT), ("move 1", INT)]


@pytest.mark.parametrize(
    ("moment", "number"), [*STOPS, *(pytest.param(*stop, marks=SLOW) for stop in RARER)]
)
def test_a_stopped_run_is_old_or_new(tmp_path: Path, moment: str, number: signal.Signals) -> None:
    """Before it is whole it leaves the earlier one; while it moves in it arrives first."""
    _save(tmp_path, 0.1)
    before = files_below(tmp_path)
    assert "done" not in _stopped(tmp_path, moment, number) or moment.startswith("move")
    after = files_below(tmp_path)
    hidden = {name for name in after if name.startswith(".hopcli-")}
    assert bool(hidden) == (number == KILL)  # nobody could tidy up; the next run does
    visible = {name: content for name, content in after.items() if name not in hidden}
    assert _loss(tmp_path) == [0.1 if moment == "write" else 0.2]
    if moment == "write":
        assert visible == before
    elif moment == "draw":
        assert set(visible) == {*FILES[:3]}
    _save(tmp_path, 0.1)  # also takes the lock that a killed run had
    assert set(files_below(tmp_path)) == set(before)


def _passes_for_whole(folder: Path) -> bool:
    """Return whether there is a manifest, which must be right even before tidying up."""
    path = folder / "select.json"
    outputs = json.loads(path.read_text())["outputs"] if path.exists() else {}
    for name, expected in outputs.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
    return bool(outputs)


def _visible(folder: Path) -> dict[str, Any]:
    """Return the files visible to a user, without those of other processes."""
    files: dict[str, Any] = files_below(folder)
    if "select.json" in files:
        own = dict.fromkeys(("versions", "source_commit"))
        files["select.json"] = json.loads(files["select.json"]) | own
    return {name: files[name] for name in files if not name.startswith(".hopcli-")}


MOVES = [move if move in (1, 2, 5, 6) else pytest.param(move, marks=SLOW) for move in range(1, 8)]
READERS = ["load", "read_manifest", "finished_in", "save_pictures", "save"]


@pytest.fixture(scope="module", params=MOVES)
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The move at which a second run was killed; its folder, and files before, after, undrawn."""
    place = tmp_path_factory.mktemp("killed")
    folder, other = place / "run", place / "new"
    _save(folder, 0.1)
    old = _visible(folder)
    (folder / "notes.txt").write_text("mine")
    _save(other, 0.2)
    new = _visible(other)
    _save(other, 0.2, None)
    _stopped(folder, f"move {request.param}", KILL)
    return request.param, folder, old, new, _visible(other)


@pytest.mark.parametrize("reader", READERS)
def test_a_killed_run_is_old_or_new(tmp_path: Path, killed: Any, reader: str) -> None:
    """Moves 1 to 4 publish tables and arrays, 5 to 7 the picture; the first of each decides."""
    move, whole, old, new, undrawn = killed
    folder = shutil.copytree(whole, tmp_path / "run", symlinks=True)
    assert _passes_for_whole(folder) == (move in (1, 5))
    before = files_below(folder)
    if reader == "load":
        loss = load(folder).result.tables["patterns"]["loss"].tolist()
        assert loss == [0.1 if move == 1 else 0.2]
    elif reader == "read_manifest":
        outputs = read_manifest(folder, "select")["outputs"]
        assert ("patterns.png" in outputs) == (move == 1 or move > 5)
    elif reader == "finished_in":
        assert results.finished_in(folder) == ["select"]
    if reader in ("load", "read_manifest", "finished_in"):
        assert files_below(folder) == before  # what reads writes nothing
        with writing(folder):
            pass  # what writes moves in what is published
    elif reader == "save_pictures":
        save_pictures(folder, "select", _draw)
        undrawn = new
    else:
        _save(folder, 0.2)
        old = undrawn = new
    expected = old if move == 1 else undrawn if move <= 5 else new
    assert _passes_for_whole(folder)
    assert _visible(folder) == {**expected, "notes.txt": b"mine"}
    _save(folder, 0.2)
    assert _visible(folder) == {**new, "notes.txt": b"mine"}
    assert not list(folder.glob(".hopcli-*"))


def test_the_second_of_two_runs_at_once_is_refused(tmp_path: Path) -> None:
    with _waiting(tmp_path, "write") as child:
        for work in (lambda: _save(tmp_path, 0.1), lambda: results.locked(tmp_path).__enter__()):
            with pytest.raises(ResultError, match=rf" {child.pid} "):
                work()
        out, _ = child.communicate("go on\n", timeout=60)
    assert (out, _loss(tmp_path)) == ("done\n", [0.2])
    with _waiting(tmp_path, "move 4") as child:  # a reader waits for what moves in
        threading.Timer(0.3, child.stdin.close).start()  # type: ignore[union-attr]
        assert _loss(tmp_path) == [0.2]
        child.wait(timeout=60)


# --- where a result comes from ----------------------------------------------------------------


def _git(top: Path, *arguments: str) -> str:
    named = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.org")
    done = subprocess.run(
        ["git", "-C", str(top), *named, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_the_commit_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "hopcli").mkdir()
    module = tmp_path / "hopcli" / "module.py"
    module.write_text("one = 1\n")
    (tmp_path / "README.md").write_text("One.\n")
    _git(tmp_path, "init", "--quiet")
    assert source_commit(tmp_path) is None
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "--quiet", "--message", "One")
    head = _git(tmp_path, "rev-parse", "HEAD")
    (tmp_path / "README.md").write_text("Two.\n")  # what is not the package may be edited
    assert source_commit(tmp_path) == head
    assert source_commit(tmp_path / "hopcli") is None  # though a repository is above it
    module.write_text("one = 2\n")
    assert source_commit(tmp_path) == f"{head}+modified"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert source_commit(tmp_path) is None
    built = tmp_path / "built" / "hopcli"
    built.mkdir(parents=True)
    (built / "SOURCE_COMMIT").write_text("ab12+modified\n")
    assert source_commit(built.parent) == "ab12+modified"
