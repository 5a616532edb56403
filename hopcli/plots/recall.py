"""The figures of ``hopcli recall``; here the percentage recalled of each label [ZG figure 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.confusion import confusion_figure
from hopcli.plots.gallery import gallery_figures
from hopcli.plots.kit import (
    COLOURS,
    MOST_LABELS,
    Entry,
    bars,
    criterion,
    cut_labels,
    draw_points,
    estimate,
    label_rows,
    own_pattern,
    panel_page,
    percent_axis,
    percent_start,
    sentences,
    starts,
    write_above,
)
from hopcli.plots.page import (
    FAINT,
    INK,
    LINE,
    MUTED,
    SOFT,
    TEXT,
    Page,
    form,
    room,
    shorten,
    styled,
    text_width,
)
from hopcli.plots.select import stored_patterns
from hopcli.plots.trace import trace_figure
from hopcli.study import published_recall

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.plots.page import Picture

_SIDES: dict[str, Any] = {"this run": {"color": COLOURS[1]}, "published": {"color": COLOURS[4]}}
_LEFT = 0.85  # of the bars, inches
_SAMPLE: dict[str, Any] = {"marker": "s", "ms": 9, "mec": INK, "ls": "none"}


@styled
def figures(config: RecallConfig, result: RecallResult) -> dict[str, Picture]:
    """Draw ``accuracy``, ``confusion``, ``gallery`` and, if traced, ``trace``.

    For many own pictures the gallery has further pages, ``gallery-2`` and so on. Runs of the
    study's protocol have ``stored`` too, and published values in ``accuracy`` [ZG figures 2, 3].
    """
    published = published_recall(config.to_dict())
    is_bars = (form().kind or ("bars" if published else "rows")) == "bars"
    drawn = {
        "accuracy": _bars(config, result, published) if is_bars else _rows(config, result),
        "confusion": confusion_figure(config, result),
        **gallery_figures(config, result),
    }
    if published:
        drawn["stored"] = stored_patterns(result.patterns)
    if "trace" in result.columns:
        drawn["trace"] = trace_figure(config, result)
    return drawn


def _estimates(result: RecallResult) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Return labels, their rates with intervals and their SD over the repeats, in percent."""
    table = result.columns["accuracy"]  # the last row is for all labels together
    labels = table["label"].tolist()[:-1][:MOST_LABELS]
    sd = 100 * table["sd_repeats"].astype(np.float64)[: len(labels)]
    return labels, estimate(table, "accuracy", 100)[:, : len(labels)], sd


def _rows(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw one row per label: dot, SD over repeats and 95 % interval, with the numbers beside."""
    labels, values, sd = _estimates(result)
    mean = 100 * result.columns["accuracy"]["accuracy"][-1]
    rate, low, _ = values
    has_sd = not np.isnan(sd).all()
    start = percent_start(np.fmin(low, rate - sd))
    page, ax = label_rows(
        f"{starts(config, result).capitalize()} recalled",
        _caption(config, result, "Thick bars: SD over the repeats." if has_sd else ""),
        result.patterns,
        labels,
        columns=[("% ± SD" if has_sd else "%", _numbers(rate, sd))],
    )
    percent_axis(ax, start, "recalled (%)")
    ax.axvline(mean, color=SOFT, lw=1.2, ls=(0, (5, 3)), zorder=1.5)
    write_above(page, ax, [mean], [f"mean {mean:.1f}"], color=MUTED)
    rows = np.arange(len(labels))
    if has_sd:
        ax.errorbar(rate, rows, xerr=sd, fmt="none", ecolor=FAINT, elinewidth=9, label="sd")
    dot = {"marker": "o", "ls": "none", "color": INK, "capsize": 5, "clip_on": False}
    draw_points(ax, rows, values, level=True, label="interval", **dot)
    return page.figure


def _numbers(rate: Any, sd: Any, digits: int = 1) -> list[str]:
    """Return percentages as text, with their SD where there is one."""
    pairs = zip(rate, sd, strict=True)
    return [
        f"{r:.{digits}f}" if math.isnan(s) else f"{r:.{digits}f} ± {s:.{digits}f}" for r, s in pairs
    ]


def _bars(
    config: RecallConfig, result: RecallResult, published: Mapping[str, tuple[float, float]]
) -> Picture:
    """Draw a bar per label with its SD over repeats, and the published one beside it."""
    labels, values, sd = _estimates(result)
    has_sd = not np.isnan(sd).all()
    if has_sd:
        values = values[0] + np.stack([0 * sd, -sd, sd])
    sides, texts = {"this run": values}, [_numbers(values[0], sd)]
    if published:
        mean, error = np.array([published[label] for label in labels]).T
        sides["published"] = mean + np.stack([0 * error, -error, error])
        texts.append(_numbers(mean, error, 0))
    space = room()
    width = max(4.6, 0.5 * len(labels)) if space is None else space - _LEFT
    if max(text_width(text) for own in texts for text in own) > width / (len(labels) + 0.2) - 0.06:
        texts = []  # they have no room below the bars
    page, (ax,) = panel_page(
        f"{starts(config, result).capitalize()} recalled",
        sentences(
            _caption(config, result, "Bars: SD over the repeats." if has_sd else ""),
            "Published: mean and SD of 10 repeats." if published else "",
        ),
        (width, 2.9),
        left=_LEFT,
        legend=[Entry(side, [_SAMPLE | _SIDES[side]]) for side in sides] if published else (),
        above=0.05,
        below=LINE * (len(texts) - 1.8),
    )
    places, wide = np.arange(len(labels)), 0.72 / len(sides)
    for k, (side, own) in enumerate(sides.items()):
        x = places + (k - (len(sides) - 1) / 2) * wide
        ax.bar(x, own[0], wide, label=side, edgecolor=INK, lw=0.8, **_SIDES[side])
        draw_points(ax, x, own, ls="none", color=INK, label=f"{side}, SD")
    ax.set(ylim=(0, 105), yticks=range(0, 101, 20), ylabel="recalled (%)")
    ax.set(xlim=(-0.6, len(labels) - 0.4), xticks=[])
    _write_below(page, ax, labels, list(sides), texts)
    return page.figure


def _write_below(
    page: Page, ax: Axes, labels: list[str], sides: list[str], texts: list[list[str]]
) -> None:
    """Write the label of each bar and the numbers of each side."""
    corners = [(-0.6, 0), (0, 0), (1, 0)]
    (left, y), (first, _), (second, _) = page.inches(ax.get_xaxis_transform(), corners)
    step = second - first
    for k, label in enumerate(labels):
        x, name = first + k * step, shorten(label, 0.96 * step, TEXT, bold=True)
        page.text(x, y + 0.75 * LINE, name, size=TEXT, weight="bold", ha="center", va="center")
        for row, own in enumerate(texts):
            below = y + (1.85 + row) * LINE
            page.text(x, below, own[k], color=MUTED, ha="center", va="center")
    for row, side in enumerate(sides[: len(texts)] if len(sides) > 1 else ()):
        below = y + (1.85 + row) * LINE
        page.text(left - 0.08, below, side, color=MUTED, ha="right", va="center")


def _caption(config: RecallConfig, result: RecallResult, sd: str) -> str:
    """Return the criterion, and the meaning of bars; of the interval if it is drawn."""
    table = result.columns["accuracy"]
    interval = bars(table, "accuracy")
    if sd.startswith("Thick"):
        interval = interval.replace("Bars", "Thin bars")
    return sentences(
        f"Recalled: {criterion(config)} with {own_pattern(result)}.",
        sd,
        "" if sd.startswith("Bars") else interval,
        cut_labels(len(table) - 1),
    )
