"""How many kinds there are that a sample has not met."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import Z95

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["chao1"]


def chao1(counts: ArrayLike) -> tuple[float, float, float]:
    """How many kinds there are, those not met included, from how often each was met.

    Chao's estimate from the kinds met once and twice, with the 95 % interval by which the
    number not met is log-normal [Chao 1984, 1987]; where none was met once, the interval of
    Colwell's EstimateS. A lower bound: kinds too rare to be met at all add nothing, and the
    interval holds the true number in 84 to 99 % of samples where kinds differ in how rare
    they are.

    Parameters
    ----------
    counts : array-like of int, shape (kinds met,)
        How often each kind was met, >= 1, in independent draws.

    Returns
    -------
    tuple of float
        Estimate, and lower and upper bound; none is below the number of kinds met.

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
    # Kinds met as often as these would be missed so often.
    missed = np.exp(-met)
    spread = float(np.sum(missed - missed**2)) - float(met @ missed) ** 2 / n
    of_met = 1 - float(missed.mean())
    high = (observed + Z95 * float(np.sqrt(max(spread, 0.0)))) / of_met
    return observed, observed, max(observed, high)
