"""Grids as they are written: a table of a file, or texts from the shell."""

from __future__ import annotations

import itertools
import json
import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hopcli.catalogue import CATALOGUE, entry
from hopcli.errors import SettingError
from hopcli.grids.grid import read_grid
from hopcli.grids.store import _OWN, OWN_TABLES
from hopcli.grids.texts import read_set, with_sets


def _grid(text: str, command: str = "recall") -> Any:
    return read_grid({"command": command, **tomllib.loads(text)})


def test_a_grid_is_the_product_of_its_keys_and_the_last_one_is_the_fastest() -> None:
    grid = _grid("tests = 7\n[grid]\nrule = ['hebbian', 'storkey']\ntemperature = '0.1:0.3:0.1'")
    assert grid.names == ("rule", "temperature")
    assert len(grid) == 6
    points = list(grid.points())
    expected = list(itertools.product(["hebbian", "storkey"], [0.1, 0.2, 0.3]))
    assert [point.values for point in points] == expected
    assert [point.place for point in points] == list(range(6))
    assert points[4].settings == {"tests": 7, "rule": "storkey", "temperature": 0.2}
    config, execution = grid.read(points[4])
    assert (config.rule, config.temperature, config.tests) == ("storkey", 0.2, 7)
    assert execution.threads is None


def test_settings_that_belong_together_vary_together() -> None:
    grid = _grid("[grid]\n'digits, selection_seed' = [[[3, 6], 1], [[3, 6, 1], 2]]\nseed = [4, 5]")
    assert grid.names == ("digits", "selection_seed", "seed")
    expected = [(*pair, seed) for pair in (([3, 6], 1), ([3, 6, 1], 2)) for seed in (4, 5)]
    assert [point.values for point in grid.points()] == expected
    assert _grid("[grid]\nseed = '2:10:4'").column("seed") == [2, 6, 10]
    assert _grid("[grid]\ntemperature = '0:1:1'").column("temperature") == [0.0, 1.0]


def test_what_it_says_can_be_said_again() -> None:
    text = "repeats = 2\n[grid]\nsource_indices = ['0:4:1', [7]]\n'digits, seed' = [[[3], 1]]\n"
    grid = _grid(text + "[plot]\nmap = true\nx = 'seed'")
    again = read_grid(json.loads(json.dumps(grid.to_dict())))
    assert again.to_dict() == grid.to_dict()
    assert [p.settings for p in again.points()] == [p.settings for p in grid.points()]
    assert (again.look.map, again.look.x, again.look.by) == (True, "seed", None)


def test_lists_that_grow_are_known_by_their_length() -> None:
    grid = _grid("[grid]\ndigits = [[3, 6], [3], [3, 6, 1]]\nsource_indices = ['0:4:1', '1:9:1']")
    digits, indices = grid.keys()
    assert digits.sizes == {"3,6": 2, "3": 1, "3,6,1": 3}
    assert indices.sizes is None  # 1 to 9 does not begin with 0 to 4
    assert digits.help == entry("recall").settings["digits"].help


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("temperature=0.1:0.3:0.1", "temperature", [0.1, 0.2, 0.3]),
        ("temperature=2:1:linear", "temperature", ["2:1:linear"]),
        ("rule=hebbian,storkey", "rule", ["hebbian", "storkey"]),
        ("digits=3,6,1", "digits", [["3", "6", "1"]]),
        ("digits=3,6;3,6,1", "digits", [["3", "6"], ["3", "6", "1"]]),
        ("start=image,flip:0.1;random:0.5", "start", ["image,flip:0.1", "random"]),
        ("quench=true,false", "quench", [True, False]),
        ("tests=all", "tests", ["all"]),
        ("tests = 5, 6", "tests", [5, 6]),
        ("attempts-per-sweep=N,N/2", "attempts_per_sweep", ["N", "N/2"]),
        ("theta=0:1:0.5", "theta", [0.0, 0.5, 1.0]),
        ("digits, seed=[[[3], 1]]", "digits, seed", [[[3], 1]]),
        ("threads=2", "threads", [2]),
    ],
)
def test_a_text_from_the_shell(text: str, name: str, values: list[Any]) -> None:
    assert read_set(entry("recall"), text) == (name, values)


def test_a_list_of_numbers_is_one_value_where_it_can_be() -> None:
    scan, capacity = entry("temperature-scan"), entry("capacity")
    assert len(read_set(scan, "temperatures=0.1:0.9:0.1")[1]) == 1
    assert read_set(capacity, "rule=hebbian,storkey")[1] == [["hebbian", "storkey"]]
    assert read_set(capacity, "rule=hebbian;storkey")[1] == [["hebbian"], ["storkey"]]


def test_the_shell_comes_on_top_of_a_file() -> None:
    file = {"command": "recall", "tests": 3, "grid": {"rule": ["hebbian"], "seed": [1, 2]}}
    made = with_sets(file, ["rule=storkey,hebbian", "tests=4,5", "seed=9", "repeats=2"])
    grid = read_grid(made)
    assert grid.names == ("rule", "tests")
    assert grid.fixed == {"seed": 9, "repeats": 2}
    assert grid.column("rule") == ["storkey", "hebbian"]
    assert file == {"command": "recall", "tests": 3, "grid": {"rule": ["hebbian"], "seed": [1, 2]}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
NAMES = st.sampled_from(["temperature", "rule", "digits", "seed", "tests, seed", "start", "x", ""])


@given(st.dictionaries(NAMES, JSON, max_size=3), st.sampled_from(sorted(CATALOGUE)))
def test_whatever_is_written_is_a_grid_or_refused(table: dict[str, Any], command: str) -> None:
    try:
        grid = read_grid({"command": command, "grid": table})
    except SettingError:
        return
    assert len(grid) == len(list(grid.points())) > 0
    assert read_grid(json.loads(json.dumps(grid.to_dict()))).to_dict() == grid.to_dict()


@given(st.text(max_size=30))
def test_whatever_is_typed_is_set_or_refused(text: str) -> None:
    for typed in (text, f"temperature={text}", f"digits={text}", f"trace={text}", f"seed=[{text}]"):
        try:
            name, values = read_set(entry("recall"), typed)
        except SettingError:
            continue
        assert name
        assert isinstance(values, list)


@pytest.mark.parametrize("known", CATALOGUE.values(), ids=list(CATALOGUE))
def test_no_setting_has_a_name_of_the_store(known: Any) -> None:
    assert not set(known.config.settings()) & {*_OWN, "checksum", "place", "version"}
    assert known.command not in OWN_TABLES
