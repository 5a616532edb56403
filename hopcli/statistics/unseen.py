"""Number of kinds that a sample did not observe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import Z95

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def chao1(counts: ArrayLike) -> tuple[float, float, float]:
    """Estimate the number of kinds, including unobserved ones, from the count of each kind.

    This is Chao's estimate from the kinds observed once and twice, with the 95 % interval for a
    log-normal number of unobserved kinds [Chao 1984, 1987]. If no kind was observed once, the
    interval is that of Colwell's EstimateS. The estimate is a lower bound: it misses very rare
    kinds. If the kinds differ in frequency, the interval contains the true number in 84 to 99 %
    of samples.

    Parameters
    ----------
    counts : array-like of int, shape (kinds met,)
        Count of each observed kind, >= 1, in independent draws.

    Returns
    -------
    tuple of float
        Estimate, and lower and upper bound; all are at least the number of observed kinds.

    Examples
    --------
    >>> [round(value, 1) for value in chao1([9, 5, 2, 2, 1, 1, 1, 1])]
    [11.8, 8.5, 35.5]
    >>> [round(value, 1) for value in chao1([20, 30])]
    [2.0, 2.0, 2.0]
    """
    met = np.asarray(counts, dtype=np.float64)
    observed, n = float(len(met)), float(met.sum())
    once, twice = float(np.sum(met == 1)), float(np.sum(met == 2))
    if n == 0:
        return (0.0, 0.0, 0.0)
    a = (n - 1) / n
    if twice > 0:
        r = once / twice
        missing = a * once * r / 2
        variance = twice * (a * r**2 / 2 + a**2 * r**3 + (a * r**2) ** 2 / 4)
    else:
        missing = a * once * (once - 1) / 2
        estimate = max(observed + missing, 1.0)
        variance = missing + a**2 * (once * (2 * once - 1) ** 2 - once**4 / estimate) / 4
    if missing > 0:
        factor = float(np.exp(Z95 * np.sqrt(np.log1p(variance / missing**2))))
        return observed + missing, observed + missing / factor, observed + missing * factor
    # Probability of missing kinds with these frequencies.
    missed = np.exp(-met)
    spread = float(np.sum(missed - missed**2)) - float(met @ missed) ** 2 / n
    of_met = 1 - float(missed.mean())
    high = (observed + Z95 * float(np.sqrt(max(spread, 0.0)))) / of_met
    return observed, observed, max(observed, high)
