"""Where patterns and test images come from: one registry of sources, one record.

A source hands over grey images (:mod:`hopcli.datasets.grey`); here they become spins.
Choosing among the images is left to :mod:`hopcli.patterns`.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli.datasets import pictures, scikit
from hopcli.datasets.arrays import dataset_of
from hopcli.datasets.dataset import Dataset, content_hash
from hopcli.datasets.grey import NoSuchPartError, exists
from hopcli.datasets.idx import load_idx
from hopcli.datasets.limits import MAX_PIXELS
from hopcli.datasets.mnist import HashCheck, embedded_files, load_mnist, verify_embedded
from hopcli.datasets.npz import load_npy, load_npz
from hopcli.datasets.request import Request, Size
from hopcli.datasets.rows import load_csv
from hopcli.datasets.texts import find_text, load_text
from hopcli.datasets.thresholds import RULE, binarise, is_threshold, levels, warn_of_blank
from hopcli.errors import DataError, SettingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopcli.datasets.grey import GreyImages

__all__ = [
    "SOURCES",
    "SPLITS",
    "Dataset",
    "HashCheck",
    "NoSuchPartError",
    "Request",
    "Size",
    "Source",
    "dataset_of",
    "default_threshold",
    "embedded_files",
    "load_dataset",
    "parse_spec",
    "spec_of",
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
    takes : tuple of str
        Which of ``size`` and ``transpose`` it takes.
    default_threshold : int or str
        The threshold unless another is asked for.
    """

    name: str
    description: str
    load: Callable[[Request], GreyImages]
    argument: str = ""
    has_splits: bool = False
    takes: tuple[str, ...] = ()
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
            "scikit-learn's 1,797 digits of 8 x 8, grey values 0 to 16",
            lambda _: scikit.load_digits(),
        ),
        Source(
            "drawings",
            "three line drawings of 128 x 128; ship with hopcli",
            lambda request: pictures.load_drawings(request),
            takes=("size",),
        ),
        Source(
            "idx",
            "IDX files (MNIST, Fashion-MNIST, KMNIST, EMNIST), raw or gzip",
            load_idx,
            argument="DIR",
            has_splits=True,
            takes=("size", "transpose"),
        ),
        Source(
            "npz",
            "NumPy archive: x_train, y_train, x_test, y_test, or one array",
            load_npz,
            argument="FILE",
            has_splits=True,
            takes=("size", "transpose"),
        ),
        Source(
            "npy",
            "NumPy array of shape (images, height, width) or (images, N)",
            load_npy,
            argument="FILE",
            takes=("size", "transpose"),
        ),
        Source(
            "csv",
            "table, an image a row, with or without a column of labels",
            load_csv,
            argument="FILE",
            takes=("size", "transpose"),
        ),
        Source(
            "text",
            "text of numbers, or drawn with two characters; or 4x4, 3x3, 6",
            lambda request: load_text(find_text(request.path), request),
            argument="FILE",
            takes=("size", "transpose"),
        ),
        Source(
            "images",
            "folder of pictures (PNG, JPEG, GIF, TIFF, PGM, ...), or one",
            lambda request: pictures.load_images(request.path, request),
            argument="DIR",
            takes=("size",),
            default_threshold="otsu",
        ),
        Source(
            "openml",
            "square images from OpenML, kept in scikit-learn's cache",
            lambda request: scikit.load_openml(request.argument),
            argument="NAME",
            takes=("transpose",),
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
        nearest = [SOURCES[near].usage for near in difflib.get_close_matches(name.lower(), SOURCES)]
        if not nearest or exists(Path(spec)):
            nearest = [guess for guess in (spec_of(spec),) if guess] or nearest
        hint = f" (did you mean {nearest[0]}?)" if nearest else ""
        if Path(spec).suffix.lower() in _FOREIGN:
            hint = f" ({_CONVERT})"
        raise SettingError("dataset", f"must be one of {known}{hint}", spec)
    if source.argument and not argument:
        raise SettingError("dataset", f"must be written {source.usage}", spec)
    if not source.argument and ":" in spec:
        hint = " (the split is a setting of its own)" if source.has_splits else ""
        raise SettingError("dataset", f"must be written {source.usage}{hint}", spec)
    return source, argument


_FOREIGN = (".mat", ".h5", ".hdf5", ".pt", ".pth", ".pkl", ".pickle", ".parquet", ".xls", ".xlsx")
_CONVERT = "no source reads such files: save the array with numpy.save and give npy:FILE"
_OF_SUFFIX = {".npy": "npy", ".npz": "npz", ".csv": "csv", ".txt": "text", ".dat": "text"}


def spec_of(file: str) -> str:
    """Name the source of a file or folder that exists, or of a file by its extension.

    Parameters
    ----------
    file : str
        A path.

    Returns
    -------
    str
        E.g. ``"csv:digits.csv"``; empty if nothing reads it.
    """
    path = Path(file)
    suffix = path.suffix.lower()
    if not file.strip():
        return ""
    if exists(path) and path.is_dir():
        is_idx = any(re.search("[-.]idx[1-3]-", inside.name.lower()) for inside in path.iterdir())
        return f"{'idx' if is_idx else 'images'}:{file}"
    if suffix in pictures.EXTENSIONS:
        return f"images:{file}"
    if re.search("[-.]idx[1-3]-", path.name.lower()):
        return f"idx:{file}"
    return f"{_OF_SUFFIX[suffix]}:{file}" if suffix in _OF_SUFFIX else ""


def _other_way_in(source: Source, argument: str) -> str:
    """Name the source that reads a file which this one refuses; empty if none is known."""
    if not source.argument or not exists(Path(argument)):
        return ""
    other = spec_of(argument)
    if other:
        kinds = {source.name, other.partition(":")[0]}
        return "" if len(kinds) == 1 or kinds == {"csv", "text"} else f"give {other}"
    return _CONVERT if Path(argument).suffix.lower() in _FOREIGN else ""


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
    transpose: bool = False,
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
        (width, height) to resize pictures to before the threshold, see :class:`Size`; or that
        rows of numbers have.
    invert : bool
        Make +1 what the threshold makes -1, e.g. dark ink on white paper.
    transpose : bool
        Swap rows and columns of each image. Files of EMNIST's names are read so without it.

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
    _check_settings(source, split, level, wanted, transpose=transpose)
    level = level if isinstance(level, str) else int(level)
    name = f"{spec}:{split}" if source.has_splits else spec
    try:
        images = source.load(Request(argument, split, level, wanted, invert, transpose))
    except DataError as error:
        hint = _other_way_in(source, argument)
        if not hint or hint in str(error):
            raise
        raise type(error)(f"{error}; {hint}") from None
    if transpose or images.column_by_column:
        images = _transposed(images)
    at = levels(images.grey, level) if images.levels is None else images.levels
    if not images.files and "transpose" in source.takes:  # the user's own
        warn_of_blank(images.grey, at, level, name)
    kept = images.grey.copy() if images.files else images.grey
    spins = binarise(images.grey, at, invert=invert)
    if images.files:
        pictures.check_different(spins, images.files, level, kept)
    return Dataset(
        name=name,
        spins=spins,
        labels=images.labels,
        shape=images.shape,
        threshold=level,
        sha256=images.sha256 or content_hash(spins, images.labels, images.shape),
        inverted=invert,
        request=_words(spec, split, level, wanted, invert=invert, transpose=transpose),
        named=images.named,
    )


def _transposed(images: GreyImages) -> GreyImages:
    """Images with rows and columns swapped."""
    height, width = images.shape
    grey = images.grey.reshape(-1, height, width).transpose(0, 2, 1)
    return replace(images, grey=grey.reshape(len(grey), -1), shape=(width, height))


def _words(
    spec: str, split: str, threshold: int | str, size: Size | None, *, invert: bool, transpose: bool
) -> dict[str, object]:
    """The settings that load a data set again."""
    words: dict[str, object] = {"dataset": spec, "split": split, "threshold": threshold}
    if size is not None:
        words |= {"size": size[:2], "crop": size.crop}
    return {**words, "invert": invert, "transpose": transpose}


def _check_settings(
    source: Source, split: str, threshold: int | str, size: Size | None, *, transpose: bool
) -> None:
    """Refuse what no source, or not this one, can do."""
    if split not in SPLITS:
        raise SettingError("split", f"must be one of {', '.join(SPLITS)}", split)
    if split == "test" and not source.has_splits:
        raise SettingError("split", f"must be train or all: {source.usage} has no test set", split)
    if not is_threshold(threshold):
        raise SettingError("threshold", RULE, threshold)
    for name, value in (("size", None if size is None else size[:2]), ("transpose", transpose)):
        if value and name not in source.takes:
            able = ", ".join(other.usage for other in SOURCES.values() if name in other.takes)
            raise SettingError(name, f"must be left out except for {able}", value)
    if size is None:
        return
    if size.crop and "transpose" in source.takes:
        raise SettingError("crop", f"has no effect on {source.usage}, which is not resized")
    width, height, _ = size
    if min(width, height) < 1 or width * height > MAX_PIXELS:
        rule = f"must be (width, height), each >= 1, of at most {MAX_PIXELS:,} pixels"
        raise SettingError("size", rule, (width, height))
