"""Stored patterns at which a network stays: at T = 0 (held), and with noise (resting)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.observables import overlaps
from hopcli.records import frozen
from hopcli.scoring import nearest_of, recall_of
from hopcli.taxonomy import ROUNDING, fixed_points, nearness

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from hopcli.network import Network
    from hopcli.patterns import Patterns
    from hopcli.records import Bools, Floats, Ints, Spins

USUAL = 0.99
"""The study's criterion, and the largest automatic one."""

_FEWEST, _MOST, _ALTOGETHER = 10, 50, 1000  # runs from a pattern, and from all of them
_MOST_PATTERNS = _ALTOGETHER // _FEWEST
_SITES = 2**24  # spins of runs at a time
_MARGIN = 4.0  # standard deviations between a resting overlap and the automatic criterion
_CLEAR = 3.0  # required standard deviations between a criterion and a resting overlap
_LEAST = 0.5  # a lower automatic criterion would call anything recalled
_STAYS = 0.95  # share of the runs from a pattern that end nearest to its label
_PARTS = 10_000  # an automatic criterion is rounded to this part of 1


@dataclass(frozen=True, slots=True, eq=False)
class Resting:
    """Overlaps of patterns with the final states of runs from them.

    Parameters
    ----------
    name : tuple of str
        Name of each pattern.
    mean, sd : ndarray of float64, shape (patterns,)
        Mean and standard deviation of the overlap over the runs.
    nearest : ndarray of float64, shape (patterns,)
        Share of the runs that end without a nearer pattern of another label.
    """

    name: tuple[str, ...]
    mean: Floats
    sd: Floats
    nearest: Floats

    def __post_init__(self) -> None:
        for array in ("mean", "sd", "nearest"):
            object.__setattr__(self, array, frozen(getattr(self, array)))

    def of(self, names: Collection[str]) -> Resting:
        """Keep the patterns with these names."""
        kept = [name in names for name in self.name]
        named = tuple(name for name in self.name if name in names)
        return Resting(named, self.mean[kept], self.sd[kept], self.nearest[kept])

    def below(self, criterion: float) -> int | None:
        """Return the row of the least clearly resting pattern, if not 3 SD above the criterion."""
        if not self.name:
            return None
        low = self.mean - _CLEAR * self.sd
        return int(low.argmin()) if low.min() < criterion else None

    @property
    def strays(self) -> int | None:
        """Row of the pattern whose runs most often end nearer to another label, if often."""
        if not self.name or self.nearest.min() >= _STAYS:
            return None
        return int(self.nearest.argmin())

    @property
    def lowest(self) -> int:
        """Row of the pattern with the lowest mean less 4 SD."""
        return int(np.argmin(self.mean - _MARGIN * self.sd))

    @property
    def automatic(self) -> float | None:
        """Criterion ``auto``: 0.99, or 4 SD below the pattern that rests lowest.

        None if that is below 0.5: such a criterion would call anything recalled.
        """
        low = float(self.mean[self.lowest] - _MARGIN * self.sd[self.lowest])
        return None if low < _LEAST else float(min(USUAL, np.floor(low * _PARTS) / _PARTS))

    def clears(self, criterion: float) -> bool:
        """Return whether every pattern rests clearly above the criterion, nearest to its label."""
        return self.below(criterion) is None and self.strays is None

    def told(self, row: int) -> str:
        """Format mean and SD of a pattern."""
        return f"{self.mean[row]:.3f} ± {self.sd[row]:.3f}"


def rest(
    patterns: Patterns, relax: Callable[[Spins, Ints, int], Floats], *, signed: bool
) -> Resting:
    """Run a few times from each stored pattern (at most 100 of them, evenly spaced).

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    relax : callable
        First states, int8, shape (runs, N), the number of each run, and the number of all runs
        in; overlaps of their final states with the patterns, shape (runs, p), out. Each call
        gets as many runs as the memory allows.
    signed : bool
        Compare m, otherwise |m|.
    """
    p = len(patterns.labels)
    chosen = np.unique(np.linspace(0, p - 1, min(p, _MOST_PATTERNS)).astype(np.int64))
    runs = min(_MOST, _ALTOGETHER // len(chosen))
    row = np.repeat(chosen, runs)
    step = max(1, _SITES // patterns.xi.shape[1])
    parts = []
    for first in range(0, len(row), step):
        number = np.arange(first, min(first + step, len(row)))
        parts.append(relax(patterns.xi[row[number]], number, len(row)))
    every = np.concatenate(parts)
    labels = np.array(patterns.labels)
    nearest = nearest_of(every, labels[row][:, None] == labels)
    is_near = labels[nearest] == labels[row]
    m = every[np.arange(len(row)), row].reshape(-1, runs)
    size = m if signed else np.abs(m)
    names = tuple(patterns.names[k] for k in chosen)
    share = is_near.reshape(-1, runs).mean(axis=1)
    return Resting(names, size.mean(axis=1), size.std(axis=1, ddof=1), share)


def forgotten(hottest: float, critical: float) -> str | None:
    """Return a warning for a schedule that begins where nothing is retrieved.

    Parameters
    ----------
    hottest, critical : float
        The highest temperature of the runs, and the one above which there is no order.
    """
    if hottest <= critical:
        return None
    return (
        f"the runs begin at T = {hottest:.4g}, above the critical temperature {critical:.3g}: "
        "they forget their starting states"
    )


HELD = 0.9
"""Smallest overlap of a pattern's own state at T = 0; a few sites are wrong."""

_TRIED, _TRIED_ALTOGETHER = (
    5,
    100,
)  # runs from a pattern that is no fixed point, and from all of them


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
    places = np.linspace(0, len(moving) - 1, min(len(moving), _TRIED_ALTOGETHER)).astype(np.int64)
    tried = moving[np.unique(places)]
    runs = min(_TRIED, _TRIED_ALTOGETHER // len(tried))
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
