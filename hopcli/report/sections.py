"""Runs and grids as sections of a page: settings, results and provenance."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import math
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli import catalogue, results
from hopcli.errors import SettingError
from hopcli.grids.grid import Grid, read_grid
from hopcli.grids.texts import set_text, with_sets
from hopcli.grids.view import TABLE, load_published
from hopcli.results.listing import settings_of
from hopcli.results.manifest import GRID, finished_in, understood
from hopcli.tables import Columns, Estimate, kind_of
from hopcli.values import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hopcli.catalogue import Entry
    from hopcli.config import Config
    from hopcli.experiments import Result
    from hopcli.kinds import Kind
    from hopcli.plots.figure import Picture
    from hopcli.results import Loaded


def spelt(settings: Mapping[str, Any], entry: Entry) -> dict[str, str]:
    """Spell the settings of a manifest for a reader, with a dash for an open one.

    Parameters
    ----------
    settings : mapping of str to object
        Settings in JSON form; those that vary over a grid are called ``grid.temperature``.
    entry : Entry
        The command.
    """
    return {
        name.removeprefix("grid."): entry.show(name, value, gap=" ", unset="\N{EN DASH}")
        for name, value in settings.items()
    }


def command_of_run(entry: Entry, given: Mapping[str, Any]) -> str | None:
    """Return the command line of a run.

    Parameters
    ----------
    entry : Entry
        Its command.
    given : mapping of str to object
        The given settings, in JSON form.

    Returns
    -------
    str or None
        What a shell takes; None if no flags say the same.
    """
    flags = [_flag(name, entry.settings[name].kind, value) for name, value in given.items()]
    if None in flags:
        return None
    return shlex.join(["hopcli", entry.command, *(word for flag in flags for word in flag or [])])


def _flag(name: str, kind: Kind, value: Any) -> list[str] | None:
    """Return the words of a flag, or None if they do not reproduce the value."""
    words = kind.words(name, value)
    try:
        same = len(words) == 1 or kind.settle(kind.read(words[1])) == value
    except RefusedError:
        return None
    return words if same else None


def command_of_grid(grid: Grid, *, skips: bool = False) -> str | None:
    """Return the command line of a grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    skips : bool
        Whether to skip impossible cells.

    Returns
    -------
    str or None
        What a shell takes; None if no flags say the same.
    """
    settings = grid.to_dict()
    axes = settings.pop("grid")
    settings.pop("plot")
    command = settings.pop("command")
    sets = [set_text(grid.entry, name, [value]) for name, value in settings.items()]
    sets += [set_text(grid.entry, name, values) for name, values in axes.items()]
    try:
        again = read_grid(with_sets({"command": command}, sets)).to_dict()
    except SettingError:
        return None
    if again != {**grid.to_dict(), "plot": {}}:
        return None
    words = [word for text in sets for word in ("--set", text)]
    words += ["--skip-impossible"] * skips
    return shlex.join(["hopcli", "grid", "run", "--command", command, *words])


_WIDTH = 4.2  # inches of a picture: readable on a narrow screen, and enlarged on a wide one
_ELSEWHERE = ("warnings", "topics")  # notes that appear elsewhere in a section


MOST_ROWS = 50
"""Largest number of rows on a page; further rows are only in the file."""

_NONE = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of a page.

    Parameters
    ----------
    name : str
        That of the table.
    heads : tuple of str
        Names of the columns.
    numeric : tuple of bool
        True for columns of numbers.
    rows : tuple of tuple of str
        The cells.
    n_rows : int
        Number of rows of the table.
    """

    name: str
    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    n_rows: int

    @property
    def n_left_out(self) -> int:
        """Number of rows that are not shown."""
        return self.n_rows - len(self.rows)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Section:
    """Section of a page about a run or a grid of runs.

    Parameters
    ----------
    name : str
        Name, such as the folder.
    command : str
        The command; ``"recall grid"`` for a grid of it.
    about : str
        Description of the command, in a sentence.
    settings : dict of str to str
        The settings that differ from the defaults.
    again : str
        The command line that repeats it; empty if no flags can.
    found : str
        The headline number with its interval; empty if there is none.
    warnings : tuple of str
        Warnings about valid results that need caution.
    sheet : Sheet
        The printed table.
    sheets : tuple of Sheet
        All other tables.
    figures : dict of Picture
        Its figures by name, in paper style.
    animation : tuple of str
        Name, type and base64 content of its animation; empty if there is none.
    details : dict of dict of str to str
        All settings, notes, versions and hashes, by heading.
    """

    name: str
    command: str
    about: str
    settings: dict[str, str]
    again: str
    found: str
    warnings: tuple[str, ...]
    sheet: Sheet
    sheets: tuple[Sheet, ...] = ()
    figures: Mapping[str, Picture] = field(default_factory=dict)
    animation: tuple[str, ...] = ()
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def sections_in(
    folder: Path, name: str = "", *, loaded: Loaded | None = None, draws: bool = True
) -> list[Section]:
    """Return the sections of all finished runs of a folder, and of its grid.

    Parameters
    ----------
    folder : Path
        Folder of the runs.
    name : str
        Name of the sections; by default that of the folder.
    loaded : Loaded, optional
        The run that the section is about, if it is loaded.
    draws : bool
        Include figures.

    Raises
    ------
    ResultError
        If a run cannot be read, or one of its files differs from its manifest.
    """
    called = name or str(folder)
    if loaded is not None:
        return [_of_run(called, loaded, draws)]
    return [
        _of_grid(called, folder, draws)
        if command == GRID
        else _of_run(called, results.load(folder, command), draws)
        for command in finished_in(folder)
    ]


def _of_run(name: str, loaded: Loaded, draws: bool) -> Section:
    manifest = loaded.manifest
    with understood(manifest.path, "told"):
        made = section(name, loaded.config, loaded.result, manifest, draws=draws)
    again = made.again or shlex.join(["hopcli", "run", str(manifest.path)])
    return dataclasses.replace(made, again=again, animation=_animation(manifest.folder, manifest))


def _animation(folder: Path, manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Read the animation of a run, if it has one."""
    name = manifest["execution"].get("animate")
    if name is None or name not in manifest["outputs"]:
        return ()
    suffix = name.rpartition(".")[2]
    kind = f"{'video' if suffix == 'mp4' else 'image'}/{suffix}"
    return name, kind, base64.b64encode((folder / name).read_bytes()).decode()


def section(
    name: str,
    config: Config,
    result: Result,
    manifest: Mapping[str, Any] | None = None,
    *,
    draws: bool = True,
) -> Section:
    """Make the section of a run.

    Parameters
    ----------
    name : str
        Name of the section.
    config : Config
        Its resolved configuration.
    result : Result
        Its result.
    manifest : mapping, optional
        Its manifest, if it has one; adds key, versions and the like to the section.
    draws : bool
        Include figures.
    """
    entry = catalogue.entry(config.command)
    summary = entry.summary(config, result)
    notes = {key: note for key, note in result.notes.items() if key not in _ELSEWHERE}
    given = (manifest or {}).get("given")
    if given is None:  # written by an earlier version
        given = config.changes()
    return Section(
        name=name,
        command=config.command,
        about=entry.line,
        settings=spelt(given, entry),
        again=command_of_run(entry, given) or "",
        found=_found(entry.headline, result),
        warnings=tuple(map(str, result.notes.get("warnings", ()))),
        sheet=sheet(config.command, summary),
        sheets=tuple(  # but a table that was left out
            sheet(name, table)
            for name, table in result.columns.items()
            if f"{name}.csv" != results.BULKY and table is not summary
        ),
        figures=entry.figures(config, result, "paper", width=_WIDTH) if draws else {},
        details={
            "Settings": spelt(config.to_dict(), entry),
            "Notes": {
                key: note if isinstance(note, str) else json.dumps(note, ensure_ascii=False)
                for key, note in notes.items()
            },
            "Made with": _made_with(result, manifest or {}),
        },
    )


def _found(headline: Estimate, result: Result) -> str:
    """Return the headline number of a run, if one row contains it."""
    table = result.columns[headline.table.name].matching(headline.where)
    if len(table) != 1:
        return ""
    columns = [headline.value, headline.low, headline.high]
    is_rate = headline.column.percent
    value, *interval = sheet("", table.only(c for c in columns if c in table)).rows[0]
    text = f"{headline.says.partition(' (')[0]} {value}{' %' if is_rate else ''}"
    return f"{text} ({' to '.join(interval)})" if len(interval) == 2 else text


def _made_with(result: Result, manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return data, key, versions and commit, as far as known."""
    facts = {
        "data": result.dataset,
        "SHA-256 of the data": result.dataset_sha256,
        "key": manifest.get("key"),
        **_made_by(manifest),
    }
    return {name: str(value) for name, value in facts.items() if value}


def _made_by(manifest: Mapping[str, Any]) -> dict[str, Any]:
    versions = manifest.get("versions", {})
    return {
        "versions": ", ".join(f"{name} {version}" for name, version in versions.items()),
        "commit": manifest.get("source_commit"),
        "seconds": manifest.get("duration_seconds"),
    }


def _of_grid(name: str, folder: Path, draws: bool) -> Section:
    """Make the section of a published grid."""
    from hopcli.plots.grid import picture

    view, manifest = load_published(folder), results.open_manifest(folder / f"{GRID}.json")
    grid = view.grid
    settings = settings_of({"config": grid.to_dict()})
    settings.pop("command")
    figures = {}
    with contextlib.suppress(SettingError):  # of the layout: then it was published without one
        if draws:
            figures = {GRID: picture(view, grid.look, "paper", width=_WIDTH)}
    made_by = {key: str(value) for key, value in _made_by(manifest).items() if value}
    return Section(
        name=name,
        command=f"{grid.command} {GRID}",
        about=f"{len(grid):,} runs: {grid.entry.line}",
        settings=spelt(settings, grid.entry),
        again=command_of_grid(grid, skips=view.leaves_out) or "",
        found="",
        warnings=tuple(view.warnings),
        sheet=sheet(GRID, view.numbers()),
        sheets=(sheet(TABLE.removesuffix(".csv"), view.table),),
        figures=figures,
        details={"Made with": made_by},
    )


def sheet(name: str, table: Columns) -> Sheet:
    """Lay out a table.

    Parameters
    ----------
    name : str
        That of the table.
    table : Columns
        The table; rates declared in percent are shown in percent.
    """
    rates = set(table.percent)
    columns = [
        [_cell(value, column in rates) for value in array[:MOST_ROWS].tolist()]
        for column, array in zip(table.names, table.arrays, strict=True)
    ]
    return Sheet(
        name,
        tuple(f"{column} %" if column in rates else column for column in table),
        tuple(kind_of(array) in ("integer", "number") for array in table.arrays),
        tuple(zip(*columns, strict=True)),
        len(table),
    )


def _cell(value: Any, is_rate: bool) -> str:
    """Return the printed text of a value, with a minus sign, or a dash for a missing number."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)
    if math.isnan(value):
        return _NONE
    text = f"{100 * value:.1f}" if is_rate else f"{value:.4g}"
    text = str(value) if isinstance(value, int) else text
    return text.replace("-", "\N{MINUS SIGN}")
