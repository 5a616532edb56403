"""``hopcli report``: runs and grids below folders as one page, or none and nothing changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import files_below
from reading_pages import Element, read_page
from shell import SMALL_RUNS, Shell, commands

PAGE = Path("report.html")


def heads(root: Element) -> list[str]:
    return [one.text for one in root.all("h3")]


def read(path: Path = PAGE) -> Element:
    return read_page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", commands("relax", "weights"))
def test_runs_of_every_command_are_shown(shell: Shell, command: str) -> None:
    shell.make(f"{command} {SMALL_RUNS[command]} --no-figures", "all/a")
    before = files_below(Path())
    done = shell.run("report all")
    assert (done.out, done.err) == ("report.html\n", "")
    after = files_below(Path())
    del after["report.html"]
    assert after == before
    root = read()
    assert heads(root) == [f"all/a {command}"]
    assert root.all("title")[0].text == "all/a"
    assert root.all("figure")
    assert f"hopcli {command} " in root.all("code")[0].text


def test_a_grid_is_shown_with_its_picture_and_the_line_that_makes_it(shell: Shell) -> None:
    shell.make("grid run --command weights --set rule=hebbian,storkey --no-figures", "grid")
    shell.run("report grid --out page.html --title", "My <b>runs</b>")
    root = read(Path("page.html"))
    assert heads(root) == ["grid weights grid"]
    assert root.all("title")[0].text == "My <b>runs</b>"
    assert not PAGE.exists()
    assert len(root.all("figure")) == 1
    line = root.all("code")[0].text
    shell.run(line.removeprefix("hopcli "), "--no-figures", "--out", "again", "-q")
    assert Path("again/grid.csv").read_bytes() == Path("grid/grid.csv").read_bytes()
