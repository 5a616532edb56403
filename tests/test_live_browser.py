"""The page in a browser, used as a person would: with a mouse, by touch, by keyboard alone."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import RunHopcli
from live_pages import FOUR, NARROW, WIDE, Seen
from PIL import Image
from PIL.GifImagePlugin import GifImageFile

import hopcli

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_drawn_four_is_recalled(seen: Seen, browser: Browser, live_file: Path) -> None:
    seen.draw(FOUR)
    assert seen.run() == "Recalled 4."
    assert seen.overlaps()[4] >= 0.99
    state, after = seen.tab.inner_text("#numbers"), seen.tab.url.removeprefix(live_file.as_uri())
    with browser.new_context(locale="en-GB") as context:
        again = Seen(context.new_page(), live_file, after)
        assert "Recalled 4." in again.outcome()
        assert again.tab.inner_text("#numbers") == state
        assert again.overlaps() == seen.overlaps()
    seen.slide("temperature", 1.2)
    assert "1.2" in seen.run()
    assert max(map(abs, seen.overlaps())) < 0.5


CASES = {
    "as it opens": {},
    "heat bath": {"dynamics": "glauber", "rule": "hebbian", "order": "permutation"},
    "sign": {"dynamics": "async", "tie": "up", "rule": "storkey"},
    "all at once": {"dynamics": "sync", "rule": "hebbian"},
}
FAST = ("heat bath",)


@pytest.mark.parametrize(
    "case", [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in CASES]
)
def test_calls_end_alike(seen: Seen, empty_folder: Path, case: str, run_hopcli: RunHopcli) -> None:
    """Typed, both the Python call and the command end where the page is."""
    tab = seen.tab
    tab.click(".settings summary")
    for name, value in CASES[case].items():
        tab.select_option(f"#{name}", value)
    seen.enter("seed", "77")
    seen.click("#image", "#store")
    seen.run()
    names, line = seen.call(), tab.inner_text("#command")
    for name in ("start", "patterns"):
        with tab.expect_download() as download:
            tab.click(f"#save-{name}")
        download.value.save_as(empty_folder / f"{name}.txt")
    shown = seen.shown()
    assert np.array_equal(names["end"].spins[0], shown.ravel())
    words = shlex.split(line.replace("\\\n", " "))
    assert run_hopcli(*words[1:]).code == 0
    with np.load(empty_folder / "results" / "live" / "recall.npz") as arrays:
        assert np.array_equal(arrays["gallery.end"][0], shown.ravel())


def test_a_temperature_that_changed_is_a_call_of_the_loop(seen: Seen) -> None:
    seen.run()
    seen.slide("temperature", 0.9)
    for _ in range(3):
        seen.click("#sweep")
    end = seen.call()["end"]
    assert "[0.2, 0.9], [20, 3]" in seen.tab.inner_text("#python")
    state = seen.tab.inner_text("#numbers"), seen.overlaps()
    seen.tab.reload()
    assert (seen.tab.inner_text("#numbers"), seen.overlaps()) == state
    assert np.array_equal(end.spins[0], seen.shown().ravel())


def test_it_works_by_keyboard_alone(seen: Seen) -> None:
    focused = "document.activeElement.id"
    seen.press("Tab")
    assert seen.tab.evaluate(focused) == "skip"
    seen.press("Enter")
    assert seen.tab.evaluate("location.hash") == "#state"
    seen.tab.focus("#state")
    seen.press("ArrowDown", "ArrowDown", "ArrowRight", "Space")
    assert "2" in seen.tab.inner_text("#cell")
    seen.press("Enter")
    seen.tab.locator("#run", has_text="Pause").wait_for()
    seen.press("Enter")
    seen.tab.locator("#run", has_text="Run").wait_for()
    seen.tab.focus("#attempt")
    before = seen.tab.inner_text("#numbers")
    seen.press("Enter")
    assert seen.tab.inner_text("#numbers") != before
    reached = set()
    for _ in range(80):
        seen.tab.keyboard.press("Tab")
        reached.add(seen.tab.evaluate(focused))
    assert {"run", "temperature", "rule", "store", "copy", "count-drawn", "language"} <= reached


@pytest.mark.parametrize("seen", [(NARROW, "light")], indirect=True)
def test_it_works_by_touch_on_a_phone(seen: Seen) -> None:
    tab = seen.tab
    tab.tap("#clear")
    tab.tap("#state")
    assert seen.overlaps()[2] > 0.8  # a blank page with a dot, which is near the 1
    tab.tap("#patterns li:nth-child(5) button")
    tab.tap("#attempt")
    assert seen.overlaps()[4] >= 0.99
    small = (
        "[...document.querySelectorAll('button, select, summary, .file, "
        "input[id]:not([type=checkbox], #file)')]"
        ".filter((one) => one.checkVisibility()).map((one) => one.getBoundingClientRect())"
        ".filter((box) => box.height < 44 || box.width < 44).length"
    )
    tab.tap(".settings summary")
    tab.tap("#calls summary")
    assert tab.evaluate(small) == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= NARROW


ON_A_DESK = [pytest.param((WIDE, one), marks=pytest.mark.slow) for one in ("light", "dark")]


@pytest.mark.parametrize("seen", [(NARROW, "dark"), *ON_A_DESK], indirect=True, ids=str)
def test_axe_finds_nothing(seen: Seen) -> None:
    seen.click("#lesson-open", "#lesson-answers button", ".settings summary", "#calls summary")
    seen.click("#look", "#state", "#count-drawn")
    seen.tab.locator("#count-result").wait_for()
    found = Axe().run(seen.tab).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []


def test_every_step_of_the_lesson_shows_what_it_says(seen: Seen) -> None:
    """The answer that comes true, by step, however the noise of the start falls."""
    came = []
    seen.slide("speed", 100)
    seen.tab.click("#lesson-open")
    for step in range(8):
        seen.tab.click("#lesson-answers button >> nth=0")
        seen.tab.locator("#run", has_text="Run").wait_for()
        came.append(seen.tab.inner_text("#lesson-says").startswith("Your prediction was right"))
        if step < 7:
            seen.tab.click("#lesson-next")
    assert came == [True, True, True, True, False, False, False, False]


def test_files_are_saved(seen: Seen, tmp_path: Path) -> None:
    seen.run()
    sizes = {}
    for name, suffix in (("png", "png"), ("gif", "gif"), ("csv", "csv")):
        with seen.tab.expect_download() as download:
            seen.tab.click(f"#{name}")
        path = tmp_path / f"file.{suffix}"
        download.value.save_as(path)
        sizes[name] = path
    with Image.open(sizes["png"]) as picture:
        assert picture.size == (336, 336)
    with GifImageFile(sizes["gif"]) as film:
        assert film.n_frames > 20
        film.seek(film.n_frames - 1)
        last = np.asarray(film.convert("L")).reshape(28, 6, 28, 6)[:, 3, :, 3]
    with Image.open(sizes["png"]) as picture:
        still = np.asarray(picture.convert("L")).reshape(28, 12, 28, 12)[:, 6, :, 6]
    assert np.array_equal(last < 128, still < 128)
    table = np.genfromtxt(sizes["csv"], delimiter=",", names=True)
    assert table["attempt"][-1] == 7840
    assert table["sweep"][-1] == 20
    assert round(table["m_3"][-1], 2) == seen.overlaps()[0]


def test_the_count_of_test_images_is_that_of_the_command(seen: Seen, tmp_path: Path) -> None:
    seen.tab.click("#count-images")
    seen.tab.locator("#count-result").wait_for()
    counts = seen.tab.locator("#count-rows td:nth-child(3)").all_inner_texts()
    run = hopcli.recall(tests=20, repeats=1, seed=1)
    table = run.tables["accuracy"]
    assert counts == [f"{n} / 20" for n in table["recalled"].iloc[:5]]
