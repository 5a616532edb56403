"""The runs behind claims: planned before any is made, made or found, measured."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue, experiments, results
from hopcli.claims.rehearsing import check_claims, rehearse
from hopcli.config import find_config, read_config
from hopcli.config.spelling import Speller, flag_name
from hopcli.errors import ResultError, renamed
from hopcli.experiments.stock import Stock
from hopcli.grids.store import Store, is_grid
from hopcli.grids.view import load_view
from hopcli.results.files import check_made
from hopcli.runs import single
from hopcli.runs.grids import GridJob, GridOptions
from hopcli.runs.requests import Request, Wishes

if TYPE_CHECKING:
    import pandas as pd

    from hopcli.claims.claim import Claims, RunOf
    from hopcli.claims.rehearsing import Columns
    from hopcli.grids.grid import Grid
    from hopcli.grids.view import View

__all__ = ["GridRun", "PreparedRun", "SingleRun", "prepare"]


class PreparedRun:
    """A run that has been planned, or is there.

    Parameters
    ----------
    folder : Path
        Where it is, or will be.
    told : str
        The command that makes it.
    """

    def __init__(self, folder: Path, told: str) -> None:
        self.folder = folder
        self.told = told

    def make(self) -> None:
        """Make it, if it is not finished."""

    def columns(self) -> Columns | None:
        """The columns of each table that it has or will have; None if that cannot be said."""
        return None

    @property
    def result(self) -> Any:
        """Its result; None of a grid."""
        return None

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Its tables by name."""
        raise NotImplementedError

    @property
    def key(self) -> str:
        """What names it."""
        raise NotImplementedError


class SingleRun(PreparedRun):
    """One run of a command."""

    def __init__(
        self,
        folder: Path,
        told: str,
        request: Request | None,
        command: str | None,
    ) -> None:
        super().__init__(folder, told)
        self._request = request
        self._command = command

    def make(self) -> None:
        """Make it, if it is not finished."""
        if self._request is not None:
            outcome = single.do(single.plan(self._request))
            if outcome.failure is not None:
                raise outcome.failure

    def columns(self) -> Columns | None:
        """The columns of each table, of the finished run or of a rehearsal."""
        if self._request is None:
            return {name: list(map(str, table.columns)) for name, table in self.tables.items()}
        assert self._request.stock is not None
        return rehearse(self._request.config, self._request.stock)

    @functools.cached_property
    def loaded(self) -> results.Loaded:
        """It, read back."""
        return results.load(self.folder, self._command)

    @property
    def result(self) -> Any:
        """Its result."""
        return self.loaded.result

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Its tables by name."""
        tables: Mapping[str, pd.DataFrame] = self.loaded.result.tables
        return tables

    @property
    def key(self) -> str:
        """The hash of all that decides its numbers."""
        return str(self.loaded.manifest["key"])


class GridRun(PreparedRun):
    """A grid of runs."""

    def __init__(
        self,
        folder: Path,
        told: str,
        grid: Grid,
        job: GridJob | None = None,
    ) -> None:
        super().__init__(folder, told)
        self._grid = grid
        self._job = job

    def make(self) -> None:
        """Make the cells that are not finished."""
        if self._job is not None and self._job.run(_ignore).state.failures:
            listed = f"`hopcli grid status {shlex.quote(str(self.folder))}` lists them"
            raise ResultError(f"{self.folder}: cells have failed; {listed}")

    def columns(self) -> Columns | None:
        """The columns of each table, of the finished grid or of the rehearsal of a cell."""
        if self._job is None:
            return {name: list(map(str, table.columns)) for name, table in self.tables.items()}
        config, _ = self._grid.read(next(iter(self._grid.points())))
        found = rehearse(config, self._job.stock)
        if found is None:
            return None
        keys = list(self._grid.names)
        columns = {name: [*keys, *own] for name, own in found.items()}
        return columns | ({"over": columns[self._grid.entry.headline.table]})

    @functools.cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Its tables by name, and what it is averaged to as ``over``."""
        return _GridTables(self.folder)

    @property
    def key(self) -> str:
        """The hash of what it varies."""
        return results.key("grid", self._grid.to_dict(), {})


def _ignore(_done: int, _total: int, _failed: int) -> None:
    """Show no progress."""


class _GridTables(Mapping[str, "pd.DataFrame"]):
    """The tables of a finished grid; each is put together when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, pd.DataFrame] = {}
        grid = self._view(None).grid
        self._names = [grid.entry.headline.table]
        if is_grid(folder):
            with Store(folder) as store:
                self._names = store.tables()
        if grid.look.over is not None:
            self._names.append("over")

    def _view(self, name: str | None) -> View:
        return load_view(self._folder, name)

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._made:
            view = self._view(None if name == "over" else name)
            self._made[name] = view.drawn(view.grid.look) if name == "over" else view.table
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def prepare(claims: Claims, wishes: Wishes, *, quick: bool) -> dict[str, PreparedRun]:
    """Plan every run that claims need, and refuse what cannot be made of them.

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
        If a configuration is none, or a run cannot be made.
    """
    stock = Stock()
    assert wishes.out is not None
    prepared: dict[str, PreparedRun] = {}
    for name, run in claims.used().items():

        def name_of(setting: str, run: RunOf = run) -> str:
            return f"{claims.path}: runs.{run.name}: {setting}"

        with renamed(name_of):
            own = wishes._replace(out=wishes.out / name)
            prepared[name] = _prepared(claims, run, own, stock, quick=quick)
    check_claims(claims, {name: run.columns() for name, run in prepared.items()})
    return prepared


def _prepared(
    claims: Claims, run: RunOf, wishes: Wishes, stock: Stock, *, quick: bool
) -> PreparedRun:
    if run.folder is not None:
        return _found(claims, run)
    assert run.config is not None
    assert wishes.out is not None
    check_made(wishes.out)
    values = read_config(_config_of(claims, run.config))
    changes = {**run.set, **(run.quick if quick else {})}
    merged = {**values, **{k: _merged(values.get(k), v) for k, v in changes.items()}}
    if "grid" in merged:
        return _grid(run, merged, changes, wishes, wishes.out, stock)
    return _single(run, merged, changes, wishes, wishes.out, stock)


def _merged(before: Any, now: Any) -> Any:
    return {**before, **now} if isinstance(before, dict) and isinstance(now, dict) else now


def _config_of(claims: Claims, name: str) -> Path:
    """A configuration: beside the file of claims, elsewhere, or one that is shipped."""
    beside = claims.path.parent / name
    return beside if name.endswith(".toml") and beside.is_file() else find_config(name)


def _found(claims: Claims, run: RunOf) -> PreparedRun:
    """A run that is there already."""
    folder = Path(str(run.folder))
    if not folder.is_absolute() and not folder.exists():
        folder = claims.path.parent / folder
    if (folder / "grid.json").is_file() or (folder / "grid.sqlite").is_file():
        grid = load_view(folder).grid
        return GridRun(folder, f"hopcli grid table {shlex.quote(str(folder))}", grid)
    loaded = results.load(folder, run.command)
    command = loaded.config.command
    shown = shlex.quote(f"{folder / command}.json")
    return SingleRun(folder, f"hopcli run {shown}", None, command)


def _single(
    run: RunOf,
    values: dict[str, Any],
    changes: Mapping[str, Any],
    wishes: Wishes,
    out: Path,
    stock: Stock,
) -> SingleRun:
    """A run of one configuration."""
    entry = catalogue.entry(values.pop("command", None))
    config, execution = entry.read({"figures": False, **values})
    experiments.plan(config, stock)  # an impossible run is refused before any is made
    request = Request(config, execution, wishes, out, name_of=flag_name, stock=stock)
    flags = " ".join(_flag(name, value, entry.command) for name, value in changes.items())
    told = f"hopcli {entry.command} --config {shlex.quote(str(run.config))} {flags}".strip()
    return SingleRun(out, told, request, entry.command)


def _flag(name: str, value: Any, command: str) -> str:
    if isinstance(value, bool):
        return flag_name(name) if value else f"--no-{flag_name(name)[2:]}"
    text = Speller().setting(name, value, catalogue.entry(command).settings)
    return f"{flag_name(name)} {shlex.quote(text)}"


def _grid(
    run: RunOf,
    values: dict[str, Any],
    changes: Mapping[str, Any],
    wishes: Wishes,
    out: Path,
    stock: Stock,
) -> GridRun:
    """A grid of runs."""
    from hopcli.grids.grid import read_grid

    grid = read_grid(values)
    job = GridJob(grid, out, wishes, GridOptions(figures=False), stock)
    wanted = {name: [value] for name, value in changes.items() if name != "grid"}
    wanted |= changes.get("grid", {})
    sets = [f"--set {_set(grid, name, values)}" for name, values in wanted.items()]
    told = " ".join([f"hopcli grid run {shlex.quote(str(run.config))}", *sets])
    return GridRun(out, told, grid, job)


def _set(grid: Grid, name: str, values: Any) -> str:
    """What ``--set`` takes, for a shell; a range stays one."""
    from hopcli.grids.texts import set_text

    listed = isinstance(values, list)
    return shlex.quote(set_text(grid.entry, name, values) if listed else f"{name}={values}")
