"""The average of a grid over one of its keys, such as the seed of the selection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli.errors import SettingError
from hopcli.statistics import clustered_interval, mean_sd_sem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hopcli.experiments.headline import Headline
    from hopcli.grids.keys import Key

__all__ = ["average", "interval_over"]


def average(
    table: pd.DataFrame, keys: Sequence[Key], over: str, headline: Headline
) -> pd.DataFrame:
    """Average a number over one key of a grid, for each value of the others.

    Values of the key are the independent units, and each counts alike. Keys that vary
    together with it, one value of each for one of its, are averaged over with it. The 95 %
    interval is of the mean over all values that the key might have had. For a rate it
    supposes nothing of how the rates of these values are distributed, and holds at 0 and 1
    as well (:func:`hopcli.statistics.clustered_interval`): it allows for a kind of value that
    was not met, so that of ten values it is about 0.3 wide even where all are alike. For any
    other number it is Student's t, for values that are about normal; it has no width where
    all are alike.

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
    rows = [
        (*group[kept].iloc[0], *_averaged(group, over, headline))
        for _, group in _groups(table, kept)
    ]
    low, high = headline.low or f"{number}_ci_low", headline.high or f"{number}_ci_high"
    columns = [*kept, f"n_{over}", number, f"{number}_sd", f"{number}_sem", low, high]
    made = pd.DataFrame(rows, columns=columns)
    return made.astype({**table.dtypes[kept], f"n_{over}": int})


def interval_over(over: str, headline: Headline) -> str:
    """What the interval of an average is of, in a few words."""
    kind = "" if headline.counts else " by Student's t"
    return f"95 % interval{kind} of the mean over all values of {over}"


def _together(table: pd.DataFrame, over: str, name: str) -> bool:
    """Whether a key is `over` itself, or has one value for each of its, and not just one."""
    pairs = table[[over, name]].drop_duplicates()
    return name == over or (pairs[over].is_unique and pairs[name].is_unique and len(pairs) > 1)


def _groups(table: pd.DataFrame, kept: list[str]) -> Sequence[tuple[object, pd.DataFrame]]:
    """The rows that are averaged together, in the order of the table."""
    if not kept:
        return [((), table)]
    return [*table.groupby(kept, sort=False, dropna=False)]


def _averaged(group: pd.DataFrame, over: str, headline: Headline) -> tuple[float, ...]:
    """How many values there are, their mean, SD, SEM and interval."""
    known = group[group[headline.value].notna()]
    values = known.groupby(over, sort=False)[headline.value].mean().to_numpy(dtype=np.float64)
    if len(values) == 0:
        return (0, *[np.nan] * 5)
    mean, sd, sem = (float(number) for number in mean_sd_sem(values))
    if headline.counts is None:
        half = _student(len(values)) * sem
        return (len(values), mean, sd, sem, mean - half, mean + half)
    trials = int(known[headline.counts[1]].max())  # as of each, for all count alike
    return (len(values), mean, sd, sem, *clustered_interval(np.rint(values * trials), trials))


def _student(n: int) -> float:
    """Two-sided 95 % point of Student's t for n values; NaN for one, which has no error."""
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975)) if n > 1 else float("nan")
