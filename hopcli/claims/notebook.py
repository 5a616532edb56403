"""Storkey's rule as a notebook of a tutorial computes it, beside his formula, term by term.

The notebook is "Hopfield Network of memes: Storkey Learning Rule" (R. Richie, GitHub
drussellmrichie/hopfield_network). Two terms are not Storkey's: of what site j receives it
takes off w_ii x_i and w_ij x_j, where w_ji x_i and w_jj x_j are meant; and it multiplies h_ji
by x_j, where x_i is meant. Before anything is stored all inputs are 0, so the first pattern is
the same; from the second on it is not. Here both are written out as N x N matrices, since
this is about the text, not for use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["by_formula", "by_notebook", "largest_gap"]


def by_formula(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """Storkey's couplings, w_ij += (x_i x_j - x_i h_ji - h_ij x_j) / N [Storkey 1997].

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        Patterns of -1 and +1, in the order in which they are stored.

    Returns
    -------
    ndarray of float64, shape (N, N)
        The couplings, those of a site to itself as the formula has them.
    """
    weights = np.zeros((xi.shape[1], xi.shape[1]))
    for pattern in xi.astype(np.float64):
        received = weights @ pattern
        own = np.diag(weights) * pattern
        # h_ij: all that i receives but from i and j; i = j is left out once.
        inputs = received[:, None] - own[:, None] - weights * pattern
        np.fill_diagonal(inputs, received - own)
        theirs = inputs * pattern  # h_ij x_j
        weights = weights + _change(pattern, theirs)
    return weights


def by_notebook(xi: NDArray[np.int8]) -> NDArray[np.float64]:
    """The couplings that the notebook's code gives; see :func:`by_formula`."""
    weights = np.zeros((xi.shape[1], xi.shape[1]))
    for pattern in xi.astype(np.float64):
        received = weights @ pattern
        others = weights * pattern
        np.fill_diagonal(others, 0.0)
        # Its entry (i, j) stands for h_ji, but takes off what i, not j, receives from both.
        inputs = received[None, :] - (np.diag(weights) * pattern)[:, None] - others
        theirs = inputs * pattern  # h_ji x_j
        weights = weights + _change(pattern, theirs)
    return weights


def _change(pattern: NDArray[np.float64], product: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a pattern adds: its own product, less that of inputs and pattern both ways."""
    change: NDArray[np.float64] = (np.outer(pattern, pattern) - product.T - product) / len(pattern)
    return change


def largest_gap(xi: NDArray[np.int8]) -> float:
    """The largest difference of a coupling between two sites, in units of 1 / N.

    Examples
    --------
    The first pattern is stored alike, the second is not:

    >>> xi = np.array([[1, 1, 1, 1, -1], [1, -1, 1, -1, 1]], dtype=np.int8)
    >>> largest_gap(xi[:1]), largest_gap(xi)
    (0.0, 0.8)
    """
    gap = np.abs(by_formula(xi) - by_notebook(xi))
    np.fill_diagonal(gap, 0.0)
    return float(np.round(gap.max() * xi.shape[1], 9))
