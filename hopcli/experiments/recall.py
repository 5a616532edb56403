"""Recall: start from test images, run the dynamics, say where every trial ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli import dynamics
from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data, store_patterns, stored_patterns
from hopcli.experiments.scoring import (
    accuracy_table,
    confusion_table,
    examples,
    first_of_each,
    outcome_table,
    repeat_table,
    trial_table,
)
from hopcli.experiments.trials import Trials, authors_trials, draw_trials
from hopcli.notations import resolve_attempts, resolve_temperature
from hopcli.observables import energy, energy_of_sums
from hopcli.outcomes import classify, join
from hopcli.streams import Streams, seed_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.patterns import Patterns
    from hopcli.storage import Couplings

__all__ = ["Gallery", "RecallResult", "run"]

_BATCH = 8192  # chains run at once, to bound the memory
_TRACED = 3  # trials of each label whose every sweep is kept


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Starts and ends of a few trials, to be looked at.

    Parameters
    ----------
    trial : ndarray of int64, shape (n,)
        Row of each in the table of trials.
    start, end : ndarray of int8, shape (n, N)
        First and last state.
    """

    trial: NDArray[np.int64]
    start: NDArray[np.int8]
    end: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecallResult(Result):
    """The tables of a recall, with the stored patterns and a few pictures.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    gallery : Gallery
        A few trials.
    frames : ndarray of int8, shape (sweeps + 1, N), or None
        The first trial after every sweep, if it is to be animated.
    """

    patterns: Patterns
    gallery: Gallery
    frames: NDArray[np.int8] | None = None


def run(config: RecallConfig, progress: Progress = no_progress) -> RecallResult:
    """Recall test images, or whatever else runs start from.

    Parameters
    ----------
    config : RecallConfig
        What to do.
    progress : callable
        Told the trials done and the trials in all.

    Returns
    -------
    RecallResult
        Tables ``accuracy``, ``repeats``, ``confusion``, ``outcomes``, ``trials`` and,
        if asked for, ``trace``.
    """
    dataset = load_data(config)
    patterns = stored_patterns(config, dataset)
    couplings = store_patterns(config, patterns)
    streams = Streams.of(config.seed)
    attempts = resolve_attempts(config.attempts_per_sweep, couplings.n_sites)
    if config.replay_authors:
        trials = authors_trials(config, dataset, patterns, config.sweeps * attempts)
    else:
        trials = draw_trials(config, dataset, patterns, streams)
    relaxation = _Relaxation(
        config,
        couplings,
        patterns,
        trials,
        start_seed=seed_word(streams.starts),
        chain_seeds=dynamics.chain_seeds(streams.chains, len(trials)),
        attempts=attempts,
    )
    batches = np.split(np.arange(len(trials)), range(_BATCH, len(trials), _BATCH))
    ends = []
    for rows in batches:
        outcome = relaxation.run(rows, tell=lambda done: progress(done, len(trials)))
        cycling = outcome.status == dynamics.TWO_CYCLE
        ends.append(classify(outcome.spins, couplings, config.criterion, cycling, config.tie))

    table = trial_table(config, trials, patterns, join(ends))
    repeats = repeat_table(table)
    tables = {
        "accuracy": accuracy_table(table, repeats, trials.unit),
        "repeats": repeats,
        "confusion": confusion_table(table, patterns),
        "outcomes": outcome_table(table, trials.unit),
        "trials": table,
    }
    if config.trace:
        tables["trace"] = _trace_table(relaxation, first_of_each(table, _TRACED))
    shown = examples(table)
    first_trial = np.zeros(1, dtype=np.int64)
    return RecallResult(
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        tables=tables,
        # Without an own pattern to be recalled, where trials end is what was asked.
        summary=None if set(trials.label) & set(patterns.labels) else tables["outcomes"],
        patterns=patterns,
        gallery=Gallery(shown, relaxation.starts(shown), relaxation.run(shown).spins),
        frames=relaxation.by_sweep(first_trial)[:, 0] if config.animate else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxation:
    """Runs trials; where one ends depends on its own seeds alone, so any can be run again."""

    config: RecallConfig
    couplings: Couplings
    patterns: Patterns
    trials: Trials
    start_seed: int
    chain_seeds: NDArray[np.uint64]
    attempts: int

    def starts(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """First states of these trials."""
        return self.trials.first_states(rows, self.patterns, self.start_seed)

    def run(
        self,
        rows: NDArray[np.int64],
        *,
        sweeps: int | None = None,
        record: bool = False,
        tell: Callable[[int], None] | None = None,
    ) -> dynamics.FinalStates:
        """Run these trials to their end, or for fewer sweeps."""
        config = self.config
        temperatures = resolve_temperature(config.temperature, config.sweeps)
        if self.trials.sites is not None:
            per_repeat = len(self.trials.sites)
            spins = dynamics.replay(
                self.couplings,
                self.starts(rows),
                sites=self.trials.sites[rows % per_repeat],
                seeds=self.chain_seeds[rows],
                temperature=temperatures[0],
                threads=config.threads,
                progress=tell,
            )
            ran = np.full(len(rows), dynamics.RAN, dtype=np.uint8)
            return dynamics.FinalStates(spins, np.full(len(rows), config.sweeps), ran, None)
        n_sweeps = config.sweeps if sweeps is None else sweeps
        return dynamics.run(
            self.couplings,
            self.starts(rows),
            seeds=self.chain_seeds[rows],
            dynamics=config.dynamics,
            temperatures=temperatures[:n_sweeps],
            sweeps=n_sweeps,
            attempts_per_sweep=self.attempts,
            order=config.order or "random",
            tie=config.tie,
            until_stable=config.until_stable,
            record=record,
            threads=config.threads,
            progress=tell,
        )

    def by_sweep(self, rows: NDArray[np.int64]) -> NDArray[np.int8]:
        """States of these trials after 0, 1, ... sweeps, shape (sweeps + 1, rows, N)."""
        later = [self.run(rows, sweeps=k).spins for k in range(1, self.config.sweeps + 1)]
        return np.stack([self.starts(rows), *later])


def _trace_table(relaxation: _Relaxation, rows: NDArray[np.int64]) -> pd.DataFrame:
    """Energy and overlaps after every sweep of these trials."""
    config, couplings = relaxation.config, relaxation.couplings
    energies, m = _traced(relaxation, rows)
    temperatures = resolve_temperature(config.temperature, config.sweeps)
    n_points = config.sweeps + 1
    table = pd.DataFrame(
        {
            "trial": np.repeat(rows, n_points),
            "label": np.repeat(relaxation.trials.label[rows], n_points),
            "source_index": np.repeat(relaxation.trials.source_index[rows], n_points),
            "sweep": np.tile(np.arange(n_points), len(rows)),
            "temperature": np.tile([temperatures[0], *temperatures], len(rows)),
            "energy": energies.ravel(),
        }
    )
    for name, overlap in zip(relaxation.patterns.names, np.moveaxis(m, -1, 0), strict=True):
        table[f"overlap_{name}"] = overlap.ravel() / couplings.n_sites
    return table


def _traced(
    relaxation: _Relaxation, rows: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Energies, shape (rows, sweeps + 1), and N times the overlaps, shape (..., p)."""
    couplings = relaxation.couplings
    if relaxation.trials.start.leaves_zeros:
        # Which sites are still 0 is not in the class sums: look at the states.
        states = np.moveaxis(relaxation.by_sweep(rows), 1, 0)
        energies = np.stack([energy(trial, couplings) for trial in states])
        return energies, states.astype(np.int64) @ couplings.xi.T.astype(np.int64)
    recorded = relaxation.run(rows, record=True).class_sums
    assert recorded is not None
    sums = recorded.astype(np.int64)
    return energy_of_sums(sums, couplings), sums @ couplings.columns
