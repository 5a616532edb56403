"""The picture of a grid of runs: lines with intervals, or a map, in one panel or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl

from hopcli.plots import kit
from hopcli.plots.figure import Form, Picture
from hopcli.plots.grid_arrangement import Arrangement, arrange, short
from hopcli.plots.grid_map import contours, draw_map
from hopcli.plots.grid_panels import apart, panels_of
from hopcli.plots.page import pages, printed
from hopcli.records import Floats, np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from hopcli.grids.grid import Key, Look
    from hopcli.grids.view import View
    from hopcli.tables import Columns, Estimate

_LONGEST = 2.2  # of the legend
_DODGE = 0.6  # of the distance of two categories, that all lines together take
_CAPS = 6  # widths of the caps of bars
_LIGHTEST = 0.78  # of the colours of a number, which go from dark to light


def figure(
    table: Columns,
    keys: Sequence[Key],
    headline: Estimate,
    look: Look,
    style: str = "screen",
    points: Columns | None = None,
    **form: Any,
) -> Picture:
    """Draw a number of all cells of a grid against its keys.

    One varying key gives a line with intervals, two give lines or a map with contours, more
    give small multiples. Places that the look does not assign are filled automatically: the axis
    gets the number with the most values, the lines the key with the fewest, then the panels.

    Parameters
    ----------
    table : Columns
        The keys of the grid, then the columns of the experiment's table, with one row per cell
        and row of that table. If the look sets `over`, its average, from
        :func:`hopcli.grids.over.average`.
    keys : sequence of Key
        The keys of the grid, in order.
    headline : Estimate
        Number to draw unless the look names another, and its interval.
    look : Look
        Layout of the picture.
    style : {"screen", "paper"}
        With title and caption, or without.
    points : Columns, optional
        The keys of every cell of the grid, including missing ones; by default those of the
        table.

    **form
        Further attributes of :class:`hopcli.plots.figure.Form`.

    Returns
    -------
    Picture
        The figure; it depends only on the numbers rounded to ten digits.

    Raises
    ------
    SettingError
        If the look names an unknown column, or more keys vary than can be drawn.
    """
    drawn = arrange(table, keys, headline, look, points)
    against = [short(c.says) for c in (drawn.x, drawn.up) if c is not None]
    name = short(drawn.headline.says)
    title = f"{name[:1].upper()}{name[1:]} against {' and '.join(against)}"
    caption = _caption(drawn, look)
    with pages(Form(style, **form)):
        return printed((draw_map if drawn.up else _draw_lines)(drawn, title, caption))


def picture(view: View, look: Look, style: str = "screen", **form: Any) -> Picture:
    """Draw a loaded grid.

    Parameters
    ----------
    view : View
        The grid, and the table of it that is drawn.
    look : Look
        Layout of the picture.
    style : {"screen", "paper"}
        With title and caption, or without.
    **form
        Further attributes of :class:`hopcli.plots.figure.Form`.

    Raises
    ------
    SettingError
        If the look names an unknown column, or more keys vary than can be drawn.
    """
    keys, headline = view.grid.keys(), view.grid.entry.headline
    return figure(view.drawn(look), keys, headline, look, style, view.points, **form)


# --- lines -------------------------------------------------------------------------------


def _draw_lines(drawn: Arrangement, title: str, caption: str) -> Picture:
    """Draw a line for each value of `by`, a panel for each of `rows`."""
    by = drawn.by
    n = 1 if by is None else len(by.values)
    texts = [] if by is None else apart(by.texts, _LONGEST)
    looks = [_line(place, n, in_order=by is not None and by.is_number) for place in range(n)]
    legend = [kit.Entry(text, [style]) for text, style in zip(texts, looks, strict=False)]
    if by is not None:
        legend.insert(0, kit.Entry(short(by.says), []))
    page, panels = panels_of(drawn, title, caption, legend=legend)
    limits = _limits(drawn)
    for ax, row, _ in panels:
        ax.grid(axis="y", lw=0.8)
        ax.set(**limits)
        for place, style in enumerate(looks):
            shift = 0.0 if drawn.x.is_number else _DODGE * (place - (n - 1) / 2) / n
            # Caps of several widths show bars at the same place.
            caps = 2.0 + 1.2 * (place % _CAPS)
            _draw_line(ax, drawn, shift, drawn.numbers[:, row, place, 0], capsize=caps, **style)
            x = drawn.x.numbers[drawn.bare[row, place, 0]] + shift
            y = np.full(len(x), 0.03 + min(0.04, 0.9 / n) * place)
            cross = {"color": style["color"], "marker": "x", "ls": "none", "ms": 5}
            foot = ax.get_xaxis_transform()
            ax.plot(x, y, transform=foot, zorder=4, label="bare", **cross)
    return page.figure


def _line(place: int, n: int, *, in_order: bool) -> dict[str, Any]:
    """Return the look of a line; those of a number go from dark to light."""
    colour: Any = kit.COLOURS[place % len(kit.COLOURS)]
    if in_order and n > 1:
        colour = mpl.colormaps["viridis"](_LIGHTEST * place / (n - 1))
    mfc = "none" if place % 2 else colour  # shows points below
    return kit.look(place, color=colour, ms=5.5, mfc=mfc, mew=1.2, lw=1.3)


def _draw_line(ax: Axes, drawn: Arrangement, shift: float, numbers: Floats, **style: Any) -> None:
    """Draw one line, with gaps at missing numbers; categories are not joined."""
    value, low, high, sd = numbers
    x = drawn.x.numbers + shift
    if not np.isnan(sd).all():
        thick = {"ecolor": style["color"], "elinewidth": 4, "alpha": 0.35, "label": "sd"}
        ax.errorbar(x, value, yerr=sd, fmt="none", **thick)
    joined = style if drawn.x.is_number else {**style, "ls": "none"}
    kit.draw_points(ax, x, np.stack([value, low, high]), elinewidth=1, label="value", **joined)


def _limits(drawn: Arrangement) -> dict[str, tuple[float, float]]:
    """Return the ends of the axes that all panels share."""
    x = drawn.x.numbers
    value, low, high, sd = drawn.numbers
    known = np.stack([value, low, high, value - sd, value + sd])
    known = known[np.isfinite(known)]
    y = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    along = (-0.5, len(x) - 0.5) if not drawn.x.is_number else _padded(x[0], x[-1])
    if drawn.x.is_log:
        first, last = np.exp(_padded(*np.log(x[[0, -1]])))
        along = (float(first), float(last))
    return {"xlim": along, "ylim": _within_bounds(_padded(*y), drawn.headline.column.bounds)}


def _padded(low: float, high: float) -> tuple[float, float]:
    pad = 0.05 * (high - low) or 0.5
    return low - pad, high + pad


def _within_bounds(
    limits: tuple[float, float], bounds: tuple[float, float] | None
) -> tuple[float, float]:
    """Widen the limits of a number with bounds to all of these, unless less than half is used."""
    if bounds is None:
        return limits
    room = bounds[1] - bounds[0]
    low, high = bounds[0] - 0.03 * room, bounds[1] + 0.03 * room
    if limits[1] - limits[0] > room / 2:
        return low, high
    return max(low, limits[0]), min(high, limits[1])


# --- the caption -------------------------------------------------------------------------


def _caption(drawn: Arrangement, look: Look) -> str:
    """Return the run, the meaning of points, bars and contours, and what is missing."""
    name = short(drawn.headline.says)
    n = " to ".join(f"{n:,}" for n in dict.fromkeys(drawn.n_averaged))
    cells = f" of {kit.count(drawn.n_cells, 'cell')}" if drawn.n_cells else ""
    of = f", mean over {n} values of {look.over}" if n else cells
    fixed = "".join(f", {name} = {value}" for name, value in drawn.fixed.items())
    without = "Crosses: cells" if drawn.bare.any() else "Not drawn: cells"
    return kit.sentences(
        "" if look.caption is None else f"{look.caption.rstrip('.')}.",
        f"{'Colours' if drawn.up else 'Points'}: {name}{of}{fixed}.",
        "Each is the mean of several rows of the table." if drawn.is_mean else "",
        contours(drawn) if drawn.up else drawn.bars,
        f"{without} without a number." if drawn.n_bare else "",
    )
