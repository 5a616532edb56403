"""The tables of a recall: trials, accuracies, confusions, outcomes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli.scoring import STORED
from hopcli.statistics import clustered_interval, mean_interval, mean_sd_sem, thermal_interval
from hopcli.taxonomy import KINDS, mixture_method

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.experiments.trials import Trials
    from hopcli.patterns import Patterns
    from hopcli.scoring import Scores
    from hopcli.taxonomy import Classified

__all__ = [
    "accuracy_table",
    "confusion_table",
    "examples",
    "first_of_each",
    "outcome_table",
    "repeat_table",
    "trial_table",
]

_SHOWN = 2  # recalled and failed trials of each label kept for the gallery
_OTHERS = KINDS[2:]


def trial_table(
    trials: Trials, patterns: Patterns, ends: Classified, scores: Scores
) -> pd.DataFrame:
    """One row a trial: where it started, where it ended, whether that counts as recalled."""
    rows = np.arange(len(trials))
    return pd.DataFrame(
        {
            "repeat": rows // (len(trials) // trials.repeats),
            "label": trials.label,
            "source_index": trials.source_index,
            "overlap_own": scores.own,
            "best_label": np.array(patterns.labels)[scores.nearest],
            "best_overlap": ends.m[rows, scores.nearest],
            "recalled": scores.recalled,
            "outcome": scores.outcome,
        }
    )


def repeat_table(trials: pd.DataFrame) -> pd.DataFrame:
    """Accuracy of each label in each repeat."""
    groups = trials.groupby(["repeat", "label"], sort=False)["recalled"]
    return groups.mean().rename("accuracy").reset_index()


def accuracy_table(
    trials: pd.DataFrame,
    repeats: pd.DataFrame,
    unit: NDArray[np.int64],
    *,
    population: bool = False,
) -> pd.DataFrame:
    """Accuracy of each label over all repeats, and of all labels together.

    ``sd_repeats`` and ``sem_repeats`` are over repeats, in the last row of the mean over
    labels in each; ``sd_labels``, in the last row alone, is the population SD over labels,
    as the paper's 80 +- 10. The 95 % interval is for a new start, with `unit` saying which
    trials share one; with `population`, for a new run of these starts, which are all there
    are.
    """
    interval = thermal_interval if population else clustered_interval
    rows: list[tuple[Any, ...]] = []
    empty = float("nan")
    for label in dict.fromkeys(trials["label"]):
        own = trials["label"] == label
        hits = trials.loc[own, "recalled"]
        _, sd, sem = mean_sd_sem(repeats.loc[repeats["label"] == label, "accuracy"])
        low, high = interval(hits, unit[own])
        counts = (len(hits), int(hits.sum()), hits.mean())
        rows.append((label, *counts, float(sd), float(sem), empty, low, high))
    errors = ["sd_repeats", "sem_repeats", "sd_labels", "ci_low", "ci_high"]
    columns = ["label", "n", "recalled", "accuracy", *errors]
    table = pd.DataFrame(rows, columns=columns)
    _, sd, sem = mean_sd_sem(repeats.groupby("repeat")["accuracy"].mean())
    spread = float(np.std(table["accuracy"].to_numpy()))
    low, high = mean_interval(table["accuracy"], table["ci_low"], table["ci_high"])
    counts = (len(trials), int(trials["recalled"].sum()), table["accuracy"].mean())
    rows.append(("overall", *counts, float(sd), float(sem), spread, low, high))
    return pd.DataFrame(rows, columns=columns).astype({"label": str})


def confusion_table(trials: pd.DataFrame, patterns: Patterns) -> pd.DataFrame:
    """Number of trials of each label that end in each pattern, its inverse, or in none.

    The columns after ``none`` are what it consists of.
    """
    stored = list(dict.fromkeys(patterns.labels))
    inverses = [f"inverse {name}" for name in stored]
    reached = _reached(trials)
    labels = trials["label"].to_numpy()
    rows = []
    for label in dict.fromkeys(labels):
        counts = Counter(reached[labels == label])
        none = sum(counts[kind] for kind in _OTHERS)
        ends = [counts[name] for name in (*stored, *inverses)]
        rows.append([label, *ends, none, *(counts[kind] for kind in _OTHERS)])
    return pd.DataFrame(rows, columns=["label", *stored, *inverses, "none", *_OTHERS])


def _reached(trials: pd.DataFrame) -> NDArray[np.object_]:
    """What each trial ended in, as the confusion table heads its columns."""
    outcome = trials["outcome"].to_numpy(dtype=object)
    best = trials["best_label"].to_numpy(dtype=object)
    reached = np.where(np.isin(outcome, STORED), best, outcome)
    return np.where(outcome == "inverse", "inverse " + best, reached)


def outcome_table(
    trials: pd.DataFrame,
    unit: NDArray[np.int64],
    patterns: Patterns | None = None,
    *,
    cycles: bool = True,
    population: bool = False,
) -> pd.DataFrame:
    """How often each label ends how, with a 95 % interval; most frequent first.

    With `patterns`, what could have happened and was not seen has a row too, of no
    pattern, with the bound on how often it may happen; two-cycles could if `cycles`.
    Intervals are as in :func:`accuracy_table`.
    """
    interval = thermal_interval if population else clustered_interval
    rows = []
    outcome = trials["outcome"].to_numpy(dtype=object)
    stored = np.isin(outcome, STORED)
    pattern = np.where(stored, trials["best_label"].to_numpy(dtype=object), "")
    labels = trials["label"].to_numpy()
    for label in dict.fromkeys(labels):
        own = labels == label
        ends = Counter(sorted(zip(outcome[own], pattern[own], strict=True)))
        seen = {kind for kind, _ in ends}
        unseen = [kind for kind in _possible(label, patterns, cycles) if kind not in seen]
        for (kind, name), count in [*ends.most_common(), *(((kind, ""), 0) for kind in unseen)]:
            hit = (outcome[own] == kind) & (pattern[own] == name)
            low, high = interval(hit, unit[own])
            rows.append((label, kind, name, count, count / own.sum(), low, high))
    columns = ["label", "outcome", "pattern", "count", "fraction", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[:3], str))


def _possible(label: str, patterns: Patterns | None, cycles: bool) -> list[str]:
    """Every outcome that a trial of a label can have."""
    if patterns is None:
        return []
    if label not in patterns.labels:
        own = ["pattern"]
    else:
        own = ["own"] if set(patterns.labels) == {label} else ["own", "other"]
    mixtures = mixture_method(*patterns.xi.shape) != "none"
    never = {"mixture": not mixtures, "two-cycle": not cycles}
    return [*own, "inverse", *(kind for kind in _OTHERS if not never.get(kind, False))]


def examples(trials: pd.DataFrame) -> NDArray[np.int64]:
    """Rows of the first few recalled and failed trials of each label."""
    groups = trials.groupby(["label", "recalled"], sort=False)
    return np.sort(groups.head(_SHOWN).index.to_numpy(dtype=np.int64))


def first_of_each(trials: pd.DataFrame, number: int) -> NDArray[np.int64]:
    """Rows of the first trials of each label."""
    return trials.groupby("label", sort=False).head(number).index.to_numpy(dtype=np.int64)
