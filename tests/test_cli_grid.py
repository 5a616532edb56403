"""``hopcli grid``: cells as single runs are, whatever ran them and however often it stopped."""

from __future__ import annotations

import csv
import itertools
import json
import re
import signal
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import files_below, random_patterns
from PIL import Image
from test_figures_weights import write_patterns

from hopcli import experiments
from hopcli.errors import DataError
from hopcli.experiments.stock import Stock
from hopcli.grids import engine, planning
from hopcli.grids.grid import read_grid
from hopcli.grids.store import FILE, Store
from hopcli.results import locked
from hopcli.runs import forecast as running
from hopcli.runs import grids as conducting

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Finished, RunHopcli, SpawnHopcli

GRID = """
command = "recall"
dataset = "text:five.txt"
start = "flip:0.2"
tests = 4
repeats = 2
[grid]
rule = ["hebbian", "pseudo-inverse"]
temperature = "0.1:0.5:0.2"
"""
N_CELLS = 6


@pytest.fixture(autouse=True)
def _five(empty_folder: Path) -> None:
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))
    Path("mine.toml").write_text(GRID, encoding="utf-8")


def _rows(path: str | Path) -> list[list[str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _run(run_hopcli: RunHopcli, *arguments: str, code: int = 0) -> dict[str, Any]:
    """Run a grid without its picture; what it says as JSON."""
    done = run_hopcli("grid", "run", *arguments, "--no-figures", "--format", "json")
    assert done.code == code, done
    said: dict[str, Any] = json.loads(done.out)
    return said


def test_a_cell_is_the_run_that_its_command_would_make(run_hopcli: RunHopcli) -> None:
    said = _run(run_hopcli, "mine.toml")
    assert (said["cells"], said["finished"], said["made now"]) == (N_CELLS, N_CELLS, N_CELLS)
    found = _rows("results/mine/grid.csv")
    expected = []
    plain = ["--dataset", "text:five.txt", "--start", "flip:0.2", "--tests", "4", "--repeats", "2"]
    for rule, t in itertools.product(["hebbian", "pseudo-inverse"], ["0.1", "0.3", "0.5"]):
        flags = [*plain, "--rule", rule, "--temperature", t, "--no-figures", "--out", f"{rule}{t}"]
        assert run_hopcli("recall", *flags).code == 0
        heads, *rows = _rows(f"{rule}{t}/accuracy.csv")
        expected += [[rule, t, *row] for row in rows]
    assert found == [["rule", "temperature", *heads], *expected]
    assert len({row[5] for row in expected}) > 3  # the cells differ


OF_EACH = {
    "compare": "dataset = 'digits'\nsplit = 'train'\ntests = 5\nselector_tests = 5\n"
    "selector_samples = [2]\nselections = 2\ncandidates = 1\n[grid]\nrule = ['hebbian', 'storkey']",
    "select": "dataset = 'mnist'\nsplit = 'test'\n[grid]\nsamples = [5, 8]",
    "recall": "dataset = 'text:five.txt'\nstart = 'flip:0.1'\ntests = 2\n[grid]\nseed = [1, 2]",
    "temperature-scan": "dataset = 'text:five.txt'\n"
    "temperatures = [0.1, 0.5]\nrepeats = 3\n[grid]\nseed = [1, 2]",
    "weights": "dataset = 'text:five.txt'\n[grid]\nrule = ['hebbian', 'storkey']",
    "attractors": "dataset = 'text:five.txt'\n[grid]\nseed = [1, 2]",
    "capacity": "sizes = [20]\nloads = [0.2]\ndraws = 2\ntests = 2\n[grid]\nflips = [0.1, 0.2]",
    "critical": "dataset = 'text:five.txt'\ndigits = [1, 2]\ntemperatures = [0.5, 1]\n"
    "chains = 5\nsweeps = 20\n[grid]\nseed = [1, 2]",
    "variance": "dataset = 'text:five.txt'\nstart = 'flip:0.1'\nselections = 2\ntests = 3\n"
    "repeats = 2\n[grid]\nseed = [1, 2]",
    "consistency": "dataset = 'digits'\nselections = 2\ntests = 3\n[grid]\nsweeps = [1, 2]",
    "fit-sweeps": "dataset = 'digits'\nsweeps = [1, 2]\nreplays = 2\norders = 2\n"
    "[grid]\nseed = [1, 2]",
    "relax": "dataset = 'text:five.txt'\nstart = 'flip:0.1'\ntests = 2\nsweeps = 5\n"
    "[grid]\nseed = [1, 2]",
}


@pytest.mark.parametrize("command", OF_EACH)
def test_every_experiment_has_grids(run_hopcli: RunHopcli, command: str) -> None:
    Path("each.toml").write_text(f"command = '{command}'\n{OF_EACH[command]}", encoding="utf-8")
    said = _run(run_hopcli, "each.toml")
    assert said["finished"] == 2
    done = run_hopcli("grid", "check", "results/each")
    assert (done.code, done.err) == (0, ""), done
    with Store(Path("results/each")) as store:
        names = store.tables()
    for name in names:
        table = run_hopcli("grid", "table", "results/each", "--table", name)
        assert table.code == 0, table
        assert len(table.out.splitlines()) > 2


def _tables(folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(folder).glob("*.csv")}


def test_the_same_bytes_in_whatever_order(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--out", "whole", "--threads", "1")
    whole = _tables("whole")
    assert set(whole) == {"grid.csv"}

    _run(run_hopcli, "mine.toml", "--out", "threads", "--threads", "3")
    assert _tables("threads") == whole

    for expected in (2, 4, 6):
        said = _run(run_hopcli, "mine.toml", "--out", "bits", "--limit", "2")
        assert (said["made now"], said["finished"]) == (2, expected)
        assert bool(_tables("bits")) == (expected == N_CELLS)
    assert _tables("bits") == whole

    for number in (3, 1, 2):
        said = _run(run_hopcli, "mine.toml", "--out", f"s{number}", "--shard", f"{number}/3")
        assert (said["made now"], said["missing"]) == (2, 4)
    done = run_hopcli("grid", "merge", "s2", "s3", "s1", "--out", "merged", "--no-figures")
    assert done.code == 0, done
    assert _tables("merged") == whole


def test_nothing_is_made_twice(run_hopcli: RunHopcli) -> None:
    assert _run(run_hopcli, "mine.toml")["made now"] == N_CELLS
    before = files_below(Path("results"))
    assert _run(run_hopcli, "mine.toml")["made now"] == 0
    after = files_below(Path("results"))
    assert {n: b for n, b in after.items() if not n.endswith(FILE)} == {
        n: b for n, b in before.items() if not n.endswith(FILE)
    }
    assert _run(run_hopcli, "mine.toml", "--again")["made now"] == N_CELLS


def test_a_changed_grid_makes_what_is_new_in_it(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--out", "out")
    Path("mine.toml").write_text(GRID.replace("0.1:0.5:0.2", "0.3:0.7:0.2"), encoding="utf-8")
    said = _run(run_hopcli, "mine.toml", "--out", "out")
    assert (said["made now"], said["cells"]) == (2, N_CELLS)
    temperatures = [row[1] for row in _rows("out/grid.csv")[1:]]
    assert list(dict.fromkeys(temperatures)) == ["0.3", "0.5", "0.7"]
    status = run_hopcli("grid", "status", "out")
    assert "6 cells, 6 finished, 2 of other grids" in status.out
    Path("mine.toml").write_text(GRID, encoding="utf-8")
    assert _run(run_hopcli, "mine.toml", "--out", "out")["made now"] == 0


def test_changed_data_are_other_cells(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml")
    write_patterns(Path("five.txt"), random_patterns(2, 5, 42), (6, 7))
    assert _run(run_hopcli, "mine.toml")["made now"] == N_CELLS


def test_how_it_is_carried_out_changes_no_cell(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--out", "out")
    Path("mine.toml").write_text("threads = 1\nfigures = false\n" + GRID, encoding="utf-8")
    assert _run(run_hopcli, "mine.toml", "--out", "out")["made now"] == 0


def test_points_that_are_the_same_cell_are_made_once(run_hopcli: RunHopcli) -> None:
    text = GRID.replace('rule = ["hebbian", "pseudo-inverse"]', 'attempts_per_sweep = ["N/2", 21]')
    Path("mine.toml").write_text(text, encoding="utf-8")
    said = _run(run_hopcli, "mine.toml")
    assert (said["cells"], said["made now"]) == (3, 3)
    _, *rows = _rows("results/mine/grid.csv")
    n_rows = len(rows) // 2
    assert [row[0] for row in rows] == ["N/2"] * n_rows + ["21"] * n_rows
    assert [row[1:] for row in rows[:n_rows]] == [row[1:] for row in rows[n_rows:]]


def _made_by(folder: str, version: str, cells: int) -> None:
    """Let so many cells have been made by other code."""
    with Store(Path(folder), writes=True) as store:
        for cell in sorted(store.standings())[:cells]:
            store.write(store.made(cell)._replace(version=version))


def test_cells_of_other_code_are_never_mixed_unawares(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--out", "out")
    _made_by("out", "0.0, streams 1, code 0", 2)
    before = files_below(Path("out"))
    refused = run_hopcli("grid", "run", "mine.toml", "--out", "out").refused()
    assert refused.startswith("out: 2 cells were made by 0.0, streams 1, code 0; this is ")
    assert "--accept-version" in refused
    assert files_below(Path("out")) == before

    (Path("out") / "grid.json").unlink()
    assert _run(run_hopcli, "mine.toml", "--out", "out", "--accept-version")["made now"] == 0
    heads, *rows = _rows("out/grid.csv")
    assert heads[:3] == ["rule", "temperature", "version"]
    assert len({row[2] for row in rows}) == 2

    assert _run(run_hopcli, "mine.toml", "--out", "out", "--overwrite")["made now"] == 2
    assert "version" not in _rows("out/grid.csv")[0]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> set[float]:
    """The temperatures whose runs fail; to be changed."""
    failing = {0.3}
    run = experiments.Plan.run

    def fails(plan: Any, *arguments: Any) -> Any:
        if plan.config.temperature in failing:
            raise DataError("the file has gone")
        return run(plan, *arguments)

    monkeypatch.setattr(experiments.Plan, "run", fails)
    return failing


def test_failures_are_kept_and_told(run_hopcli: RunHopcli, failing: set[float]) -> None:
    done = run_hopcli("grid", "run", "mine.toml", "--no-figures", "--threads", "1")
    assert done.code == 1
    assert "6 cells, 4 finished, 2 failed" in done.out
    assert "failed: rule=hebbian temperature=0.3: the file has gone" in done.err
    assert not Path("results/mine/grid.csv").exists()
    status = run_hopcli("grid", "status", "results/mine")
    assert "failed: rule=pseudo-inverse temperature=0.3: the file has gone" in status.out
    assert json.loads(run_hopcli("grid", "status", "results/mine", "--format", "json").out)[
        "failures"
    ] == [
        {"values": f"rule={rule} temperature=0.3", "error": "the file has gone"}
        for rule in ("hebbian", "pseudo-inverse")
    ]
    table = run_hopcli("grid", "table", "results/mine")
    assert len({line.split(",")[1] for line in table.out.splitlines()[1:]}) == 2

    failing.clear()
    assert _run(run_hopcli, "mine.toml", code=1)["made now"] == 0
    said = _run(run_hopcli, "mine.toml", "--retry-failed")
    assert (said["made now"], said["finished"], said["failed"]) == (2, N_CELLS, 0)


def test_the_first_failure_may_be_the_last(run_hopcli: RunHopcli, failing: set[float]) -> None:
    done = run_hopcli("grid", "run", "mine.toml", "--fail-fast", "--threads", "1")
    assert done.code == 1
    assert "failed: rule=hebbian temperature=0.3: the file has gone" in done.err
    said = json.loads(run_hopcli("grid", "status", "results/mine", "--format", "json").out)
    assert said["failed"] == 1
    assert said["missing"] >= 4  # those that were under way are not waited for


def test_a_defect_in_one_cell_does_not_cost_the_others(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = experiments.Plan.run

    def breaks(plan: Any, *arguments: Any) -> Any:
        return 1 / 0 if plan.config.temperature == 0.5 else run(plan, *arguments)

    monkeypatch.setattr(experiments.Plan, "run", breaks)
    done = run_hopcli("grid", "run", "mine.toml", "--no-figures")
    assert (done.code, "4 finished, 2 failed" in done.out) == (1, True)
    assert "ZeroDivisionError: division by zero" in done.err


def test_impossible_cells_are_found_before_anything_runs(run_hopcli: RunHopcli) -> None:
    extra = 'dynamics = ["metropolis", "async"]\n'
    Path("mine.toml").write_text(GRID + extra, encoding="utf-8")
    before = files_below(Path())
    refused = run_hopcli("grid", "run", "mine.toml").refused()
    assert "6 of 12 are: rule=hebbian temperature=0.1 dynamics=async: temperature cannot" in refused
    assert "--skip-impossible" in refused
    assert files_below(Path()) == before
    done = run_hopcli("grid", "run", "mine.toml", "--skip-impossible", "--no-figures")
    assert done.code == 0
    assert "6 of 12 cells are impossible and left out" in done.err
    assert {row[2] for row in _rows("results/mine/grid.csv")[1:]} == {"metropolis"}


def test_patterns_that_cannot_be_stored_are_impossible_too(run_hopcli: RunHopcli) -> None:
    write_patterns(Path("five.txt"), random_patterns(1, 2, 42).repeat(2, axis=0), (6, 7))
    refused = run_hopcli("grid", "run", "mine.toml").refused()
    assert "3 of 6 are: rule=pseudo-inverse temperature=0.1: " in refused
    assert not Path("results").exists()


def test_a_dry_run_lists_and_estimates_and_writes_nothing(run_hopcli: RunHopcli) -> None:
    before = files_below(Path())
    done = run_hopcli("grid", "run", "mine.toml", "--dry-run")
    assert done.code == 0
    lines = done.out.splitlines()
    assert [line.split("  ")[-1] for line in lines[:6]] == [
        f"rule={rule} temperature={t}"
        for rule in ("hebbian", "pseudo-inverse")
        for t in (0.1, 0.3, 0.5)
    ]
    assert re.fullmatch(r"6 cells, 6 to be made: about \d+ s", lines[-1])
    assert files_below(Path()) == before
    _run(run_hopcli, "mine.toml", "--limit", "4")
    before = files_below(Path())
    done = run_hopcli("grid", "run", "mine.toml", "--dry-run", "--shard", "2/2")
    assert "3 cells, 1 to be made" in done.out
    assert files_below(Path()) == before


def test_an_estimate_goes_by_the_work_of_cells_that_are_known() -> None:
    grid = read_grid(
        {
            "command": "recall",
            "dataset": "text:five.txt",
            "start": "flip:0.2",
            "grid": {"sweeps": [10, 30], "rule": ["hebbian", "storkey"]},
        }
    )
    short, _, long, _ = planning.plan_grid(grid, Stock())[0]
    work = running._work(short)
    assert running._work(long) == pytest.approx(3 * work)
    assert running._seconds(long, [(2.0, work), (4.0, work)]) == pytest.approx(9.0)
    assert running._seconds(long, []) == running._work(long)
    assert running._seconds(long, [(2.0, 0.0), (4.0, 0.0)]) == 3.0


def test_two_at_once_are_refused(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--limit", "1")
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(Path("results/mine"), "grid"):
            entered.set()
            leave.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    assert entered.wait(30)
    refused = run_hopcli("grid", "run", "mine.toml").refused()
    leave.set()
    other.join()
    assert re.match(r"results/mine: process \d+ on \S+, since .* is writing it; wait", refused)
    assert _run(run_hopcli, "mine.toml")["finished"] == N_CELLS


def test_an_interrupt_says_what_is_kept(
    run_hopcli: RunHopcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.run_tasks

    def stops(*arguments: Any) -> Iterator[Any]:
        yield from itertools.islice(whole(*arguments), 2)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(conducting, "run_tasks", stops)
        done = run_hopcli("grid", "run", "mine.toml")
    kept = "interrupted; 2 of 6 cells are finished and kept: the same command goes on there"
    assert (done.code, done.out, done.err.strip()) == (130, "", f"hopcli: {kept}")
    assert _run(run_hopcli, "mine.toml")["made now"] == 4


def test_damage_is_found_and_made_good(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml")
    whole = _tables("results/mine")
    assert "6 cells, all as they were written" in run_hopcli("grid", "check", "results/mine").out
    sql = sqlite3.connect(f"results/mine/{FILE}")
    sql.execute("UPDATE accuracy SET recalled = recalled + 1 WHERE rowid = 1")
    sql.commit()
    sql.close()
    done = run_hopcli("grid", "check", "results/mine")
    assert (done.code, len(done.out.splitlines())) == (1, 1)
    assert "is damaged: table accuracy of cell" in done.out
    refused = run_hopcli("grid", "table", "results/mine").refused()
    assert "is damaged: table accuracy of cell" in refused
    again = run_hopcli("grid", "run", "mine.toml", "--no-figures")
    assert "1 damaged cells are made anew" in again.err
    assert run_hopcli("grid", "check", "results/mine").code == 0
    assert _tables("results/mine") == whole

    (Path("results/mine") / "grid.csv").write_text("x")
    assert "grid.csv" in run_hopcli("grid", "check", "results/mine").out


def test_tables_of_every_kind(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--keep", "trials")
    trials = run_hopcli("grid", "table", "results/mine", "--table", "trials").out.splitlines()
    assert len(trials) == 1 + N_CELLS * 5 * 4 * 2
    csv_text = run_hopcli("grid", "table", "results/mine")
    assert csv_text.out == Path("results/mine/grid.csv").read_text()
    for name in ("t.csv", "t.md", "t.tex", "t.parquet"):
        done = run_hopcli("grid", "table", "results/mine", "--out", name)
        assert (done.code, done.out) == (0, f"{name}\n")
    assert Path("t.csv").read_text() == csv_text.out
    assert Path("t.md").read_text().startswith("| rule | temperature | label |")
    refused = run_hopcli("grid", "table", "results/mine", "--table", "nothing").refused()
    assert refused.startswith("--table must be one of accuracy, ")
    refused = run_hopcli("grid", "table", "results/mine", "--out", "x.txt").refused()
    assert refused.startswith("--out must end in one of .csv, .parquet, .md, .tex")
    assert not Path("x.txt").exists()


def test_tables_that_were_not_kept_are_made_for_who_asks(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml")
    assert _run(run_hopcli, "mine.toml", "--keep", "trials")["made now"] == N_CELLS
    assert _run(run_hopcli, "mine.toml", "--keep", "trials")["made now"] == 0
    assert _run(run_hopcli, "mine.toml")["made now"] == 0


def test_from_the_shell_alone(run_hopcli: RunHopcli) -> None:
    sets = ["--set", "dataset=text:five.txt", "--set", "start=flip:0.1", "--set", "tests=2"]
    said = _run(run_hopcli, "--command", "recall", *sets, "--set", "seed=1:3:1")
    assert said["cells"] == 3
    assert re.fullmatch(r"results/recall-[0-9a-f]{8}", said["out"])
    on_top = _run(run_hopcli, "mine.toml", "--set", "temperature=0.2")
    assert on_top["cells"] == 2
    assert re.fullmatch(r"results/mine-[0-9a-f]{8}", on_top["out"])


def test_hopcli_run_takes_grids_and_single_runs(run_hopcli: RunHopcli) -> None:
    single = GRID[: GRID.index("[grid]")] + "figures = false\n"
    Path("one.toml").write_text(single, encoding="utf-8")
    Path("mine.toml").write_text("figures = false\n" + GRID, encoding="utf-8")
    done = run_hopcli("run", "mine.toml", "one.toml")
    assert done.code == 0, done
    assert Path("results/mine/grid.csv").exists()
    assert Path("results/one/accuracy.csv").exists()
    extra = 'dynamics = ["metropolis", "async"]\n'
    Path("bad.toml").write_text(GRID + extra, encoding="utf-8")
    Path("other.toml").write_text(single.replace("repeats = 2", "repeats = 3"), encoding="utf-8")
    refused = run_hopcli("run", "other.toml", "bad.toml").refused()  # before anything is run
    assert "6 of 12 are: rule=hebbian" in refused
    assert not Path("results/other").exists()
    refused = run_hopcli("recall", "--config", "mine.toml").refused()
    assert refused.startswith("mine.toml: grid is of many runs: `hopcli grid run mine.toml`")


def test_make_knows_what_a_grid_reads(run_hopcli: RunHopcli) -> None:
    write_patterns(Path("more.txt"), random_patterns(3, 5, 42), (6, 7))
    text = GRID.replace('dataset = "text:five.txt"\n', "")
    text += 'dataset = ["text:five.txt", "text:more.txt"]\n'
    Path("mine.toml").write_text(text, encoding="utf-8")
    done = run_hopcli("deps", "mine.toml")
    assert done.out.splitlines() == [
        ".PHONY: results/mine",
        "results/mine: results/mine/grid.json",
        "results/mine/grid.json: mine.toml five.txt more.txt",
        "results/mine/grid.json: $(PLOTS)",
    ]


def test_a_grid_of_another_command_is_left_alone(run_hopcli: RunHopcli) -> None:
    _run(run_hopcli, "mine.toml", "--out", "out")
    before = files_below(Path("out"))
    done = run_hopcli("grid", "run", "--command", "select", "--set", "samples=5,6", "--out", "out")
    refused = done.refused()
    assert refused.startswith("out: ")
    assert {"select", "recall", "--out"} <= set(re.findall(r"[\w-]+", refused))
    assert files_below(Path("out")) == before


def test_quiet_says_nothing(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("grid", "run", "mine.toml", "--quiet", "--no-figures")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_help_loads_nothing_heavy(spawn_hopcli: SpawnHopcli) -> None:
    code = (
        "import sys\nfrom hopcli.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sys.modules)"
    )
    for arguments in (["grid", "--help"], ["grid", "run", "--help"], ["grid", "plot", "--help"]):
        done: Finished = spawn_hopcli(*arguments, code=code)
        loaded = set(done.out.splitlines()[-1].split())
        assert "hopcli.cli.grid" in loaded
        assert not {"numba", "pandas", "matplotlib", "sqlite3", "distributed"} & loaded


BAD = [
    (["run"], "either FILE or --command must be given"),
    (["run", "mine.toml", "--command", "recall"], "either FILE or --command must be given"),
    (["run", "nowhere.toml"], "nowhere.toml: no such file"),
    (["run", "--command", "recal", "--set", "seed=1,2"], "--command must be one of"),
    (["run", "--command", "recall"], "grid must name one or more settings"),
    (["run", "--command", "recall", "--set", "seed=1"], "grid must name one or more settings"),
    (["run", "mine.toml", "--set", "seed"], "--set must be SETTING=VALUES, found 'seed'"),
    (["run", "mine.toml", "--set", "sed=1"], "--set must name a setting of 'recall'; the nearest"),
    (["run", "mine.toml", "--set", "tests=0,1"], "--set tests must be a whole number >= 1"),
    (["run", "mine.toml", "--shard", "0/2"], "--shard must be I/N, share I of N"),
    (["run", "mine.toml", "--shard", "3/2"], "--shard must be I/N, share I of N"),
    (["run", "mine.toml", "--shard", "x"], "--shard must be I/N, share I of N"),
    (["run", "mine.toml", "--limit", "0"], "Invalid value for '--limit'"),
    (["run", "mine.toml", "--threads", "0"], "Invalid value for '--threads'"),
    (["run", "mine.toml", "--keep", "all"], "Invalid value for '--keep'"),
    (["run", "mine.toml", "--out", ""], "Invalid value for '--out'"),
    (["run", "mine.toml", "--out", "five.txt"], "five.txt: must be a folder to write to"),
    (["status", "nowhere"], "nowhere: must hold a grid, there is no grid.sqlite"),
    (["table", "nowhere"], "nowhere: must hold a grid, there is no grid.sqlite"),
    (["plot", "nowhere"], "nowhere: must hold a grid, there is no grid.sqlite"),
    (["check", "nowhere"], "nowhere: must hold a grid, there is no grid.sqlite"),
    (["merge", "nowhere", "--out", "out"], "nowhere: must hold a grid, there is no grid.sqlite"),
    (["merge", "here", "--out", "here"], "--out must be another folder than the shards"),
    (["runn"], "No such command 'runn'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD, ids=lambda value: " ".join(value))
def test_bad_input_is_one_line(run_hopcli: RunHopcli, arguments: list[str], message: str) -> None:
    before = files_below(Path())
    assert message in run_hopcli("grid", *arguments).refused()
    assert files_below(Path()) == before


DYING = """
import os, signal, sys
from hopcli.__main__ import start
from hopcli.grids.store import Store

left, write = int(sys.argv.pop()), Store.write

def dying_write(store, made):
    global left
    if left == 0:  # killed with half of the cell written
        Store._write_table = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    write(store, made)

Store.write = dying_write
start()
"""


def test_a_grid_that_is_killed_goes_on(spawn_hopcli: SpawnHopcli) -> None:
    """While it writes a cell, several times; `make torture` does so at any moment."""
    text = GRID.replace("repeats = 2", "repeats = 2\nfigures = false")
    Path("mine.toml").write_text(text.replace("0.1:0.5:0.2", "0.1:0.9:0.1"), encoding="utf-8")
    assert spawn_hopcli("grid", "run", "mine.toml", "--out", "whole").code == 0
    run = ("grid", "run", "mine.toml", "--out", "killed")
    finished = 0
    for kept in (1, 0, 5, 7):
        assert spawn_hopcli(*run, str(kept), code=DYING).code == -signal.SIGKILL
        finished += kept
        assert _n_finished("killed") == finished < 18
    assert not Path("killed/grid.csv").exists()
    assert spawn_hopcli(*run).code == 0
    assert _tables("killed") == _tables("whole")
    assert sorted(path.name for path in Path("killed").iterdir()) == [
        *("grid.csv", "grid.json", FILE)
    ]


def _n_finished(folder: str) -> int:
    """How many cells are finished by now, all of them whole."""
    with Store(Path(folder)) as store:
        assert store.damaged() == {}
        return len(store.standings())


@pytest.mark.parametrize(
    ("plot", "message"),
    [
        ("x = 'rul'", "plot.x must be one of rule, temperature"),
        ("over = 'label'", "plot.over must be one of rule, temperature"),
        ("map = true\ny = 'accuracy'", "plot.y must be one of rule, temperature"),
    ],
)
def test_a_layout_of_what_is_not_there_is_refused_before_it_runs(
    run_hopcli: RunHopcli, plot: str, message: str
) -> None:
    Path("mine.toml").write_text(f"{GRID}\n[plot]\n{plot}\n", encoding="utf-8")
    assert message in run_hopcli("grid", "run", "mine.toml").refused()
    assert not Path("results").exists()


def test_a_picture_of_the_grid_and_of_its_averages(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(f"{GRID}\n[plot]\nover = 'temperature'\n", encoding="utf-8")
    assert run_hopcli("grid", "run", "mine.toml").code == 0
    folder = Path("results/mine")
    names = ["grid.csv", "grid.json", "grid.png", FILE, "over_temperature.csv"]
    assert sorted(path.name for path in folder.iterdir()) == names
    first = (folder / "grid.png").read_bytes()
    over = run_hopcli("grid", "table", "results/mine", "--over", "temperature")
    assert over.out == (folder / "over_temperature.csv").read_text()
    assert run_hopcli("grid", "plot", "results/mine").code == 0
    assert (folder / "grid.png").read_bytes() == first
    assert run_hopcli("check", "results/mine").code == 0

    (folder / FILE).unlink()  # as in a clone: what is published can be drawn
    (folder / "grid.png").unlink()
    assert run_hopcli("plot", "results/mine").code == 0
    assert (folder / "grid.png").read_bytes() == first
    svg = run_hopcli("grid", "plot", "results/mine", "--map", "--figure-format", "svg")
    assert svg.refused().startswith("--")
    done = run_hopcli("grid", "plot", "results/mine", "--x", "temperature", "--over", "rule")
    assert (done.code, done.out) == (0, "results/mine/grid.png\n")
    assert (folder / "grid.png").read_bytes() != first


def test_a_layout_that_does_not_fit_is_refused_before_a_cell_is_run(run_hopcli: RunHopcli) -> None:
    Path("mine.toml").write_text(f"{GRID}\n[plot]\ny = 'accurcy'\n", encoding="utf-8")
    refused = run_hopcli("grid", "run", "mine.toml").refused()
    assert refused.startswith("mine.toml: plot.y ")
    assert "'accurcy'" in refused
    assert not Path("results").exists()


def test_the_warnings_of_a_grid_are_one_line(run_hopcli: RunHopcli) -> None:
    """A criterion that noise does not let a pattern reach: counted, kept, in no caption."""
    text = GRID.replace('"0.1:0.5:0.2"', "[0.1, 0.9]").replace('["hebbian", ', "[")
    Path("mine.toml").write_text(text, encoding="utf-8")
    done = run_hopcli("grid", "run", "mine.toml")
    warned = "rule=pseudo-inverse temperature=0.9: "
    assert done.err.startswith("hopcli: warning: 1 of 2 cells: ")
    assert "hopcli grid status results/mine" in done.err
    assert len(done.err.splitlines()) == 1
    single = run_hopcli(
        *("recall", "--dataset", "text:five.txt", "--start", "flip:0.2", "--tests", "4"),
        *("--repeats", "2", "--temperature", "0.9", "--no-figures"),
    )
    (alone,) = single.err.splitlines()
    alone = alone.removeprefix("hopcli: warning: ")
    assert f"warning: {warned}{alone}" in run_hopcli("grid", "status", "results/mine").out
    manifest = json.loads(Path("results/mine/grid.json").read_text())
    assert manifest["notes"]["warnings"] == [warned + alone]
    many = '"0.80:0.94:0.01"'  # fifteen cells, of which people are told of twelve
    Path("mine.toml").write_text(text.replace("[0.1, 0.9]", many), encoding="utf-8")
    done = run_hopcli("grid", "run", "mine.toml", "--out", "many", "--no-figures")
    assert (done.code, done.err.count("warning: ")) == (0, 1)
    assert "15 of 15 cells: " in done.err
    lines = run_hopcli("grid", "status", "many").out.splitlines()
    assert sum(line.startswith("warning: rule=") for line in lines) == 12
    assert lines[-1].startswith("warning: 3 more")
    said = json.loads(run_hopcli("grid", "status", "many", "--format", "json").out)
    assert len(said["warnings"]) == 15
    with Image.open("results/mine/grid.png") as picture:
        assert "warning" not in picture.info["Description"]
