"""A measured number with its interval, or a value that is not a number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hopcli.statistics import Z95

if TYPE_CHECKING:
    from collections.abc import Callable

Tails = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured value.

    Parameters
    ----------
    value : object
        A number, a text, a boolean, or a tuple of them.
    low, high : float, optional
        The 95 % interval of a number; an exact number has none.
    exact_tails : callable, optional
        From a bound to two one-sided p-values, that the true value is at most and at least the
        bound. Default: normal, with the error of the interval on the side of the bound.
    """

    value: Any
    low: float | None = None
    high: float | None = None
    exact_tails: Callable[[float], Tails] | None = None

    @property
    def is_exact(self) -> bool:
        """True without an interval."""
        return self.low is None

    @property
    def is_number(self) -> bool:
        """True for a single number."""
        return isinstance(self.value, int | float) and not isinstance(self.value, bool)

    @property
    def is_finite(self) -> bool:
        """True for a single finite number."""
        return self.is_number and math.isfinite(self.value)

    @property
    def error(self) -> float:
        """Standard error, from the width of the interval; 0 for an exact number."""
        low, high = self._ends()
        return (high - low) / (2 * Z95)

    def scaled(self, factor: float) -> Measured:
        """Return the same value in a unit that is `factor` > 0 times smaller."""
        if not self.is_number:
            return self
        low, high = (None if end is None else factor * end for end in (self.low, self.high))
        tails = self.exact_tails
        scaled = None if tails is None else (lambda bound: tails(bound / factor))
        return Measured(factor * self.value, low, high, scaled)

    def error_towards(self, bound: float) -> float:
        """Return the standard error on the side of `bound`: the interval need not be symmetric."""
        end = self.high if self.value < bound else self.low
        return 0.0 if end is None else abs(end - self.value) / Z95

    def z(self, bound: float) -> float:
        """Return the number of standard errors by which the value exceeds a bound."""
        distance, error = self.value - bound, self.error_towards(bound)
        if distance == 0:
            return 0.0
        return math.copysign(math.inf, distance) if error == 0 else distance / error

    def tails(self, bound: float) -> Tails:
        """Return one-sided p-values of two hypotheses: the true value is <= or >= `bound`."""
        if self.exact_tails is not None:
            return self.exact_tails(bound)
        z = self.z(bound)
        return normal_tail(z), normal_tail(-z)

    def __sub__(self, other: Measured) -> Measured:
        """Subtract an independent number; distances to the bounds add in squares."""
        value = self.value - other.value
        if self.is_exact and other.is_exact:
            return Measured(value)
        mine, theirs = self._ends(), other._ends()
        low = value - math.hypot(self.value - mine[0], theirs[1] - other.value)
        high = value + math.hypot(mine[1] - self.value, other.value - theirs[0])
        return Measured(value, low, high)

    def _ends(self) -> tuple[float, float]:
        if self.low is None or self.high is None:
            return self.value, self.value
        return self.low, self.high


def normal_tail(z: float) -> float:
    """Return the probability that a standard normal number exceeds z."""
    return 0.5 * math.erfc(z / math.sqrt(2))


def binomial(successes: int, n: int) -> Measured:
    """Return a rate of independent trials, with Clopper-Pearson interval and exact p-values."""
    from scipy.stats import binom

    from hopcli.statistics import exact_interval

    def tails(bound: float) -> Tails:
        at = min(max(bound, 0.0), 1.0)
        return float(binom.sf(successes - 1, n, at)), float(binom.cdf(successes, n, at))

    return Measured(successes / n, *exact_interval(successes, n), tails)
