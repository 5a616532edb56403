"""Numbers as grey values: one rule for every source, the command line and Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["as_grey", "as_spins", "eight_bits", "two_kinds"]

_AT_ONCE = 2**24  # values compared at once, to bound the memory
_ONE = 1 + 1e-6  # floats that are 1 but for rounding
_RULE = "grey values must be whole numbers from 0 to 255, floats from 0 to 1, or spins -1 and 1"
_HELP = "(divide them by their greatest value, or round them)"


def as_spins(values: NDArray[Any]) -> NDArray[np.int8] | None:
    """Return booleans, or numbers that are all -1 or +1, as spins; None for anything else."""
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
    255 and rounded. Unsigned integers of 16 bits are brought to 8, see :func:`eight_bits`.
    Other numbers must be whole, from 0 to 255.

    Parameters
    ----------
    values : ndarray
        Any real dtype, shape (n, ...), n >= 1.
    what : object
        Where they come from, to begin the message with.

    Returns
    -------
    ndarray of uint8, shape (n, ...)
        Grey values, 0..255.

    Raises
    ------
    DataError
        If there are none, or one is no such number.
    """
    if values.size == 0:
        raise DataError(f"{what}: holds no images, found shape {values.shape}")
    if values.dtype.kind not in "buif":
        raise DataError(f"{what}: grey values must be numbers, found dtype {values.dtype}")
    low, high = values.min(), values.max()
    if values.dtype.kind == "b" or low == -1:
        spins = as_spins(values)
        if spins is not None:
            grey: NDArray[np.uint8] = (spins > 0).view(np.uint8)
            grey *= 255
            return grey
    if not low >= 0:  # NaN, too
        raise DataError(f"{what}: {_RULE} {_HELP}, found {low}")
    if high <= _ONE:
        return np.rint(np.minimum(values, 1) * np.float32(255)).astype(np.uint8)
    if values.dtype == np.uint16:
        return eight_bits(values)
    if high > 255:
        raise DataError(f"{what}: {_RULE} {_HELP}, found {high}")
    grey = values.astype(np.uint8, copy=False)
    wrong = values[grey != values]
    if wrong.size:
        raise DataError(f"{what}: {_RULE} {_HELP}, found {wrong[0]}")
    return grey


def eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Divide whole numbers >= 0 by the least power of two that brings all below 256."""
    shift = max(0, int(values.max()).bit_length() - 8)
    return (values >> shift).astype(np.uint8)


def two_kinds(values: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return numbers of exactly two kinds as 0 (the lower) and 255; None for anything else."""
    low, high = values.min(), values.max()
    if low == high or not np.all((values == low) | (values == high)):
        return None
    return np.where(values == high, np.uint8(255), np.uint8(0))
