"""A few trials as they start and as they end."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.plots.captions import number
from hopcli.plots.look import FAINT, LINE, MUTED, SOFT, TEXT, TITLE
from hopcli.plots.page import NARROWEST, Page, shorten
from hopcli.plots.rows import (
    criterion,
    draw_row_heads,
    own_pattern,
    row_heads_width,
    row_labels,
    starts,
    what_was_run,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import RecallResult

__all__ = ["gallery_figures"]

_STATE, _LARGE = 0.8, 2.0  # inches, of a state among many and on a page of its own
_ARROW, _PAIR_GAP, _GROUP_GAP = 0.26, 0.4, 0.6
_TOP, _BELOW = 0.34, 2 * LINE + 0.28
_HANDFUL = 6

_ENDS = {
    "mixture": "in a mixture",
    "fixed-point": "in a fixed point",
    "two-cycle": "in a two-cycle",
    "unsettled": "unsettled",
}


class _Pair(NamedTuple):
    """Start and end of a trial, and what is written below them."""

    start: NDArray[np.int8]
    end: NDArray[np.int8]
    source: str
    overlap: str
    outcome: str


def gallery_figures(config: RecallConfig, result: RecallResult) -> dict[str, Figure]:
    """One page, a row a label; of more than a handful of own pictures a page a picture.

    The pages are ``gallery``, ``gallery-2``, ``gallery-3`` and so on.
    """
    labels = row_labels(result)
    heading = f"{starts(config, result)} before and after the run"
    if len(labels) <= _HANDFUL or not config.dataset.startswith("images:"):
        title = heading[0].upper() + heading[1:]
        caption = _caption(config, result, labels)
        return {"gallery": _page(result, labels, _STATE, title, caption)}
    pages = {}
    for number_, label in enumerate(labels, start=1):
        pages["gallery" if number_ == 1 else f"gallery-{number_}"] = _page(
            result,
            [label],
            _LARGE,
            f"{label}: {heading}",
            f"Page {number_} of {len(labels)}. {_caption(config, result, [label])}",
        )
    return pages


def _page(
    result: RecallResult, labels: list[str], state: float, title: str, caption: str
) -> Figure:
    """A row a label: the stored pattern, images recalled, images not recalled."""
    groups = {
        heading: [_pairs(result, label, recalled) for label in labels]
        for heading, recalled in (("recalled", True), ("not recalled", False))
    }
    left = row_heads_width(labels, state) + _GROUP_GAP
    widths = [_group_width(rows, state) for rows in groups.values()]
    step = state + _BELOW
    height = _TOP + step * len(labels) - 0.28
    width = left + sum(widths) + _GROUP_GAP
    page = Page(width, height, shorten(title, max(width, NARROWEST), TITLE, bold=True), caption)
    middles = [_TOP + row * step + state / 2 for row in range(len(labels))]
    draw_row_heads(page, result.patterns, labels, middles, state)
    stored = left - _GROUP_GAP - state / 2
    if not set(labels).isdisjoint(result.patterns.labels):
        page.text(stored, 0, "stored", size=TEXT, ha="center", va="top", color=MUTED)
    x = left
    for (heading, rows), width in zip(groups.items(), widths, strict=True):
        page.text(x, 0, heading, size=TEXT, va="top", color=MUTED)
        page.canvas.hlines(LINE + 0.05, x, x + width, color=FAINT, lw=0.8)
        for row, pairs in enumerate(rows):
            _draw_pairs(page, x, _TOP + row * step, pairs, result.patterns.shape, state)
        x += width + _GROUP_GAP
    return page.figure


def _group_width(rows: list[list[_Pair]], state: float) -> float:
    most = max(len(pairs) for pairs in rows)
    if most == 0:
        return 2 * _STATE + _ARROW  # for the word "none"
    return most * (2 * state + _ARROW + _PAIR_GAP) - _PAIR_GAP


def _pairs(result: RecallResult, label: str, recalled: bool) -> list[_Pair]:
    """The trials of a label that were kept, recalled or not."""
    gallery = result.gallery
    trials = gallery.trials
    chosen = (trials["label"] == label) & (trials["recalled"] == recalled)
    return [
        _Pair(gallery.start[k], gallery.end[k], *_below(trials.iloc[k]))
        for k in np.flatnonzero(chosen)
    ]


def _below(trial: pd.Series[Any]) -> tuple[str, str, str]:
    """Source index, overlap (with the own pattern if there is one) and outcome."""
    source = str(trial["source_index"]) if trial["source_index"] >= 0 else ""
    own = math.isfinite(trial["overlap_own"])
    overlap = trial["overlap_own"] if own else trial["best_overlap"]
    return source, f"m = {number(overlap)}", _outcome(trial["outcome"], trial["best_label"])


def _outcome(outcome: str, best_label: str) -> str:
    """Where a trial ended, unless that was its own pattern."""
    if outcome == "own":
        return ""
    if outcome in _ENDS:
        return f"ends {_ENDS[outcome]}"
    return f"ends in {'inverse ' if outcome == 'inverse' else ''}{best_label}"


def _draw_pairs(
    page: Page, x: float, y: float, pairs: list[_Pair], shape: tuple[int, int], state: float
) -> None:
    """Pairs side by side, from the corner x, y on."""
    if not pairs:
        page.text(x, y + state / 2, "none", va="center", color=SOFT)
    width = 2 * state + _ARROW
    for k, pair in enumerate(pairs):
        left = x + k * (width + _PAIR_GAP)
        right, below = left + width, y + state + 0.05
        page.pattern(left, y, state, pair.start, shape)
        page.pattern(right - state, y, state, pair.end, shape)
        page.text((left + right) / 2, y + state / 2, "→", size=14, ha="center", va="center")
        page.text(left, below, pair.source, va="top", color=MUTED)
        page.text(right, below, pair.overlap, ha="right", va="top")
        outcome = shorten(pair.outcome, width)
        page.text(right, below + LINE, outcome, ha="right", va="top")


def _caption(config: RecallConfig, result: RecallResult, labels: list[str]) -> str:
    trials = result.gallery.trials
    has_index = (trials["source_index"] >= 0) & trials["label"].isin(labels)
    index = "the index of the image and " if has_index.any() else ""
    return (
        "The first trials of each label that were recalled and that were not: start → end, with "
        f"{index}the overlap m with {own_pattern(result)} at the end. "
        f"Recalled: {criterion(config)}. {what_was_run(config, result)}"
    )
