"""Input of all programs: the same couplings, starts and number of attempts.

The study's recall is the work of most jobs: patterns of MNIST stored by the pseudo-inverse
rule, training images as starts, Metropolis at T = 0.2, 20 half-sweeps of 392 attempts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hopcli.datasets import Dataset, load_dataset
from hopcli.dynamics import chain_seeds
from hopcli.network import Network
from hopcli.observables import energy, overlaps
from hopcli.rules import store

DIGITS = ("3", "6", "1", "0", "4")
PATTERNS = (21607, 25559, 7411, 39155, 28089)
"""The study's patterns: training images of these digits."""

HALF_SWEEP = 392
TEMPERATURE = 0.2


@dataclass(frozen=True, eq=False)
class Work:
    """Chains to run.

    Parameters
    ----------
    couplings : Network
        The network.
    starts : ndarray of int8, shape (chains, N)
        Starting states of the chains, -1 or +1.
    own : ndarray of int64, shape (chains,)
        Number of the stored pattern that each start should recall.
    sweeps, attempts_per_sweep : int
        Length of a chain.
    temperature : float
        Temperature of every sweep.
    threads : int
        Threads that a program may use.
    """

    couplings: Network
    starts: NDArray[np.int8]
    own: NDArray[np.int64]
    sweeps: int = 20
    attempts_per_sweep: int = HALF_SWEEP
    temperature: float = TEMPERATURE
    threads: int = 1

    @property
    def chains(self) -> int:
        """Number of chains."""
        return len(self.starts)

    @property
    def attempts(self) -> int:
        """Attempts of a chain."""
        return self.sweeps * self.attempts_per_sweep

    @property
    def seeds(self) -> NDArray[np.uint64]:
        """One seed per chain, uint64, shape (chains,)."""
        return chain_seeds(np.random.SeedSequence(1), self.chains)

    def first(self, chains: int) -> Work:
        """Give the first chains of this work, for a program that would take too long."""
        return replace(self, starts=self.starts[:chains], own=self.own[:chains])

    def measured(self, ends: NDArray[np.int8]) -> NDArray[np.float64]:
        """Measure final states: overlap with the own pattern and energy a site, shape (2, ends)."""
        m = overlaps(ends, self.couplings.xi)[np.arange(len(ends)), self.own[: len(ends)]]
        return np.array([m, energy(ends, self.couplings) / self.couplings.n_sites])


@cache
def mnist() -> Dataset:
    """Load the training images."""
    return load_dataset("mnist")


def images(chains: int, digits: tuple[str, ...] = DIGITS) -> NDArray[np.int64]:
    """Draw training images, shape (chains,): each digit in its turn, none twice."""
    rng = np.random.default_rng(1)
    labels = np.asarray(mnist().labels)
    each = -(-chains // len(digits))
    drawn = [rng.choice(np.flatnonzero(labels == d), each, replace=False) for d in digits]
    return np.stack(drawn, axis=1).ravel()[:chains]


def recall(chains: int, p: int = 5, sweeps: int = 20, temperature: float = TEMPERATURE) -> Work:
    """Make the study's work, with further training images stored where p > 5."""
    spins = mnist().spins
    others = np.setdiff1d(np.arange(len(spins)), PATTERNS)
    chosen = [*PATTERNS, *np.random.default_rng(p).choice(others, p - 5, replace=False)]
    own = np.arange(chains) % len(DIGITS)
    couplings = store(spins[chosen])
    return Work(couplings, spins[images(chains)], own, sweeps, temperature=temperature)


def noisy(n_sites: int, chains: int, p: int = 3, sweeps: int = 10) -> Work:
    """Make work of N sites: the first of `p` random patterns from 20 % of its sites turned."""
    rng = np.random.default_rng(1)
    couplings = store(rng.choice(np.array([-1, 1], np.int8), (p, n_sites)))
    turned = np.where(rng.random((chains, n_sites), np.float32) < 0.2, -1, 1).astype(np.int8)
    starts = couplings.xi[0] * turned
    return Work(couplings, starts, np.zeros(chains, np.int64), sweeps, n_sites)
