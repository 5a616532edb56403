"""Images that are arrays already: made a data set as those of files are."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.datasets.dataset import Dataset, content_hash
from hopcli.datasets.grey import as_grey, as_labels
from hopcli.datasets.thresholds import RULE, binarise, is_threshold, levels
from hopcli.errors import DataError, SettingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["as_spins", "dataset_of", "picture_shape"]

_WHAT = "images"


def dataset_of(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    threshold: int | str = 0,
    invert: bool = False,
) -> Dataset:
    """Make a data set of arrays.

    Parameters
    ----------
    images : array-like, shape (n, height, width) or (n, N)
        Booleans, spins -1 and +1, or grey values, whole numbers 0..255. Rows of N pixels are
        square pictures if N is a square, else pictures of one row.
    labels : array-like of int or str, shape (n,), optional
        Label of each image; by default their numbers from 1 on.
    threshold : int or str
        Grey values above it, 0..255, become +1; or how the level of each image is found,
        "otsu" or "mean". Of no effect on booleans and spins.
    invert : bool
        Make +1 what would be -1.

    Raises
    ------
    SettingError
        If the threshold is none.
    DataError
        If the arrays are no images and their labels.

    Examples
    --------
    >>> import numpy as np
    >>> cross = np.array([[0, 9, 0], [9, 9, 9], [0, 9, 0]])
    >>> dataset_of([cross, 9 - cross], ["cross", "corners"])
    Dataset(arrays: 2 images of 3 x 3; cross, corners)
    """
    if not is_threshold(threshold):
        raise SettingError("threshold", RULE, threshold)
    values = np.asarray(images)
    if values.ndim not in (2, 3) or values.size == 0:
        rule = "must have shape (n, height, width) or (n, N), none of them 0"
        raise DataError(f"{_WHAT}: {rule}, found {values.shape}")
    shape = picture_shape(values.shape[1:])
    flat = values.reshape(len(values), -1)
    spins = as_spins(flat)
    if spins is None:
        grey = np.array(as_grey(flat, _WHAT), order="C")  # a copy, as it is made spins in place
        spins = binarise(grey, levels(grey, threshold), invert=invert)
    elif invert:
        spins = -spins
    given = np.arange(1, len(flat) + 1) if labels is None else np.asarray(labels)
    names = as_labels(given, len(flat), _WHAT)
    return Dataset(
        name="arrays",
        spins=spins,
        labels=names,
        shape=shape,
        threshold=threshold,
        sha256=content_hash(spins, names, shape),
        inverted=invert,
        named=np.zeros(len(flat), np.bool_) if labels is None else None,
    )


def picture_shape(of_one: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of a picture that is given so, or as a row of pixels."""
    if len(of_one) == 2:
        return of_one[0], of_one[1]
    (n_sites,) = of_one
    side = math.isqrt(n_sites)
    return (side, side) if side * side == n_sites else (1, n_sites)


def as_spins(values: NDArray[Any]) -> NDArray[np.int8] | None:
    """Booleans or numbers that are all -1 or +1 as spins; None of anything else."""
    if values.dtype == np.bool_:
        return np.where(values, np.int8(1), np.int8(-1))
    if values.dtype.kind not in "if" or not np.all(np.abs(values) == 1):
        return None
    return np.ascontiguousarray(values, dtype=np.int8)
