"""Relaxation: the trials of a recall, measured after every sweep of one run."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import SettingError
from hopcli.experiments import Plan, Progress, StoredResult, prefixed, unprefixed
from hopcli.experiments.cautions import cautions, decided, noted
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relax_tables import TABLES as TABLES
from hopcli.experiments.relax_tables import (
    Course,
    Measured,
    autocorrelation_table,
    relaxation_table,
    settling_table,
)
from hopcli.experiments.relaxation import Relaxation
from hopcli.observables import energy_of_sums, overlaps_of_sums
from hopcli.scoring import recall_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.config import RelaxConfig, ThreadedExecution
    from hopcli.config.recall import TrialSettings
    from hopcli.experiments.stock import Stock
    from hopcli.records import Ints
    from hopcli.tables import Columns

_BLOCK_SUMS = 1 << 22  # class sums kept at once, to bound the memory
_MOST_LOOKS = 20_000_000  # trials of a label times sweeps, a few numbers each

_PRINTED = (
    "sweep",
    "accuracy",
    "ci_low",
    "ci_high",
    "overlap",
    "overlap_sem",
    "energy",
    "energy_sem",
)


@dataclass(frozen=True, eq=False, kw_only=True)
class RelaxResult(StoredResult):
    """Result of the relaxation of the trials of a recall.

    Tables ``relaxation``, ``settling`` and ``autocorrelation``; array file ``relax``.
    """

    def settled(self, label: str) -> Ints:
        """Return the sweep after which each trial of a label has settled, -1 if it has not."""
        arrays = unprefixed("trials", self.arrays["relax"])
        return arrays["settled"][arrays["label"] == label]


def plan(config: RelaxConfig, stock: Stock) -> Plan:
    """Plan to run the trials of a recall, and to measure each after every sweep.

    Parameters
    ----------
    config : RelaxConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all trials, and returns a
        :class:`RelaxResult`.
    """
    prepared = prepare(config, stock)
    recall = prepared.with_config(prepared.config.recall())
    relaxation = decided(Relaxation.of(recall), config)
    _Paths(relaxation).check()
    criterion = relaxation.config.criterion
    resolved = dataclasses.replace(prepared.config, criterion=criterion)
    prepared, recall = prepared.with_config(resolved), prepared.with_config(relaxation.config)

    def work(execution: ThreadedExecution, progress: Progress) -> RelaxResult:
        relaxation = Relaxation.of(recall, execution.threads)
        measured = _Paths(relaxation).measure(progress)
        tables = {
            "relaxation": relaxation_table(measured),
            "settling": settling_table(measured, resolved.sweeps // 2),
            "autocorrelation": autocorrelation_table(measured),
        }
        arrays = {**prepared.pattern_arrays, **prefixed("trials", _each(relaxation, measured))}
        return prepared.result(RelaxResult, tables, arrays, _notes(relaxation, config))

    trials = relaxation.trials
    return prepared.plan(
        work,
        attempts=len(trials) * resolved.sweeps * resolved.attempts_per_sweep,
        chains=len(trials),
    )


def _notes(relaxation: Relaxation, given: TrialSettings) -> dict[str, Any]:
    """Collect warnings about patterns that are not held, or rest too low."""
    return {
        "criterion": "auto" if given.is_automatic else "given",
        **noted(cautions(relaxation, relaxation.resting(), given)),
    }


def _each(relaxation: Relaxation, measured: list[Measured]) -> dict[str, NDArray[Any]]:
    """Return the outcome of each trial, label by label."""
    trials = relaxation.trials
    rows = np.concatenate([one.rows for one in measured])
    bank = trials.bank(rows)
    return {
        "label": bank.label,
        "source_index": bank.source_index,
        "repeat": rows // trials.size,
        "settled": np.concatenate([one.settled for one in measured]),
        "recalled": np.concatenate([one.recalled for one in measured]),
    }


def summary(config: RelaxConfig, result: RelaxResult) -> Columns:
    """Return accuracy, overlap and energy of all labels at sweeps 0, 1, 2, 5, ... and the last."""
    n_rows = len(result.columns["settling"])
    overall = result.columns["relaxation"].take(slice(n_rows - 1, None, n_rows))
    return overall.take(np.isin(overall["sweep"], config.round_sweeps)).only(_PRINTED)


@dataclass(frozen=True, slots=True, eq=False)
class _Paths:
    """Trials of a recall, sweep by sweep."""

    relaxation: Relaxation

    @property
    def places(self) -> list[Ints]:
        """Return the places of the trials of each label in a repeat."""
        trials = self.relaxation.trials
        label = trials.bank(np.arange(trials.size)).label
        return [np.flatnonzero(label == name) for name in trials.labels]

    def check(self) -> None:
        """Refuse more sweeps of one label than fit into memory.

        Raises
        ------
        SettingError
            If there are too many.
        """
        config, n_most = self.relaxation.config, max(map(len, self.places))
        most = _MOST_LOOKS // (n_most * config.repeats)
        if config.sweeps > most:
            rule = f"must be at most {most:,} with {n_most * config.repeats:,} trials of a label"
            raise SettingError("sweeps", rule, config.sweeps)

    def measure(self, progress: Progress) -> list[Measured]:
        """Run all trials; return the measurements of each label."""
        trials, config = self.relaxation.trials, self.relaxation.config
        firsts = trials.size * np.arange(config.repeats)[:, None]
        found = []
        for label, place in zip(trials.labels, self.places, strict=True):
            rows = (firsts + place).ravel()
            course = self._course(label, rows, lambda done: progress(done, len(trials)))
            found.append(Measured.of(course, config.tests == "all" and config.start.uses_images))
        return found

    def _course(self, label: str, rows: Ints, tell: Callable[[int], None]) -> Course:
        """Run the trials of a label, some at once, and measure them after every sweep."""
        relaxation = self.relaxation
        config, couplings = relaxation.config, relaxation.couplings
        is_own = np.array(relaxation.patterns.labels) == label
        signed = config.score == "signed"
        size = max(1, _BLOCK_SUMS // ((config.sweeps + 1) * couplings.n_classes))
        looks = []
        for first in range(0, len(rows), size):
            some = rows[first : first + size]
            sums = relaxation.sweep(some, config.sweeps, record=True, tell=tell).class_sums
            assert sums is not None
            m = overlaps_of_sums(sums, couplings)
            recalled, own = recall_of(m, is_own, config.criterion, signed=signed)
            looks.append((recalled, own, energy_of_sums(sums, couplings)))
        unit = relaxation.trials.bank(rows).source_index if config.start.uses_images else rows
        recalled, own, energies = (np.concatenate(some) for some in zip(*looks, strict=True))
        return Course(label, rows, unit, recalled, own, energies)
