"""Finished runs side by side: what each is, and the settings that tell them apart."""

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

__all__ = ["Headlined", "Listed", "list_runs", "settings_of", "telling"]

_NAMED = ("dataset",)
"""Settings that a list shows anyway."""


class Headlined(NamedTuple):
    """The number that a run is known by.

    Attributes
    ----------
    name : str
        The column of the table that it is from.
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
        Where it is.
    command : str
        Its command; ``"recall grid"`` for a grid of it.
    settings : dict
        Its configuration, as JSON has it: resolved, but for that of a grid.
    dataset : str
        Name of the data set; empty for a grid that leaves it open.
    version : str
        The version of hopcli that made it.
    seconds : float
        How long it took.
    key : str
        What names it together with its data, 64 hexadecimal digits; empty for a grid.
    headline : Headlined or None
        The number that it is known by, if it is known by one.
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
        Those that can be read.
    refused : list of str
        Why others cannot, a line each.

    Raises
    ------
    ResultError
        If one of the folders is none, or there is no run at all.
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
        raise ResultError(f"{tops[0]}: must hold a finished run, holds what is left of others")
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
    """The settings of a run; of a grid those of all of its runs, and what varies.

    Parameters
    ----------
    manifest : mapping
        Of the run, or of the grid: what varies is called ``grid.temperature`` and so on.
    """
    settings = dict(manifest["config"])
    varies = dict(settings.pop("grid", {}))
    settings.pop("plot", None)  # which changes no number
    return {**settings, **{f"grid.{name}": values for name, values in varies.items()}}


def _headlined(manifest: Manifest) -> Headlined | None:
    """The number of a run that has one in a row of its own."""
    headline = catalogue.entry(manifest.command).headline
    rows = read_table(manifest, headline.table.name).matching(headline.where)
    value = float(rows[headline.value][0]) if len(rows) == 1 else math.nan
    return None if math.isnan(value) else Headlined(headline.value, value)


def telling(runs: Sequence[Listed]) -> list[str]:
    """The settings that tell runs of one command apart: not the same in all, or not in all.

    Parameters
    ----------
    runs : sequence of Listed
        Runs of one command.
    """
    names = dict.fromkeys(name for run in runs for name in run.settings if name not in _NAMED)
    return [name for name in names if _differs([run.settings.get(name, ...) for run in runs])]


def _differs(values: Sequence[Any]) -> bool:
    return any(value != values[0] for value in values)
