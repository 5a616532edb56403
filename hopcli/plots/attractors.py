"""The figure of ``hopcli attractors``: the most frequent final states of each rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots.captions import count, dataset_name, images, number, size
from hopcli.plots.kit import draw_thumbnail
from hopcli.plots.page import FAINT, LINE, MUTED, TEXT, Page, styled

if TYPE_CHECKING:
    from hopcli.config import AttractorsConfig
    from hopcli.experiments.attractors import AttractorsResult
    from hopcli.plots.files import Picture

_PICTURE, _STEP, _ACROSS = 0.95, 1.4, 6
_ROW = _PICTURE + 3 * LINE + 0.3
_HEADING, _RULE_GAP = 2 * LINE + 0.2, 0.25


@styled
def figures(config: AttractorsConfig, result: AttractorsResult) -> dict[str, Picture]:
    """Draw ``attractors``: a heading for each rule, with its states below."""
    heights = [_HEADING + -(-len(each) // _ACROSS) * _ROW for each in result.states.values()]
    across = min(_ACROSS, max(map(len, result.states.values())))
    width, height = max(across * _STEP, 6.4), sum(heights) + _RULE_GAP * (len(heights) - 1)
    page = Page(width, height, "Where starts end at T = 0", _caption(config, result))
    table, y = result.columns["attractors"], 0.0
    for (rule, states), taken in zip(result.states.items(), heights, strict=True):
        page.text(0, y, rule, size=TEXT, weight="bold", va="top")
        page.text(width, y, _richness(result, rule), va="top", ha="right", color=MUTED)
        page.text(0, y + LINE + 0.03, _kinds(result, rule), va="top", color=MUTED)
        page.canvas.hlines(y + _HEADING - 0.1, 0, width, color=FAINT, lw=0.8)
        own = table.where(rule=rule)
        for k, state in enumerate(states):
            place = page, k % _ACROSS * _STEP, y + _HEADING + k // _ACROSS * _ROW, _PICTURE
            shape = result.patterns.shape
            draw_thumbnail(*place, state, shape, _lines(own.row(k)), width=_STEP - 0.1)
        y += taken + _RULE_GAP
    return {"attractors": page.figure}


def _lines(row: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return frequency, kind and energy of a state."""
    kind = row["kind"].replace("-", " ")
    kind = f"{kind} {row['nearest']}" if kind in ("pattern", "inverse") else kind
    energy = f"E = {number(row['energy'])}"
    return [
        (f"{100 * row['fraction']:.3g} %", {}),
        (kind, {"color": MUTED}),
        (energy, {"color": MUTED}),
    ]


def _kinds(result: AttractorsResult, rule: str) -> str:
    """Return the frequency of each kind of state, in one line."""
    table = result.columns["kinds"].where(rule=rule)
    return ", ".join(
        f"{row['kind'].replace('-', ' ')} {100 * row['fraction']:.3g} % "
        f"({count(row['distinct'], 'state')})"
        for row in map(table.row, range(len(table) - 1))  # the last row is the total
        if row["count"]
    )


def _richness(result: AttractorsResult, rule: str) -> str:
    """Return the number of attractors observed, and the estimated total."""
    row = result.columns["kinds"].where(rule=rule, kind="attractors").row(0)
    low = math.floor(row["chao1_ci_low"])
    high = math.ceil(round(row["chao1_ci_high"], 2))  # 3.0001 is not 4
    met = f"{row['distinct']:,} of at least {round(row['chao1']):,}"
    return f"{met} attractors seen (95 %: {low:,} to {high:,})"


def _caption(config: AttractorsConfig, result: AttractorsResult) -> str:
    patterns = result.patterns
    signs = "A state and its inverse count as one. " if config.folds_inverses else ""
    named = {"random": "random spins", "image": images(config, result), "majority": "the majority"}
    start = str(config.start)
    if config.dynamics == "sync":
        signs += "A two-cycle counts once: the one of its two states nearer to a pattern is drawn. "
    return (
        f"The most frequent of the distinct states that {count(config.starts, 'start')} from "
        f"{named.get(start, start)} end in, with the share of the starts, the kind and the energy "
        "of each. At the right, Chao's estimate of the number of attractors, including unseen "
        "ones, and its 95 % interval; there may be many more that are too rare to be seen. "
        f"{signs}A pattern, its inverse or a mixture of three: |m| ≥ {number(config.criterion)}. "
        f"p = {count(len(patterns.labels), 'pattern')} ({', '.join(patterns.labels[:10])}) of "
        f"{size(patterns.shape)} ({dataset_name(patterns.dataset)}); {config.dynamics} updates, at "
        f"most {count(config.sweeps, 'sweep')} of N."
    )
