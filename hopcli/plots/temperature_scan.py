"""The figure of ``hopcli temperature-scan``: overlaps against temperature [ZG figure 1]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots.captions import MOST_LABELS, count, cut_labels, images, number, protocol
from hopcli.plots.kit import Entry, draw_entry, draw_points, estimate, look, panel_page, write_above
from hopcli.plots.page import LINE, MUTED, SOFT, TEXT, Page, shorten, styled, text_width

if TYPE_CHECKING:
    from hopcli.config import TemperatureScanConfig
    from hopcli.experiments.temperature_scan import TemperatureScanResult
    from hopcli.plots.files import Picture

_LEFT, _PLOT, _GAP = 0.62, 5.2, 0.3  # inches
_ENTRY, _PICTURE, _SAMPLE, _NOTE = 0.56, 0.46, 0.5, 0.3
_RIGHT = 1.04  # end of the axis, in units of the highest temperature
_MOST_A_COLUMN = 10
_LONGEST_NAME = 1.6
_CHANCE: dict[str, Any] = {"color": SOFT, "lw": 1, "ls": (0, (1, 2))}


def _looks(place: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the look of points, mean field and exact curve; the target has place 0."""
    own = look(place)
    colour, marker = own["color"], own["marker"]
    exact = {"color": colour, "lw": 1.1, "zorder": 3.2, "ls": (7 * min(place, 1), (7, 7))}
    if place == 0:
        points = {"marker": marker, "ms": 4.5, "color": colour, "zorder": 4}
        return points, {"color": colour, "lw": 1.6, "zorder": 3}, exact
    points = {"marker": marker, "ms": 8, "color": colour, "mfc": "white", "mew": 1.3, "zorder": 2.5}
    return points, {"color": colour, "lw": 1.3, "ls": own["ls"], "zorder": 3.1}, exact


@styled
def figures(config: TemperatureScanConfig, result: TemperatureScanResult) -> dict[str, Picture]:
    """Draw ``temperature_scan``: |m| of every stored pattern, the target in black."""
    labels = result.patterns.labels
    target = result.patterns.last(config.target)
    order = [target, *(k for k in range(len(labels)) if k != target)][:MOST_LABELS]
    longest = max(*(text_width(labels[k], TEXT, bold=True) for k in order), 1.0)
    column = _SAMPLE + _PICTURE + 0.2 + min(longest, _LONGEST_NAME)
    n_columns = math.ceil(len(order) / _MOST_A_COLUMN)
    n_rows = math.ceil(len(order) / n_columns)
    has_exact = "exact" in result.columns["mean_field"]
    page, (ax,) = panel_page(
        "Overlap with the stored patterns against temperature",
        _caption(config, result),
        (_PLOT, max(3.4, n_rows * _ENTRY + (1 + has_exact) * _NOTE)),
        left=_LEFT,
        above=LINE + 0.06,
        right=n_columns * (column + _GAP),
    )
    high = max(config.temperatures) or 1.0
    ax.set(xlim=(-0.02 * high, _RIGHT * high), ylim=(-0.02, 1.04), ylabel="overlap |m|")
    ax.set_xlabel("temperature T  ($k_B$ = 1)")
    ax.axhline(result.chance, zorder=1, **_CHANCE)
    marks = [mark for mark in _marks(result) if mark[0] <= _RIGHT * high]
    for temperature, _, style in marks:
        ax.axvline(temperature, zorder=1, lw=1, **style)
    at, texts = [mark[0] for mark in marks], [mark[1] for mark in marks]
    write_above(page, ax, at, texts, math=True, color=MUTED)
    scan, curves = result.columns["temperature_scan"], result.columns["mean_field"]
    x = _LEFT + _PLOT + _GAP
    for place, k in enumerate(order):
        points, line, exact = _looks(place)
        every = slice(k, None, len(labels))
        measured, curve = scan.take(every), curves.take(every)
        ax.plot(curve["temperature"], curve["mean_field"], **line)
        if has_exact:
            ax.plot(curve["temperature"], curve["exact"], **exact)
        values = estimate(measured, "overlap_abs")
        draw_points(ax, measured["temperature"], values, label=labels[k], ls="none", **points)
        left, row = x + place // n_rows * (column + _GAP), place % n_rows
        _draw_pattern(page, left, LINE + 0.06 + row * _ENTRY, result, k, place)
    y = LINE + 0.06 + n_rows * _ENTRY + _NOTE / 2
    chance = Entry(f"chance, {result.chance:.3f}", [_CHANCE])
    exacts = Entry("exact, all wells", [_looks(place)[2] for place in range(len(order))])
    for row, entry in enumerate([chance, exacts][: 1 + has_exact]):
        draw_entry(page, x, y + row * _NOTE, entry, size=10, color=MUTED)
    return {"temperature_scan": page.figure}


def _draw_pattern(
    page: Page, x: float, y: float, result: TemperatureScanResult, k: int, place: int
) -> None:
    """Draw a legend entry: sample, picture, name and source of a pattern."""
    patterns, middle = result.patterns, y + _PICTURE / 2
    points, line, _ = _looks(place)
    page.canvas.plot([x, x + _SAMPLE], [middle, middle], **line)
    page.canvas.plot([x + _SAMPLE / 2], [middle], **points)
    page.pattern(x + _SAMPLE + 0.1, y, _PICTURE, patterns.xi[k], patterns.shape)
    left = x + _SAMPLE + _PICTURE + 0.2
    name = shorten(patterns.labels[k], _LONGEST_NAME, TEXT, bold=True)
    page.text(left, middle - LINE / 2, name, size=TEXT, weight="bold", va="center")
    source = f"image {patterns.source_index[k]}"
    page.text(left, middle + LINE / 2, source, va="center", color=MUTED)


def _marks(result: TemperatureScanResult) -> list[tuple[float, str, dict[str, Any]]]:
    """Return T_c and, for two patterns that overlap, 1 - q, with their texts and looks."""
    marks = [
        (float(t), f"$T_c$ = {t:.3g}", {"color": MUTED, "ls": "-."}) for t in result.ordering[:1]
    ]
    two = len(result.patterns.labels) == 2 and len(result.ordering) == 2
    if two and not math.isclose(*result.ordering):
        t = float(result.ordering[1])
        marks.append((t, f"1 \N{MINUS SIGN} q = {t:.3g}", {"color": SOFT, "ls": ":"}))
    return marks


def _caption(config: TemperatureScanConfig, result: TemperatureScanResult) -> str:
    patterns, start, target = result.patterns, str(config.start), f"“{config.target}”"
    named = {
        "random": "random spins",
        "target": f"the pattern {target}",
        "digit": f"random {images(config, result)} labelled {target}",
    }
    bars = "bars, if visible: SEM" if config.repeats > 1 else "no bars, as a single run has no SEM"
    exact = (
        f"Thin, long dashes: exact equilibrium of the N = {patterns.xi.shape[1]:,} spins, all "
        "wells together; a single cold run stays in one well, at the mean field. "
    )
    marks = ""
    for (value, _, _), (name, says) in zip(_marks(result), _MARKS.items(), strict=False):
        beyond = ", beyond the axis" if value > _RIGHT * max(config.temperatures) else ""
        marks += f"{name}{number(value, 3)}{says}{beyond}. "
    return (
        f"Points: mean |m| at the end of {count(config.repeats, 'run')} per temperature from "
        f"{named.get(start, start)}; {bars}. Lines: mean field, started from {target} (black). "
        f"{exact if 'exact' in result.columns['mean_field'] else ''}{marks}"
        f"Chance: mean |m| of independent random spins, √(2/πN). {protocol(config, patterns)}."
        f"{cut_labels(len(patterns.labels))}"
    )


_MARKS = {
    "Dash-dotted: critical temperature ": " for p ≪ N",
    "Dotted: 1 \N{MINUS SIGN} q = ": (
        ", with the overlap q of the two patterns; below it each is retrieved, above it only their "
        "mixture"
    ),
}
