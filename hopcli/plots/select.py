"""The figure of ``hopcli select``: the selected patterns [ZG figure 2]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hopcli.plots.captions import MOST_LABELS, count, cut_labels, dataset_name, size
from hopcli.plots.look import LINE, MUTED, TEXT
from hopcli.plots.page import Page, shorten, styled, text_width

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hopcli.config import SelectConfig
    from hopcli.experiments.select import SelectResult

__all__ = ["figures"]

_PICTURE = 1.3
_ACROSS = 5
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


@styled
def figures(config: SelectConfig, result: SelectResult) -> dict[str, Figure]:
    """The figure ``patterns``: each selected pattern with its label, source and loss."""
    return {"patterns": _patterns(config, result)}


def _patterns(config: SelectConfig, result: SelectResult) -> Figure:
    table = result.tables["patterns"].iloc[:MOST_LABELS]
    # One power of ten for all, so that losses can be compared by eye.
    power = 3 * (int(math.log10(max(1, int(table["loss"].abs().max())))) // 3)
    losses = [
        f"L = {loss / 10**power:.2f}".replace("-", "\N{MINUS SIGN}") for loss in table["loss"]
    ]
    lines = [
        (f"image {index}", loss) for index, loss in zip(table["source_index"], losses, strict=True)
    ]
    step = max(_PICTURE, *(text_width(text) for pair in lines for text in pair)) + 0.3
    drop = _PICTURE + 3 * LINE + 0.4
    across = min(_ACROSS, len(table))
    rows = math.ceil(len(table) / across)
    page = Page(
        across * step - 0.3,
        rows * drop - 0.3,
        "Selected patterns",
        _caption(config, result, power),
    )
    for k, (label, texts) in enumerate(zip(table["label"], lines, strict=True)):
        x, y = k % across * step, k // across * drop
        page.pattern(x, y, _PICTURE, result.patterns.xi[k], result.patterns.shape)
        below = y + _PICTURE + 0.06
        name = shorten(label, step - 0.1, TEXT, bold=True)
        page.text(x, below, name, size=TEXT, va="top", weight="bold")
        for row, text in enumerate(texts, start=1):
            page.text(x, below + row * LINE + 0.02, text, va="top", color=MUTED)
    return page.figure


def _caption(config: SelectConfig, result: SelectResult, power: int) -> str:
    n_labels = len(result.patterns.labels)
    unit = f", in units of 10{str(power).translate(_SUPERSCRIPTS)}" if power else ""
    return (
        f"Of {count(config.samples, 'random sample')} of each label of the data set the "
        f"one with the lowest overlap loss L [ZG eq. 5{unit}]: the most like the samples of its "
        f"own label and the least like those of the others. {size(result.patterns.shape)} "
        f"({dataset_name(result.dataset)}); {config.sampler} sampler, seed {config.seed}."
        f"{cut_labels(n_labels)}"
    )
