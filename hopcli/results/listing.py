"""List of finished runs, with the settings in which they differ."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli import catalogue
from hopcli.errors import ResultError
from hopcli.results.forms import GRID
from hopcli.results.manifest import Manifest, finished_in, open_manifest
from hopcli.results.places import find
from hopcli.results.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_NAMED = ("dataset",)
"""Settings that a list always shows."""


class Headlined(NamedTuple):
    """Headline number of a run.

    Attributes
    ----------
    name : str
        Its column in the table.
    value : float
        The number.
    """

    name: str
    value: float


class Listed(NamedTuple):
    """A finished run, or a grid of them.

    Attributes
    ----------
    folder : Path
        Its folder.
    command : str
        Its command; ``"recall grid"`` for a grid of it.
    settings : dict
        Its configuration in JSON form: resolved, except for a grid.
    dataset : str
        Name of the data set; empty for a grid in which it varies.
    version : str
        Version of hopcli that made it.
    seconds : float
        Duration, in seconds.
    key : str
        Hash of the run with its data, 64 hexadecimal digits; empty for a grid.
    headline : Headlined or None
        Its headline number, if it has one.
    """

    folder: Path
    command: str
    settings: dict[str, Any]
    dataset: str
    version: str
    seconds: float
    key: str
    headline: Headlined | None


def list_runs(tops: Sequence[Path]) -> tuple[list[Listed], list[str]]:
    """List the finished runs at and below some folders, sorted by folder.

    Parameters
    ----------
    tops : sequence of Path
        The folders.

    Returns
    -------
    runs : list of Listed
        Readable runs.
    refused : list of str
        Reason for each unreadable run, one line each.

    Raises
    ------
    ResultError
        If a path is not a folder, or there is no run at all.
    """
    runs, refused = [], []
    for folder, why in find(tops):
        if why:
            refused.append(why)
            continue
        try:
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


def _listed(folder: Path, command: str) -> Listed:
    manifest = open_manifest(folder / f"{command}.json")
    settings = settings_of(manifest)
    of_grid = command == GRID
    return Listed(
        folder,
        f"{settings['command']} {GRID}" if of_grid else command,
        settings,
        str(settings.get("dataset", "")) if of_grid else manifest["dataset"]["name"],
        manifest["versions"]["hopcli"],
        float(manifest["duration_seconds"]),
        "" if of_grid else manifest["key"],
        None if of_grid else _headlined(manifest),
    )


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


def _headlined(manifest: Manifest) -> Headlined | None:
    """Return the headline number of a run, if one row contains it."""
    headline = catalogue.entry(manifest.command).headline
    rows = read_table(manifest, headline.table.name).matching(headline.where)
    value = float(rows[headline.value][0]) if len(rows) == 1 else math.nan
    return None if math.isnan(value) else Headlined(headline.value, value)


def telling(runs: Sequence[Listed]) -> list[str]:
    """Find the settings in which runs of one command differ, or that some of them lack.

    Parameters
    ----------
    runs : sequence of Listed
        Runs of one command.
    """
    names = dict.fromkeys(name for run in runs for name in run.settings if name not in _NAMED)
    return [name for name in names if _differs([run.settings.get(name, ...) for run in runs])]


def _differs(values: Sequence[Any]) -> bool:
    return any(value != values[0] for value in values)
