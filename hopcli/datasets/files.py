"""Readable files: regular ones within limits, with known hashes if they ship with hopcli.

The size that a file declares is compared with the limits before memory is allocated.
"""

from __future__ import annotations

import hashlib
import math
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hopcli.data import SHIPPED_SHA256
from hopcli.errors import DataError, HopcliError, HopcliWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_BYTES = 2**31
"""Most bytes of one array, and most grey values of a source (EMNIST, the largest, has 0.64e9)."""

MAX_IMAGES = 2_000_000
"""Most images of a source."""

MAX_LINES = 2**20
"""Most lines of a text file of patterns (EMNIST's largest set as CSV has 0.70e6)."""

MAX_PIXELS = 4_000_000
"""Largest picture in pixels; networks of this many spins are far too large to use."""

MAX_READ = 100_000_000
"""Most pixels of a photograph that will be resized."""

MAX_TEXT = 2**28
"""Most bytes of a text file of patterns (MNIST's training set as CSV has 1.1e8)."""

_UNPACKED_FREELY = 2**26  # bytes to which any archive may unpack
_MAX_RATIO = 100  # values per packed byte, above that size; images stay below 30


class NoSuchPartError(DataError):
    """A data set is intact but lacks the requested part."""


@contextmanager
def reading(what: object) -> Iterator[None]:
    """Turn any exception of a reader into one line about `what`."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{what}: no such file") from None
    except Exception as error:
        # Parsers of damaged bytes raise anything: zlib.error, struct.error, SyntaxError, ...
        if isinstance(error, HopcliError | HopcliWarning):
            raise
        raise DataError(f"{what}: cannot be read ({one_line(error)})") from None


def refuse(what: object, rule: str, found: object = None, wrong: bool = True) -> None:
    """Raise an error if data are wrong.

    Parameters
    ----------
    what : object
        Their origin, for the beginning of the message.
    rule : str
        The broken rule.
    found : object, optional
        The data.
    wrong : bool
        True if the rule is broken.

    Raises
    ------
    DataError
        If they are.
    """
    if wrong:
        raise DataError(f"{what}: {rule}" + ("" if found is None else f", found {found}"))


def at_most(what: object, found: int, most: int, unit: str) -> None:
    """Refuse data of more than `most` units."""
    refuse(what, f"must have at most {most:,} {unit}", f"{found:,}", found > most)


def check_file(path: Path) -> None:
    """Refuse anything except a regular file: reading a pipe would wait without end.

    Raises
    ------
    DataError
        If the file does not exist, or is a folder, a pipe, a device or the like.
    """
    with reading(path):
        mode = path.stat().st_mode
    found = "a folder" if stat.S_ISDIR(mode) else "a pipe, a device or the like"
    refuse(path, "must be a file", found, not stat.S_ISREG(mode))


def check_folder(path: Path, of: str) -> None:
    """Refuse anything except a folder; `of` names its content."""
    reason = ""
    try:
        if path.is_dir():
            return
    except (OSError, ValueError) as error:
        reason = f" ({one_line(error)})"
    raise DataError(f"{path}: must be a folder of {of}{reason}")


def exists(path: Path) -> bool:
    """Return whether a file or folder of this name exists; the name may be an impossible one."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def check_shipped(path: Path) -> None:
    """Compare a file with its hash if it ships with hopcli.

    Raises
    ------
    DataError
        If the file is missing or differs.
    """
    expected = SHIPPED_SHA256.get(path.parent, {}).get(path.name)
    if expected is None:
        return
    check_file(path)
    with reading(path):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    rule = f"must have SHA-256 {expected}"
    refuse(path, rule, f"{found}; install hopcli again", found != expected)


def as_text(name: str) -> str:
    r"""Return a name that every file and terminal supports, with escapes for non-UTF-8 bytes.

    Examples
    --------
    >>> as_text("boat"), as_text("b\udcff")
    ('boat', 'b\\udcff')
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(error: BaseException) -> str:
    """Format an error of another library in at most one line."""
    lines = str(getattr(error, "strerror", None) or error).split("\n")
    return lines[0].strip() or type(error).__name__


def check_images(what: object, shape: Sequence[int]) -> None:
    """Refuse no images, too many, or too large ones.

    Parameters
    ----------
    what : object
        Their origin, for the beginning of the message.
    shape : sequence of int
        Number of images, then the lengths of one image.

    Raises
    ------
    DataError
        If a length is not positive, or a limit is exceeded.
    """
    n_images, n_pixels = shape[0], math.prod(shape[1:])
    refuse(what, "contains no images", f"shape {tuple(shape)}", min(shape) < 1)
    at_most(what, n_images, MAX_IMAGES, "images")
    at_most(what, n_pixels, MAX_PIXELS, "pixels per image")
    at_most(what, n_images * n_pixels, MAX_BYTES, "pixels in all images")


def check_packed(what: object, n_bytes: int, n_packed: int, itemsize: int = 1) -> None:
    """Refuse compressed content with far more values than any images.

    Parameters
    ----------
    what : object
        Its origin, for the beginning of the message.
    n_bytes, n_packed : int
        Bytes after and before unpacking.
    itemsize : int
        Bytes of a value.

    Raises
    ------
    DataError
        If there are more bytes than :data:`MAX_BYTES`, or more than 2^26 with over 100 values
        per compressed byte.
    """
    at_most(what, n_bytes, MAX_BYTES, "bytes")
    rule = f"must contain at most {_MAX_RATIO} values per compressed byte"
    found = f"{n_bytes // itemsize:,} in {n_packed:,} bytes"
    refuse(what, rule, found, n_bytes > max(_UNPACKED_FREELY, _MAX_RATIO * itemsize * n_packed))
