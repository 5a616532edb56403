"""Finished runs as one table: the results of each, with its settings."""

from __future__ import annotations

import glob
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli import catalogue
from hopcli.errors import ResultError, SettingError
from hopcli.grids.export import column_places, key_column, typed_column
from hopcli.grids.store import FILE, Store, is_grid
from hopcli.grids.view import load_published
from hopcli.results.forms import GRID
from hopcli.results.manifest import finished_in, open_manifest
from hopcli.results.places import MANIFESTS, find
from hopcli.results.tables import read_table
from hopcli.tables import Columns
from hopcli.values import as_column, bare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd
    from numpy.typing import NDArray


class _Found(NamedTuple):
    """Folder, settings and rows of a table of one run."""

    run: str
    settings: dict[str, Any]
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


def read(
    where: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    table: str | None = None,
    command: str | None = None,
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
    runs = _runs(_folders(where))
    chosen = _chosen(command, [name for _, _, name in runs])
    name = catalogue.entry(chosen).headline.table.name if table is None else table
    found = [
        one
        for folder, manifest, of in runs
        if of == chosen
        for one in (_cells(folder, name) if manifest == GRID else [_of_run(folder, chosen, name)])
    ]
    return _as_table(found, chosen)


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


def _runs(folders: Sequence[Path]) -> list[tuple[Path, str, str]]:
    """Find the runs in folders: place, manifest and command."""
    found = []
    for folder in folders:
        manifests = finished_in(folder)
        if is_grid(folder) and GRID not in manifests:
            manifests.append(GRID)
        found += [(folder, name, _command(folder) if name == GRID else name) for name in manifests]
    return found


def _command(folder: Path) -> str:
    """Return the command of a grid."""
    if is_grid(folder):
        with Store(folder) as store:
            return store.grid().command
    return load_published(folder).grid.command


def _chosen(command: str | None, found: Sequence[str]) -> str:
    """Choose the command whose runs are read."""
    known = [name for name in catalogue.CATALOGUE if name in found]
    wanted = None if command is None else command.replace("_", "-")
    if wanted is None and len(known) == 1:
        return known[0]
    if wanted is None and not known:
        raise ResultError("there is no finished run, only remains of others")
    if wanted is None:
        rule = f"is required, as there are runs of {', '.join(known)}"
        raise SettingError("command", rule)
    if wanted not in known:
        rule = f"must be one of those found ({', '.join(known)})"
        raise SettingError("command", rule, command)
    return wanted


def _check_table(name: str, known: Sequence[str], where: Path) -> None:
    if name not in known:
        raise SettingError("table", f"must be one of {', '.join(known)} of {where}", name)


def _of_run(folder: Path, command: str, name: str) -> _Found:
    """Read a table of a run."""
    manifest = open_manifest(folder / f"{command}.json")
    columns = manifest["tables"]
    _check_table(name, list(columns), folder)
    table = read_table(manifest, name)
    return _Found(str(folder), dict(manifest["config"]), tuple(columns[name]), list(table.rows()))


def _cells(folder: Path, name: str) -> Iterator[_Found]:
    """Read the finished cells of a grid from its store, otherwise from its published table."""
    if not is_grid(folder):
        yield from _published(folder, name)
        return
    with Store(folder) as store:
        _check_table(name, store.tables(), folder)
        standings = store.standings()
        for cell in dict.fromkeys(store.places().values()):
            if cell in standings and standings[cell].state == "finished":
                made = store.made(cell)
                _check_table(name, list(made.tables), folder)
                yield _Found(str(folder), made.settings, *made.tables[name])


def _published(folder: Path, name: str) -> Iterator[_Found]:
    """Read the cells of a grid without its store: settings as given, not resolved."""
    view = load_published(folder, name)
    grid, table = view.grid, view.table
    settings = grid.entry.config(
        **{k: v for k, v in grid.fixed.items() if k in grid.entry.config.settings()}
    ).to_dict()
    others = table.only(name for name in table if name not in (*grid.names, "version"))
    of_cells: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for keys, row in zip(table.only(grid.names).rows(), others.rows(), strict=True):
        of_cells.setdefault(keys, []).append(row)
    for keys, rows in of_cells.items():
        own = dict(zip(grid.names, keys, strict=True))
        yield _Found(str(folder), {**settings, **own}, tuple(others.heads), rows)


def _as_table(found: Sequence[_Found], command: str) -> pd.DataFrame:
    """Combine all rows, each with the folder and the settings of its run."""
    if not found:
        raise ResultError(f"there is no finished run of {command} yet")
    places: dict[tuple[str, int], int] = {}
    kinds: list[str] = []
    where = [column_places(one.columns, places, kinds) for one in found]
    values: list[list[Any]] = [[] for _ in places]
    for one, own in zip(found, where, strict=True):
        by_place = dict(zip(own, zip(*one.rows, strict=True), strict=True)) if one.rows else {}
        for place, column in enumerate(values):
            column += by_place.get(place, [None] * len(one.rows))
    names = list(dict.fromkeys(name for one in found for name in one.settings))
    settings = {name: _column(name, found, command) for name in names}
    varies = [name for name in names if len(set(map(repr, settings[name]))) > 1]
    lengths = [len(one.rows) for one in found]

    def each(column: Sequence[Any]) -> list[Any]:
        return [v for v, n in zip(column, lengths, strict=True) for _ in range(n)]

    taken = {"run", *names}
    runs = np.array(each([one.run for one in found]), dtype=object)
    columns: list[tuple[str, Any]] = [("run", runs)]
    columns += [(name, _setting(each(settings[name]))) for name in varies]
    columns += [
        (f"{command}_{name}" if name in taken else name, typed_column(tuple(column), kind))
        for (name, _), column, kind in zip(places, values, kinds, strict=True)
    ]
    columns += [(name, _setting(each(settings[name]))) for name in names if name not in varies]
    return Columns([name for name, _ in columns], [array for _, array in columns]).frame()


def _column(name: str, found: Sequence[_Found], command: str) -> list[Any]:
    """Return a setting of each run as a column."""
    known = catalogue.entry(command).settings
    between = known[name].kind.between if name in known else ","
    return [_value(one.settings.get(name), between) for one in found]


def _value(value: Any, between: str) -> Any:
    """Convert a setting to an entry of a column."""
    plain = bare(value)
    return None if plain is None else as_column(plain, between)


def _setting(values: list[Any]) -> NDArray[Any]:
    """Make a column of a setting: booleans, numbers, or texts."""
    kinds = {type(value) for value in values} - {type(None)}
    if kinds and kinds <= {int, float}:
        return key_column([math.nan if v is None else v for v in values])
    return key_column(["" if v is None else v for v in values])
