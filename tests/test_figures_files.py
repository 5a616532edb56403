"""The files of the figures: fresh and loaded, in two styles, galleries of many pages, captions."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from conftest import files_below, random_patterns
from PIL import Image
from test_figures_weights import write_patterns
from test_plots import NAMES, Run, made, run, texts, with_table, words

from hopcli import experiments, plots, results
from hopcli.catalogue import CATALOGUE
from hopcli.config import AttractorsConfig, RecallConfig, RecallExecution, TemperatureScanConfig
from hopcli.plots.filed import as_filed
from hopcli.plots.files import drawn_svg
from hopcli.plots.page import STYLES

if TYPE_CHECKING:
    from conftest import RunHopcli
    from matplotlib.figure import Figure

    from hopcli.experiments import Result

SETTINGS: dict[str, dict[str, Any]] = {
    "select": {"samples": 3},
    "recall": {"start": "pattern,flip:0.2", "tests": 3, "repeats": 3, "sweeps": 3, "trace": True},
    "temperature-scan": {"temperatures": (0.3, 0.9, 1.5), "repeats": 7, "sweeps": 5},
    "weights": {"rule": "hebbian", "pixel": (1, 3)},
    "attractors": {"rule": ("hebbian", "storkey"), "starts": 70},
    "capacity": {"patterns": "images", "loads": (0.05, 0.11), "draws": 3},
    "critical": {"temperatures": (0.5, 1.0, 1.5), "chains": 5, "sweeps": 20},
    "compare": {
        "dataset": "digits",
        "split": "train",
        "tests": 6,
        "training": 20,
        "selector_samples": (2, 5),
        "selections": 3,
        "selector_tests": 4,
        "tuning": 3,
        "sweeps": 3,
    },
    "variance": {"start": "flip:0.2", "selections": 3, "tests": 4, "repeats": 2},
    "consistency": {"dataset": "digits", "selections": 3, "tests": 5, "sweeps": 3},
    "fit-sweeps": {"dataset": "digits", "sweeps": (1, 2), "replays": 2, "orders": 2},
    "relax": {"start": "pattern,flip:0.2", "tests": 3, "repeats": 3, "sweeps": 6},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("files") / "five.txt"
    return write_patterns(path, random_patterns(1, 5, 42), (6, 7))


def fresh(command: str, dataset: str, folder: Path) -> tuple[Any, Result]:
    """A run, as it was made and written: its configuration and result."""
    entry = CATALOGUE[command]
    execution = entry.execution()
    if isinstance(execution, RecallExecution):
        execution = RecallExecution(animate="run.gif", keep=("trials",))
    plan = experiments.plan(entry.config(**{"dataset": dataset, **SETTINGS[command]}))
    result = plan.run(execution, experiments.no_progress)
    results.save(folder, plan.config, result, inputs=plan.inputs, execution=execution, duration=1.0)
    return plan.config, result


# --- fresh and loaded --------------------------------------------------------------------


@pytest.mark.parametrize("command", CATALOGUE)
def test_a_fresh_result_and_the_loaded_one_are_drawn_alike(
    command: str, dataset: str, tmp_path: Path
) -> None:
    config, result = fresh(command, dataset, tmp_path / "run")
    loaded = results.load(tmp_path / "run")
    seen = []
    for place, one in enumerate((result, loaded.result)):
        folder = tmp_path / str(place)
        folder.mkdir()
        plots.draw(config, one, folder, "svg")
        if getattr(one, "frames", None) is not None:
            plots.animate(one, folder, "run.gif")
        seen.append(files_below(folder))
    extra = {"trace.svg", "run.gif"} if command == "recall" else set()
    assert set(seen[0]) == {f"{name}.svg" for name in NAMES[command]} | extra
    assert seen[0] == seen[1]


def test_what_a_file_rounds_changes_no_picture() -> None:
    """87.25 % is printed as 87.2 %, by the rules of rounding; and so is 87.25 % and a bit."""
    table = made("one repeat").result.tables["accuracy"]
    seen = set()
    for value in (0.8725, np.nextafter(0.8725, 1), np.nextafter(0.8725, 0)):
        changed = with_table(made("one repeat"), "accuracy", table.assign(accuracy=value))
        figure: Any = changed.figures()["accuracy"]
        seen.add(drawn_svg(figure))
    assert len(seen) == 1


def test_only_the_tables_that_are_drawn_are_read_and_none_is_changed(
    dataset: str, tmp_path: Path
) -> None:
    config, result = fresh("recall", dataset, tmp_path / "run")
    before = {name: table.copy() for name, table in result.tables.items()}
    (tmp_path / "run" / "trials.csv").unlink()
    loaded = results.load(tmp_path / "run")
    plots.draw(loaded.config, loaded.result, tmp_path)
    plots.draw(config, result, tmp_path)
    for name, table in before.items():
        assert result.tables[name].equals(table)
    filed = as_filed(loaded.result)
    assert list(filed.tables) == list(before)
    for tables in (filed.tables, loaded.result.tables):
        assert "trials" in tables
        assert "no such table" not in tables

    table = result.tables["confusion"].copy()
    table.columns = ["label", *["twice"] * (table.shape[1] - 1)]
    table.isetitem(1, np.array([1 / 3, np.nan, -0.0, 1e-20 / 3, 2e20 / 3]))
    changed = dataclasses.replace(result, tables={"confusion": table})
    found = as_filed(changed).tables["confusion"]
    ten_digits = [0.3333333333, np.nan, 0, 3.333333333e-21, 66666666670000000000.0]
    np.testing.assert_array_equal(found.iloc[:, 1].to_numpy(), ten_digits)
    assert list(found.columns) == list(table.columns)
    assert found.drop(columns=found.columns[1]).equals(table.drop(columns=table.columns[1]))
    assert found.iloc[:, 2:].equals(table.iloc[:, 2:])


# --- two styles --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["select", "one repeat", "weights"])
def test_on_paper_neither_title_nor_caption_is_drawn(name: str) -> None:
    shown = made(name)
    draw = CATALOGUE[shown.config.command].figures
    paper, screen = (draw(shown.config, shown.result, style) for style in ("paper", "screen"))
    assert screen.keys() == paper.keys() == shown.figures().keys()
    for key, figure in paper.items():
        other = screen[key]
        assert (figure.title, figure.caption) == (other.title, other.caption)
        assert (figure.style, other.style) == ("paper", "screen")
        usual: Any = shown.figures()[key]
        assert usual.style == "screen"
        for text in (figure.title, " ".join(figure.caption.split()[:4])):
            assert text in words(other)
            assert text not in words(figure)
        # Nothing but these is missing: the body is as large as it was.
        assert figure.get_figwidth() == other.get_figwidth()
        assert figure.get_figheight() < other.get_figheight() - 0.4


def test_files_for_print_are_as_journals_want_them(tmp_path: Path) -> None:
    shown = made("one repeat")
    for kind in ("png", "svg", "pdf"):
        plots.draw(shown.config, shown.result, tmp_path, kind, style="paper")
    screen = tmp_path / "screen"
    screen.mkdir()
    plots.draw(shown.config, shown.result, screen, "png")
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
    plots.draw(shown.config, shown.result, tmp_path, "svg", style=style)
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


# --- the gallery of many own pictures: a page a picture ----------------------------------


def _of_pictures(folder: Path, n_pictures: int) -> Run:
    folder.mkdir()
    for k in range(n_pictures):
        ink = np.random.default_rng(k).random((12, 12)) < 0.5
        Image.fromarray(np.where(ink, 255, 0).astype(np.uint8)).save(folder / f"picture {k}.png")
    config = RecallConfig(
        dataset=f"images:{folder}",
        start="flip:0.3",
        dynamics="async",
        rule="hebbian",
        tests=6,
        repeats=1,
    )
    return run(config)


@pytest.fixture(scope="module")
def seven(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return _of_pictures(tmp_path_factory.mktemp("pages") / "pictures", 7)


def _pages(shown: Run) -> dict[str, Figure]:
    return {name: one for name, one in shown.figures().items() if name.startswith("gallery")}


def _states(figure: Figure) -> list[np.ndarray]:
    """What is drawn, as spins of 12 x 12, from left to right."""
    images = sorted(figure.axes[0].images, key=lambda image: image.get_extent()[0])
    drawn = [np.asarray(image.get_array()) for image in images]
    return [array[:: len(array) // 12, :: len(array) // 12].ravel() for array in drawn]


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
        order = np.argsort(~gallery.trials["recalled"][own].to_numpy(), kind="stable")
        expected = [patterns.xi[patterns.labels.index(label)]]
        for row in np.flatnonzero(own)[order]:
            expected += [gallery.start[row], gallery.end[row]]
        np.testing.assert_array_equal(_states(figure), expected)
    trials = seven.result.tables["gallery"].copy()
    trials.loc[trials["label"] == "picture 2", "source_index"] = -1
    changed = _pages(with_table(seven, "gallery", trials))
    assert ["index" in words(one) for one in changed.values()] == [k != 2 for k in range(7)]


def test_a_picture_on_a_page_of_its_own_is_larger(seven: Run, tmp_path: Path) -> None:
    sides = []
    for shown in (seven, _of_pictures(tmp_path / "pictures", 6)):
        *_, figure = _pages(shown).values()
        left, right, *_ = figure.axes[0].images[0].get_extent()
        sides.append((len(_pages(shown)), round(float(right - left), 6)))
    assert sides == [(7, 2), (1, 0.8)]


def test_ten_digits_stay_on_one_page() -> None:
    digits = tuple("0123456789")
    shown = run(RecallConfig(dataset="digits", digits=digits, tests=1, repeats=1, sweeps=1))
    assert list(_pages(shown)) == ["gallery"]


# --- what captions call images -----------------------------------------------------------

FEW: dict[str, Any] = {"source_indices": (9, 56), "tests": 3, "repeats": 2}
CALLED = [
    # configuration, what its images are, what they may not be called
    (RecallConfig(**FEW), "training images", "test image"),
    (RecallConfig(**FEW, split="all"), " images", "t images"),
    (RecallConfig(**FEW, dataset="digits"), " images", "t images"),
    (RecallConfig(**{**FEW, "split": "test", "tests": "all"}), "All test images", "training"),
    (RecallConfig(**FEW, start="image,flip:0.1"), "training images, flip:0.1", "test image"),
    (AttractorsConfig(source_indices=(9, 56), start="image", starts=9), "training images", "test"),
    (
        TemperatureScanConfig(
            source_indices=(9, 56), split="test", start="digit", temperatures=(0.1,), repeats=2
        ),
        "random test images",
        "training",
    ),
    (RecallConfig(tests=2, repeats=1, replay_authors=True), "2 of the authors'", "test image"),
    (
        RecallConfig(samples=2, tests=2, repeats=1, split="test", select_split="train"),
        "test images",
        "training",
    ),
]


@pytest.mark.parametrize(("config", "called", "not_called"), CALLED)
def test_images_are_called_by_their_split(config: Any, called: str, not_called: str) -> None:
    plan = experiments.plan(config)
    entry = CATALOGUE[config.command]
    result = plan.run(entry.execution(), experiments.no_progress)
    for figure in entry.figures(plan.config, result).values():
        said = f"{figure.title}. {figure.caption}"
        assert called in said
        assert not_called not in said.replace(called, "").lower()
        assert getattr(config, "select_split", None) is None or "(mnist:train)" in said
