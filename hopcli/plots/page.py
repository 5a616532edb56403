"""The page of a figure: its look, text of known width, pictures of spins.

A page is laid out in inches. Pictures keep their size and texts do not collide, however
many patterns there are and however long their names. There are two styles: *screen* has
title and caption on the page; *paper* has neither, since a journal sets them itself.
"""

from __future__ import annotations

import contextlib
import functools
import math
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.ft2font import FT2Font
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from hopcli.plots.files import Picture, as_filed, look
from hopcli.printing import picture, terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Text
    from numpy.typing import NDArray

SMALL, TEXT, TITLE = 10.0, 11.0, 12.0  # points
LINE = 0.2
"""Height of a line of small text, inches."""

INK, MUTED, SOFT, FAINT, PALE = "#000000", "#404040", "#757575", "#bdbdbd", "#e8e8e8"

_MARGIN = 0.2
_TITLE_HEIGHT = 0.42
_CAPTION_GAP = 0.22
NARROWEST = 5.6
"""Least width of a page in inches, so that captions do not become columns."""
_OPERATOR = r"[=≥≪±\N{MULTIPLICATION SIGN}\N{MINUS SIGN}]"
_BREAKABLE = rf"(?<!{_OPERATOR}) (?!{_OPERATOR})"

STYLES = ("screen", "paper")

_style_of_pages: ContextVar[str] = ContextVar("style", default="screen")


@contextlib.contextmanager
def pages(style: str) -> Iterator[None]:
    """Return a function that makes pages in one of the styles."""
    token = _style_of_pages.set(style)
    try:
        with look():
            yield
    finally:
        _style_of_pages.reset(token)


def styled(figures: Callable[[Any, Any], dict[str, Picture]]) -> Callable[..., dict[str, Picture]]:
    """Decorate a function that draws a command: pages in a style, numbers as in the files."""

    @functools.wraps(figures)
    def in_style(config: Any, result: Any, style: str = "screen") -> dict[str, Picture]:
        with pages(style):
            return figures(config, as_filed(result))

    return in_style


@functools.cache
def _font(bold: bool) -> FT2Font:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return FT2Font(f"{mpl.get_data_path()}/fonts/ttf/{name}")


@functools.lru_cache(maxsize=4096)
def text_width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Return the width of a line of text in inches, at a size in points."""
    font = _font(bold)
    font.set_size(size, 72)
    font.set_text(drawable(text))
    width: float = font.get_width_height()[0]
    return width / 64 / 72


def drawable(text: str) -> str:
    """Replace letters that the font lacks by boxes (labels may be any file names)."""
    known = _font(False).get_char_index
    return "".join(c if known(ord(c)) else "\N{WHITE SQUARE}" for c in picture(text))


def shorten(text: str, width: float, size: float = SMALL, *, bold: bool = False) -> str:
    """Cut a line of text to a width in inches, with an ellipsis where it was cut."""
    if text_width(text, size, bold=bold) <= width:
        return text
    for n in range(len(text) - 1, 0, -1):
        shown = text[:n].rstrip() + "…"
        if text_width(shown, size, bold=bold) <= width:
            return shown
    return "…"


def _wrap(text: str, width: float) -> list[str]:
    """Break small text into lines of at most a width in inches, of similar length."""
    lines, narrower = _lines(text, width), _lines(text, 0.9 * width)
    return narrower if len(narrower) == len(lines) else lines


def _lines(text: str, width: float) -> list[str]:
    lines = [""]
    for word in re.split(_BREAKABLE, text):
        longer = f"{lines[-1]} {word}" if lines[-1] else shorten(word, width)
        if text_width(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(shorten(word, width))
    return lines


def draw_pattern(
    ax: Axes,
    spins: NDArray[np.int8],
    shape: tuple[int, int],
    box: tuple[float, float, float, float] | None = None,
) -> None:
    """Draw a state as a picture, +1 as ink on white, with a thin frame.

    Parameters
    ----------
    ax : Axes
        The axes.
    spins : ndarray of int8, shape (N,)
        Values -1 or +1, row by row.
    shape : tuple of int
        Height and width of the picture, their product N.
    box : tuple of float, optional
        (x, y, width, height) of the picture in data coordinates of axes whose y points down;
        by default the picture fills the axes.
    """
    height, width = shape
    if box is None:
        ax.set(
            xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[], aspect="equal", frame_on=False
        )
        box = (0, 0, width, height)
    scale = min(box[2] / width, box[3] / height)
    left = box[0] + (box[2] - scale * width) / 2
    top = box[1] + (box[3] - scale * height) / 2
    corners = (left, left + scale * width, top + scale * height, top)
    image = AxesImage(ax, cmap="gray_r", extent=corners, interpolation="antialiased")
    image.set_data(_enlarged(spins.reshape(shape)))
    image.set_clim(-1, 1)
    ax.add_image(image)
    frame = Rectangle((left, top), scale * width, scale * height, fill=False, ec=FAINT, lw=0.6)
    ax.add_patch(frame)


def _enlarged(picture: NDArray[np.int8]) -> NDArray[np.int8]:
    """Repeat the pixels of a small picture: viewers of svg and pdf would blur them."""
    times = math.ceil(128 / max(picture.shape))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


class Page:
    """A figure with a title above, a caption below and a body measured in inches.

    Positions are inches from the top left corner of the body, y pointing down.

    Parameters
    ----------
    width, height : float
        Size of the body; a narrow body is at the left of a wider page.
    title : str
        The subject, in a few words.
    caption : str
        The run, and the meaning of bars and lines; broken into lines to fit.

    Attributes
    ----------
    figure : Picture
        The figure.
    canvas : Axes
        Invisible axes of the whole page, in inches of the body.
    """

    def __init__(self, width: float, height: float, title: str, caption: str) -> None:
        width = max(width, NARROWEST)
        title, caption = terminal(title), terminal(caption)
        style = _style_of_pages.get()
        lines = _wrap(caption, width) if style == "screen" else []
        top = _MARGIN + (_TITLE_HEIGHT if style == "screen" else 0)
        bottom = _MARGIN + (_CAPTION_GAP + LINE * len(lines) if lines else 0)
        self._left, self._top = _MARGIN, top
        self._size = (width + 2 * _MARGIN, top + height + bottom)
        self.figure = Picture(figsize=self._size)
        self.figure.title, self.figure.caption, self.figure.style = title, caption, style
        self.canvas = self.figure.add_axes((0, 0, 1, 1))
        self.canvas.set(xlim=(-_MARGIN, width + _MARGIN), ylim=(height + bottom, -top))
        self.canvas.set_axis_off()
        if style == "screen":
            self.text(0, -top + _MARGIN, title, size=TITLE, va="top", weight="bold")
        for row, line in enumerate(lines):
            y = height + _CAPTION_GAP + LINE * row
            self.text(0, y, line, va="top", color=MUTED)

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes in a place of the body, over the canvas."""
        left, below = (x + self._left), (self._size[1] - self._top - y - height)
        return self.figure.add_axes(
            (
                left / self._size[0],
                below / self._size[1],
                width / self._size[0],
                height / self._size[1],
            )
        )

    def inches(self, transform: Any, points: Any) -> list[tuple[float, float]]:
        """Return points of some axes' coordinates as places on the page."""
        seen = transform.transform(np.reshape(points, (-1, 2)))
        return [(float(x), float(y)) for x, y in self.canvas.transData.inverted().transform(seen)]

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = SMALL,
        math: bool = False,
        **style: Any,
    ) -> Text:
        """Write a line of text; a dollar sign starts math only if `math` is set."""
        shown = text if math else drawable(text)
        return self.canvas.text(x, y, shown, size=size, parse_math=math, **style)

    def pattern(
        self, x: float, y: float, size: float, spins: NDArray[np.int8], shape: tuple[int, int]
    ) -> None:
        """Draw a picture of spins into a square."""
        draw_pattern(self.canvas, spins, shape, (x, y, size, size))

    def patterns(
        self,
        x: float,
        y: float,
        size: float,
        spins: Sequence[NDArray[np.int8]] | NDArray[np.int8],
        shape: tuple[int, int],
    ) -> None:
        """Draw any number of pictures into a square, such as all patterns of one label."""
        across = max(1, math.ceil(math.sqrt(len(spins))))
        step = size / across
        for k, one in enumerate(spins):
            row, column = divmod(k, across)
            self.pattern(
                x + column * step, y + row * step, 0.94 * step if across > 1 else size, one, shape
            )
