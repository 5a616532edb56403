"""Take the pictures of pages and states that README and the docs show: ``make screenshot``.

The pages are those that are committed, in a headless Chromium. Every frame of the two threes is
a state of ``Memory.recall`` with the same seed.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from live_pages import FOUR
from PIL import Image

import hopcli
from hopcli.study import AUTHORS_RECALL

RESULTS = Path(__file__).parents[1] / "results"
LABELS = "36104"
ENDS_IN_6 = 966  # a training image of a 3 that ends in the stored 6
FRAMES, ATTEMPTS = 24, 196  # frames, and attempted flips between two of them


def main() -> None:
    """Take all pictures."""
    live()
    two_threes()
    three_ways()


@contextlib.contextmanager
def opened(page: Path, width: int, height: int) -> Iterator[Any]:
    """Open a page in a window of so many pixels."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": height}, locale="en-GB")
        tab.goto(page.resolve().as_uri())
        yield tab
        browser.close()


def save(frames: list[Image.Image], name: str, times: list[int]) -> None:
    """Write a moving picture; times are milliseconds of each frame."""
    path = RESULTS / "live" / name
    rest: dict[str, Any] = {"append_images": frames[1:], "duration": times, "loop": 0}
    frames[0].save(path, save_all=True, optimize=True, **rest)


# --- the page to play with: a four is drawn, and runs ------------------------------------


def live() -> None:
    """Draw a four, run, and write what is seen."""
    shots = []
    with opened(RESULTS / "live" / "index.html", 860, 640) as tab:
        tab.locator("#speed").fill("48")  # slowly, for shots take long
        tab.click("#clear")
        tab.evaluate("document.querySelector('.stage').scrollIntoView()")
        box = tab.locator("#state").bounding_box()
        side = box["width"] / 28
        for stroke in FOUR[:2]:
            x, y = box["x"], box["y"]
            corners = [(x + (c + 0.5) * side, y + (r + 0.5) * side) for c, r in stroke]
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
    pictures = [Image.open(io.BytesIO(shot)).convert("RGB") for shot in shots]
    frames = [picture.resize((560, 417)).quantize(40) for picture in pictures]
    save(frames, "live.gif", [120] * (len(frames) - 1) + [1800])


# --- two threes fall into stored patterns ------------------------------------------------


def two_threes() -> None:
    """Run both, and write the frames."""
    mnist = hopcli.load("mnist")
    memory = hopcli.store(hopcli.select(mnist).take(LABELS))
    damaged = hopcli.select(mnist).take("3").xi[0].copy()
    damaged[np.random.default_rng(3).random(damaged.size) < 0.25] *= -1
    starts = np.stack([damaged, mnist.spins[ENDS_IN_6]])
    runs = [
        memory.recall(starts, temperature=0.2, sweeps=n, attempts_per_sweep=ATTEMPTS, seed=1)
        for n in range(1, FRAMES)
    ]
    spins = np.stack([starts, *(run.spins for run in runs)])
    overlaps = np.stack([memory.overlaps(starts), *(run.overlaps for run in runs)])
    energies = np.stack([memory.energy(starts), *(run.energy for run in runs)])
    frames = [_frame(spins[: n + 1], overlaps[n], energies[: n + 1]) for n in range(FRAMES)]
    save(frames, "two-threes.gif", [1200, *[110] * (FRAMES - 2), 2600])


def _frame(spins: np.ndarray, overlaps: np.ndarray, energies: np.ndarray) -> Image.Image:
    widths = (2.2, 1.7, 1.5, 2.2, 1.7, 1.5)
    figure, axes = plt.subplots(1, 6, figsize=(9, 2.4), dpi=80, width_ratios=widths)
    for side in range(2):
        picture, bars, curve = axes[3 * side : 3 * side + 3]
        picture.imshow(spins[-1, side].reshape(28, 28), cmap="binary", vmin=-1, vmax=1)
        picture.set_axis_off()
        winner = int(np.argmax(overlaps[side]))
        colours = ["tab:orange" if k == winner else "tab:gray" for k in range(len(LABELS))]
        bars.barh(range(len(LABELS)), overlaps[side], color=colours)
        bars.set(xlim=(0, 1), yticks=range(len(LABELS)), yticklabels=list(LABELS))
        bars.set(xticks=(0, 0.5, 1), xticklabels=("0", "0.5", "1"), title="overlap m")
        bars.invert_yaxis()
        curve.plot(energies[:, side], color="tab:blue")
        curve.plot(len(energies) - 1, energies[-1, side], "o", color="tab:blue", markersize=4)
        curve.set(xlim=(-0.5, FRAMES), ylim=(-400, 0), xticks=(), yticks=(), title="energy")
    figure.tight_layout(pad=0.4)
    shot = io.BytesIO()
    figure.savefig(shot)
    plt.close(figure)
    return Image.open(shot).convert("RGB").quantize(32)


# --- recall as published, by the text and as run -----------------------------------------


def three_ways() -> None:
    """Draw the printed table of recall beside both protocols."""
    authors = pd.read_csv(AUTHORS_RECALL, index_col="repeat")
    ways = [("published", authors.mean(), authors.std())]
    for name, run in (("by the text", "paper"), ("as run", "paper-as-run")):
        table = 100 * pd.read_csv(RESULTS / run / "accuracy.csv", index_col="label")
        ways.append((name, table["accuracy"], table["sd_repeats"]))
    figure, ax = plt.subplots(figsize=(7, 2.6), dpi=110)
    for k, (name, mean, sd) in enumerate(ways):
        places = np.arange(len(LABELS)) + 0.2 * (k - 1)
        values, errors = mean[list(LABELS)], sd[list(LABELS)]
        colour = ("k", "tab:blue", "tab:orange")[k]
        ax.errorbar(places, values, errors, fmt="Dos"[k], color=colour, capsize=3, label=name)
    ax.set(xticks=range(len(LABELS)), xticklabels=list(LABELS), xlabel="digit")
    ax.set_ylabel("recalled (%), ± SD")
    ax.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="upper center", ncols=len(ways), frameon=False)
    figure.tight_layout(rect=(0, 0, 1, 0.92))
    figure.savefig(RESULTS / "live" / "three-ways.png", metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    main()
