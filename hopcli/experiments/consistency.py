"""Consistency: are labels of consistent shape recalled best? [ZG, hypothesis on "1" and "4"]."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np

from hopcli import dynamics
from hopcli.config import ConsistencyConfig, ThreadedExecution
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.experiments import Parts, Plan, Progress, Result, Stock, Tell, filled
from hopcli.experiments.cautions import few_selections
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relaxation import run_chains
from hopcli.experiments.trials import free_images
from hopcli.observables import overlaps_of_sums
from hopcli.patterns import Patterns, draw_samples, select
from hopcli.records import Floats, Ints, NDArray
from hopcli.rules import store
from hopcli.statistics import draws_interval, mean_sd_sem
from hopcli.statistics.comparisons import permutation_p, rank_correlation, rank_correlation_interval
from hopcli.streams import Streams, spawned
from hopcli.tables import Columns, Table, columns
from hopcli.taxonomy import recall_of
from hopcli.waiting import interruptibly

MEASURES = ("within", "contrast", "loss")
"""Measures of consistency. A shape is consistent if its loss is low, or another value high."""

SHAPES = Table(
    "consistency",
    columns(
        "label: text, n: integer, within ± sem, between ± sem, contrast ± sem, loss ± sem, "
        "loss_per_pair ± sem, within_rank: integer, contrast_rank: integer, loss_rank: integer"
    ),
)
"""Table of the measures."""

_MOST_NUMBERS = 100_000_000  # of the moments, N x N per label
_FOR_ERRORS = 1000  # images of a label for its standard errors, which are then known to 3 %
_EXACT_FLOAT32 = 1 << 24
_ROWS = 64  # of the moments in float64 at a time


def check_shapes(dataset: Dataset, labels: Sequence[str]) -> None:
    """Refuse images that are too large, and labels with fewer than three.

    Raises
    ------
    SettingError
        If there are any.
    """
    most = int((_MOST_NUMBERS / len(labels)) ** 0.5)
    if dataset.n_sites > most:
        rule = f"must make at most {most:,} pixels with {len(labels)} labels"
        raise SettingError("size", rule, dataset.n_sites)
    for label in labels:
        if len(dataset.indices_of(label)) < 3:  # two samples and a test
            raise SettingError("digits", "must name labels with three images or more", label)


def shape_table(dataset: Dataset, labels: Sequence[str], samples: int) -> Columns:
    """Measure the consistency of the shape of each label, over all its images.

    Sums are of whole numbers up to the last division, so their order does not matter.

    Parameters
    ----------
    dataset : Dataset
        The images, at least two per label.
    labels : sequence of str
        Labels to measure; each competes with all others.
    samples : int
        M in eq. 5.

    Returns
    -------
    Columns
        A row per label: ``n`` images; ``within`` and ``between``, mean m^2, 0 to 1;
        ``contrast``; ``loss``, eq. 5 expected for M samples of each label (plain dot products),
        and ``loss_per_pair``. Each has ``_sem``, over samples of images. Those in
        :data:`MEASURES` also have ``_rank``.
    """
    n_sites, n_labels = dataset.n_sites, len(labels)
    images = [dataset.indices_of(label) for label in labels]
    number = np.array([len(own) for own in images])
    exact = np.float32 if number.max() * n_sites < _EXACT_FLOAT32 else np.float64
    moments = np.empty((n_labels, n_sites, n_sites), exact)
    for own, moment in zip(images, moments, strict=True):
        spins = dataset.states[own].astype(exact)
        np.matmul(spins.T, spins, out=moment)
    mean = _mean_squares(moments, number, n_sites)
    profiles = [
        _profiles(dataset.states[_evenly(own)].astype(exact), moments, number, place)
        for place, own in enumerate(images)
    ]
    others = (n_labels - 1) * samples * n_sites**2
    same = samples * (samples - 1) * n_sites**2
    weights = {  # of within and of between
        "within": (1.0, 0.0),
        "between": (0.0, 1.0),
        "contrast": (1.0, -1.0),
        "loss": (-float(same), float(others)),
        "loss_per_pair": (-same / others, 1.0),
    }
    columns: dict[str, NDArray[Any]] = {"label": np.array(labels, dtype=object), "n": number}
    for name, (of_within, of_between) in weights.items():
        matrix = np.full((n_labels, n_labels), of_between / (n_labels - 1))
        np.fill_diagonal(matrix, of_within)
        columns[name] = (matrix * mean).sum(axis=1)
        columns[f"{name}_sem"] = _standard_errors(matrix, profiles, number)
    for name in MEASURES:
        badness = columns[name] if name == "loss" else -columns[name]
        columns[f"{name}_rank"] = 1 + (badness[:, None] > badness).sum(axis=1)
    return SHAPES.of(columns)


def _evenly(own: Ints) -> Ints:
    """Return some of the images of a label, evenly spaced; all if there are few."""
    chosen = np.linspace(0, len(own) - 1, min(len(own), _FOR_ERRORS)).astype(np.int64)
    return own[chosen]


def _mean_squares(moments: NDArray[np.floating], number: Ints, n_sites: int) -> Floats:
    """Compute mean m^2 of an image of one label and another of another, shape (labels, labels).

    sum_xd (x.d)^2 = tr(C_l C_k) with the moments C_l = sum_x x x^T of a label. Pairs of an image
    with itself, (x.x)^2 = N^2, are excluded.
    """
    sums = -np.diag(number * float(n_sites) ** 2)
    for rows in np.array_split(np.arange(n_sites), max(1, n_sites // _ROWS)):
        some = moments[:, rows].reshape(len(number), -1).astype(np.float64)
        sums += some @ some.T
    pairs = np.outer(number, number) - np.diag(number)
    return sums / (pairs * float(n_sites) ** 2)


def _profiles(
    spins: NDArray[np.floating], moments: NDArray[np.floating], number: Ints, own: int
) -> Floats:
    """Compute mean m^2 of each image with the others of every label, shape (n, labels).

    The pair of an image with itself remains: it adds a constant, which no variance contains.
    """
    sums = [np.einsum("ni,ni->n", spins @ moment, spins, dtype=np.float64) for moment in moments]
    others = number - (np.arange(len(number)) == own)
    return np.stack(sums, axis=1) / (others * float(spins.shape[1]) ** 2)


def _standard_errors(matrix: Floats, profiles: list[Floats], number: Ints) -> Floats:
    """Compute the standard error of sum_k matrix_lk m^2_lk of each label l, as U-statistics.

    The variance is a sum over the labels of the images. The part of a label is the variance of
    the contribution of one of its images [Hoeffding 1948]. In pairs of its own label an image is
    either of the two.
    """
    variances = np.zeros(len(number))
    for place, profile in enumerate(profiles):
        # As one of the label itself it meets all labels; as a competitor, one at a time.
        contributions = profile * matrix[:, place]
        row = matrix[place].copy()
        row[place] *= 2
        contributions[:, place] = profile @ row
        variances += contributions.var(axis=0, ddof=1) / number[place]
    return np.sqrt(variances)


_log = logging.getLogger(__name__)

_CORRELATION = Table(
    "correlation",
    columns(
        "stored: text, measure: text, spearman ± ci, p, labels: integer, selections: integer",
        key="stored measure",
        spearman={
            "axis": "rank correlation of consistency and recall (dimensionless)",
            "interval": "95 % interval over selections of the patterns",
            "bounds": (-1, 1),
        },
    ),
    headline="spearman",
)
_RECALL = Table(
    "recall", columns("stored: text, label: text, accuracy % ± sd sem ci", rates="accuracy")
)
_SELECTIONS = Table(
    "selections", columns("stored: text, selection: integer, label: text, accuracy")
)

TABLES = (_CORRELATION, SHAPES, _RECALL, _SELECTIONS)
"""The tables of a test of consistency."""

Seeds = Sequence[np.random.SeedSequence]

STORED = ("all", "half")
"""Labels that are stored at once: all, or a random half."""


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
    counts = prepared.dataset.counts
    n_images, label = min((counts[each], each) for each in resolved.digits)
    left, images = n_images - resolved.samples, f"images labelled {label!r}"
    if left < 1:
        most = n_images - resolved.tests if n_images - resolved.tests > 1 else n_images - 1
        raise SettingError(
            "samples", f"must be at most {most}, to leave {images}", resolved.samples
        )
    if left < resolved.tests:
        rule = f"must be at most {left}, the {images} less the samples"
        raise SettingError("tests", rule, resolved.tests)

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> ConsistencyResult:
        dataset, streams, n = prepared.dataset, prepared.streams, resolved.selections
        seeds = spawned(n, streams.patterns, streams.tests, streams.chains)

        def measure(number: int, tell: Tell) -> Floats:
            accuracy = _of_selection(resolved, dataset, seeds[number], execution.threads)
            tell(1)
            return accuracy

        # Shape (protocols, selections, labels).
        accuracy = np.stack(filled(parts, n, measure, progress), axis=1)
        _log.debug("comparing the images of each label")
        shapes = interruptibly(shape_table, dataset, resolved.digits, resolved.samples)
        of_labels = _RECALL.rows(
            (stored, label, *mean_sd_sem(rates), *draws_interval(rates, resolved.tests))
            for stored, draws in zip(STORED, accuracy, strict=True)
            for label, rates in zip(resolved.digits, draws.T, strict=True)
        )
        places = itertools.product(STORED, range(n), resolved.digits)
        of_each = ((*place, rate) for place, rate in zip(places, accuracy.ravel(), strict=True))
        correlations = _correlations(resolved, shapes, accuracy)
        tables = (correlations, shapes, of_labels, _SELECTIONS.rows(of_each))
        return prepared.result(tables, warnings=few_selections(n))

    chains = len(resolved.digits) * resolved.tests
    attempts = len(STORED) * resolved.selections * chains * resolved.attempts
    return prepared.plan(work, resolved.selections, attempts=attempts, chains=chains)


def _of_selection(
    config: ConsistencyConfig, dataset: Dataset, seeds: Seeds, threads: int | None
) -> Floats:
    """Measure accuracies in a selection, all labels at once, and by halves; shape (2, labels).

    The seeds are for the samples, for tests and halves, and for the chains.
    """
    *own, of_chains = seeds
    labels = np.arange(len(config.digits))
    patterns, tests, halves = _drawn(config, dataset, *own)
    networks = ((0, labels), *((1, half) for half in halves))
    accuracy = np.empty((len(STORED), len(labels)))
    for (protocol, stored), seed in zip(networks, of_chains.spawn(len(networks)), strict=True):
        network = store(patterns.xi[stored], "pseudo-inverse")
        spins, p = dataset.states[tests[stored].ravel()], len(stored)
        chains = dynamics.chain_seeds(seed, len(spins))
        how = {"temperatures": config.temperature, "threads": threads}
        final = run_chains(config, network, spins, chains, **how)
        m = overlaps_of_sums(final.ends, network).reshape(p, -1, p)
        is_own = np.eye(p, dtype=np.bool_)[:, None]
        recalled, _ = recall_of(m, is_own, config.criterion)
        accuracy[protocol, stored] = recalled.mean(axis=1)
    return accuracy


def _drawn(
    config: ConsistencyConfig, dataset: Dataset, *seeds: np.random.SeedSequence
) -> tuple[Patterns, Ints, list[Ints]]:
    """Select patterns, draw tests among the other images, and divide the labels into halves.

    The seeds are for the samples, and for tests and halves. The tests are indices of images,
    shape (labels, tests); the halves are places of labels.
    """
    of_samples, of_tests = seeds
    labels = config.digits
    legacy_seed = int(of_samples.generate_state(1)[0])
    samples = draw_samples(dataset, labels, config.samples, legacy_seed)
    rng = np.random.default_rng(of_tests)
    pools = (free_images(dataset, label, samples) for label in labels)
    tests = np.stack([rng.choice(pool, config.tests, replace=False) for pool in pools])
    halves = np.array_split(rng.permutation(len(labels)), 2)
    return select(dataset, labels, samples)[0], tests, halves


def _correlations(config: ConsistencyConfig, shapes: Columns, accuracy: Floats) -> Columns:
    """Compute the rank correlation of each measure with the accuracies, over the labels."""
    # Images start without changes, so the stream of starts is free.
    pairings, resamples = Streams(config.seed).starts.spawn(2)
    rows = []
    for (stored, draws), measure in itertools.product(zip(STORED, accuracy, strict=True), MEASURES):
        values, means = shapes[measure], draws.mean(axis=0)
        interval = rank_correlation_interval(values, draws, resamples)
        p = permutation_p(values, means, pairings)
        found = (rank_correlation(values, means), *interval, p)
        rows.append((stored, measure, *found, len(config.digits), config.selections))
    return _CORRELATION.rows(rows)
