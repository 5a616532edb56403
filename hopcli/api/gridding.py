"""A grid of runs in Python, with the cells, store and files of ``hopcli grid run``."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
import warnings
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue, kinds
from hopcli.api.running import (
    Bar,
    command_named,
    in_lines,
    of_all,
    of_labels,
    plain_settings,
    plain_value,
)
from hopcli.config import find_config, read_config
from hopcli.errors import HopcliWarning, SettingError
from hopcli.experiments.stock import Stock
from hopcli.grids.grid import Grid, read_grid
from hopcli.grids.planning import State
from hopcli.grids.store import Store
from hopcli.grids.texts import with_settings
from hopcli.grids.view import load_view
from hopcli.printing import html
from hopcli.runs.grids import GridDone, GridJob, GridOptions, merge_shards
from hopcli.runs.requests import Wishes

if TYPE_CHECKING:
    import pandas as pd

    from hopcli.plots.figure import Picture


@dataclass(frozen=True, eq=False, repr=False)
class GridRun:
    """A grid of runs, with the store of its cells.

    Parameters
    ----------
    grid : Grid
        The settings that vary, and those that do not.
    folder : Path
        Folder of the store; a temporary one is removed with this record.
    """

    grid: Grid
    folder: Path

    def __getitem__(self, name: str) -> pd.DataFrame:
        """Return a table of all finished cells, without the rows of all labels together.

        Raises
        ------
        SettingError
            If no cell has such a table.
        """
        return of_labels(load_view(self.folder, name).table).frame()

    @property
    def table(self) -> pd.DataFrame:
        """Main table of all finished cells: the varying settings, then the columns of a run."""
        return self[self.grid.entry.headline.table.name]

    @property
    def overall(self) -> pd.DataFrame:
        """Rows of the main table for all labels together; the whole table if it has none."""
        return of_all(load_view(self.folder).table).frame()

    @property
    def _state(self) -> State:
        with Store(self.folder) as store:
            return State(self.grid, store.states())

    @property
    def status(self) -> dict[str, int]:
        """Numbers of cells: all, finished, failed, missing."""
        return self._state.counts

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Failed points, in words, with their errors."""
        return self._state.failures

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Points with warnings, in words, and the warnings."""
        return self._state.warnings

    def figure(self) -> Picture:
        """Draw the picture of the finished cells."""
        from hopcli.plots.grid import picture

        return picture(load_view(self.folder), self.grid.look)

    def to_xarray(self, name: str | None = None) -> Any:
        """Return a table of all finished cells as an ``xarray.Dataset``.

        Its dimensions are the settings that vary and the keys of the table, such as the label;
        settings that vary together share the first one's. Further rows are numbered by ``row``.

        Parameters
        ----------
        name : str, optional
            Name of the table; by default the main one.

        Raises
        ------
        ImportError
            If the package xarray is missing.
        """
        try:
            importlib.import_module("xarray")  # pandas needs it
        except ImportError:
            rule = "to_xarray needs the package xarray; type `pip install xarray`"
            raise ImportError(rule) from None
        table = of_labels(load_view(self.folder, name).table)
        firsts = [axis.names[0] for axis in self.grid.axes]
        keys = [
            each for each in table if table.declared.column(each).key and each in table.declared
        ]
        frame = table.frame()
        index = [*firsts, *keys]
        if frame.duplicated(index).any():
            frame.insert(0, "row", frame.groupby(index, sort=False).cumcount())
            index.append("row")
        found: Any = frame.set_index(index)
        return found.to_xarray()

    def save(self, folder: str | os.PathLike[str], *, figures: bool = True) -> list[Path]:
        """Merge the cells into a folder, as ``hopcli grid merge``; publish a complete grid there.

        Parameters
        ----------
        folder : str or path
            Target; cells that are already there are kept.
        figures : bool
            Draw the picture.

        Returns
        -------
        list of Path
            Table, picture and manifest, if every cell is finished.

        Raises
        ------
        ResultError
            If the folder contains another grid, or cannot be written.
        """
        done = merge_shards([self.folder], Path(folder), figures=figures)
        _warn_undrawn(done)
        return done.files

    def __repr__(self) -> str:
        counts = ", ".join(f"{n:,} {name}" for name, n in self.status.items() if n)
        varies = " x ".join(f"{name} ({len(self.grid.column(name))})" for name in self.grid.names)
        return f"<grid of {self.grid.command}, {varies}: {counts}>"

    def _repr_html_(self) -> str:
        text = html(repr(self))
        finished = self.status["finished"]
        shown = load_view(self.folder).numbers().frame().head(24) if finished else None
        table = "" if shown is None else in_lines(shown).to_html(index=False, border=0)
        return f"<p><code>{text}</code></p>\n{table}"


def grid(
    what: str | os.PathLike[str],
    /,
    *,
    vary: Mapping[str, Any] | None = None,
    plot: Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    threads: int | None = None,
    keep: tuple[str, ...] = (),
    figures: bool = True,
    limit: int | None = None,
    retry_failed: bool = False,
    skip_impossible: bool = False,
    accept_version: bool = False,
    overwrite: bool = False,
    again: bool = False,
    progress: bool | None = None,
    **settings: Any,
) -> GridRun:
    """Run the unfinished cells of a grid.

    After an interrupt, the same call with the same `out` continues.

    Parameters
    ----------
    what : str or path
        A command (``"recall"``), a configuration that comes with hopcli (``"phase"``), or a
        TOML file.
    vary : mapping of str to list, optional
        Settings that vary, as in the table ``[grid]`` of a file: a list of values each, or
        ``"FIRST:LAST:STEP"``. Settings that vary together are one key with commas,
        ``{"digits, tests": [["3,6", 50], ["3,6,1", 33]]}``. The last one varies fastest.
    plot : mapping, optional
        Layout of the picture, as in the table ``[plot]``.
    out : str or path, optional
        Folder; by default a temporary one, which is deleted with the returned record.
    threads : int, optional
        Cells at once; by default one per core.
    keep : tuple of str
        Further tables to keep, such as ``trials``.
    figures : bool
        Draw the picture into the folder.
    limit : int, optional
        Maximum number of cells to make now.
    retry_failed, skip_impossible, accept_version, overwrite, again : bool
        As the flags of ``hopcli grid run``.
    progress : bool, optional
        Draw a bar; by default on a terminal and in a notebook.
    **settings
        Settings of all cells, which replace those of the file. A list varies a setting, as with
        ``--set``: ``temperature=[0.1, 0.2]``. If a list is itself a valid value, it is that
        value: ``digits=[3, 6]`` are the labels of all cells.

    Returns
    -------
    GridRun
        The grid with its finished cells.

    Raises
    ------
    SettingError
        If a name is unknown or a value impossible, or if a cell is impossible and
        `skip_impossible` is not set.
    ResultError
        If the folder cannot be written, or contains a grid of another command.
    """
    stock = Stock()
    for name, mapping in (("vary", vary), ("plot", plot)):
        if mapping is not None and not isinstance(mapping, Mapping):
            raise SettingError(name, "must be a mapping", mapping)
    for name, count, least in (("threads", threads, 1), ("limit", limit, 0)):
        if count is not None:
            kinds.checked(kinds.integer(least), name, count)
    made = _read(what, vary or {}, plot or {}, settings, stock)
    folder = Path(tempfile.mkdtemp(prefix="hopcli-grid-")) if out is None else Path(out)
    run = GridRun(made, folder)
    if out is None:
        weakref.finalize(run, shutil.rmtree, folder, ignore_errors=True)
    options = GridOptions(
        keep=keep,
        limit=limit,
        threads=threads,
        figures=figures and out is not None,
        retry_failed=retry_failed,
        accept_version=accept_version,
        skip_impossible=skip_impossible,
    )
    job = GridJob(made, folder, Wishes(overwrite=overwrite, again=again), options, stock)
    try:
        with Bar(progress, "cell") as bar:
            done = job.run(bar.tell)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {job.kept or 'nothing was written'}") from None
    _warn_undrawn(done)
    if run.failures:
        words, error = run.failures[0]
        text = f"{len(run.failures)} cells have failed, the first: {words}: {error}"
        warnings.warn(text, HopcliWarning, stacklevel=2)
    return run


def _read(
    what: str | os.PathLike[str],
    vary: Mapping[str, Any],
    plot: Mapping[str, Any],
    settings: Mapping[str, Any],
    stock: Stock,
) -> Grid:
    """Make the requested grid: keywords on top of a file, or of a command alone."""
    text = os.fspath(what)
    command = command_named(text)
    values: dict[str, Any] = {"command": command}
    if command is None:
        values = read_config(find_config(text, also=catalogue.CATALOGUE))
    entry = catalogue.entry(values.get("command"))
    plain = plain_settings(entry, settings, stock)
    known = {name: setting.kind for name, setting in entry.config.settings().items()}
    several = {  # lists that are no valid values
        name: value
        for name, value in plain.items()
        if isinstance(value, list) and name in known and not kinds.fits(known[name].check, value)
    }
    fixed = {name: value for name, value in plain.items() if name not in several}
    varied = {name: _varied(entry, name, listed) for name, listed in {**several, **vary}.items()}
    values = with_settings(values, fixed, varied)
    layout = values.get("plot", {})  # its layout may name a setting that no longer varies
    look = {k: v for k, v in layout.items() if not (isinstance(v, str) and v in fixed)} | {**plot}
    values = {**values, "plot": look}
    if (
        not values["grid"]
        and len(lists := [k for k, v in fixed.items() if isinstance(v, list)]) == 1
    ):
        rule = f"is one value, a list; to vary it, give vary={{{lists[0]!r}: [...]}}"
        raise SettingError(lists[0], rule)
    try:
        return read_grid(values)
    except SettingError as error:
        raise error.named(error.setting.removeprefix("grid.")) from None


def _varied(entry: catalogue.Entry, name: str, listed: Any) -> Any:
    """Return the values of a varying setting, as in a file."""
    if isinstance(listed, str):
        return listed
    values = listed.tolist() if hasattr(listed, "tolist") else list(listed)
    names = [part.strip() for part in name.split(",")]
    known = entry.settings
    if any(one not in known for one in names):
        return values  # refused by name later
    if len(names) == 1:
        return [plain_value(known[name], name, value) for value in values]
    return [
        [plain_value(known[n], n, v) for n, v in zip(names, row, strict=False)] for row in values
    ]


def _warn_undrawn(done: GridDone) -> None:
    """Warn of a grid without its picture."""
    if done.undrawn:
        warnings.warn(f"no picture: {done.undrawn}", HopcliWarning, stacklevel=3)
