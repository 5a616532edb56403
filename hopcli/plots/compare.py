"""The figures of ``hopcli compare``: classifiers, and selectors, on the same images."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import NullLocator

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    criterion,
    cut_labels,
    images,
    minus,
    protocol,
)
from hopcli.plots.kit import Entry, draw_entry, draw_points, estimate, look, panel_page
from hopcli.plots.page import FAINT, LINE, MUTED, SMALL, styled, text_width
from hopcli.plots.rows import label_rows, percent_axis, percent_start

if TYPE_CHECKING:
    from hopcli.config import CompareConfig
    from hopcli.experiments.compare import CompareResult
    from hopcli.plots.files import Picture

_STEP = 0.135  # from dot to dot, inches
_OPEN = {"mfc": "white"}
# Variants of one method have one colour.
_CLASSIFIERS = {
    "dynamics": ("nearest pattern at the end", look(0)),
    "recalled": ("recalled", look(0, **_OPEN)),
    "dynamics-t0": ("nearest at the end, T = 0", look(1)),
    "recalled-t0": ("recalled, T = 0", look(1, **_OPEN)),
    "overlap": ("nearest pattern, no dynamics", look(2)),
    "coefficients": ("largest coefficient of Q⁻¹ m", look(5, marker="v")),
    "logistic-samples": ("logistic regression, samples", look(3, **_OPEN)),
    "logistic": ("logistic regression, many images", look(3)),
}
_SELECTORS = {
    "overlap-loss": ("overlap loss", look(0)),
    "medoid": ("medoid", look(1)),
    "random": ("random", look(2)),
    "best-of": ("best of random sets", look(3, **_OPEN)),
}


@styled
def figures(config: CompareConfig, result: CompareResult) -> dict[str, Picture]:
    """Draw ``classifiers`` and ``selectors``."""
    return {
        "classifiers": _classifiers(config, result),
        "selectors": _selectors(config, result),
    }


def _classifiers(config: CompareConfig, result: CompareResult) -> Picture:
    """Draw a group of rows for all labels together and for each label, one row per classifier."""
    table = result.columns["classifiers"]
    n_rows = len(table.where(classifier="dynamics"))
    order = [n_rows - 1, *range(n_rows - 1)][: 1 + MOST_LABELS]  # overall first
    group, start = len(_CLASSIFIERS) * _STEP + 0.16, percent_start(100 * table["ci_low"])
    widest = max(text_width(f"100.0  {words}") for words, _ in _CLASSIFIERS.values())
    page, ax = label_rows(
        f"{images(config, result).capitalize()} classified correctly",
        _classifiers_caption(config, result, start),
        result.patterns,
        table["label"][order].tolist(),
        step=group,
        right=widest + 0.6,
    )
    ax.set(ylim=(group * len(order), 0))
    percent_axis(ax, start, "named rightly (%)")
    for row in range(1, len(order)):
        ax.axhline(row * group, color=FAINT, lw=0.8)
    x = page.inches(ax.transAxes, (1, 1))[0][0] + 0.16
    page.text(x, LINE / 2, "overall %, from top to bottom", color=MUTED, va="center")
    middles = group * (np.arange(len(order)) + 0.5)
    for place, (name, (words, style)) in enumerate(_CLASSIFIERS.items()):
        values = estimate(table.where(classifier=name), "accuracy", 100)[:, order]
        dots = {**style, "ls": "none", "ms": 5.5, "mew": 1.2}
        y = middles + (place - (len(_CLASSIFIERS) - 1) / 2) * _STEP
        bars: dict[str, Any] = {"elinewidth": 1, "capsize": 0, "clip_on": False}
        draw_points(ax, y, values, level=True, label=name, **bars, **dots)
        entry = Entry(f"{values[0, 0]:.1f}  {words}", [dots])
        draw_entry(page, x - 0.2, (place + 1.5) * LINE * 1.15, entry, size=SMALL)
    return page.figure


def _classifiers_caption(config: CompareConfig, result: CompareResult, start: int) -> str:
    table = result.columns["classifiers"]
    trained_on = dict(zip(table["classifier"], table["trained_on"], strict=True))
    few, many = (count(trained_on[name], "image") for name in ("logistic-samples", "logistic"))
    return (
        f"{_finding(result, 0)} Bars: 95 % interval of the rate for new images. Open circles and "
        f"squares: {criterion(config)} with the own pattern. Logistic regression on {few}, the "
        f"samples that patterns were selected from, and on {many}."
        f"{f' The axis begins at {start} %.' if start else ''} "
        f"{protocol(config, result.patterns)}.{cut_labels(len(config.digits))}"
    )


def _finding(result: CompareResult, place: int) -> str:
    """Return a finding of the run, with minus signs."""
    return re.sub(r"(?<=[ (])-(?=[0-9])", minus("-"), result.notes["findings"][place])


def _selectors(config: CompareConfig, result: CompareResult) -> Picture:
    """Draw recall against the number of samples, one line per selector."""
    table, samples = result.columns["selectors"], config.selector_samples
    page, (ax,) = panel_page(
        "Recall with selected patterns",
        _selectors_caption(config, result),
        (7.2, 3.3),
        legend=[Entry(words, [style]) for words, style in _SELECTORS.values()],
    )
    ax.set(xscale="log", xlabel="samples of each label, M", ylabel="recalled (%)")
    for place, (name, (_, style)) in enumerate(_SELECTORS.items()):
        own = table.where(selector=name)
        values = estimate(own, "accuracy", 100)
        # Caps of several widths show bars at the same place.
        bars: dict[str, Any] = {"capsize": 2 + 1.5 * place, "ms": 5.5, "lw": 1.2}
        draw_points(ax, own["samples"], values, label=name, **bars, **style)
    ax.set_xticks(samples, [f"{m:,}" for m in samples])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(max(0.0, ax.get_ylim()[0]), min(100.0, ax.get_ylim()[1]))
    return page.figure


def _selectors_caption(config: CompareConfig, result: CompareResult) -> str:
    return (
        f"Share of {images(config, result)} recalled, none of them used in the selection: mean "
        f"of {count(config.selections, 'selection')} at each M, each of new samples, the same for "
        f"every selector. Bars: 95 % interval of that "
        f"mean for new selections; differences over the same selections are more precise. "
        f"{_finding(result, 1)} Best-of: of {count(config.candidates, 'random set')} the one that "
        f"recalls most of {count(config.tuning, 'other image')} of each label. "
        f"{protocol(config, result.patterns)}."
    )
