"""The figure of ``hopcli capacity``: patterns that a rule stores, against the load."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots import kit
from hopcli.plots.page import SOFT, styled

if TYPE_CHECKING:
    from hopcli.config import CapacityConfig
    from hopcli.experiments.capacity import CapacityResult
    from hopcli.plots.figure import Picture

_THEORY = {
    "fixed": (":", 0, "dotted, most patterns fixed"),
    "overlap": (":", 1, "dotted (right), overlaps near 1"),
    "all_fixed": ("-.", 0, "dash-dotted, all fixed"),
}
"""Line style, panel and caption of the theoretical loads."""


@styled
def figures(config: CapacityConfig, result: CapacityResult) -> dict[str, Picture]:
    """Draw ``capacity``: patterns that are fixed points, and overlaps after relaxing."""
    looks = {rule: kit.look(k) for k, rule in enumerate(config.rule)}
    page, panels = kit.panel_page(
        "Patterns held against the load",
        _caption(config, result),
        (4.4, 3.3),
        2,
        legend=[kit.Entry(rule, [style]) for rule, style in looks.items()],
    )
    fixed, relaxed = panels
    high = 1.04 * max(config.loads)
    for ax, label in ((fixed, "patterns that are fixed points"), (relaxed, "overlap m at the end")):
        ax.set(xlim=(0, high), ylim=(-0.03, 1.05), xlabel="load p / N", ylabel=label)
    relaxed.axhline(1 - 2 * config.flips, color=SOFT, lw=1, ls=(0, (5, 3)), zorder=1)
    table, theory = result.columns["capacity"], result.columns["theory"]
    largest = table["size"].max()
    for rule, size in itertools.product(looks, np.unique(table["size"])):
        own = table.where(rule=rule, size=size)
        style: dict[str, Any] = {**looks[rule], "ms": 4.5, "elinewidth": 1, "capsize": 2}
        style["alpha"] = 1.0 if size == largest else 0.4
        for ax, name, changes in (
            (fixed, "fixed", {}),
            (relaxed, "overlap_pattern", {}),
            (relaxed, "overlap_flipped", {"mfc": "white", "lw": 0.8}),
        ):
            kit.draw_points(ax, own["load"], kit.estimate(own, name), **style | changes)
        nowhere = own["load"][own["learnt"] == 0]
        cross = {"color": style["color"], "alpha": style["alpha"], "marker": "x", "ms": 6, "ls": ""}
        fixed.plot(nowhere, np.full(len(nowhere), 0.05), label="not learnt", **cross)
    shown = theory.take((theory["size"] == largest) & (theory["load"] <= high))
    for rule, of, load in zip(shown["rule"], shown["of"], shown["load"], strict=True):
        ls, panel, _ = _THEORY[of]
        panels[panel].axvline(load, color=looks[rule]["color"], lw=1, ls=ls, zorder=1)
    return {"capacity": page.figure}


def _caption(config: CapacityConfig, result: CapacityResult) -> str:
    table, theory = result.columns["capacity"], result.columns["theory"]
    *smaller, size = np.unique(table["size"]).tolist()
    known = set(theory.where(size=size)["of"].tolist())
    lines = "; ".join(words for of, (_, _, words) in _THEORY.items() if of in known)
    return kit.sentences(
        f"Right: after relaxing at T = 0 from the pattern (filled) and with {100 * config.flips:g} "
        "% of its sites flipped (open; dashed: their start).",
        kit.bars(table, "fixed"),
        f"Theory: {lines}." if lines else "",
        "Crosses: no couplings found." if len(table.where(size=size, learnt=0)) else "",
        f"N = {size:,}{f'; faint: {smaller[0]:,}' if smaller else ''}"
        f"{f' to {smaller[-1]:,}' if len(smaller) > 1 else ''}.",
    )
