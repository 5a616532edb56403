"""What every source hands over: grey images with labels, and the checks they share."""

from __future__ import annotations

import re
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import DataError, HopcliError, HopcliWarning

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = [
    "GreyImages",
    "NoSuchPartError",
    "as_labels",
    "as_text",
    "check_file",
    "check_folder",
    "exists",
    "is_emnist",
    "one_line",
    "reading",
    "stack",
]


@dataclass(frozen=True, slots=True, eq=False)
class GreyImages:
    """Images of one size, before they become spins.

    Parameters
    ----------
    grey : ndarray of uint8, shape (n, N)
        Grey values 0..255, row by row; the caller may overwrite them.
    labels : ndarray of str, shape (n,)
        Label of each image.
    shape : tuple of int
        (height, width), height * width = N.
    sha256 : str
        Hash of the source if it is known without reading on, else empty.
    levels : ndarray of uint8, shape (n,), or None
        The threshold of each image where the source has already found it.
    files : tuple of str
        Where each image has a file or a page of its own, its name; else empty.
    column_by_column : bool
        Whether each row of `grey` runs down the columns of its image, as EMNIST's do.
    named : ndarray of bool, shape (n,), or None
        Images whose label the source gives; the labels of the others are their places.
        None: all of them.
    """

    grey: NDArray[np.uint8]
    labels: NDArray[np.str_]
    shape: tuple[int, int]
    sha256: str = ""
    levels: NDArray[np.uint8] | None = None
    files: tuple[str, ...] = ()
    column_by_column: bool = False
    named: NDArray[np.bool_] | None = None


class NoSuchPartError(DataError):
    """A data set is whole, but lacks the part that is asked for."""


@contextmanager
def reading(what: object) -> Iterator[None]:
    """Turn whatever a damaged file makes a reader raise into one line about `what`."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{what}: no such file") from None
    except Exception as error:
        # Parsers of damaged bytes raise anything: zlib.error, struct.error, SyntaxError, ...
        if isinstance(error, HopcliError | HopcliWarning):
            raise
        raise DataError(f"{what}: cannot be read ({one_line(error)})") from None


def check_file(path: Path) -> None:
    """Refuse what is no regular file: reading a pipe would wait without end.

    Raises
    ------
    DataError
        If there is no such file, or it is a folder, a pipe, a device or the like.
    """
    with reading(path):
        mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        found = "is a folder" if stat.S_ISDIR(mode) else "is none (a pipe, a device or the like)"
        raise DataError(f"{path}: must be a file, {found}")


def check_folder(path: Path, of: str) -> None:
    """Refuse what is no folder, whatever is wrong with its name; `of` says what it must hold."""
    try:
        found = path.is_dir()
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: must be a folder of {of} ({one_line(error)})") from None
    if not found:
        raise DataError(f"{path}: must be a folder of {of}, found none")


def exists(path: Path) -> bool:
    """Whether there is a file or folder of this name; there is none of an impossible name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def as_text(name: str) -> str:
    r"""A name that every file and terminal can have, with escapes for what is not UTF-8.

    Examples
    --------
    >>> as_text("boat"), as_text("b\udcff")
    ('boat', 'b\\udcff')
    """
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def one_line(error: BaseException) -> str:
    """Say an error of another library in at most one line."""
    lines = str(getattr(error, "strerror", None) or error).split("\n")
    return lines[0].strip() or type(error).__name__


def as_labels(values: NDArray[Any], n_images: int, what: object) -> NDArray[np.str_]:
    """Check that there is one label an image and return them as text.

    Parameters
    ----------
    values : ndarray
        Integers, whole floats, booleans or text, shape (n,) or (n, 1).
    n_images : int
        Number of images n.
    what : object
        Where they come from, to begin the message with.

    Returns
    -------
    ndarray of str, shape (n,)
        ``"3"`` for 3 and for 3.0.

    Raises
    ------
    DataError
        If there are more or fewer labels than images, or they are not labels.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n_images,):
        raise DataError(
            f"{what}: must hold one label an image, found labels of shape {values.shape} "
            f"for {n_images} images"
        )
    kind = values.dtype.kind
    whole = kind == "f" and np.all(np.isfinite(values)) and np.all(values == np.rint(values))
    if whole or kind == "b":
        values = values.astype(np.int64)
    elif kind not in "iuUO":
        raise DataError(f"{what}: labels must be whole numbers or text, found dtype {values.dtype}")
    labels = np.array([as_text(str(label)) for label in values], dtype=np.str_)
    if np.any(labels == ""):
        raise DataError(f"{what}: labels must not be empty, found ''")
    return labels


def is_emnist(path: Path) -> bool:
    """Whether a file is called as those of EMNIST, which keep images column by column."""
    return re.search("(?<![a-z])emnist(?![a-z])", path.name.lower()) is not None


def stack(parts: Sequence[GreyImages], what: Path | str) -> GreyImages:
    """Put parts of a data set one after the other.

    Raises
    ------
    DataError
        If their images differ in size.
    """
    if len(parts) == 1:
        return parts[0]
    shapes = {part.shape for part in parts}
    if len(shapes) > 1:
        sizes = " and ".join(f"{width} x {height}" for height, width in sorted(shapes))
        raise DataError(f"{what}: training and test images must have one size, found {sizes}")
    return GreyImages(
        np.concatenate([part.grey for part in parts]),
        np.concatenate([part.labels for part in parts]),
        parts[0].shape,
        column_by_column=parts[0].column_by_column,
    )
