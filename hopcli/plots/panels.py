"""The panels of the picture of a grid: how many, where, and how their axes are told."""

from __future__ import annotations

import itertools
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullLocator

from hopcli.plots.arrangement import short
from hopcli.plots.captions import number
from hopcli.plots.page import LINE, TEXT, drawable, shorten, text_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes

    from hopcli.plots.arrangement import Arrangement, Coordinate
    from hopcli.plots.page import Page

__all__ = [
    "BOTTOM",
    "GAP",
    "Layout",
    "Panel",
    "apart",
    "fitting",
    "layout_of",
    "panels_of",
    "set_axis",
    "slant",
]

BOTTOM, GAP = 0.6, 0.28
"""Height below the panels and distance between them, inches."""

_LEFT, _HEAD = 0.8, LINE + 0.06
_ALONE, _SMALL = (5.2, 3.4), (2.7, 2.2)
_ALONE_MAP, _SMALL_MAP = (3.9, 3.4), (2.5, 2.2)
_MOST_ACROSS = 3
_MOST_TICKS, _LONGEST_TICK = 12, 1.2
_LARGE, _POWERS = 1e5, 0.25  # a number with a power of ten, and the width that it takes
_CLOSEST = 0.18  # inches between the values of categories that are written
_FEW_DECADES = 3  # with ticks at 1, 2 and 5 in each


class Panel(NamedTuple):
    """One panel: what it is of, and where."""

    axes: Axes
    values: dict[str, Any]


class Layout(NamedTuple):
    """The panels, row by row, with what each is of, and their size in inches."""

    columns: int
    panels: list[dict[str, Any]]
    size: tuple[float, float]
    left: float

    @property
    def head(self) -> float:
        """Height of what is written above a panel."""
        return _HEAD if self.panels[0] else 0.05

    @property
    def width(self) -> float:
        """Width of all panels."""
        return self.columns * (self.size[0] + GAP) - GAP

    @property
    def height(self) -> float:
        """Height of all panels."""
        rows = math.ceil(len(self.panels) / self.columns)
        return rows * (self.head + self.size[1] + GAP) - GAP


def layout_of(drawn: Arrangement) -> Layout:
    """Where panels are: in a grid of two coordinates, else wrapped."""
    across, down = (drawn.by if drawn.up else None), drawn.rows
    alone, small = (_ALONE_MAP, _SMALL_MAP) if drawn.up else (_ALONE, _SMALL)
    left = _LEFT + (_POWERS if _has_powers(drawn) else 0.0)
    if drawn.up and not drawn.up.is_number:
        size = small if across or down else alone
        left = max(_LEFT, _widest(_written(drawn.up, size[1])) + 0.45)
    if across and down:
        pairs = itertools.product(down.values, across.values)
        panels = [{down.name: r, across.name: c} for r, c in pairs]
        return Layout(len(across.values), panels, small, left)
    one = across or down
    if one is None:
        return Layout(1, [{}], alone, left)
    n = len(one.values)
    columns = 2 if n == 4 else min(n, _MOST_ACROSS)  # four make a square
    return Layout(columns, [{one.name: value} for value in one.values], small, left)


def _has_powers(drawn: Arrangement) -> bool:
    """Whether the numbers are written with a power of ten each."""
    largest = drawn.table[drawn.headline.value].abs().max()
    return drawn.up is None and bool(largest >= _LARGE)


def panels_of(page: Page, drawn: Arrangement, layout: Layout) -> Iterator[Panel]:
    """Make the axes, with what each is of above it."""
    width, height = layout.size
    heads = apart([_named(drawn, own) for own in layout.panels], width)
    for place, own in enumerate(layout.panels):
        row, column = divmod(place, layout.columns)
        x = layout.left + column * (width + GAP)
        y = layout.head + row * (height + GAP + layout.head)
        ax = page.axes(x, y, width, height)
        page.text(x, y - 0.05, heads[place], va="bottom", weight="bold")
        is_last = place + layout.columns >= len(layout.panels)  # with nothing below it
        ax.tick_params(labelbottom=is_last, labelleft=column == 0)
        set_axis(ax, "x", drawn.x, width)
        if _has_powers(drawn):  # else there is one above the axis, where other things are
            ax.yaxis.set_major_formatter(lambda value, _: number(value).replace("e+", "e"))
        if is_last:
            ax.set_xlabel(drawn.x.says)
        if column == 0:
            ax.set_ylabel(fitting((drawn.up or drawn.headline).says, height))
        yield Panel(ax, own)


def _named(drawn: Arrangement, own: dict[str, Any]) -> str:
    """The values of a panel with the names of what they are of."""
    return ", ".join(
        f"{short(c.says)} = {c.texts[c.values.index(own[c.name])]}"
        for c in drawn.shown
        if c.name in own
    )


def apart(texts: Sequence[str], width: float) -> list[str]:
    """Cut texts to a width in inches; those that would look the same keep where they differ.

    Examples
    --------
    >>> apart(["image,occlude:top:0.5", "image,occlude:left:0.5", "random"], 1.2)
    ['image,…top:0.5', 'image,…left:0.5', 'random']
    """
    long = list({text: None for text in texts if text_width(text) > width})
    shown = _apart(long, width)
    n = _n_alike([text[::-1] for text in long]) if long else 0
    if n and len(set(shown)) < len(long):  # what all end with takes room from the rest
        shown = _apart([f"{text[:-n]}…" for text in long], width)
    cut = dict(zip(long, shown, strict=True))
    return [cut.get(text, text) for text in texts]


def _apart(texts: Sequence[str], width: float) -> list[str]:
    """Cut texts to a width, those that would look the same in their middle."""
    shown = {text: shorten(text, width) for text in texts}
    for cut in list(dict.fromkeys(shown.values())):
        alike = [text for text in shown if shown[text] == cut]
        if len(alike) > 1:
            shown.update(zip(alike, _at_the_end(alike, width), strict=True))
    return [shown[text] for text in texts]


def _at_the_end(texts: Sequence[str], width: float) -> list[str]:
    """Cut different texts that begin alike after the same beginning."""
    n = _n_alike(texts)
    words = re.match(r".*[:,/ ]", texts[0][:n], re.DOTALL)  # what begins to differ stays whole
    begin = len(words[0]) if words else n
    if begin == 0:  # there is room for no letter
        return [shorten(text, width) for text in texts]
    ends = _apart([text[begin:] for text in texts], width - text_width("…"))
    head = shorten(texts[0][:begin], width - max(map(text_width, ends)))
    return [f"{head}{end}".replace("……", "…") for end in ends]


def _n_alike(texts: Sequence[str]) -> int:
    """How many letters texts begin with that are the same in all."""
    columns = enumerate(zip(*texts, strict=False))
    return next((n for n, letters in columns if len(set(letters)) > 1), min(map(len, texts)))


def fitting(says: str, length: float) -> str:
    """What an axis is called, on two lines if it is longer than the axis."""
    head, bracket, rest = says.partition(" (")
    return f"{head}\n({rest}" if bracket and text_width(says, TEXT) > length else says


def set_axis(ax: Axes, which: str, coordinate: Coordinate, length: float) -> None:
    """Limits, scale and ticks of an axis that a coordinate is along."""
    axis = ax.xaxis if which == "x" else ax.yaxis
    numbers, texts = coordinate.numbers, coordinate.texts
    if coordinate.is_log:
        ax.set(**{f"{which}scale": "log"})
    room = which == "y" or _fits(coordinate, length)
    if not coordinate.is_number or (coordinate.is_log and len(texts) <= _MOST_TICKS and room):
        every = _every(coordinate, length)
        axis.set_major_locator(FixedLocator(list(numbers[::every])))
        axis.set_minor_locator(NullLocator())
        slanted: dict[str, Any] = {} if room else {"rotation": 30, "ha": "right"}
        own = 0.9 * length / len(texts) if which == "x" and room else 0.0
        shown = apart([drawable(text) for text in texts[::every]], max(own, _LONGEST_TICK))
        axis.set_ticklabels(shown, parse_math=False, **slanted)
    elif coordinate.is_log:
        decades = np.log10(numbers[-1] / numbers[0])
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if decades < _FEW_DECADES else (1,)))
        axis.set_major_formatter(lambda value, _: number(value))
        axis.set_minor_locator(NullLocator())
    elif np.all(numbers % 1 == 0):
        axis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))


def slant(drawn: Arrangement, size: tuple[float, float]) -> float:
    """Height that slanted names of categories take below the axis."""
    slanted = not drawn.x.is_number and not _fits(drawn.x, size[0])
    return 0.5 * _widest(_written(drawn.x, size[0])) if slanted else 0.0


def _every(coordinate: Coordinate, length: float) -> int:
    """Write one of so many values of a category: of thousands there is room for few."""
    return max(1, math.ceil(len(coordinate.values) * _CLOSEST / length))


def _written(coordinate: Coordinate, length: float) -> Sequence[str]:
    """Values of a category that are written at an axis."""
    return coordinate.texts[:: _every(coordinate, length)]


def _fits(coordinate: Coordinate, length: float) -> bool:
    """Whether all values can be written below an axis."""
    n = len(coordinate.values)
    return _every(coordinate, length) == 1 and _widest(coordinate.texts) * n < 0.8 * length


def _widest(texts: Sequence[str]) -> float:
    """Width of the widest of some values as it is written at an axis, in inches."""
    return min(_LONGEST_TICK, max(map(text_width, texts)))
