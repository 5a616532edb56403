"""Finished parts of an interrupted run, from which the same command continues.

A hidden file in the run folder contains one line with a checksum per part. Lines are added about
once per second and when the run is stopped. An incomplete line counts as an unfinished part.
The file name depends on everything that determines the numbers, including the code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections import UserDict
from typing import TYPE_CHECKING

from hopcli import __version__, streams
from hopcli.errors import ResultError
from hopcli.records import Floats, np
from hopcli.results.files import STAGING, is_folder, is_own, open_own, read_bytes
from hopcli.results.folder import uninterrupted
from hopcli.results.provenance import code_digest

if TYPE_CHECKING:
    from pathlib import Path


_EVERY = 1.0  # seconds between writes
_MOST_BYTES = 2**28  # size of a file of parts
_OF_HASH = 16  # hexadecimal digits of the hash in the name


class KeptParts(UserDict[int, "Floats"]):
    """Finished parts of a run by number, from this process and from earlier ones.

    Parts that cannot be written, for example on a full disk, are kept only in this process.

    Parameters
    ----------
    folder : Path
        Folder of the run, which must exist and be locked.
    key : str
        Its key, :func:`hopcli.results.key`. Other code uses another file.
    n_parts : int
        Number of parts of the run; lines with a higher number are ignored.

    Attributes
    ----------
    path : Path
        The file.
    n_written : int
        Number of parts in the file.
    """

    def __init__(self, folder: Path, key: str, n_parts: int) -> None:
        super().__init__()
        decides = json.dumps([key, __version__, streams.VERSION, code_digest()])
        name = hashlib.sha256(decides.encode()).hexdigest()[:_OF_HASH]
        self.path = folder / f"{STAGING}{name}.parts"
        self.data = _read(self.path, n_parts)
        self.n_written = len(self.data)
        self._unwritten: dict[int, bytes] = {}
        self._next = time.monotonic() + _EVERY

    def __setitem__(self, number: int, part: Floats) -> None:
        super().__setitem__(number, part)
        # Numbers in Python's notation are read back unchanged.
        text = json.dumps([number, part.tolist()]).encode()
        self._unwritten[number] = _checksum(text) + b" " + text + b"\n"
        if time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Write the finished parts that are not yet in the file."""
        with uninterrupted(), contextlib.suppress(OSError):
            if self._unwritten:
                with open(open_own(self.path, os.O_WRONLY | os.O_APPEND), "ab") as file:  # noqa: PTH123
                    # Rewritten completely: the last line may be incomplete.
                    file.write(b"\n" + b"".join(self._unwritten.values()))
                self.n_written += len(self._unwritten)
                self._unwritten.clear()
        self._next = time.monotonic() + _EVERY


def discard_parts(folder: Path) -> None:
    """Remove the parts of all interrupted runs of a folder."""
    for path in folder.glob(f"{STAGING}*.parts"):
        if not is_folder(path):  # hopcli makes no such folder
            path.unlink(missing_ok=True)


def _read(path: Path, n_parts: int) -> dict[int, Floats]:
    """Read the parts of a file; damaged parts will be computed again."""
    parts: dict[int, Floats] = {}
    if not is_own(path):
        raise ResultError(f"{path}: not a file made by hopcli: remove it")
    try:
        lines = read_bytes(path, _MOST_BYTES).split(b"\n")
    except OSError:  # missing or unreadable
        return {}
    for line in lines:
        checksum, _, text = line.partition(b" ")
        if checksum != _checksum(text):
            continue
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            number, values = json.loads(text)
            if type(number) is int and 0 <= number < n_parts:
                parts[number] = np.array(values, dtype=np.float64)
    return parts


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest()[:_OF_HASH].encode()
