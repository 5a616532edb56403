"""Preparation of a run: the resolved configuration, data, patterns, network and streams.

Every experiment begins here. Large data (images, couplings) stay in the stock and are taken
from it on use, so that a plan is small and many can be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np

from hopcli.catalogue import entry
from hopcli.config.base import Facts
from hopcli.config.groups import DataSettings, PatternSettings
from hopcli.datasets import Dataset
from hopcli.errors import DataError, ResultError
from hopcli.experiments import CHANGED, Arrays, Plan, Result, Stock, StoredResult, prefixed
from hopcli.experiments.stock import read_thresholds, read_weights
from hopcli.experiments.trials import check_names
from hopcli.network import Network
from hopcli.patterns import Patterns, images_as_patterns
from hopcli.records import Floats, digest
from hopcli.starts import Bank, Start, fill_bank
from hopcli.streams import Streams
from hopcli.tables import Columns

Thresholds = float | Floats

C = TypeVar("C", bound=DataSettings)
D = TypeVar("D", bound=DataSettings)

_WITHOUT_DATA = Facts("random", (28, 28), ())  # random patterns have the study's size by default


@dataclass(frozen=True, slots=True, eq=False)
class Prepared(Generic[C]):
    """A resolved configuration and its data.

    Parameters
    ----------
    config : Config
        The resolved configuration.
    stock : Stock
        Data sets and couplings.
    facts : Facts
        Facts of the data that the configuration was resolved with.
    name : str
        Name of the data set.
    inputs : dict of str to str
        SHA-256 of the data, patterns and files that determine the numbers.
    stored : Patterns or None
        The stored patterns, if the configuration names any.
    theta : float or ndarray of float64, shape (N,)
        The thresholds.
    weights : ndarray of float64, shape (N, N), or None
        The couplings, if they are given.
    """

    config: C
    stock: Stock
    facts: Facts
    name: str
    inputs: dict[str, str]
    stored: Patterns | None = None
    theta: Thresholds = 0.0
    weights: Floats | None = None

    @property
    def patterns(self) -> Patterns:
        """The stored patterns of an experiment that has some."""
        assert self.stored is not None
        return self.stored

    @property
    def dataset(self) -> Dataset:
        """Images of the data set.

        Raises
        ------
        ResultError
            If their files have changed since the preparation.
        """
        dataset = self.stock.load(self.config)
        if dataset.sha256 != self.inputs["dataset"]:
            raise ResultError(CHANGED)
        return dataset

    @property
    def streams(self) -> Streams:
        """Random streams of the run."""
        return Streams(self.config.seed)  # type: ignore[attr-defined]

    def network(self, rule: str | None = None, patterns: Patterns | None = None) -> Network:
        """Return the network of the configuration, or one with another rule or other patterns."""
        config: Any = self.config
        stored = patterns or self.patterns
        return self.stock.couple(config, stored, rule or config.rule, self.theta, self.weights)

    def bank(self, target: int = 0) -> Bank:
        """Return the possible starting states; `target` is the row of the target pattern.

        Raises
        ------
        HopcliError
            If the start does not fit the data, or its file has changed since the preparation.
        """
        config: Any = self.config
        bank = fill_bank(config.start, self.dataset, self.patterns, target)
        self.check_start(bank)
        return bank

    def check_start(self, bank: Bank) -> None:
        """Refuse starting states of a file that has changed since the preparation.

        Raises
        ------
        ResultError
            If they differ.
        """
        if "start" in self.inputs and digest(bank.states) != self.inputs["start"]:
            raise ResultError(CHANGED)

    def with_config(self, config: D, *, selects: bool = False) -> Prepared[D]:
        """Replace the configuration; the patterns stay, unless it selects others."""
        other: Any = config
        patterns = self.stock.select(other) if selects else self.stored
        made: Any = replace(self, config=other, stored=patterns)
        return made

    def plan(
        self,
        work: Callable[..., Result],
        n_parts: int = 0,
        inputs: Mapping[str, str] | None = None,
        **cost: int,
    ) -> Plan:
        """Plan the run; `inputs` are hashed too, `cost` is that of :class:`Plan`."""
        return Plan(self.config, {**self.inputs, **(inputs or {})}, work, n_parts, **cost)

    def result(
        self,
        tables: Mapping[str, Columns] | Iterable[Columns],
        arrays: Arrays | None = None,
        **notes: Any,
    ) -> Any:
        """Assemble the command's result; the arrays go into a file with the name of the command.

        The stored patterns precede the other arrays, unless these contain them.
        """
        command = entry(self.config.command)
        kind = command.result
        arrays = arrays or {}
        if issubclass(kind, StoredResult) and "patterns.xi" not in arrays:
            arrays = {**self.pattern_arrays, **arrays}
        if not isinstance(tables, Mapping):
            made = {table.declared.name: table for table in tables}
            tables = {each.name: made[each.name] for each in command.tables if each.name in made}
        return kind(
            dataset=self.name,
            dataset_sha256=self.inputs.get("dataset", ""),
            columns=tables,
            arrays={self.config.command: arrays} if arrays else {},
            notes=notes,
        )

    @property
    def pattern_arrays(self) -> Arrays:
        """Return the stored patterns as arrays of a result."""
        return prefixed("patterns", self.patterns.to_arrays())


def prepare(config: C, stock: Stock) -> Prepared[C]:
    """Check a configuration, load its data, and resolve it.

    Parameters
    ----------
    config : Config
        The configuration, given or resolved.
    stock : Stock
        Data sets, selections and couplings that runs share.

    Raises
    ------
    SettingError
        If settings contradict each other or do not fit the data.
    DataError
        If a file is unusable, or a label is a word of the tables.
    """
    config.check()  # before anything is loaded
    if not config.reads_data:
        facts = _WITHOUT_DATA
        return Prepared(config.resolve(facts), stock, facts, facts.dataset, {})
    dataset = stock.load(config)
    if isinstance(config, PatternSettings):
        return _with_patterns(config, stock, dataset)
    facts = Facts.of(dataset)
    inputs = {"dataset": dataset.sha256}
    return Prepared(config.resolve(facts), stock, facts, dataset.name, inputs)


def _with_patterns(config: Any, stock: Stock, dataset: Dataset) -> Prepared[Any]:
    """Take the given patterns, or select them."""
    source, given = stock.source(config), None
    if config.images is not None:
        given = images_as_patterns(source, np.array(config.images, dtype=np.int64))
    elif config.file is not None:
        given = stock.patterns(config.file)
        if given.shape != dataset.shape:
            (height, width), (rows, columns) = dataset.shape, given.shape
            raise DataError(
                f"{config.file}: must contain pictures of {width} x {height} pixels like "
                f"{dataset.name}, found {columns} x {rows}; start from them with --start flip:0.1"
            )
    labels = source.label_names if given is None else given.labels
    facts = Facts(source.name, source.shape, labels, chosen=config.images is not None)
    resolved = config.resolve(facts)
    patterns = stock.select(resolved) if given is None else given
    if given is not None and not facts.chosen:
        patterns = given.take(resolved.digits)
    check_names((), patterns.labels)
    theta = read_thresholds(getattr(config, "theta", 0.0), dataset.n_sites)
    inputs = hashes(dataset, patterns, theta, getattr(config, "start", None))
    weights, file = None, getattr(config, "weights", None)
    if file is not None:
        weights = read_weights(file, dataset.n_sites)
        inputs["weights"] = digest(weights)
    return Prepared(resolved, stock, facts, dataset.name, inputs, patterns, theta, weights)


def hashes(
    dataset: Dataset, patterns: Patterns, theta: Thresholds = 0.0, start: Start | None = None
) -> dict[str, str]:
    """Return the SHA-256 of images and patterns, and of files of thresholds and starts."""
    found = {"dataset": dataset.sha256, "patterns": patterns.sha256}
    if isinstance(theta, np.ndarray):
        found["theta"] = digest(theta)
    if start is not None and start.file is not None:
        found["start"] = digest(fill_bank(start, dataset, patterns).states)
    return found
