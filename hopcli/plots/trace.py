"""Energy and overlap of a few trials, sweep by sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from hopcli.plots.captions import quoted, what_was_run
from hopcli.plots.kit import COLOURS, DASHES, MARKERS, Entry, draw_entry, panel_page
from hopcli.plots.page import INK, LINE, TEXT, Page, shorten, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult
    from hopcli.plots.files import Picture
    from hopcli.tables import Columns

_LONGEST_NAME = 3.4  # inches
_MOST = 6  # labels drawn, and patterns in a row; the table has them all
_MARKS = 7  # of a line, about


def trace_figure(config: RecallConfig, result: RecallResult) -> Picture:
    """Draw one row per label: energy per spin, and overlap with stored patterns, by sweep."""
    labels = list(dict.fromkeys(result.columns["trace"]["label"].tolist()))
    names = [f"trial 1 of {quoted(label)}" for label in labels[:_MOST]]
    names += [f"m with {quoted(name)}" for name in result.patterns.names]
    longest = min(_LONGEST_NAME, max(text_width(name, TEXT) for name in names))
    page, panels = panel_page(
        "Energy and overlap, sweep by sweep",
        _caption(config, result, labels),
        (3.3, 1.75),
        2 * len(labels[:_MOST]),
        2,
        above=0.1,
        gap=(0.8, 0.55),
        right=0.85 + longest,
    )
    for row, label in enumerate(labels[:_MOST]):
        _draw_row(page, panels[2 * row : 2 * row + 2], result, label, config.sweeps)
    return page.figure


def _draw_row(
    page: Page, panels: list[Axes], result: RecallResult, label: str, sweeps: int
) -> None:
    """Draw the trials of one label, with a legend at the right."""
    energy, overlap = panels
    own = result.columns["trace"].where(label=label)
    names, entries = _patterns(result, label, own), []
    for k, place in enumerate(np.unique(own["trial"])):
        trial = own.where(trial=place)
        dash = {"ls": DASHES[k % len(DASHES)], "lw": 1.2}
        entries.append(Entry(f"trial {k + 1} of {quoted(label)}", [{**dash, "color": INK}]))
        sweep = trial["sweep"]
        energy.plot(sweep, trial["energy"] / result.patterns.xi.shape[1], color=INK, **dash)
        for j, name in enumerate(names):
            style = _pattern_look(j, len(names), k, len(sweep))
            overlap.plot(sweep, trial[f"overlap_{name}"], **dash, **style)
    if len(names) > 1:
        looks = [{"ls": "", **_pattern_look(j, len(names), 0, 1)} for j in range(len(names))]
        entries += [
            Entry(f"m with {quoted(name)}", [{**style, "markevery": [1]}])
            for name, style in zip(names, looks, strict=True)
        ]
    for ax in (energy, overlap):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set(xlim=(0, sweeps), xlabel="sweep")
        for line in ax.lines:
            line.set_clip_on(False)  # a marker at the edge is drawn whole
    lowest = min(float(np.min(line.get_ydata())) for line in overlap.lines)
    energy.set_ylabel("energy a spin, H / N")
    overlap.set(ylabel="overlap m", ylim=(min(0.0, lowest) - 0.05, 1.05))
    ((x, y),) = page.inches(overlap.transAxes, (1, 1))
    for row, entry in enumerate(entries):
        entry = Entry(shorten(entry.text, _LONGEST_NAME, TEXT), entry.looks)
        draw_entry(page, x + 0.25, y + (row + 0.5) * 0.95 * LINE, entry)


def _pattern_look(place: int, n_patterns: int, trial: int, n_points: int) -> dict[str, Any]:
    """Return colour and marker of a pattern; a pattern alone needs none."""
    if n_patterns == 1:
        return {"color": INK}
    every = max(min(3, n_points), n_points // _MARKS)
    return {
        "color": COLOURS[place],
        "marker": MARKERS[place],
        "ms": 5,
        "mfc": "white" if place % 2 else COLOURS[place],
        # At different sweeps, so that markers of one line do not hide those of another.
        "markevery": ((trial + place) % every, every),
    }


def _patterns(result: RecallResult, label: str, trials: Columns) -> list[str]:
    """Return the own patterns of a label, otherwise those nearest to its trials."""
    patterns = result.patterns
    pairs = zip(patterns.names, patterns.labels, strict=True)
    names = [name for name, stored in pairs if stored == label] or list(patterns.names)
    if len(names) <= _MOST:
        return names
    nearest = [-float(np.abs(trials[f"overlap_{name}"]).max()) for name in names]
    return [names[k] for k in sorted(np.argsort(nearest, kind="stable")[:_MOST].tolist())]


def _caption(config: RecallConfig, result: RecallResult, labels: list[str]) -> str:
    stored, shown = result.patterns.labels, labels[:_MOST]
    which = "its own pattern" if set(shown) <= set(stored) else "each stored pattern"
    most = max(stored.count(label) or len(stored) for label in shown)
    near = f" (of {len(stored)}, the {_MOST} nearest to its trials)"
    cut = f" The first {_MOST} of {len(labels)} labels." if len(labels) > _MOST else ""
    return (
        f"A few trials of each label, one line per trial: left the energy, right the overlap with "
        f"{which}{near if most > _MOST else ''}.{cut} {what_was_run(config, result)}"
    )
