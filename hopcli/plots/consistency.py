"""The figure of ``hopcli consistency``: recall against how consistent a label's shape is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    cut_labels,
    dataset_name,
    images,
    number,
)
from hopcli.plots.look import FAINT, INK, LINE, MUTED, TEXT
from hopcli.plots.page import Page, shorten, styled, text_width
from hopcli.plots.spacing import side_by_side

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import ConsistencyConfig
    from hopcli.experiments.consistency import ConsistencyResult

__all__ = ["figures"]

_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 4.2, 3.3, 0.4, 0.62, 0.86  # inches
_LEADER = 0.16  # from a name down to the axes
_LONGEST_NAME = 0.8
_PANELS = {
    "within": "mean $m^2$ within a label",
    "contrast": "contrast: mean $m^2$ within less between labels",
}
"""What is drawn along the axis of each panel."""
_LOOKS: dict[str, dict[str, Any]] = {
    "all": {"color": INK, "marker": "o", "zorder": 3},
    "half": {"color": "#0072b2", "marker": "s", "mfc": "white", "zorder": 2.5},
}


@styled
def figures(config: ConsistencyConfig, result: ConsistencyResult) -> dict[str, Figure]:
    """The figure ``consistency``: accuracy of each label against two measures."""
    return {"consistency": _consistency(config, result)}


def _consistency(config: ConsistencyConfig, result: ConsistencyResult) -> Figure:
    page = Page(
        _LEFT + len(_PANELS) * _WIDTH + (len(_PANELS) - 1) * _GAP,
        _TOP + _HEIGHT + 0.55,
        "Recall against the consistency of the shape",
        _caption(config, result),
    )
    shapes = result.tables["consistency"].iloc[:MOST_LABELS]
    for place, (measure, says) in enumerate(_PANELS.items()):
        left = _LEFT + place * (_WIDTH + _GAP)
        ax = page.axes(left, _TOP, _WIDTH, _HEIGHT)
        values = shapes[measure].to_numpy()
        ax.set(xlim=_limits(values), ylim=(-0.03, 1.03), xlabel=says)
        ax.tick_params(labelleft=place == 0)
        for stored, look in _LOOKS.items():
            recall = result.tables["recall"]
            _draw(ax, values, recall[recall["stored"] == stored].iloc[:MOST_LABELS], look)
        _draw_names(page, ax, left, shapes, measure)
        if place == 0:
            ax.set_ylabel("accuracy (fraction of test images recalled)")
    x = _LEFT
    for stored, look in _LOOKS.items():
        x = _draw_entry(page, x, _entries(config)[stored], look)
    return page.figure


def _limits(x: NDArray[np.float64]) -> tuple[float, float]:
    """Ends of an axis with all points inside."""
    margin = 0.08 * float(np.ptp(x)) or 0.01
    return float(x.min()) - margin, float(x.max()) + margin


def _draw(ax: Axes, x: NDArray[np.float64], recall: pd.DataFrame, look: dict[str, Any]) -> None:
    """Accuracies with their 95 % interval over selections, if there is one."""
    mean = recall["accuracy"].to_numpy()
    ends = [mean - recall["accuracy_ci_low"].to_numpy(), recall["accuracy_ci_high"].to_numpy()]
    bars = np.stack([ends[0], ends[1] - mean])
    shown = None if np.isnan(bars).all() else np.clip(np.nan_to_num(bars), 0, None)
    ax.errorbar(x, mean, yerr=shown, ls="none", ms=5, elinewidth=1.2, capsize=3, **look)


def _draw_names(page: Page, ax: Axes, left: float, shapes: pd.DataFrame, measure: str) -> None:
    """The labels above the axes, each with a line down through its points."""
    low, high = ax.get_xlim()
    order = np.argsort(shapes[measure].to_numpy(), kind="stable")
    x = shapes[measure].to_numpy()[order]
    names = [shorten(shapes["label"].iloc[k], _LONGEST_NAME, TEXT, bold=True) for k in order]
    widths = [text_width(name, TEXT, bold=True) + 0.06 for name in names]
    wanted = (left + (x - low) / (high - low) * _WIDTH).tolist()
    placed = side_by_side(wanted, widths, left, left + _WIDTH)
    for value, name, point, centre in zip(x, names, wanted, placed, strict=True):
        ax.axvline(value, color=FAINT, lw=0.6, zorder=1)
        page.canvas.plot([centre, point], [_TOP - _LEADER, _TOP], color=FAINT, lw=0.6)
        y = _TOP - _LEADER - 0.02
        page.text(centre, y, name, size=TEXT, ha="center", va="bottom", weight="bold")


def _entries(config: ConsistencyConfig) -> dict[str, str]:
    """What is stored at once, in a few words."""
    n = len(config.digits)
    halves = f"{n // 2}" if n % 2 == 0 else f"{n // 2} or {n // 2 + 1}"
    return {"all": f"all {n} labels stored", "half": f"{halves} random labels stored"}


def _draw_entry(page: Page, x: float, says: str, look: dict[str, Any]) -> float:
    """A legend entry above the axes; gives the place of the next."""
    y = LINE / 2
    page.canvas.plot([x + 0.06], [y], ms=5, ls="none", **look)
    page.text(x + 0.22, y, says, size=TEXT, va="center", color=MUTED)
    return x + 0.22 + text_width(says, TEXT) + 0.4


def _caption(config: ConsistencyConfig, result: ConsistencyResult) -> str:
    n_labels = len(config.digits)
    error = (
        "95 % interval over the selections"
        if config.selections > 1
        else "none, as there is a single selection"
    )
    selected = f"{count(config.selections, 'selection')} of the patterns"
    return (
        f"Fraction of test images recalled over {selected}, {config.tests:,} images of each label "
        f"in each, against the consistency of the label's shape over all its "
        f"{images(config, result)}: mean squared overlap m² of two of them (left), less "
        f"that with images of other labels (right). Bars: {error}. "
        f"{_correlations(result)}Patterns: of {count(config.samples, 'sample')} a label the one of "
        f"lowest overlap loss; pseudo-inverse rule, T = {number(config.temperature)}, "
        f"{count(config.sweeps, 'sweep')} of {config.attempts_per_sweep:,} attempts, recalled from "
        f"|m| ≥ {number(config.criterion)} on. "
        f"{dataset_name(result.dataset)}.{cut_labels(n_labels)}"
    )


def _correlations(result: ConsistencyResult) -> str:
    """The rank correlations of what is drawn."""
    table = result.tables["correlation"].set_index(["stored", "measure"])["spearman"]
    said = [
        f"{', '.join(_correlation(table[stored, measure]) for stored in _LOOKS)} ({side})"
        for measure, side in zip(_PANELS, ("left", "right"), strict=True)
        if not table[[(stored, measure) for stored in _LOOKS]].isna().any()
    ]
    return f"Rank correlations, all and some stored: {'; '.join(said)}. " if said else ""


def _correlation(value: float) -> str:
    return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")
