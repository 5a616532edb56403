"""Files in folders that may come from others: opened, moved and removed without following links.

Whoever passes a folder on decides what its names stand for: a file, a link, a pipe, a folder.
Everything that is written, locked, renamed or removed inside a folder goes through here, so
that a link stays inside unread, or is replaced itself. The folder that a user types may be a
link. What is only read may be one too, but must lead to a regular file.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hopcli import endings
from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "STAGING",
    "check_free",
    "check_made",
    "check_place",
    "is_file",
    "is_folder",
    "is_own",
    "open_own",
    "open_regular",
    "read_bytes",
    "write_file",
    "write_new",
]

_MOST_SHIPPED = 10**8  # bytes of a file that comes with hopcli

STAGING = ".hopcli-"
"""Begins the names of files and folders that are of no finished run."""

_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)
"""Flag for opening a pipe: do not wait for the other end."""


def is_folder(path: Path, *, links: bool = False) -> bool:
    """Whether a path is a folder, and no link to one unless links count.

    Raises
    ------
    ResultError
        If it lies below a folder that may not be entered.
    """
    return _is(stat.S_ISDIR, path, links=links)


def _is(kind: Callable[[int], bool], path: Path, *, links: bool) -> bool:
    try:
        return kind((path.stat() if links else path.lstat()).st_mode)
    except PermissionError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    except (OSError, ValueError):
        return False


def is_file(path: Path, *, links: bool = False) -> bool:
    """Whether a path is a regular file, and no link to one unless links count.

    Raises
    ------
    ResultError
        If it lies below a folder that may not be entered.
    """
    return _is(stat.S_ISREG, path, links=links)


def is_own(path: Path) -> bool:
    """Whether a path is free, or a regular file with this name alone."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(found.st_mode) and found.st_nlink <= 1


def open_own(path: Path, flags: int) -> int:
    """Open a file of ours for writing, made if it is not there.

    Parameters
    ----------
    path : Path
        The file.
    flags : int
        Of :func:`os.open`, besides those for making it.

    Returns
    -------
    int
        Its descriptor.

    Raises
    ------
    ResultError
        If it is a link, a pipe or anything else, or has a second name elsewhere.
    OSError
        If it cannot be opened.
    """
    refused = ResultError(f"{path}: must be a regular file or free, is something else: remove it")
    if not is_own(path):
        raise refused
    descriptor = os.open(path, flags | os.O_CREAT | _NO_LINK | _AT_ONCE, 0o666)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise refused
    return descriptor


def read_bytes(path: Path, most: int) -> bytes:
    """Read a regular file, or a link to one, whole.

    Parameters
    ----------
    path : Path
        The file.
    most : int
        Number of bytes that it may have.

    Raises
    ------
    ResultError
        If it is no regular file, such as a pipe or a device, or larger.
    OSError
        If it is missing, or cannot be read.
    """
    with open_regular(path, most) as file:
        return file.read(most)


def open_regular(path: Path, most: int) -> BinaryIO:
    """Open a regular file, or a link to one, for reading.

    Parameters
    ----------
    path : Path
        The file.
    most : int
        Number of bytes that it may have.

    Raises
    ------
    ResultError
        If it is no regular file, such as a pipe or a device, or larger.
    OSError
        If it is missing, or cannot be read.
    """
    flags = os.O_RDONLY | _AT_ONCE | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    found = os.fstat(descriptor)
    if stat.S_ISREG(found.st_mode) and found.st_size <= most:
        return open(descriptor, "rb")  # noqa: PTH123 - the caller closes it
    os.close(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise ResultError(f"{path}: must be a file, is something else")
    raise ResultError(f"{path}: must have at most {most:,} bytes, found {found.st_size:,}")


def check_made(folder: Path) -> None:
    """Refuse a link in place of a folder whose name no user has typed.

    Raises
    ------
    ResultError
        If it is one.
    """
    if folder.is_symlink():
        raise ResultError(f"{folder}: must be a folder, is a link: remove it or give --out")


def check_free(folder: Path, names: list[str]) -> None:
    """Refuse names that no file can have because a folder has them.

    Raises
    ------
    ResultError
        If there is one.
    """
    for name in names:
        if is_folder(folder / name):
            raise ResultError(f"{folder / name}: must be free for a file, is a folder")


def check_place(path: Path) -> None:
    """Refuse a place where no file can be written, before its content is made.

    Raises
    ------
    ResultError
        If something other than a file is there, or it cannot be written.
    """
    if not path.name:
        raise ResultError(f"{path}: must be a file to write to")
    if os.path.lexists(path) and not path.is_file():
        raise ResultError(f"{path}: must be free for a file, is something else")
    if not path.parent.is_dir():
        raise ResultError(f"{path}: must be in a folder that is there")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ResultError(f"{path}: must be in a folder to write to, {path.parent} is not writable")


def write_new(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Write files that come with hopcli into a folder of the user.

    Parameters
    ----------
    folder : Path
        The folder; it is made if it is missing.
    contents : mapping of str to bytes
        Contents by name, which may have folders in it.

    Returns
    -------
    list of str
        Names of the files that were written; the others exist already.

    Raises
    ------
    ResultError
        If one of the files exists with other contents, so that nothing is written, or if the
        folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: cannot be written: it is no folder")
    new = [name for name, content in contents.items() if _is_new(folder / name, content)]
    for name in new:
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ResultError(f"{folder}: cannot be written: {error.strerror}") from None
        write_file(folder / name, functools.partial(Path.write_bytes, data=contents[name]))
    return new


def _is_new(path: Path, content: bytes) -> bool:
    """Return whether a file is missing; one that exists must have these contents."""
    try:
        if read_bytes(path, _MOST_SHIPPED) == content:
            return False
    except FileNotFoundError:
        return True
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror}") from None
    raise ResultError(f"{path}: has been changed, and is not overwritten; name another FOLDER")


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, and move it there.

    Parameters
    ----------
    path : Path
        The place; a link there is replaced itself.
    write : callable
        Writes into the path that it is given, which is a new, empty file.

    Raises
    ------
    ResultError
        If it cannot be written; an earlier file is unchanged then.
    """
    stage = path.with_name(f"{STAGING}{os.getpid()}-{path.name}"[:200])
    try:
        stage.unlink(missing_ok=True)
        os.close(os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666))
        write(stage)
        stage.replace(path)
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(OSError):
            stage.unlink(missing_ok=True)
    endings.wrote(path)
