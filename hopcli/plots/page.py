"""The page of a figure: its form, text of known width, pictures of spins.

A page is laid out in inches, with small text of 10 points. Pictures keep their size and texts do
not collide, however many patterns there are and however long their names. There are two styles:
*screen* has title and caption on the page; *paper* has neither, since a journal sets them itself.
With a width, the page is laid out to be printed at 4/5 of its size: then small text has 8 points.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import math
import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.collections import Collection
from matplotlib.ft2font import FT2Font
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from hopcli.plots.figure import Form, Picture, look
from hopcli.printing import picture, terminal
from hopcli.records import Floats, NDArray, Spins, np
from hopcli.tables import Columns, Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes


def as_filed(result: Any) -> Any:
    """Round the numbers of a result's tables to the ten digits of a file.

    A number half-way between two pixels or two texts may go either way by its last digit.
    Rounded, the picture of a run and one drawn from its files are the same bytes.
    """
    columns = Tables(result.columns, lambda name: rounded(result.columns[name]))
    return dataclasses.replace(result, columns=columns)


def rounded(table: Columns) -> Columns:
    """Round the numbers of a table to the ten digits of a file."""

    def ten_digits(array: NDArray[Any]) -> NDArray[Any]:
        if array.dtype.kind != "f":
            return array
        values, which = np.unique(array, return_inverse=True)
        return np.array([float(f"{value:.10g}") for value in values.tolist()])[which]

    return Columns(table.names, [*map(ten_digits, table.arrays)], table.declared)


SMALL, TEXT, TITLE = 10.0, 11.0, 12.0  # points
LINE = 0.2
"""Height of a line of small text, inches."""

INK, MUTED, SOFT, FAINT, PALE = "#000000", "#404040", "#757575", "#bdbdbd", "#e8e8e8"

_MARGIN = 0.2
_EDGE = 0.06
"""Margin of a page with a given width, whose place in a column has margins already."""
_PRINTED = 0.8
_ROUNDING = 1e-8  # of a place, in pixels
_FINE = 600  # pixels an inch at which texts are measured: few pixels change their widths
_TITLE_HEIGHT = 0.42
_TITLE_LINE = 0.22  # of a further line
_CAPTION_GAP = 0.22
NARROWEST = 5.6
"""Least width of a page in inches, so that captions do not become columns."""
_OPERATOR = r"[=≥≪±\N{MULTIPLICATION SIGN}\N{MINUS SIGN}]"
_BREAKABLE = rf"(?<!{_OPERATOR}) (?!{_OPERATOR})"

STYLES = ("screen", "paper")

_TICKS: dict[Any, Any] = {
    "major": {"length": 3.5, "width": 0.8, "pad": 3.5, "labelsize": SMALL},
    "minor": {"length": 2.0, "width": 0.6, "pad": 3.4, "labelsize": SMALL},
}


_SCREEN = Form()
_form: ContextVar[Form] = ContextVar("form", default=_SCREEN)


def form() -> Form:
    """Return the form of the figures that are being drawn."""
    return _form.get()


def room() -> float | None:
    """Return the width of the body of a page of given width, in inches of the layout."""
    width = form().width
    return None if width is None else width / _PRINTED - 2 * _EDGE


@contextlib.contextmanager
def pages(of: Form = _SCREEN) -> Iterator[None]:
    """Draw figures in a form."""
    token = _form.set(of)
    try:
        with look(tex_fonts=of.tex_fonts):
            yield
    finally:
        _form.reset(token)


def styled(figures: Callable[[Any, Any], dict[str, Picture]]) -> Callable[..., dict[str, Picture]]:
    """Decorate a function that draws a command: pages in a form, numbers as in the files."""

    @functools.wraps(figures)
    def in_form(config: Any, result: Any, style: str = "screen", **more: Any) -> dict[str, Picture]:
        with pages(Form(style, **more)):
            drawn = figures(config, as_filed(result))
            return {name: printed(figure) for name, figure in drawn.items()}

    return in_form


def printed(figure: Picture) -> Picture:
    """Scale a figure with all its texts and lines to its given width, if it has one."""
    width = form().width
    if width is None:
        return figure
    _crop(figure)
    scale = width / figure.get_figwidth()
    figure.set_size_inches(width, scale * figure.get_figheight())
    page, *others = figure.axes
    ticks = set()
    for ax in others:
        for axis in (ax.xaxis, ax.yaxis):
            axis.labelpad *= scale
            for which, sizes in _TICKS.items():
                axis.set_tick_params(which, **{name: scale * size for name, size in sizes.items()})
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                ticks |= set(map(id, tick.get_children()))
    found = [ax.findobj(lambda one: id(one) not in ticks) for ax in others]
    for artist in itertools.chain(_drawn_on(page), *found):
        if isinstance(artist, Text):
            artist.set_fontsize(scale * float(artist.get_fontsize()))
        elif isinstance(artist, Line2D):
            artist.set_markersize(scale * artist.get_markersize())
            artist.set_markeredgewidth(scale * artist.get_markeredgewidth())
        if isinstance(artist, Line2D | Patch | Collection):
            artist.set_linewidth(scale * np.asarray(artist.get_linewidth()))  # type: ignore[arg-type]
    return figure


def _drawn_on(page: Axes) -> list[Artist]:
    """Return what is drawn on the invisible axes of a page, without their ticks."""
    return [*page.texts, *page.lines, *page.images, *page.collections, *page.patches]


def _crop(figure: Picture) -> None:
    """Remove what is empty at the edges of a figure; include what is beyond them."""
    renderer = cast("Any", RendererAgg)(1, 1, _FINE)  # no canvas: one of a whole page takes 100 MB
    dpi, figure.dpi = figure.dpi, _FINE
    page, *others = figure.axes
    boxes: list[Any] = [artist.get_window_extent(renderer) for artist in _drawn_on(page)]
    boxes += [ax.get_tightbbox(renderer) for ax in others]
    finite = [box for box in boxes if np.isfinite(box.extents).all()]
    tight = Bbox.union(finite).padded(_EDGE * figure.dpi)
    x0, y0, x1, y1 = (float(end) / figure.dpi for end in tight.extents)
    whole = figure.get_size_inches()
    size = x1 - x0, y1 - y0
    for ax in others:
        place = ax.get_position(original=True)
        corner = (np.array([place.x0, place.y0]) * whole - (x0, y0)) / size
        extent = np.array([place.width, place.height]) * whole / size
        ax.set_position((corner[0], corner[1], extent[0], extent[1]))
    left, bottom = page.get_xlim()[0], page.get_ylim()[0]  # in inches, y downwards
    page.set(xlim=(left + x0, left + x1), ylim=(bottom - y0, bottom - y1))
    figure.set_size_inches(*size)
    figure.dpi = dpi


@functools.cache
def _font(bold: bool, tex_fonts: bool) -> FT2Font:
    family = ("STIXGeneral", "STIXGeneralBol") if tex_fonts else ("DejaVuSans", "DejaVuSans-Bold")
    return FT2Font(f"{mpl.get_data_path()}/fonts/ttf/{family[bold]}.ttf")


def text_width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Return the width of a line of text in inches, at a size in points."""
    return _width(text, size, bold, form().tex_fonts)


@functools.lru_cache(maxsize=4096)
def _width(text: str, size: float, bold: bool, tex_fonts: bool) -> float:
    shown, known = drawable(text), _font(bold, tex_fonts).get_char_index
    font = _font(bold, tex_fonts and all(known(ord(letter)) for letter in shown))
    font.set_size(size, 72)
    font.set_text(shown)
    width: float = font.get_width_height()[0]
    return width / 64 / 72


def drawable(text: str) -> str:
    """Replace letters that the font lacks by boxes (labels may be any file names)."""
    known = _font(False, False).get_char_index  # also behind the serif font
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


def _wrap(text: str, width: float, size: float = SMALL, *, bold: bool = False) -> list[str]:
    """Break text into lines of at most a width in inches, of similar length."""
    lines, narrower = (_lines(text, least, size, bold) for least in (width, 0.9 * width))
    return narrower if len(narrower) == len(lines) else lines


def _lines(text: str, width: float, size: float, bold: bool) -> list[str]:
    lines: list[str] = []
    end, gap = math.inf, text_width(" ", size, bold=bold)
    for word in re.split(_BREAKABLE, text):  # measured once: widths of words add up
        shown = shorten(word, width, size, bold=bold)
        own = text_width(shown, size, bold=bold)
        if end + gap + own <= width:
            lines[-1] += f" {shown}"
            end += gap + own
        else:
            lines.append(shown)
            end = own
    return lines


def draw_pattern(
    ax: Axes,
    spins: Spins,
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
    image = _SpinsImage(ax, extent=corners)
    image.set_data(spins.reshape(shape))
    ax.add_image(image)
    frame = Rectangle((left, top), scale * width, scale * height, fill=False, ec=FAINT, lw=0.6)
    ax.add_artist(frame)  # add_patch would look for new limits of the axes


class _SpinsImage(AxesImage):
    """A picture of spins in which each drawn pixel is the mean of the area that it covers."""

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """Return the pixels from below, shape (height, width, 4), and the place of their corner."""
        del renderer, unsampled
        x0, y0, x1, y1 = magnification * np.array(self.get_window_extent().extents)
        left, right = np.floor(np.array([x0, x1]) + (0.5 + _ROUNDING))
        low, high = np.ceil(np.array([y0, y1]) - (0.5 + _ROUNDING))
        paper = (1 - np.asarray(self.get_array(), np.float64)[::-1]) / 2
        grey = _averaged(_averaged(paper, int(high - low)).T, int(right - left)).T
        pixels = np.full((*grey.shape, 4), 255, np.uint8)
        pixels[..., :3] = np.rint(255 * grey)[..., None]
        return pixels, left / magnification, low / magnification, None


def _averaged(rows: Floats, n: int) -> Floats:
    """Return the means of rows over n equal parts of their height, shape (n, ...)."""
    ends = np.linspace(0, len(rows), n + 1)
    last = np.minimum(ends.astype(np.int64), len(rows) - 1)
    sums = np.cumsum(rows, axis=0)[last] - (last + 1 - ends)[:, None] * rows[last]
    return np.diff(sums, axis=0) * (n / len(rows))


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
        style, fixed, _, _ = form()
        margin = _MARGIN if fixed is None else _EDGE
        width = max(width, room() or NARROWEST)
        title, caption = terminal(title), terminal(caption)
        lines = _wrap(caption, width) if style == "screen" else []
        titles = _wrap(title, width, TITLE, bold=True) if style == "screen" else []
        top = margin + (_TITLE_HEIGHT + (len(titles) - 1) * _TITLE_LINE if titles else 0)
        bottom = margin + (_CAPTION_GAP + LINE * len(lines) if lines else 0)
        self._left, self._top = margin, top
        self._size = (width + 2 * margin, top + height + bottom)
        self.figure = Picture(figsize=self._size)
        self.figure.title, self.figure.caption, self.figure.form = title, caption, form()
        self.canvas = self.figure.add_axes((0, 0, 1, 1))
        self.canvas.set(xlim=(-margin, width + margin), ylim=(height + bottom, -top))
        self.canvas.set_axis_off()
        for row, line in enumerate(titles):
            y = margin - top + row * _TITLE_LINE
            self.text(0, y, line, size=TITLE, va="top", weight="bold")
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
        self, x: float, y: float, size: float, spins: Spins, shape: tuple[int, int]
    ) -> None:
        """Draw a picture of spins into a square."""
        draw_pattern(self.canvas, spins, shape, (x, y, size, size))

    def patterns(
        self,
        x: float,
        y: float,
        size: float,
        spins: Sequence[Spins] | Spins,
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
