"""Take the moving picture of the page that the README shows, in a headless Chromium.

``make screenshot`` runs it on results/live/index.html as it is committed.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parent.parent / "results" / "live"
WIDTH, HEIGHT = 860, 640  # pixels of the window
SMALL = (560, 417)  # pixels of a frame
SLOW = "48"  # of the slider of speeds, for shots take long
FRAMES, LAST = 24, 1800  # frames, and milliseconds that the last one stays
FOUR = (((10, 7), (7, 14), (18, 14)), ((20, 4), (18, 10), (16, 16), (14, 23)))
"""Strokes: columns and rows of their corners."""


def main() -> None:
    """Draw a four, run, and write what is seen."""
    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    shots = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB")
        tab.goto((FOLDER / "index.html").resolve().as_uri())
        tab.locator("#speed").fill(SLOW)
        tab.click("#clear")
        tab.evaluate("document.querySelector('.stage').scrollIntoView()")
        box = tab.locator("#state").bounding_box()
        assert box is not None
        side = box["width"] / 28
        for stroke in FOUR:
            corners = [
                (box["x"] + (c + 0.5) * side, box["y"] + (r + 0.5) * side) for c, r in stroke
            ]
            tab.mouse.move(*corners[0])
            tab.mouse.down()
            for corner in corners[1:]:
                tab.mouse.move(*corner, steps=8)
                shots.append(tab.screenshot())
            tab.mouse.up()
        tab.focus("#state")
        tab.keyboard.press("Enter")
        for _ in range(FRAMES):
            shots.append(tab.screenshot())
            tab.wait_for_timeout(60)
        tab.locator("#speed").fill("100")
        tab.evaluate("document.querySelector('.stage').scrollIntoView()")
        tab.locator("#run", has_text="Run").wait_for()
        shots.append(tab.screenshot())
        browser.close()
    frames = [
        Image.open(io.BytesIO(shot)).convert("RGB").resize(SMALL).quantize(40) for shot in shots
    ]
    times = [120] * (len(frames) - 1) + [LAST]
    frames[0].save(
        FOLDER / "live.gif",
        save_all=True,
        append_images=frames[1:],
        duration=times,
        loop=0,
        optimize=True,
    )


if __name__ == "__main__":
    main()
