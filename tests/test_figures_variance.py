"""The figures of ``hopcli variance``: bars are the variances of the table, numbers its SD."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from test_plots import LONG, Run, error_bars, plot_axes, renamed, run, texts, with_table, words

from hopcli.config import VarianceConfig
from hopcli.experiments.variance import SOURCES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LABELS = ["3", "6", "1", "0", "4"]


@pytest.fixture(scope="module")
def variance() -> Run:
    return run(VarianceConfig(selections=6, tests=12, repeats=2, accuracy_tests=50))


def _errors(run: Run, source: str) -> pd.DataFrame:
    """The rows that are drawn: repeats of the same images."""
    table = run.result.tables["errors"]
    return table[(table["test_images"] == "same") & (table["source"] == source)]


def _bars(axes: Axes) -> dict[str, BarContainer]:
    return {str(c.get_label()): c for c in axes.containers if isinstance(c, BarContainer)}


def _column(run: Run, figure: str, heading: str) -> list[str]:
    """What is written below a heading, from the top; some headings stand beside a sample."""
    page = run.figures()[figure].axes[0]
    found = [text for text in page.texts if text.get_text() == heading]
    (head,) = found
    x = head.get_position()[0]
    below = [
        text
        for text in page.texts
        if -0.25 < text.get_position()[0] - x <= 0 and text.get_position()[1] > 0
    ]
    below.sort(key=lambda text: text.get_position()[1])
    return [text.get_text() for text in below if to_hex(text.get_color()) == "#000000"]


def test_every_source_is_a_bar_after_the_one_before(variance: Run) -> None:
    axes = plot_axes(variance.figures()["variance"])
    bars = _bars(axes)
    assert tuple(bars) == SOURCES
    left = np.zeros(6)
    for source, container in bars.items():
        expected = (100 * _errors(variance, source)["sd"].to_numpy()) ** 2
        assert [bar.get_width() for bar in container] == pytest.approx(expected.tolist())
        assert [bar.get_x() for bar in container] == pytest.approx(left.tolist())
        rows = [bar.get_y() + bar.get_height() / 2 for bar in container]
        assert rows == pytest.approx([0, 1, 2, 3, 4, 5])
        left += expected
    assert axes.get_ylim() == (5.5, -0.5)
    colours = {to_hex(container.patches[0].get_facecolor()) for container in bars.values()}
    assert len(colours) == 3
    assert "square percentage points" in axes.get_xlabel()


def test_numbers_are_the_sd_of_each_source_with_its_interval(variance: Run) -> None:
    for source in (*SOURCES, "total"):
        expected = []
        for sd, low, high in (
            100 * _errors(variance, source)[["sd", "sd_ci_low", "sd_ci_high"]].to_numpy()
        ):
            digits = 1 if high >= 1 else 2
            expected.append(f"{sd:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})")
        assert _column(variance, "variance", source) == expected


def test_the_interval_of_the_total_is_drawn_at_the_end_of_the_bars(variance: Run) -> None:
    axes = plot_axes(variance.figures()["variance"])
    ends = error_bars(axes, "total")
    total = _errors(variance, "total")
    assert ends[:, 0, 0].tolist() == pytest.approx(((100 * total["sd_ci_low"]) ** 2).tolist())
    assert ends[:, 1, 0].tolist() == pytest.approx(((100 * total["sd_ci_high"]) ** 2).tolist())
    assert ends[:, 0, 1].tolist() == [0, 1, 2, 3, 4, 5]


def test_shares_best_and_worst_are_drawn_and_written(variance: Run) -> None:
    table = variance.result.tables["best_worst"]
    axes = plot_axes(variance.figures()["best_worst"])
    for end in ("best", "worst"):
        ends = 100 * table[[f"{end}_ci_low", f"{end}_ci_high"]].to_numpy()
        assert error_bars(axes, end)[:, :, 0] == pytest.approx(ends)
        percent = [f"{100 * value:.1f}" for value in table[end]]
        assert _column(variance, "best_worst", end) == percent
    assert _column(variance, "best_worst", "mean rank") == [
        f"{rank:.2f}" for rank in table["rank_mean"]
    ]
    assert axes.get_xlim() == (0, 100)
    assert axes.get_ylim() == (4.5, -0.5)


def test_captions_say_of_what_the_numbers_are(variance: Run) -> None:
    figures = variance.figures()
    for said in map(words, figures.values()):
        for fact in (
            "6 selections",
            "20 samples",
            "12 training images",
            "2 times",
            "|m| ≥ 0.99",
            "p = 5",
            "T = 0.2, 20 metropolis sweeps",
            "95 % interval",
        ):
            assert fact in said, fact
    for fact in ("50 tests", "10 repeats"):
        assert fact in words(figures["variance"])
    start = dataclasses.replace(variance.config, start="flip:0.1")
    other = Run(start, variance.result)
    assert "12 starts (flip:0.1) a label" in words(other.figures()["best_worst"])


def test_rows_are_called_by_their_labels_and_the_last_one_overall(variance: Run) -> None:
    called = [text.get_text() for text in texts(variance.figures()["variance"])]
    assert [text for text in called if text in {*LABELS, "overall"}][-6:] == [*LABELS, "overall"]
    long = renamed(variance, LONG)
    assert "sailing-boat" in words(long.figures()["best_worst"])


def test_a_component_below_0_has_no_bar(variance: Run) -> None:
    table = variance.result.tables["errors"].copy()
    none = (table["source"] == "selection") & (table["label"] == "1")
    table.loc[none, ["sd", "sd_ci_low", "sd_ci_high"]] = (0.0, 0.0, 0.031)
    axes = plot_axes(with_table(variance, "errors", table).figures()["variance"])
    assert _bars(axes)["selection"].patches[2].get_width() == 0
