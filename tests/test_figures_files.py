"""The files of the figures: fresh and loaded, in two styles, galleries of many pages, captions."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from conftest import RunHopcli, as_columns
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from test_plots import CONFIGS, Run, config, made, panels, run, texts, with_table, words

import hopcli
from hopcli import experiments, plots, results
from hopcli.catalogue import CATALOGUE
from hopcli.config import Execution, RecallConfig
from hopcli.plots.figure import drawn_svg
from hopcli.plots.page import STYLES, as_filed

# --- fresh and loaded --------------------------------------------------------------------


FAST = ("one repeat", "relax")  # with arrays; with a table, arrays and notes


@pytest.mark.parametrize(
    "name", [*FAST, *(pytest.param(n, marks=pytest.mark.slow) for n in CONFIGS if n not in FAST)]
)
def test_a_fresh_result_and_the_loaded_one_are_drawn_alike(name: str) -> None:
    shown = made(name)
    figures: Any = Run(shown.config, experiments.run(config(name))).figures()
    loaded: Any = shown.figures()
    assert list(figures) == list(loaded)
    for key, figure in figures.items():
        assert drawn_svg(figure) == drawn_svg(loaded[key])


def test_numbers_of_drawn_tables_have_ten_digits() -> None:
    table = made("recall").result.tables["confusion"].copy()
    table.columns = ["label", *["twice"] * (table.shape[1] - 1)]
    table.isetitem(1, np.array([1 / 3, np.nan, -0.0, 1e-20 / 3, 2e20 / 3]))
    columns = as_columns({"confusion": table}, "recall")
    changed = dataclasses.replace(made("recall").result, columns=columns)
    found = as_filed(changed).tables["confusion"]
    ten_digits = [0.3333333333, np.nan, 0, 3.333333333e-21, 66666666670000000000.0]
    np.testing.assert_array_equal(found.iloc[:, 1].to_numpy(), ten_digits)
    others = [0, *range(2, table.shape[1])]
    assert found.iloc[:, others].equals(table.iloc[:, others])


# --- two styles --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["select", "one repeat"])
def test_on_paper_neither_title_nor_caption_is_drawn(name: str) -> None:
    shown = made(name)
    draw = CATALOGUE[shown.config.command].figures
    paper, screen = (draw(shown.config, shown.result, style) for style in ("paper", "screen"))
    assert screen.keys() == paper.keys() == shown.figures().keys()
    for key, figure in paper.items():
        other = screen[key]
        assert (figure.title, figure.caption) == (other.title, other.caption)
        assert (figure.form.style, other.form.style) == ("paper", "screen")
        usual: Any = shown.figures()[key]
        assert usual.form.style == "screen"
        for text in (figure.title, " ".join(figure.caption.split()[:4])):
            assert text in words(other)
            assert text not in words(figure)
        assert figure.get_figwidth() == other.get_figwidth()
        assert figure.get_figheight() < other.get_figheight() - 0.4


def test_files_for_print_are_as_journals_want_them(tmp_path: Path) -> None:
    shown = made("one repeat")
    for kind in ("png", "svg", "pdf"):
        plots.draw(
            shown.config,
            shown.result,
            Execution(figure_format=kind, figure_style="paper"),
            tmp_path,
        )
    screen = tmp_path / "screen"
    screen.mkdir()
    plots.draw(shown.config, shown.result, Execution(), screen)
    with Image.open(tmp_path / "accuracy.png") as fine, Image.open(screen / "accuracy.png") as own:
        assert abs(fine.width - 2 * own.width) <= 1
        assert round(fine.info["dpi"][0]) == 300
    pdf = (tmp_path / "accuracy.pdf").read_bytes()
    assert b"/FontFile2" in pdf  # TrueType, Type 42
    assert b"/Subtype /Type3" not in pdf
    svg = (tmp_path / "accuracy.svg").read_text(encoding="utf-8")
    assert re.search(r"<text [^>]*>recalled \(%\)</text>", svg)
    figure: Any = shown.figures()["accuracy"]
    said = (tmp_path / "accuracy.txt").read_text(encoding="utf-8")
    assert said.startswith(f"{figure.title}. {figure.caption[:30]}")
    assert not list(screen.glob("*.txt"))


@pytest.mark.parametrize("style", STYLES)
def test_a_drawing_says_what_it_is_to_those_who_cannot_see_it(tmp_path: Path, style: str) -> None:
    shown = made("one repeat")
    plots.draw(
        shown.config, shown.result, Execution(figure_format="svg", figure_style=style), tmp_path
    )
    space = "{http://www.w3.org/2000/svg}"
    for name, figure in shown.figures().items():
        root = ET.parse(tmp_path / f"{name}.svg").getroot()
        told: Any = figure
        assert root.get("role") == "img"
        assert [found.text for found in root.findall(f"{space}title")] == [told.title]
        assert [found.text for found in root.findall(f"{space}desc")] == [told.caption]


def test_the_style_is_asked_for_by_a_flag(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "--samples", "2", "-q", "--out", "out", "--figure-style", "paper")
    outputs = results.read_manifest(Path("out"), "select")["outputs"]
    assert {"patterns.png", "patterns.txt"} <= set(outputs)
    run_hopcli("plot", "out", "--figure-style", "screen", "--out", "screen", "-q")
    assert [path.name for path in Path("screen").iterdir()] == ["patterns.png"]
    run_hopcli("plot", "out", "--out", "again", "-q")  # in the style of the run
    for name in ("patterns.png", "patterns.txt"):
        assert (Path("again") / name).read_bytes() == (Path("out") / name).read_bytes()
    assert run_hopcli("plot", "out", "--out", "out", "--dpi", "40").code == 0
    results.read_manifest(Path("out"), "select")  # which knows the new picture


# --- pictures of a given width -----------------------------------------------------------

ROOMY = 0.04  # largest share of the width that is empty at a side


@pytest.mark.parametrize("name", ["paper", "traced", "scan", "attractors", "compare", "relax"])
def test_pictures_fill_a_column_with_text_of_8_points(name: str) -> None:
    shown = made(name)
    for tex_fonts in (False, True):
        figures: Any = shown.figures(style="paper", width=3.4, tex_fonts=tex_fonts)
        for key, figure in figures.items():
            assert figure.get_figwidth() == pytest.approx(3.4)
            figure.set_dpi(300)
            renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
            figure.draw_without_rendering()
            boxes = [text.get_window_extent(renderer) for text in texts(figure)]
            boxes += [ax.get_window_extent() for ax in panels(figure)]
            page = figure.axes[0]
            boxes += [one.get_window_extent() for one in (*page.images, *page.lines)]
            left, right = min(box.x0 for box in boxes), max(box.x1 for box in boxes)
            width = figure.bbox.width
            assert -0.5 <= left <= ROOMY * width, key
            assert (1 - ROOMY) * width <= right <= width + 0.5, key
            letters = [text for text in texts(figure) if text.get_text() != "→"]
            sizes = {float(text.get_fontsize()) for text in letters}
            assert 7.3 <= min(sizes) <= max(sizes) <= 9.9, key
            family = {text.get_fontfamily()[0] for text in texts(figure)}
            assert family == {"STIXGeneral" if tex_fonts else "DejaVu Sans"}


def test_a_width_is_given_in_usual_units(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "--samples", "2", "-q", "--out", "out", "--width", "8.636cm")
    assert results.read_manifest(Path("out"), "select")["execution"]["width"] == "8.636cm"
    for given in ("3.4in", "86.36mm", "8.636cm", "245.72pt"):
        line = f"plot out --figure-style paper --width {given} --out {given} -q"
        assert run_hopcli(*line.split()).code == 0
        with Image.open(f"{given}/patterns.png") as image:
            assert image.width == 1020
    assert run_hopcli("plot", "out", "--width", "3.4em", "--out", "other").code == 2
    again = hopcli.run("select", samples=2, width="245.72pt").figures["patterns"]
    assert again.get_figwidth() == pytest.approx(3.4, abs=1e-3)


# --- the gallery of many own pictures: a page a picture ----------------------------------


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A recall of seven own pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for k in range(7):
        ink = np.random.default_rng(k).random((12, 12)) < 0.5
        Image.fromarray(np.where(ink, 255, 0).astype(np.uint8)).save(folder / f"picture {k}.png")
    values = {"dataset": f"images:{folder}", "start": "flip:0.3", "dynamics": "async"}
    settings = {"rule": "hebbian", "tests": 6, "repeats": 1}
    return run(RecallConfig.from_values({**values, **settings}))


def _pages(shown: Run) -> dict[str, Figure]:
    return {name: one for name, one in shown.figures().items() if name.startswith("gallery")}


def _states(figure: Figure) -> list[np.ndarray]:
    """Return the drawn pictures as spins of 12 x 12, from left to right."""
    images = sorted(figure.axes[0].images, key=lambda image: image.get_extent()[0])
    return [np.asarray(image.get_array()).ravel() for image in images]


def test_more_than_a_handful_of_own_pictures_have_a_page_each(seven: Run) -> None:
    pages = _pages(seven)
    assert list(pages) == ["gallery", *(f"gallery-{k}" for k in range(2, 8))]
    gallery, patterns = seven.result.gallery, seven.result.patterns
    for k, figure in enumerate(pages.values()):
        label = f"picture {k}"
        assert any(text.get_text().startswith(f"{label}: ") for text in texts(figure))
        assert f"Page {k + 1} of 7." in words(figure)
        assert f"picture {k + 1}" not in words(figure).replace("ends in picture", "")
        own = gallery.trials["label"] == label
        order = np.argsort(~gallery.trials["recalled"][own], kind="stable")
        expected = [patterns.xi[patterns.labels.index(label)]]
        for row in np.flatnonzero(own)[order]:
            expected += [gallery.start[row], gallery.end[row]]
        np.testing.assert_array_equal(_states(figure), expected)
    trials = seven.result.tables["gallery"].copy()
    trials.loc[trials["label"] == "picture 2", "source_index"] = -1
    changed = _pages(with_table(seven, "gallery", trials))
    drawn = [{text.get_text().split("\n")[0] for text in texts(one)} for one in changed.values()]
    assert [{"-1", "0"} & one for one in drawn] == [{"0"}, *[set()] * 6]
    assert ["index" in words(one) for one in changed.values()] == [k != 2 for k in range(7)]
