"""Trials of a recall and their counts: test images or other starts, and the authors' own.

A trial is one start in one repeat. Trials are ordered by repeat, then label, then start,
so that more repeats only add trials at the end. The start of a trial follows from its
number, so that no run stores an entry for each trial.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import pickle
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hopcli.config import Config, RecallConfig
from hopcli.datasets import Dataset
from hopcli.errors import DataError, ResultError, SettingError
from hopcli.patterns import Patterns
from hopcli.records import ArrayLike, Bools, Ints, NDArray, Texts, frozen
from hopcli.starts import Bank, fill_bank
from hopcli.statistics import added
from hopcli.streams import Legacy, legacy_random_state, substream
from hopcli.tables import Columns
from hopcli.taxonomy import KINDS, OUTCOMES, STORED, Classified, Scores

OVERALL = "overall"
"""Label of the rows of all labels together."""


def confusion_columns(stored: Sequence[str]) -> list[str]:
    """List the columns of the table of confusions, of different labels of stored patterns."""
    inverses = [f"inverse {name}" for name in stored]
    return ["label", *stored, *inverses, "none", *KINDS[2:]]


def check_names(labels: Iterable[str], stored: Sequence[str]) -> None:
    """Refuse labels that are also words of the tables.

    Parameters
    ----------
    labels : iterable of str
        Labels of trials.
    stored : sequence of str
        Labels of stored patterns; they may repeat.

    Raises
    ------
    DataError
        If a label would name two rows or two columns of one table.
    """
    different = dict.fromkeys(stored)
    often = Counter(confusion_columns(list(different)))
    taken = [name for name in different if often[name] > 1 or name == OVERALL]
    taken += [name for name in labels if name == OVERALL]
    if taken:
        raise DataError(
            f"label {taken[0]!r}: cannot name a pattern or a start, as tables use that word; "
            "rename it in its source, or choose other labels with --digits"
        )


class Block(NamedTuple):
    """Trials that were run together, and their outcomes.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Number of each trial in the run.
    label : ndarray of int64, shape (n,)
        Place of its label among the different labels of the run.
    bank : Bank
        Starting state of each trial.
    ends : Classified
        Class of each final state.
    scores : Scores
        Score of each final state.
    """

    rows: Ints
    label: Ints
    bank: Bank
    ends: Classified
    scores: Scores


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts of trials by outcome: five arrays describe each kind of outcome, `number` counts it.

    Parameters
    ----------
    labels, stored : tuple of str
        The different labels of trials, and of stored patterns.
    label : ndarray of int64, shape (ways,)
        Place in `labels`.
    unit : ndarray of int64, shape (ways,)
        Unit of the trials, the test image; trials of one unit are not independent.
    outcome : ndarray of int64, shape (ways,)
        Place in :data:`hopcli.taxonomy.OUTCOMES`.
    nearest : ndarray of int64, shape (ways,)
        Place in `stored` of the pattern of the outcome; 0 without a pattern.
    recalled : ndarray of bool, shape (ways,)
        True if these trials count as recalled.
    number : ndarray of int64, shape (ways,)
        Number of these trials.
    alone : bool
        True if every trial is a unit of its own, whatever `unit` contains.
    hits, trials : ndarray of int64, shape (repeats, labels)
        Recalled trials, and all trials, of each label in each repeat.
    """

    labels: tuple[str, ...]
    stored: tuple[str, ...]
    label: Ints
    unit: Ints
    outcome: Ints
    nearest: Ints
    recalled: Bools
    number: Ints
    alone: bool
    hits: Ints
    trials: Ints


class Tally:
    """Counter of trials, with memory for the different units and outcomes only.

    Parameters
    ----------
    labels : sequence of str
        The different labels of trials.
    patterns : sequence of str, length p
        Label of each stored pattern.
    size, repeats : int
        Trials in a repeat, and number of repeats.
    n_units : int
        Source indices are below this number; 0 if every trial is a unit of its own.
    """

    def __init__(
        self, labels: Sequence[str], patterns: Sequence[str], size: int, repeats: int, n_units: int
    ) -> None:
        self._labels, self._stored = tuple(labels), tuple(dict.fromkeys(patterns))
        self._stored_place = np.array([self._stored.index(name) for name in patterns])
        self._size, self._n_units = size, n_units
        self._shape = (len(labels), max(n_units, 1), len(OUTCOMES), len(self._stored), 2)
        self._ways: list[tuple[Ints, Ints]] = []  # and their counts
        self._hits = np.zeros((repeats, len(labels)), dtype=np.int64)
        self._trials = np.zeros((repeats, len(labels)), dtype=np.int64)

    def add(self, block: Block) -> None:
        """Count these trials."""
        label, outcome = block.label, block.scores.code
        unit = block.bank.source_index if self._n_units else np.zeros_like(label)
        reached = self._stored_place[block.scores.nearest]
        nearest = np.where(outcome < len(STORED), reached, 0)  # without meaning otherwise
        recalled = block.scores.recalled.astype(np.int64)
        ways = np.ravel_multi_index((label, unit, outcome, nearest, recalled), self._shape)
        self._ways.append(np.unique(ways, return_counts=True))
        # Sizes increase from the last to the first, so that merges are rare.
        while len(self._ways) > 1 and len(self._ways[-1][0]) >= len(self._ways[-2][0]):
            self._merge()
        cell = block.rows // self._size * len(self._labels) + label
        first, end = int(cell.min()), int(cell.max()) + 1
        for counted, weights in ((self._hits, recalled), (self._trials, None)):
            counted.reshape(-1)[first:end] += np.bincount(cell - first, weights).astype(np.int64)

    def _merge(self) -> None:
        self._ways[-2:] = [added(*map(np.concatenate, zip(*self._ways[-2:], strict=True)))]

    def counts(self) -> Counts:
        """Return the counts so far."""
        while len(self._ways) > 1:
            self._merge()
        ((ways, number),) = self._ways
        label, unit, outcome, nearest, recalled = np.unravel_index(ways, self._shape)
        names, each = (self._labels, self._stored), (label, unit, outcome, nearest)
        alone, of_repeats = not self._n_units, (self._hits, self._trials)
        return Counts(*names, *each, recalled.astype(bool), number, alone, *of_repeats)


_IN_MEMORY = 32_000_000  # bytes; more go to a file without a name, deleted with the process


class Blocks:
    """Table in blocks of rows, in constant memory."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def append(self, block: Columns) -> None:
        """Add rows at the end.

        Raises
        ------
        ResultError
            If there is no space for the rows.
        """
        try:
            pickle.dump(block, self._file)
        except OSError as error:
            folder, reason = tempfile.gettempdir(), error.strerror or error
            raise ResultError(f"{folder}: cannot keep the rows of a table: {reason}") from None

    def __iter__(self) -> Iterator[Columns]:
        """Return the blocks in order."""
        self._file.seek(0)
        with contextlib.suppress(EOFError):
            while True:
                yield pickle.load(self._file)


AUTHORS_SEED = 7
"""Seed that the authors set before every repeat."""

MOST_TRIALS = 1_000_000_000
"""More trials than this in one run would take days."""

MOST_IN_A_REPEAT = 20_000_000
"""More trials than this in one repeat would not fit into the memory of most machines."""

MOST_RATES = 5_000_000
"""The same for the accuracies of each label in each repeat."""

MOST_SITES = 100_000_000
"""The same for the sites of a replay."""

MOST_STATE_SITES = 4_000_000_000
"""The same for the sites of all states in memory at once, a byte each."""


@dataclass(frozen=True, eq=False)
class Trials:
    """Starting states of all trials of a run.

    Parameters
    ----------
    starts : Bank
        The possible starting states.
    size : int
        Trials in a repeat; each repeat has the same labels in the same order.
    repeats : int
        Number of repeats.
    entries : callable
        Takes repeat and place in it of trials, int64, shape (n,) each. Returns the entry of
        `starts` of each, int64, shape (n,).
    labels : tuple of str
        Different labels, in the order of the trials.
    label : ndarray of int64, shape (size,)
        Place in `labels` of the label of each trial of a repeat.
    """

    starts: Bank
    size: int
    repeats: int
    entries: Callable[[Ints, Ints], Ints]
    labels: tuple[str, ...]
    label: Ints

    @classmethod
    def of(
        cls, starts: Bank, size: int, repeats: int, entries: Callable[[Ints, Ints], Ints]
    ) -> Trials:
        """Make trials with the labels of their starting states."""
        labels = tuple(dict.fromkeys(starts.label.tolist()))
        order = np.argsort(labels)
        places = order[np.searchsorted(np.array(labels)[order], starts.label)]
        label = places[entries(np.zeros(size, np.int64), np.arange(size))]
        return cls(starts, size, repeats, entries, labels, label)

    def __len__(self) -> int:
        return self.size * self.repeats

    def bank(self, rows: Ints) -> Bank:
        """Return the starting states of these trials, one entry per trial."""
        return self.starts.take(self.entries(*np.divmod(rows, self.size)))

    def first_of_each(self, number: int) -> Ints:
        """Return the rows of the first trials of each label."""
        firsts = self.size * np.arange(min(number, self.repeats))[:, None]
        rows = [(firsts + place[:number]).ravel()[:number] for place in self.places()]
        return np.sort(np.concatenate(rows))

    def places(self) -> list[Ints]:
        """Return the places of the trials of each label in a repeat."""
        return [np.flatnonzero(self.label == place) for place in range(len(self.labels))]


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Images that may be tested.

    Parameters
    ----------
    labels, sizes : tuple
        The different labels, and the number of images of each.
    label : ndarray of str, shape (n,)
        Label of each image, label by label.
    image : ndarray of int64, shape (n,)
        Its index in the data set.
    """

    labels: tuple[str, ...]
    sizes: tuple[int, ...]
    label: Texts
    image: Ints


def image_pools(dataset: Dataset, patterns: Patterns, *, exclude_samples: bool) -> Pools:
    """Find the images of the stored labels that may be tested.

    Raises
    ------
    SettingError
        If the data set does not have a label.
    """
    excluded = exclude_samples and patterns.comes_from(dataset)
    used: ArrayLike = patterns.sample_index if excluded else []
    labels, found = tuple(dict.fromkeys(patterns.labels)), []
    for label in labels:
        if label not in dataset.label_names:
            rule = f"must name labels of {dataset.name} to be tested"
            raise SettingError("digits", rule, label)
        found.append(free_images(dataset, label, used))
    sizes = tuple(map(len, found))
    label_of, image = np.repeat(labels, sizes), np.concatenate(found)
    return Pools(labels, sizes, frozen(label_of), frozen(image))


def draw_trials(
    config: RecallConfig,
    dataset: Dataset,
    patterns: Patterns,
    seed: np.random.SeedSequence,
    pools: Pools | None = None,
) -> Trials:
    """Choose the starting states of all trials of a run.

    Parameters
    ----------
    config : RecallConfig
        Kind, number and repeats of the starts.
    dataset, patterns : Dataset and Patterns
        The images, and the stored patterns.
    seed : numpy.random.SeedSequence
        The stream for drawing test images.
    pools : Pools, optional
        Their pools, if they are known.

    Raises
    ------
    SettingError
        If a label has fewer images than requested, or the start does not fit.
    """
    if config.start.uses_images:
        if pools is None:
            pools = image_pools(dataset, patterns, exclude_samples=config.exclude_samples)
        return _test_images(config, dataset, pools, seed)
    once, tests = fill_bank(config.start, dataset, patterns), int(config.tests)
    check_names(once.label.tolist(), patterns.labels)
    size = len(once) * tests
    check_trials(config, len(set(once.label.tolist())), size)
    # Every state once per test, in every repeat.
    return Trials.of(once, size, config.repeats, lambda _, place: place // tests)


def check_trials(config: RecallConfig, n_labels: int, size: int) -> None:
    """Refuse too many trials, of which `size` are in a repeat.

    Raises
    ------
    SettingError
        If there are too many.
    """
    repeats = config.repeats
    if size > MOST_IN_A_REPEAT:
        most = min(MOST_IN_A_REPEAT, MOST_TRIALS // repeats)
        check_product(config, size, most, "with this number of states", tests=1)
    limits = [
        (size * repeats, MOST_TRIALS, f"with {size:,} trials in each"),
        (n_labels * repeats, MOST_RATES, f"with {n_labels} labels"),
    ]
    for limit in sorted(limits, key=lambda each: each[1] / each[0]):
        check_product(config, *limit, repeats=1)


def check_product(config: Config, total: int, most: int, which: str, **lowest: int) -> None:
    """Refuse a product of settings and other numbers above a limit.

    Parameters
    ----------
    config : Config
        The configuration.
    total, most : int
        The product, and its limit.
    which : str
        End of the message.
    **lowest : int
        Lowest value of each setting in the product. The first one is refused by which the
        product can be reduced enough; otherwise the last one.

    Raises
    ------
    SettingError
        If the product is above the limit.
    """
    if total <= most:
        return
    for name, low in lowest.items():
        value = getattr(config, name)
        highest = most * value // total if isinstance(value, int) else 0
        if highest >= low:
            raise SettingError(name, f"must be at most {highest} {which}", value)
    raise SettingError(name, f"is too high {which}", value)


def _test_images(
    config: RecallConfig, dataset: Dataset, pools: Pools, seed: np.random.SeedSequence
) -> Trials:
    """Draw test images without replacement, or take all."""
    labels, sizes, image = pools.labels, pools.sizes, pools.image
    least, label = min(zip(sizes, labels, strict=True), key=lambda each: each[0])
    if least < (1 if config.tests == "all" else int(config.tests)):
        left = " not used in the selection" if config.exclude_samples else ""
        if not least:
            rule = f"has no image labelled {label!r}{left}; write flip:0.1 to start from patterns"
            raise SettingError("start", rule)
        rule = f"must be at most {least}, the images labelled {label!r}{left}"
        raise SettingError("tests", rule, config.tests)
    starts = Bank(pools.label, image, dataset.states, image)
    firsts = [0, *itertools.accumulate(sizes[:-1])]

    @functools.lru_cache(maxsize=64)  # more than the repeats in most blocks of trials
    def draw(repeat: int) -> Ints:
        """Return the images of a repeat; all but the first have a stream of their own."""
        own = substream(seed, *([repeat] if repeat else []))
        rng, tests = np.random.default_rng(own), int(config.tests)
        pairs = zip(firsts, sizes, strict=True)
        return np.concatenate([a + rng.choice(n, tests, replace=False) for a, n in pairs])

    def fresh(repeat: Ints, place: Ints) -> Ints:
        first = int(repeat.min())
        is_here = np.bincount(repeat - first) > 0
        drawn = np.stack([draw(first + k) for k in np.flatnonzero(is_here).tolist()])
        return drawn[np.cumsum(is_here)[repeat - first] - 1, place]

    each = sizes if config.tests == "all" else (int(config.tests),) * len(labels)
    check_trials(config, len(labels), size := sum(each))
    place_of = np.repeat(np.arange(len(labels)), each)
    if config.tests != "all" and config.test_images == "fresh":
        return Trials(starts, size, config.repeats, fresh, labels, place_of)
    same = np.arange(size) if config.tests == "all" else draw(0)
    return Trials(starts, size, config.repeats, lambda _, place: same[place], labels, place_of)


def free_images(dataset: Dataset, label: str, used: ArrayLike) -> Ints:
    """Return the images of a label except those that are already used."""
    pool = dataset.indices_of(label)
    return pool[~np.isin(pool, used, assume_unique=True)]


def authors_trials(config: RecallConfig, dataset: Dataset, patterns: Patterns) -> Trials:
    """Return the test images that the authors drew, the same in every repeat.

    One stream of the legacy generator gives, for each label in turn, its images (with
    replacement). The authors seeded it again before every repeat, so all repeats share images
    and order of sites.

    Raises
    ------
    SettingError
        If a stored label has no images, pictures are not square, or there are too many attempts.
    """
    size = len(patterns.labels) * int(config.tests)
    total, lowest = size * config.sweeps * config.attempts_per_sweep, {"sweeps": 1, "tests": 1}
    which = "with replay_authors"
    check_product(config, total, MOST_SITES, which, **lowest, attempts_per_sweep=1)
    if dataset.shape[0] != dataset.shape[1]:
        raise SettingError("replay_authors", f"needs square pictures, {dataset.name} has others")
    check_trials(config, len(set(patterns.labels)), size)
    drawn = _authors_images(config, dataset, legacy_random_state(AUTHORS_SEED))
    unknown = [label for label in patterns.labels if label not in drawn]
    if unknown:
        raise SettingError("digits", f"must name labels of {dataset.name}", unknown[0])
    image = np.concatenate([drawn[name] for name in patterns.labels])
    label = np.repeat(patterns.labels, int(config.tests))
    starts = Bank(label, image, dataset.states, image)
    return Trials.of(starts, size, config.repeats, lambda _, place: place)


def _authors_images(config: RecallConfig, dataset: Dataset, stream: Legacy) -> dict[str, Ints]:
    return {
        label: stream.choice(dataset.indices_of(label), int(config.tests))
        for label in dataset.label_names
    }


def authors_sites(config: RecallConfig, dataset: Dataset, patterns: Patterns) -> NDArray[np.uint32]:
    """Return the sites that the authors visited, attempt by attempt, in every repeat.

    The stream of the images continues: attempt by attempt, it gives the column and the row of
    the site, for each stored label and each of its images.

    Returns
    -------
    ndarray of uint32, shape (labels * tests, sweeps * attempts)
        Sites 0 .. N - 1.
    """
    starts, width = len(patterns.labels) * int(config.tests), dataset.shape[1]
    attempts = config.sweeps * config.attempts_per_sweep
    stream = legacy_random_state(AUTHORS_SEED)
    _authors_images(config, dataset, stream)
    sites = np.empty((starts, attempts), np.uint32)
    for of_start in sites:
        columns, rows = stream.randint(width, size=(attempts, 2)).T
        of_start[:] = width * rows + columns
    return sites
