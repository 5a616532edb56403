"""The page of ``hopcli live`` in a browser: fixtures of the tests that use it as a person would."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from hopcli.config import RecallConfig
from hopcli.livepage import gather_contents, languages, page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

NARROW, WIDE = 390, 1280  # pixels: a phone, a desk
FOUR = [
    ((10, 7), (7, 14), (18, 14)),
    ((20, 4), (18, 10), (16, 16), (14, 23)),
    ((19, 6), (17, 14), (15, 23)),
    ((9, 8), (8, 13), (19, 15)),
]
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

    def draw(self, strokes: list[tuple[tuple[int, int], ...]]) -> None:
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

    def spins(self) -> NDArray[np.int8]:
        """The start of the run, from the file that the page saves."""
        with self.tab.expect_download() as download:
            self.tab.evaluate("document.querySelector('#save-start').click()")
        rows = download.value.path().read_text(encoding="utf-8").splitlines()[1:]
        return np.array([[1 if c == "#" else -1 for c in row] for row in rows], np.int8)

    def shown(self) -> NDArray[np.int8]:
        """The state now, made the start of the next run."""
        self.slide("amount", 0)
        self.tab.click("#noise")
        return self.spins()

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
