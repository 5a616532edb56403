"""Random number streams of a run, one per purpose, so that none affects another.

No function uses NumPy's global generator. A run that draws more test images still starts its
chains from the same seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

VERSION = 3
"""Version of the random streams; raise it when the same seed gives different numbers."""

Legacy = np.random.RandomState
"""NumPy's legacy generator."""


@dataclass(frozen=True, slots=True, eq=False)
class Streams:
    """The seed sequences of a run.

    Parameters
    ----------
    tests : numpy.random.SeedSequence
        Choice of test images.
    starts : numpy.random.SeedSequence
        Random or distorted starting states.
    chains : numpy.random.SeedSequence
        Dynamics; every chain takes one 64-bit seed from it.
    patterns : numpy.random.SeedSequence
        Patterns that are drawn rather than selected.
    resting : numpy.random.SeedSequence
        Runs that start from the stored patterns and measure their resting overlap.
    quench : numpy.random.SeedSequence
        Sign updates at the end of a run.
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
    """Return one 64-bit number of a seed sequence, the same at every call."""
    return int(sequence.generate_state(1, np.uint64)[0])


def splitmix64(
    seed: np.uint64 | NDArray[np.uint64], counters: NDArray[np.uint64]
) -> NDArray[np.uint64]:
    """Compute numbers of a counter-based stream [Steele, Lea, Flood 2014].

    Parameters
    ----------
    seed : numpy.uint64 or ndarray of uint64
        Seed of one or more streams, broadcast against the counters.
    counters : ndarray of uint64
        Positions in the stream.

    Returns
    -------
    ndarray of uint64
        One number per counter; all numbers of a stream differ.
    """
    z = seed + counters * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def legacy_random_state(seed: int) -> Legacy:
    """Return NumPy's legacy generator, used only to replay the study's own draws.

    Its streams never change between versions of NumPy, as a replay requires.
    """
    return Legacy(seed)
