"""The pictures agree with the tables, and nothing is cut off or overlaps."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from conftest import as_columns
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray

from hopcli import experiments, plots, results
from hopcli.catalogue import CATALOGUE
from hopcli.config import Config, Execution
from hopcli.plots.kit import cut_labels
from hopcli.study import AUTHORS_RECALL, FIGURE1

NAMES = {command: {command.replace("-", "_")} for command in CATALOGUE} | {
    "select": {"patterns"},
    "recall": {"accuracy", "confusion", "gallery"},
    "compare": {"classifiers", "selectors"},
    "variance": {"variance", "best_worst"},
    "relax": {"relaxation"},
}
WITH_PICTURES = {"patterns", "confusion", "gallery", "stored", "weights", "attractors"}
WITH_PICTURES |= {"classifiers", "variance", "best_worst"}
FURTHER = {"traced": {"trace"}, "paper": {"stored"}}
MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}
FIVE = (21607, 25559, 7411, 39155, 28089)  # the patterns of the study
LONG = ("sailing-boat", "a $tricky_ name with quite a lot of words", "日本\n", "none", "overall")
MINUS = "\N{MINUS SIGN}"

SCAN = {"command": "temperature-scan", "rule": "hebbian"}
NEAR_CRITICAL = (0.2, 0.6, *(i / 100 for i in range(93, 108, 2)), 1.6)
CONFIGS: dict[str, dict[str, Any]] = {
    "select": {},
    "recall": {"source_indices": FIVE, "tests": 12, "repeats": 3},
    "paper": {"command": "recall", "tests": 6, "repeats": 3},
    "one repeat": {"command": "recall", "source_indices": FIVE[2:3], "tests": 5, "repeats": 1},
    "random starts": {"command": "recall", "start": "random", "temperature": "3:2:linear"},
    "traced": {"command": "recall", "start": "pattern,flip:0.3", "temperature": 1.0, "trace": True},
    "scan": {**SCAN, "source_indices": (56, 9), "repeats": 6, "temperatures": (0.2, 0.8, 1.7)},
    "one temperature": {**SCAN, "dataset": "drawings", "rule": "pseudo-inverse"},
    "weights": {"source_indices": FIVE, "rule": "hebbian"},
    "attractors": {"source_indices": FIVE, "rule": ("hebbian", "storkey"), "starts": 200},
    "capacity": {"sizes": (30, 50), "loads": (0.08, 0.15, 0.3, 0.5), "draws": 4, "tests": 10},
    "critical": {"dataset": "digits", "temperatures": NEAR_CRITICAL, "chains": 15, "sweeps": 300},
    "variance": {"selections": 6, "tests": 12, "repeats": 2, "accuracy_tests": 50},
    "compare": {"tests": 40, "training": 20, "candidates": 3, "tuning": 5, "selections": 4},
    "consistency": {"dataset": "digits", "selections": 3, "tests": 5},
    "fit-sweeps": {"dataset": "digits", "sweeps": (4, 20), "replays": 3, "orders": 3},
    "relax": {"source_indices": FIVE, "tests": 9, "repeats": 2, "sweeps": 60},
    "one start": {"command": "relax", "source_indices": FIVE[:1], "tests": 1, "repeats": 1},
}
CONFIGS["random starts"] |= {"source_indices": FIVE, "tests": 3, "repeats": 2, "sweeps": 1}
CONFIGS["traced"] |= {"source_indices": (*FIVE, 0, 5), "tests": 2, "repeats": 1, "sweeps": 4}
CONFIGS["one temperature"] |= {"source_indices": (0, 1, 2), "temperatures": (0.0,)}
CONFIGS["one temperature"] |= {"repeats": 1, "sweeps": 2}
CONFIGS["capacity"] |= {"rule": ("hebbian", "storkey", "pseudo-inverse")}
CONFIGS["critical"] |= {"scales": (1, 2), "criterion": 0.9}
CONFIGS["compare"] |= {"selector_samples": (3, 9), "selector_tests": 20}
CONFIGS["one start"] |= {"sweeps": 12, "attempts_per_sweep": "N"}


def config(name: str) -> Config:
    values = {"command": name, **CONFIGS[name]}
    found: Config = CATALOGUE[values.pop("command")].config.from_values(values)
    return found


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A result that was written and read back, with its resolved configuration; figures once."""

    config: Any
    result: Any

    @functools.cache  # noqa: B019 - as few runs as there are tests
    def figures(self, **form: Any) -> dict[str, Figure]:
        draw: Any = CATALOGUE[self.config.command].figures
        drawn: dict[str, Figure] = draw(self.config, self.result, **form)
        return drawn

    def figure(self) -> Any:
        """The only figure."""
        (figure,) = self.figures().values()
        return figure


def run(config: Config, execution: Execution | None = None) -> Run:
    """Plan, run, write, read back."""
    how = execution or CATALOGUE[config.command].execution()
    plan = experiments.plan(config)
    result = plan.run(how, experiments.no_progress)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results.save(folder, plan.config, result, inputs=plan.inputs, execution=how, duration=1.0)
        loaded = results.load(folder)
        tables = dict(loaded.result.columns)  # before the folder is gone
    return Run(loaded.config, dataclasses.replace(loaded.result, columns=tables))


@functools.cache
def made(name: str) -> Run:
    """Run one of the configurations; once a process."""
    return run(config(name))


def renamed(run: Run, names: tuple[str, ...] = LONG) -> Run:
    """Give the first patterns of a run other names."""
    old = run.result.patterns.labels
    new = dict(zip(old, (*names[: len(old)], *old[len(names) :]), strict=True))
    tables = {}
    for key, table in run.result.tables.items():
        tables[key] = table.copy()
        for column in {"label", "best_label"} & set(table.columns):
            tables[key][column] = [new.get(label, label) for label in table[column]]
    labels = "labels" if run.config.command == "select" else "patterns.labels"
    ((_, arrays),) = run.result.arrays.items()
    changed = {labels: np.array(list(new.values()))}
    if "trials.label" in arrays:
        changed["trials.label"] = np.array([new[label] for label in arrays["trials.label"]])
    config = run.config
    if config.command == "temperature-scan":
        config = dataclasses.replace(config, target=new[config.target])
    columns = as_columns(tables, run.config.command)
    return Run(config, dataclasses.replace(with_arrays(run, changed).result, columns=columns))


def with_table(run: Run, name: str, table: Any) -> Run:
    columns = as_columns({**run.result.tables, name: table}, run.config.command)
    return Run(run.config, dataclasses.replace(run.result, columns=columns))


def with_arrays(run: Run, changed: dict[str, NDArray[Any]]) -> Run:
    ((name, arrays),) = run.result.arrays.items()
    assert set(changed) <= set(arrays)
    return Run(run.config, dataclasses.replace(run.result, arrays={name: {**arrays, **changed}}))


def _with_inverses() -> Run:
    """Recall of patterns with long names, had some trials ended in the inverse of the second."""
    changed = renamed(made("recall"))
    table = changed.result.tables["confusion"].copy()
    table.isetitem(7, [3, 0, 1, 0, 0])
    table.columns = ["label", *LONG, *(f"inverse {name}" for name in LONG), *table.columns[11:]]
    return with_table(changed, "confusion", table)


def _with_marks(*temperatures: float) -> Run:
    return with_arrays(made("scan"), {"ordering": np.array(temperatures)})


CHANGED: dict[str, Callable[[], Run]] = {"long recall": _with_inverses}
for _name, _marks in {"close marks": (1.01, 0.99), "marks at the left": (0.02, 0.01)}.items():
    CHANGED[_name] = functools.partial(_with_marks, *_marks)
CHANGED["marks beyond"] = functools.partial(_with_marks, 9.0, 1.7)
for _name in ("select", "scan", "weights", "attractors", "variance", "relax"):
    CHANGED[f"long {_name}"] = functools.partial(lambda name: renamed(made(name)), _name)


# --- what is on a figure -----------------------------------------------------------------


def texts(figure: Figure) -> list[Text]:
    """Return all texts of a figure, including titles and tick labels."""
    found: list[Any] = figure.findobj(Text)
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [t for t in axis.get_major_ticks() if not low <= t.get_loc() <= high]
            hidden |= {id(tick.label1) for tick in ticks}
            hidden |= set() if axes.axison else set(map(id, axis.get_ticklabels()))
    written = [text for text in found if text.get_visible() and text.get_text().strip()]
    return [text for text in written if id(text) not in hidden]


def words(figure: Figure) -> str:
    return " ".join(text.get_text() for text in texts(figure))


def images(figure: Figure, dtype: type[np.generic]) -> list[Any]:
    """Pictures of spins (int8) or heat maps (float64), in the order they were drawn."""
    found: list[Any] = [image for axes in figure.axes for image in axes.images]
    return [image for image in found if image.get_array().dtype == dtype]


def states(figure: Figure) -> list[NDArray[np.int8]]:
    """The spins of every picture."""
    return [np.array(image.get_array()) for image in images(figure, np.int8)]


def panels(figure: Figure) -> list[Axes]:
    """The axes with data, row by row; they lie over the invisible ones of the page."""
    drawn = (axes for axes in figure.axes if axes.axison)
    return sorted(drawn, key=lambda ax: (-round(ax.get_position().y0, 3), ax.get_position().x0))


def plot_axes(figure: Figure) -> Axes:
    (axes,) = panels(figure)
    return axes


class Series(NamedTuple):
    """A line with error bars: its points (n, 2) and the ends of its bars, (low, high) of (x, y)."""

    label: str
    line: Any
    points: NDArray[np.float64]
    bars: NDArray[np.float64] | None


def series(axes: Axes) -> list[Series]:
    found = []
    for container in axes.containers:
        if isinstance(container, ErrorbarContainer):
            line, _, bars = container.lines
            points = np.empty((0, 2)) if line is None else np.array(line.get_xydata())
            gap = np.full((2, 2), np.nan)
            segments = bars[0].get_segments() if bars else []
            ends = np.array([each if len(each) else gap for each in segments]) if bars else None
            found.append(Series(str(container.get_label()), line, points, ends))
    return found


def error_bars(axes: Axes, label: str) -> NDArray[np.float64]:
    """Ends of the error bars with a label, shape (points, 2, 2): (low, high) each (x, y)."""
    (bars,) = (one.bars for one in series(axes) if one.label == label)
    assert bars is not None
    return bars


def upright(axes: Axes, style: str = ":") -> list[float]:
    """Return the places of the vertical lines of a style."""
    ends = [np.array(line.get_xdata()) for line in axes.lines if line.get_linestyle() == style]
    return [float(x[0]) for x in ends if len(set(x.tolist())) == 1]


def check_layout(figure: Figure, may_overlap: Callable[[Text], bool] = lambda _: False) -> None:
    """Check that nothing on a figure is cut off, small, or over other things."""
    canvas: Any = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    figure.draw(renderer)
    written = [(text, text.get_window_extent(renderer)) for text in texts(figure)]
    pictures = [image.get_window_extent(renderer) for image in images(figure, np.int8)]
    page = figure.bbox
    for box in (*(box for _, box in written), *pictures):
        assert page.x0 <= box.x0 < box.x1 <= page.x1
        assert page.y0 <= box.y0 < box.y1 <= page.y1
    for box in pictures:
        assert box.width == pytest.approx(box.height)
    assert min(float(text.get_fontsize()) for text, _ in written) >= 9
    boxes = [(text.get_text(), box) for text, box in written if not may_overlap(text)]
    boxes += [("a picture", box) for box in pictures]
    for (name, box), (other, second) in itertools.combinations(boxes, 2):
        assert not _overlap(box, second), (name, other)


def _overlap(a: Any, b: Any) -> bool:
    """Return whether boxes overlap by more than the empty space around letters."""
    slack = 0.6  # pixels
    wide = min(a.x1, b.x1) - max(a.x0, b.x0) > slack
    return bool(wide and min(a.y1, b.y1) - max(a.y0, b.y0) > 3 * slack)


IN_TEST_SLOW = {"one temperature", "one start", "close marks", "marks at the left"}
IN_TEST_SLOW |= {f"long {name}" for name in ("select", "weights", "attractors", "relax")}
IN_TEST_SLOW |= {"recall", "random starts", "marks beyond", "long variance"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] * (n in IN_TEST_SLOW)) for n in (*CONFIGS, *CHANGED)],
)
def test_nothing_is_cut_off_small_or_over_other_things(name: str) -> None:
    shown = CHANGED[name]() if name in CHANGED else made(name)
    figures = shown.figures()
    assert set(figures) == NAMES[shown.config.command] | FURTHER.get(name, set())
    for key, figure in figures.items():
        assert images(figure, np.int8) or key not in WITH_PICTURES
        assert "nan" not in words(figure)
        caption = str(getattr(figure, "caption", ""))
        lines = [t for t in figure.axes[0].texts if t.get_text() and t.get_text() in caption]
        assert sum(len(line.get_text()) > 20 for line in lines) <= 2 or name in CHANGED
        check_layout(figure)


# --- files -------------------------------------------------------------------------------


FILES = [("select", "png"), ("one repeat", "svg"), ("scan", "pdf")]


@pytest.mark.parametrize(("name", "kind"), FILES)
def test_files_have_their_format_and_the_same_bytes(name: str, kind: str, tmp_path: Path) -> None:
    shown = made(name)
    seen = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        plots.draw(shown.config, shown.result, Execution(figure_format=kind), folder)
        seen.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert seen[0] == seen[1]
    assert set(seen[0]) == {f"{figure}.{kind}" for figure in NAMES[shown.config.command]}
    for content in seen[0].values():
        assert content.startswith(MAGIC[kind])
        assert not re.search(b"CreationDate|dc:date", content)


def test_pyplot_is_never_imported() -> None:
    code = "import sys, hopcli.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- recall ------------------------------------------------------------------------------


def test_accuracy_draws_the_table() -> None:
    recall = made("recall")
    table = 100 * recall.result.tables["accuracy"].iloc[:, 1:].astype(float)
    labels, overall = table.iloc[:-1], table.iloc[-1]
    figure = recall.figures()["accuracy"]
    axes, said = plot_axes(figure), words(figure)
    interval, sd = error_bars(axes, "interval"), error_bars(axes, "sd")
    np.testing.assert_allclose(interval[:, :, 0], labels[["ci_low", "ci_high"]])
    spread = np.array([-1, 1]) * labels[["sd_repeats"]].to_numpy()
    np.testing.assert_allclose(sd[:, :, 0], labels[["accuracy"]].to_numpy() + spread)
    assert axes.get_xlim()[0] <= min(interval[:, :, 0].min(), sd[:, :, 0].min())
    assert any(np.allclose(line.get_xdata(), overall["accuracy"]) for line in axes.lines)
    assert f"mean {overall['accuracy']:.1f}" in said
    once = made("one repeat").figures()["accuracy"]  # which has no SD
    assert [one.label for one in series(plot_axes(once))] == ["interval"]
    assert "±" not in words(once)
    for rate, spread in labels[["accuracy", "sd_repeats"]].to_numpy():
        assert f"{rate:.1f} ± {spread:.1f}" in said


def test_the_figures_of_the_study_have_its_values_beside_those_of_the_run() -> None:
    paper = made("paper")
    figures: Any = paper.figures()
    axes = plot_axes(figures["accuracy"])
    own = 100 * paper.result.tables["accuracy"][["accuracy", "sd_repeats"]].to_numpy(float)[:-1]
    raw = np.loadtxt(AUTHORS_RECALL, delimiter=",", skiprows=1)[:, 1:]
    published = np.stack([raw.mean(axis=0), raw.std(axis=0, ddof=1)], axis=1)
    bars = [one for one in axes.containers if isinstance(one, BarContainer)]
    for one, expected in zip(bars, (own, published), strict=True):
        np.testing.assert_allclose([bar.get_height() for bar in one], expected[:, 0])
        ends = error_bars(axes, f"{one.get_label()}, SD")[:, :, 1]
        np.testing.assert_allclose(ends, expected[:, :1] + expected[:, 1:] * [-1, 1], atol=1e-7)
    assert {"81 ± 2", "69 ± 1"} <= {text.get_text() for text in texts(figures["accuracy"])}
    shown = [state.ravel() for state in states(figures["stored"])]
    np.testing.assert_array_equal(shown, paper.result.patterns.xi)

    kinds = [plot_axes(made("recall").figures(kind=kind)["accuracy"]) for kind in ("bars", "rows")]
    assert [sum(isinstance(c, BarContainer) for c in axes.containers) for axes in kinds] == [1, 0]

    curve = np.loadtxt(FIGURE1, delimiter=",", skiprows=1)
    lines = [np.array(line.get_xydata()) for line in plot_axes(made("scan").figure()).lines]
    assert any(np.array_equal(line, curve) for line in lines)


@pytest.mark.parametrize(
    ("rate", "sd", "begin"), [(0.001, 0.0, 0), (0.45, 0.001, 0), (0.97, 0.3, 60), (0.97, 0.001, 90)]
)
def test_an_axis_begins_below_the_bars_or_at_0(rate: float, sd: float, begin: int) -> None:
    table = made("recall").result.tables["accuracy"].copy()
    table[["accuracy", "ci_low", "ci_high"]] = rate, rate - 0.001, rate
    table["sd_repeats"] = sd
    figure = with_table(made("recall"), "accuracy", table).figures()["accuracy"]
    assert plot_axes(figure).get_xlim()[0] == begin


def _heat(figure: Figure) -> list[NDArray[np.float64]]:
    """The heat maps of a confusion figure, from left to right."""
    return [np.array(image.get_array()) for image in images(figure, np.float64)]


def test_confusion_draws_the_table_and_inverses_only_if_they_were_reached() -> None:
    recall = made("recall")
    figure = recall.figures()["confusion"]
    counts = recall.result.tables["confusion"].iloc[:, 1:].to_numpy()
    assert not counts[:, 5:10].any()
    patterns, none = _heat(figure)
    np.testing.assert_allclose(patterns, 100 * counts[:, :5] / 36)
    np.testing.assert_allclose(none, 100 * counts[:, [10]] / 36)
    for value in np.unique(patterns[(patterns > 0) & (patterns < 100)]):
        assert f"{value:.1f}" in words(figure)

    changed = _with_inverses()
    figure = changed.figures()["confusion"]
    counts = changed.result.tables["confusion"].iloc[:, 1:12].to_numpy()
    _, inverse, _ = _heat(figure)
    np.testing.assert_allclose(inverse, 100 * counts[:, [6]] / counts.sum(axis=1, keepdims=True))
    xi = changed.result.patterns.xi[1].reshape(28, 28)
    shown = [(np.array_equal(state, xi), np.array_equal(state, -xi)) for state in states(figure)]
    assert np.sum(shown, axis=0).tolist() == [2, 1]  # its row and its column, and the inverse


def test_few_trials_are_not_shown_as_none_nor_nearly_all_as_all() -> None:
    table = made("recall").result.tables["confusion"].copy()
    table.iloc[0, 1:12] = [9999, 1, *[0] * 9]
    figure = with_table(made("recall"), "confusion", table).figures()["confusion"]
    assert {"<0.1", ">99.9"} <= {*words(figure).split()}


def test_gallery_shows_starts_and_ends_with_their_overlaps() -> None:
    recall = made("recall")
    figure, gallery = recall.figures()["gallery"], recall.result.gallery
    drawn = [state.tobytes() for state in states(figure)]
    assert drawn[:5] == [xi.tobytes() for xi in recall.result.patterns.xi]
    kept = zip(gallery.start, gallery.end, strict=True)
    pairs = [(start.tobytes(), end.tobytes()) for start, end in kept]
    assert sorted(zip(drawn[5::2], drawn[6::2], strict=True)) == sorted(pairs)
    said, trials = words(figure), recall.result.tables["gallery"]
    for index, overlap in zip(trials["source_index"], trials["overlap_own"], strict=True):
        assert f"m = {overlap:.4g}".replace("-", MINUS) in said
        assert str(index) in said
    failed = trials[~trials["recalled"] & (trials["best_overlap"].abs() >= 0.99)]
    assert all(f"ends in {label}" in said for label in failed["best_label"])


# --- other experiments -------------------------------------------------------------------


def test_scan_draws_the_table_the_mean_field_and_the_exact_equilibrium() -> None:
    scan = made("scan")
    axes, tables = plot_axes(scan.figure()), scan.result.tables
    lines: Any = [line for line in axes.lines if len(np.array(line.get_xdata())) == 120]
    curves = [np.array(line.get_xydata()) for line in lines]
    for k, label in enumerate(scan.result.patterns.labels):
        own = tables["temperature_scan"].iloc[k::2]
        bars, sem = error_bars(axes, label), own["overlap_abs_sem"]
        np.testing.assert_allclose(bars[:, 0, 0], own["temperature"])
        np.testing.assert_allclose(bars[:, 0, 1], own["overlap_abs"] - sem)
        np.testing.assert_allclose(bars[:, 1, 1], own["overlap_abs"] + sem)
        expected = tables["mean_field"].iloc[k::2]
        for column in ("mean_field", "exact"):
            curve = expected[["temperature", column]].to_numpy()
            assert any(np.array_equal(one, curve) for one in curves), column
    assert any(np.allclose(line.get_ydata(), scan.result.chance) for line in axes.lines)
    for temperature in scan.result.ordering:
        assert any(np.allclose(line.get_xdata(), temperature) for line in axes.lines)
    looks = {(one.get_color(), one.get_linestyle(), one.get_linewidth()) for one in lines}
    assert len(looks) == len(curves) == 4
    alone = made("one temperature").figure()  # and repeat
    assert [one.bars for one in series(plot_axes(alone))] == [None] * 3


def test_select_shows_label_source_and_loss() -> None:
    select = made("select")
    figure = select.figure()
    for row in select.result.tables["patterns"].itertuples():
        assert f"image {row.source_index}" in words(figure)
        assert f"L = {MINUS}{-row.loss / 1e6:.2f}" in words(figure)
    shown = [state.ravel() for state in states(figure)]
    np.testing.assert_array_equal(shown, select.result.patterns.xi)


def test_bands_of_sweeps_are_half_a_sweep_wider_and_the_papers_20_are_marked() -> None:
    fit = made("fit-sweeps")
    axes = plot_axes(fit.figure())
    bands: Any = axes.patches
    found = [(band.get_x(), band.get_x() + band.get_width()) for band in bands]
    ends = fit.result.tables["estimate"][["sweeps_ci_low", "sweeps_ci_high"]].to_numpy(float)
    assert found == [pytest.approx(tuple(each)) for each in ends + np.array([-0.5, 0.5])]
    assert max(fit.config.sweeps) == 20
    assert upright(axes) == [20]


# --- parts of a page ---------------------------------------------------------------------


def test_a_pattern_takes_axes_for_itself_or_a_box_in_them() -> None:
    spins = np.array([1, -1, -1, 0, 1, 1], dtype=np.int8)
    figure = Figure(figsize=(4, 2))
    alone, boxed = figure.subplots(1, 2)
    plots.draw_pattern(alone, spins, (2, 3))
    assert (alone.get_xlim(), alone.get_ylim()) == ((0, 3), (2, 0))
    boxed.set(xlim=(0, 10), ylim=(10, 0))
    plots.draw_pattern(boxed, spins, (2, 3), (1, 1, 6, 6))
    assert boxed.images[0].get_extent() == (1, 7, 6, 2)  # centred: 6 wide, 4 high
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    grey = np.asarray(canvas.buffer_rgba())[..., 0]
    for k, spin in enumerate(spins):
        row, column = divmod(k, 3)
        x, y = alone.transData.transform((column + 0.5, row + 0.5))
        seen = int(grey[grey.shape[0] - round(y), round(x)])
        assert seen == {1: 0, -1: 255}.get(int(spin), seen)
        assert (spin == 0) == (100 < seen < 160)


# --- edges: small numbers, ties


def test_a_drawn_pixel_is_the_mean_of_the_spins_that_it_covers() -> None:
    figure = Figure(figsize=(3, 3), dpi=1)
    axes = figure.add_axes((0, 0, 1, 1))
    plots.draw_pattern(axes, np.array([1, -1, 1, 1], dtype=np.int8), (2, 2))
    image: Any = axes.images[0]
    drawn: list[tuple[float, Any]] = [
        (1, [[0, 0, 0], [0, 63.75, 127.5], [0, 127.5, 255]]),  # from below
        (2 / 3, [[0, 0], [0, 255]]),
        (1 / 3, [[63.75]]),
    ]
    for times, expected in drawn:
        pixels, *_ = image.make_image(None, times)
        np.testing.assert_allclose(pixels[..., 0].astype(float), expected, atol=0.5)
        assert (pixels[..., 3] == 255).all()


def test_fifty_labels_are_all_drawn() -> None:
    assert cut_labels(50) == ""
    assert "50 of 51" in cut_labels(51)
