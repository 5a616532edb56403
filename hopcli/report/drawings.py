"""Figures as parts of a page: SVG among its HTML, whose names meet no other's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from hopcli.plots.files import drawn_svg

if TYPE_CHECKING:
    from hopcli.plots.files import Picture

__all__ = ["Drawing", "drawing"]

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_POINTS = 72  # an inch
_PIXELS = 96  # an inch, as browsers have it


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as a page shows it.

    Parameters
    ----------
    name : str
        That of the picture, such as ``accuracy``.
    title, caption : str
        What it shows, and what was run and what bars and lines are.
    svg : str
        The drawing, an element of HTML that is called as its title says.
    width : int
        Its own width, in pixels of CSS (96 an inch).
    """

    name: str
    title: str
    caption: str
    svg: str
    width: int


def drawing(name: str, figure: Picture, prefix: str) -> Drawing:
    """Draw a figure for a page.

    Parameters
    ----------
    name : str
        That of the picture.
    figure : Picture
        What to draw, in paper style: the page says title and caption.
    prefix : str
        Begins every id in it, and no id elsewhere in the page.
    """
    root = ET.fromstring(drawn_svg(figure))
    _strip(root)
    _rename(root, prefix)
    width = float(root.attrib["viewBox"].split()[2])
    root.attrib.update({"role": "img", "aria-label": figure.title})
    pixels = round(width * _PIXELS / _POINTS)
    return Drawing(name, figure.title, figure.caption, _as_html(root), pixels)


def _strip(root: ET.Element) -> None:
    """Leave out what a page has no use for, and what would tell on the rest of it."""
    for parent in root.iter():
        for child in list(parent):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                parent.remove(child)
    # In a page the rule of the style element would hold for all that is drawn in it.
    root.set("style", "stroke-linejoin: round; stroke-linecap: butt")
    for name in ("version", "width", "height"):  # a page has a size of its own for it
        root.attrib.pop(name, None)


def _rename(root: ET.Element, prefix: str) -> None:
    """Begin the ids that are referred to with a prefix, and leave out the others."""
    used = {name for element in root.iter() for name in _referred(element)}
    for element in root.iter():
        own = element.attrib.pop("id", None)
        if own in used:
            element.set("id", f"{prefix}-{own}")
        link = element.attrib.pop(_LINK, None)
        if link is not None:
            element.set("href", f"#{prefix}-{link[1:]}" if link.startswith("#") else link)
        for name, value in element.attrib.items():
            element.set(name, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))


def _referred(element: ET.Element) -> list[str]:
    """The ids that an element refers to."""
    link = element.get(_LINK, "")
    found = [name for value in element.attrib.values() for name in _REFERENCE.findall(value)]
    return [*found, link[1:]] if link.startswith("#") else found


def _as_html(root: ET.Element) -> str:
    """An element of HTML: names without a namespace, and no space that says nothing."""
    for element in root.iter():
        element.tag = element.tag.removeprefix(_SVG)
        element.text = element.tail = None
        if "d" in element.attrib:
            element.set("d", " ".join(element.attrib["d"].split()))
    return ET.tostring(root, encoding="unicode")
