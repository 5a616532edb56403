"""The gallery of many own pictures: a page a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from test_plots import Run, run, texts, with_table, words

from hopcli.config import RecallConfig

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure


def _run(folder: Path, n_pictures: int) -> Run:
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
    return _run(tmp_path_factory.mktemp("pages") / "pictures", 7)


def _pages(figures: dict[str, Figure]) -> list[str]:
    return [name for name in figures if name.startswith("gallery")]


def _states(figure: Figure) -> list[np.ndarray]:
    """What is drawn, as spins of 12 x 12, from left to right."""
    images = sorted(figure.axes[0].images, key=lambda image: image.get_extent()[0])
    drawn = [np.asarray(image.get_array()) for image in images]
    return [array[:: len(array) // 12, :: len(array) // 12].ravel() for array in drawn]


def test_more_than_a_handful_of_own_pictures_have_a_page_each(seven: Run) -> None:
    figures = seven.figures()
    assert _pages(figures) == ["gallery", *(f"gallery-{k}" for k in range(2, 8))]
    gallery, patterns = seven.result.gallery, seven.result.patterns
    for k, name in enumerate(_pages(figures)):
        figure, label = figures[name], f"picture {k}"
        assert any(text.get_text().startswith(f"{label}: ") for text in texts(figure))
        assert f"Page {k + 1} of 7." in words(figure)
        assert f"picture {k + 1}" not in words(figure).replace("ends in picture", "")
        own = gallery.trials["label"] == label
        order = np.argsort(~gallery.trials["recalled"][own].to_numpy(), kind="stable")
        expected = [patterns.xi[patterns.labels.index(label)]]
        for row in np.flatnonzero(own)[order]:
            expected += [gallery.start[row], gallery.end[row]]
        found = _states(figure)
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_page_tells_of_an_index_only_if_there_is_one_on_it(seven: Run) -> None:
    trials = seven.result.tables["gallery"].copy()
    trials.loc[trials["label"] == "picture 2", "source_index"] = -1
    figures = with_table(seven, "gallery", trials).figures()
    for k, name in enumerate(_pages(figures)):
        assert ("index of the image" in words(figures[name])) == (k != 2)


def test_a_picture_on_a_page_of_its_own_is_larger(seven: Run, tmp_path: Path) -> None:
    def side(figure: Figure) -> float:
        left, right, *_ = figure.axes[0].images[0].get_extent()
        return float(right - left)

    six = _run(tmp_path / "pictures", 6).figures()
    assert _pages(six) == ["gallery"]
    assert side(seven.figures()["gallery-3"]) == pytest.approx(2)
    assert side(six["gallery"]) == pytest.approx(0.8)


def test_ten_digits_stay_on_one_page() -> None:
    digits = tuple("0123456789")
    shown = run(RecallConfig(dataset="digits", digits=digits, tests=1, repeats=1, sweeps=1))
    assert _pages(shown.figures()) == ["gallery"]
