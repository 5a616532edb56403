"""The figure of ``hopcli capacity``: what a rule holds, against the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.captions import count, dataset_name, number
from hopcli.plots.look import INK, LINE, SOFT, TEXT
from hopcli.plots.page import Page, styled, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import CapacityConfig
    from hopcli.experiments.capacity import CapacityResult

__all__ = ["figures"]

_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 4.4, 3.3, 0.75, 0.62, 0.62  # inches
_DASHES = (0, (5, 3))
_THEORY = {"fixed": (":", "left"), "overlap": (":", "right"), "all_fixed": ("-.", "left")}
"""Line style and panel of what theory says."""
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": INK, "marker": "o", "ls": "-"},
    {"color": "#0072b2", "marker": "s", "ls": (0, (5, 2))},
    {"color": "#e69f00", "marker": "^", "ls": (0, (1.5, 1.5))},
    {"color": "#7b2d8b", "marker": "D", "ls": (0, (6, 2, 1.5, 2))},
)


@styled
def figures(config: CapacityConfig, result: CapacityResult) -> dict[str, Figure]:
    """The figure ``capacity``."""
    return {"capacity": _capacity(config, result)}


def _capacity(config: CapacityConfig, result: CapacityResult) -> Figure:
    page = Page(
        _LEFT + 2 * _WIDTH + _GAP,
        _TOP + _HEIGHT + 0.55,
        "Patterns held against the load",
        _caption(config, result),
    )
    fixed = page.axes(_LEFT, _TOP, _WIDTH, _HEIGHT)
    relaxed = page.axes(_LEFT + _WIDTH + _GAP, _TOP, _WIDTH, _HEIGHT)
    high = 1.04 * max(config.loads)
    for ax, label in ((fixed, "patterns that are fixed points"), (relaxed, "overlap m at the end")):
        ax.set(xlim=(0, high), ylim=(-0.03, 1.05), xlabel="load p / N", ylabel=label)
    relaxed.axhline(1 - 2 * config.flips, color=SOFT, lw=1, ls=_DASHES, zorder=1)
    x = _LEFT
    for k, rule in enumerate(config.rule):
        look = _LOOKS[k % len(_LOOKS)]
        own = result.tables["capacity"][result.tables["capacity"]["rule"] == rule]
        for place, (_, table) in enumerate(own.groupby("size", sort=True)):
            strength = 1.0 if place == own["size"].nunique() - 1 else 0.4
            _draw(fixed, table, "fixed", {**look, "alpha": strength})
            _draw(relaxed, table, "overlap_pattern", {**look, "alpha": strength})
            flipped = {**look, "alpha": strength, "mfc": "white", "lw": 0.8}
            _draw(relaxed, table, "overlap_flipped", flipped)
            nowhere = table.loc[table["learnt"] == 0, "load"].to_numpy()
            crosses = {"color": look["color"], "marker": "x", "ls": "", "alpha": strength}
            fixed.plot(nowhere, np.full(len(nowhere), 0.05), ms=6, label="not learnt", **crosses)
        _draw_theory({"left": fixed, "right": relaxed}, result, rule, look, high)
        x = _draw_entry(page, x, rule, look)
    return page.figure


def _draw(ax: Axes, table: pd.DataFrame, name: str, look: dict[str, Any]) -> None:
    """Means over the draws with their 95 % interval."""
    mean = table[name].to_numpy()
    interval = np.stack(
        [mean - table[f"{name}_ci_low"].to_numpy(), table[f"{name}_ci_high"].to_numpy() - mean]
    )
    bars = None if np.isnan(interval).all() else np.clip(np.nan_to_num(interval), 0, None)
    ax.errorbar(table["load"].to_numpy(), mean, yerr=bars, ms=4.5, elinewidth=1, capsize=2, **look)


def _draw_theory(
    panels: dict[str, Axes],
    result: CapacityResult,
    rule: str,
    look: dict[str, Any],
    high: float,
) -> None:
    """What holds in theory at the largest size, as vertical lines where it is measured."""
    own = result.tables["theory"][result.tables["theory"]["rule"] == rule]
    own = own[own["size"] == own["size"].max()]
    for of, load in zip(own["of"], own["load"], strict=True):
        style, panel = _THEORY[of]
        if load <= high:
            panels[panel].axvline(load, color=look["color"], lw=1, ls=style, zorder=1)


def _draw_entry(page: Page, x: float, rule: str, look: dict[str, Any]) -> float:
    """A legend entry above the axes; gives the place of the next."""
    y = LINE / 2
    page.canvas.plot([x, x + 0.5], [y, y], ms=5, **{**look, "lw": 1.4})
    page.text(x + 0.6, y, rule, size=TEXT, va="center")
    return x + 0.6 + text_width(rule, TEXT) + 0.4


def _caption(config: CapacityConfig, result: CapacityResult) -> str:
    sizes = sorted(result.tables["capacity"]["size"].unique())
    several = f"; faint: N = {', '.join(f'{n:,}' for n in sizes[:-1])}" if len(sizes) > 1 else ""
    source = (
        "random patterns"
        if config.patterns == "random"
        else f"random images of {dataset_name(result.dataset)}"
    )
    start = 1 - 2 * config.flips
    return (
        f"Left: fraction of the stored patterns that are fixed points. Right: overlap with the "
        f"pattern after relaxing at T = 0 from it (filled) and with {100 * config.flips:g} % of "
        f"its sites flipped (open). Dashed: where those begin, m = {number(start)}; an end below "
        f"is no recall, even if it rises. Bars: 95 % interval over "
        f"{count(config.draws, 'draw')} of the patterns. "
        f"{_theory(result, sizes[-1])}{_unlearnt(result, sizes[-1])}N = {sizes[-1]:,} "
        f"spins{several}; {source}."
    )


def _theory(result: CapacityResult, size: int) -> str:
    """What the vertical lines say, those beyond the axis too."""
    table = result.tables["theory"][result.tables["theory"]["size"] == size]
    loads = {
        of: ", ".join(
            f"{rule} {number(load, 3)}" for rule, load in zip(own["rule"], own["load"], strict=True)
        )
        for of, own in table.groupby("of")
    }
    said = {
        "fixed": "dotted, left: most patterns fixed",
        "overlap": "dotted, right: overlaps near 1",
        "all_fixed": "dash-dotted: all patterns fixed",
    }
    lines = [f"{words} up to {loads[of]}" for of, words in said.items() if of in loads]
    return f"Random patterns in theory, {'; '.join(lines)}. " if lines else ""


def _unlearnt(result: CapacityResult, size: int) -> str:
    """Where a rule found no couplings, which says nothing of fixed points."""
    table = result.tables["capacity"][result.tables["capacity"]["size"] == size]
    none = table[table["learnt"] == 0]
    some = table[(table["learnt"] > 0) & (table["learnt"] < table["draws"])]
    parts = []
    if len(none):
        parts.append(f"Crosses: no couplings were found ({_loads(none)}). ")
    if len(some):
        parts.append(f"In some draws alone at {_loads(some)}: means are over those. ")
    return "".join(parts)


def _loads(table: pd.DataFrame) -> str:
    """The loads of each rule: ``"perceptron 0.4 to 1"``."""
    parts = []
    for rule, own in table.groupby("rule", sort=False):
        ends = dict.fromkeys([own["load"].min(), own["load"].max()])
        parts.append(f"{rule} {' to '.join(f'{load:g}' for load in ends)}")
    return ", ".join(parts)
