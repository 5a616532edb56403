"""The cells of a grid: the planned one of each point, impossible points, finished cells."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import experiments
from hopcli.errors import HopcliError, SettingError
from hopcli.grids.cells import Made, Task, make, named, plan_cell
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hopcli.experiments import Plan, Progress
    from hopcli.experiments.stock import Stock
    from hopcli.grids.grid import Grid, Point
    from hopcli.grids.store import Standing

_PLANS = 4000  # kept in memory; each takes some 7 kB


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


class Impossible(NamedTuple):
    """Impossible point, with the reason."""

    point: Point
    error: HopcliError


def plan_grid(
    grid: Grid,
    stock: Stock,
    keep: tuple[str, ...] = (),
    tell: Callable[[int, int], None] = experiments.no_progress,
) -> tuple[list[Planned], list[Impossible]]:
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

    Returns
    -------
    planned : list of Planned
        The possible points, in order.
    impossible : list of Impossible
        The other points.
    """
    planned: list[Planned] = []
    others: list[Impossible] = []
    for point in grid.points():
        try:
            config, _ = grid.read(point)
            plan = experiments.plan(config, stock)
        except HopcliError as error:
            others.append(Impossible(point, error))
        else:
            least = plan.least_seconds(1)
            kept = plan if len(planned) < _PLANS else None
            planned.append(Planned(grid, point, named(plan), kept, least, stock, keep))
        tell(1, len(grid))
    return planned, others


def in_words(grid: Grid, values: Sequence[Any]) -> str:
    """Format the values of a point as flags, ``temperature=0.2 rule=hebbian``."""
    pairs = zip(grid.names, values, strict=True)
    return " ".join(f"{name}={show(grid.shown(name, value))}" for name, value in pairs)


def impossible(grid: Grid, found: Sequence[Impossible]) -> SettingError:
    """Make the error that lists impossible cells, with the reason for the first one."""
    first = found[0]
    others = [in_words(grid, other.point.values) for other in found[1:4]]
    more = f", and {len(found) - 4} more" if len(found) > 4 else ""
    too = f" (as are {'; '.join(others)}{more})" if others else ""
    if len(found) == len(grid):
        rule = f"must have a possible cell; none of the {len(grid)} cells can be run: "
        return SettingError("grid", f"{rule}{in_words(grid, first.point.values)}: {first.error}")
    rule = (
        f"must have no impossible cell, or --skip-impossible; {len(found)} of {len(grid)} are: "
        f"{in_words(grid, first.point.values)}: {first.error}{too}"
    )
    return SettingError("grid", rule)


def shard_of(planned: Sequence[Planned], number: int, of: int) -> list[Planned]:
    """Return the cells of a shard: every `of`-th one, from the `number`-th (from 1) on."""
    return list(planned[number - 1 :: of])


@dataclass(frozen=True, eq=False)
class State:
    """State of the cells of a grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    places : mapping of int to str
        The cell of each of its points.
    standings : mapping of str to Standing
        State of each cell in the store, which may also contain cells of other grids.
    """

    grid: Grid
    places: Mapping[int, str]
    standings: Mapping[str, Standing]

    @functools.cached_property
    def there(self) -> dict[str, Standing]:
        """States of the stored cells of this grid."""
        cells = dict.fromkeys(self.places.values())
        return {cell: self.standings[cell] for cell in cells if cell in self.standings}

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of cells: all, finished, failed, missing."""
        n_cells = len(set(self.places.values()))
        finished = sum(one.error is None for one in self.there.values())
        return {
            "cells": n_cells,
            "finished": finished,
            "failed": len(self.there) - finished,
            "missing": n_cells - len(self.there),
        }

    @property
    def is_whole(self) -> bool:
        """True if every cell is finished."""
        return self.counts["finished"] == self.counts["cells"]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Return the failed points, in words, with their errors."""
        return [
            (words, standing.error)
            for words, standing in self._told()
            if standing.error is not None
        ]

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Return the points with warnings, in words, and the warnings."""
        return [(words, told) for words, standing in self._told() for told in standing.warnings]

    @property
    def warned(self) -> str | None:
        """Summarise all warnings in one line: number of cells, in total and per topic."""
        standings = [one for one in self.there.values() if one.warnings]
        if not standings:
            return None
        topics = Counter(
            topic for one in standings for topic in dict.fromkeys(one.topics or ("other warnings",))
        )
        said = ", ".join(f"{topic} ({count:,})" for topic, count in topics.most_common())
        return f"{len(standings):,} of {self.counts['cells']:,} cells: {said}"

    def _told(self) -> Iterator[tuple[str, Standing]]:
        """Return the points with a stored cell, in words, with its state."""
        for point in self.grid.points():
            standing = self.there.get(self.places.get(point.place, ""))
            if standing is not None:
                yield in_words(self.grid, point.values), standing
