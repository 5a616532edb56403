"""The figure of ``hopcli capacity``: what a rule holds, against the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.captions import count, dataset_name
from hopcli.plots.page import INK, LINE, TEXT, Page, styled, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import ResolvedCapacity
    from hopcli.experiments.capacity import CapacityResult

__all__ = ["figures"]

_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 4.4, 3.3, 0.75, 0.62, 0.62  # inches
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": INK, "marker": "o", "ls": "-"},
    {"color": "#0072b2", "marker": "s", "ls": (0, (5, 2))},
    {"color": "#e69f00", "marker": "^", "ls": (0, (1.5, 1.5))},
    {"color": "#7b2d8b", "marker": "D", "ls": (0, (6, 2, 1.5, 2))},
)


@styled
def figures(config: ResolvedCapacity, result: CapacityResult) -> dict[str, Figure]:
    """The figure ``capacity``."""
    return {"capacity": _capacity(config, result)}


def _capacity(config: ResolvedCapacity, result: CapacityResult) -> Figure:
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
        _draw_theory(fixed, result, rule, look, high)
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
    ax: Axes, result: CapacityResult, rule: str, look: dict[str, Any], high: float
) -> None:
    """The capacity in theory at the largest size, as a vertical line."""
    own = result.tables["theory"][result.tables["theory"]["rule"] == rule]
    for load in own.loc[own["size"] == own["size"].max(), "load"].to_list():
        if load <= high:
            ax.axvline(load, color=look["color"], lw=1, ls=":", zorder=1)


def _draw_entry(page: Page, x: float, rule: str, look: dict[str, Any]) -> float:
    """A legend entry above the axes; gives the place of the next."""
    y = LINE / 2
    page.canvas.plot([x, x + 0.5], [y, y], ms=5, **{**look, "lw": 1.4})
    page.text(x + 0.6, y, rule, size=TEXT, va="center")
    return x + 0.6 + text_width(rule, TEXT) + 0.4


def _caption(config: ResolvedCapacity, result: CapacityResult) -> str:
    sizes = sorted(result.tables["capacity"]["size"].unique())
    several = f"; faint: N = {', '.join(f'{n:,}' for n in sizes[:-1])}" if len(sizes) > 1 else ""
    source = (
        "random patterns"
        if config.patterns == "random"
        else f"random images of {dataset_name(result.dataset)}"
    )
    lines = ", ".join(
        f"{row['rule']} {row['load']:.3g}"
        for row in result.tables["theory"][result.tables["theory"]["size"] == sizes[-1]].to_dict(
            "records"
        )
    )
    return (
        f"Left: fraction of the stored patterns that are fixed points. Right: overlap with the "
        f"pattern after relaxing at T = 0 from it (filled) and with {100 * config.flips:g} % of "
        f"its sites flipped (open). Bars: 95 % interval over {count(config.draws, 'draw')} of the "
        f"patterns. Dotted: capacity for random patterns in theory ({lines}). N = {sizes[-1]:,} "
        f"spins{several}; {source}."
    )
