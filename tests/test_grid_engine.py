"""Running cells: a limited number at a time, without keeping finished ones in memory."""

from __future__ import annotations

import contextlib
import gc
import re
import threading
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from hopcli import endings
from hopcli.config import RecallExecution
from hopcli.datasets import Dataset
from hopcli.errors import ResultError
from hopcli.experiments import no_progress
from hopcli.experiments.stock import Stock
from hopcli.grids import cells, planning
from hopcli.grids.cells import Made, Task
from hopcli.grids.engine import Engine, local_engine, run_cells
from hopcli.grids.grid import read_grid

TASKS = [Task(f"cell{number}", "recall", {}) for number in range(40)]


def _made(task: Task, seconds: float = 0.001) -> Made:
    return Made(task.cell, "v", "host", "then", seconds, None, "{}", "{}", "{}", {})


class Watched(Executor):
    """Runs what it is given a little later, and remembers how much was under way."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.most = 0
        self._waiting: list[tuple[Future[Any], Any, Any]] = []

    def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.sizes.append(len(arguments[0]))
        self._waiting.append((future, fn, arguments))
        self.most = max(self.most, len(self._waiting))
        threading.Timer(0.02, self._finish).start()
        return future

    def _finish(self) -> None:
        with contextlib.suppress(IndexError):  # an earlier call has finished the rest
            while True:
                future, call, given = self._waiting.pop(0)
                future.set_result(call(*given))


def test_every_cell_is_made_once_and_few_are_under_way() -> None:
    executor = Watched()
    engine = Engine(executor, lambda tasks: [_made(task) for task in tasks], 3)
    found = [made.cell for some in run_cells(TASKS, engine) for made in some]
    assert sorted(found) == sorted(task.cell for task in TASKS)
    assert executor.most <= 6
    assert set(executor.sizes) == {1}


def test_workers_that_are_gone_are_noticed() -> None:
    def gone() -> None:
        raise ConnectionError

    with ThreadPoolExecutor(1) as pool:
        hangs = threading.Event()

        def work(tasks: tuple[Task, ...]) -> list[Made]:
            hangs.wait(30)
            return [_made(task) for task in tasks]

        with pytest.raises(ConnectionError):
            list(run_cells(TASKS, Engine(pool, work, 1, check=gone)))
        hangs.set()


RECALL = {"command": "recall", "dataset": "text:4x4", "rule": "hebbian", "start": "flip:0.2"}


def _planned(stock: Stock | None = None, **settings: Any) -> planning.PlannedGrid:
    grid = read_grid({**RECALL, **settings})
    planned, others = planning.plan_grid(grid, stock or Stock(), most_plans=2)
    assert others == []
    return planned


def test_cells_on_threads_are_those_of_one_after_the_other() -> None:
    planned = _planned(tests=2, grid={"seed": [1, 2, 3], "temperature": [0, 1.5]})
    alone = {one.cell: one.make().tables for one in planned}
    with local_engine(3) as engine:
        made = {one.cell: one.tables for (one,) in run_cells(planned, engine)}
    assert made == alone
    sent = cells.make_all([one.task for one in planned])
    assert made == {one.cell: one.tables for one in sent}
    assert all(made.values())  # none has failed
    assert len({tables["accuracy"] for tables in made.values()}) > 1


def test_a_cell_whose_data_give_it_another_name_is_not_planned() -> None:
    (one,) = _planned(tests=2, grid={"seed": [1]})
    config, _ = one.grid.read(one.point)
    assert cells.named(cells.plan_cell(one.cell, config, one.stock)) == one.cell
    with pytest.raises(ResultError):
        cells.plan_cell("another", config, one.stock)


def test_leaving_in_disorder_stops_what_runs() -> None:
    planned = _planned(repeats=100_000, tests=30, sweeps=2000, grid={"seed": [1, 2]})
    with local_engine(2) as engine:
        running = [engine.executor.submit(engine.work, (one,)) for one in planned]
        for _ in range(6000):
            if all(future.running() for future in running):
                break
            time.sleep(0.01)
    for future in running:
        assert future.exception(timeout=60) is not None


def test_data_that_change_meanwhile_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "some.txt"

    stock = Stock()

    def plan(text: str) -> planning.Planned:
        path.write_text(text, encoding="utf-8")
        (one,) = _planned(stock, dataset=f"text:{path}", tests=2, grid={"seed": [1]})
        stock.__init__()  # type: ignore[misc]  # nothing is kept
        return one

    one = plan("##.\n.#.\n#..\n")
    ready = one.planned()
    task, other = one.task, plan("##.\n.##\n#..\n").task
    assert (bool(one.make().error), one.make().tables) == (True, {})
    with pytest.raises(ResultError):
        ready.run(RecallExecution(), no_progress)
    plan("##.\n.#.\n#..\n")
    assert [bool(one.error) for one in cells.make_all([task])] == [False]
    plan("##.\n.##\n#..\n")
    assert cells.make_all([other])[0].error is None  # what was kept is not believed


def test_a_start_that_changes_after_the_plan_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "start.txt"
    path.write_text("####\n#..#\n#..#\n####\n", encoding="utf-8")
    (one,) = _planned(start=f"text:{path}", tests=1, grid={"seed": [1]})
    assert one.make().error is None
    path.write_text("####\n####\n#..#\n####\n", encoding="utf-8")
    assert (bool(one.make().error), one.make().tables) == (True, {})


def test_a_plan_holds_no_images(tmp_path: Path) -> None:
    path, stock = tmp_path / "own.txt", Stock()
    path.write_text("#..\n.#.\n..#\n", encoding="utf-8")
    (one,) = _planned(stock, dataset=f"text:{path}", tests=2, grid={"seed": [1]})
    plan = one.planned()
    stock.__init__()  # type: ignore[misc]  # nothing is kept
    gc.collect()
    held = [each for each in gc.get_objects() if isinstance(each, Dataset)]
    assert not [each for each in held if each.sha256 == plan.inputs["dataset"]]


# --- edges: small numbers, ties


@pytest.mark.parametrize(("n_left", "more"), [(0, []), (1, ["1 more"]), (2, ["2 more"])])
def test_folders_and_cells_not_named_are_counted(n_left: int, more: list[str]) -> None:
    grid = read_grid({"command": "recall", "grid": {"seed": "1:9:1"}})
    points = list(grid.points())[: 4 + n_left]
    cells = [planning.Impossible(point, ResultError("no")) for point in points]
    for text, named in (
        (endings._listed([Path(f"f{k}") for k in range(3 + n_left)]), [*"012"]),
        (str(planning.impossible(grid, cells)), [*"1234"]),
    ):
        assert re.findall(r"(?:f|seed=)(\d)", text) == named
        assert re.findall(r"\d+ more", text) == more
