"""The store of a grid: reading returns exactly the written values."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli.errors import ResultError, SettingError
from hopcli.grids.cells import Made
from hopcli.grids.export import tidy_table, write_table
from hopcli.grids.grid import read_grid
from hopcli.grids.merging import merge
from hopcli.grids.store import FILE, Store, is_grid
from hopcli.tables.several import Part, join

GRID = read_grid({"command": "recall", "grid": {"digits": [[3, 6], [3, 6, 1]], "seed": [1, 2]}})
SETTINGS = {"seed": 10**30, "temperature": 0.1, "digits": ["3", "6"]}
SETTINGS |= {"trace": True, "start": "image", "gamma": None}
COLUMNS = ["label: text", "n: integer", "rate: number", "hit: boolean"]
TABLE = Part(COLUMNS, [["a", "b"], [3, 4], [1 / 3, None], [True, False]], [])
NOTES = {"warnings": ["a criterion that is too high"], "resting": {"a": 0.5}}


def _made(cell: str, **changed: Any) -> Made:
    facts = map(json.dumps, ({"dataset": "d"}, NOTES, SETTINGS))
    tables = changed.pop("tables", {"accuracy": TABLE})
    texts = {name: json.dumps(part._asdict()) for name, part in tables.items()}
    made = Made._make((cell, "v1", "host", "2026", 0.25, None, *facts, texts))
    return made._replace(**changed)


PLACES = {place: f"cell{place}" for place in range(4)}


def _fill(folder: Path, cells: tuple[int, ...] = (0, 1, 2, 3), **changed: Any) -> Path:
    folder.mkdir(exist_ok=True)
    with Store(folder, writes=True) as store:
        store.describe(GRID, PLACES.items())
        for place in cells:
            store.write(_made(f"cell{place}", **changed))
    return folder


def _sql(folder: Path, statement: str, *values: str) -> int:
    """Change a store with the standard library alone; return the number of rows."""
    with contextlib.closing(sqlite3.connect(folder / FILE)) as sql:
        changed = sql.execute(statement, values).rowcount
        sql.commit()
        return changed


def _csv(folder: Path) -> str:
    with Store(folder) as store:
        assert store.damaged() == []
        return write_table(tidy_table(store, GRID, "accuracy"), None, "csv") or ""


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    _fill(tmp_path, (2, 0))
    with Store(tmp_path) as store:
        assert store.made("cell2") == _made("cell2")
        tables = {found.place: found.part for found in store.finished("accuracy")}
        assert tables == {0: TABLE, 2: TABLE}
        assert dict(store.points()) == PLACES
        assert store.grid().to_dict() == GRID.to_dict()
        assert store.damaged() == []
        states = {cell: one.state for cell, one in store.standings().items()}
        assert states == {"cell2": "finished", "cell0": "finished"}
    assert [path.name for path in tmp_path.iterdir()] == [FILE]  # no log of it is left


VALUES = st.none() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)
NAMES = st.sampled_from(["A", "a", "cell", 'x"y', 'as" check', "default", '"', "virtual"])
NAMES |= st.text(max_size=5).filter(lambda text: "\0" not in text)


@given(st.lists(st.tuples(VALUES, st.text(max_size=9)), max_size=4), st.tuples(NAMES, NAMES))
def test_any_table_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], names: tuple[str, str]
) -> None:
    values = [list(column) for column in zip(*rows, strict=True)] if rows else [[], []]
    table = Part([f"{names[0]}: number", f"{names[1]}: text"], values, [])
    with Store(tmp_path_factory.mktemp("any"), writes=True) as store:
        store.write(one := _made("one", tables={names[1] + "t": table}))
        assert store.made("one") == one
        assert store.damaged() == []


def test_other_programs_read_it(tmp_path: Path) -> None:
    """The schema that the help text promises, by the standard library alone."""
    _fill(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as sql:
        rate = "json_extract(accuracy, '$.values[2]')"
        rows = sql.execute(f"SELECT place, {rate} FROM points JOIN cells USING (cell)").fetchall()
        assert sorted(rows) == [(place, f"[{1 / 3!r},null]") for place in range(4)]
        settings = "json_extract(config, '$.temperature', '$.start')"
        cells = sql.execute(f"SELECT host, seconds, error, {settings} FROM cells")
        assert set(cells) == {("host", 0.25, None, '[0.1,"image"]')}


def test_open_intervals_stay_with_their_rows() -> None:
    closed = Part(["label: text"], [["a", "b"]], [])
    opened = Part(["label: text"], [["c"]], ["3/4"])
    table, lengths = join([closed, opened, closed])
    assert (table.counts, lengths) == (["", "", "3/4", "", ""], [2, 1, 2])


def test_a_cell_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    _fill(tmp_path, (0, 1))
    other = Part(["label: text", "more: number"], [["a"], [0.5]], [])
    with Store(tmp_path, writes=True) as store:
        changed = _made("cell1", tables={"accuracy": other}, version="v2")
        store.write(changed)
        with pytest.raises(ResultError, match=FILE):
            store.write(_made("cell0", tables={}), _made("cell1", host=set()))
        assert store.made("cell1") == changed
        store.write(_made("cell1", tables={}, error="no"))
        assert "accuracy" not in store.made("cell1").tables
        standing = tuple(store.standings()["cell1"])
        assert standing == ("v1", 0.25, "no", tuple(NOTES["warnings"]), ())
        assert store.damaged() == []
        assert store.made("cell0") == _made("cell0")


def _statements(section: str) -> list[str]:
    """Statements of SQL that damage a store."""
    text = (Path(__file__).parent / "damaged_stores.sql").read_text(encoding="utf-8")
    return text.partition(f"-- {section}\n")[2].partition("\n\n")[0].splitlines()


@pytest.mark.parametrize("statement", _statements("of a cell"))
def test_what_has_been_changed_is_noticed(tmp_path: Path, statement: str) -> None:
    _fill(tmp_path)
    assert _sql(tmp_path, f"{statement} AND cell = 'cell1'") > 0
    is_read = not any(part in statement for part in ("accuracy = NULL", "error", "notes"))
    with Store(tmp_path) as store:
        assert store.damaged() == ["cell1"]
        with pytest.raises(ResultError, match="cell1") if is_read else contextlib.nullcontext():
            list(store.finished("accuracy"))


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("UPDATE points SET cell = 'cell0' WHERE place = 1", Store.points),
        ("UPDATE cells SET seconds = 'long'", Store.standings),
        *(
            (f"UPDATE meta SET value = '{text}' WHERE name = 'grid'", read)
            for text in ("3", "{", '{"command": "fly"}', "[" * 10**5, '{"command": "recall"}')
            for read in (Store.grid, Store.points)
        ),
    ],
)
def test_changed_points_and_grids_are_refused(tmp_path: Path, statement: str, read: Any) -> None:
    _fill(tmp_path)
    _sql(tmp_path, statement)
    with Store(tmp_path) as store, pytest.raises(ResultError) as refused:
        read(store)
    assert str(refused.value).startswith(f"{tmp_path / FILE}: ")
    assert "\n" not in str(refused.value)


def test_the_checksum_of_many_points_is_that_of_one_text(tmp_path: Path) -> None:
    points = [(place, f"cell{place}") for place in range(2500)]
    with Store(tmp_path, writes=True) as store:
        store.describe(GRID, points)
        said, digest = store.description()
        assert digest == hashlib.sha256(json.dumps([said, points]).encode()).hexdigest()


BEGINS = b"SQLite format 3\0"
FOREIGN_FILES = [b"x" * 5000, BEGINS + b"\xff" * 5000, BEGINS + bytes(3000)]


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize("content", [*FOREIGN_FILES, *_statements("of a store")])
def test_foreign_stores_are_left_alone(tmp_path: Path, content: Any, writes: bool) -> None:
    if isinstance(content, bytes):
        (tmp_path / FILE).write_bytes(content)
    else:
        if "meta (" not in content:
            _fill(tmp_path)
        _sql(tmp_path, content)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(ResultError, match=FILE), Store(tmp_path, writes=writes):
        pass
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {FILE: before}


def test_a_store_whose_making_was_cut_short_is_an_empty_one(tmp_path: Path) -> None:
    assert not is_grid(tmp_path)
    with pytest.raises(ResultError, match=FILE):
        Store(tmp_path)
    (tmp_path / FILE).touch()
    with Store(tmp_path) as store:
        assert (store.standings(), store.is_described()) == ({}, False)
        with pytest.raises(ResultError, match=FILE):
            store.grid()
    assert (tmp_path / FILE).read_bytes() == b""
    with Store(_fill(tmp_path)) as store:
        assert len(store.standings()) == 4


HALF_WRITTEN = """
import os, signal, sqlite3, sys
sql = sqlite3.connect(sys.argv[1], isolation_level=None)
sql.execute("PRAGMA cache_size = 5")
sql.execute("BEGIN IMMEDIATE")
for number in range(500):
    sql.execute("INSERT INTO meta VALUES (?, ?)", (str(number), "x" * 1000))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_has_left_half_written_is_undone(tmp_path: Path) -> None:
    file = _fill(tmp_path / "grid") / FILE
    before = file.read_bytes()
    subprocess.run([sys.executable, "-c", HALF_WRITTEN, str(file)], check=False)
    assert len(list(file.parent.iterdir())) == 2  # the file, and a journal of what it was
    assert file.read_bytes() != before
    left = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    with Store(file.parent) as store:
        assert (store.damaged(), len(list(store.points()))) == ([], 4)
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == left
    with Store(file.parent, writes=True) as store:
        assert len(list(store.points())) == 4
    assert list(file.parent.iterdir()) == [file]


# --- tables -----------------------------------------------------------------------------------


def test_a_table_has_the_keys_first_and_the_order_of_the_grid(tmp_path: Path) -> None:
    _fill(tmp_path, (3, 0, 2))
    with Store(tmp_path, writes=True) as store:
        table = tidy_table(store, GRID, "accuracy")
        keys = list(map(list, table.only(["digits", "seed"]).rows()))
        assert keys[::2] == keys[1::2] == [["3,6", 1], ["3,6,1", 1], ["3,6,1", 2]]
        store.write(_made("cell3", version="v2"))  # named where there are two
        versions = tidy_table(store, GRID, "accuracy")["version"]
        assert versions.tolist() == ["v1"] * 4 + ["v2"] * 2
    text = write_table(table, None, "csv") or ""
    expected = ["digits,seed,label,n,rate,hit", '"3,6",1,a,3,0.3333333333,True']
    assert text.splitlines()[:3] == [*expected, '"3,6",1,b,4,,False']


def test_tables_for_texts_and_a_column_of_the_name_of_a_key(tmp_path: Path) -> None:
    heads = ["a|b: text", "x_1: number", "seed: integer"]
    table = Part(heads, [["50 %"], [0.5], [7]], [])
    with Store(_fill(tmp_path, (0,), tables={"accuracy": table})) as store:
        found = tidy_table(store, GRID, "accuracy")
        with pytest.raises(SettingError, match="accuracy"):
            tidy_table(store, GRID, "nothing")
    assert found.names == ["digits", "seed", "a|b", "x_1", "recall_seed"]
    write_table(found, tmp_path / "t.parquet", "parquet")
    assert pd.read_parquet(tmp_path / "t.parquet").to_dict() == found.frame().to_dict()
    with pytest.raises(SettingError, match="parquet"):
        write_table(found, None, "parquet")


# --- shards -----------------------------------------------------------------------------------


FOREIGN = dataclasses.replace(GRID, fixed={"tests": 3})


def test_shards_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, other = _fill(tmp_path / "one"), _fill(tmp_path / "other", version="v2")
    differing = Part(TABLE.heads, [values[:1] for values in TABLE.values], [])
    wrong = _fill(tmp_path / "wrong", tables={"accuracy": differing})
    foreign, out = _fill(tmp_path / "foreign", ()), tmp_path / "out"
    with Store(foreign, writes=True) as store:
        store.describe(FOREIGN, PLACES.items())
    bad = _fill(tmp_path / "bad")
    _sql(bad, "UPDATE cells SET config = '{}' WHERE cell = 'cell1'")
    words = {other: "--accept-version", wrong: "wrong", foreign: "foreign", bad: "cell1"}
    for second, word in words.items():
        with pytest.raises(ResultError, match=word):
            merge([one, second], out, accept_version=False)
    assert not out.exists()
    assert merge([one], bad, accept_version=False)[1] == 1  # damage is made good
    assert _csv(bad) == _csv(one)
    out.mkdir()
    assert merge([one, other], out, accept_version=True)[1] == 4
