"""``hopcli live``: one page, or one line of refusal and nothing written."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import CHECKOUT, RunHopcli

import hopcli
from hopcli.errors import DataError
from hopcli.network import Network, Quadratic

LIMIT = 200_000  # bytes of a page of ten digits and 300 test images


def test_a_page_of_ten_digits_is_small(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    done = run_hopcli("live", "--digits", "0123456789", "--tests", "30")
    assert (done.code, done.out, done.err) == (0, "live.html\n", "")
    page = empty_folder / "live.html"
    assert page.stat().st_size < LIMIT
    text = page.read_text(encoding="utf-8").partition('id="data">')[2]
    data = json.loads(text.partition("</script>")[0])
    assert (len(data["patterns"]), len(data["images"]["labels"])) == (10, 300)


def test_the_committed_page_is_that_of_the_program(run_hopcli: RunHopcli) -> None:
    """``make live`` writes it."""
    assert run_hopcli("live").code == 0
    committed = CHECKOUT / "results" / "live" / "index.html"
    assert Path("live.html").read_bytes() == committed.read_bytes()
    assert committed.with_name("live.gif").stat().st_size < 500_000


TEXTS = Path(hopcli.__file__).parent / "livepage" / "texts.en.json"


def test_a_third_language_is_taken(run_hopcli: RunHopcli, empty_folder: Path) -> None:
    words = {**json.loads(TEXTS.read_text()), "title": "<b>Titre</b>"}
    Path("texts.fr.json").write_text(json.dumps(words), encoding="utf-8")
    assert run_hopcli("live", "--texts", "texts.fr.json", "--language", "fr").code == 0
    text = (empty_folder / "live.html").read_text(encoding="utf-8")
    assert '<html lang="fr">' in text
    assert "<b>" not in text


def test_both_languages_have_the_same_places() -> None:
    """Of numbers and names in the texts."""
    one, other = (json.loads(TEXTS.with_name(f"texts.{c}.json").read_text()) for c in ("en", "de"))
    assert list(one) == list(other)
    for key, text in one.items():
        if isinstance(text, str):
            mine, theirs = (sorted(re.findall(r"\{\w+\}", each)) for each in (text, other[key]))
            assert mine == theirs, key
        else:
            assert list(text) == list(other[key])
            assert len(text["answers"]) == len(other[key]["answers"])


def test_classes_made_by_hand_are_those_of_the_page_or_refused() -> None:
    held = hopcli.store({"a": [[1, 0], [1, 0]]}).patterns
    between = np.array([[0.0, 0.5, -1.0], [0.5, 0.0, -1.0], [-1.0, -1.0, 0.25]])
    site_class = np.array([2, 0, 2, 1], np.int32)
    columns = np.array([[-1], [-1], [1]], np.int8)
    by_hand = Network("by hand", site_class, columns, Quadratic(between), np.zeros(3))
    with pytest.raises(DataError):
        hopcli.live(hopcli.Memory(held, by_hand))
    site_class = np.array([0, 1, 0, 1], np.int32)
    two = Quadratic(between[1:, 1:])
    by_hand = Network("by hand", site_class, columns[[2, 0]], two, np.zeros(2))
    assert '"name":"given"' in hopcli.live(hopcli.Memory(held, by_hand)).html
    many = np.where(np.random.default_rng(1).random((20, 784)) < 0.5, 1, -1)  # too large
    memory = hopcli.store(many, rule="hebbian")
    c = memory.couplings
    doubled = Network("x", c.site_class, c.columns, Quadratic(2 * c.J), c.theta)
    with pytest.raises(DataError):
        hopcli.live(hopcli.Memory(memory.patterns, doubled))
