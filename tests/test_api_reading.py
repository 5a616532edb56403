"""Reading runs as one table: every row with the settings that it was made with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT

from hopcli.api.reading import read
from hopcli.errors import ResultError, SettingError

if TYPE_CHECKING:
    from conftest import RunHopcli

RESULTS = CHECKOUT / "results"
SMALL = ("--tests", "2", "--repeats", "1", "--sweeps", "2", "--no-figures", "-q")
GRID = """
command = "recall"
tests = 2
repeats = 1
sweeps = 2
temperature = 0.1
[grid]
rule = ["hebbian", "pseudo-inverse"]
digits = [[3, 6], [3, 6, 1]]
"""


def test_one_run_is_its_table_with_its_settings() -> None:
    found = read(RESULTS / "paper")
    own = pd.read_csv(RESULTS / "paper" / "accuracy.csv", dtype={"label": str})
    pd.testing.assert_frame_equal(found[list(own.columns)], own, check_dtype=False)
    config = json.loads((RESULTS / "paper" / "recall.json").read_text())["config"]
    assert set(found.columns) == {"run", *own.columns, *config}
    assert set(found.run) == {str(RESULTS / "paper")}
    assert set(found.temperature) == {config["temperature"]}
    assert found.sweeps.dtype == np.int64
    assert set(found.digits) == {"3,6,1,0,4"}
    assert set(found.source_indices) == {""}


def test_what_differs_stands_first_and_a_name_is_never_twice() -> None:
    found = read(str(RESULTS / "weights*"))
    assert list(found.columns[:3]) == ["run", "rule", "label"]
    assert found.groupby("run").rule.first().to_dict() == {
        str(RESULTS / "weights"): "pseudo-inverse",
        str(RESULTS / "weights-hebbian"): "hebbian",
    }
    capacity = read(RESULTS / "capacity")
    assert capacity.columns.is_unique
    own = pd.read_csv(RESULTS / "capacity" / "capacity.csv")
    assert capacity.capacity_rule.tolist() == own.rule.tolist()
    assert set(capacity.rule) == {",".join(dict.fromkeys(own.rule))}


def test_a_published_grid_is_read_without_its_store(tmp_path: Path) -> None:
    published = shutil.copytree(
        RESULTS / "phase", tmp_path / "phase", ignore=shutil.ignore_patterns("*.sqlite*")
    )
    found = read(published)
    own = pd.read_csv(RESULTS / "phase" / "grid.csv", keep_default_na=False)
    assert len(found) == len(own)
    assert found.rule.tolist() == own.rule.tolist()
    assert found.source_indices.tolist() == own.source_indices.tolist()
    assert found.accuracy.tolist() == pd.to_numeric(own.accuracy).tolist()
    assert set(found.criterion) == {0.95}


def test_cells_of_a_grid_are_runs_whole_or_not(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(GRID)
    assert run_hopcli("grid", "run", "mine.toml", "--limit", "3", "--no-figures", "-q").code == 0
    begun = read("results/*")
    assert begun.groupby(["rule", "digits"], sort=False).size().to_dict() == {
        ("hebbian", "3,6"): 3,
        ("hebbian", "3,6,1"): 4,
        ("pseudo-inverse", "3,6"): 3,
    }
    assert run_hopcli("grid", "run", "mine.toml", "--no-figures", "-q").code == 0
    one = run_hopcli("recall", *SMALL, "--digits", "3,6,1", "--temperature", "0.1", "--out", "one")
    assert one.code == 0
    cells, run = read("results"), read("one")
    same = cells[(cells.rule == "pseudo-inverse") & (cells.digits == "3,6,1")]
    columns = list(run.columns.drop("run"))
    pd.testing.assert_frame_equal(same[columns].reset_index(drop=True), run[columns])
    assert len(read(["results", "one"])) == len(cells) + len(run)


def test_another_table_and_other_commands(run_hopcli: RunHopcli) -> None:
    assert run_hopcli("recall", *SMALL, "--digits", "3,6", "--out", "a").code == 0
    assert run_hopcli("weights", "--no-figures", "-q", "--out", "b/c").code == 0
    assert set(read(["a", "b"], command="recall", table="outcomes").run) == {"a"}
    assert set(read(["a", "b"], command="weights").run) == {"b/c"}
    with pytest.raises(SettingError, match=r"command .*recall, w"):
        read(["a", "b"])
    with pytest.raises(SettingError, match=r"command .*recall"):
        read("a", command="relax")
    with pytest.raises(SettingError, match=r"table .*accuracy.*'trace'"):
        read("a", table="trace")


def test_what_is_damaged_or_missing_is_refused(run_hopcli: RunHopcli) -> None:
    assert run_hopcli("recall", *SMALL, "--digits", "3,6", "--out", "a").code == 0
    with Path("a/accuracy.csv").open("a") as file:
        file.write("8,1,1,1,1,1\n")
    with pytest.raises(ResultError, match=r"accuracy\.csv"):
        read("*")
    nowhere: tuple[str | list[str], ...] = ("nothing*", "nothing", [])
    for where in nowhere:
        with pytest.raises(ResultError, match="must"):
            read(where)
    manifest = json.loads(Path("a/recall.json").read_text())
    del manifest["tables"]
    Path("a/recall.json").write_text(json.dumps(manifest))
    with pytest.raises(ResultError, match=r"recall\.json: "):
        read("a")
