"""The figure of ``hopcli temperature-scan``: overlaps against temperature [ZG figure 1]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots import kit
from hopcli.plots.page import LINE, MUTED, SOFT, styled
from hopcli.study import published_curve

if TYPE_CHECKING:
    from hopcli.config import TemperatureScanConfig
    from hopcli.experiments.temperature_scan import TemperatureScanResult
    from hopcli.plots.figure import Picture

_RIGHT = 1.04  # end of the axis, in units of the highest temperature
_MOST = len(kit.COLOURS)  # patterns drawn; the table contains all
_CHANCE: dict[str, Any] = {"color": SOFT, "lw": 1, "ls": (0, (1, 2))}
_PUBLISHED: dict[str, Any] = {"color": "#d55e00", "marker": "x", "ms": 6, "mew": 1.6, "ls": "none"}


def _looks(place: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the look of points, mean field and exact curve; the target has place 0."""
    own = kit.look(place)
    colour, marker = own["color"], own["marker"]
    exact = {"color": colour, "lw": 1.1, "zorder": 3.2, "ls": (7 * min(place, 1), (7, 7))}
    if place == 0:
        points = {"marker": marker, "ms": 4.5, "color": colour, "zorder": 4}
        return points, {"color": colour, "lw": 1.6, "zorder": 3}, exact
    points = {"marker": marker, "ms": 8, "color": colour, "mfc": "white", "mew": 1.3, "zorder": 2.5}
    return points, {"color": colour, "lw": 1.3, "ls": own["ls"], "zorder": 3.1}, exact


@styled
def figures(config: TemperatureScanConfig, result: TemperatureScanResult) -> dict[str, Picture]:
    """Draw ``temperature_scan``: |m| of every stored pattern, the target in black.

    A scan of the study's patterns from random starts has the published curve too.
    """
    labels = result.patterns.labels
    target = result.patterns.last(config.target)
    order = [target, *(k for k in range(len(labels)) if k != target)][:_MOST]
    scan, curves = result.columns["temperature_scan"], result.columns["mean_field"]
    published = published_curve(config.to_dict(), labels)
    looks = [_looks(place) for place in range(len(order))]
    entries = [
        kit.Entry(f"m with {kit.quoted(labels[k])}", [line | {"marker": ""}, points])
        for k, (points, line, _) in zip(order, looks, strict=True)
    ]
    if published:
        entries.append(kit.Entry(f"published, {kit.quoted(config.target)}", [_PUBLISHED]))
    if "exact" in curves:
        entries.append(kit.Entry("exact", [exact for *_, exact in looks]))
    entries.append(kit.Entry(f"chance, {result.chance:.3f}", [_CHANCE]))
    page, (ax,) = kit.panel_page(
        "Overlap with the stored patterns against temperature",
        _caption(config, result),
        (5.6, 3.4),
        legend=entries,
        above=LINE + 0.06,
    )
    high = max(config.temperatures) or 1.0
    ax.set(xlim=(-0.02 * high, _RIGHT * high), ylim=(-0.02, 1.04), ylabel="overlap |m|")
    ax.set_xlabel("temperature T  ($k_B$ = 1)")
    ax.axhline(result.chance, zorder=1, **_CHANCE)
    marks = [mark for mark in _marks(result) if mark[0] <= _RIGHT * high]
    for temperature, _, style in marks:
        ax.axvline(temperature, zorder=1, lw=1, **style)
    at, texts = [mark[0] for mark in marks], [mark[1] for mark in marks]
    kit.write_above(page, ax, at, texts, math=True, color=MUTED)
    for k, (points, line, exact) in zip(order, looks, strict=True):
        every = slice(k, None, len(labels))
        measured, curve = scan.take(every), curves.take(every)
        ax.plot(curve["temperature"], curve["mean_field"], **line)
        if "exact" in curves:
            ax.plot(curve["temperature"], curve["exact"], **exact)
        values = kit.estimate(measured, "overlap_abs")
        kit.draw_points(ax, measured["temperature"], values, label=labels[k], ls="none", **points)
    if published:
        ax.plot([*map(float, published)], [*published.values()], zorder=5, **_PUBLISHED)
    return {"temperature_scan": page.figure}


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
    n_labels = len(result.patterns.labels)
    named = {"random": "random spins", "target": f"the pattern {kit.quoted(config.target)}"}
    named["digit"] = f"images of {kit.quoted(config.target)}"
    start = str(config.start)
    return kit.sentences(
        f"Points: mean |m| at the end of {config.repeats:,} runs from {named.get(start, start)}.",
        kit.bars(result.columns["temperature_scan"], "overlap_abs"),
        "Lines: mean field; long dashes: exact, all wells together."
        if "exact" in result.columns["mean_field"]
        else "Lines: mean field.",
        kit.cut_labels(n_labels, _MOST, "patterns"),
    )
