"""The store of a grid: what is written is read back, and nothing else."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli.errors import ResultError, SettingError
from hopcli.grids.cells import Made, Rows
from hopcli.grids.export import tidy_table, write_table
from hopcli.grids.grid import read_grid
from hopcli.grids.merging import merge
from hopcli.grids.store import FILE, Place, Store, is_grid

if TYPE_CHECKING:
    from pathlib import Path

GRID = read_grid({"command": "recall", "grid": {"digits": [[3, 6], [3, 6, 1]], "seed": [1, 2]}})
SETTINGS = {
    "seed": 10**30,
    "temperature": 0.1,
    "digits": ["3", "6"],
    "trace": True,
    "start": "image",
    "gamma": None,
}
TABLE = Rows(
    ("label: text", "n: integer", "rate: number", "hit: boolean"),
    [("a", 3, 1 / 3, True), ("b", 4, None, False)],
)
NOTES = {"warnings": ["a criterion that is too high"], "resting": {"a": 0.5}}


def _made(cell: str, **changed: Any) -> Made:
    tables = {"accuracy": TABLE}
    made = Made(cell, SETTINGS, {"dataset": "d"}, "v1", "host", "2026", 0.25, tables, NOTES)
    return made._replace(**changed)


def _places() -> list[Place]:
    return [Place(point.place, f"cell{point.place}", point.values) for point in GRID.points()]


def _fill(folder: Path, cells: tuple[int, ...] = (0, 1, 2, 3), **changed: Any) -> Path:
    folder.mkdir(exist_ok=True)
    with Store(folder, writes=True) as store:
        store.describe(GRID, _places())
        for place in cells:
            store.write(_made(f"cell{place}", **changed))
    return folder


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    _fill(tmp_path, (2, 0))
    with Store(tmp_path) as store:
        assert store.made("cell2") == _made("cell2")
        assert store.read("cell0", "accuracy") == TABLE
        assert store.read("cell1", "accuracy") is None
        assert store.places() == {place: f"cell{place}" for place in range(4)}
        assert store.grid().to_dict() == GRID.to_dict()
        assert store.damaged() == {}
        assert {cell: one.state for cell, one in store.standings().items()} == {
            "cell2": "finished",
            "cell0": "finished",
        }
    assert [path.name for path in tmp_path.iterdir()] == [FILE]  # no log of it is left


VALUES = st.none() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False)


@given(
    rows=st.lists(st.tuples(VALUES, st.text(max_size=9)), max_size=4),
    names=st.lists(st.text(max_size=5).filter(lambda s: "\0" not in s), min_size=2, max_size=2),
)
def test_any_table_is_read_back(
    rows: list[tuple[Any, ...]], names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kinds = ("number", "text")
    table = Rows(tuple(f"{n}: {k}" for n, k in zip(names, kinds, strict=True)), rows)
    with Store(tmp_path_factory.mktemp("any"), writes=True) as store:
        store.write(_made("one", tables={"t": table}))
        assert store.read("one", "t") == table
        assert store.damaged() == {}


def test_other_programs_read_it(tmp_path: Path) -> None:
    """The schema that the help text promises, by the standard library alone."""
    _fill(tmp_path)
    sql = sqlite3.connect(tmp_path / FILE)
    query = "SELECT digits, seed, label, rate FROM points JOIN accuracy USING (cell)"
    rows = sql.execute(f"{query} ORDER BY place, row").fetchall()
    assert rows[:3] == [("3,6", 1, "a", 1 / 3), ("3,6", 1, "b", None), ("3,6", 2, "a", 1 / 3)]
    assert len(rows) == 8
    cells = sql.execute("SELECT state, host, seconds, error, temperature, start FROM cells")
    assert set(cells) == {("finished", "host", 0.25, None, 0.1, "image")}
    sql.close()


def test_a_cell_is_replaced_whole(tmp_path: Path) -> None:
    _fill(tmp_path)
    other = Rows(("label: text", "more: number"), [("a", 0.5)])
    with Store(tmp_path, writes=True) as store:
        store.write(_made("cell1", tables={"accuracy": other}, version="v2"))
        assert store.made("cell1") == _made("cell1", tables={"accuracy": other}, version="v2")
        store.write(_made("cell1", tables={}, error="no"))
        assert store.read("cell1", "accuracy") is None
        standing = tuple(store.standings()["cell1"])
        assert standing == ("failed", "v1", 0.25, "no", tuple(NOTES["warnings"]), ())
        assert store.damaged() == {}
        assert store.made("cell0") == _made("cell0")


def test_names_that_sql_would_confuse_are_kept_apart(tmp_path: Path) -> None:
    table = Rows(
        ("A: text", "a: integer", "cell: number", "A: text", 'x"y: integer'),
        [("1", 2, 3.0, "4", 5)],
    )
    with Store(tmp_path, writes=True) as store:
        store.write(_made("one", tables={"odd": table}))
        assert store.read("one", "odd") == table


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    _fill(tmp_path, (0,))
    wide = Rows(tuple(f"c{i}: integer" for i in range(3000)), [tuple(range(3000))])
    with Store(tmp_path, writes=True) as store:
        with pytest.raises(ResultError, match="3,000"):
            store.write(_made("cell0", tables={"accuracy": TABLE, "wide": wide}))
        assert store.made("cell0") == _made("cell0")


DAMAGES = {
    "a number": "UPDATE accuracy SET n = 5 WHERE cell = 'cell1' AND row = 1",
    "a number by a rounding": "UPDATE accuracy SET rate = rate * (1 + 1e-15) WHERE cell = 'cell1'",
    "a truth": "UPDATE accuracy SET hit = 0 WHERE cell = 'cell1' AND row = 0",
    "a row": "DELETE FROM accuracy WHERE cell = 'cell1' AND row = 1",
    "a setting": "UPDATE cells SET temperature = 0.3 WHERE cell = 'cell1'",
    "a configuration": "UPDATE cells SET config = '{}' WHERE cell = 'cell1'",
    "no configuration": "UPDATE cells SET config = NULL WHERE cell = 'cell1'",
    "a state": "UPDATE cells SET state = 'failed' WHERE cell = 'cell1'",
    "a version": "UPDATE cells SET version = 'v2' WHERE cell = 'cell1'",
    "columns": "UPDATE tables SET columns = '[\"label: text\"]' WHERE cell = 'cell1'",
    "no columns": "UPDATE tables SET columns = 'x' WHERE cell = 'cell1'",
    "the order": "UPDATE accuracy SET row = -1 WHERE cell = 'cell1' AND row = 1",
    "a warning": "UPDATE cells SET notes = '{}' WHERE cell = 'cell1'",
    "a lost table": "DELETE FROM tables WHERE cell = 'cell1'",
}


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_what_has_been_changed_is_noticed(tmp_path: Path, statement: str) -> None:
    _fill(tmp_path)
    sql = sqlite3.connect(tmp_path / FILE)
    assert sql.execute(statement).rowcount > 0
    sql.commit()
    sql.close()
    with Store(tmp_path) as store:
        assert list(store.damaged()) == ["cell1"]


def test_points_that_have_been_changed_are_noticed(tmp_path: Path) -> None:
    _fill(tmp_path)
    sql = sqlite3.connect(tmp_path / FILE)
    sql.execute("UPDATE points SET cell = 'cell0' WHERE place = 1")
    sql.commit()
    sql.close()
    with Store(tmp_path) as store, pytest.raises(ResultError, match="points"):
        store.places()


@pytest.mark.parametrize("content", [b"x" * 5000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_store_is_told_in_a_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ResultError) as refused, Store(tmp_path):
        pass
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / FILE))
    with pytest.raises(ResultError), Store(tmp_path, writes=True):
        pass
    assert (tmp_path / FILE).read_bytes() == content


def test_a_store_whose_making_was_cut_short_is_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    with Store(tmp_path) as store:
        assert store.standings() == {}
        assert not store.is_described()
        with pytest.raises(ResultError, match="grid"):
            store.grid()
    assert (tmp_path / FILE).read_bytes() == b""
    _fill(tmp_path)
    with Store(tmp_path) as store:
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
    file = _fill(tmp_path) / FILE
    before = file.read_bytes()
    subprocess.run([sys.executable, "-c", HALF_WRITTEN, str(file)], check=False)
    assert len(list(tmp_path.iterdir())) == 2  # the file, and a journal of what it was
    assert file.read_bytes() != before
    left = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with Store(tmp_path) as store:
        assert store.damaged() == {}
        assert len(store.places()) == 4
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == left
    with Store(tmp_path, writes=True) as store:
        assert len(store.places()) == 4
    assert list(tmp_path.iterdir()) == [file]


def test_a_journal_that_names_another_file_is_refused(tmp_path: Path) -> None:
    """SQLite would undo it, and remove the file that it names."""
    file = _fill(tmp_path) / FILE
    subprocess.run([sys.executable, "-c", HALF_WRITTEN, str(file)], check=False)
    (journal,) = tmp_path.glob("*-journal")
    precious = tmp_path / "precious"
    precious.write_text("mine", encoding="utf-8")
    name = str(precious).encode()
    end = struct.pack(">II", len(name), sum(name)) + bytes.fromhex("d9d505f920a163d7")
    with journal.open("ab") as stream:
        stream.write(struct.pack(">I", 2**30 // 4096 + 1) + name + end)
    for writes in (False, True):
        with pytest.raises(ResultError, match="journal"), Store(tmp_path, writes=writes):
            pass
        assert precious.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS WITH RECURSIVE c(x) AS (VALUES(1) UNION ALL SELECT x FROM c) SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM meta; END",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        'CREATE TABLE g ("as", b AS (zeroblob(1000000000)))',
        "CREATE TABLE g (b DEFAULT (zeroblob(1000000000)))",
    ],
)
def test_a_store_that_computes_is_refused(tmp_path: Path, statement: str, writes: bool) -> None:
    _fill(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as sql:
        sql.execute(statement)
    content = (tmp_path / FILE).read_bytes()
    with pytest.raises(ResultError, match=FILE), Store(tmp_path, writes=writes):
        pass
    assert (tmp_path / FILE).read_bytes() == content


def test_labels_that_are_words_of_sql_are_kept(tmp_path: Path) -> None:
    names = ['as" check', "default", '"', "virtual"]
    table = Rows(tuple(f"{name}: number" for name in names), [(1.0, 2.0, 3.0, 4.0)])
    _fill(tmp_path, tables={"t": table})
    with Store(tmp_path) as store:
        assert store.read("cell1", "t") == table


@pytest.mark.parametrize("suffix", ["", "-journal", "-wal", "-shm"])
def test_no_store_is_written_through_a_link(tmp_path: Path, suffix: str) -> None:
    folder, precious = tmp_path / "grid", tmp_path / "precious"
    folder.mkdir()
    file = _fill(folder) / FILE
    precious.write_bytes(file.read_bytes())
    before = precious.read_bytes()
    if not suffix:
        file.unlink()
    file.with_name(FILE + suffix).symlink_to(precious)
    with pytest.raises(ResultError, match=FILE), Store(folder, writes=True):
        pass
    assert precious.read_bytes() == before


@pytest.mark.parametrize("writes", [False, True])
def test_a_file_of_another_program_is_left_alone(tmp_path: Path, writes: bool) -> None:
    sql = sqlite3.connect(tmp_path / FILE)
    sql.execute("CREATE TABLE meta (url TEXT)")
    sql.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(ResultError, match=FILE), Store(tmp_path, writes=writes):
        pass
    assert (tmp_path / FILE).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    "said", ["3", "null", "{}", "{", '{"command": "fly"}', "[" * 10**5, '{"command": "recall"}']
)
def test_a_grid_that_is_none_is_told_in_a_line(tmp_path: Path, said: str) -> None:
    _fill(tmp_path)
    sql = sqlite3.connect(tmp_path / FILE)
    sql.execute("UPDATE meta SET value = ? WHERE name = 'grid'", (said,))
    sql.commit()
    sql.close()
    with Store(tmp_path) as store:
        for read in (store.grid, store.places):
            with pytest.raises(ResultError) as refused:
                read()
            assert str(refused.value).startswith(f"{tmp_path / FILE}: ")


def test_standings_that_are_none_are_told_in_a_line(tmp_path: Path) -> None:
    _fill(tmp_path)
    sql = sqlite3.connect(tmp_path / FILE)
    sql.execute("UPDATE cells SET seconds = 'long'")
    sql.commit()
    sql.close()
    with Store(tmp_path) as store, pytest.raises(ResultError, match="is damaged"):
        store.standings()


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_store_that_is_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    _fill(tmp_path)
    file = tmp_path / FILE
    os.truncate(file, int(file.stat().st_size * share))
    with pytest.raises(ResultError, match=r"damaged|cannot be"), Store(tmp_path) as store:
        assert store.damaged() == {}


def test_no_store_is_no_grid(tmp_path: Path) -> None:
    assert not is_grid(tmp_path)
    with pytest.raises(ResultError, match="must hold a grid"):
        Store(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_store_that_is_taken_away_is_missed(tmp_path: Path) -> None:
    folder = _fill(tmp_path / "grid", (0,))
    with Store(folder, writes=True) as store:
        shutil.rmtree(folder)
        with pytest.raises(ResultError, match="was removed"):
            store.write(_made("cell1"))


def test_a_table_has_the_keys_first_and_the_order_of_the_grid(tmp_path: Path) -> None:
    _fill(tmp_path, (3, 0, 2))
    with Store(tmp_path) as store:
        table = tidy_table(store, GRID, "accuracy")
    assert list(table.columns) == ["digits", "seed", "label", "n", "rate", "hit"]
    assert table[["digits", "seed"]].to_numpy().tolist() == [
        *[["3,6", 1]] * 2,
        *[["3,6,1", 1]] * 2,
        *[["3,6,1", 2]] * 2,
    ]
    text = write_table(table, None, "csv")
    assert text is not None
    assert text.splitlines()[:3] == [
        "digits,seed,label,n,rate,hit",
        '"3,6",1,a,3,0.3333333333,True',
        '"3,6",1,b,4,,False',
    ]


def test_the_order_of_writing_does_not_matter(tmp_path: Path) -> None:
    extra = Rows((*TABLE.columns, "x: number", "label: text"), [("a", 1, 0.5, True, 2.0, "b")])
    texts = set()
    for number, order in enumerate([(0, 1, 2, 3), (3, 1, 0, 2), (2, 3, 1, 0)]):
        folder = tmp_path / str(number)
        folder.mkdir()
        with Store(folder, writes=True) as store:
            for place in order:
                tables = {"accuracy": extra} if place == 1 else {"accuracy": TABLE}
                store.write(_made(f"cell{place}", tables=tables))
            store.describe(GRID, _places())
            texts.add(write_table(tidy_table(store, GRID, "accuracy"), None, "csv"))
    (text,) = texts
    assert text is not None
    assert text.splitlines()[0] == "digits,seed,label,n,rate,hit,x,label"


def test_versions_are_told_apart_where_there_are_two(tmp_path: Path) -> None:
    _fill(tmp_path)
    with Store(tmp_path, writes=True) as store:
        assert "version" not in tidy_table(store, GRID, "accuracy")
        store.write(_made("cell3", version="v2"))
        versions = tidy_table(store, GRID, "accuracy")["version"]
    assert versions.tolist() == ["v1"] * 6 + ["v2"] * 2


def test_a_column_of_the_name_of_a_key_is_renamed(tmp_path: Path) -> None:
    table = Rows(("seed: integer",), [(7,)])
    _fill(tmp_path, tables={"accuracy": table})
    with Store(tmp_path) as store:
        found = tidy_table(store, GRID, "accuracy")
        assert list(found.columns) == ["digits", "seed", "recall_seed"]
        with pytest.raises(SettingError, match=r"table .*accuracy"):
            tidy_table(store, GRID, "nothing")


def test_tables_for_texts(tmp_path: Path) -> None:
    table = Rows(("a|b: text", "x_1: number"), [("50 %", 0.5)])
    _fill(tmp_path, (0,), tables={"accuracy": table})
    with Store(tmp_path) as store:
        found = tidy_table(store, GRID, "accuracy")
    assert write_table(found, None, "markdown") == (
        "| digits | seed | a\\|b | x_1 |\n| --- | --- | --- | --- |\n| 3,6 | 1 | 50 % | 0.5 |\n"
    )
    latex = write_table(found, None, "latex")
    assert latex is not None
    assert latex.splitlines()[1:4] == [
        r"digits & seed & a\textbar{}b & x\_1 \\",
        r"\hline",
        r"3,6 & 1 & 50 \% & 0.5 \\",
    ]
    write_table(found, tmp_path / "t.parquet", "parquet")
    import pandas as pd

    assert pd.read_parquet(tmp_path / "t.parquet").to_dict() == found.to_dict()
    with pytest.raises(SettingError, match=r"out .*parquet"):
        write_table(found, None, "parquet")


def test_shards_come_together(tmp_path: Path) -> None:
    whole = _fill(tmp_path / "whole")
    one, two = _fill(tmp_path / "one", (0, 2)), _fill(tmp_path / "two", (1, 2, 3))
    out = tmp_path / "out"
    out.mkdir()
    grid, taken = merge([one, two], out, accept_version=False)
    assert taken == 4
    assert merge([one, two], out, accept_version=False)[1] == 0
    with Store(out) as store:
        assert store.damaged() == {}
        merged = write_table(tidy_table(store, grid, "accuracy"), None, "csv")
    with Store(whole) as store:
        assert merged == write_table(tidy_table(store, GRID, "accuracy"), None, "csv")


FOREIGN = dataclasses.replace(GRID, fixed={"tests": 3})


def test_shards_that_do_not_belong_together_are_refused(tmp_path: Path) -> None:
    one, other = _fill(tmp_path / "one"), _fill(tmp_path / "other", version="v2")
    differing = Rows(TABLE.columns, TABLE.rows[:1])
    wrong = _fill(tmp_path / "wrong", tables={"accuracy": differing})
    foreign, out = tmp_path / "foreign", tmp_path / "out"
    foreign.mkdir()
    with Store(foreign, writes=True) as store:
        store.describe(FOREIGN, _places())
    for shards, words in (
        ([one, other], "--accept-version"),
        ([one, wrong], "another than in"),
        ([one, foreign], "foreign: must be of the grid that"),
    ):
        with pytest.raises(ResultError, match=words):
            merge(shards, out, accept_version=False)
    assert not out.exists()
    out.mkdir()
    assert merge([one, other], out, accept_version=True)[1] == 4


def test_what_is_there_already_decides_what_may_come_to_it(tmp_path: Path) -> None:
    one, out = _fill(tmp_path / "one"), _fill(tmp_path / "out", (0,), version="v2")
    before = (out / FILE).read_bytes()
    with pytest.raises(ResultError, match="--accept-version"):
        merge([one], out, accept_version=False)
    assert (out / FILE).read_bytes() == before
    assert merge([one], out, accept_version=True)[1] == 3
    with Store(out, writes=True) as store:
        store.describe(FOREIGN, _places())
    before = (out / FILE).read_bytes()
    with pytest.raises(ResultError, match="out: "):
        merge([one], out, accept_version=True)
    assert (out / FILE).read_bytes() == before


def test_damaged_cells_of_a_shard_are_refused_and_those_of_the_whole_made_good(
    tmp_path: Path,
) -> None:
    good, bad = _fill(tmp_path / "good"), _fill(tmp_path / "bad")
    sql = sqlite3.connect(bad / FILE)
    sql.execute("UPDATE cells SET config = '{}' WHERE cell = 'cell1'")
    sql.commit()
    sql.close()
    with pytest.raises(ResultError, match="cell1"):
        merge([good, bad], tmp_path / "out", accept_version=False)
    assert not (tmp_path / "out").exists()
    assert merge([good], bad, accept_version=False)[1] == 1
    with Store(bad) as store:
        assert store.damaged() == {}


def test_a_store_of_another_format_is_refused(tmp_path: Path) -> None:
    _fill(tmp_path)
    sql = sqlite3.connect(tmp_path / FILE)
    sql.execute("UPDATE meta SET value = '2' WHERE name = 'format'")
    sql.commit()
    sql.close()
    with pytest.raises(ResultError, match="1, found '2'"), Store(tmp_path):
        pass


def test_a_checksum_is_of_kinds_too() -> None:
    assert Rows(("a: integer",), [(1,)]).checksum != Rows(("a: number",), [(1,)]).checksum
    assert Rows(("a: integer",), [(1,)]).checksum != Rows(("a: integer",), [(1.0,)]).checksum
    assert json.loads(json.dumps(Rows(("a: number",), [(None,)]).rows)) == [[None]]
