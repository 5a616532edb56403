"""Folders from strangers: a sample of the cases of ``make torture``, and false manifests."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import SpawnHopcli, call, files_below
from PIL import Image
from shell import change
from strangers import PARTS, READERS, SHOWN, WRITERS, cases, check_case, lay_folder

import hopcli
from hopcli import plots, report
from hopcli.errors import ResultError
from hopcli.results import files, key, load

SAMPLED = 60  # one of so many is tried here
REPRODUCE = "reproduce --quick --only six-sites -q --out mine"
SHARE = 0.006  # of the lies


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of results, made once."""
    place = tmp_path_factory.mktemp("base")
    lay_folder(place)
    return place


@pytest.fixture(autouse=True)
def drawn_at_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures that cost nothing; those in the folder are real."""
    del base
    assert report

    def draw(_config: Any, _result: Any, _execution: Any, folder: Path, *_: Any) -> None:
        (folder / "accuracy.png").write_bytes(b"a picture")

    def draw_grid(_view: Any, _look: Any, path: Path, *_: Any, **__: Any) -> None:
        path.write_bytes(b"a picture")

    monkeypatch.setattr(plots, "draw", draw)
    monkeypatch.setattr("hopcli.runs.grids.draw_grid", draw_grid)
    monkeypatch.setattr("hopcli.catalogue.Entry.figures", property(lambda _: lambda *_, **__: {}))


@pytest.fixture
def place(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, which is also where we are."""
    shutil.copytree(base, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


SAMPLE = [
    *random.Random(5).sample(cases(), len(cases()) // SAMPLED),
    ("recall/.hopcli-lock", "link"),
    ("recall/.hopcli-published", "link"),
    (PARTS, "folder"),
    ("recall/recall.json", "fifo"),
    ("recall/recall.json", "device"),
    ("grid/grid.sqlite-journal", "link"),
]


@pytest.mark.parametrize(("name", "kind"), SAMPLE, ids=str)
def test_a_file_is_something_else(base: Path, tmp_path: Path, name: str, kind: str) -> None:
    check_case(base, tmp_path / "place", name, kind)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("results/mine", "run mine.toml"),
        ("results/grid", "grid run grid.toml"),
        ("results/grid", "run grid.toml"),
        ("mine/runs", REPRODUCE),
        ("mine/runs/six-sites", REPRODUCE),
        ("mine/.hopcli-published", REPRODUCE),
    ],
)
def test_a_folder_that_nobody_typed_is_no_link(folder: str, words: str) -> None:
    outside = files_below(Path("outside"))
    Path("mine.toml").write_text('command = "select"\ndataset = "text:five.txt"\n')
    Path("one.toml").write_text("command = 'recall'\ndataset = 'text:five.txt'\n", "utf-8")
    Path(folder).parent.mkdir(parents=True)
    Path(folder).symlink_to(Path("outside").absolute())
    done = call(*words.split())
    assert (done.code, done.err.count("\n")) == (2, 1), done
    assert folder in done.err
    assert files_below(Path("outside")) == outside
    assert [str(path) for path in Path(folder).parent.iterdir()] == [folder]


def test_a_link_is_no_lock_where_the_system_would_follow_it(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_NO_LINK", 0)
    Path("link").symlink_to("target")
    with pytest.raises(ResultError):
        files.open_own(empty_folder / "link", os.O_WRONLY)
    assert not Path("target").exists()


def test_a_journal_of_several_files_is_refused_and_stays(place: Path) -> None:
    journal = place / "out/grid/grid.sqlite-journal"
    journal.write_bytes(bytes(20) + bytes.fromhex("d9d505f920a163d7"))  # of SQLite's format
    before = files_below(place)
    done = call("grid", "status", "out/grid")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done
    assert files_below(place) == before


# --- manifests that lie ----------------------------------------------------------------------

ODD: list[Any] = [
    *(None, True, 3, -1, 1e308, 10**400, "", "../five", "\x1b[31m\n", "\ud800", [], [[]], {}),
    *({"a": {}}, [None], ["../five.txt"], "x" * 5000, float("nan")),
]
"""Values that a place in a manifest may have instead of its own."""


def _places(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the places of values in a manifest, at any depth."""
    inside = [*value.items()] if isinstance(value, dict) else []
    inside = [*enumerate(value)][:1] if isinstance(value, list) else inside
    below = [place for name, one in inside for place in _places(one, (*where, name))]
    return [where, *below] if where else below


def check_lies(place: Path, command: str, chosen: Callable[[], bool]) -> None:
    """Put odd values into a manifest, one after the other; its key is right again."""
    outside = files_below(place / "outside")
    file = place / "out" / command / f"{command}.json"
    whole = json.loads(file.read_text(encoding="utf-8"))
    tried = [(where, odd) for where in _places(whole) for odd in ODD]
    for where, odd in tried:
        if not chosen():
            continue
        manifest = json.loads(json.dumps(whole))
        owner = manifest
        for name in where[:-1]:
            owner = owner[name]
        owner[where[-1]] = odd
        if where[0] in ("config", "inputs") and len(where) > 1:
            manifest["key"] = key(command, manifest["config"], manifest.get("inputs", {}))
        file.write_text(json.dumps(manifest), encoding="utf-8")
        for words in (*READERS, WRITERS[0], WRITERS[1]):
            try:
                done = call(*words)
            except BaseException as error:
                raise AssertionError(f"{where} = {odd!r:.60}: {words}") from error
            assert done.code in (0, 1, 2, 3), (where, odd, words)
            assert "\x1b" not in done.out + done.err, (where, odd, words)
        assert files_below(place / "outside") == outside


@pytest.mark.parametrize("command", ["recall", "select", "grid"])
def test_a_manifest_that_lies(place: Path, command: str) -> None:
    drawn = random.Random(command)
    check_lies(place, command, lambda: drawn.random() < SHARE)
    assert all((place / "whole" / name).is_file() for name in SHOWN)


# --- names that are not UTF-8 ----------------------------------------------------------------


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("where", "changed"),
    [
        ("execution", {"animate": "../outside/a.gif"}),
        ("execution", {"figure_format": "exe"}),
        ("execution", {"threads": "many"}),
        ("tables", {"../whole/accuracy": ["label: text"]}),
        ("outputs", {"../outside/precious": "0" * 64}),
        ("outputs", {"accuracy.csv": 3}),
        ("versions", {"hopcli": None}),
        ("notes", {"warnings": [3]}),
    ],
)
def test_every_reader_refuses_the_same_lies(where: str, changed: dict[str, Any]) -> None:
    shutil.rmtree("out/select")
    shutil.rmtree("out/grid")
    change("out/recall/recall.json", lambda manifest: manifest[where].update(changed))
    before = files_below(Path())
    lines = "runs out, report out, plot out/recall, run out/recall/recall.json"
    for line in (*lines.split(", "), "diff out/recall whole/recall"):
        assert call(*line.split()).code == 2, line
    assert call("check", "out").code == 1
    for read in (lambda: load("out/recall"), lambda: hopcli.read("out")):
        with pytest.raises(ResultError, match=r"recall\.json"):
            read()
    assert files_below(Path()) == before


# --- claims of strangers -----------------------------------------------------------------------

CLAIM = """title = TEXT
[runs.mine]
folder = "out/recall"
command = "recall"
[[claims]]
id = TEXT
text = TEXT
place = TEXT
unit = TEXT
published = 1.0
test = "equal"
[[claims.conditions]]
label = TEXT
role = "text"
value = "mine / accuracy[label=overall] / accuracy"
"""


@pytest.mark.usefixtures("place")
def test_claims_are_escaped() -> None:
    text = json.dumps("=1\x1b[31m\u202e|<b>\n`$x$")
    Path("c.toml").write_text(CLAIM.replace("TEXT", text), encoding="utf-8")
    for form in ("table", "markdown", "csv", "latex", "json"):
        done = call("reproduce", "--against", "c.toml", "--out", "made", "--format", form)
        assert (done.code, done.err) == (0, ""), (form, done)
        if form != "csv":  # a file has the texts as they are
            assert not {"\x1b", "\u202e"} & set(done.out), form
    page = Path("made/report.html").read_text(encoding="utf-8")
    assert not {"\x1b", "\u202e"} & set(page)
    assert "|<b>" not in page
    assert '"=1' not in Path("made/claims.csv").read_text(encoding="utf-8")


@pytest.mark.usefixtures("place")
def test_lists_are_refused() -> None:
    claim = CLAIM.replace("TEXT", '"a"').replace("out/recall", "out/grid")
    for test, code in (("equal", 2), ("never", 2), ("always", 2), ("the_same", 0)):
        Path("c.toml").write_text(claim.replace('"equal"', f'"{test}"'), encoding="utf-8")
        done = call("reproduce", "--against", "c.toml", "--out", f"made-{test}", "-q")
        assert (done.code, done.err.count("\n")) == (code, code // 2), (test, done)


# --- names that are not UTF-8 ----------------------------------------------------------------


def test_names_that_are_not_utf_8_are_escaped(
    base: Path, empty_folder: Path, monkeypatch: pytest.MonkeyPatch, spawn_hopcli: SpawnHopcli
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8:strict")
    folder = os.fsdecode(b"r\xff")
    shutil.copytree(base / "out", folder)
    Path(os.fsdecode(b"p\xe9")).mkdir()
    for number, name in enumerate((b"a\xff.png", b"b\xfe.png")):
        pixels = np.random.default_rng(number).integers(0, 2, (8, 8)).astype(np.uint8)
        Image.fromarray(255 * pixels).save(Path(os.fsdecode(b"p\xe9")) / os.fsdecode(name))
    pictures = f"images:{os.fsdecode(bytes([112, 0xE9]))}"
    for words in (
        ["check", folder],
        ["runs", folder, "--format", "csv"],
        ["diff", f"{folder}/recall", str(base / "whole/recall"), "--format", "csv"],
        ["report", folder],
        ["grid", "table", f"{folder}/grid"],
        ["plot", f"{folder}/recall"],
        ["weights", "--dataset", pictures, "--no-figures", "--out", "results/weights"],
        ["show", pictures],
    ):
        done = call(*words)
        assert done.code in (0, 1), (words, done.err)
        if "--format" in words:
            done.out.encode("utf-8")
    assert os.fsencode("\udcff") not in next(Path("results").glob("weights*/*.csv")).read_bytes()
    assert spawn_hopcli("check", folder).code == 0
    assert spawn_hopcli("recall", "--config", folder).code == 2
