"""What is asked of finished runs in folders, from Python: the answers of the commands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import hopcli

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import RunHopcli


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


def test_report_is_the_page_of_the_command(two: Path, run_hopcli: RunHopcli) -> None:
    page = hopcli.write_report(two / "one", two / "two", out=two / "a.html", title="Two")
    words = ("--title", "Two", "--out", str(two / "b.html"), "-q")
    assert run_hopcli("report", str(two / "one"), str(two / "two"), *words).code == 0
    assert page.read_bytes() == (two / "b.html").read_bytes()
    (two / "c.html").write_text("mine")
    with pytest.raises(hopcli.ResultError):
        hopcli.write_report(two, out=two / "c.html")
    assert (two / "c.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda _: hopcli.check(), "folders: must be one or more"),
        (lambda here: hopcli.check(here), "must hold"),
        (lambda here: hopcli.diff(here, here), "must hold"),
        (lambda here: hopcli.write_report(here, out=here / "r.html"), "must hold"),
    ],
)
def test_where_there_is_no_run(tmp_path: Path, call: Any, says: str) -> None:
    with pytest.raises(hopcli.ResultError, match=says):
        call(tmp_path)
    assert not list(tmp_path.iterdir())
