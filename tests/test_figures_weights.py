"""The figures of weights and attractors: couplings worked out by hand, states with their words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import random_patterns, write_patterns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from test_plots import MINUS, Run, images, panels, run, states, texts, words

from hopcli.config import AttractorsConfig, WeightsConfig
from hopcli.rules import store

SHAPE = (3, 5)
PIXEL = (1, 2)
XI = random_patterns(4, 4, 15)  # of which two are fixed points, one by a hair
FOUR = random_patterns(3, 4, 15)  # of the attractors
MOST = 8  # so many of the states are drawn, six in a row


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_patterns(tmp_path_factory.mktemp("weights") / "four.txt", XI, SHAPE)


@pytest.fixture(scope="module")
def hebbian(dataset: str) -> Run:
    return run(WeightsConfig(dataset=dataset, rule="hebbian", pixel=PIXEL))


@pytest.fixture(scope="module")
def census(tmp_path_factory: pytest.TempPathFactory) -> Run:
    drawn = write_patterns(tmp_path_factory.mktemp("attractors") / "four.txt", FOUR, SHAPE)
    rules = ("hebbian", "storkey")
    return run(AttractorsConfig(dataset=drawn, rule=rules, starts=300, most=MOST))


def below(figure: Figure, picture: Any) -> list[str]:
    """Return the text below a picture, line by line."""
    left, _, bottom, _ = picture.get_extent()
    lines = [
        (text.get_position()[1], text.get_text())
        for text in texts(figure)
        if text.axes is picture.axes
        and text.get_position()[0] == pytest.approx(left)
        and bottom < text.get_position()[1] < bottom + 0.8
    ]
    return [line for _, line in sorted(lines)]


# --- weights -----------------------------------------------------------------------------


def couplings_by_hand(patterns: NDArray[np.int8]) -> NDArray[np.float64]:
    """W_ij = 1/N sum_mu xi_i^mu xi_j^mu, W_ii = 0."""
    xi = patterns.astype(np.float64)
    return np.where(np.eye(len(xi.T)), 0, xi.T @ xi / len(xi.T))


def three(figure: Figure) -> list[Axes]:
    """Matrix, pixel and spectrum, without the scales beside them."""
    wide = (axes for axes in panels(figure) if axes.get_position().width > 0.1)
    return sorted(wide, key=lambda axes: axes.get_position().x0)


def heat(axes: Axes) -> NDArray[np.float64]:
    (image,) = axes.images
    return np.array(image.get_array())


def test_matrix_pixel_and_spectrum_are_those_of_the_couplings(hebbian: Run) -> None:
    figure, w = hebbian.figure(), couplings_by_hand(XI)
    matrix, pixel, spectrum = three(figure)
    np.testing.assert_allclose(heat(matrix), w, atol=1e-12)
    assert matrix.get_ylim()[0] > matrix.get_ylim()[1], "site 0 is at the top"
    row, column = PIXEL
    np.testing.assert_allclose(heat(pixel), w[row * 5 + column].reshape(SHAPE), atol=1e-12)
    assert not np.allclose(w[row * 5 + column], w[column * 5 + row]), "not its transpose"
    assert f"{len(np.unique(XI, axis=1).T)} classes" in words(figure)
    (mark,) = pixel.lines
    assert np.array(mark.get_xydata()).tolist() == [[column, row]]
    (points,), (stems,) = spectrum.lines, spectrum.collections
    value, times = np.array(points.get_xdata()), np.array(points.get_ydata())
    drawn = np.sort(np.repeat(value, times.astype(int)))
    np.testing.assert_allclose(drawn, np.linalg.eigvalsh(w), atol=1e-8)
    tops = [np.asarray(path.vertices)[:, 1].max() for path in stems.get_paths()]
    np.testing.assert_allclose(tops, times)
    low, high = spectrum.get_ylim()
    assert low < times.min() <= times.max() < high
    assert spectrum.get_yscale() == "log"


def test_both_panels_have_one_scale_with_nothing_beyond_it(hebbian: Run) -> None:
    largest = 4 / 15  # of a site with itself, which the diagonal leaves out
    for axes in three(hebbian.figure())[:2]:
        (image,) = axes.images
        np.testing.assert_allclose(image.get_clim(), (-largest, largest))
        scaled = image.norm(np.array([0, largest / 2]))
        np.testing.assert_allclose(np.asarray(scaled, float), [0.5, 0.75])
        red, _, blue, _ = image.get_cmap()(1.0)  # positive is orange, negative purple
        assert red > blue
        assert np.ptp(image.get_cmap()(0.5)[:3]) < 0.02, "no coupling has no colour"


def test_beside_and_below_each_pattern_are_its_label_and_whether_it_is_fixed(hebbian: Run) -> None:
    figure = hebbian.figure()
    shown = [state.ravel() for state in states(figure)]
    np.testing.assert_array_equal(shown, XI)
    aligned = XI * (XI @ couplings_by_hand(XI))
    assert (aligned < -1e-9).sum(axis=1).tolist() == [2, 1, 0, 0]
    np.testing.assert_allclose(aligned.min(axis=1), [-2 / 15, -0.8, 0, 2 / 3], atol=1e-12)
    verdicts = ["2 sites flip", "1 site flips", "fixed point", "fixed point"]
    weakest = [f"{MINUS}0.133", f"{MINUS}0.8", "0", "0.667"]
    for k, picture in enumerate(images(figure, np.int8)):
        assert below(figure, picture) == [verdicts[k], f"weakest {weakest[k]}"]
        _, right, _, top = picture.get_extent()
        near = [
            text.get_text()
            for text in texts(figure)
            if text.axes is picture.axes
            and right < text.get_position()[0] < right + 0.2
            and abs(text.get_position()[1] - top) < 0.3
        ]
        assert near == ["1234"[k]]


def test_of_many_sites_those_evenly_apart_are_drawn() -> None:
    shown = run(WeightsConfig(dataset="drawings", size=(40, 32), rule="hebbian", pixel=(3, 20)))
    matrix, pixel, _ = three(shown.figure())
    w = couplings_by_hand(shown.result.patterns.xi)
    kept = np.linspace(0, 1279, 1000).astype(int)
    np.testing.assert_allclose(heat(matrix), w[np.ix_(kept, kept)], atol=1e-12)
    np.testing.assert_allclose(heat(pixel), w[3 * 40 + 20].reshape(32, 40), atol=1e-12)


# --- attractors --------------------------------------------------------------------------


def by_rule(figure: Figure) -> dict[str, list[Any]]:
    """The pictures under the name of each rule, row by row."""
    found: dict[str, list[Any]] = {"hebbian": [], "storkey": []}
    heights = {text.get_text(): text.get_position()[1] for text in texts(figure)}
    assert heights["hebbian"] < heights["storkey"]
    for picture in images(figure, np.int8):
        lower = picture.get_extent()[3] > heights["storkey"]
        found["storkey" if lower else "hebbian"].append(picture)
    for some in found.values():
        some.sort(key=lambda picture: (picture.get_extent()[3], picture.get_extent()[0]))
    return found


def spins_of(picture: Any) -> NDArray[np.int8]:
    spins: NDArray[np.int8] = np.array(picture.get_array()).ravel()
    return spins


def test_states_come_by_frequency_with_share_kind_and_energy_below(census: Run) -> None:
    figure, table = census.figure(), census.result.tables["attractors"]
    assert (table["rule"] == "hebbian").sum() > MOST, "more states than are drawn"
    kinds = set()
    for rule, pictures in by_rule(figure).items():
        often = sorted(table.loc[table["rule"] == rule, "count"], reverse=True)
        assert len(pictures) == min(MOST, len(often))
        kept = census.result.arrays["attractors"][rule]
        np.testing.assert_array_equal([spins_of(picture) for picture in pictures], kept)
        w = store(FOUR, rule).dense()
        for picture, count in zip(pictures, often, strict=False):
            state = spins_of(picture).astype(np.float64)
            m = FOUR @ state / 15
            share, kind, energy = below(figure, picture)
            assert share == f"{100 * count / 300:.3g} %"
            assert energy == f"E = {-0.5 * state @ w @ state:.4g}".replace("-", MINUS)
            nearest = int(np.abs(m).argmax())
            assert (m[nearest] == 1) == (kind == f"pattern {nearest + 1}")
            assert m[nearest] == 1 or kind in ("mixture", "fixed point")
            kinds.add(kind)
    assert {"pattern 1", "pattern 2", "pattern 3", "pattern 4", "mixture"} <= kinds
    n_energies = sum(text.get_text().startswith("E = ") for text in texts(figure))
    assert n_energies == len(images(figure, np.int8))
