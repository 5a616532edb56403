"""The finished parts of an unfinished run: asked for again, it goes on where it was stopped.

They are lines of one hidden file in the run folder, a line a part with its checksum, added
about once a second and when the run is stopped. A line that is not whole is a part that was
not finished. The file is named by everything that decides the numbers, the code too.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections import UserDict
from typing import TYPE_CHECKING

import numpy as np

from hopcli import __version__, streams
from hopcli.errors import ResultError
from hopcli.results.files import STAGING, is_folder, is_own, open_own, read_bytes
from hopcli.results.folder import uninterrupted
from hopcli.results.provenance import code_digest

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["KeptParts", "discard_parts"]

_EVERY = 1.0  # seconds between two times that parts are written
_MOST_BYTES = 2**28  # of a file of parts
_OF_HASH = 16  # hexadecimal digits that are enough


class KeptParts(UserDict[int, "NDArray[np.float64]"]):
    """The finished parts of a run by their number, of this sitting and of those before.

    What cannot be written, as on a full disk, is kept for this sitting alone.

    Parameters
    ----------
    folder : Path
        Where the run will be; has to be there, and locked.
    key : str
        Its key, :func:`hopcli.results.key`. Parts of other code are others.
    n_parts : int
        Number of parts of the run; a line of a higher number is left out.

    Attributes
    ----------
    path : Path
        The file.
    n_written : int
        Number of parts that are in the file.
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

    def __setitem__(self, number: int, part: NDArray[np.float64]) -> None:
        super().__setitem__(number, part)
        self._unwritten[number] = _line(number, part)
        if time.monotonic() >= self._next:
            self.write()

    def write(self) -> None:
        """Write what is finished and is not in the file."""
        with uninterrupted(), contextlib.suppress(OSError):
            if self._unwritten:
                with open(open_own(self.path, os.O_WRONLY | os.O_APPEND), "ab") as file:  # noqa: PTH123
                    # Begun anew: the last line may not be whole.
                    file.write(b"\n" + b"".join(self._unwritten.values()))
                self.n_written += len(self._unwritten)
                self._unwritten.clear()
        self._next = time.monotonic() + _EVERY


def discard_parts(folder: Path) -> None:
    """Remove the parts of all runs that a folder was to hold."""
    for path in folder.glob(f"{STAGING}*.parts"):
        if not is_folder(path):  # which nobody of us has made
            path.unlink(missing_ok=True)


def _line(number: int, part: NDArray[np.float64]) -> bytes:
    # Numbers as Python writes them are read back as the same numbers.
    said = json.dumps([number, part.tolist()]).encode()
    return _checksum(said) + b" " + said + b"\n"


def _read(path: Path, n_parts: int) -> dict[int, NDArray[np.float64]]:
    """The parts of a file; those that are damaged will be made again."""
    parts: dict[int, NDArray[np.float64]] = {}
    if not is_own(path):
        raise ResultError(f"{path}: must be a file that hopcli made, is something else: remove it")
    try:
        lines = read_bytes(path, _MOST_BYTES).split(b"\n")
    except OSError:  # none, or unreadable
        return {}
    for line in lines:
        checksum, _, said = line.partition(b" ")
        if checksum != _checksum(said):
            continue
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            number, values = json.loads(said)
            if type(number) is int and 0 <= number < n_parts:
                parts[number] = np.array(values, dtype=np.float64)
    return parts


def _checksum(said: bytes) -> bytes:
    return hashlib.sha256(said).hexdigest()[:_OF_HASH].encode()
