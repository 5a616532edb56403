"""Writing a run folder: one process at a time, and either all files of a run or none.

The files of a run are made in a hidden folder inside its folder, complete and hashed. One rename
of the hidden folder publishes the run. Its files then move to their final places, the manifest
last. Readers find each file in either place, and the next writing process completes an
interrupted publication. Other files are not changed, and no link is followed.

The hidden folder is inside the run folder, because the run folder may be a mount point, or its
parent may not be writable.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli import endings
from hopcli.errors import ResultError, io_errors
from hopcli.results.files import (
    STAGING,
    check_free,
    is_file,
    is_folder,
    open_own,
    open_regular,
)
from hopcli.results.manifest import (
    EVERY,
    MOST_BYTES,
    PUBLISHED,
    open_manifest,
    published,
    read_outputs,
    sha256_of,
)
from hopcli.results.provenance import own_commit, versions

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOCK = f"{STAGING}lock"
_STAGE = ".stage"  # suffix of folders in which files are made
_MOST_BYTES = 4096  # size of the lock file
_TRIES = 100  # attempts to make a folder that another process removes
_own = threading.local()  # locks of this thread, which it may take again


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder against writing by other processes, and tidy up after a killed process.

    The operating system manages the lock, so the lock of a killed process is free at once. The
    folder is created if necessary, and removed afterwards if it is empty.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Raises
    ------
    ResultError
        If another process has the lock, or the folder cannot be written.
    """
    held: set[Path] = _own.__dict__.setdefault("held", set())
    path = folder.absolute() / _LOCK
    if path in held:
        yield
        return
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        with io_errors(folder, "written"):
            descriptor = _take(path, folder)
        held.add(path)
        try:
            with io_errors(folder, "written"):
                _tidy_up(folder)
            yield
        finally:
            held.remove(path)
            with contextlib.suppress(OSError):
                path.unlink()  # before the lock is free: the next process makes its own
            os.close(descriptor)
            if sys.platform == "win32":  # Windows cannot remove open files
                path.unlink(missing_ok=True)
    finally:
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()


def _take(path: Path, folder: Path) -> int:
    """Open and lock the lock file, and write the name of this process into it."""
    for attempt in range(_TRIES):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = open_own(path, os.O_RDWR)
        except (FileExistsError, FileNotFoundError):
            if attempt == _TRIES - 1:
                raise
            time.sleep(0.001)  # another process has just removed its own folder
            continue
        if not _lock(descriptor):
            holder = os.read(descriptor, 200).decode(errors="replace") or "another process"
            os.close(descriptor)
            raise ResultError(
                f"{folder}: {holder} is writing it; wait for it to end, or use another folder"
            )
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(path.stat(), os.fstat(descriptor)):
                break  # otherwise its holder has removed it meanwhile
        os.close(descriptor)
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}, {began},".encode())
    except OSError:  # the disk is full
        path.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Lock a file unless another process has locked it; True if locks are not supported."""
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _MOST_BYTES, os.SEEK_SET)  # a locked byte cannot be read
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            os.lseek(descriptor, 0, os.SEEK_SET)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        os.lseek(descriptor, 0, os.SEEK_SET)
        return False
    except OSError:  # a file system without locks
        return True
    return True


def is_locked(folder: Path) -> bool:
    """Return whether a process is writing a folder, without writing anything."""
    try:
        with open_regular(folder / _LOCK, _MOST_BYTES) as file:
            return not _lock(file.fileno(), shared=True)
    except OSError:
        return False


def _tidy_up(folder: Path) -> None:
    """Complete the publication of a killed process, and remove its unfinished files."""
    waiting = folder / PUBLISHED
    if os.path.lexists(waiting) and not is_folder(waiting):
        raise ResultError(f"{waiting}: not a folder made by hopcli: remove it")
    _move_in(folder)
    for left in folder.glob(f"{STAGING}*{_STAGE}"):
        shutil.rmtree(left, ignore_errors=True)


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Make a hidden folder for new files inside a locked folder, and remove it afterwards.

    Parameters
    ----------
    folder : Path
        Folder of the run.

    Raises
    ------
    ResultError
        If another process is writing the folder, or it cannot be written.
    """
    with io_errors(folder, "written"), locked(folder):
        stage = Path(tempfile.mkdtemp(prefix=STAGING, suffix=_STAGE, dir=folder))
        try:
            yield stage
        finally:
            shutil.rmtree(stage, ignore_errors=True)


def publish(stage: Path, folder: Path, names: list[str]) -> None:
    """Move files that belong to no run into place."""
    check_free(folder, names)
    with uninterrupted():
        for name in names:
            (stage / name).replace(folder / name)
        endings.wrote(folder, drawn=True)


def publish_new(stage: Path, folder: Path, command: str, values: Mapping[str, Any]) -> list[Path]:
    """Complete the manifest of a staged run, and replace the run of a folder by it.

    A repeated run with the same tables and arrays keeps its manifest, so that nothing changes
    in a version control system: versions, commit and duration stay those of the first run.

    Parameters
    ----------
    stage : Path
        Folder of the new files.
    folder : Path
        Folder of the run.
    command : str
        Its command.
    values : mapping
        Its manifest, except the command, versions, commit and outputs.

    Returns
    -------
    list of Path
        The files, the manifest last.
    """
    names = files_in(stage)
    manifest = {
        "command": command,
        **values,
        "versions": versions(),
        "source_commit": own_commit(),
        "outputs": {name: sha256_of(stage / name) for name in names},
    }
    manifest |= _first_made(folder / f"{command}.json", manifest)
    publish_run(stage, folder, command, manifest)
    return [folder / name for name in (*names, f"{command}.json")]


_OF_MAKING = ("versions", "source_commit", "duration_seconds")
_DECISIVE = ("hopcli", "streams")  # versions that a finished run must have to be kept


def _first_made(path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return versions, commit and duration of the run that is there, if it is the same."""
    try:
        earlier = dict(open_manifest(path))
    except ResultError:
        return {}
    has_same_files = manifest["outputs"].items() <= earlier["outputs"].items()  # or pictures too
    if not has_same_files or _lasting(manifest) != _lasting(earlier):
        return {}
    return {name: earlier[name] for name in _OF_MAKING if name in earlier}


def _lasting(manifest: Mapping[str, Any]) -> str:
    """Return what does not differ between repeated runs, as JSON."""
    decisive = {name: manifest["versions"].get(name) for name in _DECISIVE}
    return json.dumps({**manifest, **dict.fromkeys((*_OF_MAKING, "outputs")), "versions": decisive})


def publish_run(
    stage: Path, folder: Path, command: str, manifest: Mapping[str, Any], *, drawn: bool = False
) -> None:
    """Replace the run of a folder by a staged one.

    Files in the earlier manifest alone, such as a picture of earlier numbers, are removed if
    their content is that of the earlier run.

    Parameters
    ----------
    stage : Path
        Folder of the new files.
    folder : Path
        Folder of the run.
    command : str
        Its command.
    manifest : mapping
        Its manifest.
    drawn : bool
        Whether the staged run is the present one with added pictures.
    """
    names, last = files_in(stage), f"{command}.json"
    text = json.dumps(dict(manifest), indent=2) + "\n"
    if len(text) > MOST_BYTES:
        rule = f"must have a manifest of at most {MOST_BYTES:,} bytes"
        raise ResultError(f"{folder}: {rule}, has {len(text):,}")
    (stage / last).write_text(text, encoding="utf-8")
    check_free(folder, [*names, last])
    with uninterrupted():
        stage.replace(folder / PUBLISHED)
        endings.wrote(folder, drawn=drawn)
        _move_in(folder)


def _move_in(folder: Path) -> None:
    """Move the files of a published run to their places; can be interrupted and repeated."""
    waiting, last = folder / PUBLISHED, published(folder)
    if last is not None:
        outputs = read_outputs(last)
        earlier = [folder / f"{name}.json" for name in EVERY if is_file(folder / f"{name}.json")]
        for manifest in earlier:
            for name, sha256 in read_outputs(manifest).items():
                if name not in outputs and _is_of_earlier(folder / name, sha256):
                    (folder / name).unlink()
            manifest.unlink()  # no manifest while files of two runs are mixed
        for name in outputs:
            if is_file(waiting / name):
                (waiting / name).replace(folder / name)
        last.replace(folder / last.name)
    if is_folder(waiting):
        shutil.rmtree(waiting, ignore_errors=True)


def _is_of_earlier(file: Path, sha256: Any) -> bool:
    """Return whether a file belongs to an earlier run: a manifest may name any file."""
    with contextlib.suppress(OSError):
        return is_file(file) and sha256_of(file) == sha256
    return False


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Delay an interrupt or a termination until files are in place."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda n, _: caught.append(n)) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
        for late in caught:
            signal.raise_signal(late)


def files_in(stage: Path) -> list[str]:
    """Return the names of the files of a folder, sorted."""
    return sorted(path.name for path in stage.iterdir())
