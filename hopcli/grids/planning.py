"""The cells of a grid: the planned one of each point, impossible points, finished cells."""

from __future__ import annotations

from array import array
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import experiments
from hopcli.errors import HopcliError, SettingError
from hopcli.grids.cells import Made, Task, make, named, plan_cell
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hopcli.experiments import Plan, Progress
    from hopcli.experiments.stock import Stock
    from hopcli.grids.grid import Grid, Point
    from hopcli.grids.store import Standing

MOST_PLANS = 4000
"""Plans that are kept in memory; each takes some 7 kB."""


class Planned(NamedTuple):
    """A point with its cell.

    Attributes
    ----------
    grid : Grid
        The grid.
    point : Point
        The point.
    cell : str
        Name of the cell.
    plan : Plan or None
        The plan of the cell; None beyond the first thousands, to bound the memory.
    least_seconds : float
        Minimum seconds of its update attempts.
    stock : Stock
        Shared data of the cells.
    keep : tuple of str
        Tables to keep in addition to the usual ones.
    """

    grid: Grid
    point: Point
    cell: str
    plan: Plan | None
    least_seconds: float
    stock: Stock
    keep: tuple[str, ...] = ()

    @property
    def task(self) -> Task:
        """Return the cell in the form for another process."""
        given = self.grid.read(self.point)[0].to_dict()
        known = {k: v for k, v in given.items() if v is not None}
        return Task(self.cell, self.grid.command, known, self.keep)

    def planned(self) -> Plan:
        """Return the plan of the cell."""
        return self.plan or plan_cell(self.cell, self.grid.read(self.point)[0], self.stock)

    def make(self, progress: Progress = experiments.no_progress) -> Made:
        """Make the cell."""
        return make(self.cell, self.grid.command, self.planned, self.keep, progress)


class PlannedGrid:
    """Planned cells of a grid, in order; of each it keeps little more than the name.

    Parameters
    ----------
    grid : Grid
        The grid.
    stock : Stock
        Shared data of the cells.
    keep : tuple of str
        Tables to keep in addition to the usual ones.

    Attributes
    ----------
    places : array of int
        The point of each cell.
    names : list of str
        Name of each cell.
    least_seconds : array of float
        Minimum seconds of the update attempts of each cell.
    plans : list of Plan
        Plans of the first cells.
    """

    def __init__(self, grid: Grid, stock: Stock, keep: tuple[str, ...]) -> None:
        self.grid, self.stock, self.keep = grid, stock, keep
        self.places, self.least_seconds = array("l"), array("d")
        self.names: list[str] = []
        self.plans: list[Plan] = []

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Planned:
        point, plan = self.grid.point(self.places[number]), self.plans[number : number + 1]
        facts = point, self.names[number], plan[0] if plan else None, self.least_seconds[number]
        return Planned(self.grid, *facts, self.stock, self.keep)

    def __iter__(self) -> Iterator[Planned]:
        return map(self.__getitem__, range(len(self)))

    def points(self) -> Iterator[tuple[int, str]]:
        """Return the place and the cell of each point."""
        return zip(self.places, self.names, strict=True)


class Impossible(NamedTuple):
    """Impossible point, with the reason."""

    point: Point
    error: HopcliError


def plan_grid(
    grid: Grid,
    stock: Stock,
    keep: tuple[str, ...] = (),
    tell: Callable[[int, int], None] = experiments.no_progress,
    most_plans: int = MOST_PLANS,
) -> tuple[PlannedGrid, list[Impossible]]:
    """Plan the run of every point of a grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    stock : Stock
        Shared data of the cells.
    keep : tuple of str
        Tables to keep in addition to the usual ones.
    tell : callable
        Receives the progress.
    most_plans : int
        Plans to keep.

    Returns
    -------
    planned : PlannedGrid
        The possible points.
    impossible : list of Impossible
        The other points, in order.
    """
    planned = PlannedGrid(grid, stock, keep)
    others: list[Impossible] = []
    for point in grid.points():
        try:
            config, _ = grid.read(point)
            plan = experiments.plan(config, stock)
        except HopcliError as error:
            others.append(Impossible(point, error.with_traceback(None)))
        else:
            planned.plans += [plan] * (len(planned) < most_plans)
            planned.places.append(point.place)
            planned.names.append(named(plan))
            planned.least_seconds.append(plan.least_seconds(1))
        tell(1, len(grid))
    return planned, others


def in_words(grid: Grid, values: Sequence[Any]) -> str:
    """Format the values of a point as flags, ``temperature=0.2 rule=hebbian``."""
    pairs = zip(grid.names, values, strict=True)
    return " ".join(f"{name}={show(grid.shown(name, value))}" for name, value in pairs)


def impossible(grid: Grid, found: Sequence[Impossible]) -> SettingError:
    """Make the error that lists impossible cells, with the reason for the first one."""
    points = [in_words(grid, one.point.values) for one in found[:4]]
    why = f"{points[0]}: {found[0].error}"
    if len(found) == len(grid):
        rule = f"must have a possible cell; none of the {len(grid)} cells can be run: {why}"
        return SettingError("grid", rule)
    more = f", and {len(found) - 4} more" if len(found) > 4 else ""
    too = f" (as are {'; '.join(points[1:])}{more})" if points[1:] else ""
    rule = "must have no impossible cell, or --skip-impossible"
    return SettingError("grid", f"{rule}; {len(found)} of {len(grid)} are: {why}{too}")


def shard_of(n_cells: int, number: int, of: int) -> range:
    """Return the cells of a shard: every `of`-th one, from the `number`-th (from 1) on."""
    return range(n_cells)[number - 1 :: of]


class State:
    """State of the cells of a grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    points : iterable of (int, str, Standing or None)
        Place, cell and stored state of each point, in order.

    Attributes
    ----------
    counts : dict of str to int
        Numbers of cells: all, finished, failed, missing.
    seconds : float
        Sum of the durations of the stored cells.
    versions : set of str
        Versions of the code that made them.
    warned : str or None
        Summary of all warnings in one line: number of cells, in total and per topic.
    """

    def __init__(self, grid: Grid, points: Iterable[tuple[int, str, Standing | None]]) -> None:
        self.grid = grid
        self.seconds, self.versions = 0.0, set[str]()
        self._noted: list[tuple[int, str | None, tuple[str, ...]]] = []
        known, numbers, topics = set[str](), Counter[str](), Counter[str]()
        for place, cell, one in points:
            if one is not None and (one.error is not None or one.warnings):
                self._noted.append((place, one.error, one.warnings))
            if cell in known:
                continue
            known.add(cell)
            numbers["missing" if one is None else one.state] += 1
            if one is None:
                continue
            self.seconds += one.seconds
            self.versions.add(one.version)
            if one.warnings:
                numbers["warned"] += 1
                topics.update(list(dict.fromkeys(one.topics or ("other warnings",))))
        states = ("finished", "failed", "missing")
        self.counts = {"cells": len(known), **{name: numbers[name] for name in states}}
        listed = ", ".join(f"{topic} ({count:,})" for topic, count in topics.most_common())
        about = f"{numbers['warned']:,} of {len(known):,} cells: {listed}"
        self.warned = about if listed else None

    @property
    def is_whole(self) -> bool:
        """True if every cell is finished."""
        return self.counts["finished"] == self.counts["cells"]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Return the failed points, in words, with their errors."""
        noted = self._noted
        return [(self._words(place), error) for place, error, _ in noted if error is not None]

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Return the points with warnings, in words, and the warnings."""
        noted = self._noted
        return [(self._words(place), text) for place, _, texts in noted for text in texts]

    def _words(self, place: int) -> str:
        return in_words(self.grid, self.grid.point(place).values)
