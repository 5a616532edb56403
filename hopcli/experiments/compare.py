"""Compare: dynamics, simpler classifiers and ways to select patterns, on the same images."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.errors import DataError, SettingError
from hopcli.experiments import Plan, Progress, StoredResult
from hopcli.experiments.classifiers import coefficients, logistic_labels, nearest_labels
from hopcli.experiments.compare_tables import (
    REFERENCE,
    SELECTIONS,
    classifiers_finding,
    classifiers_table,
    overall_rows,
    pairs_table,
    selectors_finding,
    selectors_table,
)
from hopcli.experiments.compare_tables import TABLES as TABLES
from hopcli.experiments.few import few_selections
from hopcli.experiments.preparation import Prepared, prepare
from hopcli.experiments.relaxation import Relaxation
from hopcli.experiments.selectors import Contest, draw_contests
from hopcli.experiments.trials import draw_trials
from hopcli.observables import overlaps
from hopcli.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hopcli.config import CompareConfig, ThreadedExecution
    from hopcli.datasets import Dataset
    from hopcli.experiments.stock import Stock
    from hopcli.experiments.trials import Trials
    from hopcli.patterns import Patterns
    from hopcli.records import Bools, Floats, Ints
    from hopcli.streams import Streams
    from hopcli.tables import Columns


@dataclass(frozen=True, eq=False, kw_only=True)
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
        return _result(prepared, warm, trained, right, selections)

    return prepared.plan(
        work,
        inputs={"source": source_sha256},
        attempts=(n_trials - n_images) * recall.attempts,
        chains=n_images,
    )


def summary(config: CompareConfig, result: CompareResult) -> Columns:
    """Return the overall accuracy of each classifier."""
    del config
    overall = overall_rows(result.columns["classifiers"])
    return overall.only(name for name in overall if name != "label")


def _result(
    prepared: Prepared[CompareConfig],
    warm: Relaxation,
    trained: Mapping[str, Ints],
    right: dict[str, Bools],
    selections: Columns,
) -> CompareResult:
    """Make the tables, arrays and conclusions of the results."""
    config, bank = prepared.config, warm.trials.bank(np.arange(len(warm.trials)))
    trained_on = dict.fromkeys(right, len(warm.patterns.sample_index))
    trained_on |= {name: len(index) for name, index in trained.items()}
    classifiers = classifiers_table(right, bank.label, trained_on)
    pairs, selectors = pairs_table(right), selectors_table(selections)
    named = "test images" if config.split == "test" else "images"
    return prepared.result(
        CompareResult,
        {
            "classifiers": classifiers,
            "pairs": pairs,
            "selectors": selectors,
            "selections": selections,
        },
        {
            **prepared.pattern_arrays,
            "source_index": bank.source_index,
            "label": bank.label,
            "right": np.stack([*right.values()]),
        },
        {
            "findings": [
                classifiers_finding(classifiers, pairs, show(config.temperature), named),
                selectors_finding(selectors, config.samples),
            ],
            "warnings": few_selections(config.selections),
        },
    )


def _check_images(
    config: CompareConfig, dataset: Dataset, source: Dataset, patterns: Patterns
) -> None:
    """Refuse patterns of other images, and a label without any image to classify."""
    if not patterns.comes_from(source):
        raise DataError(
            f"{config.file}: must contain patterns of {source.name}, on which classifiers are "
            f"trained, found patterns of {patterns.dataset}"
        )
    for label in config.digits:
        of_label = dataset.indices_of(label)
        if patterns.comes_from(dataset) and np.isin(of_label, patterns.sample_index).all():
            rule = f"must have images labelled {label!r} that are not samples of the selection"
            raise SettingError("dataset", rule, config.dataset)


def _training_images(
    prepared: Prepared[CompareConfig], source: Dataset, trials: Trials, seed: np.random.SeedSequence
) -> dict[str, Ints]:
    """Return indices of the images on which each logistic regression is trained.

    They are the samples of the stored labels, or the given number of images that are not tested.
    """
    config, patterns = prepared.config, prepared.patterns
    samples = patterns.sample_index
    samples = samples[np.isin(source.labels[samples], config.digits)]
    is_free = np.ones(len(source), dtype=np.bool_)
    if source.name == prepared.name:
        tested = trials.bank(np.arange(len(trials)))
        is_free[tested.source_index] = False
    rng = np.random.default_rng(seed)
    many = []
    for label in config.digits:
        pool = source.indices_of(label)
        pool = pool[is_free[pool]]
        many.append(rng.choice(pool, min(config.training, len(pool)), replace=False))
    return {"logistic-samples": samples, "logistic": np.concatenate(many)}


def _named_rightly(
    warm: Relaxation,
    cold: Relaxation,
    source: Dataset,
    trained: Mapping[str, Ints],
    tell: Callable[[int], None],
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
        return logistic_labels(source.spins[index], source.labels[index], spins) == label

    return {
        REFERENCE: nearest(ends),
        "recalled": warm.reach(ends, rows),
        "dynamics-t0": nearest(ends_at_zero),
        "recalled-t0": cold.reach(ends_at_zero, rows),
        "overlap": nearest(m),
        "coefficients": nearest(coefficients(m, patterns.xi)),
        **{name: learnt(index) for name, index in trained.items()},
    }
