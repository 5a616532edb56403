"""The runs behind claims: planned before any is made, made or found, measured."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue, results
from hopcli.claims.evaluating import check_claims
from hopcli.config import find_config, read_config
from hopcli.errors import ResultError, renamed
from hopcli.experiments.stock import Stock
from hopcli.grids.grid import read_grid
from hopcli.grids.store import Store, is_grid
from hopcli.grids.texts import set_text
from hopcli.grids.view import load_view
from hopcli.results.files import check_made
from hopcli.runs import single
from hopcli.runs.grids import GridJob, GridOptions
from hopcli.runs.requests import Request, Wishes
from hopcli.tables import Columns

if TYPE_CHECKING:
    from hopcli.claims.claim import Claims, RunOf
    from hopcli.grids.grid import Grid
    from hopcli.grids.view import View
    from hopcli.runs.single import Job

__all__ = ["GridRun", "PreparedRun", "SingleRun", "prepare"]


class SingleRun:
    """A run of one configuration, or a finished one.

    Parameters
    ----------
    folder : Path
        Its folder.
    command : str
        Its command.
    told : str
        The command line that makes it.
    job : Job, optional
        Its plan; None if it is only read.
    """

    def __init__(self, folder: Path, command: str, told: str, job: Job | None = None) -> None:
        self.folder, self.told = folder, told
        self._command, self._job = command, job

    def make(self) -> None:
        """Make it, if it is not finished."""
        job, self._job = self._job, None  # a plan is freed with its run
        if job is not None:
            outcome = single.do(job)
            if outcome.failure is not None:
                raise outcome.failure

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The declared columns of each table."""
        return {table.name: table.names for table in catalogue.entry(self._command).tables}

    @functools.cached_property
    def _loaded(self) -> results.Loaded:
        return results.load(self.folder, self._command)

    @property
    def result(self) -> Any:
        """Its result."""
        return self._loaded.result

    @property
    def tables(self) -> Mapping[str, Columns]:
        """Its tables by name."""
        tables: Mapping[str, Columns] = self.result.columns
        return tables

    @property
    def key(self) -> str:
        """The hash of its configuration and inputs."""
        return str(self._loaded.manifest["key"])


class GridRun:
    """A grid, planned or finished.

    Parameters
    ----------
    folder : Path
        Its folder.
    grid : Grid
        The grid.
    told : str
        The command line that makes it.
    job : GridJob, optional
        Its plan; None if it is only read.
    """

    result = None

    def __init__(self, folder: Path, grid: Grid, told: str, job: GridJob | None = None) -> None:
        self.folder, self.told = folder, told
        self._grid, self._job = grid, job

    def make(self) -> None:
        """Make the cells that are not finished."""
        if self._job is not None and self._job.run().state.failures:
            listed = f"`hopcli grid status {shlex.quote(str(self.folder))}` lists them"
            raise ResultError(f"{self.folder}: cells have failed; {listed}")

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The declared columns of each table, the keys of the grid first."""
        entry, names = self._grid.entry, self._grid.names
        tables = (*entry.tables, entry.headline.averaged())
        return {table.name: (*names, *table.names) for table in tables}

    @functools.cached_property
    def tables(self) -> Mapping[str, Columns]:
        """Its tables by name; ``over`` is the averaged one."""
        return _GridTables(self.folder)

    @property
    def key(self) -> str:
        """The hash of its configuration."""
        return results.key("grid", self._grid.to_dict(), {})


PreparedRun = SingleRun | GridRun


class _GridTables(Mapping[str, Columns]):
    """The tables of a finished grid; each is put together when it is asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, Columns] = {}
        grid = self._view(None).grid
        self._names = [grid.entry.headline.table.name]
        if is_grid(folder):
            with Store(folder) as store:
                self._names = store.tables()
        if grid.look.over is not None:
            self._names.append("over")

    def _view(self, name: str | None) -> View:
        return load_view(self._folder, name)

    def __getitem__(self, name: str) -> Columns:
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
    prepared = {
        name: _found(claims, run)
        if run.folder is not None
        else _Preparation(claims, run, wishes, stock, quick=quick).prepared()
        for name, run in claims.used().items()
    }
    check_claims(claims, {name: run.columns for name, run in prepared.items()})
    return prepared


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
        return GridRun(folder, grid, f"hopcli grid table {shlex.quote(str(folder))}")
    loaded = results.load(folder, run.command)
    command = loaded.config.command
    shown = shlex.quote(f"{folder / command}.json")
    return SingleRun(folder, command, f"hopcli run {shown}")


class _Preparation:
    """The planning of one run from its configuration."""

    def __init__(
        self, claims: Claims, run: RunOf, wishes: Wishes, stock: Stock, *, quick: bool
    ) -> None:
        assert wishes.out is not None
        self.out = wishes.out / run.name
        self.wishes = wishes._replace(out=self.out)
        self.stock = stock
        self.config = str(run.config)
        self.changes = {**run.set, **(run.quick if quick else {})}
        self.place = f"{claims.path}: runs.{run.name}"
        check_made(self.out)
        values = read_config(_config_of(claims, self.config))
        changes = {k: _merged(values.get(k), v) for k, v in self.changes.items()}
        self.values = {**values, **changes}

    def name_of(self, setting: str) -> str:
        """Name a setting as the file of claims has it."""
        return f"{self.place}: {setting}"

    def prepared(self) -> PreparedRun:
        """Plan the run; it is refused before any other is made."""
        with renamed(self.name_of):
            return self._grid() if "grid" in self.values else self._single()

    def _single(self) -> SingleRun:
        values = dict(self.values)
        entry = catalogue.entry(values.pop("command", None))
        config, execution = entry.read({"figures": False, **values})
        request = Request(
            config, execution, self.wishes, self.out, name_of=self.name_of, stock=self.stock
        )
        told = ["hopcli", entry.command, "--config", self.config]
        for name, value in self.changes.items():
            told += entry.settings[name].kind.words(name, value)
        return SingleRun(self.out, entry.command, shlex.join(told), single.plan(request))

    def _grid(self) -> GridRun:
        grid = read_grid(self.values)
        job = GridJob(grid, self.out, self.wishes, GridOptions(figures=False), self.stock)
        wanted = {name: [value] for name, value in self.changes.items() if name != "grid"}
        wanted |= self.changes.get("grid", {})
        sets = [f"--set {_set(grid, name, values)}" for name, values in wanted.items()]
        told = " ".join(["hopcli grid run", shlex.quote(self.config), *sets])
        return GridRun(self.out, grid, told, job)


def _set(grid: Grid, name: str, values: Any) -> str:
    """Write a setting for ``--set`` in a shell; a range stays one."""
    listed = isinstance(values, list)
    return shlex.quote(set_text(grid.entry, name, values) if listed else f"{name}={values}")
