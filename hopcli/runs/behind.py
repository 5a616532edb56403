"""The runs behind claims: planned before any is made, then made or loaded, then measured."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import shlex
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from hopcli import catalogue, results
from hopcli.claims.verdicts import check_claims
from hopcli.config import find_config, read_config
from hopcli.dynamics.jobs import sharing
from hopcli.errors import ResultError, renamed
from hopcli.experiments.stock import Stock
from hopcli.grids.engine import until
from hopcli.grids.grid import Grid, read_grid
from hopcli.grids.store import Store, is_grid
from hopcli.grids.texts import set_text
from hopcli.grids.view import load_view
from hopcli.results.files import check_made
from hopcli.runs import single
from hopcli.runs.grids import GridJob, GridOptions
from hopcli.runs.requests import Request, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event

    from hopcli.claims.claim import Claims, RunOf
    from hopcli.results import Loaded
    from hopcli.tables import Columns

    Read = tuple[Loaded | None, Mapping[str, Columns], str]
    """A finished run (None for a grid), its tables and its key."""


_ARENA_MAX = -8  # of malloc.h


@dataclass(eq=False)
class PreparedRun:
    """A run or grid, planned or finished.

    Parameters
    ----------
    folder : Path
        Its folder.
    command_line : str
        Command line that makes it.
    columns : dict of str to tuple of str
        The declared columns of each table.
    read : callable
        Reads the finished run.
    work : callable, optional
        Makes the run if it is not finished, until an event is set; released with its plan.
    """

    folder: Path
    command_line: str
    columns: dict[str, tuple[str, ...]]
    read: Callable[[], Read]
    work: Callable[[Event], None] | None = None

    def make(self, stop: Event) -> None:
        """Make it, if it is not finished; it ends early if `stop` is set."""
        work, self.work = self.work, None
        if work is not None:
            with contextlib.suppress(AttributeError, OSError, TypeError):  # not of every C library
                ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)  # memory freed by one thread serves all
            with sharing():
                work(stop)
            del work
            with contextlib.suppress(AttributeError, OSError, TypeError):
                ctypes.CDLL(None).malloc_trim(0)

    @functools.cached_property
    def _found(self) -> Read:
        return self.read()

    @property
    def loaded(self) -> Loaded | None:
        """The finished run, None for a grid."""
        return self._found[0]

    @property
    def result(self) -> Any:
        """Its result, None for a grid."""
        return None if self.loaded is None else self.loaded.result

    @property
    def tables(self) -> Mapping[str, Columns]:
        """Its tables by name; of a grid ``over`` is the averaged one."""
        return self._found[1]

    @property
    def key(self) -> str:
        """The hash of its configuration and inputs."""
        return self._found[2]


def _run(
    folder: Path, command: str, command_line: str, work: Callable[[Event], None] | None = None
) -> PreparedRun:
    def read() -> Read:
        loaded = results.load(folder, command)
        return loaded, loaded.result.columns, str(loaded.manifest["key"])

    columns = {table.name: table.names for table in catalogue.entry(command).tables}
    return PreparedRun(folder, command_line, columns, read, work)


def _grid(
    folder: Path, grid: Grid, command_line: str, work: Callable[[Event], None] | None = None
) -> PreparedRun:
    headline = grid.entry.headline

    def read() -> Read:
        view = load_view(folder)
        tables = {headline.table.name: view.table}
        if is_grid(folder):
            with Store(folder) as store:
                others = [name for name in store.tables(grid) if name not in tables]
            tables |= {name: load_view(folder, name).table for name in others}
        if view.grid.look.over is not None:
            tables["over"] = view.drawn(view.grid.look)
        return None, tables, results.key("grid", grid.to_dict(), {})

    tables = (*grid.entry.tables, headline.averaged())
    columns = {table.name: (*grid.names, *table.names) for table in tables}
    return PreparedRun(folder, command_line, columns, read, work)


def prepare(claims: Claims, wishes: Wishes, *, quick: bool) -> dict[str, PreparedRun]:
    """Plan every run that claims need, and raise an error if one is impossible.

    Parameters
    ----------
    claims : Claims
        The claims.
    wishes : Wishes
        Wishes for each run; `out` is the folder above theirs.
    quick : bool
        Use fewer repeats.

    Raises
    ------
    HopcliError
        If a configuration is invalid, or a run is impossible.
    """
    stock = Stock()
    runs = {
        name: _finished(claims, run)
        if run.folder is not None
        else _planned(claims, run, wishes, stock, quick=quick)
        for name, run in claims.used().items()
    }
    check_claims(claims, {name: run.columns for name, run in runs.items()})
    return runs


def _merged(before: Any, now: Any) -> Any:
    return {**before, **now} if isinstance(before, dict) and isinstance(now, dict) else now


def _config_of(claims: Claims, name: str) -> str:
    """Return the path of a configuration beside the file of claims; otherwise the name."""
    beside = claims.path.parent / name
    return str(beside) if name.endswith(".toml") and beside.is_file() else name


def _finished(claims: Claims, run: RunOf) -> PreparedRun:
    """Describe a finished run."""
    folder = Path(str(run.folder))
    if not folder.is_absolute() and not folder.exists():
        folder = claims.path.parent / folder
    if (folder / "grid.json").is_file() or is_grid(folder):
        command_line = f"hopcli grid table {shlex.quote(str(folder))}"
        return _grid(folder, load_view(folder).grid, command_line)
    command = run.command or results.command_in(folder)
    return _run(folder, command, f"hopcli run {shlex.quote(f'{folder / command}.json')}")


def _planned(
    claims: Claims, run: RunOf, wishes: Wishes, stock: Stock, *, quick: bool
) -> PreparedRun:
    """Plan a run of a configuration; errors appear before any run is made."""
    assert wishes.out is not None
    out, config = wishes.out / run.name, _config_of(claims, str(run.config))
    wishes = wishes._replace(out=out)
    check_made(out)
    changes = {**run.set, **(run.quick if quick else {})}
    values = read_config(find_config(config))
    values |= {key: _merged(values.get(key), value) for key, value in changes.items()}

    def name_of(setting: str) -> str:
        return f"{claims.path}: runs.{run.name}: {setting}"

    with renamed(name_of):
        if "grid" in values:
            grid = read_grid(values)
            job = GridJob(grid, out, wishes, GridOptions(figures=False), stock)
            command_line = _grid_command_line(config, grid, changes)
            return _grid(out, grid, command_line, functools.partial(_make_grid, job))
        entry = catalogue.entry(values.pop("command", None))
        given, execution = entry.read({"figures": False, **values})
        request = Request(given, execution, wishes, out, name_of=name_of, stock=stock)
        words = ["hopcli", entry.command, "--config", config]
        for name, value in changes.items():
            words += entry.settings[name].kind.words(name, value)
        work = functools.partial(_make, single.plan(request))
        return _run(out, entry.command, shlex.join(words), work)


def _make(job: single.Job, stop: Event) -> None:
    outcome = single.do(job, lambda _: contextlib.nullcontext(SimpleNamespace(tell=until(stop))))
    if outcome.failure is not None:
        raise outcome.failure


def _make_grid(job: GridJob, stop: Event) -> None:
    if job.run(until(stop)).state.failures:
        listed = f"`hopcli grid status {shlex.quote(str(job.out))}` lists them"
        raise ResultError(f"{job.out}: cells have failed; {listed}")


def _grid_command_line(config: str, grid: Grid, changes: dict[str, Any]) -> str:
    """Return the command line of a grid; a range stays a range."""
    wanted = {name: [value] for name, value in changes.items() if name != "grid"}
    wanted |= changes.get("grid", {})
    words = ["hopcli", "grid", "run", config]
    for name, values in wanted.items():
        listed = isinstance(values, list)
        words += ["--set", set_text(grid.entry, name, values) if listed else f"{name}={values}"]
    return shlex.join(words)
