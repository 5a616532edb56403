"""Maps of a number over two keys of a grid, with contours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib import patheffects
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from hopcli.plots.grid_panels import GAP, fitting, panels_of, set_axis
from hopcli.plots.page import INK, MUTED, SMALL
from hopcli.records import Floats, np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hopcli.plots.figure import Picture
    from hopcli.plots.grid_arrangement import Arrangement, Coordinate

_BAR, _NUMBERS = 0.18, 0.85  # width of the colour bar and of its numbers, inches
_COLOURS = "cividis"  # lightness rises evenly, so it is read in grey too
_LEVELS = (0.1, 0.5, 0.9)  # of the range of a number that has bounds
_HALO: list[patheffects.AbstractPathEffect] = [
    patheffects.withStroke(linewidth=2.5, foreground="white")
]


def draw_map(drawn: Arrangement, title: str, caption: str) -> Picture:
    """Draw a map of two keys, in a panel for each value of `by` and `rows`."""
    assert drawn.up is not None
    page, panels = panels_of(drawn, title, caption, right=GAP + _BAR + _NUMBERS)
    norm, levels = _scale(drawn)
    ((_, top), (_, below)) = page.inches(panels[0].axes.transAxes, [(0, 1), (0, 0)])
    right = max(page.inches(panel.axes.transAxes, (1, 1))[0][0] for panel in panels)
    for ax, row, by in panels:
        set_axis(ax, "y", drawn.up, below - top)
        values = np.ma.masked_invalid(drawn.numbers[0, row, by])
        edges = _edges(drawn.x), _edges(drawn.up)
        ax.pcolormesh(*edges, values, cmap=_COLOURS, norm=norm, rasterized=True)
        up, along = np.nonzero(np.ma.getmaskarray(values))
        cross: dict[str, Any] = {"color": MUTED, "marker": "x", "ls": "none", "ms": 5}
        ax.plot(drawn.x.numbers[along], drawn.up.numbers[up], label="bare", **cross)
        if drawn.x.is_number and drawn.up.is_number:
            _draw_contours(ax, drawn, values, levels)
    bar_axes = page.axes(right + GAP, top, _BAR, below - top)
    bar_axes.set_label("colours")
    mappable = ScalarMappable(norm=norm, cmap=mpl.colormaps[_COLOURS])
    bar = page.figure.colorbar(mappable, cax=bar_axes)
    bar.set_label(fitting(drawn.headline.says, below - top))
    bar.outline.set_visible(False)
    for level in levels:
        bar_axes.axhline(level, color="white", lw=2.2)
        bar_axes.axhline(level, color=INK, lw=1.1)
    return page.figure


def contours(drawn: Arrangement) -> str:
    """Return a sentence about the contours; empty if there are none."""
    assert drawn.up is not None
    if not (drawn.x.is_number and drawn.up.is_number):
        return ""
    if drawn.headline.column.bounds is None:
        return "Contours: as labelled, interpolated between cells."
    return "Contours: bold at half of the range, dashed at 0.1 and 0.9 of it, between cells."


def _scale(drawn: Arrangement) -> tuple[Normalize, list[float]]:
    """Return the colours of the numbers and the contours that all panels share."""
    if drawn.headline.column.bounds is not None:
        low, high = drawn.headline.column.bounds
        return Normalize(low, high), [low + level * (high - low) for level in _LEVELS]
    known = drawn.numbers[0][np.isfinite(drawn.numbers[0])]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    ticks = MaxNLocator(4).tick_values(low, high)
    levels = [float(tick) for tick in ticks if low < tick < high]
    return Normalize(low, high if high > low else low + 1), levels


def _edges(coordinate: Coordinate) -> Floats:
    """Return the edges of cells, half-way between neighbours, on a log axis in logarithms."""
    centres = np.log(coordinate.numbers) if coordinate.is_log else coordinate.numbers
    gaps = np.diff(centres) if len(centres) > 1 else np.ones(1)
    ends = centres[0] - gaps[0] / 2, centres[-1] + gaps[-1] / 2
    edges = np.array([ends[0], *(centres[1:] + centres[:-1]) / 2, ends[1]])
    return np.exp(edges) if coordinate.is_log else edges


def _draw_contours(ax: Axes, drawn: Arrangement, values: Any, levels: list[float]) -> None:
    """Draw labelled contours within the range of the numbers, only between cells with numbers."""
    assert drawn.up is not None
    if min(values.shape) < 2 or values.count() == 0:
        return
    bounds = drawn.headline.column.bounds
    for level in levels:
        if not values.min() < level < values.max():
            continue
        bold = bounds is None or level == sum(bounds) / 2
        lines = ax.contour(
            drawn.x.numbers,
            drawn.up.numbers,
            values,
            levels=[level],
            colors=[INK],
            linewidths=[1.6 if bold else 1.1],
            linestyles=["-" if bold else (0, (4, 2))],
        )
        lines.set_path_effects(_HALO)
        for text in ax.clabel(lines, fmt="%g", fontsize=SMALL, inline_spacing=2):
            text.set_path_effects(_HALO)
