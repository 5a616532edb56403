"""The figures of relax, critical, capacity, variance and compare: lines, bars and rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import test_plots
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from numpy.typing import NDArray
from test_plots import Run, error_bars, made, panels, plot_axes, run, series, texts, with_table

from hopcli.config import CapacityConfig
from hopcli.config.relax import round_sweeps
from hopcli.experiments.variance import SOURCES

LABELS = ["3", "6", "1", "0", "4", "overall"]


# --- relax -------------------------------------------------------------------------------


def test_lines_and_bars_of_a_relaxation_are_those_of_each_label() -> None:
    relaxed = made("relax")
    table = relaxed.result.tables["relaxation"]
    *upper, _ = panels(relaxed.figure())
    marked = round_sweeps(60)
    scales = {"accuracy": 100, "overlap": 1, "energy": 1 / 784}
    for axes, (name, scale) in zip(upper, scales.items(), strict=True):
        curves = [line for line in axes.lines if len(np.asarray(line.get_xdata())) > 20]
        assert len({to_hex(line.get_color()) for line in curves}) == len(LABELS)
        for label, line, one in zip(LABELS, curves, series(axes), strict=True):
            own = table[table["label"] == label]
            np.testing.assert_allclose(np.array(line.get_xdata()), own["sweep"])
            np.testing.assert_allclose(np.array(line.get_ydata()), scale * own[name])
            shown = own[own["sweep"].isin(marked)]
            low, high = shown["ci_low"], shown["ci_high"]
            if name != "accuracy":
                sem = shown[f"{name}_sem"]
                low, high = shown[name] - sem, shown[name] + sem
            assert one.bars is not None
            assert one.bars[:, 0, 0].tolist() == marked
            np.testing.assert_allclose(one.bars[:, 0, 1], scale * low, atol=1e-7)
            np.testing.assert_allclose(one.bars[:, 1, 1], scale * high, atol=1e-7)


def _steps(run: Run) -> list[NDArray[np.float64]]:
    """Percent settled after each sweep: each label, then their mean."""
    axes = panels(run.figure())[3]
    assert not axes.containers
    return [np.array(one.get_ydata()) for one in axes.lines if one.get_drawstyle() == "steps-post"]


def test_the_settled_are_counted_among_all_trials() -> None:
    relaxed = made("relax")
    *labels, mean = _steps(relaxed)
    for label, drawn in zip(LABELS, labels, strict=False):
        after = relaxed.result.settled(label)
        share = [100 * np.mean((after >= 0) & (after <= sweep)) for sweep in range(31)]
        np.testing.assert_allclose(drawn, share)
    settling = relaxed.result.tables["settling"].set_index("label").loc["overall"]
    assert mean[-1] == pytest.approx(100 * settling["settled"])
    assert settling["median"] == np.argmax(mean >= 50)

    settled = relaxed.result.arrays["relax"]["trials.settled"].copy()
    settled[:] = 3
    settled[::3] = -1  # never
    changed = test_plots.with_arrays(relaxed, {"trials.settled": settled})
    for label, drawn in zip(LABELS[:5], _steps(changed), strict=False):
        share = np.mean(changed.result.settled(label) >= 0)
        assert 0 < share < 1
        assert drawn[-1] == pytest.approx(100 * share)


@pytest.mark.parametrize(("name", "places"), [("relax", [10, 20]), ("one start", [5, 10])])
def test_the_sweeps_of_the_study_are_marked_in_its_attempts(name: str, places: list[float]) -> None:
    for axes in panels(made(name).figure()):
        assert test_plots.upright(axes) == places


# --- critical ----------------------------------------------------------------------------

QUANTITIES = ("binder", "susceptibility", "recall")


def test_points_bars_and_curves_of_each_size_are_those_of_the_tables() -> None:
    pair = made("critical")
    scan, exact = pair.result.tables["critical_scan"], pair.result.tables["critical_exact"]
    for axes, name in zip(panels(pair.figure()), QUANTITIES, strict=True):
        starts = ("hot", "cold") if name == "recall" else ("both",)
        groups = scan.groupby(["size", "start"], sort=False)
        rows = [own for (_, start), own in groups if start in starts]
        for own, one in zip(rows, series(axes), strict=True):
            np.testing.assert_allclose(one.points, own[["temperature", name]], rtol=1e-8)
            assert one.bars is not None
            ends = own[[f"{name}_ci_low", f"{name}_ci_high"]]
            np.testing.assert_allclose(one.bars[:, :, 1], ends, rtol=1e-8, atol=1e-9)
        drawn = [np.array(line.get_xydata()) for line in axes.lines]
        curves = [curve for curve in drawn if len(curve) > len(pair.config.temperatures)]
        for curve, (_, own) in zip(curves, exact.groupby("size"), strict=True):
            np.testing.assert_allclose(curve, own[["temperature", name]], rtol=1e-8)
    row = pair.result.tables["critical"].set_index("what").loc["Binder crossing"]
    band: Any
    (band,) = panels(pair.figure())[0].patches
    ends = [band.get_x(), band.get_x() + band.get_width()]
    assert ends == pytest.approx([row["ci_low"], row["ci_high"]])


# --- capacity ----------------------------------------------------------------------------

RULES = ("hebbian", "storkey", "pseudo-inverse")
SIZES = (30, 50)


def _sample(figure: Figure, name: str) -> Any:
    """Return the line or marker at the left of a text."""
    ((x, y),) = (text.get_position() for text in texts(figure) if text.get_text() == name)
    level = [line for line in figure.axes[0].lines if np.allclose(line.get_ydata(), y)]
    ends = {float(np.max(line.get_xdata())): line for line in level}
    return ends[max(end for end in ends if end < x)]


def _looks(figure: Figure) -> dict[str, tuple[str, str]]:
    """Colour and marker of each rule."""
    samples = {rule: _sample(figure, rule) for rule in RULES}
    return {rule: (to_hex(one.get_color()), one.get_marker()) for rule, one in samples.items()}


def _by_look(axes: Axes) -> dict[tuple[Any, ...], Any]:
    """The series by colour and marker, whether they are faint, and whether open."""
    found = {}
    for one in series(axes):
        look = (to_hex(one.line.get_color()), str(one.line.get_marker()))
        found[look, one.line.get_alpha() != 1, one.line.get_markerfacecolor() == "white"] = one
    return found


def test_every_series_is_that_of_its_rule_and_size() -> None:
    capacity = made("capacity")
    looks, table = _looks(capacity.figure()), capacity.result.tables["capacity"]
    assert len(set(looks.values())) == len(RULES)
    fixed, relaxed = map(_by_look, panels(capacity.figure()))
    assert (len(fixed), len(relaxed)) == (6, 12)
    for rule in RULES:
        for size in SIZES:
            own = table[(table["rule"] == rule) & (table["size"] == size)]
            for name in ("fixed", "overlap_pattern", "overlap_flipped"):
                found = fixed if name == "fixed" else relaxed
                one = found[looks[rule], size != max(SIZES), name == "overlap_flipped"]
                np.testing.assert_allclose(one.points, own[["load", name]])
                np.testing.assert_allclose(one.bars[:, 0, 0], own["load"])
                ends = own[[f"{name}_ci_low", f"{name}_ci_high"]]
                np.testing.assert_allclose(one.bars[:, :, 1], ends, atol=1e-9)
    for axes in panels(capacity.figure()):
        assert axes.get_xlim()[0] == 0
        assert axes.get_xlim()[1] > 0.5
        assert axes.get_ylim()[0] < 0 < 1 < axes.get_ylim()[1]


def _theory(axes: Axes, style: str = ":") -> dict[str, float]:
    """Return the places of the vertical lines of a style, by colour."""
    lines = [line for line in axes.lines if line.get_linestyle() == style]
    return {
        to_hex(line.get_color()): float(x[0])
        for line in lines
        if len(set(x := np.array(line.get_xdata()).tolist())) == 1
    }


def test_upright_lines_are_the_theory_at_the_largest_size_as_far_as_the_axis_reaches() -> None:
    capacity = made("capacity")
    fixed, relaxed = panels(capacity.figure())
    looks = _looks(capacity.figure())
    hebbian, storkey, pseudo = (looks[rule][0] for rule in RULES)
    expected = {hebbian: 1 / (2 * np.log(50)), storkey: 1 / np.sqrt(2 * np.log(50))}
    assert _theory(fixed) == pytest.approx(expected)
    assert _theory(fixed, "-.") == pytest.approx({hebbian: 1 / (4 * np.log(50))})
    assert _theory(relaxed) == {hebbian: 0.138}, "0.138 is of overlaps, not of fixed points"
    assert _theory(relaxed, "-.") == {}
    moved = capacity.result.tables["theory"].copy()
    moved["load"] = moved["load"].where(moved["rule"] != "pseudo-inverse", 0.44)
    other, _ = panels(with_table(capacity, "theory", moved).figure())
    assert _theory(other) == pytest.approx(expected)
    assert _theory(other, "-.")[pseudo] == 0.44


def _crosses(figure: Figure) -> list[float]:
    """Loads that are marked as not learnt."""
    lines = (line for line in panels(figure)[0].lines if line.get_label() == "not learnt")
    return [float(x) for line in lines for x in np.array(line.get_xdata())]


def test_a_single_draw_has_no_bars_and_what_was_not_learnt_a_cross() -> None:
    settings: dict[str, Any] = {"rule": ("pseudo-inverse",), "patterns": "images", "tests": 5}
    images = run(CapacityConfig(**settings, loads=(0.01, 0.02), draws=1, flips=0.05))
    figure = images.figure()
    assert not any(one.bars is not None for axes in panels(figure) for one in series(axes))
    assert _crosses(figure) == []
    table = images.result.tables["capacity"].copy()
    for name in ("fixed", "overlap_pattern", "overlap_flipped"):
        table.loc[1, [name, f"{name}_ci_low", f"{name}_ci_high"]] = np.nan
    table.loc[1, "learnt"] = 0
    figure = with_table(images, "capacity", table).figure()
    for axes in panels(figure):
        for one in series(axes):
            assert np.isnan(one.points[:, 1]).tolist() == [False, True]
    assert _crosses(figure) == [0.02]


# --- variance ----------------------------------------------------------------------------


def _errors(source: str) -> pd.DataFrame:
    """The rows that are drawn, in percent: repeats of the same images."""
    table = made("variance").result.tables["errors"]
    own = table[(table["test_images"] == "same") & (table["source"] == source)]
    return 100 * own[["sd", "sd_ci_low", "sd_ci_high"]]


def _bars(axes: Axes) -> dict[str, BarContainer]:
    return {str(c.get_label()): c for c in axes.containers if isinstance(c, BarContainer)}


def _column(figure: str, heading: str) -> list[str]:
    """Return the texts below a heading, from the top; some headings are beside a sample."""
    page = made("variance").figures()[figure].axes[0]
    *_, x = (text.get_position()[0] for text in page.texts if text.get_text() == heading)
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
        entry = f"{100 * rows['accuracy'].iloc[0]:.1f} %  {says}"
        assert _look(_sample(figure, entry)) == _look(found[name].line)
    heights = np.array([one.points[:, 1] for one in found.values()])
    assert np.all(np.diff(heights.T.ravel()) > 0), "one below the other, in groups"
    heads = {t.get_text(): t.get_position()[1] for t in texts(figure)}
    middles = [heads[label] for label in ("overall", *LABELS[:5])]
    np.testing.assert_allclose(np.diff(middles), np.diff(heights.mean(axis=0)))
    assert axes.get_xlim()[0] <= 100 * table["ci_low"].min()
    assert len(test_plots.states(figure)) == 5


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
