"""The figure of ``hopcli capacity``: every series is that of its rule and size."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.container import ErrorbarContainer
from test_plots import Run, run, texts, with_table, words

from hopcli.config import CapacityConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

RULES = ("hebbian", "storkey", "pseudo-inverse")
SIZES = (30, 50)
LOADS = (0.08, 0.15, 0.3, 0.5)


@pytest.fixture(scope="module")
def capacity() -> Run:
    return run(CapacityConfig(rule=RULES, sizes=SIZES, loads=LOADS, draws=4, tests=10))


class Series(NamedTuple):
    """A line with error bars, as one sees it."""

    looks: tuple[Any, ...]
    faint: bool
    is_open: bool
    points: NDArray[np.float64]
    bars: NDArray[np.float64] | None


def series(axes: Axes) -> Iterator[Series]:
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        line, _, bars = container.lines
        assert line is not None
        yield Series(
            (to_hex(line.get_color()), str(line.get_marker())),
            line.get_alpha() != 1,
            line.get_markerfacecolor() == "white",
            np.array(line.get_xydata()),
            np.array(bars[0].get_segments()) if bars else None,
        )


def panels(figure: Figure) -> tuple[Axes, Axes]:
    fixed, relaxed = sorted(
        (axes for axes in figure.axes if axes.axison), key=lambda axes: axes.get_position().x0
    )
    return fixed, relaxed


def looks(figure: Figure) -> dict[str, tuple[Any, ...]]:
    """How each rule looks, by the sample at the left of its name."""
    found, page = {}, figure.axes[0]
    for text in texts(figure):
        if text.get_text() in RULES:
            x, y = text.get_position()
            (sample,) = (
                line
                for line in page.lines
                if np.allclose(line.get_ydata(), y) and 0 < x - np.max(line.get_xdata()) < 0.2
            )
            found[text.get_text()] = (to_hex(sample.get_color()), str(sample.get_marker()))
    return found


def rows(run: Run, rule: str, size: int) -> pd.DataFrame:
    table = run.result.tables["capacity"]
    return table[(table["rule"] == rule) & (table["size"] == size)]


def check_series(run: Run, found: list[Series], rule: str, size: int, name: str) -> None:
    """Hold the one series that looks like this to its rows of the table."""
    look = looks(run.figures()["capacity"])[rule]
    (one,) = (
        some
        for some in found
        if some.looks == look
        and some.faint == (size != max(SIZES))
        and some.is_open == (name == "overlap_flipped")
    )
    own = rows(run, rule, size)
    assert own["load"].tolist() == list(LOADS)
    np.testing.assert_allclose(one.points, own[["load", name]])
    assert one.bars is not None
    np.testing.assert_allclose(one.bars[:, :, 0], np.stack([own["load"]] * 2, axis=1))
    np.testing.assert_allclose(
        one.bars[:, :, 1], own[[f"{name}_ci_low", f"{name}_ci_high"]], atol=1e-9
    )


def test_each_rule_has_a_look_of_its_own(capacity: Run) -> None:
    found = looks(capacity.figures()["capacity"])
    assert set(found) == set(RULES)
    assert len(set(found.values())) == len(RULES)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("rule", RULES)
def test_every_series_is_that_of_its_rule_and_size(capacity: Run, rule: str, size: int) -> None:
    fixed, relaxed = panels(capacity.figures()["capacity"])
    check_series(capacity, list(series(fixed)), rule, size, "fixed")
    for name in ("overlap_pattern", "overlap_flipped"):
        check_series(capacity, list(series(relaxed)), rule, size, name)


def test_there_is_no_other_series_and_no_two_are_alike(capacity: Run) -> None:
    fixed, relaxed = panels(capacity.figures()["capacity"])
    assert len(list(series(fixed))) == 6
    assert len(list(series(relaxed))) == 12
    table = capacity.result.tables["capacity"]
    seen = set()
    for rule in RULES:
        for size in SIZES:
            for name in ("fixed", "overlap_pattern", "overlap_flipped"):
                seen.add((*rows(capacity, rule, size)[name].round(9),))
    assert len(seen) >= 14, "this test takes series that can be told apart"
    assert len(table) == 24


def test_axes_are_named_and_reach_over_all_loads(capacity: Run) -> None:
    fixed, relaxed = panels(capacity.figures()["capacity"])
    assert "fixed" in fixed.get_ylabel()
    assert "m" in relaxed.get_ylabel().split()
    for axes in (fixed, relaxed):
        assert axes.get_xlabel() == "load p / N"
        assert axes.get_xlim()[0] == 0
        assert axes.get_xlim()[1] > max(LOADS)
        assert axes.get_ylim()[0] < 0
        assert axes.get_ylim()[1] > 1


def theory(axes: Axes, style: str = ":") -> dict[str, float]:
    """Where the dotted (or other) upright lines stand, by colour."""
    return {
        to_hex(line.get_color()): float(np.unique(np.array(line.get_xdata()))[0])
        for line in axes.lines
        if line.get_linestyle() == style and len(set(np.array(line.get_xdata()).tolist())) == 1
    }


def test_dotted_lines_are_the_theory_at_the_largest_size_as_far_as_the_axis_reaches(
    capacity: Run,
) -> None:
    figure = capacity.figures()["capacity"]
    fixed, relaxed = panels(figure)
    look = looks(figure)
    hebbian, storkey, pseudo = (look[rule][0] for rule in RULES)
    expected = {hebbian: 1 / (2 * np.log(50)), storkey: 1 / np.sqrt(2 * np.log(50))}
    assert theory(fixed) == pytest.approx(expected)
    assert theory(fixed, "-.") == pytest.approx({hebbian: 1 / (4 * np.log(50))})
    assert theory(relaxed) == {hebbian: 0.138}, "0.138 is of overlaps, not of fixed points"
    assert theory(relaxed, "-.") == {}
    table = capacity.result.tables["theory"]
    assert len(table) == 10
    moved = table.copy()
    moved["load"] = moved["load"].where(moved["rule"] != "pseudo-inverse", 0.44)
    other, _ = panels(with_table(capacity, "theory", moved).figures()["capacity"])
    assert theory(other) == pytest.approx(expected)
    assert theory(other, "-.")[pseudo] == 0.44


def test_a_level_line_shows_where_flipped_starts_begin(capacity: Run) -> None:
    fixed, relaxed = panels(capacity.figures()["capacity"])

    def levels(axes: Axes) -> list[float]:
        ends = (np.array(line.get_ydata()) for line in axes.lines if line.get_linestyle() == "--")
        return [float(y[0]) for y in ends if len(y) == 2 and y[0] == y[1]]

    assert levels(relaxed) == pytest.approx([0.8])
    assert levels(fixed) == []
    assert "m = 0.8" in words(capacity.figures()["capacity"])


def test_the_caption_says_what_was_stored_and_what_theory_says(capacity: Run) -> None:
    said = words(capacity.figures()["capacity"])
    for fact in (
        "hebbian 0.128, storkey 0.358;",
        "hebbian 0.138;",
        "hebbian 0.0639, pseudo-inverse 1.",
        "10 %",
        "4 draws",
        "N = 50 spins; faint: N = 30;",
    ):
        assert fact in said, fact


@pytest.fixture(scope="module")
def images() -> Run:
    """A single draw of images."""
    return run(
        CapacityConfig(
            rule=("pseudo-inverse",),
            patterns="images",
            loads=(0.01, 0.02),
            draws=1,
            flips=0.05,
            tests=5,
        )
    )


def test_a_single_draw_has_no_bars(images: Run) -> None:
    for axes in panels(images.figures()["capacity"]):
        for one in series(axes):
            assert one.bars is None
    said = words(images.figures()["capacity"])
    assert "over 1 draw of" in said
    assert "faint" not in said
    assert "mnist:train" in said
    assert "5 %" in said


def crosses(axes: Axes) -> list[float]:
    """Loads that are marked as not learnt."""
    return [
        float(x)
        for line in axes.lines
        if line.get_label() == "not learnt"
        for x in np.array(line.get_xdata())
    ]


def test_what_could_not_be_stored_has_crosses_and_no_points(images: Run) -> None:
    assert crosses(panels(images.figures()["capacity"])[0]) == []
    table = images.result.tables["capacity"].copy()
    for name in ("fixed", "overlap_pattern", "overlap_flipped"):
        table.loc[1, [name, f"{name}_ci_low", f"{name}_ci_high"]] = np.nan
    table.loc[1, "learnt"] = 0
    changed = dataclasses.replace(images.result, tables={**images.result.tables, "capacity": table})
    figure = Run(images.config, changed).figures()["capacity"]
    fixed, relaxed = panels(figure)
    for some in (*series(fixed), *series(relaxed)):
        assert np.isnan(some.points[:, 1]).tolist() == [False, True]
    assert crosses(fixed) == [0.02]
    assert "(pseudo-inverse 0.02)" in words(figure)


def test_loads_at_which_some_draws_were_not_learnt_are_told(capacity: Run) -> None:
    table = capacity.result.tables["capacity"].copy()
    table.loc[(table["rule"] == "storkey") & (table["load"] > 0.2), "learnt"] = 3
    figure = with_table(capacity, "capacity", table).figures()["capacity"]
    assert "storkey 0.3 to 0.5" in words(figure)
    assert crosses(panels(figure)[0]) == []
    for word in ("Crosses", "draws alone"):
        assert word not in words(capacity.figures()["capacity"])
