"""Random number streams of a run, one a purpose, so that none disturbs another.

Nothing touches NumPy's global generator. A run that draws more test images still
starts its chains from the same seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["VERSION", "Legacy", "Streams", "legacy_random_state", "seed_word", "splitmix64"]


VERSION = 3
"""Of all streams: with another one the same seed gives other numbers of the same law."""

Legacy = np.random.RandomState
"""NumPy's legacy generator."""


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """The seed sequences of a run.

    Parameters
    ----------
    tests : numpy.random.SeedSequence
        For the choice of test images.
    starts : numpy.random.SeedSequence
        For random or distorted starting states.
    chains : numpy.random.SeedSequence
        For the dynamics; every chain takes one 64-bit seed from it.
    patterns : numpy.random.SeedSequence
        For patterns that are drawn rather than selected.
    resting : numpy.random.SeedSequence
        For the runs that show where stored patterns rest.
    quench : numpy.random.SeedSequence
        For the sign updates that end a run.
    """

    tests: np.random.SeedSequence
    starts: np.random.SeedSequence
    chains: np.random.SeedSequence
    patterns: np.random.SeedSequence
    resting: np.random.SeedSequence
    quench: np.random.SeedSequence

    @classmethod
    def of(cls, seed: int) -> Streams:
        """Spawn the streams of a run from its seed."""
        return cls(*np.random.SeedSequence(seed).spawn(len(fields(cls))))


def seed_word(sequence: np.random.SeedSequence) -> int:
    """One 64-bit number of a seed sequence, the same at every call."""
    return int(sequence.generate_state(1, np.uint64)[0])


def splitmix64(
    seed: np.uint64 | NDArray[np.uint64], counters: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Numbers of a counter-based stream [Steele, Lea, Flood 2014].

    Parameters
    ----------
    seed : numpy.uint64 or ndarray of uint64
        Of the stream, or of several, broadcast against the counters.
    counters : ndarray of uint64
        Which of its numbers.

    Returns
    -------
    ndarray of uint64
        One a counter, any two of a stream different.
    """
    z = seed + counters * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def legacy_random_state(seed: int) -> Legacy:
    """NumPy's legacy generator, only where the study's own draws are replayed.

    Its streams are frozen for all versions of NumPy, which is what a replay needs.
    """
    return Legacy(seed)
