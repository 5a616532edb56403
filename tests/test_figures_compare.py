"""The figures of ``hopcli compare``: every dot and bar is that of its row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from test_plots import Run, error_bars, plot_axes, run, states, texts, with_table, words

from hopcli.config import CompareConfig

if TYPE_CHECKING:
    import pandas as pd

NAMES = {
    "dynamics": "nearest pattern at the end",
    "recalled": "recalled",
    "dynamics-t0": "nearest at the end, T = 0",
    "recalled-t0": "recalled, T = 0",
    "overlap": "nearest pattern, no dynamics",
    "coefficients": "largest coefficient of Q⁻¹ m",
    "logistic-samples": "logistic regression, samples",
    "logistic": "logistic regression, many images",
}
FEW: dict[str, Any] = {"training": 20, "selector_tests": 20, "candidates": 3, "tuning": 5}


@pytest.fixture(scope="module")
def compare() -> Run:
    return run(CompareConfig(**FEW, tests=40, selector_samples=(3, 9), selections=4))


def _marks(run: Run, figure: str) -> dict[str, tuple[Any, ...]]:
    """How each series is drawn."""
    found = {}
    for container in plot_axes(run.figures()[figure]).containers:
        line = container[0]
        look = (line.get_color(), line.get_marker(), line.get_markerfacecolor())
        found[str(container.get_label())] = look
    return found


def test_each_dot_and_bar_is_that_of_its_classifier_and_label(compare: Run) -> None:
    table: pd.DataFrame = compare.result.tables["classifiers"]
    figure = compare.figures()["classifiers"]
    axes = plot_axes(figure)
    assert [container.get_label() for container in axes.containers] == list(NAMES)
    y_of = {}
    for name in NAMES:
        rows = table[table["classifier"] == name].iloc[[5, 0, 1, 2, 3, 4]]  # overall first
        bars = error_bars(axes, name)
        np.testing.assert_allclose(bars[:, :, 0], 100 * rows[["ci_low", "ci_high"]])
        (line,) = (c[0] for c in axes.containers if c.get_label() == name)
        np.testing.assert_allclose(line.get_xdata(), 100 * rows["accuracy"])
        y_of[name] = np.array(line.get_ydata())
    heights = np.array([*y_of.values()])
    assert np.all(np.diff(heights.T.ravel()) > 0), "one below the other, in groups"
    assert axes.get_xlim()[0] <= 100 * table["ci_low"].min()
    assert len(states(figure)) == 5


def test_heads_are_at_the_middle_of_their_groups(compare: Run) -> None:
    figure = compare.figures()["classifiers"]
    axes = plot_axes(figure)
    lines = np.array([c[0].get_ydata() for c in axes.containers])
    for row, label in enumerate(("overall", "3", "6", "1", "0", "4")):
        (text,) = (t for t in texts(figure) if t.get_text() == label)
        assert text.get_position()[1] == pytest.approx(lines[:, row].mean())


def test_the_legend_says_what_each_comes_to(compare: Run) -> None:
    table: pd.DataFrame = compare.result.tables["classifiers"]
    figure = compare.figures()["classifiers"]
    marks = _marks(compare, "classifiers")
    assert len(set(marks.values())) == len(NAMES)
    canvas = figure.axes[0]
    for name, says in NAMES.items():
        rate = table[table["classifier"] == name]["accuracy"].iloc[-1]
        (entry,) = (t for t in texts(figure) if t.get_text() == f"{100 * rate:.1f}  {says}")
        x, y = entry.get_position()
        (sample,) = (
            line
            for line in canvas.lines
            if np.allclose(line.get_ydata(), y) and np.all(np.asarray(line.get_xdata()) < x)
        )
        look = (sample.get_color(), sample.get_marker(), sample.get_markerfacecolor())
        assert look == marks[name]


def test_each_line_of_selectors_is_that_of_its_rows(compare: Run) -> None:
    table: pd.DataFrame = compare.result.tables["selectors"]
    axes = plot_axes(compare.figures()["selectors"])
    names = ["overlap-loss", "medoid", "random", "best-of"]
    assert [container.get_label() for container in axes.containers] == names
    assert len(set(_marks(compare, "selectors").values())) == 4
    for name in names:
        rows = table[table["selector"] == name]
        (line,) = (c[0] for c in axes.containers if c.get_label() == name)
        x, y = np.array(line.get_xydata()).T
        np.testing.assert_allclose(y, 100 * rows["accuracy"])
        np.testing.assert_allclose(x / rows["samples"], 1, atol=0.05)
        bars = error_bars(axes, name)
        expected = 100 * rows[["accuracy_ci_low", "accuracy_ci_high"]]
        np.testing.assert_allclose(bars[:, :, 1], expected)
    assert axes.get_xscale() == "log"
    ticks = [label.get_text() for label in axes.get_xticklabels()]
    assert ticks == ["3", "9"]


def test_captions_say_what_bars_are_and_what_it_comes_to(compare: Run) -> None:
    first, second = compare.result.notes["findings"]
    figures = compare.figures()
    for name, finding in {"classifiers": first, "selectors": second}.items():
        caption = words(figures[name])
        assert finding.replace("-", "\N{MINUS SIGN}") in caption.replace("-", "\N{MINUS SIGN}")
        assert not re.search(r"[ (]-[0-9]", caption), "minus signs as printed"
        assert "T = 0.2, 20 metropolis sweeps of 392 = N/2 attempts" in caption
    assert "on 100 images" in words(figures["classifiers"])
    for fact in ("95 %", "3 random sets", "5 other images"):
        assert fact in words(figures["selectors"])


def test_a_label_may_be_called_overall(compare: Run) -> None:
    table = compare.result.tables["classifiers"].replace({"label": {"4": "overall"}})
    table.loc[table["label"] == "overall", "accuracy"] = [0.5, 0.75] * 8
    table.loc[table["label"] == "overall", ["ci_low", "ci_high"]] = [[0.4, 0.9]] * 16
    axes = plot_axes(with_table(compare, "classifiers", table).figures()["classifiers"])
    for container in axes.containers:
        x = np.asarray(container[0].get_xdata())
        assert (x[0], x[5]) == (75, 50)
