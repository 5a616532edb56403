"""Places of runs below a folder, and the list of finished runs."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue
from hopcli.errors import ResultError
from hopcli.results.files import STAGING, is_folder
from hopcli.results.manifest import GRID, RUNS, Manifest, finished_in, open_manifest
from hopcli.results.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


MANIFESTS = tuple(f"{name}.json" for name in RUNS)
"""Names of manifests; those of runs in the order of the catalogue."""


class Place(NamedTuple):
    """A folder with files of a run.

    Attributes
    ----------
    folder : Path
        The folder.
    refused : str
        Reason why it cannot be read, in one line; empty if it can.
    """

    folder: Path
    refused: str = ""


def find(tops: Iterable[Path], names: Collection[str] = MANIFESTS) -> list[Place]:
    """Find the folders of finished and interrupted runs, sorted by path.

    Parameters
    ----------
    tops : iterable of Path
        Folders to search, at any depth.
    names : collection of str
        Names of files that identify a folder of a run.

    Raises
    ------
    ResultError
        If one of `tops` is not a folder, may not be entered, or contains no file of a run.
    """
    found: dict[Path, Place] = {}
    for top in tops:
        if not is_folder(top, links=True):
            what = "is not a folder" if os.path.lexists(top) else "no such folder"
            raise ResultError(f"{top}: {what}")
        here = {place.folder.resolve(): place for place in _walk(top, names)}
        if not here:
            raise ResultError(f"{top}: contains no finished run, at any depth")
        found = {**here, **found}
    return sorted(found.values())


def _walk(top: Path, names: Collection[str]) -> Iterator[Place]:
    """Yield a folder and its subfolders with one of the names, or that cannot be read."""
    refused: list[OSError] = []
    seen: set[Path] = set()
    for folder, inside, files in os.walk(top, onerror=refused.append, followlinks=True):
        seen.add(Path(folder).resolve())
        visible = [name for name in inside if not name.startswith(".")]
        if any(name in names or name.startswith(STAGING) for name in (*inside, *files)):
            yield Place(Path(folder))
        inside[:] = [name for name in visible if Path(folder, name).resolve() not in seen]
    for error in refused:
        yield Place(Path(error.filename), f"{error.filename}: cannot be read: {error.strerror}")


def list_runs(tops: Sequence[Path]) -> tuple[list[dict[str, Any]], list[str]]:
    """List the finished runs at and below some folders, sorted by folder.

    Parameters
    ----------
    tops : sequence of Path
        The folders.

    Returns
    -------
    runs : list of dict
        Readable runs: ``folder``; ``command``, ``"recall grid"`` for a grid of it;
        ``settings``, resolved except for a grid; ``dataset``, empty for a grid in which it
        varies; ``version`` of hopcli; ``seconds``; ``key``, empty for a grid; ``headline``,
        its main number with ``name`` and ``value``, or None.
    refused : list of str
        Reason for each unreadable run, one line each.

    Raises
    ------
    ResultError
        If a path is not a folder, or there is no run at all.
    """
    runs, refused = [], []
    for folder, why in find(tops):
        try:
            if why:
                raise ResultError(why)
            commands = finished_in(folder)
        except ResultError as error:
            refused.append(str(error))
            continue
        for command in commands:
            try:
                runs.append(_listed(folder, command))
            except ResultError as error:
                refused.append(str(error))
    if not runs and not refused:
        raise ResultError(f"{tops[0]}: contains only unfinished runs, no finished one")
    return runs, refused


def _listed(folder: Path, command: str) -> dict[str, Any]:
    manifest = open_manifest(folder / f"{command}.json")
    settings, of_grid = settings_of(manifest), command == GRID
    return {
        "folder": str(folder),
        "command": f"{settings['command']} {GRID}" if of_grid else command,
        "settings": settings,
        "dataset": str(settings.get("dataset", "")) if of_grid else manifest["dataset"]["name"],
        "version": manifest["versions"]["hopcli"],
        "seconds": float(manifest["duration_seconds"]),
        "key": "" if of_grid else manifest["key"],
        "headline": None if of_grid else _headline(manifest),
    }


def settings_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run, or the common and varying settings of a grid.

    Parameters
    ----------
    manifest : mapping
        Manifest of the run or grid; varying settings are called ``grid.temperature`` etc.
    """
    settings = dict(manifest["config"])
    varies = dict(settings.pop("grid", {}))
    settings.pop("plot", None)  # changes no number
    return {**settings, **{f"grid.{name}": values for name, values in varies.items()}}


def _headline(manifest: Manifest) -> dict[str, Any] | None:
    """Return the headline number of a run, if one row contains it."""
    headline = catalogue.entry(manifest.command).headline
    rows = read_table(manifest, headline.table.name).matching(headline.where)
    value = float(rows[headline.value][0]) if len(rows) == 1 else math.nan
    return None if math.isnan(value) else {"name": headline.value, "value": value}


def telling(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Find the settings in which runs of one command differ, or that some of them lack.

    Parameters
    ----------
    runs : sequence of dict
        Runs of one command; their data set is always shown, so it is left out.
    """
    settings = [run["settings"] for run in runs]
    names = dict.fromkeys(name for each in settings for name in each if name != "dataset")
    first = settings[0]
    return [n for n in names if any(each.get(n, ...) != first.get(n, ...) for each in settings)]
