"""The look of all figures: fonts, sizes and greys."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import matplotlib as mpl

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FAINT", "INK", "LINE", "MUTED", "PALE", "SMALL", "SOFT", "TEXT", "TITLE", "look"]

SMALL, TEXT, TITLE = 10.0, 11.0, 12.0  # points
LINE = 0.2
"""Height of a line of small text, inches."""

INK, MUTED, SOFT, FAINT, PALE = "#000000", "#404040", "#757575", "#bdbdbd", "#e8e8e8"

_STYLE: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": TEXT,
    "axes.linewidth": 0.8,
    "axes.edgecolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "svg.hashsalt": "hopcli",  # otherwise ids differ from run to run
    "image.composite_image": False,  # in svg and pdf: small pictures, not one of a whole page
}


@contextlib.contextmanager
def look() -> Iterator[None]:
    """The look of hopcli, whatever the user's matplotlibrc says."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield
