"""The percentage recalled of each label, with its error bars [ZG figure 3]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hopcli.plots.captions import MOST_LABELS
from hopcli.plots.look import FAINT, INK, MUTED, PALE, SOFT
from hopcli.plots.page import Page, text_width
from hopcli.plots.rows import (
    criterion,
    draw_row_heads,
    own_pattern,
    row_heads_width,
    starts,
    what_was_run,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult

__all__ = ["accuracy_figure"]

_STEP, _PICTURE, _GAP = 0.56, 0.46, 0.16  # inches
_PLOT_WIDTH = 4.4


def accuracy_figure(config: RecallConfig, result: RecallResult) -> Figure:
    """A row a label: dot, SD over repeats and 95 % interval, with the numbers at the right."""
    table = result.tables["accuracy"]  # its last row is of all labels together
    labels = table["label"].iloc[:-1].to_list()[:MOST_LABELS]
    percent = 100 * table[["accuracy", "sd_repeats", "ci_low", "ci_high"]].astype(float)
    shown = percent.iloc[: len(labels)]
    rates = zip(shown["accuracy"], shown["sd_repeats"], strict=True)
    values = [_value(rate, sd) for rate, sd in rates]
    heading = "% ± SD" if shown["sd_repeats"].notna().any() else "%"
    left, height = row_heads_width(labels, _PICTURE) + _GAP, _STEP * len(labels)
    right = left + _PLOT_WIDTH + _GAP
    lowest = _axis_start(shown)
    page = Page(
        right + max(text_width(value) for value in values) + 0.1,
        height + 0.58,
        f"{starts(config, result).capitalize()} recalled",
        _caption(config, result, lowest),
    )
    middles = [(row + 0.5) * _STEP for row in range(len(labels))]
    draw_row_heads(page, result.patterns, labels, middles, _PICTURE)
    page.text(right, -0.02, heading, va="bottom", color=MUTED)
    for value, middle in zip(values, middles, strict=True):
        page.text(right, middle, value, va="center")
    ax = page.axes(left, 0, _PLOT_WIDTH, height)
    ax.set(xlim=(lowest, 100), ylim=(len(labels) - 0.5, -0.5), yticks=[])
    ax.set_xticks(range(lowest, 101, 10 if lowest < 60 else 5))
    ax.set_xlabel("recalled (%)")
    ax.grid(axis="x", color=PALE, lw=0.8)
    ax.set_axisbelow(True)
    _draw_overall(page, ax, percent["accuracy"].iloc[-1], left)
    _draw_rates(ax, shown)
    return page.figure


def _value(rate: float, sd: float) -> str:
    return f"{rate:.1f}" if math.isnan(sd) else f"{rate:.1f} ± {sd:.1f}"


def _axis_start(percent: pd.DataFrame) -> int:
    """Where the axis of percentages begins: clear of every bar, at 0 if that is near."""
    reach = np.minimum(percent["ci_low"], percent["accuracy"] - percent["sd_repeats"].fillna(0))
    start = 10 * math.floor(reach.min() / 10 - 0.5)
    return start if start > 30 else 0


def _draw_overall(page: Page, ax: Axes, mean: float, left: float) -> None:
    """The mean over labels as a line with its value above the axes."""
    ax.axvline(mean, color=SOFT, lw=1.2, ls=(0, (5, 3)), zorder=1.5)
    low, high = ax.get_xlim()
    text = f"mean {mean:.1f}"
    half = text_width(text) / 2
    x = left + (mean - low) / (high - low) * _PLOT_WIDTH
    x = min(max(x, left + half), left + _PLOT_WIDTH - half)
    page.text(x, -0.02, text, ha="center", va="bottom", color=MUTED)


def _draw_rates(ax: Axes, percent: pd.DataFrame) -> None:
    """Dots with the SD over repeats (thick) and the 95 % interval (thin, capped)."""
    rate, rows = percent["accuracy"].to_numpy(), np.arange(len(percent))
    if percent["sd_repeats"].notna().any():
        sd = percent["sd_repeats"].to_numpy()
        ax.errorbar(rate, rows, xerr=sd, fmt="none", ecolor=FAINT, elinewidth=9, label="sd")
    below, above = rate - percent["ci_low"].to_numpy(), percent["ci_high"].to_numpy() - rate
    ax.errorbar(
        rate,
        rows,
        # At 0 or 100 % rounding may leave a bar of length -1e-17, which is refused.
        xerr=np.maximum([below, above], 0),
        fmt="o",
        ms=5,
        color=INK,
        elinewidth=1.2,
        capsize=5,
        capthick=1.2,
        clip_on=False,
        label="interval",
    )


def _caption(config: RecallConfig, result: RecallResult, lowest: int) -> str:
    overall = result.tables["accuracy"].iloc[-1]
    several = len(result.tables["confusion"]) > 1
    repeats = f" ± {100 * overall['sd_repeats']:.1f} (SD over the repeats)"
    mean = f"{100 * overall['accuracy']:.1f} %{repeats if config.repeats > 1 else ''}"
    spread = f", SD over labels {100 * overall['sd_labels']:.1f}" if several else ""
    same = str(config.start) == "image" and config.test_images == "same"
    thermal = ", thermal noise alone as the images are the same" if same else ""
    sd = f"Thick bar: SD over the repeats{thermal}. " if config.repeats > 1 else ""
    all_tested = config.tests == "all" and config.start.uses_images
    new = "a new run of the same images" if all_tested else f"new {starts(config, result)}"
    cut = f" The axis begins at {lowest} %." if lowest else ""
    return (
        f"{starts(config, result).capitalize()} that end with overlap {criterion(config)} with "
        f"{own_pattern(result)}. {sd}Thin bar: 95 % interval of the rate for {new}. "
        f"Dashed: mean over labels, {mean}{spread}.{cut} "
        f"{what_was_run(config, result)}"
    )
