"""The figure of ``hopcli critical``: Binder ratio, susceptibility and recall by temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.captions import count, dataset_name, number
from hopcli.plots.look import FAINT, INK, LINE, MUTED, TEXT
from hopcli.plots.page import Page, styled, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import CriticalConfig
    from hopcli.experiments.critical import CriticalResult

__all__ = ["figures"]

_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 3.6, 3.2, 0.78, 0.66, 0.62  # inches
_SAMPLE = 0.5
_NEAR, _FEWEST_NEAR = 0.1, 3  # of T_c either way, if so many temperatures are there
_T_C: dict[str, Any] = {"color": MUTED, "lw": 1, "ls": "-.", "zorder": 1}
_BAND: dict[str, Any] = {"color": FAINT, "alpha": 0.5, "lw": 0, "zorder": 0.5}
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": INK, "marker": "o"},
    {"color": "#0072b2", "marker": "s"},
    {"color": "#e69f00", "marker": "^"},
    {"color": "#7b2d8b", "marker": "D"},
)
_COLD: dict[str, Any] = {"mfc": "white", "ms": 7.5, "zorder": 1.8}
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))


@styled
def figures(config: CriticalConfig, result: CriticalResult) -> dict[str, Figure]:
    """The figure ``critical``: Binder ratios that cross, susceptibility, recall."""
    return {"critical": _critical(config, result)}


def _critical(config: CriticalConfig, result: CriticalResult) -> Figure:
    page = Page(
        _LEFT + 3 * _WIDTH + 2 * _GAP,
        _TOP + _HEIGHT + 0.55,
        "Where stored patterns lose order",
        _caption(config, result),
    )
    panels = [page.axes(_LEFT + k * (_WIDTH + _GAP), _TOP, _WIDTH, _HEIGHT) for k in range(3)]
    binder, susceptibility, recall = panels
    for ax, says in (
        (binder, "Binder ratio U of $m_P$"),
        (susceptibility, "susceptibility χ of $m_P$"),
        (recall, f"chains that end at |m| ≥ {config.criterion:g}"),
    ):
        ax.set(xlabel="temperature T  ($k_B$ = 1)", ylabel=says)
        ax.axvline(result.ordering, **_T_C)
    scan, exact = result.tables["critical_scan"], result.tables["critical_exact"]
    sizes = scan["size"].unique().tolist()
    for place, size in enumerate(sizes):
        own, curve = scan[scan["size"] == size], exact[exact["size"] == size]
        both = own[own["start"] == "both"]
        _draw(binder, both, "binder", curve, place)
        _draw(susceptibility, both, "susceptibility", curve, place)
        _draw(recall, own[own["start"] == "hot"], "recall", curve, place)
        _draw(recall, own[own["start"] == "cold"], "recall", curve[:0], place, **_COLD)
    crossing = _crossing(result)
    if crossing is not None:
        binder.axvspan(*crossing[1:], **_BAND)
    _look_near(binder, scan, result.ordering)
    susceptibility.set(ylim=(0, None))
    recall.set(ylim=(-0.03, 1.05))
    _draw_legend(page, sizes, has_exact=len(exact) > 0)
    return page.figure


def _look(place: int, **changes: Any) -> dict[str, Any]:
    """How the points of a size look."""
    return {**_LOOKS[place % len(_LOOKS)], "ms": 4.5, "ls": "none", **changes}


def _line(place: int) -> dict[str, Any]:
    """How the exact curve of a size looks."""
    colour = _LOOKS[place % len(_LOOKS)]["color"]
    return {"color": colour, "lw": 1.1, "ls": _DASHES[place % len(_DASHES)], "zorder": 1.5}


def _draw(
    ax: Axes, table: pd.DataFrame, name: str, curve: pd.DataFrame, place: int, **changes: Any
) -> None:
    """Points with their 95 % interval, and the exact curve where there is one."""
    ax.plot(curve["temperature"].to_numpy(), curve[name].to_numpy(), **_line(place))
    value = table[name].to_numpy()
    ends = value - table[f"{name}_ci_low"].to_numpy(), table[f"{name}_ci_high"].to_numpy() - value
    ax.errorbar(
        table["temperature"].to_numpy(),
        value,
        yerr=np.clip(np.nan_to_num(np.stack(ends)), 0, None),
        elinewidth=1,
        capsize=2,
        **_look(place, **changes),
    )


def _crossing(result: CriticalResult) -> tuple[str, float, float] | None:
    """The largest sizes, and the interval of where they cross, if there is one."""
    table = result.tables["critical"]
    known = table["ci_low"].notna() & table["ci_high"].notna()
    rows = table[(table["what"] == "Binder crossing") & known]
    if len(rows) == 0:
        return None
    last = rows.iloc[-1]
    return str(last["sizes"]), float(last["ci_low"]), float(last["ci_high"])


def _look_near(ax: Axes, scan: pd.DataFrame, critical: float) -> None:
    """Show what is near the critical temperature, where the curves cross."""
    near = scan[(scan["start"] == "both") & (abs(scan["temperature"] / critical - 1) < _NEAR)]
    if near["temperature"].nunique() < _FEWEST_NEAR:
        return
    for axis, low, high in (
        ("x", near["temperature"].min(), near["temperature"].max()),
        ("y", near["binder_ci_low"].min(), near["binder_ci_high"].max()),
    ):
        margin = 0.06 * (high - low)
        ax.set(**{f"{axis}lim": (low - margin, high + margin)})


def _draw_legend(page: Page, sizes: list[int], *, has_exact: bool) -> None:
    """Entries above the panels: a size each."""
    x, y = _LEFT, LINE / 2
    for place, size in enumerate(sizes):
        says = f"N = {size:,}"
        if has_exact:
            page.canvas.plot([x, x + _SAMPLE], [y, y], **_line(place))
        page.canvas.plot([x + _SAMPLE / 2], [y], **_look(place))
        page.text(x + _SAMPLE + 0.1, y, says, size=TEXT, va="center")
        x += _SAMPLE + 0.1 + text_width(says, TEXT) + 0.4


def _caption(config: CriticalConfig, result: CriticalResult) -> str:
    patterns = result.patterns
    exact = " Lines: exact, all wells." if len(result.tables["critical_exact"]) else ""
    each = count(config.chains, "chain")
    attempts = count(config.sweeps, f"{config.dynamics} sweep")
    return (
        f"Points: {each} from random spins and {each} from stored patterns, each {attempts} of N "
        f"attempts; right: filled from random spins, open from patterns. Bars: 95 % interval "
        f"over chains.{exact} U is 1 in order, 0 in disorder. {_crossed(result)}"
        f"Dash-dotted: critical temperature {number(result.ordering, 4)} for p ≪ N. "
        f"{config.rule.capitalize()} rule, p = {count(len(patterns.labels), 'pattern')} "
        f"({dataset_name(patterns.dataset)}), pixels repeated "
        f"{', '.join(f'{scale}' for scale in config.scales)} times in both directions."
    )


def _crossed(result: CriticalResult) -> str:
    """Where the curves cross, of the largest sizes."""
    crossing = _crossing(result)
    if crossing is None:
        return ""
    sizes, low, high = crossing
    ends = f"{number(low)} to {number(high)}"
    return f"Grey: 95 % interval of the crossing of N = {sizes}, {ends}. "
