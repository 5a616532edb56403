"""Files in folders that may come from others: opened, moved and removed without following links.

In a folder from somebody else, a name may be a file, a link, a pipe or a folder. All writing,
locking, renaming and removing inside a folder therefore uses this module: it never follows a
link, but may replace the link itself. The folder given by the user may be a link. Files that are
only read may be links too, but must lead to a regular file.
"""

from __future__ import annotations

import contextlib
import functools
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hopcli import endings
from hopcli.errors import ResultError, io_errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_SHIPPED = 10**8  # bytes of a file included in hopcli

STAGING = ".hopcli-"
"""Prefix of the names of files and folders that belong to no finished run."""

_NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_AT_ONCE: int = getattr(os, "O_NONBLOCK", 0)
"""Flag for opening a pipe: do not wait for the other end."""


def is_folder(path: Path, *, links: bool = False) -> bool:
    """Return whether a path is a folder; a link to a folder counts only if links do.

    Raises
    ------
    ResultError
        If it lies below a folder that may not be entered.
    """
    return _is(stat.S_ISDIR, path, links=links)


def _is(kind: Callable[[int], bool], path: Path, *, links: bool) -> bool:
    with io_errors(path):
        try:
            return kind((path.stat() if links else path.lstat()).st_mode)
        except PermissionError:
            raise
        except (OSError, ValueError):
            return False


def is_file(path: Path, *, links: bool = False) -> bool:
    """Return whether a path is a regular file; a link to a file counts only if links do.

    Raises
    ------
    ResultError
        If it lies below a folder that may not be entered.
    """
    return _is(stat.S_ISREG, path, links=links)


def is_there(path: Path) -> bool:
    """Return whether a path exists, also as a link that leads nowhere.

    Raises
    ------
    ResultError
        If it lies below a folder that may not be entered.
    """
    return _is(lambda _: True, path, links=False)


def is_own(path: Path) -> bool:
    """Return whether a path is free, or a regular file without other hard links."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return True
    return stat.S_ISREG(found.st_mode) and found.st_nlink <= 1


def open_own(path: Path, flags: int) -> int:
    """Open a file of hopcli for writing, and create it if it is missing.

    Parameters
    ----------
    path : Path
        The file.
    flags : int
        Flags for :func:`os.open`, besides those that create the file.

    Returns
    -------
    int
        Descriptor of the open file.

    Raises
    ------
    ResultError
        If the path is a link, a pipe or another special file, or has a second hard link.
    OSError
        If it cannot be opened.
    """
    refused = ResultError(f"{path}: not a regular file: remove it")
    if not is_own(path):
        raise refused
    descriptor = os.open(path, flags | os.O_CREAT | _NO_LINK | _AT_ONCE, 0o666)
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(descriptor)
        raise refused
    return descriptor


def read_bytes(path: Path, most: int) -> bytes:
    """Read all bytes of a regular file, or of a link to one.

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
    """Raise an error if a folder that the user did not name is a link.

    Raises
    ------
    ResultError
        If the folder is a link.
    """
    if folder.is_symlink():
        raise ResultError(f"{folder}: is a link, not a folder: remove it or give --out")


def check_free(folder: Path, names: list[str]) -> None:
    """Raise an error if a folder has the name of a file to write.

    Raises
    ------
    ResultError
        If there is such a folder.
    """
    for name in names:
        if is_folder(folder / name):
            raise ResultError(f"{folder / name}: is a folder, but a file needs this name")


def check_place(path: Path) -> None:
    """Raise an error, before content is made, if no file can be written to a place.

    Raises
    ------
    ResultError
        If the path exists but is not a file, or it cannot be written.
    """
    if not path.name:
        raise ResultError(f"{path}: must be a file to write to")
    if os.path.lexists(path) and not path.is_file():
        raise ResultError(f"{path}: exists and is not a file; choose another path")
    if not path.parent.is_dir():
        raise ResultError(f"{path}: the folder {path.parent} does not exist")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise ResultError(f"{path}: the folder {path.parent} is not writable")


def write_new(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Write files included in hopcli into a folder of the user.

    Parameters
    ----------
    folder : Path
        The folder, created if necessary.
    contents : mapping of str to bytes
        Contents by name; a name may include folders.

    Returns
    -------
    list of str
        Names of the written files; the others exist already.

    Raises
    ------
    ResultError
        If a file exists with other contents (then nothing is written), or if the folder
        cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise ResultError(f"{folder}: cannot be written: it is not a folder")
    new = [name for name, content in contents.items() if _is_new(folder / name, content)]
    for name in new:
        with io_errors(folder, "written"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_file(folder / name, functools.partial(Path.write_bytes, data=contents[name]))
    return new


def _is_new(path: Path, content: bytes) -> bool:
    """Return whether a file is missing; an existing file must have these contents."""
    with io_errors(path):
        if not path.exists():
            return True
        if read_bytes(path, _MOST_SHIPPED) == content:
            return False
    raise ResultError(f"{path}: was changed, and is not overwritten; name another FOLDER")


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a temporary file, and move it into place.

    Parameters
    ----------
    path : Path
        The file; an existing link is replaced, not followed.
    write : callable
        Writes into a given path, a new and empty file.

    Raises
    ------
    ResultError
        If it cannot be written; an earlier file is unchanged then.
    """
    stage = path.with_name(f"{STAGING}{os.getpid()}-{path.name}"[:200])
    try:
        with io_errors(path, "written"):
            stage.unlink(missing_ok=True)
            os.close(os.open(stage, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, 0o666))
            write(stage)
            stage.replace(path)
    finally:
        with contextlib.suppress(OSError):
            stage.unlink(missing_ok=True)
    endings.wrote(path)
