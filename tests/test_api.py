"""The public names: one list, lazy imports, and the display of records."""

from __future__ import annotations

import base64
import importlib
import io
import re

import numpy as np
import pytest
from conftest import SpawnHopcli
from PIL import Image

import hopcli
from hopcli import catalogue


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    """Type checkers see the same names: see test_api_types."""
    commands = {entry.module for entry in catalogue.CATALOGUE.values()} - {"select"}
    names = set(hopcli.__all__) - {"__version__"}
    assert names >= commands
    assert len(names) + 1 == len(hopcli.__all__)
    for module, text in hopcli._PLACES.items():
        for name in text.split():
            value = getattr(hopcli, name)
            assert value is getattr(importlib.import_module(f"hopcli.{module}"), name)
            assert value.__doc__
            assert name in dir(hopcli)
    with pytest.raises(AttributeError, match="'stor'"):
        _ = getattr(hopcli, "stor")  # noqa: B009


def test_nothing_is_imported_before_it_is_used(spawn_hopcli: SpawnHopcli) -> None:
    used = "hopcli.store({'a': [[1, 0]], 'b': [[1, 1]]}, 'hebbian').energy([[1, 1]])"
    code = f"import sys, hopcli\nprint(*sys.modules)\n{used}\nprint(*sys.modules)"
    imported, loaded = (set(line.split()) for line in spawn_hopcli(code=code).out.splitlines())
    own = {name for name in imported if name.startswith("hopcli.")}
    few = ("_version", "catalogue", "errors", "records", "values")
    assert own == {f"hopcli.{name}" for name in few}
    assert "numpy" in loaded - imported
    assert not {"numba", "pandas", "matplotlib", "sklearn"} & loaded


def test_records_show_themselves() -> None:
    own = hopcli.load([[0, 9, 0, 9], [9, 9, 0, 0]], labels=["<b>", "two"])
    memory = hopcli.store(own)
    end = memory.recall("pattern", temperature=0.01)
    for labelled, counts in ((own, "222"), (memory.patterns, "222"), (memory, "44")):
        assert repr(labelled).startswith(f"{type(labelled).__name__}(")
        assert re.findall(r"\d", repr(labelled)) == [*counts]
        assert re.search(r"<b>, two\b", repr(labelled))
    assert re.findall(r"\b[pNK] = \d", repr(memory.couplings)) == ["p = 2", "N = 4", "K = 4"]
    assert repr(end) == "Recalled(2 of 2; own 2)"
    for record, pictures in ((own, 2), (memory.patterns, 2), (memory, 2), (end, 4)):
        shown = record._repr_html_()
        assert len(re.findall('src="data:image/png;base64,', shown)) == pictures
        assert "<b>" not in shown  # a label is text, whatever it is
        assert "&lt;b&gt;" in shown


def test_pictures_show_ink_on_paper_and_of_many_the_first() -> None:
    shown = hopcli.store(np.array([[1, -1, -1]], np.int8)).patterns._repr_html_()
    data = re.search('base64,([^"]+)"', shown)
    assert data
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
    assert pixels.tolist() == [[0, 255, 255]]
    states = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (30, 9))
    shown = hopcli.load(states)._repr_html_()
    assert shown.count("<img") == 20
    assert shown.count("30 ") == 2
