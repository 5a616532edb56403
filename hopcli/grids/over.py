"""Average of a grid over one of its keys, such as the seed of the selection."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.errors import SettingError
from hopcli.statistics import draws_interval, mean_sd_sem
from hopcli.tables import Columns, Estimate, kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hopcli.grids.grid import Key


def average(table: Columns, keys: Sequence[Key], over: str, headline: Estimate) -> Columns:
    """Average a number over one key of a grid, for each value of the others.

    Values of the key are the independent units, with equal weight. Keys that vary together with
    it, with one value of each per value of the key, are averaged too. The 95 % interval is for
    the mean over all values that the key could have, from the differences between those that it
    had. For a rate the interval stays between 0 and 1 and has a width there: equal values count
    as this number of trials (:func:`hopcli.statistics.draws_interval`). With ten values it covers
    94 to 99 % in simulations, and 91 % if nearly all is recalled except for a few bad values. For
    any other number it is Student's t, for values that are about normal; it has no width if all
    are equal.

    Parameters
    ----------
    table : Columns
        The keys of the grid, then the columns of the experiment's table; a row per cell and
        row of that table.
    keys : sequence of Key
        The keys of the grid.
    over : str
        The key to average over.
    headline : Estimate
        The number to average; its coordinates are kept apart.

    Returns
    -------
    Columns
        The other keys and the coordinates; ``n_<over>``, the number of values with a result;
        the mean, under the name of the number; ``<number>_sd`` and ``<number>_sem`` over the
        values, NaN for fewer than two; and the bounds of the interval, in the columns that
        the table declares, otherwise in ``<number>_ci_low`` and ``<number>_ci_high``.

    Raises
    ------
    SettingError
        If there is no such key, about ``over``, or no such number, about ``y``.
    """
    names = [key.name for key in keys]
    if over not in names:
        raise SettingError("over", f"must be one of {', '.join(names)}", over)
    number = headline.value
    numeric = sorted(
        name
        for name, array in zip(table.names, table.arrays, strict=True)
        if kind_of(array) != "text" and name not in names
    )
    if number not in numeric:
        raise SettingError("y", f"must be one of {', '.join(numeric)}", number)
    coordinates = [c for c in (*headline.within, *headline.where) if c in table]
    others = [name for name in names if not _together(table, over, name)]
    kept = list(dict.fromkeys([*others, *coordinates]))
    groups = [np.array(places) for places in _groups(table, kept)]
    known = [places[~np.isnan(table[number][places].astype(np.float64))] for places in groups]
    values = [_values(table.take(places), over, number) for places in known]
    intervals = _intervals(values, [table.take(places) for places in known], headline)
    firsts = np.array([places[0] for places in groups], dtype=np.int64)
    moments = zip(*(_moments(own) for own in values), strict=True) if values else [()] * 3
    errors = [
        np.array(each, dtype=np.float64) for each in (*moments, *zip(*intervals, strict=True))
    ]
    columns = [*kept, f"n_{over}", number, f"{number}_sd", f"{number}_sem"]
    counts = np.array([len(own) for own in values], dtype=np.int64)
    arrays = [*(table[name][firsts] for name in kept), counts, *errors]
    return Columns([*columns, headline.low, headline.high], arrays, headline.averaged())


def interval_over(headline: Estimate) -> str:
    """Describe the interval of an average in a few words."""
    kind = "" if headline.column.counts else ", by Student's t"
    return f"95 % interval of the mean over all possible values{kind}"


def _together(table: Columns, over: str, name: str) -> bool:
    """Return whether a key is `over`, or has several values, one for each of its values."""
    pairs = set(zip(table[over].tolist(), table[name].tolist(), strict=True))
    n_values = {len(set(values)) for values in zip(*pairs, strict=True)}
    return name == over or (n_values == {len(pairs)} and len(pairs) > 1)


def _groups(table: Columns, kept: list[str]) -> Iterable[list[int]]:
    """Return the places of rows that are averaged together, in the order of the table."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    rows = table.only(kept).rows() if kept else [()] * len(table)
    for place, row in enumerate(rows):
        key = tuple(None if value != value else value for value in row)
        groups.setdefault(key, []).append(place)
    return groups.values()


def _values(rows: Columns, over: str, number: str) -> NDArray[np.float64]:
    """Return the number at each value of the key."""
    found: dict[Any, list[float]] = {}
    for key, value in zip(rows[over].tolist(), rows[number].tolist(), strict=True):
        found.setdefault(key, []).append(value)
    return np.array([math.fsum(each) / len(each) for each in found.values()], dtype=np.float64)


def _moments(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Compute mean, SD and SEM; NaN without values."""
    if len(values) == 0:
        return (np.nan, np.nan, np.nan)
    return tuple(float(moment) for moment in mean_sd_sem(values))


def _intervals(
    values: Sequence[NDArray[np.float64]], groups: Sequence[Columns], headline: Estimate
) -> list[tuple[float, float]]:
    """Compute the interval of the mean of each group of values."""
    if headline.column.counts is None:
        return [_student_interval(own) for own in values]
    # The variance of a mean of rates is that of rates of the harmonic mean of their trials.
    of_groups = (group[headline.column.counts[1]] for group in groups)
    trials = [1 / float((1 / each).mean()) if len(each) else np.nan for each in of_groups]
    # Equal values are one trial each: another one may be of another kind.
    return [
        draws_interval(own, 1, most=n) if len(own) else (np.nan, np.nan)
        for own, n in zip(values, trials, strict=True)
    ]


def _student_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Compute Student's t interval; NaN for fewer than two values, which have no error."""
    from scipy.special import stdtrit

    if len(values) < 2:
        return (np.nan, np.nan)
    mean, _, sem = _moments(values)
    half = float(stdtrit(len(values) - 1, 0.975)) * sem
    return mean - half, mean + half
