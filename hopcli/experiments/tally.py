"""Counts of the outcomes of trials, and their rows, block by block: the data of a recall."""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import weakref
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.errors import DataError, ResultError
from hopcli.scoring import STORED, Scores
from hopcli.taxonomy import KINDS, Classified

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hopcli.records import Bools, Ints, Texts
    from hopcli.starts import Bank
    from hopcli.tables import Columns

OUTCOMES = (*STORED, *KINDS[2:])
"""All outcomes; those of :data:`hopcli.scoring.STORED` name a pattern."""

OVERALL = "overall"
"""Label of the rows of all labels together."""


def confusion_columns(stored: Sequence[str]) -> list[str]:
    """List the columns of the table of confusions, of different labels of stored patterns."""
    inverses = [f"inverse {name}" for name in stored]
    return ["label", *stored, *inverses, "none", *KINDS[2:]]


def check_names(labels: Iterable[str], stored: Sequence[str]) -> None:
    """Refuse labels that are also words of the tables.

    Parameters
    ----------
    labels : iterable of str
        Labels of trials.
    stored : sequence of str
        Labels of stored patterns; they may repeat.

    Raises
    ------
    DataError
        If a label would name two rows or two columns of one table.
    """
    different = dict.fromkeys(stored)
    often = Counter(confusion_columns(list(different)))
    taken = [name for name in different if often[name] > 1 or name == OVERALL]
    taken += [name for name in labels if name == OVERALL]
    if taken:
        raise DataError(
            f"label {taken[0]!r}: cannot name a pattern or a start, as tables use that word; "
            "rename it in its source, or choose other labels with --digits"
        )


class Block(NamedTuple):
    """Trials that were run together, and their outcomes.

    Attributes
    ----------
    rows : ndarray of int64, shape (n,)
        Number of each trial in the run.
    bank : Bank
        Starting state of each trial.
    ends : Classified
        Class of each final state.
    scores : Scores
        Score of each final state.
    """

    rows: Ints
    bank: Bank
    ends: Classified
    scores: Scores


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts of trials by outcome: five arrays describe each kind of outcome, `number` counts it.

    Parameters
    ----------
    labels, stored : tuple of str
        The different labels of trials, and of stored patterns.
    label : ndarray of int64, shape (ways,)
        Place in `labels`.
    unit : ndarray of int64, shape (ways,)
        Unit of the trials, the test image; trials of one unit are not independent.
    outcome : ndarray of int64, shape (ways,)
        Place in :data:`OUTCOMES`.
    nearest : ndarray of int64, shape (ways,)
        Place in `stored` of the pattern of the outcome; 0 without a pattern.
    recalled : ndarray of bool, shape (ways,)
        True if these trials count as recalled.
    number : ndarray of int64, shape (ways,)
        Number of these trials.
    alone : bool
        True if every trial is a unit of its own, whatever `unit` contains.
    hits, trials : ndarray of int64, shape (repeats, labels)
        Recalled trials, and all trials, of each label in each repeat.
    """

    labels: tuple[str, ...]
    stored: tuple[str, ...]
    label: Ints
    unit: Ints
    outcome: Ints
    nearest: Ints
    recalled: Bools
    number: Ints
    alone: bool
    hits: Ints
    trials: Ints


class Tally:
    """Counter of trials, with memory for the different units and outcomes only.

    Parameters
    ----------
    labels : sequence of str
        The different labels of trials.
    patterns : sequence of str, length p
        Label of each stored pattern.
    size, repeats : int
        Trials in a repeat, and number of repeats.
    n_units : int
        Source indices are below this number; 0 if every trial is a unit of its own.
    """

    def __init__(
        self, labels: Sequence[str], patterns: Sequence[str], size: int, repeats: int, n_units: int
    ) -> None:
        self._labels, self._stored = tuple(labels), tuple(dict.fromkeys(patterns))
        self._stored_place = np.array([self._stored.index(name) for name in patterns])
        self._size, self._n_units = size, n_units
        self._shape = (len(labels), max(n_units, 1), len(OUTCOMES), len(self._stored), 2)
        self._ways: list[tuple[Ints, Ints]] = []  # and their counts
        self._hits = np.zeros((repeats, len(labels)), dtype=np.int64)
        self._trials = np.zeros((repeats, len(labels)), dtype=np.int64)

    def add(self, block: Block) -> None:
        """Count these trials."""
        label = _places(block.bank.label, self._labels)
        unit = block.bank.source_index if self._n_units else np.zeros_like(label)
        outcome = _places(block.scores.outcome, OUTCOMES)
        reached = self._stored_place[block.scores.nearest]
        nearest = np.where(outcome < len(STORED), reached, 0)  # without meaning otherwise
        recalled = block.scores.recalled.astype(np.int64)
        ways = np.ravel_multi_index((label, unit, outcome, nearest, recalled), self._shape)
        self._ways.append(np.unique(ways, return_counts=True))
        # Sizes increase from the last to the first, so that merges are rare.
        while len(self._ways) > 1 and len(self._ways[-1][0]) >= len(self._ways[-2][0]):
            self._ways[-2:] = [_together(self._ways[-2:])]
        cell = block.rows // self._size * len(self._labels) + label
        first, end = int(cell.min()), int(cell.max()) + 1
        for counted, weights in ((self._hits, recalled), (self._trials, None)):
            counted.reshape(-1)[first:end] += np.bincount(cell - first, weights).astype(np.int64)

    def counts(self) -> Counts:
        """Return the counts so far."""
        ways, number = _together(self._ways)
        label, unit, outcome, nearest, recalled = np.unravel_index(ways, self._shape)
        names, each = (self._labels, self._stored), (label, unit, outcome, nearest)
        alone, of_repeats = not self._n_units, (self._hits, self._trials)
        return Counts(*names, *each, recalled.astype(bool), number, alone, *of_repeats)


def _together(counted: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Return the different numbers, increasing, and the count of each."""
    ways, often = (np.concatenate(parts) for parts in zip(*counted, strict=True))
    different, which = np.unique(ways, return_inverse=True)
    return different, np.bincount(which, often, len(different)).astype(np.int64)


def _places(names: Texts, known: Sequence[str]) -> Ints:
    """Return the place of each name among the known ones."""
    order = np.argsort(known)
    return np.asarray(order[np.searchsorted(np.array(known)[order], names)])


_IN_MEMORY = 32_000_000  # bytes; more go to a file without a name, deleted with the process


class Blocks:
    """Table in blocks of rows, in constant memory."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self._file.close)

    def append(self, block: Columns) -> None:
        """Add rows at the end.

        Raises
        ------
        ResultError
            If there is no space for the rows.
        """
        try:
            pickle.dump(block, self._file)
        except OSError as error:
            folder, reason = tempfile.gettempdir(), error.strerror or error
            raise ResultError(f"{folder}: cannot keep the rows of a table: {reason}") from None

    def __iter__(self) -> Iterator[Columns]:
        """Return the blocks in order."""
        self._file.seek(0)
        with contextlib.suppress(EOFError):
            while True:
                yield pickle.load(self._file)
