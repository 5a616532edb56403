"""Components of the variance of a rate for nested trials: groups, units, trials."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hopcli.records import ArrayLike, Floats, Record
from hopcli.statistics.rates import Z95, draws_interval, mean_sd_sem

_TAIL = 0.025  # probability beyond each bound
_MOST = 0.25  # largest variance of an outcome that is 0 or 1
_ROUNDING = 1e-12  # rounding error of equal rates
_FEW = 4  # groups; with so few, a trimmed mean omits none


class Component(NamedTuple):
    """A variance and its 95 % interval.

    It covers 93 to 99 % for 20 or more similar groups, and up to 100 % for three groups. If 1
    group in 10 is much worse than the others, the interval of the groups component covers 91
    to 98 % from 30 groups on, but only 45 % for 5 groups, which may include no such group.

    Attributes
    ----------
    variance : float
        Unbiased estimate; may be negative.
    low, high : float
        Bounds, 0 to 1/4.
    """

    variance: float
    low: float
    high: float

    def of_mean(self, n: int) -> Component:
        """Return the component of the mean of several independent values."""
        return Component(self.variance / n, self.low / n, self.high / n)

    @property
    def sd(self) -> tuple[float, float, float]:
        """Standard deviation and its bounds; 0 if the estimate is negative."""
        low, middle, high = np.sqrt(np.maximum([self.low, self.variance, self.high], 0)).tolist()
        return middle, low, high


@dataclass(frozen=True, slots=True, eq=False)
class Components(Record):
    """Variance components of trials that succeed or fail, in a balanced nested design.

    Groups are a random sample, such as selections of patterns. Each group has its own units,
    such as test images, and each unit has the same number of trials. Units may belong to
    strata, such as labels, that are the same in all groups. Then all results refer to the mean
    over strata with one unit of each.

    Balanced sums of squares split the variance of an outcome into contributions of groups,
    units within a group, and trials of a unit. Each group gives an unbiased estimate of the
    latter two. The variance of the groups' rates, minus the contributions of units and trials,
    is the component of groups [Searle, Casella, McCulloch 1992]. The method makes no
    assumption about distributions.

    Parameters
    ----------
    rate : ndarray of float64, shape (groups,)
        Rate of success of each group, 0 to 1.
    of_units, of_trials : ndarray of float64, shape (groups,)
        Unbiased estimates from each group of the components of units and of trials.
    n_units, n_trials, n_strata : int
        Units of each stratum in a group, trials of each unit, and strata.

    Examples
    --------
    Two groups of three units with two trials each:

    >>> found = Components.of([[[2, 2, 0]], [[1, 0, 0]]], 2)
    >>> [round(part.variance, 4) for part in (found.groups, found.units, found.trials)]
    [0.0556, 0.1667, 0.0833]
    """

    rate: Floats
    of_units: Floats
    of_trials: Floats
    n_units: int
    n_trials: int
    n_strata: int = 1

    @classmethod
    def of(cls, successes: ArrayLike, n_trials: int) -> Components:
        """Estimate the components from the successes of each unit.

        Parameters
        ----------
        successes : array-like of int, shape (groups, strata, units)
            At least two groups and two units, each 0 to `n_trials`.
        n_trials : int
            Trials of each unit, >= 2.
        """
        counts = np.asarray(successes, dtype=np.float64)
        _, n_strata, n_units = counts.shape
        rates = counts / n_trials
        of_trials = (rates * (1 - rates)).mean(axis=2) * n_trials / (n_trials - 1)
        of_units = rates.var(axis=2, ddof=1) - of_trials / n_trials
        units, trials = (part.mean(axis=1) / n_strata for part in (of_units, of_trials))
        return cls(rates.mean(axis=(1, 2)), units, trials, n_units, n_trials, n_strata)

    @property
    def groups(self) -> Component:
        """Variance between groups."""
        return self._of_groups_and(np.zeros_like(self.rate))

    @property
    def units(self) -> Component:
        """Variance between units of the same group."""
        if np.ptp(self.of_units) <= _ROUNDING:
            return Component(float(self.of_units[0]), 0.0, self._most())
        return _bounded(*_mean_bounds(self.of_units))

    @property
    def trials(self) -> Component:
        """Variance between trials of the same unit.

        It is half the probability that two trials of a unit differ, which is a rate.
        """
        twice = 2 * self.n_strata
        units = self.n_units * self.n_strata
        pairs = self.n_trials * (self.n_trials - 1) // 2
        low, high = draws_interval(twice * self.of_trials, units, most=units * pairs)
        most = _MOST / self.n_strata
        mean = float(self.of_trials.mean())
        return Component(mean, min(low / twice, most), min(high / twice, most))

    def of_rate(self, units: int, trials: int) -> Component:
        """Variance of the rate of one group, for given numbers of units and trials per unit."""
        return self._of_groups_and(self._noise(units, trials))

    def _noise(self, units: int, trials: int) -> Floats:
        """Variance of the rate of each group about its rate over all possible units."""
        return self.of_units / units + self.of_trials / (units * trials)

    def _of_groups_and(self, noise: Floats) -> Component:
        """Return the component of groups plus a given noise.

        The bounds combine those of the variance between rates and those of the noise: their
        squared distances add up [Zou and Donner 2008].
        """
        spread, low, high = _variance_bounds(self.rate, self._most())
        more, least, greatest = _mean_bounds(noise - self._noise(self.n_units, self.n_trials))
        return _bounded(
            spread + more,
            spread + more - math.hypot(spread - low, more - least),
            spread + more + math.hypot(high - spread, greatest - more),
        )

    def _most(self) -> float:
        """Return the upper bound of a component if no difference was observed."""
        low, high = draws_interval(self.rate, self.n_units * self.n_strata)
        rate = min(max(low, 0.5), high)
        return rate * (1 - rate)


def _bounded(variance: float, low: float, high: float) -> Component:
    return Component(variance, min(max(low, 0.0), _MOST), min(max(high, 0.0), _MOST))


def _mean_bounds(values: Floats) -> tuple[float, float, float]:
    """Return the mean of independent values with its bounds by Student's t."""
    from scipy.special import stdtrit

    mean, _, sem = mean_sd_sem(values)
    reach = float(stdtrit(len(values) - 1, 1 - _TAIL) * sem)
    return float(mean), float(mean) - reach, float(mean) + reach


def _variance_bounds(values: Floats, most: float) -> tuple[float, float, float]:
    """Return the variance of independent values with bounds that depend on their kurtosis.

    The method takes the logarithm of the variance as normal, with fourth moments about a
    trimmed mean [Bonett 2006, Computational Statistics and Data Analysis 50:775]. If all values
    are equal, `most` is the upper bound.
    """
    n, variance = len(values), float(values.var(ddof=1))
    if np.ptp(values) <= _ROUNDING:
        return 0.0, 0.0, most
    trimmed = int(n / (2 * math.sqrt(n - _FEW))) if n > _FEW else 0
    centre = np.sort(values)[trimmed : n - trimmed].mean()
    squares = float(np.sum((values - values.mean()) ** 2))
    kurtosis = n * float(np.sum((values - centre) ** 4)) / squares**2
    correction = n / (n - Z95)
    relative = correction * math.sqrt((kurtosis - (n - 3) / n) / (n - 1))
    low, high = (variance * correction * math.exp(min(z * relative, 700.0)) for z in (-Z95, Z95))
    return variance, min(low, variance), high
