"""The figure ``trace`` of ``hopcli recall``, and the run as a moving picture."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import random_patterns, write_patterns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from test_plots import NAMES, Run, panels, run, texts, words

from hopcli import plots
from hopcli.config import RecallConfig, RecallExecution
from hopcli.starts import parse_start

SHAPE = (3, 5)
XI = random_patterns(3, 7, 15)
SWEEPS = 6
HOT = {"temperature": 2.5, "rule": "hebbian", "sweeps": SWEEPS, "repeats": 1, "trace": True}
GREY = {1: 0, 0: 160, -1: 255}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_patterns(tmp_path_factory.mktemp("trace") / "seven.txt", XI, SHAPE)


def hot(dataset: str, animate: str = "run.gif", **changed: Any) -> Run:
    """A run that is too hot to settle, kept sweep by sweep."""
    values: dict[str, Any] = {**HOT, "dataset": dataset, "start": "pattern", "tests": 4, **changed}
    return run(RecallConfig(**values), RecallExecution(animate=animate))


@pytest.fixture(scope="module")
def traced(dataset: str) -> Run:
    return hot(dataset)


# --- the figure --------------------------------------------------------------------------


def rows_of(figure: Figure) -> list[tuple[Axes, Axes]]:
    """Energy and overlap of each row, from the top."""
    drawn = panels(figure)
    return list(zip(drawn[::2], drawn[1::2], strict=True))


def legends(figure: Figure) -> list[dict[str, Any]]:
    """The samples of each row by the name at their right."""
    page, drawn = figure.axes[0], rows_of(figure)
    rows: list[dict[str, Any]] = [{} for _ in drawn]
    height, top = figure.get_size_inches()[1], page.get_ylim()[1]
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
        ends = [axes.get_position() for axes, _ in drawn]
        (row,) = (k for k, box in enumerate(ends) if box.y0 - 0.01 < place < box.y1 + 0.01)
        rows[row][name] = sample
    return rows


def dash(line: Any) -> Any:
    return line._unscaled_dash_pattern


def expected(table: Any, column: str, scale: float = 1) -> list[Any]:
    """The lines of the trials, in their order, as points."""
    return [trial[["sweep", column]].to_numpy() / (1, scale) for _, trial in table.groupby("trial")]


def test_energy_a_spin_and_overlap_with_the_own_pattern_are_the_table(traced: Run) -> None:
    figure, table = traced.figures()["trace"], traced.result.tables["trace"]
    w = XI.T.astype(np.float64) @ XI / 15
    np.fill_diagonal(w, 0)
    for k, (pair, legend) in enumerate(zip(rows_of(figure), legends(figure), strict=True)):
        own = table[table["label"] == str(k + 1)]
        assert list(legend) == [f"trial {n} of “{k + 1}”" for n in (1, 2, 3)]
        samples = [dash(sample) for sample in legend.values()]
        assert len(set(map(str, samples))) == 3
        columns = (("energy", 15, -0.5 * XI[k] @ w @ XI[k] / 15), (f"overlap_{k + 1}", 1, 1.0))
        for axes, (column, scale, first) in zip(pair, columns, strict=True):
            assert [dash(line) for line in axes.lines] == samples, "differ in grey"
            found = np.array([np.array(line.get_xydata()) for line in axes.lines])
            np.testing.assert_allclose(found, expected(own, column, scale), rtol=1e-9)
            np.testing.assert_allclose(found[:, 0], [[0, first]] * 3)
            assert axes.get_xlim() == (0, SWEEPS)
            low, high = axes.get_ylim()
            assert low < found[..., 1].min() < found[..., 1].max() < high
            assert all(tick == round(tick) for tick in axes.get_xticks())
        assert [axes.get_ylabel() for axes in pair] == ["energy a spin, H / N", "overlap m"]
    assert len(rows_of(figure)) == 6
    assert "6 of 7" in words(figure)
    assert "own pattern" in words(figure)
    tables = {name: table for name, table in traced.result.columns.items() if name != "trace"}
    without = Run(traced.config, dataclasses.replace(traced.result, columns=tables))
    assert set(without.figures()) == NAMES["recall"]


def check_patterns(figure: Figure, table: Any, names: list[str], n_sites: int = 15) -> None:
    """Check that lines of the first row are its trials times these patterns, as the legend says."""
    (energy, overlap), legend = rows_of(figure)[0], legends(figure)[0]
    found = [np.array(line.get_xydata()) for line in energy.lines]
    np.testing.assert_allclose(found, expected(table, "energy", n_sites), rtol=1e-9)
    samples = {name: sample for name, sample in legend.items() if name.startswith("m with ")}
    assert [name.strip("m with“”") for name in samples] == names
    looks = [(s.get_color(), s.get_marker(), s.get_markerfacecolor()) for s in samples.values()]
    assert len({marker for _, marker, _ in looks}) == len(names), "differ in grey"
    trials = [dash(s) for name, s in legend.items() if name not in samples]
    lines = {
        (str(dash(line)), line.get_color(), line.get_marker(), line.get_markerfacecolor()): line
        for line in overlap.lines
    }
    assert len(lines) == len(overlap.lines) == len(trials) * len(names)
    for name, look in zip(names, looks, strict=True):
        for trial, wanted in zip(trials, expected(table, f"overlap_{name}"), strict=True):
            points = np.array(lines[(str(trial), *look)].get_xydata())
            np.testing.assert_allclose(points, wanted, rtol=1e-9)


@pytest.mark.parametrize(
    ("digits", "start", "called"),
    [("123", "random", "random"), ("12", "blend:1:2:fill", "blend:1:2:fill")],
)
def test_overlaps_without_own_pattern(dataset: str, digits: str, start: str, called: str) -> None:
    shown = hot(dataset, digits=tuple(digits), start=start)
    figure = shown.figures()["trace"]
    check_patterns(figure, shown.result.tables["trace"], list(digits))
    (legend,) = legends(figure)
    assert sum(name.endswith(f" of {called}") for name in legend) == 3
    assert "each stored pattern" in words(figure)


def test_of_many_patterns_the_nearest_are_drawn(dataset: str) -> None:
    shown = hot(dataset, start=parse_start("random"))
    table = shown.result.tables["trace"]
    far = {name: float(np.abs(table[f"overlap_{name}"]).max()) for name in "1234567"}
    left_out = min(far, key=lambda name: far[name])
    names = [name for name in "1234567" if name != left_out]
    check_patterns(shown.figures()["trace"], table, names)
    assert "(of 7, the 6 " in words(shown.figures()["trace"])


# --- the moving picture ------------------------------------------------------------------


def pictures(path: Path) -> tuple[list[NDArray[np.uint8]], list[int]]:
    """The frames of a moving picture as grey pixels, and how long each is shown, in ms."""
    frames, durations = [], []
    with Image.open(path) as image:
        assert image.format == path.suffix[1:].upper()
        assert image.info["loop"] == 0, "it begins anew"
        for k in range(getattr(image, "n_frames", 1)):
            image.seek(k)
            image.load()
            frames.append(np.array(image.convert("L")))
            durations.append(int(image.info["duration"]))
    return frames, durations


def halves(frame: NDArray[np.uint8], shape: tuple[int, int]) -> list[Any]:
    """The stored pattern at the left of a frame, and the state at its right."""
    times = -(-280 // max(shape))
    height, width = shape[0] * times, shape[1] * times
    assert frame.shape == (height + 80, 2 * width + 72)
    body = frame[40 : 40 + height]
    return [body[:, 16 : 16 + width], body[:, 56 + width : 56 + 2 * width]]


def check_trial(shown: list[NDArray[np.uint8]], run_: Run, trial: int, pattern: int) -> None:
    """Check that frames show these states, until the last, beside this pattern."""
    shape, states = run_.result.patterns.shape, run_.result.frames.states[trial]
    times = -(-280 // max(shape))
    assert np.all(states[len(shown) - 1 :] == states[-1])
    for frame, state in zip(shown, states, strict=False):
        for half, spins in zip(
            halves(frame, shape), (run_.result.patterns.xi[pattern], state), strict=True
        ):
            grey = np.array([GREY[int(spin)] for spin in spins], np.uint8).reshape(shape)
            enlarged = np.kron(grey, np.ones((times, times), np.uint8))
            np.testing.assert_array_equal(half, enlarged)


def test_frames_are_those_of_the_first_trials_of_each_label(traced: Run) -> None:
    frames, table = traced.result.frames, traced.result.tables["trace"]
    assert frames.states.shape == (21, SWEEPS + 1, 15)
    assert frames.sweep.tolist() == list(range(SWEEPS + 1))
    assert sorted(zip(frames.label, frames.place.tolist(), strict=True)) == [
        (label, place) for label in "1234567" for place in (1, 2, 3)
    ]
    for trial, (label, place) in enumerate(zip(frames.label, frames.place, strict=True)):
        own = table[table["label"] == label]
        row = own[own["trial"] == own["trial"].unique()[place - 1]]
        np.testing.assert_allclose(frames.energy[trial], row["energy"], rtol=1e-8)
        pattern = frames.nearest(trial)
        assert traced.result.patterns.labels[pattern] == label
        found = frames.overlap(trial, pattern)
        np.testing.assert_allclose(found, row[f"overlap_{label}"], rtol=1e-8)
    gallery = traced.result.gallery
    for k, number in enumerate(gallery.trials["trial"]):
        if number < 3:
            ends = (gallery.start[k], gallery.end[k])
            np.testing.assert_array_equal(frames.states[number][[0, -1]], ends)


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_a_trial_of_each_label_is_animated(traced: Run, tmp_path: Path, suffix: str) -> None:
    frames = traced.result.frames
    assert np.any(np.diff(frames.states[:, -2:], axis=1)), "too hot to rest"
    plots.animate(traced.result, tmp_path, f"run.{suffix}")
    shown, durations = pictures(tmp_path / f"run.{suffix}")
    first, heads = 0, set()
    for label in "1234567":
        trial = frames.label.index(label)
        changed = np.any(np.diff(frames.states[trial], axis=0), axis=1)
        n_shown = int(np.flatnonzero(changed)[-1]) + 2
        assert durations[first : first + n_shown] == [160] * (n_shown - 1) + [1000]
        own = shown[first : first + n_shown]
        check_trial(own, traced, trial, int(label) - 1)
        for one, other in itertools.pairwise(own):
            assert np.any(one[-36:, :150] != other[-36:, :150]), "the sweep"
        heads |= {frame[:38].tobytes() for frame in own}
        first += n_shown
    assert first == len(shown)
    assert len(heads) == 7, "one head a label"
    assert np.mean(shown[0][:38] < 128) > 0.01


def test_a_trial_that_rests_ends_a_second_later(dataset: str, tmp_path: Path) -> None:
    cold = hot(
        dataset,
        digits=("1", "2"),
        temperature=0.0,
        start=parse_start("pattern,flip:0.2"),
        sweeps=20,
    )
    states = cold.result.frames.states
    plots.animate(cold.result, tmp_path, "run.2.gif")
    shown, durations = pictures(tmp_path / "run.2.gif")
    ends = [k + 1 for k, duration in enumerate(durations) if duration == 1000]
    assert len(ends) == 4
    assert max(np.diff([0, *ends])) < 20, "not all of the twenty sweeps"
    check_trial(shown[: ends[0]], cold, 0, 0)
    assert not np.array_equal(states[0, ends[0] - 2], states[0, -1]), "not a sweep too many"


def test_sites_at_zero_are_grey(dataset: str, tmp_path: Path) -> None:
    blend = hot(
        dataset,
        digits=("1", "2"),
        start=parse_start("blend:1:2"),
        dynamics="async",
        temperature=None,
        sweeps=3,
    )
    state = blend.result.frames.states[0, 0]
    np.testing.assert_array_equal(state, np.where(XI[0] == XI[1], XI[0], 0))
    plots.animate(blend.result, tmp_path, "run.gif")
    (frame, *_), _ = pictures(tmp_path / "run.gif")
    grey = halves(frame, SHAPE)[1][28::56, 28::56].ravel()
    assert grey.tolist() == [GREY[int(spin)] for spin in state]
