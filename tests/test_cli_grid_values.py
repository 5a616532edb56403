"""``hopcli grid``: settings as they are typed, told and typed again."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import random_patterns
from PIL import Image
from test_figures_weights import write_patterns

import hopcli
from hopcli import report
from hopcli.experiments.stock import Stock
from hopcli.grids import planning
from hopcli.grids.grid import read_grid
from hopcli.runs import forecast as running

if TYPE_CHECKING:
    from conftest import RunHopcli

    from hopcli.grids.cells import Task


@pytest.fixture(autouse=True)
def _five(empty_folder: Path) -> None:
    write_patterns(Path("five.txt"), random_patterns(1, 5, 42), (6, 7))


def _run(run_hopcli: RunHopcli, *arguments: str) -> dict[str, Any]:
    """Run a grid without its picture; what it says as JSON."""
    done = run_hopcli("grid", "run", *arguments, "--no-figures", "--format", "json")
    assert done.code == 0, done.err
    said: dict[str, Any] = json.loads(done.out)
    return said


def test_the_command_of_a_report_skips_what_was_skipped(run_hopcli: RunHopcli) -> None:
    sets = ["dynamics=metropolis,async", "temperature=0.1,0.2", "tests=2", "repeats=1"]
    asked = ["--command", "recall", *(word for text in sets for word in ("--set", text))]
    asked += ["--set", "dataset=text:five.txt", "--set", "start=flip:0.2"]
    _run(run_hopcli, *asked, "--skip-impossible", "--out", "some")
    other = ["dynamics=metropolis" if word == sets[0] else word for word in asked]
    _run(run_hopcli, *other, "--out", "all")
    (some,), (every,) = (report.sections_in(Path(name)) for name in ("some", "all"))
    _, _, _, *words = shlex.split(some.again)
    assert _run(run_hopcli, *words, "--out", "again")["cells"] == 2
    assert Path("again/grid.csv").read_bytes() == Path("some/grid.csv").read_bytes()
    assert "--skip-impossible" not in every.again


def _sides(run_hopcli: RunHopcli, a: str, b: str) -> dict[str, list[str]]:
    """The settings that differ between two grids, each as it is told of both."""
    done = run_hopcli("diff", a, b, "--format", "csv")
    rows = list(csv.DictReader(done.out.splitlines()))
    return {row["name"]: [row["A"], row["B"]] for row in rows if row["of"] == "settings"}


@pytest.mark.parametrize(
    ("name", "one", "other", "told"),
    [
        ("digits", [["0", "1"], ["2"]], [["0"], ["1", "2"]], ["0,1;2", "0;1,2"]),
        ("digits", [["0", "1"]], ["0", "1"], ["[0,1]", "0,1"]),
        ("digits", ["0,1"], [["0", "1"]], ['["0,1"]', '[["0", "1"]]']),
        (
            "digits, seed",
            [[["0", "1"], 2], [["2"], 1]],
            [[["0", "1"], 2], [["2"], 3]],
            ["[0,1;2];2,1", "[0,1;2];2,3"],
        ),
        (
            "temperature",
            [n / 100 for n in range(1, 40)],
            [n / 100 for n in range(1, 41)],
            ["...,0.36,0.37,0.38,0.39", "...,0.36,0.37,0.38,0.39,0.4"],
        ),
    ],
)
def test_what_differs_reads_differently(
    run_hopcli: RunHopcli, name: str, one: Any, other: Any, told: list[str]
) -> None:
    for folder, values in (("a", one), ("b", other)):
        config = {
            "command": "recall",
            "dataset": "text:five.txt",
            "start": "flip:0.2",
            "tests": 1,
            "repeats": 1,
            "sweeps": 1,
            "grid": {name: values},
        }
        manifest = {
            "command": "grid",
            "config": config,
            "versions": {"hopcli": "1"},
            "duration_seconds": 1.0,
            "source_commit": None,
            "notes": {},
            "tables": {},
            "outputs": {},
        }
        Path(folder).mkdir()
        Path(folder, "grid.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert _sides(run_hopcli, "a", "b") == {f"grid.{name}": told}


def test_sizes_are_told_as_they_are_typed(run_hopcli: RunHopcli) -> None:
    Path("pics").mkdir()
    for name in ("a", "b"):
        pixels = random_patterns(ord(name), 40, 50).clip(0).astype("uint8") * 255
        Image.fromarray(pixels).save(f"pics/{name}.png")
    sets = ["dataset=images:pics", "size=20x20,32x30", "tests=1", "repeats=1", "sweeps=1"]
    asked = ["--command", "recall", *(word for text in sets for word in ("--set", text))]
    asked += ["--set", "start=flip:0.1"]
    _run(run_hopcli, *asked, "--out", "a")
    with Path("a/grid.csv").open(encoding="utf-8", newline="") as file:
        assert {row["size"] for row in csv.DictReader(file)} == {"20x20", "32x30"}
    (section,) = report.sections_in(Path("a"))
    assert "--set size=20x20,32x30" in section.again
    dry = run_hopcli("grid", "run", *asked, "--dry-run").out
    assert [line[22:] for line in dry.splitlines()[:2]] == ["  size=20x20", "  size=32x30"]
    refused = run_hopcli("grid", "run", *asked, "--set", "digits=a,c").refused()
    assert "size=20x20: " in refused
    frame = hopcli.read("a")
    assert set(frame["size"]) == {"20x20", "32x30"}
    run = hopcli.recall(dataset="images:pics", size=(20, 20), tests=1, repeats=1, start="flip:0.1")
    assert "size=20x20" in repr(run)


@pytest.mark.parametrize("sweeps", [[1, 2, 5, 1000], [1, 10**5], [1, 10**7]])
@pytest.mark.parametrize("loading", [0.0, 2.0])
def test_what_every_cell_takes_does_not_go_as_its_work(
    monkeypatch: pytest.MonkeyPatch, sweeps: list[int], loading: float
) -> None:
    config = {"dataset": "text:five.txt", "start": "flip:0.2", "tests": 5, "repeats": 1}
    grid = read_grid({"command": "recall", **config, "grid": {"sweeps": sweeps}})
    cells = planning.plan_grid(grid, Stock())[0]
    truth = {one.task.cell: 0.2 + 3 * running._work(one) for one in cells}
    tried: list[float] = []

    def made(task: Task, _stock: Stock) -> SimpleNamespace:
        tried.append(truth[task.cell])
        return SimpleNamespace(seconds=truth[task.cell] + loading * (len(tried) == 1))

    monkeypatch.setattr(running, "make", made)
    told = running._estimate(cells, cells, {}, Stock())
    assert 0.7 * sum(truth.values()) < told < 1.5 * sum(truth.values()) + len(cells) * loading
    assert max(tried) < 3 * running._TRIED
    assert len(tried) <= 2


def test_finished_cells_tell_what_larger_ones_take() -> None:
    config = {"dataset": "text:five.txt", "start": "flip:0.2", "tests": 5, "repeats": 1}
    grid = read_grid({"command": "recall", **config, "grid": {"sweeps": [10, 20, 10**6, 10**7]}})
    few, more, many, most = planning.plan_grid(grid, Stock())[0]
    measured = [(0.2 + 3 * running._work(one), running._work(one)) for one in (few, many)]
    for one in (more, most):
        wanted = 0.2 + 3 * running._work(one)
        assert running._seconds(one, measured) == pytest.approx(wanted)


@pytest.mark.parametrize("text", ["dataset=mnist,digits", "theta=0,th.txt", "digits=36,14"])
def test_commas_that_vary_nothing_are_told_of(run_hopcli: RunHopcli, text: str) -> None:
    refused = run_hopcli("grid", "run", "--command", "recall", "--set", text).refused()
    assert "need ';' between them" in refused
    assert repr(text) in refused
    of_one = run_hopcli("grid", "run", "--command", "recall", "--set", "digits=3").refused()
    assert "';'" not in of_one
