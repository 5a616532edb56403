"""The picture of a grid: lines, bars, cells and crosses are where the table says."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import QuadMesh
from matplotlib.colors import rgb_to_hsv, to_rgb
from matplotlib.container import ErrorbarContainer
from test_plots import Boxes, _overlap, words

from hopcli import results
from hopcli.catalogue import CATALOGUE
from hopcli.errors import SettingError
from hopcli.experiments.headline import Headline
from hopcli.grids import keys as grid_keys
from hopcli.grids.keys import Key, Look
from hopcli.grids.over import average
from hopcli.plots import save
from hopcli.plots.grid import figure
from hopcli.plots.page import text_width
from hopcli.plots.panels import apart

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

RATE = Headline(
    table="accuracy",
    value="accuracy",
    says="accuracy (fraction of trials recalled)",
    low="ci_low",
    high="ci_high",
    interval="95 % interval for a new start",
    where={"label": "overall"},
    within=("label",),
    counts=("recalled", "n"),
    bounds=(0, 1),
)
OVERLAP = Headline(
    table="scan",
    value="overlap",
    says="overlap |m|",
    sem="overlap_sem",
    within=("temperature", "label"),
    bounds=(0, 1),
)
LOSS = Headline(table="patterns", value="loss", says="loss (dimensionless)", within=("label",))

RULES = ("storkey", "hebbian", "pseudo-inverse")
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 0.8)
SAMPLES = (1, 10, 100, 1000)
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
    helps = {name: CATALOGUE["recall"].settings[name].help for name in axes}
    sizes = {"digits": DIGITS}
    return pd.DataFrame(rows, columns=names), [Key(n, helps[n], sizes.get(n)) for n in axes]


def lines(axes: Axes, label: str = "value") -> list[ErrorbarContainer]:
    found = [one for one in axes.containers if one.get_label() == label]
    assert all(isinstance(one, ErrorbarContainer) for one in found)
    return found  # type: ignore[return-value]


def drawn(line: ErrorbarContainer) -> NDArray[np.float64]:
    """Points of a line, shape (points, 2)."""
    return np.array(line.lines[0].get_xydata())


def bars(line: ErrorbarContainer) -> NDArray[np.float64]:
    """Ends of its bars, shape (points, 2)."""
    return np.array(line.lines[2][0].get_segments())[:, :, 1]


def crosses(axes: Axes) -> list[NDArray[np.float64]]:
    found = [np.array(line.get_xydata()) for line in axes.lines if line.get_label() == "bare"]
    return [points for points in found if len(points)]


def panels(picture: Figure) -> list[Axes]:
    """The panels, row by row, by what is above each."""
    found = [ax for ax in picture.axes if ax.axison and (ax.containers or meshes(ax))]
    found = [ax for ax in found if ax.get_label() != "colours"]
    return sorted(found, key=lambda ax: (-round(ax.get_position().y0, 3), ax.get_position().x0))


def meshes(axes: Axes) -> list[QuadMesh]:
    return [one for one in axes.collections if isinstance(one, QuadMesh)]


def rows_of(table: pd.DataFrame, **values: Any) -> pd.DataFrame:
    for name, value in {"label": "overall", **values}.items():
        table = table[table[name] == value]
    return table


def heads(picture: Figure) -> list[str]:
    return [text.get_text() for text in picture.axes[0].texts if " = " in text.get_text()]


def drawn_as_told(line: ErrorbarContainer, x: Any, own: pd.DataFrame) -> None:
    np.testing.assert_allclose(drawn(line), np.transpose([x, own["accuracy"]]))
    np.testing.assert_allclose(bars(line), own[["ci_low", "ci_high"]])


# --- lines -------------------------------------------------------------------------------


def test_one_key_is_a_line_with_intervals() -> None:
    table, keys = grid(temperature=TEMPERATURES)
    picture = figure(table, keys, RATE, Look())
    (ax,) = panels(picture)
    (line,) = lines(ax)
    drawn_as_told(line, TEMPERATURES, rows_of(table))
    assert ax.get_xlabel() == "temperature T  ($k_B$ = 1)"
    assert ax.get_ylabel().replace("\n", " ") == RATE.says
    assert picture.title == "Accuracy against temperature T"
    assert "accuracy of 5 cells. Bars: 95 % interval for a new start." in picture.caption


def test_two_keys_are_lines_that_are_told_apart_without_colour() -> None:
    table, keys = grid(rule=RULES, temperature=TEMPERATURES)
    picture = figure(table, keys, RATE, Look())
    (ax,) = panels(picture)
    looks = set()
    for rule, line in zip(RULES, lines(ax), strict=True):
        drawn_as_told(line, TEMPERATURES, rows_of(table, rule=rule))
        drawn_line = line.lines[0]
        looks.add((drawn_line.get_marker(), str(drawn_line.get_linestyle())))
    assert len(looks) == len(RULES)
    legend = [text.get_text() for text in picture.axes[0].texts]
    first = legend.index("rule")
    assert tuple(legend[first + 1 : first + 4]) == RULES


def test_lines_of_a_number_go_from_dark_to_light() -> None:
    table, keys = grid(temperature=TEMPERATURES, samples=SAMPLES)
    (ax,) = panels(figure(table, keys, RATE, Look(x="temperature")))
    colours = [to_rgb(line.lines[0].get_color()) for line in lines(ax)]
    lightness = [float(np.dot(colour, (0.2126, 0.7152, 0.0722))) for colour in colours]
    assert len(lightness) == len(SAMPLES)
    assert np.all(np.diff(lightness) > 0.05)
    assert rgb_to_hsv(colours[-1])[1] > 0.2


def test_three_keys_are_small_multiples() -> None:
    table, keys = grid(samples=SAMPLES[:2], rule=RULES, temperature=TEMPERATURES)
    picture = figure(table, keys, RATE, Look())
    # The fewest values have lines, the next panels.
    assert heads(picture) == [f"rule = {rule}" for rule in RULES]
    shown = panels(picture)
    assert len(shown) == len(RULES)
    for rule, ax in zip(RULES, shown, strict=True):
        for samples, line in zip(SAMPLES[:2], lines(ax), strict=True):
            drawn_as_told(line, TEMPERATURES, rows_of(table, rule=rule, samples=samples))
    assert len({ax.get_ylim() for ax in shown}) == 1
    assert len({ax.get_xlim() for ax in shown}) == 1


def test_what_is_asked_for_goes_where_it_is_asked() -> None:
    table, keys = grid(samples=SAMPLES[:2], rule=RULES, temperature=TEMPERATURES)
    look = Look(x="samples", by="rule", rows="temperature", y="n")
    picture = figure(table, keys, RATE, look)
    assert heads(picture) == [f"temperature T = {t:g}" for t in TEMPERATURES]
    for ax in panels(picture):
        assert len(lines(ax)) == len(RULES)
        for line in lines(ax):
            np.testing.assert_allclose(drawn(line), [[1, 100], [10, 100]])
            assert not line.has_yerr
    assert picture.axes[1].get_ylabel() == "n"
    assert "Bars" not in picture.caption


def test_a_column_that_is_asked_for_shows_all_of_its_values() -> None:
    table, keys = grid(temperature=TEMPERATURES)
    (ax,) = panels(figure(table, keys, RATE, Look(by="label")))
    for label, line in zip(("3", "overall"), lines(ax), strict=True):
        drawn_as_told(line, TEMPERATURES, rows_of(table, label=label))


def test_categories_are_points_in_the_order_of_the_grid() -> None:
    table, keys = grid(rule=RULES, samples=SAMPLES[:2])
    picture = figure(table, keys, RATE, Look(x="rule"))
    (ax,) = panels(picture)
    assert [text.get_text() for text in ax.get_xticklabels()] == list(RULES)
    assert ax.get_xticks().tolist() == [0, 1, 2]
    for samples, line in zip(SAMPLES[:2], lines(ax), strict=True):
        own = rows_of(table, samples=samples)
        x = drawn(line)[:, 0]
        np.testing.assert_array_equal(np.round(x), [0, 1, 2])
        drawn_as_told(line, x, own)
        assert line.lines[0].get_linestyle() == "None"
    left, right = (drawn(line)[0, 0] for line in lines(ax))
    assert left < 0 < right


def test_lists_are_drawn_by_their_length() -> None:
    table, keys = grid(digits=tuple(reversed(DIGITS)), rule=RULES)
    (ax,) = panels(figure(table, keys, RATE, Look()))
    assert ax.get_xlabel() == "number of labels stored"
    for rule, line in zip(RULES, lines(ax), strict=True):
        own = rows_of(table, rule=rule).iloc[::-1]
        drawn_as_told(line, [2, 3, 4, 5], own)


def test_what_the_experiment_itself_varies_is_along_the_axis() -> None:
    rows = [
        (samples, t, label, 1 - t * (k + 1) / 3, 0.01 * (k + 1))
        for samples in SAMPLES
        for t in TEMPERATURES[:2]
        for k, label in enumerate(("0", "4"))
    ]
    names = ["samples", "temperature", "label", "overlap", "overlap_sem"]
    table = pd.DataFrame(rows, columns=names)
    picture = figure(table, [Key("samples")], OVERLAP, Look())
    assert heads(picture) == [f"samples of each label, M = {n}" for n in SAMPLES]
    for samples, ax in zip(SAMPLES, panels(picture), strict=True):
        for label, line in zip(("0", "4"), lines(ax), strict=True):
            own = rows_of(table, samples=samples, label=label)
            np.testing.assert_allclose(drawn(line), own[["temperature", "overlap"]])
            half = np.ptp(bars(line), axis=1) / 2
            np.testing.assert_allclose(half, own["overlap_sem"])
    assert "Bars: SEM." in picture.caption


def test_seeds_are_along_the_axis_only_if_nothing_else_is() -> None:
    table, keys = grid(selection_seed=tuple(range(9)), temperature=TEMPERATURES[:2])
    (ax,) = panels(figure(table, keys, RATE, Look()))
    assert ax.get_xlabel().startswith("temperature")
    table, keys = grid(selection_seed=tuple(range(9)))
    (ax,) = panels(figure(table, keys, RATE, Look()))
    assert ax.get_xlabel() == "selection seed"


def test_an_average_has_thick_and_thin_bars() -> None:
    table, keys = grid(temperature=TEMPERATURES, seed=(1, 2, 3, 4))
    mean = average(table, keys, "seed", RATE)
    picture = figure(mean, keys, RATE, Look(over="seed"))
    (ax,) = panels(picture)
    (line,), (thick,) = lines(ax), lines(ax, "sd")
    own = rows_of(mean)
    drawn_as_told(line, TEMPERATURES, own)
    np.testing.assert_allclose(np.ptp(bars(thick), axis=1) / 2, own["accuracy_sd"])
    assert "mean over 4 values of seed, of 5 combinations. Thick bars: SD" in picture.caption
    assert (
        "95 % interval of the mean over all values that seed can have, by that SD."
        in picture.caption
    )


def test_student_s_t_is_called_so() -> None:
    table = pd.DataFrame({"seed": [1, 2, 3] * 2, "samples": [1] * 3 + [9] * 3, "loss": range(6)})
    keys = [Key("samples"), Key("seed")]
    mean = average(table, keys, "seed", LOSS)
    assert "by that SD and Student's t" in figure(mean, keys, LOSS, Look(over="seed")).caption


def test_several_rows_of_a_place_are_their_mean_without_an_interval() -> None:
    table, keys = grid(temperature=TEMPERATURES, rule=RULES[:1])
    twice = pd.concat([table, table.assign(accuracy=table["accuracy"] / 2)], ignore_index=True)
    picture = figure(twice, keys, RATE, Look())
    (line,) = lines(panels(picture)[0])
    np.testing.assert_allclose(drawn(line)[:, 1], 0.75 * rows_of(table)["accuracy"])
    assert not line.has_yerr
    assert "mean of several rows" in picture.caption


# --- axes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ((1, 10, 100, 1000), "log"),
        ((2, 5, 12, 30, 80), "log"),
        ((1, 4, 9, 20), "linear"),
        ((1, 50, 100, 150, 200), "linear"),
        ((0, 1, 10, 1000), "linear"),
        ((1, 1000), "linear"),
    ],
)
def test_an_axis_is_logarithmic_where_values_are_spaced_so(
    values: tuple[int, ...], scale: str
) -> None:
    table, keys = grid(samples=values, temperature=TEMPERATURES)
    look = Look(map=True, x="samples", y="temperature")
    for picture in (figure(table, keys, RATE, Look(x="samples")), figure(table, keys, RATE, look)):
        (ax,) = panels(picture)
        assert ax.get_xscale() == scale
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


def test_a_missing_cell_is_a_gap_with_a_cross() -> None:
    table, keys = grid(rule=RULES, temperature=TEMPERATURES)
    gone = (table["rule"] == "hebbian") & table["temperature"].isin([0.3, 0.8])
    picture = figure(table[~gone], keys, RATE, Look())
    (ax,) = panels(picture)
    whole, broken, other = lines(ax)
    np.testing.assert_array_equal(np.isnan(drawn(broken)[:, 1]), [False, False, True, False, True])
    assert not np.isnan([drawn(whole), drawn(other)]).any()
    ((first, second),) = crosses(ax)
    assert (first[0], second[0]) == (0.3, 0.8)
    assert "2 of 15 cells are missing (crosses)." in picture.caption


def test_a_cell_without_a_number_is_another_gap() -> None:
    table, keys = grid(rule=RULES, temperature=TEMPERATURES)
    table.loc[(table["rule"] == "storkey") & (table["temperature"] == 0.1), "accuracy"] = np.nan
    table = table[(table["rule"] != "hebbian") | (table["temperature"] != 0.5)]
    picture = figure(table, keys, RATE, Look())
    assert "1 of 15 cells is missing and 1 has no number (crosses)." in picture.caption
    assert [points[:, 0].tolist() for points in crosses(panels(picture)[0])] == [[0.1], [0.5]]


def test_what_a_grid_never_held_is_not_missing() -> None:
    """Keys that vary together, or points that are told."""
    table, keys = grid(temperature=TEMPERATURES)
    table["samples"] = table["temperature"].map(dict(zip(TEMPERATURES, range(5), strict=True)))
    picture = figure(table, [*keys, Key("samples")], RATE, Look())
    assert "missing" not in picture.caption
    assert len(lines(panels(picture)[0])) == 1
    points = pd.DataFrame({"temperature": [*TEMPERATURES, 0.9]}) + 1e-15
    picture = figure(table.drop(columns="samples"), keys, RATE, Look(), points=points)
    assert "1 of 6 cells is missing (crosses)." in picture.caption
    assert crosses(panels(picture)[0])[0][:, 0].tolist() == [0.9]


def test_nothing_is_said_where_all_is_there() -> None:
    table, keys = grid(rule=RULES, temperature=TEMPERATURES)
    picture = figure(table, keys, RATE, Look(caption="Five labels, cold"))
    assert picture.caption.startswith("Five labels, cold. Points: accuracy of 15 cells.")
    assert "missing" not in picture.caption
    assert not crosses(panels(picture)[0])


def test_a_key_with_one_value_is_told() -> None:
    table, keys = grid(rule=RULES[:1], temperature=TEMPERATURES)
    assert "5 cells, rule = storkey." in figure(table, keys, RATE, Look()).caption


# --- maps --------------------------------------------------------------------------------


def test_a_map_has_a_cell_for_each_cell() -> None:
    table, keys = grid(rule=RULES, samples=SAMPLES, temperature=TEMPERATURES)
    gone = (table["rule"] == "hebbian") & (table["samples"] == 10) & (table["temperature"] == 0.8)
    picture = figure(table[~gone], keys, RATE, Look(map=True))
    assert heads(picture) == [f"rule = {rule}" for rule in RULES]
    for rule, ax in zip(RULES, panels(picture), strict=True):
        (mesh,) = meshes(ax)
        own = rows_of(table[~gone], rule=rule)
        expected = own.pivot_table("accuracy", "samples", "temperature")
        found = mesh.get_array()
        assert found is not None
        np.testing.assert_allclose(np.ma.filled(found, np.nan), expected)
        assert mesh.get_clim() == (0, 1)
        edges = np.asarray(mesh.get_coordinates())
        np.testing.assert_allclose(edges[0, :, 0], [0.05, 0.15, 0.25, 0.4, 0.65, 0.95])
        np.testing.assert_allclose(edges[:, 0, 1], 10.0 ** np.array([-0.5, 0.5, 1.5, 2.5, 3.5]))
        assert [c.tolist() for c in crosses(ax)] == ([[[0.8, 10]]] if rule == "hebbian" else [])
    assert "1 of 60 cells is missing (crosses)." in picture.caption


def test_contours_are_where_the_number_passes_and_are_labelled() -> None:
    table, keys = grid(samples=(1, 2, 3), temperature=(0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    table["accuracy"] = 1 - table["temperature"]
    (ax,) = panels(figure(table, keys, RATE, Look(map=True)))
    found = {}
    for lines_ in ax.collections:
        if not isinstance(lines_, QuadMesh):
            (level,) = lines_.levels  # type: ignore[attr-defined]
            found[level] = np.vstack([path.vertices for path in lines_.get_paths()])[:, 0]
    assert [*found] == [0.1, 0.5, 0.9]
    for level, x in found.items():
        np.testing.assert_allclose(x, 1 - level)
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
        expected = own.pivot_table("accuracy", "temperature", "samples")
        found = meshes(ax)[0].get_array()
        assert found is not None
        np.testing.assert_allclose(found, expected)


def test_a_number_without_bounds_has_its_own_colours() -> None:
    rows = [(n, s, "3", n * 100.0 + s) for n in (1, 2, 3) for s in (5, 6)]
    table = pd.DataFrame(rows, columns=["samples", "seed", "label", "loss"])
    picture = figure(table, [Key("samples"), Key("seed")], LOSS, Look(map=True))
    (ax,) = panels(picture)
    assert meshes(ax)[0].get_clim() == (105, 306)
    assert "Contours: as labelled" in picture.caption


# --- what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"x": "heat"}, "x must be one of rule, samples, temperature, seed, label, found 'heat'"),
        ({"by": "accuracy"}, "by must be one of rule, .*, found 'accuracy'"),
        ({"rows": "n"}, "rows must be one of rule, .*, found 'n'"),
        ({"y": "wide"}, "y must be one of n, recalled, accuracy, ci_low, ci_high, found 'wide'"),
        ({"y": "samples"}, "y must be one of n, .*, found 'samples'"),
        ({"x": "rule", "by": "rule"}, "by must be another than x, found 'rule'"),
        ({"map": True, "y": "rule", "rows": "rule"}, "(y|rows) must be another than (y|rows)"),
        ({}, "by must leave nothing open: fix or average over seed$"),
        ({"by": "seed"}, "by must leave nothing open: fix or average over .*, found 'seed'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(look: dict[str, Any], message: str) -> None:
    table, keys = grid(
        rule=RULES[:2], samples=SAMPLES[:3], temperature=TEMPERATURES, seed=(1, 2, 3, 4)
    )
    with pytest.raises(SettingError, match=message):
        figure(table, keys, RATE, Look(**look))


def test_a_map_of_one_key_is_refused() -> None:
    table, keys = grid(temperature=TEMPERATURES)
    with pytest.raises(SettingError, match="map must have two keys that vary"):
        figure(table, keys, RATE, Look(map=True))


def test_a_key_is_left_for_the_axis() -> None:
    table, keys = grid(temperature=TEMPERATURES)
    with pytest.raises(SettingError, match="rows must leave a key for x, found 'temperature'"):
        figure(table.drop(columns="label"), keys, RATE, Look(rows="temperature"))


def test_one_cell_alone_is_a_point() -> None:
    table, keys = grid(temperature=(0.2,), rule=("hebbian",))
    picture = figure(table, keys, RATE, Look())
    (line,) = lines(panels(picture)[0])
    drawn_as_told(line, [0.2], rows_of(table))
    assert "1 cell, rule = hebbian." in picture.caption


# --- long values -------------------------------------------------------------------------

STARTS = tuple(f"image,occlude:{side}:0.5" for side in ("top", "left", "right"))
LONG = tuple(f"{start},flip-rows:{n},occlude:bottom:0.5" for start in STARTS for n in (1, 2))


@pytest.mark.parametrize("values", [STARTS, (*STARTS, "random", "pattern,flip:0.1"), LONG])
@pytest.mark.parametrize("slot", ["x", "by", "rows"])
def test_long_values_can_be_told_apart_wherever_they_are(
    values: tuple[str, ...], slot: str
) -> None:
    table, keys = grid(start=values, rule=RULES, samples=SAMPLES)
    others = iter(("rule", "samples"))
    slots: dict[str, Any] = {
        name: "start" if name == slot else next(others) for name in ("x", "by", "rows")
    }
    picture = figure(table, keys, RATE, Look(**slots))
    ticks = [text.get_text() for text in panels(picture)[-1].get_xticklabels()]
    legend = [text.get_text() for text in picture.axes[0].texts if "=" not in text.get_text()]
    legend = [text for text in legend if "…" in text or text in values]
    shown = {"x": ticks, "by": legend, "rows": heads(picture)}[slot]
    assert len(set(shown)) == len(shown) == len(values)
    if values is not LONG:
        assert [side for text in shown for side in ("top", "lef", "rig") if side in text] == [
            *("top", "lef", "rig")
        ]


@given(
    texts=st.lists(st.text("ab:, ", min_size=1, max_size=60), min_size=1, unique=True),
    width=st.floats(0.0, 2.0),
)
def test_texts_are_cut_to_a_width_and_only_if_they_must_be(texts: list[str], width: float) -> None:
    for text, cut in zip(texts, apart(texts, width), strict=True):
        assert text_width(cut) <= max(width, text_width("…")) + 0.03  # letters are set together
        assert (cut == text) == (text_width(text) <= width)


def test_a_tick_takes_the_room_that_it_has() -> None:
    table, keys = grid(start=(STARTS[0], "random"))
    (ax,) = panels(figure(table, keys, RATE, Look()))
    assert [text.get_text() for text in ax.get_xticklabels()] == [STARTS[0], "random"]


# --- the page ----------------------------------------------------------------------------

CASES: dict[str, tuple[dict[str, tuple[Any, ...]], Look]] = {
    "line": ({"temperature": TEMPERATURES}, Look()),
    "lines": ({"samples": SAMPLES, "rule": RULES}, Look()),
    "many lines": ({"temperature": TEMPERATURES, "selection_seed": tuple(range(14))}, Look()),
    "panels": (
        {"digits": tuple(DIGITS), "rule": RULES, "samples": SAMPLES},
        Look(x="samples", by="rule"),
    ),
    "large numbers": ({"seed": (1, 2), "rule": RULES, "samples": SAMPLES}, Look()),
    "categories": ({"rule": RULES, "dataset": ("mnist", "a$b_c", "x" * 60)}, Look(x="dataset")),
    "long values": ({"start": LONG, "rule": RULES}, Look(x="start")),
    "few long values": ({"start": STARTS, "rule": RULES}, Look(x="start")),
    "map": ({"temperature": TEMPERATURES, "samples": SAMPLES}, Look(map=True)),
    "maps": ({"rule": RULES, "temperature": TEMPERATURES, "samples": SAMPLES}, Look(map=True)),
    "map of categories": (
        {"dataset": ("mnist", "a$b_c", "x" * 60), "temperature": TEMPERATURES},
        Look(map=True, x="temperature", y="dataset"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_cut_off_small_or_over_other_things(name: str) -> None:
    axes, look = CASES[name]
    table, keys = grid(**axes)
    headline = RATE
    if name == "large numbers":
        table["accuracy"] *= -1e11
        headline = dataclasses.replace(LOSS, value="accuracy", where=RATE.where)
    picture = figure(table, keys, headline, dataclasses.replace(look, caption="Made up. " * 30))
    page, written, _ = Boxes.of(picture)
    for text, box in written:
        assert page.x0 <= box.x0 < box.x1 <= page.x1, text
        assert page.y0 <= box.y0 < box.y1 <= page.y1, text
        assert float(text.get_fontsize()) >= 9
    for ax in panels(picture):
        box = ax.get_window_extent()
        said = [b for text, b in written if text is ax.yaxis.label or text is ax.xaxis.label]
        assert all(b.height <= 1.02 * box.height and b.width <= 1.3 * box.width for b in said)
    outside = [(text, box) for text, box in written if not _is_contour(picture, text)]
    for (one, first), (other, second) in itertools.combinations(outside, 2):
        if not (one.get_rotation() % 90 and other.get_rotation() % 90):  # slanted boxes may
            assert not _overlap(first, second), (one, other)


def _is_contour(picture: Figure, text: Any) -> bool:
    return any(text in ax.texts for ax in picture.axes[1:])


@pytest.mark.parametrize("look", [Look(), Look(map=True)], ids=["lines", "map"])
@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_the_same_table_gives_the_same_bytes(tmp_path: Path, look: Look, kind: str) -> None:
    """A fresh one and one that was read back, whose numbers have ten digits."""
    table, keys = grid(rule=RULES, samples=SAMPLES, temperature=TEMPERATURES[:3])
    table["accuracy"] += 1 / 3e12
    table.to_csv(tmp_path / "grid.csv", index=False, float_format="%.10g")
    again = pd.read_csv(tmp_path / "grid.csv", dtype={"label": str})
    contents = []
    for place, one in enumerate((table, again)):
        path = tmp_path / f"{place}.{kind}"
        save(figure(one, keys, RATE, look), path)
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_the_style_for_print_has_no_title_on_the_page() -> None:
    table, keys = grid(temperature=TEMPERATURES)
    screen, paper = (figure(table, keys, RATE, Look(), style) for style in ("screen", "paper"))
    assert paper.caption == screen.caption
    assert screen.title in words(screen)
    assert paper.title not in words(paper)


# --- headlines ---------------------------------------------------------------------------

RUNS = {
    "select": "select",
    "recall": "paper",
    "temperature-scan": "figure1",
    "weights": "weights",
    "attractors": "attractors",
    "capacity": "capacity",
    "critical": "critical",
    "compare": "compare",
    "variance": "variance",
    "consistency": "consistency",
    "fit-sweeps": "fit-sweeps",
    "relax": "relax",
}


@pytest.mark.parametrize("command", CATALOGUE)
def test_the_headline_of_each_experiment_is_in_its_table_and_can_be_drawn(command: str) -> None:
    headline = CATALOGUE[command].headline
    table = results.load(CHECKOUT / "results" / RUNS[command], command).result.tables[
        headline.table
    ]
    named = [headline.value, *headline.where, *headline.within, *(headline.counts or ())]
    named += [name for name in (headline.low, headline.high, headline.sem) if name]
    assert set(named) <= set(table.columns)
    for name, value in headline.where.items():
        assert value in set(table[name])
    own = table.assign(samples=50)
    picture = figure(own, [Key("samples")], headline, Look())
    counted = sum(
        np.isfinite(drawn(line)[:, 1]).sum() for ax in panels(picture) for line in lines(ax)
    )
    kept = own
    for name, value in headline.where.items():
        kept = kept[kept[name] == value]
    assert counted == kept[headline.value].notna().sum()


def test_axes_call_settings_and_coordinates_by_names_that_there_are() -> None:
    settings = {name for entry in CATALOGUE.values() for name in entry.settings}
    coordinates = {name for entry in CATALOGUE.values() for name in entry.headline.within}
    called = set(grid_keys._CALLED)
    assert called <= settings | coordinates
    assert {name for name in settings if Key(name).says == name.replace("_", " ")} & called == set()


@pytest.mark.parametrize("is_map", [False, True])
def test_of_a_thousand_categories_as_many_are_named_as_fit(*, is_map: bool) -> None:
    """Where they are, and in order; the points of all are drawn."""
    starts = tuple(f"text:a/long/folder/of/states/file-{k}.txt" for k in range(1000))
    table, keys = grid(rule=RULES, start=starts)
    look = Look(x="start", y="rule", map=True) if is_map else Look(x="start", by="rule")
    (ax,) = panels(figure(table, keys, RATE, look))
    texts, places = [t.get_text() for t in ax.get_xticklabels()], ax.get_xticks()
    assert 10 <= len(texts) <= 30
    assert len(set(texts)) == len(texts)
    for text, place in zip(texts, places, strict=True):
        assert starts[int(place)].endswith(text.rpartition("…")[2])
    if not is_map:
        assert [len(drawn(line)) for line in lines(ax)] == [1000] * 3
