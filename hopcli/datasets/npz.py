"""NumPy files: arrays read one by one, with sizes checked before memory is allocated."""

from __future__ import annotations

import math
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hopcli.datasets.grey import (
    MAX_BYTES,
    GreyImages,
    NoSuchPartError,
    Request,
    check_file,
    check_images,
    check_packed,
    images_of,
    reading,
    refuse,
    stack,
)
from hopcli.errors import DataError
from hopcli.records import NDArray, np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from typing import IO

    Check = Callable[[object, Sequence[int]], None]

_HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


class Archive:
    """A .npz file, opened for reading; a context manager.

    Parameters
    ----------
    path : Path
        The file.

    Raises
    ------
    DataError
        If it is missing, no regular file or not a zip archive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        check_file(path)
        with reading(path):
            self._zip = zipfile.ZipFile(path)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """Names of the arrays, in the order of the file."""
        return [name.removesuffix(".npy") for name in self._zip.namelist()]

    def crc32(self, name: str) -> int:
        """Return the CRC-32 of the bytes of an array, which reading verifies."""
        return self._info(name).CRC

    def shape(self, name: str) -> tuple[int, ...]:
        """Return the declared shape of an array.

        Raises
        ------
        DataError
            If the array is damaged, or contains Python objects.
        """
        with self._open(self._info(name), name) as file:
            return _header(file)[0]

    def read(self, name: str, check: Check | None = None) -> NDArray[Any]:
        """Read one array, any dtype but object.

        Parameters
        ----------
        name : str
            Name of the array.
        check : callable, optional
            Refuses a shape before the array is made; it also gets the name for a message.

        Raises
        ------
        DataError
            If it is missing, damaged, too large or not a plain array.
        """
        info = self._info(name)
        what = f"{self.path}: {name}"
        with self._open(info, name) as file:
            itemsize = _check(file, info.file_size, what, check)
        check_packed(what, info.file_size, info.compress_size, max(1, itemsize))
        with self._open(info, name) as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._zip.getinfo(f"{name}.npy")
        except KeyError:
            held = ", ".join(self.names[:10]) or "nothing"
            hint = "images come as x_train and y_train, or as the only array of a file"
            rule = f"must contain an array {name!r} ({hint})"
            raise DataError(f"{self.path}: {rule}, found {held}") from None

    @contextmanager
    def _open(self, info: zipfile.ZipInfo, name: str) -> Iterator[IO[bytes]]:
        with reading(f"{self.path}: {name}"), self._zip.open(info) as file:
            yield file


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read shape and type of an array, without making it."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"unknown .npy version {version}")
    shape, _, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("arrays of Python objects are refused")
    if any(length < 0 for length in shape):
        raise ValueError(f"a length must not be negative, found shape {shape}")
    return shape, dtype


def _check(file: IO[bytes], n_stored: int, what: object, check: Check | None) -> int:
    """Refuse an array whose size does not match its shape; return the bytes per value."""
    shape, dtype = _header(file)
    if check is not None and shape:
        check(what, shape)
    n_bytes = math.prod(shape) * dtype.itemsize
    wrong = file.tell() + n_bytes != n_stored or n_bytes > MAX_BYTES
    rule = f"must contain the bytes of its shape {shape} ({n_bytes:,}, at most {MAX_BYTES:,})"
    refuse(what, rule, f"{n_stored:,}", wrong)
    return int(dtype.itemsize)


def load_npz(request: Request) -> GreyImages:
    """Load a .npz file with x_train, y_train, x_test, y_test as in Keras, or with one array.

    Parameters
    ----------
    request : Request
        Its path is the file. Images have shape (n, height, width), with or without a last axis
        of length 1, or (n, N). Without x_train, the file must contain one array of images, and
        may contain one of labels, shape (n,).

    Raises
    ------
    DataError
        If the file is missing, damaged or has another layout.
    """
    path = request.path
    parts = []
    with Archive(path) as archive:
        pairs = [(f"x_{part}", f"y_{part}") for part in request.parts]
        if "x_train" not in archive.names:
            pairs = [_single(archive)]
        if request.split == "test" and "x_test" not in archive.names:
            raise NoSuchPartError(f"{path}: has no test set x_test")
        for of_images, of_labels in pairs:
            values = archive.read(of_images, check_images)
            images = images_of(values, path, request.size, f"{path}: {of_images}")
            if of_labels:
                images = images.labelled(archive.read(of_labels), f"{path}: {of_labels}")
            parts.append(images)
    return stack(parts, path)


def _single(archive: Archive) -> tuple[str, str]:
    """Return the names of the only array of images, and of its labels or empty."""
    shapes = {name: archive.shape(name) for name in archive.names}
    images = [name for name, shape in shapes.items() if len(shape) > 1]
    rest = [name for name in shapes if name not in images]
    labels = rest[0] if rest else ""
    fits = len(images) == 1 and len(rest) <= 1
    wrong = not fits or (labels != "" and shapes[labels] != shapes[images[0]][:1])
    found = ", ".join(archive.names[:10]) or "nothing"
    rule = "must contain x_train, or one array of images, alone or with one of labels"
    refuse(archive.path, rule, f"{found}; save the images alone and give npy:FILE", wrong)
    return images[0], labels


def load_npy(request: Request) -> GreyImages:
    """Load a .npy file: one array of pictures.

    Parameters
    ----------
    request : Request
        Its path is the file, an array of shape (n, height, width), (n, N), or (N,) for one.

    Raises
    ------
    DataError
        If the file is missing, damaged or contains another array.
    """
    return images_of(read_array(request.path, check_images), request.path, request.size)


def read_array(path: Path, check: Check | None = None) -> NDArray[Any]:
    """Read the array of a .npy file, see :meth:`Archive.read`."""
    check_file(path)
    with reading(path), path.open("rb") as file:
        _check(file, path.stat().st_size, path, check)
        file.seek(0)
        values: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return values
