"""Programs take turns, so that a machine that drifts hits all of them alike."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Measure = Callable[[], float]


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Parameters
    ----------
    rounds : int
        Turns that every program takes.
    limit : float
        Seconds after which the programs of a job take no further turn.
    share : float
        Share of a job's chains, images or sites that is run, 0 to 1.
    """

    rounds: int
    limit: float
    share: float = 1.0

    def of(self, number: int, least: int = 5) -> int:
        """Give the share of a number, but not less than `least`."""
        return min(number, max(least, round(self.share * number)))


FULL = Effort(rounds=5, limit=240)
QUICK = Effort(rounds=2, limit=5, share=0.02)


class Spread(NamedTuple):
    """Median, lowest and highest of some measurements."""

    median: float
    low: float
    high: float


def spread(values: NDArray[np.float64]) -> Spread:
    """Give the spread of measurements, shape (rounds,)."""
    return Spread(float(np.median(values)), float(np.min(values)), float(np.max(values)))


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def in_turns(measures: Sequence[Measure], effort: Effort) -> NDArray[np.float64]:
    """Measure a, b, c, a, b, c, ...

    Returns
    -------
    ndarray of float64, shape (rounds, programs)
        What each gave; fewer rounds if time ran out, at least one.
    """
    began = time.perf_counter()
    rounds: list[list[float]] = []
    while len(rounds) < effort.rounds:
        rounds.append([measure() for measure in measures])
        if time.perf_counter() - began > effort.limit:
            break
    return np.array(rounds)
