"""The public names: one list, nothing imported before it is used, records that show themselves."""

from __future__ import annotations

import ast
import importlib
import re
from typing import TYPE_CHECKING

import pytest
from conftest import CHECKOUT

import hopcli
from hopcli import catalogue

if TYPE_CHECKING:
    from conftest import SpawnHopcli

COMMANDS = {entry.module for entry in catalogue.CATALOGUE.values()} - {"select"}


def _imports_for_types() -> dict[str, str]:
    """What type checkers see of hopcli: names and where they are from."""
    tree = ast.parse((CHECKOUT / "hopcli/__init__.py").read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    return {
        alias.asname or "": node.module or ""
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_one_list_of_names_for_people_and_for_type_checkers() -> None:
    assert _imports_for_types() == hopcli._PLACE_OF
    assert set(hopcli.__all__) == {"__version__", *hopcli._PLACE_OF}
    assert len(set(hopcli.__all__)) == len(hopcli.__all__)


def test_every_command_is_a_function() -> None:
    assert set(hopcli.__all__) >= COMMANDS


@pytest.mark.parametrize("name", sorted(set(hopcli.__all__) - {"__version__"}))
def test_a_public_name_is_there_and_says_what_it_is(name: str) -> None:
    value = getattr(hopcli, name)
    assert value is getattr(importlib.import_module(hopcli._PLACE_OF[name]), name)
    assert value.__doc__
    assert name in dir(hopcli)


def test_what_is_not_there_is_said_so() -> None:
    with pytest.raises(AttributeError, match="'stor'"):
        _ = hopcli.stor


def test_importing_costs_nothing(spawn_hopcli: SpawnHopcli) -> None:
    done = spawn_hopcli(code="import sys, hopcli; print(*sys.modules)")
    assert done.code == 0, done.err
    loaded = done.out.split()
    assert "hopcli" in loaded
    assert not {name for name in loaded if name.startswith("hopcli.")}
    assert "numpy" not in loaded


def test_storing_and_looking_need_no_compiler(spawn_hopcli: SpawnHopcli) -> None:
    code = (
        "import sys, hopcli; m = hopcli.store({'a': [[1, 0], [1, 0]], 'b': [[1, 1], [0, 0]]}); "
        "m.energy([[1, 1, 1, 1]]); print(*sys.modules)"
    )
    done = spawn_hopcli(code=code)
    assert done.code == 0, done.err
    assert not {"numba", "pandas", "matplotlib", "sklearn"} & set(done.out.split())


def test_records_show_themselves() -> None:
    own = hopcli.load([[0, 9, 0, 9], [9, 9, 0, 0]], labels=["<b>", "two"])
    memory = hopcli.store(own)
    end = memory.recall("pattern", temperature=0.01)
    assert repr(own) == "Dataset(arrays: 2 images of 2 x 2; <b>, two)"
    assert repr(memory.patterns) == "Patterns(2 of 2 x 2: <b>, two; arrays)"
    assert repr(memory) == "Memory(pseudo-inverse: <b>, two; N = 4 sites in K = 4 classes)"
    assert re.findall(r"\b[pNK] = \d", repr(memory.couplings)) == ["p = 2", "N = 4", "K = 4"]
    assert repr(end) == "Recalled(2 of 2; own 2)"
    for record, pictures in ((own, 2), (memory.patterns, 2), (memory, 2), (end, 4)):
        shown = record._repr_html_()
        assert len(re.findall('src="data:image/png;base64,', shown)) == pictures
        assert "<b>" not in shown  # a label is text, whatever it is
        assert "&lt;b&gt;" in shown


def test_a_picture_shows_ink_on_paper() -> None:
    import base64
    import io

    import numpy as np
    from PIL import Image

    shown = hopcli.store(np.array([[1, -1, -1]], np.int8)).patterns._repr_html_()
    data = re.search('base64,([^"]+)"', shown)
    assert data
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1]))))
    assert pixels.tolist() == [[0, 255, 255]]


def test_of_many_pictures_the_first_are_shown() -> None:
    import numpy as np

    states = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (30, 9))
    shown = hopcli.load(states)._repr_html_()
    assert shown.count("<img") == 20
    assert "30 images" in shown
    assert "(30 in all)" in shown
