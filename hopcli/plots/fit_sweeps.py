"""The figure of ``hopcli fit-sweeps``: the likelihood of each number of sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from hopcli.plots import kit
from hopcli.plots.page import FAINT, SOFT, styled

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hopcli.config import FitSweepsConfig
    from hopcli.experiments.fit_sweeps import FitSweepsResult
    from hopcli.plots.figure import Picture

_LINEAR = 10.0  # log-likelihoods nearer to the best than this are on a linear scale
_TICKS = (0, -5, -10, -100, -1000, -10_000, -100_000)
_PUBLISHED = 20  # sweeps, as the paper says
_LOOKS = {"known": kit.look(0, ms=4, lw=1.2), "unknown": kit.look(1, ms=4, lw=1.2, mfc="white")}
_ORDERS = {"known": "authors' order", "unknown": "any order"}


@styled
def figures(config: FitSweepsConfig, result: FitSweepsResult) -> dict[str, Picture]:
    """Draw ``fit_sweeps``: log-likelihood relative to the best, both answers."""
    table = result.columns["likelihood"]
    estimates = {row["order"]: row for row in map(result.columns["estimate"].row, range(2))}
    page, (ax,) = kit.panel_page(
        "Number of sweeps behind the table",
        _caption(config, result),
        (6.4, 3.3),
        left=1.0,
        legend=[
            kit.Entry(f"{_ORDERS[order]}: {_answer(estimates[order])}", [style])
            for order, style in _LOOKS.items()
        ],
    )
    _set_axes(ax, config, float(np.nanmin(table["relative"])))
    if _marks_published(config):
        ax.axvline(_PUBLISHED, color=SOFT, lw=1, ls=":", zorder=1)
    for order, style in _LOOKS.items():
        own = table.where(order=order)
        ax.plot(own["sweeps"], own["relative"], label=order, zorder=3, **style)
        # Half a sweep more at each end, because numbers of sweeps are whole.
        low = estimates[order]["sweeps_ci_low"] - 0.5
        high = estimates[order]["sweeps_ci_high"] + 0.5
        ax.axvspan(low, high, color=style["color"], alpha=0.12, lw=0, zorder=0.5)
    return {"fit_sweeps": page.figure}


def _set_axes(ax: Axes, config: FitSweepsConfig, lowest: float) -> None:
    """Set a scale that is linear near the best and logarithmic far from it."""
    margin = 0.04 * (max(config.sweeps) - min(config.sweeps)) or 1.0
    ax.set_yscale("symlog", linthresh=_LINEAR, linscale=2.5)
    bottom = 1.3 * min(lowest, -_LINEAR)
    ax.set(
        xlim=(min(config.sweeps) - margin, max(config.sweeps) + margin),
        ylim=(bottom, 1.0),
        xlabel=f"sweeps of {config.attempts_per_sweep:,} attempts",
        ylabel="log likelihood\n(relative to the best)",
    )
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick > bottom]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(lambda value, _: kit.minus(f"{value:,.0f}"))
    ax.axhline(0, color=FAINT, lw=0.8, zorder=1)


def _answer(estimate: dict[str, Any]) -> str:
    """Return the best number of sweeps with its interval."""
    best, low, high = (int(estimate[f"sweeps{part}"]) for part in ("", "_ci_low", "_ci_high"))
    return f"{best} sweeps ({f'{low} alone' if low == high else f'{low} to {high}'})"


def _marks_published(config: FitSweepsConfig) -> bool:
    """Test whether the table is the authors' own, and the paper's number is on the axis."""
    return config.table is None and min(config.sweeps) <= _PUBLISHED <= max(config.sweeps)


def _caption(config: FitSweepsConfig, result: FitSweepsResult) -> str:
    estimates = result.columns["estimate"]
    fits = (kit.number(chi2, 3) for chi2 in estimates["chi2"])
    return kit.sentences(
        f"Linear down to {kit.number(-_LINEAR)}, logarithmic below.",
        f"Bands: {estimates.declared.column('sweeps').interval}.",
        f"Dotted: the {_PUBLISHED} sweeps stated in the paper." if _marks_published(config) else "",
        f"χ² of the best, {estimates['dof'][0]} degrees of freedom: {', '.join(fits)}.",
    )
