"""IDX files, the format of MNIST and its relatives: a folder of them, or one file."""

from __future__ import annotations

import gzip
import math
import re
from typing import TYPE_CHECKING, Any

from hopcli.datasets.grey import (
    GreyImages,
    NoSuchPartError,
    Request,
    check_file,
    check_folder,
    check_images,
    check_packed,
    exists,
    images_of,
    reading,
    refuse,
    stack,
)
from hopcli.records import NDArray, np

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO


# "train-images-idx3-ubyte", "emnist-letters-test-labels-idx1-ubyte.gz", "t10k-images.idx3-ubyte"
_NAME = re.compile(
    r"(?P<set>.*-)?(?P<part>train|t10k|test)-(?P<what>images|labels)"
    r"[-.]idx[123](-(ubyte|byte|short|int|float|double))?(\.gz)?",
    re.IGNORECASE,
)
_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_UNNAMED = "MNIST"  # the set whose file names begin with train-, t10k- or test-
_CHUNK = 2**20

_Files = dict[tuple[str, str], "Path"]


def read_idx(path: Path, *n_axes: int) -> NDArray[Any]:
    """Read one IDX file.

    Parameters
    ----------
    path : Path
        The file; gzip if its name ends in ``.gz``.
    *n_axes : int
        Allowed numbers of axes: 3 or 2 for images, 1 for labels.

    Returns
    -------
    ndarray of uint8, int8, int16, int32, float32 or float64
        No axis has length 0; writeable.

    Raises
    ------
    DataError
        If the file is missing, damaged, empty, too large or another kind of IDX file.
    """
    packed = path.suffix.lower() == ".gz"
    check_file(path)
    with reading(path), gzip.open(path, "rb") if packed else path.open("rb") as file:
        magic = file.read(4)
        axes = magic[3] if len(magic) == 4 else 0
        lengths = file.read(4 * axes) if axes in n_axes else b""
        wrong = not lengths or len(lengths) < 4 * axes
        wrong = wrong or magic[:2] != b"\0\0" or magic[2] not in _TYPES
        rule = f"must begin with the magic number {0x800 + n_axes[0]:#010x}, or that of another "
        rule += f"type than bytes, and {n_axes[0]} lengths"
        refuse(path, rule, (magic + lengths).hex() or "nothing", wrong)
        dtype = np.dtype(_TYPES[magic[2]])
        shape = tuple(int(length) for length in np.frombuffer(lengths, ">u4"))
        check_images(path, shape)
        n_bytes = math.prod(shape) * dtype.itemsize
        check_packed(path, n_bytes, path.stat().st_size, dtype.itemsize)
        content = _read_at_most(file, n_bytes + 1)
    found = f"{len(content):,}" if len(content) < n_bytes else "more"
    rule = f"must contain {n_bytes:,} bytes after its header"
    refuse(path, rule, found, len(content) != n_bytes)
    values: NDArray[Any] = np.frombuffer(content, dtype).reshape(shape)
    return values.astype(dtype.newbyteorder("="), copy=False)


def _read_at_most(file: BinaryIO | gzip.GzipFile, n_bytes: int) -> bytearray:
    """Read in chunks, so that memory grows with the content, not with the declared size."""
    content = bytearray()
    while chunk := file.read(min(_CHUNK, n_bytes - len(content))):
        content += chunk
    return content


def load_idx(request: Request) -> GreyImages:
    """Load a data set of IDX files, or the images of one file.

    Parameters
    ----------
    request : Request
        Its path is a folder that contains ``*train-images-idx3-ubyte`` and the like, ``t10k`` or
        ``test`` for the test set, raw or gzip (raw is preferred). Or it is such a folder and
        the prefix of one set's files, ``DIR/emnist-letters``. Or it is one file, without
        labels unless it has such a name.

    Raises
    ------
    DataError
        If a file is missing or damaged, if images and labels do not match, or if
        the folder contains several data sets.
    """
    path = request.path
    directory = folder_of(path)
    if directory == path or _NAME.fullmatch(path.name) or not exists(path):
        files = _files_of(path, directory)
        parts = [_load_part(directory, files, part, request) for part in request.parts]
        return stack(parts, directory)
    if request.split == "test":
        raise NoSuchPartError(f"{path}: has no test set: it is one file of images")
    return images_of(read_idx(path, 3, 2, 1), path, request.size)


def folder_of(path: Path) -> Path:
    """Return the folder of the IDX files that a path names."""
    return path if exists(path) and path.is_dir() else path.parent


def _files_of(path: Path, directory: Path) -> _Files:
    """Find the files of the only data set, or of the named one, by (part, content)."""
    sets = _sets(directory) if exists(directory) and directory.is_dir() else {}
    if path != directory:
        match = _NAME.fullmatch(path.name)
        name = (_set_name(match) if match else path.name).lower()
        for known, files in sets.items():
            if known.lower() == name:
                return files
        others = f" (or one of {_listed(directory, sets)})" if sets else ""
        check_folder(path, f"IDX files{others}")
    rule = f"contains {len(sets)} data sets; choose one: {_listed(directory, sets)}"
    refuse(directory, rule, wrong=len(sets) > 1)
    return next(iter(sets.values()), {})


def _sets(directory: Path) -> dict[str, _Files]:
    """Find the files of a folder by data set; names that differ only in case are one set."""
    sets: dict[str, tuple[str, _Files]] = {}
    with reading(directory):
        paths = sorted(directory.iterdir(), key=lambda path: (path.name.lower(), path.name))
    for path in paths:  # raw before .gz
        match = _NAME.fullmatch(path.name)
        if match:
            name = _set_name(match)
            part = "train" if match["part"].lower() == "train" else "test"
            _, files = sets.setdefault(name.lower(), (name, {}))
            files.setdefault((part, match["what"].lower()), path)
    return dict(sorted(sets.values(), key=lambda item: item[0].lower()))


def _set_name(match: re.Match[str]) -> str:
    return (match["set"] or "").rstrip("-") or _UNNAMED


def _listed(directory: Path, sets: dict[str, _Files]) -> str:
    """List sets as they are typed; one whose name is also a folder's by one of its files."""
    return ", ".join(
        f"idx:{directory / name if not exists(directory / name) else next(iter(files.values()))}"
        for name, files in sets.items()
    )


def _load_part(directory: Path, files: _Files, part: str, request: Request) -> GreyImages:
    """Load the images and labels of one part."""
    for what in ("images", "labels"):
        if (part, what) not in files:
            names = ", ".join(sorted(path.name for path in files.values()))
            found = names or "no IDX files (one file alone is read as idx:FILE)"
            rule = f"must contain the {what} of the {part} set"
            raise NoSuchPartError(f"{directory}: {rule}, found {found}")
    of_images, of_labels = files[part, "images"], files[part, "labels"]
    images = images_of(read_idx(of_images, 3, 2), of_images, request.size)
    return images.labelled(read_idx(of_labels, 1), of_labels)
