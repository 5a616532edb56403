"""Further uses of the page: own pictures, changes, cooling, storing, other names."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from live_pages import NARROW, WIDE, Seen
from PIL import Image, ImageDraw

import hopcli
from hopcli import observables

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HOSTILE = (
    "</script><script>throw 1</script>",
    '<img src=x onerror="throw 2">',
    "constructor",
    "__proto__",
    "a\u2028b'\"\\${1}{name}",
    "\u202efour\u2066",
    "\u05d0\u05e8\u05d1\u05e2",
    "l.~g" * 2000,
)
"""Names that would end a script, start one, stand for something of JavaScript, turn the text
around them, fill the page, or separate parts of its address."""

BLOTS = {name: np.random.default_rng(1 + k).random((6, 6)) < 0.5 for k, name in enumerate(HOSTILE)}


def _picture() -> bytes:
    """A dark four on a light ground, 140 pixels wide, with a grey corner."""
    image = Image.new("RGB", (140, 140), "white")
    pen = ImageDraw.Draw(image)
    pen.line([(50, 40), (35, 80), (100, 75)], "black", 14)
    pen.line([(100, 25), (80, 115)], "black", 14)
    pen.rectangle([0, 0, 20, 20], "#b0b0b0")
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


DAMAGED = (
    *("lang=constructor", "r=toString", "S=%%%", "p=9.9", "p=0~", "w=1x1e9", "t=NaN", "s=-1"),
    *("p=constructor", "of=another", "v=2", "d=", "T=1e400", "q=0x1", "a=0"),
)
"""Parts of an address that no page has written."""

PASTED = """([how, text]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], "own.png", { type: "image/png" }));
  const name = how === "drop" ? "dataTransfer" : "clipboardData";
  const event = how === "drop" ? new DragEvent("drop", { [name]: carried, bubbles: true })
    : new ClipboardEvent("paste", { [name]: carried, bubbles: true });
  document.body.dispatchEvent(event);
}"""


def test_own_pictures_come_by_file_drop_and_paste(seen: Seen) -> None:
    tab, picture, before = seen.tab, _picture(), seen.spins()
    tab.set_input_files("#file", {"name": "own.png", "mimeType": "image/png", "buffer": picture})
    tab.locator("#own-tools").wait_for()
    own = seen.spins()
    assert not np.array_equal(own, before)
    assert own[0, 0] == -1
    assert 60 < np.sum(own > 0) < 160
    assert own[15, 12] == 1
    seen.slide("threshold", 200)
    assert seen.spins()[0, 0] == 1
    tab.click("#dark")
    assert np.array_equal(seen.spins()[0, :8], [-1] * 4 + [1] * 4)
    tab.click("#dark")
    seen.slide("threshold", 128)
    for how in ("drop", "paste"):
        tab.click("#clear")
        assert np.all(seen.spins() == -1)
        tab.evaluate(PASTED, [how, base64.b64encode(picture).decode()])
        tab.locator("#outcome", has_text="picture").wait_for()
        assert np.array_equal(seen.spins(), own)
    tab.set_input_files("#file", {"name": "a.png", "mimeType": "image/png", "buffer": b"none"})
    tab.wait_for_function("!document.querySelector('#outcome').textContent.includes('loaded')")
    assert np.array_equal(seen.spins(), own)


def test_pictures_are_hidden_inverted_blended_and_made_noisy(seen: Seen) -> None:
    tab, xi = seen.tab, hopcli.select("mnist").take("36104").xi.reshape(-1, 28, 28)
    seen.click("#patterns li:nth-child(2) button", "#invert")
    assert np.array_equal(seen.spins(), -xi[1])
    assert seen.overlaps()[1] == -1
    seen.slide("amount", 0.25)
    hidden = {"bottom": np.s_[21:], "top": np.s_[:7], "left": np.s_[:, :7], "right": np.s_[:, 21:]}
    for side, place in hidden.items():
        tab.click("#patterns li:nth-child(2) button")
        tab.select_option("#side", side)
        tab.click("#occlude")
        expected = xi[1].copy()
        expected[place] = -1
        assert np.array_equal(seen.spins(), expected)
    seen.click("#patterns li:nth-child(2) button", "#noise")
    assert np.sum(seen.spins() != xi[1]) == 196
    tab.select_option("#blend-a", "0")
    tab.select_option("#blend-b", "4")
    tab.click("#blend")
    blended, same = seen.spins(), xi[0] == xi[4]
    assert np.array_equal(blended[same], xi[0][same])
    assert 0 < np.sum(blended[~same] > 0) < np.sum(~same)
    seen.click("#patterns li:nth-child(3) button", "#fit")
    assert seen.overlaps()[2] > 0.8


def test_pictures_are_stored_and_spurious_states_collected(seen: Seen) -> None:
    tab = seen.tab
    seen.click("#store", "#patterns li:nth-child(6) .small")
    tab.click("#store")  # the same again, which the rule cannot store
    assert len(seen.overlaps()) == 6
    assert np.isfinite(seen.overlaps()).all()
    seen.click("#image", "#store")
    assert len(seen.overlaps()) == 7
    assert seen.run() == "Recalled 3+2."
    tab.reload()
    assert seen.outcome().endswith(". Recalled 3+2.")
    tab.click("#patterns li:nth-child(6) button:last-child")
    assert len(seen.overlaps()) == 6
    tab.click("#forget-added")
    assert len(seen.overlaps()) == 5
    tab.click("#lesson-open")
    for _ in range(5):
        tab.click("#lesson-next")
    seen.slide("speed", 100)
    tab.click("#lesson-answers button >> nth=1")
    tab.locator("#tray button").wait_for()
    seen.click("#clear", "#tray button")
    assert np.sum(seen.spins() > 0) > 40
    assert seen.run().startswith("A mixture of 3, 6 and 1")
    assert tab.locator("#tray button").count() == 1


@pytest.mark.parametrize("width", [NARROW, pytest.param(WIDE, marks=pytest.mark.slow)])
def test_names_of_patterns_are_text(browser: Browser, tmp_path: Path, width: int) -> None:
    path = tmp_path / "page.html"
    memory = hopcli.store(BLOTS, rule="hebbian")
    images = hopcli.load(np.array(list(BLOTS.values())), [f"{name}!" for name in HOSTILE])
    hopcli.live(memory, images).save(path)
    with browser.new_context(
        locale="en-GB", viewport={"width": width, "height": 900}, accept_downloads=True
    ) as context:
        seen = Seen(context.new_page(), path)
        tab = seen.tab
        shown = tab.locator("#patterns .name").all_text_contents()
        assert shown[:5] == list(HOSTILE[:5])
        assert shown[5:7] == ["four", HOSTILE[6]]
        assert (shown[7][:39], len(shown[7])) == (HOSTILE[7][:39], 40)
        labels = tab.locator("#image-label option").all_text_contents()
        assert labels[:3] == [f"{name}!" for name in HOSTILE[:3]]
        tab.click("#patterns li:nth-child(8) .small")
        seen.run()
        tab.select_option("#image-label", index=7)
        seen.click("#store", "#look", "#state")
        for count in ("#count-drawn", "#count-images"):
            tab.click(count)
            tab.locator("#count-result").wait_for()
        tab.click("#csv")
        assert list(seen.call()["patterns"])[:8] == list(HOSTILE)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        tab.reload()
        again = tab.locator("#patterns .name").all_text_contents()
        assert (again[:8], len(again)) == (shown, 9)
        assert seen.said == []


def test_a_damaged_address_opens_the_page(seen: Seen) -> None:
    rest = seen.tab.url.partition("#")[2].split("&")
    for change in DAMAGED:
        kept = [part for part in rest if not part.startswith(change[:2])]
        seen.tab.evaluate(f"location.hash = {'&'.join([*kept, change])!r}")
        seen.tab.wait_for_timeout(20)
        seen.tab.locator("#patterns .value", has_text=re.compile(r"\d")).last.wait_for()
        assert len(seen.overlaps()) >= 1
    seen.run()


def test_parameters_of_a_rule_are_those_of_the_memory(browser: Browser, tmp_path: Path) -> None:
    memory = hopcli.store(hopcli.select("mnist").take("36104"), rule="perceptron", kappa=0.5)
    path = tmp_path / "page.html"
    hopcli.live(memory, temperature=0).save(path)
    with browser.new_context(locale="en-GB", accept_downloads=True) as context:
        seen = Seen(context.new_page(), path)
        energy = observables.energy(seen.spins().reshape(1, -1), memory.couplings)[0]
        text = seen.tab.inner_text("#numbers").replace(",", "").replace("\N{MINUS SIGN}", "-")
        shown = re.search(r"energy (-?[\d.]+)", text)
        assert shown is not None
        assert float(shown[1]) == pytest.approx(energy, abs=0.06)
        assert np.allclose(seen.call()["memory"].couplings.J, memory.couplings.J)


def _pixels(seen: Seen) -> Any:
    """The colours of the picture."""
    shot = Image.open(io.BytesIO(seen.tab.locator("#state").screenshot())).convert("RGB")
    return np.asarray(shot).astype(int)


def test_every_other_control_does_what_it_says(seen: Seen) -> None:
    tab = seen.tab
    numbers = tab.locator("#numbers")
    seen.click("#erase", "#patterns li:nth-child(1) button")
    before = int(np.sum(seen.spins() > 0))
    assert np.mean(_pixels(seen)[..., 1] < 128) == pytest.approx(before / 784, abs=0.02)
    seen.click("#state")
    assert 0 < before - int(np.sum(seen.spins() > 0)) <= 9
    seen.click(".settings summary", "#sweep")
    assert " 392 " in numbers.inner_text()
    seen.click("#restart")
    assert "attempt 0 " in numbers.inner_text()
    tab.select_option("#per", "all")
    seen.click("#sweep")
    assert " 784 " in numbers.inner_text()
    seen.enter("sweeps", "3")
    seen.click("#restart")
    seen.run()
    assert " 2,352 " in numbers.inner_text()
    seen.enter("seed", "-1")
    assert tab.input_value("#seed") == "1"
    seen.click("#field")
    assert tab.get_attribute("#field", "aria-pressed") == "true"
    red, green, blue = np.moveaxis(_pixels(seen), 2, 0)
    assert np.mean(red > np.maximum(green, blue) + 40) > 0.3  # fields below 0
    assert np.mean(blue > np.maximum(red, green) + 40) > 0.05
    tab.select_option("#language", "de")
    assert tab.inner_text("#run") == "Start"
    assert tab.evaluate("document.documentElement.lang") == "de"
    tab.reload()
    assert tab.input_value("#language") == "de"
    tab.select_option("#language", "en")
    seen.click("#lesson-open", "#lesson-close")
    assert not tab.locator("#lesson").is_visible()


@pytest.mark.slow
def test_german_texts_and_a_frame_fit(browser: Browser, live_file: Path, tmp_path: Path) -> None:
    """A notebook shows the page in a frame, which runs there as well."""
    with browser.new_context(
        locale="de-DE",
        viewport={"width": NARROW, "height": 900},
        permissions=["clipboard-read", "clipboard-write"],
    ) as context:
        seen = Seen(context.new_page(), live_file)
        tab, read = seen.tab, "navigator.clipboard.readText()"
        assert tab.evaluate("document.documentElement.lang") == "de"
        tab.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true })")
        tab.evaluate("document.querySelector('#run').click()")
        for width in (NARROW, WIDE, 1920):
            tab.set_viewport_size({"width": width, "height": 900})
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
        seen.click("#copy")
        assert tab.evaluate(read) == tab.url
        for name in ("command", "python"):
            seen.click(f"#copy-{name}")
            assert tab.evaluate(read).split() == tab.inner_text(f"#{name}").split()
        page = tmp_path / "notebook.html"
        page.write_text(hopcli.live(hopcli.store(BLOTS))._repr_html_(), encoding="utf-8")
        framed = Seen(context.new_page(), page)
        inside = framed.tab.frame_locator("iframe")
        inside.locator("#numbers").wait_for()
        assert inside.locator("#patterns .name").count() == len(BLOTS)
        assert framed.tab.evaluate("document.documentElement.scrollWidth") <= NARROW
        assert seen.said + framed.said == []


def test_an_inverse_counts_as_recalled(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    pictures = {"a": np.eye(6, dtype=int), "b": np.tri(6, dtype=int)}
    images = hopcli.load(np.array([1 - picture for picture in pictures.values()]), list(pictures))
    hopcli.live(hopcli.store(pictures), images, temperature=0).save(path)
    with browser.new_context(locale="en-GB") as context:
        tab = Seen(context.new_page(), path).tab
        tab.click("#count-images")
        tab.locator("#count-result").wait_for()
        rows = tab.locator("#count-rows").locator("tr").all()
        assert [row.locator("td").nth(1).inner_text() for row in rows] == ["1 / 1"] * 2
