"""Where patterns and test images come from: one registry of sources, one record.

A source hands over grey images (:mod:`hopcli.datasets.grey`); here they become spins.
Choosing among the images is left to :mod:`hopcli.patterns`.
"""

from __future__ import annotations

import difflib
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hopcli.datasets import pictures, scikit
from hopcli.datasets.idx import load_idx
from hopcli.datasets.mnist import HashCheck, embedded_files, load_mnist, verify_embedded
from hopcli.datasets.npz import load_npz
from hopcli.datasets.request import Request, Size
from hopcli.datasets.thresholds import RULE, is_threshold, levels
from hopcli.errors import SettingError
from hopcli.records import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.datasets.grey import GreyImages

__all__ = [
    "SOURCES",
    "SPLITS",
    "Dataset",
    "HashCheck",
    "Request",
    "Size",
    "Source",
    "default_threshold",
    "embedded_files",
    "load_dataset",
    "parse_spec",
    "verify_embedded",
]

SPLITS = ("train", "test", "all")

_AT_ONCE = 1024  # images made spins at once: they stay in the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Labelled images as spins.

    Parameters
    ----------
    name : str
        What was asked for, with the split if the source has any, e.g. ``"mnist:train"``.
    spins : ndarray of int8, shape (n, N)
        Values -1 or +1, C-contiguous, row by row of the image.
    labels : ndarray of str, shape (n,)
        Label of each image.
    shape : tuple of int
        (height, width), height * width = N.
    threshold : int or str
        Grey values above it, 0..255, became +1; or how the level of each image was found.
    sha256 : str
        Hash of what was loaded: of the embedded file, else of spins, labels and shape.
    inverted : bool
        Whether grey values above the threshold became -1 instead.

    Attributes
    ----------
    label_names : tuple of str
        The different labels: as they come where each has one image, else sorted.
    """

    name: str
    spins: NDArray[np.int8]
    labels: NDArray[np.str_]
    shape: tuple[int, int]
    threshold: int | str
    sha256: str
    inverted: bool = False
    label_names: tuple[str, ...] = field(init=False)
    _indices: dict[str, NDArray[np.int64]] = field(init=False, repr=False, default_factory=dict)

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
        for name in ("spins", "labels"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        # Asked for again and again, and milliseconds of sorting.
        object.__setattr__(self, "label_names", tuple(self.counts()))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def n_sites(self) -> int:
        """Number of spins N of an image."""
        return self.shape[0] * self.shape[1]

    def indices_of(self, label: str) -> NDArray[np.int64]:
        """Find the images with one label, in their order.

        Parameters
        ----------
        label : str
            One of :attr:`label_names`.

        Returns
        -------
        ndarray of int64, shape (k,)
            Indices 0 .. n - 1, rising; k >= 1; the same array each time, which cannot be
            written to.

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
        self._indices[label] = indices  # asked for at every run, and a look at every label
        return indices

    def counts(self) -> dict[str, int]:
        """Count the images of each label, in the order of :attr:`label_names`."""
        names, counts = np.unique(self.labels, return_counts=True)
        if counts.max() == 1:  # own pictures: their order may matter to the storage rule
            return dict.fromkeys(self.labels.tolist(), 1)
        pairs = zip(names.tolist(), counts.tolist(), strict=True)
        return dict(sorted(pairs, key=lambda pair: _numbers_first(pair[0])))


def _numbers_first(label: str) -> tuple[bool, int, str]:
    number = int(label) if label.isdecimal() else 0
    return not label.isdecimal(), number, label


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of dataset.

    Parameters
    ----------
    name : str
        How a dataset of this kind begins, and its key in :data:`SOURCES`.
    description : str
        One line for help texts.
    load : callable
        Request in, grey images out.
    argument : str
        What must follow the name and a colon (DIR, FILE, NAME), empty for nothing.
    has_splits : bool
        Whether training and test images are apart.
    resizes : bool
        Whether it takes a size.
    default_threshold : int or str
        The threshold unless another is asked for.
    """

    name: str
    description: str
    load: Callable[[Request], GreyImages]
    argument: str = ""
    has_splits: bool = False
    resizes: bool = False
    default_threshold: int | str = 0

    @property
    def usage(self) -> str:
        """How it is written, e.g. ``"idx:DIR"``."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "mnist",
            "MNIST, 70,000 handwritten digits of 28 x 28; ships with hopcli",
            lambda request: load_mnist(request.split, binary=request.threshold == 0),
            has_splits=True,
        ),
        Source(
            "digits",
            "scikit-learn's 1,797 handwritten digits of 8 x 8, grey values 0 to 16",
            lambda _: scikit.load_digits(),
        ),
        Source(
            "drawings",
            "three line drawings of 128 x 128; ship with hopcli",
            lambda request: pictures.load_drawings(request),
            resizes=True,
        ),
        Source(
            "idx",
            "a folder of IDX files, raw or gzip (MNIST, Fashion-MNIST, KMNIST, EMNIST)",
            lambda request: load_idx(request.path, request.split),
            argument="DIR",
            has_splits=True,
        ),
        Source(
            "npz",
            "a NumPy archive with x_train, y_train, x_test, y_test",
            lambda request: load_npz(request.path, request.split),
            argument="FILE",
            has_splits=True,
        ),
        Source(
            "openml",
            "square images from OpenML, kept in scikit-learn's cache",
            lambda request: scikit.load_openml(request.argument),
            argument="NAME",
        ),
        Source(
            "images",
            f"a folder of pictures ({', '.join(pictures.FORMATS)}), each a pattern",
            lambda request: pictures.load_images(request.path, request),
            argument="DIR",
            resizes=True,
            default_threshold="otsu",
        ),
        Source(
            "text",
            "a text file of patterns drawn with # and ., or one that ships: 4x4, 3x3, 6",
            lambda request: pictures.load_text(pictures.find_text(request.path)),
            argument="FILE",
        ),
    )
}
"""The sources by name; help texts and checks are made from it."""


def parse_spec(spec: str) -> tuple[Source, str]:
    """Split a dataset as the user writes it into its source and the argument.

    Parameters
    ----------
    spec : str
        E.g. ``"mnist"`` or ``"idx:some/folder"``.

    Returns
    -------
    source : Source
        An entry of :data:`SOURCES`.
    argument : str
        What follows the first colon, empty if the source takes nothing.

    Raises
    ------
    SettingError
        If the source is unknown, or an argument is missing or one too many.
    """
    name, _, argument = spec.partition(":")
    source = SOURCES.get(name)
    if source is None:
        known = ", ".join(source.usage for source in SOURCES.values())
        nearest = difflib.get_close_matches(name.lower(), SOURCES, n=1)
        hint = f" (did you mean {SOURCES[nearest[0]].usage}?)" if nearest else ""
        raise SettingError("dataset", f"must be one of {known}{hint}", spec)
    if source.argument and not argument:
        raise SettingError("dataset", f"must be written {source.usage}", spec)
    if not source.argument and ":" in spec:
        hint = " (the split is a setting of its own)" if source.has_splits else ""
        raise SettingError("dataset", f"must be written {source.usage}{hint}", spec)
    return source, argument


def default_threshold(spec: str) -> int | str:
    """The threshold of a data set unless another is asked for: a matter of its source."""
    return parse_spec(spec)[0].default_threshold


def load_dataset(
    spec: str = "mnist",
    *,
    split: str = "train",
    threshold: int | str | None = None,
    size: Size | tuple[int, int] | None = None,
    invert: bool = False,
) -> Dataset:
    """Load images as spins: +1 where the grey value is above a threshold, else -1.

    Parameters
    ----------
    spec : str
        A source of :data:`SOURCES`, with its argument if it takes one.
    split : {"train", "test", "all"}
        Which images; a source without splits gives all it has for "train" and "all".
    threshold : int or str, optional
        0..255, compared to the source's own grey values; or how the level of each image is
        found, "otsu" or "mean". By default that of the source: the study's 0, and "otsu"
        for a folder of pictures.
    size : Size or tuple of int, optional
        (width, height) to resize pictures to before the threshold; see :class:`Size`.
    invert : bool
        Make +1 what the threshold makes -1, e.g. dark ink on white paper.

    Returns
    -------
    Dataset
        The images, in the order of the source.

    Raises
    ------
    SettingError
        If a setting is impossible, or the source does not have it.
    DataError
        If files are missing, damaged or not what they should be, or a picture is blank or
        equal to another as spins.
    """
    source, argument = parse_spec(spec)
    level: int | str = source.default_threshold if threshold is None else threshold
    wanted = None if size is None else Size(*size)
    _check_settings(source, split, level, wanted)
    level = level if isinstance(level, str) else int(level)
    images = source.load(Request(argument, split, level, wanted, invert))
    at = levels(images.grey, level) if images.levels is None else images.levels
    spins = _binarise(images.grey, at, invert=invert)
    if images.files:
        pictures.check_different(spins, images.files, level, resized=wanted is not None)
    return Dataset(
        name=f"{spec}:{split}" if source.has_splits else spec,
        spins=spins,
        labels=images.labels,
        shape=images.shape,
        threshold=level,
        sha256=images.sha256 or _hash(spins, images.labels, images.shape),
        inverted=invert,
    )


def _check_settings(source: Source, split: str, threshold: int | str, size: Size | None) -> None:
    """Refuse what no source, or not this one, can do."""
    if split not in SPLITS:
        raise SettingError("split", f"must be one of {', '.join(SPLITS)}", split)
    if split == "test" and not source.has_splits:
        raise SettingError("split", f"must be train or all: {source.usage} has no test set", split)
    if not is_threshold(threshold):
        raise SettingError("threshold", RULE, threshold)
    if size is None:
        return
    if not source.resizes:
        able = ", ".join(other.usage for other in SOURCES.values() if other.resizes)
        raise SettingError("size", f"must be left out but for {able}", size[:2])
    width, height, _ = size
    if min(width, height) < 1 or width * height > pictures.MAX_PIXELS:
        rule = f"must be (width, height), each >= 1, of at most {pictures.MAX_PIXELS:,} pixels"
        raise SettingError("size", rule, (width, height))


def _binarise(grey: NDArray[np.uint8], at: NDArray[np.uint8], *, invert: bool) -> NDArray[np.int8]:
    """Turn grey values into spins, in the same memory where that may be written."""
    grey = np.ascontiguousarray(grey)
    if not grey.flags.writeable:
        grey = grey.copy()
    compare = np.less_equal if invert else np.greater
    for first in range(0, len(grey), _AT_ONCE):
        part = grey[first : first + _AT_ONCE]
        spins = part.view(np.int8)
        compare(part, at[first : first + _AT_ONCE, None], out=part.view(np.bool_))
        np.multiply(spins, 2, out=spins)
        np.subtract(spins, 1, out=spins)
    grey.flags.writeable = False  # nobody else has them: a record need not copy
    return grey.view(np.int8)


def _hash(spins: NDArray[np.int8], labels: NDArray[np.str_], shape: tuple[int, int]) -> str:
    """SHA-256 of spins (eight a byte), labels and shape."""
    digest = hashlib.sha256(repr((shape, labels.tolist())).encode())
    digest.update(np.packbits(spins > 0).data)
    return digest.hexdigest()
