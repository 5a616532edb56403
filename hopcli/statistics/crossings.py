"""Where two measured curves cross, such as the Binder ratios of two sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["crossings"]

_ON_EACH_SIDE = 3
_DEGREE = 3
_FINE = 1001  # points that the cubic is looked at


def crossings(x: ArrayLike, difference: ArrayLike, replicates: ArrayLike) -> NDArray[np.float64]:
    """Where a difference falls through 0, and where that of each of its replicates does.

    Summed up from the left the difference is highest at the crossing. A cubic through the
    three points on either side of it, by least squares, but not beyond the highest to the
    left and the lowest to the right, gives the crossing; replicates are fitted to the same
    points.

    Parameters
    ----------
    x : array-like of float, shape (n,)
        Increasing.
    difference : array-like of float, shape (n,)
        One curve less the other, positive left of the crossing and negative right of it.
    replicates : array-like of float, shape (any, n)
        The same as it might have been, as of a bootstrap.

    Returns
    -------
    ndarray of float64, shape (1 + any,)
        The crossing, and that of each replicate: -inf or inf where it falls left or right of
        all points of the fit. NaN for all where the difference itself does not fall.

    Examples
    --------
    >>> x = np.linspace(0, 2, 11)
    >>> crossings(x, 0.9 - x, [1.0 - x, 5.0 - x]).round(3).tolist()
    [0.9, 1.0, inf]
    """
    places = np.asarray(x, dtype=np.float64)
    curves = np.vstack([difference, np.reshape(replicates, (-1, len(places)))])
    last_above = int(np.argmax(np.cumsum(curves[0])))
    before, after = curves[0, : last_above + 1], curves[0, last_above + 1 :]
    if before[-1] <= 0 or np.min(after, initial=0) >= 0:
        return np.full(len(curves), np.nan)
    first = max(int(np.argmax(before)), last_above + 1 - _ON_EACH_SIDE)
    end = last_above + 1 + min(int(np.argmin(after)) + 1, _ON_EACH_SIDE)
    near = places[first:end]
    middle = (places[last_above] + places[last_above + 1]) / 2
    degree = min(_DEGREE, len(near) - 1)
    fits = np.polynomial.polynomial.polyfit(near - middle, curves[:, first:end].T, degree)
    fine = np.linspace(near[0], near[-1], _FINE)
    return _falls(fine, np.polynomial.polynomial.polyval(fine - middle, fits))


def _falls(x: NDArray[np.float64], curves: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each curve falls through 0, between the points where its sum is highest."""
    rows = np.arange(len(curves))
    last_above = np.argmax(np.cumsum(curves, axis=1), axis=1)
    left = np.minimum(last_above, len(x) - 2)
    above, below = curves[rows, left], np.minimum(curves[rows, left + 1], 0)  # but for rounding
    with np.errstate(invalid="ignore"):
        found = x[left] + above / (above - below) * (x[left + 1] - x[left])
    found = np.where(above > 0, found, -np.inf)
    return np.where(last_above == len(x) - 1, np.inf, found)
