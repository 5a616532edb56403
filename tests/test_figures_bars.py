"""The figures of variance and compare: bars, dots and numbers are those of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from test_plots import error_bars, made, plot_axes, series, states, texts, with_table

from hopcli.experiments.variance import SOURCES

LABELS = ["3", "6", "1", "0", "4"]


# --- variance ----------------------------------------------------------------------------


def _errors(source: str) -> pd.DataFrame:
    """The rows that are drawn, in percent: repeats of the same images."""
    table = made("variance").result.tables["errors"]
    own = table[(table["test_images"] == "same") & (table["source"] == source)]
    return 100 * own[["sd", "sd_ci_low", "sd_ci_high"]]


def _bars(axes: Axes) -> dict[str, BarContainer]:
    return {str(c.get_label()): c for c in axes.containers if isinstance(c, BarContainer)}


def _column(figure: str, heading: str) -> list[str]:
    """What is written below a heading, from the top; some headings stand beside a sample."""
    page = made("variance").figures()[figure].axes[0]
    (x,) = (text.get_position()[0] for text in page.texts if text.get_text() == heading)
    below = [
        (text.get_position()[1], text.get_text())
        for text in page.texts
        if -0.25 < text.get_position()[0] - x <= 0 < text.get_position()[1]
        and to_hex(text.get_color()) == "#000000"
    ]
    return [text for _, text in sorted(below)]


def test_every_source_is_a_bar_after_the_one_before_with_its_sd_beside() -> None:
    axes = plot_axes(made("variance").figures()["variance"])
    bars, left = _bars(axes), np.zeros(6)
    assert tuple(bars) == SOURCES
    for source, container in bars.items():
        widths = _errors(source)["sd"].to_numpy() ** 2
        assert [bar.get_width() for bar in container] == pytest.approx(widths.tolist())
        assert [bar.get_x() for bar in container] == pytest.approx(left.tolist())
        rows = [bar.get_y() + bar.get_height() / 2 for bar in container]
        assert rows == pytest.approx([0, 1, 2, 3, 4, 5])
        left += widths
    assert len({to_hex(one.patches[0].get_facecolor()) for one in bars.values()}) == 3
    assert axes.get_ylim() == (5.5, -0.5)
    ends = error_bars(axes, "total")
    total = _errors("total")[["sd_ci_low", "sd_ci_high"]].to_numpy()
    np.testing.assert_allclose(ends[:, :, 0], total**2)
    assert ends[:, 0, 1].tolist() == [0, 1, 2, 3, 4, 5]
    for source in (*SOURCES, "total"):
        expected = []
        for sd, low, high in _errors(source).to_numpy():
            digits = 1 if high >= 1 else 2
            expected.append(f"{sd:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})")
        assert _column("variance", source) == expected


def test_shares_best_and_worst_are_drawn_and_written() -> None:
    table = made("variance").result.tables["best_worst"]
    axes = plot_axes(made("variance").figures()["best_worst"])
    for end in ("best", "worst"):
        ends = 100 * table[[f"{end}_ci_low", f"{end}_ci_high"]].to_numpy()
        assert error_bars(axes, end)[:, :, 0] == pytest.approx(ends)
        assert _column("best_worst", end) == [f"{100 * value:.1f}" for value in table[end]]
    assert _column("best_worst", "mean rank") == [f"{rank:.2f}" for rank in table["rank_mean"]]
    assert axes.get_xlim() == (0, 100)
    assert axes.get_ylim() == (4.5, -0.5)


# --- compare -----------------------------------------------------------------------------

CLASSIFIERS = {
    "dynamics": "nearest pattern at the end",
    "recalled": "recalled",
    "dynamics-t0": "nearest at the end, T = 0",
    "recalled-t0": "recalled, T = 0",
    "overlap": "nearest pattern, no dynamics",
    "coefficients": "largest coefficient of Q⁻¹ m",
    "logistic-samples": "logistic regression, samples",
    "logistic": "logistic regression, many images",
}
SELECTORS = ["overlap-loss", "medoid", "random", "best-of"]


def _look(line: Any) -> tuple[Any, ...]:
    return (line.get_color(), line.get_marker(), line.get_markerfacecolor())


def test_each_dot_bar_and_entry_is_that_of_its_classifier_and_label() -> None:
    table = made("compare").result.tables["classifiers"]
    figure = made("compare").figures()["classifiers"]
    axes = plot_axes(figure)
    found = {one.label: one for one in series(axes)}
    assert list(found) == list(CLASSIFIERS)
    assert len({_look(one.line) for one in found.values()}) == len(CLASSIFIERS)
    for name, says in CLASSIFIERS.items():
        rows = table[table["classifier"] == name].iloc[[5, 0, 1, 2, 3, 4]]  # overall first
        bars = error_bars(axes, name)
        np.testing.assert_allclose(bars[:, :, 0], 100 * rows[["ci_low", "ci_high"]])
        np.testing.assert_allclose(found[name].points[:, 0], 100 * rows["accuracy"])
        entry = f"{100 * rows['accuracy'].iloc[0]:.1f}  {says}"
        ((x, y),) = (t.get_position() for t in texts(figure) if t.get_text() == entry)
        (sample,) = (
            line
            for line in figure.axes[0].lines
            if np.allclose(line.get_ydata(), y) and np.all(np.asarray(line.get_xdata()) < x)
        )
        assert _look(sample) == _look(found[name].line)
    heights = np.array([one.points[:, 1] for one in found.values()])
    assert np.all(np.diff(heights.T.ravel()) > 0), "one below the other, in groups"
    for row, label in enumerate(("overall", *LABELS)):
        (head,) = (t.get_position()[1] for t in texts(figure) if t.get_text() == label)
        assert head == pytest.approx(heights[:, row].mean())
    assert axes.get_xlim()[0] <= 100 * table["ci_low"].min()
    assert len(states(figure)) == 5


def test_each_line_of_selectors_is_that_of_its_rows() -> None:
    table = made("compare").result.tables["selectors"]
    axes = plot_axes(made("compare").figures()["selectors"])
    found = {one.label: one for one in series(axes)}
    assert list(found) == SELECTORS
    assert len({_look(one.line) for one in found.values()}) == 4
    for name, one in found.items():
        rows = table[table["selector"] == name]
        x, y = one.points.T
        np.testing.assert_allclose(y, 100 * rows["accuracy"])
        np.testing.assert_allclose(x / rows["samples"], 1, atol=0.05)
        ends = 100 * rows[["accuracy_ci_low", "accuracy_ci_high"]]
        np.testing.assert_allclose(error_bars(axes, name)[:, :, 1], ends)
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["3", "9"]


def test_a_label_may_be_called_overall() -> None:
    table = made("compare").result.tables["classifiers"].replace({"label": {"4": "overall"}})
    table.loc[table["label"] == "overall", "accuracy"] = [0.5, 0.75] * 8
    table.loc[table["label"] == "overall", ["ci_low", "ci_high"]] = [[0.4, 0.9]] * 16
    axes = plot_axes(with_table(made("compare"), "classifiers", table).figures()["classifiers"])
    for one in series(axes):
        assert (one.points[0, 0], one.points[5, 0]) == (75, 50)
