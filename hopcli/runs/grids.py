"""A grid of runs: planned completely, missing cells made, published when it is complete."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hopcli import endings, experiments, results
from hopcli.dynamics.jobs import processors
from hopcli.errors import ResultError, SettingError
from hopcli.experiments.stock import Stock
from hopcli.grids.cells import Made, code_version
from hopcli.grids.engine import Engine, local_engine, run_cells
from hopcli.grids.merging import merge
from hopcli.grids.planning import MOST_PLANS, State, impossible, plan_grid, shard_of
from hopcli.grids.publishing import publish_if_whole
from hopcli.grids.store import Store, is_grid
from hopcli.results.folder import uninterrupted
from hopcli.runs.pictures import draw_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hopcli.experiments import Progress
    from hopcli.grids.grid import Grid
    from hopcli.grids.view import View
    from hopcli.runs.requests import Wishes

    CellProgress = Callable[[int, int, int], None]
    """Takes the numbers of cells finished now, to make, and failed among the finished."""

_log = logging.getLogger(__name__)


def _no_progress(_done: int, _total: int, _failed: int) -> None:
    """Ignore the progress."""


@dataclass(frozen=True, kw_only=True)
class GridOptions:
    """Options of a grid, besides the wishes for any run.

    Parameters
    ----------
    keep : tuple of str
        Tables that are kept too.
    limit : int or None
        Most cells to make now.
    shard : tuple of int
        Number of this share of the cells, and number of shares.
    threads : int or None
        Cells at once; None for the value of the file, or one a core.
    dask : str or None
        Address of a scheduler whose workers make the cells.
    figures : bool
        Draw the picture, unless the file says no.
    fail_fast, retry_failed : bool
        Stop at the first failed cell; repeat cells that failed before.
    accept_version : bool
        Keep cells that other code made.
    skip_impossible : bool
        Leave out cells that cannot be made.
    """

    keep: tuple[str, ...] = ()
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    threads: int | None = None
    dask: str | None = None
    figures: bool = True
    fail_fast: bool = False
    retry_failed: bool = False
    accept_version: bool = False
    skip_impossible: bool = False


class GridDone(NamedTuple):
    """A grid after a run.

    Attributes
    ----------
    state : State
        Its cells: finished, failed, missing.
    files : list of Path
        Files that were published now.
    n_made : int
        Number of cells that were to be made now.
    undrawn : str
        Reason why it was published without its picture; empty otherwise.
    view : View or None
        The grid as it was published now.
    """

    state: State
    files: list[Path]
    n_made: int
    undrawn: str = ""
    view: View | None = None


class GridJob:
    """A planned grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    out : Path
        Its folder.
    wishes : Wishes
        Wishes for its results.
    options : GridOptions
        Options of its cells.
    stock : Stock, optional
        Data and couplings that are loaded.
    progress : callable
        Takes the points planned now, and all points.

    Attributes
    ----------
    planned : PlannedGrid
        The cells that can be made.
    kept : str
        Finished cells of a stopped grid, in words.

    Raises
    ------
    HopcliError
        If a cell is impossible and not to be skipped, the layout of the picture names a column
        that the cells do not have, or the folder cannot be written.
    """

    def __init__(
        self,
        grid: Grid,
        out: Path,
        wishes: Wishes,
        options: GridOptions,
        stock: Stock | None = None,
        progress: Progress = experiments.no_progress,
    ) -> None:
        self.grid, self.out, self.wishes, self.options = grid, out, wishes, options
        self.stock = stock or Stock()
        self.threads = options.threads or grid.fixed.get("threads") or processors()
        self._keep = tuple(dict.fromkeys((*options.keep, *(grid.fixed.get("keep") or ()))))
        self._draws = options.figures and grid.fixed.get("figures", True)
        self._writes = False
        self.kept = ""
        results.check_writable(out)
        results.check_alone(out, "grid")
        _check_look(grid)
        most_plans = MOST_PLANS if options.dask is None else 0
        self.planned, others = plan_grid(grid, self.stock, self._keep, progress, most_plans)
        if others and not (options.skip_impossible and self.planned):
            raise impossible(grid, others)
        if others:
            _log.info("%d of %d cells are impossible and are skipped", len(others), len(grid))

    def run(self, progress: CellProgress = _no_progress) -> GridDone:
        """Make the missing cells, and publish the grid if it is complete then.

        Parameters
        ----------
        progress : callable
            Called before the first cell and after each.

        Raises
        ------
        HopcliError
            If cells of other code are there, or the folder cannot be written.
        """
        with results.locked(self.out), self._engine() as engine:
            _expect(self.out, pictures=self._draws)
            try:
                return self._run(engine, progress)
            except BaseException:
                with uninterrupted():
                    self._note_kept()
                raise

    def _engine(self) -> AbstractContextManager[Engine]:
        """Open the threads or the scheduler that make the cells."""
        if self.options.dask is None:
            return local_engine(self.threads)
        from hopcli.grids.dask import dask_engine

        return dask_engine(self.options.dask)

    def _run(self, engine: Engine, progress: CellProgress) -> GridDone:
        """Make the missing cells in the locked folder."""
        began = time.perf_counter()
        missing, is_described = self._missing()  # refused before anything is written
        with Store(self.out, writes=bool(missing) or not is_described) as store:
            if store.writes:
                store.describe(self.grid, self.planned.points())
                self._writes = True
                self._make(store, missing, engine, progress)
            return _published(store, self.grid, len(missing), began, draws=self._draws)

    def _note_kept(self) -> None:
        """Note the finished cells of a grid that was stopped."""
        if not self._writes:
            return
        with contextlib.suppress(ResultError), Store(self.out) as store:
            counts = State(self.grid, store.states()).counts
            self.kept = f"{counts['finished']} of {counts['cells']} cells are finished and kept"
            endings.keep(self.out, f"{self.kept}: the same command continues there")

    def _missing(self) -> tuple[list[int], bool]:
        """Return the cells to make now, in order, and True if the store describes this grid."""
        wishes, options = self.wishes, self.options
        names = self.planned.names
        chosen = {names[number]: number for number in shard_of(len(names), *options.shard)}
        if not is_grid(self.out):
            return list(chosen.values())[: options.limit], False
        kept, others, n_damaged = set[str](), list[str](), 0
        with Store(self.out) as store:
            _check_command(store, self.grid)
            cells = set(names)
            for made, is_whole in store.cells():
                is_other = made.version != code_version()
                others += [made.version] * (is_other and made.cell in cells)
                n_damaged += not is_whole
                failed = made.error is not None
                repeats = options.retry_failed if failed else is_other and wishes.overwrite
                has_all = failed or set(self._keep) <= made.tables.keys()
                if is_whole and has_all and not (repeats or wishes.again):
                    kept.add(made.cell)
            is_described = store.describes(self.grid, self.planned.points())
        if others and not (options.accept_version or wishes.overwrite or wishes.again):
            raise ResultError(
                f"{self.out}: {len(others)} cells were made by {others[0]}; this is "
                f"{code_version()}: --accept-version keeps them, --overwrite replaces them"
            )
        if n_damaged:
            _log.info("%s: %d damaged cells are repeated", self.out, n_damaged)
        missing = [number for cell, number in chosen.items() if cell not in kept]
        return missing[: options.limit], is_described

    def _check_version(self, made: Made) -> None:
        """Raise an error if a worker that joined later made a cell with other code."""
        if made.version != code_version():
            raise ResultError(
                f"{self.out}: a worker on {made.host} runs {made.version}, this is "
                f"{code_version()}; finished cells are kept"
            )

    def _make(
        self, store: Store, missing: Sequence[int], engine: Engine, progress: CellProgress
    ) -> None:
        """Make cells; each is kept as soon as it is finished."""
        progress(0, len(missing), 0)
        for made in run_cells(map(self.planned.__getitem__, missing), engine):
            self._check_version(made[0])
            store.write(*made)
            n_failed = sum(one.error is not None for one in made)
            progress(len(made), len(missing), n_failed)
            if n_failed and self.options.fail_fast:
                break


def merge_shards(
    folders: Sequence[Path], out: Path, *, accept_version: bool = False, figures: bool = True
) -> GridDone:
    """Copy the cells of shards into a folder, and publish the grid if it is complete then.

    Parameters
    ----------
    folders : sequence of Path
        The shards; `out` itself may be one.
    out : Path
        The folder.
    accept_version : bool
        Keep cells of different code.
    figures : bool
        Draw the picture.

    Raises
    ------
    ResultError
        If the shards do not belong together, or the folder cannot be written.
    """
    results.check_writable(out)
    results.check_alone(out, "grid")
    began = time.perf_counter()
    others = [folder for folder in folders if folder.resolve() != out.resolve()]
    with results.locked(out):
        _expect(out, pictures=figures)
        n_taken = merge(others, out, accept_version=accept_version)[1] if others else 0
        with Store(out) as store:
            return _published(store, store.grid(), n_taken, began, draws=figures)


def _expect(out: Path, *, pictures: bool) -> None:
    endings.expect(out, pictures=pictures, earlier=bool(results.finished_in(out)))


def _published(store: Store, grid: Grid, n_made: int, began: float, *, draws: bool) -> GridDone:
    """Publish a grid if it is complete."""
    state, draw = State(grid, store.states()), draw_grid if draws else None
    files, undrawn, view = publish_if_whole(store, state, n_made, began, draw)
    return GridDone(state, files, n_made, undrawn, view)


def _check_command(store: Store, grid: Grid) -> None:
    """Raise an error if a store contains cells of another command."""
    stored = store.grid() if store.is_described() else None
    if stored is not None and stored.command != grid.command:
        raise ResultError(
            f"{store.path.parent}: contains a grid of another command, "
            f"{stored.command}; give --out another folder"
        )


def _check_look(grid: Grid) -> None:
    """Raise an error, before anything runs, if the layout names an unknown column."""
    look, coordinates = grid.look, (*grid.names, *grid.entry.headline.within)
    allowed = dict.fromkeys(("x", "by", "rows", *["y"] * look.map), coordinates)
    for name, known in {**allowed, "over": grid.names}.items():
        value = getattr(look, name)
        if value is not None and value not in known:
            raise SettingError(f"plot.{name}", f"must be one of {', '.join(known)}", value)
    given = [getattr(look, name) for name in ("over", *allowed)]
    for name, value in zip(("over", *allowed), given, strict=True):
        if value is not None and given.count(value) > 1:
            raise SettingError(f"plot.{name}", "repeats another key; choose a different one", value)
    if look.y is not None and not look.map and look.y not in grid.entry.headline.table:
        names = grid.entry.headline.table.names
        raise SettingError("plot.y", f"must be one of {', '.join(names)}", look.y)
