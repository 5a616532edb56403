"""Which trials a recall makes: test images or other starts, and the authors' own.

A trial is one start in one repeat. Trials are ordered by repeat, then label, then start,
so that more repeats only add trials at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.errors import SettingError
from hopcli.records import frozen
from hopcli.starts import Bank, fill_bank
from hopcli.streams import legacy_random_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import ResolvedRecall
    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns
    from hopcli.streams import Legacy

__all__ = ["AUTHORS_SEED", "Trials", "authors_bank", "authors_sites", "check_states", "draw_bank"]

AUTHORS_SEED = 7
"""Seed that the authors set before every repeat."""

MOST_TRIALS = 20_000_000
"""More trials than this in one run would not fit into the memory of most machines."""

MOST_SITES = 100_000_000
"""The same for the sites of a replay."""

MOST_STATE_SITES = 4_000_000_000
"""The same for the sites of all states held at once, a byte each."""


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """What every trial of a run is of.

    Parameters
    ----------
    repeats : int
        Number of repeats; each has the same labels.
    label : ndarray of str, shape (trials,)
        Label of each trial: that of its own pattern if it has one, else of its start.
    source_index : ndarray of int64, shape (trials,)
        Image of the data set that each trial starts from, or -1.
    unit : ndarray of int64, shape (trials,)
        What trials share that are alike, and no independent evidence: the test image.
    """

    repeats: int
    label: NDArray[np.str_]
    source_index: NDArray[np.int64]
    unit: NDArray[np.int64]

    def __post_init__(self) -> None:
        for name in ("label", "source_index", "unit"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    @classmethod
    def of(cls, bank: Bank, repeats: int, *, images: bool) -> Trials:
        """The trials of a bank with one entry a trial.

        Parameters
        ----------
        bank : Bank
            What each trial starts from.
        repeats : int
            Number of repeats.
        images : bool
            Whether they are images of the data set, which may be tested again.
        """
        unit = bank.source_index if images else np.arange(len(bank))
        return cls(repeats, bank.label, bank.source_index, unit)

    def __len__(self) -> int:
        return len(self.label)


def draw_bank(
    config: ResolvedRecall, dataset: Dataset, patterns: Patterns, seed: np.random.SeedSequence
) -> Bank:
    """Decide what every trial of a run starts from.

    Parameters
    ----------
    config : ResolvedRecall
        Says what to start from, how many and how often.
    dataset, patterns : Dataset and Patterns
        The images, and what is stored.
    seed : numpy.random.SeedSequence
        The stream that test images are drawn from.

    Returns
    -------
    Bank
        One entry a trial.

    Raises
    ------
    SettingError
        If a label has fewer images than asked for, or the start does not fit.
    """
    _check_trials(config, patterns)
    if config.start.uses_images:
        return _test_images(config, dataset, patterns, np.random.default_rng(seed))
    once = fill_bank(config.start, dataset, patterns)
    # Every state as often as there are tests, in every repeat.
    each = np.repeat(np.arange(len(once)), int(config.tests))
    return once.take(np.tile(each, config.repeats))


def _check_trials(config: ResolvedRecall, patterns: Patterns) -> None:
    """Refuse more trials than fit into memory."""
    if config.tests == "all":
        return
    tests = int(config.tests)
    if len(patterns.labels) * tests * config.repeats > MOST_TRIALS:
        larger = "tests" if tests > config.repeats else "repeats"
        rule = f"must give at most {MOST_TRIALS:,} trials (labels x tests x repeats)"
        raise SettingError(larger, rule, getattr(config, larger))


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


def _test_images(
    config: ResolvedRecall, dataset: Dataset, patterns: Patterns, rng: np.random.Generator
) -> Bank:
    """Draw test images without replacement, or take all there are."""
    labels = tuple(dict.fromkeys(patterns.labels))
    pools = {label: _pool(config, dataset, patterns, label) for label in labels}
    of_a_repeat = sum(map(len, pools.values()))
    if config.tests == "all" and of_a_repeat * config.repeats > MOST_TRIALS:
        rule = f"must give at most {MOST_TRIALS:,} trials of {of_a_repeat:,} images"
        raise SettingError("repeats", rule, config.repeats)

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
    return Bank(label, image, dataset.spins, image)


def _pool(
    config: ResolvedRecall, dataset: Dataset, patterns: Patterns, label: str
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


def authors_bank(config: ResolvedRecall, dataset: Dataset, patterns: Patterns) -> Bank:
    """Take the test images that the authors drew, the same in every repeat.

    One stream of the legacy generator gives, for every label in turn, its images (with
    replacement). The authors seeded it anew before every repeat, so all repeats share
    images and order of sites.

    Raises
    ------
    SettingError
        If a stored label has no images, or there are too many trials.
    """
    _check_trials(config, patterns)
    drawn = _authors_images(config, dataset, legacy_random_state(AUTHORS_SEED))
    unknown = [label for label in patterns.labels if label not in drawn]
    if unknown:
        raise SettingError("digits", f"must name labels of {dataset.name}", unknown[0])
    label = np.tile(np.repeat(patterns.labels, int(config.tests)), config.repeats)
    image = np.tile(np.concatenate([drawn[name] for name in patterns.labels]), config.repeats)
    return Bank(label, image, dataset.spins, image)


def _authors_images(
    config: ResolvedRecall, dataset: Dataset, stream: Legacy
) -> dict[str, NDArray[np.int64]]:
    return {
        label: stream.choice(dataset.indices_of(label), int(config.tests))
        for label in dataset.label_names
    }


def authors_sites(
    config: ResolvedRecall, dataset: Dataset, patterns: Patterns
) -> NDArray[np.int32]:
    """The sites that the authors visited, attempt by attempt, in every repeat.

    The stream that gave the images goes on: attempt by attempt, the column and the row
    of the site, through the stored labels and the images of each.

    Returns
    -------
    ndarray of int32, shape (labels * tests, sweeps * attempts)
        Sites 0 .. N - 1.

    Raises
    ------
    SettingError
        If pictures are not square, or there are too many attempts.
    """
    starts = len(patterns.labels) * int(config.tests)
    attempts = config.sweeps * config.attempts_per_sweep
    if starts * attempts > MOST_SITES:
        rule = f"must need at most {MOST_SITES:,} attempts a repeat with replay_authors"
        raise SettingError("tests", rule, config.tests)
    height, width = dataset.shape
    if height != width:
        raise SettingError("replay_authors", f"needs square pictures, {dataset.name} has others")
    stream = legacy_random_state(AUTHORS_SEED)
    _authors_images(config, dataset, stream)
    column_row = stream.randint(width, size=(starts, attempts, 2))
    sites: NDArray[np.int32] = (width * column_row[..., 1] + column_row[..., 0]).astype(np.int32)
    return sites
