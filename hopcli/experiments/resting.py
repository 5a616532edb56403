"""Where stored patterns rest: what runs that start from a pattern itself come to.

Noise, or crosstalk between patterns, keeps a state off the pattern that it is in; a
criterion above the overlap at which a pattern rests calls that a failure to recall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli.errors import SettingError
from hopcli.observables import overlaps
from hopcli.records import frozen

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hopcli.patterns import Patterns

__all__ = ["USUAL", "Resting", "automatic_criterion", "forgotten", "rest", "warning"]

USUAL = 0.99
"""The study's criterion, which the automatic one never exceeds."""

_FEWEST, _MOST, _ALTOGETHER = 10, 50, 1000  # runs from a pattern, and from all of them
_MOST_PATTERNS = _ALTOGETHER // _FEWEST
_SITES = 2**24  # spins of runs that are made at a time
_MARGIN = 4.0  # standard deviations below where a pattern rests
_CLEAR = 3.0  # and above the criterion, not to be mistaken
_LEAST = 0.5  # an automatic criterion below would call anything recalled
_PARTS = 10_000  # it is a multiple of this part of 1, to be read easily


@dataclass(frozen=True, slots=True, eq=False)
class Resting:
    """Overlaps of patterns with what runs from them come to.

    Parameters
    ----------
    name : tuple of str
        Name of each pattern.
    mean, sd : ndarray of float64, shape (patterns,)
        Mean and standard deviation of the overlap over the runs.
    """

    name: tuple[str, ...]
    mean: NDArray[np.float64]
    sd: NDArray[np.float64]

    def __post_init__(self) -> None:
        for array in ("mean", "sd"):
            object.__setattr__(self, array, frozen(getattr(self, array)))

    def lowest(self, sds: float) -> int:
        """Row of the pattern whose mean less so many SD is lowest."""
        return int(np.argmin(self.mean - sds * self.sd))


def rest(
    patterns: Patterns,
    relax: Callable[[NDArray[np.int8], NDArray[np.int64], int], NDArray[np.int8]],
    *,
    signed: bool,
) -> Resting:
    """Let a few runs start from each stored pattern (at most 100 of them, evenly apart).

    Parameters
    ----------
    patterns : Patterns
        What is stored.
    relax : callable
        First states, int8, shape (runs, N), the number of each run, and the number of all runs
        in; final states out. It is called for as many runs at a time as fit a bound of memory.
    signed : bool
        Whether m counts, or |m|.
    """
    p = len(patterns.labels)
    chosen = np.unique(np.linspace(0, p - 1, min(p, _MOST_PATTERNS)).astype(np.int64))
    runs = min(_MOST, _ALTOGETHER // len(chosen))
    row = np.repeat(chosen, runs)
    step = max(1, _SITES // patterns.xi.shape[1])
    parts = []
    for first in range(0, len(row), step):
        number = np.arange(first, min(first + step, len(row)))
        final = relax(patterns.xi[row[number]], number, len(row))
        parts.append(overlaps(final, patterns.xi)[np.arange(len(number)), row[number]])
    m = np.concatenate(parts).reshape(-1, runs)
    size = m if signed else np.abs(m)
    names = tuple(patterns.names[k] for k in chosen)
    return Resting(names, size.mean(axis=1), size.std(axis=1, ddof=1))


def automatic_criterion(resting: Resting) -> float:
    """The overlap from which on a state counts as a pattern that rests there.

    0.99, or four standard deviations below the pattern that rests lowest.

    Raises
    ------
    SettingError
        If a pattern does not stay near itself, so that there is no such overlap.
    """
    k = resting.lowest(_MARGIN)
    found = float(resting.mean[k] - _MARGIN * resting.sd[k])
    if found < _LEAST:
        rule = (
            f"cannot be auto where a stored pattern does not stay near itself "
            f"({resting.name[k]!r} comes to m = {_told(resting, k)})"
        )
        raise SettingError("criterion", rule)
    return min(USUAL, np.floor(found * _PARTS) / _PARTS)


def warning(
    resting: Resting,
    criterion: float,
    temperature: float,
    remedies: str = "--criterion auto, --quench",
) -> str | None:
    """What is to be said where a stored pattern itself does not clearly reach the criterion."""
    k = resting.lowest(_CLEAR)
    if resting.mean[k] - _CLEAR * resting.sd[k] >= criterion:
        return None
    return (
        f"at T = {temperature:.4g} the stored pattern {resting.name[k]!r} itself rests at "
        f"m = {_told(resting, k)}, not 3 SD above the criterion {criterion:.4g}: a run that is as "
        f"near to its pattern as it stays may count as not recalled ({remedies})"
    )


def forgotten(hottest: float, critical: float) -> str | None:
    """What is to be said of a schedule that begins where nothing is retrieved.

    Parameters
    ----------
    hottest, critical : float
        The highest temperature of the runs, and the one above which no order is left.
    """
    if hottest <= critical:
        return None
    return (
        f"the runs begin at T = {hottest:.4g}, above the critical temperature {critical:.3g}: "
        "they forget what they started from"
    )


def _told(resting: Resting, k: int) -> str:
    return f"{resting.mean[k]:.3f} ± {resting.sd[k]:.3f}"
