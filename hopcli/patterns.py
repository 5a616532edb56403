"""Prototype patterns: drawing samples and choosing among them by overlap loss.

:mod:`hopcli.datasets` turns images into spins; :mod:`hopcli.rules` turns patterns into
couplings.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hopcli.datasets import Dataset
from hopcli.datasets.dataset import Bits, chosen_rows
from hopcli.datasets.grey import as_text
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, SettingError
from hopcli.markup import pictures, shortened
from hopcli.printing import terminal
from hopcli.records import Floats, Ints, NDArray, Record, Spins, digest
from hopcli.streams import legacy_random_state

__all__ = [
    "Losses",
    "Patterns",
    "draw_samples",
    "images_as_patterns",
    "overlap_loss",
    "random_spins",
    "read_patterns",
    "select",
]


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


def overlap_loss_of(images: Spins | Bits, samples: Ints) -> Losses:
    """Compute the overlap loss of samples of a data set, in which images may repeat.

    If the samples use few large images, each image is multiplied only once, block by block.

    Parameters
    ----------
    images : ndarray of int8, or Bits, shape (n, N)
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
            rule = f"must be at most {most} for {len(samples):,} labels of {n_sites:,} pixels"
            raise SettingError("samples", rule, samples.shape[1])
        return overlap_loss(images[samples])
    place = place.reshape(samples.shape)
    counts = np.array([np.bincount(row, minlength=len(unique)) for row in place])
    products = np.zeros((len(unique), len(unique)))
    rows = images[unique]
    for first in range(0, n_sites, _SITES):
        block = rows[:, first : first + _SITES].astype(np.float32)
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


_MOST_LABELS = 10_000
_ARRAYS = ("xi", "labels", "source_index", "shape", "sample_index", "dataset", "dataset_sha256")


@dataclass(frozen=True, eq=False)
class Patterns(Record):
    """Patterns to store, and their origin.

    Parameters
    ----------
    xi : ndarray of int8, shape (p, N)
        The patterns, values -1 or +1.
    labels : tuple of str
        Label of each pattern; labels may repeat.
    source_index : ndarray of int64, shape (p,)
        Index of each pattern among the images of its data set.
    shape : tuple of int
        Height and width of a pattern as a picture; their product is N.
    sample_index : ndarray of int64, shape (any,)
        Indices of all images that took part in the selection.
    dataset, dataset_sha256 : str
        Name and hash of the data set that the indices refer to.
    """

    xi: Spins
    labels: tuple[str, ...]
    source_index: Ints
    shape: tuple[int, int]
    sample_index: Ints
    dataset: str
    dataset_sha256: str

    def __post_init__(self) -> None:
        if self.xi.dtype != np.int8 or self.xi.ndim != 2 or not np.all(np.abs(self.xi) == 1):
            raise ValueError("xi must be an int8 array of -1 and +1, shape (p, N)")
        p, n_sites = self.xi.shape
        if len(self.labels) != p or self.source_index.shape != (p,) or p == 0:
            raise ValueError(f"{p} patterns need as many labels and source indices, at least one")
        if min(self.shape) < 1 or self.shape[0] * self.shape[1] != n_sites:
            raise ValueError(f"a picture of {self.shape} does not have {n_sites} pixels")
        Record.__post_init__(self)

    def __repr__(self) -> str:
        height, width = self.shape
        number = f"{len(self.labels):,} of {width} x {height}"
        return f"Patterns({number}: {shortened(self.labels)}; {terminal(self.dataset)})"

    def _repr_html_(self) -> str:
        """Return the patterns as pictures, for notebooks."""
        return pictures(self.xi, self.shape, self.names, repr(self))

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each pattern: its label, with a number if labels repeat."""
        seen: dict[str, int] = {}
        often = Counter(self.labels)
        names = []
        for label in self.labels:
            seen[label] = seen.get(label, 0) + 1
            names.append(f"{label}_{seen[label]}" if often[label] > 1 else label)
        return tuple(names)

    def last(self, label: str) -> int:
        """Return the row of the last pattern with a label; the label must be stored."""
        return len(self.labels) - 1 - self.labels[::-1].index(label)

    def comes_from(self, dataset: Dataset) -> bool:
        """Return whether the indices refer to the images of this data set."""
        return (self.dataset, self.dataset_sha256) == (dataset.name, dataset.sha256)

    def as_dataset(self) -> Dataset:
        """Return the patterns as the images of a data set."""
        labels = np.array(self.labels)
        return Dataset(self.dataset, self.xi, labels, self.shape, 0, self.sha256)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the patterns as plain arrays for an .npz file."""
        return {
            "xi": self.xi,
            "labels": np.array(self.labels),
            "source_index": self.source_index,
            "shape": np.array(self.shape),
            "sample_index": self.sample_index,
            "dataset": np.array(self.dataset),
            "dataset_sha256": np.array(self.dataset_sha256),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Patterns:
        """Restore patterns from the arrays of :meth:`to_arrays`.

        Raises
        ------
        ValueError, TypeError, IndexError
            If the arrays do not describe patterns.
        """
        shape = arrays["shape"]
        if shape.shape != (2,) or shape.dtype.kind not in "iu" or shape.min() < 1:
            raise ValueError("shape must be two whole numbers >= 1")
        height, width = shape.tolist()
        for name in ("source_index", "sample_index"):
            if arrays[name].dtype.kind not in "iu" and arrays[name].size:
                raise ValueError(f"{name} must be whole numbers")
        return cls(
            arrays["xi"],
            tuple(as_text(str(label)) for label in arrays["labels"].tolist()),
            arrays["source_index"].astype(np.int64),
            (int(height), int(width)),
            arrays["sample_index"].astype(np.int64),
            str(arrays["dataset"]),
            str(arrays["dataset_sha256"]),
        )

    @functools.cached_property
    def sha256(self) -> str:
        """Hash of the patterns, their labels, and the images used in the selection."""
        return digest(self.xi, np.array(self.labels), self.source_index, self.sample_index)

    def take(self, labels: Sequence[str]) -> Patterns:
        """Return all patterns with these labels, in this order.

        Raises
        ------
        SettingError
            If there is no pattern with one of the labels.
        """
        part: Patterns = self[list(labels)]
        return part

    def _rows_of(self, label: str) -> Ints:
        if label not in self.labels:
            known = ", ".join(self.labels)
            raise SettingError("digits", f"must name selected labels ({known})", label)
        return np.flatnonzero(np.array(self.labels) == label)

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Spins]:
        return iter(self.xi.reshape(-1, *self.shape))

    def __getitem__(self, which: Any) -> Any:
        """Return a pattern by its number, int8 (height, width); or some patterns as a record.

        Parameters
        ----------
        which : int, slice, array of int or bool, str or list of str
            As for NumPy; or a label, or several, whose patterns are chosen.
        """
        rows = chosen_rows(which, len(self), self._rows_of)
        if rows.ndim == 0:
            return self.xi[rows].reshape(self.shape)
        return dataclasses.replace(
            self,
            xi=self.xi[rows],
            labels=tuple(self.labels[row] for row in rows),
            source_index=self.source_index[rows],
        )


def draw_samples(
    dataset: Dataset, labels: Sequence[str], samples: int, seed: int, sampler: str = "legacy"
) -> Ints:
    """Draw the candidate samples for the patterns.

    Parameters
    ----------
    dataset : Dataset
        The images.
    labels : sequence of str
        Labels to draw for, drawn in this order.
    samples : int
        Samples per label, M >= 1.
    seed : int
        Seed of the draw.
    sampler : {"legacy", "generator"}
        ``legacy`` draws with replacement from NumPy's RandomState, like the authors;
        ``generator`` draws without replacement from a Generator.

    Returns
    -------
    ndarray of int64, shape (labels, M)
        Indices of the samples.

    Raises
    ------
    SettingError
        If a label has no image or too few to draw without replacement, or if there are too
        many labels.
    """
    if len(labels) > _MOST_LABELS:
        rule = f"must have at most {_MOST_LABELS:,} labels, unless source_indices are given"
        raise SettingError("dataset", rule, f"{dataset.name} with {len(labels):,}")
    known = dataset.label_names
    for label in labels:
        if label not in known:
            names = ", ".join(known)
            raise SettingError("digits", f"must name labels of {dataset.name} ({names})", label)
    candidates = [dataset.indices_of(label) for label in labels]
    fewest, label = min(zip(map(len, candidates), labels, strict=True))
    if sampler == "generator" and fewest < samples:
        rule = f"must be at most the {fewest} images labelled {label!r}"
        raise SettingError("samples", rule, samples)
    if sampler == "legacy":
        legacy = legacy_random_state(seed)
        drawn = [legacy.choice(indices, samples) for indices in candidates]
    else:
        rng = np.random.default_rng(seed)
        drawn = [rng.choice(indices, samples, replace=False) for indices in candidates]
    return np.array(drawn, dtype=np.int64)


def select(dataset: Dataset, labels: Sequence[str], samples: Ints) -> tuple[Patterns, Losses]:
    """Choose for each label the sample with the lowest overlap loss.

    Parameters
    ----------
    dataset : Dataset
        The images.
    labels : sequence of str
        Label of each row of `samples`.
    samples : ndarray of int64, shape (labels, M)
        Indices of the candidate samples, from :func:`draw_samples`.

    Returns
    -------
    patterns : Patterns
        One pattern per label, in the order of `labels`.
    losses : Losses
        The terms of each sample's loss.
    """
    losses = overlap_loss_of(dataset.states, samples)
    best = samples[np.arange(len(labels)), losses.loss.argmin(axis=1)]
    return images_as_patterns(dataset, best, samples), losses


def images_as_patterns(dataset: Dataset, indices: Ints, samples: Ints | None = None) -> Patterns:
    """Use images of a data set as patterns.

    Parameters
    ----------
    dataset : Dataset
        The images.
    indices : ndarray of int64, shape (p,)
        Indices of the images.
    samples : ndarray of int64, optional
        Indices of the images used in the selection; by default `indices`.

    Raises
    ------
    SettingError
        If an index is beyond the last image.
    """
    size = len(dataset)
    if indices.max() >= size:
        rule = f"must be below {size}, the images of {dataset.name}"
        raise SettingError("source_indices", rule, int(indices.max()))
    return Patterns(
        np.ascontiguousarray(dataset.states[indices]),
        tuple(str(label) for label in dataset.labels[indices]),
        indices,
        dataset.shape,
        np.flatnonzero(np.bincount(np.ravel(indices if samples is None else samples))),
        dataset.name,
        dataset.sha256,
    )


def read_patterns(path: Path) -> Patterns:
    """Read a patterns.npz file written by ``hopcli select``.

    Raises
    ------
    DataError
        If the file is missing, damaged, or of another kind.
    """
    if not path.exists():
        hint = "`hopcli select` writes one; for pictures see `hopcli help pictures`"
        raise DataError(f"{path}: no such file of patterns; {hint}")
    if path.is_dir():
        raise DataError(f"{path}: must be a patterns.npz of `hopcli select`, is a folder")
    with Archive(path) as archive:
        arrays = {name: archive.read(name) for name in _ARRAYS}
    try:
        return Patterns.from_arrays(arrays)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        rule = f"must be a patterns.npz, whole, as `hopcli select` writes ({error})"
        raise DataError(f"{path}: {rule}") from None


def random_spins(rng: np.random.Generator, n: int, n_sites: int) -> Spins:
    """Draw independent spins, +1 or -1 with equal probability.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    n, n_sites : int
        Number of states, and of spins per state.

    Returns
    -------
    ndarray of int8, shape (n, n_sites)
        Values -1 or +1.
    """
    return (2 * rng.integers(0, 2, size=(n, n_sites), dtype=np.int8) - 1).astype(np.int8)
