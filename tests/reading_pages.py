"""Strict reader of an HTML page and its references."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}


@dataclass
class Element:
    """An element with what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Element] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, spaces as one."""
        return " ".join("".join(self.texts).split())

    def all(self, *tags: str) -> list[Element]:
        """Every element of these tags in it, in order; of any if none is given."""
        found = []
        for child in self.children:
            found += [child] if not tags or child.tag in tags else []
            found += child.all(*tags)
        return found


class Page(HTMLParser):
    """A page whose elements are all closed, in the right order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"{tag} has an attribute twice: {names}"
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        assert any(element.tag == "svg" for element in self._open), f"{tag} closes itself"
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        element = self._open.pop()
        assert element.tag == tag, f"{element.tag} is closed by {tag}"

    def handle_data(self, data: str) -> None:
        inside = self._open[-1]
        for element in [inside] if inside.tag == "style" else self._open:
            element.texts.append(data)

    def close(self) -> None:
        super().close()
        assert self._open == [self.root], f"{self._open[-1].tag} is not closed"


def read_page(text: str) -> Element:
    """Return the root of a page; raise an error if it is not well-formed."""
    page = Page()
    page.feed(text)
    page.close()
    return page.root
