"""Declared tables agree with written ones; each form of a value is kept."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import CHECKOUT

from hopcli.catalogue import CATALOGUE
from hopcli.results.tables import as_csv
from hopcli.tables import Column, Columns, Table, columns

RESULTS = CHECKOUT / "results"
COMMITTED = [
    (path.parent.name, path.stem)
    for command in CATALOGUE
    for path in sorted(RESULTS.glob(f"*/{command}.json"))
]
ROWS = [("3", 1, 0.5, 0.25, True), ("6", 2, np.nan, 0.125, False), ("3", 3, 2.0, 0.5, True)]
MADE = Table("made", columns("label: text, n: integer, x, x_sem, hit: boolean")).rows(ROWS)


@pytest.mark.parametrize(("folder", "command"), COMMITTED, ids="/".join)
def test_committed_tables_are_as_declared(folder: str, command: str) -> None:
    manifest = json.loads((RESULTS / folder / f"{command}.json").read_text(encoding="utf-8"))
    declared = {table.name: table for table in CATALOGUE[command].tables}
    known = list(manifest["tables"])
    assert known == [name for name in declared if name in known]
    for name, heads in manifest["tables"].items():
        table = declared[name]
        for head in heads:
            column, kind = head.rsplit(": ", 1)
            assert column in table
            assert table.column(column).kind == kind
        found = [head.rsplit(": ", 1)[0] for head in heads]
        exact = [column for column in found if column in table.names]
        in_order = [column for column in table.names if column in exact]
        if name != "confusion":  # whose columns per pattern stand in between
            assert exact == in_order


@pytest.mark.parametrize("command", CATALOGUE)
def test_one_number_of_each_experiment_is_its_headline(command: str) -> None:
    tables = CATALOGUE[command].tables
    (table,) = (table for table in tables if table.headline)
    assert {*table.where, *(table.column(table.headline).counts or ())} <= {*table.names}
    assert CATALOGUE[command].headline.value == table.headline
    for each in tables:
        assert len({*each.names}) == len(each.names)
        assert {column.interval_of for column in each.columns} <= {"", *each.names}
        assert f"{each.name}.csv" in CATALOGUE[command].manual


def test_each_error_belongs_to_its_estimate() -> None:
    both = columns("a ± sem .ci, b ± ci")
    values = {"a": [1.0], "a_sem": [0.5], "b": [2.0], "b_ci_low": [1.5], "b_ci_high": [3.0]}
    table = Table("t", both)
    made = table.of({**values, "ci_low": [0.75], "ci_high": [1.5]})
    assert [end.tolist() for end in made.interval("a") or ()] == [[0.75], [1.5]]
    assert [end.tolist() for end in made.interval("b") or ()] == [[1.5], [3.0]]
    only_sem = table.of(values).interval("a")
    assert only_sem is not None
    assert np.concatenate(only_sem) == pytest.approx([0.02, 1.98], abs=1e-4)
    assert made.interval("ci_low") is None
    assert made.interval("b", "a_sem") is not None


def test_an_average_has_its_own_interval() -> None:
    for command in CATALOGUE:
        headline = CATALOGUE[command].headline
        over = headline.averaged().estimate(headline.value)
        ends = {over.low, over.high, over.sem, f"{headline.value}_sd", headline.value}
        assert len(ends) == 5
        assert ends <= {*over.table.names}
        assert (over.low, over.high) == (headline.low, headline.high)


def test_rows_are_chosen_by_value_and_place() -> None:
    assert MADE.where(n=1, label="3")["x"].tolist() == [0.5]
    assert MADE.matching({"n": "2", "nothing": 1})["label"].tolist() == ["6"]
    assert MADE.take([2, 0])["n"].tolist() == [3, 1]
    assert MADE.row(-1) == {"label": "3", "n": 3, "x": 2.0, "x_sem": 0.5, "hit": True}
    assert [*MADE.only(["hit", "n"]).rows()] == [(True, 1), (False, 2), (True, 3)]
    joined = Columns.joined([MADE, MADE.take(slice(1))])
    assert (len(joined), joined.heads) == (4, MADE.heads)


def test_a_file_has_ten_digits_and_blanks() -> None:
    table = Table("t", (Column("a,b", "text"), Column("x"), Column("n", "integer")))
    rows = [("=1+1", 1 / 3, 10**15), ('say "a"', np.nan, -1), ("", np.inf, 0), ("a\nb", 1e-300, 7)]
    text = as_csv(table.rows(rows))
    assert text.splitlines()[:4] == [
        '"a,b",x,n',
        "'=1+1,0.3333333333,1000000000000000",
        '"say ""a""",,-1',
        ",inf,0",
    ]
    assert text.endswith('"a\nb",1e-300,7\n')
    assert as_csv(table.rows([])) == '"a,b",x,n\n'


def test_tables_without_rows_keep_their_kinds() -> None:
    empty = Table("t", columns("label: text, n: integer, x, hit: boolean")).rows([])
    assert empty.heads == ["label: text", "n: integer", "x: number", "hit: boolean"]
    assert len(empty) == 0


def test_a_single_value_is_repeated() -> None:
    table = Table("t", columns("label: text, n: integer"))
    made = table.of({"label": "a", "n": [1, 2, 3]})
    assert made["label"].tolist() == ["a"] * 3
