"""The figure ``trace`` of ``hopcli recall``, and the run as a moving picture."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns
from PIL import Image
from test_figures_weights import write_patterns
from test_plots import Run, run, texts, words

from hopcli import plots
from hopcli.config import RecallConfig, RecallExecution

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

SHAPE = (3, 5)
XI = random_patterns(3, 7, 15)
SWEEPS = 6
HOT = {"temperature": 2.5, "rule": "hebbian", "sweeps": SWEEPS, "repeats": 1, "trace": True}
GREY = {1: 0, 0: 160, -1: 255}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_patterns(tmp_path_factory.mktemp("trace") / "seven.txt", XI, SHAPE)


def hot(dataset: str, **changed: Any) -> Run:
    """A run that is too hot to settle, kept sweep by sweep."""
    values: dict[str, Any] = {**HOT, "dataset": dataset, "start": "pattern", "tests": 4, **changed}
    return run(RecallConfig(**values), RecallExecution(animate="run.gif"))


@pytest.fixture(scope="module")
def traced(dataset: str) -> Run:
    return hot(dataset)


@pytest.fixture(scope="module")
def unowned(dataset: str) -> Run:
    return hot(dataset, start="random", digits=("1", "2", "3"))


def panels(figure: Figure) -> list[tuple[Axes, Axes]]:
    """Energy and overlap of each row, from the top."""
    drawn = sorted(
        (axes for axes in figure.axes if axes.axison),
        key=lambda axes: (-axes.get_position().y0, axes.get_position().x0),
    )
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def legends(figure: Figure) -> list[dict[str, Any]]:
    """The samples of each row by the name at their right."""
    page = figure.axes[0]
    rows: list[dict[str, Any]] = [{} for _ in panels(figure)]
    height = figure.get_size_inches()[1]
    top = page.get_ylim()[1]
    for sample in page.lines:
        x, y = np.array(sample.get_xydata()).max(axis=0)
        (name,) = (
            text.get_text()
            for text in texts(figure)
            if text.axes is page
            and np.isclose(text.get_position()[1], y)
            and 0 < text.get_position()[0] - x < 0.2
        )
        place = 1 - (y - top) / height
        (row,) = (
            k
            for k, (axes, _) in enumerate(panels(figure))
            if axes.get_position().y0 - 0.01 < place < axes.get_position().y1 + 0.01
        )
        rows[row][name] = sample
    return rows


def dash(line: Any) -> Any:
    return line._unscaled_dash_pattern


def points(line: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in np.array(line.get_xydata())]


def expected(table: Any, column: str, scale: float = 1) -> list[list[tuple[float, float]]]:
    """The lines of the trials, in their order."""
    return [
        [(float(x), float(y) / scale) for x, y in trial[["sweep", column]].to_numpy()]
        for _, trial in table.groupby("trial")
    ]


def test_energy_a_spin_and_overlap_with_the_own_pattern_are_the_table(traced: Run) -> None:
    figure = traced.figures()["trace"]
    table = traced.result.tables["trace"]
    rows = list(zip("123456", panels(figure), legends(figure), strict=True))
    for label, (energy, overlap), legend in rows:
        own = table[table["label"] == label]
        assert list(legend) == [f"trial {k} of “{label}”" for k in (1, 2, 3)]
        assert own["trial"].nunique() == 3
        samples = [dash(sample) for sample in legend.values()]
        assert len({str(sample) for sample in samples}) == 3
        for axes, column, scale in ((energy, "energy", 15), (overlap, f"overlap_{label}", 1)):
            assert [dash(line) for line in axes.lines] == samples, "told apart in grey"
            found = [points(line) for line in axes.lines]
            np.testing.assert_allclose(found, expected(own, column, scale), rtol=1e-9)


def test_lines_start_at_the_pattern_with_its_energy(traced: Run) -> None:
    w = XI.T.astype(np.float64) @ XI / 15
    np.fill_diagonal(w, 0)
    for k, (energy, overlap) in enumerate(panels(traced.figures()["trace"])):
        for line in overlap.lines:
            assert points(line)[0] == (0, 1)
            assert [x for x, _ in points(line)] == list(range(SWEEPS + 1))
        for line in energy.lines:
            assert points(line)[0] == pytest.approx((0, -0.5 * XI[k] @ w @ XI[k] / 15))


def test_all_of_the_lines_is_inside_the_axes_and_these_are_named(traced: Run) -> None:
    for energy, overlap in panels(traced.figures()["trace"]):
        assert energy.get_ylabel() == "energy a spin, H / N"
        assert overlap.get_ylabel() == "overlap m"
        for axes in (energy, overlap):
            assert axes.get_xlabel() == "sweep"
            assert axes.get_xlim() == (0, SWEEPS)
            low, high = axes.get_ylim()
            heights = np.concatenate([np.array(line.get_ydata()) for line in axes.lines])
            assert low < heights.min() < heights.max() < high
            assert all(tick == round(tick) for tick in axes.get_xticks())


def test_more_than_six_labels_are_cut_and_that_is_said(traced: Run) -> None:
    figure = traced.figures()["trace"]
    assert "The first 6 of 7 labels." in words(figure)
    assert len(panels(figure)) == 6
    assert set(traced.result.tables["trace"]["label"]) == set("1234567")
    assert "its own pattern" in words(figure)


def told_apart(figure: Figure, row: int, column: Any, names: list[str]) -> None:
    """Lines of a row are its trials times these patterns, as the legend says."""
    _, overlap = panels(figure)[row]
    legend = legends(figure)[row]
    samples = {name: sample for name, sample in legend.items() if name.startswith("m with ")}
    assert list(samples) == [f"m with {name}" for name in names]
    looks = [(s.get_color(), s.get_marker(), s.get_markerfacecolor()) for s in samples.values()]
    assert len({marker for _, marker, _ in looks}) == len(names), "told apart in grey"
    trials = [dash(s) for name, s in legend.items() if name not in samples]
    found = {
        (str(dash(line)), line.get_color(), line.get_marker(), line.get_markerfacecolor()): points(
            line
        )
        for line in overlap.lines
    }
    assert len(found) == len(overlap.lines) == len(trials) * len(names)
    for name, look in zip(names, looks, strict=True):
        for trial, wanted in zip(trials, column(name), strict=True):
            np.testing.assert_allclose(found[(str(trial), *look)], wanted, rtol=1e-9)


def test_without_an_own_pattern_the_overlap_with_each_is_drawn(unowned: Run) -> None:
    figure = unowned.figures()["trace"]
    table = unowned.result.tables["trace"]
    (legend,) = legends(figure)
    assert [name for name in legend if "trial" in name] == [
        f"trial {k} of random" for k in (1, 2, 3)
    ]
    ((energy, _),) = panels(figure)
    found = [points(line) for line in energy.lines]
    np.testing.assert_allclose(found, expected(table, "energy", 15), rtol=1e-9)
    quoted = {f"“{name}”": name for name in "123"}
    told_apart(figure, 0, lambda name: expected(table, f"overlap_{quoted[name]}"), list(quoted))
    said = words(figure)
    assert "overlap with each stored pattern." in said
    assert "labels." not in said


def test_the_two_patterns_of_a_blend_are_told_apart(dataset: str) -> None:
    blend = hot(dataset, digits=("1", "2"), start="blend:1:2:fill")
    figure = blend.figures()["trace"]
    table = blend.result.tables["trace"]
    quoted = {f"“{name}”": name for name in "12"}
    told_apart(figure, 0, lambda name: expected(table, f"overlap_{quoted[name]}"), list(quoted))
    assert "trial 2 of blend:1:2:fill" in legends(figure)[0]


def test_of_many_patterns_the_nearest_are_drawn(dataset: str) -> None:
    shown = hot(dataset, start="random")
    figure = shown.figures()["trace"]
    table = shown.result.tables["trace"]
    far = {name: float(np.abs(table[f"overlap_{name}"]).max()) for name in "1234567"}
    left_out = min(far, key=lambda name: far[name])
    names = [name for name in legends(figure)[0] if name.startswith("m with")]
    assert names == [f"m with “{name}”" for name in "1234567" if name != left_out]
    assert "each stored pattern (of 7, the 6 that its trials come nearest to)." in words(figure)


def test_of_a_label_with_several_patterns_each_overlap_is_drawn() -> None:
    config = RecallConfig(
        source_indices=(1, 21), start="pattern", tests=1, repeats=1, sweeps=2, trace=True
    )
    shown = run(config)
    table = shown.result.tables["trace"]
    told_apart(
        shown.figures()["trace"], 0, lambda name: expected(table, f"overlap_{name}"), ["0_1", "0_2"]
    )


def test_without_a_trace_there_is_no_figure_of_it(traced: Run) -> None:
    tables = {name: table for name, table in traced.result.tables.items() if name != "trace"}
    figures = Run(traced.config, dataclasses.replace(traced.result, tables=tables)).figures()
    assert set(figures) == {"accuracy", "confusion", "gallery"}


def pictures(path: Path) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """The frames of a GIF as grey pixels, and how long each is shown in milliseconds."""
    frames, durations = [], []
    with Image.open(path) as image:
        assert image.format == "GIF"
        assert image.info["loop"] == 0, "it begins anew"
        for k in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(k)
            frames.append(np.array(image.convert("L")))
            durations.append(int(image.info["duration"]))
    return frames, durations


def enlarged(state: NDArray[np.int8], shape: tuple[int, int], times: int) -> NDArray[np.uint8]:
    grey = np.array([GREY[int(spin)] for spin in state], np.uint8).reshape(shape)
    return np.kron(grey, np.ones((times, times), np.uint8))


def test_a_frame_is_a_sweep_and_the_last_one_stays(traced: Run, tmp_path: Path) -> None:
    states = traced.result.frames
    assert states.shape == (SWEEPS + 1, 15)
    changes = [np.any(a != b) for a, b in itertools.pairwise(states)]
    assert all(changes), "this test takes a run that never rests"
    plots.animate(traced.result, tmp_path, "run.gif")
    frames, durations = pictures(tmp_path / "run.gif")
    assert durations == [160] * SWEEPS + [1500]
    for frame, state in zip(frames, states, strict=True):
        np.testing.assert_array_equal(frame, enlarged(state, SHAPE, 56))
    assert frames[0].shape == (168, 280), "the longer side has 280 pixels"


def test_it_goes_from_the_first_state_of_the_first_trial_to_its_last(
    traced: Run, tmp_path: Path
) -> None:
    plots.animate(traced.result, tmp_path, "run.gif")
    frames, _ = pictures(tmp_path / "run.gif")
    gallery = traced.result.gallery
    (k,) = np.flatnonzero(gallery.trials["trial"] == 0)
    np.testing.assert_array_equal(gallery.start[k], XI[0])
    np.testing.assert_array_equal(frames[0], enlarged(XI[0], SHAPE, 56))
    np.testing.assert_array_equal(frames[-1], enlarged(gallery.end[k], SHAPE, 56))
    trace = traced.result.tables["trace"]
    first = trace[trace["trial"] == 0]
    seen = [np.where(frame[28::56, 28::56] == 0, 1, -1).ravel() @ XI[0] / 15 for frame in frames]
    np.testing.assert_allclose(seen, first["overlap_1"], rtol=1e-9)


def test_a_run_that_rests_is_shown_as_long(dataset: str, tmp_path: Path) -> None:
    cold = hot(dataset, digits=("1", "2"), temperature=0.0, start="pattern,flip:0.2", sweeps=20)
    states = cold.result.frames
    assert np.array_equal(states[-1], states[-5])
    plots.animate(cold.result, tmp_path, "run.gif")
    frames, durations = pictures(tmp_path / "run.gif")
    assert sum(durations) == 20 * 160 + 1500
    np.testing.assert_array_equal(frames[0], enlarged(states[0], SHAPE, 56))
    np.testing.assert_array_equal(frames[-1], enlarged(states[-1], SHAPE, 56))


def test_sites_at_zero_are_grey(dataset: str, tmp_path: Path) -> None:
    blend = hot(
        dataset,
        digits=("1", "2"),
        start="blend:1:2",
        dynamics="async",
        temperature=None,
        sweeps=3,
    )
    states = blend.result.frames
    np.testing.assert_array_equal(states[0], np.where(XI[0] == XI[1], XI[0], 0))
    plots.animate(blend.result, tmp_path, "run.gif")
    frames, _ = pictures(tmp_path / "run.gif")
    assert set(np.unique(frames[0])) == {0, 160, 255}
    np.testing.assert_array_equal(frames[0], enlarged(states[0], SHAPE, 56))


def test_large_pictures_keep_their_pixels(tmp_path: Path) -> None:
    config = RecallConfig(
        dataset="drawings", start="pattern,flip:0.1", tests=1, repeats=1, sweeps=1
    )
    shown = run(config, RecallExecution(animate="a.gif"))
    plots.animate(shown.result, tmp_path, "a.gif")
    frames, durations = pictures(tmp_path / "a.gif")
    assert durations == [160, 1500]
    np.testing.assert_array_equal(frames[0], enlarged(shown.result.frames[0], (128, 128), 3))
