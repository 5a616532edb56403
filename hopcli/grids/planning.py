"""Planning a grid: the cell of each point, and the points that no run can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import experiments
from hopcli.errors import HopcliError, SettingError
from hopcli.grids.cells import Task, given, named
from hopcli.grids.store import Place
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hopcli.experiments.stock import Stock
    from hopcli.grids.grid import Grid, Point

__all__ = ["Impossible", "Planned", "impossible", "in_words", "plan_grid", "shard_of"]


class Planned(NamedTuple):
    """A point of which a run can be made.

    Attributes
    ----------
    place : Place
        The point, and its cell.
    task : Task
        How that is made.
    config : Config
        Its resolved configuration.
    """

    place: Place
    task: Task
    config: Any


class Impossible(NamedTuple):
    """A point of which none can be made, and why."""

    point: Point
    error: HopcliError


def plan_grid(
    grid: Grid,
    stock: Stock,
    keep: tuple[str, ...] = (),
    tell: Callable[[int, int], None] = experiments.no_progress,
) -> tuple[list[Planned], list[Impossible]]:
    """Plan every point of a grid, as far as its run would be planned.

    Parameters
    ----------
    grid : Grid
        The grid.
    stock : Stock
        What cells share.
    keep : tuple of str
        Tables that are kept besides the usual ones.
    tell : callable
        Told how far it is.

    Returns
    -------
    planned : list of Planned
        Those of which a run can be made, in order.
    impossible : list of Impossible
        The others.
    """
    planned, others = [], []
    for point in grid.points():
        try:
            config, _ = grid.read(point)
            plan = experiments.plan(config, stock)
        except HopcliError as error:
            others.append(Impossible(point, error))
        else:
            name = named(plan)
            place = Place(point.place, name, point.values)
            planned.append(
                Planned(place, Task(name, grid.command, given(config), keep), plan.config)
            )
        tell(1, len(grid))
    return planned, others


def in_words(grid: Grid, values: Sequence[Any]) -> str:
    """The values of a point as a flag would have them, ``temperature=0.2 rule=hebbian``."""
    pairs = zip(grid.names, grid.shown(values), strict=True)
    return " ".join(f"{name}={show(value)}" for name, value in pairs)


def impossible(grid: Grid, found: Sequence[Impossible]) -> SettingError:
    """The error that says which cells are impossible, and why the first one is."""
    first = found[0]
    others = [in_words(grid, other.point.values) for other in found[1:4]]
    more = f", and {len(found) - 4} more" if len(found) > 4 else ""
    too = f" (as are {'; '.join(others)}{more})" if others else ""
    if len(found) == len(grid):
        rule = f"must have a cell that can be run, none of its {len(grid)} can: "
        return SettingError("grid", f"{rule}{in_words(grid, first.point.values)}: {first.error}")
    rule = (
        f"must have no impossible cell, or --skip-impossible; {len(found)} of {len(grid)} are: "
        f"{in_words(grid, first.point.values)}: {first.error}{too}"
    )
    return SettingError("grid", rule)


def shard_of(planned: Sequence[Planned], number: int, of: int) -> list[Planned]:
    """The cells of a shard, every `of`-th one beginning with the `number`-th (from 1 on)."""
    return list(planned[number - 1 :: of])
