"""Check built pages: every link and anchor leads somewhere, and nothing is loaded from elsewhere.

``python tests/links.py FOLDER`` prints what is wrong, a line each, and ends with 1 if anything is.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"link", "script", "img", "iframe", "source", "video", "audio"}
"""Elements that load their target; others only link to it."""


@dataclass
class Page(HTMLParser):
    """Anchors of a page, and (element, address) of its links."""

    anchors: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors |= {value for key in ("id", "name") if (value := given.get(key))}
        for key in ("href", "src"):
            if (address := given.get(key)) is not None:
                self.links.append((tag, address))


def read(path: Path) -> Page:
    """Read one page."""
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def broken(folder: Path) -> list[str]:
    """List the links of the pages in a folder that are broken or load from elsewhere."""
    pages = {path.resolve(): read(path) for path in sorted(folder.rglob("*.html"))}
    return [
        f"{path.relative_to(folder.resolve())}: {address}: {wrong}"
        for path, page in pages.items()
        for tag, address in page.links
        if (wrong := _wrong(path, tag, address, pages))
    ]


def _wrong(path: Path, tag: str, address: str, pages: dict[Path, Page]) -> str:
    parts = urlsplit(address)
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        if tag in LOADED:
            return "is loaded from elsewhere"
        return "" if parts.scheme == "https" and parts.netloc else "is no https address"
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file():
        return "there is no such file"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "there is no such place on the page"
    return ""


if __name__ == "__main__":
    found = broken(Path(sys.argv[1]))
    print(*found, sep="\n", end="\n" if found else "")  # noqa: T201
    sys.exit(1 if found else 0)
