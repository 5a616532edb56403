"""The picture of a grid of runs: lines with intervals, or a map, in one panel or many."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.transforms import ScaledTranslation

from hopcli.plots.arrangement import Arrangement, arrange, short
from hopcli.plots.files import rounded
from hopcli.plots.grid_caption import caption_of
from hopcli.plots.intervals import Bars, bars_of
from hopcli.plots.page import INK, LINE, MUTED, PALE, Page, pages, text_width
from hopcli.plots.panels import BOTTOM, GAP, apart, fitting, layout_of, panels_of, set_axis, slant
from hopcli.plots.phase_map import BAR, draw_bar, draw_map, scale_of
from hopcli.tables import Columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes

    from hopcli.grids.keys import Key, Look
    from hopcli.grids.view import View
    from hopcli.plots.files import Picture
    from hopcli.plots.panels import Panel
    from hopcli.tables import Estimate

__all__ = ["figure", "picture"]

_SAMPLE, _ENTRY, _LONGEST = 0.5, 0.27, 2.2  # of the legend
_NUMBERS = 0.85  # beside the colours of a map
_DODGE = 0.6  # of the distance of two categories, that all lines together take
_ASIDE, _MOST_ASIDE = 3.0, 12.0  # points between lines, and of all lines, lest bars hide bars

# Neighbours differ in lightness as well as in hue, marker and dashes.
_COLOURS = (INK, "#0072b2", "#e69f00", "#7b2d8b", "#56b4e9", "#a23b00", "#009e73")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
_LIGHTEST = 0.78  # of the colours of a number, which go from dark to light


def figure(
    table: pd.DataFrame,
    keys: Sequence[Key],
    headline: Estimate,
    look: Look,
    style: str = "screen",
    points: pd.DataFrame | None = None,
) -> Picture:
    """Draw a number of all cells of a grid against its keys.

    One key that varies is a line with intervals, two are lines or a map with contours, more
    are small multiples. What the look leaves open is chosen: along the axis what is a number
    and has the most values, for the lines what has the fewest, then for the panels.

    Parameters
    ----------
    table : DataFrame
        The keys of the grid, then the columns of the experiment's table; a row a cell and
        row of that table. If the look says `over`, its average, from
        :func:`hopcli.grids.over.average`.
    keys : sequence of Key
        The keys of the grid, in order.
    headline : Estimate
        Which number is drawn unless the look says otherwise, and its interval.
    look : Look
        What goes where.
    style : {"screen", "paper"}
        With title and caption, or without.
    points : DataFrame, optional
        The keys of every cell of the grid, so that those that are missing are known; by
        default every combination of the values in the table.

    Returns
    -------
    Picture
        The figure, the same for the same numbers to ten digits.

    Raises
    ------
    SettingError
        If the look names what is not there, or more varies than can be drawn.
    """
    every = None if points is None else rounded(Columns.of_frame(points)).frame()
    drawn = arrange(rounded(Columns.of_frame(table)).frame(), keys, headline, look, every)
    bars = bars_of(drawn.table, drawn.headline, look.over)
    caption = caption_of(drawn, keys, look, bars.says)
    with pages(style):
        return _map(drawn, caption) if drawn.up else _lines(drawn, bars, caption)


def picture(view: View, look: Look, style: str = "screen") -> Picture:
    """Draw a grid that was read.

    Parameters
    ----------
    view : View
        The grid, and the table of it that is drawn.
    look : Look
        What goes where.
    style : {"screen", "paper"}
        With title and caption, or without.

    Raises
    ------
    SettingError
        If the look names what is not there, or more varies than can be drawn.
    """
    points = None if view.points is None or look.over is not None else view.points.frame()
    keys, headline = view.grid.keys(), view.grid.entry.headline
    return figure(view.drawn(look).frame(), keys, headline, look, style, points)


def _title(drawn: Arrangement) -> str:
    against = [short(c.says) for c in (drawn.x, drawn.up) if c is not None]
    said = short(drawn.headline.says)
    return f"{said[:1].upper()}{said[1:]} against {' and '.join(against)}"


# --- lines -------------------------------------------------------------------------------


def _lines(drawn: Arrangement, bars: Bars, caption: str) -> Picture:
    """A line for each value of `by`, a panel for each of `rows`."""
    layout, entries = layout_of(drawn), _entries(drawn)
    legend = layout.left + layout.width + GAP
    a_column = max(int((layout.height - layout.head - LINE) / _ENTRY), 1)
    entry = _SAMPLE + 0.1 + max((text_width(text) for text, _ in entries), default=0.0) + GAP
    head = "" if drawn.by is None else short(drawn.by.says)
    taken = max(math.ceil(len(entries) / a_column) * entry - GAP, text_width(head))
    height = layout.height + BOTTOM + slant(drawn, layout.size)
    page = Page(legend + taken, height, _title(drawn), caption)
    limits = _limits(drawn, bars)
    for panel in panels_of(page, drawn, layout):
        panel.axes.set(**limits)
        _draw_panel(panel, drawn, bars, entries)
    page.text(legend, layout.head, head, va="top", color=MUTED)
    for place, (text, look) in enumerate(entries):
        x = legend + place // a_column * entry
        y = layout.head + LINE + (place % a_column + 0.6) * _ENTRY
        page.canvas.plot([x, x + _SAMPLE / 2, x + _SAMPLE], [y] * 3, **look, markevery=[1])
        page.text(x + _SAMPLE + 0.1, y, text, va="center")
    return page.figure


def _entries(drawn: Arrangement) -> list[tuple[str, dict[str, Any]]]:
    """Text and look of each line; none where there is but one."""
    if drawn.by is None:
        return []
    n = len(drawn.by.values)
    return [
        (text, _line(place, n, in_order=drawn.by.is_number))
        for place, text in enumerate(apart(drawn.by.texts, _LONGEST))
    ]


def _line(place: int, n: int, *, in_order: bool) -> dict[str, Any]:
    """How a line looks; those of a number go from dark to light."""
    colour: Any = _COLOURS[place % len(_COLOURS)]
    if in_order and n > 1:
        colour = mpl.colormaps["viridis"](_LIGHTEST * place / (n - 1))
    return {
        "color": colour,
        "marker": _MARKERS[place % len(_MARKERS)],
        "ms": 5.5,
        "mfc": "white" if place % 2 else colour,
        "mew": 1.2,
        "lw": 1.3,
        "ls": _DASHES[place % len(_DASHES)],
    }


def _draw_panel(
    panel: Panel, drawn: Arrangement, bars: Bars, entries: Sequence[tuple[str, Any]]
) -> None:
    """The lines of a panel with their intervals, and crosses where there is no number."""
    ax, by = panel.axes, drawn.by
    ax.grid(axis="y", color=PALE, lw=0.8)
    ax.set_axisbelow(True)
    values = [None] if by is None else by.values
    looks = [_line(0, 1, in_order=False)] if by is None else [look for _, look in entries]
    for place, (value, look) in enumerate(zip(values, looks, strict=True)):
        own = panel.values if by is None else {**panel.values, by.name: value}
        aside = _aside(ax, drawn, place, len(values))
        _draw_line(aside, drawn, bars, own, look)
        _draw_crosses(aside, drawn, own, look, 0.03 + min(0.04, 0.9 / len(values)) * place)


class _Aside(NamedTuple):
    """Axes with how far to the side a line is drawn, in what x is and in what is seen."""

    axes: Axes
    shift: float
    across: Any
    """Transformation of the data."""
    at_foot: Any
    """The same, with y from 0 at the foot of the panel to 1."""


def _aside(ax: Axes, drawn: Arrangement, place: int, n: int) -> _Aside:
    """Categories are wide enough for all lines; on an axis of numbers x is kept as it is."""
    middle = (place - (n - 1) / 2) / n
    if not drawn.x.is_number:
        return _Aside(ax, _DODGE * middle, ax.transData, ax.get_xaxis_transform())
    points = middle * min(_ASIDE * n, _MOST_ASIDE)
    figure = ax.get_figure()
    assert figure is not None
    moved = ScaledTranslation(points / 72, 0, figure.dpi_scale_trans)
    return _Aside(ax, 0.0, ax.transData + moved, ax.get_xaxis_transform() + moved)


def _draw_line(
    aside: _Aside, drawn: Arrangement, bars: Bars, own: dict[str, Any], look: dict[str, Any]
) -> None:
    """One line, broken where there is no number; categories are not joined."""
    rows = drawn.where(drawn.table, own)
    places = drawn.places(drawn.table, rows, drawn.x)
    values, low, high, thick = (np.full(len(drawn.x.values), np.nan) for _ in range(4))
    values[places] = drawn.table[drawn.headline.value].to_numpy()[rows]
    low[places], high[places], thick[places] = bars.low[rows], bars.high[rows], bars.thick[rows]
    x, ax, moved = drawn.x.numbers + aside.shift, aside.axes, {"transform": aside.across}
    if not np.isnan(thick).all():
        style = {"ecolor": look["color"], "elinewidth": 4, "alpha": 0.35, "label": "sd"}
        ax.errorbar(x, values, yerr=thick, fmt="none", **style, **moved)
    # Rounding may leave a bar of length -1e-17, which is refused.
    lengths = np.clip(np.nan_to_num([values - low, high - values]), 0, None)
    joined = look if drawn.x.is_number else {**look, "ls": "none"}
    there = None if np.isnan(low).all() else lengths
    bar: dict[str, Any] = {"elinewidth": 1, "capsize": 2.5, "label": "value"}
    ax.errorbar(x, values, yerr=there, **bar, **joined, **moved)


def _draw_crosses(
    aside: _Aside, drawn: Arrangement, own: dict[str, Any], look: dict[str, Any], height: float
) -> None:
    """Crosses at the foot of a panel where cells have no number."""
    if not drawn.has_crosses:
        return
    rows = drawn.where(drawn.bare, own)
    x = drawn.x.numbers[np.unique(drawn.places(drawn.bare, rows, drawn.x))] + aside.shift
    cross = {"color": look["color"], "marker": "x", "ls": "none", "ms": 5, "label": "bare"}
    y = np.full(len(x), height)
    aside.axes.plot(x, y, transform=aside.at_foot, zorder=4, **cross)


def _limits(drawn: Arrangement, bars: Bars) -> dict[str, tuple[float, float]]:
    """The ends of the axes that all panels share."""
    x = drawn.x.numbers
    numbers = drawn.table[drawn.headline.value].to_numpy(dtype=np.float64)
    known = np.concatenate(
        [numbers, bars.low, bars.high, numbers - bars.thick, numbers + bars.thick]
    )
    known = known[np.isfinite(known)]
    y = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    along = (-0.5, len(x) - 0.5) if not drawn.x.is_number else _padded(x[0], x[-1])
    if drawn.x.is_log:
        first, last = np.exp(_padded(*np.log(x[[0, -1]])))
        along = (float(first), float(last))
    return {"xlim": along, "ylim": _within_bounds(_padded(*y), drawn.headline.bounds)}


def _padded(low: float, high: float) -> tuple[float, float]:
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def _within_bounds(
    limits: tuple[float, float], bounds: tuple[float, float] | None
) -> tuple[float, float]:
    """Of a number that has bounds the whole range, unless all is within less than half of it."""
    if bounds is None:
        return limits
    room = bounds[1] - bounds[0]
    low, high = bounds[0] - 0.03 * room, bounds[1] + 0.03 * room
    if limits[1] - limits[0] > room / 2:
        return low, high
    return max(low, limits[0]), min(high, limits[1])


# --- maps --------------------------------------------------------------------------------


def _map(drawn: Arrangement, caption: str) -> Picture:
    """A map of two keys, in a panel for each value of `by`."""
    assert drawn.up is not None
    layout = layout_of(drawn)
    bar = layout.left + layout.width + GAP
    height = layout.height + BOTTOM + slant(drawn, layout.size)
    page = Page(bar + BAR + _NUMBERS, height, _title(drawn), caption)
    scale = scale_of(drawn)
    for ax, own in panels_of(page, drawn, layout):
        set_axis(ax, "y", drawn.up, layout.size[1])
        draw_map(ax, drawn, own, scale)
    length = layout.size[1]
    axes = page.axes(bar, layout.head, BAR, length)
    draw_bar(axes, scale, fitting(drawn.headline.says, length))
    return page.figure
