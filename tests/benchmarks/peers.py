"""The compared programs, each with an adapter for the same work.

A program prepares its data about a network (a matrix, its own model) before it
is timed; its work with the starts is timed. By default all programs use one thread.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import reference_loops as plain
from numpy.typing import NDArray

from benchmarks.work import Work
from hopcli import dynamics

Call = Callable[[], NDArray[np.int8]]

PROCESSORS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
"""Default number of threads of hopcli."""

BLOCK = 64  # attempts whose draws NumPy makes at a time


@dataclass(frozen=True)
class Program:
    """Program that runs chains.

    Parameters
    ----------
    name : str
        Displayed name.
    prepare : callable
        Returns a call without arguments that does the work and returns final states, int8,
        shape (chains, N).
    package : str
        Required package.
    chains : int
        Largest number of chains; the result is the time per attempt.
    sites : int
        Largest N at which its matrix still takes about a gigabyte or less.
    """

    name: str
    prepare: Callable[[Work], Call]
    package: str = "hopcli"
    chains: int = sys.maxsize
    sites: int = sys.maxsize

    @property
    def is_installed(self) -> bool:
        """Return whether its package is installed."""
        return importlib.util.find_spec(self.package) is not None


def _ours(work: Work) -> Call:
    length = {"sweeps": work.sweeps, "attempts_per_sweep": work.attempts_per_sweep}
    shared: Any = {"temperatures": work.temperature, "threads": work.threads, **length}
    return lambda: dynamics.run(work.couplings, work.starts, seeds=work.seeds, **shared).spins


def _class_loop(work: Work) -> Call:
    """Loop on class fields; plain threads share the chains, because it releases the GIL."""
    couplings, seeds = work.couplings, work.seeds
    shares = np.array_split(np.arange(work.chains), work.threads)

    def do(share: NDArray[np.int64]) -> NDArray[np.int8]:
        ends = work.starts[share]
        network = (plain.start_fields(ends, couplings)[1], couplings.site_class, couplings.J)
        draws: Any = (work.temperature, seeds[share], work.attempts, False)  # short: 32 bits a draw
        plain.class_loop(ends, *network, *draws)
        return ends

    def call() -> NDArray[np.int8]:
        with ThreadPoolExecutor(work.threads) as pool:
            return np.concatenate(list(pool.map(do, shares)))

    return call


def _over_chains(work: Work) -> Call:
    """One attempt of all chains after the other, with the draws of NumPy."""

    def draws(rng: np.random.Generator) -> Iterator[plain.Draws]:
        for first in range(0, work.attempts, BLOCK):
            shape = min(BLOCK, work.attempts - first), work.chains
            sites = rng.integers(work.couplings.n_sites, size=shape)
            yield sites, work.temperature * rng.standard_exponential(shape) + 2 * plain.TIE

    def call() -> NDArray[np.int8]:
        return plain.over_chains(work.couplings, work.starts, draws(np.random.default_rng(1)))

    return call


def _dense(work: Work) -> Call:
    """Loop on the fields of all N sites, from the N x N matrix: each is a class of its own."""
    couplings = work.couplings
    every = np.arange(couplings.n_sites, dtype=np.int32)
    w = couplings.J.astype(np.float32)[np.ix_(couplings.site_class, couplings.site_class)]
    np.fill_diagonal(w, 0)

    def call() -> NDArray[np.int8]:
        ends = work.starts.copy()
        fields = (work.starts.astype(np.float32) @ w).astype(np.float64)
        draws: Any = (work.temperature, work.seeds, work.attempts, False)
        plain.class_loop(ends, fields, every, w, *draws)
        return ends

    return call


def _dwave(work: Work) -> Call:
    """Simulated annealing that stays at one temperature: a sweep is N attempts."""
    import dimod
    from dwave.samplers import SimulatedAnnealingSampler

    n_sites = work.couplings.n_sites
    i, j = np.triu_indices(n_sites, 1)
    model = dimod.BinaryQuadraticModel.from_numpy_vectors(
        np.zeros(n_sites), (i, j, -work.couplings.dense()[i, j]), 0.0, dimod.SPIN
    )
    sampler: Any = cast("Any", SimulatedAnnealingSampler)()

    reads = {"num_reads": work.chains, "initial_states": (work.starts, range(n_sites)), "seed": 1}
    sweeps, rest = divmod(work.attempts, n_sites)
    assert rest == 0
    betas = np.full(sweeps, 1 / work.temperature)
    reads |= {"beta_schedule_type": "custom", "beta_schedule": betas, "num_sweeps_per_beta": 1}
    reads |= {"randomize_order": True, "proposal_acceptance_criteria": "Metropolis"}

    def call() -> NDArray[np.int8]:
        answer = sampler.sample(model, **reads)
        columns = np.argsort(np.asarray(answer.variables))
        return np.asarray(answer.record.sample[:, columns])

    return call


OURS = Program("hopcli", _ours)
CLASS_LOOP = Program("straightforward class loop", _class_loop)
OVER_CHAINS = Program("NumPy over chains", _over_chains)
DENSE = Program("dense numba", _dense, sites=16_384)
DWAVE = Program("dwave-samplers", _dwave, "dwave", chains=500, sites=4_096)
