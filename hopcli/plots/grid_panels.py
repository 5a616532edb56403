"""The panels of a grid's picture: number, position, texts and ticks of their axes."""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator

from hopcli.plots import kit
from hopcli.plots.grid_arrangement import Arrangement, Coordinate, short
from hopcli.plots.page import LINE, TEXT, Page, drawable, shorten, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


GAP, HEAD = 0.28, LINE + 0.06
"""Distance between panels and height of the heading above each, inches."""

_LEFT = 0.8
_MOST_ACROSS = 3
_MOST_TICKS, _LONGEST_TICK = 12, 1.2
_LARGE, _POWERS = 1e5, 0.25  # a number with a power of ten, and the width that it takes
_CLOSEST = 0.18  # inches between the values of categories that are written
_FEW_DECADES = 3  # with ticks at 1, 2 and 5 in each


class Panel(NamedTuple):
    """The axes of a panel, and its places among the values of `rows` and `by`."""

    axes: Axes
    row: int
    by: int


def panels_of(
    drawn: Arrangement,
    title: str,
    caption: str,
    right: float = 0.0,
    legend: Sequence[kit.Entry] = (),
) -> tuple[Page, list[Panel]]:
    """Make the page and its panels: in rows and columns for two coordinates, otherwise wrapped.

    Parameters
    ----------
    drawn : Arrangement
        Arrangement of the numbers.
    title, caption : str
        Of the page.
    right : float
        Room at the right of the panels, inches.
    legend : sequence of Entry
        Entries above the panels.
    """
    columns, rows = (drawn.by if drawn.up else None), drawn.rows
    places = list(itertools.product(*(range(len(c.values)) if c else [0] for c in (rows, columns))))
    n = len(places)
    width = (3.9 if drawn.up else 5.2) if n == 1 else (2.5 if drawn.up else 2.7)
    size = width, 3.4 if n == 1 else 2.2
    heads = [
        ", ".join(
            f"{short(own.says)} = {own.texts[place]}"
            for own, place in zip((rows, columns), pair, strict=True)
            if own is not None
        )
        for pair in places
    ]
    across = 2 if n == 4 else min(n, _MOST_ACROSS)  # four make a square
    slanted = not drawn.x.is_number and not _fits(drawn.x, width)
    page, axes = kit.panel_page(
        title,
        caption,
        size,
        n,
        len(columns.values) if columns and rows else across,
        left=_left(drawn, size[1]),
        above=HEAD if heads[0] else 0.05,
        gap=(GAP, GAP + HEAD),
        right=right,
        legend=legend,
        below=0.5 * _widest(_written(drawn.x, width)) if slanted else 0.0,
    )
    across = len({round(ax.get_position().x0, 6) for ax in axes})
    (x, y), (end, below) = page.inches(axes[0].transAxes, [(0, 1), (1, 0)])
    width, height = end - x, below - y
    for place, (ax, head) in enumerate(zip(axes, apart(heads, width), strict=True)):
        ((x, y),) = page.inches(ax.transAxes, (0, 1))
        page.text(x, y - 0.05, head, va="bottom", weight="bold")
        is_last, is_first = place + across >= n, place % across == 0  # nothing below, at the left
        ax.tick_params(labelbottom=is_last, labelleft=is_first)
        set_axis(ax, "x", drawn.x, width)
        # By default a power of ten is above the axis, where other texts are.
        ax.yaxis.set_major_formatter(lambda value, _: kit.number(value).replace("e+", "e"))
        if is_last:
            ax.set_xlabel(drawn.x.says)
        if is_first:
            ax.set_ylabel(fitting((drawn.up or drawn.headline).says, height))
    return page, [Panel(ax, *place) for ax, place in zip(axes, places, strict=True)]


def _left(drawn: Arrangement, height: float) -> float:
    """Return the room for the axis at the left."""
    if drawn.up and not drawn.up.is_number:
        return max(_LEFT, _widest(_written(drawn.up, height)) + 0.45)
    has_powers = np.nanmax(np.abs(drawn.numbers[0]), initial=0) >= _LARGE
    return _LEFT + (_POWERS if has_powers else 0.0)


def apart(texts: Sequence[str], width: float) -> list[str]:
    """Cut texts to a width in inches so that they still differ.

    Examples
    --------
    >>> apart(["image,occlude:top:0.5", "image,occlude:left:0.5", "random"], 1.2)
    ['image,o…top…', 'image,o…left…', 'random']
    """
    long = list({text: None for text in texts if text_width(text) > width})
    if len(long) == 1:
        return [_cut_middle(text, width) for text in texts]
    end = _n_alike([text[::-1] for text in long])
    words = re.match(r".*[:,/ ]", long[0][: _n_alike(long)], re.DOTALL) if long else None
    begin = len(words[0]) if words else 0
    cut = {}
    for text in long:
        core = f"…{text[begin : len(text) - end]}{'…' if end else ''}"
        room = width - text_width(core) + text_width("…")
        head = shorten(text[:begin], room).removesuffix("…") if room > 0 else ""
        cut[text] = (head + _cut_middle(core, width)).replace("……", "…")
    return [cut.get(text, text) for text in texts]


def _n_alike(texts: Sequence[str]) -> int:
    """Return the number of initial letters that all texts share."""
    columns = zip(*texts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda letters: len(set(letters)) == 1, columns))


def _cut_middle(text: str, width: float) -> str:
    """Cut a text to a width in its middle; one that fits stays."""
    if text_width(text) <= width:
        return text
    for n in range(len(text) - 1, 0, -1):
        shown = f"{text[: n // 2]}…{text[len(text) - n + n // 2 :]}".replace("……", "…")
        if text_width(shown) <= width:
            return shown
    return "…"


def fitting(says: str, length: float) -> str:
    """Break the name of an axis into two lines if it is longer than the axis."""
    head, bracket, rest = says.partition(" (")
    return f"{head}\n({rest}" if bracket and text_width(says, TEXT) > length else says


def set_axis(ax: Axes, which: str, coordinate: Coordinate, length: float) -> None:
    """Set scale and ticks of the axis ("x" or "y") that a coordinate is along."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    numbers, texts = coordinate.numbers, coordinate.texts
    if coordinate.is_log:
        ax.set(**{f"{which}scale": "log"})
    room = which == "y" or _fits(coordinate, length)
    if not coordinate.is_number or (coordinate.is_log and len(texts) <= _MOST_TICKS and room):
        axis.set_major_locator(FixedLocator(list(numbers[:: _every(coordinate, length)])))
        axis.set_minor_locator(NullLocator())
        slanted: dict[str, Any] = {} if room else {"rotation": 30, "ha": "right"}
        own = 0.9 * length / len(texts) if which == "x" and room else 0.0
        written = [drawable(text) for text in _written(coordinate, length)]
        axis.set_ticklabels(apart(written, max(own, _LONGEST_TICK)), parse_math=False, **slanted)
    elif coordinate.is_log:
        decades = np.log10(numbers[-1] / numbers[0])
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < _FEW_DECADES else (1,)))
        axis.set_major_formatter(lambda value, _: kit.number(value))
        axis.set_minor_locator(NullLocator())
    elif np.all(numbers % 1 == 0):
        axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def _every(coordinate: Coordinate, length: float) -> int:
    """Return n if only every n-th value of a category is written, for lack of room."""
    return max(1, math.ceil(len(coordinate.values) * _CLOSEST / length))


def _written(coordinate: Coordinate, length: float) -> Sequence[str]:
    """Return the values of a category that are written at an axis."""
    return coordinate.texts[:: _every(coordinate, length)]


def _fits(coordinate: Coordinate, length: float) -> bool:
    """Test whether all values can be written below an axis."""
    n = len(coordinate.values)
    return _every(coordinate, length) == 1 and _widest(coordinate.texts) * n < 0.8 * length


def _widest(texts: Sequence[str]) -> float:
    """Return the width of the widest of some values as it is written at an axis, in inches."""
    return min(_LONGEST_TICK, max(map(text_width, texts)))
