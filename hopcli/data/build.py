"""Build the embedded MNIST file from the four original IDX files.

Run as ``python -m hopcli.data.build IDX_DIR [--out FILE]``. The archive is an
``.npz`` of three arrays, all images in their original order, training set first:

- ``bits``, uint8, (70000, 98): the pixels with grey value > 0, eight per byte;
- ``labels``, uint8, (70000,): 0..9;
- ``grey``, uint8, (10505375,): the grey values 1..255 of those pixels, in order.

The study's threshold needs only the first two, a fifth of the file. The archive depends only
on the version of zlib, not on the clock or the machine.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import sys
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hopcli.data import MNIST_FILE, MNIST_SHA256, ORIGINALS, Original
from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_IMAGE_HEADER, _LABEL_HEADER = 16, 8
_EPOCH = (1980, 1, 1, 0, 0, 0)


def read_original(directory: Path, original: Original) -> bytes:
    """Read one original file, raw or gzip, and compare it with its hash.

    Raises
    ------
    DataError
        If the file is missing, damaged or differs from the original.
    """
    raw, packed = directory / original.name, directory / f"{original.name}.gz"
    path = raw if raw.is_file() else packed
    try:
        with path.open("rb") if path is raw else gzip.open(path, "rb") as file:
            # One extra byte suffices to detect another file.
            payload = file.read(original.n_bytes + 1)
    except FileNotFoundError:
        raise DataError(f"{raw}: no such file, nor {packed.name}") from None
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    if len(payload) > original.n_bytes:
        raise DataError(
            f"{path}: expected {original.n_bytes} bytes unpacked, found more; nothing was written"
        )
    found = hashlib.sha256(payload).hexdigest()
    if found != original.sha256:
        raise DataError(
            f"{path}: expected SHA-256 {original.sha256}, found {found}; nothing was written"
        )
    return payload


def pack(grey: NDArray[np.uint8], labels: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Arrange images for the archive.

    Parameters
    ----------
    grey : ndarray of uint8, shape (n, N)
        Grey values 0..255.
    labels : ndarray of uint8, shape (n,)
        Labels 0..9.

    Returns
    -------
    dict of str to ndarray of uint8
        ``bits``, ``labels`` and ``grey``, in the order of the archive.
    """
    ink = grey > 0
    return {"bits": np.packbits(ink, axis=1), "labels": labels, "grey": grey[ink]}


def _archive(members: dict[str, NDArray[np.uint8]]) -> bytes:
    """Make the bytes of an ``.npz``, the same at every build."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in members.items():
            npy = io.BytesIO()
            np.lib.format.write_array(npy, array, version=(1, 0), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix; the default depends on the machine
            archive.writestr(info, npy.getvalue(), compresslevel=9)
    return buffer.getvalue()


def build(directory: Path, out: Path) -> str:
    """Build the archive.

    Parameters
    ----------
    directory : Path
        Folder of the four IDX files, raw or gzip.
    out : Path
        File to write, once the archive is complete.

    Returns
    -------
    str
        SHA-256 of the archive.

    Raises
    ------
    DataError
        If an IDX file is missing, damaged or differs from the original, or `out`
        cannot be written.
    """
    payloads = [read_original(directory, original) for original in ORIGINALS]
    grey = np.concatenate(
        [np.frombuffer(p, np.uint8, offset=_IMAGE_HEADER).reshape(-1, 784) for p in payloads[::2]]
    )
    labels = np.concatenate(
        [np.frombuffer(p, np.uint8, offset=_LABEL_HEADER) for p in payloads[1::2]]
    )
    content = _archive(pack(grey, labels))
    try:
        out.write_bytes(content)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror})") from None
    return hashlib.sha256(content).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the build from the command line; the exit code is 2 for unusable files."""
    parser = argparse.ArgumentParser(
        prog="python -m hopcli.data.build",
        description="Build the embedded MNIST file from the four original IDX files.",
    )
    parser.add_argument("directory", type=Path, metavar="IDX_DIR")
    parser.add_argument("--out", type=Path, default=MNIST_FILE, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        sha256 = build(options.directory, options.out)
    except DataError as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    same = "as expected" if sha256 == MNIST_SHA256 else f"expected {MNIST_SHA256}"
    sys.stdout.write(f"{options.out}: SHA-256 {sha256} ({same})\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
