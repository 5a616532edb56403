"""Sources that come through scikit-learn: its own digits, and OpenML with its cache."""

from __future__ import annotations

import math
import warnings

import numpy as np

from hopcli.datasets.grey import GreyImages, as_grey, as_labels, one_line
from hopcli.errors import DataError

__all__ = ["load_digits", "load_openml"]


def load_digits() -> GreyImages:
    """Load scikit-learn's 1,797 handwritten digits of 8 x 8, grey values 0..16."""
    from sklearn import datasets

    digits = datasets.load_digits()
    return GreyImages(
        as_grey(digits.data, "digits"),
        as_labels(digits.target, len(digits.data), "digits"),
        (8, 8),
    )


def load_openml(name: str) -> GreyImages:
    """Load a data set of square images from OpenML, or from scikit-learn's cache of it.

    Parameters
    ----------
    name : str
        Its name on OpenML, e.g. ``"mnist_784"``; the oldest active version is taken.

    Raises
    ------
    DataError
        If it cannot be fetched, or holds no square grey images with one label each.
    """
    from sklearn.datasets import fetch_openml

    what = f"openml:{name}"
    try:
        with warnings.catch_warnings():
            # Retries and other versions of the same name: neither changes the outcome.
            warnings.simplefilter("ignore")
            bunch = fetch_openml(name, version="active", as_frame=False)
    except Exception as error:
        # Network, cache, parser and server errors, of a dozen unrelated classes.
        raise DataError(f"{what}: cannot be fetched ({one_line(error)})") from None
    values, target = bunch.data, bunch.target
    if not isinstance(values, np.ndarray):
        raise DataError(f"{what}: must hold dense arrays, found {type(values).__name__}")
    if target is None or np.size(target) == 0:
        raise DataError(f"{what}: must have one label an image, found none")
    n_images, n_sites = values.shape
    side = math.isqrt(n_sites)
    if side**2 != n_sites:
        raise DataError(f"{what}: images must be square, found {n_sites} pixels")
    return GreyImages(
        as_grey(values, what), as_labels(np.asarray(target), n_images, what), (side, side)
    )
