"""The figures of ``hopcli variance``: what an error is made of, and which label is best."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    cut_labels,
    dynamics,
    images,
    network,
    temperature,
)
from hopcli.plots.look import INK, MUTED, PALE
from hopcli.plots.page import Page, styled, text_width
from hopcli.plots.rows import criterion, draw_row_heads, row_heads_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import VarianceConfig
    from hopcli.experiments.variance import VarianceResult

__all__ = ["figures"]

_STEP, _PICTURE, _GAP = 0.5, 0.42, 0.16  # inches
_PLOT_WIDTH, _BELOW = 3.4, 0.58
_SAMPLE = 0.14  # of a colour or marker, beside what it means
_APART = 0.14  # of the two points of a label, in rows

_SOURCES = {"selection": "#0072b2", "images": "#e69f00", "thermal": INK}
_ENDS: dict[str, dict[str, Any]] = {
    "best": {"marker": "o", "ms": 5, "color": INK},
    "worst": {"marker": "s", "ms": 5, "color": "#a23b00", "mfc": "white"},
}


@styled
def figures(config: VarianceConfig, result: VarianceResult) -> dict[str, Figure]:
    """The figures ``variance`` and ``best_worst``."""
    return {"variance": _variance(config, result), "best_worst": _best_worst(config, result)}


def _variance(config: VarianceConfig, result: VarianceResult) -> Figure:
    """A row a label: its variance as a bar of its sources, and the SD of each in numbers."""
    errors = result.tables["errors"]
    same = errors[errors["test_images"] == "same"]
    of_source = {name: rows.reset_index(drop=True) for name, rows in same.groupby("source")}
    names = result.tables["accuracy"]["label"].to_list()
    shown = [*range(len(names) - 1)[:MOST_LABELS], len(names) - 1]
    columns = {name: [_sd(of_source[name], row) for row in shown] for name in (*_SOURCES, "total")}
    page, ax, x = _rows_page(
        result,
        [names[row] for row in shown],
        columns,
        "What the error of an accuracy is made of",
        _variance_caption(config, result),
    )
    ax.set_xlabel("variance (square percentage points)")
    left = np.zeros(len(shown))
    for source, colour in _SOURCES.items():
        part = _square(of_source[source]["sd"], shown)
        ax.barh(np.arange(len(shown)), part, 0.6, left, color=colour, label=source)
        page.canvas.fill_between([x[source], x[source] + _SAMPLE], -0.2, -0.06, color=colour)
        left += part
    low, high = (_square(of_source["total"][f"sd_ci_{end}"], shown) for end in ("low", "high"))
    _draw_intervals(
        ax, left, low, high, np.arange(len(shown)), {"color": MUTED, "ls": "none", "label": "total"}
    )
    ax.set_xlim(left=0)
    return page.figure


def _best_worst(config: VarianceConfig, result: VarianceResult) -> Figure:
    """A row a label: how often it is recalled best, and worst, of all."""
    table = result.tables["best_worst"].iloc[:MOST_LABELS]
    columns = {
        **{end: [f"{100 * value:.1f}" for value in table[end]] for end in _ENDS},
        "mean rank": [f"{rank:.2f}" for rank in table["rank_mean"]],
    }
    page, ax, x = _rows_page(
        result,
        table["label"].to_list(),
        columns,
        "Which is recalled best, and which worst",
        _best_worst_caption(config, result),
    )
    ax.set(xlim=(0, 100), xlabel="selections (%)")
    for end, shift in zip(_ENDS, (-_APART, _APART), strict=True):
        value, low, high = (
            100 * table[f"{end}{part}"].to_numpy() for part in ("", "_ci_low", "_ci_high")
        )
        look = {**_ENDS[end], "ls": "none", "clip_on": False, "label": end}
        _draw_intervals(ax, value, low, high, np.arange(len(table)) + shift, look)
        page.canvas.plot([x[end] + _SAMPLE / 2], [-0.13], **_ENDS[end])
    return page.figure


def _rows_page(
    result: VarianceResult,
    labels: Sequence[str],
    columns: dict[str, list[str]],
    title: str,
    caption: str,
) -> tuple[Page, Axes, dict[str, float]]:
    """A page with a row a label: head, axes, and columns of numbers at the right.

    Gives the place of each column too: the heading leaves room there for the sample of its
    look, if it has any.
    """
    left, height = row_heads_width(labels, _PICTURE) + _GAP, _STEP * len(labels)
    x, places = left + _PLOT_WIDTH + 2 * _GAP, {}
    indents = {name: _SAMPLE + 0.06 if name in {*_SOURCES, *_ENDS} else 0 for name in columns}
    for name, texts in columns.items():
        places[name] = x
        x += max(indents[name] + text_width(name), *map(text_width, texts)) + 2 * _GAP
    page = Page(x - 2 * _GAP, height + _BELOW, title, caption)
    middles = [(row + 0.5) * _STEP for row in range(len(labels))]
    draw_row_heads(page, result.patterns, labels, middles, _PICTURE)
    for name, texts in columns.items():
        page.text(places[name] + indents[name], -0.02, name, va="bottom", color=MUTED)
        for text, middle in zip(texts, middles, strict=True):
            page.text(places[name], middle, text, va="center")
    ax = page.axes(left, 0, _PLOT_WIDTH, height)
    ax.set(ylim=(len(labels) - 0.5, -0.5), yticks=[])
    ax.grid(axis="x", color=PALE, lw=0.8)
    ax.set_axisbelow(True)
    return page, ax, places


def _draw_intervals(
    ax: Axes,
    values: NDArray[np.floating],
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    rows: NDArray[np.number],
    look: dict[str, Any],
) -> None:
    # Where a value is its own bound, rounding may leave a bar of length -1e-17.
    reach = np.maximum([values - low, high - values], 0)
    ax.errorbar(values, rows, xerr=reach, elinewidth=1.2, capsize=3, **look)


def _square(sd: pd.Series[float], rows: list[int]) -> NDArray[np.floating]:
    """Variances in square percentage points."""
    return (100 * sd.to_numpy(dtype=np.float64)[rows]) ** 2


def _sd(table: pd.DataFrame, row: int) -> str:
    """An SD in percentage points, with its interval."""
    sd, low, high = (100 * float(table[name][row]) for name in ("sd", "sd_ci_low", "sd_ci_high"))
    digits = 1 if high >= 1 else 2
    return f"{sd:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def _variance_caption(config: VarianceConfig, result: VarianceResult) -> str:
    tests = f"{count(config.accuracy_tests, 'test')} a label"
    repeats = count(config.accuracy_repeats, "repeat")
    return (
        f"Variance of an accuracy from {tests} and {repeats} with the same "
        f"{_starts(config, result)}, for each label and for the mean over labels: what another "
        f"selection of the patterns adds, other images, and another run of the same (thermal). "
        f"Numbers: SD in percentage points, and 95 % intervals over selections, as is the bar at "
        f"the total. Pictures: patterns of the first selection. {_what_was_run(config, result)}"
    )


def _best_worst_caption(config: VarianceConfig, result: VarianceResult) -> str:
    return (
        f"In how many selections of the patterns a label has the highest accuracy of all, and the "
        f"lowest, as measured; labels that tie share. Bars: 95 % interval for new selections. Mean "
        f"rank: 1 is the best. Pictures: patterns of the first selection. "
        f"{_what_was_run(config, result)}"
    )


def _what_was_run(config: VarianceConfig, result: VarianceResult) -> str:
    patterns = result.patterns
    return (
        f"{count(config.selections, 'selection')}, each of {count(config.samples, 'sample')} a "
        f"label and tested with {config.tests:,} {_starts(config, result)} a label, run "
        f"{config.repeats:,} times each; recalled at {criterion(config)}. "
        f"{network(config, patterns)}; {temperature(config)}, {dynamics(config, patterns)}."
        f"{cut_labels(len(result.tables['best_worst']))}"
    )


def _starts(config: VarianceConfig, result: VarianceResult) -> str:
    """What runs start from, in the plural."""
    return images(config, result) if str(config.start) == "image" else f"starts ({config.start})"
