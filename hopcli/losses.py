"""The overlap loss, which decides the sample that becomes a pattern [ZG eq. 5]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import SettingError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.records import Floats, Ints, Spins

_BLOCK = 1024  # samples multiplied with all others at once, to bound the memory
_MOST_PIXELS = 2**29  # of all samples, compared in eight bytes each
_SITES = 2**16  # sites of few large images multiplied at once
_EXACT = 2**24  # whole numbers up to this are exact in float32


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """The terms of eq. 5 for every sample, each shape (labels, M), int64.

    Parameters
    ----------
    other_label : ndarray of int64, shape (labels, M)
        Sum over the samples D of other labels of (P . D)^2.
    same_label : ndarray of int64, shape (labels, M)
        Sum over the other samples U of the same label of (P . U)^2.
    """

    other_label: Ints
    same_label: Ints

    @property
    def loss(self) -> Ints:
        """L = other_label - M same_label, shape (labels, M)."""
        return self.other_label - self.same_label.shape[1] * self.same_label


def overlap_loss(spins: Spins) -> Losses:
    """Compute the overlap loss of every sample against all others [ZG eq. 5].

    L(P) = sum_D (P . D)^2 - M sum_U (P . U)^2, with D the samples of other labels and
    U the other samples of the same label; plain dot products, exact in integers.

    Parameters
    ----------
    spins : ndarray of int8, shape (labels, M, N)
        The samples, values -1 or +1.

    Returns
    -------
    Losses
        Both sums for every sample.

    Examples
    --------
    >>> ones = [[1, 1, 1, 1], [1, 1, 1, -1]]
    >>> others = [[-1, 1, -1, 1], [1, 1, -1, -1]]
    >>> losses = overlap_loss(np.array([ones, others], dtype=np.int8))
    >>> losses.same_label.tolist(), losses.other_label.tolist()
    ([[4, 4], [0, 0]], [[0, 8], [4, 4]])
    >>> losses.loss.tolist()
    [[-8, 0], [4, 4]]
    """
    n_labels, n_samples, n_sites = spins.shape
    against_all = _sums_of_squares(spins.reshape(-1, n_sites)).reshape(n_labels, n_samples)
    against_own = np.array([_sums_of_squares(own) for own in spins])
    other_label = against_all - against_own
    return Losses(other_label.astype(np.int64), against_own.astype(np.int64) - n_sites**2)


def overlap_loss_of(images: Spins, samples: Ints) -> Losses:
    """Compute the overlap loss of samples of a data set, in which images may repeat.

    If the samples use few large images, each image is multiplied only once, block by block.

    Parameters
    ----------
    images : ndarray of int8, shape (n, N)
        The images, values -1 or +1.
    samples : ndarray of int64, shape (labels, M)
        Rows of `images`.

    Returns
    -------
    Losses
        See :func:`overlap_loss`.

    Raises
    ------
    SettingError
        If the samples have too many pixels to compare them in memory.
    """
    unique, place = np.unique(samples, return_inverse=True)
    n_sites = images.shape[1]
    if len(unique) > _BLOCK or n_sites <= _BLOCK:
        if samples.size * n_sites > _MOST_PIXELS:
            most = max(1, _MOST_PIXELS // (n_sites * len(samples)))
            rule = f"must be at most {most:,} for {len(samples):,} labels of {n_sites:,} pixels"
            raise SettingError("samples", rule, samples.shape[1])
        return overlap_loss(images[samples])
    place = place.reshape(samples.shape)
    counts = np.array([np.bincount(row, minlength=len(unique)) for row in place])
    products = np.zeros((len(unique), len(unique)))
    for first in range(0, n_sites, _SITES):
        block = images[unique, first : first + _SITES].astype(np.float32)
        products += block @ block.T
    sums = products**2 @ counts.T  # over the samples of each label
    against_own = sums[place, np.arange(len(samples))[:, None]]
    other_label = sums.sum(axis=1)[place] - against_own
    return Losses(other_label.astype(np.int64), against_own.astype(np.int64) - n_sites**2)


def _sums_of_squares(spins: Spins) -> Floats:
    """Return the sum of (P . S)^2 over all samples S, for each sample P."""
    n_samples, n_sites = spins.shape
    return _by_moments(spins) if n_sites <= n_samples else _by_products(spins)


def _by_products(spins: Spins) -> Floats:
    """Compute the sums from every product P . S."""
    floats = spins.astype(np.float32)
    sums = np.empty(len(floats))
    for first in range(0, len(floats), _BLOCK):
        part = slice(first, first + _BLOCK)
        products = floats[part] @ floats.T
        sums[part] = np.einsum("pd,pd->p", products, products, dtype=np.float64)
    return sums


def _by_moments(spins: Spins) -> Floats:
    """Compute the sums as P^T C P, with C = sum_S S S^T: cheaper for many samples."""
    exact = spins.size <= _EXACT  # upper bound of the elements of C P
    floats: NDArray[Any] = spins.astype(np.float32 if exact else np.float64)
    moments = floats.T @ floats
    return np.einsum("pi,pi->p", floats @ moments, floats, dtype=np.float64)
