"""How the trials of a recall are run: any of them, at any time, to the same end."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli import dynamics
from hopcli.config.notations import temperatures
from hopcli.dynamics import DYNAMICS
from hopcli.experiments.holding import Holding, hold
from hopcli.experiments.resting import Resting, rest
from hopcli.experiments.trials import authors_sites, authors_trials, draw_trials
from hopcli.observables import overlaps_of_sums
from hopcli.scoring import recall_of
from hopcli.starts import first_states
from hopcli.streams import Streams, seed_word, splitmix64

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.experiments.preparation import Prepared
    from hopcli.experiments.trials import Trials
    from hopcli.network import Network
    from hopcli.patterns import Patterns

__all__ = ["Relaxation", "settle"]

_BLOCK = 8192  # trials run at once, to bound the memory
_FURTHER = 1  # the streams of chains that are run on, apart from those of the run
_QUENCH_SWEEPS = 10_000  # far more than any quench has been seen to take


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Runs trials; where one ends depends on its own seeds alone, so any can be run again.

    Parameters
    ----------
    config : RecallConfig
        How they are run.
    couplings : Network
        The network.
    patterns : Patterns
        What it stores.
    trials : Trials
        What each trial starts from.
    streams : Streams
        Where randomness comes from.
    sites : callable or None
        Gives the sites to visit, int32, shape (starts, attempts), the same in every repeat,
        where their order is given.
    threads : int, optional
        How many run the chains, default one a processor; of no effect on where they end.
    """

    config: RecallConfig
    couplings: Network
    patterns: Patterns
    trials: Trials
    streams: Streams
    sites: Callable[[], NDArray[np.int32]] | None = None
    threads: int | None = None

    @classmethod
    def of(cls, prepared: Prepared[RecallConfig], threads: int | None = None) -> Relaxation:
        """The trials of a prepared recall.

        Raises
        ------
        HopcliError
            If the trials or the network are impossible.
        """
        config, dataset, patterns = prepared.config, prepared.dataset, prepared.patterns
        network, streams, sites = prepared.network(), prepared.streams, None
        if config.replay_authors:
            trials = authors_trials(config, dataset, patterns)
            sites = functools.cache(lambda: authors_sites(config, dataset, patterns))
        else:
            trials = draw_trials(config, dataset, patterns, streams.tests)
        prepared.check_start(trials.starts)
        return cls(config, network, patterns, trials, streams, sites, threads)

    def starts(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """First states of these trials."""
        seed = seed_word(self.streams.starts)
        bank = self.trials.bank(rows)
        return first_states(self.config.start, bank, self.patterns.shape, seed, rows)

    def run(
        self, rows: NDArray[np.int64], *, tell: Callable[[int], None] | None = None
    ) -> dynamics.FinalStates:
        """Run these trials to their end, and quench them if that is asked for."""
        if self.sites is None:
            final = self.sweep(rows, self.config.sweeps, tell=tell)
        else:
            final = self._replay(rows, tell)
        return self._quenched(final, _seeds(self.streams.quench, rows))

    def sweep(
        self,
        rows: NDArray[np.int64],
        sweeps: int,
        *,
        record: bool = False,
        tell: Callable[[int], None] | None = None,
    ) -> dynamics.FinalStates:
        """Run these trials for their first sweeps."""
        schedule = temperatures(self.config.temperature, self.config.sweeps)[:sweeps]
        seeds = _seeds(self.streams.chains, rows)
        return self._go(self.starts(rows), seeds, schedule, record, tell)

    def by_sweep(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """States of these trials after 0, 1, ... sweeps and, if they are quenched, at the end.

        Shape (sweeps + 1 or sweeps + 2, rows, N).
        """
        numbers = range(1, self.config.sweeps + 1)
        later = [self.sweep(rows, number).spins for number in numbers]
        if self.config.quench:
            later.append(self.run(rows).spins)
        return np.stack([self.starts(rows), *later])

    def resting(self) -> Resting:
        """Where the stored patterns rest, at the last temperature and as runs are ended."""
        config = self.config
        last = temperatures(config.temperature, config.sweeps)[-1]

        def relax(spins: NDArray[np.int8], number: NDArray[np.int64], of: int) -> NDArray[np.int8]:
            seeds = dynamics.chain_seeds(self.streams.resting, 2 * of)
            schedule = [last] * config.sweeps
            final = self._go(spins, seeds[number], schedule, False, None)
            return self._quenched(final, seeds[of + number]).spins

        return rest(self.patterns, relax, signed=config.score == "signed")

    def blocks(self) -> list[NDArray[np.int64]]:
        """All trials, in blocks that fit into memory."""
        return np.split(np.arange(len(self.trials)), range(_BLOCK, len(self.trials), _BLOCK))

    def overlaps(
        self, rows: NDArray[np.int64], tell: Callable[[int], None] | None = None
    ) -> NDArray[np.float64]:
        """Run these trials; overlaps of their ends with the patterns, shape (rows, p)."""
        return overlaps_of_sums(self.run(rows, tell=tell).ends, self.couplings)

    def reach(self, m: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether these trials, which ended with these overlaps, are recalled."""
        is_own = self.trials.bank(rows).label[:, None] == np.array(self.patterns.labels)
        signed = self.config.score == "signed"
        return recall_of(m, is_own, self.config.criterion, signed=signed)[0]

    def recalled(
        self, rows: NDArray[np.int64] | None = None, *, tell: Callable[[int], None] | None = None
    ) -> NDArray[np.bool_]:
        """Run these trials, by default all; whether each is recalled."""
        blocks = self.blocks() if rows is None else [rows]
        return np.concatenate([self.reach(self.overlaps(some, tell), some) for some in blocks])

    def holding(self) -> Holding:
        """Which stored patterns the network holds at T = 0.

        Instead of an update rule with noise, the sign rule updates one site at a time.
        """
        config, couplings = self.config, self.couplings
        rule = "async" if DYNAMICS[config.dynamics].stochastic else config.dynamics

        def descend(spins: NDArray[np.int8]) -> NDArray[np.int8]:
            seeds = dynamics.chain_seeds(_further(self.streams.resting), len(spins))
            return settle(couplings, spins, seeds, self.threads, rule, config.tie).spins

        criterion, tie = config.criterion, config.tie
        return hold(self.patterns, couplings, descend, criterion=criterion, tie=tie)

    def further(self, spins: NDArray[np.int8], rows: NDArray[np.int64]) -> dynamics.FinalStates:
        """Run these trials on from where they ended, for as many sweeps at the last temperature.

        Where the order of the sites was given, it has come to its end, and is random now.
        """
        config = self.config
        chains, quench = map(_further, (self.streams.chains, self.streams.quench))
        schedule = [temperatures(config.temperature, config.sweeps)[-1]] * config.sweeps
        final = self._go(spins, _seeds(chains, rows), schedule, False, None)
        return self._quenched(final, _seeds(quench, rows))

    def _go(
        self,
        spins: NDArray[np.int8],
        seeds: NDArray[np.uint64],
        schedule: list[float],
        record: bool,
        tell: Callable[[int], None] | None,
    ) -> dynamics.FinalStates:
        config = self.config
        return dynamics.run(
            self.couplings,
            spins,
            seeds=seeds,
            dynamics=config.dynamics,
            temperatures=schedule,
            sweeps=len(schedule),
            attempts_per_sweep=config.attempts_per_sweep,
            order=config.order or "random",
            tie=config.tie,
            until_stable=config.until_stable,
            record=record,
            threads=self.threads,
            progress=tell,
        )

    def _replay(
        self, rows: NDArray[np.int64], tell: Callable[[int], None] | None
    ) -> dynamics.FinalStates:
        assert self.sites is not None
        sites = self.sites()
        schedule = temperatures(self.config.temperature, self.config.sweeps)
        final = dynamics.replay(
            self.couplings,
            self.starts(rows),
            sites=sites[rows % len(sites)],
            seeds=_seeds(self.streams.chains, rows),
            temperature=schedule[0],
            threads=self.threads,
            progress=tell,
        )
        return dataclasses.replace(final, sweeps=np.full(len(rows), len(schedule)))

    def _quenched(
        self, final: dynamics.FinalStates, seeds: NDArray[np.uint64]
    ) -> dynamics.FinalStates:
        """The states after sign updates, each site once a sweep, until none would change."""
        if not self.config.quench:
            return final
        return settle(self.couplings, final.spins, seeds, self.threads)


def settle(
    network: Network,
    spins: NDArray[np.int8],
    seeds: NDArray[np.uint64],
    threads: int | None,
    rule: str = "async",
    tie: str = "keep",
    sweeps: int = _QUENCH_SWEEPS,
) -> dynamics.FinalStates:
    """Run states at T = 0, each site once a sweep in random order, until they are stable."""
    return dynamics.run(
        network,
        spins,
        seeds=seeds,
        dynamics=rule,
        tie=tie,
        temperatures=0.0,
        sweeps=sweeps,
        attempts_per_sweep=network.n_sites,
        order="permutation",
        until_stable=True,
        threads=threads,
    )


def _further(sequence: np.random.SeedSequence) -> np.random.SeedSequence:
    """A stream apart from this one, for runs after those that it is of."""
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, _FURTHER))


def _seeds(sequence: np.random.SeedSequence, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """The seeds of these trials, without those of all others, see :func:`dynamics.chain_seeds`."""
    return splitmix64(np.uint64(seed_word(sequence)), rows.astype(np.uint64) + np.uint64(1))
