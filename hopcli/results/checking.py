"""Verification of the files in run folders against their manifests.

Manifests are verified too: the key must be the hash of command, configuration and inputs.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hopcli import catalogue
from hopcli.errors import ResultError, io_errors
from hopcli.results import BULKY, key
from hopcli.results.files import STAGING
from hopcli.results.listing import Place, find
from hopcli.results.manifest import (
    PUBLISHED,
    Manifest,
    faults,
    is_hash,
    is_plain,
    published,
    read_values,
)

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
    differs : bool
        False for a remark that is no difference from the manifest.
    """

    file: Path
    line: str
    differs: bool = True


class Checked(NamedTuple):
    """Result of the verification of a file and of those that it names.

    Attributes
    ----------
    n_runs, n_files : int
        Number of runs, and of files that were verified against a hash.
    findings : tuple of Finding
        Differences and remarks.
    names : frozenset of str or None
        Files of the folder that belong to the run; None if unknown.
    """

    n_runs: int = 0
    n_files: int = 0
    findings: tuple[Finding, ...] = ()
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
        return Checked(findings=(Finding(path, str(error)),))
    manifest = Manifest(path.parent, path.stem, values)
    findings = [Finding(path, f"{path}: {fault}") for fault in _faults(manifest)]
    outputs = values["outputs"].items()
    names = [name for name, hashed in outputs if is_plain(name) and is_hash(hashed)]
    n_files = len(names)
    for name in names:
        file = path.parent / name
        if name == BULKY and not os.path.lexists(manifest.file(name)):
            findings.append(Finding(file, f"{file}: is missing, but optional", differs=False))
            n_files -= 1
            continue
        try:
            manifest.check(name)
        except ResultError as error:
            findings.append(Finding(file, str(error)))
    n_runs = int(path.stem in catalogue.CATALOGUE)  # runs of a grid are counted in its store
    return Checked(n_runs, n_files, tuple(findings), frozenset(names))


def _faults(manifest: Manifest) -> Iterator[str]:
    """Return the entries of a manifest that are wrong, whatever its files contain."""
    found = list(faults(manifest.command, manifest))
    yield from found
    if not found and manifest.command in catalogue.CATALOGUE:
        expected = key(manifest.command, manifest["config"], manifest["inputs"])
        if manifest["key"] != expected:
            content = "the hash of its command, config and inputs"
            yield f"must have the key {expected}, {content}, found {manifest['key']!r:.80}"


def check(tops: Iterable[Path], checkers: Mapping[str, Checker]) -> Iterator[Checked]:
    """Verify all runs at and below some folders, one folder after the other.

    Parameters
    ----------
    tops : iterable of Path
        The folders.
    checkers : mapping of str to callable
        Functions that verify files, by file name.

    Raises
    ------
    ResultError
        If a path is not a folder, or a folder contains no run; before anything is verified.
    """
    places = find(tops, checkers)
    return itertools.chain.from_iterable(_check_folder(place, checkers) for place in places)


def _check_folder(place: Place, checkers: Mapping[str, Checker]) -> Iterator[Checked]:
    """Verify the contents of a folder, without its subfolders."""
    folder, refused = place
    try:
        if refused:
            raise ResultError(refused)
        with io_errors(folder):
            names = sorted(path.name for path in folder.iterdir())
    except ResultError as error:
        yield Checked(findings=(Finding(folder, str(error)),))
        return
    waiting = published(folder)
    present = {*names, *([waiting.name] if waiting else [])}
    checked = [checker(folder / name) for name, checker in checkers.items() if name in present]
    yield from checked
    yield Checked(findings=tuple(_left_over(folder, names, [one.names for one in checked])))


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
            yield Finding(file, f"{file}: belongs to an unfinished run, {rest}", differs=False)
        elif name.startswith(".") or of_runs is None or name in of_runs:
            continue
        elif name.endswith(_OURS):
            yield Finding(file, f"{file}: is in no manifest", differs=False)
