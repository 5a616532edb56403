"""Compare: dynamics, simpler classifiers and ways to select patterns, on the same images."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from hopcli.config import CompareConfig, ThreadedExecution
from hopcli.datasets import Dataset
from hopcli.errors import DataError, SettingError
from hopcli.experiments import Plan, Progress, Stock, StoredResult, Tell
from hopcli.experiments.cautions import few_selections
from hopcli.experiments.contests import (
    SELECTORS,
    Contest,
    coefficients,
    draw_contests,
    logistic_labels,
    nearest_labels,
)
from hopcli.experiments.preparation import Prepared, prepare
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.trials import OVERALL, Trials, draw_trials, free_images
from hopcli.observables import overlaps
from hopcli.patterns import Patterns
from hopcli.records import Bools, Floats, Ints, Texts
from hopcli.statistics import draws_interval, exact_interval, mean_sd_sem
from hopcli.statistics.comparisons import mcnemar, mean_difference, paired_interval, with_holm
from hopcli.streams import Streams
from hopcli.tables import Columns, Table, columns
from hopcli.values import show

REFERENCE = "dynamics"
"""Classifier with which the others are compared."""

_CLASSIFIERS = Table(
    "classifiers",
    columns(
        "classifier: text, label: text, trained_on: integer, n: integer, correct: integer, "
        "accuracy % ± .ci",
        key="classifier label",
        rates="accuracy",
        accuracy={
            "axis": "accuracy (fraction of images named correctly)",
            "counts": ("correct", "n"),
            "interval": "95 % interval for new images",
        },
    ),
    headline="accuracy",
    where={"label": OVERALL},
)
_PAIRS = Table(
    "pairs",
    columns(
        "classifier: text, other: text, n: integer, classifier_only: integer, "
        "other_only: integer, difference ± ci, p, p_holm"
    ),
)
_SELECTORS = Table(
    "selectors",
    columns(
        "samples: integer, selector: text, selections: integer, accuracy % ± sd sem ci, "
        "difference ± ci, p, p_holm",
        rates="accuracy",
    ),
)
SELECTIONS = Table(
    "selections",
    columns(
        "samples: integer, selector: text, selection: integer, n: integer, recalled: integer, "
        "accuracy"
    ),
)

TABLES = (_CLASSIFIERS, _PAIRS, _SELECTORS, SELECTIONS)
"""The tables of a comparison."""

_NEAREST = "overlap"  # the classifier without dynamics
_FIRST = next(iter(SELECTORS))


def classifiers_table(
    right: Mapping[str, Bools], label: Texts, trained_on: Mapping[str, int]
) -> Columns:
    """Count the images that each classifier names correctly, per label and overall.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (images,)
        Images that each classifier has named correctly.
    label : ndarray of str, shape (images,)
        Label of each image.
    trained_on : mapping of str to int
        Number of images from whose labels each classifier was made.
    """
    groups = [(name, label == name) for name in dict.fromkeys(label.tolist())]
    groups.append((OVERALL, np.ones(len(label), dtype=np.bool_)))
    rows = []
    for classifier, correct in right.items():
        for name, own in groups:
            n, hits = int(own.sum()), int(correct[own].sum())
            known = (classifier, name, trained_on[classifier], n, hits)
            rows.append((*known, hits / n, *exact_interval(hits, n)))
    return _CLASSIFIERS.rows(rows)


def overall_rows(classifiers: Columns) -> Columns:
    """Return the last row of each classifier."""
    names = classifiers["classifier"]
    return classifiers.take(np.append(names[1:] != names[:-1], True))


def pairs_table(right: Mapping[str, Bools]) -> Columns:
    """Compare the dynamics with every other classifier, on the same images.

    Parameters
    ----------
    right : mapping of str to ndarray of bool, shape (images,)
        Images that each classifier has named correctly.
    """
    own = right[REFERENCE]
    rows = []
    for other, correct in right.items():
        if other == REFERENCE:
            continue
        n, counts = len(own), (int((own & ~correct).sum()), int((correct & ~own).sum()))
        difference = (counts[0] - counts[1]) / n
        bounds, p = paired_interval(*counts, n), mcnemar(*counts)
        rows.append((REFERENCE, other, n, *counts, difference, *bounds, p))
    return _PAIRS.rows(with_holm(rows))


def selectors_table(selections: Columns) -> Columns:
    """Summarise the recall with the patterns of each selector, over the selections.

    Parameters
    ----------
    selections : Columns
        Samples, selector, selection, n, recalled and accuracy of each.
    """
    rows: list[tuple[Any, ...]] = []
    for n_samples in dict.fromkeys(selections["samples"].tolist()):
        at_m = selections.where(samples=n_samples)
        first = at_m.where(selector=_FIRST)["accuracy"]
        for selector in dict.fromkeys(at_m["selector"].tolist()):
            own = at_m.where(selector=selector)
            rates, n_images = own["accuracy"], int(own["n"].min())
            known = (*mean_sd_sem(rates), *draws_interval(rates, n_images))
            compared: tuple[float, ...] = (np.nan,) * 4
            if selector != _FIRST:
                compared = mean_difference(rates - first, n_images)
            rows.append((n_samples, selector, len(own), *known, *compared))
    return _SELECTORS.rows(with_holm(rows))


def classifiers_finding(classifiers: Columns, pairs: Columns, temperature: str, images: str) -> str:
    """State in a sentence whether the dynamics add accuracy to the nearest stored pattern.

    Parameters
    ----------
    classifiers, pairs : Columns
        The tables.
    temperature : str
        Temperature of the dynamics, as text.
    images : str
        Images that were classified, such as ``"test images"``.
    """
    overall = overall_rows(classifiers)
    rate = dict(zip(overall["classifier"], 100 * overall["accuracy"], strict=True))
    pair = pairs.where(other=_NEAREST).row(0)
    parts = ("difference", "difference_ci_low", "difference_ci_high")
    verdict = _verdict(*(100 * pair[part] for part in parts))
    return (
        f"Dynamics at T = {temperature} name {rate[REFERENCE]:.1f} % of {pair['n']:,} {images} "
        f"correctly, the nearest stored pattern {rate[_NEAREST]:.1f} %: the dynamics {verdict}, "
        f"{_p(pair['p'])})."
    )


def _verdict(points: float, low: float, high: float) -> str:
    """Return "add", "cost" or "make no difference", with the interval."""
    if low > 0:
        return f"add {points:.1f} points (95 % interval {low:.1f} to {high:.1f}"
    if high < 0:
        return f"cost {-points:.1f} points (95 % interval {-high:.1f} to {-low:.1f}"
    return f"make no difference beyond the interval (95 %: {low:.1f} to {high:.1f} points"


def selectors_finding(selectors: Columns, samples: int) -> str:
    """Compare the selectors in a sentence, at the M nearest to a given one.

    Parameters
    ----------
    selectors : Columns
        The table.
    samples : int
        The given M.
    """
    n_samples = min(selectors["samples"].tolist(), key=lambda m: abs(m - samples))
    first, *rest = (
        row for row in map(selectors.row, range(len(selectors))) if row["samples"] == n_samples
    )
    others = [
        f"{row['selector']} {100 * row['difference']:+.1f} points "
        f"({100 * row['difference_ci_low']:.1f} to {100 * row['difference_ci_high']:.1f}, "
        f"{_p(row['p_holm'])})"
        for row in rest
    ]
    return (
        f"Out of M = {n_samples} samples {_FIRST} chooses patterns that recall "
        f"{100 * first['accuracy']:.1f} % of unseen images (mean of "
        f"{first['selections']} selections); {', '.join(others)}, p by Holm."
    )


def _p(p: float) -> str:
    return f"p = {p:.2g}" if p >= 1e-99 else "p < 1e-99"


class CompareResult(StoredResult):
    """Result of a comparison.

    Tables ``classifiers``, ``pairs``, ``selectors`` and ``selections``. Array file ``compare``
    contains the stored patterns and, for each image, ``source_index``, ``label`` and ``right``,
    shape (classifiers, images). Note ``findings`` contains the conclusions.
    """


def plan(config: CompareConfig, stock: Stock) -> Plan:
    """Plan to classify the same images in several ways, and by patterns selected in several ways.

    Parameters
    ----------
    config : CompareConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all trials, and returns a
        :class:`CompareResult`.
    """
    prepared = prepare(config, stock)
    resolved = prepared.config
    source_sha256 = stock.source(resolved).sha256
    prepared.network()  # refuses an impossible one now
    recall, recall_at_zero = (
        one.resolve(prepared.facts) for one in (resolved.recall(), resolved.recall_at_zero())
    )

    def drawn() -> tuple[Trials, dict[str, Ints], list[Contest]]:
        dataset, source, streams = prepared.dataset, stock.source(resolved), prepared.streams
        _check_images(resolved, dataset, source, prepared.patterns)
        trials = draw_trials(recall, dataset, prepared.patterns, streams.tests)
        training, *seeds = streams.patterns.spawn(1 + resolved.selections)
        trained = _training_images(prepared, source, trials, training)
        return trials, trained, draw_contests(resolved, recall, dataset, source, seeds, streams)

    trials, _, contests = drawn()  # refuses impossible ones now
    n_images = len(trials)
    n_trials = 2 * n_images + sum(contest.n_trials for contest in contests)
    del trials, contests

    def work(execution: ThreadedExecution, progress: Progress) -> CompareResult:
        trials, trained, contests = drawn()

        def tell(done: int) -> None:
            progress(done, n_trials)

        def run(patterns: Patterns, trials: Trials, streams: Streams) -> Relaxation:
            network = prepared.network(patterns=patterns)
            return Relaxation(recall, network, patterns, trials, streams, None, execution.threads)

        selections = SELECTIONS.rows(
            row for one in contests for row in one.measure(lambda *on: run(*on).recalled(tell=tell))
        )
        warm = run(prepared.patterns, trials, prepared.streams)
        cold = dataclasses.replace(warm, config=recall_at_zero)
        right = _named_rightly(warm, cold, stock.source(resolved), trained, tell)
        bank = trials.bank(np.arange(n_images))
        trained_on = dict.fromkeys(right, len(prepared.patterns.sample_index))
        trained_on |= {name: len(index) for name, index in trained.items()}
        classifiers = classifiers_table(right, bank.label, trained_on)
        pairs, selectors = pairs_table(right), selectors_table(selections)
        temperature = show(resolved.temperature)
        named = "test images" if resolved.split == "test" else "images"
        named_rightly = np.stack([*right.values()])
        tables = [classifiers, pairs, selectors, selections]
        arrays = {"source_index": bank.source_index, "label": bank.label, "right": named_rightly}
        findings = [classifiers_finding(classifiers, pairs, temperature, named)]
        findings.append(selectors_finding(selectors, resolved.samples))
        warnings = few_selections(resolved.selections)
        return prepared.result(tables, arrays, findings=findings, warnings=warnings)

    inputs, attempts = {"source": source_sha256}, (n_trials - n_images) * recall.attempts
    return prepared.plan(work, inputs=inputs, attempts=attempts, chains=n_images)


def summary(_config: CompareConfig, result: CompareResult) -> Columns:
    """Return the overall accuracy of each classifier."""
    overall = overall_rows(result.columns["classifiers"])
    return overall.only(name for name in overall if name != "label")


def _check_images(
    config: CompareConfig, dataset: Dataset, source: Dataset, patterns: Patterns
) -> None:
    """Refuse patterns of other images, and a label without any image to classify."""
    if not patterns.comes_from(source):
        raise DataError(
            f"{config.file}: must contain patterns of {source.name}, on which classifiers are "
            f"trained, found patterns of {patterns.dataset}"
        )
    for label in config.digits if patterns.comes_from(dataset) else ():
        if not len(free_images(dataset, label, patterns.sample_index)):
            rule = f"must have images labelled {label!r} that are not samples of the selection"
            raise SettingError("dataset", rule, config.dataset)


def _training_images(
    prepared: Prepared[CompareConfig], source: Dataset, trials: Trials, seed: np.random.SeedSequence
) -> dict[str, Ints]:
    """Return indices of the images on which each logistic regression is trained.

    They are the samples of the stored labels, or the given number of images that are not tested.
    """
    config, samples = prepared.config, prepared.patterns.sample_index
    tested = trials.bank(np.arange(len(trials)))
    used: Ints | list[int] = tested.source_index if source.name == prepared.name else []
    rng = np.random.default_rng(seed)
    pools = (free_images(source, label, used) for label in config.digits)
    many = [rng.choice(pool, min(config.training, len(pool)), replace=False) for pool in pools]
    return {
        "logistic-samples": samples[np.isin(source.labels[samples], config.digits)],
        "logistic": np.concatenate(many),
    }


def _named_rightly(
    warm: Relaxation, cold: Relaxation, source: Dataset, trained: Mapping[str, Ints], tell: Tell
) -> dict[str, Bools]:
    """Return which images each classifier names correctly, bool, shape (images,) each."""
    patterns, rows = warm.patterns, np.arange(len(warm.trials))
    bank, signed = warm.trials.bank(rows), warm.config.score == "signed"
    label, spins = bank.label, bank.states[bank.row]
    m = overlaps(spins, patterns.xi)
    ends, ends_at_zero = (
        np.concatenate([one.overlaps(some, tell) for some in one.blocks()]) for one in (warm, cold)
    )

    def nearest(values: Floats) -> Bools:
        return nearest_labels(values, patterns.labels, signed=signed) == label

    def learnt(index: Ints) -> Bools:
        return logistic_labels(source.states[index], source.labels[index], spins) == label

    return {
        REFERENCE: nearest(ends),
        "recalled": warm.reach(ends, rows),
        "dynamics-t0": nearest(ends_at_zero),
        "recalled-t0": cold.reach(ends_at_zero, rows),
        "overlap": nearest(m),
        "coefficients": nearest(coefficients(m, patterns.xi)),
        **{name: learnt(index) for name, index in trained.items()},
    }
