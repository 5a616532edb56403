"""The page of ``hopcli live`` in a browser, for tests that use it as a person would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from playwright.sync_api import Page as Tab

NARROW, WIDE = 390, 1280  # pixels: a phone, a desk
FOUR = [
    ((10, 7), (7, 14), (18, 14)),
    ((20, 4), (18, 10), (16, 16), (14, 23)),
    ((19, 6), (17, 14), (15, 23)),
    ((9, 8), (8, 13), (19, 15)),
]
"""Strokes of a digit: columns and rows of its corners."""

DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


class Seen:
    """An open page, with the messages and requests of the browser."""

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

    def click(self, *places: str) -> None:
        """Click one place after the other, until the page has drawn the effect."""
        for place in places:
            self.tab.click(place)
        self.tab.evaluate(DRAWN)

    def press(self, *keys: str) -> None:
        """Press one key after the other, until the page has drawn the effect."""
        for key in keys:
            self.tab.keyboard.press(key)
        self.tab.evaluate(DRAWN)

    def enter(self, name: str, value: str) -> None:
        self.tab.locator(f"#{name}").fill(value)
        self.tab.locator(f"#{name}").press("Enter")

    def call(self) -> dict[str, Any]:
        """Run the Python call that the page shows; return its names."""
        names: dict[str, Any] = {}
        self.tab.click("#calls summary")
        exec(self.tab.inner_text("#python"), names)
        return names

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
        """Return the start of the run, from the file that the page saves."""
        with self.tab.expect_download() as download:
            self.tab.evaluate("document.querySelector('#save-start').click()")
        rows = download.value.path().read_text(encoding="utf-8").splitlines()[1:]
        return np.array([[1 if c == "#" else -1 for c in row] for row in rows], np.int8)

    def shown(self) -> NDArray[np.int8]:
        """Return the present state, which becomes the start of the next run."""
        self.slide("amount", 0)
        self.tab.click("#noise")
        return self.spins()

    def overlaps(self) -> list[float]:
        texts = self.tab.locator("#patterns .value").all_inner_texts()
        return [float(text.replace("\N{MINUS SIGN}", "-")) for text in texts]
