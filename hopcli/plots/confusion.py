"""Final states of the trials of each label: a pattern, its inverse, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.plots.kit import (
    MOST_LABELS,
    PICTURE,
    cut_labels,
    draw_row_heads,
    heads_width,
    number,
    patterns_of,
    sentences,
    starts,
)
from hopcli.plots.page import (
    FAINT,
    INK,
    LINE,
    MUTED,
    NARROWEST,
    SOFT,
    Page,
    room,
    shorten,
    text_width,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.patterns import Patterns
    from hopcli.plots.page import Picture

_HEIGHT, _GAP = 0.52, 0.16  # inches
_TOP = 2 * LINE + PICTURE + 0.1


class _Group(NamedTuple):
    """Neighbouring columns: heading, names, percent (labels, columns).

    The sign is +1 for patterns, -1 for inverses, 0 for outcomes without a picture.
    """

    heading: str
    sign: int
    names: list[str]
    percent: NDArray[np.float64]


def confusion_figure(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw a heat map of the outcomes, with percentages of the trials of each label.

    Inverses in which no trial ended are omitted, and the caption says so.
    """
    labels = result.columns["confusion"]["label"].tolist()[:MOST_LABELS]
    groups = [group for group in _groups(result) if group.names]
    names = [name for group in groups for name in group.names]
    left = heads_width(labels) + _GAP
    free = ((room() or NARROWEST) - left - (len(groups) - 1) * _GAP) / len(names)
    widest = min(1.0, max(text_width(name, bold=True) for name in names))
    width = max(0.62, widest + 0.12, min(free, 0.85))
    if room() is not None:
        width = max(free, 0.44)
    page = Page(
        left + len(names) * width + (len(groups) - 1) * _GAP,
        _TOP + len(labels) * _HEIGHT,
        f"Where {starts(config, result)} end (% of each row)",
        _caption(config, result),
    )
    middles = [_TOP + (row + 0.5) * _HEIGHT for row in range(len(labels))]
    draw_row_heads(page, result.patterns, labels, middles)
    for group in groups:
        _draw_heads(page, result.patterns, group, left, width)
        _draw_cells(page, group.percent, left, width)
        left += len(group.names) * width + _GAP
    return page.figure


def _counts(result: RecallResult) -> tuple[list[str], NDArray[np.int64]]:
    """Return the patterns; trials of each label in each, in its inverse, in none.

    Columns are found by place, since a label may be called "none" or "inverse 3". Those
    after "none" are its parts.
    """
    names = list(dict.fromkeys(result.patterns.labels))
    arrays = result.columns["confusion"].arrays[1 : 2 * len(names) + 2]
    return names, np.stack(arrays, axis=1).astype(np.int64)


def _groups(result: RecallResult) -> list[_Group]:
    names, counts = _counts(result)
    percent = (100 * counts / counts.sum(axis=1, keepdims=True))[:MOST_LABELS]
    p = len(names)
    drawn = list(range(min(p, MOST_LABELS)))
    reached = [k for k in drawn if counts[:, p + k].any()]
    return [
        _Group("pattern", 1, [names[k] for k in drawn], percent[:, drawn]),
        _Group("inverse", -1, [names[k] for k in reached], percent[:, [p + k for k in reached]]),
        _Group("", 0, ["none"], percent[:, 2 * p :]),
    ]


def _draw_heads(page: Page, patterns: Patterns, group: _Group, x: float, width: float) -> None:
    """Draw the heading of a group, and names and pictures of its columns."""
    across = len(group.names) * width
    heading = shorten(group.heading, across + _GAP / 2)
    page.text(x + across / 2, LINE / 2, heading, ha="center", va="center", color=MUTED)
    for column, name in enumerate(group.names):
        middle = x + (column + 0.5) * width
        y = 1.5 * LINE if group.sign else _TOP - 0.1 - LINE / 2
        text = shorten(name, width - 0.02, bold=True)
        page.text(middle, y, text, weight="bold", ha="center", va="center")
        if group.sign:
            states = (group.sign * patterns_of(patterns, name)).astype(np.int8)
            picture = min(PICTURE, width - 0.04)
            place = middle - picture / 2, 2 * LINE + 0.04
            page.patterns(*place, picture, states, patterns.shape)


def _draw_cells(page: Page, percent: NDArray[np.float64], x: float, width: float) -> None:
    """Draw a heat map with its numbers, beginning at `x`."""
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
        middle = float(xs[column]) + width / 2, float(ys[row]) + _HEIGHT / 2
        colour = SOFT if value == 0 else "white" if value > 55 else INK
        page.text(*middle, _cell(value), color=colour, ha="center", va="center")


def _cell(value: float) -> str:
    """Return a percentage: 0 only for no trials, and 100 only for all trials."""
    if value in (0, 100):
        return f"{value:.0f}"
    return "<0.1" if value < 0.05 else ">99.9" if value >= 99.95 else f"{value:.1f}"


def _caption(config: RecallConfig, result: RecallResult) -> str:
    names, counts = _counts(result)
    reached = counts[:, len(names) : 2 * len(names)].any(axis=0)
    table, first = result.columns["confusion"], 2 * len(names) + 2
    parts = zip(table.names[first:], table.arrays[first:], strict=True)
    kinds = ", ".join(f"{n.sum()} {kind}" for kind, n in parts if n.any())
    return sentences(
        f"Columns: the pattern or inverse with |m| ≥ {number(config.criterion)} at the end.",
        "" if reached.all() else "Inverses that no trial reached are omitted.",
        f"None: {kinds}." if kinds else "",
        cut_labels(len(table)),
    )
