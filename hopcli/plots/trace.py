"""Energy and overlaps of a few trials, sweep by sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from hopcli.plots import kit
from hopcli.plots.page import INK, LINE, SOFT

if TYPE_CHECKING:
    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.plots.figure import Picture

_MOST = 6  # labels drawn; the table contains all
_MARKS = 5  # of a line, about
_OTHERS: dict[str, Any] = {"color": SOFT, "ls": "-", "marker": ""}


def trace_figure(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw a row per label: energy per spin of its trials, then the overlaps of each trial.

    A panel of overlaps contains those with all stored patterns; its heading names the pattern
    that is nearest at the end.
    """
    table, names = result.columns["trace"], result.patterns.names
    labels = list(dict.fromkeys(table["label"].tolist()))
    shown = labels[:_MOST]
    rows = [table.where(label=label) for label in shown]
    trials = [[own.where(trial=place) for place in np.unique(own["trial"])] for own in rows]
    across = 1 + max(map(len, trials))
    looks = [kit.look(k) if k < len(kit.COLOURS) else _OTHERS for k in range(len(names))]
    dashes = [{"color": INK, "ls": kit.look(k)["ls"], "lw": 1.2} for k in range(across - 1)]
    entries = [
        kit.Entry(f"m with {kit.quoted(name)}", [each | {"lw": 1.2}])
        for name, each in zip(names[: len(kit.COLOURS)], looks, strict=False)
    ]
    entries += [kit.Entry("m with others", [_OTHERS])] if len(names) > len(kit.COLOURS) else []
    if across > 2:
        entries += [kit.Entry(f"energy, trial {k + 1}", [dash]) for k, dash in enumerate(dashes)]
    page, panels = kit.panel_page(
        "Energy and overlaps, sweep by sweep",
        kit.sentences(
            "Overlaps with all stored patterns; thick and named: the nearest at the end.",
            kit.cut_labels(len(labels), _MOST),
        ),
        (2.3, 1.6),
        across * len(shown),
        across,
        legend=entries,
        above=LINE + 0.1,
        gap=(0.75, 0.6 + LINE),
    )
    m = [np.stack([trial[f"overlap_{name}"] for name in names]) for own in trials for trial in own]
    limits = (min(0.0, *(float(each.min()) for each in m)) - 0.05, 1.05)
    every = max(1, config.sweeps // _MARKS)
    overlaps = iter(m)
    for row, (label, own) in enumerate(zip(shown, trials, strict=True)):
        energy, *others = panels[row * across : (row + 1) * across]
        kit.write_heading(page, energy, kit.quoted(label))
        energy.set_ylabel("energy per spin, H / N")
        for k, (trial, ax, dash) in enumerate(zip(own, others, dashes, strict=False)):
            sweep, values = trial["sweep"], next(overlaps)
            energy.plot(sweep, trial["energy"] / result.patterns.xi.shape[1], **dash)
            nearest = int(np.argmax(np.abs(values[:, -1])))
            for j, style in enumerate(looks):
                marks = {"ms": 4.5, "markevery": (j % every, every), "label": names[j]}
                wins = {"lw": 2.4, "zorder": 3} if j == nearest else {"lw": 1.0}
                ax.plot(sweep, values[j], **style | marks | wins)
            m_end = kit.minus(f"{values[nearest, -1]:.2f}")
            head = f"trial {k + 1}: m = {m_end} with {kit.quoted(names[nearest])}"
            kit.write_heading(page, ax, head, bold=False)
            ax.set(ylim=limits, ylabel="overlap m")
        for ax in others[len(own) :]:
            ax.set_axis_off()
        for ax in (energy, *others):
            ax.xaxis.set_major_locator(MaxNLocator(4, integer=True))
            ax.set(xlim=(0, config.sweeps), xlabel="sweep")
            for line in ax.lines:
                line.set_clip_on(False)  # a marker at the edge is drawn whole
    return page.figure
