"""One process at a time writes the run of a command in a folder."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import sys
import threading
import time
from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.results.files import open_own, open_regular

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["is_locked", "locked"]

_MOST_BYTES = 4096  # of the file of a lock

_own = threading.local()
"""The locks that this thread holds: what is locked may be locked again inside."""


@contextlib.contextmanager
def locked(folder: Path, command: str, patience: float = 0.0) -> Iterator[None]:
    """Keep others from writing the run of a command; the folder is made for it.

    The lock is the system's, on a file that says who has it, so that of a killed process
    is free at once. Folders that were made are gone afterwards if nothing is in them.

    Parameters
    ----------
    folder : Path
        Where the run is.
    command : str
        Which command; runs of others may be written meanwhile.
    patience : float
        Seconds to wait for a process that has the lock.

    Raises
    ------
    ResultError
        If another process has it, or the folder cannot be written.
    """
    held: set[Path] = _own.__dict__.setdefault("held", set())
    path = folder.absolute() / f".hopcli-{command}.lock"
    if path in held:
        yield
        return
    made = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        try:
            descriptor = _take(path, folder, patience)
        except ResultError:
            raise
        except OSError as error:
            raise ResultError(f"{folder}: cannot be written: {error.strerror or error}") from error
        held.add(path)
        try:
            yield
        finally:
            held.remove(path)
            path.unlink(missing_ok=True)  # before it is free: nobody loses another's file
            os.close(descriptor)
    finally:
        for place in made:
            with contextlib.suppress(OSError):
                place.rmdir()


def _take(path: Path, folder: Path, patience: float) -> int:
    """The file of the lock, opened and locked, with our name in it."""
    until = time.monotonic() + patience
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            descriptor = open_own(path, os.O_RDWR)
        except (FileExistsError, FileNotFoundError):
            if _is_no_folder(folder) or time.monotonic() >= until + 1:
                raise
            time.sleep(0.001)
            continue  # whoever had made the folder has just removed it
        if _lock(descriptor):
            if _is_still(path, descriptor):
                break
        elif time.monotonic() >= until:
            holder = os.read(descriptor, 200).decode(errors="replace") or "another process"
            os.close(descriptor)
            raise ResultError(
                f"{folder}: {holder} is writing it; wait for that to end, or take another folder"
            )
        else:
            time.sleep(0.02)
        os.close(descriptor)
    began = time.strftime("%Y-%m-%d %H:%M:%S")
    holder = f"process {os.getpid()} on {socket.gethostname()}, since {began},"
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, holder.encode())
    except OSError:  # the disk is full: what cannot be held is not left behind
        path.unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return descriptor


def is_locked(folder: Path, command: str) -> bool:
    """Whether a process is writing the run of a command; nothing is written to find that out."""
    try:
        with open_regular(folder / f".hopcli-{command}.lock", _MOST_BYTES) as file:
            return not _lock(file.fileno(), shared=True)
    except OSError:
        return False


def _is_no_folder(place: Path) -> bool:
    """Whether something else is there, which nobody will remove; False if nothing is."""
    try:
        return not stat.S_ISDIR(place.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:  # such as a link to itself
        return True


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Lock a file unless somebody else has; True also where there are no locks."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the file that was locked is the one by that name: its holder removes it."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
