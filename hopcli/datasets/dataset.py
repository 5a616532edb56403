"""Labelled images as spins: the record that every source returns, and its making."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hopcli.datasets.grey import (
    MAX_PIXELS,
    SPLITS,
    GreyImages,
    Request,
    Size,
    as_grey,
    as_spins,
    check_images,
    picture_shape,
)
from hopcli.datasets.pictures import check_different
from hopcli.datasets.sources import SOURCES, Source, other_way_in, parse_spec
from hopcli.datasets.thresholds import RULE, binarise, is_threshold, levels, warn_of_blank
from hopcli.errors import DataError, SettingError
from hopcli.markup import MOST_PICTURES, pictures, shortened
from hopcli.printing import terminal
from hopcli.records import ArrayLike, Bools, Ints, NDArray, Record, Spins, Texts, np

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
        return replace(
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


_WHAT = "images"  # begins messages about arrays


def load_dataset(
    spec: str = "mnist",
    *,
    split: str = "train",
    threshold: int | str | None = None,
    size: Size | tuple[int, int] | None = None,
    invert: bool = False,
    transpose: bool = False,
) -> Dataset:
    """Load images as spins: +1 where the grey value is above a threshold, otherwise -1.

    Parameters
    ----------
    spec : str
        A source of :data:`SOURCES`, with its argument if it takes one.
    split : {"train", "test", "all"}
        Part of the images; a source without splits returns all for "train" and "all".
    threshold : int or str, optional
        0..255, compared to the source's own grey values; or the method that finds the level of
        each image, "otsu" or "mean". By default that of the source: the study's 0, and "otsu"
        for a folder of pictures.
    size : Size or tuple of int, optional
        (width, height) to which pictures are resized before the threshold, see :class:`Size`;
        or the size of pictures in rows of numbers.
    invert : bool
        Swap +1 and -1, e.g. for dark ink on white paper.
    transpose : bool
        Swap rows and columns of each image. Files with a name of EMNIST need no such request.

    Returns
    -------
    Dataset
        The images, in the order of the source.

    Raises
    ------
    SettingError
        If a setting is impossible, or the source does not support it.
    DataError
        If files are missing, damaged or of another type, or a picture is blank or equals
        another as spins.
    """
    source, argument = parse_spec(spec)
    level: int | str = source.default_threshold if threshold is None else threshold
    wanted = None if size is None else Size(*size)
    _check_settings(source, split, level, wanted, transpose=transpose)
    level = level if isinstance(level, str) else int(level)
    name = f"{spec}:{split}" if source.has_splits else spec
    try:
        images = source.load(Request(argument, split, level, wanted, invert, transpose))
    except DataError as error:
        hint = other_way_in(source, argument)
        if not hint or hint in str(error):
            raise
        raise type(error)(f"{error}; {hint}") from None
    if transpose or images.column_by_column:
        height, width = images.shape
        grey = images.grey.reshape(-1, height, width).transpose(0, 2, 1)
        images = replace(images, grey=grey.reshape(len(grey), -1), shape=(width, height))
    words: dict[str, Any] = {"dataset": spec, "split": split, "threshold": level}
    if wanted is not None:
        words |= {"size": wanted[:2], "crop": wanted.crop}
    words |= {"invert": invert, "transpose": transpose}
    own = name if "transpose" in source.takes else ""
    return _dataset(images, name, level, invert=invert, own=own, request=words)


def grey_images(dataset: Dataset) -> GreyImages:
    """Read again the grey values from which the spins of a loaded data set were made.

    Raises
    ------
    DataError
        If the files have become unusable.
    """
    request = dict(dataset.request)
    source, argument = parse_spec(request["dataset"])
    size = Size(*request["size"])._replace(crop=request["crop"]) if "size" in request else None
    how = (request["split"], request["threshold"], size, request["invert"])
    return source.load(Request(argument, *how))


def dataset_of(
    images: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    threshold: int | str = 0,
    invert: bool = False,
) -> Dataset:
    """Make a data set from arrays.

    Parameters
    ----------
    images : array-like, shape (n, height, width) or (n, N)
        Booleans, spins -1 and +1, or grey values: whole numbers 0..255, or floats 0..1. Rows of
        N pixels are square pictures if N is a square, otherwise pictures of one row.
    labels : array-like of int or str, shape (n,), optional
        Label of each image; by default their numbers from 1 on.
    threshold : int or str
        Grey values above it, 0..255, become +1; or the method that finds the level of each
        image, "otsu" or "mean". It has no effect on booleans and spins.
    invert : bool
        Swap +1 and -1.

    Raises
    ------
    SettingError
        If the threshold is impossible.
    DataError
        If the arrays are not images and their labels, or exceed the limits of a source
        (:mod:`hopcli.datasets.grey`).

    Warns
    -----
    HopcliWarning
        If the threshold makes images blank that have several grey values.

    Examples
    --------
    >>> import numpy as np
    >>> cross = np.array([[0, 9, 0], [9, 9, 9], [0, 9, 0]])
    >>> dataset_of([cross, 9 - cross], ["cross", "corners"])
    Dataset(arrays: 2 images of 3 x 3; cross, corners)
    """
    if not is_threshold(threshold):
        raise SettingError("threshold", RULE, threshold)
    values = image_array(images)
    flat = values.reshape(len(values), -1)
    grey = np.array(as_grey(flat, _WHAT), order="C")  # a copy, converted to spins in place
    shape = picture_shape(values.shape[1:])
    at = None if as_spins(flat) is None else np.zeros(len(flat), np.uint8)  # any threshold fits
    made = GreyImages(grey, None, shape, levels=at)
    if labels is not None:
        made = made.labelled(np.asarray(labels), _WHAT)
    return _dataset(made, "arrays", threshold, invert=invert, own=_WHAT)


def image_array(images: ArrayLike) -> NDArray[Any]:
    """Return images as an array, shape (n, height, width) or (n, N), within the limits of a source.

    Raises
    ------
    DataError
        If the array has another shape, or exceeds the limits of :mod:`hopcli.datasets.grey`.
    """
    rule = "must have shape (n, height, width) or (n, N), none of them 0"
    try:
        values = np.asarray(images)
    except ValueError:
        raise DataError(f"{_WHAT}: {rule}, found rows of several lengths") from None
    if values.ndim not in (2, 3) or values.size == 0:
        raise DataError(f"{_WHAT}: {rule}, found {values.shape}")
    check_images(_WHAT, values.shape)
    return values


def _dataset(
    images: GreyImages,
    name: str,
    threshold: int | str,
    *,
    invert: bool,
    own: str,
    request: Mapping[str, Any] | None = None,
) -> Dataset:
    """Convert grey images to spins; warn of blank ones among the user's own."""
    of_source = request is not None
    states = _spins(images, threshold, invert=invert, own=own, of_source=of_source)
    labels, named = images.labels, images.named
    if labels is None:
        n_images = len(images.grey)
        labels, named = np.arange(1, n_images + 1).astype(np.str_), np.zeros(n_images, np.bool_)
    return Dataset(
        name=name,
        states=states,
        labels=labels,
        shape=images.shape,
        threshold=threshold,
        sha256=images.sha256 or content_hash(states[:], labels, images.shape),
        inverted=invert,
        request=request or {},
        named=named,
    )


def _spins(
    images: GreyImages, threshold: int | str, *, invert: bool, own: str, of_source: bool
) -> Spins | Bits:
    """Compare grey values with their thresholds; spins that a source keeps as bits stay packed."""
    if images.packed is not None:
        return Bits(~images.packed if invert else images.packed, math.prod(images.shape))
    at = levels(images.grey, threshold) if images.levels is None else images.levels
    if own:
        warn_of_blank(images.grey, at, threshold, own, of_source=of_source)
    kept = images.grey.copy() if images.files else images.grey
    spins = binarise(images.grey, at, invert if images.inverted is None else images.inverted)
    if images.files:
        check_different(spins, images.files, threshold, kept)
    return spins


def _check_settings(
    source: Source, split: str, threshold: int | str, size: Size | None, *, transpose: bool
) -> None:
    """Refuse settings that no source, or not this one, supports."""
    if split not in SPLITS:
        raise SettingError("split", f"must be one of {', '.join(SPLITS)}", split)
    if split == "test" and not source.has_splits:
        raise SettingError("split", f"must be train or all: {source.usage} has no test set", split)
    if not is_threshold(threshold):
        raise SettingError("threshold", RULE, threshold)
    for name, value in (("size", None if size is None else size[:2]), ("transpose", transpose)):
        if value and name not in source.takes:
            able = ", ".join(other.usage for other in SOURCES.values() if name in other.takes)
            raise SettingError(name, f"has no effect except on {able}", value)
    if size is None:
        return
    if size.crop and "transpose" in source.takes:
        raise SettingError("crop", f"has no effect on {source.usage}, which is not resized")
    width, height, _ = size
    if min(width, height) < 1 or width * height > MAX_PIXELS:
        rule = f"must be (width, height), each >= 1, of at most {MAX_PIXELS:,} pixels"
        raise SettingError("size", rule, (width, height))
