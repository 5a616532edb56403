"""The figure of ``hopcli attractors``: the most frequent final states of each rule."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots.captions import count, dataset_name, images, number, size
from hopcli.plots.look import FAINT, LINE, MUTED, TEXT
from hopcli.plots.page import Page, shorten, styled

if TYPE_CHECKING:
    from collections.abc import Hashable

    from matplotlib.figure import Figure

    from hopcli.config import AttractorsConfig
    from hopcli.experiments.attractors import AttractorsResult

__all__ = ["figures"]

_PICTURE, _STEP, _ACROSS = 0.95, 1.4, 6
_ROW = _PICTURE + 3 * LINE + 0.3
_HEADING = 2 * LINE + 0.2
_RULE_GAP = 0.25


@styled
def figures(config: AttractorsConfig, result: AttractorsResult) -> dict[str, Figure]:
    """The figure ``attractors``."""
    return {"attractors": _attractors(config, result)}


def _attractors(config: AttractorsConfig, result: AttractorsResult) -> Figure:
    n_rows = {rule: -(-len(states) // _ACROSS) for rule, states in result.states.items()}
    across = min(_ACROSS, max(len(states) for states in result.states.values()))
    height = sum(_HEADING + rows * _ROW + _RULE_GAP for rows in n_rows.values()) - _RULE_GAP
    width = max(across * _STEP, 6.4)
    page = Page(width, height, "Where starts end at T = 0", _caption(config, result))
    y = 0.0
    for rule, states in result.states.items():
        table = result.tables["attractors"]
        own = table[table["rule"] == rule]
        page.text(0, y, rule, size=TEXT, weight="bold", va="top")
        page.text(width, y, _richness(result, rule), va="top", ha="right", color=MUTED)
        page.text(0, y + LINE + 0.03, _kinds(result, rule), va="top", color=MUTED)
        page.canvas.hlines(y + _HEADING - 0.1, 0, width, color=FAINT, lw=0.8)
        for k, (state, row) in enumerate(zip(states, own.to_dict("records"), strict=False)):
            left, top = k % _ACROSS * _STEP, y + _HEADING + k // _ACROSS * _ROW
            page.pattern(left, top, _PICTURE, state, result.patterns.shape)
            for line, text in enumerate(_below(row)):
                colour = MUTED if line else "#000000"
                text_y = top + _PICTURE + 0.05 + line * LINE
                page.text(left, text_y, shorten(text, _STEP - 0.1), va="top", color=colour)
        y += _HEADING + n_rows[rule] * _ROW + _RULE_GAP
    return page.figure


def _below(row: dict[Hashable, Any]) -> tuple[str, str, str]:
    """How often a state is reached, what it is, and its energy."""
    what = {"pattern": f"pattern {row['nearest']}", "inverse": f"inverse {row['nearest']}"}
    kind = what.get(row["kind"], row["kind"].replace("-", " "))
    return f"{100 * row['fraction']:.3g} %", kind, f"E = {number(row['energy'])}"


def _kinds(result: AttractorsResult, rule: str) -> str:
    """How often each kind of state is reached, in one line."""
    table = result.tables["kinds"]
    parts = [
        f"{row['kind'].replace('-', ' ')} {100 * row['fraction']:.3g} % "
        f"({count(row['distinct'], 'state')})"
        for row in table[table["rule"] == rule].to_dict("records")[:-1]
        if row["count"]
    ]
    return ", ".join(parts)


def _richness(result: AttractorsResult, rule: str) -> str:
    """How many attractors were met, and how many there may be."""
    table = result.tables["kinds"]
    row = table[(table["rule"] == rule) & (table["kind"] == "attractors")].to_dict("records")[0]
    low = math.floor(row["chao1_ci_low"])
    high = math.ceil(round(row["chao1_ci_high"], 2))  # 3.0001 are no fourth
    met = f"{row['distinct']:,} of at least {round(row['chao1']):,}"
    return f"{met} attractors met (95 %: {low:,} to {high:,})"


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
        "of each. "
        "At the right, Chao's estimate of how many attractors there are, those not met included, "
        "and its 95 % interval; of states too rare to be met there may be many more. "
        f"{signs}A pattern, its inverse or a mixture of three: |m| ≥ {number(config.criterion)}. "
        f"p = {count(len(patterns.labels), 'pattern')} ({', '.join(patterns.labels[:10])}) of "
        f"{size(patterns.shape)} ({dataset_name(patterns.dataset)}); {config.dynamics} updates, at "
        f"most {count(config.sweeps, 'sweep')} of N."
    )
