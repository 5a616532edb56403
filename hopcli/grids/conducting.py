"""Running a planned grid in its folder: make what is missing, publish it once it is whole."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from hopcli.errors import ResultError, SettingError
from hopcli.grids.cells import code_version
from hopcli.grids.engine import run_tasks
from hopcli.grids.planning import shard_of
from hopcli.grids.publishing import Publisher
from hopcli.grids.state import State
from hopcli.grids.store import Store, is_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from hopcli.grids.cells import Made, Task
    from hopcli.grids.engine import Engine
    from hopcli.grids.grid import Grid
    from hopcli.grids.planning import Planned
    from hopcli.grids.publishing import Draw, News
    from hopcli.grids.store import Standing

    Watch = Callable[[int, Callable[[], State]], AbstractContextManager[Callable[[Made], None]]]

__all__ = ["Conductor", "Done", "Wanted", "check_look", "stopped"]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is to be done with a grid.

    Parameters
    ----------
    out : Path
        Its folder.
    keep : tuple of str
        Tables that are kept besides.
    limit : int or None
        Most cells to make now.
    shard : tuple of int
        Which of how many shares of the cells.
    fail_fast, retry_failed, accept_version : bool
        What to do with cells that fail, failed before, or that other code has made.
    overwrite, again : bool
        Make cells of other code anew; make all anew.
    """

    out: Path
    keep: tuple[str, ...] = ()
    limit: int | None = None
    shard: tuple[int, int] = (1, 1)
    fail_fast: bool = False
    retry_failed: bool = False
    accept_version: bool = False
    overwrite: bool = False
    again: bool = False


class Done(NamedTuple):
    """What has become of a grid.

    Attributes
    ----------
    state : State
        How far it is.
    files : list of Path
        What was published now.
    n_made : int
        Number of cells that were to be made now.
    is_undrawn : bool
        Whether it was published without the picture that was asked for.
    """

    state: State
    files: list[Path]
    n_made: int
    is_undrawn: bool = False


class Conductor:
    """A planned grid, and what becomes of it. Whoever runs it holds the lock of the folder.

    Parameters
    ----------
    grid : Grid
        The grid.
    wishes : Wanted
        What is to be done.
    planned : list of Planned
        Its cells.
    news : News
        Who is told.
    """

    def __init__(self, grid: Grid, wishes: Wanted, planned: list[Planned], news: News) -> None:
        self.grid, self.wishes, self.planned, self.news = grid, wishes, planned, news
        self.places = {one.place.place: one.place.cell for one in planned}

    def state(self, store: Store) -> State:
        """How far it is."""
        return State(self.grid, self.places, store.standings())

    def run(self, engine: Engine, watch: Watch, draw: Draw | None) -> Done:
        """Make what is missing.

        Parameters
        ----------
        engine : Engine
            Where cells are made.
        watch : callable
            Number of cells and what says how far the grid is in; a context out, whose value
            is told of each cell that is made.
        draw : callable or None
            Draws the picture; None for no picture.
        """
        began = time.perf_counter()
        tasks = self._missing()  # which may refuse: before anything is written
        with Store(self.wishes.out, writes=bool(tasks) or not self._is_described()) as store:
            if store.writes:
                store.describe(self.grid, [one.place for one in self.planned])
                with watch(len(tasks), lambda: self.state(store)) as added:
                    self._make(store, tasks, engine, added)
            state = self.state(store)
            publisher = Publisher(draw, self.news)
            files = publisher.publish_if_whole(store, state, len(tasks), began)
        return Done(state, files, len(tasks), publisher.is_undrawn)

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
        if damaged:
            self.news.tell(f"{wishes.out}: {len(damaged)} damaged cells are made anew")

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

    def _make(
        self,
        store: Store,
        tasks: Sequence[Task],
        engine: Engine,
        added: Callable[[Made], None],
    ) -> None:
        """Make cells; each is kept as soon as it is finished."""
        for made in run_tasks(tasks, engine):
            self._check_version(made)
            store.write(made)
            added(made)
            if made.error is not None and self.wishes.fail_fast:
                break


def check_command(store: Store, grid: Grid) -> None:
    """Refuse a store that holds cells of another command."""
    there = store.grid() if store.is_described() else None
    if there is not None and there.command != grid.command:
        raise ResultError(
            f"{store.path.parent}: must hold a grid of {grid.command}, holds one of "
            f"{there.command}; give --out another folder"
        )


def stopped(state: State) -> str:
    """What is left of a grid that was interrupted, in words."""
    counts = state.counts
    return f"{counts['finished']} of {counts['cells']} cells are finished and kept"


def check_look(grid: Grid) -> None:
    """Refuse a layout that names what is not there, before anything runs."""
    look, coordinates = grid.look, (*grid.names, *grid.entry.headline.within)
    allowed = dict.fromkeys(("x", "by", "rows", *["y"] * look.map), coordinates)
    for name, known in {**allowed, "over": grid.names}.items():
        value = getattr(look, name)
        if value is not None and value not in known:
            raise SettingError(f"plot.{name}", f"must be one of {', '.join(known)}", value)
    given = [getattr(look, name) for name in ("over", *allowed)]
    for name, value in zip(("over", *allowed), given, strict=True):
        if value is not None and given.count(value) > 1:
            raise SettingError(f"plot.{name}", "must be another key than the others", value)
