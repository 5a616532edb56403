"""Gallery of a few trials: their starting and final states."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.plots.kit import (
    MOST_LABELS,
    criterion,
    cut_labels,
    draw_row_heads,
    heads_width,
    number,
    own_pattern,
    sentences,
    starts,
)
from hopcli.plots.page import FAINT, LINE, MUTED, SOFT, TEXT, Page, pages, room, shorten

if TYPE_CHECKING:
    from hopcli.config import RecallConfig
    from hopcli.experiments.recall import Gallery, RecallResult
    from hopcli.plots.page import Picture

_STATE, _LARGE = 0.8, 2.0  # inches: a state among many, and on its own page
_ARROW, _PAIR_GAP, _GROUP_GAP = 0.26, 0.4, 0.6
_TOP, _BELOW = 0.34, 2 * LINE + 0.28
_HANDFUL = 6
_ENDS = {
    "own": "",
    "mixture": "ends in a mixture",
    "fixed-point": "ends in a fixed point",
    "two-cycle": "ends in a two-cycle",
    "unsettled": "ends unsettled",
    "inverse": "ends in inverse {}",
}


def gallery_figures(config: RecallConfig, result: RecallResult) -> dict[str, Picture]:
    """Draw one page with a row per label; for many own pictures, one page per picture.

    The pages are ``gallery``, ``gallery-2``, ``gallery-3`` and so on.
    """
    labels = result.columns["confusion"]["label"].tolist()[:MOST_LABELS]
    heading = f"{starts(config, result)} before and after the run"
    if len(labels) <= _HANDFUL or not config.dataset.startswith("images:"):
        title = heading[0].upper() + heading[1:]
        caption = _caption(config, result, labels)
        return {"gallery": _page(result, labels, _STATE, title, caption)}
    pages = {}
    for place, label in enumerate(labels, start=1):
        caption = f"Page {place} of {len(labels)}. {_caption(config, result, [label])}"
        name = "gallery" if place == 1 else f"gallery-{place}"
        pages[name] = _page(result, [label], _LARGE, f"{label}: {heading}", caption)
    return pages


def _page(
    result: RecallResult, labels: list[str], state: float, title: str, caption: str
) -> Picture:
    """Draw one row per label: the stored pattern, trials recalled, trials not recalled."""
    trials, patterns = result.gallery.trials, result.patterns
    own = [trials["label"] == label for label in labels]
    recalled = trials["recalled"].astype(np.bool_)
    groups = {
        "recalled": [np.flatnonzero(rows & recalled) for rows in own],
        "not recalled": [np.flatnonzero(rows & ~recalled) for rows in own],
    }
    most = [max(1, *map(len, rows)) for rows in groups.values()]  # one for the word "none"
    gaps, space = (_PAIR_GAP, _GROUP_GAP), room()
    if space is not None:
        gaps, across = (0.2, 0.3), max(1, int((space - 1.1) / 3.2))
        most = [min(n, across) for n in most]
        left = space - heads_width(labels, 0) - 2 * gaps[1] - sum(most) * (_ARROW + gaps[0])
        state = (left + 2 * gaps[0]) / (2 * sum(most) + 1)
    pair = 2 * state + _ARROW
    widths = [n * (pair + gaps[0]) - gaps[0] for n in most]
    x, step = heads_width(labels, state) + gaps[1], state + _BELOW
    width = x + sum(widths) + gaps[1]
    page = Page(width, _TOP + step * len(labels) - 0.28, title, caption)
    middles = [_TOP + row * step + state / 2 for row in range(len(labels))]
    draw_row_heads(page, patterns, labels, middles, state)
    if not set(labels).isdisjoint(patterns.labels):
        stored = x - gaps[1] - state / 2
        page.text(stored, 0, "stored", size=TEXT, ha="center", va="top", color=MUTED)
    for (heading, rows), width, n in zip(groups.items(), widths, most, strict=True):
        page.text(x, 0, heading, size=TEXT, va="top", color=MUTED)
        page.canvas.hlines(LINE + 0.05, x, x + width, color=FAINT, lw=0.8)
        for middle, places in zip(middles, rows, strict=True):
            if not len(places):
                page.text(x, middle, "none", va="center", color=SOFT)
            for k, place in enumerate(places[:n]):
                left = x + k * (pair + gaps[0])
                _draw_pair(page, left, middle, state, result.gallery, patterns.shape, int(place))
        x += width + gaps[1]
    return page.figure


def trials_figure(gallery: Gallery, shape: tuple[int, int], title: str) -> Picture:
    """Draw start and end of some trials in rows, each with overlap and outcome below.

    Parameters
    ----------
    gallery : Gallery
        The trials.
    shape : tuple of int
        Height and width of a state as a picture.
    title : str
        Title.
    """
    n_trials, pair, step = len(gallery.start), 2 * _STATE + _ARROW + _PAIR_GAP, _STATE + _BELOW
    columns = min(n_trials, _HANDFUL // 2)
    with pages():
        page = Page(columns * pair - _PAIR_GAP, -(-n_trials // columns) * step - 0.28, title, "")
        for k in range(n_trials):
            x, middle = k % columns * pair, k // columns * step + _STATE / 2
            _draw_pair(page, x, middle, _STATE, gallery, shape, k)
        return page.figure


def _draw_pair(
    page: Page,
    x: float,
    middle: float,
    state: float,
    gallery: Gallery,
    shape: tuple[int, int],
    place: int,
) -> None:
    """Draw start and end of a trial, with its image, overlap and outcome below."""
    trial, top = gallery.trials.row(place), middle - state / 2
    right, below = x + 2 * state + _ARROW, middle + state / 2 + 0.05
    page.pattern(x, top, state, gallery.start[place], shape)
    page.pattern(right - state, top, state, gallery.end[place], shape)
    page.text((x + right) / 2, middle, "→", size=14, ha="center", va="center")
    source, overlap, outcome = _below(trial)
    page.text(x, below, source, va="top", color=MUTED)
    page.text(right, below, overlap, ha="right", va="top")
    page.text(right, below + LINE, shorten(outcome, right - x), ha="right", va="top")


def _below(trial: dict[str, Any]) -> tuple[str, str, str]:
    """Return source index, overlap (with the own pattern if there is one) and outcome."""
    source = str(trial["source_index"]) if trial["source_index"] >= 0 else ""
    own = math.isfinite(trial["overlap_own"])
    overlap = trial["overlap_own"] if own else trial["best_overlap"]
    outcome = _ENDS.get(trial["outcome"], "ends in {}").replace("{}", trial["best_label"])
    return source, f"m = {number(overlap)}", outcome


def _caption(config: RecallConfig, result: RecallResult, labels: list[str]) -> str:
    trials = result.gallery.trials
    has_index = (trials["source_index"] >= 0) & np.isin(trials["label"].astype(str), labels)
    return sentences(
        "First trials of each label that were recalled and that were not: start → end, with "
        f"{'the index of the image and ' if has_index.any() else ''}the overlap m at the end.",
        f"Recalled: {criterion(config)} with {own_pattern(result)}.",
        cut_labels(len(result.columns["confusion"])),
    )
