"""Where runs are: the folders at and below others that hold something of one.

Links are followed, each folder is visited once, and hidden ones are left out.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hopcli.errors import ResultError
from hopcli.results.files import STAGING, is_folder
from hopcli.results.manifest import RUNS

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
        here = {place.folder.resolve(): place for place in _walk(top, names)}
        if not here:
            raise ResultError(f"{top}: must hold a finished run, at any depth, holds none")
        found = {**here, **found}
    return sorted(found.values())


def _walk(top: Path, names: Collection[str]) -> Iterator[Place]:
    """Find the folders from one downwards that hold one of the names, or cannot be read."""
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
