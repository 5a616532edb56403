"""NumPy archives: arrays read one by one, their claims checked before memory is taken."""

from __future__ import annotations

import math
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.datasets.grey import (
    MAX_BYTES,
    GreyImages,
    as_grey,
    as_labels,
    check_file,
    reading,
    stack,
)
from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from numpy.typing import NDArray

__all__ = ["Archive", "load_npz"]

_PARTS = {"train": ("train",), "test": ("test",), "all": ("train", "test")}
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
        """The names of the arrays, in the order of the file."""
        return [name.removesuffix(".npy") for name in self._zip.namelist()]

    def crc32(self, name: str) -> int:
        """CRC-32 that the bytes of an array must have to be read at all."""
        return self._info(name).CRC

    def read(self, name: str) -> NDArray[Any]:
        """Read one array, any dtype but object.

        Raises
        ------
        DataError
            If it is missing, damaged, too large or not a plain array.
        """
        info = self._info(name)
        with self._open(info, name) as file:
            shape, dtype = _header(file)
            n_bytes = math.prod(shape) * dtype.itemsize
            if file.tell() + n_bytes != info.file_size or n_bytes > MAX_BYTES:
                raise DataError(
                    f"{self.path}: {name}: must hold as many bytes as its shape {shape} asks for "
                    f"({n_bytes:,}, at most {MAX_BYTES:,}), found {info.file_size:,}"
                )
        with self._open(info, name) as file:
            array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
        return array

    def _info(self, name: str) -> zipfile.ZipInfo:
        try:
            return self._zip.getinfo(f"{name}.npy")
        except KeyError:
            held = ", ".join(self.names[:10]) or "nothing"
            raise DataError(f"{self.path}: must hold an array {name!r}, found {held}") from None

    @contextmanager
    def _open(self, info: zipfile.ZipInfo, name: str) -> Iterator[IO[bytes]]:
        with reading(f"{self.path}: {name}"), self._zip.open(info) as file:
            yield file


def _header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Read what an array claims to be, without making it."""
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"unknown .npy version {version}")
    shape, _, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("arrays of Python objects are refused")
    return shape, dtype


def load_npz(path: Path, split: str) -> GreyImages:
    """Load a .npz file laid out as Keras does: x_train, y_train, x_test, y_test.

    Parameters
    ----------
    path : Path
        The file; images (n, height, width), with or without a last axis of length 1.
    split : {"train", "test", "all"}
        Which images.

    Raises
    ------
    DataError
        If the file is missing, damaged or laid out in another way.
    """
    parts = []
    with Archive(path) as archive:
        for part in _PARTS[split]:
            images = archive.read(f"x_{part}")
            what = f"{path}: x_{part}"
            if images.ndim == 4 and images.shape[3] == 1:
                images = images[..., 0]
            if images.ndim != 3:
                raise DataError(
                    f"{what}: must have shape (images, height, width), found {images.shape}"
                )
            n_images, height, width = images.shape
            grey = as_grey(images, what).reshape(n_images, -1)
            labels = as_labels(archive.read(f"y_{part}"), n_images, f"{path}: y_{part}")
            parts.append(GreyImages(grey, labels, (height, width)))
    return stack(parts, path)
