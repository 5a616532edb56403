"""Two styles of pictures: for the screen, and for print, where the journal sets the caption."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from matplotlib.text import Text
from PIL import Image

from hopcli import experiments, plots, results
from hopcli.catalogue import CATALOGUE
from hopcli.config import RecallConfig, SelectConfig, WeightsConfig
from hopcli.plots.page import STYLES

if TYPE_CHECKING:
    from conftest import RunHopcli

    from hopcli.config import Config

CONFIGS: tuple[Config, ...] = (
    SelectConfig(samples=3),
    RecallConfig(source_indices=(9, 56), tests=3, repeats=2),
    WeightsConfig(source_indices=(9, 56)),
)


def _made(config: Config) -> tuple[Any, Any]:
    plan = experiments.plan(config)
    how = CATALOGUE[config.command].execution()
    return plan.config, plan.run(how, experiments.no_progress)


def _texts(figure: Any) -> str:
    return " ".join(text.get_text() for text in figure.findobj(Text) if text.get_visible())


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.command)
def test_on_paper_neither_title_nor_caption_is_drawn(config: Config) -> None:
    resolved, result = _made(config)
    draw = CATALOGUE[config.command].figures
    screen, paper = (draw(resolved, result, style) for style in STYLES)
    assert screen.keys() == paper.keys()
    for name, figure in paper.items():
        assert (figure.title, figure.caption) == (screen[name].title, screen[name].caption)
        assert (figure.style, screen[name].style) == ("paper", "screen")
        first = figure.caption.split()[:4]
        assert figure.title in _texts(screen[name])
        assert " ".join(first) in _texts(screen[name])
        assert figure.title not in _texts(figure)
        assert " ".join(first) not in _texts(figure)
        # Nothing but these is missing: the body is as large as it was.
        assert figure.get_figwidth() == screen[name].get_figwidth()
        assert figure.get_figheight() < screen[name].get_figheight() - 0.4
    assert draw(resolved, result)[name].style == "screen"


def test_files_for_print_are_as_journals_want_them(tmp_path: Path) -> None:
    resolved, result = _made(CONFIGS[1])
    for kind in ("png", "svg", "pdf"):
        plots.draw(resolved, result, tmp_path, kind, style="paper")
    screen = tmp_path / "screen"
    screen.mkdir()
    plots.draw(resolved, result, screen, "png")
    with Image.open(tmp_path / "accuracy.png") as fine, Image.open(screen / "accuracy.png") as own:
        assert fine.width == 2 * own.width
        assert round(fine.info["dpi"][0]) == 300
    pdf = (tmp_path / "accuracy.pdf").read_bytes()
    assert b"/FontFile2" in pdf  # TrueType, Type 42
    assert b"/Subtype /Type3" not in pdf
    svg = (tmp_path / "accuracy.svg").read_text(encoding="utf-8")
    assert re.search(r"<text [^>]*>recalled \(%\)</text>", svg)
    said = (tmp_path / "accuracy.txt").read_text(encoding="utf-8")
    figure = CATALOGUE["recall"].figures(resolved, result)["accuracy"]
    assert said.startswith(f"{figure.title}. {figure.caption[:30]}")
    assert not list(screen.glob("*.txt"))


@pytest.mark.parametrize("style", STYLES)
def test_a_drawing_is_told_to_those_who_cannot_see_it(tmp_path: Path, style: str) -> None:
    resolved, result = _made(CONFIGS[1])
    plots.draw(resolved, result, tmp_path, "svg", style=style)
    figures = CATALOGUE["recall"].figures(resolved, result, style)
    for name, figure in figures.items():
        root = ET.parse(tmp_path / f"{name}.svg").getroot()
        space = "{http://www.w3.org/2000/svg}"
        assert root.get("role") == "img"
        assert [title.text for title in root.findall(f"{space}title")] == [figure.title]
        assert [found.text for found in root.findall(f"{space}desc")] == [figure.caption]


def test_the_style_is_asked_for_by_a_flag(run_hopcli: RunHopcli) -> None:
    run_hopcli("select", "--samples", "2", "-q", "--out", "out", "--figure-style", "paper")
    assert {"patterns.png", "patterns.txt"} <= set(
        results.read_manifest(Path("out"), "select")["outputs"]
    )
    run_hopcli("plot", "out", "--figure-style", "screen", "--out", "screen", "-q")
    assert [path.name for path in Path("screen").iterdir()] == ["patterns.png"]
    run_hopcli("plot", "out", "--out", "again", "-q")  # in the style of the run
    for name in ("patterns.png", "patterns.txt"):
        assert (Path("again") / name).read_bytes() == (Path("out") / name).read_bytes()
    assert run_hopcli("plot", "out", "--out", "out", "--dpi", "40").code == 0
    results.read_manifest(Path("out"), "select")  # which knows the new picture
