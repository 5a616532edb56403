"""Energy and overlap of a few trials, sweep by sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from hopcli.plots.page import INK, LINE, TEXT, Page, shorten, text_width
from hopcli.plots.rows import what_was_run

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import ResolvedRecall
    from hopcli.experiments.recall import RecallResult

__all__ = ["trace_figure"]

_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 4.2, 3.0, 0.85, 0.75, 0.42  # inches
_MOST = 6  # labels drawn; the table has them all
_COLOURS = (INK, "#0072b2", "#e69f00", "#7b2d8b", "#56b4e9", "#a23b00")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))


def trace_figure(config: ResolvedRecall, result: RecallResult) -> Figure:
    """Two panels against the sweep: energy a spin, and overlap with a stored pattern."""
    table = result.tables["trace"]
    labels = list(dict.fromkeys(table["label"]))
    page = Page(
        _LEFT + 2 * _WIDTH + _GAP,
        _TOP + _HEIGHT + 0.5,
        "Energy and overlap, sweep by sweep",
        _caption(config, result, len(labels)),
    )
    energy = page.axes(_LEFT, _TOP, _WIDTH, _HEIGHT)
    overlap = page.axes(_LEFT + _WIDTH + _GAP, _TOP, _WIDTH, _HEIGHT)
    energy.set(xlabel="sweep", ylabel="energy a spin, H / N")
    overlap.set(xlabel="sweep", ylabel="overlap m")
    for ax in (energy, overlap):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(0, config.sweeps)
    x = _LEFT
    n_sites = result.patterns.xi.shape[1]
    for k, label in enumerate(labels[:_MOST]):
        look = {"color": _COLOURS[k % len(_COLOURS)], "ls": _DASHES[k % len(_DASHES)], "lw": 1.2}
        for _, trial in table[table["label"] == label].groupby("trial"):
            sweep = trial["sweep"].to_numpy()
            energy.plot(sweep, trial["energy"].to_numpy() / n_sites, **look)
            _draw_overlaps(overlap, result, trial, sweep, look)
        y = LINE / 2
        name = shorten(label, 1.5, TEXT)
        page.canvas.plot([x, x + 0.4], [y, y], **look)
        page.text(x + 0.48, y, name, size=TEXT, va="center")
        x += 0.48 + text_width(name, TEXT) + 0.3
    lowest = min(float(np.min(line.get_ydata())) for line in overlap.lines)
    overlap.set_ylim(min(0.0, lowest) - 0.05, 1.05)
    return page.figure


def _draw_overlaps(
    ax: Axes,
    result: RecallResult,
    trial: pd.DataFrame,
    sweep: NDArray[np.int64],
    look: dict[str, Any],
) -> None:
    """The overlap with the own pattern, or with every pattern if there is no own one."""
    patterns = result.patterns
    label = trial["label"].iloc[0]
    own = [
        name
        for name, stored in zip(patterns.names, patterns.labels, strict=True)
        if stored == label
    ]
    for name in own or patterns.names:
        ax.plot(sweep, trial[f"overlap_{name}"].to_numpy(), **look)


def _caption(config: ResolvedRecall, result: RecallResult, n_labels: int) -> str:
    stored = set(result.patterns.labels)
    own = set(result.tables["trace"]["label"]) <= stored
    which = "its own pattern" if own else "each stored pattern"
    cut = f" The first {_MOST} of {n_labels} labels." if n_labels > _MOST else ""
    return (
        f"A few trials of each label, one line a trial: left the energy, right the overlap with "
        f"{which}.{cut} {what_was_run(config, result)}"
    )
