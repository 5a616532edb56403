"""From a source, or from arrays, to a :class:`Dataset`."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hopcli.datasets.dataset import Bits, Dataset, content_hash
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
from hopcli.records import ArrayLike, NDArray, Spins, np

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    states = _spins(images, threshold, invert=invert, own=own)
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


def _spins(images: GreyImages, threshold: int | str, *, invert: bool, own: str) -> Spins | Bits:
    """Compare grey values with their thresholds; spins that a source keeps as bits stay packed."""
    if images.packed is not None:
        return Bits(~images.packed if invert else images.packed, math.prod(images.shape))
    at = levels(images.grey, threshold) if images.levels is None else images.levels
    if own:
        warn_of_blank(images.grey, at, threshold, own)
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
