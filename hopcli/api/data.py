"""Images and patterns in Python: the counterparts of ``hopcli data`` and ``hopcli select``."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli.api.running import plain_value
from hopcli.config import DataSettings, Facts, SelectConfig
from hopcli.datasets import SOURCES, Dataset, dataset_of, image_array
from hopcli.datasets.grey import warn_of_one
from hopcli.errors import SettingError
from hopcli.experiments.stock import load_data
from hopcli.patterns import Patterns, draw_samples, images_as_patterns, read_patterns
from hopcli.patterns import select as choose
from hopcli.records import ArrayLike, NDArray, np

if TYPE_CHECKING:
    from hopcli.config import Settings

Whole = int | np.integer[Any]
"""Whole number, also of NumPy."""

Real = float | np.floating[Any] | np.integer[Any]
"""A number."""

_MADE_OF_ARRAYS = ("split", "size", "crop", "transpose")  # no effect on arrays


def given(settings: type[Settings], /, **values: Any) -> dict[str, Any]:
    """Convert keywords to settings; those that are None stay open."""
    known = settings.settings()
    return {
        name: plain_value(known[name], name, value)
        for name, value in values.items()
        if value is not None
    }


def load(
    dataset: str | os.PathLike[str] | ArrayLike = "mnist",
    labels: ArrayLike | None = None,
    *,
    split: str | None = None,
    threshold: Whole | str | None = None,
    size: tuple[int, int] | str | None = None,
    crop: bool | None = None,
    invert: bool | None = None,
    transpose: bool | None = None,
) -> Dataset:
    """Load images as spins: +1 where the grey value is above a threshold, else -1.

    Parameters
    ----------
    dataset : str or array-like
        A source, as on the command line: ``"mnist"``, ``"idx:DIR"``, ``"images:DIR"``, ...;
        or images, shape (n, height, width) or (n, N): booleans, spins -1 and +1, or grey
        values, whole numbers 0..255 or floats 0..1.
    labels : array-like of int or str, shape (n,), optional
        Label of each image, only for given images; by default their numbers from 1 on.
    split : {"train", "test", "all"}, optional
        Part of the data set, by default ``"train"``.
    threshold : int or str, optional
        0..255, ``"otsu"`` or ``"mean"``; by default that of the source, 0 for images.
    size : tuple of int, optional
        Width and height: pictures are resized to it, rows of numbers are split by it.
    crop : bool, optional
        Fill the size, and cut off the edges.
    invert : bool, optional
        Make dark pixels +1.
    transpose : bool, optional
        Swap rows and columns of each image of a file.

    Returns
    -------
    Dataset
        The images: ``.spins`` (int8, shape (n, N)), ``.labels``, ``.shape``.

    Raises
    ------
    SettingError
        If a setting is impossible, or the source does not support it.
    DataError
        If files or arrays are damaged or of the wrong type.

    Examples
    --------
    >>> load("mnist", split="test")
    Dataset(mnist:test: 10,000 images of 28 x 28; 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
    >>> load([[[0, 200], [200, 0]]], labels=["slash"]).spins.tolist()
    [[-1, 1, 1, -1]]
    """
    words: dict[str, Any] = {
        "split": split,
        "threshold": threshold,
        "size": size,
        "crop": crop,
        "invert": invert,
        "transpose": transpose,
    }
    if isinstance(dataset, str | os.PathLike):
        if labels is not None:
            raise SettingError("labels", "has no effect on a source, which contains its labels")
        config = DataSettings(**given(DataSettings, dataset=dataset, **words))
        config.check()
        return load_data(config)
    for name in _MADE_OF_ARRAYS:
        if words[name] is not None:
            raise SettingError(name, "has no effect on arrays of images", words[name])
    plain = given(DataSettings, threshold=threshold, invert=invert)
    return dataset_of(dataset, labels, **plain)


def select(
    dataset: Dataset | str | os.PathLike[str] = "mnist",
    digits: str | Sequence[str | int] | NDArray[Any] | None = None,
    *,
    samples: Whole | None = None,
    seed: Whole | None = None,
    sampler: str | None = None,
) -> Patterns:
    """Choose a prototype pattern for each label by the overlap loss [ZG eq. 5].

    Returns the patterns that ``hopcli select`` writes; ``hopcli.run("select", ...)`` also gives
    the table of losses. Samples of all labels of the data set compete, also of labels that are
    not returned: ``select("mnist", "36104")`` gives the study's five patterns.

    Parameters
    ----------
    dataset : Dataset or str
        The images, or an argument of :func:`load`.
    digits : str or sequence, optional
        Labels whose patterns are returned, in this order: ``"36104"``, ``"3,6,1,0,4"`` or a
        list of them; by default all.
    samples : int, optional
        Competing samples of each label, M in eq. 5; by default 20.
    seed : int, optional
        Seed of the draw of samples; by default 9, which gives the study's patterns.
    sampler : {"legacy", "generator"}, optional
        Method of the draw: as by the authors (the default), or without replacement.

    Raises
    ------
    SettingError
        If a setting is impossible.

    Examples
    --------
    >>> patterns = select("mnist", "36104")
    >>> patterns
    Patterns(5 of 28 x 28: 3, 6, 1, 0, 4; mnist:train)
    >>> patterns.xi.shape, str(patterns.xi.dtype)
    ((5, 784), 'int8')
    """
    words = {"digits": digits, "samples": samples, "seed": seed, "sampler": sampler}
    config = SelectConfig(**given(SelectConfig, **words))
    source = dataset if isinstance(dataset, Dataset) else load(dataset)
    resolved = config.resolve(Facts(source.name, source.shape, source.label_names))
    names = source.label_names
    drawn = draw_samples(source, names, resolved.samples, resolved.seed, resolved.sampler)
    return choose(source, names, drawn)[0].take(resolved.digits)


def as_patterns(
    patterns: Patterns | Dataset | str | os.PathLike[str] | Mapping[str, ArrayLike] | ArrayLike,
) -> Patterns:
    """Convert images, files, sources or arrays to patterns.

    Parameters
    ----------
    patterns : Patterns, Dataset, path, source, mapping or array-like
        Patterns; images, one pattern each; the patterns.npz of ``hopcli select``; a source
        such as ``"images:DIR"``; pictures by name; or pictures, shape (p, height, width) or
        (p, N). Pictures are booleans, spins, or grey values, of which those above 0 become +1.

    Raises
    ------
    DataError
        If a file or array is none of these.

    Warns
    -----
    HopcliWarning
        If an array (p, N) has p >= N, as for one picture, or for patterns in columns.
    """
    if isinstance(patterns, Patterns):
        return patterns
    if isinstance(patterns, str | os.PathLike):
        text = os.fspath(patterns)
        if text.partition(":")[0] not in SOURCES or Path(text).exists():
            return read_patterns(Path(text))
        patterns = load(text)
    elif not isinstance(patterns, Dataset | Mapping):
        patterns = image_array(patterns)
        if patterns.ndim == 2:
            one = "for one picture write store(picture[None])"
            warn_of_one(patterns.shape, "patterns", one, "for patterns in columns, store(array.T)")
    if isinstance(patterns, Mapping):
        names = list(patterns)
        pictures: Any = [patterns[name] for name in names]
        patterns = dataset_of(pictures, names)
    images = patterns if isinstance(patterns, Dataset) else dataset_of(patterns)
    return images_as_patterns(images, np.arange(len(images)))
