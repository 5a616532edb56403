"""Finished runs as one table: the results of each, with its settings."""

from __future__ import annotations

import glob
import json
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.api.running import of_all, of_labels
from hopcli.errors import ResultError, SettingError
from hopcli.grids.store import FILE, Store, is_grid
from hopcli.grids.view import load_published
from hopcli.results.listing import MANIFESTS, find
from hopcli.results.manifest import GRID, finished_in, open_manifest
from hopcli.results.tables import read_table
from hopcli.tables.rates import complete
from hopcli.tables.several import Part, join, key_column, with_keys
from hopcli.values import as_column, bare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd

    from hopcli.tables import Columns

    Found = tuple[str, dict[str, Any], Part]
    """Folder and settings of a run, and its table."""


def read(
    where: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    table: str | None = None,
    command: str | None = None,
    overall: bool = False,
) -> pd.DataFrame:
    """Read a table of every finished run into one, with the settings as columns.

    Like ``hopcli runs``, it searches the folders at any depth; the finished cells of a grid are
    runs too. Columns are `run` (the folder), the settings that differ between rows, the columns
    of the table, and the other settings. A column of the table with the name of a setting is
    called ``<command>_<name>``, as in the table of a grid. A setting is a number, a boolean, or
    text in the notation of a flag; an open one is empty or NaN.

    Parameters
    ----------
    where : str, path, or sequence of them
        Folders, or patterns of them such as ``"results/*"``.
    table : str, optional
        Name of the table; by default the one with the main number of the command.
    command : str, optional
        Command whose runs are read; required if there are several.
    overall : bool
        Return the rows of all labels together, instead of those of each label.

    Returns
    -------
    DataFrame
        One row per run and row of its table.

    Raises
    ------
    ResultError
        If there is no such run, or one of them is damaged.
    SettingError
        If a run has no such table, or the command is required.
    """
    runs = [run for folder in _folders(where) for run in _runs(folder)]
    chosen = _chosen(command, {name for _, _, name in runs})
    name = catalogue.entry(chosen).headline.table.name if table is None else table
    found = [
        one
        for folder, manifest, of in runs
        if of == chosen
        for one in (_cells(folder, name) if manifest == GRID else [_of_run(folder, chosen, name)])
    ]
    if not found:
        raise ResultError(f"there is no finished run of {chosen} yet")
    return (of_all if overall else of_labels)(_together(found, chosen, name)).frame()


def _folders(where: Any) -> list[Path]:
    """Find the folders of runs."""
    wheres = [where] if isinstance(where, str | os.PathLike) else list(where)
    found: dict[Path, None] = {}
    for text in (os.fspath(one) for one in wheres):
        is_pattern = glob.has_magic(text) and not Path(text).exists()
        # Patterns of a Path cannot begin at the root.
        tops = sorted(map(Path, glob.iglob(text))) if is_pattern else [Path(text)]  # noqa: PTH207
        for top in tops:
            try:
                places = find([top], (*MANIFESTS, FILE))
            except ResultError:
                if not is_pattern:  # a pattern also matches other folders beside runs
                    raise
                continue
            refused = [place.refused for place in places if place.refused]
            if refused:
                raise ResultError(refused[0])
            found |= dict.fromkeys(place.folder for place in places)
    if not found:
        raise ResultError(f"{where}: contains no finished run at any depth")
    return list(found)


def _runs(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Find the runs in a folder: place, manifest and command."""
    manifests = finished_in(folder)
    if is_grid(folder) and GRID not in manifests:
        manifests.append(GRID)
    for name in manifests:
        if name != GRID:
            yield folder, name, name
        elif is_grid(folder):
            with Store(folder) as store:
                yield folder, GRID, store.grid().command
        else:
            yield folder, GRID, load_published(folder).grid.command


def _chosen(command: str | None, found: set[str]) -> str:
    """Choose the command whose runs are read."""
    known = [name for name in catalogue.CATALOGUE if name in found]
    if not known:
        raise ResultError("there is no finished run, only remains of others")
    if command is None and len(known) > 1:
        rule = f"is required, as there are runs of {', '.join(known)}"
        raise SettingError("command", rule)
    wanted = known[0] if command is None else command.replace("_", "-")
    if wanted not in known:
        rule = f"must be one of those found ({', '.join(known)})"
        raise SettingError("command", rule, command)
    return wanted


def _check_table(name: str, known: Iterable[str], where: Path) -> None:
    if name not in known:
        raise SettingError("table", f"must be one of {', '.join(known)} of {where}", name)


def _of_run(folder: Path, command: str, name: str) -> Found:
    """Read a table of a run."""
    manifest = open_manifest(folder / f"{command}.json")
    _check_table(name, manifest["tables"], folder)
    return str(folder), manifest["config"], Part.of(read_table(manifest, name))


def _cells(folder: Path, name: str) -> Iterator[Found]:
    """Read the finished cells of a grid from its store, otherwise from its published table."""
    if not is_grid(folder):
        yield from _published(folder, name)
        return
    with Store(folder) as store:
        _check_table(name, store.tables(store.grid()), folder)
        seen = set[str]()
        for _, cell, _, config, part in store.finished(name):
            if cell not in seen:
                seen.add(cell)
                yield str(folder), json.loads(config), part


def _published(folder: Path, name: str) -> Iterator[Found]:
    """Read the cells of a grid without its store: settings as given, not resolved."""
    view = load_published(folder, name)
    grid, table = view.grid, view.table
    known = grid.entry.config.settings()
    fixed = {name: value for name, value in grid.fixed.items() if name in known}
    settings = grid.entry.config(**fixed).to_dict()
    others = table.only(name for name in table if name not in (*grid.names, "version"))
    of_cells: dict[tuple[Any, ...], list[int]] = {}
    for place, keys in enumerate(table.only(grid.names).rows()):
        of_cells.setdefault(keys, []).append(place)
    for keys, places in of_cells.items():
        own = dict(zip(grid.names, keys, strict=True))
        yield str(folder), {**settings, **own}, Part.of(others.take(places))


def _together(found: Sequence[Found], command: str, name: str) -> Columns:
    """Combine all rows, each with the folder and the settings of its run."""
    table, lengths = join((part for *_, part in found), catalogue.entry(command).table(name))
    complete([table])
    settings = dict.fromkeys(setting for _, own, _ in found for setting in own)
    columns = {setting: _column(setting, found, command) for setting in settings}
    keys = {"run": [folder for folder, *_ in found], **columns}
    arrays = {name: key_column(values) for name, values in keys.items()}
    whole = with_keys(arrays, table, lengths, command)
    same = [setting for setting in settings if len(set(map(repr, columns[setting]))) == 1]
    return whole.only([name for name in whole if name not in same] + same)


def _column(name: str, found: Sequence[Found], command: str) -> list[Any]:
    """Return a setting of each run; an open one is NaN among numbers, otherwise empty."""
    known = catalogue.entry(command).settings
    between = known[name].kind.between if name in known else ","
    plain = [bare(settings.get(name)) for _, settings, _ in found]
    values = [None if value is None else as_column(value, between) for value in plain]
    kinds = {type(value) for value in values} - {type(None)}
    unset = math.nan if kinds and kinds <= {int, float} else ""
    return [unset if value is None else value for value in values]
