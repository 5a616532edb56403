"""Ways to choose a pattern for each label out of its samples, and what each of them recalls.

All selectors have the same samples. What they recall is measured on images that were neither
among the samples nor among those that a selector has tried its patterns on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.errors import SettingError
from hopcli.patterns import draw_samples, images_as_patterns, overlap_loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.config import CompareConfig
    from hopcli.datasets import Dataset
    from hopcli.patterns import Patterns

__all__ = ["SELECTORS", "Draw", "Samples", "Seeds", "Selector", "draw_for_selection"]


class Samples(NamedTuple):
    """What a selector chooses from, and by.

    Attributes
    ----------
    spins : ndarray of int8, shape (labels, M, N)
        The samples of each label.
    rng : numpy.random.Generator
        What is chosen at random is drawn from it.
    candidates : int
        How many random sets may be tried.
    recall : callable
        Which sample of each label in, int64, shape (labels,); the fraction of tuning images
        recalled out.
    """

    spins: NDArray[np.int8]
    rng: np.random.Generator
    candidates: int
    recall: Callable[[NDArray[np.int64]], float]


@dataclass(frozen=True, slots=True)
class Selector:
    """A way to choose a pattern for each label.

    Parameters
    ----------
    name : str
        Its key in :data:`SELECTORS`.
    description : str
        In a few words.
    choose : callable
        Samples in; which of them each label takes, int64, shape (labels,), out.
    tries : bool
        Whether it tries its candidates on tuning images.
    """

    name: str
    description: str
    choose: Callable[[Samples], NDArray[np.int64]]
    tries: bool = False


def _overlap_loss(samples: Samples) -> NDArray[np.int64]:
    return np.asarray(overlap_loss(samples.spins).loss.argmin(axis=1))


def _medoid(samples: Samples) -> NDArray[np.int64]:
    # The same order as by mean overlap, in whole numbers.
    spins = samples.spins.astype(np.int64)
    products = np.einsum("lmn,ln->lm", spins, spins.sum(axis=1))
    return np.asarray(products.argmax(axis=1))


def _random(samples: Samples) -> NDArray[np.int64]:
    n_labels, n_samples, _ = samples.spins.shape
    return samples.rng.integers(n_samples, size=(n_labels,))


def _best_of(samples: Samples) -> NDArray[np.int64]:
    sets = [_random(samples) for _ in range(samples.candidates)]
    return max(sets, key=samples.recall)  # of equally good ones the first


SELECTORS: dict[str, Selector] = {
    selector.name: selector
    for selector in (
        Selector("overlap-loss", "lowest overlap loss (eq. 5)", _overlap_loss),
        Selector("medoid", "largest mean overlap with its own label", _medoid),
        Selector("random", "any sample", _random),
        Selector("best-of", "best of several random sets", _best_of, tries=True),
    )
}
"""The selectors by name; the first is the one that the others are compared with."""


class Seeds(NamedTuple):
    """Where the randomness of a selection comes from.

    Attributes
    ----------
    samples, tuning, picks : numpy.random.SeedSequence
        For the samples, for the tuning images, and for what is chosen at random.
    """

    samples: np.random.SeedSequence
    tuning: np.random.SeedSequence
    picks: np.random.SeedSequence


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """What a selection chooses from, the same for every selector.

    Parameters
    ----------
    source : Dataset
        Where the images are from.
    samples : ndarray of int64, shape (labels, M)
        Images of each label of the source to choose from.
    tuning : ndarray of int64, shape (any,)
        Images to try candidates on, none of the samples.
    picks : numpy.random.SeedSequence
        For what is chosen at random; a selector begins anew with it, so that the first of
        several random sets is the random one.
    """

    source: Dataset
    samples: NDArray[np.int64]
    tuning: NDArray[np.int64]
    picks: np.random.SeedSequence

    def patterns(self, places: NDArray[np.int64], digits: tuple[str, ...]) -> Patterns:
        """The patterns of some labels, which sample of each label being given.

        Every image of the draw counts as seen.
        """
        chosen = self.samples[np.arange(len(places)), places]
        seen = np.concatenate([self.samples.ravel(), self.tuning])
        return images_as_patterns(self.source, chosen, seen).take(digits)

    def choose(
        self, selector: Selector, candidates: int, recall: Callable[[NDArray[np.int64]], float]
    ) -> NDArray[np.int64]:
        """Which sample a selector takes of each label, see :class:`Samples`."""
        spins = self.source.spins[self.samples]
        rng = np.random.default_rng(self.picks)
        return selector.choose(Samples(spins, rng, candidates, recall))


def draw_for_selection(
    config: CompareConfig, source: Dataset, n_samples: int, seeds: Seeds
) -> Draw:
    """Draw samples and tuning images of a selection.

    Parameters
    ----------
    config : CompareConfig
        Says how many of which labels.
    source : Dataset
        Where they are drawn from.
    n_samples : int
        Samples of each label, M.
    seeds : Seeds
        The streams of the selection.

    Raises
    ------
    SettingError
        If a label has too few images.
    """
    legacy_seed = int(seeds.samples.generate_state(1)[0])  # 32 bits, as it takes
    labels = source.label_names
    try:
        samples = draw_samples(source, labels, n_samples, legacy_seed, config.sampler)
    except SettingError as error:
        raise SettingError("selector_samples", error.rule, error.found) from None
    rng = np.random.default_rng(seeds.tuning)
    is_free = np.ones(len(source), dtype=np.bool_)
    is_free[samples] = False
    tuning = [_tuning(config, source, is_free, label, rng) for label in config.digits]
    return Draw(source, samples, np.concatenate(tuning), seeds.picks)


def _tuning(
    config: CompareConfig,
    source: Dataset,
    is_free: NDArray[np.bool_],
    label: str,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Tuning images of a label."""
    pool = source.indices_of(label)
    pool = pool[is_free[pool]]
    if len(pool) < config.tuning:
        rule = f"must be at most {len(pool)}, the images labelled {label!r} that are no samples"
        raise SettingError("tuning", rule, config.tuning)
    return rng.choice(pool, config.tuning, replace=False)
