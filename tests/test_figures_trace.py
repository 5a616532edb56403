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
from hopcli.errors import SettingError

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
    animate = values.pop("animate", "run.gif")
    return run(RecallConfig(**values), RecallExecution(animate=animate))


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
    assert "6 of 7 labels" in words(figure)
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
    assert "each stored pattern." in said
    assert "labels." not in said


def test_the_two_patterns_of_a_blend_are_told_apart(dataset: str) -> None:
    blend = hot(dataset, digits=("1", "2"), start="blend:1:2:fill")
    figure = blend.figures()["trace"]
    table = blend.result.tables["trace"]
    quoted = {f"“{name}”": name for name in "12"}
    told_apart(figure, 0, lambda name: expected(table, f"overlap_{quoted[name]}"), list(quoted))
    assert any(name.endswith("blend:1:2:fill") for name in legends(figure)[0])


def test_of_many_patterns_the_nearest_are_drawn(dataset: str) -> None:
    shown = hot(dataset, start="random")
    figure = shown.figures()["trace"]
    table = shown.result.tables["trace"]
    far = {name: float(np.abs(table[f"overlap_{name}"]).max()) for name in "1234567"}
    left_out = min(far, key=lambda name: far[name])
    names = [name for name in legends(figure)[0] if name.startswith("m with")]
    assert names == [f"m with “{name}”" for name in "1234567" if name != left_out]
    assert "(of 7, the 6 " in words(figure)


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
    """The frames of a moving picture as grey pixels, and how long each is shown, in ms."""
    frames, durations = [], []
    with Image.open(path) as image:
        assert image.format == {".gif": "GIF", ".png": "PNG", ".webp": "WEBP"}[path.suffix]
        assert image.info["loop"] == 0, "it begins anew"
        for k in range(getattr(image, "n_frames", 1)):
            image.seek(k)
            image.load()
            frames.append(np.array(image.convert("L")))
            durations.append(int(image.info["duration"]))
    return frames, durations


def enlarged(state: NDArray[np.int8], shape: tuple[int, int], times: int) -> NDArray[np.uint8]:
    grey = np.array([GREY[int(spin)] for spin in state], np.uint8).reshape(shape)
    return np.kron(grey, np.ones((times, times), np.uint8))


def halves(frame: NDArray[np.uint8], shape: tuple[int, int]) -> tuple[Any, Any]:
    """The stored pattern at the left of a frame, and the state at its right."""
    times = -(-280 // max(shape))
    height, width = shape[0] * times, shape[1] * times
    assert frame.shape == (height + 80, 2 * width + 72)
    body = frame[40 : 40 + height]
    return body[:, 16 : 16 + width], body[:, 56 + width : 56 + 2 * width]


def check_trial(shown: list[NDArray[np.uint8]], run_: Run, trial: int, pattern: int) -> None:
    """Frames show these states, until the last, beside this pattern."""
    shape, frames = run_.result.patterns.shape, run_.result.frames
    states = frames.states[trial]
    times = -(-280 // max(shape))
    assert np.array_equal(states[len(shown) - 1 :], states[[-1] * (len(states) - len(shown) + 1)])
    for frame, state in zip(shown, states, strict=False):
        stored, now = halves(frame, shape)
        np.testing.assert_array_equal(
            stored, enlarged(run_.result.patterns.xi[pattern], shape, times)
        )
        np.testing.assert_array_equal(now, enlarged(state, shape, times))


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
        np.testing.assert_allclose(
            frames.overlap(trial, pattern), row[f"overlap_{label}"], rtol=1e-8
        )
    gallery = traced.result.gallery
    for k, number in enumerate(gallery.trials["trial"]):
        if number < 3:
            np.testing.assert_array_equal(frames.states[number, 0], gallery.start[k])
            np.testing.assert_array_equal(frames.states[number, -1], gallery.end[k])


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_a_trial_of_each_label_is_shown_and_its_end_stays(
    traced: Run, tmp_path: Path, suffix: str
) -> None:
    frames = traced.result.frames
    assert np.any(np.diff(frames.states[:, -2:], axis=1)), "too hot to rest"
    plots.animate(traced.result, tmp_path, f"run.{suffix}")
    shown, durations = pictures(tmp_path / f"run.{suffix}")
    first = 0
    for label in "1234567":
        trial = frames.label.index(label)
        changed = np.any(np.diff(frames.states[trial], axis=0), axis=1)
        n_shown = int(np.flatnonzero(changed)[-1]) + 2
        assert durations[first : first + n_shown] == [160] * (n_shown - 1) + [1000]
        check_trial(shown[first : first + n_shown], traced, trial, int(label) - 1)
        first += n_shown
    assert first == len(shown)


def test_its_name_says_how_many_trials_of_each_label(traced: Run, tmp_path: Path) -> None:
    numbers = {}
    for name in ("run.gif", "run.1.gif", "run.2.gif", "run.3.gif", "run.9.gif", "run.x.gif"):
        plots.animate(traced.result, tmp_path, name)
        _, durations = pictures(tmp_path / name)
        numbers[name] = durations.count(1000)
        shown = traced.result.frames.shown_in(name)
        assert [traced.result.frames.label[k] for k in shown] == sorted(
            traced.result.frames.label[k] for k in shown
        )
    assert list(numbers.values()) == [7, 7, 14, 21, 21, 7]
    more = hot(traced.config.dataset, animate="run.4.gif").result.frames
    assert len(more) == 28
    assert len(more.shown_in("a.4.gif")) == 28


def test_a_trial_that_rests_ends_a_second_later(dataset: str, tmp_path: Path) -> None:
    cold = hot(dataset, digits=("1", "2"), temperature=0.0, start="pattern,flip:0.2", sweeps=20)
    states = cold.result.frames.states
    plots.animate(cold.result, tmp_path, "run.gif")
    shown, durations = pictures(tmp_path / "run.gif")
    ends = [k + 1 for k, duration in enumerate(durations) if duration == 1000]
    assert len(ends) == 2
    assert max(ends) < 20, "not all of the twenty sweeps"
    check_trial(shown[: ends[0]], cold, 0, 0)
    assert not np.array_equal(states[0, ends[0] - 2], states[0, -1]), "not a sweep too many"


def test_below_are_sweep_overlap_and_energy(traced: Run, tmp_path: Path) -> None:
    """The words change with each frame, and nothing of the rest does."""
    plots.animate(traced.result, tmp_path, "run.png")
    shown, _ = pictures(tmp_path / "run.png")
    below = [frame[-36:] for frame in shown[: SWEEPS + 1]]
    for one, other in itertools.pairwise(below):
        assert np.any(one[:, :150] != other[:, :150]), "the sweep"
    above = [frame[:38] for frame in shown]
    assert len({head.tobytes() for head in above}) == 7, "one head a label"
    assert np.mean(above[0] < 128) > 0.01


def test_words_of_a_frame_are_those_of_the_run(
    dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def spy(self: Any, xy: Any, text: str, **style: Any) -> None:
        del self, xy, style
        said.append(text)

    monkeypatch.setattr("PIL.ImageDraw.ImageDraw.text", spy)
    blend = hot(dataset, digits=("1", "2"), start="blend:1:2:fill", quench=True, sweeps=2)
    plots.animate(blend.result, tmp_path, "run.gif")
    frames = blend.result.frames
    pattern = frames.nearest(0)
    assert said[0] == f"stored: “{pattern + 1}”"
    assert said[1].endswith("1 of blend:1:2:fill")
    m, height = frames.overlap(0, pattern)[0], frames.energy[0, 0] / 15
    minus = str.maketrans("-", "\N{MINUS SIGN}")
    assert said[2] == "sweep 0"
    assert said[3] == f"m = {m:.3f}".translate(minus)
    assert said[4] == f"H / N = {height:.3f}".translate(minus)
    assert "after the quench" in said or np.array_equal(*frames.states[0, -2:])


def test_sites_at_zero_are_grey(dataset: str, tmp_path: Path) -> None:
    blend = hot(
        dataset,
        digits=("1", "2"),
        start="blend:1:2",
        dynamics="async",
        temperature=None,
        sweeps=3,
    )
    state = blend.result.frames.states[0, 0]
    np.testing.assert_array_equal(state, np.where(XI[0] == XI[1], XI[0], 0))
    plots.animate(blend.result, tmp_path, "run.gif")
    frames, _ = pictures(tmp_path / "run.gif")
    _, now = halves(frames[0], SHAPE)
    np.testing.assert_array_equal(now, enlarged(state, SHAPE, 56))
    assert 160 in now


def test_large_pictures_keep_their_pixels(tmp_path: Path) -> None:
    config = RecallConfig(
        dataset="drawings", start="pattern,flip:0.1", tests=1, repeats=1, sweeps=1
    )
    shown = run(config, RecallExecution(animate="a.webp"))
    plots.animate(shown.result, tmp_path, "a.webp")
    frames, durations = pictures(tmp_path / "a.webp")
    assert durations == [160, 1000] * 3
    check_trial(frames[:2], shown, 0, 0)
    check_trial(frames[4:], shown, 2, 2)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "b c.webp", "run.3.gif"])
def test_names_of_animations(name: str) -> None:
    assert RecallExecution(animate=name).animate == name


@pytest.mark.parametrize(
    "name", ["a.mp4", "a", ".gif", "a/b.gif", "../a.png", "gallery.png", "gallery-12.png", 3]
)
def test_other_names_of_animations_are_refused(name: Any) -> None:
    with pytest.raises(SettingError, match="animate must"):
        RecallExecution(animate=name)
