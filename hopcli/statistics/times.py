"""When half of something has happened: quantiles of times that are known up to a last one."""

from __future__ import annotations

import bisect
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["time_quantile"]

_ROUNDING = 1e-12  # of a share that is exactly at the level


def time_quantile(
    share_by: Callable[[int], tuple[float, float, float]], last: int, level: float
) -> tuple[float, float, float]:
    """The first time by which so large a share has happened, with its 95 % interval.

    The interval is that of all times at which the level is within the interval of the
    share [Woodruff 1952]: whatever those of shares allow for, such as trials that come
    in groups, it allows for as well. It covers at least as often as they do, and more often
    where a step of time is a large step of the share.

    Parameters
    ----------
    share_by : callable
        Time 0, 1, ... in; out the fraction that has happened by then, which never falls,
        and its lower and upper bound. Asked for few times, as it may be slow.
    last : int
        The last time that is known.
    level : float
        The share, above 0 and at most 1; 0.5 for the median.

    Returns
    -------
    tuple of float
        The time, and its lower and upper bound; NaN where it is after the last.

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
