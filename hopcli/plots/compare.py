"""The figures of ``hopcli compare``: classifiers, and selectors, on the same images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import NullLocator

from hopcli.plots import kit
from hopcli.plots.page import FAINT, styled

if TYPE_CHECKING:
    from hopcli.config import CompareConfig
    from hopcli.experiments.compare import CompareResult
    from hopcli.plots.figure import Picture

_STEP = 0.135  # from dot to dot, inches
_OPEN = {"mfc": "white"}
_DOTS: dict[str, Any] = {"ls": "none", "ms": 5.5, "mew": 1.2}
# Variants of one method have one colour.
_CLASSIFIERS = {
    "dynamics": ("nearest pattern at the end", kit.look(0)),
    "recalled": ("recalled", kit.look(0, **_OPEN)),
    "dynamics-t0": ("nearest at the end, T = 0", kit.look(1)),
    "recalled-t0": ("recalled, T = 0", kit.look(1, **_OPEN)),
    "overlap": ("nearest pattern, no dynamics", kit.look(2)),
    "coefficients": ("largest coefficient of Q⁻¹ m", kit.look(5, marker="v")),
    "logistic-samples": ("logistic regression, samples", kit.look(3, **_OPEN)),
    "logistic": ("logistic regression, many images", kit.look(3)),
}
_SELECTORS = {
    "overlap-loss": ("overlap loss", kit.look(0)),
    "medoid": ("medoid", kit.look(1)),
    "random": ("random", kit.look(2)),
    "best-of": ("best of random sets", kit.look(3, **_OPEN)),
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
    order = [n_rows - 1, *range(n_rows - 1)][: 1 + kit.MOST_LABELS]  # overall first
    group = len(_CLASSIFIERS) * _STEP + 0.16
    rates = {
        name: kit.estimate(table.where(classifier=name), "accuracy", 100)[:, order]
        for name in _CLASSIFIERS
    }
    entries = [
        kit.Entry(f"{rates[name][0, 0]:.1f} %  {words}", [style | _DOTS])
        for name, (words, style) in _CLASSIFIERS.items()
    ]
    page, ax = kit.label_rows(
        f"{kit.images(config, result).capitalize()} classified correctly",
        kit.sentences(
            "Percentages: overall.",
            kit.bars(table, "accuracy"),
            f"Open circles and squares: {kit.of_own(config)}.",
            kit.cut_labels(len(config.digits)),
        ),
        result.patterns,
        table["label"][order].tolist(),
        step=group,
        width=6.0,
        legend=entries,
    )
    ax.set(ylim=(group * len(order), 0))
    kit.percent_axis(ax, 100 * table["ci_low"], "named rightly (%)")
    for row in range(1, len(order)):
        ax.axhline(row * group, color=FAINT, lw=0.8)
    middles = group * (np.arange(len(order)) + 0.5)
    for place, (name, values) in enumerate(rates.items()):
        y = middles + (place - (len(_CLASSIFIERS) - 1) / 2) * _STEP
        thin: dict[str, Any] = {"elinewidth": 1, "capsize": 0, "clip_on": False}
        dots = _CLASSIFIERS[name][1] | _DOTS
        kit.draw_points(ax, y, values, level=True, label=name, **thin, **dots)
    return page.figure


def _selectors(config: CompareConfig, result: CompareResult) -> Picture:
    """Draw recall against the number of samples, one line per selector."""
    table, samples = result.columns["selectors"], config.selector_samples
    page, (ax,) = kit.panel_page(
        "Recall with selected patterns",
        kit.sentences(
            f"Recalled {kit.images(config, result)}, mean of {config.selections:,} selections.",
            kit.bars(table, "accuracy"),
            f"Best-of: the set of {config.candidates:,} that recalls most other images.",
        ),
        (7.2, 3.3),
        legend=[kit.Entry(words, [style]) for words, style in _SELECTORS.values()],
    )
    ax.set(xscale="log", xlabel="samples of each label, M", ylabel="recalled (%)")
    for place, (name, (_, style)) in enumerate(_SELECTORS.items()):
        own = table.where(selector=name)
        values = kit.estimate(own, "accuracy", 100)
        # Caps of several widths show bars at the same place.
        caps: dict[str, Any] = {"capsize": 2 + 1.5 * place, "ms": 5.5, "lw": 1.2}
        kit.draw_points(ax, own["samples"], values, label=name, **caps, **style)
    ax.set_xticks(samples, [f"{m:,}" for m in samples])
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_ylim(max(0.0, ax.get_ylim()[0]), min(100.0, ax.get_ylim()[1]))
    return page.figure
