"""Variance of an accuracy: contributions of selection, test images and thermal noise."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.errors import PatternError, SettingError
from hopcli.experiments import Parts, Plan, Progress, StoredResult
from hopcli.experiments.few import few_selections
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.tally import OVERALL
from hopcli.experiments.trials import MOST_IN_A_REPEAT
from hopcli.experiments.variance_tables import (
    ACCURACY,
    BEST_WORST,
    COMPONENTS,
    ERRORS,
    RANKS,
    SELECTIONS,
    SOURCES,
    SUMMARY,
    difference_table,
    findings,
)
from hopcli.experiments.variance_tables import TABLES as TABLES
from hopcli.records import digest
from hopcli.statistics import draws_interval, exact_interval, mean_sd_sem
from hopcli.statistics.components import Component, Components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import ThreadedExecution, VarianceConfig
    from hopcli.experiments.stock import Stock
    from hopcli.records import Floats
    from hopcli.tables import Columns

    _Found = list[tuple[str, Components]]


@dataclass(frozen=True, eq=False, kw_only=True)
class VarianceResult(StoredResult):
    """Sources of the error of an accuracy.

    Tables ``errors``, ``components``, ``accuracy``, ``best_worst``, ``differences``, ``ranks``
    and ``selections``; array file ``variance``.
    """

    @property
    def recalled(self) -> NDArray[np.int32]:
        """Number of recalled runs of each image, shape (selections, labels, tests)."""
        return self.arrays["variance"]["recalled"]


def plan(config: VarianceConfig, stock: Stock) -> Plan:
    """Plan a recall for each of many selections, in which each image is run several times.

    Parameters
    ----------
    config : VarianceConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all trials, and returns a :class:`VarianceResult`. The
        trials of a selection are a part.
    """
    config.check()
    first = prepare(config.recall(0, config.seed), stock)
    resolved = config.resolve(first.facts)

    def relaxation(selection: int, threads: int | None = None) -> Relaxation:
        recall = resolved.recall(selection, _seed_of(resolved, selection))
        try:
            return Relaxation.of(first.with_config(recall, selects=True), threads)
        except PatternError as error:
            raise PatternError(f"selection seed {recall.selection_seed}: {error}") from None

    trials = relaxation(0).trials
    n_trials, size = len(trials), trials.size
    labels = trials.bank(np.arange(0, size, resolved.tests)).label.tolist()
    if resolved.selections * size > MOST_IN_A_REPEAT:
        rule = f"must be at most {MOST_IN_A_REPEAT // size:,}, as there are {size:,} tests in each"
        raise SettingError("selections", rule, resolved.selections)
    warnings = few_selections(resolved.selections, MOST_IN_A_REPEAT // size)
    numbers = range(resolved.selections)  # check all of them now
    stored = [relaxation(number).patterns.sha256 for number in numbers]
    prepared = first.with_config(resolved)

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> VarianceResult:
        missing = (resolved.selections - len(parts)) * n_trials
        for number in numbers:
            if number not in parts:
                recall = relaxation(number, execution.threads)
                recalled = recall.recalled(tell=lambda done: progress(done, missing))
                by_repeat = recalled.reshape(resolved.repeats, -1, resolved.tests)
                parts[number] = by_repeat.sum(axis=0).astype(np.float64)
        successes = np.stack([parts[number] for number in numbers])
        tables = _tables(resolved, labels, successes)
        arrays = {**prepared.pattern_arrays, "recalled": successes.astype(np.int32)}
        notes = {"findings": findings(tables), "warnings": warnings}
        return prepared.result(VarianceResult, tables, arrays, notes)

    return prepared.plan(
        work,
        resolved.selections,
        {"patterns": digest(np.array(stored))},
        attempts=resolved.selections * n_trials * resolved.attempts,
        chains=n_trials,
    )


def summary(config: VarianceConfig, result: VarianceResult) -> Columns:
    """Make a row per label: accuracy, SD by source for the same images, share best and worst."""
    del config
    accuracy, ranked = result.columns["accuracy"], result.columns["best_worst"]
    of_same = result.columns["errors"].where(test_images="same")
    return SUMMARY.of(
        {
            **{name: accuracy[name] for name in ("label", "accuracy")},
            **{f"sd_{name}": of_same.where(source=name)["sd"] for name in (*SOURCES, "total")},
            **{name: [*ranked[name], np.nan] for name in ("best", "worst")},
        }
    )


def _seed_of(config: VarianceConfig, selection: int) -> int:
    """Return the seed of everything random in a selection except the choice of its patterns."""
    sequence = np.random.SeedSequence(config.seed, spawn_key=(selection,))
    return int(sequence.generate_state(1)[0])


def _tables(config: VarianceConfig, labels: list[str], successes: Floats) -> dict[str, Columns]:
    """Make the tables from the counts, see :class:`VarianceResult`."""
    of_each = [successes[:, [place]] for place in range(len(labels))]
    found = [
        (label, Components.of(counts, config.repeats))
        for label, counts in zip([*labels, OVERALL], [*of_each, successes], strict=True)
    ]
    recalled = successes.sum(axis=2)
    trials = config.tests * config.repeats
    ranks = _Ranks.of(recalled)
    return {
        "errors": _error_table(config, found),
        "components": _component_table(found),
        "accuracy": _accuracy_table(found),
        "best_worst": _best_worst_table(labels, ranks),
        "differences": difference_table(labels, recalled / trials, config.tests),
        "ranks": _rank_table(labels, ranks),
        "selections": _selection_table(config, labels, recalled, ranks),
    }


def _error_table(config: VarianceConfig, found: _Found) -> Columns:
    """Make the SD of an accuracy by source, for repeats of the same images or of new ones."""
    tests, repeats = config.accuracy_tests, config.accuracy_repeats
    rows: list[tuple[object, ...]] = []
    for label, components in found:
        for name, units, trials in (("same", tests, repeats), ("fresh", tests * repeats, 1)):
            by_source = _by_source(components, units, trials)
            total = components.of_rate(units, trials)
            shares = [*_shares(by_source), 1.0]
            for source, part, share in zip(
                (*SOURCES, "total"), (*by_source, total), shares, strict=True
            ):
                rows.append((label, name, source, *part.sd, share))
    return ERRORS.rows(rows)


def _component_table(found: _Found) -> Columns:
    """Make the variance of one outcome by source; in `overall` that of the mean over labels."""
    rows: list[tuple[object, ...]] = []
    for label, components in found:
        by_source = _by_source(components, 1, 1)
        shares = _shares(by_source)
        rows += [
            (label, *row)
            for row in zip(SOURCES, *zip(*by_source, strict=True), shares, strict=True)
        ]
    return COMPONENTS.rows(rows)


def _by_source(components: Components, units: int, trials: int) -> tuple[Component, ...]:
    """Return the contribution of each source to the variance of a rate, given units and trials."""
    of_units, of_trials = components.units, components.trials
    return components.groups, of_units.of_mean(units), of_trials.of_mean(units * trials)


def _shares(by_source: tuple[Component, ...]) -> list[float]:
    """Return each source's share of the variance, at least 0; NaN without variance."""
    variances = np.maximum([part.variance for part in by_source], 0)
    total = variances.sum()
    shares: list[float] = (variances / (total or np.nan)).tolist()
    return shares


def _accuracy_table(found: _Found) -> Columns:
    """Make the mean accuracy over the selections, its SD and SEM, and a 95 % interval."""
    rows = []
    for label, components in found:
        rates, units = components.rate, components.n_units * components.n_strata
        moments = (float(value) for value in mean_sd_sem(rates))
        rows.append((label, len(rates), *moments, *draws_interval(rates, units)))
    return ACCURACY.rows(rows)


class _Ranks(NamedTuple):
    """Ranks of labels; the best is 1.

    Attributes
    ----------
    rank : ndarray of float64, shape (selections, labels)
        The rank in each selection; tied labels have the mean of their ranks.
    often : ndarray of float64, shape (labels, labels)
        Number of selections in which a label has each rank; ties count in equal parts.
    """

    rank: Floats
    often: Floats

    @classmethod
    def of(cls, recalled: Floats) -> _Ranks:
        """Rank labels by their number of recalled runs, shape (selections, labels)."""
        from scipy.stats import rankdata

        first, last = (rankdata(-recalled, method, axis=1) for method in ("min", "max"))
        ranks = np.arange(1, recalled.shape[1] + 1)
        often = np.zeros((len(ranks), len(ranks)))
        for low, high in zip(first[:, :, None], last[:, :, None], strict=True):
            often += ((low <= ranks) & (ranks <= high)) / (high - low + 1)
        return cls((first + last) / 2, often)


def _best_worst_table(labels: list[str], ranks: _Ranks) -> Columns:
    """Make the share of selections in which a label is best and worst, and its mean rank."""
    n = len(ranks.rank)
    ends = (_fractions(ranks.often[:, rank], n) for rank in (0, -1))
    mean, _, sem = mean_sd_sem(ranks.rank)
    rows = zip(labels, *ends, mean, sem, strict=True)
    return BEST_WORST.rows((label, *best, *worst, *rank) for label, best, worst, *rank in rows)


def _rank_table(labels: list[str], ranks: _Ranks) -> Columns:
    """Make the share of selections in which each label has each rank."""
    places = itertools.product(labels, range(1, len(labels) + 1))
    fractions = _fractions(ranks.often.ravel(), len(ranks.rank))
    return RANKS.rows((*place, *each) for place, each in zip(places, fractions, strict=True))


def _fractions(often: Floats, n: int) -> list[tuple[float, float, float]]:
    """Compute fractions of `n` selections with their 95 % intervals; parts count as parts."""
    numbers: list[float] = often.tolist()
    bounds = {number: exact_interval(number, n) for number in set(numbers)}
    return [(number / n, *bounds[number]) for number in numbers]


def _selection_table(
    config: VarianceConfig, labels: list[str], recalled: Floats, ranks: _Ranks
) -> Columns:
    """Make accuracy and rank of each label in each selection, and the seeds of its recall."""
    numbers = np.arange(config.selections)
    trials = config.tests * config.repeats
    seeds = [_seed_of(config, number) for number in numbers.tolist()]
    return SELECTIONS.of(
        {
            "selection": np.repeat(numbers, len(labels)),
            "selection_seed": np.repeat(numbers + config.selection_seed, len(labels)),
            "seed": np.repeat(seeds, len(labels)),
            "label": np.tile(labels, len(numbers)),
            "n": trials,
            "recalled": recalled.ravel().astype(np.int64),
            "accuracy": recalled.ravel() / trials,
            "rank": ranks.rank.ravel(),
        }
    )
