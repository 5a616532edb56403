"""Race the kernels against other programs; write results/benchmarks/recall.{csv,md}.

The job of the paper: its five patterns, 500 training images as starts, Metropolis at
T = 0.2, 20 half-sweeps of 392 attempts. Every ratio is from programs that took turns.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import reference_loops as plain
import reference_rules as published

from benchmarks.timing import Program, Row, race, write
from hopcli import dynamics
from hopcli.datasets import load_dataset
from hopcli.dynamics import chain_seeds
from hopcli.observables import overlaps
from hopcli.storage import Couplings, store

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

DIGITS = ("3", "6", "1", "0", "4")
PATTERNS = (21607, 25559, 7411, 39155, 28089)  # training images of these digits
HALF_SWEEP = 392
FOLDER = Path("results/benchmarks")


class Job:
    """Patterns stored, starts, and what counts as recalled."""

    def __init__(self, xi: NDArray[np.int8], starts: NDArray[np.int8], sweeps: int = 20) -> None:
        self.couplings: Couplings = store(xi)
        self.starts = starts
        self.sweeps = sweeps
        self.attempts = sweeps * HALF_SWEEP
        self.seeds = chain_seeds(np.random.SeedSequence(1), len(starts))
        # Starts come in the order of DIGITS, over and over: five groups a repeat.
        self.own = np.tile(np.repeat(np.arange(5), 100), -(-len(starts) // 500))[: len(starts)]

    def percent(self, spins: NDArray[np.int8]) -> NDArray[np.float64]:
        """Percentage recalled of each digit, shape (5,)."""
        own = self.own[: len(spins)]
        overlap = overlaps(spins, self.couplings.xi)[np.arange(len(spins)), own]
        present = [d for d in range(5) if np.any(own == d)]
        return np.array([100 * np.mean(overlap[own == d] > 0.99) for d in present])

    def ours(
        self,
        name: str,
        temperature: float,
        threads: int = 1,
        target: float | None = None,
        **settings: Any,
    ) -> Program:
        """Build the program of hopcli itself."""

        def call() -> NDArray[np.int8]:
            outcome = dynamics.run(
                self.couplings,
                self.starts,
                seeds=self.seeds,
                temperatures=temperature,
                sweeps=self.sweeps,
                attempts_per_sweep=HALF_SWEEP,
                threads=threads,
                **settings,
            )
            return outcome.spins

        attempts = len(self.starts) * self.attempts
        return Program(name, call, attempts, target, self.percent)

    def reference(
        self,
        function: Callable[..., NDArray[np.int8]],
        name: str,
        temperature: float,
        target: float | None | None,
    ) -> Program:
        """Build the program of a reference loop."""

        def call() -> NDArray[np.int8]:
            return function(self.couplings, self.starts, self.seeds, temperature, self.attempts)

        attempts = len(self.starts) * self.attempts
        return Program(name, call, attempts, target, self.percent)

    def textbook(self, temperature: float) -> Program:
        """Build the textbook loop: one start."""
        w, rng = self.couplings.dense(), np.random.default_rng(1)

        def call() -> None:
            plain.textbook(w, self.starts[0], temperature, self.attempts, rng)

        return Program("textbook NumPy loop (1 start)", call, self.attempts)

    def dwave(self, temperature: float, target: float) -> Program:
        """Build the annealer of dwave-samplers at one temperature, 500 starts."""
        import dimod
        from dwave.samplers import SimulatedAnnealingSampler

        n_sites = self.couplings.n_sites
        i, j = np.triu_indices(n_sites, 1)
        bqm = dimod.BinaryQuadraticModel.from_numpy_vectors(
            np.zeros(n_sites), (i, j, -self.couplings.dense()[i, j]), 0.0, dimod.SPIN
        )
        starts = self.starts[:500]
        full_sweeps = self.attempts // n_sites
        sampler: Any = cast("Any", SimulatedAnnealingSampler)()

        def call() -> NDArray[np.int8]:
            answer = sampler.sample(
                bqm,
                num_reads=len(starts),
                initial_states=(starts, range(n_sites)),
                beta_schedule_type="custom",
                beta_schedule=np.full(full_sweeps, 1 / temperature),
                num_sweeps_per_beta=1,
                randomize_order=True,
                proposal_acceptance_criteria="Metropolis",
                seed=1,
            )
            columns = np.argsort(np.asarray(answer.variables))
            return np.asarray(answer.record.sample[:, columns])

        attempts = len(starts) * self.attempts
        return Program("dwave-samplers (500 starts)", call, attempts, target, self.percent)


def mnist_jobs() -> Callable[..., Job]:
    """Load MNIST; return what makes jobs of it."""
    data = load_dataset("mnist")
    labels = np.asarray(data.labels)
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(labels == digit) for digit in DIGITS]
    images = np.concatenate([rng.choice(sites, 100, replace=False) for sites in members])

    def job(p: int = 5, repeats: int = 10, sweeps: int = 20) -> Job:
        others = np.setdiff1d(np.arange(len(data.spins)), PATTERNS)
        chosen = [*PATTERNS, *np.random.default_rng(p).choice(others, p - 5, replace=False)]
        return Job(data.spins[chosen], np.tile(data.spins[images], (repeats, 1)), sweeps)

    return job


def large(n_sites: int = 16_384, chains: int = 32) -> list[Row]:
    """Race a large network of three patterns against its N x N matrix (float32)."""
    rng = np.random.default_rng(1)
    couplings = store(rng.choice(np.array([-1, 1], np.int8), (3, n_sites)))
    flips = np.where(rng.random((chains, n_sites)) < 0.2, -1, 1).astype(np.int8)
    starts = couplings.xi[0] * flips
    seeds = chain_seeds(np.random.SeedSequence(1), chains)
    w = couplings.dense().astype(np.float32)

    def percent(ends: NDArray[np.int8]) -> NDArray[np.float64]:
        return 100 * np.mean(overlaps(ends, couplings.xi)[:, :1] > 0.99, axis=0)

    def ours() -> NDArray[np.int8]:
        return dynamics.run(
            couplings, starts, seeds=seeds, temperatures=0.2, sweeps=10,
            attempts_per_sweep=n_sites, threads=1,
        ).spins  # fmt: skip

    def dense() -> NDArray[np.int8]:
        ends = starts.copy()
        fields = (starts.astype(np.float32) @ w).astype(np.float64)  # ours makes its own, too
        plain.dense_loop(ends, fields, w, 0.2, seeds, 10 * n_sites)
        return ends

    attempts = chains * 10 * n_sites
    ours_row, *others = race(
        "N = 16,384, p = 3, T = 0.2",
        [
            Program("hopcli", ours, attempts, percent=percent),
            Program("dense numba", dense, attempts, 200, percent),
        ],
        3,
    )
    return [ours_row, *others]


def drawings(chains: int = 10) -> list[Row]:
    """Race the drawings' story: store three by Storkey's rule, restore from 30 flips in 128.

    The N x N version runs on pictures of 64 x 64; at 128 x 128 its matrices take gigabytes.
    """

    def story(side: int) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.uint64]]:
        xi = load_dataset("drawings", size=(side, side)).spins
        rng = np.random.default_rng(1)
        flips = np.where(rng.random((chains, side * side)) < 30 / 128, -1, 1).astype(np.int8)
        return xi, xi[0] * flips, chain_seeds(np.random.SeedSequence(1), chains)

    def ours(side: int) -> Callable[[], NDArray[np.int8]]:
        xi, starts, seeds = story(side)

        def call() -> NDArray[np.int8]:
            return dynamics.run(
                store(xi, "storkey"), starts, seeds=seeds, dynamics="async", temperatures=0.0,
                sweeps=10, attempts_per_sweep=side * side, threads=1,
            ).spins  # fmt: skip

        return call

    def dense() -> NDArray[np.int8]:
        xi, starts, seeds = story(64)
        w = published.storkey_by_matrices(xi, np.float32)
        ends = starts.copy()
        plain.dense_loop(
            ends, (starts.astype(np.float32) @ w).astype(np.float64), w, 0.0, seeds, 10 * 64**2
        )
        return ends

    def percent(ends: NDArray[np.int8]) -> NDArray[np.float64]:
        xi = story(round(ends.shape[1] ** 0.5))[0]
        return 100 * np.mean(overlaps(ends, xi)[:, :1] > 0.99, axis=0)

    attempts = chains * 10 * 64**2
    work = "three drawings by Storkey's rule, restored"
    return race(
        work,
        [
            Program("hopcli, 64 x 64", ours(64), attempts, percent=percent),
            Program("N x N matrix, 64 x 64", dense, attempts, percent=percent),
            Program("hopcli, 128 x 128", ours(128), 4 * attempts, percent=percent),
        ],
        3,
    )


def whole_process(rounds: int = 5) -> list[Row]:
    """Race a warm `hopcli recall` against importing what it needs."""

    def imports(names: str) -> Callable[[], None]:
        return lambda: _run(["-c", f"import {names}"])

    def recall() -> None:
        with tempfile.TemporaryDirectory() as folder:
            _run(["-m", "hopcli", "recall", "--out", f"{folder}/run", "--quiet", "--no-figures"])

    return race(
        "whole process, warm",
        [
            Program("import numpy, numba, pandas", imports("numpy, numba, pandas"), 0),
            Program("import numpy", imports("numpy"), 0),
            Program("hopcli recall --no-figures", recall, 0),
        ],
        rounds,
    )


def _run(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Run all races."""
    job = mnist_jobs()
    straight, numpy = plain.straightforward, plain.vectorised
    loop, chains = "straightforward class loop", "NumPy over chains"
    paper, long = job(), job(repeats=2, sweeps=200)
    rows = race(
        "the paper's job, T = 0.2",
        [
            paper.ours("hopcli", 0.2),
            paper.reference(straight, loop, 0.2, 5),
            paper.reference(numpy, chains, 0.2, 25),
            paper.dwave(0.2, 150),
            paper.textbook(0.2),
        ],
        5,
    )
    rows += race(
        "200 half-sweeps, T = 0.2",
        [long.ours("hopcli", 0.2), long.reference(straight, loop, 0.2, 40)],
        5,
    )
    for p, temperature, target in (
        (5, 0.8, 1.8),
        (50, 0.2, 2.2),
        (50, 0.8, None),
        (300, 0.2, 1.2),
        (300, 0.8, 1.2),
    ):
        many = job(p, repeats=4)
        rows += race(
            f"p = {p}, T = {temperature}",
            [
                many.ours("hopcli", temperature),
                many.reference(straight, loop, temperature, target),
            ],
            7,
        )
    rows += large()
    rows += race(
        "threads, the paper's job four times",
        [
            job(repeats=40).ours("two threads", 0.2, 2),
            job(repeats=40).ours("one", 0.2, target=1.8),
        ],
        7,
    )
    rows += race(
        "each dynamics, 20 half-sweeps or steps",
        [
            paper.ours("metropolis, T = 0.2", 0.2),
            paper.ours("glauber, T = 0.2", 0.2, dynamics="glauber"),
            paper.ours("async", 0.0, dynamics="async"),
            paper.ours("sync", 0.0, dynamics="sync"),
        ],
        5,
    )
    rows += drawings()
    rows += whole_process()
    sys.stdout.write(write(rows, FOLDER, __doc__.split("\n\n")[1] if __doc__ else ""))


if __name__ == "__main__":
    main()
