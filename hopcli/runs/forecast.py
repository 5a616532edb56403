"""The forecast of a grid: the cells that a run would make, and the time that they take."""

from __future__ import annotations

from statistics import fmean, linear_regression
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.grids.planning import Planned, shard_of
from hopcli.grids.store import Standing, Store, is_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopcli.runs.grids import GridJob

_TRIED = 1.0  # seconds of update attempts; a cell that takes longer is not run for an estimate
_SLOW = 3.0  # default ratio of a cell's seconds to those of its update attempts


class Forecast(NamedTuple):
    """The work that a run of a grid would do.

    Attributes
    ----------
    cells : list of (str, Planned)
        Each cell of the share, with its state.
    left : list of Planned
        Cells that would be made.
    seconds : float
        Estimated duration.
    """

    cells: list[tuple[str, Planned]]
    left: list[Planned]
    seconds: float


def forecast(job: GridJob) -> Forecast:
    """Estimate the duration of a grid; cells may be made for it, and nothing is written."""
    standings: dict[str, Standing] = {}
    if is_grid(job.out):
        with Store(job.out) as store:
            standings = store.standings()
    chosen = [job.planned[number] for number in shard_of(len(job.planned), *job.options.shard)]
    states = [_state(standings, one) for one in chosen]
    left = [
        one
        for one, state in zip(chosen, states, strict=True)
        if state != "finished" or job.wishes.again
    ]
    left = left[: job.options.limit]
    seconds = _estimate(left, chosen, standings) / job.threads
    return Forecast(list(zip(states, chosen, strict=True)), left, seconds)


def _state(standings: Mapping[str, Standing], one: Planned) -> str:
    standing = standings.get(one.cell)
    return "to do" if standing is None else standing.state


def _estimate(
    left: Sequence[Planned], chosen: Sequence[Planned], standings: Mapping[str, Standing]
) -> float:
    """Estimate the seconds of one thread from cells of the same kind, finished or made for it.

    Cells of a kind differ only in numbers. A cell takes a constant time, and a time for each
    update attempt.
    """
    measured: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for one in chosen:
        standing = standings.get(one.cell)
        if standing is not None and standing.state == "finished":
            measured.setdefault(_kind(one), []).append((one.least_seconds, standing.seconds))
    alike: dict[tuple[Any, ...], list[Planned]] = {}
    for one in sorted(left, key=lambda one: one.least_seconds):
        alike.setdefault(_kind(one), []).append(one)
    for kind, cells in alike.items():
        if kind not in measured:
            measured[kind] = _tried(cells, is_first=not measured)
    return sum(_seconds(one.least_seconds, measured[_kind(one)]) for one in left)


def _tried(cells: Sequence[Planned], *, is_first: bool) -> list[tuple[float, float]]:
    """Measure work and seconds of the shortest cell, and of the longest short one.

    Among cells with equal work, they are the first and the last.
    """
    short = [one for one in cells if one.least_seconds <= _TRIED]
    if short and is_first:
        short[0].make()  # which loads the loops
    return [(one.least_seconds, one.make().seconds) for one in (*short[:1], *short[1:][-1:])]


def _seconds(work: float, measured: Sequence[tuple[float, float]]) -> float:
    """Estimate the seconds of a cell from its work, and the work and seconds of others."""
    if not measured:
        return _SLOW * work
    of_all, seconds = zip(*measured, strict=True)
    mean_work, mean_seconds = fmean(of_all), fmean(seconds)
    if len(set(of_all)) > 1:
        rate, fixed = linear_regression(of_all, seconds)
        if rate > 0 and fixed >= 0:
            return float(fixed + rate * work)
    return mean_seconds / mean_work * work if mean_work else mean_seconds


def _kind(one: Planned) -> tuple[Any, ...]:
    numbers = (int, float)
    return tuple(v if isinstance(v, str | bool) else type(v) in numbers for v in one.point.values)
