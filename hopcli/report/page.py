"""The page: templates filled with values, with an anchor for each part, and its file."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import jinja2
from markupsafe import Markup, escape

from hopcli._version import __version__
from hopcli.claims.judging import VERDICTS
from hopcli.errors import ResultError, io_errors
from hopcli.printing import html, terminal
from hopcli.report.sections import Section, sections_in
from hopcli.results import listing
from hopcli.results.files import check_place as check_file_place
from hopcli.results.files import write_file
from hopcli.results.manifest import understood

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hopcli.plots.figure import Picture

_log = logging.getLogger(__name__)

_TEMPLATES = Path(__file__).parent / "templates"

_NOT_IN_HTML = re.compile(
    r'<\?xml.*?\?>|<!.*?>|<(metadata|style)\b.*?</\1>| xmlns(:\w+)?="[^"]*"|xlink:(?=href)',
    re.DOTALL,
)
_LINK = re.compile(r'(href="#|url\(#)([^")]+)')

_MARKS = dict(
    zip(VERDICTS, ("holds", "holds", "holds", "partly", "fails", "open", "open"), strict=True)
)
"""Symbol of each verdict, besides its words and its colour."""

MARK = '<meta name="generator" content="hopcli '
"""Marker in the head of every page of hopcli."""

_HEAD = 1024  # first characters of a file, which contain the marker


def page(
    title: str,
    sections: Iterable[Section],
    *,
    intro: str = "",
    claims: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Build a self-contained HTML page.

    Parameters
    ----------
    title : str
        Its title.
    sections : iterable of Section
        Runs and grids, in order; figures are drawn one section at a time.
    intro : str
        Paragraphs under the title, separated by empty lines.
    claims : sequence of mapping
        Claims with their verdicts, at the top of the page: ``id`` (unique), ``claim``, ``place``
        in the source, ``published``, ``found`` (pairs of condition and measured number),
        ``test``, ``verdict``, ``under`` and ``explained_by`` (conditions), ``reason``,
        ``command`` that computes the numbers again, and ``runs`` (names of sections).

    Returns
    -------
    str
        The page; equal arguments give equal text.
    """
    anchor_of: dict[str, str] = {}
    parts, drawings, taken = [], {}, set[str]()
    for section in sections:
        anchor = _anchor("run", section.name, taken)
        anchor_of.setdefault(section.name, anchor)
        _log.debug("drawing %s", section.name)
        with understood(section.name):
            drawn = section.figures.items()
            drawings[anchor] = [drawing(figure, f"{anchor}.{name}") for name, figure in drawn]
        parts.append((anchor, dataclasses.replace(section, figures={})))
    verdicts = [claim["verdict"] for claim in claims]
    values: dict[str, Any] = {
        "version": __version__,
        "title": title,
        "paragraphs": [text for text in re.split(r"\n\s*\n", intro) if text.strip()],
        "claims": [(_anchor("claim", one["id"], taken), one) for one in claims],
        "tally": {v: verdicts.count(v) for v in VERDICTS if v in verdicts},
        "marks": _MARKS,
        "sections": parts,
        "anchor_of": anchor_of,
        "drawings": drawings,
    }
    return _environment().get_template("page.html.j2").render(values)


def write_report(
    folders: Iterable[Path], out: Path, title: str | None = None, *, overwrite: bool = False
) -> None:
    """Write one HTML page with every finished run and grid at and below some folders.

    Parameters
    ----------
    folders : iterable of Path
        The folders.
    out : Path
        The page.
    title : str, optional
        Its title; by default the run, or the number of runs.
    overwrite : bool
        Whether to replace a file that is not a report.

    Raises
    ------
    ResultError
        If there is no finished run, one cannot be read, or the page cannot be written;
        nothing has changed then.
    """
    check_place(out, overwrite=overwrite)
    tops, sections = list(folders), []
    for folder, why in listing.find(tops):
        if why:
            raise ResultError(why)
        _log.debug("reading %s", folder)
        sections += sections_in(folder)
    if not sections:
        raise ResultError(f"{tops[0]}: contains only unfinished runs, no finished one")
    if title is None:
        title = sections[0].name if len(sections) == 1 else f"{len(sections):,} runs"
    write(page(title, sections), out, overwrite=overwrite)


def _anchor(kind: str, name: str, taken: set[str]) -> str:
    """Return an anchor made of the letters of a name, with a number if it is taken."""
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    base = f"{kind}-{words}" if words else kind
    anchor, number = base, 1
    while anchor in taken:
        number += 1
        anchor = f"{base}-{number}"
    taken.add(anchor)
    return anchor


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,  # for any name of a template
        finalize=_printed,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["prose"] = _prose
    return environment


def _printed(value: Any) -> Any:
    """Return a value for the page; in texts, replace characters that do not print."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return terminal(value, keep="\n") if is_text else value


def _prose(text: str) -> Markup:
    """Return a text as HTML, with parts in backticks as code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(terminal(text)))))


class Drawing(NamedTuple):
    """A figure of a page.

    Attributes
    ----------
    title, caption : str
        The subject; the run, and the meaning of bars and lines.
    svg : str
        The drawing, an HTML element whose name is the title.
    """

    title: str
    caption: str
    svg: str


def drawing(figure: Picture, prefix: str) -> Drawing:
    """Draw a figure for a page.

    Parameters
    ----------
    figure : Picture
        The figure in paper style, since the page has title and caption.
    prefix : str
        Prefix of all ids in the drawing, unique on the page.
    """
    from hopcli.plots.figure import drawn_svg

    width, height = figure.get_size_inches()
    svg = _NOT_IN_HTML.sub("", drawn_svg(figure))
    used = {name for _, name in _LINK.findall(svg)}
    svg = _LINK.sub(rf"\g<1>{prefix}-\2", svg)
    svg = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}-{m[1]}"' if m[1] in used else "", svg)
    # A style element would apply to all drawings of the page.
    head = (
        f'<svg role="img" aria-label="{html(figure.title)}" '
        f'viewBox="0 0 {72 * width:g} {72 * height:g}" '
        'style="stroke-linejoin: round; stroke-linecap: butt">'
    )
    svg = " ".join(re.sub(r"<svg\b[^>]*>", lambda _: head, svg, count=1).split())
    return Drawing(figure.title, figure.caption, svg)


def check_place(path: Path, *, overwrite: bool = False) -> None:
    """Raise an error, before a page is made, if it cannot be written to a place.

    Parameters
    ----------
    path : Path
        Path of the page.
    overwrite : bool
        Whether it may take the place of a file that is no page of hopcli.

    Raises
    ------
    ResultError
        If the path is not a file, cannot be written, or is not a page of hopcli.
    """
    check_file_place(path)
    if path.exists() and not overwrite:
        with io_errors(path), path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(_HEAD)
        if head and MARK not in head:
            rule = "give --out another file, or --overwrite to replace it"
            raise ResultError(f"{path}: not a page of hopcli; {rule}")


def write(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write a page to a temporary file, and move it into place.

    Parameters
    ----------
    text : str
        The page.
    path : Path
        Path of the page.
    overwrite : bool
        Whether it may take the place of a file that is no page of hopcli.

    Raises
    ------
    ResultError
        If the page cannot be written; an earlier file is unchanged then.
    """
    check_place(path, overwrite=overwrite)
    content = text.encode("utf-8", errors="replace")
    write_file(path, lambda stage: stage.write_bytes(content))
