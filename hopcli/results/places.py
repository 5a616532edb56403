"""Search for folders that contain files of runs.

Links are followed, each folder is visited once, and hidden folders are skipped.
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
