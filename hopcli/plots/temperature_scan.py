"""The figure of ``hopcli temperature-scan``: overlaps against temperature [ZG figure 1]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    cut_labels,
    dynamics,
    images,
    network,
    number,
)
from hopcli.plots.look import INK, LINE, MUTED, SOFT, TEXT
from hopcli.plots.page import Page, shorten, styled, text_width
from hopcli.plots.spacing import side_by_side

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import TemperatureScanConfig
    from hopcli.experiments.temperature_scan import TemperatureScanResult

__all__ = ["figures"]

_LEFT, _TOP, _PLOT, _GAP = 0.62, LINE + 0.06, 5.2, 0.3  # inches
_ENTRY, _PICTURE, _SAMPLE = 0.56, 0.46, 0.5
_NOTE = 0.3
_RIGHT = 1.04  # end of the axis, in units of the highest temperature
_MOST_A_COLUMN = 10
_LONGEST_NAME = 1.6

_CHANCE: dict[str, Any] = {"color": SOFT, "lw": 1, "ls": (0, (1, 2))}
_T_C: dict[str, Any] = {"color": MUTED, "lw": 1, "ls": "-."}
_ONE_MINUS_Q: dict[str, Any] = {"color": SOFT, "lw": 1, "ls": ":"}
_EXACT: dict[str, Any] = {"lw": 1.1, "zorder": 3.2}
_EXACT_DASHES = ((0, (7, 7)), (7, (7, 7)))  # target, other: one fills the gaps of the other

# Neighbours differ in luminance as well as in hue, marker and dashes.
_COLOURS = ("#0072b2", "#e69f00", "#7b2d8b", "#56b4e9", "#a23b00", "#009e73")
_MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">", "p")
_DASHES: tuple[Any, ...] = ((0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))


class _Look(NamedTuple):
    """How the points, the mean field and the exact curve of a pattern look."""

    marker: dict[str, Any]
    line: dict[str, Any]
    exact: dict[str, Any]


class _Mark(NamedTuple):
    """A temperature to mark, what is written at it, and how its line looks."""

    temperature: float
    text: str
    look: dict[str, Any]


def _look(place: int) -> _Look:
    """The look of the target (place 0) or of another pattern (1, 2, ...)."""
    if place == 0:
        marker = {"marker": "o", "ms": 4.5, "color": INK, "zorder": 4}
        exact = {**_EXACT, "color": INK, "ls": _EXACT_DASHES[0]}
        return _Look(marker, {"color": INK, "lw": 1.6, "ls": "-", "zorder": 3}, exact)
    colour = _COLOURS[(place - 1) % len(_COLOURS)]
    shape = _MARKERS[(place - 1) % len(_MARKERS)]
    marker = {
        "marker": shape,
        "ms": 8,
        "color": colour,
        "mfc": "white",
        "mew": 1.3,
        "zorder": 2.5,
    }
    dashes = _DASHES[(place - 1) % len(_DASHES)]
    line = {"color": colour, "lw": 1.3, "ls": dashes, "zorder": 3.1}
    return _Look(marker, line, {**_EXACT, "color": colour, "ls": _EXACT_DASHES[1]})


@styled
def figures(config: TemperatureScanConfig, result: TemperatureScanResult) -> dict[str, Figure]:
    """The figure ``temperature_scan``: |m| of every stored pattern, the target in black."""
    return {"temperature_scan": _scan(config, result)}


def _scan(config: TemperatureScanConfig, result: TemperatureScanResult) -> Figure:
    labels = result.patterns.labels
    target = result.patterns.last(config.target)
    others = (k for k in range(len(labels)) if k != target)
    order = [target, *others][:MOST_LABELS]
    name_width = max(*(text_width(labels[k], TEXT, bold=True) for k in order), 1.0)
    name_width = min(name_width, _LONGEST_NAME)
    column = _SAMPLE + _PICTURE + 0.2 + name_width
    n_columns = math.ceil(len(order) / _MOST_A_COLUMN)
    n_rows = math.ceil(len(order) / n_columns)
    exact = _has_exact(result)
    height = max(3.4, n_rows * _ENTRY + (1 + exact) * _NOTE)
    legend = _LEFT + _PLOT + _GAP
    page = Page(
        legend + n_columns * (column + _GAP) - _GAP,
        _TOP + height + 0.55,
        "Overlap with the stored patterns against temperature",
        _caption(config, result),
    )
    ax = page.axes(_LEFT, _TOP, _PLOT, height)
    high = max(config.temperatures) or 1.0
    ax.set(xlim=(-0.02 * high, _RIGHT * high), ylim=(-0.02, 1.04), ylabel="overlap |m|")
    ax.set_xlabel("temperature T  ($k_B$ = 1)")
    ax.axhline(result.chance, zorder=1, **_CHANCE)
    _draw_marks(page, ax, result)
    for place, k in enumerate(order):
        look = _look(place)
        _draw_overlaps(ax, result, k, look)
        x, y = legend + place // n_rows * (column + _GAP), _TOP + place % n_rows * _ENTRY
        _draw_entry(page, x, y, result, k, look, shorten(labels[k], name_width, TEXT, bold=True))
    y = _TOP + n_rows * _ENTRY + _NOTE / 2
    page.canvas.plot([legend, legend + _SAMPLE], [y, y], **_CHANCE)
    page.text(legend + _SAMPLE + 0.1, y, f"chance, {result.chance:.3f}", va="center", color=MUTED)
    if exact:
        y += _NOTE
        for place in range(len(order)):
            page.canvas.plot([legend, legend + _SAMPLE], [y, y], **_look(place).exact)
        page.text(legend + _SAMPLE + 0.1, y, "exact, all wells", va="center", color=MUTED)
    return page.figure


def _has_exact(result: TemperatureScanResult) -> bool:
    """Whether equilibrium is known exactly: of two patterns."""
    return "exact" in result.tables["mean_field"].columns


def _rows_of(table: pd.DataFrame, k: int, n_patterns: int) -> pd.DataFrame:
    """The rows of a pattern; by place, since two patterns may have one label."""
    return table.iloc[k::n_patterns]


def _draw_overlaps(ax: Axes, result: TemperatureScanResult, k: int, look: _Look) -> None:
    """Points with their SEM, the mean field as a line and the exact curve if there is one."""
    n_patterns = len(result.patterns.labels)
    measured = _rows_of(result.tables["temperature_scan"], k, n_patterns)
    curve = _rows_of(result.tables["mean_field"], k, n_patterns)
    ax.plot(curve["temperature"], curve["mean_field"], **look.line)
    if _has_exact(result):
        ax.plot(curve["temperature"], curve["exact"], **look.exact)
    sem = measured["overlap_abs_sem"].to_numpy()
    ax.errorbar(
        measured["temperature"].to_numpy(),
        measured["overlap_abs"].to_numpy(),
        yerr=None if np.isnan(sem).all() else sem,
        ls="none",
        elinewidth=1.2,
        capsize=3,
        label=result.patterns.labels[k],
        **look.marker,
    )


def _draw_entry(
    page: Page,
    x: float,
    y: float,
    result: TemperatureScanResult,
    k: int,
    look: _Look,
    name: str,
) -> None:
    """A legend entry: sample, picture, name and source of a pattern."""
    middle = y + _PICTURE / 2
    sample = (x, x + _SAMPLE)
    page.canvas.plot(sample, [middle, middle], **look.line)
    page.canvas.plot([x + _SAMPLE / 2], [middle], **look.marker)
    picture = x + _SAMPLE + 0.1
    patterns = result.patterns
    page.pattern(picture, y, _PICTURE, patterns.xi[k], patterns.shape)
    left = picture + _PICTURE + 0.1
    page.text(left, middle - LINE / 2, name, size=TEXT, weight="bold", va="center")
    source = f"image {patterns.source_index[k]}"
    page.text(left, middle + LINE / 2, source, va="center", color=MUTED)


def _marks(result: TemperatureScanResult) -> list[_Mark]:
    """Temperatures to mark: T_c and, for two Hebbian patterns, 1 - q."""
    marks = [_Mark(float(t), f"$T_c$ = {t:.3g}", _T_C) for t in result.ordering[:1]]
    if _has_second_mark(result):
        t = float(result.ordering[1])
        marks.append(_Mark(t, f"1 \N{MINUS SIGN} q = {t:.3g}", _ONE_MINUS_Q))
    return marks


def _has_second_mark(result: TemperatureScanResult) -> bool:
    """Whether a second transition is to be told: two patterns with some overlap q."""
    two = len(result.patterns.labels) == 2 and len(result.ordering) == 2
    return two and not math.isclose(result.ordering[0], result.ordering[1])


def _draw_marks(page: Page, ax: Axes, result: TemperatureScanResult) -> None:
    """Vertical lines with what they mean above the axes; none beyond the temperatures."""
    low, high = ax.get_xlim()
    shown = sorted(mark for mark in _marks(result) if mark.temperature <= high)
    widths = [text_width(mark.text.replace("$", "").replace("_", "")) + 0.12 for mark in shown]
    wanted = [_LEFT + (mark.temperature - low) / (high - low) * _PLOT for mark in shown]
    for mark, x in zip(shown, side_by_side(wanted, widths, _LEFT, _LEFT + _PLOT), strict=True):
        ax.axvline(mark.temperature, zorder=1, **mark.look)
        page.text(x, _TOP - 0.04, mark.text, math=True, ha="center", va="bottom", color=MUTED)


def _caption(config: TemperatureScanConfig, result: TemperatureScanResult) -> str:
    patterns = result.patterns
    target = f"“{config.target}”"
    start = str(config.start)
    named = {
        "random": "random spins",
        "target": f"the pattern {target}",
        "digit": f"random {images(config, result)} labelled {target}",
    }
    runs = count(config.repeats, "run")
    bars = (
        "bars, where they show: SEM"
        if config.repeats > 1
        else "no bars, as a single run has no SEM"
    )
    return (
        f"Points: mean |m| at the end of {runs} a temperature from {named.get(start, start)}; "
        f"{bars}. "
        f"Lines: mean field, started from {target} (black). {_exact_explained(result)}"
        f"{_marks_explained(config, result)}"
        f"Chance: mean |m| of independent random spins, √(2/πN). "
        f"{network(config, patterns)}; {dynamics(config, patterns)}."
        f"{cut_labels(len(patterns.labels))}"
    )


def _exact_explained(result: TemperatureScanResult) -> str:
    """What the exact curves are, and why the points may be off them."""
    if not _has_exact(result):
        return ""
    n_sites = result.patterns.xi.shape[1]
    return (
        f"Thin, long dashes: exact equilibrium of the N = {n_sites:,} spins, all wells together; "
        "a single cold run stays in the well it came to, at the mean field. "
    )


def _marks_explained(config: TemperatureScanConfig, result: TemperatureScanResult) -> str:
    """What the marks are, and where they are if they are beyond the axis."""
    text = ""
    if len(result.ordering):
        critical = float(result.ordering[0])
        beyond = critical > _RIGHT * max(config.temperatures)
        text = f"ritical temperature {number(critical, 3)} for p ≪ N"
        text = f"C{text}, beyond the axis. " if beyond else f"Dash-dotted: c{text}. "
    if _has_second_mark(result):
        text += (
            f"Dotted: 1 \N{MINUS SIGN} q = {number(float(result.ordering[1]), 3)}, with the "
            "overlap q of the two patterns; below it each is retrieved, above it only their "
            "mixture. "
        )
    return text
