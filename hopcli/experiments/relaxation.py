"""Runs of the trials of a recall: any trial can be repeated, with the same final state."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli import dynamics
from hopcli.config.notations import temperatures
from hopcli.dynamics import DYNAMICS
from hopcli.experiments.holding import Holding, Resting, hold, rest
from hopcli.experiments.trials import authors_sites, authors_trials, draw_trials
from hopcli.observables import overlaps_of_sums
from hopcli.scoring import recall_of
from hopcli.starts import first_states
from hopcli.streams import Streams, seed_word, splitmix64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from hopcli.config import Config, RecallConfig
    from hopcli.dynamics import FinalStates
    from hopcli.experiments import Tell
    from hopcli.experiments.preparation import Prepared
    from hopcli.experiments.trials import Trials
    from hopcli.network import Network
    from hopcli.patterns import Patterns
    from hopcli.records import Bools, Floats, Ints, Seeds, Spins

_BLOCK = 8192  # trials run at once, to bound the memory
_MOST_CONTINUED = 500  # trials
_SHARE = 0.03  # of the attempts of the run; the most that these may cost,
_CHEAP = 10_000_000  # or this number of attempts, which take some milliseconds
_FURTHER = 1  # separates the streams of continued chains from those of the run
_QUENCH_SWEEPS = 10_000  # far more than any observed quench takes


@dataclass(frozen=True, eq=False)
class Relaxation:
    """Runs of trials; a final state depends only on the trial's seeds, so any can be repeated.

    Parameters
    ----------
    config : RecallConfig
        Protocol of the trials.
    couplings : Network
        The network.
    patterns : Patterns
        The stored patterns.
    trials : Trials
        Starting states of the trials.
    streams : Streams
        Random streams.
    sites : callable or None
        Returns the sites to visit, int32, shape (starts, attempts), the same in every repeat,
        if their order is given.
    threads : int, optional
        Number of threads, by default one per processor; it does not affect final states.
    """

    config: RecallConfig
    couplings: Network
    patterns: Patterns
    trials: Trials
    streams: Streams
    sites: Callable[[], NDArray[np.uint32]] | None = None
    threads: int | None = None

    @classmethod
    def of(cls, prepared: Prepared[RecallConfig], threads: int | None = None) -> Relaxation:
        """Make the trials of a prepared recall.

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
            uses_images = config.start.uses_images
            pools = prepared.stock.pools(config, dataset, patterns) if uses_images else None
            trials = draw_trials(config, dataset, patterns, streams.tests, pools)
        prepared.check_start(trials.starts)
        return cls(config, network, patterns, trials, streams, sites, threads)

    def starts(self, rows: Ints) -> Spins:
        """Return the first states of these trials."""
        seed = seed_word(self.streams.starts)
        bank = self.trials.bank(rows)
        return first_states(self.config.start, bank, self.patterns.shape, seed, rows)

    def run(self, rows: Ints, *, tell: Tell | None = None) -> FinalStates:
        """Run these trials to their end, and quench them if requested."""
        if self.sites is None:
            final = self.sweep(rows, self.config.sweeps, tell=tell)
        else:
            final = self._replay(rows, self.sites(), tell)
        return self._quenched(final, _seeds(self.streams.quench, rows))

    def sweep(
        self, rows: Ints, sweeps: int, *, tell: Tell | None = None, **others: Any
    ) -> FinalStates:
        """Run these trials for their first sweeps; `others` are further arguments of a run."""
        seeds = _seeds(self.streams.chains, rows)
        return self._go(self.starts(rows), seeds, self.schedule[:sweeps], tell, **others)

    def by_sweep(self, rows: Ints, times: Sequence[int] | None = None) -> Spins:
        """Return states at the start, at some times and, for quenched trials, at the end.

        Parameters
        ----------
        rows : ndarray of int64
            The trials.
        times : sequence of int, optional
            Attempts made, rising, >= 1; by default those of 1, 2, ... sweeps.

        Returns
        -------
        ndarray of int8, shape (times + 1 or times + 2, rows, N)
        """
        attempts = self.config.attempts_per_sweep
        times = times or [attempts * (k + 1) for k in range(self.config.sweeps)]
        later = [self.sweep(rows, -(-most // attempts), most_attempts=most).spins for most in times]
        if self.config.quench:
            later.append(self.run(rows).spins)
        return np.stack([self.starts(rows), *later])

    def resting(self) -> Resting:
        """Measure where stored patterns rest at the last temperature, after any quench."""

        def relax(spins: Spins, number: Ints, of: int) -> Floats:
            seeds = dynamics.chain_seeds(self.streams.resting, 2 * of)
            final = self._go(spins, seeds[number], self._at_last)
            ends = self._quenched(final, seeds[of + number]).ends
            return overlaps_of_sums(ends, self.couplings)

        return rest(self.patterns, relax, signed=self.config.score == "signed")

    def blocks(self) -> Iterator[Ints]:
        """Divide all trials into blocks that fit into memory."""
        n = len(self.trials)
        return (np.arange(first, min(first + _BLOCK, n)) for first in range(0, n, _BLOCK))

    def overlaps(self, rows: Ints, tell: Tell | None = None) -> Floats:
        """Run these trials; return overlaps of final states with the patterns, shape (rows, p)."""
        return overlaps_of_sums(self.run(rows, tell=tell).ends, self.couplings)

    def reach(self, m: Floats, rows: Ints) -> Bools:
        """Return True for trials that are recalled, given their final overlaps."""
        is_own = self.trials.bank(rows).label[:, None] == np.array(self.patterns.labels)
        signed = self.config.score == "signed"
        return recall_of(m, is_own, self.config.criterion, signed=signed)[0]

    def recalled(self, rows: Ints | None = None, *, tell: Tell | None = None) -> Bools:
        """Run these trials, by default all; return True for each recalled one."""
        blocks = self.blocks() if rows is None else [rows]
        return np.concatenate([self.reach(self.overlaps(some, tell), some) for some in blocks])

    def holding(self) -> Holding:
        """Find the stored patterns that the network holds at T = 0.

        The sign rule, one site at a time, replaces update rules with noise.
        """
        config, couplings = self.config, self.couplings
        rule = "async" if DYNAMICS[config.dynamics].stochastic else config.dynamics

        def descend(spins: Spins) -> Spins:
            seeds = dynamics.chain_seeds(_further(self.streams.resting), len(spins))
            return settle(couplings, spins, seeds, self.threads, rule, config.tie).spins

        criterion, tie = config.criterion, config.tie
        return hold(self.patterns, couplings, descend, criterion=criterion, tie=tie)

    def affordable(self) -> Ints:
        """Return the first trials of each label, equally many, that are cheap to continue."""
        config, trials = self.config, self.trials
        cheap = _CHEAP // (config.sweeps * config.attempts_per_sweep)
        number = min(_MOST_CONTINUED, max(int(_SHARE * len(trials)), cheap))
        return trials.first_of_each(number // len(trials.labels))

    def further(self, spins: Spins, rows: Ints) -> FinalStates:
        """Continue these trials from their ends, for as many sweeps at the last temperature.

        After a given order of the sites, the order is random.
        """
        chains, quench = map(_further, (self.streams.chains, self.streams.quench))
        final = self._go(spins, _seeds(chains, rows), self._at_last)
        return self._quenched(final, _seeds(quench, rows))

    @property
    def schedule(self) -> list[float]:
        """Temperature of each sweep."""
        return temperatures(self.config.temperature, self.config.sweeps)

    @property
    def _at_last(self) -> list[float]:
        """As many sweeps at the last temperature."""
        return self.schedule[-1:] * self.config.sweeps

    def _go(
        self,
        spins: Spins,
        seeds: Seeds,
        schedule: list[float],
        tell: Tell | None = None,
        **others: Any,
    ) -> FinalStates:
        how = {"temperatures": schedule, "sweeps": len(schedule), **others}
        return run_chains(self.config, self.couplings, spins, seeds, self.threads, tell, **how)

    def _replay(self, rows: Ints, sites: NDArray[np.uint32], tell: Tell | None) -> FinalStates:
        final = dynamics.replay(
            self.couplings,
            self.starts(rows),
            sites=sites[rows % len(sites)],
            seeds=_seeds(self.streams.chains, rows),
            temperature=self.schedule[0],
            threads=self.threads,
            progress=tell,
        )
        return dataclasses.replace(final, sweeps=np.full(len(rows), self.config.sweeps))

    def _quenched(self, final: FinalStates, seeds: Seeds) -> FinalStates:
        """Return states after sign updates, each site once per sweep, until none would change."""
        if not self.config.quench:
            return final
        return settle(self.couplings, final.spins, seeds, self.threads)


_OF_CHAINS = ("dynamics", "order", "tie", "until_stable", "sweeps", "attempts_per_sweep")


def run_chains(
    config: Config,
    network: Network,
    spins: Spins,
    seeds: Seeds,
    threads: int | None,
    tell: Tell | None = None,
    **others: Any,
) -> FinalStates:
    """Run states by the settings of a configuration; `others` are further arguments of a run."""
    known = {name: getattr(config, name, None) for name in _OF_CHAINS}
    how = {name: value for name, value in known.items() if value is not None}
    return dynamics.run(
        network, spins, seeds=seeds, threads=threads, progress=tell, **{**how, **others}
    )


def settle(
    network: Network,
    spins: Spins,
    seeds: Seeds,
    threads: int | None,
    rule: str = "async",
    tie: str = "keep",
    sweeps: int = _QUENCH_SWEEPS,
) -> FinalStates:
    """Run states at T = 0, each site once per sweep in random order, until they are stable."""
    how: dict[str, Any] = {"dynamics": rule, "tie": tie, "temperatures": 0.0, "sweeps": sweeps}
    how |= {"attempts_per_sweep": network.n_sites, "order": "permutation", "until_stable": True}
    return dynamics.run(network, spins, seeds=seeds, threads=threads, **how)


def _further(sequence: np.random.SeedSequence) -> np.random.SeedSequence:
    """Return a separate stream for runs that continue those of this one."""
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, _FURTHER))


def _seeds(sequence: np.random.SeedSequence, rows: Ints) -> Seeds:
    """Return the seeds of these trials only, see :func:`dynamics.chain_seeds`."""
    return splitmix64(np.uint64(seed_word(sequence)), rows.astype(np.uint64) + np.uint64(1))
