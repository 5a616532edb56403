"""Which states are recalled: test images or other starts, and the order of their sites.

A trial is one start in one repeat. Trials are ordered by repeat, then label, then start,
so that more repeats only add trials at the end.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.datasets import load_dataset
from hopcli.errors import SettingError
from hopcli.starts import Start, change, first_state, parse_start, trial_rng
from hopcli.streams import legacy_random_state, seed_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import AttractorsConfig, RecallConfig
    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns
    from hopcli.streams import Streams

__all__ = ["AUTHORS_SEED", "Trials", "authors_trials", "check_states", "draw_starts", "draw_trials"]

AUTHORS_SEED = 7
"""Seed that the authors set before every repeat."""

MOST_TRIALS = 20_000_000
"""More trials than this in one run would not fit into the memory of most machines."""

MOST_SITES = 100_000_000
"""The same for the sites of a replay."""

MOST_STATE_SITES = 4_000_000_000
"""The same for the sites of all states held at once, a byte each."""

NO_SOURCE = -1
"""Source index of a start that is no image of the data set."""


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """Every start of a run.

    Parameters
    ----------
    repeats : int
        Number of repeats; each has the same labels.
    label : ndarray of str, shape (repeats * starts,)
        Label of each trial: that of its own pattern if it has one, else of its start.
    state : ndarray of int64, shape (repeats * starts,)
        Row of `bank` that each trial starts from; of no meaning without a bank.
    source_index : ndarray of int64, shape (repeats * starts,)
        Image of the data set that each trial starts from, or -1.
    bank : ndarray of int8, shape (any, N), or None
        States to start from, where the start is not made anew for each trial.
    start : Start
        What is made of them.
    pair : tuple of int or None
        Which two patterns a blend takes.
    sites : ndarray of int32 or None, shape (starts, attempts)
        Sites to visit, the same in every repeat, where their order is given.
    """

    repeats: int
    label: NDArray[np.str_]
    state: NDArray[np.int64]
    source_index: NDArray[np.int64]
    bank: NDArray[np.int8] | None
    start: Start
    pair: tuple[int, int] | None = None
    sites: NDArray[np.int32] | None = None

    @property
    def unit(self) -> NDArray[np.int64]:
        """What trials must share to be alike: the test image, else nothing."""
        return self.source_index if self.start.uses_images else np.arange(len(self))

    def __len__(self) -> int:
        return len(self.label)

    def take(self, rows: NDArray[np.int64], repeats: int) -> Trials:
        """These trials, as so many repeats."""
        return dataclasses.replace(
            self,
            repeats=repeats,
            label=self.label[rows],
            state=self.state[rows],
            source_index=self.source_index[rows],
        )

    def first_states(
        self, rows: NDArray[np.int64], patterns: Patterns, seed: int
    ) -> NDArray[np.int8]:
        """First states of these trials, int8, shape (rows, N)."""
        if self.bank is not None and not self.start.changes:
            return self.bank[self.state[rows]]
        states = np.empty((len(rows), patterns.xi.shape[1]), dtype=np.int8)
        for state, row in zip(states, rows.tolist(), strict=True):
            rng = trial_rng(seed, row)
            own = None if self.bank is None else self.bank[self.state[row]]
            state[:] = first_state(self.start, own, patterns.xi, self.pair, rng)
            change(state, self.start.changes, patterns.shape, rng)
        return states


def draw_trials(
    config: RecallConfig, dataset: Dataset, patterns: Patterns, streams: Streams
) -> Trials:
    """Decide on the starts of a run.

    Raises
    ------
    SettingError
        If a label has fewer images than asked for, or the start does not fit.
    """
    start = parse_start(config.start)
    _check_trials(config, patterns)
    if start.uses_images:
        return _image_trials(config, start, dataset, patterns, streams.tests)
    once = _each_once(config.start, start, dataset, patterns)
    # Every state as often as there are tests, in every repeat.
    each = np.repeat(np.arange(len(once)), int(config.tests))
    return once.take(np.tile(each, config.repeats), config.repeats)


def _check_trials(config: RecallConfig, patterns: Patterns) -> None:
    """Refuse more trials than fit into memory."""
    if config.tests == "all":
        return
    tests = int(config.tests)
    if len(patterns.labels) * tests * config.repeats > MOST_TRIALS:
        larger = "tests" if tests > config.repeats else "repeats"
        rule = f"must give at most {MOST_TRIALS:,} trials (labels x tests x repeats)"
        raise SettingError(larger, rule, getattr(config, larger))


def draw_starts(
    config: AttractorsConfig, dataset: Dataset, patterns: Patterns, streams: Streams
) -> NDArray[np.int8]:
    """Make the starts of a census, taking what there is to start from in turn.

    Returns
    -------
    ndarray of int8, shape (starts, N)
        Values -1 or +1, and 0 where a blend leaves it.

    Raises
    ------
    SettingError
        If the start does not fit the patterns.
    """
    start = parse_start(config.start)
    check_states("starts", config.starts, dataset.n_sites)
    if start.uses_images:
        pool = np.flatnonzero(np.isin(dataset.labels, patterns.labels))
        image = np.random.default_rng(streams.tests).choice(pool, config.starts)
        trials = Trials(1, dataset.labels[image], image, image, dataset.spins, start)
    else:
        once = _each_once(config.start, start, dataset, patterns)
        trials = once.take(np.arange(config.starts) % len(once), 1)
    return trials.first_states(np.arange(config.starts), patterns, seed_word(streams.starts))


def check_states(setting: str, count: int, n_sites: int) -> None:
    """Refuse more states at once than fit into memory.

    Raises
    ------
    SettingError
        If there are too many.
    """
    most = MOST_STATE_SITES // n_sites
    if count > most:
        raise SettingError(setting, f"must be at most {most:,} with {n_sites:,} sites", count)


def _each_once(text: str, start: Start, dataset: Dataset, patterns: Patterns) -> Trials:
    """One trial for each state there is to start from, but for images."""
    if start.base == "pattern":
        index = np.arange(len(patterns.labels))
        label = np.array(patterns.labels)
        return Trials(1, label, index, patterns.source_index, patterns.xi, start)
    if start.base == "text":
        given = load_dataset(f"text:{start.arguments[0]}")
        if given.n_sites != dataset.n_sites:
            rule = f"must hold states of {dataset.n_sites} sites, not {given.n_sites}"
            raise SettingError("start", rule, text)
        none = np.full(len(given), NO_SOURCE)
        return Trials(1, given.labels, np.arange(len(given)), none, given.spins, start)
    label = np.array([":".join((start.base, *start.arguments))])
    pair = _blended(text, start, patterns) if start.base == "blend" else None
    zero = np.zeros(1, dtype=np.int64)
    return Trials(1, label, zero, np.full(1, NO_SOURCE), None, start, pair)


def _blended(text: str, start: Start, patterns: Patterns) -> tuple[int, int]:
    """Rows of the two patterns to blend."""
    for name in start.arguments[:2]:
        if name not in patterns.labels:
            stored = ", ".join(patterns.labels)
            raise SettingError("start", f"must blend stored labels ({stored})", text)
    first, second = (patterns.labels.index(name) for name in start.arguments[:2])
    return first, second


def _image_trials(
    config: RecallConfig,
    start: Start,
    dataset: Dataset,
    patterns: Patterns,
    seed: np.random.SeedSequence,
) -> Trials:
    """Draw test images without replacement, or take all there are."""
    rng = np.random.default_rng(seed)
    labels = tuple(dict.fromkeys(patterns.labels))
    pools = {label: _pool(config, dataset, patterns, label) for label in labels}

    def draw(label: str) -> NDArray[np.int64]:
        if config.tests == "all":
            return pools[label]
        return rng.choice(pools[label], int(config.tests), replace=False)

    one_repeat = [draw(label) for label in labels]
    images = [*one_repeat]
    for _ in range(config.repeats - 1):
        if config.test_images == "fresh":
            one_repeat = [draw(label) for label in labels]
        images += one_repeat
    image = np.concatenate(images)
    label = np.tile(np.repeat(labels, [len(drawn) for drawn in one_repeat]), config.repeats)
    return Trials(config.repeats, label, image, image, dataset.spins, start)


def _pool(
    config: RecallConfig, dataset: Dataset, patterns: Patterns, label: str
) -> NDArray[np.int64]:
    """Images of a label that may be tested."""
    if label not in dataset.label_names:
        raise SettingError("digits", f"must name labels of {dataset.name} to be tested", label)
    pool = dataset.indices_of(label)
    if config.exclude_samples and patterns.comes_from(dataset):
        pool = np.setdiff1d(pool, patterns.sample_index)
    wanted = 1 if config.tests == "all" else int(config.tests)
    if len(pool) < wanted:
        left = " not used in the selection" if config.exclude_samples else ""
        hint = "" if len(pool) else "; start from the pattern itself with start flip:0.1"
        raise SettingError(
            "tests",
            f"must be at most {len(pool)}, the images labelled {label!r}{left}{hint}",
            config.tests,
        )
    return pool


def authors_trials(
    config: RecallConfig, dataset: Dataset, patterns: Patterns, attempts: int
) -> Trials:
    """Draw the authors' own test images and site order.

    One stream of the legacy generator gives, for every label in turn, its images (with
    replacement); then, attempt by attempt, the column and the row of the site, through
    the stored labels and the images of each. The authors seeded it anew before every
    repeat, so all repeats share images and order.

    Parameters
    ----------
    config : RecallConfig
        Says how many images and repeats.
    dataset : Dataset
        The images.
    patterns : Patterns
        The stored patterns.
    attempts : int
        Attempts in a whole run, sweeps times attempts per sweep.

    Returns
    -------
    Trials
        With the site of every attempt.
    """
    _check_trials(config, patterns)
    if len(patterns.labels) * int(config.tests) * attempts > MOST_SITES:
        rule = f"must need at most {MOST_SITES:,} attempts a repeat with replay_authors"
        raise SettingError("tests", rule, config.tests)
    stream = legacy_random_state(AUTHORS_SEED)
    drawn = {
        label: stream.choice(dataset.indices_of(label), int(config.tests))
        for label in dataset.label_names
    }
    unknown = [label for label in patterns.labels if label not in drawn]
    if unknown:
        raise SettingError("digits", f"must name labels of {dataset.name}", unknown[0])
    height, width = dataset.shape
    if height != width:
        raise SettingError("replay_authors", f"needs square pictures, {dataset.name} has others")
    image = np.concatenate([drawn[label] for label in patterns.labels])
    column_row = stream.randint(width, size=(len(image), attempts, 2))
    sites = (width * column_row[..., 1] + column_row[..., 0]).astype(np.int32)
    label = np.repeat(patterns.labels, int(config.tests))
    return Trials(
        config.repeats,
        np.tile(label, config.repeats),
        np.tile(image, config.repeats),
        np.tile(image, config.repeats),
        dataset.spins,
        parse_start("image"),
        sites=sites,
    )
