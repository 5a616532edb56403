"""The page of a report in a browser: wide and narrow, light and dark, on paper, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import live_pages
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHECKOUT
from live_pages import NARROW, WIDE
from test_report import CLAIMS

from hopcli import report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

WHITE = "rgb(255, 255, 255)"
RUNS = ("tutorial-4x4", "stored")


PICTURES = """async () => {
  const links = [...document.querySelectorAll("svg image")].map((one) => one.getAttribute("href"));
  const sizes = await Promise.all(links.map(async (link) => {
    const picture = new Image();
    picture.src = link;
    await picture.decode();
    return picture.naturalWidth;
  }));
  const drawn = [...document.querySelectorAll("figure svg")].filter((one) => one.clientWidth > 0);
  const boxes = drawn.map((one) => one.getBBox().width);
  return [sizes, boxes];
}"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with claims, runs and a grid."""
    path = tmp_path_factory.mktemp("report") / "page.html"
    sections = [
        section
        for name in RUNS
        for section in report.sections_in(CHECKOUT / "results" / name, f"results/{name}")
    ]
    report.write(report.page("What holds", sections, intro="Words.", claims=CLAIMS), path)
    return path


class Seen(live_pages.Seen):
    """A report that is open."""

    def tell(self, script: str) -> Any:
        return self.tab.evaluate(script)

    def box(self, selector: str) -> Any:
        return self.tell(f"document.querySelector('{selector}').getBoundingClientRect()")

    def style(self, selector: str, name: str, part: str = "") -> str:
        found: str = self.tell(
            f"getComputedStyle(document.querySelector('{selector}'), '{part}').{name}"
        )
        return found


@pytest.fixture
def seen(request: pytest.FixtureRequest, browser: Browser, page: Path) -> Iterator[Seen]:
    asked: Any = getattr(request, "param", (WIDE, "light"))
    size: Any = {"width": asked[0], "height": 900}
    with browser.new_context(viewport=size, color_scheme=asked[1]) as context:
        yield Seen(context.new_page(), page)


@pytest.mark.parametrize(
    "seen",
    [(width, scheme) for width in (NARROW, WIDE) for scheme in ("light", "dark")],
    indirect=True,
    ids=lambda value: f"{value[1]}-{value[0]}",
)
def test_a_page_on_a_screen(seen: Seen, page: Path, request: pytest.FixtureRequest) -> None:
    fits = "document.documentElement.scrollWidth <= innerWidth"
    assert seen.tell(fits)
    seen.tell("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert seen.tell(fits)
    sizes, boxes = seen.tell(PICTURES)
    assert len(sizes) > 4
    assert len(boxes) >= 4
    assert min(*sizes, *boxes) > 0
    if str(NARROW) in request.node.name:
        found = Axe().run(seen.tab).response["violations"]  # of WCAG 2
        assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
    widths = seen.tell("[...document.querySelectorAll('.picture svg')].map((e) => e.clientWidth)")
    assert min(widths) > (0.85 * NARROW if str(NARROW) in request.node.name else 580)
    assert seen.style(".picture", "backgroundColor") == WHITE
    ground = sum(map(int, re.findall(r"\d+", seen.style("body", "backgroundColor"))))
    assert ground < 100 if "dark" in request.node.name else ground > 700
    assert seen.said == []
    assert [url for url in seen.asked if not url.startswith("data:")] == [page.as_uri()]


@pytest.mark.parametrize("seen", [(NARROW, "light")], indirect=True)
def test_claims_are_cards_where_it_is_narrow(seen: Seen) -> None:
    """One below the other, each with its heading; nothing of a claim has to be scrolled to."""
    label = ("[data-label]", "content", "::before")
    assert seen.style(".claims td", "display") == "block"
    assert seen.style(*label) == '"Published"'
    edges = seen.tell(
        "[...document.querySelectorAll('.claims *')].map((one) => one.getBoundingClientRect())"
        ".filter((box) => box.width > 1).map((box) => box.right)"
    )
    assert max(edges) <= NARROW
    roles = "[...document.querySelectorAll('.claims tr > *')].every((one) => one.role)"
    assert seen.tell(roles)  # which a table that is laid out as blocks would lose
    seen.tab.set_viewport_size({"width": WIDE, "height": 900})
    assert seen.style(".claims td", "display") == "table-cell"
    assert seen.style(*label) == "none"


def test_all_is_there_on_paper(seen: Seen) -> None:
    hidden = (
        "[...document.querySelectorAll('details table, details dl')]"
        ".filter((one) => !one.checkVisibility()).length"
    )
    assert seen.tell(hidden) > 5
    seen.tab.emulate_media(media="print")
    assert seen.tell(hidden) == 0
    assert seen.style(".skip", "display") == "none"
    assert seen.style("body", "backgroundColor") == WHITE
    seen.tab.set_viewport_size({"width": 688, "height": 1000})  # A4 between its margins
    assert seen.style(".claims td", "display") == "table-cell"
    widths = "[...document.querySelectorAll('.picture')].map((one) => one.clientWidth)"
    assert max(seen.tell(widths)) <= 688


def test_a_keyboard_gets_everywhere(seen: Seen) -> None:
    seen.tab.keyboard.press("Tab")
    assert seen.tell("document.activeElement.className") == "skip"
    assert seen.box(":focus")["left"] >= 0
    seen.tab.keyboard.press("Enter")
    assert seen.tell("location.hash") == "#content"
    scrolls = (
        "[...document.querySelectorAll('*')].filter((one) => one.scrollWidth > one.clientWidth + 1"
        " && getComputedStyle(one).overflowX === 'auto').every((one) => one.tabIndex === 0)"
    )
    seen.tab.set_viewport_size({"width": NARROW, "height": 900})
    assert seen.tell(scrolls)
