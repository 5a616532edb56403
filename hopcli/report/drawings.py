"""Figures as parts of a page: inline SVG with unique ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hopcli.printing import html

if TYPE_CHECKING:
    from hopcli.plots.files import Picture

_PIXELS = 96  # CSS pixels per inch
_NOT_IN_HTML = re.compile(
    r'<\?xml.*?\?>|<!.*?>|<(metadata|style)\b.*?</\1>| xmlns(:\w+)?="[^"]*"|xlink:(?=href)',
    re.DOTALL,
)
_LINK = re.compile(r'(href="#|url\(#)([^")]+)')


class Drawing(NamedTuple):
    """A figure of a page.

    Attributes
    ----------
    title, caption : str
        The subject; the run, and the meaning of bars and lines.
    svg : str
        The drawing, an HTML element whose name is the title.
    width : int
        Width of the drawing, in CSS pixels (96 per inch).
    """

    title: str
    caption: str
    svg: str
    width: int


def drawing(figure: Picture, prefix: str) -> Drawing:
    """Draw a figure for a page.

    Parameters
    ----------
    figure : Picture
        The figure in paper style, since the page has title and caption.
    prefix : str
        Prefix of all ids in the drawing, unique on the page.
    """
    from hopcli.plots.files import drawn_svg

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
    return Drawing(figure.title, figure.caption, svg, round(width * _PIXELS))
