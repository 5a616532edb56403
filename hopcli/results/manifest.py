"""The manifest of a run, a grid or verdicts: read once, every value checked, for all readers.

A manifest comes with a folder, so it is input like any other. What is read here is of the form
that hopcli writes: names are names of files in the folder, hashes are hashes, numbers are finite.
Values that only one command understands are checked for what JSON they are, and by it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import DataError, HopcliError, ResultError
from hopcli.results.files import STAGING, is_file, is_folder, open_regular, read_bytes
from hopcli.results.forms import GRID, faults, is_plain

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "EVERY",
    "MOST_BYTES",
    "PUBLISHED",
    "RUNS",
    "STORE",
    "Manifest",
    "check_alone",
    "command_in",
    "finished_in",
    "open_manifest",
    "published",
    "read_outputs",
    "read_values",
    "sha256_of",
    "understood",
]

PUBLISHED = f"{STAGING}published"
"""Name of the hidden folder of a run that is published, until its files have moved."""

STORE = "grid.sqlite"
"""Name of the store of a grid."""

RUNS = (*catalogue.CATALOGUE, GRID)
"""Commands of runs, in the order of the catalogue, and ``grid``."""

EVERY = (*RUNS, "reproduce")
"""Everything that has a manifest, which has its name."""

MOST_BYTES = 32_000_000
"""Size of a manifest at most."""

_MOST_HASHED = 2**34  # bytes of a file
_DEEPEST = 12  # levels of values in values
OF_DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError),
)
"""Errors that values of another kind or shape cause."""

_NO_FILE = "no file"
_CALLED = {GRID: "a grid", "reproduce": "verdicts"}


class Manifest(Mapping[str, Any]):
    """The manifest of a finished run, its values checked.

    Parameters
    ----------
    folder : Path
        Where the run is.
    command : str
        Its command; ``grid`` and ``reproduce`` have manifests too.
    values : dict
        What it says.
    """

    def __init__(self, folder: Path, command: str, values: dict[str, Any]) -> None:
        self.folder = folder
        self.command = command
        self.path = folder / f"{command}.json"
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def file(self, name: str) -> Path:
        """The file of a name, where it is by now: in its place, or not moved there yet."""
        waiting = self.folder / PUBLISHED / name
        is_waiting = published(self.folder) is not None and is_file(waiting)
        return waiting if is_waiting else self.folder / name

    def check(self, name: str) -> Path:
        """Hold a file to its hash.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ResultError
            If it is missing, another, or in no manifest, or cannot be read.
        """
        expected = self["outputs"].get(name)
        if expected is None:
            rule = f"must have a hash of {name!r:.80} among its outputs, has none"
            raise ResultError(f"{self.path}: {rule}")
        found = _NO_FILE
        for _ in range(2):  # a writer may move it between the two
            file = self.file(name)
            try:
                found = sha256_of(file)
                break
            except FileNotFoundError:
                continue
            except ResultError:
                raise
            except OSError as error:
                reason = error.strerror or error
                raise ResultError(f"{self.folder / name}: cannot be read: {reason}") from None
        if found != expected:
            rule = f"must have SHA-256 {expected} by {self.path.name}, found {found}"
            raise ResultError(f"{self.folder / name}: {rule}")
        return file

    def lacks(self) -> list[str]:
        """The files that it names and that are not there."""
        return [name for name in self["outputs"] if not self.file(name).is_file()]


def published(folder: Path) -> Path | None:
    """Return the manifest of a run that is published and has not moved to its place yet."""
    waiting = folder / PUBLISHED
    if not is_folder(waiting):
        return None
    manifests = (waiting / f"{name}.json" for name in EVERY)
    return next((path for path in manifests if is_file(path)), None)


def finished_in(folder: Path) -> list[str]:
    """Return the commands, one of ``RUNS``, of which a folder holds a run; one, usually.

    Raises
    ------
    ResultError
        If the folder may not be entered.
    """
    return [name for name in _held(folder) if name in RUNS]


def _held(folder: Path) -> list[str]:
    waiting = published(folder)
    return (
        [name for name in EVERY if _exists(folder / f"{name}.json")]
        if waiting is None
        else [waiting.stem]
    )


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except PermissionError as error:
        raise ResultError(f"{path.parent}: cannot be read: {error.strerror}") from None
    except (OSError, ValueError):
        return False
    return True


def command_in(folder: Path) -> str:
    """Return the command of the run in a folder.

    Raises
    ------
    ResultError
        If there is no finished run, or the folder holds several.
    """
    names = finished_in(folder)
    if len(names) != 1:
        what = f"has runs of {', '.join(names)}" if names else "has no manifest of one"
        raise ResultError(f"{folder}: must hold one finished run, {what}")
    return names[0]


def check_alone(folder: Path, command: str, *, replace: bool = False) -> None:
    """Refuse a folder that holds a run of another command, or a grid.

    Parameters
    ----------
    folder : Path
        The folder.
    command : str
        The command, one of ``EVERY``.
    replace : bool
        Accept a run that may be replaced; grids and verdicts may not.

    Raises
    ------
    ResultError
        If there is such a run.
    """
    others = [*_held(folder), *([GRID] if _exists(folder / STORE) else [])]
    for other in others:
        is_run = other in catalogue.CATALOGUE and command in catalogue.CATALOGUE
        if other != command and not (replace and is_run):
            or_replace = ", or --overwrite to replace it" * is_run
            what = (
                f"holds a run of {other}"
                if other in catalogue.CATALOGUE
                else f"holds {_CALLED[other]}"
            )
            raise ResultError(f"{folder}: {what}; give --out another folder{or_replace}")


def open_manifest(path: Path, command: str | None = None) -> Manifest:
    """Read a manifest, of whatever version; nothing is written.

    Parameters
    ----------
    path : Path
        Its file.
    command : str, optional
        Whose it must be; by default of the command that the file is named after. Empty for
        the one that it says itself.

    Raises
    ------
    ResultError
        If there is none, or it is not of the form that hopcli writes.
    """
    values = read_values(path)
    wanted = path.stem if command is None else command or str(values.get("command"))
    for fault in faults(wanted, values):
        raise ResultError(f"{path}: {fault}")
    return Manifest(path.parent, wanted, values)


def read_values(path: Path) -> dict[str, Any]:
    """What a manifest says, not checked yet but for its being one.

    Raises
    ------
    ResultError
        If there is none, or it is none.
    """
    waiting = published(path.parent)
    try:
        is_waiting = waiting is not None and waiting.name == path.name
        content = read_bytes(waiting if waiting and is_waiting else path, MOST_BYTES)
        values = json.loads(content)
    except FileNotFoundError:
        raise ResultError(f"{path}: no finished run of {path.stem!r} here") from None
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path}: cannot be read: {error!s:.80}") from None
    if not isinstance(values, dict) or not isinstance(values.get("outputs"), dict):
        raise ResultError(f"{path}: must be a manifest that hopcli wrote, is something else")
    if not _is_shallow(values, _DEEPEST):
        raise ResultError(f"{path}: must be a manifest that hopcli wrote, is nested too deeply")
    return values


def read_outputs(manifest: Path) -> dict[str, Any]:
    """Return the files that a manifest names, with their hashes; none if it cannot be read."""
    try:
        outputs = dict(json.loads(read_bytes(manifest, MOST_BYTES))["outputs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {name: sha256 for name, sha256 in outputs.items() if is_plain(name)}


def _is_shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inside = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(one, levels - 1) for one in inside)


def sha256_of(path: Path) -> str:
    """Hash of a regular file, or of one that a link leads to.

    Raises
    ------
    ResultError
        If it is something else, which could not be read to an end, or too large.
    OSError
        If it is missing, or cannot be read.
    """
    with open_regular(path, _MOST_HASHED) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # of bytes


@contextlib.contextmanager
def understood(
    what: object, done: str = "read", passes: tuple[type[HopcliError], ...] = ()
) -> Iterator[None]:
    """Turn what values from elsewhere make a reader raise into one line about `what`.

    Parameters
    ----------
    what : object
        The file or folder that they are from.
    done : str
        What cannot be done with it.
    passes : tuple of type
        Errors that are raised as they are, besides those about files.
    """
    try:
        yield
    except (HopcliError, *OF_DAMAGE) as error:
        if isinstance(error, (ResultError, DataError, *passes)):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultError(
            f"{what}: cannot be {done}: another version of hopcli wrote it ({reason:.160})"
        ) from None
