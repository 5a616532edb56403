"""Intervals of rates: counted with each run, computed later for many tables in one call.

A table with open intervals contains, for each row, the counts of its rate as a text:
``3*0/1 2*1/1`` are three groups of trials with no success in one trial, and two with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from hopcli.records import Floats
from hopcli.statistics import clustered_intervals, mean_interval, thermal_interval
from hopcli.tables.table import Columns

MEAN = "mean"
"""In place of counts: the rate is the mean of the rates above, back to the last such row."""

_POPULATION = "all "  # begins the text if the groups are the whole population
_AT_ONCE = 1000  # rates, of about equally many kinds of groups


def counts_text(
    some: Iterable[tuple[int, int, int]], sizes: Mapping[int, int], *, population: bool
) -> str:
    """Write the counts of a rate.

    Parameters
    ----------
    some : iterable of (int, int, int)
        Groups of trials with a success: their trials, their successes, and the number of groups.
    sizes : mapping of int to int
        Number of all groups by their trials.
    population : bool
        True if the groups are the whole population, such as all images.
    """
    without = dict(sizes)
    for trials, _, number in some:
        without[trials] -= number
    every = sorted([*some, *((trials, 0, number) for trials, number in without.items() if number)])
    text = " ".join(f"{number}*{successes}/{trials}" for trials, successes, number in every)
    return _POPULATION * population + text


def intervals(texts: Iterable[str]) -> dict[str, tuple[float, float]]:
    """Compute the 95 % interval of each rate, by its counts."""
    found: dict[str, tuple[float, float]] = {}
    order = sorted(set(texts), key=lambda text: (len(text), text))
    for some in (order[first : first + _AT_ONCE] for first in range(0, len(order), _AT_ONCE)):
        new = [text for text in some if not text.startswith(_POPULATION)]
        bounds = clustered_intervals([_groups(text) for text in new])
        found |= zip(new, bounds, strict=True)
        for text in some:
            if text not in found:
                found[text] = thermal_interval(*_groups(text.removeprefix(_POPULATION)))
    return found


def _groups(text: str) -> tuple[list[int], list[int], list[int]]:
    """Read the counts of a rate: successes, trials, and number of equal groups."""
    parts = text.replace("*", " ").replace("/", " ").split()
    values = list(map(int, parts))
    return values[1::3], values[2::3], values[::3]


def complete(tables: Sequence[Columns]) -> None:
    """Compute the open intervals of tables, all in one call, and enter them."""
    open_ones = [table for table in tables if table.counts]
    known = intervals(t for table in open_ones for t in table.counts if t and t != MEAN)
    means: dict[tuple[str, ...], tuple[float, float]] = {}
    for table in open_ones:
        ends = {column.end: column for column in table.declared.columns}
        rates: Floats = table[ends["low"].interval_of]
        bounds, first = [known.get(text, (np.nan, np.nan)) for text in table.counts], 0
        for place, text in enumerate(table.counts):
            if text == MEAN:
                alike = tuple(table.counts[first:place])
                if alike not in means:
                    lows, highs = zip(*bounds[first:place], strict=True)
                    means[alike] = mean_interval(rates[first:place], lows, highs)
                bounds[place], first = means[alike], place + 1
        is_open = np.fromiter(map(bool, table.counts), bool, len(bounds))
        arrays, table.counts = list(table.arrays), []
        for number, end in enumerate(("low", "high")):
            values = np.fromiter((pair[number] for pair in bounds), np.float64, len(bounds))
            column = table.names.index(ends[end].name)
            arrays[column] = np.where(is_open, values, arrays[column])
        table.arrays = arrays
