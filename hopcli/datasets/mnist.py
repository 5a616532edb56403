"""The embedded MNIST, and hashes of all data that ship with hopcli."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hopcli.data import (
    DRAWINGS,
    MEMBER_CRC32,
    MNIST_FILE,
    MNIST_SHA256,
    N_TEST,
    N_TRAIN,
    ORIGINALS,
    SHIPPED_SHA256,
)
from hopcli.datasets.grey import GreyImages, one_line, refuse
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError
from hopcli.records import NDArray, np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_SHAPE = (28, 28)
_SPLITS = {
    "train": slice(0, N_TRAIN),
    "test": slice(N_TRAIN, N_TRAIN + N_TEST),
    "all": slice(0, N_TRAIN + N_TEST),
}
_DIGITS = np.array([str(digit) for digit in range(10)])


@dataclass(frozen=True, slots=True)
class HashCheck:
    """Comparison of one file with its SHA-256.

    Parameters
    ----------
    name : str
        File name.
    expected, found : str
        SHA-256, 64 hexadecimal digits; `found` may contain the reason why there is none.
    """

    name: str
    expected: str
    found: str

    @property
    def ok(self) -> bool:
        """True if the hash of the file is the expected one."""
        return self.expected == self.found


def _read(*members: str) -> list[NDArray[np.uint8]]:
    """Read members of the embedded file and compare each with its CRC-32."""
    try:
        with Archive(MNIST_FILE) as archive:
            for name in members:
                found = archive.crc32(name)
                expected = MEMBER_CRC32[name]
                rule = f"CRC-32 of {name} must be {expected:08x}"
                refuse(MNIST_FILE, rule, f"{found:08x}", found != expected)
            return [archive.read(name) for name in members]
    except DataError as error:
        raise DataError(f"{error}; install hopcli again") from None


def load_mnist(split: str, *, binary: bool) -> GreyImages:
    """Load embedded images in their original order.

    Parameters
    ----------
    split : {"train", "test", "all"}
        Part of the images; "all" is the training set, then the test set.
    binary : bool
        Return no grey values, but a bit per pixel, 1 wherever the grey value is > 0.

    Returns
    -------
    GreyImages
        n = 60,000, 10,000 or 70,000 images of 28 x 28.

    Raises
    ------
    DataError
        If the embedded file is missing or damaged.
    """
    chosen = _SPLITS[split]
    bits, labels, *grey = _read("bits", "labels", *(() if binary else ("grey",)))
    packed, of_each = bits[chosen], _DIGITS[labels[chosen]]
    if binary:
        none = np.empty((len(packed), 0), np.uint8)
        return GreyImages(none, of_each, _SHAPE, MNIST_SHA256, packed=packed)
    images = np.unpackbits(packed, axis=1)
    first = np.count_nonzero(np.unpackbits(bits[: chosen.start]))
    ink = images.view(np.bool_)
    images[ink] = grey[0][first : first + np.count_nonzero(ink)]
    return GreyImages(images, of_each, _SHAPE, MNIST_SHA256)


def _original_hashes() -> Iterator[str]:
    """Rebuild the four original files, in the order of ORIGINALS, and hash them."""
    for split in ("train", "test"):
        images = load_mnist(split, binary=False)
        n_images = len(images.grey)
        # Big-endian headers: magic number, number of items, then height and width.
        yield _sha256(np.array([0x803, n_images, *_SHAPE], ">u4"), images.grey)
        yield _sha256(np.array([0x801, n_images], ">u4"), np.asarray(images.labels, np.uint8))


def _sha256(header: NDArray[np.uint32], payload: NDArray[np.uint8]) -> str:
    """Hash a header and its payload."""
    digest = hashlib.sha256(header.tobytes())
    digest.update(payload.reshape(-1).data)
    return digest.hexdigest()


def verify_embedded() -> list[HashCheck]:
    """Verify all shipped data against their hashes, with the four originals rebuilt from MNIST.

    Returns
    -------
    list of HashCheck
        MNIST first, then its originals, drawings and texts. If a file cannot be read, `found`
        contains the reason, and files made from it have no hash. Nothing is raised.
    """
    checks = [HashCheck(MNIST_FILE.name, MNIST_SHA256, _hash_of(MNIST_FILE))]
    try:
        found = list(_original_hashes())
    except DataError as error:
        found = [f"nothing: {error}"] * len(ORIGINALS)
    checks += [
        HashCheck(original.name, original.sha256, sha256)
        for original, sha256 in zip(ORIGINALS, found, strict=True)
    ]
    return checks + [
        HashCheck(f"{folder.name}/{name}", sha256, _hash_of(folder / name))
        for folder, files in SHIPPED_SHA256.items()
        for name, sha256 in files.items()
    ]


def _hash_of(path: Path) -> str:
    """Return the SHA-256 of a file, or the reason why there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return f"nothing: {one_line(error)}"


def embedded_files() -> list[Path]:
    """List the data files that ship with hopcli: MNIST, then the drawings by name."""
    return [MNIST_FILE, *sorted(DRAWINGS.glob("*.png"))]
