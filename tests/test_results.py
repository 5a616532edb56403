"""Run folders: whole or not at all, whatever happens; and what the manifest promises."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, UNPRIVILEGED, SpawnHopcli, files_below

import hopcli
from hopcli.config import Execution, Facts, RecallConfig, RecallExecution, SelectConfig
from hopcli.errors import ResultError
from hopcli.experiments import Result
from hopcli.results import (
    check_writable,
    is_undrawn,
    key,
    load,
    locked,
    provenance,
    read_manifest,
    runs_in,
    save,
    save_pictures,
)
from hopcli.results.folder import writing
from hopcli.results.provenance import source_commit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FACTS = Facts("mnist:train", (28, 28), ("0", "1"))
CONFIG = SelectConfig(samples=5).resolve(FACTS)
INPUTS = {"dataset": "d" * 64}


def _result(value: float) -> Result:
    return Result(
        dataset="mnist:train",
        dataset_sha256="d" * 64,
        tables={"patterns": pd.DataFrame({"label": ["a"], "loss": [value]})},
        arrays={"patterns": {"xi": np.full(3, value)}},
    )


def _draw(folder: Path) -> None:
    (folder / "patterns.png").write_bytes(b"a picture")


def _save(folder: Path, value: float, draw: Callable[[Path], None] | None = _draw) -> list[Path]:
    """Write a run as a command does: tables and arrays, and then the pictures."""
    paths = save(
        folder, CONFIG, _result(value), inputs=INPUTS, execution=Execution(), duration=1.23456
    )
    return paths if draw is None else [*paths, *save_pictures(folder, "select", draw)]


def test_a_run_is_written_with_its_manifest_and_then_its_pictures(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "down"
    paths = _save(folder, 0.1)
    names = ["patterns.csv", "patterns.npz", "select.json", "patterns.png"]
    assert [path.name for path in paths] == names
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert (folder / "patterns.csv").read_bytes() == b"label,loss\na,0.1\n"
    with np.load(folder / "patterns.npz", allow_pickle=False) as arrays:
        assert arrays["xi"].tolist() == [0.1] * 3


def test_the_manifest_is_complete(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    manifest = read_manifest(tmp_path, "select")
    assert manifest["command"] == "select"
    assert manifest["config"] == CONFIG.to_dict()
    assert manifest["key"] == key("select", CONFIG.to_dict(), INPUTS)
    assert manifest["inputs"] == INPUTS
    assert manifest["execution"] == Execution().to_dict()
    assert manifest["execution"]["figure_format"] == "png"
    assert manifest["tables"] == {"patterns": ["label: text", "loss: number"]}
    assert manifest["arrays"] == ["patterns"]
    assert manifest["seed"] == CONFIG.seed
    assert manifest["dataset"] == {"name": "mnist:train", "sha256": "d" * 64}
    assert manifest["duration_seconds"] == 1.235
    assert manifest["versions"]["hopcli"] == hopcli.__version__
    assert manifest["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert manifest["versions"]["numpy"] == np.__version__
    packages = {"numpy", "scipy", "numba", "pandas", "matplotlib", "scikit-learn", "pillow"}
    assert packages <= set(manifest["versions"])  # loaded by now or not
    commit = manifest["source_commit"]
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(\+modified)?", commit)
    assert manifest["outputs"] == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        for name in ("patterns.csv", "patterns.npz", "patterns.png")
    }


def test_the_same_result_gives_the_same_bytes(tmp_path: Path) -> None:
    _save(tmp_path / "a", 1 / 3)
    _save(tmp_path / "b", 1 / 3)
    assert files_below(tmp_path / "a") == files_below(tmp_path / "b")


@pytest.mark.parametrize("name", ["patterns.csv", "patterns.npz", "patterns.png"])
def test_a_changed_or_missing_file_is_noticed(tmp_path: Path, name: str) -> None:
    _save(tmp_path, 0.1)
    path = tmp_path / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(ResultError, match=f"{name}: must have SHA-256 [0-9a-f]{{64}}"):
        read_manifest(tmp_path, "select")
    path.unlink()
    with pytest.raises(ResultError, match=f"{name}: .*found no file"):
        read_manifest(tmp_path, "select")


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Whatever a column holds: labels that look like numbers or gaps, and names that repeat."""
    table = pd.DataFrame(
        {
            "label": ["3", "", "nan", "NA", "a,b", 'a "quoted"\nlabel', "日本", "007"],
            "count": np.arange(8) * 10**12,
            "rate": [0.25, np.nan, 1e-300, -1.0, np.inf, 0.1, 2.0, 1e20],
            "recalled": [True, False] * 4,
        }
    )
    twice = pd.DataFrame([["a", 1, 2, 3]], columns=["label", "none", "none", "label: text"])
    empty = table.iloc[:0]
    arrays = {"spins": np.ones((2, 3), np.int8), "names": np.array(["a", "日本"])}
    result = dataclasses.replace(
        _result(0.1),
        tables={"patterns": table, "twice": twice, "empty": empty},
        arrays={"patterns": arrays},
        notes={"mixtures": "all"},
    )
    save(tmp_path, CONFIG, result, inputs=INPUTS, execution=Execution(), duration=1.0)
    loaded = load(tmp_path)
    assert loaded.config.to_dict() == CONFIG.to_dict()
    assert type(loaded.config) is type(CONFIG)
    assert (loaded.result.dataset, loaded.result.dataset_sha256) == ("mnist:train", "d" * 64)
    assert loaded.result.notes == {"mixtures": "all"}
    assert list(loaded.result.tables) == ["patterns", "twice", "empty"]
    for name, expected in result.tables.items():
        found = loaded.result.tables[name]
        assert list(found.columns) == list(expected.columns)
        if len(expected):  # without rows text has no dtype of its own
            pd.testing.assert_frame_equal(found, expected, check_dtype=name != "twice")
    with pytest.raises(KeyError):
        loaded.result.tables["nothing"]
    found = loaded.result.arrays["patterns"]
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype
        assert np.array_equal(found[name], array)


@pytest.mark.parametrize("name", ["patterns.csv", "patterns.npz"])
def test_what_has_changed_is_not_loaded(tmp_path: Path, name: str) -> None:
    _save(tmp_path, 0.1)
    path = tmp_path / name
    content = path.read_bytes()
    path.write_bytes(content + b" ")
    with pytest.raises(ResultError, match=f"{name}: must have SHA-256"):
        load(tmp_path)
    path.unlink()
    with pytest.raises(ResultError, match=f"{name}: .*found no file"):
        load(tmp_path)
    path.write_bytes(content)
    (tmp_path / "patterns.png").unlink()  # a picture is drawn again
    loaded = load(tmp_path)
    if name.endswith(".csv"):
        path.write_bytes(content.replace(b"0.1", b"0.2"))
        with pytest.raises(ResultError, match=f"{name}: must have SHA-256"):
            loaded.result.tables["patterns"]


def test_a_folder_passed_on_without_its_trials_is_loaded(tmp_path: Path) -> None:
    recall = RecallConfig(digits=("0", "1")).resolve(FACTS)
    tables = {"accuracy": pd.DataFrame({"label": ["0"]}), "trials": pd.DataFrame({"repeat": [0]})}
    result = Result(dataset="mnist:train", dataset_sha256="d" * 64, tables=tables)
    how = RecallExecution()
    save(tmp_path, recall, result, inputs=INPUTS, execution=how, duration=0.5)
    (tmp_path / "trials.csv").unlink()
    loaded = load(tmp_path, "recall").result
    assert loaded.tables["accuracy"]["label"].tolist() == ["0"]
    with pytest.raises(ResultError, match=r"trials\.csv: .*found no file"):
        loaded.tables["trials"]
    (tmp_path / "trials.csv").write_text("repeat\n1\n")
    with pytest.raises(ResultError, match=r"trials\.csv: must have SHA-256"):
        load(tmp_path)


def test_a_folder_without_one_run_is_not_loaded(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="must hold one finished run, has no manifest"):
        load(tmp_path)
    _save(tmp_path, 0.1)
    (tmp_path / "recall.json").write_text("{}")
    with pytest.raises(ResultError, match="has runs of select, recall"):
        load(tmp_path)
    assert runs_in(tmp_path) == ["select", "recall"]
    with pytest.raises(ResultError, match=r"recall\.json: must"):
        load(tmp_path, "recall")


def test_a_manifest_of_another_version_is_one_clear_error(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    path = tmp_path / "select.json"
    manifest = json.loads(path.read_text())
    newer = {**manifest["config"], "new": 1}
    changes: tuple[dict[str, Any], ...] = ({"config": newer}, {"tables": {}, "arrays": None})
    for change in changes:
        path.write_text(json.dumps({**manifest, **change}))
        with pytest.raises(ResultError, match=r"select\.json: "):
            load(tmp_path)


def test_a_key_names_what_decides_the_numbers_and_nothing_else() -> None:
    plain = key("select", CONFIG.to_dict(), INPUTS)
    assert re.fullmatch("[0-9a-f]{64}", plain)
    assert key("select", dict(reversed(CONFIG.to_dict().items())), INPUTS) == plain
    others = [
        key("recall", CONFIG.to_dict(), INPUTS),
        key("select", SelectConfig(samples=6).resolve(FACTS).to_dict(), INPUTS),
        key("select", CONFIG.to_dict(), {"dataset": "e" * 64}),
    ]
    assert len({plain, *others}) == 4


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b"{}", b"3", b'{"outputs": []}', b'{"outputs": null}']
)
def test_a_damaged_manifest_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "select.json").write_bytes(content)
    with pytest.raises(ResultError, match=r"select\.json: "):
        read_manifest(tmp_path, "select")


def test_no_run_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no finished run of 'select'"):
        read_manifest(tmp_path / "nowhere", "select")
    _save(tmp_path, 0.1)
    with pytest.raises(ResultError, match="no finished run of 'recall'"):
        read_manifest(tmp_path, "recall")


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_failure_while_drawing_costs_the_picture_and_not_the_run(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    _save(tmp_path, 0.1)
    (tmp_path / "notes.txt").write_text("mine")

    def fail(folder: Path) -> None:
        _draw(folder)
        raise failure

    with pytest.raises(failure):
        _save(tmp_path, 0.2, fail)
    names = {"patterns.csv", "patterns.npz", "select.json", "notes.txt"}  # no stale picture
    assert set(files_below(tmp_path)) == names
    assert load(tmp_path).result.tables["patterns"]["loss"].tolist() == [0.2]
    read_manifest(tmp_path, "select")


class Unwritable:
    """A table that the disk has no room for."""

    dtypes = ()
    columns = ()

    def __init__(self, failure: BaseException) -> None:
        self.failure = failure

    def to_csv(self, file: TextIO, **_: object) -> None:
        file.write("half")
        raise self.failure


def _fail_to_save(folder: Path, failure: BaseException) -> None:
    table: Any = Unwritable(failure)
    result = dataclasses.replace(_result(0.2), tables={"patterns": table})
    save(folder, CONFIG, result, inputs=INPUTS, execution=Execution(), duration=1.0)


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, MemoryError])
def test_a_failure_while_writing_leaves_the_earlier_run(
    tmp_path: Path, failure: type[BaseException]
) -> None:
    _save(tmp_path, 0.1)
    before = files_below(tmp_path)
    with pytest.raises(failure):
        _fail_to_save(tmp_path, failure())
    assert files_below(tmp_path) == before


def test_a_failure_of_a_first_run_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _fail_to_save(tmp_path / "deep" / "down", KeyboardInterrupt())
    assert files_below(tmp_path) == {}


def test_a_full_disk_is_one_error_and_no_change(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    before = files_below(tmp_path)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fail(folder: Path) -> None:
        _draw(folder)
        raise full

    with pytest.raises(ResultError, match="cannot be written: No space left on device"):
        _fail_to_save(tmp_path, full)
    with pytest.raises(ResultError, match="cannot be written: No space left on device"):
        save_pictures(tmp_path, "select", fail)
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("name", ["patterns.csv", "patterns.npz", "patterns.png", "select.json"])
def test_a_folder_in_the_place_of_a_file_changes_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    before = files_below(tmp_path)
    with pytest.raises(ResultError):
        _save(tmp_path, 0.2)
    after = files_below(tmp_path)
    if name == "patterns.png":  # costs the picture, as any failure to draw it
        read_manifest(tmp_path, "select")
        assert after.pop("patterns.csv") == b"label,loss\na,0.2\n"
        after = {name: None for name in after if name == "patterns.png"}
    assert after == before


def test_a_new_run_replaces_the_old_one(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    _save(tmp_path, 0.2)
    assert (tmp_path / "patterns.csv").read_bytes() == b"label,loss\na,0.2\n"
    read_manifest(tmp_path, "select")


def test_a_picture_in_another_format_replaces_the_old(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    (tmp_path / "notes.png").write_bytes(b"mine")

    def draw(folder: Path) -> None:
        (folder / "patterns.svg").write_bytes(b"a drawing")

    _save(tmp_path, 0.1, draw)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"patterns.csv", "patterns.npz", "patterns.svg", "select.json", "notes.png"}
    read_manifest(tmp_path, "select")
    _save(tmp_path, 0.1, None)
    assert not (tmp_path / "patterns.svg").exists()
    read_manifest(tmp_path, "select")


def test_a_picture_never_gets_into_the_manifest_of_another_run(tmp_path: Path) -> None:
    _save(tmp_path, 0.1, None)
    before = files_below(tmp_path)
    with pytest.raises(ResultError, match="holds another run by now"):
        save_pictures(tmp_path, "select", _draw, key="another")
    assert files_below(tmp_path) == before
    save_pictures(tmp_path, "select", _draw, key=key("select", CONFIG.to_dict(), INPUTS))
    assert "patterns.png" in read_manifest(tmp_path, "select")["outputs"]


def test_the_manifest_says_how_pictures_were_last_asked_for(tmp_path: Path) -> None:
    _save(tmp_path, 0.1, None)
    asked = Execution(figure_format="svg")
    manifest = read_manifest(tmp_path, "select")
    assert is_undrawn(tmp_path, manifest, asked)
    assert not is_undrawn(tmp_path, manifest, Execution(figures=False))

    def draw(folder: Path) -> None:
        (folder / "patterns.svg").write_bytes(b"a drawing")

    save_pictures(tmp_path, "select", draw, execution=asked)
    manifest = read_manifest(tmp_path, "select")
    assert manifest["execution"] == asked.to_dict()
    assert not is_undrawn(tmp_path, manifest, asked)
    assert is_undrawn(tmp_path, manifest, Execution())
    (tmp_path / "patterns.svg").unlink()
    assert is_undrawn(tmp_path, manifest, asked)


def test_runs_of_two_commands_share_a_folder(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    other = Result(
        dataset="mnist:train",
        dataset_sha256="d" * 64,
        tables={"accuracy": pd.DataFrame({"label": ["a"]})},
    )
    recall = RecallConfig(digits=("0", "1")).resolve(FACTS)
    how = RecallExecution()
    save(tmp_path, recall, other, inputs=INPUTS, execution=how, duration=0.5)
    read_manifest(tmp_path, "select")
    assert list(read_manifest(tmp_path, "recall")["outputs"]) == ["accuracy.csv"]


@pytest.mark.parametrize("name", ["../precious", "..", ".", "", "/precious", "sub/precious"])
def test_a_forged_manifest_deletes_nothing_outside(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "run"
    (folder / "sub").mkdir(parents=True)
    for place in (tmp_path, folder / "sub"):
        (place / "precious").write_text("mine")
    (folder / "select.json").write_text(json.dumps({"outputs": {name: "0" * 64}}))
    _save(folder, 0.1)
    assert (tmp_path / "precious").read_text() == "mine"
    assert (folder / "sub" / "precious").read_text() == "mine"
    read_manifest(folder, "select")


def _dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        pass
    return child.pid


def test_what_a_dead_run_left_is_swept_up(tmp_path: Path) -> None:
    dead = _dead_process()
    left = [f".hopcli-select-{dead}-abc", f".hopcli-recall-{dead}-abc"]
    alive = f".hopcli-select-{os.getppid()}-def"
    not_ours = [".hopcli-select-x-y", ".hopcli-notes", "hopcli-select-1-a"]
    for name in [*left, alive, *not_ours]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "half.csv").write_text("half")
    _save(tmp_path, 0.1)
    folders = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert folders == {left[1], alive, *not_ours}


CHILD = """
import os, signal, sys
import pandas
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_results import _draw, _save

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
folder, moment = Path(sys.argv[1]), sys.argv[2]

def wait():
    print("ready", flush=True)
    sys.stdin.readline()

def draw(stage):
    _draw(stage)
    if moment == "draw":
        wait()

moves, move = 0, os.replace
write = pandas.DataFrame.to_csv

def slow_write(table, *args, **kwargs):
    write(table, *args, **kwargs)
    if moment == "write":
        wait()

pandas.DataFrame.to_csv = slow_write

def slow_move(*places, **handles):
    global moves
    moves += 1
    if moment == f"move {moves}":
        wait()
    move(*places, **handles)

os.replace = slow_move
_save(folder, 0.2, draw)
print("done", flush=True)
"""


@contextlib.contextmanager
def _waiting(folder: Path, moment: str) -> Iterator[subprocess.Popen[str]]:
    """A child that writes a run and waits at that moment for a line."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), moment, str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        yield child


def _stopped(folder: Path, moment: str, number: signal.Signals) -> str:
    """Let a child write a run, send it a signal at that moment, return what it said."""
    with _waiting(folder, moment) as child:
        child.send_signal(number)
        out, _ = child.communicate("go on\n", timeout=60)
    assert child.returncode != 0
    return out


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_before_it_is_whole_leaves_the_earlier_one(
    tmp_path: Path, number: signal.Signals
) -> None:
    _save(tmp_path, 0.1)
    before = files_below(tmp_path)
    assert _stopped(tmp_path, "write", number) == ""
    read_manifest(tmp_path, "select")
    after = files_below(tmp_path)
    if number == signal.SIGKILL:  # nobody could tidy up; the next run does
        assert {k: v for k, v in after.items() if not k.startswith(".hopcli-")} == before
        _save(tmp_path, 0.1)
        after = files_below(tmp_path)
        read_manifest(tmp_path, "select")
        assert set(after) == set(before)
    else:
        assert after == before


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_run_stopped_while_it_is_drawn_is_whole(tmp_path: Path, number: signal.Signals) -> None:
    _save(tmp_path, 0.1)
    assert _stopped(tmp_path, "draw", number) == ""
    read_manifest(tmp_path, "select")
    after = {k for k in files_below(tmp_path) if not k.startswith(".hopcli-")}
    assert after == {"patterns.csv", "patterns.npz", "select.json"}
    assert load(tmp_path).result.tables["patterns"]["loss"].tolist() == [0.2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("moment", ["move 1", "move 3"])
def test_a_run_stopped_while_it_moves_in_arrives_first(
    tmp_path: Path, moment: str, number: signal.Signals
) -> None:
    _save(tmp_path, 0.1)
    _stopped(tmp_path, moment, number)
    read_manifest(tmp_path, "select")
    assert (tmp_path / "patterns.csv").read_bytes() == b"label,loss\na,0.2\n"
    assert not list(tmp_path.glob(".hopcli-*"))


def _passes_for_whole(folder: Path) -> bool:
    """Whether there is a manifest; without a look at what a killed run left, it must be right."""
    if not (folder / "select.json").exists():
        return False
    outputs = json.loads((folder / "select.json").read_text())["outputs"]
    for name, expected in outputs.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected
    return True


def _visible(folder: Path) -> dict[str, Any]:
    """What a user sees; what another process is made of is its own."""
    files: dict[str, Any] = files_below(folder)
    if "select.json" in files:
        own = dict.fromkeys(("versions", "source_commit"))
        files["select.json"] = json.loads(files["select.json"]) | own
    return {name: files[name] for name in files if not name.startswith(".hopcli-")}


@dataclasses.dataclass(frozen=True)
class Killed:
    """A folder whose second run was killed at a move, and how it looked before and would after."""

    move: int
    folder: Path
    old: dict[str, Any]
    new: dict[str, Any]
    undrawn: dict[str, Any]


@pytest.fixture(scope="module", params=range(1, 10))
def killed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    place = tmp_path_factory.mktemp("killed")
    folder, other = place / "run", place / "new"
    _save(folder, 0.1)
    old = _visible(folder)
    (folder / "notes.txt").write_text("mine")
    _save(other, 0.2)
    new = _visible(other)
    _save(other, 0.2, None)
    _stopped(folder, f"move {request.param}", signal.SIGKILL)
    return Killed(request.param, folder, old, new, _visible(other))


@pytest.mark.parametrize("reader", ["load", "read_manifest", "runs_in", "save_pictures", "save"])
def test_a_run_killed_at_any_move_is_the_old_one_or_the_new_one(
    tmp_path: Path, killed: Killed, reader: str
) -> None:
    """Moves 1 to 5 publish tables and arrays, 6 to 9 the picture; the first of each decides."""
    move, old, new, undrawn = killed.move, killed.old, killed.new, killed.undrawn
    folder = shutil.copytree(killed.folder, tmp_path / "run", symlinks=True)
    assert _passes_for_whole(folder) == (move in (1, 2, 6, 7))
    before = files_below(folder)
    if reader == "load":
        loss = load(folder).result.tables["patterns"]["loss"].tolist()
        assert loss == [0.1 if move == 1 else 0.2]
    elif reader == "read_manifest":
        outputs = read_manifest(folder, "select")["outputs"]
        assert ("patterns.png" in outputs) == (move == 1 or move > 6)
    elif reader == "runs_in":
        assert runs_in(folder) == ["select"]
    if reader in ("load", "read_manifest", "runs_in"):
        assert files_below(folder) == before  # what reads writes nothing
        with writing(folder, "select"):
            pass  # what writes moves in what is published
    elif reader == "save_pictures":
        save_pictures(folder, "select", _draw)
        undrawn = new
    else:
        _save(folder, 0.2)
        old = undrawn = new
    expected = old if move == 1 else undrawn if move <= 6 else new
    assert _passes_for_whole(folder)
    assert _visible(folder) == {**expected, "notes.txt": b"mine"}
    _save(folder, 0.2)
    assert _visible(folder) == {**new, "notes.txt": b"mine"}
    assert not list(folder.glob(".hopcli-*"))


def test_what_is_no_more_made_goes_even_if_the_run_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    _save(folder, 0.1)
    _stopped(folder, "move 3", signal.SIGKILL)
    assert (folder / "patterns.png").exists() is False
    save_pictures(folder, "select", lambda _: None)
    assert set(_visible(folder)) == {"patterns.csv", "patterns.npz", "select.json"}


def test_the_second_of_two_runs_at_once_is_refused(tmp_path: Path) -> None:
    with _waiting(tmp_path, "write") as child:
        holder = rf"process {child.pid} on \S+, since [\d-]+ [\d:]+, is writing it"
        with pytest.raises(ResultError, match=holder):
            _save(tmp_path, 0.1)
        with pytest.raises(ResultError, match=holder), locked(tmp_path, "select"):
            pass
        with locked(tmp_path, "recall"):  # of another command
            pass
        out, _ = child.communicate("go on\n", timeout=60)
    assert out == "done\n"
    assert load(tmp_path).result.tables["patterns"]["loss"].tolist() == [0.2]
    assert not list(tmp_path.glob(".hopcli-*"))


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    _stopped(tmp_path, "write", signal.SIGKILL)
    assert list(tmp_path.glob(".hopcli-select.lock"))
    _save(tmp_path, 0.1)
    assert not list(tmp_path.glob(".hopcli-*"))


def test_a_reader_waits_for_a_run_that_moves_in(tmp_path: Path) -> None:
    _save(tmp_path, 0.1)
    with _waiting(tmp_path, "move 4") as child:
        assert child.stdin is not None
        threading.Timer(0.3, lambda: (child.stdin or io.StringIO()).close()).start()
        assert load(tmp_path).result.tables["patterns"]["loss"].tolist() == [0.2]
        child.wait(timeout=60)


def test_two_threads_are_two_runs(tmp_path: Path) -> None:
    refused: list[ResultError] = []

    def second() -> None:
        try:
            _save(tmp_path, 0.2)
        except ResultError as error:
            refused.append(error)

    with locked(tmp_path, "select"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
        _save(tmp_path, 0.1)  # what has the lock may write
    (error,) = refused
    assert f"process {os.getpid()}" in str(error)
    assert load(tmp_path).result.tables["patterns"]["loss"].tolist() == [0.1]


def test_a_lock_that_is_given_back_while_another_takes_it_is_taken_anew(tmp_path: Path) -> None:
    """Whoever locked a file that has been removed since has locked nothing."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom hopcli.results import locked\n"
        "where, log = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "for _ in range(200):\n"
        "    with locked(where, 'select', 60):\n"
        "        count = int(log.read_text())\n"
        "        log.write_text(str(count + 1))\n"
    )
    log = tmp_path / "log"
    log.write_text("0")
    command = [sys.executable, "-c", program, str(tmp_path / "run"), str(log)]
    children = [subprocess.Popen(command) for _ in range(3)]
    assert [child.wait(timeout=100) for child in children] == [0, 0, 0]
    assert log.read_text() == "600"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "results"
    file.write_text("mine")
    for folder in (file, file / "below"):
        with pytest.raises(ResultError, match=r"must be a folder to write to, .* is a file"):
            check_writable(folder)
        with pytest.raises(ResultError):
            _save(folder, 0.1)
    assert files_below(tmp_path) == {"results": b"mine"}


def test_a_folder_that_can_be_made_is_fine_and_not_made_yet(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b")
    assert files_below(tmp_path) == {}


def test_a_folder_that_may_not_be_written_is_refused(
    empty_folder: Path, spawn_hopcli: SpawnHopcli
) -> None:
    locked = empty_folder / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    code = f"{UNPRIVILEGED}\nfrom hopcli.cli import main\nimport sys\nmain(sys.argv[1:])"
    for out in ("locked", "locked/below"):
        done = spawn_hopcli("select", "--no-figures", "--out", out, code=code)
        assert done.refused() == f"{out}: must be a folder to write to, locked is not writable"
    locked.chmod(0o700)
    assert files_below(empty_folder) == {"locked": None}


def test_tables_are_csv_that_pandas_reads_back(tmp_path: Path) -> None:
    _save(tmp_path, 1 / 3)
    text = (tmp_path / "patterns.csv").read_text(encoding="utf-8")
    assert pd.read_csv(io.StringIO(text))["loss"].tolist() == [0.3333333333]
    assert "\r" not in text


def test_what_was_built_from_a_checkout_says_from_which_commit(tmp_path: Path) -> None:
    (tmp_path / "hopcli").mkdir()
    assert source_commit(tmp_path) is None
    (tmp_path / "hopcli" / "SOURCE_COMMIT").write_text("ab12+modified\n")
    assert source_commit(tmp_path) == "ab12+modified"


class Interface:
    """What hatchling gives to a hook, as far as it is used."""

    def __init__(self, root: Path, directory: Path) -> None:
        self.root, self.directory = str(root), str(directory)


@pytest.mark.parametrize("version", ["standard", "editable"])
def test_a_build_writes_the_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    parts = ["hatchling", "builders", "hooks", "plugin", "interface"]
    for end in range(1, len(parts) + 1):
        module: Any = types.ModuleType(".".join(parts[:end]))
        module.BuildHookInterface = Interface
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(provenance, "_of_checkout", lambda _: "ab12")
    (tmp_path / ".git").mkdir()
    hook = provenance.get_build_hook()(tmp_path, tmp_path / "dist")
    build: dict[str, Any] = {"force_include": {}}
    hook.initialize(version, build)
    taken = {to: Path(file).read_text() for file, to in build["force_include"].items()}
    assert taken == ({} if version == "editable" else {"hopcli/SOURCE_COMMIT": "ab12\n"})
    hook.finalize(version, build, "")
    assert not list(tmp_path.rglob("SOURCE_COMMIT"))
    text = (CHECKOUT / "pyproject.toml").read_text()
    path = re.search(r'hooks\.custom\]\npath = "(.*)"', text)
    assert path is not None
    assert CHECKOUT / path[1] == Path(provenance.__file__)
