"""Verification of the files in run folders against their manifests.

Manifests are verified too: the key must be the hash of command, configuration and inputs.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from hopcli import catalogue
from hopcli.errors import ResultError
from hopcli.results import BULKY, key
from hopcli.results.files import STAGING
from hopcli.results.forms import faults, is_hash, is_plain
from hopcli.results.manifest import PUBLISHED, Manifest, published, read_values
from hopcli.results.places import MANIFESTS, find

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hopcli.results.places import Place

_OURS = (".csv", ".npz", ".png", ".svg", ".pdf")
"""Suffixes of the files that runs write."""


class Finding(NamedTuple):
    """Message about a file.

    Attributes
    ----------
    file : Path
        The file or folder.
    line : str
        The message with the file name, in one line.
    """

    file: Path
    line: str


class Checked(NamedTuple):
    """Result of the verification of one or several runs.

    Attributes
    ----------
    n_runs : int
        Number of runs.
    n_files : int
        Number of files that were verified against a hash.
    differs : tuple of Finding
        Differences from the manifest.
    told : tuple of Finding
        Messages that are not differences.
    names : frozenset of str or None
        Files of the folder that belong to the run; None if unknown.
    """

    n_runs: int = 0
    n_files: int = 0
    differs: tuple[Finding, ...] = ()
    told: tuple[Finding, ...] = ()
    names: frozenset[str] | None = None


Checker = Callable[[Path], Checked]
"""Function that verifies a file, and the files that it names; it raises no errors."""


def check_manifest(path: Path) -> Checked:
    """Verify a manifest for consistency, and every file that it names against its hash.

    Parameters
    ----------
    path : Path
        The manifest.
    """
    try:
        values = read_values(path)
    except ResultError as error:
        return Checked(differs=(Finding(path, str(error)),))
    manifest = Manifest(path.parent, path.stem, values)
    differs = [Finding(path, f"{path}: {fault}") for fault in _faults(manifest)]
    told = []
    outputs = values["outputs"].items()
    names = [name for name, hashed in outputs if is_plain(name) and is_hash(hashed)]
    for name in names:
        if name == BULKY and not os.path.lexists(manifest.file(name)):
            file = path.parent / name
            told.append(Finding(file, f"{file}: is missing, but optional"))
            continue
        try:
            manifest.check(name)
        except ResultError as error:
            differs.append(Finding(path.parent / name, str(error)))
    n_runs = int(path.stem in catalogue.CATALOGUE)  # runs of a grid are counted in its store
    n_files = len(names) - len(told)
    return Checked(n_runs, n_files, tuple(differs), tuple(told), frozenset(names))


def _faults(manifest: Manifest) -> Iterator[str]:
    """Return the entries of a manifest that are wrong, whatever its files contain."""
    found = list(faults(manifest.command, manifest))
    yield from found
    if not found and manifest.command in catalogue.CATALOGUE:
        expected = key(manifest.command, manifest["config"], manifest["inputs"])
        if manifest["key"] != expected:
            said = "the hash of its command, config and inputs"
            yield f"must have the key {expected}, {said}, found {manifest['key']!r:.80}"


CHECKERS: dict[str, Checker] = dict.fromkeys(MANIFESTS, check_manifest)
"""Functions that verify files, by file name."""


def check(tops: Iterable[Path], checkers: Mapping[str, Checker] | None = None) -> Iterator[Checked]:
    """Verify all runs at and below some folders, one folder after the other.

    Parameters
    ----------
    tops : iterable of Path
        The folders.
    checkers : mapping of str to callable, optional
        Functions that verify files, by file name; by default :data:`CHECKERS`.

    Raises
    ------
    ResultError
        If a path is not a folder, or a folder contains no run; before anything is verified.
    """
    known = CHECKERS if checkers is None else checkers
    places = find(tops, known)
    return itertools.chain.from_iterable(_check_folder(place, known) for place in places)


def _check_folder(place: Place, checkers: Mapping[str, Checker]) -> Iterator[Checked]:
    """Verify the contents of a folder, without its subfolders."""
    folder, refused = place
    try:
        if refused:
            raise ResultError(refused)
        names = sorted(path.name for path in folder.iterdir())
    except OSError as error:
        yield Checked(differs=(Finding(folder, _told(folder, error)),))
        return
    waiting = published(folder)
    there = {*names, *([waiting.name] if waiting else [])}
    found = [checker(folder / name) for name, checker in checkers.items() if name in there]
    yield from found
    yield Checked(told=tuple(_left_over(folder, names, [one.names for one in found])))


def _left_over(
    folder: Path, names: Iterable[str], known: Sequence[frozenset[str] | None]
) -> Iterator[Finding]:
    """Find files that hopcli seems to have made but that belong to no finished run."""
    of_runs = None if not known or None in known else frozenset().union(*filter(None, known))
    for name in names:
        file = folder / name
        if name == PUBLISHED and published(folder) is not None:
            continue  # a finished run, which has only to move in
        if name.startswith(STAGING):
            rest = "which the same command continues or repeats"
            yield Finding(file, f"{file}: belongs to an unfinished run, {rest}")
        elif name.startswith(".") or of_runs is None or name in of_runs:
            continue
        elif name.endswith(_OURS):
            yield Finding(file, f"{file}: is in no manifest")


def _told(file: Path, error: OSError) -> str:
    """Return the reason of an error about a file, in one line."""
    ours = isinstance(error, ResultError)
    return str(error) if ours else f"{file}: cannot be read: {error.strerror}"
