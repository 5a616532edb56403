"""Functions on folders of finished runs: the same answers as the commands."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import CHECKOUT, RunHopcli
from shell import Shell, read_json

import hopcli
from hopcli.api.reading import read
from hopcli.errors import ResultError, SettingError

RESULTS = CHECKOUT / "results"
SMALL = "--tests 2 --repeats 1 --sweeps 2 --no-figures -q"
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


# --- check, diff, report, reproduce ------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder of two selections that differ in the seed."""
    for name, seed in (("one", 1), ("two", 2)):
        hopcli.run("select", samples=3, seed=seed, figures=False).save(tmp_path / name)
    return tmp_path


def test_check_finds_what_the_command_finds(two: Path, run_hopcli: RunHopcli) -> None:
    assert hopcli.check(two).empty
    (two / "one" / "patterns.csv").write_text("label\n")
    (two / "two" / "more.csv").write_text("label\n")
    found = hopcli.check(two / "one", two / "two")
    done = json.loads(run_hopcli("check", str(two), "--format", "json").out)
    for differs, name in ((True, "differs"), (False, "told")):
        said = found.loc[found["differs"] == differs, "says"].tolist()
        assert said == [finding["says"] for finding in done[name]]
        assert len(said) == 1


def test_diff_is_the_table_of_the_command(two: Path, run_hopcli: RunHopcli) -> None:
    found = hopcli.diff(two / "one", two / "two" / "select.json")
    done = run_hopcli("diff", str(two / "one"), str(two / "two"), "--format", "csv")
    assert found.to_csv(index=False).splitlines() == done.out.splitlines()
    assert found.iloc[0].tolist()[:4] == ["settings", "seed", "1", "2"]
    assert len(found) > 2
    assert hopcli.diff(two / "one", two / "one").empty


def test_report_is_the_page_of_the_command(two: Path, shell: Shell) -> None:
    page = hopcli.write_report(two / "one", two / "two", out=two / "a.html", title="Two")
    shell.run(f"report {two}/one {two}/two --title Two --out {two}/b.html -q")
    assert page.read_bytes() == (two / "b.html").read_bytes()


def test_where_there_is_no_run(tmp_path: Path) -> None:
    calls: list[Any] = [hopcli.check, lambda here: hopcli.diff(here, here), hopcli.write_report]
    for call in calls:
        with pytest.raises(ResultError):
            call(tmp_path)
    assert not list(tmp_path.iterdir())


def test_verdicts_are_those_of_the_command(shell: Shell) -> None:
    with pytest.raises(hopcli.HopcliError, match=r"^only .*'nothing'"):
        hopcli.reproduce(only="nothing")
    assert not list(Path().iterdir())
    found = hopcli.reproduce(only=["six-sites"], out="python")
    shell.run("reproduce --only six-sites --out shell -q")
    assert Path("python/claims.csv").read_bytes() == Path("shell/claims.csv").read_bytes()
    assert found.set_index("id")["verdict"].to_dict() == {"six-sites": "reproduced"}


# --- reading runs as one table -----------------------------------------------------------


def test_one_run_is_its_table_with_its_settings() -> None:
    found = read(RESULTS / "paper")
    own = pd.read_csv(RESULTS / "paper" / "accuracy.csv", dtype={"label": str})
    assert read(RESULTS / "paper", overall=True).accuracy.tolist() == own.accuracy.tolist()[-1:]
    own = own[own.label != "overall"]
    pd.testing.assert_frame_equal(found[list(own.columns)], own, check_dtype=False)
    config = json.loads((RESULTS / "paper" / "recall.json").read_text())["config"]
    assert set(found.columns) == {"run", *own.columns, *config}
    assert found.sweeps.dtype == np.int64
    first = found[["run", "temperature", "digits", "source_indices"]].drop_duplicates()
    expected = [str(RESULTS / "paper"), config["temperature"], "3,6,1,0,4", ""]
    assert first.to_numpy().tolist() == [expected]


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


def test_an_open_setting_is_nan_among_numbers_and_else_empty(tmp_path: Path) -> None:
    settings = {"kappa": 0.5, "epochs": 7, "size": "2x3"}
    for name, given in {"set": settings, "unset": dict.fromkeys(settings)}.items():
        path = shutil.copytree(RESULTS / "weights", tmp_path / name) / "weights.json"
        manifest = read_json(path)
        manifest["config"] |= given
        path.write_text(json.dumps(manifest))
    found = read(tmp_path).drop_duplicates("run")
    assert found.kappa.tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert found.epochs.tolist() == pytest.approx([7, np.nan], nan_ok=True)
    assert found["size"].tolist() == ["2x3", ""]


def test_a_published_grid_is_read_without_its_store(tmp_path: Path) -> None:
    for name in ("grid.csv", "grid.json"):
        shutil.copy(RESULTS / "phase" / name, tmp_path)
    found = read(tmp_path, overall=True)
    own = pd.read_csv(RESULTS / "phase" / "grid.csv", keep_default_na=False)
    own = own[own.label == "overall"]
    for name in ("rule", "source_indices"):
        assert found[name].tolist() == own[name].tolist()
    assert found.accuracy.tolist() == pd.to_numeric(own.accuracy).tolist()
    assert set(found.criterion) == {0.95}


def test_cells_of_a_grid_are_runs_whole_or_not(shell: Shell) -> None:
    Path("mine.toml").write_text(GRID)
    shell.run("grid run mine.toml --limit 3 --no-figures -q")
    assert read("results/*").groupby(["rule", "digits"], sort=False).size().to_dict() == {
        ("hebbian", "3,6"): 2,
        ("hebbian", "3,6,1"): 3,
        ("pseudo-inverse", "3,6"): 2,
    }
    shell.run("grid run mine.toml --no-figures -q")
    shell.run(f"recall {SMALL} --digits 3,6,1 --temperature 0.1 --out one")
    cells, run = read("results"), read("one")
    same = cells[(cells.rule == "pseudo-inverse") & (cells.digits == "3,6,1")]
    columns = list(run.columns.drop("run"))
    pd.testing.assert_frame_equal(same[columns].reset_index(drop=True), run[columns])
    assert len(read(["results", "one"])) == len(cells) + len(run)


def test_another_table_and_other_commands(shell: Shell) -> None:
    shell.run(f"recall {SMALL} --digits 3,6 --out a")
    shell.run("weights --no-figures -q --out b/c")
    assert set(read(["a", "b"], command="recall", table="outcomes").run) == {"a"}
    assert set(read(["a", "b"], command="weights").run) == {"b/c"}
    with pytest.raises(SettingError, match=r"command .*recall, w"):
        read(["a", "b"])
    with pytest.raises(SettingError, match=r"command .*recall"):
        read("a", command="relax")
    with pytest.raises(SettingError, match=r"table .*accuracy.*'trace'"):
        read("a", table="trace")
    nowhere: tuple[str | list[str], ...] = ("nothing*", "nothing", [])
    for where in nowhere:
        with pytest.raises(ResultError):
            read(where)
