"""Thresholds between paper and ink: a given level, or one found in each image."""

from __future__ import annotations

import warnings
from collections.abc import Callable

from hopcli.errors import HopcliWarning
from hopcli.records import Bools, Ints, NDArray, Spins, np

_AT_ONCE = 4096  # images whose histograms are counted at once, to bound the memory
_PIXELS_AT_ONCE = 2**22  # and their pixels
_IN_CACHE = 1024  # images converted at once: they stay in the processor's cache


def otsu(histograms: Ints) -> NDArray[np.uint8]:
    """Return levels that separate grey values into the two most distant classes [Otsu 1979].

    The level t maximises the variance between the values <= t and those > t,
    (N s - n S)^2 / (n (N - n)) up to a factor, with n and s the number and the sum of the
    values <= t, N and S those of all. Of several such levels the lowest is returned.

    Parameters
    ----------
    histograms : ndarray of int64, shape (images, 256)
        Number of pixels of each grey value in an image.

    Returns
    -------
    ndarray of uint8, shape (images,)
        The levels, 0..255; both classes have pixels, unless all pixels are equal.

    Examples
    --------
    >>> histogram = np.bincount([10, 10, 12, 200, 201, 201], minlength=256)
    >>> otsu(histogram[None]).tolist()
    [12]
    """
    below = histograms.cumsum(axis=1).astype(np.float64)
    sums = (histograms * np.arange(256)).cumsum(axis=1).astype(np.float64)
    n, s = below[:, -1:], sums[:, -1:]
    weights = below * (n - below)
    variance = np.zeros(weights.shape)
    np.divide((n * sums - below * s) ** 2, weights, out=variance, where=weights > 0)
    return variance.argmax(axis=1).astype(np.uint8)


def mean(histograms: Ints) -> NDArray[np.uint8]:
    """Return mean grey values, rounded down, so that brighter pixels are above them.

    Parameters
    ----------
    histograms : ndarray of int64, shape (images, 256)
        Number of pixels of each grey value in an image.

    Returns
    -------
    ndarray of uint8, shape (images,)
        The levels, 0..255.
    """
    sums = (histograms * np.arange(256)).sum(axis=1)
    return (sums // histograms.sum(axis=1)).astype(np.uint8)


THRESHOLDS: dict[str, Callable[[Ints], NDArray[np.uint8]]] = {
    "otsu": otsu,
    "mean": mean,
}
"""Methods to find the level of an image, by name: histograms in, levels out."""

RULE = f"must be a whole number from 0 to 255, or {' or '.join(THRESHOLDS)}"
"""Range of a threshold."""


def is_threshold(value: object) -> bool:
    """Return whether a value is a grey level, or the name of a method to find one."""
    if isinstance(value, str):
        return value in THRESHOLDS
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return whole and 0 <= int(value) <= 255  # type: ignore[call-overload]


def levels(grey: NDArray[np.uint8], threshold: int | str) -> NDArray[np.uint8]:
    """Return the level of each image, above which its pixels are bright.

    Parameters
    ----------
    grey : ndarray of uint8, shape (images, N)
        Grey values 0..255.
    threshold : int or str
        The level itself, or a key of :data:`THRESHOLDS`.

    Returns
    -------
    ndarray of uint8, shape (images,)
        0..255.
    """
    if not isinstance(threshold, str):
        return np.full(len(grey), threshold, np.uint8)
    found = np.empty(len(grey), np.uint8)
    step = min(_AT_ONCE, max(1, _PIXELS_AT_ONCE // grey.shape[1]))
    for first in range(0, len(grey), step):
        part = grey[first : first + step]
        shifted = part + 256 * np.arange(len(part))[:, None]
        histograms = np.bincount(shifted.ravel(), minlength=256 * len(part)).reshape(-1, 256)
        found[first : first + step] = THRESHOLDS[threshold](histograms)
    return found


def warn_of_blank(
    grey: NDArray[np.uint8],
    at: NDArray[np.uint8],
    threshold: int | str,
    what: str,
    *,
    of_source: bool,
) -> None:
    """Warn of images with several grey values that are all on one side of their level.

    Parameters
    ----------
    grey : ndarray of uint8, shape (images, N)
        Grey values 0..255.
    at : ndarray of uint8, shape (images,)
        The level of each image, see :func:`levels`.
    threshold : int or str
        The method that found the levels.
    what : str
        Origin of the images, for the beginning of the message.
    of_source : bool
        True for images of a source, False for arrays given in Python.

    Warns
    -----
    HopcliWarning
        If there are such images.
    """
    low, high = grey.min(axis=1), grey.max(axis=1)
    n_blank = int(np.count_nonzero((low < high) & ((at < low) | (at >= high))))
    if n_blank:
        way = "--threshold otsu" if of_source else "hopcli.load(images, threshold='otsu')"
        warnings.warn(
            f"{what}: {n_blank:,} of {len(grey):,} images become blank: all their grey values are "
            f"on one side of the threshold {threshold}; try {way}",
            HopcliWarning,
            stacklevel=4,
        )


def binarise(grey: NDArray[np.uint8], at: NDArray[np.uint8], invert: bool | Bools) -> Spins:
    """Convert grey values to spins, in the same memory if it is writeable.

    Parameters
    ----------
    grey : ndarray of uint8, shape (images, N)
        Grey values 0..255; must not be used afterwards if writeable.
    at : ndarray of uint8, shape (images,)
        The level of each image, see :func:`levels`.
    invert : bool or ndarray of bool, shape (images,)
        Make pixels at or below the level +1, instead of those above it.

    Returns
    -------
    ndarray of int8, shape (images, N)
        Values -1 or +1, read-only.
    """
    grey = np.ascontiguousarray(grey)
    if not grey.flags.writeable:
        grey = grey.copy()
    signs = np.where(np.broadcast_to(invert, len(grey)), np.int8(-2), np.int8(2))[:, None]
    for first in range(0, len(grey), _IN_CACHE):
        block = slice(first, first + _IN_CACHE)
        spins = grey[block].view(np.int8)
        np.greater(grey[block], at[block, None], out=grey[block].view(np.bool_))
        np.multiply(spins, signs[block], out=spins)
        np.subtract(spins, signs[block] // 2, out=spins)
    grey.flags.writeable = False  # no other reference: a record need not copy
    return grey.view(np.int8)
