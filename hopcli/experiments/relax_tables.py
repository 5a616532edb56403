"""Tables of a relaxation, from the trials of each label after every sweep."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hopcli.config.relax import round_sweeps
from hopcli.experiments.recall_tables import rate_intervals
from hopcli.experiments.tally import OVERALL
from hopcli.statistics import mean_interval
from hopcli.statistics.autocorrelation import AutocorrelationTime, autocorrelation_time
from hopcli.statistics.means import clustered_mean_sem
from hopcli.statistics.medians import time_quantile
from hopcli.tables import Column, Columns, Table, columns, ends_of, estimate

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopcli.records import Bools, Floats, Ints

_RELAXATION = Table(
    "relaxation",
    (
        *columns("sweep: integer, label: text", key=True),
        *columns("n: integer, recalled: integer"),
        Column(
            "accuracy",
            percent=True,
            axis="accuracy (fraction of trials recalled)",
            bounds=(0, 1),
            counts=("recalled", "n"),
            interval="95 % interval for a new start, or of a new run where all images are tested",
        ),
        *ends_of("accuracy", "ci", prefix="", percent=True),
        *estimate("overlap", "sem"),
        *estimate("energy", "sem", unit="k_B = 1"),
    ),
    headline="accuracy",
    where={"label": OVERALL},
)
_SETTLING = Table(
    "settling",
    (
        *columns("label: text, n: integer"),
        *estimate("settled", "ci", percent=True, bounds=(0, 1)),
        *estimate("median", "ci", unit="sweeps"),
        *estimate("p90", "ci", unit="sweeps"),
    ),
)
_AUTOCORRELATION = Table(
    "autocorrelation",
    (
        *columns("label: text, n: integer"),
        *estimate("overlap_tau", "sem", unit="sweeps"),
        Column("overlap_long_enough", "boolean"),
        *estimate("energy_tau", "sem", unit="sweeps"),
        Column("energy_long_enough", "boolean"),
    ),
)

TABLES = (_RELAXATION, _SETTLING, _AUTOCORRELATION)
"""The tables of a relaxation."""

_POINTS = 40  # approximate number of sweeps with a row
_LEVELS = (0.5, 0.9)  # median and p90


class Course(NamedTuple):
    """Trials of a label after every sweep.

    Attributes
    ----------
    label : str
        The label.
    rows : ndarray of int64, shape (trials,)
        Number of each trial in the run.
    unit : ndarray of int64, shape (trials,)
        Unit of each trial, the test image; trials of one unit are not independent.
    recalled : ndarray of bool, shape (trials, sweeps + 1)
        True if the trial counts as recalled.
    overlap : ndarray of float64, shape (trials, sweeps + 1)
        Signed overlap with the own pattern, NaN without one.
    energy : ndarray of float64, shape (trials, sweeps + 1)
        Energy H (k_B = 1).
    """

    label: str
    rows: Ints
    unit: Ints
    recalled: Bools
    overlap: Floats
    energy: Floats


class Bounded(NamedTuple):
    """Fraction with its 95 % interval."""

    rate: float
    low: float
    high: float


class Rates(NamedTuple):
    """Fractions with their 95 % intervals, float64, shape (n,) each."""

    rate: Floats
    low: Floats
    high: Floats


class Measured(NamedTuple):
    """Measurements of the trials of a label, or of all labels together.

    Attributes
    ----------
    label : str
        The label, or ``overall``.
    sweeps : ndarray of int64, shape (points,)
        Sweeps in the table.
    rows : ndarray of int64, shape (trials,)
        Number of each trial in the run.
    settled : ndarray of int64, shape (trials,)
        Sweep after which each has settled, -1 if it has not.
    recalled : ndarray of bool, shape (trials,)
        True if the trial counts as recalled in the end.
    hits : ndarray of int64, shape (points,)
        Trials recalled.
    accuracy : Rates, shape (points,)
        Fraction of the trials recalled.
    means : dict of str to ndarray of float64, shape (points,)
        Mean and standard error of overlap and energy, columns of the table.
    settled_by : callable
        From a sweep to the fraction of trials that have settled by then, with its interval.
    times : dict of str to AutocorrelationTime
        Autocorrelation times of the energy and of the overlap.
    """

    label: str
    sweeps: Ints
    rows: Ints
    settled: Ints
    recalled: Bools
    hits: Ints
    accuracy: Rates
    means: dict[str, Floats]
    settled_by: Callable[[int], Bounded]
    times: dict[str, AutocorrelationTime]

    @classmethod
    def of(cls, course: Course, population: bool) -> Measured:
        """Measure the trials of a label; a `population` contains all images."""
        last = course.recalled.shape[1] - 1
        half, points = last // 2, _points(last)
        settled = _settled(course.recalled, half)
        quantities = {"overlap": course.overlap, "energy": course.energy}
        means: dict[str, Floats] = {}
        for name, values in quantities.items():
            means[name], means[f"{name}_sem"] = clustered_mean_sem(values[:, points], course.unit)
        recalled = course.recalled[:, points]

        @functools.cache
        def settled_by(sweep: int) -> Bounded:
            by = (settled >= 0) & (settled <= sweep)
            (rate,), (low,), (high,) = _rates(by[:, None], course.unit, population=population)
            return Bounded(rate, low, high)

        return cls(
            course.label,
            points,
            course.rows,
            settled,
            course.recalled[:, -1],
            recalled.sum(axis=0),
            _rates(recalled, course.unit, population=population),
            means,
            settled_by,
            {
                name: autocorrelation_time(values[:, half + 1 :])
                for name, values in quantities.items()
            },
        )


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


def _rates(happened: Bools, unit: Ints, *, population: bool) -> Rates:
    """Return the fraction of trials in which each event occurred, shape (trials, events)."""
    _, which = np.unique(unit, return_inverse=True)
    trials = np.bincount(which)
    groups = [(np.bincount(which, hit), trials, 1) for hit in happened.T]
    low, high = zip(*rate_intervals(groups, population=population), strict=True)
    return Rates(happened.mean(axis=0), np.array(low), np.array(high))


def _overall(of_labels: list[Rates]) -> Rates:
    """Return the means over labels."""
    rates, lows, highs = (np.stack(values, axis=1) for values in zip(*of_labels, strict=True))
    bounds = [mean_interval(*each) for each in zip(rates, lows, highs, strict=True)]
    low, high = zip(*bounds, strict=True)
    return Rates(rates.mean(axis=1), np.array(low), np.array(high))


def relaxation_table(measured: list[Measured]) -> Columns:
    """Make accuracy, overlap and energy of each label and of all, at some sweeps."""
    labels = [one.label for one in measured] + [OVERALL]
    overall = _overall([one.accuracy for one in measured])
    rates = [*(one.accuracy for one in measured), overall]
    n = np.array([len(one.rows) for one in measured])
    hits = np.stack([one.hits for one in measured])
    sweeps = measured[0].sweeps
    columns: dict[str, Any] = {
        "sweep": np.repeat(sweeps, len(labels)),
        "label": np.tile(labels, len(sweeps)),
        "n": np.tile([*n, n.sum()], len(sweeps)),
        "recalled": np.vstack([hits, hits.sum(axis=0)]).T.ravel(),
        "accuracy": np.stack([each.rate for each in rates], axis=1).ravel(),
        "ci_low": np.stack([each.low for each in rates], axis=1).ravel(),
        "ci_high": np.stack([each.high for each in rates], axis=1).ravel(),
    }
    for name in ("overlap", "energy"):
        mean = np.stack([one.means[name] for one in measured], axis=1)
        sem = np.stack([one.means[f"{name}_sem"] for one in measured], axis=1)
        both = np.sqrt((sem**2).sum(axis=1)) / len(measured)
        columns[name] = np.column_stack([mean, mean.mean(axis=1)]).ravel()
        columns[f"{name}_sem"] = np.column_stack([sem, both]).ravel()
    return _RELAXATION.of(columns)


def settling_table(measured: list[Measured], last: int) -> Columns:
    """Make the share of trials that have settled by the `last` sweep, and their settling times."""

    @functools.cache
    def overall(sweep: int) -> Bounded:
        rates, lows, highs = zip(*(one.settled_by(sweep) for one in measured), strict=True)
        return Bounded(float(np.mean(rates)), *mean_interval(rates, lows, highs))

    labels = [*(one.label for one in measured), OVERALL]
    numbers = [len(one.rows) for one in measured]
    settled_by: list[Callable[[int], Bounded]] = [*(one.settled_by for one in measured), overall]
    rows = []
    for label, n, by in zip(labels, [*numbers, sum(numbers)], settled_by, strict=True):
        quantiles = (bound for level in _LEVELS for bound in time_quantile(by, last, level))
        rows.append((label, n, *by(last), *quantiles))
    return _SETTLING.rows(rows)


def autocorrelation_table(measured: list[Measured]) -> Columns:
    """Make the autocorrelation times of each label, in sweeps."""
    rows = []
    for one in measured:
        times = ((time.tau, time.sem, time.long_enough) for time in one.times.values())
        rows.append((one.label, len(one.rows), *itertools.chain(*times)))
    return _AUTOCORRELATION.rows(rows)
