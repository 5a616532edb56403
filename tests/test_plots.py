"""The pictures: what they show is what the tables say, and nothing is cut off or overlaps."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.text import Text

from hopcli import experiments, plots, results
from hopcli.catalogue import CATALOGUE
from hopcli.config import (
    AttractorsConfig,
    CapacityConfig,
    CompareConfig,
    Config,
    ConsistencyConfig,
    CriticalConfig,
    Execution,
    FitSweepsConfig,
    RecallConfig,
    SelectConfig,
    TemperatureScanConfig,
    VarianceConfig,
    WeightsConfig,
)
from hopcli.plots.page import shorten, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray


NAMES = {
    "select": {"patterns"},
    "recall": {"accuracy", "confusion", "gallery"},
    "temperature-scan": {"temperature_scan"},
    "weights": {"weights"},
    "attractors": {"attractors"},
    "capacity": {"capacity"},
    "critical": {"critical"},
    "consistency": {"consistency"},
    "fit-sweeps": {"fit_sweeps"},
    "compare": {"classifiers", "selectors"},
    "variance": {"variance", "best_worst"},
    "relax": {"relaxation"},
}
# Of random starts accuracy has no pictures either.
PLAIN = {
    "accuracy",
    "capacity",
    "critical",
    "consistency",
    "fit_sweeps",
    "relaxation",
    "selectors",
    "trace",
}
MAGIC = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}
FIVE = (21607, 25559, 7411, 39155, 28089)  # the patterns of the study
LONG = ("sailing-boat", "a $tricky_ name with quite a lot of words", "日本\n", "none", "overall")


@dataclasses.dataclass(frozen=True, eq=False)
class Run:
    """A result that was written and read back, with its resolved configuration; figures once."""

    config: Any
    result: Any

    @functools.cache  # noqa: B019 - as few runs as there are tests
    def figures(self) -> dict[str, Figure]:
        drawn: dict[str, Figure] = CATALOGUE[self.config.command].figures(self.config, self.result)
        return drawn

    @functools.cache  # noqa: B019
    def boxes(self) -> dict[str, Boxes]:
        return {name: Boxes.of(figure) for name, figure in self.figures().items()}


class Boxes(NamedTuple):
    """Where things are on a drawn figure, in pixels."""

    page: Any
    texts: list[tuple[Text, Any]]
    pictures: list[Any]

    @classmethod
    def of(cls, figure: Figure) -> Boxes:
        canvas: Any = FigureCanvasAgg(figure)
        renderer = canvas.get_renderer()
        figure.draw(renderer)
        return cls(
            figure.bbox,
            [(text, text.get_window_extent(renderer)) for text in texts(figure)],
            [image.get_window_extent(renderer) for image in images(figure, np.int8)],
        )


def run(config: Config, execution: Execution | None = None) -> Run:
    """Plan, run, write, read back."""
    how = execution or CATALOGUE[config.command].execution()
    plan = experiments.plan(config)
    result = plan.run(how, experiments.no_progress)
    with tempfile.TemporaryDirectory() as name:
        results.save(
            Path(name), plan.config, result, inputs=plan.inputs, execution=how, duration=1.0
        )
        loaded = results.load(Path(name))
        tables = dict(loaded.result.tables)  # before the folder is gone
    return Run(loaded.config, dataclasses.replace(loaded.result, tables=tables))


def renamed(run: Run, names: tuple[str, ...]) -> Run:
    """The same run, had its patterns been called otherwise."""
    old = run.result.patterns.labels
    new = dict(zip(old, (*names, *old[len(names) :]), strict=True))
    tables = {}
    for key, table in run.result.tables.items():
        tables[key] = table.copy()
        for column in {"label", "best_label"} & set(table.columns):
            tables[key][column] = [new.get(label, label) for label in table[column]]
    labels = "labels" if run.config.command == "select" else "patterns.labels"
    changed = with_arrays(run, {labels: np.array(list(new.values()))})
    config = run.config
    if config.command == "temperature-scan":
        config = dataclasses.replace(config, target=new[config.target])
    return Run(config, dataclasses.replace(changed.result, tables=tables))


def with_table(run: Run, name: str, table: Any) -> Run:
    tables = {**run.result.tables, name: table}
    return Run(run.config, dataclasses.replace(run.result, tables=tables))


def with_arrays(run: Run, changed: dict[str, NDArray[Any]]) -> Run:
    ((name, arrays),) = run.result.arrays.items()
    assert set(changed) <= set(arrays)
    result = dataclasses.replace(run.result, arrays={name: {**arrays, **changed}})
    return Run(run.config, result)


@pytest.fixture(scope="module")
def select() -> Run:
    return run(SelectConfig())


@pytest.fixture(scope="module")
def recall() -> Run:
    return run(RecallConfig(source_indices=FIVE, tests=12, repeats=3))


@pytest.fixture(scope="module")
def scan() -> Run:
    source = (56, 9)
    return run(
        TemperatureScanConfig(
            source_indices=source, rule="hebbian", repeats=6, temperatures=(0.2, 0.8, 1.7)
        )
    )


@pytest.fixture(scope="module")
def once() -> Run:
    """One label, one repeat: no standard deviation anywhere."""
    return run(RecallConfig(source_indices=FIVE[2:3], tests=5, repeats=1))


@pytest.fixture(scope="module")
def single() -> Run:
    """One temperature, one run, pictures of 128 x 128."""
    return run(
        TemperatureScanConfig(
            dataset="drawings", source_indices=(0, 1, 2), temperatures=(0.0,), repeats=1, sweeps=2
        )
    )


@pytest.fixture(scope="module")
def other_starts() -> Run:
    """Random starts, which have no own pattern, and end in no pattern either."""
    return run(
        RecallConfig(
            source_indices=FIVE,
            start="random",
            tests=3,
            repeats=2,
            temperature="3:2:linear",
            sweeps=1,
        )
    )


@pytest.fixture(scope="module")
def weights() -> Run:
    return run(WeightsConfig(source_indices=FIVE, rule="hebbian"))


@pytest.fixture(scope="module")
def attractors() -> Run:
    return run(AttractorsConfig(source_indices=FIVE, rule=("hebbian", "storkey"), starts=200))


@pytest.fixture(scope="module")
def capacity() -> Run:
    return run(CapacityConfig(sizes=(30, 40), loads=(0.1, 0.2, 0.4), draws=3))


@pytest.fixture(scope="module")
def variance() -> Run:
    return run(VarianceConfig(selections=4, tests=5, repeats=2, sweeps=5))


@pytest.fixture(scope="module")
def compare() -> Run:
    config = CompareConfig(
        tests=20,
        selector_tests=10,
        tuning=5,
        training=30,
        candidates=2,
        selector_samples=(3, 9),
        selections=3,
    )
    return run(config)


@pytest.fixture(scope="module")
def consistency() -> Run:
    return run(ConsistencyConfig(dataset="digits", selections=3, tests=5))


@pytest.fixture(scope="module")
def critical() -> Run:
    grid = tuple(i / 100 for i in range(94, 107, 2))
    config = CriticalConfig(
        dataset="digits", chains=5, sweeps=40, scales=(1, 2, 3), temperatures=(0.3, *grid, 1.5)
    )
    return run(config)


@pytest.fixture(scope="module")
def fit_sweeps() -> Run:
    return run(FitSweepsConfig(dataset="digits", sweeps=(4, 20), replays=3, orders=3))


@pytest.fixture(scope="module")
def traced() -> Run:
    """Seven patterns, of which a trace shows six."""
    return run(
        RecallConfig(
            source_indices=(*FIVE, 0, 5),
            start="pattern,flip:0.3",
            temperature=1.0,
            tests=2,
            repeats=1,
            sweeps=4,
            trace=True,
        )
    )


@pytest.fixture(scope="module")
def runs(
    select: Run,
    recall: Run,
    scan: Run,
    once: Run,
    single: Run,
    other_starts: Run,
    weights: Run,
    attractors: Run,
    variance: Run,
    capacity: Run,
    critical: Run,
    consistency: Run,
    fit_sweeps: Run,
    compare: Run,
    traced: Run,
) -> dict[str, Run]:
    return {
        "select": select,
        "recall": recall,
        "scan": scan,
        "once": once,
        "single": single,
        "other starts": other_starts,
        "long select": renamed(select, LONG),
        "long recall": with_table(renamed(recall, LONG), "confusion", _with_inverses(recall, LONG)),
        "long scan": renamed(scan, LONG[:2]),
        "close marks": with_arrays(scan, {"ordering": np.array([1.01, 0.99])}),
        "marks at the left": with_arrays(scan, {"ordering": np.array([0.02, 0.01])}),
        "marks beyond": with_arrays(scan, {"ordering": np.array([9.0, 1.7])}),
        "weights": weights,
        "variance": variance,
        "attractors": attractors,
        "capacity": capacity,
        "critical": critical,
        "consistency": consistency,
        "fit-sweeps": fit_sweeps,
        "compare": compare,
        "traced": traced,
        "long weights": renamed(weights, LONG),
        "long attractors": renamed(attractors, LONG),
    }


RUNS = (
    "select",
    "recall",
    "scan",
    "once",
    "single",
    "other starts",
    "long select",
    "long recall",
    "long scan",
    "close marks",
    "marks at the left",
    "marks beyond",
    "weights",
    "attractors",
    "variance",
    "capacity",
    "consistency",
    "fit-sweeps",
    "compare",
    "critical",
    "traced",
    "long weights",
    "long attractors",
)


def _with_inverses(recall: Run, names: tuple[str, ...]) -> Any:
    """The confusion, had some trials ended in the inverse of the second pattern."""
    table = recall.result.tables["confusion"].copy()
    table["label"] = names
    table.isetitem(7, [3, 0, 1, 0, 0])
    columns = ["label", *names, *(f"inverse {name}" for name in names)]
    table.columns = [*columns, *table.columns[11:]]
    return table


def texts(figure: Figure) -> list[Text]:
    """What is written on a figure, titles and tick labels too."""
    found: list[Any] = figure.findobj(Text)
    written = [text for text in found if text.get_visible() and text.get_text().strip()]
    hidden = {
        id(label)
        for axes in figure.axes
        if not axes.axison
        for label in (*axes.get_xticklabels(), *axes.get_yticklabels())
    }
    beyond = {
        id(tick.label1)
        for axes in figure.axes
        for axis in (axes.xaxis, axes.yaxis)
        for tick in axis.get_major_ticks()
        if not min(axis.get_view_interval()) <= tick.get_loc() <= max(axis.get_view_interval())
    }
    return [text for text in written if id(text) not in hidden | beyond]


def images(figure: Figure, dtype: type[np.generic]) -> list[Any]:
    """Pictures of spins (int8) or heat maps (float64), in the order they were drawn."""
    found: list[Any] = [image for axes in figure.axes for image in axes.images]
    return [image for image in found if image.get_array().dtype == dtype]


def states(figure: Figure, side: int = 28) -> list[NDArray[np.int8]]:
    """The spins of every picture, each shape (side, side)."""
    times = -(-128 // side)
    return [np.array(i.get_array())[::times, ::times] for i in images(figure, np.int8)]


def words(figure: Figure) -> str:
    return " ".join(text.get_text() for text in texts(figure))


def plot_axes(figure: Figure) -> Axes:
    """The axes with data, which lie over the invisible ones of the page."""
    (axes,) = (axes for axes in figure.axes if axes.axison)
    return axes


def error_bars(axes: Axes, label: str) -> NDArray[np.float64]:
    """Ends of the error bars with a label, shape (points, 2, 2): (low, high) each (x, y)."""
    (found,) = (
        container
        for container in axes.containers
        if isinstance(container, ErrorbarContainer) and container.get_label() == label
    )
    (lines,) = found.lines[2]
    return np.array(lines.get_segments())


def test_every_command_has_its_figures(runs: dict[str, Run]) -> None:
    assert set(NAMES) == set(CATALOGUE)
    for name in (
        "select",
        "recall",
        "scan",
        "weights",
        "attractors",
        "capacity",
        "consistency",
        "compare",
    ):
        assert set(runs[name].figures()) == NAMES[runs[name].config.command]
    assert set(runs["traced"].figures()) == {*NAMES["recall"], "trace"}


@pytest.mark.parametrize(("name", "kind"), [("select", "png"), ("once", "svg"), ("scan", "pdf")])
def test_files_are_of_their_format_and_the_same_bytes_twice(
    runs: dict[str, Run], name: str, kind: str, tmp_path: Path
) -> None:
    config = runs[name].config
    seen = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        plots.draw(config, runs[name].result, folder, kind)
        seen.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert seen[0] == seen[1]
    assert set(seen[0]) == {f"{figure}.{kind}" for figure in NAMES[config.command]}
    for content in seen[0].values():
        assert content.startswith(MAGIC[kind])
        assert len(content) > 2000
        assert b"CreationDate" not in content
        assert b"dc:date" not in content


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_cut_off_small_or_over_other_things(runs: dict[str, Run], name: str) -> None:
    for key, (page, written, pictures) in runs[name].boxes().items():
        assert written, key
        assert pictures or key in PLAIN, key
        for thing, box in (*written, *((key, box) for box in pictures)):
            assert page.x0 <= box.x0 < box.x1 <= page.x1, (key, thing)
            assert page.y0 <= box.y0 < box.y1 <= page.y1, (key, thing)
        for text, box in written:
            assert float(text.get_fontsize()) >= 9
            assert not any(_overlap(box, picture) for picture in pictures), (key, text)
        for (one, first), (other, second) in itertools.combinations(written, 2):
            assert not _overlap(first, second), (key, one, other)
        for first, second in itertools.combinations(pictures, 2):
            assert not _overlap(first, second), key
        for box in pictures:
            assert box.width == pytest.approx(box.height)


def _overlap(a: Any, b: Any) -> bool:
    """Whether boxes share more than the empty space around letters."""
    slack = 0.6  # pixels
    wide = min(a.x1, b.x1) - max(a.x0, b.x0) > slack
    return bool(wide and min(a.y1, b.y1) - max(a.y0, b.y0) > 3 * slack)


def test_accuracy_draws_the_table(recall: Run) -> None:
    table = recall.result.tables["accuracy"]
    figure = recall.figures()["accuracy"]
    axes = plot_axes(figure)
    labels = table.iloc[:-1]
    interval, sd = error_bars(axes, "interval"), error_bars(axes, "sd")
    np.testing.assert_allclose(interval[:, :, 0], 100 * labels[["ci_low", "ci_high"]])
    rate = 100 * labels["accuracy"]
    np.testing.assert_allclose(sd[:, 0, 0], rate - 100 * labels["sd_repeats"])
    np.testing.assert_allclose(sd[:, 1, 0], rate + 100 * labels["sd_repeats"])
    assert axes.get_xlim()[0] <= min(interval[:, :, 0].min(), sd[:, :, 0].min())
    overall = 100 * table["accuracy"].iloc[-1]
    assert any(np.allclose(line.get_xdata(), overall) for line in axes.lines)
    assert f"mean {overall:.1f}" in words(figure)
    sd = 100 * table[["sd_repeats", "sd_labels"]].iloc[-1].astype(float)
    assert f"{overall:.1f} % ± {sd['sd_repeats']:.1f} (SD" in words(figure)
    assert f"SD over labels {sd['sd_labels']:.1f}." in words(figure)
    for value, spread in zip(rate, 100 * labels["sd_repeats"], strict=True):
        assert f"{value:.1f} ± {spread:.1f}" in words(figure)


def test_the_axis_says_where_it_begins_if_not_at_zero(recall: Run) -> None:
    figure = recall.figures()["accuracy"]
    begin = plot_axes(figure).get_xlim()[0]
    assert (f"begins at {begin:.0f} %" in words(figure)) == (begin > 0)
    table = recall.result.tables["accuracy"].copy()
    for changed, expected in ((0.0, 0.0), (0.97, 90.0)):
        table[["accuracy", "ci_low", "ci_high"]] = changed, changed - 0.001, changed
        table["sd_repeats"] = 0.001
        table["ci_low"] = table["ci_low"].clip(lower=0)
        figure = with_table(recall, "accuracy", table).figures()["accuracy"]
        assert plot_axes(figure).get_xlim()[0] == expected


def test_a_single_repeat_has_no_standard_deviation(once: Run) -> None:
    assert once.result.tables["accuracy"]["sd_repeats"].iloc[:-1].astype(float).isna().all()
    figure = once.figures()["accuracy"]
    labels = [c.get_label() for c in plot_axes(figure).containers]
    assert labels == ["interval"]
    for word in ("SD", "nan", "±", "Thick"):
        assert word not in words(figure)


def test_captions_say_what_was_run(recall: Run) -> None:
    for figure in recall.figures().values():
        said = words(figure)
        for fact in (
            "Pseudo-inverse rule",
            "p = 5",
            "N = 28 × 28 = 784",  # noqa: RUF001 - as printed
            "T = 0.2",
            "20 metropolis sweeps of 392 = N/2",
            "12 training images",
            "3 repeats",
        ):
            assert fact in said.replace("  ", " "), fact


def cells(figure: Figure) -> list[NDArray[np.float64]]:
    """The heat maps of a confusion figure, from left to right."""
    return [np.array(image.get_array()) for image in images(figure, np.float64)]


def test_confusion_draws_the_table(recall: Run) -> None:
    table = recall.result.tables["confusion"]
    counts = table.iloc[:, 1:].to_numpy()
    assert not counts[:, 5:10].any(), "this test takes a run that ends in no inverse"
    patterns, none = cells(recall.figures()["confusion"])
    np.testing.assert_allclose(patterns, 100 * counts[:, :5] / 36)
    np.testing.assert_allclose(none, 100 * counts[:, [10]] / 36)
    said = words(recall.figures()["confusion"])
    assert "inverse" in said
    for value in np.unique(patterns[(patterns > 0) & (patterns < 100)]):
        assert f"{value:.1f}" in said


def test_confusion_shows_the_inverses_that_were_reached(runs: dict[str, Run]) -> None:
    run = runs["long recall"]
    counts = run.result.tables["confusion"].iloc[:, 1:].to_numpy()
    figure = run.figures()["confusion"]
    _, inverse, _ = cells(figure)
    np.testing.assert_allclose(
        inverse, 100 * counts[:, [6]] / counts[:, :11].sum(axis=1, keepdims=True)
    )
    xi = run.result.patterns.xi.reshape(-1, 28, 28)
    assert sum(np.array_equal(state, -xi[1]) for state in states(figure)) == 1
    assert (
        sum(np.array_equal(state, xi[1]) for state in states(figure)) == 2
    )  # its row and its column


def test_few_trials_are_not_shown_as_none_nor_nearly_all_as_all(recall: Run) -> None:
    table = recall.result.tables["confusion"].copy()
    table.iloc[0, 1:12] = [9999, 1, *[0] * 9]
    said = words(with_table(recall, "confusion", table).figures()["confusion"])
    assert "<0.1" in said
    assert ">99.9" in said


def test_gallery_shows_starts_and_ends_with_their_overlaps(recall: Run) -> None:
    figure = recall.figures()["gallery"]
    gallery = recall.result.gallery
    trials = gallery.trials
    drawn = [state.tobytes() for state in states(figure)]
    stored, pairs = drawn[:5], list(zip(drawn[5::2], drawn[6::2], strict=True))
    assert stored == [xi.tobytes() for xi in recall.result.patterns.xi]
    kept = zip(gallery.start, gallery.end, strict=True)
    assert sorted(pairs) == sorted((start.tobytes(), end.tobytes()) for start, end in kept)
    said = words(figure)
    for index, overlap in zip(trials["source_index"], trials["overlap_own"], strict=True):
        assert f"m = {overlap:.4g}".replace("-", "\N{MINUS SIGN}") in said
        assert str(index) in said
    assert "index of the image" in said
    reached = trials["best_overlap"].abs() >= 0.99
    failed = trials[~trials["recalled"] & reached]
    assert all(f"ends in {label}" in said for label in failed["best_label"])


def test_starts_without_an_own_pattern_are_told_by_where_they_end(other_starts: Run) -> None:
    trials = other_starts.result.tables["gallery"]
    assert trials["overlap_own"].isna().all()
    said = words(other_starts.figures()["gallery"])
    assert "nan" not in said
    assert "-1" not in said
    assert "ends unsettled" in said
    assert "index of the image" not in said
    assert "T = 3:2:linear" in said
    assert "a stored pattern" in words(other_starts.figures()["accuracy"])
    assert "6 unsettled" in words(other_starts.figures()["confusion"])


def test_gallery_says_where_there_is_nothing_to_show(once: Run) -> None:
    trials = once.result.tables["gallery"].copy()
    trials["recalled"] = True
    said = words(with_table(once, "gallery", trials).figures()["gallery"])
    assert "not recalled none" in said


def test_scan_draws_the_table_and_the_mean_field(scan: Run) -> None:
    result = scan.result
    axes = plot_axes(scan.figures()["temperature_scan"])
    table = result.tables["temperature_scan"]
    for k, label in enumerate(result.patterns.labels):
        own = table.iloc[k::2]
        bars = error_bars(axes, label)
        np.testing.assert_allclose(bars[:, 0, 0], own["temperature"])
        np.testing.assert_allclose(bars[:, 0, 1], own["overlap_abs"] - own["overlap_abs_sem"])
        np.testing.assert_allclose(bars[:, 1, 1], own["overlap_abs"] + own["overlap_abs_sem"])
        curve = result.tables["mean_field"].iloc[k::2]
        for column in ("mean_field", "exact"):
            drawn = [
                line
                for line in axes.lines
                if np.array_equal(line.get_xdata(), curve["temperature"])
                and np.array_equal(line.get_ydata(), curve[column])
            ]
            assert drawn, column
    assert any(np.allclose(line.get_ydata(), result.chance) for line in axes.lines)


def test_scan_tells_exact_equilibrium_from_mean_field(scan: Run, runs: dict[str, Run]) -> None:
    said = words(scan.figures()["temperature_scan"])
    assert "exact, all wells" in said
    axes = plot_axes(scan.figures()["temperature_scan"])
    looks = {
        (str(line.get_color()), str(line.get_linestyle()), line.get_linewidth())
        for line in axes.lines
        if len(np.asarray(line.get_xdata())) == 120
    }
    assert len(looks) == 4
    assert "exact" not in words(runs["single"].figures()["temperature_scan"])


def test_scan_marks_both_transitions_of_two_hebbian_patterns(scan: Run) -> None:
    figure = scan.figures()["temperature_scan"]
    axes = plot_axes(figure)
    for temperature in scan.result.ordering:
        assert any(np.allclose(line.get_xdata(), temperature) for line in axes.lines)
    assert "$T_c$ = 1.44" in words(figure)
    assert "1 \N{MINUS SIGN} q = 0.559" in words(figure)
    assert "SEM" in words(figure)


def test_a_mark_beyond_the_axis_is_only_told(runs: dict[str, Run]) -> None:
    figure = runs["marks beyond"].figures()["temperature_scan"]
    assert "$T_c$" not in words(figure)
    assert "temperature 9 for" in words(figure)


def test_a_single_run_a_temperature_has_no_bars(single: Run) -> None:
    figure = single.figures()["temperature_scan"]
    containers = plot_axes(figure).containers
    assert len(containers) == 3
    assert not any(container.has_yerr for container in containers)  # type: ignore[attr-defined]
    assert "no bars" in words(figure)


def test_select_shows_label_source_and_loss(select: Run) -> None:
    figure = select.figures()["patterns"]
    said = words(figure)
    for row in select.result.tables["patterns"].itertuples():
        assert f"image {row.source_index}" in said
        assert f"L = \N{MINUS SIGN}{-row.loss / 1e6:.2f}" in said
    assert "in units of 10⁶" in said
    for state, xi in zip(states(figure), select.result.patterns.xi, strict=True):
        np.testing.assert_array_equal(state.ravel(), xi)


def test_more_labels_than_can_be_seen_are_cut_and_that_is_said(recall: Run) -> None:
    n = 60
    labels = [f"label {k}" for k in range(n)]
    changed = with_arrays(
        recall,
        {
            "patterns.xi": np.where(np.eye(n), 1, -1).astype(np.int8),
            "patterns.labels": np.array(labels),
            "patterns.source_index": np.arange(n),
            "patterns.shape": np.array([1, n]),
            "gallery.start": np.zeros((0, n), np.int8),
            "gallery.end": np.zeros((0, n), np.int8),
        },
    )
    table = recall.result.tables["accuracy"].iloc[np.r_[np.zeros(n, int), 5]].copy()
    table["label"] = [*labels, "overall"]
    confusion = np.concatenate([np.eye(n, dtype=int), np.zeros((n, n + 1), dtype=int)], axis=1)
    counts = type(table)(confusion, columns=[*labels, *["inverse"] * n, "none"])
    counts.insert(0, "label", labels)
    none = recall.result.tables["gallery"].iloc[:0]
    tables = {**recall.result.tables, "accuracy": table, "confusion": counts, "gallery": none}
    figures = Run(recall.config, dataclasses.replace(changed.result, tables=tables)).figures()
    for figure in figures.values():
        assert "50 of 60 labels" in words(figure)
        assert "label 50" not in words(figure)


def test_several_patterns_of_a_label_are_all_drawn(mnist_zeros: Run) -> None:
    assert len(set(mnist_zeros.result.patterns.labels)) == 1
    for figure in mnist_zeros.figures().values():
        drawn = [state.tobytes() for state in states(figure)]
        for xi in mnist_zeros.result.patterns.xi:
            assert xi.tobytes() in drawn


@pytest.fixture(scope="module")
def mnist_zeros() -> Run:
    return run(RecallConfig(source_indices=(1, 21, 34), tests=4, repeats=2))


def test_a_pattern_takes_axes_for_itself_or_a_box_in_them() -> None:
    spins = np.array([1, -1, -1, 0, 1, 1], dtype=np.int8)
    figure = Figure()
    alone = figure.add_subplot(1, 2, 1)
    plots.draw_pattern(alone, spins, (2, 3))
    assert (alone.get_xlim(), alone.get_ylim()) == ((0, 3), (2, 0))
    boxed = figure.add_subplot(1, 2, 2)
    boxed.set(xlim=(0, 10), ylim=(10, 0))
    plots.draw_pattern(boxed, spins, (2, 3), (1, 1, 6, 6))
    (image,) = boxed.images
    assert isinstance(image, AxesImage)
    assert image.get_extent() == (1, 7, 6, 2)  # centred: 6 wide, 4 high
    figure.set_size_inches(4, 2)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    grey = np.asarray(canvas.buffer_rgba())[..., 0]
    for k, spin in enumerate(spins):
        row, column = divmod(k, 3)
        x, y = alone.transData.transform((column + 0.5, row + 0.5))
        seen = int(grey[grey.shape[0] - round(y), round(x)])
        assert seen == {1: 0, -1: 255}.get(int(spin), seen)
        assert (spin == 0) == (100 < seen < 160)


def test_text_is_shortened_to_its_width() -> None:
    assert shorten("boat", 5.0) == "boat"
    cut = shorten("a name with a lot of words", 1.0)
    assert cut.endswith("…")
    assert 0.7 < text_width(cut) <= 1.0
    assert shorten("boat", 0.0) == "…"


def test_figures_ignore_the_users_style_and_leave_it_alone(
    select: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib as mpl

    plots.draw(select.config, select.result, tmp_path)
    first = (tmp_path / "patterns.png").read_bytes()
    changed: Any = {"font.size": 30.0, "savefig.bbox": "tight", "figure.facecolor": "red"}
    with mpl.rc_context(changed):
        plots.draw(select.config, select.result, tmp_path)
        assert {key: mpl.rcParams[key] for key in changed} == changed
    second = (tmp_path / "patterns.png").read_bytes()
    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()


def test_pyplot_is_never_imported() -> None:
    code = "import sys, hopcli.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(("rate", "sd", "begin"), [(0.45, 0.001, 0), (0.97, 0.3, 60)])
def test_an_axis_begins_below_the_thick_bars_and_at_0_if_that_is_near(
    recall: Run, rate: float, sd: float, begin: int
) -> None:
    table = recall.result.tables["accuracy"].copy()
    table[["accuracy", "ci_low", "ci_high"]] = rate, rate - 0.001, rate
    table["sd_repeats"] = sd
    figure = with_table(recall, "accuracy", table).figures()["accuracy"]
    assert plot_axes(figure).get_xlim()[0] == begin


def test_the_first_image_of_all_has_an_index(recall: Run) -> None:
    trials = recall.result.tables["gallery"].copy()
    trials["source_index"] = 0
    figure = with_table(recall, "gallery", trials).figures()["gallery"]
    assert [text.get_text() for text in texts(figure)].count("0") >= len(trials)


def test_bands_of_sweeps_are_half_a_sweep_wider_and_the_papers_20_are_marked(
    fit_sweeps: Run,
) -> None:
    axes = plot_axes(fit_sweeps.figures()["fit_sweeps"])
    estimate = fit_sweeps.result.tables["estimate"]
    bands: Any = axes.patches
    found = [(band.get_x(), band.get_x() + band.get_width()) for band in bands]
    ends = estimate[["sweeps_ci_low", "sweeps_ci_high"]].to_numpy(float) + np.array([-0.5, 0.5])
    assert found == [pytest.approx(tuple(each)) for each in ends]
    assert max(fit_sweeps.config.sweeps) == 20
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert [float(np.asarray(line.get_xdata())[0]) for line in dotted] == [20]
