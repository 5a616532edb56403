"""Holding: the stored patterns at which a network stays at T = 0, and those that it leaves.

Noise is another matter, see :mod:`hopcli.experiments.resting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.observables import overlaps
from hopcli.records import frozen
from hopcli.scoring import recall_of
from hopcli.taxonomy import ROUNDING, fixed_points, nearness

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.network import Network
    from hopcli.patterns import Patterns

__all__ = ["HELD", "Holding", "Left", "hold"]

HELD = 0.9
"""Overlap from which on a state at T = 0 is that of a pattern, with a few sites wrong."""

_MOST, _ALTOGETHER = 5, 100  # runs from a pattern that is no fixed point, and from all of them


class Left(NamedTuple):
    """A pattern that the network leaves.

    Attributes
    ----------
    name : str
        Its name.
    overlap : float
        Overlap m of the pattern with the state that a run from it ends in, signed.
    nearest : str
        Name of the stored pattern nearest to that state.
    is_inverse : bool
        Whether the state is nearer to the inverse of that pattern.
    is_shared : bool
        Whether the state is as near to the named pattern as to that other one.
    is_fixed : bool
        Whether the pattern is a fixed point where a site at a tie keeps its value.
    """

    name: str
    overlap: float
    nearest: str
    is_inverse: bool
    is_shared: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """The stored patterns that a network holds at T = 0.

    Parameters
    ----------
    held : ndarray of bool, shape (p,)
        Whether each is held; those that were not looked at count as held.
    looked_at : int
        Number of patterns that were looked at.
    worst : Left or None
        Of the patterns that are not held, the one with the lowest overlap.
    """

    held: NDArray[np.bool_]
    looked_at: int
    worst: Left | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "held", frozen(self.held))


def hold(
    patterns: Patterns,
    couplings: Network,
    descend: Callable[[NDArray[np.int8]], NDArray[np.int8]],
    *,
    criterion: float,
    tie: str,
) -> Holding:
    """Start from every stored pattern at T = 0, and see where the network goes.

    A pattern is held if it is a fixed point. It is also held if at least half of a few runs
    from it end in a state that reaches the criterion with it and is nearer to it than to every
    different stored pattern: a state as near to another does not distinguish the two.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    couplings : Network
        The network.
    descend : callable
        Runs states, int8, shape (runs, N), at T = 0 until they are stable.
    criterion : float
        Overlap m from which on a state is that of the pattern; at most :data:`HELD` is asked.
    tie : {"keep", "up", "down"}
        Value of a site whose field equals its threshold.

    Returns
    -------
    Holding
        Which are held. Of more than 100 patterns that are no fixed points, 100 are looked at.
    """
    p = len(patterns.names)
    held = fixed_points(patterns.xi, couplings, tie)
    moving = np.flatnonzero(~held)
    if not len(moving):
        return Holding(held, p, None)
    places = np.linspace(0, len(moving) - 1, min(len(moving), _ALTOGETHER)).astype(np.int64)
    tried = moving[np.unique(places)]
    runs = min(_MOST, _ALTOGETHER // len(tried))
    row = np.repeat(tried, runs)
    m = overlaps(descend(patterns.xi[row]), patterns.xi)
    enough = min(HELD, criterion)
    stays, own = recall_of(m, row[:, None] == np.arange(p), enough, signed=True)
    is_other = np.abs(overlaps(patterns.xi[row], patterns.xi)) < 1 - ROUNDING
    near = nearness(m)
    beside = np.where(is_other, near, -np.inf)
    shared = np.abs(beside.max(axis=1) - near[np.arange(len(row)), row]) <= ROUNDING
    stays &= ~shared
    held[moving] = True
    held[tried] = 2 * stays.reshape(-1, runs).sum(axis=1) >= runs
    looked_at = p - len(moving) + len(tried)
    lost = np.flatnonzero(~held[row] & ~stays)
    if not len(lost):
        return Holding(held, looked_at, None)
    k = lost[own[lost].argmin()]
    nearest = int((beside if shared[k] else near)[k].argmax())
    left = Left(
        patterns.names[row[k]],
        float(own[k]),
        patterns.names[nearest],
        bool(m[k, nearest] < 0),
        bool(shared[k]),
        bool(fixed_points(patterns.xi[row[k]][None], couplings)[0]),
    )
    return Holding(held, looked_at, left)
