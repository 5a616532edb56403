"""Shared data of runs: data sets, thresholds, selections of patterns, couplings."""

from __future__ import annotations

import dataclasses
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from hopcli.config import DataSettings, LearningSettings, RecallConfig
from hopcli.config.groups import PatternSettings
from hopcli.datasets import Dataset, default_threshold, load_dataset
from hopcli.datasets.dataset import Bits
from hopcli.datasets.grey import check_file, reading
from hopcli.datasets.npz import Archive, read_array
from hopcli.errors import DataError, SettingError
from hopcli.experiments.trials import Pools, image_pools
from hopcli.network import Network
from hopcli.patterns import Patterns, draw_samples, read_patterns, select
from hopcli.records import Floats, digest
from hopcli.rules import store
from hopcli.rules.given import LARGEST

GIVEN = "python:"
"""Prefix of the name for a file of patterns that were given in Python."""

_LONGEST_NUMBER = 64  # bytes of a threshold in a file, with its separator


def load_data(config: DataSettings, split: str | None = None) -> Dataset:
    """Load the data set that a configuration names, or another split of it."""
    return load_dataset(
        config.dataset,
        split=split or config.split,
        threshold=config.threshold,
        size=config.size,
        invert=config.invert,
        transpose=config.transpose,
    )


def read_thresholds(theta: float | str, n_sites: int) -> float | Floats:
    """Read the thresholds: one for all sites, or a file with one per site.

    Parameters
    ----------
    theta : float or str
        The number, or the path of a text file of numbers, or of a .npz archive that
        contains them as ``theta``.
    n_sites : int
        Number of spins N.

    Raises
    ------
    DataError
        If the file cannot be read or does not contain one finite number per site.
    """
    return theta if isinstance(theta, float) else _read(theta, "theta", n_sites, f"{n_sites}")


def read_weights(file: str, n_sites: int) -> Floats:
    """Read the couplings of every pair of sites.

    Parameters
    ----------
    file : str
        Path of a text file, with N numbers in each of N rows, separated by blanks, commas or
        semicolons; of a .npy file; or of a .npz archive that contains ``weights``.
    n_sites : int
        Number of spins N.

    Returns
    -------
    ndarray of float64, shape (N, N)
        W_ij, the coupling of the field on site i to spin j.

    Raises
    ------
    DataError
        If the file cannot be read or does not contain N x N finite numbers.
    """
    values = _read(file, "weights", n_sites**2, f"{n_sites} x {n_sites}")
    return values.reshape(n_sites, n_sites)


def _read(file: str, name: str, count: int, shape: str) -> Floats:
    """Read a file of finite numbers; in a NumPy archive they are the array of this name."""
    path = Path(file)
    if path.suffix == ".npz":
        with Archive(path) as archive:
            values = _numbers(archive.read(name), path)
    else:
        is_array = path.suffix == ".npy"
        values = _numbers(read_array(path), path) if is_array else _written(path, count)
    wrong = np.flatnonzero(~(np.abs(values) <= LARGEST))
    if values.size != count or wrong.size:
        found = f"{values[wrong[0]]} at {wrong[0]}" if wrong.size else f"{values.size:,}"
        raise DataError(f"{file}: must contain {shape} numbers from -1e6 to 1e6, found {found}")
    return values


def _numbers(values: Any, path: Path) -> Floats:
    if values.dtype.kind not in "iuf":
        raise DataError(f"{path}: must contain numbers, found dtype {values.dtype}")
    numbers: Floats = values.astype(np.float64).ravel()
    return numbers


def _written(path: Path, count: int) -> Floats:
    """Read the numbers of a text file."""
    check_file(path)
    with reading(path):
        n_bytes = path.stat().st_size
        if n_bytes > _LONGEST_NUMBER * count:
            raise DataError(f"{path}: has too many bytes for {count} numbers, {n_bytes:,}")
        text = path.read_text(encoding="utf-8").strip(" \t\r\n,;")
        return np.array(re.split(r"[\s,;]+", text), dtype=np.float64)


T = TypeVar("T")

_BUDGET = 1 << 29
_OF_HASH = 12  # digits that name given patterns
_OF_A_RUN = 6  # most records of one run: two data sets, a selection, pools, couplings


class Stock:
    """Shared data of runs, for any number of threads at once.

    A record that two runs request at the same time is made once, and no other record waits for
    it. Beyond a memory budget, the least recently used ones are dropped. The last few records
    are kept whatever their size, as one run may need all of them.

    Parameters
    ----------
    budget : int
        Bytes of arrays that are kept.
    """

    def __init__(self, budget: int = _BUDGET) -> None:
        self._budget, self._n_bytes = budget, 0
        self._lock = threading.Lock()
        self._given: dict[str, Patterns] = {}
        self._places: OrderedDict[Hashable, _Place] = OrderedDict()  # least recently used first

    def load(self, config: DataSettings, split: str | None = None) -> Dataset:
        """Return the data set of a configuration, or another split of it.

        If a file of patterns is enough, the data set consists of these patterns.

        Raises
        ------
        SettingError
            If there is no such data set.
        DataError
            If its files are unusable.
        """
        if isinstance(config, PatternSettings) and config.file and not config.needs_images:
            return self.patterns(config.file).as_dataset()
        return self._once(_data_key(config, split), lambda: load_data(config, split))

    def source(self, config: PatternSettings) -> Dataset:
        """Return the images from which patterns are taken, see :meth:`load`."""
        try:
            return self.load(config, config.select_split)
        except SettingError as error:
            if config.select_split in (None, config.split):
                raise
            # The requested split has another name here.
            raise SettingError("select_split", error.rule, error.found) from None

    def select(self, config: PatternSettings) -> Patterns:
        """Return the selected pattern of each label, by default of every one.

        Raises
        ------
        SettingError
            If the selection is impossible.
        """
        chosen = (config.samples, config.selection_seed, config.sampler)

        def made() -> Patterns:
            source = self.source(config)
            names = source.label_names
            return select(source, names, draw_samples(source, names, *chosen))[0]

        # Not the hash of the data: an embedded file has the same hash for every threshold.
        key = (*_data_key(config, config.select_split), *chosen)
        if (digits := config.digits) is None:
            return self._once(key, made)
        return self._once((*key, digits), lambda: self._once(key, made).take(digits))

    def pools(self, config: RecallConfig, dataset: Dataset, patterns: Patterns) -> Pools:
        """Return the images that may be tested; `dataset` is that of the configuration.

        Raises
        ------
        SettingError
            If the data set does not have a label of the patterns.
        """
        exclude = config.exclude_samples
        key = ("pools", *_data_key(config, None), dataset.sha256, patterns.sha256, exclude)
        return self._once(key, lambda: image_pools(dataset, patterns, exclude_samples=exclude))

    def hold(self, config: DataSettings, dataset: Dataset) -> None:
        """Add a data set that is already loaded, under its name in a configuration."""
        self._once(_data_key(config, None), lambda: dataset)

    def keep(self, patterns: Patterns) -> str:
        """Keep patterns that are in no file.

        Returns
        -------
        str
            Name in a configuration in place of a file; it contains their hash.
        """
        name = f"{GIVEN}{patterns.sha256[:_OF_HASH]}"
        self._given[name] = patterns
        return name

    def patterns(self, name: str) -> Patterns:
        """Return the patterns of a file, or those of :meth:`keep` with this name.

        Raises
        ------
        SettingError
            If patterns of this name were given in Python, to another stock.
        DataError
            If the file cannot be used.
        """
        if name in self._given:
            return self._given[name]
        if name.startswith(GIVEN) and not Path(name).exists():
            rule = "must be given again: they were given in Python, and are in no file"
            raise SettingError("patterns", rule, name)
        return read_patterns(Path(name))

    def couple(
        self,
        config: LearningSettings,
        patterns: Patterns,
        rule: str,
        theta: float | Floats,
        weights: Floats | None = None,
    ) -> Network:
        """Return the couplings by a rule, with its parameters in a configuration, or given ones.

        Parameters
        ----------
        config : LearningSettings
            Configuration of the parameters.
        patterns : Patterns
            The stored patterns.
        rule : str
            A key of :data:`hopcli.rules.RULES`.
        theta : float or ndarray of float64, shape (N,)
            The thresholds: one for all sites, or one per site.
        weights : ndarray of float64, shape (N, N), optional
            Couplings to use instead of the rule.

        Raises
        ------
        PatternError
            If the rule cannot store these patterns.
        """
        how = {"self_coupling": getattr(config, "self_coupling", False), **config.parameters(rule)}
        thresholds = np.asarray(theta)
        files = digest(thresholds, *(() if weights is None else (weights,)))
        key = ("couplings", patterns.sha256, files, rule, *how.items())
        return self._once(key, lambda: store(patterns.xi, rule, thresholds, weights=weights, **how))

    def _once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the record under a key, and make it if it is missing."""
        with self._lock:
            place = self._places.setdefault(key, _Place())
            self._places.move_to_end(key)
        with place.lock:
            if place.record is None:
                place.record = make()
                place.n_bytes = _n_bytes(place.record)
                self._keep_budget(place.n_bytes)
            made: T = place.record
        return made

    def _keep_budget(self, n_bytes: int) -> None:
        """Count a new record, and drop the least recently used ones, except those being made."""
        with self._lock:
            self._n_bytes += n_bytes
            if self._n_bytes <= self._budget:
                return  # before a long search
            made = [key for key, place in self._places.items() if place.record is not None]
            for key in made[:-_OF_A_RUN]:
                if self._n_bytes <= self._budget:
                    break
                self._n_bytes -= self._places.pop(key).n_bytes


class _Place:
    """Place of a record; its lock is held by the thread that makes it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.record: Any = None
        self.n_bytes = 0


def _data_key(config: DataSettings, split: str | None) -> tuple[Hashable, ...]:
    """Return everything that :func:`load_data` reads."""
    given = config.threshold
    threshold = default_threshold(config.dataset) if given is None else given
    how = (threshold, config.size, config.invert, config.transpose)
    return ("images", config.dataset, split or config.split, *how)


def _n_bytes(record: Any) -> int:
    """Return the memory of the arrays of a record, and of the records in it."""
    if isinstance(record, np.ndarray | Bits):
        return record.nbytes
    if not dataclasses.is_dataclass(record):
        return 0
    return sum(_n_bytes(getattr(record, field.name)) for field in dataclasses.fields(record))
