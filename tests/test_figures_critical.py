"""The figure of ``hopcli critical``: every point, bar and line is that of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import Rectangle
from test_plots import Run, run, words

from hopcli.config import CriticalConfig

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

GRID = tuple(i / 100 for i in range(93, 108, 2))


@pytest.fixture(scope="module")
def pair() -> Run:
    return run(
        CriticalConfig(
            dataset="digits",
            scales=(1, 2),
            temperatures=(0.2, 0.6, *GRID, 1.6),
            chains=15,
            sweeps=300,
            criterion=0.9,
        )
    )


def panels_of(figure: Figure) -> list[Axes]:
    """Binder ratio, susceptibility and recall."""
    drawn = (axes for axes in figure.axes if axes.axison)
    return sorted(drawn, key=lambda axes: axes.get_position().x0)


def _points(axes: Axes) -> list[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Points and the ends of their bars, series by series."""
    found = []
    for container in axes.containers:
        assert isinstance(container, ErrorbarContainer)
        line, _, bars = container.lines
        assert line is not None
        found.append((np.array(line.get_xydata()), np.array(bars[0].get_segments())[:, :, 1]))
    return found


def test_every_panel_shows_its_column_with_its_interval(pair: Run) -> None:
    scan = pair.result.tables["critical_scan"]
    panels = panels_of(pair.figures()["critical"])
    shown = {
        "binder": [(64, "both"), (256, "both")],
        "susceptibility": [(64, "both"), (256, "both")],
        "recall": [(64, "hot"), (64, "cold"), (256, "hot"), (256, "cold")],
    }
    assert len(panels) == 3
    for axes, (name, series) in zip(panels, shown.items(), strict=True):
        for (size, start), (points, bars) in zip(series, _points(axes), strict=True):
            own = scan[(scan["size"] == size) & (scan["start"] == start)]
            np.testing.assert_allclose(points, own[["temperature", name]], rtol=1e-8)
            ends = own[[f"{name}_ci_low", f"{name}_ci_high"]]
            np.testing.assert_allclose(bars, ends, rtol=1e-8, atol=1e-9)


def test_lines_are_the_exact_answer_of_each_size(pair: Run) -> None:
    exact = pair.result.tables["critical_exact"]
    for axes, name in zip(
        panels_of(pair.figures()["critical"]), ("binder", "susceptibility", "recall"), strict=True
    ):
        drawn = [np.array(line.get_xydata()) for line in axes.lines]
        curves = [curve for curve in drawn if len(curve) > len(pair.config.temperatures)]
        assert len(curves) == 2
        for curve, (_, own) in zip(curves, exact.groupby("size"), strict=True):
            np.testing.assert_allclose(curve, own[["temperature", name]], rtol=1e-8)


def test_the_first_panel_shows_what_is_near_the_critical_temperature(pair: Run) -> None:
    binder, susceptibility, _ = panels_of(pair.figures()["critical"])
    low, high = binder.get_xlim()
    assert 0.9 < low < 0.93
    assert 1.07 < high < 1.1
    assert susceptibility.get_xlim()[1] > 1.6


def test_the_band_and_the_caption_tell_the_crossing(pair: Run) -> None:
    table = pair.result.tables["critical"].set_index("what")
    low, high = table.loc["Binder crossing", "ci_low"], table.loc["Binder crossing", "ci_high"]
    figure = pair.figures()["critical"]
    (band,) = panels_of(figure)[0].patches
    assert isinstance(band, Rectangle)
    assert [band.get_x(), band.get_width()] == pytest.approx([low, high - low])
    said = words(figure)
    assert f"crossing of N = 64 and 256, {low:.4g} to {high:.4g}." in said
    assert said.count("15 chains") == 2
    assert "Lines: exact" in said


def test_what_is_not_known_is_neither_drawn_nor_said() -> None:
    few = run(
        CriticalConfig(
            dataset="digits", digits=("1", "3", "7"), temperatures=(0.5, 2.0), chains=5, sweeps=20
        )
    )
    figure = few.figures()["critical"]
    said = words(figure)
    assert "exact" not in said
    assert "crossing" not in said
    assert not panels_of(figure)[0].patches
