"""The figures of ``hopcli recall``; here the percentage recalled of each label [ZG figure 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hopcli.plots.captions import MOST_LABELS, criterion, own_pattern, starts, what_was_run
from hopcli.plots.confusion import confusion_figure
from hopcli.plots.gallery import gallery_figures
from hopcli.plots.kit import draw_points, estimate, write_above
from hopcli.plots.page import FAINT, INK, MUTED, SOFT, styled
from hopcli.plots.rows import Column, label_rows, percent_axis, percent_start
from hopcli.plots.trace import trace_figure

if TYPE_CHECKING:
    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.plots.files import Picture


@styled
def figures(config: RecallConfig, result: RecallResult) -> dict[str, Picture]:
    """Draw ``accuracy``, ``confusion``, ``gallery`` and, if traced, ``trace``.

    For many own pictures the gallery has further pages, ``gallery-2`` and so on.
    """
    drawn = {
        "accuracy": _accuracy(config, result),
        "confusion": confusion_figure(config, result),
        **gallery_figures(config, result),
    }
    if "trace" in result.columns:
        drawn["trace"] = trace_figure(config, result)
    return drawn


def _accuracy(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw one row per label: dot, SD over repeats and 95 % interval, with the numbers beside."""
    table = result.columns["accuracy"]  # the last row is for all labels together
    labels = table["label"].tolist()[:-1][:MOST_LABELS]
    values, mean = (
        estimate(table, "accuracy", 100)[:, : len(labels)],
        100 * table["accuracy"][-1],
    )
    rate, low, _ = values
    sd = 100 * table["sd_repeats"].astype(np.float64)[: len(labels)]
    has_sd = not np.isnan(sd).all()
    start = percent_start(np.fmin(low, rate - sd))
    texts = [
        f"{r:.1f}" if math.isnan(s) else f"{r:.1f} ± {s:.1f}" for r, s in zip(rate, sd, strict=True)
    ]
    page, ax = label_rows(
        f"{starts(config, result).capitalize()} recalled",
        _accuracy_caption(config, result, start),
        result.patterns,
        labels,
        columns=[Column("% ± SD" if has_sd else "%", texts)],
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


def _accuracy_caption(config: RecallConfig, result: RecallResult, start: int) -> str:
    overall = result.columns["accuracy"].row(-1)
    several = len(result.columns["confusion"]) > 1
    repeats = f" ± {100 * overall['sd_repeats']:.1f} (SD over the repeats)"
    mean = f"{100 * overall['accuracy']:.1f} %{repeats if config.repeats > 1 else ''}"
    spread = f", SD over labels {100 * overall['sd_labels']:.1f}" if several else ""
    same = str(config.start) == "image" and config.test_images == "same"
    thermal = ", only thermal noise because the images are the same" if same else ""
    sd = f"Thick bar: SD over the repeats{thermal}. " if config.repeats > 1 else ""
    all_tested = config.tests == "all" and config.start.uses_images
    new = "a new run of the same images" if all_tested else f"new {starts(config, result)}"
    return (
        f"{starts(config, result).capitalize()} that end with overlap {criterion(config)} with "
        f"{own_pattern(result)}. {sd}Thin bar: 95 % interval of the rate for {new}. "
        f"Dashed: mean over labels, {mean}{spread}."
        f"{f' The axis begins at {start} %.' if start else ''} {what_was_run(config, result)}"
    )
