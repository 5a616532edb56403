"""Scoring: from overlaps, labels and a criterion to recalled, nearest pattern and outcome.

A state is *recalled* if it reaches the criterion with its own pattern, and no other stored
pattern is nearer. The nearest pattern has the largest |m|. At equal |m| a pattern
precedes an inverse; if patterns are still equal, the own pattern precedes the others. If two
stored patterns are each other's inverse, a state in the first is therefore recalled only for
the label of the first, for m and for |m|. Every count of recalled states in the package comes
from :func:`recall_of`.

The functions use only arrays; dynamics and tables have their own modules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.records import frozen
from hopcli.taxonomy import ROUNDING, nearness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hopcli.records import Bools, Floats, Ints, Texts
    from hopcli.taxonomy import Classified

__all__ = ["STORED", "Scores", "nearest_of", "recall_of", "score"]

STORED = ("own", "other", "pattern", "inverse")
"""Outcomes that refer to a stored pattern; all others are kinds of the taxonomy."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Outcome of every trial.

    Parameters
    ----------
    recalled : ndarray of bool, shape (trials,)
        Whether the trial counts as recalled.
    own : ndarray of float64, shape (trials,)
        Signed overlap with the own pattern (the nearest, if the label has several); NaN
        if the label is not stored.
    nearest : ndarray of int64, shape (trials,)
        The stored pattern with the largest |m|; in a tie, the own pattern.
    outcome : ndarray of str, shape (trials,)
        ``own``, ``other`` or, without an own pattern, ``pattern``; ``inverse``; otherwise
        a kind of :data:`hopcli.taxonomy.KINDS`.
    """

    recalled: Bools
    own: Floats
    nearest: Ints
    outcome: Texts

    def __post_init__(self) -> None:
        for name in ("recalled", "own", "nearest", "outcome"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def score(
    ends: Classified, label: Texts, stored: Sequence[str], criterion: float, *, signed: bool = False
) -> Scores:
    """Decide for every final state whether it is recalled, and its outcome.

    A trial whose label is stored is recalled if it reaches its own pattern; any other trial
    if it reaches any pattern. So a trial is recalled if its outcome is ``own`` (or
    ``pattern``) or, with |m|, ``inverse`` of its own pattern.

    Parameters
    ----------
    ends : Classified
        Kind, nearest pattern and overlaps of each final state.
    label : ndarray of str, shape (trials,)
        Label of each trial.
    stored : sequence of str, length p
        Label of each stored pattern.
    criterion : float
        Smallest overlap at which a trial is recalled, above 0, at most 1.
    signed : bool
        Whether to compare m; otherwise |m|, so that an inverse is also recalled.

    Returns
    -------
    Scores
        Scores of all trials.

    Examples
    --------
    >>> from hopcli.taxonomy import Classified
    >>> ends = Classified(
    ...     kind=np.array(["pattern", "inverse", "unsettled"]),
    ...     nearest=np.array([0, 1, 0]),
    ...     m=np.array([[1.0, 0.2], [0.1, -1.0], [0.6, 0.5]]),
    ... )
    >>> found = score(ends, np.array(["3", "6", "6"]), ["3", "6"], 0.99)
    >>> found.recalled.tolist(), found.own.tolist()
    ([True, True, False], [1.0, -1.0, 0.5])
    >>> found.outcome.tolist()
    ['own', 'inverse', 'unsettled']
    >>> score(ends, np.array(["3", "6", "6"]), ["3", "6"], 0.99, signed=True).recalled.tolist()
    [True, False, False]
    """
    labels = np.array(stored)
    is_own = label[:, None] == labels
    recalled, own = recall_of(ends.m, is_own, criterion, signed=signed)
    nearest = nearest_of(ends.m, is_own)
    outcome = ends.kind.astype("<U12")
    pattern = ends.kind == "pattern"
    outcome[pattern & is_own.any(axis=1)] = "other"
    outcome[pattern & (labels[nearest] == label)] = "own"
    return Scores(recalled=recalled, own=own, nearest=nearest, outcome=outcome)


def recall_of(
    m: Floats, is_own: Bools, criterion: float, *, signed: bool = False
) -> tuple[Bools, Floats]:
    """Decide which states are recalled, and return their overlaps with the own pattern.

    Parameters
    ----------
    m : ndarray of float64, shape (..., p)
        Overlap of each state with every stored pattern, -1 to 1.
    is_own : ndarray of bool, shape (..., p), or one that is broadcast to it
        Patterns with the label of the trial; if there is none, any pattern counts.
    criterion : float
        Smallest overlap at which a state is recalled, above 0, at most 1.
    signed : bool
        Whether to compare m; otherwise |m|.

    Returns
    -------
    recalled : ndarray of bool, shape (...)
        Whether the nearest pattern is the own one and its overlap reaches the criterion.
    own : ndarray of float64, shape (...)
        Signed overlap with the (nearest) own pattern; NaN if there is none.

    Examples
    --------
    Near the first pattern, but nearer to the second:

    >>> recalled, own = recall_of(np.array([[0.8, 0.9]]), np.array([True, False]), 0.7)
    >>> recalled.tolist(), own.tolist()
    ([False], [0.8])
    """
    size = m if signed else np.abs(m)
    is_own = np.broadcast_to(is_own, m.shape)
    has_own = is_own.any(axis=-1)
    nearest = nearest_of(m, is_own)
    scored = np.where(_at(is_own, nearest) | ~has_own, _at(size, nearest), -np.inf)
    nearest_own = np.where(is_own, m if signed else nearness(m), -np.inf).argmax(axis=-1)
    return scored >= criterion - ROUNDING, np.where(has_own, _at(m, nearest_own), np.nan)


def nearest_of(m: Floats, is_own: Bools) -> Ints:
    """Find the nearest pattern; in a tie, the own pattern.

    Parameters
    ----------
    m : ndarray of float64, shape (..., p)
        Overlap of each state with every stored pattern, -1 to 1.
    is_own : ndarray of bool, shape (..., p), or one that is broadcast to it
        Patterns with the label of the trial.

    Returns
    -------
    ndarray of int64, shape (...)
        Index of the pattern.
    """
    near = nearness(m)
    first = near >= near.max(axis=-1, keepdims=True) - ROUNDING
    return (first.astype(np.int8) + (first & is_own)).argmax(axis=-1)


def _at(values: NDArray[Any], place: Ints) -> NDArray[Any]:
    """Return the value at one index of the last axis, for each."""
    return np.take_along_axis(values, place[..., None], axis=-1)[..., 0]
