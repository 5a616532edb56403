"""Compare: the dynamics, simpler classifiers and ways to select patterns, on the same images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.errors import DataError, SettingError
from hopcli.experiments import Plan, Progress, StoredResult
from hopcli.experiments.classifiers import (
    coefficients,
    logistic_labels,
    nearest_labels,
)
from hopcli.experiments.compare_tables import (
    REFERENCE,
    SELECTIONS,
    TABLES,
    classifiers_finding,
    classifiers_table,
    overall_rows,
    pairs_table,
    selectors_finding,
    selectors_table,
)
from hopcli.experiments.contests import Contest, Runs, draw_contests, measure
from hopcli.experiments.few import few_selections
from hopcli.experiments.preparation import Prepared, prepare
from hopcli.experiments.trials import draw_trials
from hopcli.observables import overlaps
from hopcli.values import show

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import CompareConfig, ThreadedExecution
    from hopcli.datasets import Dataset
    from hopcli.experiments.stock import Stock
    from hopcli.experiments.trials import Trials
    from hopcli.patterns import Patterns
    from hopcli.starts import Bank
    from hopcli.streams import Streams
    from hopcli.tables import Columns

__all__ = ["TABLES", "CompareResult", "plan", "summary"]


@dataclass(frozen=True, eq=False, kw_only=True)
class CompareResult(StoredResult):
    """What a comparison found.

    Tables ``classifiers``, ``pairs``, ``selectors`` and ``selections``; array file
    ``compare`` with the stored patterns and, of each image, ``source_index``, ``label`` and
    ``right``, shape (classifiers, images). Note ``findings``: what it comes to.
    """


def plan(config: CompareConfig, stock: Stock) -> Plan:
    """Plan to name the same images in several ways, and by patterns selected in several ways.

    Parameters
    ----------
    config : CompareConfig
        What to do.
    stock : Stock
        Where data, selections and couplings are.

    Returns
    -------
    Plan
        Its run is told the trials done and the trials in all, and gives a
        :class:`CompareResult`.
    """
    prepared = prepare(config, stock)
    resolved = prepared.config
    source_sha256 = stock.source(resolved).sha256
    prepared.network()  # an impossible one is refused now
    recall, recall_at_zero = (
        one.resolve(prepared.facts) for one in (resolved.recall(), resolved.recall_at_zero())
    )

    def drawn() -> tuple[_Images, _Trained, list[Contest]]:
        dataset, source, patterns = prepared.dataset, stock.source(resolved), prepared.patterns
        _check_images(resolved, dataset, source, patterns)
        streams = prepared.streams
        trials = draw_trials(recall, dataset, patterns, streams.tests)
        images = _Images(dataset, source, patterns, trials, streams)
        training, *seeds = streams.patterns.spawn(1 + resolved.selections)
        trained = _training_images(resolved, images, training)
        return images, trained, draw_contests(resolved, recall, dataset, source, seeds, streams)

    images, _, contests = drawn()  # impossible ones are refused now
    n_images = len(images.trials)
    n_trials = 2 * n_images + sum(contest.n_trials(resolved) for contest in contests)
    del images, contests

    def work(execution: ThreadedExecution, progress: Progress) -> CompareResult:
        images, trained, contests = drawn()

        def tell(done: int) -> None:
            progress(done, n_trials)

        warm = Runs(recall, prepared, execution.threads, tell)
        cold = Runs(recall_at_zero, prepared, execution.threads, tell)
        selections = SELECTIONS.rows(
            row for contest in contests for row in measure(resolved, contest, warm)
        )
        right = _named_rightly(images, trained, warm, cold)
        return _result(prepared, images, trained, right, selections)

    return prepared.plan(
        work,
        inputs={"source": source_sha256},
        attempts=(n_trials - n_images) * recall.attempts,
        chains=n_images,
    )


def summary(config: CompareConfig, result: CompareResult) -> Columns:
    """What each classifier names rightly of all images."""
    del config
    overall = overall_rows(result.columns["classifiers"])
    return overall.only(name for name in overall if name != "label")


def _result(
    prepared: Prepared[CompareConfig],
    images: _Images,
    trained: _Trained,
    right: dict[str, NDArray[np.bool_]],
    selections: Columns,
) -> CompareResult:
    """The tables and arrays of what was found, and what it comes to."""
    config, bank = prepared.config, images.bank
    trained_on = dict.fromkeys(right, len(images.patterns.sample_index))
    trained_on |= {"logistic-samples": len(trained.samples), "logistic": len(trained.many)}
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


class _Images(NamedTuple):
    """What is named, what by, and where randomness comes from.

    Attributes
    ----------
    dataset, source : Dataset
        Where the images to be named are, and those to be selected from or trained on.
    patterns : Patterns
        The stored patterns.
    trials : Trials
        The images to be named.
    streams : Streams
        Those of the run.
    """

    dataset: Dataset
    source: Dataset
    patterns: Patterns
    trials: Trials
    streams: Streams

    @property
    def bank(self) -> Bank:
        """The images to be named, one entry each."""
        return self.trials.bank(np.arange(len(self.trials)))


def _check_images(
    config: CompareConfig, dataset: Dataset, source: Dataset, patterns: Patterns
) -> None:
    """Refuse patterns of other images, and a label of which none is left to be named."""
    if not patterns.comes_from(source):
        raise DataError(
            f"{config.file}: must hold patterns of {source.name}, which classifiers are trained "
            f"on, found those of {patterns.dataset}"
        )
    for label in config.digits:
        of_label = dataset.indices_of(label)
        if patterns.comes_from(dataset) and np.isin(of_label, patterns.sample_index).all():
            rule = f"must have images labelled {label!r} that are no samples of the selection"
            raise SettingError("dataset", rule, config.dataset)


class _Trained(NamedTuple):
    """Images of the source that logistic regression is trained on, by their indices."""

    samples: NDArray[np.int64]
    many: NDArray[np.int64]


def _training_images(
    config: CompareConfig, images: _Images, seed: np.random.SeedSequence
) -> _Trained:
    """The samples of the stored labels, and as many images as are asked for and not named."""
    source, patterns = images.source, images.patterns
    samples = patterns.sample_index
    samples = samples[np.isin(source.labels[samples], config.digits)]
    is_free = np.ones(len(source), dtype=np.bool_)
    if source.name == images.dataset.name:
        is_free[images.bank.source_index] = False
    rng = np.random.default_rng(seed)
    many = []
    for label in config.digits:
        pool = source.indices_of(label)
        pool = pool[is_free[pool]]
        many.append(rng.choice(pool, min(config.training, len(pool)), replace=False))
    return _Trained(samples, np.concatenate(many))


def _named_rightly(
    images: _Images, trained: _Trained, warm: Runs, cold: Runs
) -> dict[str, NDArray[np.bool_]]:
    """Which images each classifier names rightly, bool, shape (images,) each."""
    bank, patterns, source = images.bank, images.patterns, images.source
    label, signed = bank.label, warm.recall.score == "signed"
    spins = bank.states[bank.row]
    m = overlaps(spins, patterns.xi)
    ends, ends_at_zero = (
        runs.ends(patterns, images.trials, images.streams) for runs in (warm, cold)
    )

    def nearest(values: NDArray[np.float64]) -> NDArray[np.bool_]:
        return nearest_labels(values, patterns.labels, signed=signed) == label

    def learnt(index: NDArray[np.int64]) -> NDArray[np.bool_]:
        return logistic_labels(source.spins[index], source.labels[index], spins) == label

    return {
        REFERENCE: nearest(ends),
        "recalled": warm.reaches(ends, label, patterns),
        "dynamics-t0": nearest(ends_at_zero),
        "recalled-t0": cold.reaches(ends_at_zero, label, patterns),
        "overlap": nearest(m),
        "coefficients": nearest(coefficients(m, patterns.xi)),
        "logistic-samples": learnt(trained.samples),
        "logistic": learnt(trained.many),
    }
