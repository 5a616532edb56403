"""Median of bounded values that come in independent draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hopcli.statistics.rates import draws_interval
from hopcli.statistics.times import time_quantile

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def draws_median(
    values: ArrayLike, low: float = 0.0, high: float = 1.0
) -> tuple[float, float, float]:
    """Compute the median of the values of all draws, with its 95 % interval for new draws.

    A value is inside the interval if 1/2 is inside the interval of the fraction of values up to
    it [Woodruff 1952]. The interval of that fraction is that of
    :func:`hopcli.statistics.draws_interval`, with draws as the independent units. In
    simulations it covers 94 to 100 % from five draws on, whether the values of a draw are
    independent or equal.

    Parameters
    ----------
    values : array-like of float, shape (draws, n)
        Values from `low` to `high`.
    low, high : float
        Least and greatest possible value.

    Returns
    -------
    tuple of float
        Median (of an even number the lower middle value), lower and upper bound. The bounds
        are NaN for fewer than two draws.

    Examples
    --------
    >>> draws_median(np.arange(25).reshape(5, 5) / 25)
    (0.48, 0.04, 0.92)
    >>> draws_median([[1.0], [1.0]])
    (1.0, 0.0, 1.0)
    """
    array = np.asarray(values, dtype=np.float64)
    places = np.unique(np.append(array, [low, high]))

    def share_up_to(place: int) -> tuple[float, float, float]:
        shares = (array <= places[place]).mean(axis=1)
        if places[place] == high:
            return 1.0, 1.0, 1.0
        return float(shares.mean()), *draws_interval(shares, array.shape[1])

    if len(array) < 2:
        return float(np.quantile(array, 0.5, method="inverted_cdf")), np.nan, np.nan
    found = time_quantile(share_up_to, len(places) - 1, 0.5)
    median, lower, upper = (float(places[int(place)]) for place in found)
    return median, lower, upper
