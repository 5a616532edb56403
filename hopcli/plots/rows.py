"""Rows of labels: names and stored patterns at the left of axes, numbers at their right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.kit import Entry, page_with_legend
from hopcli.plots.page import MUTED, TEXT, Page, room, shorten, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hopcli.patterns import Patterns

PICTURE = 0.46
"""Size of a stored pattern at the head of a row, inches."""

_ROW, _GAP, _BELOW = 0.56, 0.16, 0.58  # inches
_LONGEST_NAME, _NAME_GAP = 2.2, 0.12
_NARROWEST = 1.6  # axes beside columns of numbers


def patterns_of(patterns: Patterns, label: str) -> NDArray[np.int8]:
    """Return the stored patterns of a label, shape (any, N)."""
    return patterns.xi[[name == label for name in patterns.labels]]


def heads_width(labels: Sequence[str], picture: float = PICTURE) -> float:
    """Return the width that :func:`draw_row_heads` takes, inches."""
    return _name_width(labels) + _NAME_GAP + picture


def _name_width(labels: Sequence[str]) -> float:
    longest = _LONGEST_NAME if room() is None else _LONGEST_NAME / 2
    return min(longest, max(text_width(label, TEXT, bold=True) for label in labels))


def draw_row_heads(
    page: Page,
    patterns: Patterns,
    labels: Sequence[str],
    middles: Iterable[float],
    picture: float = PICTURE,
) -> None:
    """Draw name and stored pattern at the left of each row.

    Parameters
    ----------
    page : Page
        The page.
    patterns : Patterns
        The stored patterns.
    labels : sequence of str
        Label of each row; one without a stored pattern gets no picture.
    middles : iterable of float
        Middle of each row, in inches from the top of the body.
    picture : float
        Size of a picture, inches.
    """
    width = _name_width(labels)
    for label, middle in zip(labels, middles, strict=True):
        name = shorten(label, width, TEXT, bold=True)
        page.text(width, middle, name, size=TEXT, weight="bold", ha="right", va="center")
        own = patterns_of(patterns, label)
        page.patterns(width + _NAME_GAP, middle - picture / 2, picture, own, patterns.shape)


def label_rows(
    title: str,
    caption: str,
    patterns: Patterns,
    labels: Sequence[str],
    *,
    width: float = 4.4,
    step: float = _ROW,
    columns: Sequence[tuple[str, Sequence[str]]] = (),
    legend: Sequence[Entry] = (),
) -> tuple[Page, Axes]:
    """Make a page with one row per label: its head, axes, and columns of numbers.

    Parameters
    ----------
    title, caption : str
        Of the page.
    patterns : Patterns
        The stored patterns.
    labels : sequence of str
        Label of each row.
    width, step : float
        Width of the axes (a page of given width sets it) and height of a row, inches.
    columns : sequence of (str, sequence of str)
        Headings, and numbers at the right of the axes unless the page is too narrow.
    legend : sequence of Entry
        Entries above the rows.

    Returns
    -------
    Page, Axes
        The axes have row k at y = k.
    """
    left, space = heads_width(labels) + _GAP, room()
    widths = [max(map(text_width, (head, *texts))) + 2 * _GAP for head, texts in columns]
    if space is not None:
        if space - left - sum(widths) < _NARROWEST:
            columns, widths = (), []
        width = space - left - sum(widths) - (_GAP if widths else 0.1)
    ends = np.cumsum([left + width + _GAP, *widths]).tolist()
    height = step * len(labels)
    page, top = page_with_legend(ends[-1], height + _BELOW, title, caption, legend)
    middles = [top + (row + 0.5) * step for row in range(len(labels))]
    draw_row_heads(page, patterns, labels, middles)
    for x, (head, texts) in zip(ends, columns, strict=False):
        page.text(x, top - 0.02, head, va="bottom", color=MUTED)
        for text, middle in zip(texts, middles, strict=True):
            page.text(x, middle, text, va="center")
    ax = page.axes(left, top, width, height)
    ax.set(ylim=(len(labels) - 0.5, -0.5), yticks=[])
    ax.grid(axis="x", lw=0.8)
    return page, ax


def percent_start(lows: Any) -> int:
    """Return the start of a percent axis: below all bars, or 0 if that is near."""
    start = 10 * math.floor(float(np.min(lows)) / 10 - 0.5)
    return start if start > 30 else 0


def percent_axis(ax: Axes, start: int, label: str) -> None:
    """Set an axis of percent along x, from its start to 100."""
    ax.set(xlim=(start, 100), xlabel=label)
    ax.set_xticks(range(start, 101, 10 if start < 60 else 5))
