"""The figure of ``hopcli critical``: Binder ratio, susceptibility and recall by temperature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots import kit
from hopcli.plots.page import FAINT, MUTED, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hopcli.config import CriticalConfig
    from hopcli.experiments.critical import CriticalResult
    from hopcli.plots.figure import Picture
    from hopcli.tables import Columns

_NEAR, _FEWEST_NEAR = 0.1, 3  # relative distance from T_c, and least number of temperatures in it
_COLD: dict[str, Any] = {"mfc": "white", "ms": 7.5, "zorder": 1.8}


@styled
def figures(config: CriticalConfig, result: CriticalResult) -> dict[str, Picture]:
    """Draw ``critical``: Binder ratios that cross, susceptibility, recall."""
    scan, exact = result.columns["critical_scan"], result.columns["critical_exact"]
    sizes = np.unique(scan["size"]).tolist()
    lines = [kit.look(k, marker="", lw=1.1, zorder=1.5) for k in range(len(sizes))]
    points = [kit.look(k, ms=4.5, ls="none", elinewidth=1, capsize=2) for k in range(len(sizes))]
    shown = [kit.look(k, **({} if len(exact) else {"ls": "none"})) for k in range(len(sizes))]
    page, panels = kit.panel_page(
        "Loss of order of stored patterns",
        _caption(result),
        (3.6, 3.2),
        3,
        legend=[kit.Entry(f"N = {n:,}", [style]) for n, style in zip(sizes, shown, strict=True)],
    )
    binder, susceptibility, recall = panels
    binder.set_ylabel("Binder ratio U of $m_P$")
    susceptibility.set_ylabel("susceptibility χ of $m_P$")
    recall.set_ylabel(f"chains that end at |m| ≥ {config.criterion:g}")
    for ax in panels:
        ax.set_xlabel("temperature T  ($k_B$ = 1)")
        ax.axvline(result.ordering, color=MUTED, lw=1, ls="-.", zorder=1)
    for k, size in enumerate(sizes):
        own, curve = scan.where(size=size), exact.where(size=size)
        for ax, name, start, style in (
            (binder, "binder", "both", {}),
            (susceptibility, "susceptibility", "both", {}),
            (recall, "recall", "hot", {}),
            (recall, "recall", "cold", _COLD),
        ):
            rows = own.where(start=start)
            if not style:
                ax.plot(curve["temperature"], curve[name], **lines[k])
            kit.draw_points(ax, rows["temperature"], kit.estimate(rows, name), **points[k] | style)
    for _, low, high in _crossing(result):
        binder.axvspan(low, high, color=FAINT, alpha=0.5, lw=0, zorder=0.5)
    _look_near(binder, scan, result.ordering)
    susceptibility.set(ylim=(0, None))
    recall.set(ylim=(-0.03, 1.05))
    return {"critical": page.figure}


def _crossing(result: CriticalResult) -> list[tuple[str, float, float]]:
    """Return the largest sizes whose crossing has an interval, and the interval, or nothing."""
    table = result.columns["critical"].where(what="Binder crossing")
    known = table.take(~np.isnan(table["ci_low"] + table["ci_high"])).take(slice(-1, None))
    return [(str(row[0]), *row[1:]) for row in known.only(["sizes", "ci_low", "ci_high"]).rows()]


def _look_near(ax: Axes, scan: Columns, critical: float) -> None:
    """Zoom to temperatures near the critical one, where the curves cross."""
    near = scan.where(start="both")
    near = near.take(abs(near["temperature"] / critical - 1) < _NEAR)
    if len(np.unique(near["temperature"])) < _FEWEST_NEAR:
        return
    for axis, low, high in (
        ("x", near["temperature"].min(), near["temperature"].max()),
        ("y", np.nanmin(near["binder_ci_low"]), np.nanmax(near["binder_ci_high"])),
    ):
        margin = 0.06 * (high - low)
        ax.set(**{f"{axis}lim": (low - margin, high + margin)})


def _caption(result: CriticalResult) -> str:
    crossed = [
        f"Grey: {column.interval} of the crossing, {kit.number(low)} to {kit.number(high)}."
        for _, low, high in _crossing(result)
        for column in [result.columns["critical"].declared.column("value")]
    ]
    return kit.sentences(
        "Right: filled, started from random spins; open, from stored patterns.",
        kit.bars(result.columns["critical_scan"], "binder"),
        "Lines: exact, all wells." if len(result.columns["critical_exact"]) else "",
        *crossed,
        f"Dash-dotted: critical temperature {kit.number(result.ordering)} for p ≪ N.",
    )
