"""Energy and overlap of a few trials, sweep by sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.ticker import MaxNLocator

from hopcli.plots.look import INK, LINE, TEXT
from hopcli.plots.page import Page, shorten, text_width
from hopcli.plots.rows import what_was_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult

__all__ = ["named", "trace_figure"]

_WIDTH, _HEIGHT, _GAP, _LEFT, _TOP = 3.3, 1.75, 0.8, 0.75, 0.1  # inches
_BETWEEN, _BELOW, _SAMPLE, _LONGEST_NAME = 0.55, 0.5, 0.42, 3.4
_MOST = 6  # labels drawn, and patterns in a row; the table has them all
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1.2, 1.5)), (0, (6, 2, 1.5, 2)))
# Markers tell patterns apart where colours do not, as in grey.
_LOOKS = (
    (INK, "o"),
    ("#0072b2", "s"),
    ("#e69f00", "^"),
    ("#7b2d8b", "D"),
    ("#56b4e9", "v"),
    ("#a23b00", "P"),
)
_MARKS = 7  # of a line, about


class _Line(NamedTuple):
    """One line of a legend: how it looks, and what it is."""

    look: dict[str, Any]
    name: str


def trace_figure(config: RecallConfig, result: RecallResult) -> Figure:
    """A row a label, against the sweep: energy a spin, and overlap with stored patterns."""
    table = result.tables["trace"]
    labels = list(dict.fromkeys(table["label"]))
    shown = labels[:_MOST]
    step = _HEIGHT + _BETWEEN
    names = [_trial_name(1, label) for label in shown]
    names += [_overlap_name(name) for name in result.patterns.names]
    longest = min(_LONGEST_NAME, max(text_width(name, TEXT) for name in names))
    page = Page(
        _LEFT + 2 * _WIDTH + _GAP + 0.25 + _SAMPLE + 0.1 + longest,
        _TOP + step * len(shown) - _BETWEEN + _BELOW,
        "Energy and overlap, sweep by sweep",
        _caption(config, result, len(labels)),
    )
    for row, label in enumerate(shown):
        _draw_row(page, _TOP + row * step, result, label, config.sweeps)
    return page.figure


def _draw_row(page: Page, y: float, result: RecallResult, label: str, sweeps: int) -> None:
    """The trials of one label."""
    table = result.tables["trace"]
    own = table[table["label"] == label]
    n_sites = result.patterns.xi.shape[1]
    energy = page.axes(_LEFT, y, _WIDTH, _HEIGHT)
    overlap = page.axes(_LEFT + _WIDTH + _GAP, y, _WIDTH, _HEIGHT)
    names = _patterns(result, label, own)
    trials = []
    for k, (_, trial) in enumerate(own.groupby("trial")):
        dash = {"ls": _DASHES[k % len(_DASHES)], "lw": 1.2}
        trials.append(_Line({**dash, "color": INK}, _trial_name(k + 1, label)))
        sweep = trial["sweep"].to_numpy()
        energy.plot(sweep, trial["energy"].to_numpy() / n_sites, color=INK, **dash)
        for j, name in enumerate(names):
            m = trial[f"overlap_{name}"].to_numpy()
            overlap.plot(sweep, m, **dash, **_pattern_look(j, len(names), k, len(sweep)))
    for ax in (energy, overlap):
        ax.xaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xlim(0, sweeps)
        ax.set_xlabel("sweep")
        for line in ax.lines:
            line.set_clip_on(False)  # a marker at the edge is drawn whole
    energy.set_ylabel("energy a spin, H / N")
    overlap.set_ylabel("overlap m")
    lowest = min(float(np.min(line.get_ydata())) for line in overlap.lines)
    overlap.set_ylim(min(0.0, lowest) - 0.05, 1.05)
    patterns = [
        _Line({"ls": "", **_pattern_look(j, len(names), 0, 1)}, _overlap_name(name))
        for j, name in enumerate(names)
    ]
    _draw_names(page, y, trials + (patterns if len(names) > 1 else []))


def _trial_name(place: int, label: str) -> str:
    return f"trial {place} of {named(label)}"


def _overlap_name(pattern: str) -> str:
    return f"m with {named(pattern)}"


def named(label: str) -> str:
    """A label in a sentence: a digit is quoted, or trial 1 of 3 would be one of three."""
    return f"“{label}”" if label.isdecimal() else label


def _pattern_look(place: int, n_patterns: int, trial: int, n_points: int) -> dict[str, Any]:
    """Colour and marker of a pattern; a pattern alone needs none."""
    if n_patterns == 1:
        return {"color": INK}
    colour, marker = _LOOKS[place]
    every = max(min(3, n_points), n_points // _MARKS)
    # Not all at the same sweeps, or those of one line would hide those of another.
    first = (trial + place) % every
    return {
        "color": colour,
        "marker": marker,
        "ms": 5,
        "mfc": "white" if place % 2 else colour,
        "markevery": (first, every),
    }


def _draw_names(page: Page, y: float, lines: Sequence[_Line]) -> None:
    """A legend at the right of a row."""
    x = _LEFT + 2 * _WIDTH + _GAP + 0.25
    for k, line in enumerate(lines):
        middle = y + LINE / 2 + k * LINE
        page.canvas.plot(
            [x, x + _SAMPLE / 2, x + _SAMPLE], [middle] * 3, **{**line.look, "markevery": [1]}
        )
        name = shorten(line.name, _LONGEST_NAME, TEXT)
        page.text(x + _SAMPLE + 0.08, middle, name, size=TEXT, va="center")


def _patterns(result: RecallResult, label: str, trials: pd.DataFrame) -> list[str]:
    """Patterns whose overlaps are drawn: the own ones, else those that trials come nearest to."""
    patterns = result.patterns
    pairs = zip(patterns.names, patterns.labels, strict=True)
    names = [name for name, stored in pairs if stored == label] or list(patterns.names)
    if len(names) <= _MOST:
        return names
    nearest = [-float(np.abs(trials[f"overlap_{name}"]).max()) for name in names]
    return [names[k] for k in sorted(np.argsort(nearest, kind="stable")[:_MOST].tolist())]


def _caption(config: RecallConfig, result: RecallResult, n_labels: int) -> str:
    table, stored = result.tables["trace"], result.patterns.labels
    labels = list(dict.fromkeys(table["label"]))[:_MOST]
    which = "its own pattern" if set(labels) <= set(stored) else "each stored pattern"
    most = max(stored.count(label) or len(stored) for label in labels)
    near = f" (of {len(stored)}, the {_MOST} that its trials come nearest to)"
    cut = f" The first {_MOST} of {n_labels} labels." if n_labels > _MOST else ""
    return (
        f"A few trials of each label, one line a trial: left the energy, right the overlap with "
        f"{which}{near if most > _MOST else ''}.{cut} {what_was_run(config, result)}"
    )
