"""The figure of ``hopcli select``: the selected patterns [ZG figure 2]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots import kit
from hopcli.plots.page import LINE, MUTED, TEXT, Page, room, styled, text_width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopcli.config import SelectConfig
    from hopcli.experiments.select import SelectResult
    from hopcli.patterns import Patterns
    from hopcli.plots.figure import Picture

_PICTURE, _ACROSS, _GAP = 1.3, 5, 0.3
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BOLD: dict[str, Any] = {"size": TEXT, "weight": "bold"}


@styled
def figures(config: SelectConfig, result: SelectResult) -> dict[str, Picture]:
    """Draw ``patterns``: each selected pattern with its label, source and loss."""
    table = result.columns["patterns"].take(slice(kit.MOST_LABELS))
    patterns = result.patterns
    # One power of ten for all, so that losses can be compared by eye.
    power = 3 * (int(math.log10(max(1, int(abs(table["loss"]).max())))) // 3)
    losses = [kit.minus(f"L = {loss / 10**power:.2f}") for loss in table["loss"].tolist()]
    lines = [
        [(f"image {index}", {"color": MUTED}), (loss, {"color": MUTED})]
        for index, loss in zip(table["source_index"].tolist(), losses, strict=True)
    ]
    page = _pattern_rows("Selected patterns", _caption(config, result, power), patterns, lines)
    return {"patterns": page.figure}


def stored_patterns(patterns: Patterns) -> Picture:
    """Draw the stored patterns of a run with their labels and sources [ZG figure 2]."""
    lines = [[(str(index), {"color": MUTED})] for index in patterns.source_index.tolist()]
    caption = "Below each label: the index of its image."
    return _pattern_rows("Stored patterns", caption, patterns, lines).figure


def _pattern_rows(
    title: str,
    caption: str,
    patterns: Patterns,
    lines: Sequence[Sequence[tuple[str, dict[str, Any]]]],
) -> Page:
    """Draw patterns in rows, with lines of text below the label of each."""
    widest = max(text_width(text) for own in lines for text, _ in own)
    across, step = kit.in_a_row(min(_ACROSS, len(lines)), widest, max(_PICTURE, widest) + _GAP)
    picture = step - _GAP if room() is None else step - 0.1
    row = picture + (1 + len(lines[0])) * LINE + 0.4
    height = math.ceil(len(lines) / across) * row - 0.3
    page = Page(across * step - (step - picture), height, title, caption)
    for k, own in enumerate(lines):
        x, y = k % across * step, k // across * row
        state, shown = patterns.xi[k], [(patterns.labels[k], _BOLD), *own]
        kit.draw_thumbnail(page, x, y, picture, state, patterns.shape, shown, width=step - 0.05)
    return page


def _caption(config: SelectConfig, result: SelectResult, power: int) -> str:
    unit = f", in units of 10{str(power).translate(_SUPERSCRIPTS)}" if power else ""
    return kit.sentences(
        f"Of {kit.count(config.samples, 'random sample')} of each label the one with the lowest "
        f"overlap loss L [ZG eq. 5{unit}].",
        kit.cut_labels(len(result.patterns.labels)),
    )
