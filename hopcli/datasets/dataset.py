"""Labelled images as spins: the record that every source returns."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.markup import MOST_PICTURES, pictures, shortened
from hopcli.printing import terminal
from hopcli.records import Bools, Ints, Spins, Texts, frozen, np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled images as spins.

    Parameters
    ----------
    name : str
        The source, with the split if it has any, e.g. ``"mnist:train"``.
    spins : ndarray of int8, shape (n, N)
        Values -1 or +1, C-contiguous, row by row of the image.
    labels : ndarray of str, shape (n,)
        Label of each image.
    shape : tuple of int
        (height, width), height * width = N.
    threshold : int or str
        Grey values above it, 0..255, became +1; or the method that found the level of each image.
    sha256 : str
        Hash of the loaded data: of the embedded file, otherwise of spins, labels and shape.
    inverted : bool
        True if grey values above the threshold became -1 instead.
    request : mapping of str to object
        The settings that load it again (``dataset``, ``split``, ...); empty if it was made from
        arrays.
    named : ndarray of bool, shape (n,), or None
        Images with a given label; the labels of the others are their numbers. None: all.

    Attributes
    ----------
    label_names : tuple of str
        The different labels, sorted; in the order of the images if each has its own.
    """

    name: str
    spins: Spins
    labels: Texts
    shape: tuple[int, int]
    threshold: int | str
    sha256: str
    inverted: bool = False
    request: Mapping[str, Any] = field(default_factory=dict)
    named: Bools | None = None
    label_names: tuple[str, ...] = field(init=False)
    _indices: dict[str, Ints] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        height, width = self.shape
        n_images = len(self.labels)
        if n_images == 0 or self.spins.shape != (n_images, height * width):
            raise ValueError(f"spins {self.spins.shape} need {n_images} > 0 images of {self.shape}")
        if self.spins.dtype != np.int8 or not self.spins.flags.c_contiguous:
            raise ValueError("spins must be C-contiguous int8")
        odd = np.bitwise_and.reduce(self.spins, axis=None) & 1
        if not odd or self.spins.min() < -1 or self.spins.max() > 1:
            raise ValueError("spins must be -1 or +1")
        for name in ("spins", "labels", *(() if self.named is None else ("named",))):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        # Requested repeatedly; sorting takes milliseconds.
        object.__setattr__(self, "label_names", tuple(self.counts))

    def __repr__(self) -> str:
        height, width = self.shape
        names = shortened(self.label_names)
        return (
            f"Dataset({terminal(self.name)}: {len(self):,} images of {width} x {height}; {names})"
        )

    def _repr_html_(self) -> str:
        """Draw the first image of each label, for notebooks."""
        shown = [self.indices_of(name)[0] for name in self.label_names[:MOST_PICTURES]]
        return pictures(self.spins[shown], self.shape, self.labels[shown].tolist(), repr(self))

    def __len__(self) -> int:
        return len(self.labels)

    def __iter__(self) -> Iterator[Spins]:
        return iter(self.spins.reshape(-1, *self.shape))

    def __getitem__(self, which: Any) -> Any:
        """Return a picture by its number, int8 (height, width); or some images as a data set.

        Parameters
        ----------
        which : int, slice, array of int or bool, str or list of str
            As for NumPy; or a label, or several, whose images are chosen.
        """
        rows = chosen_rows(which, len(self), self.indices_of)
        if rows.ndim == 0:
            return self.spins[rows].reshape(self.shape)
        spins, labels = self.spins[rows], self.labels[rows]
        return dataclasses.replace(
            self,
            name=f"{self.name} ({len(rows):,} of {len(self):,})",
            spins=spins,
            labels=labels,
            sha256=content_hash(spins, labels, self.shape),
            request={},
            named=None if self.named is None else self.named[rows],
        )

    def sample(self, n: int, seed: int = 1) -> Dataset:
        """Return `n` images as a data set, drawn without replacement.

        Raises
        ------
        SettingError
            If there are fewer images.

        Examples
        --------
        >>> import hopcli
        >>> hopcli.load("mnist").sample(4, seed=1).labels.tolist()
        ['6', '4', '0', '2']
        """
        if not 1 <= n <= len(self):
            raise SettingError("n", f"must be a whole number from 1 to {len(self):,}", n)
        part: Dataset = self[np.random.default_rng(seed).choice(len(self), n, replace=False)]
        return part

    @property
    def is_named(self) -> Bools:
        """True for each image with a given label, bool, shape (n,); other labels are numbers."""
        return np.ones(len(self), np.bool_) if self.named is None else self.named

    @property
    def n_sites(self) -> int:
        """Number of spins N of an image."""
        return self.shape[0] * self.shape[1]

    def indices_of(self, label: str) -> Ints:
        """Find the images with one label, in their order.

        Parameters
        ----------
        label : str
            One of :attr:`label_names`.

        Returns
        -------
        ndarray of int64, shape (k,)
            Indices 0 .. n - 1, increasing; k >= 1. Each call returns the same read-only array.

        Raises
        ------
        SettingError
            If no image has the label.
        """
        found = self._indices.get(label)
        if found is not None:
            return found
        indices = np.flatnonzero(self.labels == label).astype(np.int64, copy=False)
        if not len(indices):
            names = self.label_names
            shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise SettingError("label", f"must be one of {shown} ({self.name})", label)
        indices.flags.writeable = False
        self._indices[label] = indices  # requested by every run, and often for every label
        return indices

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each label, in the order of :attr:`label_names`."""
        names, counts = np.unique(self.labels, return_counts=True)
        if counts.max() == 1:  # own pictures: the storage rule may depend on their order
            return dict.fromkeys(self.labels.tolist(), 1)
        pairs = zip(names.tolist(), counts.tolist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: _numbers_first(pair[0])))


def chosen_rows(which: Any, n_rows: int, find: Callable[[str], Ints]) -> Ints:
    """Return the rows that an index chooses: as for NumPy, or by labels.

    Parameters
    ----------
    which : int, slice, array, str or list of str
        The index.
    n_rows : int
        Number of rows.
    find : callable
        Returns the rows with a label.

    Raises
    ------
    IndexError
        If no row is chosen, or a row does not exist.
    """
    names = np.asarray(which).reshape(-1) if not isinstance(which, slice) else np.array([])
    if names.dtype.kind == "U":
        return np.concatenate([find(str(name)) for name in names])
    rows = np.asarray(np.arange(n_rows)[which])
    if not rows.size:
        raise IndexError(f"no row of {n_rows:,} is chosen")
    return rows


def _numbers_first(label: str) -> tuple[bool, int, str]:
    number = int(label) if label.isdecimal() else 0
    return not label.isdecimal(), number, label


def content_hash(spins: Spins, labels: Texts, shape: tuple[int, int]) -> str:
    """Return the SHA-256 of spins (eight per byte), labels and shape."""
    digest = hashlib.sha256(repr((shape, labels.tolist())).encode())
    digest.update(np.packbits(spins > 0).data)
    return digest.hexdigest()
