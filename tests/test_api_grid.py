"""A grid from Python: the store and the files of the command."""

from __future__ import annotations

import gc
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import RunHopcli, random_patterns, write_patterns

import hopcli
from hopcli.api.gridding import GridRun, grid
from hopcli.errors import HopcliError, ResultError, SettingError
from hopcli.grids.store import Store

SHARED: dict[str, Any] = {"dataset": "text:five.txt", "start": "flip:0.2", "tests": 2, "repeats": 2}
VARY = {"rule": ["hebbian", "pseudo-inverse"], "temperature": np.array([0.1, 0.3, 0.5])}
FILE = """
command = "recall"
dataset = "text:five.txt"
start = "flip:0.2"
tests = 2
repeats = 2
[grid]
rule = ["hebbian", "pseudo-inverse"]
temperature = "0.1:0.5:0.2"
"""


@pytest.fixture(autouse=True)
def _five(empty_folder: Path) -> None:
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))


def cells(folder: Path | str) -> dict[str, Any]:
    """Return the contents of a store except times."""
    with Store(Path(folder)) as store:
        made = [store.made(cell) for _, cell in store.points()]
        tables = [(one.cell, one.config, one.tables, one.notes) for one in made]
        return {"grid": store.grid().to_dict(), "cells": tables}


def test_a_grid_is_what_the_command_makes(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(FILE)
    assert run_hopcli("grid", "run", "mine.toml", "--out", "cli").code == 0
    begun = grid("recall", vary=VARY, out="api", limit=4, **SHARED)
    assert begun.status == {"cells": 6, "finished": 4, "failed": 0, "missing": 2}
    assert not Path("api/grid.json").exists()
    made = grid("recall", vary=VARY, out="api", **SHARED)
    assert re.findall(r"(\w+) \((\d)\)", repr(made)) == [("rule", "2"), ("temperature", "3")]
    assert re.findall(r"(\d) (\w+)", repr(made)) == [("6", "cells"), ("6", "finished")]
    assert made._repr_html_().count("<tr") > 6
    assert cells("api") == cells("cli")
    for name in ("grid.csv", "grid.png"):
        assert (Path("api") / name).read_bytes() == (Path("cli") / name).read_bytes()
    one, other = (json.loads(Path(f"{name}/grid.json").read_text()) for name in ("api", "cli"))
    assert (one["config"], one["outputs"]) == (other["config"], other["outputs"])
    assert made.status == {"cells": 6, "finished": 6, "failed": 0, "missing": 0}
    own = pd.read_csv("api/grid.csv", dtype={"label": str})
    of_all = (own.label == "overall").rename(None)
    for found, rows in ((made.table, own[~of_all]), (made.overall, own[of_all])):
        pd.testing.assert_frame_equal(found, rows.reset_index(drop=True), check_dtype=False)


def test_a_list_that_is_no_value_varies() -> None:
    made = grid("recall", temperature=np.array([0.1, 0.3]), digits=["1", "2"], limit=0, **SHARED)
    assert made.grid.names == ("temperature",)
    assert made.grid.column("temperature") == [0.1, 0.3]
    assert made.grid.fixed["digits"] == ["1", "2"]
    for settings, grids in (({"digits": [1, 1]}, 0), ({"temperature": [0.1, 0.3]}, 1)):
        with pytest.raises(HopcliError) as caught:  # points to a grid only where one helps
            hopcli.recall(**settings)
        assert str(caught.value).count("hopcli.grid(") == grids
    with pytest.raises(HopcliError, match="'recall'"):
        grid("recal", temperature=[0.1])


def test_without_a_folder_it_goes_with_the_record() -> None:
    made = grid("recall", vary={"temperature": "0.1:0.3:0.2"}, **SHARED)
    folder = made.folder
    assert set(made.table.temperature) == {0.1, 0.3}
    assert set(made["outcomes"].temperature) == {0.1, 0.3}
    assert made.figure() is not None
    files = made.save("kept")
    assert [path.name for path in files] == ["grid.csv", "grid.png", "grid.json"]
    again = made.save("kept")
    assert again == []  # the same is there
    pd.testing.assert_frame_equal(GridRun(made.grid, Path("kept")).table, made.table)
    del made
    gc.collect()
    assert not folder.exists()


def test_keywords_go_on_top_of_a_file_and_none_leaves_a_setting_open() -> None:
    Path("mine.toml").write_text(FILE + '[plot]\nby = "rule"\nx = "temperature"\n')
    made = grid("mine.toml", temperature=0.2, tests=1, vary={"digits": [["1", "2"], "1,2,3"]})
    assert made.grid.fixed["temperature"] == 0.2
    assert made.grid.names == ("rule", "digits")
    assert made.grid.column("digits") == [["1", "2"], "1,2,3"]
    shared = {"dataset": SHARED["dataset"], "start": SHARED["start"]}
    together = grid("recall", vary={"digits, tests": [["1,2", 2], ["1", 3]]}, **shared)
    assert together.status["cells"] == 2
    made = grid("mine.toml", rule="storkey", limit=1)  # what varies no more lays nothing out
    assert (made.grid.look.x, made.grid.look.by) == ("temperature", None)
    assert made.grid.fixed["rule"] == "storkey"
    assert "rule" not in made.table
    made = grid("mine.toml", temperature=None, digits=None, limit=0)
    assert "temperature" not in made.grid.fixed
    assert made.status["cells"] == 2  # of the two rules


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"vary": {"temprature": [1]}}, "temprature .*recall"),
        ({"temperature": [0.1, -1]}, "temperature .*-1"),
        ({}, "grid "),
        ({"vary": {"rule": ["hebbian"]}, "rule": "storkey"}, "rule "),
        ({"vary": {"rule": ["hebbian"]}, "plot": {"x": "nix"}}, r"plot\.x .*rule"),
    ],
)
def test_what_is_wrong_is_refused_first(asked: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingError, match=f"^{named}"):
        grid("recall", out="here", **SHARED, **asked)
    assert not Path("here").exists()


def test_a_folder_of_another_grid_is_refused() -> None:
    grid("recall", vary={"temperature": [0.1]}, out="here", **SHARED)
    with pytest.raises(ResultError, match=r"here.*recall"):
        grid("weights", vary={"rule": ["hebbian"]}, dataset=SHARED["dataset"], out="here")
