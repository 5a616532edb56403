"""The figure of ``hopcli attractors``: the most frequent final states of each rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots import kit
from hopcli.plots.page import FAINT, LINE, MUTED, TEXT, Page, room, shorten, styled

if TYPE_CHECKING:
    from hopcli.config import AttractorsConfig
    from hopcli.experiments.attractors import AttractorsResult
    from hopcli.plots.figure import Picture

_PICTURE, _STEP, _ACROSS = 0.95, 1.4, 6
_HEADING, _RULE_GAP = 3 * LINE + 0.2, 0.25


@styled
def figures(config: AttractorsConfig, result: AttractorsResult) -> dict[str, Picture]:
    """Draw ``attractors``: a heading for each rule, with its states below."""
    most = min(_ACROSS, max(map(len, result.states.values())))
    across, step = kit.in_a_row(most, 1.15, _STEP)
    picture = min(step - (_STEP - _PICTURE), 2 * _PICTURE)
    row = picture + 3 * LINE + 0.3
    heights = [_HEADING + -(-len(each) // across) * row for each in result.states.values()]
    width, height = max(across * step, 6.4), sum(heights) + _RULE_GAP * (len(heights) - 1)
    width = room() or width
    page = Page(
        width,
        height,
        "Where starts end at T = 0",
        kit.sentences(
            "Most frequent final states: share of the starts, kind, energy.",
            "Above: Chao's estimate of the number of attractors, unseen ones included.",
            "A state and its inverse count as one." if config.folds_inverses else "",
            "A two-cycle counts as one state." if config.dynamics == "sync" else "",
        ),
    )
    table, y = result.columns["attractors"], 0.0
    for (rule, states), taken in zip(result.states.items(), heights, strict=True):
        page.text(0, y, rule, size=TEXT, weight="bold", va="top")
        for line, text in enumerate((_kinds(result, rule), _richness(result, rule)), start=1):
            place = y + line * LINE + 0.03
            page.text(0, place, shorten(text, width), va="top", color=MUTED)
        page.canvas.hlines(y + _HEADING - 0.1, 0, width, color=FAINT, lw=0.8)
        own = table.where(rule=rule)
        for k, state in enumerate(states):
            box = page, k % across * step, y + _HEADING + k // across * row, picture
            lines, shape = _lines(own.row(k)), result.patterns.shape
            kit.draw_thumbnail(*box, state, shape, lines, width=step - 0.1)
        y += taken + _RULE_GAP
    return {"attractors": page.figure}


_WORDS = {"fixed-point": "fixed point"}
"""Kinds of states that a picture spells in another way."""


def _lines(row: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return frequency, kind and energy of a state."""
    kind = _WORDS.get(row["kind"], row["kind"])
    kind = f"{kind} {row['nearest']}" if kind in ("pattern", "inverse") else kind
    energy = f"E = {kit.number(row['energy'])}"
    return [
        (f"{100 * row['fraction']:.3g} %", {}),
        (kind, {"color": MUTED}),
        (energy, {"color": MUTED}),
    ]


def _kinds(result: AttractorsResult, rule: str) -> str:
    """Return the frequency of each kind of state, in one line."""
    table = result.columns["kinds"].where(rule=rule)
    return ", ".join(
        f"{_WORDS.get(row['kind'], row['kind'])} {100 * row['fraction']:.3g} % "
        f"({kit.count(row['distinct'], 'state')})"
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
