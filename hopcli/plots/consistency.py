"""The figure of ``hopcli consistency``: recall against the consistency of a label's shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.plots import kit
from hopcli.plots.page import FAINT, TEXT, room, shorten, styled

if TYPE_CHECKING:
    from hopcli.config import ConsistencyConfig
    from hopcli.experiments.consistency import ConsistencyResult
    from hopcli.plots.figure import Picture

_LONGEST_NAME = 0.8  # inches
_PANELS = {
    "within": "mean $m^2$ within a label",
    "contrast": "$m^2$ within less between labels",
}
"""The measure along the axis of each panel."""
_LOOKS = {
    "all": kit.look(0, ls="none", zorder=3),
    "half": kit.look(1, ls="none", zorder=2.5, mfc="white"),
}


@styled
def figures(config: ConsistencyConfig, result: ConsistencyResult) -> dict[str, Picture]:
    """Draw ``consistency``: accuracy of each label against two measures."""
    n = len(config.digits)
    halves = f"{n // 2}" if n % 2 == 0 else f"{n // 2} or {n // 2 + 1}"
    stored = {"all": f"all {n} labels stored", "half": f"{halves} random labels stored"}
    page, panels = kit.panel_page(
        "Recall against the consistency of the shape",
        _caption(config, result),
        (4.2, 3.3),
        len(_PANELS),
        gap=(0.4, 1.1),
        above=0.4,
        legend=[kit.Entry(stored[name], [style]) for name, style in _LOOKS.items()],
    )
    shapes = result.columns["consistency"].take(slice(kit.MOST_LABELS))
    names = [shorten(label, _LONGEST_NAME, TEXT, bold=True) for label in shapes["label"].tolist()]
    for ax, (measure, label) in zip(panels, _PANELS.items(), strict=True):
        x = shapes[measure]
        margin = 0.08 * float(np.ptp(x)) or 0.01
        ax.set(xlim=(x.min() - margin, x.max() + margin), ylim=(-0.03, 1.03), xlabel=label)
        ax.tick_params(labelleft=ax is panels[0] or bool(room()))
        for name, style in _LOOKS.items():
            rows = result.columns["recall"].where(stored=name).take(slice(kit.MOST_LABELS))
            kit.draw_points(ax, x, kit.estimate(rows, "accuracy"), ms=5, **style)
        for value in x:
            ax.axvline(value, color=FAINT, lw=0.6, zorder=1)
        kit.write_above(page, ax, x, names, leader=0.16, size=TEXT, weight="bold")
    panels[0].set_ylabel("accuracy (fraction recalled)")
    return {"consistency": page.figure}


def _caption(config: ConsistencyConfig, result: ConsistencyResult) -> str:
    table, values = result.columns["correlation"], []
    for measure in _PANELS:
        rows = (table.where(stored=stored, measure=measure) for stored in _LOOKS)
        values.append(", ".join(kit.minus(f"{row['spearman'].item():.2f}") for row in rows))
    known = not np.isnan(table["spearman"]).any()
    return kit.sentences(
        "Along x: mean squared overlap of two images of a label; right: less that with others.",
        kit.bars(result.columns["recall"], "accuracy"),
        f"Rank correlations, all and half stored: {'; '.join(values)}." if known else "",
        kit.cut_labels(len(config.digits)),
    )
