"""Interface of the sources: a request in, grey images out, read from files within limits.

Numbers of any range are converted to 0..255.
"""

from __future__ import annotations

import hashlib
import math
import re
import stat
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.data import SHIPPED_SHA256
from hopcli.errors import DataError, HopcliError, HopcliWarning
from hopcli.records import Bools, NDArray, Spins, Texts, np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


SPLITS = ("train", "test", "all")
"""Parts of a data set."""


class Size(NamedTuple):
    """Target size of pictures in pixels; they keep their proportions.

    Attributes
    ----------
    width, height : int
        Each >= 1.
    crop : bool
        Fill the size and cut off the edges, instead of adding paper.
    """

    width: int
    height: int
    crop: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """Checked request to a source.

    Parameters
    ----------
    argument : str
        Text after the colon of the dataset, empty if the source has no argument.
    split : {"train", "test", "all"}
        Part of the images.
    threshold : int or str
        0..255, and a source may return any grey values on the right side of it; or the method
        that finds the level of each image.
    size : Size or None
        Target size of pictures.
    invert : bool
        True if paper is brighter than ink.
    transpose : bool
        Swap rows and columns of each image.
    """

    argument: str
    split: str
    threshold: int | str
    size: Size | None
    invert: bool = False
    transpose: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The training set, the test set or both, ``"train"`` first."""
        return ("train", "test") if self.split == "all" else (self.split,)

    @property
    def path(self) -> Path:
        """The argument as a path, ``~`` expanded."""
        try:
            return Path(self.argument).expanduser()
        except RuntimeError:  # an unknown user: then ~ is part of the name
            return Path(self.argument)


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


_AT_ONCE = 2**24  # values compared at once, to bound the memory
_ONE = 1 + 1e-6  # floats that are 1 except for rounding
_RULE = (
    "grey values must be whole numbers from 0 to 255, floats from 0 to 1, or spins -1 and 1 "
    "(divide them by their greatest value, or round them)"
)


@dataclass(frozen=True, slots=True, eq=False)
class GreyImages:
    """Images of one size, before they become spins.

    Parameters
    ----------
    grey : ndarray of uint8, shape (n, N)
        Grey values 0..255, row by row; the caller may overwrite them.
    labels : ndarray of str, shape (n,), or None
        Label of each image; None: their numbers from 1 on.
    shape : tuple of int
        (height, width), height * width = N.
    sha256 : str
        Hash of the source if it is known without further reading, otherwise empty.
    levels : ndarray of uint8, shape (n,), or None
        The threshold of each image, if the source has already found it.
    inverted : ndarray of bool, shape (n,), or None
        True where values up to the threshold become +1, if images differ in that.
    files : tuple of str
        Name of the file or page of each image, if each has one; otherwise empty.
    column_by_column : bool
        True if each row of `grey` contains its image column by column, as for EMNIST.
    named : ndarray of bool, shape (n,), or None
        Images with a label from the source; the labels of the others are their numbers.
        None: all, if there are labels.
    packed : ndarray of uint8, shape (n, ceil(N / 8)), or None
        A bit per pixel, 1 above the threshold, if the source has them; `grey` is empty then.
    """

    grey: NDArray[np.uint8]
    labels: Texts | None
    shape: tuple[int, int]
    sha256: str = ""
    levels: NDArray[np.uint8] | None = None
    inverted: Bools | None = None
    files: tuple[str, ...] = ()
    column_by_column: bool = False
    named: Bools | None = None
    packed: NDArray[np.uint8] | None = None

    def labelled(self, values: NDArray[Any], what: object) -> GreyImages:
        """Return the same images with labels, see :func:`as_labels`."""
        return replace(self, labels=as_labels(values, len(self.grey), what))


def images_of(
    values: NDArray[Any], path: Path, size: Size | None, what: object = None
) -> GreyImages:
    """Make images without labels from the numbers of a file.

    See :func:`as_grey` and :func:`pictures_of`. Images of a file with a name of EMNIST stay
    column by column.
    """
    where = what or path
    grey, shape = pictures_of(as_grey(values, where), where, size)
    is_emnist = re.search("(?<![a-z])emnist(?![a-z])", path.name.lower()) is not None
    return GreyImages(grey, None, shape, column_by_column=is_emnist)


def picture_shape(of_one: tuple[int, ...]) -> tuple[int, int]:
    """Return height and width of a picture, given in two axes or as a row of pixels."""
    if len(of_one) == 2:
        return of_one[0], of_one[1]
    (n_sites,) = of_one
    side = math.isqrt(n_sites)
    return (side, side) if side * side == n_sites else (1, n_sites)


def pictures_of(
    values: NDArray[Any], what: object, size: Size | None = None
) -> tuple[NDArray[Any], tuple[int, int]]:
    """Convert an array to pictures.

    Parameters
    ----------
    values : ndarray, shape (n, height, width), (n, height, width, 1), (n, N) or (N,)
        The pictures; rows of N pixels are square pictures if N is a square.
    what : object
        Their origin, for the beginning of messages.
    size : Size, optional
        Width and height of a picture, for rows of pixels; a row may contain several, or a part.

    Returns
    -------
    rows : ndarray, shape (pictures, height * width)
        The same values.
    shape : tuple of int
        (height, width).

    Raises
    ------
    DataError
        If the array has another number of axes, or cannot be cut into such pictures.

    Warns
    -----
    HopcliWarning
        If there are at least as many rows as sites, as for one picture, or for columns.
    """
    if values.ndim == 4 and values.shape[3] == 1:
        values = values[..., 0]
    rule = "must have shape (images, height, width) or (images, N)"
    refuse(what, rule, values.shape, values.ndim not in (1, 2, 3))
    rows = values.reshape(1, -1) if values.ndim == 1 else values
    if size is not None:
        return _cut(rows, what, size)
    if values.ndim == 2:
        n_sites = values.shape[1]
        hint = f"for one picture give --size {n_sites}x{len(values)}"
        warn_of_one(values.shape, what, hint, "transpose the file if its columns are patterns")
    shape = picture_shape(rows.shape[1:])
    return rows.reshape(len(rows), -1), shape


def _cut(rows: NDArray[Any], what: object, size: Size) -> tuple[NDArray[Any], tuple[int, int]]:
    """Cut rows of pixels into pictures of a size, or join them."""
    width, height, _ = size
    n_pixels, n_row = width * height, math.prod(rows.shape[1:])
    fits = rows.shape[1:] == (height, width) or (
        rows.ndim == 2 and rows.size % n_pixels == 0 and 0 in (n_row % n_pixels, n_pixels % n_row)
    )
    rule = f"cannot be cut into pictures of {width} x {height}"
    refuse(what, rule, f"shape {rows.shape}", not fits)
    return rows.reshape(-1, n_pixels), (height, width)


def warn_of_one(shape: Sequence[int], what: object, *hints: str) -> None:
    """Warn of rows, read as patterns, that look like one picture or like columns."""
    n_rows, n_sites = shape
    if n_rows >= n_sites > 1 and n_rows < MAX_IMAGES:
        read = f"{what}: read as {n_rows:,} patterns of {n_sites:,} sites, one per row"
        warnings.warn(f"{read}; {'; '.join(hints)}", HopcliWarning, stacklevel=4)


def as_labels(values: NDArray[Any], n_images: int, what: object) -> Texts:
    """Check that there is one label per image and return them as text.

    Parameters
    ----------
    values : ndarray
        Integers, whole floats, booleans or text, shape (n,) or (n, 1).
    n_images : int
        Number of images n.
    what : object
        Their origin, for the beginning of the message.

    Returns
    -------
    ndarray of str, shape (n,)
        ``"3"`` for 3 and for 3.0.

    Raises
    ------
    DataError
        If the number of labels differs from that of images, or they are not labels.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    found = f"labels of shape {values.shape} for {n_images} images"
    refuse(what, "must contain one label per image", found, values.shape != (n_images,))
    kind = values.dtype.kind
    whole = kind == "f" and np.all(np.isfinite(values)) and np.all(values == np.rint(values))
    if whole or kind == "b":
        values = values.astype(np.int64)
    else:
        rule, found = "labels must be whole numbers or text", f"dtype {values.dtype}"
        refuse(what, rule, found, kind not in "iuUO")
    labels = np.array([as_text(str(label)) for label in values], dtype=np.str_)
    refuse(what, "labels must not be empty", "''", bool(np.any(labels == "")))
    return labels


def as_spins(values: NDArray[Any]) -> Spins | None:
    """Return booleans, or numbers that are all -1 or +1, as spins; otherwise None."""
    if values.dtype == np.bool_:
        return np.where(values, np.int8(1), np.int8(-1))
    step = max(1, len(values) * _AT_ONCE // max(1, values.size))
    parts = (values[first : first + step] for first in range(0, len(values), step))
    if values.dtype.kind not in "if" or not all(np.all(np.abs(part) == 1) for part in parts):
        return None
    return np.ascontiguousarray(values, dtype=np.int8)


def as_grey(values: NDArray[Any], what: object) -> NDArray[np.uint8]:
    """Return numbers as grey values.

    Booleans, spins and integers 0 and 1 become 0 and 255. Floats from 0 to 1 are multiplied by
    255 and rounded. Unsigned integers of 16 bits are reduced to 8, see :func:`eight_bits`.
    Other numbers must be whole, from 0 to 255.

    Parameters
    ----------
    values : ndarray
        Any real dtype, shape (n, ...), n >= 1.
    what : object
        Their origin, for the beginning of the message.

    Returns
    -------
    ndarray of uint8, shape (n, ...)
        Grey values, 0..255.

    Raises
    ------
    DataError
        If there are none, or one is not such a number.
    """
    refuse(what, "contains no images", f"shape {values.shape}", values.size == 0)
    rule = "grey values must be numbers"
    refuse(what, rule, f"dtype {values.dtype}", values.dtype.kind not in "buif")
    low, high = values.min(), values.max()
    if values.dtype.kind == "b" or low == -1:
        spins = as_spins(values)
        if spins is not None:
            grey: NDArray[np.uint8] = (spins > 0).view(np.uint8)
            grey *= 255
            return grey
    for end in (low, high):
        refuse(what, "grey values must be finite", end, not np.isfinite(end))
    refuse(what, _RULE, low, low < 0)
    if high <= _ONE:
        return np.rint(np.minimum(values, 1) * np.float32(255)).astype(np.uint8)
    if values.dtype == np.uint16:
        return eight_bits(values)
    refuse(what, _RULE, high, high > 255)
    grey = values.astype(np.uint8, copy=False)
    wrong = values[grey != values]
    if wrong.size:
        refuse(what, _RULE, wrong[0])
    return grey


def eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Divide whole numbers >= 0 by the smallest power of two that brings all below 256."""
    shift = max(0, int(values.max()).bit_length() - 8)
    return (values >> shift).astype(np.uint8)


def two_kinds(values: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return numbers of exactly two values as 0 (the lower) and 255; otherwise None."""
    low, high = values.min(), values.max()
    if low == high or not np.all((values == low) | (values == high)):
        return None
    return np.where(values == high, np.uint8(255), np.uint8(0))


def written_grey(values: NDArray[Any], what: object) -> NDArray[np.uint8]:
    """Return written numbers as grey values: two values are 0 and 255, others :func:`as_grey`."""
    kinds = two_kinds(values)
    return as_grey(values, what) if kinds is None else kinds


def stack(parts: Sequence[GreyImages], what: object) -> GreyImages:
    """Join the parts of a data set in order.

    Raises
    ------
    DataError
        If their images differ in size.
    """
    if len(parts) == 1:
        return parts[0]
    shapes = {part.shape for part in parts}
    sizes = " and ".join(f"{width} x {height}" for height, width in sorted(shapes))
    refuse(what, "training and test images must have one size", sizes, len(shapes) > 1)
    labels = [part.labels for part in parts if part.labels is not None]
    return replace(
        parts[0],
        grey=np.concatenate([part.grey for part in parts]),
        labels=np.concatenate(labels) if labels else None,
    )
