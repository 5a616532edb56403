"""Runs of the trials of a recall, in memory or in blocks that are computed again when needed.

Any trial can be repeated, with the same final state.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hopcli import dynamics
from hopcli.config import Config, RecallConfig
from hopcli.config.notations import temperatures
from hopcli.dynamics import DYNAMICS, FinalStates
from hopcli.experiments import Tell
from hopcli.experiments.preparation import Prepared
from hopcli.experiments.trials import Trials, authors_sites, authors_trials, draw_trials
from hopcli.network import Network
from hopcli.observables import overlaps, overlaps_of_sums
from hopcli.patterns import Patterns
from hopcli.records import Bools, Floats, Ints, NDArray, Record, Seeds, Spins
from hopcli.starts import first_states
from hopcli.streams import Streams, seed_word, splitmix64, substream
from hopcli.taxonomy import ROUNDING, fixed_points, nearest_of, nearness, recall_of

USUAL = 0.99
"""The study's criterion, and the largest automatic one."""

_FEWEST, _MOST, _ALTOGETHER = 10, 50, 1000  # runs from a pattern, and from all of them
_MOST_PATTERNS = _ALTOGETHER // _FEWEST
_SITES = 2**24  # spins of runs at a time
_MARGIN = 4.0  # standard deviations between a resting overlap and the automatic criterion
_CLEAR = 3.0  # required standard deviations between a criterion and a resting overlap
_LEAST = 0.5  # a lower automatic criterion would call anything recalled
_STAYS = 0.95  # share of the runs from a pattern that end nearest to its label
_PARTS = 10_000  # an automatic criterion is rounded to this part of 1


@dataclass(frozen=True, slots=True, eq=False)
class Resting(Record):
    """Overlaps of patterns with the final states of runs from them.

    Parameters
    ----------
    name : tuple of str
        Name of each pattern.
    mean, sd : ndarray of float64, shape (patterns,)
        Mean and standard deviation of the overlap over the runs.
    nearest : ndarray of float64, shape (patterns,)
        Share of the runs that end without a nearer pattern of another label.
    """

    name: tuple[str, ...]
    mean: Floats
    sd: Floats
    nearest: Floats

    def of(self, names: Collection[str]) -> Resting:
        """Keep the patterns with these names."""
        kept = [name in names for name in self.name]
        named = tuple(name for name in self.name if name in names)
        return Resting(named, self.mean[kept], self.sd[kept], self.nearest[kept])

    def below(self, criterion: float) -> int | None:
        """Return the row of the least clearly resting pattern, if not 3 SD above the criterion."""
        if not self.name:
            return None
        low = self.mean - _CLEAR * self.sd
        return int(low.argmin()) if low.min() < criterion else None

    @property
    def strays(self) -> int | None:
        """Row of the pattern whose runs most often end nearer to another label, if often."""
        if not self.name or self.nearest.min() >= _STAYS:
            return None
        return int(self.nearest.argmin())

    @property
    def lowest(self) -> int:
        """Row of the pattern with the lowest mean less 4 SD."""
        return int(np.argmin(self.mean - _MARGIN * self.sd))

    @property
    def automatic(self) -> float | None:
        """Criterion ``auto``: 0.99, or 4 SD below the pattern that rests lowest.

        None if that is below 0.5: such a criterion would call anything recalled.
        """
        low = float(self.mean[self.lowest] - _MARGIN * self.sd[self.lowest])
        return None if low < _LEAST else float(min(USUAL, np.floor(low * _PARTS) / _PARTS))

    def clears(self, criterion: float) -> bool:
        """Return whether every pattern rests clearly above the criterion, nearest to its label."""
        return self.below(criterion) is None and self.strays is None

    def mean_text(self, row: int) -> str:
        """Format mean and SD of a pattern."""
        return f"{self.mean[row]:.3f} ± {self.sd[row]:.3f}"


def rest(
    patterns: Patterns, relax: Callable[[Spins, Ints, int], Floats], *, signed: bool
) -> Resting:
    """Run a few times from each stored pattern (at most 100 of them, evenly spaced).

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    relax : callable
        First states, int8, shape (runs, N), the number of each run, and the number of all runs
        in; overlaps of their final states with the patterns, shape (runs, p), out. Each call
        gets as many runs as the memory allows.
    signed : bool
        Compare m, otherwise |m|.
    """
    p = len(patterns.labels)
    chosen = np.linspace(0, p - 1, min(p, _MOST_PATTERNS)).astype(np.int64)
    runs = min(_MOST, _ALTOGETHER // len(chosen))
    row = np.repeat(chosen, runs)
    step = max(1, _SITES // patterns.xi.shape[1])
    parts = []
    for first in range(0, len(row), step):
        number = np.arange(first, min(first + step, len(row)))
        parts.append(relax(patterns.xi[row[number]], number, len(row)))
    every = np.concatenate(parts)
    labels, names = np.array(patterns.labels), patterns.names
    is_own = (labels[:, None] == labels)[row]
    is_near = is_own[np.arange(len(row)), nearest_of(every, is_own)]
    m = every[np.arange(len(row)), row].reshape(-1, runs)
    size = m if signed else np.abs(m)
    share = is_near.reshape(-1, runs).mean(axis=1)
    return Resting(
        tuple(names[k] for k in chosen), size.mean(axis=1), size.std(axis=1, ddof=1), share
    )


HELD = 0.9
"""Smallest overlap of a pattern's own state at T = 0; a few sites are wrong."""

_TRIED, _TRIED_ALTOGETHER = 5, 100  # runs from a pattern that is no fixed point, and from all


class Left(NamedTuple):
    """Pattern that the network leaves.

    Attributes
    ----------
    name : str
        Its name.
    overlap : float
        Signed overlap m of the pattern with the final state of a run from it.
    nearest : str
        Name of the stored pattern nearest to that state.
    is_inverse : bool
        True if the state is nearer to the inverse of that pattern.
    is_shared : bool
        True if the state is equally near to the named pattern and to the other one.
    is_fixed : bool
        True if the pattern is a fixed point when sites at a tie keep their value.
    """

    name: str
    overlap: float
    nearest: str
    is_inverse: bool
    is_shared: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Holding(Record):
    """Stored patterns that a network holds at T = 0.

    Parameters
    ----------
    held : ndarray of bool, shape (p,)
        True for each held pattern; patterns that were not examined count as held.
    looked_at : int
        Number of examined patterns.
    worst : Left or None
        The pattern with the lowest overlap among those not held.
    """

    held: Bools
    looked_at: int
    worst: Left | None


def hold(
    patterns: Patterns,
    couplings: Network,
    descend: Callable[[Spins], Spins],
    *,
    criterion: float,
    tie: str,
) -> Holding:
    """Run from every stored pattern at T = 0, and test whether the network stays.

    A pattern is held if it is a fixed point. It is also held if at least half of a few runs
    from it end in a state that reaches the criterion with it and is nearer to it than to every
    different stored pattern. A state equally near to another does not distinguish the two.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    couplings : Network
        The network.
    descend : callable
        Runs states, int8, shape (runs, N), at T = 0 until they are stable.
    criterion : float
        Smallest overlap m of a pattern's own state; at most :data:`HELD` is required.
    tie : {"keep", "up", "down"}
        Value of a site whose field equals its threshold.

    Returns
    -------
    Holding
        The held patterns. Of more than 100 patterns that are no fixed points, 100 are examined.
    """
    p = len(patterns.names)
    held = fixed_points(patterns.xi, couplings, tie)
    moving = np.flatnonzero(~held)
    if not len(moving):
        return Holding(held, p, None)
    places = np.linspace(0, len(moving) - 1, min(len(moving), _TRIED_ALTOGETHER)).astype(np.int64)
    tried = moving[np.unique(places)]
    runs = min(_TRIED, _TRIED_ALTOGETHER // len(tried))
    row = np.repeat(tried, runs)
    m = overlaps(descend(patterns.xi[row]), patterns.xi)
    enough = min(HELD, criterion)
    stays, own = recall_of(m, row[:, None] == np.arange(p), enough, signed=True)
    is_other = np.abs(overlaps(patterns.xi[row], patterns.xi)) < 1 - ROUNDING
    near = nearness(m)
    beside = np.where(is_other, near, -np.inf)
    shared = np.abs(beside.max(axis=1) - near[np.arange(len(row)), row]) <= ROUNDING
    stays &= ~shared
    held[moving] = True
    held[tried] = 2 * stays.reshape(-1, runs).sum(axis=1) >= runs
    looked_at = p - len(moving) + len(tried)
    lost = np.flatnonzero(~held[row] & ~stays)
    if not len(lost):
        return Holding(held, looked_at, None)
    k = lost[own[lost].argmin()]
    nearest = int((beside if shared[k] else near)[k].argmax())
    is_fixed = fixed_points(patterns.xi[row[k]][None], couplings)[0]
    names, flags = patterns.names, (m[k, nearest] < 0, shared[k], is_fixed)
    left = Left(names[row[k]], float(own[k]), names[nearest], *map(bool, flags))
    return Holding(held, looked_at, left)


_BLOCK = 8192  # trials run at once, to bound the memory,
_GIVEN = 1 << 22  # and sites of trials whose order of sites is given
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
            final = self.sweep(rows, self.config.sweeps, progress=tell)
        else:
            sites, seeds = self.sites(), _seeds(self.streams.chains, rows)
            how: Any = {"temperature": self.schedule[0], "threads": self.threads, "progress": tell}
            starts, own = self.starts(rows), sites[rows % len(sites)]
            final = dynamics.replay(self.couplings, starts, sites=own, seeds=seeds, **how)
            final = dataclasses.replace(final, sweeps=np.full(len(rows), self.config.sweeps))
        return self._quenched(final, self.streams.quench, rows)

    def sweep(self, rows: Ints, sweeps: int, **others: Any) -> FinalStates:
        """Run these trials for their first sweeps; `others` are further arguments of a run."""
        seeds = _seeds(self.streams.chains, rows)
        return self._go(self.starts(rows), seeds, self.schedule[:sweeps], in_place=True, **others)

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
            stream = self.streams.resting
            final = self._go(spins, _seeds(stream, number), self._at_last)
            ends = self._quenched(final, stream, of + number).ends
            return overlaps_of_sums(ends, self.couplings)

        return rest(self.patterns, relax, signed=self.config.score == "signed")

    def blocks(self) -> Iterator[Ints]:
        """Divide all trials into blocks that fit into memory."""
        n, size = len(self.trials), _BLOCK
        if self.sites is not None:
            of_a_trial = self.config.sweeps * self.config.attempts_per_sweep
            size = max(1, min(size, _GIVEN // of_a_trial))
        return (np.arange(first, min(first + size, n)) for first in range(0, n, size))

    def overlaps(self, rows: Ints, tell: Tell | None = None) -> Floats:
        """Run these trials; return overlaps of final states with the patterns, shape (rows, p)."""
        return overlaps_of_sums(self.run(rows, tell=tell).ends, self.couplings)

    def is_own(self, rows: Ints) -> Bools:
        """Return True for the patterns with the label of each trial, shape (rows, p)."""
        trials = self.trials
        own = np.array(trials.labels)[:, None] == np.array(self.patterns.labels)
        return own[trials.label[rows % trials.size]]

    def reach(self, m: Floats, rows: Ints) -> Bools:
        """Return True for trials that are recalled, given their final overlaps."""
        signed = self.config.score == "signed"
        return recall_of(m, self.is_own(rows), self.config.criterion, signed=signed)[0]

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
            seeds = dynamics.chain_seeds(substream(self.streams.resting, _FURTHER), len(spins))
            how = {"dynamics": rule, "tie": config.tie}
            return settle(couplings, spins, seeds, self.threads, **how).spins

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
        of_chains, of_quench = self.streams.chains, self.streams.quench
        final = self._go(spins, _seeds(substream(of_chains, _FURTHER), rows), self._at_last)
        return self._quenched(final, substream(of_quench, _FURTHER), rows)

    @property
    def schedule(self) -> list[float]:
        """Temperature of each sweep."""
        return temperatures(self.config.temperature, self.config.sweeps)

    @property
    def _at_last(self) -> list[float]:
        """As many sweeps at the last temperature."""
        return self.schedule[-1:] * self.config.sweeps

    def _go(self, spins: Spins, seeds: Seeds, schedule: list[float], **others: Any) -> FinalStates:
        how = {"temperatures": schedule, "sweeps": len(schedule), "threads": self.threads, **others}
        return run_chains(self.config, self.couplings, spins, seeds, **how)

    def _quenched(
        self, final: FinalStates, stream: np.random.SeedSequence, rows: Ints
    ) -> FinalStates:
        """Return states after sign updates, each site once per sweep, until none would change."""
        if not self.config.quench:
            return final
        return settle(self.couplings, final.spins, _seeds(stream, rows), self.threads)


_OF_CHAINS = ("dynamics", "order", "tie", "until_stable", "sweeps", "attempts_per_sweep")


def run_chains(
    config: Config, network: Network, spins: Spins, seeds: Seeds, **others: Any
) -> FinalStates:
    """Run states by the settings of a configuration; `others` are further arguments of a run."""
    known = {name: getattr(config, name, None) for name in _OF_CHAINS}
    how = {name: value for name, value in known.items() if value is not None}
    return dynamics.run(network, spins, seeds=seeds, **{**how, **others})


def settle(
    network: Network, spins: Spins, seeds: Seeds, threads: int | None, **others: Any
) -> FinalStates:
    """Run states at T = 0, each site once per sweep in random order, until they are stable."""
    how: dict[str, Any] = {"dynamics": "async", "temperatures": 0.0, "sweeps": _QUENCH_SWEEPS}
    how |= {"attempts_per_sweep": network.n_sites, "order": "permutation", "until_stable": True}
    return dynamics.run(network, spins, seeds=seeds, threads=threads, **{**how, **others})


def _seeds(sequence: np.random.SeedSequence, rows: Ints) -> Seeds:
    """Return the seeds of these trials only, see :func:`dynamics.chain_seeds`."""
    return splitmix64(np.uint64(seed_word(sequence)), rows.astype(np.uint64) + np.uint64(1))
