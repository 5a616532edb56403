"""Patterns that represent a class: some of its samples, or their majority.

As in the study a few samples of every class compete. If a class has several prototypes,
its samples are first divided into this number of clusters, with one prototype each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


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

    spins: NDArray[np.int8]
    label: int


def groups(
    spins: NDArray[np.int8],
    labels: NDArray[np.int64],
    samples: int | None,
    count: int,
    rng: np.random.Generator,
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


def _parted(
    spins: NDArray[np.int8], count: int, rng: np.random.Generator
) -> list[NDArray[np.int8]]:
    """Divide samples into clusters by k-means."""
    if count == 1:
        return [spins]
    different, cluster = np.unique(spins, axis=0, return_inverse=True)
    cluster = cluster.ravel()
    if len(different) > count:
        cluster = _clusters(spins, count, int(rng.integers(2**31)))
    return [spins[cluster == number] for number in np.unique(cluster)]


def _clusters(spins: NDArray[np.int8], count: int, seed: int) -> NDArray[np.int64]:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the last digits depend on the number of threads
        found = KMeans(count, n_init=1, random_state=seed).fit_predict(spins.astype(np.float64))
    return np.asarray(found, dtype=np.int64)


def _overlap_loss(group: Group, all_groups: list[Group]) -> NDArray[np.int8]:
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


def _squares(spins: NDArray[np.int8], others: NDArray[np.int8]) -> NDArray[np.float64]:
    """Return the sum over the others of (P . other)^2, for each P; whole numbers."""
    products = spins.astype(np.float32) @ others.astype(np.float32).T  # exact to 2^24
    return np.square(products, dtype=np.float64).sum(axis=1)


def _medoid(group: Group, all_groups: list[Group]) -> NDArray[np.int8]:  # noqa: ARG001
    """Return the sample with the largest mean overlap with its group."""
    spins = group.spins.astype(np.int64)
    return group.spins[(spins @ spins.sum(axis=0)).argmax()]


def _majority(group: Group, all_groups: list[Group]) -> NDArray[np.int8]:  # noqa: ARG001
    """Return the sign of the sum of the samples, +1 if the sum is 0."""
    return np.where(group.spins.sum(axis=0, dtype=np.int64) >= 0, 1, -1).astype(np.int8)


CHOICES: dict[str, Callable[[Group, list[Group]], NDArray[np.int8]]] = {
    "overlap-loss": _overlap_loss,
    "medoid": _medoid,
    "majority": _majority,
}
"""Ways to make a pattern from a group, by name: group and all groups in, int8 (N,) out."""


def choose(all_groups: list[Group], how: str) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
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
