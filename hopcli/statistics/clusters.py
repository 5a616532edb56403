"""Mean of values that come in groups (such as trials of one test image), with its error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def clustered_mean_sem(
    values: ArrayLike, group: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the mean along the first axis, and its standard error for new groups.

    Values of one group are correlated, so groups are the independent units. The error is that
    of a ratio estimate, group totals to group sizes [Cochran 1977, eq. 6.13].

    Parameters
    ----------
    values : array-like of float, shape (n, ...)
        Values of trials, n >= 1.
    group : ndarray of int64, shape (n,)
        Group number of each value, >= 0.

    Returns
    -------
    tuple of ndarray of float64, each shape (...)
        Mean and standard error; NaN if there is one group.

    Examples
    --------
    >>> mean, sem = clustered_mean_sem([1, 2, 3], np.arange(3))
    >>> round(float(mean), 3), round(float(sem), 3)
    (2.0, 0.577)

    Repeating each value within its group adds no information:

    >>> mean, sem = clustered_mean_sem([1, 1, 2, 2, 3, 3], np.array([0, 0, 1, 1, 2, 2]))
    >>> round(float(mean), 3), round(float(sem), 3)
    (2.0, 0.577)
    """
    array = np.asarray(values, dtype=np.float64)
    mean = array.mean(axis=0)
    order = np.argsort(group, kind="stable")
    firsts = np.flatnonzero(np.diff(group[order], prepend=-1))
    sums = np.add.reduceat(array[order] - mean, firsts, axis=0)
    n = len(firsts)
    if n < 2:
        return mean, np.full_like(mean, np.nan)
    sem: NDArray[np.float64] = np.sqrt(n / (n - 1) * (sums**2).sum(axis=0)) / len(array)
    return mean, sem
