"""What every experiment starts from: the data set, the patterns to store, the network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.config import Facts
from hopcli.datasets import Dataset, load_dataset
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, SettingError
from hopcli.patterns import Patterns, draw_samples, images_as_patterns, read_patterns, select
from hopcli.records import digest
from hopcli.storage import Couplings, store

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import DataSettings, PatternSettings, StorageSettings
    from hopcli.starts import Bank, Start

__all__ = [
    "Inputs",
    "Load",
    "couple",
    "gather",
    "hashes",
    "load_data",
    "load_once",
    "read_thresholds",
]

_LONGEST_NUMBER = 64  # bytes of a threshold in a file, with what separates it

Load = Callable[["DataSettings"], Dataset]
"""Loads the data set that a configuration names."""


def load_data(config: DataSettings) -> Dataset:
    """Load the data set that a configuration names."""
    return load_dataset(
        config.dataset,
        split=config.split,
        threshold=config.threshold,
        size=config.size,
        invert=config.invert,
    )


def load_once() -> Load:
    """A loader for several runs: what two of them ask for is loaded once."""
    loaded: dict[tuple[object, ...], Dataset] = {}

    def load(config: DataSettings) -> Dataset:
        key = (config.dataset, config.split, config.threshold, config.size, config.invert)
        if key not in loaded:
            loaded[key] = load_data(config)
        return loaded[key]

    return load


class Inputs(NamedTuple):
    """What a run on stored patterns starts from.

    Attributes
    ----------
    facts : Facts
        What the configuration is resolved by.
    dataset : Dataset
        The images.
    source : Dataset
        The images that patterns are taken from.
    at_hand : Patterns or None
        The given patterns, or those of a file; None if they are to be selected.
    """

    facts: Facts
    dataset: Dataset
    source: Dataset
    at_hand: Patterns | None

    def patterns(self, config: PatternSettings, digits: tuple[str, ...]) -> Patterns:
        """The patterns to store, of these labels: at hand, or selected anew.

        Raises
        ------
        SettingError
            If the selection is impossible.
        """
        if self.at_hand is not None:
            return self.at_hand if self.facts.chosen else self.at_hand.take(digits)
        names = self.source.label_names
        samples = draw_samples(
            self.source, names, config.samples, config.selection_seed, config.sampler
        )
        selected, _ = select(self.source, names, samples)
        return selected.take(digits)


def gather(config: PatternSettings, load: Load) -> Inputs:
    """Load the data, and the patterns as far as they are given.

    Raises
    ------
    SettingError
        If the settings do not fit the data set.
    DataError
        If a file is unusable.
    """
    config.check()  # before anything is loaded
    dataset = source = load(config)
    if config.select_split not in (None, config.split):
        try:
            source = load(dataclasses.replace(config, split=config.select_split))
        except SettingError as error:  # the split that was asked for has another name here
            raise SettingError("select_split", error.rule, error.found) from None
    at_hand = None
    if config.images is not None:
        at_hand = images_as_patterns(source, np.array(config.images, dtype=np.int64))
    elif config.file is not None:
        at_hand = read_patterns(Path(config.file))
        if at_hand.shape != dataset.shape:
            (height, width), (rows, columns) = dataset.shape, at_hand.shape
            raise DataError(
                f"{config.file}: must hold pictures of {width} x {height} pixels as "
                f"{dataset.name} has them, found {columns} x {rows}"
            )
    labels = source.label_names if at_hand is None else at_hand.labels
    facts = Facts(source.name, source.shape, labels, chosen=config.images is not None)
    return Inputs(facts, dataset, source, at_hand)


def couple(config: StorageSettings, patterns: Patterns) -> Couplings:
    """Store patterns with the rule and the thresholds of a configuration."""
    theta = read_thresholds(config.theta, patterns.xi.shape[1])
    return store(patterns.xi, config.rule, theta, **config.parameters(config.rule))


def hashes(
    dataset: Dataset,
    patterns: Patterns,
    *,
    theta: float | str = 0.0,
    start: Start | None = None,
    bank: Bank | None = None,
) -> dict[str, str]:
    """SHA-256 of what decides the numbers of a run besides its configuration.

    Parameters
    ----------
    dataset, patterns : Dataset and Patterns
        The images, and what is stored of them.
    theta : float or str
        The thresholds as the configuration has them; a file is hashed by its numbers.
    start, bank : Start and Bank, optional
        What runs start from; states of a file are hashed.
    """
    found = {"dataset": dataset.sha256, "patterns": patterns.sha256}
    if isinstance(theta, str):
        found["theta"] = digest(np.asarray(read_thresholds(theta, dataset.n_sites)))
    if start is not None and bank is not None and start.base == "text":
        found["start"] = digest(bank.states)
    return found


def read_thresholds(theta: float | str, n_sites: int) -> float | NDArray[np.float64]:
    """Read the thresholds: one for all sites, or a file with one a site.

    Parameters
    ----------
    theta : float or str
        The number, or the path of a text file of numbers, or of a .npz archive that
        holds them as ``theta``.
    n_sites : int
        Number of spins N.

    Raises
    ------
    DataError
        If the file cannot be read or has not one finite number a site.
    """
    if isinstance(theta, float):
        return theta
    rule = f"must hold {n_sites} numbers from -1e6 to 1e6, one a site"
    path = Path(theta)
    values = _archived(path) if path.suffix == ".npz" else _written(path, rule, n_sites)
    if values.size != n_sites:
        raise DataError(f"{theta}: {rule}, found {values.size}")
    wrong = np.flatnonzero(~(np.abs(values) <= 1e6))
    if wrong.size:
        raise DataError(f"{theta}: {rule}, found {values[wrong[0]]} at site {wrong[0]}")
    return values


def _archived(path: Path) -> NDArray[np.float64]:
    """The thresholds of a NumPy archive."""
    with Archive(path) as archive:
        values = archive.read("theta")
    if values.dtype.kind not in "iuf":
        raise DataError(f"{path}: theta must be numbers, found dtype {values.dtype}")
    return values.astype(np.float64).ravel()


def _written(path: Path, rule: str, n_sites: int) -> NDArray[np.float64]:
    """The thresholds of a text file."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: {rule}, is no file")
        if path.stat().st_size > _LONGEST_NUMBER * n_sites:
            raise DataError(f"{path}: {rule}, found {path.stat().st_size:,} bytes")
        return np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
    except OSError as error:
        raise DataError(f"{path}: {rule}; cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{path}: {rule}, found other text") from None
