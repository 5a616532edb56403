"""The figure of ``hopcli relax``: accuracy, overlap, energy and settling against sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import FixedLocator, NullLocator

from hopcli.plots.captions import count, images, network, number
from hopcli.plots.look import INK, LINE, MUTED, SOFT, TEXT
from hopcli.plots.page import Page, shorten, styled, text_width

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import RelaxConfig
    from hopcli.experiments.relax import RelaxResult

__all__ = ["figures"]

_WIDTH, _HEIGHT, _GAP, _LEFT = 3.9, 2.5, 0.85, 0.75  # inches
_BETWEEN, _BELOW, _SAMPLE, _LONGEST_NAME = 0.75, 0.55, 0.42, 1.6
_STUDY = (10, 20)  # sweeps of N/2 attempts, as run and as stated
_STUDY_SITES = 784
_FEW_DECADES, _APART = 2000, 0.7  # sweeps with ticks at 1, 2 and 5; nearer to the last has none
_LOOKS: tuple[dict[str, Any], ...] = (
    {"color": "#0072b2", "marker": "s"},
    {"color": "#e69f00", "marker": "^"},
    {"color": "#7b2d8b", "marker": "D"},
    {"color": "#56b4e9", "marker": "v"},
    {"color": "#a23b00", "marker": "P"},
    {"color": "#009e73", "marker": "X"},
    {"color": "#cc79a7", "marker": "<"},
    {"color": "#005f5f", "marker": ">"},
    {"color": "#8c7a00", "marker": "p"},
)
_MOST = len(_LOOKS)  # labels drawn; the table has them all
_OVERALL: dict[str, Any] = {"color": INK, "marker": "o", "lw": 2.0, "zorder": 3}


class _Line(NamedTuple):
    """A line: its name, its place among the rows of a sweep, and how it looks."""

    name: str
    place: int
    look: dict[str, Any]


@styled
def figures(config: RelaxConfig, result: RelaxResult) -> dict[str, Figure]:
    """The figure ``relaxation``."""
    return {"relaxation": _relaxation(config, result)}


def _relaxation(config: RelaxConfig, result: RelaxResult) -> Figure:
    lines = _lines(result)
    legend, top = _legend(lines), LINE + 0.1
    top += LINE * 1.3 * len(legend)
    page = Page(
        _LEFT + 2 * _WIDTH + _GAP,
        top + 2 * _HEIGHT + _BETWEEN + _BELOW,
        "Relaxation, sweep by sweep",
        _caption(config, result),
    )
    for row, some in enumerate(legend):
        _draw_names(page, LINE / 2 + 1.3 * LINE * row, some)
    right, lower = _LEFT + _WIDTH + _GAP, top + _HEIGHT + _BETWEEN
    places = ((_LEFT, top), (right, top), (_LEFT, lower), (right, lower))
    panels = [page.axes(x, y, _WIDTH, _HEIGHT) for x, y in places]
    accuracy, overlap, energy, settled = panels
    marked = config.round_sweeps
    n_sites, labels = result.patterns.xi.shape[1], _labels(result)
    for _, place, look in lines:
        own = result.tables["relaxation"].iloc[place :: len(labels) + 1]
        bounds = own["ci_low"].to_numpy(), own["ci_high"].to_numpy()
        _draw(accuracy, own, 100 * own["accuracy"].to_numpy(), 100 * np.array(bounds), look, marked)
        for ax, name, scale in ((overlap, "overlap", 1), (energy, "energy", n_sites)):
            mean, sem = (own[f"{name}{part}"].to_numpy() / scale for part in ("", "_sem"))
            _draw(ax, own, mean, np.array([mean - sem, mean + sem]), look, marked)
        shares = _settled(result, labels[place : place + 1] or labels, config.sweeps // 2)
        step = {**look, "marker": "", "drawstyle": "steps-post"}
        settled.plot(np.arange(len(shares)), 100 * shares, **step)
    says = ("recalled (%)", "overlap m with the own pattern", "energy a spin, H / N")
    for ax, said in zip(panels, (*says, "settled (%)"), strict=True):
        ax.set_ylabel(said)
        _set_sweeps(ax, marked)
    for ax in (accuracy, settled):
        ax.set_ylim(-3, 103)
    for (x, y), ax in zip(places, panels, strict=True):
        _mark_study(page, ax, config, x, y, n_sites)
    return page.figure


def _labels(result: RelaxResult) -> list[str]:
    """The labels tested; the last row is of all."""
    labels: list[str] = result.tables["settling"]["label"].tolist()
    return labels[:-1]


def _lines(result: RelaxResult) -> list[_Line]:
    """The lines of the labels, and of the mean over them; one label is its own mean."""
    labels = _labels(result)
    if len(labels) == 1:
        return [_Line(labels[0], 0, _OVERALL)]
    shown = zip(labels, _LOOKS, strict=False)
    lines = [_Line(label, k, {**look, "lw": 1.0}) for k, (label, look) in enumerate(shown)]
    return [*lines, _Line("mean over labels", len(labels), _OVERALL)]


def _draw(
    ax: Axes,
    table: pd.DataFrame,
    values: NDArray[np.float64],
    bounds: NDArray[np.float64],
    look: dict[str, Any],
    marked: list[int],
) -> None:
    """A line through all points, markers with bars at some sweeps."""
    sweeps = table["sweep"].to_numpy()
    ax.plot(sweeps, values, **{**look, "marker": ""})
    points = np.isin(sweeps, marked)
    bars = np.clip([values - bounds[0], bounds[1] - values], 0, None)[:, points]
    has_bars = not np.isnan(bars).all()
    ax.errorbar(
        sweeps[points],
        values[points],
        yerr=np.nan_to_num(bars) if has_bars else None,
        ls="none",
        ms=4,
        elinewidth=1,
        capsize=2,
        **{key: value for key, value in look.items() if key != "lw"},
    )


def _settled(result: RelaxResult, labels: list[str], last: int) -> NDArray[np.float64]:
    """Fraction of the trials settled by each sweep, the mean over some labels."""
    shares = []
    for label in labels:
        after = result.settled(label)
        by = np.bincount(after[after >= 0], minlength=last + 1).cumsum()
        shares.append(by / len(after))
    return np.mean(shares, axis=0)


def _set_sweeps(ax: Axes, ticks: list[int]) -> None:
    """A logarithmic axis that has a place for 0."""
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    last = ticks[-1]
    if last > _FEW_DECADES:
        ticks = [tick for tick in ticks if str(tick).strip("0") in ("", "1") or tick == last]
    ticks = [tick for tick in ticks if tick == last or tick < _APART * last]
    ax.xaxis.set_major_locator(FixedLocator(ticks))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.set(xlim=(-0.15, 1.1 * last), xlabel="sweeps")


def _mark_study(
    page: Page, ax: Axes, config: RelaxConfig, x: float, y: float, n_sites: int
) -> None:
    """The study's sweeps, where its network was run; what they are above the axes."""
    if not _is_the_studys(config, n_sites):
        return
    low, high = (ax.transData.transform((value, 0))[0] for value in ax.get_xlim())
    for sweeps in _STUDY:
        place = sweeps * (n_sites // 2) / config.attempts_per_sweep
        if place <= config.sweeps:
            ax.axvline(place, color=SOFT, lw=1, ls=":", zorder=1)
            along = (ax.transData.transform((place, 0))[0] - low) / (high - low)
            page.text(
                x + along * _WIDTH, y - 0.04, f"{sweeps}", ha="center", va="bottom", color=MUTED
            )


def _is_the_studys(config: RelaxConfig, n_sites: int) -> bool:
    """Whether sweeps mean what they mean in the study."""
    return (n_sites, config.dynamics, config.order) == (_STUDY_SITES, "metropolis", "random")


def _legend(lines: list[_Line]) -> list[list[_Line]]:
    """The entries of the legend, row by row."""
    rows: list[list[_Line]] = [[]]
    used = 0.0
    for line in lines:
        width = _SAMPLE + 0.35 + min(text_width(line.name, TEXT), _LONGEST_NAME)
        if rows[-1] and used + width > 2 * _WIDTH + _GAP:
            rows.append([])
            used = 0.0
        rows[-1].append(line)
        used += width
    return rows


def _draw_names(page: Page, y: float, lines: list[_Line]) -> None:
    """A row of the legend."""
    x = _LEFT
    for line in lines:
        name = shorten(line.name, _LONGEST_NAME, TEXT)
        sample = [x, x + _SAMPLE / 2, x + _SAMPLE]
        page.canvas.plot(sample, [y] * 3, ms=4, markevery=[1], **line.look)
        page.text(x + _SAMPLE + 0.08, y, name, size=TEXT, va="center")
        x += _SAMPLE + 0.35 + text_width(name, TEXT)


def _caption(config: RelaxConfig, result: RelaxResult) -> str:
    n_labels = len(_labels(result))
    n_sites = result.patterns.xi.shape[1]
    start = images(config, result) if str(config.start) == "image" else f"start {config.start}"
    trials = count(int(result.tables["settling"]["n"].iloc[-1]), "trial")
    units = "images" if config.start.uses_images else "trials"
    interval = "a new run of the same images" if config.tests == "all" else "a new start"
    study = (
        "Dotted: the 10 sweeps of N/2 attempts that the study ran, and the 20 that it states. "
        if _is_the_studys(config, n_sites)
        else ""
    )
    named = {n_sites: " = N", n_sites // 2: " = N/2"}.get(config.attempts_per_sweep, "")
    cut = f" The first {_MOST} of {n_labels:,} labels." if n_labels > _MOST else ""
    size = "m" if config.score == "signed" else "|m|"
    return (
        f"{trials[0].upper()}{trials[1:]} from {start}, after every sweep of one run. Recalled: "
        f"overlap {size} with the own pattern ≥ {number(config.criterion)}; bars: 95 % interval "
        f"for {interval}. Overlap and energy: means; bars, where they show: SEM over {units}. "
        f"Settled: trials that stay recalled, or not, from this sweep to the last "
        f"({config.sweeps:,}), if not changed after half of them. {study}"
        f"{network(config, result.patterns)}; {config.dynamics}, T = "
        f"{number(config.temperature)}, {config.attempts_per_sweep:,}{named} attempts a sweep.{cut}"
    )
