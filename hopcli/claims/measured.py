"""A number as it was measured, with its interval; or what is no number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from hopcli.statistics import Z95

__all__ = ["Measured"]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found.

    Parameters
    ----------
    value : object
        A number, a text, a truth, or a tuple of them.
    low, high : float, optional
        The 95 % interval of a number; without, it is exact.
    stays : float
        The part of its standard error that no more values of ours would make smaller, such as
        that of published values it is compared with.
    """

    value: Any
    low: float | None = None
    high: float | None = None
    stays: float = 0.0

    @property
    def is_exact(self) -> bool:
        """Whether there is no interval."""
        return self.low is None

    @property
    def is_number(self) -> bool:
        """Whether it is one number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    def scaled(self, factor: float) -> Measured:
        """The same in another unit, `factor` > 0 of which are one of this."""
        if not self.is_number:
            return self
        low, high = (None if end is None else factor * end for end in (self.low, self.high))
        return Measured(factor * self.value, low, high, factor * self.stays)

    def error_towards(self, bound: float) -> float:
        """Standard error on the side on which `bound` lies: the interval need not be symmetric."""
        end = self.high if self.value < bound else self.low
        return 0.0 if end is None else abs(end - self.value) / Z95

    def z(self, bound: float, besides: float = 0.0) -> float:
        """How many standard errors the number is above a bound.

        Parameters
        ----------
        bound : float
            The bound.
        besides : float
            Standard error of the bound itself.
        """
        distance, error = self.value - bound, math.hypot(self.error_towards(bound), besides)
        if distance == 0:
            return 0.0
        return math.copysign(math.inf, distance) if error == 0 else distance / error

    def __sub__(self, other: Measured) -> Measured:
        """The difference from an independent number; distances to the bounds add in squares."""
        value = self.value - other.value
        if self.is_exact and other.is_exact:
            return Measured(value)
        mine, theirs = self._ends(), other._ends()
        low = value - math.hypot(self.value - mine[0], theirs[1] - other.value)
        high = value + math.hypot(mine[1] - self.value, other.value - theirs[0])
        return Measured(value, low, high, math.hypot(self.stays, other.stays))

    def _ends(self) -> tuple[float, float]:
        if self.low is None or self.high is None:
            return self.value, self.value
        return self.low, self.high
