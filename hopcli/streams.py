"""Random number streams of a run, one per purpose, so that none affects another.

No function uses NumPy's global generator. A run that draws more test images still starts its
chains from the same seeds.
"""

from __future__ import annotations

import numpy as np

from hopcli.records import Seeds

__all__ = ["VERSION", "Legacy", "Streams", "legacy_random_state", "seed_word", "splitmix64"]

VERSION = 3
"""Version of the random streams; raise it when the same seed gives different numbers."""

Legacy = np.random.RandomState
"""NumPy's legacy generator."""


class Streams:
    """The seed sequences of a run, each spawned when it is first used.

    Parameters
    ----------
    seed : int
        Seed of the run.

    Attributes
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

    _PURPOSES = ("tests", "starts", "chains", "patterns", "resting", "quench")

    tests: np.random.SeedSequence
    starts: np.random.SeedSequence
    chains: np.random.SeedSequence
    patterns: np.random.SeedSequence
    resting: np.random.SeedSequence
    quench: np.random.SeedSequence

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __getattr__(self, purpose: str) -> np.random.SeedSequence:
        if purpose not in self._PURPOSES:
            raise AttributeError(purpose)
        key = (self._PURPOSES.index(purpose),)
        self.__dict__[purpose] = found = np.random.SeedSequence(self._seed, spawn_key=key)
        return found


def spawned(n: int, *sequences: np.random.SeedSequence) -> list[tuple[np.random.SeedSequence, ...]]:
    """Spawn `n` seeds of each sequence; return those of each number together."""
    return [*zip(*(sequence.spawn(n) for sequence in sequences), strict=True)]


def substream(sequence: np.random.SeedSequence, *key: int) -> np.random.SeedSequence:
    """Return the stream below another with this key; not spawned, so always the same."""
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, *key))


def seed_word(sequence: np.random.SeedSequence) -> int:
    """Return one 64-bit number of a seed sequence, the same at every call."""
    return int(sequence.generate_state(1, np.uint64)[0])


def splitmix64(seed: np.uint64 | Seeds, counters: Seeds) -> Seeds:
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
