"""Tables of a recall: accuracies, confusions, outcomes, and single trials."""

from __future__ import annotations

from typing import Any

import numpy as np

from hopcli.experiments.trials import OUTCOMES, OVERALL, Block, Counts, confusion_columns
from hopcli.patterns import Patterns
from hopcli.records import Bools
from hopcli.statistics import mean_sd_sem
from hopcli.tables import Columns, Table, columns, ends_of
from hopcli.tables.rates import MEAN, counts_text
from hopcli.taxonomy import KINDS, STORED, mixture_method

RATE = {
    "axis": "accuracy (fraction of trials recalled)",
    "counts": ("recalled", "n"),
    "interval": "95 % interval for a new start, or of a new run where all images are tested",
}
"""About the column of the fraction of trials recalled."""

_ACCURACY = Table(
    "accuracy",
    columns(
        "label: text, n: integer, recalled: integer, accuracy %, sd_repeats %, sem_repeats %, "
        "sd_labels %",
        key="label",
        rates="accuracy",
        hidden="sem_repeats",
        accuracy=RATE,
        sd_repeats={"interval_of": "accuracy", "end": "sd"},
        sd_labels={"interval_of": "accuracy", "end": "sd"},
    )
    + ends_of("accuracy", "ci", alone=True, percent=True),
    headline="accuracy",
    where={"label": OVERALL},
)
_REPEATS = Table("repeats", columns("repeat: integer, label: text, accuracy"))
_CONFUSION = Table(
    "confusion",
    columns(
        "label: text, "
        + ", ".join(f"{name}: integer" for name in ("inverse *", "none", *KINDS[2:], "*"))
    ),
)
_OUTCOMES = Table(
    "outcomes",
    columns(
        "label: text, outcome: text, pattern: text, count: integer, fraction % ± .ci",
        rates="fraction",
    ),
)
_TRIALS = Table(
    "trials",
    columns(
        "repeat: integer, label: text, source_index: integer, overlap_own, best_label: text, "
        "best_overlap, recalled: boolean, outcome: text"
    ),
)
_GALLERY = Table("gallery", (*columns("trial: integer"), *_TRIALS.columns))
TRACE = Table(
    "trace",
    columns(
        "trial: integer, label: text, source_index: integer, sweep: integer, temperature, energy, "
        "overlap_*"
    ),
)

TABLES = (_ACCURACY, _REPEATS, _CONFUSION, _OUTCOMES, _GALLERY, TRACE, _TRIALS)
"""The tables of a recall."""

_OTHERS = KINDS[2:]
_INVERSE = OUTCOMES.index("inverse")


def trials_table(block: Block, patterns: Patterns, size: int, *, numbered: bool = False) -> Columns:
    """List trials: starting state, final state, and True if it counts as recalled.

    Parameters
    ----------
    block : Block
        The trials.
    patterns : Patterns
        The stored patterns.
    size : int
        Trials in a repeat.
    numbered : bool
        Add the number of each, as in the gallery.
    """
    rows, bank, ends, scores = block
    return (_GALLERY if numbered else _TRIALS).of(
        {
            **({"trial": rows} if numbered else {}),
            "repeat": rows // size,
            "label": bank.label,
            "source_index": bank.source_index,
            "overlap_own": scores.own,
            "best_label": np.array(patterns.labels)[scores.nearest],
            "best_overlap": ends.m[np.arange(len(rows)), scores.nearest],
            "recalled": scores.recalled,
            "outcome": scores.outcome,
        }
    )


def repeat_table(counts: Counts) -> Columns:
    """Make the accuracy of each label in each repeat."""
    repeats, n_labels = counts.hits.shape
    return _REPEATS.of(
        {
            "repeat": np.repeat(np.arange(repeats), n_labels),
            "label": np.tile(counts.labels, repeats),
            "accuracy": (counts.hits / counts.trials).ravel(),
        }
    )


def accuracy_table(counts: Counts, *, population: bool = False) -> Columns:
    """Make the accuracy of each label over all repeats, and of all labels together.

    ``sd_repeats`` and ``sem_repeats`` are over repeats; the last row uses the mean over labels in
    each repeat. ``sd_labels``, only in the last row, is the population SD over labels, as the
    paper's 80 +- 10. The 95 % interval is for a new start; trials of one unit are not
    independent. With `population`, it is for a new run of the same starts.
    """
    in_repeats = counts.hits / counts.trials
    hits, n = counts.hits.sum(axis=0), counts.trials.sum(axis=0)
    rates = hits / n
    spreads = [mean_sd_sem(column)[1:] for column in (*in_repeats.T, in_repeats.mean(axis=1))]
    sds, sems = (np.array(values, dtype=np.float64) for values in zip(*spreads, strict=True))
    of_labels = (_Units(counts, place, population) for place in range(len(counts.labels)))
    return _ACCURACY.of(
        {
            "label": [*counts.labels, OVERALL],
            "n": [*n, n.sum()],
            "recalled": [*hits, hits.sum()],
            "accuracy": [*rates, rates.mean()],
            "sd_repeats": sds,
            "sem_repeats": sems,
            "sd_labels": [*np.full(len(rates), np.nan), np.std(rates)],
            "ci_low": np.nan,
            "ci_high": np.nan,
        },
        [*(units.text(counts.recalled) for units in of_labels), MEAN],
    )


def confusion_table(counts: Counts) -> Columns:
    """Count the trials of each label that end in each pattern, its inverse, or in none.

    The columns after ``none`` are its parts.
    """
    stored = counts.stored
    ended = np.zeros((len(counts.labels), len(OUTCOMES), len(stored)), dtype=np.int64)
    np.add.at(ended, (counts.label, counts.outcome, counts.nearest), counts.number)
    in_patterns, in_inverses = ended[:, :_INVERSE].sum(axis=1), ended[:, _INVERSE]
    others = ended[:, _INVERSE + 1 :].sum(axis=2)
    none = others.sum(axis=1, keepdims=True)
    numbers = np.hstack([in_patterns, in_inverses, none, others])
    return _CONFUSION.of(
        dict(zip(confusion_columns(stored), (counts.labels, *numbers.T), strict=True))
    )


def outcome_table(
    counts: Counts,
    patterns: Patterns | None = None,
    *,
    cycles: bool = True,
    population: bool = False,
) -> Columns:
    """Make the frequency of each outcome of each label, with a 95 % interval; most frequent first.

    With `patterns`, possible outcomes that did not occur also have a row, without a pattern, with
    the upper bound on their rate. Two-cycles are possible if `cycles`. Intervals are those of
    :func:`accuracy_table`.
    """
    rows: list[tuple[Any, ...]] = []
    texts: list[str] = []
    n_names = len(counts.stored) + 1
    named = np.where(counts.outcome < len(STORED), counts.nearest, len(counts.stored))
    ended = counts.outcome * n_names + named
    for place, label in enumerate(counts.labels):
        units = _Units(counts, place, population)
        names = (*counts.stored, "")
        ends = [
            (OUTCOMES[way // n_names], names[way % n_names], units.number_of(hit), hit)
            for way in dict.fromkeys(ended[units.own].tolist())
            for hit in (ended == way,)
        ]
        ends.sort(key=lambda end: (-end[2], *end[:2]))
        rows += [(label, kind, name, count, count / units.n) for kind, name, count, _ in ends]
        texts += [units.text(hit) for *_, hit in ends]
        seen = {kind for kind, *_ in ends}
        unseen = [kind for kind in _possible(label, patterns, cycles) if kind not in seen]
        rows += [(label, kind, "", 0, 0.0) for kind in unseen]
        texts += [units.text(np.zeros_like(counts.recalled))] * len(unseen)
    filled = dict(zip(_OUTCOMES.names, zip(*rows, strict=True), strict=False))
    return _OUTCOMES.of({**filled, "ci_low": np.nan, "ci_high": np.nan}, texts)


def _possible(label: str, patterns: Patterns | None, cycles: bool) -> list[str]:
    """Return every outcome that a trial of a label can have."""
    if patterns is None:
        return []
    if label not in patterns.labels:
        own = ["pattern"]
    else:
        own = ["own"] if set(patterns.labels) == {label} else ["own", "other"]
    mixtures = mixture_method(*patterns.xi.shape) != "none"
    never = {"mixture": not mixtures, "two-cycle": not cycles}
    return [*own, "inverse", *(kind for kind in _OTHERS if not never.get(kind, False))]


class _Units:
    """Trials of a label, by their common unit."""

    def __init__(self, counts: Counts, place: int, population: bool) -> None:
        self.own = slice(*np.searchsorted(counts.label, (place, place + 1)))  # sorted by label
        self._number = counts.number[self.own]
        self._alone, self._population = counts.alone, population
        self.n = int(self._number.sum())
        if not self._alone:
            self._firsts = np.flatnonzero(np.diff(counts.unit[self.own], prepend=-1))
            self._trials = np.add.reduceat(self._number, self._firsts)

    def number_of(self, hit: Bools) -> int:
        """Count the trials with one of these outcomes."""
        return int(self._number[hit[self.own]].sum())

    def text(self, hit: Bools) -> str:
        """Write the counts of the trials with one of these outcomes, unit by unit."""
        if self._alone:
            hits = self.number_of(hit)
            groups = np.array([1, 0]), np.array([1, 1]), np.array([hits, self.n - hits])
        else:
            successes = np.add.reduceat(self._number * hit[self.own], self._firsts)
            groups = successes, self._trials, np.ones_like(successes)
        return counts_text(*groups, population=self._population)
