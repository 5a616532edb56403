"""The figure of ``hopcli attractors``: the states, and what is said of each."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns
from test_figures_weights import below, write_patterns
from test_plots import Run, images, run, states, texts, words

from hopcli.config import AttractorsConfig
from hopcli.statistics import chao1
from hopcli.storage import store

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.text import Text
    from numpy.typing import NDArray

SHAPE = (3, 5)
XI = random_patterns(3, 4, 15)
RULES = ("hebbian", "storkey")
MOST = 8  # so many of the states are drawn, six in a row


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_patterns(tmp_path_factory.mktemp("attractors") / "four.txt", XI, SHAPE)


@pytest.fixture(scope="module")
def census(dataset: str) -> Run:
    return run(AttractorsConfig(dataset=dataset, rule=RULES, starts=300, most=MOST))


def heading(figure: Figure, rule: str) -> Text:
    (found,) = (text for text in texts(figure) if text.get_text() == rule)
    return found


def by_rule(figure: Figure) -> dict[str, list[Any]]:
    """The pictures under the name of each rule, row by row."""
    tops = {rule: heading(figure, rule).get_position()[1] for rule in RULES}
    assert tops["hebbian"] < tops["storkey"]
    found: dict[str, list[Any]] = {rule: [] for rule in RULES}
    for picture in images(figure, np.int8):
        lower = picture.get_extent()[3] > tops["storkey"]
        found["storkey" if lower else "hebbian"].append(picture)
    return {
        rule: sorted(some, key=lambda picture: (picture.get_extent()[3], picture.get_extent()[0]))
        for rule, some in found.items()
    }


def spins_of(picture: Any) -> NDArray[np.int8]:
    spins: NDArray[np.int8] = np.array(picture.get_array())[::26, ::26].ravel()
    return spins


def test_the_states_are_the_most_frequent_ones_most_frequent_first(census: Run) -> None:
    table = census.result.tables["attractors"]
    assert (table["rule"] == "hebbian").sum() > MOST, "this test takes more states than are drawn"
    for rule, pictures in by_rule(census.figures()["attractors"]).items():
        own = table[table["rule"] == rule]
        assert len(pictures) == min(MOST, len(own))
        kept = census.result.arrays["attractors"][rule]
        np.testing.assert_array_equal([spins_of(picture) for picture in pictures], kept)
        told = [below(census.figures()["attractors"], picture)[0] for picture in pictures]
        often = sorted(own["count"], reverse=True)[:MOST]
        assert told == [f"{100 * count / 300:.3g} %" for count in often]


def test_kind_and_energy_below_a_state_are_those_of_the_state(census: Run) -> None:
    figure = census.figures()["attractors"]
    kinds = set()
    for rule, pictures in by_rule(figure).items():
        w = store(XI, rule).dense()
        for picture in pictures:
            state = spins_of(picture).astype(np.float64)
            m = XI @ state / 15
            _, kind, energy = below(figure, picture)
            number = f"{-0.5 * state @ w @ state:.4g}"
            assert energy == f"E = {number}".replace("-", "\N{MINUS SIGN}")
            if kind.startswith("pattern"):
                nearest = int(np.abs(m).argmax())
                assert kind == f"pattern {nearest + 1}"
                assert m[nearest] == 1
            else:
                assert np.abs(m).max() < 1
                assert kind in ("mixture", "fixed point")
            kinds.add(kind)
    assert {"pattern 1", "pattern 2", "pattern 3", "pattern 4", "mixture"} <= kinds


def test_nothing_is_under_the_wrong_picture(census: Run) -> None:
    figure = census.figures()["attractors"]
    lines = [below(figure, picture) for picture in images(figure, np.int8)]
    assert {len(some) for some in lines} == {3}
    energies = [text.get_text() for text in texts(figure) if text.get_text().startswith("E = ")]
    assert sorted(some[2] for some in lines) == sorted(energies)


def test_the_share_of_each_kind_is_told_of_its_own_rule(census: Run) -> None:
    figure = census.figures()["attractors"]
    table = census.result.tables["attractors"]
    lines = {}
    for rule in RULES:
        own = table[table["rule"] == rule]
        parts = []
        for kind in dict.fromkeys(own["kind"]):
            some = own[own["kind"] == kind]
            states = "1 state" if len(some) == 1 else f"{len(some)} states"
            share = some["count"].sum() / 3
            parts.append(f"{kind.replace('-', ' ')} {share:.3g} % ({states})")
        lines[rule] = ", ".join(parts)
        y = heading(figure, rule).get_position()[1]
        near = [text.get_text() for text in texts(figure) if 0 < text.get_position()[1] - y < 0.3]
        assert near == [lines[rule]]
    assert lines["hebbian"] != lines["storkey"]


def test_how_many_attractors_there_may_be_stands_beside_the_rule(census: Run) -> None:
    figure = census.figures()["attractors"]
    table = census.result.tables["attractors"]
    told = set()
    for rule in RULES:
        counts = table.loc[table["rule"] == rule, "count"]
        estimate, low, high = chao1(counts)
        met = f"{len(counts)} of at least {round(estimate)} attractors met"
        y = heading(figure, rule).get_position()[1]
        (text,) = (
            text.get_text()
            for text in texts(figure)
            if text.get_position()[1] == y and text.get_text() != rule
        )
        assert text == f"{met} (95 %: {math.floor(low)} to {math.ceil(round(high, 2))})"
        told.add(text)
    assert len(told) == 2
    assert "Chao" in words(figure)


def test_a_kind_is_written_as_words(census: Run) -> None:
    table = census.result.tables["attractors"].copy()
    own = np.flatnonzero(table["rule"] == "storkey")[:4]
    table.loc[own, "kind"] = ["inverse", "two-cycle", "fixed-point", "unsettled"]
    changed = dataclasses.replace(
        census.result, tables={**census.result.tables, "attractors": table}
    )
    figure = Run(census.config, changed).figures()["attractors"]
    told = [below(figure, picture)[1] for picture in by_rule(figure)["storkey"][:4]]
    nearest = table.loc[own[0], "nearest"]
    assert told == [f"inverse {nearest}", "two cycle", "fixed point", "unsettled"]


def test_the_caption_says_what_was_counted(dataset: str, census: Run) -> None:
    said = words(census.figures()["attractors"])
    for fact in (
        "300 starts",
        "and its inverse",
        "|m| ≥ 0.99",
        "p = 4 patterns (1, 2, 3, 4)",
        "async",
        "200 sweeps",
    ):
        assert fact in said, fact
    config = AttractorsConfig(
        dataset=dataset, starts=20, theta=0.1, dynamics="sync", start="majority"
    )
    other = run(config).figures()["attractors"]
    assert "and its inverse" not in words(other)
    assert "20 starts" in words(other)
    assert "majority" in words(other)
    assert "sync updates" in words(other)
    assert len(states(other, 5)) >= 1
