"""The manifest of a run, a grid or verdicts: read once, with every value checked.

A manifest may come from somebody else, so it is checked like any other input: file names must
be names of files in the folder, hashes must be hashes, and numbers finite. For entries of a
single command, this module checks only the JSON type; the command checks the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections import UserDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import DataError, HopcliError, ResultError, io_errors
from hopcli.results.files import STAGING, is_file, is_folder, is_there, open_regular, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.config import Setting


GRID = "grid"
"""Name of the command in the manifest of a grid of runs."""


def is_plain(name: object) -> bool:
    """Return whether a name is valid for a visible file on every system."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"(?!\.)[^/\\\0]{1,255}", name) is not None
        and name.isprintable()
    )


def is_hash(value: object) -> bool:
    """Return whether a value is a SHA-256 in 64 hexadecimal digits."""
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


_COLUMN = re.compile(r": (boolean|integer|number|text)\Z")


def _is_tables(value: object) -> bool:
    return isinstance(value, dict) and all(
        is_plain(f"{name}.csv") and _fits(columns, [str]) and all(map(_COLUMN.search, columns))
        for name, columns in value.items()
    )


def _fits(value: object, form: Any) -> bool:
    """Return whether a value of a manifest has a form.

    Parameters
    ----------
    value : object
        The value in JSON form; ``...`` if there is none.
    form : object
        A type, a value, a function that tests the value, a list with the form of all items, a
        mapping of the forms of named values and of all others (``...``), or a tuple of
        alternatives.
    """
    if isinstance(form, tuple):
        return any(_fits(value, one) for one in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(item, form[0]) for item in value)
    if isinstance(form, dict):
        every = form.get(..., object)
        return (
            isinstance(value, dict)
            and all(_fits(value.get(name, ...), one) for name, one in form.items() if name != ...)
            and (every is object or all(_fits(item, every) for item in value.values()))
        )
    if isinstance(form, type):
        return type(value) is form
    return bool(form(value)) if callable(form) else value is form


_DATA = {"name": str, "sha256": str, ...: str}
_TEXTS = (..., [str])

_EVERY: dict[str, Any] = {"versions": {"hopcli": str, ...: str}, "tables": _is_tables}
_OF_RUN: dict[str, Any] = {
    "config": {"grid": ...},
    "given": (None, dict),
    "key": is_hash,
    "seed": (None, int),
    "dataset": _DATA,
    "inputs": {...: str},
    "patterns": (None, {"dataset": _DATA, "labels": [str], "source_index": [(None, int)]}),
    "execution": dict,
    **_EVERY,
    "source_commit": (None, str),
    "duration_seconds": lambda value: type(value) in (int, float) and 0 <= value < 1e12,
    "notes": {"warnings": _TEXTS, "findings": _TEXTS},
    "arrays": [is_plain],
}
_OF_GRID: dict[str, Any] = {
    "config": {"command": str, "grid": dict, "plot": (..., dict)},
    **_EVERY,
    **{name: _OF_RUN[name] for name in ("source_commit", "duration_seconds", "notes")},
}


def faults(command: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Find the entries of a manifest that hopcli cannot have written.

    Parameters
    ----------
    command : str
        The expected command.
    values : mapping
        The entries.

    Yields
    ------
    str
        A broken rule, and the value found.
    """
    outputs = values["outputs"]
    for name, hashed in outputs.items():
        if not is_plain(name):
            yield f"must name files of its folder, found {name!r:.80}"
        elif not is_hash(hashed):
            yield f"must have the SHA-256 of {name}, found {hashed!r:.80}"
    if values.get("command") != command:
        yield f"must be of the command {command}, found {values.get('command')!r:.80}"
    of_run = command in catalogue.CATALOGUE
    form = _OF_RUN if of_run else _OF_GRID if command == GRID else _EVERY
    bad = [name for name, one in form.items() if not _fits(values.get(name), one)]
    for name in bad:
        yield f"must have {name} as hopcli writes it, found {values.get(name)!r:.80}"
    if bad:
        return
    if of_run:
        yield from _faults_of_execution(command, values["execution"])
    files = [f"{name}.csv" for name in values["tables"]]
    for name in (*files, *(f"{name}.npz" for name in values.get("arrays", ()))):
        if name not in outputs:
            yield f"must have a hash of {name!r:.80} among its outputs, has none"


def _faults_of_execution(command: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Find invalid execution settings; unknown ones of another version are accepted."""
    known: Mapping[str, Setting] = catalogue.entry(command).execution.settings()
    for name, value in settings.items():
        if name not in known or value is None:
            continue
        try:
            known[name].kind.check(value)
        except ValueError as error:
            yield f"execution: {name} {error}, found {value!r:.80}"


PUBLISHED = f"{STAGING}published"
"""Name of the hidden folder of a run that is published, until its files have moved."""

STORE = "grid.sqlite"
"""Name of the store of a grid."""

RUNS = (*catalogue.CATALOGUE, GRID)
"""Commands of runs, in the order of the catalogue, and ``grid``."""

EVERY = (*RUNS, "reproduce")
"""Everything with a manifest; the manifest has this name."""

MOST_BYTES = 32_000_000
"""Largest size of a manifest."""

_MOST_HASHED = 2**34  # bytes of a file
_DEEPEST = 12  # levels of nested values
OF_DAMAGE = (
    *(ArithmeticError, AssertionError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError),
)
"""Errors caused by values of another kind or shape."""

_NO_FILE = "no file"


class Manifest(UserDict[str, Any]):
    """Checked manifest of a finished run.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    command : str
        Its command, or ``grid`` or ``reproduce``.
    values : dict
        Its entries.
    """

    def __init__(self, folder: Path, command: str, values: dict[str, Any]) -> None:
        self.folder = folder
        self.command = command
        self.path = folder / f"{command}.json"
        super().__init__(values)

    def file(self, name: str) -> Path:
        """Return the current path of a file: its final place, or that before publication ends."""
        waiting = self.folder / PUBLISHED / name
        is_waiting = published(self.folder) is not None and is_file(waiting)
        return waiting if is_waiting else self.folder / name

    def check(self, name: str) -> Path:
        """Verify a file against its hash.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ResultError
            If it is missing, different, not in the manifest, or unreadable.
        """
        expected = self["outputs"].get(name)
        if expected is None:
            rule = f"no hash of {name!r:.80} among its outputs"
            raise ResultError(f"{self.path}: {rule}")
        found = _NO_FILE
        for _ in range(2):  # a writer may move the file between look-up and reading
            file = self.file(name)
            with io_errors(self.folder / name), contextlib.suppress(FileNotFoundError):
                found = sha256_of(file)
                break
        if found != expected:
            rule = f"SHA-256 is {found}, but {self.path.name} says {expected}"
            raise ResultError(f"{self.folder / name}: {rule}")
        return file

    def lacks(self) -> list[str]:
        """Return the names of missing files."""
        return [name for name in self["outputs"] if not self.file(name).is_file()]


def published(folder: Path) -> Path | None:
    """Return the manifest of a published run that has not yet moved to its place."""
    waiting = folder / PUBLISHED
    if not is_folder(waiting):
        return None
    manifests = (waiting / f"{name}.json" for name in EVERY)
    return next((path for path in manifests if is_file(path)), None)


def finished_in(folder: Path) -> list[str]:
    """Return the commands, from ``RUNS``, with a finished run in a folder; usually one.

    Raises
    ------
    ResultError
        If the folder may not be entered.
    """
    return [name for name in _held(folder) if name in RUNS]


def _held(folder: Path) -> list[str]:
    waiting = published(folder)
    return (
        [name for name in EVERY if is_there(folder / f"{name}.json")]
        if waiting is None
        else [waiting.stem]
    )


def command_in(folder: Path) -> str:
    """Return the command of the run in a folder.

    Raises
    ------
    ResultError
        If the folder contains no finished run, or several.
    """
    names = finished_in(folder)
    if len(names) != 1:
        what = f"several runs: {', '.join(names)}" if names else "no finished run"
        raise ResultError(f"{folder}: contains {what}")
    return names[0]


def check_alone(folder: Path, command: str, *, replace: bool = False) -> None:
    """Raise an error if a folder contains a run of another command, or a grid.

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
    for other in [*_held(folder), *[GRID] * is_there(folder / STORE)]:
        are_runs = {other, command} <= catalogue.CATALOGUE.keys()
        if other != command and not (replace and are_runs):
            or_replace = ", or --overwrite to replace it" * are_runs
            what = {GRID: "a grid", "reproduce": "verdicts"}.get(other, f"a run of {other}")
            raise ResultError(f"{folder}: contains {what}; give --out another folder{or_replace}")


def open_manifest(path: Path, command: str | None = None) -> Manifest:
    """Read a manifest of any version; nothing is written.

    Parameters
    ----------
    path : Path
        Path of the manifest.
    command : str, optional
        The expected command; by default the name of the file. If empty, any command.

    Raises
    ------
    ResultError
        If there is no manifest, or hopcli cannot have written it.
    """
    values = read_values(path)
    wanted = path.stem if command is None else command or str(values.get("command"))
    for fault in faults(wanted, values):
        raise ResultError(f"{path}: {fault}")
    return Manifest(path.parent, wanted, values)


def read_values(path: Path) -> dict[str, Any]:
    """Read the entries of a manifest; only its general form is checked.

    Raises
    ------
    ResultError
        If the file is missing, or is not a manifest.
    """
    waiting = published(path.parent)
    is_waiting = waiting is not None and waiting.name == path.name
    with io_errors(path):
        try:
            content = read_bytes(waiting if waiting and is_waiting else path, MOST_BYTES)
        except FileNotFoundError:
            raise ResultError(f"{path}: no finished run of {path.stem!r} here") from None
    try:
        values = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path}: cannot be read: {error!s:.80}") from None
    if not isinstance(values, dict) or not isinstance(values.get("outputs"), dict):
        raise ResultError(f"{path}: not a manifest written by hopcli")
    if not _is_shallow(values, _DEEPEST):
        raise ResultError(f"{path}: not a manifest written by hopcli: nested too deeply")
    return values


def read_outputs(manifest: Path) -> dict[str, Any]:
    """Return the files in a manifest with their hashes; empty if it cannot be read."""
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
    """Compute the hash of a regular file, or of a link to one.

    Raises
    ------
    ResultError
        If it is not a regular file, which might never end, or too large.
    OSError
        If it is missing, or cannot be read.
    """
    with open_regular(path, _MOST_HASHED) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # of bytes


@contextlib.contextmanager
def understood(
    what: object, done: str = "read", passes: tuple[type[HopcliError], ...] = ()
) -> Iterator[None]:
    """Convert errors of a reader of foreign values into a one-line error about `what`.

    Parameters
    ----------
    what : object
        The file or folder of the values.
    done : str
        The failed action, as a participle.
    passes : tuple of type
        Errors that are not converted, besides those about files.
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
