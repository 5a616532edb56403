"""The manifest of a run, a grid or verdicts: read once, every value checked, for all readers.

A manifest comes with a folder, so it is input like any other. What is read here is of the form
that hopcli writes: names are names of files in the folder, hashes are hashes, numbers are finite.
Values that only one command understands are checked for what JSON they are, and by it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hopcli.errors import DataError, HopcliError, ResultError
from hopcli.results.files import is_file, is_folder, open_regular, read_bytes
from hopcli.results.forms import faults

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "MOST_BYTES",
    "STAGING",
    "Manifest",
    "has_manifest",
    "open_manifest",
    "published",
    "read_values",
    "sha256_of",
    "understood",
]

STAGING = ".hopcli-"
"""How the names of what is not yet a run begin."""

MOST_BYTES = 32_000_000
"""Size of a manifest at most."""

_MOST_HASHED = 2**34  # bytes of a file
_DEEPEST = 12  # levels of values in values
_NO_FILE = "no file"


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
        waiting = published(self.folder, self.command)
        if waiting is not None and os.path.lexists(waiting / name):
            return waiting / name
        return self.folder / name

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
        for _ in range(2):  # between two looks a writer may have moved it
            file = self.file(name)
            if not os.path.lexists(file):
                continue
            try:
                found = sha256_of(file) if file.is_file() else _NO_FILE
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


def published(folder: Path, command: str) -> Path | None:
    """The hidden folder of a run that is published and has not moved in yet, if there is one."""
    waiting = folder / f"{STAGING}{command}-published"
    return waiting if is_folder(waiting) and is_file(waiting / f"{command}.json") else None


def has_manifest(folder: Path, command: str) -> bool:
    """Whether a folder holds a manifest of a command, in its place or not moved there yet.

    Raises
    ------
    ResultError
        If the folder may not be entered.
    """
    try:
        (folder / f"{command}.json").lstat()
    except PermissionError as error:
        raise ResultError(f"{folder}: cannot be read: {error.strerror}") from None
    except (OSError, ValueError):
        return published(folder, command) is not None
    return True


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
    waiting = published(path.parent, path.stem)
    try:
        content = read_bytes(path if waiting is None else waiting / path.name, MOST_BYTES)
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
    except (
        HopcliError,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        if isinstance(error, (ResultError, DataError, *passes)):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultError(
            f"{what}: cannot be {done}: another version of hopcli wrote it ({reason:.160})"
        ) from None
