"""Maps of a number over two keys of a grid, with contours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import patheffects
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator

from hopcli.plots.page import INK, MUTED, SMALL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hopcli.plots.arrangement import Arrangement, Coordinate

__all__ = ["BAR", "Scale", "contours", "draw_bar", "draw_map", "scale_of"]

BAR = 0.18
"""Width of the colour bar in inches."""

_COLOURS = "cividis"  # lightness rises evenly, so it is read in grey too
_HALF = 0.5
_LEVELS = (0.1, _HALF, 0.9)  # of the range of a number that has bounds
_DASHES = (0, (4, 2))
_HALO: list[patheffects.AbstractPathEffect] = [
    patheffects.withStroke(linewidth=2.5, foreground="white")
]


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """The colours of the numbers, and where contours are.

    Parameters
    ----------
    norm : Normalize
        From the numbers to the colours.
    levels : tuple of float
        Where contours are.
    main : float or None
        Which of them is the bold one.
    """

    norm: Normalize
    levels: tuple[float, ...]
    main: float | None


def scale_of(drawn: Arrangement) -> Scale:
    """The scale that all panels share."""
    values = drawn.table[drawn.headline.value].to_numpy(dtype=np.float64)
    bounds = drawn.headline.bounds
    if bounds is not None:
        low, high = bounds
        levels = tuple(low + level * (high - low) for level in _LEVELS)
        return Scale(Normalize(low, high), levels, levels[_LEVELS.index(_HALF)])
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    ticks = MaxNLocator(4).tick_values(low, high)
    levels = tuple(float(tick) for tick in ticks if low < tick < high)
    return Scale(Normalize(low, high if high > low else low + 1), levels, None)


def draw_map(ax: Axes, drawn: Arrangement, own: dict[str, Any], scale: Scale) -> None:
    """Draw the cells of a panel, its contours, and crosses where there is no number."""
    x, y = drawn.x, drawn.up
    assert y is not None
    rows = drawn.where(drawn.table, own)
    values = np.full((len(y.values), len(x.values)), np.nan)
    of_rows = drawn.table[drawn.headline.value].to_numpy()[rows]
    up, along = (drawn.places(drawn.table, rows, coordinate) for coordinate in (y, x))
    values[up, along] = of_rows
    masked = np.ma.masked_invalid(values)
    ax.pcolormesh(_edges(x), _edges(y), masked, cmap=_COLOURS, norm=scale.norm, rasterized=True)
    bare = np.argwhere(np.isnan(values))
    look: dict[str, Any] = {"color": MUTED, "marker": "x", "ls": "none", "ms": 5, "label": "bare"}
    ax.plot(x.numbers[bare[:, 1]], y.numbers[bare[:, 0]], **look)
    _draw_contours(ax, x, y, masked, scale)


def contours(drawn: Arrangement) -> str:
    """What the contours are, as a sentence; nothing where there can be none."""
    assert drawn.up is not None
    if not (drawn.x.is_number and drawn.up.is_number):
        return ""
    if drawn.headline.bounds is None:
        return "Contours: as labelled, interpolated between cells."
    return "Contours: bold at half of the range, dashed at 0.1 and 0.9 of it, between cells."


def _edges(coordinate: Coordinate) -> NDArray[np.float64]:
    """The edges of cells, half-way between neighbours, on a log axis half-way in logarithms."""
    centres = np.log(coordinate.numbers) if coordinate.is_log else coordinate.numbers
    if len(centres) == 1:
        edges = np.array([centres[0] - 0.5, centres[0] + 0.5])
    else:
        middles = (centres[1:] + centres[:-1]) / 2
        ends = (2 * centres[0] - middles[0], 2 * centres[-1] - middles[-1])
        edges = np.array([ends[0], *middles, ends[1]])
    return np.exp(edges) if coordinate.is_log else edges


def _draw_contours(ax: Axes, x: Coordinate, y: Coordinate, values: Any, scale: Scale) -> None:
    """Draw the contours that run through the numbers, labelled; only between numbers."""
    if min(values.shape) < 2 or values.count() == 0 or not (x.is_number and y.is_number):
        return
    levels = [level for level in scale.levels if values.min() < level < values.max()]
    for level in levels:
        main = level == scale.main or scale.main is None
        lines = ax.contour(
            x.numbers,
            y.numbers,
            values,
            levels=[level],
            colors=[INK],
            linewidths=[1.6 if main else 1.1],
            linestyles=["-" if main else _DASHES],
        )
        lines.set_path_effects(_HALO)
        for text in ax.clabel(lines, fmt="%g", fontsize=SMALL, inline_spacing=2):
            text.set_path_effects(_HALO)


def draw_bar(axes: Axes, scale: Scale, says: str) -> None:
    """Draw the colours of the numbers, with the contours."""
    mappable = ScalarMappable(norm=scale.norm, cmap=mpl.colormaps[_COLOURS])
    figure = axes.figure
    assert figure is not None
    bar = figure.colorbar(mappable, cax=axes)
    bar.set_label(says)
    axes.set_label("colours")
    bar.outline.set_visible(False)
    for level in scale.levels:
        axes.axhline(level, color="white", lw=2.2)
        axes.axhline(level, color=INK, lw=1.1)
