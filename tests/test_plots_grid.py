"""The picture of a grid: lines, bars, cells and crosses are where the table says."""

from __future__ import annotations

import dataclasses
import itertools
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from test_plots import Series, check_layout, series

from hopcli import results
from hopcli.catalogue import CATALOGUE
from hopcli.errors import SettingError
from hopcli.grids.grid import Key, Look
from hopcli.grids.over import average
from hopcli.plots.grid import figure as drawn
from hopcli.plots.grid_panels import apart
from hopcli.plots.page import text_width
from hopcli.tables import Column, Columns, Estimate, Table, columns

LABEL = Column("label", "text", key=True)
RATE = CATALOGUE["recall"].headline
MEAN = columns("overlap ± sem", rates="overlap", overlap={"axis": "overlap |m|"})
OVERLAP = Table("scan", (Column("temperature", key=True), LABEL, *MEAN), "overlap").estimate()
LOSS = Table("patterns", (LABEL, Column("loss", axis="loss (dimensionless)")), "loss").estimate()

RULES = ("storkey", "hebbian", "pseudo-inverse")
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 0.8)
SAMPLES = (1, 10, 100, 1000)
COLD: dict[str, tuple[Any, ...]] = {"temperature": TEMPERATURES}
DIGITS = {"3,6": 2, "3,6,1": 3, "3,6,1,0": 4, "3,6,1,0,4": 5}


def grid(**axes: tuple[Any, ...]) -> tuple[pd.DataFrame, list[Key]]:
    """A made-up table: a row for label 3 and one for all, in every cell."""
    rng = np.random.default_rng(1)
    rows = []
    for cell in itertools.product(*axes.values()):
        for label, shift in (("3", 0.05), ("overall", 0.0)):
            rate = round(0.1 + 0.8 * rng.random(), 3) + shift
            rows.append((*cell, label, 100, int(100 * rate), rate, rate - 0.04, rate + 0.02))
    names = [*axes, "label", "n", "recalled", "accuracy", "ci_low", "ci_high"]
    sizes, known = {"digits": DIGITS}, CATALOGUE["recall"].settings
    keys = [Key(n, known[n].help, sizes.get(n), known[n].axis) for n in axes]
    return pd.DataFrame(rows, columns=names), keys


def figure(table: Any, keys: list[Key], headline: Estimate, look: Look, points: Any = None) -> Any:
    """Draw DataFrames."""
    every = None if points is None else Columns.of_frame(points)
    return drawn(Columns.of_frame(table), keys, headline, look, "screen", every)


def lines(axes: Axes, label: str = "value") -> list[Series]:
    return [one for one in series(axes) if one.label == label]


def crosses(axes: Axes) -> list[Any]:
    """Return the places of missing cells, then of cells without a number."""
    found = [np.array(line.get_xydata()) for line in axes.lines if line.get_label() == "bare"]
    return [points.tolist() for points in found if len(points)]


def panels(picture: Figure) -> list[Axes]:
    """The panels, row by row, without the scale of colours."""
    found = [ax for ax in picture.axes if ax.axison and (ax.containers or meshes(ax))]
    found = [ax for ax in found if ax.get_label() != "colours"]
    return sorted(found, key=lambda ax: (-round(ax.get_position().y0, 3), ax.get_position().x0))


def meshes(axes: Axes) -> list[QuadMesh]:
    return [one for one in axes.collections if isinstance(one, QuadMesh)]


def cells(axes: Axes) -> NDArray[np.float64]:
    """The numbers of a map, NaN where one is missing."""
    (mesh,) = meshes(axes)
    numbers = mesh.get_array()
    assert numbers is not None
    return np.ma.filled(numbers, np.nan)


def rows_of(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    for name, value in {"label": "overall", **values}.items():
        table = table[table[name] == value]
    return table


def heads(picture: Figure) -> list[str]:
    return [text.get_text() for text in picture.axes[0].texts if " = " in text.get_text()]


def ticks(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.get_xticklabels()]


def check_line(line: Series, x: Any, own: pd.DataFrame) -> None:
    """Check the points and bars of a line."""
    np.testing.assert_allclose(line.points, np.transpose([x, own["accuracy"]]))
    assert line.bars is not None
    np.testing.assert_allclose(line.bars[:, :, 1], own[["ci_low", "ci_high"]])


# --- lines -------------------------------------------------------------------------------


@pytest.mark.parametrize("temperatures", [TEMPERATURES, (0.2,)])
def test_one_key_is_a_line_with_intervals(temperatures: tuple[float, ...]) -> None:
    table, keys = grid(temperature=temperatures, rule=RULES[:1])
    picture = figure(table, keys, RATE, Look(caption="Five labels, cold"))
    (ax,) = panels(picture)
    (line,) = lines(ax)
    check_line(line, temperatures, rows_of(table))
    assert ax.get_xlabel() == "temperature T  ($k_B$ = 1)"
    assert ax.get_ylabel().replace("\n", " ") == RATE.says
    assert picture.caption.startswith("Five labels, cold. ")
    n = len(temperatures)
    found = re.findall(r"\d+ cells?|rule = storkey|\d+ %|missing", picture.caption)
    assert sorted(found) == sorted([f"{n} cell{'s' * (n > 1)}", "95 %", "rule = storkey"])
    assert not crosses(ax)


def test_lines_differ_without_colour_and_those_of_a_number_go_from_dark_to_light() -> None:
    table, keys = grid(rule=RULES, temperature=TEMPERATURES)
    picture = figure(table, keys, RATE, Look())
    (ax,) = panels(picture)
    for rule, line in zip(RULES, lines(ax), strict=True):
        check_line(line, TEMPERATURES, rows_of(table, rule=rule))
    looks = {(one.line.get_marker(), str(one.line.get_linestyle())) for one in lines(ax)}
    assert len(looks) == len(RULES)
    legend = [text.get_text() for text in picture.axes[0].texts]
    first = legend.index("rule")
    assert tuple(legend[first + 1 : first + 4]) == RULES

    table, keys = grid(temperature=TEMPERATURES, samples=SAMPLES)
    (ax,) = panels(figure(table, keys, RATE, Look(x="temperature")))
    colours = [to_rgb(one.line.get_color()) for one in lines(ax)]
    lightness = np.dot(colours, (0.2126, 0.7152, 0.0722))
    assert len(lightness) == len(SAMPLES)
    assert np.all(np.diff(lightness) > 0.05)
    assert rgb_to_hsv(colours[-1])[1] > 0.2


def test_three_keys_are_small_multiples_as_is_best_or_as_asked() -> None:
    table, keys = grid(samples=SAMPLES[:2], rule=RULES, temperature=TEMPERATURES)
    picture = figure(table, keys, RATE, Look())
    # The fewest values have lines, the next panels.
    assert heads(picture) == [f"rule = {rule}" for rule in RULES]
    shown = panels(picture)
    for rule, ax in zip(RULES, shown, strict=True):
        for samples, line in zip(SAMPLES[:2], lines(ax), strict=True):
            check_line(line, TEMPERATURES, rows_of(table, rule=rule, samples=samples))
    assert len({(ax.get_xlim(), ax.get_ylim()) for ax in shown}) == 1

    look = Look(x="samples", by="rule", rows="temperature", y="n")
    picture = figure(table, keys, RATE, look)
    assert heads(picture) == [f"temperature T = {t:g}" for t in TEMPERATURES]
    for ax in panels(picture):
        assert len(lines(ax)) == len(RULES)
        for line in lines(ax):
            np.testing.assert_allclose(line.points, [[1, 100], [10, 100]])
            assert line.bars is None
    assert picture.axes[1].get_ylabel() == "n"
    assert "Bars" not in picture.caption


def test_points_closer_than_pixels_share_bars() -> None:
    table, keys = grid(seed=tuple(range(2500)))
    (axes,) = panels(figure(table, keys, RATE, Look()))
    (bars,) = (one for one in axes.collections if isinstance(one, LineCollection))
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    rates = table[table["label"] == "overall"].round(9).reset_index()
    assert (len(ends), len(axes.lines[0].get_xydata())) == (1000, 2500)  # type: ignore[arg-type]
    assert (ends.min(), ends.max()) == (rates["ci_low"].min(), rates["ci_high"].max())
    assert ends[0].tolist() == [rates["ci_low"][:2].min(), rates["ci_high"][:2].max()]


def test_categories_are_points_side_by_side_in_the_order_of_the_grid() -> None:
    table, keys = grid(rule=RULES, samples=SAMPLES[:2])
    (ax,) = panels(figure(table, keys, RATE, Look(x="rule")))
    assert ticks(ax) == list(RULES)
    assert ax.get_xticks().tolist() == [0, 1, 2]
    for samples, line in zip(SAMPLES[:2], lines(ax), strict=True):
        x = line.points[:, 0]
        np.testing.assert_array_equal(np.round(x), [0, 1, 2])
        check_line(line, x, rows_of(table, samples=samples))
        assert line.line.get_linestyle() == "None"
    left, right = (line.points[0, 0] for line in lines(ax))
    assert left < 0 < right


def test_lists_are_drawn_by_their_length() -> None:
    table, keys = grid(digits=tuple(reversed(DIGITS)), rule=RULES)
    (ax,) = panels(figure(table, keys, RATE, Look()))
    assert "labels" in ax.get_xlabel()
    for rule, line in zip(RULES, lines(ax), strict=True):
        check_line(line, [2, 3, 4, 5], rows_of(table, rule=rule).iloc[::-1])


def test_what_the_experiment_itself_varies_is_along_the_axis() -> None:
    cells = itertools.product(SAMPLES, TEMPERATURES[:2], ((1, "0"), (2, "4")))
    rows = [(samples, t, label, 1 - t * k / 3, 0.01 * k) for samples, t, (k, label) in cells]
    names = ["samples", "temperature", "label", "overlap", "overlap_sem"]
    table = pd.DataFrame(rows, columns=names)
    picture = figure(table, [Key("samples")], OVERLAP, Look())
    assert [head.rpartition(" ")[2] for head in heads(picture)] == ["1", "10", "100", "1000"]
    for samples, ax in zip(SAMPLES, panels(picture), strict=True):
        for label, line in zip(("0", "4"), lines(ax), strict=True):
            own = rows_of(table, samples=samples, label=label)
            np.testing.assert_allclose(line.points, own[["temperature", "overlap"]])
            assert line.bars is not None
            half = np.ptp(line.bars[:, :, 1], axis=1) / 2
            np.testing.assert_allclose(half, own["overlap_sem"])
    assert "SEM" in picture.caption


def test_an_average_has_thick_and_thin_bars() -> None:
    table, keys = grid(temperature=TEMPERATURES, seed=(1, 2, 3, 4))
    mean = average(Columns.of_frame(table), keys, "seed", RATE).frame()
    picture = figure(mean, keys, RATE, Look(over="seed"))
    (ax,) = panels(picture)
    (line,), (thick,) = lines(ax), lines(ax, "sd")
    check_line(line, TEMPERATURES, rows_of(mean))
    assert thick.bars is not None
    half = np.ptp(thick.bars[:, :, 1], axis=1) / 2
    np.testing.assert_allclose(half, rows_of(mean)["accuracy_sd"])
    for fact in ("4 values of seed", "95 %"):
        assert fact in picture.caption


def test_several_rows_of_a_place_are_their_mean_without_an_interval() -> None:
    table, keys = grid(temperature=TEMPERATURES, rule=RULES[:1])
    twice = pd.concat([table, table.assign(accuracy=table["accuracy"] / 2)], ignore_index=True)
    (line,) = lines(panels(figure(twice, keys, RATE, Look()))[0])
    np.testing.assert_allclose(line.points[:, 1], 0.75 * rows_of(table)["accuracy"])
    assert line.bars is None


# --- axes --------------------------------------------------------------------------------


DECADES = [(1, 10, 100, 1000), (2, 5, 12, 30, 80)]
OTHERS = [(1, 4, 9, 20), (1, 50, 100, 150, 200), (0, 1, 10, 1000), (1, 1000)]


@pytest.mark.parametrize("values", [*DECADES, *OTHERS])
def test_an_axis_of_decades_is_logarithmic(values: tuple[int, ...]) -> None:
    table, keys = grid(samples=values, temperature=TEMPERATURES)
    for look in (Look(x="samples"), Look(map=True, x="samples", y="temperature")):
        (ax,) = panels(figure(table, keys, RATE, look))
        assert ax.get_xscale() == ("log" if values in DECADES else "linear")
        assert ax.get_xlim()[0] < values[0] < values[-1] < ax.get_xlim()[1]


@pytest.mark.parametrize(("spread", "whole"), [(1.0, True), (0.2, False)])
def test_an_axis_of_fractions_is_whole_unless_all_are_close(spread: float, whole: bool) -> None:
    table, keys = grid(temperature=TEMPERATURES)
    for name in ("accuracy", "ci_low", "ci_high"):
        table[name] = 1 - spread * (1 - table[name])
    (ax,) = panels(figure(table, keys, RATE, Look()))
    low, high = ax.get_ylim()
    assert high <= 1.03
    assert low < rows_of(table)["ci_low"].min()
    assert (low == pytest.approx(-0.03)) == whole


# --- what is missing ---------------------------------------------------------------------


def test_a_missing_cell_is_a_gap_with_a_cross_and_one_without_a_number_another() -> None:
    table, keys = grid(rule=RULES, temperature=TEMPERATURES)
    gone = (table["rule"] == "hebbian") & table["temperature"].isin([0.3, 0.8])
    picture = figure(table[~gone], keys, RATE, Look(), points=table)
    (ax,) = panels(picture)
    gaps = [np.flatnonzero(np.isnan(one.points[:, 1])).tolist() for one in lines(ax)]
    assert gaps == [[], [2, 4], []]
    ((first, second),) = crosses(ax)
    assert (first[0], second[0]) == (0.3, 0.8)
    assert "without a number" in picture.caption

    table.loc[(table["rule"] == "storkey") & (table["temperature"] == 0.1), "accuracy"] = np.nan
    gone = (table["rule"] == "hebbian") & (table["temperature"] == 0.5)
    picture = figure(table[~gone], keys, RATE, Look(), points=table)
    assert [[x for x, _ in points] for points in crosses(panels(picture)[0])] == [[0.1], [0.5]]


def test_what_a_grid_never_held_is_not_missing() -> None:
    """Keys that vary together, or points that are given."""
    table, keys = grid(temperature=TEMPERATURES)
    table["samples"] = table["temperature"].map(dict(zip(TEMPERATURES, range(5), strict=True)))
    picture = figure(table, [*keys, Key("samples")], RATE, Look())
    assert "without" not in picture.caption
    assert len(lines(panels(picture)[0])) == 1
    points = pd.DataFrame({"temperature": [*TEMPERATURES, 0.9]}) + 1e-15
    picture = figure(table.drop(columns="samples"), keys, RATE, Look(), points=points)
    assert [x for x, _ in crosses(panels(picture)[0])[0]] == [0.9]


# --- maps --------------------------------------------------------------------------------


def test_a_map_has_a_cell_for_each_cell() -> None:
    table, keys = grid(rule=RULES, samples=SAMPLES, temperature=TEMPERATURES)
    gone = (table["rule"] == "hebbian") & (table["samples"] == 10) & (table["temperature"] == 0.8)
    picture = figure(table[~gone], keys, RATE, Look(map=True), points=table)
    assert heads(picture) == [f"rule = {rule}" for rule in RULES]
    for rule, ax in zip(RULES, panels(picture), strict=True):
        own = rows_of(table[~gone], rule=rule)
        np.testing.assert_allclose(cells(ax), own.pivot_table("accuracy", "samples", "temperature"))
        (mesh,) = meshes(ax)
        assert mesh.get_clim() == (0, 1)
        edges = np.asarray(mesh.get_coordinates())
        np.testing.assert_allclose(edges[0, :, 0], [0.05, 0.15, 0.25, 0.4, 0.65, 0.95])
        np.testing.assert_allclose(edges[:, 0, 1], 10.0 ** np.array([-0.5, 0.5, 1.5, 2.5, 3.5]))
        assert crosses(ax) == ([[[0.8, 10]]] if rule == "hebbian" else [])


def test_contours_are_where_the_number_passes_and_are_labelled() -> None:
    table, keys = grid(samples=(1, 2, 3), temperature=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    table["accuracy"] = 1 - table["temperature"]
    (ax,) = panels(figure(table, keys, RATE, Look(map=True)))
    found: Any = [one for one in ax.collections if not isinstance(one, QuadMesh)]
    assert [one.levels[0] for one in found] == [0.1, 0.5, 0.9]
    for one in found:
        x = np.vstack([path.vertices for path in one.get_paths()])[:, 0]
        np.testing.assert_allclose(x, 1 - one.levels[0])
    assert {text.get_text() for text in ax.texts} == {"0.1", "0.5", "0.9"}


def test_a_map_is_laid_out_as_asked() -> None:
    table, keys = grid(rule=RULES, samples=SAMPLES, temperature=TEMPERATURES, order=("a", "b"))
    look = Look(map=True, x="samples", y="temperature", by="order", rows="rule")
    picture = figure(table, keys, RATE, look)
    assert heads(picture) == [f"rule = {r}, order = {o}" for r in RULES for o in ("a", "b")]
    shown = panels(picture)
    assert len({round(ax.get_position().y0, 4) for ax in shown}) == len(RULES)
    for (rule, order), ax in zip(itertools.product(RULES, ("a", "b")), shown, strict=True):
        own = rows_of(table, rule=rule, order=order)
        np.testing.assert_allclose(cells(ax), own.pivot_table("accuracy", "temperature", "samples"))


def test_a_number_without_bounds_has_its_own_colours() -> None:
    rows = [(n, s, "3", n * 100.0 + s) for n in (1, 2, 3) for s in (5, 6)]
    table = pd.DataFrame(rows, columns=["samples", "seed", "label", "loss"])
    picture = figure(table, [Key("samples"), Key("seed")], LOSS, Look(map=True))
    assert meshes(panels(picture)[0])[0].get_clim() == (105, 306)
    assert "Contours" in picture.caption


# --- what is refused ---------------------------------------------------------------------

ALL = COLD | {"rule": RULES[:2], "samples": SAMPLES[:3], "seed": (1, 2, 3, 4)}
SEEDS = COLD | {"seed": tuple(range(200))}


@pytest.mark.parametrize(
    ("axes", "look", "setting"),
    [
        (ALL, {"x": "heat"}, "x"),
        (ALL, {"by": "accuracy"}, "by"),
        (ALL, {"rows": "n"}, "rows"),
        (ALL, {"y": "wide"}, "y"),
        (ALL, {"y": "samples"}, "y"),
        (ALL, {"by": "seed"}, "by"),
        (ALL, {"x": "rule", "by": "rule"}, "by"),
        (ALL, {}, "by"),
        (COLD, {"map": True}, "map"),
        (ALL, {"map": True, "y": "rule", "rows": "rule"}, "y"),
        (COLD, {"rows": "temperature"}, "rows"),
        (SEEDS, {"x": "temperature"}, "by"),
    ],
)
def test_impossible_pictures(axes: dict[str, Any], look: dict[str, Any], setting: str) -> None:
    table, keys = grid(**axes)
    table = table.drop(columns="label") if look == {"rows": "temperature"} else table
    with pytest.raises(SettingError) as error:
        figure(table, keys, RATE, Look(**look))
    assert error.value.setting == setting


# --- long values -------------------------------------------------------------------------

STARTS = tuple(f"image,occlude:{side}:0.5" for side in ("top", "left", "right"))
LONG = tuple(f"{start},flip-rows:{n},occlude:bottom:0.5" for start in STARTS for n in (1, 2))


@pytest.mark.parametrize("values", [(*STARTS, "random", "pattern,flip:0.1"), LONG])
@pytest.mark.parametrize("slot", ["x", "by", "rows"])
def test_long_values_differ_wherever_they_are(values: tuple[str, ...], slot: str) -> None:
    table, keys = grid(start=values, rule=RULES, samples=SAMPLES)
    first, second = (name for name in ("x", "by", "rows") if name != slot)
    slots: dict[str, Any] = {slot: "start", first: "rule", second: "samples"}
    picture = figure(table, keys, RATE, Look(**slots))
    legend = [text.get_text() for text in picture.axes[0].texts if "=" not in text.get_text()]
    legend = [text for text in legend if "…" in text or text in values]
    shown = {"x": ticks(panels(picture)[-1]), "by": legend, "rows": heads(picture)}[slot]
    assert len(set(shown)) == len(shown) == len(values)
    if values is not LONG:
        sides = ("top", "lef", "rig")
        assert [side for text in shown for side in sides if side in text] == list(sides)


@given(
    texts=st.lists(st.text("ab:, ", min_size=1, max_size=60), min_size=1, unique=True),
    width=st.floats(0.0, 2.0),
)
def test_texts_are_cut_to_a_width_and_only_if_they_must_be(texts: list[str], width: float) -> None:
    for text, cut in zip(texts, apart(texts, width), strict=True):
        assert text_width(cut) <= max(width, text_width("…")) + 0.03  # letters are set together
        assert (cut == text) == (text_width(text) <= width)


# --- the page ----------------------------------------------------------------------------

DATASETS = ("mnist", "a$b_c", "x" * 60)
TWO = {"rule": RULES, "samples": SAMPLES}
CASES: dict[str, tuple[dict[str, tuple[Any, ...]], Look]] = {"line": (COLD, Look())}
CASES["many lines"] = COLD | {"selection_seed": tuple(range(14))}, Look()
CASES["panels"] = {"digits": tuple(DIGITS)} | TWO, Look(x="samples", by="rule")
CASES["large numbers"] = {"seed": (1, 2)} | TWO, Look()
CASES["categories"] = {"rule": RULES, "dataset": DATASETS}, Look(x="dataset")
CASES["long values"] = {"start": LONG, "rule": RULES}, Look(x="start")
CASES["maps"] = COLD | TWO, Look(map=True)
BY_DATASET = Look(map=True, x="temperature", y="dataset")
CASES["map of categories"] = COLD | {"dataset": DATASETS}, BY_DATASET


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_off_small_or_over_other_things(name: str) -> None:
    axes, look = CASES[name]
    table, keys = grid(**axes)
    headline = RATE
    if name == "large numbers":
        table["accuracy"] *= -1e11
        headline = dataclasses.replace(LOSS.table, headline="accuracy", where=RATE.where).estimate()
    picture = figure(table, keys, headline, dataclasses.replace(look, caption="Made up. " * 30))

    def may_overlap(text: Any) -> bool:
        contour = any(text in ax.texts for ax in picture.axes[1:])
        return bool(contour or text.get_rotation() % 90)  # boxes of slanted texts are too large

    check_layout(picture, may_overlap)
    for ax in panels(picture):
        box = ax.get_window_extent()
        for text in (ax.xaxis.label, ax.yaxis.label):
            label = text.get_window_extent()
            assert label.height <= 1.02 * box.height
            assert label.width <= 1.3 * box.width


# --- headlines ---------------------------------------------------------------------------


@pytest.mark.parametrize("command", CATALOGUE)
def test_the_headline_of_each_experiment_is_in_its_table_and_can_be_drawn(command: str) -> None:
    headline = CATALOGUE[command].headline
    folder = {"recall": "paper", "temperature-scan": "figure1"}.get(command, command)
    tables = results.load(CHECKOUT / "results" / folder, command).result.tables
    table = tables[headline.table.name].assign(samples=50)
    named = [headline.value, *headline.where, *headline.within, *(headline.column.counts or ())]
    assert set(named) <= set(table.columns)
    picture = figure(table, [Key("samples")], headline, Look())
    drawn = [line.points[:, 1] for ax in panels(picture) for line in lines(ax)]
    for name, value in headline.where.items():
        table = table[table[name] == value]
    assert np.isfinite(np.concatenate(drawn)).sum() == table[headline.value].notna().sum() > 0
