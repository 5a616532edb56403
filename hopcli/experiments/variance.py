"""Variance of an accuracy: contributions of selection, test images and thermal noise."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import numpy as np

from hopcli.config import RecallConfig, ThreadedExecution, VarianceConfig
from hopcli.errors import PatternError, SettingError
from hopcli.experiments import Parts, Plan, Progress, Stock, StoredResult, Tell, filled
from hopcli.experiments.cautions import few_selections
from hopcli.experiments.preparation import Prepared, prepare
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.trials import (
    MOST_IN_A_REPEAT,
    OVERALL,
    check_product,
    draw_trials,
    image_pools,
)
from hopcli.records import Floats, NDArray, digest
from hopcli.statistics import draws_interval, exact_interval, mean_sd_sem
from hopcli.statistics.comparisons import mean_difference, ranks, with_holm
from hopcli.statistics.components import Component, Components
from hopcli.tables import Columns, Table, columns

_Found = list[tuple[str, Components]]

SOURCES = ("selection", "images", "thermal")
"""Sources of the variance of an accuracy."""

_ERRORS = Table(
    "errors",
    columns(
        "label: text, test_images: text, source: text, sd ± ci, share",
        key="label source",
        rates="sd share",
        sd={"axis": "SD of an accuracy (fraction)", "interval": "95 % interval over selections"},
    ),
    headline="sd",
    where={"label": OVERALL, "test_images": "same", "source": "total"},
)
_COMPONENTS = Table(
    "components", columns("label: text, source: text, variance ± ci, share", key="label")
)
_ACCURACY = Table(
    "accuracy",
    columns(
        "label: text, selections: integer, accuracy ± sd sem ci", key="label", rates="accuracy"
    ),
)
_BEST_WORST = Table(
    "best_worst",
    columns(
        "label: text, best ± ci, worst ± ci, rank_mean, rank_sem",
        key="label",
        rates="best worst",
        rank_sem={"interval_of": "rank_mean", "end": "sem"},
    ),
)
_DIFFERENCES = Table(
    "differences", columns("label: text, other: text, difference ± sem ci, p, p_holm", key="label")
)
_RANKS = Table(
    "ranks", columns("label: text, rank: integer, fraction ± .ci", key="label", rates="fraction")
)
_SELECTIONS = Table(
    "selections",
    columns(
        "selection: integer, selection_seed: integer, seed: integer, label: text, n: integer, "
        "recalled: integer, accuracy, rank"
    ),
)

TABLES = (_ERRORS, _COMPONENTS, _ACCURACY, _BEST_WORST, _DIFFERENCES, _RANKS, _SELECTIONS)
"""The tables of a split of the variance."""

_SHOWN = ("accuracy", *(f"sd_{source}" for source in (*SOURCES, "total")), "best", "worst")
_SUMMARY = Table("summary", columns("label: text, " + ", ".join(f"{name} %" for name in _SHOWN)))
"""Printed table."""


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

    def recall(selection: int) -> Prepared[RecallConfig]:
        config = resolved.recall(selection, _seed_of(resolved, selection))
        return first.with_config(config, selects=True)

    def relaxation(selection: int, threads: int | None = None) -> Relaxation:
        prepared = recall(selection)
        try:
            return Relaxation.of(prepared, threads)
        except PatternError as error:
            seed = prepared.config.selection_seed
            raise PatternError(f"selection seed {seed}: {error}") from None
        except SettingError as error:
            if error.setting == "tests" and resolved.start.uses_images:
                _check_tests(map(recall, range(resolved.selections)))
            raise

    trials = relaxation(0).trials
    n_trials, size = len(trials), trials.size
    labels = trials.bank(np.arange(0, size, resolved.tests)).label.tolist()
    n_all, which = resolved.selections * size, f"with {size:,} tests in each selection"
    check_product(resolved, n_all, MOST_IN_A_REPEAT, which, selections=2, tests=2)
    warnings = few_selections(resolved.selections, MOST_IN_A_REPEAT // size)
    numbers = range(resolved.selections)  # check all of them now
    stored = [relaxation(number).patterns.sha256 for number in numbers]
    prepared = first.with_config(resolved)

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> VarianceResult:
        def measure(number: int, tell: Tell) -> Floats:
            """Count the recalled runs of each image, shape (labels, tests)."""
            recalled = relaxation(number, execution.threads).recalled(tell=tell)
            by_repeat = recalled.reshape(resolved.repeats, -1, resolved.tests)
            return by_repeat.sum(axis=0).astype(np.float64)

        successes = np.stack(filled(parts, resolved.selections, measure, progress, n_trials))
        tables = _tables(resolved, labels, successes)
        arrays, findings = {"recalled": successes.astype(np.int32)}, _findings(tables)
        return prepared.result(tables, arrays, findings=findings, warnings=warnings)

    inputs = {"patterns": digest(np.array(stored))}
    attempts = resolved.selections * n_trials * resolved.attempts
    return prepared.plan(work, resolved.selections, inputs, attempts=attempts, chains=n_trials)


def _check_tests(recalls: Iterable[Prepared[RecallConfig]]) -> None:
    """Refuse more tests than the labels have images in every selection."""

    def fewest(recall: Prepared[RecallConfig]) -> int:
        excludes = recall.config.exclude_samples
        return min(image_pools(recall.dataset, recall.patterns, exclude_samples=excludes).sizes)

    least = min(recalls, key=fewest)
    draw_trials(least.config, least.dataset, least.patterns, least.streams.tests)


def summary(_config: VarianceConfig, result: VarianceResult) -> Columns:
    """Make a row per label: accuracy, SD by source for the same images, share best and worst."""
    accuracy, ranked = result.columns["accuracy"], result.columns["best_worst"]
    of_same = result.columns["errors"].where(test_images="same")
    return _SUMMARY.of(
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


def _tables(config: VarianceConfig, labels: list[str], successes: Floats) -> list[Columns]:
    """Make the tables from the counts, see :class:`VarianceResult`."""
    of_each = [successes[:, [place]] for place in range(len(labels))]
    found = [
        (label, Components.of(counts, config.repeats))
        for label, counts in zip([*labels, OVERALL], [*of_each, successes], strict=True)
    ]
    recalled = successes.sum(axis=2)
    rates = recalled / (config.tests * config.repeats)
    return [
        _error_table(config, found),
        _COMPONENTS.rows(
            (label, source, *part, share)
            for label, components in found
            for source, part, share in _by_source(components, 1, 1)
        ),
        _accuracy_table(found),
        _difference_table(labels, rates, config.tests),
        *_rank_tables(config, labels, recalled),
    ]


def _error_table(config: VarianceConfig, found: _Found) -> Columns:
    """Make the SD of an accuracy by source, for repeats of the same images or of new ones."""
    tests, repeats = config.accuracy_tests, config.accuracy_repeats
    rows: list[tuple[object, ...]] = []
    for label, components in found:
        for name, units, trials in (("same", tests, repeats), ("fresh", tests * repeats, 1)):
            total = ("total", components.of_rate(units, trials), 1.0)
            for source, part, share in (*_by_source(components, units, trials), total):
                rows.append((label, name, source, *part.sd, share))
    return _ERRORS.rows(rows)


def _by_source(
    components: Components, units: int, trials: int
) -> list[tuple[str, Component, float]]:
    """Return the contribution of each source to the variance of a rate, and its share.

    Without variance, shares are NaN.
    """
    of_units, of_trials = components.units, components.trials
    parts = components.groups, of_units.of_mean(units), of_trials.of_mean(units * trials)
    variances = np.maximum([part.variance for part in parts], 0)
    shares = variances / (variances.sum() or np.nan)
    return [*zip(SOURCES, parts, shares.tolist(), strict=True)]


def _accuracy_table(found: _Found) -> Columns:
    """Make the mean accuracy over the selections, its SD and SEM, and a 95 % interval."""
    rows = []
    for label, components in found:
        rates, units = components.rate, components.n_units * components.n_strata
        rows.append((label, len(rates), *mean_sd_sem(rates), *draws_interval(rates, units)))
    return _ACCURACY.rows(rows)


def _difference_table(labels: Sequence[str], rates: Floats, tests: int) -> Columns:
    """Compare the accuracies of each pair of labels, paired by selection.

    The rates have shape (selections, labels). Of each pair of labels this is the mean difference,
    its standard error and 95 % interval, the p-value of no difference, and this p-value by Holm.
    """
    rows = []
    for one, other in itertools.combinations(range(len(labels)), 2):
        gaps = rates[:, one] - rates[:, other]
        difference, *bounds, p = mean_difference(gaps, tests)
        rows.append((labels[one], labels[other], difference, mean_sd_sem(gaps)[2], *bounds, p))
    return _DIFFERENCES.rows(with_holm(rows))


def _rank_tables(config: VarianceConfig, labels: list[str], recalled: Floats) -> list[Columns]:
    """Rank the labels by their recalled runs, shape (selections, labels); the best rank is 1.

    In a selection, tied labels have the mean of their ranks. In the shares of selections in
    which a label has each rank, ties count in equal parts.
    """
    n, n_labels = recalled.shape
    first, last = ranks(-recalled)
    every, rank = np.arange(1, n_labels + 1), (first + last) / 2
    often = np.zeros((n_labels, n_labels))  # of each label, for each rank
    for low, high in zip(first[:, :, None], last[:, :, None], strict=True):
        often += ((low <= every) & (every <= high)) / (high - low + 1)
    shares = [[(number / n, *exact_interval(number, n)) for number in row] for row in often]
    mean, _, sem = mean_sd_sem(rank)
    numbers, trials = np.arange(config.selections), config.tests * config.repeats
    seeds = [_seed_of(config, number) for number in numbers.tolist()]
    return [
        _BEST_WORST.rows(
            (label, *own[0], *own[-1], *rest)
            for label, own, *rest in zip(labels, shares, mean, sem, strict=True)
        ),
        _RANKS.rows(
            (label, place, *share)
            for label, own in zip(labels, shares, strict=True)
            for place, share in enumerate(own, start=1)
        ),
        _SELECTIONS.of(
            {
                "selection": np.repeat(numbers, n_labels),
                "selection_seed": np.repeat(numbers + config.selection_seed, n_labels),
                "seed": np.repeat(seeds, n_labels),
                "label": np.tile(labels, len(numbers)),
                "n": trials,
                "recalled": recalled.ravel().astype(np.int64),
                "accuracy": recalled.ravel() / trials,
                "rank": rank.ravel(),
            }
        ),
    ]


def _findings(tables: list[Columns]) -> list[str]:
    """Summarise the errors and the order of the labels, one sentence each.

    The first is about the label whose accuracy varies most with the samples. The second is about
    the two labels that are most often recalled worst.
    """
    named = {table.declared.name: table for table in tables}
    errors, ranked, pairs = (named[name] for name in ("errors", "best_worst", "differences"))
    n_labels = len(ranked)
    own = errors.where(test_images="same", source="selection").take(slice(n_labels))
    most = own.row(int(own["sd"].argmax()))
    low, high = 100 * most["sd_ci_low"], 100 * most["sd_ci_high"]
    spread = (
        f"The draw of the samples alone gives an accuracy an SD of up to {100 * most['sd']:.1f} "
        f"percentage points (label {most['label']}, 95 % interval {low:.1f} to {high:.1f})."
    )
    if n_labels < 2:
        return [spread]
    order = ranked["worst"].argsort(kind="stable")[::-1]
    first, second = (ranked.row(int(place)) for place in order[:2])
    sign = 1 if order[0] < order[1] else -1  # the table has each pair once
    a, b = (first["label"], second["label"])[::sign]
    pair = pairs.where(label=a, other=b).row(0)
    difference, sem, p = 100 * sign * pair["difference"], 100 * pair["difference_sem"], pair["p"]
    size = "p < 0.001" if p < 0.001 else f"p = {p:.2g}"
    worst = (
        f"Recalled worst: {first['label']} in {100 * first['worst']:.1f} % of the selections, "
        f"{second['label']} in {100 * second['worst']:.1f} %. The accuracy of {first['label']} "
        f"less that of {second['label']} is {difference:+.1f} +- {sem:.1f} percentage points "
        f"({size})."
    )
    return [spread, worst]
