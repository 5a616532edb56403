"""Figures as files and as bytes: PNG, SVG and PDF, the same bytes each time."""

from __future__ import annotations

import io
import struct
import zlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg

from hopcli.plots.page import Picture, look
from hopcli.printing import html
from hopcli.records import np

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


DPI_ON_SCREEN = 100
"""Pixels per inch of a picture in a notebook."""

_DPI = {"screen": 150, "paper": 300}
_DPI_OF_PIXELS_IN_VECTORS = 300
_MOST_PIXELS = 20_000  # a side; past it the resolution is lowered instead of failing
_METADATA: dict[str, dict[str, str | None]] = {  # without a time or a version in it
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_COMPRESSION = 3
"""Of a png: at 6, the usual level, it is 20 % smaller and takes 80 % longer."""
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
    """Write a figure as PNG, its lines unfiltered: large areas have one colour.

    Pillow would try five filters on each line, which takes longer than to draw the figure.
    """
    from PIL.PngImagePlugin import PngInfo, putchunk

    before = figure.dpi, figure.canvas
    figure.dpi = dpi
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]
    figure.dpi, figure.canvas = before
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = pixels.reshape(height, -1)
    texts, per_metre = PngInfo(), round(dpi / 0.0254)
    for name, text in about.items():
        if text:
            texts.add_text(name, text)
    file.write(b"\x89PNG\r\n\x1a\n")
    putchunk(file, b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    putchunk(file, b"pHYs", struct.pack(">2IB", per_metre, per_metre, 1))
    for chunk in texts.chunks:
        putchunk(file, *chunk[:2])
    putchunk(file, b"IDAT", zlib.compress(lines.data, _COMPRESSION))
    putchunk(file, b"IEND")


def _read_aloud(svg: bytes, figure: Picture) -> bytes:
    """Add the description for screen readers; the title is there already."""
    head = f"<desc>{html(figure.caption)}</desc>"
    tag = svg.index(b"<svg ") + len(b"<svg ")
    end = svg.index(b">", tag) + 1
    return svg[:tag] + b'role="img" ' + svg[tag:end] + head.encode() + svg[end:]
