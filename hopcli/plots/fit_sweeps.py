"""The figure of ``hopcli fit-sweeps``: how likely each number of sweeps is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from hopcli.plots.captions import count, dataset_name, number
from hopcli.plots.look import FAINT, INK, LINE, MUTED, SOFT, TEXT
from hopcli.plots.page import Page, styled

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hopcli.config import FitSweepsConfig
    from hopcli.experiments.fit_sweeps import FitSweepsResult

__all__ = ["figures"]

_WIDTH, _HEIGHT, _LEFT, _TOP = 6.4, 3.3, 0.86, 2 * LINE + 0.3  # inches
_LINEAR = 10.0  # log-likelihoods nearer to the best than this are on a linear scale
_TICKS = (0, -5, -10, -100, -1000, -10_000, -100_000)
_PUBLISHED = 20  # sweeps, as the paper says
_LOOKS: dict[str, dict[str, Any]] = {
    "known": {"color": INK, "marker": "o", "ls": "-", "zorder": 3},
    "unknown": {"color": "#0072b2", "marker": "s", "mfc": "white", "ls": (0, (5, 2)), "zorder": 3},
}
_SAYS = {"known": "the authors' order of sites", "unknown": "any order of sites"}


@styled
def figures(config: FitSweepsConfig, result: FitSweepsResult) -> dict[str, Figure]:
    """The figure ``fit_sweeps``: log-likelihood relative to the best, both answers."""
    return {"fit_sweeps": _fit_sweeps(config, result)}


def _fit_sweeps(config: FitSweepsConfig, result: FitSweepsResult) -> Figure:
    page = Page(
        _LEFT + _WIDTH,
        _TOP + _HEIGHT + 0.55,
        "How many sweeps made the table",
        _caption(config, result),
    )
    ax = page.axes(_LEFT, _TOP, _WIDTH, _HEIGHT)
    table = result.tables["likelihood"]
    _set_axes(ax, config, float(table["relative"].min()))
    if _marks_published(config):
        ax.axvline(_PUBLISHED, color=SOFT, lw=1, ls=":", zorder=1)
    for place, (order, look) in enumerate(_LOOKS.items()):
        own = table[table["order"] == order]
        estimates = result.tables["estimate"]
        estimate = estimates[estimates["order"] == order].iloc[0]
        ax.plot(own["sweeps"], own["relative"], ms=4, lw=1.2, label=order, **look)
        _draw_interval(ax, estimate, look)
        _draw_entry(page, (place + 0.5) * LINE, f"{_SAYS[order]}: {_told(estimate)}", look)
    return page.figure


def _set_axes(ax: Axes, config: FitSweepsConfig, lowest: float) -> None:
    """A linear scale near the best, a logarithmic one far from it."""
    margin = 0.04 * (max(config.sweeps) - min(config.sweeps)) or 1.0
    ax.set_yscale("symlog", linthresh=_LINEAR, linscale=2.5)
    bottom = 1.3 * min(lowest, -_LINEAR)
    ax.set(
        xlim=(min(config.sweeps) - margin, max(config.sweeps) + margin),
        ylim=(bottom, 1.0),
        xlabel=f"sweeps of {config.attempts_per_sweep:,} attempts",
        ylabel="log likelihood, relative to the best",
    )
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10]))
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in _TICKS if tick > bottom]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace("-", "\N{MINUS SIGN}"))
    ax.axhline(0, color=FAINT, lw=0.8, zorder=1)


def _draw_interval(ax: Axes, estimate: pd.Series[Any], look: dict[str, Any]) -> None:
    """The interval as a band; half a sweep more at each end, for numbers of sweeps are whole."""
    low, high = float(estimate["sweeps_ci_low"]) - 0.5, float(estimate["sweeps_ci_high"]) + 0.5
    ax.axvspan(low, high, color=look["color"], alpha=0.12, lw=0, zorder=0.5)


def _draw_entry(page: Page, y: float, says: str, look: dict[str, Any]) -> None:
    """A legend entry above the axes."""
    page.canvas.plot([_LEFT, _LEFT + 0.5], [y, y], ms=4, lw=1.2, **look)
    page.text(_LEFT + 0.6, y, says, size=TEXT, va="center", color=MUTED)


def _told(estimate: pd.Series[Any]) -> str:
    """An answer with its interval."""
    low, high = (int(estimate[f"sweeps_ci_{end}"]) for end in ("low", "high"))
    reach = f"{low} alone" if low == high else f"{low} to {high}"
    return f"{int(estimate['sweeps'])} sweeps ({reach})"


def _marks_published(config: FitSweepsConfig) -> bool:
    """Whether the table is the authors' own, and the paper's number is on the axis."""
    return config.table is None and min(config.sweeps) <= _PUBLISHED <= max(config.sweeps)


def _caption(config: FitSweepsConfig, result: FitSweepsResult) -> str:
    table = "the authors' raw table" if config.table is None else "the table"
    dotted = (
        f" Dotted: the {_PUBLISHED} sweeps that the paper says." if _marks_published(config) else ""
    )
    fits = "; ".join(
        f"{row['order']} {number(row['chi2'], 3)}"
        for _, row in result.tables["estimate"].iterrows()
    )
    dof = int(result.tables["estimate"]["dof"].iloc[0])
    return (
        f"Likelihood of {table} of recall after each number of sweeps, on a linear scale down to "
        f"{number(-_LINEAR)} and a logarithmic one below: black, with the sites in the authors' "
        f"own order, from {count(config.replays, 'replay')} of it; blue, with any order that is "
        f"the same in every repeat, from {count(config.orders, 'random order')}. Bands: 95 % "
        f"intervals.{dotted} χ² of the best on {dof} degrees of freedom: {fits}. "
        f"{config.tests:,} test images a label ({dataset_name(result.dataset)}); T = "
        f"{number(config.temperature)}, recalled from |m| ≥ {number(config.criterion)} on."
    )
