"""The manifest of a run, a grid or verdicts: read once, every value checked, for all readers.

A manifest comes with a folder, so it is input like any other. What is read here is of the form
that hopcli writes: names are names of files in the folder, hashes are hashes, numbers are finite.
Values that only one command understands are checked for what JSON they are, and by it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import stat
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import HopcliError, ResultError
from hopcli.results.files import is_folder, read_bytes

if TYPE_CHECKING:
    from hopcli.config import Setting

__all__ = [
    "GRID",
    "Manifest",
    "faults",
    "has_manifest",
    "is_plain",
    "published",
    "read_manifest",
    "sha256_of",
    "understood",
]

GRID = "grid"
"""What stands for a command in the manifest of a grid of runs."""

STAGING = ".hopcli-"
"""How the names of what is not yet a run begin."""

_MOST_BYTES = 32_000_000  # of a manifest
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
            If it is missing, another, or in no manifest.
        OSError
            If it cannot be read.
        """
        expected = self["outputs"].get(name)
        if expected is None:
            rule = f"must have a hash of {name!r:.80} among its outputs, has none"
            raise ResultError(f"{self.path}: {rule}")
        found = _NO_FILE
        for _ in range(2):  # between two looks a writer may have moved it
            file = self.file(name)
            with contextlib.suppress(FileNotFoundError):
                found = sha256_of(file)
                break
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
    there = is_folder(waiting) and os.path.lexists(waiting / f"{command}.json")
    return waiting if there else None


def has_manifest(folder: Path, command: str) -> bool:
    """Whether a folder holds a manifest of a command, in its place or not moved there yet."""
    return (folder / f"{command}.json").is_file() or published(folder, command) is not None


def read_manifest(path: Path, command: str | None = None) -> Manifest:
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
        content = read_bytes(path if waiting is None else waiting / path.name, _MOST_BYTES)
        values = json.loads(content)
    except FileNotFoundError:
        raise ResultError(f"{path}: no finished run of {path.stem!r} here") from None
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path}: must be a manifest that hopcli wrote: {error!s:.80}") from None
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


# --- what each value must be -----------------------------------------------------------------


def is_plain(name: object) -> bool:
    """Whether a name is that of a visible file of a folder, which every system can have."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"(?!\.)[^/\\\0]{1,255}", name) is not None
        and name.isprintable()
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _is_duration(value: object) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and 0 <= value < 1e12  # type: ignore[operator]  # a number


def _is_whole_or_open(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _is_text_or_open(value: object) -> bool:
    return value is None or isinstance(value, str)


def _maps_texts(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_versions(value: object) -> bool:
    return _maps_texts(value) and "hopcli" in value  # type: ignore[operator]  # a mapping


def _is_notes(value: object) -> bool:
    lists = ("warnings", "findings")
    return isinstance(value, dict) and all(_is_texts(value.get(name, [])) for name in lists)


def _is_data(value: object) -> bool:
    return _maps_texts(value) and {"name", "sha256"} <= set(value)  # type: ignore[call-overload,no-any-return]  # a mapping


def _is_stored(value: object) -> bool:
    """Whether patterns are told as they are written."""
    if value is None:
        return True
    if not isinstance(value, dict) or not _is_data(value.get("dataset")):
        return False
    labels, places = value.get("labels"), value.get("source_index")
    return _is_texts(labels) and isinstance(places, list) and all(map(_is_whole_or_open, places))


def _is_tables(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_plain(f"{name}.csv") and columns and _is_texts(columns) and all(map(_is_column, columns))
        for name, columns in value.items()
    )


def _is_column(text: str) -> bool:
    return re.search(r": (boolean|integer|number|text)\Z", text) is not None


def _is_arrays(value: object) -> bool:
    return isinstance(value, list) and all(is_plain(name) for name in value)


_Check = Callable[[object], bool]

_EVERY: dict[str, _Check] = {"versions": _is_versions, "tables": _is_tables}
_OF_RUN: dict[str, _Check] = {
    "config": lambda value: isinstance(value, dict) and "grid" not in value,
    "key": _is_hash,
    "seed": _is_whole_or_open,
    "dataset": _is_data,
    "inputs": _maps_texts,
    "patterns": _is_stored,
    "execution": lambda value: isinstance(value, dict),
    **_EVERY,
    "source_commit": _is_text_or_open,
    "duration_seconds": _is_duration,
    "notes": _is_notes,
    "arrays": _is_arrays,
}
_OF_GRID: dict[str, _Check] = {
    "config": lambda value: isinstance(value, dict)
    and _is_text(value.get("command"))
    and isinstance(value.get("grid"), dict)
    and isinstance(value.get("plot", {}), dict),
    **_EVERY,
    "source_commit": _is_text_or_open,
    "duration_seconds": _is_duration,
    "notes": _is_notes,
}
_OPEN = ("seed", "patterns", "source_commit")
"""Values that may be left out."""


def faults(command: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Everything of a manifest that cannot be as it was written.

    Parameters
    ----------
    command : str
        The command that it must be of.
    values : mapping
        What it says.

    Yields
    ------
    str
        A rule that it breaks, and what was found.
    """
    if values.get("command") != command:
        yield f"must be of the command {command}, found {values.get('command')!r:.80}"
    outputs = values["outputs"]
    for name, hashed in outputs.items():
        if not is_plain(name):
            yield f"must name files of its folder, found {name!r:.80}"
        elif not _is_hash(hashed):
            yield f"must have the SHA-256 of {name}, found {hashed!r:.80}"
    of_run = command in catalogue.CATALOGUE
    form = _OF_RUN if of_run else _OF_GRID if command == GRID else _EVERY
    n_bad = 0
    for name, holds in form.items():
        if not (holds(values.get(name)) or (name in _OPEN and name not in values)):
            n_bad += 1
            yield f"must have {name} as they were written, found {values.get(name)!r:.80}"
    if n_bad:
        return
    if of_run:
        yield from _faults_of_execution(command, values["execution"])
    files = [f"{name}.csv" for name in values["tables"]]
    for name in (*files, *(f"{name}.npz" for name in values.get("arrays", ()))):
        if name not in outputs:
            yield f"must have a hash of {name!r:.80} among its outputs, has none"


def _faults_of_execution(command: str, said: Mapping[str, Any]) -> Iterator[str]:
    """The ways of carrying out a run that there are not; those of another version are let be."""
    known: Mapping[str, Setting] = catalogue.entry(command).execution.settings()
    for name, value in said.items():
        if name not in known or value is None:
            continue
        try:
            known[name].kind.check(value)
        except ValueError as error:
            yield f"execution: {name} {error}, found {value!r:.80}"


def sha256_of(path: Path) -> str:
    """Hash of a regular file, or of one that a link leads to.

    Raises
    ------
    ResultError
        If it is something else, which could not be read to an end, or too large.
    OSError
        If it is missing, or cannot be read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > _MOST_HASHED:
            rule = f"must be a file of at most {_MOST_HASHED:,} bytes, is something else"
            raise ResultError(f"{path}: {rule}")
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def understood(what: object, done: str = "read") -> Iterator[None]:
    """Turn what values from elsewhere make a reader raise into one line about `what`."""
    try:
        yield
    except HopcliError:
        raise
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
        RecursionError,
    ) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ResultError(
            f"{what}: cannot be {done}: another version of hopcli wrote it ({reason:.160})"
        ) from None
