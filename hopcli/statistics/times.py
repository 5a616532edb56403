"""Quantiles of event times, such as the median, known up to a last time."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDING = 1e-12  # rounding error of a fraction that is exactly at the level


def time_quantile(
    share_by: Callable[[int], tuple[float, float, float]], last: int, level: float
) -> tuple[float, float, float]:
    """Find the first time at which a given fraction of events has happened, and its interval.

    The 95 % interval contains all times at which the level is inside the interval of the
    fraction [Woodruff 1952]. It therefore allows for the same effects as these intervals, such
    as trials in groups. Its coverage is at least theirs, and higher if one step of time is a
    large step of the fraction.

    Parameters
    ----------
    share_by : callable
        Takes a time 0, 1, ...; returns the fraction of events up to then, which never
        decreases, and its lower and upper bound. It may be slow and is called for few times.
    last : int
        The last known time.
    level : float
        The fraction, above 0 and at most 1; 0.5 for the median.

    Returns
    -------
    tuple of float
        The time, and its lower and upper bound; NaN for a time after the last.

    Examples
    --------
    >>> shares = [(0.1, 0.0, 0.3), (0.5, 0.3, 0.7), (0.6, 0.4, 0.8), (0.9, 0.7, 1.0)]
    >>> time_quantile(shares.__getitem__, 3, 0.5)
    (1.0, 1.0, 3.0)
    >>> time_quantile(shares.__getitem__, 2, 0.75)
    (nan, 2.0, nan)
    """

    def first(place: int) -> float:
        reached = level - _ROUNDING
        time = bisect.bisect_left(range(last + 1), reached, key=lambda t: share_by(t)[place])
        return float(time) if time <= last else float("nan")

    return first(0), first(2), first(1)
