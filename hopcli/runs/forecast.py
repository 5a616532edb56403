"""The forecast of a grid: the cells that a run would make, and the time that they take."""

from __future__ import annotations

from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.grids.planning import shard_of
from hopcli.grids.store import Store, is_grid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hopcli.grids.planning import Planned
    from hopcli.grids.store import Standing
    from hopcli.runs.grids import GridJob

__all__ = ["Forecast", "forecast"]

_TRIED = 3.0  # seconds; a cell that takes longer is not run for an estimate
_CHEAP = 0.1  # seconds of update attempts that may be run for an estimate
_SLOW = 4.0  # ratio of a cell's seconds to those of its update attempts, where it is unknown
_MORE = 2.0  # ratio of the work of a cell to the measured work beyond which it is measured too


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
    chosen = shard_of(job.planned, *job.options.shard)
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
    there = standings.get(one.cell)
    return "to do" if there is None else there.state


def _estimate(
    left: Sequence[Planned],
    chosen: Sequence[Planned],
    standings: dict[str, Standing],
) -> float:
    """Seconds of one thread: from the cells that are finished, else from one of each kind.

    Of a kind are those that differ in numbers alone. Their seconds are taken to go as the
    number of their update attempts, beside what each takes whatever that is.
    """
    known: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for one in chosen:
        there = standings.get(one.cell)
        if there is not None and there.state == "finished":
            known.setdefault(_kind(one), []).append((there.seconds, _work(one)))
    alike: dict[tuple[Any, ...], list[Planned]] = {}
    for one in sorted(left, key=_work):
        alike.setdefault(_kind(one), []).append(one)
    for kind, cells in alike.items():
        measured = known.setdefault(kind, [])
        if not measured and _work(cells[0]) < _TRIED:
            measured.append(_try(cells[0]))
        measured += _larger(cells, measured)
    return sum(_seconds(one, known[_kind(one)]) for one in left)


def _try(one: Planned) -> tuple[float, float]:
    """Seconds and work of a cell that is made for it."""
    return one.make().seconds, _work(one)


def _larger(
    cells: Sequence[Planned], measured: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    """Seconds and work of one that has far more work than those that are measured.

    There is none where nothing is measured, or where work is what takes the time anyway.
    """
    if not measured:
        return []
    seconds, most = max(measured, key=lambda pair: pair[1])
    larger = [one for one in cells if _work(one) > _MORE * most]
    if not larger or seconds <= _SLOW * most:
        return []
    cheap = [one for one in larger if _work(one) <= _CHEAP]
    one = cheap[-1] if cheap else larger[0]
    if _work(one) < _TRIED:
        return [_try(one)]
    return [(seconds + _SLOW * (_work(one) - most), _work(one))]


def _seconds(one: Planned, measured: Sequence[tuple[float, float]]) -> float:
    """Seconds of a cell, from the seconds and the work of others of its kind."""
    if not measured:
        return _work(one)
    seconds, work = (fmean(column) for column in zip(*measured, strict=True))
    spread = sum((w - work) ** 2 for _, w in measured)
    if not spread:
        return seconds / work * _work(one) if work else seconds
    rate = sum((w - work) * (s - seconds) for s, w in measured) / spread
    if rate < 1:  # the first has loaded data and loops too
        return max(0.0, min(s - w for s, w in measured)) + _work(one)
    fixed = seconds - rate * work
    return fixed + rate * _work(one) if fixed > 0 else seconds / work * _work(one)


def _kind(one: Planned) -> tuple[Any, ...]:
    numbers = (int, float)
    return tuple(v if isinstance(v, str | bool) else type(v) in numbers for v in one.place.values)


def _work(one: Planned) -> float:
    """Seconds that its update attempts take at least."""
    return one.plan.least_seconds(1)
