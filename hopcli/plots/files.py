"""Figures as files and as text, and results rounded as in their files.

The same result gives the same bytes: files contain neither a time nor a version, and
numbers are drawn with the ten digits that a table file keeps.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from hopcli.printing import html
from hopcli.tables import Columns, Tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

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
"""Compression: at 6, the usual level, a png is 6 % smaller and takes 40 % longer."""
_CAPTION_IN = {"png": "Description", "svg": "Description", "pdf": "Subject"}

_PAPER: Any = {
    "pdf.fonttype": 42,  # TrueType, as journals ask for
    "svg.fonttype": "none",  # text as text
}


@contextlib.contextmanager
def look(*, tex_fonts: bool = False) -> Iterator[None]:
    """Set the fonts and colours of hopcli, whatever the user's matplotlibrc contains."""
    with mpl.rc_context():
        mpl.rcdefaults()
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
        return drawn_png(self)


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
    content = _drawn(figure, kind, wanted, metadata, text)
    path.write_bytes(_read_aloud(content, figure) if kind == "svg" else content)


def drawn_png(figure: Picture) -> bytes:
    """Return the content of a small .png file, for a notebook."""
    return _drawn(figure, "png", _DPI_ON_SCREEN, {}, {})


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
    return _drawn(figure, "svg", _DPI_OF_PIXELS_IN_VECTORS, _METADATA["svg"], {}).decode()


def _drawn(
    figure: Picture,
    kind: str,
    dpi: int,
    metadata: dict[str, str | None],
    settings: Any,
) -> bytes:
    """Return the bytes of a figure in one of the formats."""
    made = io.BytesIO()
    with look(tex_fonts=figure.form.tex_fonts):
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
    """Add the description for screen readers; the title is there already."""
    head = f"<desc>{html(figure.caption)}</desc>"
    tag = svg.index(b"<svg ") + len(b"<svg ")
    end = svg.index(b">", tag) + 1
    return svg[:tag] + b'role="img" ' + svg[tag:end] + head.encode() + svg[end:]


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
