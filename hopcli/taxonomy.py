"""Kinds of final states, and scores of a recall: recalled or not, and the nearest pattern.

In this order: a stored pattern or its inverse, a mixture of three stored patterns,
another fixed point, a two-cycle, or none of these.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from hopcli.network import Network
from hopcli.observables import TIE, class_sums, overlaps_of_sums
from hopcli.records import Bools, Floats, Ints, NDArray, Record, Spins, Texts

__all__ = [
    "KINDS",
    "OUTCOMES",
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

OUTCOMES = ("own", "other", *KINDS)
"""Outcomes of a trial; ``pattern`` is for trials without an own pattern."""

STORED = OUTCOMES[:4]
"""Outcomes that refer to a stored pattern; all others are kinds of the taxonomy."""

ROUNDING = 1e-12
"""Allowance for an overlap that is exactly at the criterion."""

_PATTERN, _INVERSE, _MIXTURE, _FIXED_POINT, _TWO_CYCLE, _UNSETTLED = range(len(KINDS))
_ALL_MIXTURES = 20  # largest number of patterns for which every mixture of three is tested
_MOST_MIXTURE_SITES = 4_000_000  # sites of all mixtures together, to bound the memory
_VALUES = np.array([-1, 0, 1], np.int8)
_MOST, _LEAST = 4096, 64  # states examined together
_NUMBERS = 1 << 20  # of them, to bound the memory
_SPINS = 16  # spins that count as one number, as each takes a byte


@dataclass(frozen=True, slots=True, eq=False)
class Classified(Record):
    """Classification of final states.

    Parameters
    ----------
    code : ndarray of int8, shape (chains,)
        Place of the kind in :data:`KINDS`.
    nearest : ndarray of int64, shape (chains,)
        The stored pattern with the largest |m|.
    m : ndarray of float64, shape (chains, p)
        Overlap with every stored pattern.
    """

    code: NDArray[np.int8]
    nearest: Ints
    m: Floats

    @property
    def kind(self) -> Texts:
        """Kind of each state, one of :data:`KINDS`."""
        return np.array(KINDS)[self.code]


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
        for batch in _batches(len(spins), network)
    ]
    code, nearest, m = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if cycling is not None:
        code[cycling & (code == _UNSETTLED)] = _TWO_CYCLE
    return Classified(code, nearest, m)


def _batches(n_states: int, network: Network, *, whole: bool = False) -> Iterator[slice]:
    """Yield batches of states, to be examined at all sites or at one site of each class."""
    n_sites = network.n_sites
    of_state = n_sites if whole else max(min(n_sites, 3 * network.n_classes), n_sites // _SPINS)
    size = min(_MOST, max(_LEAST, _NUMBERS // of_state))
    return (slice(first, first + size) for first in range(0, max(n_states, 1), size))


def _classify_batch(
    spins: Spins, sums: NDArray[np.integer], network: Network, criterion: float, tie: str
) -> tuple[NDArray[np.int8], Ints, Floats]:
    m = overlaps_of_sums(sums, network)
    nearest = nearness(m).argmax(axis=1)
    best = m[np.arange(len(m)), nearest]
    enough = criterion - ROUNDING
    code = np.full(len(spins), _UNSETTLED, np.int8)
    rest = np.flatnonzero(np.abs(best) < enough)
    code[rest[fixed_points(spins[rest], network, tie, sums[rest])]] = _FIXED_POINT
    code[rest[_mixture_overlap(sums[rest], m[rest], network) >= enough]] = _MIXTURE
    code[best >= enough] = _PATTERN
    code[best <= -enough] = _INVERSE
    return code, nearest, m


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


def fixed_points(
    spins: Spins,
    network: Network,
    tie: str = "keep",
    sums: NDArray[np.integer] | None = None,
) -> Bools:
    """Find the states in which no site would change under the sign rule.

    Parameters
    ----------
    spins : ndarray of int8, shape (chains, N)
        States, values -1, 0 or +1.
    network : Network
        The network.
    tie : {"keep", "up", "down"}
        Effect of the sign rule on a site whose field equals its threshold.
    sums : ndarray of int, shape (chains, K), optional
        Class sums of the states, if already computed.

    Returns
    -------
    ndarray of bool, shape (chains,)
        True where S_i = sign(h_i - theta_i) at every site.
    """
    of_classes = class_sums(spins, network) if sums is None else sums
    batches = _batches(len(spins), network)
    parts = [_are_fixed(spins[batch], of_classes[batch], network, tie) for batch in batches]
    return np.concatenate(parts)


def _are_fixed(spins: Spins, sums: NDArray[np.integer], network: Network, tie: str) -> Bools:
    """Examine one site of each class and value, if these are fewer than all sites."""
    n_classes, sizes = network.n_classes, network.class_sizes
    if 3 * n_classes > network.n_sites:
        changing = _change(spins, sums, network.site_class, network, tie)
    else:
        has_zeros = np.count_nonzero(spins) < spins.size
        filled = class_sums(np.abs(spins), network) if has_zeros else np.full_like(sums, sizes)
        present = np.hstack([sums < filled, filled < sizes, sums > -filled])
        values = np.broadcast_to(np.repeat(_VALUES, n_classes), present.shape)
        changing = present & _change(values, sums, np.tile(np.arange(n_classes), 3), network, tie)
    return np.logical_not(changing.any(axis=1))


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
    changed, sites = np.zeros(spins.shape, np.bool_), network.site_class
    for batch in _batches(len(spins), network, whole=True):
        changed[batch] = _change(
            spins[batch], class_sums(spins[batch], network), sites, network, tie
        )
    return changed


def _change(
    spins: Spins, sums: NDArray[np.integer], classes: NDArray[Any], network: Network, tie: str
) -> Bools:
    """Return whether sites of some classes and values would change, shape (chains, sites)."""
    excess = network.hamiltonian.fields(sums, spins, classes) - network.theta[classes]
    at_tie: Any = {"keep": spins, "up": 1, "down": -1}[tie]
    changed: Bools = np.where(np.abs(excess) <= TIE, at_tie, np.sign(excess)) != spins
    return changed


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
    code : ndarray of int8, shape (trials,)
        Place of the outcome in :data:`OUTCOMES`.
    """

    recalled: Bools
    own: Floats
    nearest: Ints
    code: NDArray[np.int8]

    @property
    def outcome(self) -> Texts:
        """Outcome of each trial, one of :data:`OUTCOMES`."""
        return np.array(OUTCOMES)[self.code]


def score(ends: Classified, is_own: Bools, criterion: float, *, signed: bool = False) -> Scores:
    """Decide for every final state whether it is recalled, and its outcome.

    A trial whose label is stored is recalled if it reaches its own pattern; any other trial
    if it reaches any pattern. So a trial is recalled if its outcome is ``own`` (or
    ``pattern``) or, with |m|, ``inverse`` of its own pattern.

    Parameters
    ----------
    ends : Classified
        Kind, nearest pattern and overlaps of each final state.
    is_own : ndarray of bool, shape (trials, p)
        Patterns with the label of the trial.
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
    >>> from hopcli.taxonomy import KINDS, Classified
    >>> ends = Classified(
    ...     code=np.array([KINDS.index(kind) for kind in ("pattern", "inverse", "unsettled")]),
    ...     nearest=np.array([0, 1, 0]),
    ...     m=np.array([[1.0, 0.2], [0.1, -1.0], [0.6, 0.5]]),
    ... )
    >>> is_own = np.array([[True, False], [False, True], [False, True]])
    >>> found = score(ends, is_own, 0.99)
    >>> found.recalled.tolist(), found.own.tolist()
    ([True, True, False], [1.0, -1.0, 0.5])
    >>> found.outcome.tolist()
    ['own', 'inverse', 'unsettled']
    >>> score(ends, is_own, 0.99, signed=True).recalled.tolist()
    [True, False, False]
    """
    nearest = nearest_of(ends.m, is_own)
    recalled, own = recall_of(ends.m, is_own, criterion, signed=signed, nearest=nearest)
    code, is_pattern = ends.code + OUTCOMES.index(KINDS[0]), ends.code == _PATTERN
    code[is_pattern & ~np.isnan(own)] = OUTCOMES.index("other")
    code[is_pattern & _at(is_own, nearest)] = OUTCOMES.index("own")
    return Scores(recalled=recalled, own=own, nearest=nearest, code=code)


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
    nearest_own = np.where(is_own, m if signed else nearness(m), -np.inf).argmax(axis=-1)
    has_own = _at(is_own, nearest_own)
    nearest = nearest_of(m, is_own) if nearest is None else nearest
    scored = np.where(_at(is_own, nearest) | ~has_own, _at(size, nearest), -np.inf)
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
    return (nearness(m) + ROUNDING * is_own).argmax(axis=-1)


def _at(values: NDArray[Any], place: Ints) -> NDArray[Any]:
    """Return the value at one index of the last axis, for each."""
    return np.take_along_axis(values, place[..., None], axis=-1)[..., 0]
