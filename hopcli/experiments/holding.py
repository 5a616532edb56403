"""Holding: stored patterns at which a network stays at T = 0, and those that it leaves.

:mod:`hopcli.experiments.resting` covers noise.
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

    from hopcli.network import Network
    from hopcli.patterns import Patterns
    from hopcli.records import Bools, Spins

HELD = 0.9
"""Smallest overlap of a pattern's own state at T = 0; a few sites are wrong."""

_MOST, _ALTOGETHER = 5, 100  # runs from a pattern that is no fixed point, and from all of them


class Left(NamedTuple):
    """Pattern that the network leaves.

    Attributes
    ----------
    name : str
        Its name.
    overlap : float
        Signed overlap m of the pattern with the final state of a run from it.
    nearest : str
        Name of the stored pattern nearest to that state.
    is_inverse : bool
        True if the state is nearer to the inverse of that pattern.
    is_shared : bool
        True if the state is equally near to the named pattern and to the other one.
    is_fixed : bool
        True if the pattern is a fixed point when sites at a tie keep their value.
    """

    name: str
    overlap: float
    nearest: str
    is_inverse: bool
    is_shared: bool
    is_fixed: bool


@dataclass(frozen=True, slots=True, eq=False)
class Holding:
    """Stored patterns that a network holds at T = 0.

    Parameters
    ----------
    held : ndarray of bool, shape (p,)
        True for each held pattern; patterns that were not examined count as held.
    looked_at : int
        Number of examined patterns.
    worst : Left or None
        The pattern with the lowest overlap among those not held.
    """

    held: Bools
    looked_at: int
    worst: Left | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "held", frozen(self.held))


def hold(
    patterns: Patterns,
    couplings: Network,
    descend: Callable[[Spins], Spins],
    *,
    criterion: float,
    tie: str,
) -> Holding:
    """Run from every stored pattern at T = 0, and test whether the network stays.

    A pattern is held if it is a fixed point. It is also held if at least half of a few runs
    from it end in a state that reaches the criterion with it and is nearer to it than to every
    different stored pattern. A state equally near to another does not distinguish the two.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    couplings : Network
        The network.
    descend : callable
        Runs states, int8, shape (runs, N), at T = 0 until they are stable.
    criterion : float
        Smallest overlap m of a pattern's own state; at most :data:`HELD` is required.
    tie : {"keep", "up", "down"}
        Value of a site whose field equals its threshold.

    Returns
    -------
    Holding
        The held patterns. Of more than 100 patterns that are no fixed points, 100 are examined.
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
