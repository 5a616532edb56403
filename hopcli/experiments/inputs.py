"""What every experiment starts from: the data set and the patterns to store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hopcli.datasets import Dataset, load_dataset
from hopcli.errors import DataError, SettingError
from hopcli.patterns import Patterns, draw_samples, images_as_patterns, read_patterns, select
from hopcli.storage import RULES, Couplings, store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from hopcli.config import (
        DataSettings,
        LearningSettings,
        PatternSettings,
        StorageSettings,
    )

_LONGEST_NUMBER = 64  # bytes of a threshold in a file, with what separates it

__all__ = ["load_data", "store_patterns", "store_with", "stored_patterns", "thresholds"]


def load_data(config: DataSettings) -> Dataset:
    """Load the data set that a configuration names."""
    return load_dataset(
        config.dataset,
        split=config.split,
        threshold=config.threshold,
        size=config.size,
        invert=config.invert,
    )


def store_patterns(config: StorageSettings, patterns: Patterns) -> Couplings:
    """Store patterns with the rule and the thresholds of a configuration."""
    return store_with(
        config, config.rule, patterns.xi, thresholds(config.theta, patterns.xi.shape[1])
    )


def store_with(
    config: LearningSettings,
    rule: str,
    xi: NDArray[np.int8],
    theta: float | NDArray[np.float64] = 0.0,
    onto: Couplings | None = None,
) -> Couplings:
    """Store patterns with one of several rules, learning as a configuration says."""
    parameters = {
        name: getattr(config, name, parameter.default)
        for name, parameter in RULES[rule].parameters.items()
    }
    return store(xi, rule, theta, onto=onto, **parameters)


def thresholds(theta: float | str, n_sites: int) -> float | NDArray[np.float64]:
    """Read the thresholds: one for all sites, or a text file with one a site.

    Raises
    ------
    DataError
        If the file cannot be read or has not one finite number a site.
    """
    if isinstance(theta, float):
        return theta
    rule = f"must hold {n_sites} numbers from -1e6 to 1e6, one a site"
    path = Path(theta)
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{theta}: {rule}, is no file")
        if path.stat().st_size > _LONGEST_NUMBER * n_sites:
            raise DataError(f"{theta}: {rule}, found {path.stat().st_size:,} bytes")
        values = np.array(path.read_text(encoding="utf-8").split(), dtype=np.float64)
    except OSError as error:
        raise DataError(f"{theta}: {rule}; cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{theta}: {rule}, found other text") from None
    if values.size != n_sites:
        raise DataError(f"{theta}: {rule}, found {values.size}")
    wrong = np.flatnonzero(~(np.abs(values) <= 1e6))
    if wrong.size:
        raise DataError(f"{theta}: {rule}, found {values[wrong[0]]} at site {wrong[0]}")
    return values


def stored_patterns(config: PatternSettings, dataset: Dataset) -> Patterns:
    """The patterns to store: given images, those of a file, or selected anew.

    Raises
    ------
    SettingError
        If the settings do not fit the data set or each other.
    DataError
        If the file of patterns is unusable.
    """
    if config.source_indices is not None:
        indices = np.array(config.source_indices, dtype=np.int64)
        patterns = images_as_patterns(dataset, indices)
        if config.digits is not None and config.digits != patterns.labels:
            given = ",".join(patterns.labels)
            raise SettingError(
                "digits", f"must be the labels of source_indices ({given})", ",".join(config.digits)
            )
        return patterns
    if config.patterns is not None:
        patterns = read_patterns(Path(config.patterns))
        if patterns.shape != dataset.shape:
            height, width = patterns.shape
            raise SettingError(
                "patterns",
                f"must be pictures of {dataset.shape[1]} x {dataset.shape[0]} pixels as "
                f"{dataset.name} has them",
                f"{width} x {height} in {config.patterns}",
            )
        return patterns.take(_labels(config, patterns.labels))
    names = dataset.label_names
    wanted = _labels(config, names)
    samples = draw_samples(dataset, names, config.samples, config.selection_seed, config.sampler)
    selected, _ = select(dataset, names, samples)
    return selected.take(wanted)


def _labels(config: PatternSettings, available: Iterable[str]) -> tuple[str, ...]:
    """The labels to store: those asked for, else the usual ones, else all there are."""
    if config.digits is not None:
        return config.digits
    known = tuple(available)
    return config.default_digits if set(config.default_digits) <= set(known) else known
