"""The figure of ``hopcli consistency``: recall against the consistency of a label's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.plots.captions import (
    MOST_LABELS,
    count,
    cut_labels,
    dataset_name,
    images,
    minus,
    number,
)
from hopcli.plots.kit import Entry, draw_points, estimate, look, panel_page, write_above
from hopcli.plots.page import FAINT, TEXT, shorten, styled

if TYPE_CHECKING:
    from hopcli.config import ConsistencyConfig
    from hopcli.experiments.consistency import ConsistencyResult
    from hopcli.plots.files import Picture

_LONGEST_NAME = 0.8  # inches
_PANELS = {
    "within": "mean $m^2$ within a label",
    "contrast": "contrast: mean $m^2$ within less between labels",
}
"""The measure along the axis of each panel."""
_LOOKS = {
    "all": look(0, ls="none", zorder=3),
    "half": look(1, ls="none", zorder=2.5, mfc="white"),
}


@styled
def figures(config: ConsistencyConfig, result: ConsistencyResult) -> dict[str, Picture]:
    """Draw ``consistency``: accuracy of each label against two measures."""
    n = len(config.digits)
    halves = f"{n // 2}" if n % 2 == 0 else f"{n // 2} or {n // 2 + 1}"
    stored = {"all": f"all {n} labels stored", "half": f"{halves} random labels stored"}
    page, panels = panel_page(
        "Recall against the consistency of the shape",
        _caption(config, result),
        (4.2, 3.3),
        len(_PANELS),
        gap=(0.4, 0),
        above=0.4,
        legend=[Entry(stored[name], [style]) for name, style in _LOOKS.items()],
    )
    shapes = result.columns["consistency"].take(slice(MOST_LABELS))
    names = [shorten(label, _LONGEST_NAME, TEXT, bold=True) for label in shapes["label"].tolist()]
    for ax, (measure, label) in zip(panels, _PANELS.items(), strict=True):
        x = shapes[measure]
        margin = 0.08 * float(np.ptp(x)) or 0.01
        ax.set(xlim=(x.min() - margin, x.max() + margin), ylim=(-0.03, 1.03), xlabel=label)
        ax.tick_params(labelleft=ax is panels[0])
        for name, style in _LOOKS.items():
            rows = result.columns["recall"].where(stored=name).take(slice(MOST_LABELS))
            draw_points(ax, x, estimate(rows, "accuracy"), ms=5, **style)
        for value in x:
            ax.axvline(value, color=FAINT, lw=0.6, zorder=1)
        write_above(page, ax, x, names, leader=0.16, size=TEXT, weight="bold")
    panels[0].set_ylabel("accuracy (fraction of test images recalled)")
    return {"consistency": page.figure}


def _caption(config: ConsistencyConfig, result: ConsistencyResult) -> str:
    error = (
        "95 % interval over the selections"
        if config.selections > 1
        else "none, as there is a single selection"
    )
    return (
        f"Fraction of test images recalled over {count(config.selections, 'selection')} of the "
        f"patterns, {config.tests:,} images of each label in each, against the consistency of the "
        f"label's shape over all its {images(config, result)}: mean squared overlap m² of two of "
        f"them (left), less that with images of other labels (right). Bars: {error}. "
        f"{_correlations(result)}Patterns: of {count(config.samples, 'sample')} per label the one "
        f"with the lowest overlap loss; pseudo-inverse rule, T = {number(config.temperature)}, "
        f"{count(config.sweeps, 'sweep')} of {config.attempts_per_sweep:,} attempts, recalled if "
        f"|m| ≥ {number(config.criterion)}. "
        f"{dataset_name(result.dataset)}.{cut_labels(len(config.digits))}"
    )


def _correlations(result: ConsistencyResult) -> str:
    """Return the rank correlations of the panels."""
    table, parts = result.columns["correlation"], []
    for measure, side in zip(_PANELS, ("left", "right"), strict=True):
        rows = (table.where(stored=stored, measure=measure) for stored in _LOOKS)
        values = [row["spearman"].item() for row in rows]
        if not np.isnan(values).any():
            parts.append(f"{', '.join(minus(f'{value:.2f}') for value in values)} ({side})")
    return f"Rank correlations, all and some stored: {'; '.join(parts)}. " if parts else ""
