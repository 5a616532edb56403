"""The figure ``trace`` of ``hopcli recall``, and the run as a moving picture."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import random_patterns, write_patterns
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image
from test_plots import NAMES, Run, panels, run, texts, words

from hopcli.config import RecallConfig, RecallExecution
from hopcli.errors import SettingError
from hopcli.plots.animation import write_animation
from hopcli.starts import parse_start

SHAPE = (3, 5)
XI = random_patterns(3, 7, 15)
SWEEPS = 6
HOT = {"temperature": 2.5, "rule": "hebbian", "sweeps": SWEEPS, "repeats": 1, "trace": True}


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


def check_rows(figure: Figure, table: Any, labels: list[str], names: list[str]) -> None:
    """Check that each row has the energies of the trials of a label, then all overlaps of each."""
    drawn = panels(figure)
    assert len(drawn) == 4 * len(labels)
    for k, label in enumerate(labels):
        energy, *others = drawn[4 * k : 4 * k + 4]
        own = [trial for _, trial in table[table["label"] == label].groupby("trial")]
        lines: list[Any] = list(energy.lines)
        assert len({str(line._unscaled_dash_pattern) for line in lines}) == 3, "differ in grey"
        for line, trial in zip(energy.lines, own, strict=True):
            expected = trial[["sweep", "energy"]].to_numpy() / (1, 15)
            np.testing.assert_allclose(np.array(line.get_xydata()), expected, rtol=1e-9)
        for axes, trial in zip(others, own, strict=True):
            named: dict[str, Any] = {str(line.get_label()): line for line in axes.lines}
            assert list(named) == names
            assert len({line.get_marker() for line in named.values()}) == len(names)
            for name, line in named.items():
                expected = trial[["sweep", f"overlap_{name}"]].to_numpy()
                np.testing.assert_allclose(np.array(line.get_xydata()), expected, rtol=1e-9)
            nearest = max(named, key=lambda name: abs(float(named[name].get_ydata()[-1])))
            assert max(named, key=lambda name: float(named[name].get_linewidth())) == nearest
            m = f"m = {named[nearest].get_ydata()[-1]:.2f} with “{nearest}”"
            assert m.replace("-", "\N{MINUS SIGN}") in words(figure)
            assert axes.get_xlim() == (0, SWEEPS)
            low, high = axes.get_ylim()
            assert low < min(0, *table.filter(like="overlap_").min()) < 1 < high
    assert {f"m with “{name}”" for name in names} <= {text.get_text() for text in texts(figure)}


def test_a_trace_has_all_overlaps_of_a_trial_in_a_panel(traced: Run) -> None:
    figure, table = traced.figures()["trace"], traced.result.tables["trace"]
    check_rows(figure, table, list("123456"), list("1234567"))
    tables = {name: table for name, table in traced.result.columns.items() if name != "trace"}
    without = Run(traced.config, dataclasses.replace(traced.result, columns=tables))
    assert set(without.figures()) == NAMES["recall"]


@pytest.mark.parametrize(("digits", "start"), [("123", "random"), ("12", "blend:1:2:fill")])
def test_overlaps_without_own_pattern(dataset: str, digits: str, start: str) -> None:
    shown = hot(dataset, digits=tuple(digits), start=start)
    check_rows(shown.figures()["trace"], shown.result.tables["trace"], [start], list(digits))


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


def shown_states(frame: NDArray[np.uint8], n_trials: int, stored: bool = False) -> list[Any]:
    """Return the pictures of 3 x 5 sites on a frame as spins, or those of the stored patterns."""
    size, offset = (50, 125) if stored else (120, 0)
    cell, spins = size / 5, []
    for place in range(n_trials):
        x = 20 + 195 * (place % 5) + offset
        y = 75 + 185 * (place // 5) + (70 if stored else 0) + (size - 3 * cell) / 2
        rows = [round(y + (k + 0.5) * cell) for k in range(3)]
        columns = [round(x + (k + 0.5) * cell) for k in range(5)]
        grey = frame[np.ix_(rows, columns)].ravel()
        spins.append(np.select([grey < 80, grey > 200], [1, -1]))
    return spins


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


SLOW = [pytest.param(suffix, marks=pytest.mark.slow) for suffix in ("png", "webp")]


@pytest.mark.parametrize("suffix", ["gif", *SLOW])
def test_trials_of_all_labels_run_side_by_side(traced: Run, tmp_path: Path, suffix: str) -> None:
    frames = traced.result.frames
    write_animation(traced.result.frames, traced.result.patterns.shape, tmp_path / f"run.{suffix}")
    shown, durations = pictures(tmp_path / f"run.{suffix}")
    assert durations == [160] * SWEEPS + [1600]
    trials = [frames.label.index(label) for label in "1234567"]
    for k, frame in enumerate(shown):
        np.testing.assert_array_equal(shown_states(frame, 7), frames.states[trials, k])
        np.testing.assert_array_equal(shown_states(frame, 7, stored=True), XI)
    for one, other in itertools.pairwise(shown):
        assert np.any(one[20:40, :150] != other[20:40, :150]), "the sweep"
        below = slice(-145, -60)
        assert np.sum(one[below] < 200) < np.sum(other[below] < 200), "longer curves"


@pytest.mark.parametrize("settings", [{}, {"dynamics": "glauber", "order": "permutation"}])
def test_frames_within_a_sweep_are_of_the_same_trial(
    dataset: str, settings: dict[str, Any]
) -> None:
    by_sweep: Any = hot(dataset, **settings).result.frames
    attempts = 15 if settings else 7
    for every, a_sweep in ((1, attempts), (3, None)):
        values = {**HOT, "dataset": dataset, "start": "pattern", "tests": 4, **settings}
        execution = RecallExecution(animate="run.gif", animate_every=every)
        shown: Any = run(RecallConfig.from_values(values), execution).result.frames
        end = SWEEPS * attempts
        times = [*range(0, end, every), end]
        np.testing.assert_allclose(shown.sweep, np.array(times) / attempts)
        if a_sweep is not None:
            np.testing.assert_array_equal(shown.states[:, ::a_sweep], by_sweep.states)
            np.testing.assert_array_equal(shown.energy[:, ::a_sweep], by_sweep.energy)
        flips = np.sum(shown.states[:, 1:] != shown.states[:, :-1], axis=2)
        assert 0 < flips.max() <= every


def test_an_animation_ends_when_all_trials_rest(dataset: str, tmp_path: Path) -> None:
    start = parse_start("pattern,flip:0.2")
    cold = hot(dataset, digits=("1", "2"), temperature=0.0, start=start, sweeps=20)
    states = cold.result.frames.states
    write_animation(cold.result.frames, cold.result.patterns.shape, tmp_path / "run.2.gif")
    shown, durations = pictures(tmp_path / "run.2.gif")
    assert 2 < len(shown) == len(durations) < 20
    order = [cold.result.frames.label.index(label) + k for label in "12" for k in (0, 1)]
    for k, frame in enumerate(shown):
        np.testing.assert_array_equal(shown_states(frame, 4), states[order, k])
    assert np.array_equal(states[:, len(shown) - 1], states[:, -1])
    assert not np.array_equal(states[order, len(shown) - 2], states[order, -1])


def test_sites_at_zero_are_grey(dataset: str, tmp_path: Path) -> None:
    start = parse_start("blend:1:2")
    cold: dict[str, Any] = {"dynamics": "async", "temperature": None, "sweeps": 3}
    blend = hot(dataset, digits=("1", "2"), start=start, **cold)
    state = blend.result.frames.states[0, 0]
    np.testing.assert_array_equal(state, np.where(XI[0] == XI[1], XI[0], 0))
    write_animation(blend.result.frames, blend.result.patterns.shape, tmp_path / "run.gif")
    (frame, *_), _ = pictures(tmp_path / "run.gif")
    np.testing.assert_array_equal(shown_states(frame, 1), [state])


def test_a_video_needs_ffmpeg(traced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = RecallExecution(animate="run.mp4")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingError, match="ffmpeg"):
        execution.check_with(traced.config)
    program = tmp_path / "ffmpeg"
    program.write_text('#!/bin/sh\nfor last; do :; done\n/bin/cat > "$last"\n', encoding="utf-8")
    program.chmod(0o755)
    execution.check_with(traced.config)
    write_animation(traced.result.frames, traced.result.patterns.shape, tmp_path / "run.mp4")
    frames = np.fromfile(tmp_path / "run.mp4", np.uint8).reshape(SWEEPS + 1 + 10, -1)
    changes = np.any(frames[1:] != frames[:-1], axis=1)
    assert changes.tolist() == [True] * SWEEPS + [False] * 10
