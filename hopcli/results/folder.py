"""A run folder: files made out of sight, then published as one, whatever is killed when.

A run is made in a hidden folder beside its place, complete and hashed. One rename of that
folder publishes it: from then on it is the run. Its files are then moved to where users
look for them, the manifest last. If that is interrupted, readers find each file where it is,
and the next that writes the run moves the rest. Other files are left alone, and no link is
followed.
"""

from __future__ import annotations

import contextlib
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
from hopcli.results.files import Folder, check_free, is_file, is_folder, read_bytes, remember
from hopcli.results.forms import is_plain
from hopcli.results.lock import locked
from hopcli.results.manifest import MOST_BYTES, STAGING, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "STAGING",
    "files_in",
    "publish",
    "publish_run",
    "settle",
    "sha256_of",
    "uninterrupted",
    "writing",
]

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
    check_free(folder, names)
    with uninterrupted(), Folder(stage, links=False) as made, Folder(folder) as place:
        for name in names:
            made.move(name, place)
        remember(folder, "", drawn=True)


def publish_run(
    stage: Path, folder: Path, command: str, manifest: Mapping[str, Any], *, drawn: bool = False
) -> None:
    """Make a staged run the one of this folder.

    What the earlier manifest names and this one does not, such as a picture of what was
    there before, is removed if its content is that of the earlier run.

    Parameters
    ----------
    stage : Path
        Where its files are.
    folder : Path
        Where they are to be.
    command : str
        Its command.
    manifest : mapping
        Its manifest.
    drawn : bool
        Whether it is the run that is there with pictures of it.
    """
    names, last = files_in(stage), f"{command}.json"
    said = json.dumps(dict(manifest), indent=2) + "\n"
    if len(said) > MOST_BYTES:
        rule = f"must have a manifest of at most {MOST_BYTES:,} bytes"
        raise ResultError(f"{folder}: {rule}, has {len(said):,}")
    (stage / last).write_text(said, encoding="utf-8")
    check_free(folder, [*names, last])
    _check_way(folder, command)
    with uninterrupted():
        stage.replace(_waiting(folder, command))
        remember(folder, command, drawn=drawn)
        _move_in(folder, command)


def settle(folder: Path, command: str) -> None:
    """Finish the publication of a run, if one was interrupted.

    Raises
    ------
    ResultError
        If files cannot be moved, or another process does not come to an end with it; or if
        what is there by that name was not made by hopcli.
    """
    _check_way(folder, command)
    if not is_folder(_waiting(folder, command)):
        return
    with locked(folder, command, _PATIENCE), uninterrupted():
        try:
            _move_in(folder, command)
        except OSError as error:
            reason = error.strerror or error
            raise ResultError(f"{folder}: an interrupted run must be moved in: {reason}") from error


def _waiting(folder: Path, command: str) -> Path:
    """The hidden folder of a run that is published, until its files have moved in."""
    return folder / f"{STAGING}{command}-published"


def _check_way(folder: Path, command: str) -> None:
    """Refuse a link, or anything else that is no folder, where a published run has to be."""
    waiting = _waiting(folder, command)
    if os.path.lexists(waiting) and not is_folder(waiting):
        raise ResultError(f"{waiting}: must be a folder that hopcli made, is none: remove it")


def _move_in(folder: Path, command: str) -> None:
    """Move the files of a published run to their places; can be interrupted and repeated.

    The manifest is away while files of two runs are mixed, and comes last.
    """
    waiting, last = _waiting(folder, command), f"{command}.json"
    if not is_folder(waiting):
        return
    with Folder(folder) as place, Folder(waiting, links=False) as made:
        if made.holds_file(last):
            if place.holds_file(last):
                place.move(last, made, _EARLIER)
            kept = set(_outputs(waiting / last))
            for name, sha256 in _outputs(waiting / _EARLIER).items():
                if name not in kept and _is_of_earlier(folder / name, sha256):
                    place.remove(name)
            for name in made.names():
                if name in kept and made.holds_file(name):
                    check_free(folder, [name])
                    made.move(name, place)
            made.move(last, place)
    shutil.rmtree(waiting, ignore_errors=True)


def _outputs(manifest: Path) -> dict[str, Any]:
    """Files that a manifest names, as far as they are files of its folder, and their hashes."""
    try:
        outputs = dict(json.loads(read_bytes(manifest, MOST_BYTES))["outputs"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {name: sha256 for name, sha256 in outputs.items() if is_plain(name)}


def _is_of_earlier(file: Path, sha256: Any) -> bool:
    """Return whether a file is that of an earlier run: a manifest may name any other."""
    with contextlib.suppress(OSError, ResultError):
        return is_file(file) and sha256_of(file) == sha256
    return False


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


def files_in(stage: Path) -> list[str]:
    """The names of the files of a folder, sorted."""
    return sorted(path.name for path in stage.iterdir())
