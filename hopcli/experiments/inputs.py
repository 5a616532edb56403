"""What every experiment starts from: the data set, the patterns to store, the network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.config import Facts
from hopcli.errors import DataError, SettingError
from hopcli.experiments.sources import GIVEN, read_thresholds
from hopcli.experiments.tally import check_names
from hopcli.patterns import Patterns, images_as_patterns, read_patterns
from hopcli.records import digest

if TYPE_CHECKING:
    from hopcli.config import PatternSettings
    from hopcli.datasets import Dataset
    from hopcli.experiments.stock import Stock
    from hopcli.starts import Bank, Start

__all__ = [
    "Inputs",
    "gather",
    "hashes",
]


class Inputs(NamedTuple):
    """What a run on stored patterns starts from.

    Attributes
    ----------
    facts : Facts
        What the configuration is resolved by.
    dataset : Dataset
        The images.
    at_hand : Patterns or None
        The given patterns, or those of a file; None if they are to be selected.
    """

    facts: Facts
    dataset: Dataset
    at_hand: Patterns | None

    def patterns(self, config: PatternSettings, digits: tuple[str, ...], stock: Stock) -> Patterns:
        """The patterns to store, of these labels: at hand, or selected.

        Raises
        ------
        SettingError
            If the selection is impossible.
        DataError
            If a label is a word of the tables.
        """
        if self.at_hand is None:
            found = stock.select(config).take(digits)
        else:
            found = self.at_hand if self.facts.chosen else self.at_hand.take(digits)
        check_names((), found.labels)
        return found


def gather(config: PatternSettings, stock: Stock) -> Inputs:
    """Load the data, and the patterns as far as they are given.

    Raises
    ------
    SettingError
        If the settings do not fit the data set.
    DataError
        If a file is unusable.
    """
    config.check()  # before anything is loaded
    dataset, source = stock.load(config), stock.source(config)
    at_hand = None
    if config.images is not None:
        at_hand = images_as_patterns(source, np.array(config.images, dtype=np.int64))
    elif config.file is not None:
        at_hand = stock.kept(config.file) or _read_patterns(config.file)
        if at_hand.shape != dataset.shape:
            (height, width), (rows, columns) = dataset.shape, at_hand.shape
            raise DataError(
                f"{config.file}: must hold pictures of {width} x {height} pixels as "
                f"{dataset.name} has them, found {columns} x {rows}"
            )
    labels = source.label_names if at_hand is None else at_hand.labels
    facts = Facts(source.name, source.shape, labels, chosen=config.images is not None)
    return Inputs(facts, dataset, at_hand)


def _read_patterns(name: str) -> Patterns:
    """The patterns of a file."""
    if name.startswith(GIVEN) and not Path(name).exists():
        rule = "must be given again: they were given in Python, and are in no file"
        raise SettingError("patterns", rule, name)
    return read_patterns(Path(name))


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
