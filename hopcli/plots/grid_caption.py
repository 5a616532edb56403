"""The caption of the picture of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.plots.arrangement import short
from hopcli.plots.captions import count
from hopcli.plots.phase_map import contours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hopcli.grids.keys import Key, Look
    from hopcli.plots.arrangement import Arrangement

__all__ = ["caption_of"]

_MOST_HELP = 80  # characters of a help text that is repeated


def caption_of(drawn: Arrangement, keys: Sequence[Key], look: Look, bars: str) -> str:
    """What was run, what is drawn, what bars and contours are, and what is missing.

    Parameters
    ----------
    drawn : Arrangement
        What is drawn where.
    keys : sequence of Key
        The keys of the grid.
    look : Look
        What was asked for.
    bars : str
        What bars are, as a sentence.
    """
    said = [
        "" if look.caption is None else f"{look.caption.rstrip('.')}.",
        f"{'Colours' if drawn.up else 'Points'}: {_what(drawn, look.over)}{_fixed(drawn, keys)}.",
        "Each is the mean of several rows of the table." if drawn.is_mean else "",
        contours(drawn) if drawn.up else bars,
        _bare(drawn),
        *_explained(drawn, keys),
    ]
    return " ".join(sentence for sentence in said if sentence)


def _what(drawn: Arrangement, over: str | None) -> str:
    """The number, of how many cells, or how many values it is the mean over."""
    said = short(drawn.headline.says)
    if over is None or f"n_{over}" not in drawn.table.columns:
        return f"{said} of {count(drawn.n_cells, 'cell')}"
    numbers = drawn.table[f"n_{over}"]
    least, most = int(numbers.min()), int(numbers.max())
    n = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"{said}, mean over {n} values of {over}, of {count(drawn.n_cells, 'combination')}"


def _fixed(drawn: Arrangement, keys: Sequence[Key]) -> str:
    """The keys that have one value."""
    shown = {coordinate.name for coordinate in drawn.shown}
    texts = [
        f"{key.name} = {drawn.table[key.name].iloc[0]}"
        for key in keys
        if key.name in drawn.table.columns and key.name not in shown
        if drawn.table[key.name].nunique() == 1
    ]
    return f", {', '.join(texts)}" if texts else ""


def _bare(drawn: Arrangement) -> str:
    """How many cells have no number."""
    missing, empty = drawn.n_missing, len(drawn.bare) - drawn.n_missing
    of = f"of {count(drawn.n_cells, 'cell')}"
    said = []
    if missing:
        said.append(f"{missing:,} {of} {'is' if missing == 1 else 'are'} missing")
    if empty:
        said.append(
            f"{empty:,} {'' if said else f'{of} '}{'has' if empty == 1 else 'have'} no number"
        )
    crosses = " (crosses)" if drawn.has_crosses else ""
    return f"{' and '.join(said)}{crosses}." if said else ""


def _explained(drawn: Arrangement, keys: Sequence[Key]) -> Iterator[str]:
    """What the keys are that an axis only names, where their help says it in few words."""
    bare = {c.name for c in drawn.shown if c.says == c.name.replace("_", " ")}
    for key in keys:
        if key.name in bare and 0 < len(key.help) <= _MOST_HELP:
            yield f"{key.name}: {key.help[:1].lower()}{key.help[1:].rstrip('.')}."
