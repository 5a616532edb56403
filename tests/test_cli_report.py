"""``hopcli report``: runs and grids below folders as one page, or none and nothing changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import UNPRIVILEGED, SpawnHopcli, call, files_below
from reading_pages import read_page

from hopcli.catalogue import CATALOGUE

if TYPE_CHECKING:
    from reading_pages import Element
    from shell import Shell

PAGE = Path("report.html")
COLD = "recall --start flip:0.3 --tests 5 --repeats 2 --temperature 0 --no-figures"
WEIGHTS = "weights --rule hebbian --no-figures"


def heads(root: Element) -> list[str]:
    return [one.text for one in root.all("h3")]


def read(path: Path = PAGE) -> Element:
    return read_page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(command, marks=[] if command in ("relax", "weights") else pytest.mark.slow)
        for command in CATALOGUE
    ],
)
def test_runs_of_every_command_are_shown(shell: Shell, command: str) -> None:
    shell.make_small(command, "all/a")
    for picture in Path("all/a").glob("*.png"):
        picture.unlink()
    before = files_below(Path())
    done = shell.run("report all")
    assert (done.out, done.err) == ("report.html\n", "")
    after = files_below(Path())
    del after["report.html"]
    assert after == before
    root = read()
    assert heads(root) == [f"all/a {command}"]
    assert root.all("title")[0].text == "all/a"
    assert root.all("figure"), "though its pictures are gone"
    assert f"hopcli {command} " in root.all("code")[0].text


def test_the_same_runs_give_the_same_page(shell: Shell) -> None:
    """Also after they were passed on without their trials; a report replaces a report."""
    shell.make(f"{COLD} --keep trials")
    shell.run("report out")
    first = PAGE.read_bytes()
    Path("out/trials.csv").unlink()
    done = shell.run("report out -q")
    assert (done.out, done.err) == ("", "")
    assert PAGE.read_bytes() == first


def test_runs_below_are_found_once_and_sorted_by_folder(shell: Shell) -> None:
    for folder in ("all/b", "all/.hidden"):
        shell.make(COLD, folder)
        shell.make(WEIGHTS, folder)
    shell.make(f"{COLD} --seed 7", "all/a/deep")
    shell.run("report all/b all --out page.html --title", "My <b>runs</b>")
    root = read(Path("page.html"))
    assert heads(root) == ["all/a/deep recall", "all/b recall", "all/b weights"]
    assert root.all("title")[0].text == "My <b>runs</b>"
    assert not PAGE.exists()
    shell.run("report all")
    assert read().all("h1")[0].text == "3 runs"


def test_a_grid_is_shown_with_its_picture_and_the_line_that_makes_it(shell: Shell) -> None:
    shell.make("grid run --command weights --set rule=hebbian,storkey --no-figures", "grid")
    shell.run("report grid")
    root = read()
    assert heads(root) == ["grid weights grid"]
    assert len(root.all("figure")) == 1
    line = root.all("code")[0].text
    shell.run(line.removeprefix("hopcli "), "--no-figures", "--out", "again", "-q")
    assert Path("again/grid.csv").read_bytes() == Path("grid/grid.csv").read_bytes()


def test_no_page_is_written_of_a_changed_run_or_over_another_file(shell: Shell) -> None:
    for name in "ab":
        shell.make(WEIGHTS, f"all/{name}")
    Path("all/b/spectrum.csv").write_text("changed\n")
    shell.refuse("report all", names="all/b/spectrum.csv: SHA-256")
    PAGE.write_text("mine")
    shell.refuse("report all/a", names="report.html: --out")
    shell.refuse("report all/a --out all/a/weights.json", names="all/a/weights.json:")
    shell.run("report all/a --overwrite")
    assert heads(read()) == ["all/a weights"]
    shell.run("check all/a")


def test_a_place_that_cannot_be_is_refused(shell: Shell, spawn_hopcli: SpawnHopcli) -> None:
    shell.make(WEIGHTS)
    before = files_below(Path())
    os.mkfifo("pipe")
    Path("locked").mkdir(mode=0o555)
    places = ["out", "nowhere/page.html", "five.txt/page.html", ".", "..", "pipe"]
    for place in places:
        assert call("report", "out", "--out", place).refused().startswith(f"{place}: ")
    for place in ("", " "):
        assert "--out" in call("report", "out", "--out", place).refused()
    code = f"{UNPRIVILEGED}\nimport sys\nfrom hopcli.cli import main\nmain(sys.argv[1:])"
    place = "locked/page.html"
    refusal = spawn_hopcli("report", "out", "--out", place, code=code).refused()
    assert refusal.startswith(f"{place}: ")
    Path("pipe").unlink()
    Path("locked").rmdir()
    assert files_below(Path()) == before
