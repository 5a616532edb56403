"""Planning of a grid: the cell of each point, and the impossible points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import experiments
from hopcli.errors import HopcliError, SettingError
from hopcli.grids.cells import Made, Task, make, named, plan_cell
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hopcli.experiments import Plan, Progress
    from hopcli.experiments.stock import Stock
    from hopcli.grids.grid import Grid, Point


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
        """Plan the cell again."""
        return plan_cell(self.cell, self.grid.read(self.point)[0], self.stock)

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
    planned, others = [], []
    for point in grid.points():
        try:
            config, _ = grid.read(point)
            plan = experiments.plan(config, stock)
        except HopcliError as error:
            others.append(Impossible(point, error))
        else:
            least = plan.least_seconds(1)
            planned.append(Planned(grid, point, named(plan), least, stock, keep))
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
