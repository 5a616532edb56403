"""Where patterns and test images come from: one registry of sources, one record.

A source hands over grey images (:mod:`hopcli.datasets.grey`); here they become spins.
Choosing among the images is left to :mod:`hopcli.patterns`.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hopcli.datasets import pictures, scikit
from hopcli.datasets.arrays import dataset_of
from hopcli.datasets.dataset import Dataset, content_hash
from hopcli.datasets.idx import load_idx
from hopcli.datasets.mnist import HashCheck, embedded_files, load_mnist, verify_embedded
from hopcli.datasets.npz import load_npz
from hopcli.datasets.request import Request, Size
from hopcli.datasets.thresholds import RULE, binarise, is_threshold, levels
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopcli.datasets.grey import GreyImages

__all__ = [
    "SOURCES",
    "SPLITS",
    "Dataset",
    "HashCheck",
    "Request",
    "Size",
    "Source",
    "dataset_of",
    "default_threshold",
    "embedded_files",
    "load_dataset",
    "parse_spec",
    "verify_embedded",
]

SPLITS = ("train", "test", "all")


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
    spins = binarise(images.grey, at, invert=invert)
    if images.files:
        pictures.check_different(spins, images.files, level, resized=wanted is not None)
    return Dataset(
        name=f"{spec}:{split}" if source.has_splits else spec,
        spins=spins,
        labels=images.labels,
        shape=images.shape,
        threshold=level,
        sha256=images.sha256 or content_hash(spins, images.labels, images.shape),
        inverted=invert,
        request=_words(spec, split, level, wanted, invert=invert),
        named=images.named,
    )


def _words(
    spec: str, split: str, threshold: int | str, size: Size | None, *, invert: bool
) -> dict[str, object]:
    """The settings that load a data set again."""
    words: dict[str, object] = {"dataset": spec, "split": split, "threshold": threshold}
    if size is not None:
        words |= {"size": size[:2], "crop": size.crop}
    return {**words, "invert": invert}


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
