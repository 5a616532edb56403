"""Take the picture of the page of verdicts that the README shows, in a headless Chromium.

``make screenshot`` runs it on the page as it is committed.
"""

from __future__ import annotations

import shutil
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "results" / "reproduce"
WIDTH, HEIGHT = 1000, 900  # pixels


def main() -> None:
    """Open the page and write a picture of its top."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        tab.goto((FOLDER / "report.html").resolve().as_uri())
        tab.screenshot(path=FOLDER / "report.png")
        browser.close()


if __name__ == "__main__":
    main()
