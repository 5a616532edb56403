"""Where runs are: the folders at and below others that hold something of one.

Links are followed, each folder is visited once, and hidden ones are left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hopcli.errors import ResultError
from hopcli.results.files import is_folder
from hopcli.results.manifest import RUNS, STAGING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

__all__ = ["MANIFESTS", "Place", "find"]

MANIFESTS = tuple(f"{name}.json" for name in RUNS)
"""Names of manifests, those of runs in the order of the catalogue."""


class Place(NamedTuple):
    """A folder that holds something of a run.

    Attributes
    ----------
    folder : Path
        The folder.
    refused : str
        Why it cannot be read, in one line; empty if it can.
    """

    folder: Path
    refused: str = ""


def find(tops: Iterable[Path], names: Collection[str] = MANIFESTS) -> list[Place]:
    """Find the folders that hold runs, or are left by interrupted ones, sorted by path.

    Parameters
    ----------
    tops : iterable of Path
        Where to look: at each, and at any depth below.
    names : collection of str
        Files by which a folder of a run is known.

    Raises
    ------
    ResultError
        If one of `tops` is no folder or may not be entered, or holds nothing of a run.
    """
    found: dict[Path, Place] = {}
    for top in tops:
        if not is_folder(top, links=True):
            what = "is none" if os.path.lexists(top) else "does not exist"
            raise ResultError(f"{top}: must be a folder that holds runs, {what}")
        here = {
            place.folder.resolve(): place
            for place, inside in _walk(top)
            if place.refused or any(name in names or name.startswith(STAGING) for name in inside)
        }
        if not here:
            raise ResultError(f"{top}: must hold a finished run, at any depth, holds none")
        found = {**here, **found}
    return sorted(found.values())


def _walk(top: Path) -> Iterator[tuple[Place, list[str]]]:
    """Every folder from one downwards, and the names in it."""
    seen: set[Path] = set()
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        try:
            inside = list(os.scandir(folder))
        except OSError as error:
            yield Place(folder, f"{folder}: cannot be read: {error.strerror}"), []
            continue
        yield Place(folder), [entry.name for entry in inside]
        waiting += [Path(entry) for entry in inside if _is_visited(entry)]


def _is_visited(entry: os.DirEntry[str]) -> bool:
    """Whether something is a folder to look into, or a link to one."""
    try:
        return not entry.name.startswith(".") and entry.is_dir()
    except OSError:  # such as a link to itself
        return False
