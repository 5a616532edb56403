"""Recall: start from test images, run the dynamics, classify every final state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli import dynamics
from hopcli.config import RecallConfig, RecallExecution
from hopcli.config.execution import trials_named
from hopcli.config.notations import resolve_attempts
from hopcli.config.recall import TrialSettings
from hopcli.experiments import Arrays, Plan, Progress, Stock, StoredResult, prefixed, unprefixed
from hopcli.experiments.cautions import Continuation, cautions, decided, noted
from hopcli.experiments.preparation import prepare
from hopcli.experiments.recall_tables import TABLES as TABLES
from hopcli.experiments.recall_tables import (
    TRACE,
    accuracy_table,
    confusion_table,
    outcome_table,
    repeat_table,
    trials_table,
)
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.trials import Block, Blocks, Tally
from hopcli.observables import energy, energy_of_sums
from hopcli.patterns import Patterns
from hopcli.records import Floats, Ints, NDArray, Record, Spins
from hopcli.tables import Columns, Tables
from hopcli.taxonomy import classify, fixed_points, mixture_method, score
from hopcli.theory import ordering_temperatures

_MOST_BYTES = 256_000_000  # of states; larger states reduce the number of trials
_QUENCHED = -1
_MOST_FRAMES = 1000  # of a trial


@dataclass(frozen=True, slots=True, eq=False)
class Frames(Record):
    """States of some trials, sweep by sweep.

    Parameters
    ----------
    states : ndarray of int8, shape (trials, frames, N)
        Values -1, 0 or +1.
    sweep : ndarray of float64 or int64, shape (frames,)
        Sweeps done, 0, 1, ... or parts of them; -1 for the state after a quench.
    label : tuple of str
        Label of each trial.
    place : ndarray of int64, shape (trials,)
        Number of the trial among those of its label, from 1.
    energy : ndarray of float64, shape (trials, frames)
        Energy of each state [ZG eq. 4].
    patterns : Patterns
        The stored patterns.
    """

    states: Spins
    sweep: NDArray[Any]
    label: tuple[str, ...]
    place: Ints
    energy: Floats
    patterns: Patterns

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def of(cls, relaxation: Relaxation, rows: Ints, every: int | None = None) -> Frames:
        """Run these trials again and keep at least the first.

        Parameters
        ----------
        relaxation : Relaxation
            The trials.
        rows : ndarray of int64
            Numbers of the trials.
        every : int, optional
            Attempts between frames, by default a sweep; more if there would be over 1000 frames.
        """
        config, couplings = relaxation.config, relaxation.couplings
        attempts = config.attempts_per_sweep
        end = config.sweeps * attempts
        every = max(every or attempts, -(-end // _MOST_FRAMES))
        times = [*range(every, end, every), end] if end else []
        sweep = np.array([0, *times]) / attempts
        if not np.any(sweep % 1):
            sweep = sweep.astype(np.int64)
        if config.quench:
            sweep = np.append(sweep, _QUENCHED)
        most = max(1, _MOST_BYTES // (len(sweep) * couplings.n_sites))
        rows = rows[:most]
        states = np.ascontiguousarray(np.moveaxis(relaxation.by_sweep(rows, times), 1, 0))
        label = tuple(str(name) for name in relaxation.trials.bank(rows).label)
        place = [label[: k + 1].count(name) for k, name in enumerate(label)]
        energies = np.stack([energy(trial, couplings) for trial in states])
        return cls(states, sweep, label, np.array(place), energies, relaxation.patterns)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the frames as plain arrays, without the patterns."""
        names = ("states", "sweep", "label", "place", "energy")
        return {name: np.asarray(getattr(self, name)) for name in names}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], patterns: Patterns) -> Frames:
        """Make the frames from :meth:`to_arrays`."""
        label = tuple(str(name) for name in arrays["label"].tolist())
        numbers = {name: arrays[name] for name in ("states", "sweep", "place", "energy")}
        return cls(label=label, patterns=patterns, **numbers)

    def shown_in(self, name: str) -> list[int]:
        """Return the trials in an animation of this name, by label, in order."""
        shown = np.flatnonzero(self.place <= trials_named(name)).tolist()
        return sorted(shown, key=lambda k: self.label.index(self.label[k]))

    def nearest(self, trial: int) -> int:
        """Return the row of the own pattern nearest to the final state of a trial.

        Without an own pattern, the nearest of all.
        """
        overlap = self.patterns.xi.astype(np.int64) @ self.states[trial, -1].astype(np.int64)
        own = np.array([name == self.label[trial] for name in self.patterns.labels])
        return int(np.argmax(np.where(own | ~own.any(), np.abs(overlap), -1)))

    def overlap(self, trial: int, pattern: int) -> Floats:
        """Return overlaps of the states of a trial with a pattern [ZG eq. 1], shape (frames,)."""
        xi = self.patterns.xi[pattern].astype(np.int64)
        return self.states[trial].astype(np.int64) @ xi / len(xi)


_ITSELF = ("own", "pattern")
"""Outcomes of recalled runs that ended in a pattern, not in its inverse."""

_BLENDS = 20  # blends whose fields are examined
_SHOWN = 2  # recalled and failed trials of each label kept for the gallery
_TRACED = 3  # trials of each label with all sweeps kept
_ANIMATED = 3  # the same for an animation, which can later be drawn with more of them


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """A few trials for the pictures.

    Parameters
    ----------
    trials : Columns
        Their rows of the table of trials, with the number of each.
    start, end : ndarray of int8, shape (n, N)
        First and last state.
    """

    trials: Columns
    start: Spins
    end: Spins


class RecallResult(StoredResult):
    """Result of a recall.

    Tables ``accuracy``, ``repeats``, ``confusion``, ``outcomes``, ``gallery`` and, if requested,
    ``trials`` and ``trace``; array file ``recall``.
    """

    @property
    def gallery(self) -> Gallery:
        """First trials of each label that were recalled, and that were not."""
        arrays = self.arrays["recall"]
        return Gallery(self.columns["gallery"], arrays["gallery.start"], arrays["gallery.end"])

    @property
    def frames(self) -> Frames | None:
        """First trials of each label after every sweep, if they were kept."""
        arrays = unprefixed("frames", self.arrays["recall"])
        return Frames.from_arrays(arrays, self.patterns) if arrays else None


def plan(config: RecallConfig, stock: Stock) -> Plan:
    """Plan to recall test images, or other starting states.

    Parameters
    ----------
    config : RecallConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all trials, and returns a
        :class:`RecallResult`.
    """
    prepared = prepare(config, stock)
    relaxation = decided(Relaxation.of(prepared), config)
    prepared = prepared.with_config(relaxation.config)

    def work(execution: RecallExecution, progress: Progress) -> RecallResult:
        relaxation = Relaxation.of(prepared, execution.threads)
        tables, arrays, rising = _run(relaxation, execution, progress)
        notes = {**_notes(relaxation, rising, config), **_findings(relaxation, tables)}
        return prepared.result(tables, arrays, **notes)

    trials = relaxation.trials
    attempts = len(trials) * relaxation.config.attempts
    return prepared.plan(work, attempts=attempts, chains=len(trials))


def _notes(relaxation: Relaxation, rising: str | None, given: TrialSettings) -> dict[str, Any]:
    """Collect warnings: resting overlaps of patterns, advice, and a rise on continuation."""
    schedule, resting = relaxation.schedule, relaxation.resting()
    warned = cautions(relaxation, resting, given)
    if max(schedule) > schedule[-1]:
        critical = float(ordering_temperatures(relaxation.couplings)[:1].sum())
        if schedule[-1] < critical < max(schedule):
            hot = (
                f"the runs begin at T = {max(schedule):.4g}, above the critical temperature "
                f"{critical:.3g}: they forget their starting states"
            )
            warned.append(("runs begin above the critical temperature", hot))
    warned += [] if rising is None else [("runs have not relaxed", rising)]
    return {
        "mixtures": mixture_method(*relaxation.patterns.xi.shape),
        "criterion": "auto" if given.is_automatic else "given",
        "resting": {
            name: {"overlap": round(float(mean), 6), "sd": round(float(sd), 6)}
            for name, mean, sd in zip(resting.name, resting.mean, resting.sd, strict=True)
        },
        **noted(warned),
    }


def _findings(relaxation: Relaxation, tables: Mapping[str, Columns]) -> dict[str, list[str]]:
    """Report recalled runs that ended in an inverse, and blends in which no site moves."""
    recalled, outcomes = int(tables["accuracy"]["recalled"][-1]), tables["outcomes"]
    inverses = recalled - int(outcomes["count"][np.isin(outcomes["outcome"], _ITSELF)].sum())
    found = []
    if inverses:
        found.append(
            f"Of the {recalled:,} recalled runs, {inverses:,} ended in the inverse of their "
            "pattern.\n--score signed counts no inverse."
        )
    start, rule = relaxation.config.start, dynamics.DYNAMICS[relaxation.config.dynamics]
    if start.leaves_zeros and not rule.stochastic:
        states = relaxation.starts(np.arange(min(_BLENDS, len(relaxation.trials))))
        if np.all(fixed_points(states, relaxation.couplings, relaxation.config.tie)):
            found.append(
                "No site moves: all fields are 0 where the two patterns differ.\n"
                f"--start {start.filled} sets these sites at random."
            )
    return {"findings": found} if found else {}


def _run(
    relaxation: Relaxation, execution: RecallExecution, progress: Progress
) -> tuple[Tables[Columns], Arrays, str | None]:
    """Run every trial block by block, and count the outcomes; warn if the runs are too short."""
    config, patterns, trials = relaxation.config, relaxation.patterns, relaxation.trials
    uses_images, size = config.start.uses_images, trials.size
    n_units = int(trials.starts.source_index.max()) + 1 if uses_images else 0
    tally = Tally(trials.labels, patterns.labels, size, config.repeats, n_units)
    continuation, missing = Continuation(relaxation), np.full(2 * len(trials.labels), _SHOWN)
    examples: list[tuple[Columns, Spins]] = []
    kept = {"trials": Blocks()} if execution.keep is not None else {}
    for rows in relaxation.blocks():
        final = relaxation.run(rows, tell=lambda done: progress(done, len(trials)))
        block = scored(relaxation, rows, final)
        tally.add(block)
        continuation.add(block, final.spins)
        if len(shown := _examples(block, missing)):
            examples.append((trials_table(block, patterns, size, shown), final.spins[shown]))
        for blocks in kept.values():
            blocks.append(trials_table(block, patterns, size))
    counts, population = tally.counts(), config.tests == "all" and uses_images
    cycles = config.dynamics == "sync"
    gallery, spins = zip(*examples, strict=True)
    tables = {
        "accuracy": accuracy_table(counts, population=population),
        "repeats": repeat_table(counts),
        "confusion": confusion_table(counts),
        "outcomes": outcome_table(counts, patterns, cycles=cycles, population=population),
        "gallery": Columns.joined(gallery),
    }
    if config.trace:
        tables["trace"] = traced(relaxation, trials.first_of_each(_TRACED))
    starts = relaxation.starts(tables["gallery"]["trial"])
    arrays = {"gallery.start": starts, "gallery.end": np.concatenate(spins)}
    if execution.animate is not None:
        animated = trials.first_of_each(max(_ANIMATED, trials_named(execution.animate)))
        attempts = execution.animate_every or config.attempts_per_sweep
        every = resolve_attempts(attempts, relaxation.couplings.n_sites)
        arrays |= prefixed("frames", Frames.of(relaxation, animated, every).to_arrays())

    def table(name: str) -> Columns:
        return tables[name] if name in tables else Columns.joined(kept[name])

    rising = continuation.warning(tables["accuracy"])
    return Tables([*tables, *kept], table, kept), arrays, rising


def scored(relaxation: Relaxation, rows: Ints, final: dynamics.FinalStates) -> Block:
    """Classify and score the final states of trials.

    Parameters
    ----------
    relaxation : Relaxation
        Protocol of the trials.
    rows : ndarray of int64, shape (n,)
        Numbers of the trials.
    final : FinalStates
        Final states.
    """
    config, trials = relaxation.config, relaxation.trials
    cycling = final.status == dynamics.TWO_CYCLE
    ends = classify(
        final.spins, relaxation.couplings, config.criterion, cycling, config.tie, final.ends
    )
    signed = config.score == "signed"
    scores = score(ends, relaxation.is_own(rows), config.criterion, signed=signed)
    return Block(rows, trials.label[rows % trials.size], trials.bank(rows), ends, scores)


def _examples(block: Block, missing: Ints) -> Ints:
    """Find the places of missing examples in a block, and count them off.

    Parameters
    ----------
    block : Block
        The trials.
    missing : ndarray of int64, shape (2 labels,)
        Number of missing trials of each label, failed and recalled in turn.
    """
    group, found = 2 * block.label + block.scores.recalled, [np.empty(0, np.int64)]
    for each in np.flatnonzero(missing):
        found.append(np.flatnonzero(group == each)[: missing[each]])
        missing[each] -= len(found[-1])
    return np.sort(np.concatenate(found))


def summary(_config: RecallConfig, result: RecallResult) -> Columns:
    """Return the accuracies; or the outcomes, if the starts have no own pattern."""
    own = set(result.columns["confusion"]["label"]) & set(result.patterns.labels)
    return result.columns["accuracy" if own else "outcomes"]


def traced(relaxation: Relaxation, rows: Ints) -> Columns:
    """Compute energy and overlaps after every sweep of some trials.

    Parameters
    ----------
    relaxation : Relaxation
        Protocol of the trials.
    rows : ndarray of int64, shape (n,)
        Numbers of the trials.
    """
    schedule, bank = relaxation.schedule, relaxation.trials.bank(rows)
    energies, m = _traced(relaxation, rows)
    overlaps = np.moveaxis(m, -1, 0) / relaxation.couplings.n_sites
    n_points = len(schedule) + 1
    return TRACE.of(
        {
            "trial": np.repeat(rows, n_points),
            "label": np.repeat(bank.label, n_points),
            "source_index": np.repeat(bank.source_index, n_points),
            "sweep": np.tile(np.arange(n_points), len(rows)),
            "temperature": np.tile([schedule[0], *schedule], len(rows)),
            "energy": energies.ravel(),
            **{
                f"overlap_{name}": overlap.ravel()
                for name, overlap in zip(relaxation.patterns.names, overlaps, strict=True)
            },
        }
    )


def _traced(relaxation: Relaxation, rows: Ints) -> tuple[Floats, Ints]:
    """Return energies, shape (rows, sweeps + 1), and N times the overlaps, shape (..., p)."""
    couplings = relaxation.couplings
    if relaxation.config.start.leaves_zeros:
        # Class sums do not contain which sites are still 0, so use the states.
        sweeps = range(relaxation.config.sweeps + 1)
        states = np.moveaxis(relaxation.by_sweep(rows)[: len(sweeps)], 1, 0)
        energies = np.stack([energy(trial, couplings) for trial in states])
        return energies, states.astype(np.int64) @ couplings.xi.T.astype(np.int64)
    recorded = relaxation.sweep(rows, relaxation.config.sweeps, record=True).class_sums
    assert recorded is not None
    sums = recorded.astype(np.int64)
    return energy_of_sums(sums, couplings), sums @ couplings.columns
