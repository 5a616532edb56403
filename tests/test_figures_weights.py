"""The figure of ``hopcli weights``: each panel against couplings worked out by hand."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns
from matplotlib.colors import LogNorm, Normalize
from test_plots import Run, images, run, states, texts, words

from hopcli.config import WeightsConfig
from hopcli.storage import RULES, store

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SHAPE = (3, 5)
PIXEL = (1, 2)
XI = random_patterns(4, 4, 15)  # of which two are fixed points, one by a hair


def write_patterns(path: Path, xi: NDArray[np.int8], shape: tuple[int, int]) -> str:
    """Draw patterns into a text file; give the name of the data set."""
    pictures = (
        "\n".join("".join(".#"[int(spin > 0)] for spin in row) for row in one.reshape(shape))
        for one in xi
    )
    path.write_text("\n\n".join(pictures) + "\n", encoding="utf-8")
    return f"text:{path}"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_patterns(tmp_path_factory.mktemp("weights") / "four.txt", XI, SHAPE)


@pytest.fixture(scope="module")
def hebbian(dataset: str) -> Run:
    return run(WeightsConfig(dataset=dataset, rule="hebbian", pixel=PIXEL))


def couplings_by_hand() -> NDArray[np.float64]:
    """W_ij = 1/N sum_mu xi_i^mu xi_j^mu, W_ii = 0, site by site."""
    n = XI.shape[1]
    return np.array(
        [
            [0.0 if i == j else sum(int(xi[i]) * int(xi[j]) for xi in XI) / n for j in range(n)]
            for i in range(n)
        ]
    )


def panels(figure: Figure) -> tuple[Axes, Axes, Axes]:
    """The three panels from left to right, without the scales beside them."""
    wide = [axes for axes in figure.axes if axes.axison and axes.get_position().width > 0.1]
    matrix, pixel, spectrum = sorted(wide, key=lambda axes: axes.get_position().x0)
    return matrix, pixel, spectrum


def below(figure: Figure, picture: Any) -> list[str]:
    """What is written under a picture, line by line."""
    left, _, bottom, _ = picture.get_extent()
    lines = [
        (text.get_position()[1], text.get_text())
        for text in texts(figure)
        if text.axes is picture.axes
        and text.get_position()[0] == pytest.approx(left)
        and bottom < text.get_position()[1] < bottom + 0.8
    ]
    return [line for _, line in sorted(lines)]


def heat(axes: Axes) -> NDArray[np.float64]:
    (image,) = axes.images
    return np.array(image.get_array())


def test_the_matrix_is_the_couplings_with_a_zero_diagonal(hebbian: Run) -> None:
    matrix, _, _ = panels(hebbian.figures()["weights"])
    w = heat(matrix)
    np.testing.assert_allclose(w, couplings_by_hand(), atol=1e-12)
    assert not np.diag(w).any()
    assert matrix.get_ylabel() == "site i"
    assert matrix.get_ylim()[0] > matrix.get_ylim()[1], "site 0 is at the top"


def test_the_pixel_is_the_row_of_the_matrix_laid_out_as_the_picture(hebbian: Run) -> None:
    figure = hebbian.figures()["weights"]
    _, pixel, _ = panels(figure)
    w, (row, column) = couplings_by_hand(), PIXEL
    asked = w[row * SHAPE[1] + column].reshape(SHAPE)
    transposed = w[column * SHAPE[1] + row].reshape(SHAPE)
    assert not np.allclose(asked, transposed), "this test takes a pixel that is not its transpose"
    np.testing.assert_allclose(heat(pixel), asked, atol=1e-12)
    assert heat(pixel)[PIXEL] == 0
    (mark,) = pixel.lines
    assert mark.get_xydata().tolist() == [[column, row]]  # type: ignore[union-attr]
    assert "couplings of pixel (1, 2)" in words(figure)


def test_both_panels_have_one_scale_with_nothing_beyond_it(hebbian: Run) -> None:
    figure = hebbian.figures()["weights"]
    matrix, pixel, _ = panels(figure)
    largest = 4 / 15  # of a site with itself, which the diagonal leaves out
    for axes in (matrix, pixel):
        (image,) = axes.images
        np.testing.assert_allclose(image.get_clim(), (-largest, largest))
        norm = image.norm
        assert isinstance(norm, Normalize)
        assert not isinstance(norm, LogNorm)
        red, _, blue, _ = image.get_cmap()(1.0)  # positive is orange, negative purple
        assert red > blue
        assert np.ptp(image.get_cmap()(0.5)[:3]) < 0.02, "no coupling has no colour"
    scales = [axes for axes in figure.axes if axes.axison and axes.get_position().width < 0.1]
    for scale in scales:
        seen = [(label.get_position()[1], label.get_text()) for label in scale.get_yticklabels()]
        assert [text for _, text in seen] == ["\N{MINUS SIGN}0.27", "0", "0.27"]
        np.testing.assert_allclose([y for y, _ in seen], [-largest, 0, largest])
    assert len(scales) == 2


def spectrum_drawn(figure: Figure) -> NDArray[np.float64]:
    """Eigenvalues as often as they occur, lowest first."""
    _, _, axes = panels(figure)
    (points,) = axes.lines
    value, times = np.array(points.get_xdata()), np.array(points.get_ydata())
    low, high = axes.get_ylim()
    assert low < times.min() <= times.max() < high
    assert axes.get_yscale() == "log"
    (stems,) = axes.collections
    tops = [np.asarray(path.vertices)[:, 1].max() for path in stems.get_paths()]
    np.testing.assert_allclose(tops, times)
    return np.sort(np.repeat(value, times.astype(int)))


def test_the_spectrum_is_that_of_the_matrix(hebbian: Run) -> None:
    found = spectrum_drawn(hebbian.figures()["weights"])
    np.testing.assert_allclose(found, np.linalg.eigvalsh(couplings_by_hand()), atol=1e-8)


@pytest.mark.parametrize("rule", RULES)
def test_matrix_and_spectrum_of_every_rule(dataset: str, rule: str) -> None:
    config = WeightsConfig(dataset=dataset, digits=("1", "3"), rule=rule, pixel=PIXEL)
    figure = run(config).figures()["weights"]
    w = store(XI[[0, 2]], rule).dense()
    matrix, pixel, _ = panels(figure)
    np.testing.assert_allclose(heat(matrix), w, atol=1e-12)
    np.testing.assert_allclose(heat(pixel).ravel(), w[7], atol=1e-12)
    np.testing.assert_allclose(w, w.T, atol=1e-12)
    np.testing.assert_allclose(spectrum_drawn(figure), np.linalg.eigvalsh(w), atol=1e-8)


def test_below_each_pattern_is_whether_it_is_a_fixed_point(hebbian: Run) -> None:
    figure = hebbian.figures()["weights"]
    for state, xi in zip(states(figure, 5), XI, strict=True):
        np.testing.assert_array_equal(state.ravel(), xi)
    aligned = XI * (XI @ couplings_by_hand())
    assert (aligned < -1e-9).sum(axis=1).tolist() == [2, 1, 0, 0]
    verdicts = ["2 sites flip", "1 site flips", "fixed point", "fixed point"]
    weakest = ["\N{MINUS SIGN}0.133", "\N{MINUS SIGN}0.8", "0", "0.667"]
    np.testing.assert_allclose(aligned.min(axis=1), [-2 / 15, -0.8, 0, 2 / 3], atol=1e-12)
    for picture, verdict, field in zip(images(figure, np.int8), verdicts, weakest, strict=True):
        assert below(figure, picture) == [verdict, f"weakest {field}"]


def test_beside_each_pattern_is_its_label(hebbian: Run) -> None:
    figure = hebbian.figures()["weights"]
    for picture, label in zip(images(figure, np.int8), "1234", strict=True):
        _, right, _, top = picture.get_extent()
        near = [
            text.get_text()
            for text in texts(figure)
            if text.axes is picture.axes
            and right < text.get_position()[0] < right + 0.2
            and abs(text.get_position()[1] - top) < 0.3
        ]
        assert near == [label]


def test_the_words_follow_the_table(hebbian: Run) -> None:
    table = hebbian.result.tables["weights"].copy()
    table["fixed_point"] = [True, False, False, True]
    table["unstable_sites"] = [0, 1234, 7, 0]
    changed = {**hebbian.result.tables, "weights": table}
    figure = Run(hebbian.config, dataclasses.replace(hebbian.result, tables=changed)).figures()[
        "weights"
    ]
    first = [below(figure, picture)[0] for picture in images(figure, np.int8)]
    assert first == ["fixed point", "1,234 sites flip", "7 sites flip", "fixed point"]


def test_the_caption_says_what_is_stored(dataset: str, hebbian: Run) -> None:
    said = words(hebbian.figures()["weights"])
    classes = len(np.unique(XI, axis=1).T)
    times = "\N{MULTIPLICATION SIGN}"
    for fact in ("Hebbian rule, p = 4 patterns", f"N = 5 {times} 3 = 15", "four.txt"):
        assert fact in said
    assert f"{classes} classes of sites" in said
    assert "threshold" not in said
    assert "between all sites, with" in said
    config = WeightsConfig(dataset=dataset, rule="hebbian", theta=0.25)
    assert "threshold 0.25" in words(run(config).figures()["weights"])


def test_the_default_pixel_is_the_centre(dataset: str) -> None:
    shown = run(WeightsConfig(dataset=dataset, rule="hebbian"))
    assert "couplings of pixel (1, 2)" in words(shown.figures()["weights"])
    assert shown.config.pixel == (1, 2)


def test_of_many_sites_those_evenly_apart_are_drawn() -> None:
    shown = run(WeightsConfig(dataset="drawings", size=(40, 32), rule="hebbian", pixel=(3, 20)))
    figure = shown.figures()["weights"]
    matrix, pixel, _ = panels(figure)
    xi = shown.result.patterns.xi.astype(np.float64)
    w = xi.T @ xi / 1280
    np.fill_diagonal(w, 0)
    kept = np.linspace(0, 1279, 1000).astype(int)
    np.testing.assert_allclose(heat(matrix), w[np.ix_(kept, kept)], atol=1e-12)
    np.testing.assert_allclose(heat(pixel), w[3 * 40 + 20].reshape(32, 40), atol=1e-12)
    assert "1,000 sites evenly apart" in words(figure)
