"""Sources in scikit-learn: its own digits, and OpenML with its cache."""

from __future__ import annotations

import math
import warnings

from hopcli.datasets.grey import GreyImages, as_grey, as_labels, one_line, refuse
from hopcli.errors import DataError


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
        Name on OpenML, e.g. ``"mnist_784"``; the oldest active version is used.

    Raises
    ------
    DataError
        If it cannot be fetched, or contains no square grey images with one label each.
    """
    from sklearn.datasets import fetch_openml

    what = f"openml:{name}"
    try:
        with warnings.catch_warnings():
            # Retries and other versions of the name do not change the result.
            warnings.simplefilter("ignore")
            # Frames, because in arrays nominal pixels would silently become codes, and
            # a data set without labels fails inside scikit-learn.
            bunch = fetch_openml(name, version="active", as_frame="auto")
    except Exception as error:
        # Network, cache, parser and server errors, of a dozen unrelated classes.
        raise DataError(f"{what}: cannot be fetched ({one_line(error)})") from None
    kind, is_dense = type(bunch.data).__name__, hasattr(bunch.data, "to_numpy")
    refuse(what, "must contain dense arrays", kind, not is_dense)
    refuse(what, "must have one label per image", "none", bunch.target is None)
    values, target = bunch.data.to_numpy(), bunch.target.to_numpy()
    n_images, n_sites = values.shape
    side = math.isqrt(n_sites)
    refuse(what, "images must be square", f"{n_sites} pixels", side**2 != n_sites)
    return GreyImages(as_grey(values, what), as_labels(target, n_images, what), (side, side))
