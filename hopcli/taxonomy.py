"""Kinds of final states, and scores of a recall: recalled or not, and the nearest pattern.

In this order: a stored pattern or its inverse, a mixture of three stored patterns,
another fixed point, a two-cycle, or none of these.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.network import Network
from hopcli.observables import TIE, class_sums, local_fields, overlaps_of_sums
from hopcli.records import Bools, Floats, Ints, NDArray, Record, Spins, Texts

__all__ = [
    "KINDS",
    "ROUNDING",
    "STORED",
    "Classified",
    "Scores",
    "classify",
    "fixed_points",
    "mixture_method",
    "nearest_of",
    "nearness",
    "recall_of",
    "score",
    "unstable_sites",
]

KINDS = ("pattern", "inverse", "mixture", "fixed-point", "two-cycle", "unsettled")
"""Kinds of a state, in the order in which they are tested."""

ROUNDING = 1e-12
"""Allowance for an overlap that is exactly at the criterion."""

_ALL_MIXTURES = 20  # largest number of patterns for which every mixture of three is tested
_MOST_MIXTURE_SITES = 4_000_000  # sites of all mixtures together, to bound the memory
_MOST, _LEAST = 4096, 64  # states examined together
_SITES = 1 << 24  # of them, to bound the memory


@dataclass(frozen=True, slots=True, eq=False)
class Classified(Record):
    """Classification of final states.

    Parameters
    ----------
    kind : ndarray of str, shape (chains,)
        One of :data:`KINDS`.
    nearest : ndarray of int64, shape (chains,)
        The stored pattern with the largest |m|.
    m : ndarray of float64, shape (chains, p)
        Overlap with every stored pattern.
    """

    kind: Texts
    nearest: Ints
    m: Floats


def classify(
    spins: Spins,
    network: Network,
    criterion: float,
    cycling: Bools | None = None,
    tie: str = "keep",
    sums: NDArray[np.integer] | None = None,
) -> Classified:
    """Classify each final state.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        Final states, values -1, 0 or +1.
    network : Network
        The network; its columns are the stored patterns.
    criterion : float
        Smallest |m| of a pattern, inverse or mixture, 0 to 1.
    cycling : ndarray of bool, shape (chains,), optional
        True for chains that ended in a two-cycle.
    tie : {"keep", "up", "down"}
        Effect of the sign rule on a site whose field equals its threshold.
    sums : ndarray of int, shape (chains, K), optional
        Class sums of the states, if already computed.

    Returns
    -------
    Classified
        Kind, nearest pattern and overlaps of each state.
    """
    of_classes = class_sums(spins, network) if sums is None else sums
    parts = [
        _classify_batch(spins[batch], of_classes[batch], network, criterion, tie)
        for batch in _batches(*spins.shape)
    ]
    kind, m = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if cycling is not None:
        kind[cycling & (kind == "unsettled")] = "two-cycle"
    return Classified(kind, nearness(m).argmax(axis=1), m)


def _batches(n_states: int, n_sites: int) -> Iterator[slice]:
    """Yield the states that are examined together."""
    size = min(_MOST, max(_LEAST, _SITES // n_sites))
    return (slice(first, first + size) for first in range(0, max(n_states, 1), size))


def _classify_batch(
    spins: Spins, sums: NDArray[np.integer], network: Network, criterion: float, tie: str
) -> tuple[Texts, Floats]:
    m = overlaps_of_sums(sums, network)
    best = m[np.arange(len(m)), nearness(m).argmax(axis=1)]
    enough = criterion - ROUNDING
    kind = np.full(len(spins), "unsettled", dtype=f"<U{max(map(len, KINDS))}")
    rest = np.flatnonzero(np.abs(best) < enough)
    kind[rest[fixed_points(spins[rest], network, tie)]] = "fixed-point"
    kind[rest[_mixture_overlap(sums[rest], m[rest], network) >= enough]] = "mixture"
    kind[best >= enough] = "pattern"
    kind[best <= -enough] = "inverse"
    return kind, m


def nearness(m: Floats) -> Floats:
    """Rank patterns by |m|; at equal |m| a pattern ranks before an inverse.

    Parameters
    ----------
    m : ndarray of float64
        Overlaps, -1 to 1.

    Returns
    -------
    ndarray of float64, shape of `m`
        |m|; for positive m raised by less than the smallest difference of two overlaps.

    Examples
    --------
    >>> nearness(np.array([-1.0, 1.0, 0.5])).argmax()
    np.int64(1)
    """
    return np.abs(m) + 1e-9 * (m > 0)


def mixture_method(p: int, n_sites: int) -> str:
    """Return which mixtures of three patterns are tested.

    Parameters
    ----------
    p, n_sites : int
        Number of stored patterns, and of spins.

    Returns
    -------
    {"all", "nearest", "none"}
        ``"all"``: every mixture, for few patterns. ``"nearest"``: only the mixture of the three
        nearest patterns, with the signs of their overlaps. ``"none"``: for fewer than three
        patterns.
    """
    if p < 3:
        return "none"
    few = p <= _ALL_MIXTURES and 4 * math.comb(p, 3) * n_sites <= _MOST_MIXTURE_SITES
    return "all" if few else "nearest"


def _mixture_overlap(sums: NDArray[np.integer], m: Floats, network: Network) -> Floats:
    """Return the largest |overlap| of each state with a mixture of three stored patterns.

    A mixture is sign(s_a xi_a + s_b xi_b + s_c xi_c) with any signs s. It is equal at all sites
    of a class. :func:`mixture_method` selects the tested mixtures.
    """
    xi, n_sites = network.columns.T, network.n_sites
    method = mixture_method(len(xi), n_sites)
    if method == "none" or len(sums) == 0:
        return np.zeros(len(sums))
    if method == "all":
        signs = np.array([(1, 1, 1), (1, 1, -1), (1, -1, 1), (-1, 1, 1)], dtype=np.int8)
        three = xi[list(itertools.combinations(range(len(xi)), 3))]
        mixtures = np.sign(np.einsum("sk,tka->tsa", signs, three)).reshape(-1, xi.shape[1])
        products = sums.astype(np.float32) @ mixtures.astype(np.float32).T  # exact to 2^24
        largest: Floats = np.abs(products).max(axis=1).astype(np.float64) / n_sites
        return largest
    nearest = np.argsort(-np.abs(m), axis=1, kind="stable")[:, :3]
    own_signs = np.where(np.take_along_axis(m, nearest, axis=1) < 0, -1, 1).astype(np.int8)
    mixture = np.sign((own_signs[:, :, None] * xi[nearest]).sum(axis=1, dtype=np.int8))
    return np.abs(np.einsum("ca,ca->c", mixture, sums, dtype=np.int64)) / n_sites


def fixed_points(spins: Spins, network: Network, tie: str = "keep") -> Bools:
    """Find the states in which no site would change under the sign rule.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, 0 or +1.
    network : Network
        The network.
    tie : {"keep", "up", "down"}
        Effect of the sign rule on a site whose field equals its threshold.

    Returns
    -------
    ndarray of bool, shape (chains,)
        True where S_i = sign(h_i - theta_i) at every site.
    """
    parts = [
        unstable_sites(spins[batch], network, tie).any(axis=1) for batch in _batches(*spins.shape)
    ]
    fixed: Bools = ~np.concatenate(parts)
    return fixed


def unstable_sites(spins: Spins, network: Network, tie: str = "keep") -> Bools:
    """Find all sites that would change under the sign rule.

    Parameters
    ----------
    spins, network, tie
        See :func:`fixed_points`.

    Returns
    -------
    ndarray of bool, shape (chains, N)
        True where S_i differs from sign(h_i - theta_i).
    """
    if len(spins) == 0:
        return np.zeros(spins.shape, dtype=np.bool_)
    excess = local_fields(spins, network) - network.thresholds
    wanted = np.sign(excess)
    at_tie = np.abs(excess) <= TIE
    wanted[at_tie] = {"keep": spins[at_tie], "up": 1, "down": -1}[tie]
    changed: Bools = np.asarray(wanted != spins)
    return changed


STORED = ("own", "other", "pattern", "inverse")
"""Outcomes that refer to a stored pattern; all others are kinds of the taxonomy."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores(Record):
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
    nearest = nearest_of(ends.m, is_own)
    recalled, own = recall_of(ends.m, is_own, criterion, signed=signed, nearest=nearest)
    outcome = ends.kind.astype("<U12")
    pattern = ends.kind == "pattern"
    outcome[pattern & is_own.any(axis=1)] = "other"
    outcome[pattern & _at(is_own, nearest)] = "own"
    return Scores(recalled=recalled, own=own, nearest=nearest, outcome=outcome)


def recall_of(
    m: Floats,
    is_own: Bools,
    criterion: float,
    *,
    signed: bool = False,
    nearest: Ints | None = None,
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
    nearest : ndarray of int64, shape (...), optional
        The nearest pattern of each state, of :func:`nearest_of`, if it is known.

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
    nearest = nearest_of(m, is_own) if nearest is None else nearest
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
