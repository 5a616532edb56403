"""The figures of ``hopcli compare``: classifiers, and selectors, on the same images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import NullLocator

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    cut_labels,
    dynamics,
    images,
    network,
    number,
    temperature,
)
from hopcli.plots.look import FAINT, INK, LINE, MUTED, PALE, TEXT
from hopcli.plots.page import Page, styled, text_width
from hopcli.plots.rows import draw_row_heads, row_heads_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import CompareConfig
    from hopcli.experiments.compare import CompareResult

__all__ = ["figures"]

_PICTURE, _GAP, _STEP = 0.46, 0.16, 0.135  # inches; the step is from dot to dot
_PLOT_WIDTH = 4.6
_SAMPLE = 0.5  # a line of the legend
_WIDTH, _HEIGHT, _LEFT = 5.6, 3.3, 0.62  # of the selectors


class _Look(NamedTuple):
    """How a classifier or selector is drawn, and what it is in a few words."""

    says: str
    colour: str
    marker: str
    is_open: bool = False

    @property
    def style(self) -> dict[str, Any]:
        face = "white" if self.is_open else self.colour
        return {"color": self.colour, "marker": self.marker, "mfc": face, "ms": 5.5, "mew": 1.2}


# What is alike has one colour; neighbours differ in luminance and shape as well.
_CLASSIFIERS = {
    "dynamics": _Look("nearest pattern at the end", INK, "o"),
    "recalled": _Look("recalled", INK, "o", is_open=True),
    "dynamics-t0": _Look("nearest at the end, T = 0", "#0072b2", "s"),
    "recalled-t0": _Look("recalled, T = 0", "#0072b2", "s", is_open=True),
    "overlap": _Look("nearest pattern, no dynamics", "#e69f00", "^"),
    "coefficients": _Look("largest coefficient of Q⁻¹ m", "#a23b00", "v"),
    "logistic-samples": _Look("logistic regression, samples", "#7b2d8b", "D", is_open=True),
    "logistic": _Look("logistic regression, many images", "#7b2d8b", "D"),
}
_SELECTORS = {
    "overlap-loss": _Look("overlap loss", INK, "o"),
    "medoid": _Look("medoid", "#0072b2", "s"),
    "random": _Look("random", "#e69f00", "^"),
    "best-of": _Look("best of random sets", "#a23b00", "v", is_open=True),
}


@styled
def figures(config: CompareConfig, result: CompareResult) -> dict[str, Figure]:
    """The figures ``classifiers`` and ``selectors``."""
    return {
        "classifiers": _classifiers(config, result),
        "selectors": _selectors(config, result),
    }


def _classifiers(config: CompareConfig, result: CompareResult) -> Figure:
    """A group of rows for each label and for all together, one row a classifier."""
    table = result.tables["classifiers"]
    n_rows = table["classifier"].eq(next(iter(_CLASSIFIERS))).sum()
    order = [n_rows - 1, *range(n_rows - 1)][: 1 + MOST_LABELS]  # overall first
    labels = table["label"].iloc[order].to_list()
    group = len(_CLASSIFIERS) * _STEP + 0.16
    left, height = row_heads_width(labels, _PICTURE) + _GAP, group * len(labels)
    legend = left + _PLOT_WIDTH + 2 * _GAP
    width = legend + _GAP + max(text_width(look.says) for look in _CLASSIFIERS.values()) + 0.6
    title = f"{images(config, result).capitalize()} named rightly"
    page = Page(width, height + 0.58, title, _classifiers_caption(config, result))
    middles = [(row + 0.5) * group for row in range(len(labels))]
    draw_row_heads(page, result.patterns, labels, middles, _PICTURE)
    lowest = _axis_start(table)
    ax = page.axes(left, 0, _PLOT_WIDTH, height)
    ax.set(xlim=(lowest, 100), ylim=(height, 0), yticks=[], xlabel="named rightly (%)")
    ax.grid(axis="x", color=PALE, lw=0.8)
    ax.set_axisbelow(True)
    for row in range(1, len(labels)):
        ax.axhline(row * group, color=FAINT, lw=0.8)
    for place, (name, look) in enumerate(_CLASSIFIERS.items()):
        own = table[table["classifier"] == name].iloc[order]
        offset = (place - (len(_CLASSIFIERS) - 1) / 2) * _STEP
        _draw_rates(ax, own, np.array(middles) + offset, name, look)
        _draw_entry(page, legend, place, look, own["accuracy"].iloc[0])
    return page.figure


def _axis_start(table: pd.DataFrame) -> int:
    """Where the axis of percentages begins: clear of every bar, at 0 if that is near."""
    start = 10 * int(10 * table["ci_low"].min())
    return start if start > 30 else 0


def _draw_rates(
    ax: Axes, table: pd.DataFrame, y: np.ndarray[Any, Any], name: str, look: _Look
) -> None:
    """Dots with their 95 % intervals, one a label."""
    rate = 100 * table["accuracy"].to_numpy()
    ends = 100 * table[["ci_low", "ci_high"]].to_numpy().T
    ax.errorbar(
        rate,
        y,
        xerr=np.maximum([rate - ends[0], ends[1] - rate], 0),
        ls="none",
        elinewidth=1,
        clip_on=False,
        label=name,
        **look.style,
    )


def _draw_entry(page: Page, x: float, place: int, look: _Look, rate: float) -> None:
    """A legend entry with what it comes to of all images."""
    y = (place + 0.5) * LINE * 1.15
    if place == 0:
        page.text(x, y - LINE, "overall %, from top to bottom", color=MUTED, va="center")
    y += LINE / 2
    page.canvas.plot([x + 0.06], [y], ls="none", **look.style)
    page.text(x + 0.22, y, f"{100 * rate:.1f}  {look.says}", va="center")


def _classifiers_caption(config: CompareConfig, result: CompareResult) -> str:
    table, patterns = result.tables["classifiers"], result.patterns
    trained_on = dict(zip(table["classifier"], table["trained_on"], strict=True))
    few, many = (count(trained_on[name], "image") for name in ("logistic-samples", "logistic"))
    size = "|m|" if config.score == "abs" else "m"
    start = _axis_start(table)
    cut = f" The axis begins at {start} %." if start else ""
    return (
        f"{_finding(result, 0)} Bars: 95 % interval of the rate for new images. Open "
        f"circles and squares: {size} ≥ {number(config.criterion)} with the own pattern. Logistic "
        f"regression on {few}, the samples that patterns were selected from, and on {many}.{cut} "
        f"{network(config, patterns)}; {temperature(config)}, {dynamics(config, patterns)}."
        f"{cut_labels(len(config.digits))}"
    )


def _finding(result: CompareResult, place: int) -> str:
    """What it comes to, with minus signs as printed."""
    return re.sub(r"(?<=[ (])-(?=[0-9])", "\N{MINUS SIGN}", result.notes["findings"][place])


def _selectors(config: CompareConfig, result: CompareResult) -> Figure:
    """Recall against the number of samples, one line a selector."""
    table = result.tables["selectors"]
    top = LINE + 0.2
    title = "What selected patterns recall"
    entries = [_SAMPLE + text_width(look.says, TEXT) + 2 * _GAP for look in _SELECTORS.values()]
    width = _LEFT + max(_WIDTH, sum(entries))
    page = Page(width, top + _HEIGHT + 0.55, title, _selectors_caption(config, result))
    ax = page.axes(_LEFT, top, width - _LEFT, _HEIGHT)
    ax.set(xscale="log", xlabel="samples of each label, M", ylabel="recalled (%)")
    x = _LEFT
    for place, (name, look) in enumerate(_SELECTORS.items()):
        own = table[table["selector"] == name]
        _draw_line(ax, own, 1.03 ** (place - (len(_SELECTORS) - 1) / 2), name, look)
        page.canvas.plot([x, x + _SAMPLE - 0.1], [LINE / 2] * 2, lw=1.2, **look.style)
        page.text(x + _SAMPLE, LINE / 2, look.says, size=TEXT, va="center")
        x += entries[place]
    ax.set_xticks(config.selector_samples, [f"{m:,}" for m in config.selector_samples])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(max(0.0, ax.get_ylim()[0]), min(100.0, ax.get_ylim()[1]))
    return page.figure


def _draw_line(ax: Axes, table: pd.DataFrame, shift: float, name: str, look: _Look) -> None:
    """Means over the selections with their 95 % interval, beside those of the others."""
    mean = 100 * table["accuracy"].to_numpy()
    ends = 100 * table[["accuracy_ci_low", "accuracy_ci_high"]].to_numpy().T
    ax.errorbar(
        shift * table["samples"].to_numpy(),
        mean,
        yerr=np.maximum([mean - ends[0], ends[1] - mean], 0),
        lw=1.2,
        elinewidth=1,
        capsize=2,
        label=name,
        **look.style,
    )


def _selectors_caption(config: CompareConfig, result: CompareResult) -> str:
    return (
        f"Share of {images(config, result)} recalled, none of which the selection has seen: mean "
        f"of {count(config.selections, 'selection')} at each M, each of new samples, the same for "
        f"every selector. Bars: 95 % interval of that mean for new selections; differences "
        f"by the same selections are known better. {_finding(result, 1)} Best-of: "
        f"of {count(config.candidates, 'random set')} the one that recalls most of "
        f"{count(config.tuning, 'other image')} of each label. {network(config, result.patterns)}; "
        f"{temperature(config)}, {dynamics(config, result.patterns)}."
    )
