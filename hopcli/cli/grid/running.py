"""Run a grid for the command line: plan all of it, run what is missing, publish what is whole."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from hopcli import results
from hopcli.cli.lines import listen, tell
from hopcli.cli.progress import CellBar, Watch, least_seconds, shown
from hopcli.cli.requests import flag_name, renamed
from hopcli.dynamics.jobs import processors
from hopcli.errors import ResultError, SettingError
from hopcli.experiments.stock import Stock
from hopcli.grids.cells import code_version, make
from hopcli.grids.engine import local_engine, run_tasks
from hopcli.grids.merging import merge
from hopcli.grids.planning import impossible, in_words, plan_grid, shard_of
from hopcli.grids.state import State
from hopcli.grids.store import Store, is_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from hopcli.grids.cells import Made, Task
    from hopcli.grids.engine import Engine
    from hopcli.grids.grid import Grid
    from hopcli.grids.planning import Planned
    from hopcli.grids.store import Standing

__all__ = ["GridWishes", "list_grid", "merge_grids", "prepare_grid"]

_TRIED = 3.0  # seconds; what takes longer is not run for an estimate
_LISTED = 200  # cells of a dry run that are listed
_NAMED = 3  # failures, and warnings, that are told


@dataclass(frozen=True, slots=True, kw_only=True)
class GridWishes:
    """What is to be done with a grid.

    Parameters
    ----------
    out : Path
        Its folder.
    threads : int or None
        Cells at once; None for one a core.
    dask : str or None
        Address of a scheduler whose workers are to make the cells.
    keep : tuple of str
        Tables that are kept besides.
    limit : int or None
        Most cells to make now.
    shard : tuple of int
        Which of how many shares of the cells.
    fail_fast, retry_failed, skip_impossible, accept_version : bool
        What to do with cells that fail, failed before, cannot be made, or that other code
        has made.
    overwrite, again : bool
        Make cells of other code anew; make all anew.
    quiet, figures : bool
        Print nothing but errors; draw the picture.
    format : str
        What is printed, one of :data:`hopcli.cli.tables.FORMATS`.
    """

    out: Path
    threads: int | None = None
    dask: str | None = None
    keep: tuple[str, ...] = ()
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    fail_fast: bool = False
    retry_failed: bool = False
    skip_impossible: bool = False
    accept_version: bool = False
    overwrite: bool = False
    again: bool = False
    quiet: bool = False
    figures: bool = True
    format: str = "table"


def plan_all(grid: Grid, wishes: GridWishes, stock: Stock) -> list[Planned]:
    """Plan every cell, and refuse the grid if one is impossible, unless that is to be skipped.

    Raises
    ------
    SettingError
        If a cell is impossible.
    """
    results.check_writable(wishes.out)
    _check_look(grid)
    with Watch(0, quiet=wishes.quiet, unit="cell planned") as watch:
        planned, others = plan_grid(grid, stock, wishes.keep, watch.tell)
    if others and not (wishes.skip_impossible and planned):
        raise impossible(grid, others)
    if others and not wishes.quiet:
        tell(f"{len(others)} of {len(grid)} cells are impossible and left out")
    return planned


def _check_look(grid: Grid) -> None:
    """Refuse a layout that names what is not there, before anything runs."""
    look, coordinates = grid.look, (*grid.names, *grid.entry.headline.within)
    allowed = dict.fromkeys(("x", "by", "rows", *["y"] * look.map), coordinates)
    for name, known in {**allowed, "over": grid.names}.items():
        value = getattr(look, name)
        if value is not None and value not in known:
            raise SettingError(f"plot.{name}", f"must be one of {', '.join(known)}", value)


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
    """A planned grid, and what becomes of it."""

    def __init__(self, grid: Grid, wishes: GridWishes, planned: list[Planned]) -> None:
        self.grid, self.wishes, self.planned = grid, wishes, planned
        self.places = {one.place.place: one.place.cell for one in planned}

    def state(self, store: Store) -> State:
        """How far it is."""
        return State(self.grid, self.places, store.standings())

    def do(self, engine: Engine) -> int:
        """Make what is missing; the exit code."""
        began = time.perf_counter()
        tasks = self._missing()  # which may refuse: before anything is written
        with Store(self.wishes.out, writes=bool(tasks) or not self._is_described()) as store:
            if store.writes:
                store.describe(self.grid, [one.place for one in self.planned])
                self._make(store, tasks, engine)
            wishes, state = self.wishes, self.state(store)
            files = publish_if_whole(store, state, len(tasks), began, figures=wishes.figures)
        return say(wishes.out, state, files, len(tasks), quiet=wishes.quiet, form=wishes.format)

    def _is_described(self) -> bool:
        """Whether the store says already what it would be told."""
        if not is_grid(self.wishes.out):
            return False
        with Store(self.wishes.out) as store:
            return store.describes(self.grid, [one.place for one in self.planned])

    def _missing(self) -> list[Task]:
        """The cells to be made now, in order."""
        wishes = self.wishes
        chosen = {one.task.cell: one.task for one in shard_of(self.planned, *wishes.shard)}
        if not is_grid(wishes.out):
            return list(chosen.values())[: wishes.limit]
        with Store(wishes.out) as store:
            check_command(store, self.grid)
            standings, tables = store.standings(), store.checksums()
            self._check_versions(standings)
            damaged = store.damaged()
        if damaged and not wishes.quiet:
            tell(f"{wishes.out}: {len(damaged)} damaged cells are made anew")

        def is_missing(cell: str) -> bool:
            there = standings.get(cell)
            if there is None or wishes.again or cell in damaged:
                return True
            if there.state == "failed":
                return wishes.retry_failed
            other = wishes.overwrite and there.version != code_version()
            return other or not set(wishes.keep) <= tables.get(cell, {}).keys()

        return [task for cell, task in chosen.items() if is_missing(cell)][: wishes.limit]

    def _check_versions(self, standings: dict[str, Standing]) -> None:
        """Refuse to mix cells of different code, unless that is asked for."""
        wishes = self.wishes
        there = State(self.grid, self.places, standings).there
        others = [one.version for one in there.values() if one.version != code_version()]
        if others and not (wishes.accept_version or wishes.overwrite or wishes.again):
            raise ResultError(
                f"{wishes.out}: {len(others)} cells were made by {others[0]}; this is "
                f"{code_version()}: --accept-version takes them, --overwrite makes them anew"
            )

    def _check_version(self, made: Made) -> None:
        """Refuse what a worker has made that came later, with other code."""
        if made.version != code_version():
            raise ResultError(
                f"{self.wishes.out}: a worker on {made.host} is of {made.version}, this is "
                f"{code_version()}; what is finished is kept"
            )

    def _make(self, store: Store, tasks: Sequence[Task], engine: Engine) -> None:
        """Make cells; each is kept as soon as it is finished."""
        try:
            with CellBar(len(tasks), quiet=self.wishes.quiet) as bar:
                for made in run_tasks(tasks, engine):
                    self._check_version(made)
                    store.write(made)
                    bar.add(failed=made.error is not None)
                    if made.error is not None and self.wishes.fail_fast:
                        break
        except (KeyboardInterrupt, SystemExit) as stop:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
            counts = self.state(store).counts
            message = (
                f"interrupted; {counts['finished']} of {counts['cells']} cells are finished and "
                "kept: the same command goes on there"
            )
            if isinstance(stop, KeyboardInterrupt):
                raise KeyboardInterrupt(message) from None
            tell(message)
            raise


def check_command(store: Store, grid: Grid) -> None:
    """Refuse a store that holds cells of another command."""
    there = store.grid() if store.is_described() else None
    if there is not None and there.command != grid.command:
        raise ResultError(
            f"{store.path.parent}: must hold a grid of {grid.command}, holds one of "
            f"{there.command}; give --out another folder"
        )


def publish_if_whole(
    store: Store, state: State, n_made: int, began: float, *, figures: bool
) -> list[Path]:
    """Write table, picture and manifest, if every cell is finished; the files."""
    from hopcli.cli.grid.files import is_published, publish_grid

    if not state.is_whole or (not n_made and is_published(store, state.grid, figures=figures)):
        return []
    return publish_grid(store, state.grid, figures=figures, seconds=time.perf_counter() - began)


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
        _warn(state)
        print_grid(out, state, files, n_made, form)
    return 1 if failures else 0


def _warn(state: State) -> None:
    """Tell what the first cells warn of, and how many do."""
    warnings = state.warnings
    for words, warning in warnings[:_NAMED]:
        tell(f"warning: {words}: {warning}")
    if len(warnings) > _NAMED:
        tell(f"{len(warnings)} warnings in all, which `hopcli grid status` lists")


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
    with results.locked(out, "grid"):
        grid, n_taken = merge(folders, out, accept_version=accept_version)
        with Store(out) as store:
            state = State(grid, store.places(), store.standings())
            files = publish_if_whole(store, state, n_taken, began, figures=figures)
    return say(out, state, files, n_taken, quiet=quiet)


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
        click.echo(f"{_state(standings, one):9} {one.task.cell[:12]}  {words}")
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
    number of their update attempts.
    """
    known: dict[tuple[Any, ...], list[tuple[float, float]]] = {}
    for one in chosen:
        there = standings.get(one.task.cell)
        if there is not None and there.state == "finished":
            known.setdefault(_kind(one), []).append((there.seconds, _work(one)))
    for one in sorted(left, key=_work):
        if _kind(one) not in known and _work(one) < _TRIED:
            known[_kind(one)] = [(make(one.task, stock).seconds, _work(one))]
    return sum(_seconds(one, known.get(_kind(one), [])) for one in left)


def _seconds(one: Planned, measured: Sequence[tuple[float, float]]) -> float:
    """Seconds of a cell, from the seconds and the work of others of its kind."""
    if not measured:
        return _work(one)
    seconds, work = (sum(column) for column in zip(*measured, strict=True))
    return seconds / work * _work(one) if work else seconds / len(measured)


def _kind(one: Planned) -> tuple[Any, ...]:
    numbers = (int, float)
    return tuple(v if isinstance(v, str | bool) else type(v) in numbers for v in one.place.values)


def _work(one: Planned) -> float:
    """Seconds that its update attempts take at least."""
    return least_seconds(one.config, 1)
