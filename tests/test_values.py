"""Comparison of two tables or files of arrays: exactly the differences are reported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hopcli.results.tables import Found, Values, compare_arrays, compare_tables, write_arrays
from hopcli.tables import Columns, Table, ends_of

TABLE = pd.DataFrame({"label": ["3", "", "nan", "007"], "count": [1, 2, 3, 2**53]})
TABLE["rate"] = [0.25, np.nan, 1e-300, np.inf]
TABLE["recalled"] = [True, False, True, False]
TABLE["outcome"] = ["own", "", "NA", "own"]


@pytest.mark.parametrize(
    ("column", "row", "value", "expected"),
    [
        ("rate", 0, 0.5, Values("rate", 4, 1, "label = 3", (0.25, 0.5), 0.25)),
        ("rate", 3, 1.0, Values("rate", 4, 1, "label = 007", (np.inf, 1.0), np.inf)),
        ("count", 2, 5, Values("count", 4, 1, "label = nan", (3, 5), 2.0)),
        ("recalled", 0, False, Values("recalled", 4, 1, "label = 3", (True, False), None)),
        ("outcome", 2, "nan", Values("outcome", 4, 1, "label = nan", ("NA", "nan"), None)),
        ("outcome", 2, "new", Values("outcome", 4, 1, "label = nan", ("NA", "new"), None)),
    ],
)
def test_one_value_is_found(column: str, row: int, value: object, expected: Values) -> None:
    """Among gaps, texts that look like gaps, and infinities, which do not differ."""
    assert tables(TABLE, changed(column, row, value)) == ((), (expected,))
    assert tables(TABLE, TABLE) == tables(TABLE.iloc[:0], TABLE.iloc[:0]) == ((), ())


def test_a_number_where_there_was_none_differs_by_nothing_that_is_known() -> None:
    both = changed("rate", 1, 3.0)
    lacks, (found,) = tables(TABLE, both)
    assert (lacks, found.n_differ, found.largest) == ((), 1, None)
    assert np.isnan(found.pair[0])
    assert found.pair[1] == 3.0
    both.loc[0, "rate"] = 0.5
    _, (found,) = tables(TABLE, both)
    assert (found.n_differ, found.largest, found.where) == (2, 0.25, "label = 3")


def tables(a: pd.DataFrame, b: pd.DataFrame) -> Found:
    """Compare two tables."""
    errors = (*ends_of("rate", "ci", alone="ci_low" in a), *ends_of("m", "sem"))
    return compare_tables(*(Columns.of_frame(each, Table("t", errors)) for each in (a, b)))


def changed(column: str, row: int, value: Any) -> pd.DataFrame:
    table = TABLE.copy()
    table.loc[row, column] = value
    return table


def only(lacks: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the number of rows that only one has, of how many, and on which side."""
    return [(" ".join(text.split()[:3]), text[-1]) for text in lacks]


def test_rows_are_matched_by_what_tells_them_apart() -> None:
    a = pd.DataFrame(
        {"rule": ["h", "h", "s", "s"], "load": [0.1, 0.2, 0.1, 0.2], "fixed": [1.0, 0.5, 1.0, 0.9]}
    )
    assert tables(a, a.iloc[[2, 0, 3, 1]]) == ((), ())
    b = pd.DataFrame({"rule": ["s", "h", "h"], "load": [0.2, 0.3, 0.1], "fixed": [0.9, 0.2, 0.75]})
    lacks, (found,) = tables(a, b)
    assert only(lacks) == [("2 of 4", "A"), ("1 of 3", "B")]
    assert found == Values("fixed", 2, 1, "rule = h, load = 0.1", (1.0, 0.75), 0.25)


def test_rows_that_nothing_tells_apart_are_compared_in_order() -> None:
    a = pd.DataFrame({"kind": ["a", "a", "b"], "n": [1, 1, 1]})
    lacks, (found,) = tables(a, a.assign(n=[1, 3, 1]))
    assert (lacks, found.where, found.pair) == ((), "row 2", (1, 3))
    lacks, values = tables(a, a.iloc[:2])
    assert (only(lacks), values) == ([("1 of 3", "A")], ())
    spectrum = pd.DataFrame({"eigenvalue": [3.0, 2.0, 1.0], "n": [1, 1, 1]})
    found_all = tables(spectrum, spectrum.assign(eigenvalue=[3.5, 2.25, 1.125]))
    assert found_all == ((), (Values("eigenvalue", 3, 3, "row 1", (3.0, 3.5), 0.5),))


def test_columns_that_only_one_has_are_told_and_the_rest_compared() -> None:
    a = pd.DataFrame([["x", 1, 2, 3]], columns=["label", "none", "none", "a"])
    b = pd.DataFrame([["x", 1, 5, 3]], columns=["label", "none", "none", "b"])
    lacks, (found,) = tables(a, b)
    assert [(text.split("'")[1], text[-1]) for text in lacks] == [("a", "A"), ("b", "B")]
    assert found == Values("none (2)", 1, 1, "label = x", (2, 5), 3.0)


def test_whole_numbers_and_fractions_are_numbers() -> None:
    counts = TABLE[["label", "count"]].iloc[:3]
    _, (found,) = tables(counts, counts.assign(count=[1.0, 2.5, 3.0]))
    assert found == Values("count", 3, 1, "", (2, 2.5), 0.5)


INTERVALS = [
    # value and interval in A and in B, and whether they agree
    ((0.50, 0.40, 0.60), (0.55, 0.45, 0.65), True),
    ((0.50, 0.40, 0.60), (0.63, 0.53, 0.73), True),  # 0.13 < sqrt(0.1² + 0.1²)
    ((0.50, 0.40, 0.60), (0.65, 0.55, 0.75), False),
    ((0.65, 0.55, 0.75), (0.50, 0.40, 0.60), False),
    ((0.50, 0.40, 0.51), (0.63, 0.53, 0.73), False),  # above, A reaches less far
    ((0.63, 0.53, 0.64), (0.50, 0.40, 0.60), True),  # below, it reaches as far
    ((1.00, 1.00, 1.00), (0.99, 0.99, 0.99), False),
    ((1.00, 0.96, 1.00), (0.97, 0.90, 0.99), True),
]


@pytest.mark.parametrize("start", ["", "rate_"])
@pytest.mark.parametrize(("a", "b", "agree"), INTERVALS)
def test_intervals_say_whether_two_numbers_agree(
    start: str, a: tuple[float, ...], b: tuple[float, ...], agree: bool
) -> None:
    """Two estimates agree if 0 is in the interval of their difference."""
    columns = ["label", "rate", "sd_repeats", f"{start}ci_low", f"{start}ci_high"]
    of_a, of_b = (pd.DataFrame([["x", v[0], 0.1, *v[1:]]], columns=columns) for v in (a, b))
    _, (found, *others) = tables(of_a, of_b)
    assert (found.name, found.n_bounded, found.n_beyond) == ("rate", 1, int(not agree))
    assert all(other.n_bounded == 0 for other in others)


def test_standard_errors_say_so_too() -> None:
    """The bound is 1.96 standard errors, each way."""
    a = pd.DataFrame({"t": range(6), "m": [0.5] * 6, "m_sem": [0.03, 0.03, 0.03, 0.0, np.nan, 1]})
    step = 0.03 * 2**0.5
    b = a.assign(m=[0.5 + 1.95 * step, 0.5 + 1.97 * step, 0.5 - 1.97 * step, 0.6, 0.6, 0.5])
    for pair in ((a, b), (b, a)):
        _, (found,) = tables(*pair)
        assert (found.n_differ, found.n_bounded, found.n_beyond) == (5, 4, 3)


def test_arrays_are_compared_by_name_shape_and_value(tmp_path: Path) -> None:
    spins = np.array([[1, -1, 1], [1, 1, -1]], np.int8)
    same = {"spins": spins, "m": [0.5, np.nan], "names": ["a", "日本"], "flags": [True, False]}
    a = same | {"one": 3.0, "old": np.zeros(2), "short": np.zeros(2)}
    b = same | {"one": 3.0, "new": np.zeros(1), "short": np.zeros((2, 1))}
    other = {"spins": spins * [[1, 1, 1], [1, 1, -1]], "m": [0.75, np.nan], "names": ["a", "b"]}
    paths = [tmp_path / name for name in ("a.npz", "b.npz", "c.npz")]
    c = b | other | {"flags": [False, False], "one": 5.0}
    for arrays, path in zip((a, b, c), paths, strict=True):
        write_arrays({name: np.array(values) for name, values in arrays.items()}, path)
    lacks, values = compare_arrays(*paths[:2])
    assert [(text.split("'")[1], text[-1]) for text in lacks[:2]] == [("old", "A"), ("new", "B")]
    assert all(part in lacks[2] for part in ("short", "(2,)", "(2, 1)"))
    assert values == ()
    assert compare_arrays(paths[0], paths[2])[1] == (
        Values("spins", 6, 1, "[1,2]", (-1, 1), 2.0),
        Values("m", 2, 1, "[0]", (0.5, 0.75), 0.25),
        Values("names", 2, 1, "[1]", ("日本", "b"), None),
        Values("flags", 2, 1, "[0]", (True, False), None),
        Values("one", 1, 1, "", (3.0, 5.0), 2.0),
    )
