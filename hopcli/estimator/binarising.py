"""Conversion of numbers to spins: a feature is +1 above its level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def otsu(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return levels that separate each feature into the two most distant classes [Otsu 1979].

    The level t is one of the values. It maximises the variance between the values <= t and
    those > t, (n S - N s)^2 / (n (N - n)) up to a factor, with n and s the number and the sum
    of the values <= t, N and S those of all. Of several such levels the lowest is returned.

    Parameters
    ----------
    values : ndarray of float or int, shape (n_samples, n_features)
        Finite numbers.

    Returns
    -------
    ndarray of float64, shape (n_features,)
        The levels; both classes have values, unless all are equal.

    Examples
    --------
    >>> otsu(np.array([[10.0, 1.0], [12.0, 1.0], [200.0, 1.0], [201.0, 1.0]])).tolist()
    [12.0, 1.0]
    """
    ordered = np.sort(values, axis=0).astype(np.float64)
    n = np.arange(1, len(ordered))[:, None]
    # In units of the largest number, so that nothing overflows; as differences from the mean,
    # so that no large sums are subtracted.
    scaled = ordered / np.maximum(np.abs(ordered).max(axis=0), np.finfo(np.float64).tiny)
    sums = np.cumsum(scaled - scaled.mean(axis=0), axis=0)[:-1]
    variance = np.where(ordered[:-1] < ordered[1:], sums**2 / (n * (len(ordered) - n)), -1.0)
    best = variance.argmax(axis=0) if len(variance) else np.zeros(ordered.shape[1], np.int64)
    parted = np.max(variance, axis=0, initial=-1.0) >= 0
    return np.where(parted, np.take_along_axis(ordered, best[None], axis=0)[0], ordered[-1])


def _median(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.median(values, axis=0), dtype=np.float64)


def _mean(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(np.mean(values, axis=0, dtype=np.float64))


LEVELS: dict[str, Callable[[NDArray[Any]], NDArray[np.float64]]] = {
    "median": _median,
    "mean": _mean,
    "otsu": otsu,
}
"""Methods to find the level of each feature, by name."""


def levels(values: NDArray[Any], threshold: Any) -> NDArray[np.float64]:
    """Find the level of every feature.

    A level that would make a feature of two values constant is replaced by the one halfway
    between them. If all of `values` are two numbers, such as spins or booleans, every feature
    has these two values, even a constant one.

    Parameters
    ----------
    values : ndarray of float or int, shape (n_samples, n_features)
        Finite numbers.
    threshold : float, array-like of float, shape (n_features,), or str
        One level for all features, one for each, or a key of :data:`LEVELS`.

    Returns
    -------
    ndarray of float64, shape (n_features,)
        In the units of the features.

    Raises
    ------
    SettingError
        If `threshold` is none of these.
    """
    n_features = values.shape[1]
    named = isinstance(threshold, str) and threshold in LEVELS
    found = LEVELS[threshold](values) if named else _given(threshold, n_features)
    lows, highs = values.min(axis=0).astype(np.float64), values.max(axis=0).astype(np.float64)
    low, high = lows.min(), highs.max()
    if np.all((values == low) | (values == high)):
        lows, highs = np.full(n_features, low), np.full(n_features, high)
    is_two = (lows < highs) & np.all((values == lows) | (values == highs), axis=0)
    constant = (found < lows) | (found >= highs)
    halfway = lows / 2 + highs / 2
    halfway = np.where(halfway < highs, halfway, lows)  # rounded up between neighbours
    return np.where(is_two & constant, halfway, found)


def _given(threshold: Any, n_features: int) -> NDArray[np.float64]:
    """Read a level for all features, or one for each."""
    try:
        given = np.asarray(threshold, dtype=np.float64)
        wrong = given.shape not in ((), (n_features,)) or not np.all(np.isfinite(given))
    except (OverflowError, TypeError, ValueError):
        wrong = True
    if wrong:
        ways = ", ".join(LEVELS)
        rule = f"must be a finite number, one for each of {n_features} features, or one of {ways}"
        raise SettingError("threshold", rule, threshold)
    return np.array(np.broadcast_to(given, (n_features,)))


def as_spins(values: NDArray[Any], at: NDArray[np.float64]) -> NDArray[np.int8]:
    """Convert numbers to spins.

    Parameters
    ----------
    values : ndarray of float or int, shape (n_samples, n_features)
        Finite numbers.
    at : ndarray of float64, shape (n_features,)
        The level of each feature.

    Returns
    -------
    ndarray of int8, shape (n_samples, n_features)
        +1 where a value is above its level, otherwise -1.

    Examples
    --------
    >>> as_spins(np.array([[0.0, 3.0], [0.5, 2.0]]), np.array([0.0, 2.0])).tolist()
    [[-1, 1], [1, -1]]
    """
    return np.where(values > at, 1, -1).astype(np.int8)
