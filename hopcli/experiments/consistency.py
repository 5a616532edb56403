"""Consistency: are labels of consistent shape recalled best? [ZG, hypothesis on "1" and "4"]."""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli import dynamics
from hopcli.errors import SettingError
from hopcli.experiments import Parts, Plan, Progress, Result
from hopcli.experiments.few import few_selections
from hopcli.experiments.preparation import prepare
from hopcli.experiments.shapes import MEASURES, SHAPES, check_shapes, shape_table
from hopcli.observables import overlaps_of_sums
from hopcli.patterns import draw_samples, select
from hopcli.rules import store
from hopcli.scoring import recall_of
from hopcli.statistics import draws_interval, mean_sd_sem
from hopcli.statistics.comparisons import permutation_p, rank_correlation, rank_correlation_interval
from hopcli.streams import Streams
from hopcli.tables import Columns, Table, columns, estimate
from hopcli.waiting import interruptibly

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopcli.config import ConsistencyConfig, ThreadedExecution
    from hopcli.datasets import Dataset
    from hopcli.experiments.stock import Stock
    from hopcli.patterns import Patterns
    from hopcli.records import Floats, Ints, Spins

_log = logging.getLogger(__name__)

_CORRELATION = Table(
    "correlation",
    (
        *columns("stored: text, measure: text", key=True),
        *estimate(
            "spearman",
            "ci",
            axis="rank correlation of consistency and recall (dimensionless)",
            interval="95 % interval over selections of the patterns",
            bounds=(-1, 1),
        ),
        *columns("p, labels: integer, selections: integer"),
    ),
    headline="spearman",
)
_RECALL = Table(
    "recall",
    (
        *columns("stored: text, label: text"),
        *estimate("accuracy", "sd", "sem", "ci", percent=True, bounds=(0, 1)),
    ),
)
_SELECTIONS = Table(
    "selections", columns("stored: text, selection: integer, label: text, accuracy")
)

TABLES = (_CORRELATION, SHAPES, _RECALL, _SELECTIONS)
"""The tables of a test of consistency."""

STORED = ("all", "half")
"""Labels that are stored at once: all, or a random half."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ConsistencyResult(Result):
    """Result of a test of consistency: measures, accuracies, and their rank correlation.

    Tables ``correlation``, one row per protocol and measure; ``consistency``, one per label;
    ``recall``, one per protocol and label; ``selections``, one per protocol, selection and label.
    """


def plan(config: ConsistencyConfig, stock: Stock) -> Plan:
    """Plan to compare the consistency of labels with their recall.

    Parameters
    ----------
    config : ConsistencyConfig
        The configuration.
    stock : Stock
        Stock of data sets.

    Returns
    -------
    Plan
        Its run reports finished and all selections, each of which is a part, and returns a
        :class:`ConsistencyResult`.
    """
    prepared = prepare(config, stock)
    resolved = prepared.config
    check_shapes(prepared.dataset, resolved.digits)
    _check_tests(resolved, prepared.dataset)

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> ConsistencyResult:
        dataset = prepared.dataset
        accuracy = _recall(resolved, dataset, execution.threads, progress, parts)
        _log.debug("comparing the images of each label")
        shapes = interruptibly(shape_table, dataset, resolved.digits, resolved.samples)
        tables = {
            "correlation": _correlation_table(resolved, shapes, accuracy),
            "consistency": shapes,
            "recall": _recall_table(resolved, accuracy),
            "selections": _selection_table(resolved, accuracy),
        }
        warnings = few_selections(resolved.selections)
        return prepared.result(ConsistencyResult, tables, notes={"warnings": warnings})

    chains = len(resolved.digits) * resolved.tests
    return prepared.plan(
        work,
        resolved.selections,
        attempts=len(STORED) * resolved.selections * chains * resolved.attempts,
        chains=chains,
    )


def _check_tests(config: ConsistencyConfig, dataset: Dataset) -> None:
    """Refuse more test images than every selection leaves."""
    for label in config.digits:
        left = len(dataset.indices_of(label)) - config.samples
        if left < config.tests:
            rule = f"must be at most {max(left, 0)}, the images labelled {label!r} less the samples"
            raise SettingError("tests", rule, config.tests)


def _recall(
    config: ConsistencyConfig,
    dataset: Dataset,
    threads: int | None,
    progress: Progress,
    parts: Parts,
) -> Floats:
    """Measure each label's accuracy per selection, shape (protocols, selections, labels)."""
    missing = config.selections - len(parts)
    streams = Streams.of(config.seed)
    seeds = (
        stream.spawn(config.selections)
        for stream in (streams.patterns, streams.tests, streams.chains)
    )
    for number, own in enumerate(zip(*seeds, strict=True)):
        if number not in parts:
            parts[number] = _of_selection(config, dataset, own, threads)
            progress(1, missing)
    return np.stack([parts[number] for number in range(config.selections)], axis=1)


def _of_selection(
    config: ConsistencyConfig,
    dataset: Dataset,
    seeds: Sequence[np.random.SeedSequence],
    threads: int | None,
) -> Floats:
    """Measure accuracies in a selection, all labels at once, and by halves; shape (2, labels).

    The seeds are for the samples, for tests and halves, and for the chains.
    """
    *own, of_chains = seeds
    labels = config.digits
    patterns, tests, halves = _drawn(config, dataset, *own)
    networks = ((0, np.arange(len(labels))), *((1, half) for half in halves))
    accuracy = np.empty((len(STORED), len(labels)))
    for (protocol, stored), seed in zip(networks, of_chains.spawn(len(networks)), strict=True):
        starts = dataset.spins[tests[stored]]
        accuracy[protocol, stored] = _accuracy(config, patterns.xi[stored], starts, seed, threads)
    return accuracy


def _drawn(
    config: ConsistencyConfig,
    dataset: Dataset,
    of_samples: np.random.SeedSequence,
    of_tests: np.random.SeedSequence,
) -> tuple[Patterns, Ints, list[Ints]]:
    """Select patterns, draw tests among the other images, and divide the labels into halves.

    The tests are indices of images, shape (labels, tests); the halves are places of labels.
    """
    labels = config.digits
    legacy_seed = int(of_samples.generate_state(1)[0])
    samples = draw_samples(dataset, labels, config.samples, legacy_seed)
    rng = np.random.default_rng(of_tests)
    is_free = np.ones(len(dataset), dtype=np.bool_)
    is_free[samples] = False
    pools = (own[is_free[own]] for own in map(dataset.indices_of, labels))
    tests = np.stack([rng.choice(pool, config.tests, replace=False) for pool in pools])
    halves = np.array_split(rng.permutation(len(labels)), 2)
    return select(dataset, labels, samples)[0], tests, halves


def _accuracy(
    config: ConsistencyConfig,
    xi: Spins,
    starts: Spins,
    seed: np.random.SeedSequence,
    threads: int | None,
) -> Floats:
    """Return the recalled fraction of the starts of each pattern, (p, tests, N); shape (p,)."""
    network = store(xi, "pseudo-inverse")
    spins = starts.reshape(-1, network.n_sites)
    final = dynamics.run(
        network,
        spins,
        seeds=dynamics.chain_seeds(seed, len(spins)),
        temperatures=config.temperature,
        sweeps=config.sweeps,
        attempts_per_sweep=config.attempts_per_sweep,
        threads=threads,
    )
    m = overlaps_of_sums(final.ends, network).reshape(len(xi), -1, len(xi))
    is_own = np.eye(len(xi), dtype=np.bool_)[:, None]
    return recall_of(m, is_own, config.criterion)[0].mean(axis=1)


def _correlation_table(config: ConsistencyConfig, shapes: Columns, accuracy: Floats) -> Columns:
    """Compute the rank correlation of each measure with the accuracies, over the labels."""
    # Images start without changes, so the stream of starts is free.
    pairings, resamples = Streams.of(config.seed).starts.spawn(2)
    rows = []
    for stored, draws in zip(STORED, accuracy, strict=True):
        for measure in MEASURES:
            values, means = shapes[measure], draws.mean(axis=0)
            rows.append(
                (
                    stored,
                    measure,
                    float(rank_correlation(values, means)),
                    *rank_correlation_interval(values, draws, resamples),
                    permutation_p(values, means, pairings),
                    len(config.digits),
                    config.selections,
                )
            )
    return _CORRELATION.rows(rows)


def _recall_table(config: ConsistencyConfig, accuracy: Floats) -> Columns:
    """Compute the mean accuracy of each label, with SD, SEM and 95 % interval over selections."""
    return _RECALL.rows(
        (
            stored,
            label,
            *(float(value) for value in mean_sd_sem(means)),
            *draws_interval(means, config.tests),
        )
        for stored, draws in zip(STORED, accuracy, strict=True)
        for label, means in zip(config.digits, draws.T, strict=True)
    )


def _selection_table(config: ConsistencyConfig, accuracy: Floats) -> Columns:
    """Return the accuracy of each label in each selection."""
    places = itertools.product(STORED, range(config.selections), config.digits)
    rates = accuracy.ravel()
    return _SELECTIONS.rows((*place, rate) for place, rate in zip(places, rates, strict=True))
