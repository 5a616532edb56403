"""The page in a browser, used as a person would: with a mouse, by touch, by keyboard alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from hopcli.livepage import gather_contents, languages, page
from hopcli.config import RecallConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import RunHopcli
    from playwright.sync_api import Browser, BrowserContext
    from playwright.sync_api import Page as Tab

NARROW, WIDE = 390, 1280  # pixels: a phone, a desk
FOUR = [((7, 6), (7, 12), (8, 15), (20, 14)), ((20, 6), (20, 24))]
"""Strokes of a digit: columns and rows of its corners."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    api = pytest.importorskip("playwright.sync_api")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next((found for name in names if (found := shutil.which(name))), None)
    boxed = [] if os.name == "nt" or os.geteuid() else ["--no-sandbox"]
    with api.sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium here: `playwright install chromium` gets one")
        with playwright.chromium.launch(executable_path=path, args=boxed) as launched:
            yield launched


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "page.html"
    path.write_text(page(gather_contents(RecallConfig(), 20), languages()), encoding="utf-8")
    return path


class Seen:
    """A page that is open, and what the browser said and asked for meanwhile."""

    def __init__(self, tab: Tab, path: Path, after: str = "") -> None:
        self.tab = tab
        self.said: list[str] = []
        self.asked: list[str] = []
        tab.on("console", lambda message: self.said.append(message.text))
        tab.on("pageerror", lambda error: self.said.append(str(error)))
        tab.on("request", lambda request: self.asked.append(request.url))
        tab.goto(path.as_uri() + after)

    def outcome(self) -> str:
        return self.tab.inner_text("#outcome")

    def run(self) -> str:
        """Run as fast as the page can, to the end."""
        self.slide("speed", 100)
        self.tab.click("#run")
        self.tab.locator("#run", has_text="Run").wait_for()
        return self.outcome()

    def slide(self, name: str, value: float) -> None:
        self.tab.locator(f"#{name}").fill(str(value))

    def draw(self, strokes: list[tuple[tuple[int, int], ...]], touch: bool = False) -> None:
        self.tab.click("#clear")
        box = self.tab.locator("#state").bounding_box()
        assert box is not None
        x, y, side = box["x"], box["y"], box["width"] / 28
        for stroke in strokes:
            corners = [(x + (c + 0.5) * side, y + (r + 0.5) * side) for c, r in stroke]
            self.tab.mouse.move(*corners[0])
            self.tab.mouse.down()
            for corner in corners[1:]:
                self.tab.mouse.move(*corner, steps=12)
            self.tab.mouse.up()

    def overlaps(self) -> list[float]:
        texts = self.tab.locator("#patterns .value").all_inner_texts()
        return [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts]


@pytest.fixture
def seen(request: pytest.FixtureRequest, browser: Browser, file: Path) -> Iterator[Seen]:
    scheme: Literal["light", "dark"]
    width, scheme = getattr(request, "param", (WIDE, "light"))
    with browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme=scheme,
        locale="en-GB",
        has_touch=width == NARROW,
        accept_downloads=True,
    ) as context:
        one = Seen(context.new_page(), file)
        yield one
        assert one.said == []
        assert [url for url in one.asked if not url.startswith(("data:", "blob:"))] == [
            file.as_uri()
        ]


def test_a_drawn_four_is_recalled_lost_and_back_at_its_address(seen: Seen, browser: Browser, file: Path) -> None:
    seen.draw(FOUR)
    assert seen.run() == "Recalled 4."
    assert seen.overlaps()[4] >= 0.99
    address, state = seen.tab.url, seen.tab.inner_text("#numbers")
    with browser.new_context(locale="en-GB") as context:
        again = Seen(context.new_page(), file, address.partition("#")[1] + address.partition("#")[2])
        assert "Recalled 4." in again.outcome()
        assert again.tab.inner_text("#numbers") == state
        assert again.overlaps() == seen.overlaps()
    seen.slide("temperature", 1.2)
    assert "1.2" in seen.run()
    assert max(map(abs, seen.overlaps())) < 0.5


def test_ten_patterns_are_too_many_for_hebb(seen: Seen) -> None:
    seen.tab.select_option("#rule", "hebbian")
    for _ in range(5):
        seen.tab.click("#image")
        seen.tab.click("#store")
    assert len(seen.overlaps()) == 10
    seen.slide("temperature", 0)
    seen.tab.click("#patterns li:nth-child(1) button")
    assert seen.overlaps()[0] == 1
    assert not seen.run().startswith("Recalled 3.")
    assert seen.overlaps()[0] < 0.99
