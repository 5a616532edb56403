"""Relaxation: the trials of a recall, measured after every sweep of one run."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from hopcli.config import RelaxConfig, ThreadedExecution
from hopcli.config.relax import round_sweeps
from hopcli.experiments import Plan, Progress, Stock, StoredResult, prefixed, unprefixed
from hopcli.experiments.cautions import cautions, decided, noted
from hopcli.experiments.preparation import prepare
from hopcli.experiments.recall_tables import RATE
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.trials import OVERALL, check_product
from hopcli.observables import energy_of_sums, overlaps_of_sums
from hopcli.records import Bools, Floats, Ints
from hopcli.statistics import clustered_intervals, mean_interval, thermal_interval
from hopcli.statistics.autocorrelation import AutocorrelationTime, autocorrelation_time
from hopcli.statistics.comparisons import time_quantile
from hopcli.statistics.rates import clustered_mean_sem
from hopcli.tables import Columns, Table, columns
from hopcli.taxonomy import recall_of

_RELAXATION = Table(
    "relaxation",
    columns(
        "sweep: integer, label: text, n: integer, recalled: integer, accuracy % ± .ci, "
        "overlap ± sem, energy [k_B = 1] ± sem",
        key="sweep label",
        rates="accuracy",
        accuracy=RATE,
    ),
    headline="accuracy",
    where={"label": OVERALL},
)
_SETTLING = Table(
    "settling",
    columns(
        "label: text, n: integer, settled % ± ci, median [sweeps] ± ci, p90 [sweeps] ± ci",
        rates="settled",
    ),
)
_AUTOCORRELATION = Table(
    "autocorrelation",
    columns(
        "label: text, n: integer, overlap_tau [sweeps] ± sem, overlap_long_enough: boolean, "
        "energy_tau [sweeps] ± sem, energy_long_enough: boolean"
    ),
)

TABLES = (_RELAXATION, _SETTLING, _AUTOCORRELATION)
"""The tables of a relaxation."""

_POINTS = 40  # approximate number of sweeps with a row
_LEVELS = (0.5, 0.9)  # median and p90


_BLOCK_SUMS = 1 << 22  # class sums kept at once, to bound the memory
_MOST_LOOKS = 20_000_000  # trials of a label times sweeps, a few numbers each

_SHOWN = ("accuracy", "ci_low", "ci_high", "overlap", "overlap_sem", "energy", "energy_sem")


class Measured(NamedTuple):
    """Measurements of the trials of a label.

    Attributes
    ----------
    label : str
        The label.
    rows : ndarray of int64, shape (trials,)
        Number of each trial in the run.
    settled : ndarray of int64, shape (trials,)
        Sweep after which each has settled, -1 if it has not.
    recalled : ndarray of bool, shape (trials,)
        True if the trial counts as recalled in the end.
    hits : ndarray of int64, shape (points,)
        Trials recalled at each sweep of the table.
    shown : dict of str to ndarray of float64, shape (points,)
        Estimates and their errors, columns of the table.
    settled_by : callable
        From a sweep to the fraction of trials that have settled by then, and its interval.
    times : dict of str to AutocorrelationTime
        Autocorrelation times of the overlap and of the energy.
    """

    label: str
    rows: Ints
    settled: Ints
    recalled: Bools
    hits: Ints
    shown: dict[str, Floats]
    settled_by: Callable[[int], tuple[float, float, float]]
    times: dict[str, AutocorrelationTime]

    @classmethod
    def of(
        cls,
        label: str,
        rows: Ints,
        unit: Ints,
        looks: tuple[Bools, Floats, Floats],
        *,
        population: bool = False,
    ) -> Measured:
        """Measure the trials of a label.

        Parameters
        ----------
        label : str
            The label.
        rows, unit : ndarray of int64, shape (trials,)
            Number of each trial in the run, and its unit, the test image; trials of one unit are
            not independent.
        looks : tuple of ndarray, shape (trials, sweeps + 1) each
            Recalled or not, overlap with the own pattern, and energy after every sweep.
        population : bool
            True if these are the trials of all images.
        """
        recalled, overlap, energy = looks
        last = recalled.shape[1] - 1
        half, points = last // 2, _points(last)
        settled = _settled(recalled, half)
        shown = dict(zip(_SHOWN, _rates(recalled[:, points], unit, population), strict=False))
        times = {}
        for name, values in (("overlap", overlap), ("energy", energy)):
            shown[name], shown[f"{name}_sem"] = clustered_mean_sem(values[:, points], unit)
            times[name] = autocorrelation_time(values[:, half + 1 :])

        @functools.cache
        def settled_by(sweep: int) -> tuple[float, float, float]:
            by = (settled >= 0) & (settled <= sweep)
            (rate,), (low,), (high,) = _rates(by[:, None], unit, population)
            return rate, low, high

        hits = recalled[:, points].sum(axis=0)
        return cls(label, rows, settled, recalled[:, -1], hits, shown, settled_by, times)


def _points(last: int) -> Ints:
    """Return round sweeps, and others between them in logarithmic steps."""
    between = np.rint(np.geomspace(1, last, _POINTS)).astype(np.int64)
    return np.union1d(round_sweeps(last), between)


def _settled(recalled: Bools, half: int) -> Ints:
    """Return the last sweep at which a trial changed, 0 if none; -1 if after half of the sweeps."""
    changed = recalled[:, 1:] != recalled[:, :-1]
    sweeps = np.arange(1, recalled.shape[1])
    last = np.max(changed * sweeps, axis=1, initial=0)
    return np.where(last <= half, last, -1)


def _rates(happened: Bools, unit: Ints, population: bool) -> Floats:
    """Return fractions of the trials and their bounds; (trials, events) in, (3, events) out."""
    _, which = np.unique(unit, return_inverse=True)
    trials = np.bincount(which)
    groups = [(np.bincount(which, hit), trials, 1) for hit in happened.T]
    if population:
        intervals = [thermal_interval(*each) for each in groups]
    else:
        intervals = clustered_intervals(groups)
    return np.vstack([happened.mean(axis=0), np.transpose(intervals)])


def _relaxation_table(measured: list[Measured], sweeps: Ints) -> Columns:
    """Make accuracy, overlap and energy of each label and of all, at some sweeps."""
    labels = [*(one.label for one in measured), OVERALL]
    n = np.array([len(one.rows) for one in measured])
    hits = np.stack([one.hits for one in measured])
    own = {name: np.stack([one.shown[name] for one in measured], axis=1) for name in _SHOWN}
    overall = {name: values.mean(axis=1) for name, values in own.items()}
    rates = zip(own["accuracy"], own["ci_low"], own["ci_high"], strict=True)
    overall["ci_low"], overall["ci_high"] = np.transpose([mean_interval(*each) for each in rates])
    for name in ("overlap_sem", "energy_sem"):
        overall[name] = np.sqrt((own[name] ** 2).sum(axis=1)) / len(measured)
    return _RELAXATION.of(
        {
            "sweep": np.repeat(sweeps, len(labels)),
            "label": np.tile(labels, len(sweeps)),
            "n": np.tile([*n, n.sum()], len(sweeps)),
            "recalled": np.vstack([hits, hits.sum(axis=0)]).T.ravel(),
            **{name: np.column_stack([own[name], overall[name]]).ravel() for name in _SHOWN},
        }
    )


def settling_table(measured: list[Measured], last: int) -> Columns:
    """Make the share of trials that have settled by the `last` sweep, and their settling times."""

    @functools.cache
    def overall(sweep: int) -> tuple[float, float, float]:
        rates, lows, highs = zip(*(one.settled_by(sweep) for one in measured), strict=True)
        return float(np.mean(rates)), *mean_interval(rates, lows, highs)

    groups = [(one.label, len(one.rows), one.settled_by) for one in measured]
    groups.append((OVERALL, sum(n for _, n, _ in groups), overall))
    rows = []
    for label, n, by in groups:
        quantiles = (bound for level in _LEVELS for bound in time_quantile(by, last, level))
        rows.append((label, n, *by(last), *quantiles))
    return _SETTLING.rows(rows)


def _autocorrelation_table(measured: list[Measured]) -> Columns:
    """Make the autocorrelation times of each label, in sweeps."""
    rows = []
    for one in measured:
        times = ((time.tau, time.sem, time.long_enough) for time in one.times.values())
        rows.append((one.label, len(one.rows), *itertools.chain(*times)))
    return _AUTOCORRELATION.rows(rows)


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
    trials, repeats = relaxation.trials, relaxation.config.repeats
    n_most = repeats * max(map(len, trials.places()))
    n_looks, which = n_most * relaxation.config.sweeps, f"with {n_most:,} trials of a label"
    check_product(relaxation.config, n_looks, _MOST_LOOKS, which, sweeps=4, repeats=1, tests=1)
    criterion = relaxation.config.criterion
    resolved = dataclasses.replace(prepared.config, criterion=criterion)
    prepared, recall = prepared.with_config(resolved), prepared.with_config(relaxation.config)

    def work(execution: ThreadedExecution, progress: Progress) -> RelaxResult:
        relaxation = Relaxation.of(recall, execution.threads)
        measured = [*_measured(relaxation, progress)]
        rows, settled, recalled = (
            np.concatenate([getattr(one, name) for one in measured])
            for name in ("rows", "settled", "recalled")
        )
        bank, repeat = relaxation.trials.bank(rows), rows // relaxation.trials.size
        arrays = {"label": bank.label, "source_index": bank.source_index, "repeat": repeat}
        arrays |= {"settled": settled, "recalled": recalled}
        tables = [_relaxation_table(measured, _points(resolved.sweeps))]
        tables += [settling_table(measured, resolved.sweeps // 2), _autocorrelation_table(measured)]
        criterion = "auto" if config.is_automatic else "given"
        notes = noted(cautions(relaxation, relaxation.resting(), config))
        trials = prefixed("trials", arrays)
        return prepared.result(tables, trials, criterion=criterion, **notes)

    attempts = len(trials) * resolved.sweeps * resolved.attempts_per_sweep
    return prepared.plan(work, attempts=attempts, chains=len(trials))


def _measured(relaxation: Relaxation, progress: Progress) -> Iterator[Measured]:
    """Run the trials of each label, some at once, and measure them after every sweep."""
    trials, config, network = relaxation.trials, relaxation.config, relaxation.couplings
    all_images = config.tests == "all" and config.start.uses_images
    size = max(1, _BLOCK_SUMS // ((config.sweeps + 1) * network.n_classes))
    firsts = trials.size * np.arange(config.repeats)[:, None]

    def tell(done: int) -> None:
        progress(done, len(trials))

    for label, place in zip(trials.labels, trials.places(), strict=True):
        rows = (firsts + place).ravel()
        is_own = np.array(relaxation.patterns.labels) == label
        looks = []
        for first in range(0, len(rows), size):
            some = rows[first : first + size]
            final = relaxation.sweep(some, config.sweeps, record=True, progress=tell)
            sums = final.class_sums
            assert sums is not None
            m, signed = overlaps_of_sums(sums, network), config.score == "signed"
            recalled, own = recall_of(m, is_own, config.criterion, signed=signed)
            looks.append((recalled, own, energy_of_sums(sums, network)))
        unit = trials.bank(rows).source_index if config.start.uses_images else rows
        recalled, own, energy = (np.concatenate(some) for some in zip(*looks, strict=True))
        yield Measured.of(label, rows, unit, (recalled, own, energy), population=all_images)


def summary(config: RelaxConfig, result: RelaxResult) -> Columns:
    """Return accuracy, overlap and energy of all labels at sweeps 0, 1, 2, 5, ... and the last."""
    n_rows = len(result.columns["settling"])
    overall = result.columns["relaxation"].take(slice(n_rows - 1, None, n_rows))
    return overall.take(np.isin(overall["sweep"], config.round_sweeps)).only(("sweep", *_SHOWN))
