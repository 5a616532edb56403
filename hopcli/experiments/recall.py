"""Recall: start from test images, run the dynamics, score the overlap with the own pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli import dynamics
from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data, stored_patterns
from hopcli.experiments.trials import Trials, authors_trials, draw_trials
from hopcli.notations import resolve_attempts
from hopcli.observables import overlaps
from hopcli.statistics import clustered_interval, mean_sd_sem
from hopcli.storage import store
from hopcli.streams import Streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import RecallConfig
    from hopcli.patterns import Patterns

__all__ = ["Gallery", "RecallResult", "run"]

_BATCH = 16_384  # chains run at once, to bound the memory
_SHOWN = 2  # recalled and failed trials of each label kept for the gallery
_ROUNDING = 1e-12  # of an overlap that is exactly at the criterion


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Starts and ends of a few trials, to be looked at.

    Parameters
    ----------
    trial : ndarray of int64, shape (n,)
        Row of each in the table of trials.
    start, end : ndarray of int8, shape (n, N)
        First and last state.
    """

    trial: NDArray[np.int64]
    start: NDArray[np.int8]
    end: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RecallResult(Result):
    """The tables of a recall, with the stored patterns and a few pictures."""

    patterns: Patterns
    gallery: Gallery


def run(config: RecallConfig, progress: Progress = no_progress) -> RecallResult:
    """Recall test images.

    Parameters
    ----------
    config : RecallConfig
        What to do.
    progress : callable
        Told the trials done and the trials in all.

    Returns
    -------
    RecallResult
        Tables ``accuracy``, ``repeats``, ``trials`` and ``confusion``.
    """
    dataset = load_data(config)
    patterns = stored_patterns(config, dataset)
    couplings = store(patterns.xi, config.rule)
    streams = Streams.of(config.seed)
    attempts = resolve_attempts(config.attempts_per_sweep, couplings.n_sites)
    if config.replay_authors:
        trials = authors_trials(config, dataset, patterns, config.sweeps * attempts)
    else:
        trials = draw_trials(config, dataset, patterns, streams.tests)
    seeds = dynamics.chain_seeds(streams.chains, trials.image.size)
    total = trials.image.size

    def relax(rows: NDArray[np.int64], tell: Progress = no_progress) -> NDArray[np.int8]:
        """Final states of these trials; a chain depends on its own seed alone."""
        start = dataset.spins[trials.image.flat[rows]]
        if trials.sites is not None:
            return dynamics.replay(
                couplings,
                start,
                sites=trials.sites[rows % len(trials.label)],
                seeds=seeds[rows],
                temperature=config.temperature,
                threads=config.threads,
                progress=lambda done: tell(done, total),
            )
        return dynamics.run(
            couplings,
            start,
            seeds=seeds[rows],
            temperatures=config.temperature,
            sweeps=config.sweeps,
            attempts_per_sweep=attempts,
            threads=config.threads,
            progress=lambda done: tell(done, total),
        ).spins

    batches = np.split(np.arange(total), range(_BATCH, total, _BATCH))
    final = np.concatenate([overlaps(relax(rows, progress), patterns.xi) for rows in batches])
    table = _trial_table(config, trials, patterns, final)
    repeats = _repeat_table(table)
    shown = _examples(table)
    return RecallResult(
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        tables={
            "accuracy": _accuracy_table(table, repeats),
            "repeats": repeats,
            "confusion": _confusion_table(config, table, patterns),
            "trials": table,
        },
        patterns=patterns,
        gallery=Gallery(shown, dataset.spins[trials.image.flat[shown]], relax(shown)),
    )


def _trial_table(
    config: RecallConfig, trials: Trials, patterns: Patterns, final: NDArray[np.float64]
) -> pd.DataFrame:
    """One row a trial; `final` holds the overlaps with the patterns, shape (trials, p)."""
    n_repeats = len(trials.image)
    label = np.tile(trials.label, n_repeats)
    rows = np.arange(len(final))
    # A label may have several patterns: its own one is the nearest of them.
    is_own = label[:, None] == np.array(patterns.labels)
    sign_free = config.score == "abs"
    own_size = np.where(is_own, np.abs(final) if sign_free else final, -np.inf)
    own = final[rows, own_size.argmax(axis=1)]
    best = np.abs(final).argmax(axis=1)
    score = np.abs(own) if sign_free else own
    return pd.DataFrame(
        {
            "repeat": np.repeat(np.arange(n_repeats), len(trials.label)),
            "label": label,
            "source_index": trials.image.ravel(),
            "overlap_own": own,
            "best_label": np.array(patterns.labels)[best],
            "best_overlap": final[rows, best],
            "recalled": score >= config.criterion - _ROUNDING,
        }
    )


def _repeat_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each label in each repeat."""
    groups = trials.groupby(["repeat", "label"], sort=False)["recalled"]
    return groups.mean().rename("accuracy").reset_index()


def _accuracy_table(trials: pd.DataFrame, repeats: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each label over all repeats, and of all labels together.

    SD and SEM are over repeats; the last row's SD is the population SD over labels, as
    the paper's 80 +- 10, and its SEM that of the mean over labels. The interval takes
    test images as the independent units.
    """
    rows: list[tuple[Any, ...]] = []
    labels = list(dict.fromkeys(trials["label"]))
    for label in labels:
        own = trials[trials["label"] == label]
        _, sd, sem = mean_sd_sem(repeats.loc[repeats["label"] == label, "accuracy"])
        low, high = clustered_interval(own["recalled"], own["source_index"])
        hits = int(own["recalled"].sum())
        rows.append((label, len(own), hits, hits / len(own), sd, sem, low, high))
    over_labels = [row[3] for row in rows]
    _, _, sem = mean_sd_sem(repeats.groupby("repeat")["accuracy"].mean())
    half = _half_width(rows)
    mean = float(np.mean(over_labels))
    rows.append(
        (
            "overall",
            len(trials),
            int(trials["recalled"].sum()),
            mean,
            float(np.std(over_labels)),
            sem,
            max(0.0, mean - half),
            min(1.0, mean + half),
        )
    )
    columns = ["label", "n", "recalled", "accuracy", "sd", "sem", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)


def _half_width(rows: list[tuple[Any, ...]]) -> float:
    """Half the 95 % interval of a mean of independent labels, from their own intervals."""
    halves = np.array([(row[7] - row[6]) / 2 for row in rows])
    return float(np.sqrt(np.sum(halves**2)) / len(halves))


def _confusion_table(
    config: RecallConfig, trials: pd.DataFrame, patterns: Patterns
) -> pd.DataFrame:
    """Number of trials of each label that end in each pattern, its inverse, or in none."""
    reached = trials["best_overlap"].abs() >= config.criterion - _ROUNDING
    kind = np.where(trials["best_overlap"] > 0, "", "inverse ")
    outcome = pd.Series(kind + trials["best_label"].to_numpy(dtype=str)).where(reached, "none")
    names = list(dict.fromkeys(patterns.labels))
    columns = [*names, *(f"inverse {name}" for name in names), "none"]
    counts = pd.crosstab(trials["label"].to_numpy(), outcome.to_numpy())
    counts = counts.reindex(index=names, columns=columns, fill_value=0)
    return counts.rename_axis(index="label", columns=None).reset_index()


def _examples(trials: pd.DataFrame) -> NDArray[np.int64]:
    """Rows of the first few recalled and failed trials of each label."""
    groups = trials.groupby(["label", "recalled"], sort=False)
    return np.sort(groups.head(_SHOWN).index.to_numpy(dtype=np.int64))
