"""A run folder: files made out of sight, then published as one, whatever is killed when.

A run is made in a hidden folder beside its place, complete and hashed. One rename of that
folder publishes it: from then on it is the run. Its files are then moved to where users
look for them, the manifest last. If that is interrupted, the next that reads or writes
the run finds the hidden folder and moves the rest. Other files are left alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli.errors import ResultError
from hopcli.results.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "STAGING",
    "check_file",
    "files_in",
    "publish",
    "publish_run",
    "read_json",
    "settle",
    "sha256_of",
    "uninterrupted",
    "writing",
]

STAGING = ".hopcli-"
"""How the names of what is not yet a run begin."""

_EARLIER = ".earlier"  # the manifest that was there before, in the folder of a published run
_PATIENCE = 10.0  # seconds, many times what moving files takes


@contextlib.contextmanager
def writing(folder: Path, command: str) -> Iterator[Path]:
    """A place to make files in; what the system refuses is told in one line."""
    try:
        with _staging(folder, command) as stage:
            yield stage
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def _staging(folder: Path, command: str) -> Iterator[Path]:
    """A hidden folder inside `folder`, on the same file system; gone afterwards."""
    with locked(folder, command):
        settle(folder, command)
        _sweep_up(folder, command)
        stage = Path(tempfile.mkdtemp(prefix=f"{STAGING}{command}-{os.getpid()}-", dir=folder))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def _sweep_up(folder: Path, command: str) -> None:
    """Remove what killed runs of this command left half-made."""
    for left in folder.glob(f"{STAGING}{command}-*-*"):
        made_by = re.fullmatch(re.escape(f"{STAGING}{command}-") + r"(\d{1,9})-\w+", left.name)
        if made_by is None:
            continue
        if sys.platform == "win32":  # where asking after a process would end it
            continue
        try:
            os.kill(int(made_by[1]), 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue


def publish(stage: Path, folder: Path, names: list[str]) -> None:
    """Move files into place."""
    _check_free(folder, names)
    for name in names:
        (stage / name).replace(folder / name)


def _check_free(folder: Path, names: list[str]) -> None:
    for name in names:
        if (folder / name).is_dir():
            raise ResultError(f"{folder / name}: must be free for a file, is a folder")


def publish_run(stage: Path, folder: Path, command: str, manifest: dict[str, Any]) -> None:
    """Make a staged run the one of this folder.

    What the earlier manifest names and this one does not, such as a picture of what was
    there before, is removed.
    """
    names, last = files_in(stage), f"{command}.json"
    (stage / last).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    _check_free(folder, [*names, last])
    with uninterrupted():
        stage.replace(_published(folder, command))
        _move_in(folder, command)


def settle(folder: Path, command: str) -> None:
    """Finish the publication of a run, if one was interrupted.

    Raises
    ------
    ResultError
        If files cannot be moved, or another process does not come to an end with it.
    """
    if not _published(folder, command).is_dir():
        return
    with locked(folder, command, _PATIENCE), uninterrupted():
        try:
            _move_in(folder, command)
        except OSError as error:
            reason = error.strerror or error
            raise ResultError(f"{folder}: an interrupted run must be moved in: {reason}") from error


def _published(folder: Path, command: str) -> Path:
    """The hidden folder of a run that is published, until its files have moved in."""
    return folder / f"{STAGING}{command}-published"


def _move_in(folder: Path, command: str) -> None:
    """Move the files of a published run to their places; can be interrupted and repeated.

    The manifest is away while files of two runs are mixed, and comes last.
    """
    published, last = _published(folder, command), f"{command}.json"
    earlier = published / _EARLIER
    if (published / last).exists():
        if (folder / last).exists():
            (folder / last).replace(earlier)
        names = [name for name in files_in(published) if name not in (last, _EARLIER)]
        kept = json.loads((published / last).read_text(encoding="utf-8"))["outputs"]
        for name in set(_outputs(earlier, folder)) - set(kept):
            (folder / name).unlink(missing_ok=True)
        publish(published, folder, names)
        (published / last).replace(folder / last)
    shutil.rmtree(published, ignore_errors=True)


def _outputs(manifest: Path, folder: Path) -> list[str]:
    """Files that an earlier manifest names, as far as they are plain files of the folder."""
    try:
        names = list(json.loads(manifest.read_text(encoding="utf-8"))["outputs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [
        name
        for name in names
        if isinstance(name, str) and re.fullmatch(r"[^/\\\0]+", name) and (folder / name).is_file()
    ]


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Hold back an interrupt or a polite kill for the moment of moving files."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda n, _: held.append(n)) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
        for caught in held:
            signal.raise_signal(caught)


def read_json(path: Path) -> dict[str, Any]:
    """Read a manifest, of whatever version, of a run whose files are all in place."""
    settle(path.parent, path.stem)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ResultError(f"{path}: no finished run of {path.stem!r} here") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ResultError(f"{path}: cannot be read: {error}") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("outputs"), dict):
        raise ResultError(f"{path}: must be a manifest that hopcli wrote, is something else")
    return manifest


def check_file(folder: Path, path: Path, name: str, expected: str | None) -> None:
    """Hold a file to its manifest.

    Raises
    ------
    ResultError
        If it is missing or another.
    """
    file = folder / name
    found = sha256_of(file) if file.is_file() else "no file"
    if found != expected:
        raise ResultError(f"{file}: must have SHA-256 {expected} by {path.name}, found {found}")


def files_in(stage: Path) -> list[str]:
    """The names of the files of a folder, sorted."""
    return sorted(path.name for path in stage.iterdir())


def sha256_of(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
