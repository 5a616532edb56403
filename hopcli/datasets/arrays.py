"""Images that are arrays already: made a data set as those of files are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.datasets.dataset import Dataset, content_hash
from hopcli.datasets.grey import as_labels
from hopcli.datasets.limits import check_images
from hopcli.datasets.rows import picture_shape
from hopcli.datasets.thresholds import RULE, binarise, is_threshold, levels, warn_of_blank
from hopcli.datasets.values import as_grey, as_spins
from hopcli.errors import DataError, SettingError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["dataset_of", "image_array"]

_WHAT = "images"


def image_array(images: ArrayLike) -> NDArray[Any]:
    """Return images as an array, shape (n, height, width) or (n, N), within the limits of a source.

    Raises
    ------
    DataError
        If they are no such array, or exceed the limits of :mod:`hopcli.datasets.limits`.
    """
    rule = "must have shape (n, height, width) or (n, N), none of them 0"
    try:
        values = np.asarray(images)
    except ValueError:
        raise DataError(f"{_WHAT}: {rule}, found rows of several lengths") from None
    if values.ndim not in (2, 3) or values.size == 0:
        raise DataError(f"{_WHAT}: {rule}, found {values.shape}")
    check_images(_WHAT, values.shape)
    return values


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
        Booleans, spins -1 and +1, or grey values: whole numbers 0..255, or floats 0..1. Rows of
        N pixels are square pictures if N is a square, else pictures of one row.
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
        If the arrays are no images and their labels, or exceed the limits of a source
        (:mod:`hopcli.datasets.limits`).

    Warns
    -----
    HopcliWarning
        If the threshold makes images blank that are not.

    Examples
    --------
    >>> import numpy as np
    >>> cross = np.array([[0, 9, 0], [9, 9, 9], [0, 9, 0]])
    >>> dataset_of([cross, 9 - cross], ["cross", "corners"])
    Dataset(arrays: 2 images of 3 x 3; cross, corners)
    """
    if not is_threshold(threshold):
        raise SettingError("threshold", RULE, threshold)
    values = image_array(images)
    shape = picture_shape(values.shape[1:])
    flat = values.reshape(len(values), -1)
    spins = as_spins(flat)
    if spins is None:
        grey = np.array(as_grey(flat, _WHAT), order="C")  # a copy, as it is made spins in place
        at = levels(grey, threshold)
        warn_of_blank(grey, at, threshold, _WHAT)
        spins = binarise(grey, at, invert=invert)
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
