"""``hopcli grid``: cells equal single runs, for any engine and any number of stops."""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from conftest import files_below, random_patterns, write_patterns
from PIL import Image
from shell import SMALL_RUNS, Shell, read_json

from hopcli import experiments
from hopcli.api.gridding import grid
from hopcli.errors import DataError
from hopcli.grids import publishing
from hopcli.grids.store import FILE, Store

FIVE = 'command = "recall"\ndataset = "text:five.txt"\nstart = "flip:0.2"\n'
ONE = f"{FIVE}tests = 4\nrepeats = 2\n"
GRID = f'{ONE}[grid]\nrule = ["hebbian", "pseudo-inverse"]\ntemperature = "0.1:0.5:0.2"\n'
N_CELLS = 6
MINE = Path("mine.toml")
OUT = Path("results", "mine")


@pytest.fixture(autouse=True)
def _five(empty_folder: Path) -> None:
    write_patterns("five.txt", random_patterns(1, 5, 42), (6, 7))
    MINE.write_text(GRID, encoding="utf-8")


def _rows(path: str | Path) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _tables(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).glob("*.csv")}


def run(shell: Shell, flags: str = "", code: int = 0) -> Any:
    """Run the grid without its picture; return its JSON output."""
    line = f"grid run mine.toml --no-figures --format json {flags}"
    return json.loads(shell.run(line, code=code).out)


def test_a_cell_is_the_run_that_its_command_would_make(shell: Shell) -> None:
    said = run(shell)
    assert (said["cells"], said["finished"], said["made now"]) == (N_CELLS, N_CELLS, N_CELLS)
    found = _rows("results/mine/grid.csv")
    expected = []
    plain = "recall --dataset text:five.txt --start flip:0.2 --tests 4 --repeats 2 --no-figures"
    for rule, t in itertools.product(["hebbian", "pseudo-inverse"], ["0.1", "0.3", "0.5"]):
        shell.run(f"{plain} --rule {rule} --temperature {t} --out {rule}{t}")
        heads, *rows = _rows(f"{rule}{t}/accuracy.csv")
        expected += [[rule, t, *row] for row in rows]
    assert found == [["rule", "temperature", *heads], *expected]
    assert len({row[5] for row in expected}) > 3  # the cells differ


@pytest.mark.parametrize("command", SMALL_RUNS)
def test_every_experiment_has_grids(shell: Shell, command: str) -> None:
    flags = re.findall(r"--([a-z-]+) ([^-]\S*)", SMALL_RUNS[command])
    settings = {"dataset": "text:five.txt"} | {k.replace("-", "_"): text for k, text in flags}
    varied: Any = {"weights": {"rule": ["hebbian", "storkey"]}}
    varied["critical"] = {"digits": [["1", "2"], ["1", "3"]]}
    vary = varied.get(command, {"seed": [1, 2]})
    fixed = {name: text for name, text in settings.items() if name not in vary}
    assert grid(command, vary=vary, out="out", **fixed).status["finished"] == 2
    assert shell.run("grid check out").err == ""
    with Store(Path("out")) as store:
        names = store.tables(store.grid())
    for name in names:
        printed = shell.run(f"grid table out --table {name}").out
        assert printed.count("\n") > 2


def test_the_same_bytes_in_whatever_order(shell: Shell) -> None:
    run(shell, "--out whole")
    whole = _tables("whole")
    assert set(whole) == {"grid.csv"}
    run(shell, "--out threads --threads 3")
    assert _tables("threads") == whole
    for expected in (2, 4, 6):
        said = run(shell, "--out bits --limit 2")
        assert (said["made now"], said["finished"]) == (2, expected)
        assert bool(_tables("bits")) == (expected == N_CELLS)
    assert _tables("bits") == whole
    for number in (3, 1, 2):
        said = run(shell, f"--out s{number} --shard {number}/3")
        assert (said["made now"], said["missing"]) == (2, 4)
    merged = shell.run("grid merge s2 s3 s1 --out merged --no-figures")
    assert "6 copied" in merged.out
    assert _tables("merged") == whole
    shell.run("grid merge s1 s1/. --out twice", code=2)
    assert not Path("twice").exists()


def test_only_what_is_new_is_made(shell: Shell) -> None:
    def made(text: str = GRID, more: str = "") -> tuple[int, int]:
        MINE.write_text(text, encoding="utf-8")
        said = run(shell, f"--out out {more}")
        return said["made now"], said["cells"]

    assert made() == (N_CELLS, N_CELLS)
    before = files_below(Path("out"))
    before.pop(FILE)
    assert made() == (0, N_CELLS)
    assert {**files_below(Path("out")), FILE: None} == {**before, FILE: None}
    assert made(GRID, "--again") == (N_CELLS, N_CELLS)
    assert made(GRID.replace("0.1:0.5:0.2", "0.3:0.7:0.2")) == (2, N_CELLS)
    assert list(dict.fromkeys(row[1] for row in _rows("out/grid.csv")[1:])) == ["0.3", "0.5", "0.7"]
    assert made(GRID, "--keep trials") == (N_CELLS, N_CELLS)
    assert made(GRID, "--keep trials") == made() == (0, N_CELLS)
    write_patterns(Path("five.txt"), random_patterns(2, 5, 42), (6, 7))
    assert made() == (N_CELLS, N_CELLS)


def test_points_that_are_the_same_cell_are_made_once(shell: Shell) -> None:
    text = GRID.replace('rule = ["hebbian", "pseudo-inverse"]', 'attempts_per_sweep = ["N/2", 21]')
    MINE.write_text(text, encoding="utf-8")
    said = run(shell)
    assert (said["cells"], said["made now"]) == (3, 3)
    _, *rows = _rows("results/mine/grid.csv")
    n_rows = len(rows) // 2
    assert [row[0] for row in rows] == ["N/2"] * n_rows + ["21"] * n_rows
    assert [row[1:] for row in rows[:n_rows]] == [row[1:] for row in rows[n_rows:]]


def test_cells_of_other_code_are_never_mixed_unawares(shell: Shell) -> None:
    run(shell, "--out out")
    with Store(Path("out"), writes=True) as store:
        for cell in sorted(store.standings())[:2]:
            store.write(store.made(cell)._replace(version="0.0, streams 1, code 0"))
    refused = shell.refuse("grid run mine.toml --out out", names="0.0, streams 1, code 0")
    assert refused.startswith("out: 2 ")
    advised = re.findall("--[a-z-]+", refused)
    assert "--accept-version" in advised
    Path("out/grid.json").unlink()
    said = run(shell, "--out out --accept-version")
    assert said["made now"] == 0
    heads, *rows = _rows("out/grid.csv")
    assert heads[:3] == ["rule", "temperature", "version"]
    assert len({row[2] for row in rows}) == 2
    assert run(shell, "--out out --overwrite")["made now"] == 2
    assert "version" not in _rows("out/grid.csv")[0]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[float, Exception]:
    """The temperatures whose runs fail, and how; to be changed."""
    failing: dict[float, Exception] = {0.3: DataError("gone")}
    run = experiments.Plan.run

    def fails(plan: Any, *arguments: Any, **named: Any) -> Any:
        if plan.config.temperature in failing:
            raise failing[plan.config.temperature]
        return run(plan, *arguments, **named)

    monkeypatch.setattr(experiments.Plan, "run", fails)
    return failing


def test_failures_are_kept_and_listed(shell: Shell, failing: dict[float, Exception]) -> None:
    failing[0.5] = ZeroDivisionError("a defect")  # which does not cost the others
    done = shell.run("grid run mine.toml --no-figures --threads 1", code=1)
    assert ("rule=hebbian temperature=0.3", "gone") in re.findall(r"(\S+=\S+ \S+): (\w+)", done.err)
    assert "ZeroDivisionError: a defect" in done.err
    assert not (OUT / "grid.csv").exists()
    found = json.loads(shell.run("grid status results/mine --format json").out)
    assert [found[name] for name in ("finished", "failed", "missing")] == [2, 4, 0]
    failures = [one for one in found["failures"] if one["error"] == "gone"]
    values = [f"rule={rule} temperature=0.3" for rule in ("hebbian", "pseudo-inverse")]
    assert [one["values"] for one in failures] == values
    _, *rows = shell.run("grid table results/mine").out.splitlines()
    assert {row.split(",")[1] for row in rows} == {"0.1"}
    failing.clear()
    assert run(shell, code=1)["made now"] == 0
    said = run(shell, "--retry-failed")
    assert (said["made now"], said["finished"], said["failed"]) == (4, N_CELLS, 0)


@pytest.mark.usefixtures("failing")
def test_the_first_failure_may_be_the_last(shell: Shell) -> None:
    done = shell.run("grid run mine.toml --fail-fast --threads 1", code=1)
    assert "rule=hebbian temperature=0.3" in done.err
    said = json.loads(shell.run("grid status results/mine --format json").out)
    assert said["failed"] == 1
    assert said["missing"] >= 4  # those that were under way are not waited for


def test_impossible_cells_are_found_before_anything_runs(shell: Shell) -> None:
    MINE.write_text(f'{GRID}dynamics = ["metropolis", "async"]\n', encoding="utf-8")
    refused = shell.refuse("grid run mine.toml", names="--skip-impossible")
    first = dict(re.findall(r"(\w+)=([\w.-]+)", refused)[:3])
    assert first == {"rule": "hebbian", "temperature": "0.1", "dynamics": "async"}
    assert re.findall(r"\d+", refused)[:2] == ["6", "12"]
    done = shell.run("grid run mine.toml --skip-impossible --no-figures")
    assert "6 of 12 cells" in done.err
    assert {row[2] for row in _rows(OUT / "grid.csv")[1:]} == {"metropolis"}


def test_a_dry_run_lists_and_estimates_and_writes_nothing(shell: Shell) -> None:
    before = files_below(Path())
    lines = shell.run("grid run mine.toml --dry-run").out.splitlines()
    cells = itertools.product(("hebbian", "pseudo-inverse"), (0.1, 0.3, 0.5))
    expected = [f"rule={rule} temperature={t}" for rule, t in cells]
    assert [line.split("  ")[-1] for line in lines[:6]] == expected
    assert re.findall(r"\d+", lines[-1])[:2] == ["6", "6"]
    assert files_below(Path()) == before
    run(shell, "--limit 4")
    last = shell.run("grid run mine.toml --dry-run --shard 2/2").out.splitlines()[-1]
    assert re.findall(r"\d+", last)[:2] == ["3", "1"]
    lists = shell.run("grid run recall --set digits=36;104 --set tests=1 --dry-run").out
    assert re.findall(r"\d+", lists.splitlines()[-1])[:2] == ["2", "2"]


def test_damage_is_found_and_made_good(shell: Shell) -> None:
    run(shell)
    whole = _tables("results/mine")
    with contextlib.closing(sqlite3.connect(f"results/mine/{FILE}")) as sql, sql:
        sql.execute("UPDATE cells SET accuracy = replace(accuracy, '0', '1') WHERE rowid = 1")
    done = shell.run("grid check results/mine", code=1)
    assert (done.out.count("\n"), " cell " in done.out) == (1, True)
    shell.refuse("grid table results/mine", names="cell")
    done = shell.run("grid run mine.toml --no-figures")
    assert "1 damaged" in done.err
    shell.run("grid check results/mine")
    assert _tables("results/mine") == whole


def test_hopcli_run_takes_grids_and_single_runs(shell: Shell) -> None:
    Path("one.toml").write_text(f"{ONE}figures = false\n", encoding="utf-8")
    MINE.write_text(f"figures = false\n{GRID}", encoding="utf-8")
    shell.run("run mine.toml one.toml")
    assert {path.name for path in Path("results").iterdir()} == {"mine", "one"}
    Path("bad.toml").write_text(f'{GRID}dynamics = ["metropolis", "async"]\n', encoding="utf-8")
    Path("other.toml").write_text(ONE.replace("repeats = 2", "repeats = 3"), encoding="utf-8")
    refused = shell.refuse("run other.toml bad.toml")  # before anything is run
    assert refused.startswith("bad.toml: grid ")
    refused = shell.refuse("recall --config mine.toml")
    assert refused.startswith("mine.toml: grid ")
    (advised,) = re.findall("`hopcli (.+)`", refused)
    shell.run(f"{advised} --dry-run")


def test_a_picture_of_the_grid_and_of_its_averages(shell: Shell) -> None:
    MINE.write_text(f"{GRID}\n[plot]\nover = 'temperature'\n", encoding="utf-8")
    shell.run("grid run mine.toml")
    folder = Path("results/mine")
    picture = folder / "grid.png"
    names = {"grid.csv", "grid.json", "grid.png", FILE, "over_temperature.csv"}
    assert set(files_below(folder)) == names
    first = picture.read_bytes()
    over = shell.run("grid table results/mine --over temperature")
    assert over.out == (folder / "over_temperature.csv").read_text()
    shell.run("check results/mine")
    (folder / FILE).unlink()  # as in a clone: what is published can be drawn
    picture.unlink()
    shell.run("plot results/mine")
    assert picture.read_bytes() == first
    done = shell.run("grid plot results/mine --x temperature --over rule")
    assert done.out == f"{picture}\n"
    assert picture.read_bytes() != first


def test_the_warnings_of_a_grid_are_one_line(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A criterion that noise does not let a pattern reach: counted, kept, in no caption."""
    text = GRID.replace('"0.1:0.5:0.2"', "[0.1, 0.9]").replace('["hebbian", ', "[")
    MINE.write_text(text, encoding="utf-8")
    done = shell.run("grid run mine.toml")
    assert re.findall("warning: (1 of 2) ", done.err) == ["1 of 2"]
    assert done.err.count("\n") == 1
    Path("one.toml").write_text(f"{ONE}temperature = 0.9\nfigures = false\n", encoding="utf-8")
    alone = shell.run("run one.toml").err.removeprefix("hopcli: warning: ").rstrip()
    warned = f"rule=pseudo-inverse temperature=0.9: {alone}"
    status = shell.run("grid status results/mine").out
    assert f"warning: {warned}" in status
    assert read_json(OUT / "grid.json")["notes"]["warnings"] == [warned]
    with Image.open("results/mine/grid.png") as picture:
        assert "warning" not in picture.info["Description"]
    monkeypatch.setattr(publishing, "_MOST_WARNINGS", 0)
    shell.run("grid run mine.toml --again")
    (left_out,) = read_json(OUT / "grid.json")["notes"]["warnings"]
    assert left_out.startswith("1 more")


# --- edges: small numbers, ties


@pytest.mark.parametrize(("listed", "more"), [(3, ["2 more"]), (5, [])])
def test_cells_that_are_not_named_are_counted(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, listed: int, more: list[str]
) -> None:
    grid = 'command = "recall"\nfigures = false\ntests = 2\nrepeats = 1\n[grid]\nseed = "1:5:1"\n'
    Path("five.toml").write_text(grid, encoding="utf-8")
    monkeypatch.setattr("hopcli.cli.grid.running._LISTED", listed)
    monkeypatch.setattr("hopcli.cli.grid.running._SHOWN", listed)
    for flags in ("--dry-run", ""):
        printed = shell.run(f"grid run five.toml {flags}").out
        assert re.findall(r"\d+ more", printed) == more
