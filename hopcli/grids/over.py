"""The average of a grid over one of its keys, such as the seed of the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli.errors import SettingError
from hopcli.statistics import draws_interval, mean_sd_sem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hopcli.experiments.headline import Headline
    from hopcli.grids.keys import Key

__all__ = ["average", "interval_over"]


def average(
    table: pd.DataFrame, keys: Sequence[Key], over: str, headline: Headline
) -> pd.DataFrame:
    """Average a number over one key of a grid, for each value of the others.

    Values of the key are the independent units, and each counts alike. Keys that vary
    together with it, one value of each for one of its, are averaged over with it. The 95 %
    interval is of the mean over all values that the key might have had, by how much those it
    had differ. For a rate it stays between 0 and 1 and has a width there, where all values
    being alike tells no more than so many trials (:func:`hopcli.statistics.draws_interval`);
    of ten values it covers 94 to 99 % in simulations, and 91 % where nearly all is recalled
    but for a few bad values. For any other number it is Student's t, for values that are
    about normal; it has no width where all are alike.

    Parameters
    ----------
    table : DataFrame
        The keys of the grid, then the columns of the experiment's table; a row a cell and
        row of that table.
    keys : sequence of Key
        The keys of the grid.
    over : str
        Which of them to average over.
    headline : Headline
        Which number to average; its coordinates are kept apart.

    Returns
    -------
    DataFrame
        The other keys and the coordinates; ``n_<over>``, how many values had a number; its
        mean, under the name of the number; ``<number>_sd`` and ``<number>_sem`` over the
        values, NaN for fewer than two; and the bounds of the interval, in the columns that
        the headline calls so, else in ``<number>_ci_low`` and ``<number>_ci_high``.

    Raises
    ------
    SettingError
        If there is no such key, about ``over``, or no such number, about ``y``.
    """
    names = [key.name for key in keys]
    if over not in names:
        raise SettingError("over", f"must be one of {', '.join(names)}", over)
    number = headline.value
    numeric = table.select_dtypes(["number", "bool"]).columns.difference(names)
    if number not in numeric:
        raise SettingError("y", f"must be one of {', '.join(numeric)}", number)
    coordinates = [c for c in (*headline.within, *headline.where) if c in table.columns]
    others = [name for name in names if not _together(table, over, name)]
    kept = list(dict.fromkeys([*others, *coordinates]))
    groups = [group for _, group in _groups(table, kept)]
    values = [_values(group, over, number) for group in groups]
    intervals = _intervals(values, groups, headline)
    rows = [
        (*group[kept].iloc[0], len(own), *_moments(own), *interval)
        for group, own, interval in zip(groups, values, intervals, strict=True)
    ]
    low, high = headline.low or f"{number}_ci_low", headline.high or f"{number}_ci_high"
    columns = [*kept, f"n_{over}", number, f"{number}_sd", f"{number}_sem", low, high]
    made = pd.DataFrame(rows, columns=columns)
    return made.astype({**table.dtypes[kept], f"n_{over}": int})


def interval_over(over: str, headline: Headline) -> str:
    """What the interval of an average is of, in a few words."""
    kind = "" if headline.counts else " and Student's t"
    return f"95 % interval of the mean over all values that {over} can have, by that SD{kind}"


def _together(table: pd.DataFrame, over: str, name: str) -> bool:
    """Whether a key is `over` itself, or has one value for each of its, and not just one."""
    pairs = table[[over, name]].drop_duplicates()
    return name == over or (pairs[over].is_unique and pairs[name].is_unique and len(pairs) > 1)


def _groups(table: pd.DataFrame, kept: list[str]) -> Sequence[tuple[object, pd.DataFrame]]:
    """The rows that are averaged together, in the order of the table."""
    if not kept:
        return [((), table)]
    return [*table.groupby(kept, sort=False, dropna=False)]


def _values(group: pd.DataFrame, over: str, number: str) -> NDArray[np.float64]:
    """The number at each value of the key that has one."""
    known = group[group[number].notna()]
    return known.groupby(over, sort=False)[number].mean().to_numpy(dtype=np.float64)


def _moments(values: NDArray[np.float64]) -> tuple[float, ...]:
    """Mean, SD and SEM; NaN of no values."""
    if len(values) == 0:
        return (np.nan, np.nan, np.nan)
    return tuple(float(moment) for moment in mean_sd_sem(values))


def _intervals(
    values: Sequence[NDArray[np.float64]], groups: Sequence[pd.DataFrame], headline: Headline
) -> list[tuple[float, float]]:
    """The interval of the mean of each group of values."""
    if headline.counts is None:
        return [_student_interval(own) for own in values]
    known = (group[group[headline.value].notna()] for group in groups)
    # The variance of a mean of rates is that of rates of the harmonic mean of their trials.
    trials = [1 / float((1 / group[headline.counts[1]]).mean()) for group in known]
    # Values that are all alike are a trial each: another one may be of another kind.
    return [
        draws_interval(own, 1, most=n) if len(own) else (np.nan, np.nan)
        for own, n in zip(values, trials, strict=True)
    ]


def _student_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Student's t; NaN for fewer than two values, which have no error."""
    from scipy.special import stdtrit

    if len(values) < 2:
        return (np.nan, np.nan)
    mean, _, sem = _moments(values)
    half = float(stdtrit(len(values) - 1, 0.975)) * sem
    return mean - half, mean + half
