"""Symmetric matrix products such as couplings: one half is computed, the other is its mirror image.

NumPy computes both halves of a matrix product, and transposes a large matrix element by element.
This module computes one half, some rows at a time so that an interrupt can end it, and
mirrors it in square blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_ROWS = 1024  # rows of a product at a time: enough for BLAS, and soon done
_BLOCK = 256  # rows and columns transposed at a time; such a block fits the cache


def symmetric_product(
    left: NDArray[np.float64], right: NDArray[np.float64], divisor: float = 1.0
) -> NDArray[np.float64]:
    """Compute a symmetric product from its upper triangle and the mirror image.

    Parameters
    ----------
    left, right : ndarray of float64, shape (n, p)
        The factors; left @ right.T is symmetric except for rounding.
    divisor : float
        Divisor of the product.

    Returns
    -------
    ndarray of float64, shape (n, n)
        (left @ right.T) / divisor, symmetric to the last bit; read-only.

    Examples
    --------
    >>> x = np.array([[1.0], [2.0]])
    >>> symmetric_product(x, x, 4.0).tolist()
    [[0.25, 0.5], [0.5, 1.0]]
    """
    n = len(left)
    product = np.empty((n, n))
    for top in range(0, n, _ROWS):
        upper = product[top : top + _ROWS, top:]
        np.matmul(left[top : top + _ROWS], right[top:].T, out=upper)
        upper /= divisor
    for rows in _blocks(0, n):
        square = product[rows, rows]
        product[rows, rows] = np.triu(square) + np.triu(square, 1).T
    for rows, columns in _above_the_diagonal(n):
        product[columns, rows] = product[rows, columns].T
    product.flags.writeable = False  # so that a record need not copy it
    return product


def asymmetry(matrix: NDArray[np.float64]) -> float:
    """Return the largest difference between a square matrix and its transpose.

    Parameters
    ----------
    matrix : ndarray of float64, shape (n, n)
        Any numbers; with a NaN the result is NaN.

    Examples
    --------
    >>> asymmetry(np.array([[1.0, 2.0], [2.5, 1.0]]))
    0.5
    """
    n, worst = len(matrix), 0.0
    for rows in _blocks(0, n):
        square = matrix[rows, rows]
        worst = np.maximum(worst, np.abs(square - square.T).max())
    for rows, columns in _above_the_diagonal(n):
        difference = matrix[rows, columns] - matrix[columns, rows].T
        worst = np.maximum(worst, np.abs(difference).max())
    return float(worst)


def _blocks(first: int, n: int) -> Iterator[slice]:
    """Yield the blocks of rows or columns from the first to the last of n."""
    return (slice(begin, begin + _BLOCK) for begin in range(first, n, _BLOCK))


def _above_the_diagonal(n: int) -> Iterator[tuple[slice, slice]]:
    """Yield rows and columns of the square blocks above those on the diagonal."""
    return ((rows, columns) for rows in _blocks(0, n) for columns in _blocks(rows.stop, n))
