"""Parts of figures: colours and markers, points with bars, legends, panels, thumbnails.

The module of a figure defines its tables, columns and texts; these parts place and draw them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.plots.page import FAINT, INK, LINE, MUTED, SMALL, TEXT, Page, room, shorten, text_width
from hopcli.records import Floats, Spins, np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer

    from hopcli.config import DataSettings
    from hopcli.experiments import Result
    from hopcli.experiments.recall import RecallResult
    from hopcli.patterns import Patterns
    from hopcli.tables import Columns


MOST_LABELS = 50
"""Largest number of labels in a figure; the tables contain all."""


def count(n: int, noun: str) -> str:
    """Return a number of things: ``"1 repeat"``, ``"10 repeats"``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: float, digits: int = 4) -> str:
    """Return a number with this many significant digits."""
    return minus(f"{value:.{digits}g}")


def minus(text: str) -> str:
    """Replace hyphens in a number by minus signs."""
    return text.replace("-", "\N{MINUS SIGN}")


def quoted(label: str) -> str:
    """Quote a label that is a number: "trial 1 of 3" would mean one of three trials."""
    return f"“{label}”" if label.isdecimal() else label


def images(config: DataSettings, result: Result) -> str:
    """Name the images of a run by their split, if the data set has splits."""
    has_splits = result.dataset == f"{config.dataset}:{config.split}"
    kind = {"train": "training ", "test": "test "}.get(config.split, "")
    return f"{kind if has_splits else ''}images"


def starts(config: Any, result: Any) -> str:
    """Name the starting states, in the plural."""
    return images(config, result) if str(config.start) == "image" else "starts"


def bars(table: Columns, *names: str) -> str:
    """Return a sentence on the bars of some estimates, as their table declares them; else ""."""
    meanings = []
    for name in names:
        low, sem = (table.declared.end(name, end) for end in ("low", "sem"))
        if low in table:
            meanings.append((low, table.declared.column(name).interval))
        elif sem in table:
            meanings.append((sem, "SEM"))
    known = dict.fromkeys(text for column, text in meanings if not np.isnan(table[column]).all())
    return f"Bars: {', '.join(known)}." if known else ""


def sentences(*parts: str) -> str:
    """Join the parts of a caption that are not empty."""
    return " ".join(part.strip() for part in parts if part)


def criterion(config: Any) -> str:
    """Return the condition under which a trial counts as recalled."""
    return f"{'|m|' if config.score == 'abs' else 'm'} ≥ {number(config.criterion)}"


def cut_labels(n_labels: int, most: int = MOST_LABELS, what: str = "labels") -> str:
    """Return a sentence if not all labels are drawn, otherwise ""."""
    if n_labels <= most:
        return ""
    return f"Only the first {most} of {n_labels:,} {what} are drawn."


def recalled(config: Any, result: RecallResult) -> str:
    """Return the condition of a recall, with the pattern that a trial must reach."""
    stored = set(result.patterns.labels)
    labels = set(result.columns["confusion"]["label"].tolist())
    if labels.isdisjoint(stored):
        return f"{criterion(config)} with a stored pattern"
    others = "" if labels <= stored else " (without one, with any stored pattern)"
    return f"{of_own(config, 'their')}{others}"


def of_own(config: Any, whose: str = "the") -> str:
    """Return the condition of a recall of the own pattern."""
    return f"{criterion(config)} with {whose} own, nearest pattern"


# Neighbours differ in lightness as well as in hue, marker and dashes.
COLOURS = (
    INK,
    "#0072b2",
    "#e69f00",
    "#7b2d8b",
    "#56b4e9",
    "#a23b00",
    "#009e73",
    "#cc79a7",
    "#005f5f",
    "#8c7a00",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p")
DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))

_MANY = 1000  # bars of a line
_SAMPLE, _BESIDE, _APART = 0.5, 0.1, 0.35  # widths in a legend entry, inches
_MOST_ROWS = 8  # of a legend
_MOST_ACROSS = 3  # panels
_NARROWEST_PANEL, _LOWEST_PANEL = 1.7, 1.9  # on a page of given width
_BELOW = 0.58  # below the axes: ticks and the axis text


# --- series ------------------------------------------------------------------------------


def look(place: int, **changes: Any) -> dict[str, Any]:
    """Return colour, marker and dashes of the series with this place in a legend."""
    return {
        "color": COLOURS[place % len(COLOURS)],
        "marker": MARKERS[place % len(MARKERS)],
        "ls": DASHES[place % len(DASHES)],
        **changes,
    }


def estimate(table: Columns, name: str, scale: float = 1.0) -> Floats:
    """Return a column with its declared interval, otherwise with one SEM to each side.

    Returns
    -------
    ndarray of float64, shape (3, rows)
        Value, lower and upper end; the ends are NaN where the table has none.
    """
    value = table[name].astype(np.float64)
    low, high, sem = (table.declared.end(name, end) for end in ("low", "high", "sem"))
    ends = np.full((2, len(value)), np.nan)
    if low in table:
        ends = np.stack([table[low], table[high]])
    elif sem in table:
        ends = np.stack([value - table[sem], value + table[sem]])
    return scale * np.stack([value, *ends])


def draw_points(
    ax: Axes,
    along: Any,
    values: Floats,
    *,
    level: bool = False,
    **style: Any,
) -> ErrorbarContainer:
    """Draw points with interval bars; with no bars where all intervals are unknown.

    Parameters
    ----------
    ax : Axes
        The axes.
    along : array_like of float, shape (points,)
        Places along the other axis.
    values : ndarray of float64, shape (3, points)
        From :func:`estimate`.
    level : bool
        Whether values are along x, in rows.
    **style
        See ``Axes.errorbar``.
    """
    value, low, high = values
    # If a value equals its bound, rounding may give a bar of length -1e-17.
    bars = np.clip(np.nan_to_num([value - low, high - value]), 0, None)
    x, y = np.asarray(value if level else along), np.asarray(along if level else value)
    style = {"elinewidth": 1.2, "capsize": 3, **style}
    if len(value) > _MANY:  # closer than a pixel: neighbours share a bar, and are not joined
        firsts = np.arange(_MANY) * len(value) // _MANY
        ends = np.fmin.reduceat(low, firsts), np.fmax.reduceat(high, firsts)
        draw, shared = ax.hlines if level else ax.vlines, np.asarray(along)[firsts]
        draw(shared, *ends, colors=style["color"], lw=style["elinewidth"], alpha=0.35)
        style["ls"] = "none"
    elif not np.isnan(low).all():
        style["xerr" if level else "yerr"] = bars
    return ax.errorbar(x, y, **style)


# --- legends and panels ------------------------------------------------------------------


class Entry(NamedTuple):
    """An entry of a legend: its text, and the lines and markers that it explains, if any."""

    text: str
    looks: Sequence[dict[str, Any]]


def page_with_legend(
    width: float,
    height: float,
    title: str,
    caption: str,
    legend: Sequence[Entry],
    left: float = 0.0,
) -> tuple[Page, float]:
    """Make a page with a legend in rows above its body; return also the height of the legend.

    Names are cut if they need more than a few rows. On a page of given width the legend begins
    at its edge, otherwise at `left`.
    """
    space = room()
    left, free = (left, width - left) if space is None else (0.0, space)
    most = _MOST_ROWS if space is None else len(legend)
    least = free / math.ceil(len(legend) / most) if legend else free
    places: list[tuple[float, int, str]] = []
    x, row = free, -1
    for entry in legend:
        indent = _SAMPLE + _BESIDE if entry.looks else 0.0
        text = shorten(entry.text, least - _SAMPLE - _BESIDE - _APART, TEXT)
        end = x + indent + text_width(text, TEXT)
        if end > free:
            x, row, end = 0.0, row + 1, end - x
        places.append((left + x, row, text))
        x = end + _APART
    top = 1.4 * LINE * (row + 1) + (0.1 if legend else 0.0)
    page = Page(width, top + height, title, caption)
    for entry, (x, row, text) in zip(legend, places, strict=True):
        y = (row + 0.5) * 1.4 * LINE
        for each in entry.looks:
            ends = [x, x + _SAMPLE / 2, x + _SAMPLE]
            page.canvas.plot(ends, [y] * 3, **{"ms": 5, "markevery": [1], **each})
        page.text(x + (_SAMPLE + _BESIDE if entry.looks else 0.0), y, text, va="center", size=TEXT)
    return page, top


def panel_page(
    title: str,
    caption: str,
    size: tuple[float, float],
    n_panels: int = 1,
    across: int = _MOST_ACROSS,
    *,
    legend: Sequence[Entry] = (),
    above: float = 0.0,
    left: float = 0.75,
    gap: tuple[float, float] = (0.8, 0.75),
    right: float = 0.0,
    below: float = 0.0,
) -> tuple[Page, list[Axes]]:
    """Make a page of equal panels with a legend above them.

    Parameters
    ----------
    title, caption : str
        Of the page.
    size : tuple of float
        Width and height of a panel, inches; on a page of given width they follow from it.
    n_panels, across : int
        Number of panels, and of panels in a row.
    legend : sequence of Entry
        Entries, placed in a few rows.
    above, left, right, below : float
        Room above the panels (for texts between them and the legend), at their left (for
        the axis), at their right and below, inches.
    gap : tuple of float
        Room between columns and between rows, inches.

    Returns
    -------
    Page, list of Axes
        The panels row by row.
    """
    space = room()
    across = min(across, n_panels)
    if space is not None:
        free = space - left - right + gap[0]
        across = max(1, min(across, int(free / (_NARROWEST_PANEL + gap[0]))))
        width = free / across - gap[0]
        size = width, size[1] * min(1.0, max(width / size[0], _LOWEST_PANEL / size[1]))
    down = math.ceil(n_panels / across)
    step = size[0] + gap[0], size[1] + gap[1]
    width, height = across * step[0] - gap[0], down * step[1] - gap[1]
    whole = left + width + right, above + height + _BELOW + below
    page, top = page_with_legend(*whole, title, caption, legend, left)
    top += above
    places = [(left + k % across * step[0], top + k // across * step[1]) for k in range(n_panels)]
    return page, [page.axes(x, y, *size) for x, y in places]


def write_heading(page: Page, ax: Axes, text: str, *, bold: bool = True) -> None:
    """Write a heading above the left end of axes, cut to their width."""
    (x, y), (right, _) = page.inches(ax.transAxes, [(0, 1), (1, 1)])
    text = shorten(text, right - x, bold=bold)
    page.text(x, y - 0.06, text, va="bottom", weight="bold" if bold else "normal")


def write_above(
    page: Page, ax: Axes, values: Any, texts: Sequence[str], *, leader: float = 0.0, **style: Any
) -> None:
    """Write texts above axes at values of x, moved sideways so that they do not overlap.

    Parameters
    ----------
    page : Page
        The page.
    ax : Axes
        The axes, with their limits set.
    values : array_like of float, shape (texts,)
        Value of x for each text.
    texts : sequence of str
        The texts.
    leader : float
        Height of lines from the texts down to their values, inches.
    **style
        See :meth:`Page.text`.
    """
    (low, top), (high, _) = page.inches(ax.transAxes, [(0, 1), (1, 1)])
    order = np.argsort(values, kind="stable")
    points = [(float(value), 1.0) for value in np.asarray(values)[order]]
    aims = [x for x, _ in page.inches(ax.get_xaxis_transform(), points)]
    shown = [texts[k] for k in order]
    plain = [
        text.replace("$", "").replace("_", "") if style.get("math") else text for text in shown
    ]
    font = {"size": style.get("size", SMALL), "bold": "weight" in style}
    widths = [text_width(text, **font) + 0.1 for text in plain]
    for text, x, aim in zip(shown, side_by_side(aims, widths, low, high), aims, strict=True):
        if leader:
            page.canvas.plot([x, aim], [top - leader, top], color=FAINT, lw=0.6)
        page.text(x, top - leader - 0.03, text, ha="center", va="bottom", **style)


def side_by_side(
    centres: Sequence[float], widths: Sequence[float], low: float, high: float
) -> list[float]:
    """Move the centres of texts in a row, as little as possible, until none overlap.

    Parameters
    ----------
    centres, widths : sequence of float
        Best place of each text, rising, and its width.
    low, high : float
        Ends of the row; too many texts overlap at its left end.

    Examples
    --------
    >>> side_by_side([1.0, 1.1, 5.0], [1.0, 1.0, 1.0], 0.0, 5.0)
    [1.0, 2.0, 4.5]
    """
    placed: list[float] = []
    free = low
    for centre, width in zip(centres, widths, strict=True):
        placed.append(max(centre, free + width / 2))
        free = placed[-1] + width / 2
    free = high
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], free - widths[k] / 2)
        free = placed[k] - widths[k] / 2
    return placed


# --- thumbnails --------------------------------------------------------------------------


def in_a_row(most: int, least: float, step: float, left: float = 0.0) -> tuple[int, float]:
    """Return the number of things in a row and their distance.

    Parameters
    ----------
    most : int
        Largest number in a row.
    least, step : float
        Least distance on a page of given width, which they fill; distance on other pages, inches.
    left : float
        Place that is taken at the left, inches.
    """
    space = room()
    if space is None:
        return most, step
    across = max(1, min(most, int((space - left) / least)))
    return across, (space - left) / across


def draw_thumbnail(
    page: Page,
    x: float,
    y: float,
    picture: float,
    spins: Spins,
    shape: tuple[int, int],
    lines: Sequence[tuple[str, dict[str, Any]]],
    *,
    width: float,
) -> None:
    """Draw a state with lines of text below it, cut to a width."""
    page.pattern(x, y, picture, spins, shape)
    for row, (text, style) in enumerate(lines):
        font = {"size": style.get("size", SMALL), "bold": "weight" in style}
        page.text(
            x, y + picture + 0.05 + row * LINE, shorten(text, width, **font), va="top", **style
        )


PICTURE = 0.46
"""Size of a stored pattern at the head of a row, inches."""

_ROW, _GAP, _TICKS = 0.56, 0.16, 0.58  # inches
_LONGEST_NAME, _NAME_GAP = 2.2, 0.12
_NARROWEST = 1.6  # axes beside columns of numbers


def patterns_of(patterns: Patterns, label: str) -> Spins:
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
    page, top = page_with_legend(ends[-1], height + _TICKS, title, caption, legend)
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


def percent_axis(ax: Axes, lows: Any, label: str) -> None:
    """Set an axis of percent along x, from below all bars, or 0 if that is near, to 100."""
    start = 10 * math.floor(float(np.min(lows)) / 10 - 0.5)
    start = start if start > 30 else 0
    ax.set(xlim=(start, 100), xlabel=label)
    ax.set_xticks(range(start, 101, 10 if start < 60 else 5))
