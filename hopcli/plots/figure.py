"""A figure: its form, fonts and colours, and its files, the same bytes each time."""

from __future__ import annotations

import contextlib
import functools
import io
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hopcli.printing import html
from hopcli.records import np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


_LOOK: Any = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "mathtext.fontset": "dejavusans",
    "font.size": 11,
    "axes.linewidth": 0.8,
    "axes.edgecolor": "#404040",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#e8e8e8",
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.color": "#404040",
    "ytick.color": "#404040",
    "svg.hashsalt": "hopcli",  # otherwise ids differ from run to run
    "image.composite_image": False,  # in svg and pdf: small pictures, not one of a whole page
}

_TEX_FONTS: Any = {"font.family": ["STIXGeneral", "DejaVu Sans"], "mathtext.fontset": "stix"}


@functools.cache
def _defaults() -> dict[str, Any]:
    """Return matplotlib's default settings, except the backend."""
    return {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"}


_ONE_DRAWS = threading.RLock()


@contextlib.contextmanager
def look(*, tex_fonts: bool = False) -> Iterator[None]:
    """Set the fonts and colours of hopcli, whatever the user's matplotlibrc contains.

    matplotlib has one set of them for all threads, so only one thread draws at a time.
    """
    with _ONE_DRAWS, mpl.rc_context():
        # rcdefaults() would read every style sheet, and validate every value again.
        dict.update(cast("Any", mpl.rcParams), _defaults())
        mpl.rcParams.update({**_LOOK, **(_TEX_FONTS if tex_fonts else {})})
        yield


class Form(NamedTuple):
    """Form of figures.

    Attributes
    ----------
    style : {"screen", "paper"}
        With title and caption, or without.
    width : float or None
        Width in inches; by default as wide as the content.
    tex_fonts : bool
        Serif fonts that match a TeX document.
    kind : {"rows", "bars"} or None
        Layout of the accuracy of a recall; by default bars where published values are known.
    """

    style: str = "screen"
    width: float | None = None
    tex_fonts: bool = False
    kind: str | None = None


class Picture(Figure):
    """A figure with its title and caption.

    Attributes
    ----------
    title, caption : str
        The subject in a few words; the run, and the meaning of bars and lines.
    form : Form
        Its style and fonts.
    """

    title = ""
    caption = ""
    form = Form()

    def _repr_png_(self) -> bytes:
        """Return the picture as PNG, for a notebook."""
        return drawn(self, "png", _DPI_ON_SCREEN)


_DPI_ON_SCREEN = 100
_DPI = {"screen": 150, "paper": 300}
_DPI_OF_PIXELS_IN_VECTORS = 300
_MOST_PIXELS = 20_000  # a side; past it the resolution is lowered instead of failing
_METADATA: dict[str, dict[str, str | None]] = {  # without a time or a version in it
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_COMPRESSION = 3
"""Of a png: at 6, the usual level, it is 10 % smaller and takes 40 % longer."""
_CAPTION_IN = {"png": "Description", "svg": "Description", "pdf": "Subject"}

_PAPER: Any = {
    "pdf.fonttype": 42,  # TrueType, as journals ask for
    "svg.fonttype": "none",  # text as text
}


def save(figure: Picture, path: Path, dpi: int | None = None) -> None:
    """Write a figure, the same bytes each time.

    Parameters
    ----------
    figure : Picture
        The figure.
    path : Path
        The file; its suffix, .png, .svg or .pdf, is the format.
    dpi : int, optional
        Pixels per inch of a png (default 150, in paper style 300) and of pictures inside
        other formats (300).
    """
    kind = path.suffix[1:]
    about = {"Title": figure.title, _CAPTION_IN[kind]: figure.caption}
    metadata = {**_METADATA[kind], **{key: text for key, text in about.items() if text}}
    wanted = dpi or (_DPI[figure.form.style] if kind == "png" else _DPI_OF_PIXELS_IN_VECTORS)
    text = _PAPER if figure.form.style == "paper" else {}
    content = drawn(figure, kind, wanted, metadata, text)
    path.write_bytes(_read_aloud(content, figure) if kind == "svg" else content)


def drawn_svg(figure: Picture) -> str:
    """Draw a figure as SVG for a page, without title and caption.

    Letters are outlines, so they look the same with any fonts.

    Parameters
    ----------
    figure : Picture
        The figure, in paper style, so that it has neither title nor caption.

    Returns
    -------
    str
        An XML document, the same each time.
    """
    return drawn(figure, "svg", _DPI_OF_PIXELS_IN_VECTORS, _METADATA["svg"]).decode()


def drawn(
    figure: Picture,
    kind: str,
    dpi: int,
    metadata: Mapping[str, str | None] = MappingProxyType({}),
    settings: Any = MappingProxyType({}),
) -> bytes:
    """Return the bytes of a figure in one of the formats.

    Parameters
    ----------
    figure : Picture
        The figure.
    kind : {"png", "svg", "pdf"}
        File format.
    dpi : int
        Pixels per inch, also of pictures in other formats.
    metadata : mapping of str to str
        Texts that are stored with the drawing.
    settings : mapping of str to object
        Settings of matplotlib for this file.
    """
    made, fine = io.BytesIO(), min(dpi, _MOST_PIXELS / max(figure.get_size_inches()))
    with look(tex_fonts=figure.form.tex_fonts):
        mpl.rcParams.update(settings)
        if kind == "png":
            _write_png(figure, made, fine, metadata)
        else:
            figure.savefig(made, format=kind, dpi=fine, metadata=metadata)
    return made.getvalue()


def _write_png(
    figure: Picture, file: io.BytesIO, dpi: float, about: Mapping[str, str | None]
) -> None:
    """Write a figure as PNG without an alpha channel, which would take longer to compress."""
    from PIL.Image import fromarray
    from PIL.PngImagePlugin import PngInfo

    before = figure.dpi, figure.canvas
    figure.dpi = dpi
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    figure.dpi, figure.canvas = before
    texts = PngInfo()
    for name, text in about.items():
        if text:
            texts.add_text(name, text)
    picture = fromarray(np.ascontiguousarray(pixels))
    picture.save(file, "png", dpi=(dpi, dpi), pnginfo=texts, compress_level=_COMPRESSION)


def _read_aloud(svg: bytes, figure: Picture) -> bytes:
    """Add the description for screen readers; the title is there already."""
    head = f"<desc>{html(figure.caption)}</desc>"
    tag = svg.index(b"<svg ") + len(b"<svg ")
    end = svg.index(b">", tag) + 1
    return svg[:tag] + b'role="img" ' + svg[tag:end] + head.encode() + svg[end:]
