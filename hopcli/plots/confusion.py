"""Where the trials of each label end: in which pattern, inverse, or in none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.plots.captions import MOST_LABELS, number
from hopcli.plots.look import FAINT, INK, LINE, MUTED, SMALL, SOFT
from hopcli.plots.page import NARROWEST, Page, shorten
from hopcli.plots.rows import (
    draw_row_heads,
    patterns_of,
    row_heads_width,
    row_labels,
    starts,
    what_was_run,
    widest,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.patterns import Patterns

__all__ = ["confusion_figure"]

_PICTURE, _HEIGHT, _GAP = 0.46, 0.52, 0.16  # inches
_TOP = 2 * LINE + _PICTURE + 0.1


class _Group(NamedTuple):
    """Outcomes that stand together.

    Parameters
    ----------
    heading : str
        What stands above them all, may be empty.
    names : list of str
        Name of each column.
    sign : int
        +1 for patterns, -1 for inverses, 0 for outcomes without a picture.
    percent : ndarray of float64, shape (labels, columns)
        Trials of each label that end there.
    """

    heading: str
    names: list[str]
    sign: int
    percent: NDArray[np.float64]


def confusion_figure(config: RecallConfig, result: RecallResult) -> Figure:
    """A heat map of the outcomes, with percentages of the trials of each label.

    Inverses in which no trial ended are left out, as the caption says.
    """
    labels = row_labels(result)
    groups = [group for group in _groups(result) if group.names]
    names = [name for group in groups for name in group.names]
    left = row_heads_width(labels, _PICTURE) + _GAP
    to_fill_page = (NARROWEST - left - (len(groups) - 1) * _GAP) / len(names)
    width = max(0.62, widest(names, 1.0, SMALL) + 0.12, min(to_fill_page, 0.85))
    page = Page(
        left + len(names) * width + (len(groups) - 1) * _GAP,
        _TOP + len(labels) * _HEIGHT,
        f"Where {starts(config, result)} end (% of each row)",
        _caption(config, result),
    )
    middles = [_TOP + (row + 0.5) * _HEIGHT for row in range(len(labels))]
    draw_row_heads(page, result.patterns, labels, middles, _PICTURE)
    x = left
    for group in groups:
        _draw_heads(page, result.patterns, group, x, width)
        _draw_cells(page, group.percent, x, width)
        x += len(group.names) * width + _GAP
    return page.figure


def _counts(result: RecallResult) -> tuple[list[str], NDArray[np.int64]]:
    """Names of the patterns; trials of each label in each, in its inverse, in none.

    Columns are found by place, since a label may be called "none" or "inverse 3". Those
    after "none" say what it consists of.
    """
    names = list(dict.fromkeys(result.patterns.labels))
    table = result.tables["confusion"]
    return names, table.iloc[:, 1 : 2 * len(names) + 2].to_numpy(dtype=np.int64)


def _groups(result: RecallResult) -> list[_Group]:
    """The groups of outcomes: patterns, inverses that were reached, none."""
    names, counts = _counts(result)
    percent = (100 * counts / counts.sum(axis=1, keepdims=True))[:MOST_LABELS]
    p = len(names)
    drawn = list(range(min(p, MOST_LABELS)))
    reached = [k for k in drawn if counts[:, p + k].any()]
    return [
        _Group("pattern", [names[k] for k in drawn], 1, percent[:, drawn]),
        _Group("inverse", [names[k] for k in reached], -1, percent[:, [p + k for k in reached]]),
        _Group("", ["none"], 0, percent[:, 2 * p :]),
    ]


def _draw_heads(page: Page, patterns: Patterns, group: _Group, x: float, width: float) -> None:
    """What stands above the columns of a group."""
    n_columns = len(group.names)
    heading = shorten(group.heading, n_columns * width + _GAP / 2)
    centre = x + n_columns * width / 2
    page.text(centre, LINE / 2, heading, ha="center", va="center", color=MUTED)
    for column, name in enumerate(group.names):
        middle = x + (column + 0.5) * width
        text = shorten(name, width - 0.08, bold=True)
        y = 1.5 * LINE if group.sign else _TOP - 0.1 - LINE / 2
        page.text(middle, y, text, weight="bold", ha="center", va="center")
        if group.sign:
            states = (group.sign * patterns_of(patterns, name)).astype(np.int8)
            left = middle - _PICTURE / 2
            page.patterns(left, 2 * LINE + 0.04, _PICTURE, states, patterns.shape)


def _draw_cells(page: Page, percent: NDArray[np.float64], x: float, width: float) -> None:
    """A heat map with its numbers, beginning at `x`."""
    rows, columns = percent.shape
    xs = x + width * np.arange(columns + 1)
    ys = _TOP + _HEIGHT * np.arange(rows + 1)
    page.canvas.imshow(
        percent,
        cmap="Blues",
        vmin=0,
        vmax=110,  # the darkest end would print as black
        extent=(xs[0], xs[-1], ys[-1], ys[0]),
        aspect="auto",
        interpolation="nearest",
    )
    page.canvas.vlines(xs, ys[0], ys[-1], color=FAINT, lw=0.6)
    page.canvas.hlines(ys, xs[0], xs[-1], color=FAINT, lw=0.6)
    for (row, column), value in np.ndenumerate(percent):
        page.text(
            float(xs[column]) + width / 2,
            float(ys[row]) + _HEIGHT / 2,
            _cell(value),
            color=SOFT if value == 0 else "white" if value > 55 else INK,
            ha="center",
            va="center",
        )


def _cell(value: float) -> str:
    """A percentage; never 0 for a few trials, nor 100 for all but a few."""
    if value in (0, 100):
        return f"{value:.0f}"
    return "<0.1" if value < 0.05 else ">99.9" if value >= 99.95 else f"{value:.1f}"


def _nones(result: RecallResult) -> str:
    """What the trials are that end in no pattern."""
    table = result.tables["confusion"]
    first = 2 * len(set(result.patterns.labels)) + 2
    kinds = [(table.columns[k], table.iloc[:, k].sum()) for k in range(first, table.shape[1])]
    parts = [f"{number} {name}" for name, number in kinds if number]
    return f" (trials: {', '.join(parts)})" if parts else ""


def _caption(config: RecallConfig, result: RecallResult) -> str:
    names, counts = _counts(result)
    reached = counts[:, len(names) : 2 * len(names)].any(axis=0)
    inverses = "" if reached.all() else " Inverses in which no trial ended are left out."
    if not reached.any():
        inverses = " No trial ended in an inverse."
    return (
        f"Rows: label of the {starts(config, result)[:-1]}. Columns: the stored pattern, or its "
        f"inverse, that the last state overlaps with by |m| ≥ {number(config.criterion)}; none if "
        f"there is no such pattern{_nones(result)}.{inverses} {what_was_run(config, result)}"
    )
