"""Run a grid for the command line: plan all of it, run what is missing, publish what is whole."""

from __future__ import annotations

import contextlib
import shlex
import signal
import time
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, Any

import click

from hopcli import results
from hopcli.cli.grid.files import drawn_if
from hopcli.cli.lines import listen, print_lines, tell
from hopcli.cli.progress import CellBar, Watch, shown
from hopcli.cli.requests import flag_name
from hopcli.dynamics.jobs import processors
from hopcli.errors import ResultError, SettingError, renamed
from hopcli.experiments.stock import Stock
from hopcli.grids.cells import make
from hopcli.grids.conducting import Conductor, Wanted, check_look, stopped
from hopcli.grids.engine import local_engine
from hopcli.grids.merging import merge
from hopcli.grids.planning import impossible, in_words, plan_grid, shard_of
from hopcli.grids.publishing import Publisher
from hopcli.grids.state import State
from hopcli.grids.store import Store, is_grid
from hopcli.printing import terminal
from hopcli.runs import endings
from hopcli.runs.costs import least_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hopcli.grids.cells import Made
    from hopcli.grids.engine import Engine
    from hopcli.grids.grid import Grid
    from hopcli.grids.planning import Planned
    from hopcli.grids.store import Standing

__all__ = ["GridWishes", "list_grid", "merge_grids", "prepare_grid"]

_TRIED = 3.0  # seconds; what takes longer is not run for an estimate
_CHEAP = 0.1  # seconds of update attempts that are gladly run for one
_SLOW = 4.0  # seconds that one of update attempts takes, where it is not known
_MORE = 2.0  # times as much work as is known of is another matter
_LISTED = 200  # cells of a dry run that are listed
_NAMED = 3  # failures that are told


@dataclass(frozen=True, kw_only=True)
class GridWishes(Wanted):
    """What is to be done with a grid, and what is said of it.

    Parameters
    ----------
    threads : int or None
        Cells at once; None for one a core.
    dask : str or None
        Address of a scheduler whose workers are to make the cells.
    skip_impossible : bool
        Leave out cells that cannot be made.
    quiet, figures : bool
        Print nothing but errors; draw the picture.
    format : str
        What is printed, one of :data:`hopcli.cli.tables.FORMATS`.
    """

    threads: int | None = None
    dask: str | None = None
    skip_impossible: bool = False
    quiet: bool = False
    figures: bool = True
    format: str = "table"


class _News:
    """Says what there is to know of a grid on stderr."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def tell(self, text: str) -> None:
        """Say what happens."""
        if not self._quiet:
            tell(text)

    def warn(self, text: str) -> None:
        """Say what has gone wrong."""
        tell(f"warning: {text}")


def plan_all(grid: Grid, wishes: GridWishes, stock: Stock) -> list[Planned]:
    """Plan every cell, and refuse the grid if one is impossible, unless that is to be skipped.

    Raises
    ------
    SettingError
        If a cell is impossible.
    """
    results.check_writable(wishes.out)
    check_look(grid)
    with Watch(0, quiet=wishes.quiet, unit="cell planned") as watch:
        planned, others = plan_grid(grid, stock, wishes.keep, watch.tell)
    if others and not (wishes.skip_impossible and planned):
        raise impossible(grid, others)
    if others and not wishes.quiet:
        tell(f"{len(others)} of {len(grid)} cells are impossible and left out")
    _check_drawn(grid, planned[0], stock)
    return planned


def _check_drawn(grid: Grid, planned: Planned, stock: Stock) -> None:
    """Refuse a layout that draws a column that cells will not have.

    Raises
    ------
    SettingError
        If there is no such column.
    """
    headline, look = grid.entry.headline, grid.look
    if look.y is None or look.y == headline.value or (look.map and look.y in grid.names):
        return
    from hopcli.claims.rehearsing import rehearse

    columns = (rehearse(planned.config, stock) or {}).get(headline.table)
    if columns is not None and look.y not in columns:
        raise SettingError("plot.y", f"must be one of {', '.join(columns)}", look.y)


def prepare_grid(grid: Grid, wishes: GridWishes) -> Callable[[], int]:
    """Plan a grid, and refuse what cannot be run of it.

    Returns
    -------
    callable
        Makes the cells that are missing, and publishes the grid if it is whole then; gives
        the exit code: 1 if a cell has failed, else 0.

    Raises
    ------
    HopcliError
        If a cell is impossible, or the folder cannot be written.
    """
    listen(quiet=wishes.quiet)
    stock = Stock()
    planned = plan_all(grid, wishes, stock)

    def run() -> int:
        with results.locked(wishes.out, "grid"), _engine(wishes, stock) as engine:
            return _Run(grid, wishes, planned).do(engine)

    return run


@contextlib.contextmanager
def _engine(wishes: GridWishes, stock: Stock) -> Iterator[Engine]:
    """Where the cells are made."""
    if wishes.dask is None:
        with local_engine(wishes.threads or processors(), stock) as engine:
            yield engine
    else:
        from hopcli.grids.dask import dask_engine

        with contextlib.ExitStack() as stack:
            with renamed(flag_name):
                engine = stack.enter_context(dask_engine(wishes.dask))
            yield engine


class _Run:
    """A planned grid that is run for the command line."""

    def __init__(self, grid: Grid, wishes: GridWishes, planned: list[Planned]) -> None:
        self.wishes = wishes
        self.conductor = Conductor(grid, wishes, planned, _News(quiet=wishes.quiet))
        self._writes = False

    def do(self, engine: Engine) -> int:
        """Make what is missing; the exit code."""
        wishes = self.wishes
        endings.expect(wishes.out, "grid", pictures=wishes.figures)
        try:
            done = self.conductor.run(engine, self._watch, drawn_if(figures=wishes.figures))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt | SystemExit):
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
            self._keep()
            raise
        quiet, form = wishes.quiet, wishes.format
        code = say(wishes.out, done.state, done.files, done.n_made, quiet=quiet, form=form)
        return endings.NO_PICTURES if done.is_undrawn else code

    def _keep(self) -> None:
        """Note which cells are kept of a grid that has come to no end."""
        with contextlib.suppress(ResultError), Store(self.wishes.out) as store:
            if self._writes:
                kept = stopped(self.conductor.state(store))
                endings.keep(self.wishes.out, f"{kept}: the same command goes on there")

    @contextlib.contextmanager
    def _watch(self, n_tasks: int, state: Callable[[], State]) -> Iterator[Callable[[Made], None]]:
        """A bar over the cells."""
        del state
        self._writes = True
        with CellBar(n_tasks, quiet=self.wishes.quiet) as bar:
            yield lambda made: bar.add(failed=made.error is not None)


def say(
    out: Path, state: State, files: list[Path], n_made: int, *, quiet: bool, form: str = "table"
) -> int:
    """Say what there is now; the exit code."""
    from hopcli.cli.grid.files import print_grid

    failures = state.failures
    for words, error in failures[:_NAMED]:
        tell(f"failed: {words}: {error}")
    if failures:
        more = f", the first {_NAMED} above" if len(failures) > _NAMED else ""
        tell(f"{len(failures)} cells have failed{more}; --retry-failed tries them again")
    if not quiet:
        if state.warned is not None:
            listed = f"`hopcli grid status {shlex.quote(str(out))}` lists them"
            tell(f"warning: {state.warned}; {listed}")
        print_grid(out, state, files, n_made, form)
    return 1 if failures else 0


def merge_grids(
    folders: Sequence[Path], out: Path, *, accept_version: bool, figures: bool, quiet: bool
) -> int:
    """Put shards together in a folder, and publish the grid if it is whole then.

    Returns
    -------
    int
        Exit code: 1 if a cell has failed, else 0.
    """
    listen(quiet=quiet)
    for folder in folders:
        if folder.resolve() == out.resolve():
            raise click.UsageError(f"--out must be another folder than the shards, found {out}")
    results.check_writable(out)
    began = time.perf_counter()
    endings.expect(out, "grid", pictures=figures)
    with results.locked(out, "grid"):
        grid, n_taken = merge(folders, out, accept_version=accept_version)
        with Store(out) as store:
            state = State(grid, store.places(), store.standings())
            publisher = Publisher(drawn_if(figures=figures), _News(quiet=quiet))
            files = publisher.publish_if_whole(store, state, n_taken, began)
    code = say(out, state, files, n_taken, quiet=quiet)
    return endings.NO_PICTURES if publisher.is_undrawn else code


def list_grid(grid: Grid, wishes: GridWishes) -> None:
    """Say what a run would do, and how long that would take; nothing is written."""
    listen(quiet=wishes.quiet)
    stock = Stock()
    planned = plan_all(grid, wishes, stock)
    standings: dict[str, Standing] = {}
    if is_grid(wishes.out):
        with Store(wishes.out) as store:
            standings = store.standings()
    chosen = shard_of(planned, *wishes.shard)
    left = [one for one in chosen if _state(standings, one) != "finished" or wishes.again]
    left = left[: wishes.limit]
    for one in chosen[:_LISTED]:
        words = in_words(grid, one.place.values)
        print_lines(terminal(f"{_state(standings, one):9} {one.task.cell[:12]}  {words}"))
    if len(chosen) > _LISTED:
        click.echo(f"... and {len(chosen) - _LISTED:,} more")
    seconds = _estimate(left, chosen, standings, stock) / (wishes.threads or processors())
    click.echo(f"\n{len(chosen):,} cells, {len(left):,} to be made: about {shown(seconds)}")


def _state(standings: dict[str, Standing], one: Planned) -> str:
    there = standings.get(one.task.cell)
    return "to do" if there is None else there.state


def _estimate(
    left: Sequence[Planned],
    chosen: Sequence[Planned],
    standings: dict[str, Standing],
    stock: Stock,
) -> float:
    """Seconds of one thread: from the cells that are finished, else from one of each kind.

    Of a kind are those that differ in numbers alone. Their seconds are taken to go as the
    number of their update attempts, beside what each takes whatever that is.
    """
    known: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for one in chosen:
        there = standings.get(one.task.cell)
        if there is not None and there.state == "finished":
            known.setdefault(_kind(one), []).append((there.seconds, _work(one)))
    alike: dict[tuple[Any, ...], list[Planned]] = {}
    for one in sorted(left, key=_work):
        alike.setdefault(_kind(one), []).append(one)
    for kind, cells in alike.items():
        measured = known.setdefault(kind, [])
        if not measured and _work(cells[0]) < _TRIED:
            measured.append(_try(cells[0], stock))
        measured += _larger(cells, measured, stock)
    return sum(_seconds(one, known[_kind(one)]) for one in left)


def _try(one: Planned, stock: Stock) -> tuple[float, float]:
    """Seconds and work of a cell that is made for it."""
    return make(one.task, stock).seconds, _work(one)


def _larger(
    cells: Sequence[Planned], measured: Sequence[tuple[float, float]], stock: Stock
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
        return [_try(one, stock)]
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
    return least_seconds(one.config, 1)
