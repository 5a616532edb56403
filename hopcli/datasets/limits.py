"""Limits of what a file may claim, checked before memory is taken for it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "MAX_BYTES",
    "MAX_IMAGES",
    "MAX_LINES",
    "MAX_PIXELS",
    "MAX_READ",
    "MAX_TEXT",
    "check_images",
    "check_packed",
]

MAX_BYTES = 2**31
"""Most bytes of one array, and most grey values of a source (EMNIST, the largest, has 0.64e9)."""

MAX_IMAGES = 2_000_000
"""Most images of a source."""

MAX_LINES = 2**20
"""Most lines of a text file of patterns (EMNIST's largest set as CSV has 0.70e6)."""

MAX_PIXELS = 4_000_000
"""Largest picture; a network of so many spins is past use long before."""

MAX_READ = 100_000_000
"""Most pixels of a photograph that is to be resized."""

MAX_TEXT = 2**28
"""Most bytes of a text file of patterns (MNIST's training set as CSV has 1.1e8)."""

_UNPACKED_FREELY = 2**26  # bytes that any archive may unpack to
_MAX_RATIO = 100  # values a packed byte, beyond that; images stay below 30


def check_images(what: object, shape: Sequence[int]) -> None:
    """Refuse images that are none, too many or too large.

    Parameters
    ----------
    what : object
        Where they come from, to begin the message with.
    shape : sequence of int
        Number of images, then the lengths of one image.

    Raises
    ------
    DataError
        If a length is not positive, or a limit is passed.
    """
    n_images, n_pixels = shape[0], math.prod(shape[1:])
    if min(shape) < 1:
        raise DataError(f"{what}: holds no images, found shape {tuple(shape)}")
    if n_images > MAX_IMAGES:
        raise DataError(f"{what}: must hold at most {MAX_IMAGES:,} images, found {n_images:,}")
    if n_pixels > MAX_PIXELS:
        raise DataError(
            f"{what}: an image must have at most {MAX_PIXELS:,} pixels, found {n_pixels:,}"
        )
    if n_images * n_pixels > MAX_BYTES:
        raise DataError(
            f"{what}: must hold at most {MAX_BYTES:,} pixels, found {n_images * n_pixels:,}"
        )


def check_packed(what: object, n_bytes: int, n_packed: int, itemsize: int = 1) -> None:
    """Refuse compressed content that claims far more than images ever unpack to.

    Parameters
    ----------
    what : object
        Where it comes from, to begin the message with.
    n_bytes, n_packed : int
        Bytes after and before unpacking.
    itemsize : int
        Bytes of a value.

    Raises
    ------
    DataError
        If there are more bytes than :data:`MAX_BYTES`, or more than 2^26 with over 100 values a
        compressed byte.
    """
    if n_bytes > MAX_BYTES:
        raise DataError(f"{what}: must unpack to at most {MAX_BYTES:,} bytes, found {n_bytes:,}")
    if n_bytes > max(_UNPACKED_FREELY, _MAX_RATIO * itemsize * n_packed):
        raise DataError(
            f"{what}: must hold at most {_MAX_RATIO} values a compressed byte, found "
            f"{n_bytes // itemsize:,} in {n_packed:,} bytes"
        )
