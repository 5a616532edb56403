"""The contact sheet of ``hopcli pictures``: each picture beside its pattern."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from hopcli.plots import kit
from hopcli.plots.page import LINE, MUTED, TEXT, Page, pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopcli.plots.figure import Picture
    from hopcli.records import NDArray, Spins, np


_PICTURE, _GAP, _ACROSS = 1.3, 0.1, 3
_BOLD: dict[str, Any] = {"size": TEXT, "weight": "bold"}
MOST = 60
"""Most pictures on a sheet."""


def contact_sheet(
    title: str,
    grey: NDArray[np.uint8],
    spins: Spins,
    shape: tuple[int, int],
    lines: Sequence[Sequence[str]],
) -> Picture:
    """Draw each picture, its pattern at its right, and its lines of text below.

    Parameters
    ----------
    title : str
        Title of the sheet.
    grey, spins : ndarray of uint8 and of int8, shape (n, N)
        Grey values 0..255, and the spins made of them; the first :data:`MOST` are drawn.
    shape : tuple of int
        Height and width of a picture.
    lines : sequence of sequence of str
        Label of each picture, and a few words about it.
    """
    shown = min(len(grey), MOST)
    across = min(_ACROSS, shown)
    pair, row = 2 * _PICTURE + _GAP, _PICTURE + (max(map(len, lines)) + 1) * LINE
    with pages():
        height = math.ceil(shown / across) * row - LINE
        caption = "At the left the picture, at the right the pattern: black is +1."
        page = Page(across * (pair + 3 * _GAP) - 3 * _GAP, height, title, caption)
        for k in range(shown):
            x, y = k % across * (pair + 3 * _GAP), k // across * row
            label, *rest = lines[k]
            below = [(label, _BOLD), *((text, {"color": MUTED}) for text in rest)]
            kit.draw_thumbnail(page, x, y, _PICTURE, 1 - grey[k] / 127.5, shape, below, width=pair)
            page.pattern(x + _PICTURE + _GAP, y, _PICTURE, spins[k], shape)
    return page.figure
