"""Figures as files and as text: the same bytes for the same figure, no time or version in them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure

from hopcli.plots.look import look
from hopcli.printing import html

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Picture", "drawn_png", "drawn_svg", "save"]

_DPI_ON_SCREEN = 100
_DPI = {"screen": 150, "paper": 300}
_DPI_OF_PIXELS_IN_VECTORS = 300
_MOST_PIXELS = 20_000  # a side; past it the resolution is lowered instead of failing
_METADATA: dict[str, dict[str, str | None]] = {  # without a time or a version in it
    "png": {"Software": None},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}
_WRITTEN: dict[str, Any] = {"png": {"pil_kwargs": {"compress_level": 3}}}
"""How files are packed: at 6, the usual level, a png is 6 % smaller and takes 40 % longer."""
_CAPTION_IN = {"png": "Description", "svg": "Description", "pdf": "Subject"}

_PAPER: Any = {
    "pdf.fonttype": 42,  # TrueType, as journals ask for
    "svg.fonttype": "none",  # text as text
}


class Picture(Figure):
    """A figure with what is said about it.

    Attributes
    ----------
    title, caption : str
        What it shows, in a few words, and what was run and what bars and lines are.
    style : str
        ``"screen"`` or ``"paper"``.
    """

    title = ""
    caption = ""
    style = "screen"

    def _repr_png_(self) -> bytes:
        """What a notebook shows."""
        return drawn_png(self)


def save(figure: Picture, path: Path, dpi: int | None = None) -> None:
    """Write a figure, the same bytes each time.

    Parameters
    ----------
    figure : Picture
        What to write.
    path : Path
        Where to; the suffix, .png, .svg or .pdf, is the format.
    dpi : int, optional
        Pixels an inch, of a png (by default 150, in paper style 300) and of pictures in
        the others (300).
    """
    kind = path.suffix[1:]
    about = {"Title": figure.title, _CAPTION_IN[kind]: figure.caption}
    metadata = {**_METADATA[kind], **{key: text for key, text in about.items() if text}}
    wanted = dpi or (_DPI[figure.style] if kind == "png" else _DPI_OF_PIXELS_IN_VECTORS)
    text = _PAPER if figure.style == "paper" else {}
    content = _drawn(figure, kind, wanted, metadata, text)
    path.write_bytes(_read_aloud(content, figure) if kind == "svg" else content)


def drawn_png(figure: Picture) -> bytes:
    """A figure as the content of a small .png file, for a notebook."""
    return _drawn(figure, "png", _DPI_ON_SCREEN, {}, {})


def drawn_svg(figure: Picture) -> str:
    """Draw a figure as SVG for a page that says its title and caption itself.

    Letters are outlines, so that they look alike with whatever fonts a reader has.

    Parameters
    ----------
    figure : Picture
        What to draw; in paper style, so that it has neither title nor caption.

    Returns
    -------
    str
        An XML document, the same each time.
    """
    return _drawn(figure, "svg", _DPI_OF_PIXELS_IN_VECTORS, _METADATA["svg"], {}).decode()


def _drawn(
    figure: Picture,
    kind: str,
    dpi: int,
    metadata: dict[str, str | None],
    settings: Any,
) -> bytes:
    """The bytes of a figure in one of the formats."""
    made = io.BytesIO()
    with look():
        mpl.rcParams.update(settings)
        figure.savefig(
            made,
            format=kind,
            dpi=min(dpi, _MOST_PIXELS / max(figure.get_size_inches())),
            metadata=metadata,
            **_WRITTEN.get(kind, {}),
        )
    return made.getvalue()


def _read_aloud(svg: bytes, figure: Picture) -> bytes:
    """Give a drawing the description that screen readers tell; its title is there."""
    head = f"<desc>{html(figure.caption)}</desc>"
    tag = svg.index(b"<svg ") + len(b"<svg ")
    end = svg.index(b">", tag) + 1
    return svg[:tag] + b'role="img" ' + svg[tag:end] + head.encode() + svg[end:]
