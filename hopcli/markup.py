"""HTML that a notebook displays for a record: pictures side by side, without files."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from hopcli.printing import html, terminal
from hopcli.records import NDArray

MOST_PICTURES = 20
"""Largest number of pictures shown for a record; the text gives the total."""

_PIXELS = 84  # height of a picture on the page
_SHADES = np.array([255, 160, 0], np.uint8)  # for -1, 0 and +1: ink on paper


def picture(spins: NDArray[np.int8], shape: tuple[int, int]) -> str:
    """Return a state as an HTML element.

    Parameters
    ----------
    spins : ndarray of int8, shape (N,)
        Values -1, 0 or +1; +1 is drawn dark.
    shape : tuple of int
        Height and width; their product is N.
    """
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(_SHADES[spins.reshape(shape) + 1]).save(file, "PNG", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    height, width = shape
    size = f"height:{_PIXELS}px;width:{max(1, round(_PIXELS * width / height))}px"
    return (
        f'<img alt="" src="data:image/png;base64,{data}" style="{size};max-width:100%;'
        'image-rendering:pixelated;border:1px solid #bbb">'
    )


def pictures(
    spins: NDArray[np.int8], shape: tuple[int, int], names: Sequence[str], title: str = ""
) -> str:
    """Return HTML with states side by side, each with its name below.

    Parameters
    ----------
    spins : ndarray of int8, shape (n, N)
        Values -1, 0 or +1; the first :data:`MOST_PICTURES` are shown.
    shape : tuple of int
        Height and width of each.
    names : sequence of str, length n
        Caption below each state.
    title : str
        Title above all states.
    """
    shown = [
        f'<figure style="display:inline-block;margin:4px;text-align:center">'
        f"{picture(state, shape)}<figcaption>{html(name)}</figcaption></figure>"
        for state, name in zip(spins[:MOST_PICTURES], names, strict=False)
    ]
    head = f"<p>{html(title)}</p>" if title else ""
    return f"<div>{head}{''.join(shown)}</div>"


def shortened(names: Sequence[Any], most: int = 10) -> str:
    """Join names in one line and leave out the last of many."""
    listed = ", ".join(map(terminal, names[:most]))
    return listed if len(names) <= most else f"{listed}, ... ({len(names):,} in all)"
