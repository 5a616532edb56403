"""The figure of ``hopcli select``: the selected patterns [ZG figure 2]."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots.captions import MOST_LABELS, count, cut_labels, dataset_name, minus, size
from hopcli.plots.kit import draw_thumbnail
from hopcli.plots.page import LINE, MUTED, TEXT, Page, styled, text_width

if TYPE_CHECKING:
    from hopcli.config import SelectConfig
    from hopcli.experiments.select import SelectResult
    from hopcli.plots.files import Picture

_PICTURE, _ACROSS = 1.3, 5
_ROW = _PICTURE + 3 * LINE + 0.4
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_BOLD: dict[str, Any] = {"size": TEXT, "weight": "bold"}


@styled
def figures(config: SelectConfig, result: SelectResult) -> dict[str, Picture]:
    """Draw ``patterns``: each selected pattern with its label, source and loss."""
    table = result.columns["patterns"].take(slice(MOST_LABELS))
    patterns = result.patterns
    # One power of ten for all, so that losses can be compared by eye.
    power = 3 * (int(math.log10(max(1, int(abs(table["loss"]).max())))) // 3)
    losses = [minus(f"L = {loss / 10**power:.2f}") for loss in table["loss"].tolist()]
    sources = [f"image {index}" for index in table["source_index"].tolist()]
    step = max(_PICTURE, *map(text_width, losses + sources)) + 0.3
    across = min(_ACROSS, len(table))
    page = Page(
        across * step - 0.3,
        math.ceil(len(table) / across) * _ROW - 0.3,
        "Selected patterns",
        _caption(config, result, power),
    )
    for k, (label, source, loss) in enumerate(
        zip(table["label"].tolist(), sources, losses, strict=True)
    ):
        x, y = k % across * step, k // across * _ROW
        lines = [(label, _BOLD), (source, {"color": MUTED}), (loss, {"color": MUTED})]
        place = page, x, y, _PICTURE
        draw_thumbnail(*place, patterns.xi[k], patterns.shape, lines, width=step - 0.1)
    return {"patterns": page.figure}


def _caption(config: SelectConfig, result: SelectResult, power: int) -> str:
    unit = f", in units of 10{str(power).translate(_SUPERSCRIPTS)}" if power else ""
    return (
        f"Of {count(config.samples, 'random sample')} of each label of the data set the "
        f"one with the lowest overlap loss L [ZG eq. 5{unit}]: most similar to the samples of its "
        f"own label and least similar to the others. {size(result.patterns.shape)} "
        f"({dataset_name(result.dataset)}); {config.sampler} sampler, seed {config.seed}."
        f"{cut_labels(len(result.patterns.labels))}"
    )
