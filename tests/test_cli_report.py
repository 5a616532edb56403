"""``hopcli report``: runs and grids below folders as one page, or none and nothing changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import UNPRIVILEGED, files_below
from reading_pages import read_page
from test_cli_plot import make
from test_cli_runs import FEW

from hopcli.catalogue import CATALOGUE

if TYPE_CHECKING:
    from conftest import RunHopcli, SpawnHopcli
    from reading_pages import Element

PAGE = Path("report.html")
COLD = (*FEW["recall"], "--no-figures")


def heads(root: Element) -> list[str]:
    return [one.text for one in root.all("h3")]


def read(path: Path = PAGE) -> Element:
    return read_page(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", CATALOGUE)
def test_runs_of_every_command_are_told(run_hopcli: RunHopcli, command: str) -> None:
    make(run_hopcli, command, *FEW[command], "--no-figures", out=Path("all/a"))
    before = files_below(Path())
    done = run_hopcli("report", "all")
    assert (done.code, done.out, done.err) == (0, "report.html\n", "")
    after = files_below(Path())
    first = after.pop("report.html")
    assert after == before
    root = read()
    assert heads(root) == [f"all/a {command}"]
    assert root.all("title")[0].text == "all/a"
    assert root.all("figure")  # though it was run without
    assert f"hopcli {command} " in root.all("code")[0].text
    assert run_hopcli("report", "all", "-q") == done.__class__(0, "", "")
    assert PAGE.read_bytes() == first


def test_runs_below_are_found_once_and_sorted_by_folder(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, out=Path("all/b"))
    make(run_hopcli, "weights", "--no-figures", out=Path("all/b"))
    make(run_hopcli, "recall", *COLD, "--seed", "7", out=Path("all/a/deep"))
    shutil.copytree("all/b", "all/.hidden")
    flags = ("--title", "My <b>runs</b>", "--out", "page.html")
    assert run_hopcli("report", "all/b", "all", *flags).out == "page.html\n"
    root = read(Path("page.html"))
    assert heads(root) == ["all/a/deep recall", "all/b recall", "all/b weights"]
    assert root.all("title")[0].text == "My <b>runs</b>"
    assert not PAGE.exists()
    run_hopcli("report", "all")
    assert read().all("h1")[0].text == "3 runs"


def test_a_grid_is_told_with_its_picture_and_how_to_have_it_again(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures")
    given = ["--set", "dataset=text:five.txt", "--set", "rule=hebbian,storkey"]
    flags = ["--command", "weights", *given, "--no-figures", "--out", "grid", "-q"]
    assert run_hopcli("grid", "run", *flags).code == 0
    assert run_hopcli("report", "grid").code == 0
    root = read()
    assert heads(root) == ["grid weights grid"]
    assert len(root.all("figure")) == 1
    again = f"hopcli grid run --command weights {' '.join(given)}"
    assert root.all("code")[0].text == again
    command = again.split()[1:]
    assert run_hopcli(*command, "--no-figures", "--out", "again", "-q").code == 0
    assert Path("again/grid.csv").read_bytes() == Path("grid/grid.csv").read_bytes()


def test_a_run_passed_on_without_its_trials_is_told(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "recall", *COLD, "--keep", "trials")
    assert run_hopcli("report", "out").code == 0
    whole = PAGE.read_bytes()
    Path("out/trials.csv").unlink()
    assert run_hopcli("report", "out").code == 0
    assert PAGE.read_bytes() == whole


def check_refused(run_hopcli: RunHopcli, *arguments: str, holds: str) -> None:
    """A refusal in one line that says this, with no file or folder changed."""
    before = files_below(Path())
    assert holds in run_hopcli("report", *arguments).refused()
    assert files_below(Path()) == before


def test_what_cannot_be_read_is_refused_before_a_page_is_written(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures", out=Path("all/a"))
    shutil.copytree("all/a", "all/b")
    Path("all/b/spectrum.csv").write_text("changed\n")
    Path("empty").mkdir()
    check_refused(run_hopcli, "all", holds="all/b/spectrum.csv: must have SHA-256")
    check_refused(run_hopcli, "empty", holds="empty: must hold a finished run")
    check_refused(run_hopcli, "all/a", "nowhere", holds="nowhere: must be a folder")
    check_refused(run_hopcli, "five.txt", holds="five.txt: must be a folder")
    Path("all/b/weights.json").write_text("{")
    check_refused(run_hopcli, "all", holds="all/b/weights.json: cannot be read")
    Path("left/.hopcli-weights-1-x").mkdir(parents=True)
    check_refused(run_hopcli, "left", holds="left: must hold a finished run")


def test_a_file_that_is_no_report_is_left_alone(run_hopcli: RunHopcli) -> None:
    make(run_hopcli, "weights", "--no-figures")
    PAGE.write_text("mine")
    check_refused(run_hopcli, "out", holds="report.html: is no report of hopcli; give --out")
    check_refused(run_hopcli, "out", "--out", "out/weights.json", holds="is no report of hopcli")
    assert run_hopcli("report", "out", "--overwrite").code == 0
    assert heads(read()) == ["out weights"]
    assert run_hopcli("check", "out").code == 0


@pytest.mark.parametrize(
    ("out", "holds"),
    [
        ("out", "out: must be free for a file"),
        ("nowhere/page.html", "nowhere/page.html: must be in a folder that is there"),
        ("five.txt/page.html", "five.txt/page.html: must be in a folder that is there"),
        ("", "--out"),
        (" ", "--out"),
        (".", "must be a file to write to"),
        ("..", "must be free for a file"),
        ("pipe", "pipe: must be free for a file"),
    ],
)
def test_a_place_that_cannot_be_is_refused(run_hopcli: RunHopcli, out: str, holds: str) -> None:
    make(run_hopcli, "weights", "--no-figures")
    os.mkfifo("pipe")
    before = sorted(map(str, Path().rglob("*")))
    assert holds in run_hopcli("report", "out", "--out", out).refused()
    assert sorted(map(str, Path().rglob("*"))) == before


def test_a_folder_that_may_not_be_written_is_refused(
    run_hopcli: RunHopcli, spawn_hopcli: SpawnHopcli
) -> None:
    make(run_hopcli, "weights", "--no-figures")
    Path("locked").mkdir(mode=0o555)
    code = f"{UNPRIVILEGED}\nimport sys\nfrom hopcli.cli import main\nmain(sys.argv[1:])"
    done = spawn_hopcli("report", "out", "--out", "locked/page.html", code=code)
    assert "locked/page.html: must be in a folder to write to" in done.refused()
