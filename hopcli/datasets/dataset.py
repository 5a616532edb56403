"""Labelled images as spins: the record that every source returns."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.markup import MOST_PICTURES, pictures, shortened
from hopcli.printing import terminal
from hopcli.records import Bools, Ints, NDArray, Record, Spins, Texts, np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


class Bits:
    """Spins in an eighth of the memory; rows are unpacked when they are used.

    Parameters
    ----------
    packed : ndarray of uint8, shape (n, ceil(N / 8))
        A bit per spin, 1 for +1, as of :func:`numpy.packbits`.
    n_sites : int
        Number of spins N of a row.
    """

    def __init__(self, packed: NDArray[np.uint8], n_sites: int) -> None:
        self._packed = packed
        self._whole: Spins | None = None
        self.shape = len(packed), n_sites

    def __getitem__(self, rows: Any) -> Spins:
        """Return rows of spins, int8, as of an array of shape (n, N)."""
        if self._whole is not None:
            return self._whole[rows]
        bits = np.unpackbits(self._packed[rows], axis=-1, count=self.shape[1])
        spins = bits.view(np.int8)
        spins *= 2
        spins -= 1
        bits.flags.writeable = False  # so that a record of the spins need not copy them
        return spins

    @property
    def whole(self) -> Spins:
        """All rows, read-only; they stay in memory from the first use on."""
        if self._whole is None:
            spins = np.empty(self.shape, np.int8)
            for first in range(0, len(spins), _IN_CACHE):
                spins[first : first + _IN_CACHE] = self[first : first + _IN_CACHE]
            spins.flags.writeable = False
            self._whole = spins
        return self._whole

    @property
    def nbytes(self) -> int:
        """Memory in use."""
        return self._packed.nbytes + (0 if self._whole is None else self._whole.nbytes)


_IN_CACHE = 1024  # rows unpacked at once: they stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Dataset(Record):
    """Labelled images as spins.

    Parameters
    ----------
    name : str
        The source, with the split if it has any, e.g. ``"mnist:train"``.
    states : ndarray of int8, shape (n, N)
        The spins, -1 or +1, C-contiguous, row by row of the image; or the same packed, of which
        a few rows are cheaper than all of `spins`.
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
    states: Spins | Bits
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
        spins = self.states
        if n_images == 0 or spins.shape != (n_images, height * width):
            raise ValueError(f"spins {spins.shape} need {n_images} > 0 images of {self.shape}")
        if isinstance(spins, np.ndarray):
            if spins.dtype != np.int8 or not spins.flags.c_contiguous:
                raise ValueError("spins must be C-contiguous int8")
            odd = np.bitwise_and.reduce(spins, axis=None) & 1
            if not odd or spins.min() < -1 or spins.max() > 1:
                raise ValueError("spins must be -1 or +1")
        Record.__post_init__(self)
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
        return pictures(self.states[shown], self.shape, self.labels[shown].tolist(), repr(self))

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
            return self.states[rows].reshape(self.shape)
        spins, labels = self.states[rows], self.labels[rows]
        return dataclasses.replace(
            self,
            name=f"{self.name} ({len(rows):,} of {len(self):,})",
            states=spins,
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
    def spins(self) -> Spins:
        """Spins of all images, -1 or +1, int8, shape (n, N); read-only."""
        return self.states.whole if isinstance(self.states, Bits) else self.states

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
        indices = np.flatnonzero(self._is(label)).astype(np.int64, copy=False)
        if not len(indices):
            names = self.label_names
            shown = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
            raise SettingError("label", f"must be one of {shown} ({self.name})", label)
        indices.flags.writeable = False
        self._indices[label] = indices  # requested by every run, and often for every label
        return indices

    def _is(self, label: str) -> Bools:
        """Compare all labels with one."""
        known = self.labels.dtype.itemsize == 4 and len(label) == 1
        return _comparable(self.labels) == ord(label) if known else self.labels == label

    @property
    def counts(self) -> dict[str, int]:
        """Number of images of each label, in the order of :attr:`label_names`."""
        values, counts = np.unique(_comparable(self.labels), return_counts=True)
        names = values.view(self.labels.dtype)
        if counts.max() == 1:  # own pictures: the storage rule may depend on their order
            return dict.fromkeys(self.labels.tolist(), 1)
        pairs = zip(names.tolist(), counts.tolist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: _numbers_first(pair[0])))


def _comparable(labels: Texts) -> NDArray[Any]:
    """Return labels of a single character as whole numbers, which are compared much faster."""
    return labels.view(np.uint32) if labels.dtype.itemsize == 4 else labels


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
