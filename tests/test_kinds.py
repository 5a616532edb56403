"""Kinds of settings: what each takes from a flag and from a file, and what it refuses."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli import kinds
from hopcli.config import notations
from hopcli.kinds import Kind, RefusedError, show

WHOLE = kinds.integer(1)
BYTE = kinds.integer(0, 255)
FINITE = kinds.number(-math.inf)
COLD = kinds.number(0)
RATE = kinds.number(0, 1, above=True)
RULE = kinds.choice(("hebbian", "storkey"))
TESTS = kinds.word_or_integer("all", 1)


def _flag(kind: Kind, text: str) -> object:
    return kind.check(kind.read(text))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (WHOLE, "7", 7),
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
        (kinds.label(), "4", "4"),
        (kinds.labels(), "3,6, 1", ("3", "6", "1")),
        (kinds.labels(), "house", ("house",)),
        (kinds.indices(), "56,9", (56, 9)),
        (kinds.word("FILE"), "a b.npz", "a b.npz"),
        (notations.attempts(), "392", 392),
        (notations.attempts(), "N/2", "N/2"),
        (notations.attempts(), "2N", "2N"),
        (notations.attempts(), "3N/4", "3N/4"),
        (notations.attempts(), "N / 2", "N/2"),
        (notations.grid(), "0.5", (0.5,)),
        (notations.grid(), "0,0.5,2", (0.0, 0.5, 2.0)),
        (notations.grid(), "0:1:0.5", (0.0, 0.5, 1.0)),
        (notations.grid(), "0:0.9:0.5", (0.0, 0.5)),
        (notations.grid(), "2:2:1", (2.0,)),
    ],
)
def test_a_flag_is_read(kind: Kind, text: str, value: object) -> None:
    assert _flag(kind, text) == value


def _short(value: object) -> str:
    return value.metavar if isinstance(value, Kind) else repr(value)[:30]


NOT_WHOLE = ["", "x", "1.5", "1e3", "0x10", "nan", "inf", "1,2", "9" * 5000]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        *((WHOLE, text) for text in [*NOT_WHOLE, "0", "-3"]),
        *((BYTE, text) for text in [*NOT_WHOLE, "256", "-1"]),
        *((TESTS, text) for text in [*NOT_WHOLE, "0", "ALL", "some"]),
        *((COLD, text) for text in ["", "x", "0,2", "-0.1", "nan", "inf", "-inf", "1e999"]),
        *((RATE, text) for text in ["0", "1.0001", "nan", "-1"]),
        *((FINITE, text) for text in ["nan", "-inf", "inf", "one"]),
        *((RULE, text) for text in ["", "HEBBIAN", "hebbian ,", "hebb"]),
        *((kinds.label(), text) for text in ["", "  "]),
        *((kinds.labels(), text) for text in ["", ",", "1,,2", "1,1", "1, 1"]),
        *((kinds.indices(), text) for text in ["", "1,,2", "1,1", "-1", "1.0", "a"]),
        *((kinds.word("FILE"), text) for text in ["", " "]),
        *(
            (notations.attempts(), text)
            for text in ["", "0", "-1", "N/0", "0N", "n/2", "N/", "N*2", "1.5", "N/2/2", "9" * 5000]
        ),
        *(
            (notations.grid(), text)
            for text in [
                "",
                "a",
                "1,",
                "1,1",
                "1,0.5",
                "-1,0",
                "nan",
                "inf",
                "0.1:1.9",
                "0.1:1.9:0",
                "0.1:1.9:-0.1",
                "1:0:0.1",
                "0:1:nan",
                "nan:1:0.1",
                "0:inf:1",
                "inf:inf:1",
                "0:1e9:1e-9",
                "0:1:0.1:2",
                "1:1:1:geometric",
            ]
        ),
    ],
    ids=_short,
)
def test_a_flag_is_refused_with_the_rule(kind: Kind, text: str) -> None:
    with pytest.raises(RefusedError, match=r"^must "):
        _flag(kind, text)


HUGE = 10**400  # a whole number in TOML, but no float64

OTHER_TYPES: list[tuple[Kind, list[Any]]] = [
    (WHOLE, [True, 1.0, "1", [1], None, {}, date(2020, 1, 1)]),
    (COLD, [True, "0.2", [0.2], None, {"x": 1}, math.nan, -1, HUGE]),
    (RULE, [1, True, ["hebbian"], {"hebbian": 1}, None]),
    (TESTS, [True, "12", 5.0, ["all"], 0]),
    (kinds.switch(), [0, 1, "yes", "true", None, []]),
    (kinds.label(), [True, 4.0, ["4"], None, {}]),
    (kinds.labels(), [[], [True], [""], ["1", 1], 4.0, None, {"3": 1}]),
    (kinds.labels(), [[[3]], [{}], [3.0], [None]]),
    (kinds.indices(), [[], [1.0], ["1"], [True], [-1], [1, 1], {1: 1}]),
    (kinds.word("FILE"), [3, None, [], True]),
    (notations.attempts(), [True, 1.5, 0, ["N"], None, "N/2N"]),
    (notations.grid(), [[], [0.5, "1"], [[0.5]], [True], [1, 1], [2, 1], {}, [math.nan], [HUGE]]),
]


@pytest.mark.parametrize(
    ("kind", "value"),
    [(kind, value) for kind, values in OTHER_TYPES for value in values],
    ids=_short,
)
def test_a_value_of_another_type_is_refused_with_the_rule(kind: Kind, value: object) -> None:
    with pytest.raises(RefusedError, match=r"^must "):
        kind.check(value)


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        (COLD, 1, 1.0),
        (kinds.label(), 4, "4"),
        (kinds.labels(), [3, "6"], ("3", "6")),
        (kinds.labels(), "3,6", ("3", "6")),
        (kinds.indices(), [9, 56], (9, 56)),
        (notations.grid(), [0, 0.5], (0.0, 0.5)),
        (notations.grid(), "0:1:0.5", (0.0, 0.5, 1.0)),
        (notations.attempts(), 784, 784),
    ],
)
def test_a_value_of_a_file_takes_its_final_form(kind: Kind, value: object, kept: object) -> None:
    assert kind.check(value) == kept
    assert type(kind.check(value)) is type(kept)


@pytest.mark.parametrize(
    "kind",
    [WHOLE, COLD, RULE, TESTS, kinds.labels(), kinds.indices(), notations.grid()],
)
def test_what_was_checked_passes_again_unchanged(kind: Kind) -> None:
    text = {"INTEGER": "3", "NUMBER": "0.5"}.get(kind.metavar, "1,2")
    text = kind.choices[0] if kind.choices else text
    text = "all" if kind is TESTS else text
    once = _flag(kind, text)
    assert kind.check(once) == once


@given(st.integers(1, 40), st.integers(0, 300), st.integers(1, 50))
def test_a_grid_has_decimal_points(first: int, steps: int, step: int) -> None:
    """0.1:1.9:0.1 holds 0.3 and not 0.30000000000000004, and reaches its end."""
    last = first + steps * step
    found = _flag(notations.grid(), f"{first / 100}:{last / 100}:{step / 100}")
    assert found == tuple((first + i * step) / 100 for i in range(steps + 1))


@given(st.integers(1, 10**5), st.integers(1, 9), st.integers(1, 9))
def test_attempts_of_a_sweep(n_sites: int, factor: int, divisor: int) -> None:
    assert notations.resolve_attempts("N", n_sites) == n_sites
    assert notations.resolve_attempts(17, n_sites) == 17
    found = notations.resolve_attempts(f"{factor}N/{divisor}", n_sites)
    assert found == max(1, factor * n_sites // divisor)


def test_half_of_784_is_392_and_never_nothing() -> None:
    assert notations.resolve_attempts("N/2", 784) == 392
    assert notations.resolve_attempts("N/2", 1) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [((3, 6, 1), "3,6,1"), (0.2, "0.2"), (20, "20"), ("N/2", "N/2"), (1e-7, "1e-07")],
)
def test_show_spells_a_value_as_its_flag_would(value: object, shown: str) -> None:
    assert show(value) == shown
