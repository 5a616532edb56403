"""Tables of a recall: accuracies, confusions, outcomes, and single trials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from hopcli.experiments.trials import OVERALL, Block, Counts, confusion_columns
from hopcli.patterns import Patterns
from hopcli.records import Bools, Ints
from hopcli.statistics import added, mean_sd_sem
from hopcli.tables import Columns, Table, columns, ends_of
from hopcli.tables.rates import MEAN, counts_text
from hopcli.taxonomy import KINDS, OUTCOMES, STORED, mixture_method

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


def trials_table(block: Block, patterns: Patterns, size: int, shown: Ints | None = None) -> Columns:
    """List trials: starting state, final state, and True if it counts as recalled.

    Parameters
    ----------
    block : Block
        The trials.
    patterns : Patterns
        The stored patterns.
    size : int
        Trials in a repeat.
    shown : ndarray of int64, optional
        List the trials at these places only, each with its number, as in the gallery.
    """
    at = np.arange(len(block.rows)) if shown is None else shown
    rows, bank, scores, nearest = block.rows[at], block.bank, block.scores, block.scores.nearest[at]
    return (_TRIALS if shown is None else _GALLERY).of(
        {
            **({} if shown is None else {"trial": rows}),
            "repeat": rows // size,
            "label": bank.label[at],
            "source_index": bank.source_index[at],
            "overlap_own": scores.own[at],
            "best_label": np.array(patterns.labels)[nearest],
            "best_overlap": block.ends.m[at, nearest],
            "recalled": scores.recalled[at],
            "outcome": scores.outcome[at],
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
    _, sds, sems = mean_sd_sem(np.vstack([in_repeats.T, in_repeats.mean(axis=1)]).T)
    units = _Units(counts, counts.recalled, population)
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
        [*(units.text(place, 1) for place in range(len(rates))), MEAN],
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
    names = (*counts.stored, "")
    n_names = len(names)
    named = np.where(counts.outcome < len(STORED), counts.nearest, len(counts.stored))
    units = _Units(counts, counts.outcome * n_names + named, population)
    n_trials = counts.trials.sum(axis=0).tolist()
    ends: list[list[tuple[int, str, str, str]]] = [[] for _ in counts.labels]
    for (place, way), groups in units.found.items():
        count = sum(hits * number for _, hits, number in groups)
        end = OUTCOMES[way // n_names], names[way % n_names], units.text(place, way)
        ends[place].append((-count, *end))
    for place, label in enumerate(counts.labels):
        seen = {kind for _, kind, *_ in ends[place]}
        unseen = [kind for kind in _possible(label, patterns, cycles) if kind not in seen]
        none = units.text(place, -1)
        ends[place] = [*sorted(ends[place]), *((0, kind, "", none) for kind in unseen)]
        for less, kind, name, text in ends[place]:
            rows.append((label, kind, name, -less, -less / n_trials[place]))
            texts.append(text)
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
    """Numbers of units by their label, their trials, and their trials of each kind.

    Parameters
    ----------
    counts : Counts
        The counts.
    kind : ndarray of int64 or bool, shape (ways,)
        Kind of these trials, from 0 on.
    population : bool
        True if the units are the whole population.

    Attributes
    ----------
    found : dict of (int, int) to list of (int, int, int)
        By label and kind: trials of a unit, those of the kind (at least one), number of units.
    """

    def __init__(self, counts: Counts, kind: Ints | Bools, population: bool) -> None:
        n_kinds, of_label = int(kind.max()) + 1, counts.label * (counts.unit.max() + 1)
        is_first = np.diff(of_label + counts.unit, prepend=-1) > 0
        label, unit = counts.label[is_first], np.cumsum(is_first) - 1
        trials = np.bincount(unit, counts.number).astype(np.int64)
        place, hits = added(unit * n_kinds + kind, counts.number)
        own, kinds = place // n_kinds, place % n_kinds
        n_units, n_found = np.ones_like(trials), np.ones_like(hits)
        if counts.alone:  # units of one trial, all of a label in one place
            trials, n_units, hits, n_found = n_units, trials, n_found, hits
        self._population = population
        self._sizes: list[dict[int, int]] = [{} for _ in counts.labels]
        self.found: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for each, n, number in _counted(n_units, label, trials):
            self._sizes[each][n] = number
        for each, way, n, n_hits, number in _counted(n_found, label[own], kinds, trials[own], hits):
            self.found.setdefault((each, way), []).append((n, n_hits, number))

    def text(self, label: int, kind: int) -> str:
        """Write the counts of a rate, the share of a kind of trials in those of a label."""
        some = self.found.get((label, kind), ())
        return counts_text(some, self._sizes[label], population=self._population)


def _counted(number: Ints, *columns: Ints) -> Iterator[tuple[int, ...]]:
    """Return the different rows of the columns, each followed by the sum of its numbers."""
    shape = tuple(int(column.max()) + 1 for column in columns)
    rows, sums = added(np.ravel_multi_index(columns, shape), number)
    return zip(*(each.tolist() for each in (*np.unravel_index(rows, shape), sums)), strict=True)
