"""Rows of labels: names and stored patterns at the left of axes, numbers at their right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.plots.page import MUTED, TEXT, Page, shorten, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hopcli.patterns import Patterns

PICTURE = 0.46
"""Size of a stored pattern at the head of a row, inches."""

_ROW, _GAP, _BELOW = 0.56, 0.16, 0.58  # inches
_SQUARE = 0.2  # room for the sample of a heading
_LONGEST_NAME, _NAME_GAP = 2.2, 0.12


class Column(NamedTuple):
    """A column of numbers beside the axes, with a sample of its marker in the heading."""

    heading: str
    texts: Sequence[str]
    look: dict[str, Any] | None = None


def patterns_of(patterns: Patterns, label: str) -> NDArray[np.int8]:
    """Return the stored patterns of a label, shape (any, N)."""
    return patterns.xi[[name == label for name in patterns.labels]]


def heads_width(labels: Sequence[str], picture: float = PICTURE) -> float:
    """Return the width that :func:`draw_row_heads` takes, inches."""
    return _name_width(labels) + _NAME_GAP + picture


def _name_width(labels: Sequence[str]) -> float:
    return min(_LONGEST_NAME, max(text_width(label, TEXT, bold=True) for label in labels))


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
    columns: Sequence[Column] = (),
    right: float = 0.0,
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
        Width of the axes and height of a row, inches.
    columns : sequence of Column
        Numbers at the right of the axes.
    right : float
        Room at the right of the columns, inches.

    Returns
    -------
    Page, Axes
        The axes have row k at y = k.
    """
    left, height = heads_width(labels) + _GAP, step * len(labels)
    ends = [left + width + _GAP]
    for column in columns:
        head = text_width(column.heading) + (_SQUARE if column.look else 0.0)
        ends.append(ends[-1] + max(head, *map(text_width, column.texts)) + 2 * _GAP)
    page = Page(ends[-1] + right, height + _BELOW, title, caption)
    middles = [(row + 0.5) * step for row in range(len(labels))]
    draw_row_heads(page, patterns, labels, middles)
    for x, column in zip(ends, columns, strict=False):
        indent = _SQUARE if column.look else 0.0
        page.text(x + indent, -0.02, column.heading, va="bottom", color=MUTED)
        if column.look:
            page.canvas.plot([x + 0.07], [-0.12], **column.look)
        for text, middle in zip(column.texts, middles, strict=True):
            page.text(x, middle, text, va="center")
    ax = page.axes(left, 0, width, height)
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
