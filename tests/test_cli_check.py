"""``hopcli check``: whatever has changed since it was written is said, and nothing else."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from conftest import UNPRIVILEGED, files_below
from test_cli_plot import OUT, make

from hopcli.results import checking

if TYPE_CHECKING:
    from conftest import RunHopcli, SpawnHopcli

WEIGHTS = ("--rule", "hebbian")
FILES = ("weights.csv", "spectrum.csv", "weights.npz", "weights.png")


class Check(Protocol):
    def __call__(self, *arguments: str) -> tuple[int, list[str]]: ...


@pytest.fixture
def checked(run_hopcli: RunHopcli) -> Check:
    """Check folders; nothing is changed by it. The exit code, and the lines."""

    def check(*arguments: str) -> tuple[int, list[str]]:
        before = files_below(Path())
        done = run_hopcli("check", *arguments)
        assert done.err == ""
        assert files_below(Path()) == before
        return done.code, done.out.splitlines()

    return check


def change(path: Path, where: tuple[str, ...], value: Any) -> None:
    """Change what a manifest says in one place."""
    manifest = json.loads(path.read_text())
    inside = manifest
    for name in where[:-1]:
        inside = inside[name]
    inside[where[-1]] = value
    path.write_text(json.dumps(manifest))


def test_what_is_as_it_was_written_is_counted(run_hopcli: RunHopcli, checked: Check) -> None:
    """At any depth; runs of two commands share a folder."""
    make(run_hopcli, "weights", *WEIGHTS, out=Path("all/deep/down"))
    make(run_hopcli, "select", out=Path("all/deep/down"))
    make(run_hopcli, "weights", *WEIGHTS, out=Path("all/here"))
    Path("all/here/notes.txt").write_text("mine")
    counts = [len(json.loads(p.read_text())["outputs"]) for p in Path("all").rglob("*.json")]
    said = f"3 runs, {sum(counts)} files: all as their manifests say"
    assert len(counts) == 3
    assert checked("all") == (0, [said])
    assert checked("all", "all/here", "all/../all/deep") == (0, [said])  # each once
    assert checked("all", "--quiet") == (0, [])
    code, lines = checked("all", "--format", "json")
    assert (code, len(lines)) == (0, 1)
    assert json.loads(lines[0]) == {"runs": 3, "files": sum(counts), "differs": [], "told": []}


@pytest.mark.parametrize("name", FILES)
def test_a_changed_byte_or_a_missing_file_is_said(
    run_hopcli: RunHopcli, checked: Check, name: str
) -> None:
    make(run_hopcli, "weights", *WEIGHTS)
    content = bytearray((OUT / name).read_bytes())
    content[len(content) // 2] ^= 1
    (OUT / name).write_bytes(content)
    code, lines = checked("out")
    assert (code, len(lines)) == (1, 2)
    assert lines[0].startswith(f"out/{name}: must have SHA-256 ")
    assert lines[1] == f"1 run, {len(FILES)} files: 1 differ"
    (OUT / name).unlink()
    code, lines = checked("out", "-q")
    assert code == 1
    assert [line.rpartition(", ")[2] for line in lines] == ["found no file"]
    (OUT / name).mkdir()
    assert checked("out", "-q") == (code, lines)
    code, (line,) = checked("out", "--format", "json")
    said = json.loads(line)
    assert (code, said["differs"]) == (1, [{"file": f"out/{name}", "says": lines[0]}])


def test_one_damaged_run_does_not_hide_another(run_hopcli: RunHopcli, checked: Check) -> None:
    make(run_hopcli, "weights", *WEIGHTS, out=Path("all/a"))
    for name in "bcd":
        shutil.copytree("all/a", f"all/{name}")
    Path("all/a/weights.json").write_text("{")
    Path("all/b/weights.csv").write_text("")
    Path("all/b/weights.npz").unlink()
    Path("all/d/weights.json").unlink()
    os.mkfifo("all/d/weights.json")
    code, lines = checked("all")
    starts = ["a/weights.json: cannot", "b/weights.csv: ", "b/weights.npz: ", "d/weights.json: "]
    assert code == 1
    assert len(lines) == 5
    for line, start in zip(lines[:-1], starts, strict=True):
        assert line.startswith(f"all/{start}")
    assert lines[-1] == f"2 runs, {2 * len(FILES)} files: 4 differ"


CHANGED: list[tuple[tuple[str, ...], Any, str]] = [
    # where in a manifest, what it says there instead, and what is said of it
    (("config", "seed"), 5, "must have the key "),
    (("config", "colour"), "red", "must have the key "),
    (("inputs", "dataset"), "0" * 64, "must have the key "),
    (("key",), "0" * 64, "must have the key "),
    (("key",), None, "must have key "),
    (("command",), "select", "must be of the command weights, found 'select'"),
    (("config",), [], "must have config as hopcli writes it, found []"),
    (("tables",), None, "must have tables as hopcli writes it, found None"),
    (("tables", "more"), [], "must have a hash of 'more.csv' among its outputs, has none"),
    (("arrays",), ["weights", "more"], "must have a hash of 'more.npz' among its outputs, has"),
    (("outputs", "../five.txt"), "0" * 64, "must name files of its folder, found '../five.txt'"),
    (("outputs", ".."), "0" * 64, "must name files of its folder, found '..'"),
    (("outputs", "a\0"), "0" * 64, "must name files of its folder, found 'a\\x00'"),
    (("outputs", "a" * 256), "0" * 64, "must name files of its folder, found 'aaa"),
    (("outputs",), [], "must be a manifest that hopcli wrote"),
]


@pytest.mark.parametrize(
    ("where", "value", "words"), CHANGED, ids=[".".join(where)[:20] for where, *_ in CHANGED]
)
def test_a_manifest_is_held_to_itself(
    run_hopcli: RunHopcli, checked: Check, where: tuple[str, ...], value: Any, words: str
) -> None:
    make(run_hopcli, "weights", *WEIGHTS)
    change(OUT / "weights.json", where, value)
    code, lines = checked("out", "-q")
    assert code == 1
    assert [line.startswith(f"out/weights.json: {words}") for line in lines] == [True]


def test_a_forged_hash_is_said_and_steers_no_terminal(
    run_hopcli: RunHopcli, checked: Check
) -> None:
    make(run_hopcli, "weights", *WEIGHTS)
    change(OUT / "weights.json", ("outputs", "weights.csv"), "\x1b[31m")
    change(OUT / "weights.json", ("outputs", "a\x1b[31m"), 3)
    code, lines = checked("out", "-q")
    assert code == 1
    assert not any("\x1b" in line for line in lines)
    assert len(lines) == 2
    assert all(line.startswith("out/weights.json: ") for line in lines)
    assert "weights.csv" in lines[0]
    assert "a\\x1b[31m" in lines[1]


def test_trials_may_be_left_out_but_not_changed(run_hopcli: RunHopcli, checked: Check) -> None:
    flags = ("--start", "pattern", "--tests", "2", "--repeats", "2", "--temperature", "0")
    files = make(run_hopcli, "recall", *flags, "--no-figures", "--keep", "trials")
    trials = OUT / "trials.csv"
    trials.write_bytes(trials.read_bytes() + b" ")
    assert checked("out")[0] == 1
    trials.unlink()
    code, lines = checked("out")
    n_files = len(files) - 2  # the manifest, and those
    assert lines == [
        "out/trials.csv: was left out, as it may be",
        f"1 run, {n_files} files: all as their manifests say",
    ]
    assert code == 0
    assert checked("out", "-q") == (0, [])


def test_what_belongs_to_no_run_is_told(run_hopcli: RunHopcli, checked: Check) -> None:
    make(run_hopcli, "weights", *WEIGHTS)
    before = checked("out")
    (OUT / ".hopcli-weights-1-abc").mkdir()
    (OUT / ".hopcli-capacity-0123456789abcdef.parts").write_text("0")
    for name in ("accuracy.csv", "notes.txt", ".hidden.csv"):
        (OUT / name).write_text("mine")
    code, lines = checked("out")
    unfinished = "is of an unfinished run, which the same command goes on with or makes anew"
    assert lines == [
        f"out/.hopcli-capacity-0123456789abcdef.parts: {unfinished}",
        f"out/.hopcli-weights-1-abc: {unfinished}",
        "out/accuracy.csv: is in no manifest",
        *before[1],
    ]
    assert code == 0
    assert checked("out", "-q") == (0, [])


def test_a_run_that_is_published_but_not_moved_in_is_whole(run_hopcli: RunHopcli) -> None:
    """As a kill at that moment leaves it: read as it is, moved in by the next that writes."""
    files = make(run_hopcli, "weights", *WEIGHTS)
    published = OUT / ".hopcli-weights-published"
    published.mkdir()
    for name in FILES[:2]:
        (OUT / name).rename(published / name)
    (OUT / "weights.json").rename(published / "weights.json")
    before = files_below(OUT)
    done = run_hopcli("check", "out")
    assert (done.code, done.err) == (0, "")
    assert done.out == f"1 run, {len(FILES)} files: all as their manifests say\n"
    assert files_below(OUT) == before
    assert run_hopcli("plot", "out").code == 0
    assert files_below(OUT) == files


def test_hidden_folders_are_left_out_and_links_are_followed_once(
    run_hopcli: RunHopcli, checked: Check
) -> None:
    make(run_hopcli, "weights", *WEIGHTS, out=Path("far/away"))
    shutil.copytree("far/away", "all/.hidden")
    run_hopcli("check", "all").refused()
    Path("all/itself").symlink_to(".")
    Path("all/up").symlink_to("..")
    Path("all/loop").symlink_to("loop")
    Path("all/nowhere").symlink_to("dangling")
    Path("all/link").symlink_to("../far")
    code, lines = checked("all/link")
    assert (code, lines) == (0, [f"1 run, {len(FILES)} files: all as their manifests say"])
    assert checked("all") == (code, lines)


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("nowhere", "nowhere: must be a folder that holds runs, does not exist"),
        ("five.txt", "five.txt: must be a folder that holds runs, is none"),
        ("empty", "empty: must hold a finished run, at any depth, holds none"),
    ],
)
def test_where_no_run_is_nothing_is_checked(run_hopcli: RunHopcli, folder: str, words: str) -> None:
    make(run_hopcli, "weights", *WEIGHTS)
    Path("empty").mkdir()
    assert run_hopcli("check", folder).refused() == words
    assert run_hopcli("check", "out", folder).refused() == words


def test_what_may_not_be_read_is_said(spawn_hopcli: SpawnHopcli, run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", *WEIGHTS, out=Path("all/a"))
    shutil.copytree("all/a", "all/b")
    Path("all/a/weights.csv").chmod(0)
    Path("all/b").chmod(0)
    code = f"{UNPRIVILEGED}\nimport sys\nfrom hopcli.cli import main\nmain(sys.argv[1:])"
    done = spawn_hopcli("check", "all", code=code)
    Path("all/b").chmod(0o755)
    assert (done.code, done.err) == (1, "")
    assert done.out.splitlines() == [
        "all/a/weights.csv: cannot be read: Permission denied",
        "all/b: cannot be read: Permission denied",
        f"1 run, {len(FILES)} files: 2 differ",
    ]


def test_a_file_of_another_kind_has_a_checker_of_its_own(tmp_path: Path) -> None:
    """As the store of a grid: a function by its name."""
    (tmp_path / "grid.sqlite").touch()
    (tmp_path / "cell.csv").touch()
    (tmp_path / "other.csv").touch()

    def look(path: Path) -> checking.Checked:
        assert path == tmp_path / "grid.sqlite"
        return checking.Checked(40, 1, names=frozenset({"cell.csv"}))

    store, rest = checking.check([tmp_path], {**checking.CHECKERS, "grid.sqlite": look})
    assert (store.n_runs, store.n_files, store.differs) == (40, 1, ())
    assert [finding.file.name for finding in rest.told] == ["other.csv"]


def test_a_grid_is_held_to_its_manifest_and_its_cells_to_their_checksums(
    run_hopcli: RunHopcli, checked: Check
) -> None:
    make(run_hopcli, "weights", *WEIGHTS, out=Path("all/run"))
    given = ["--set", "dataset=text:five.txt", "--set", "rule=hebbian,storkey", "--no-figures"]
    done = run_hopcli("grid", "run", "--command", "weights", *given, "--out", "all/grid", "-q")
    assert (done.code, done.err) == (0, "")
    code, (said,) = checked("all")
    assert (code, said[:8]) == (0, "3 runs, ")
    table = Path("all/grid/grid.csv")
    content = table.read_bytes()
    table.write_bytes(content.replace(b"hebbian", b"hebbiam", 1))
    code, lines = checked("all", "-q")
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith("all/grid/grid.csv: must have SHA-256 ")
    table.write_bytes(content)
    store = Path("all/grid/grid.sqlite")
    with contextlib.closing(sqlite3.connect(store)) as sql, sql:
        sql.execute("UPDATE weights SET min_stability = min_stability + 1 WHERE row = 0")
    code, lines = checked("all", "-q")
    assert (code, len(lines)) == (1, 2)
    assert all(line.startswith("all/grid/grid.sqlite: ") for line in lines)
    store.write_bytes(store.read_bytes()[:5000])
    code, lines = checked("all", "-q")
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith("all/grid/grid.sqlite: ")
