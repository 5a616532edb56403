"""Which images are tested, in which order their sites are visited.

A trial is one test image in one repeat. Trials are ordered by repeat, then stored
label, then image, so that more repeats only add trials at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.errors import SettingError
from hopcli.streams import legacy_random_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns

__all__ = ["AUTHORS_SEED", "Trials", "authors_trials", "draw_trials"]

AUTHORS_SEED = 7
"""Seed that the authors set before every repeat."""


@dataclass(frozen=True, slots=True, eq=False)
class Trials:
    """The test images of every repeat.

    Parameters
    ----------
    image : ndarray of int64, shape (repeats, trials)
        Index of the test image of each trial.
    label : ndarray of str, shape (trials,)
        Label of each trial, the same in every repeat.
    sites : ndarray of int16 or None, shape (trials, attempts)
        Sites to visit in each trial, where their order is given.
    """

    image: NDArray[np.int64]
    label: NDArray[np.str_]
    sites: NDArray[np.int16] | None = None


def draw_trials(
    config: RecallConfig, dataset: Dataset, patterns: Patterns, seed: np.random.SeedSequence
) -> Trials:
    """Draw test images without replacement, or take all there are.

    Raises
    ------
    SettingError
        If a label has fewer images than asked for.
    """
    rng = np.random.default_rng(seed)
    labels = tuple(dict.fromkeys(patterns.labels))
    pools = {label: _pool(config, dataset, patterns, label) for label in labels}

    def draw(label: str) -> NDArray[np.int64]:
        if config.tests == "all":
            return pools[label]
        return rng.choice(pools[label], int(config.tests), replace=False)

    one_repeat = [draw(label) for label in labels]
    repeats = [np.concatenate(one_repeat)]
    for _ in range(config.repeats - 1):
        if config.test_images == "fresh":
            one_repeat = [draw(label) for label in labels]
        repeats.append(np.concatenate(one_repeat))
    return Trials(np.array(repeats), np.repeat(labels, [len(drawn) for drawn in one_repeat]))


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
        raise SettingError(
            "tests",
            f"must be at most the number of images labelled {label!r}{left} ({len(pool)})",
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
    stream = legacy_random_state(AUTHORS_SEED)
    drawn = {
        label: stream.choice(dataset.indices_of(label), int(config.tests))
        for label in dataset.label_names
    }
    image = np.concatenate([drawn[label] for label in patterns.labels])
    height, width = dataset.shape
    if height != width:
        raise SettingError("replay_authors", f"needs square pictures, {dataset.name} has others")
    column_row = stream.randint(width, size=(len(image), attempts, 2))
    sites = (width * column_row[..., 1] + column_row[..., 0]).astype(np.int16)
    return Trials(
        np.tile(image, (config.repeats, 1)),
        np.repeat(patterns.labels, int(config.tests)),
        np.ascontiguousarray(sites),
    )
