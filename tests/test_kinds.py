"""Kinds of settings: what each takes from a flag and from a file, and what it refuses."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli.config import kinds, notations
from hopcli.config.kinds import Kind, RefusedError, show

WHOLE = kinds.integer(1)
BYTE = kinds.integer(0, 255)
FINITE = kinds.number(-math.inf)
COLD = kinds.number(0)
RATE = kinds.number(0, 1, above=True)
RULE = kinds.choice(("hebbian", "storkey"))
TESTS = kinds.word_or_integer("all", 1)
LABEL, LABELS, INDICES, FILE = kinds.label(), kinds.labels(), kinds.indices(), kinds.word("FILE")
ATTEMPTS, GRID = notations.attempts(), notations.grid()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (WHOLE, " 7 ", 7),
        (BYTE, "0", 0),
        (BYTE, "255", 255),
        (COLD, "0", 0.0),
        (COLD, "1e-3", 0.001),
        (FINITE, "-2.5", -2.5),
        (RATE, "1", 1.0),
        (RULE, "storkey", "storkey"),
        (TESTS, "all", "all"),
        (TESTS, "12", 12),
        (LABEL, "4", "4"),
        (LABELS, "3,6, 1", ("3", "6", "1")),
        (LABELS, "house", ("house",)),
        (INDICES, "56,9", (56, 9)),
        (INDICES, "3:9:3", (3, 6, 9)),
        (FILE, "a b.npz", "a b.npz"),
        (ATTEMPTS, "392", 392),
        (ATTEMPTS, "3N/4", "3N/4"),
        (ATTEMPTS, "N / 2", "N/2"),
        (GRID, "0.5", (0.5,)),
        (GRID, "0,0.5,2", (0.0, 0.5, 2.0)),
        (GRID, "0:1:0.5", (0.0, 0.5, 1.0)),
        (GRID, "0:0.9:0.5", (0.0, 0.5)),
        (GRID, "2:2:1", (2.0,)),
    ],
)
def test_a_flag_is_read(kind: Kind, text: str, value: object) -> None:
    """And what was checked passes again unchanged."""
    assert kind.check(kind.read(text)) == value == kind.check(value)


NOT_WHOLE = ["", "x", "1.5", "1e3", "0x10", "nan", "inf", "1,2", "9" * 5000, "٣", "1_0"]
REFUSED_TEXTS: list[tuple[Kind, list[Any]]] = [
    (WHOLE, [*NOT_WHOLE, "0", "-3"]),
    (BYTE, [*NOT_WHOLE, "256", "-1"]),
    (TESTS, [*NOT_WHOLE, "0", "ALL", "some"]),
    (COLD, ["", "x", "0,2", "-0.1", "nan", "inf", "-inf", "1e999", "1_0"]),
    (RATE, ["0", "1.0001", "nan", "-1"]),
    (FINITE, ["nan", "-inf", "inf", "one"]),
    (RULE, ["", "HEBBIAN", "hebbian ,", "hebb"]),
    (LABEL, ["", "  "]),
    (LABELS, ["", ",", "1,,2", "1,1", "1, 1"]),
    (INDICES, ["", "1,,2", "1,1", "-1", "1.0", "a", "3:9:0", "3:9", "0:100000:1"]),
    (FILE, ["", " "]),
    (ATTEMPTS, ["", "0", "-1", "N/0", "0N", "n/2", "N/", "N*2", "1.5", "N/2/2", "9" * 5000]),
    (GRID, ["", "a", "1,", "1,1", "1,0.5", "-1,0", "nan", "inf", "0.1:1.9", "1:1:1:geometric"]),
    (GRID, ["0.1:1.9:0", "0.1:1.9:-0.1", "1:0:0.1", "1:0:2", "0:1:nan", "nan:1:0.1", "0:inf:1"]),
    (GRID, ["inf:inf:1", "0:1e9:1e-9", "0:1:0.1:2"]),
]
HUGE = 10**400  # a whole number in TOML, but no float64
REFUSED_VALUES: list[tuple[Kind, list[Any]]] = [
    (WHOLE, [True, 1.0, "1", [1], None, {}, date(2020, 1, 1)]),
    (COLD, [True, "0.2", [0.2], None, {"x": 1}, math.nan, -1, HUGE]),
    (RULE, [1, True, ["hebbian"], {"hebbian": 1}, None]),
    (TESTS, [True, "12", 5.0, ["all"], 0]),
    (kinds.switch(), [0, 1, "yes", "true", None, []]),
    (LABEL, [True, 4.0, ["4"], None, {}]),
    (LABELS, [[], [True], [""], ["1", 1], 4.0, None, {"3": 1}, [[3]], [{}], [3.0], [None]]),
    (INDICES, [[], [1.0], ["1"], [True], [-1], [1, 1], {1: 1}]),
    (FILE, [3, None, [], True]),
    (ATTEMPTS, [True, 1.5, 0, ["N"], None, "N/2N"]),
    (GRID, [[], [0.5, "1"], [[0.5]], [True], [1, 1], [2, 1], {}, [math.nan], [HUGE]]),
]


def _rule(kind: Kind, value: Any, *, as_flag: bool) -> str:
    """The rule by which a value is refused."""
    try:
        return f"taken: {kind.check(kind.read(value) if as_flag else value)}"
    except RefusedError as error:
        return str(error)


def test_anything_else_is_refused_with_a_rule() -> None:
    for table, as_flag in ((REFUSED_TEXTS, True), (REFUSED_VALUES, False)):
        for kind, values in table:
            for value in values:
                rule = _rule(kind, value, as_flag=as_flag)
                assert rule.startswith("must "), (kind.metavar, value, rule)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (COLD, 1, 1.0),
        (LABEL, 4, "4"),
        (LABELS, [3, "6"], ("3", "6")),
        (LABELS, "3,6", ("3", "6")),
        (INDICES, [9, 56], (9, 56)),
        (GRID, [0, 0.5], (0.0, 0.5)),
        (GRID, "0:1:0.5", (0.0, 0.5, 1.0)),
        (ATTEMPTS, 784, 784),
    ],
)
def test_a_value_of_a_file_takes_its_final_form(kind: Kind, value: object, kept: object) -> None:
    assert kind.check(value) == kept
    assert type(kind.check(value)) is type(kept)


@given(st.integers(1, 40), st.integers(0, 300), st.integers(1, 50))
def test_a_grid_has_decimal_points(first: int, steps: int, step: int) -> None:
    """0.1:1.9:0.1 holds 0.3 and not 0.30000000000000004, and reaches its end."""
    last = first + steps * step
    found = GRID.check(GRID.read(f"{first / 100}:{last / 100}:{step / 100}"))
    assert found == tuple((first + i * step) / 100 for i in range(steps + 1))


@given(st.integers(1, 10**5), st.integers(1, 9), st.integers(1, 9))
def test_attempts_of_a_sweep(n_sites: int, factor: int, divisor: int) -> None:
    assert notations.resolve_attempts("N", n_sites) == n_sites
    assert notations.resolve_attempts(17, n_sites) == 17
    found = notations.resolve_attempts(f"{factor}N/{divisor}", n_sites)
    assert found == max(1, factor * n_sites // divisor)
    assert notations.resolve_attempts("N/2", 784) == 392
    assert notations.resolve_attempts("N/2", 1) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [((3, 6, 1), "3,6,1"), (0.2, "0.2"), (20, "20"), ("N/2", "N/2"), (1e-7, "1e-07")],
)
def test_show_spells_a_value_as_its_flag_would(value: object, shown: str) -> None:
    assert show(value) == shown
