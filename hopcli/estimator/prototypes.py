"""From samples to prototypes: spins by the level of each feature, groups, and patterns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.errors import SettingError
from hopcli.records import Floats, Ints, NDArray, Spins


def otsu(values: NDArray[Any]) -> Floats:
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


LEVELS: dict[str, Callable[..., Any]] = {
    "median": functools.partial(np.median, axis=0),
    "mean": functools.partial(np.mean, axis=0, dtype=np.float64),
    "otsu": otsu,
}
"""Methods to find the level of each feature, by name."""


def levels(values: NDArray[Any], threshold: Any) -> Floats:
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


def _given(threshold: Any, n_features: int) -> Floats:
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


def as_spins(values: NDArray[Any], at: Floats) -> Spins:
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


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Samples from which one pattern is made.

    Parameters
    ----------
    spins : ndarray of int8, shape (M, N)
        The samples, values -1 or +1, M >= 1.
    label : int
        Their class.
    """

    spins: Spins
    label: int


def groups(
    spins: Spins, labels: Ints, samples: int | None, count: int, rng: np.random.Generator
) -> list[Group]:
    """Draw the competing samples of each class, and divide them into groups.

    Parameters
    ----------
    spins : ndarray of int8, shape (n_samples, N)
        All samples, values -1 or +1.
    labels : ndarray of int64, shape (n_samples,)
        Class of each sample.
    samples : int or None
        Most competing samples of a class, drawn without replacement; None for all.
    count : int
        Groups per class, >= 1; fewer if it has fewer different samples.
    rng : numpy.random.Generator
        For the draw, and for the first centres of clusters.

    Returns
    -------
    list of Group
        Class after class.
    """
    found = []
    for label in np.unique(labels).tolist():
        own = np.flatnonzero(labels == label)
        if samples is not None and samples < len(own):
            own = np.sort(rng.choice(own, samples, replace=False))
        found += [Group(part, label) for part in _parted(spins[own], count, rng)]
    return found


def _parted(spins: Spins, count: int, rng: np.random.Generator) -> list[Spins]:
    """Divide samples into clusters by k-means."""
    if count == 1:
        return [spins]
    different, cluster = np.unique(spins, axis=0, return_inverse=True)
    cluster = cluster.ravel()
    if len(different) > count:
        cluster = _clusters(spins, count, int(rng.integers(2**31)))
    return [spins[cluster == number] for number in np.unique(cluster)]


_MOST_STEPS = 300  # of k-means, which usually needs 10


def _clusters(spins: Spins, count: int, seed: int) -> Ints:
    """Divide samples into clusters, the same on every processor.

    Sums of spins are whole numbers and exact in any order, and so are ties between centres.
    """
    from sklearn.cluster import kmeans_plusplus

    x = spins.astype(np.float64)
    sums, _ = kmeans_plusplus(x, count, random_state=seed)
    sizes, cluster = np.ones(count), np.full(len(x), -1)
    for _ in range(_MOST_STEPS):
        # Squared distance from each centre, without the same term |x|^2.
        distances = np.square(sums).sum(axis=1) / sizes**2 - 2 * (x @ sums.T) / sizes
        before, cluster = cluster, distances.argmin(axis=1)
        if np.array_equal(cluster, before):
            break
        nearest = distances.min(axis=1)
        for empty in np.flatnonzero(np.bincount(cluster, minlength=count) == 0):
            cluster[farthest := nearest.argmax()] = empty
            nearest[farthest] = -np.inf
        members = cluster == np.arange(count)[:, None]
        sums, sizes = members.astype(np.float64) @ x, np.maximum(members.sum(axis=1), 1)
    return cluster


def _overlap_loss(group: Group, all_groups: list[Group]) -> Spins:
    """Return the sample with the lowest L = sum_D (P . D)^2 - M sum_U (P . U)^2 [ZG eq. 5].

    D are the samples of other classes, U the others of the M samples of the group. The term
    of P with itself is the same for all.
    """
    m = len(group.spins)
    loss = -m * _squares(group.spins, group.spins)
    for other in all_groups:
        if other.label != group.label:
            loss = loss + _squares(group.spins, other.spins)
    return group.spins[loss.argmin()]


def _squares(spins: Spins, others: Spins) -> Floats:
    """Return the sum over the others of (P . other)^2, for each P; whole numbers."""
    products = spins.astype(np.float32) @ others.astype(np.float32).T  # exact to 2^24
    return np.square(products, dtype=np.float64).sum(axis=1)


def _medoid(group: Group, all_groups: list[Group]) -> Spins:  # noqa: ARG001
    """Return the sample with the largest mean overlap with its group."""
    spins = group.spins.astype(np.int64)
    return group.spins[(spins @ spins.sum(axis=0)).argmax()]


def _majority(group: Group, all_groups: list[Group]) -> Spins:  # noqa: ARG001
    """Return the sign of the sum of the samples, +1 if the sum is 0."""
    return np.where(group.spins.sum(axis=0, dtype=np.int64) >= 0, 1, -1).astype(np.int8)


CHOICES: dict[str, Callable[[Group, list[Group]], Spins]] = {
    "overlap-loss": _overlap_loss,
    "medoid": _medoid,
    "majority": _majority,
}
"""Ways to make a pattern from a group, by name: group and all groups in, int8 (N,) out."""


def choose(all_groups: list[Group], how: str) -> tuple[Spins, Ints]:
    """Make a pattern from every group.

    Parameters
    ----------
    all_groups : list of Group
        From :func:`groups`.
    how : str
        A key of :data:`CHOICES`.

    Returns
    -------
    xi : ndarray of int8, shape (p, N)
        The patterns, values -1 or +1.
    labels : ndarray of int64, shape (p,)
        Class of each pattern.

    Examples
    --------
    >>> spins = np.array([[1, 1, 1], [1, 1, -1], [1, -1, 1], [-1, -1, -1]], np.int8)
    >>> two = groups(spins, np.array([0, 0, 0, 1]), None, 1, np.random.default_rng(1))
    >>> choose(two, "medoid")[0].tolist()
    [[1, 1, 1], [-1, -1, -1]]
    """
    xi = np.array([CHOICES[how](group, all_groups) for group in all_groups], dtype=np.int8)
    return xi, np.array([group.label for group in all_groups], dtype=np.int64)
