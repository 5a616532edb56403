"""IDX files, the format of MNIST and its relatives: one folder, raw or gzip."""

from __future__ import annotations

import gzip
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from hopcli.datasets.grey import (
    MAX_BYTES,
    GreyImages,
    as_labels,
    check_file,
    check_folder,
    reading,
    stack,
)
from hopcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

__all__ = ["load_idx", "read_idx"]

# "train-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte"
_NAME = re.compile(
    r"(?P<set>.*-)?(?P<part>train|t10k|test)-(?P<what>images|labels)[-.]idx[13]-ubyte(\.gz)?"
)
_PARTS = {"train": ("train",), "test": ("test",), "all": ("train", "test")}
_MAX_RATIO = 1032  # deflate cannot pack tighter
_CHUNK = 2**20


def read_idx(path: Path, n_axes: int) -> NDArray[np.uint8]:
    """Read one IDX file of bytes.

    Parameters
    ----------
    path : Path
        The file; gzip if its name ends in ``.gz``.
    n_axes : int
        3 for images, 1 for labels.

    Returns
    -------
    ndarray of uint8
        As many axes as asked for, no axis of length 0; writeable.

    Raises
    ------
    DataError
        If the file is missing, damaged, empty or another kind of IDX file.
    """
    header_bytes = 4 + 4 * n_axes
    packed = path.suffix == ".gz"
    check_file(path)
    with reading(path), gzip.open(path, "rb") if packed else path.open("rb") as file:
        header = file.read(header_bytes)
        magic = int.from_bytes(header[:4], "big")
        if len(header) < header_bytes or magic != 0x800 + n_axes:
            raise DataError(
                f"{path}: must begin with the magic number {0x800 + n_axes:#010x} and "
                f"{n_axes} lengths, found {header.hex() or 'nothing'}"
            )
        shape = tuple(int(length) for length in np.frombuffer(header, ">u4", offset=4))
        n_bytes = math.prod(shape)
        if n_bytes == 0:
            raise DataError(f"{path}: holds nothing, found lengths {shape}")
        room = path.stat().st_size * (_MAX_RATIO if packed else 1)
        if n_bytes > min(room, MAX_BYTES):
            raise DataError(
                f"{path}: is too small or over {MAX_BYTES:,} bytes for its lengths {shape}, "
                f"found {path.stat().st_size:,} bytes for {n_bytes:,}"
            )
        content = _read_at_most(file, n_bytes + 1)
    if len(content) != n_bytes:
        found = f"{len(content):,}" if len(content) < n_bytes else "more"
        raise DataError(f"{path}: must hold {n_bytes:,} bytes after its header, found {found}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _read_at_most(file: BinaryIO | gzip.GzipFile, n_bytes: int) -> bytearray:
    """Read in chunks, so that memory grows with what is there, not with what is claimed."""
    content = bytearray()
    while chunk := file.read(min(_CHUNK, n_bytes - len(content))):
        content += chunk
    return content


def load_idx(directory: Path, split: str) -> GreyImages:
    """Load a folder of IDX files.

    Parameters
    ----------
    directory : Path
        Holds ``*train-images-idx3-ubyte`` and the like, ``t10k`` or ``test`` for the test
        set, raw or gzip (raw wins if there are both).
    split : {"train", "test", "all"}
        Which images.

    Raises
    ------
    DataError
        If a file is missing or damaged, if images and labels do not go together, or if
        the folder holds more than one data set.
    """
    check_folder(directory, "IDX files")
    files = _find(directory)
    return stack([_load_part(directory, files, part) for part in _PARTS[split]], directory)


def _find(directory: Path) -> dict[tuple[str, str], Path]:
    """Find the files of a folder by (part, what)."""
    files: dict[tuple[str, str], Path] = {}
    sets = set()
    with reading(directory):
        paths = sorted(directory.iterdir())
    for path in paths:  # raw before .gz
        match = _NAME.fullmatch(path.name)
        if match:
            part = "train" if match["part"] == "train" else "test"
            sets.add((match["set"] or "").rstrip("-") or "MNIST")
            files.setdefault((part, match["what"]), path)
    if len(sets) > 1:
        raise DataError(f"{directory}: must hold one data set, found {', '.join(sorted(sets))}")
    return files


def _load_part(directory: Path, files: dict[tuple[str, str], Path], part: str) -> GreyImages:
    """Load the images and labels of one part."""
    for what in ("images", "labels"):
        if (part, what) not in files:
            found = ", ".join(sorted(path.name for path in files.values())) or "no IDX files"
            raise DataError(f"{directory}: must hold the {what} of the {part} set, found {found}")
    path = files[part, "images"]
    images = read_idx(path, 3)
    labels = read_idx(files[part, "labels"], 1)
    if path.name.startswith("emnist-"):
        # EMNIST stores its images column by column.
        images = np.ascontiguousarray(images.transpose(0, 2, 1))
    n_images, height, width = images.shape
    return GreyImages(
        images.reshape(n_images, -1),
        as_labels(labels, n_images, files[part, "labels"]),
        (height, width),
    )
