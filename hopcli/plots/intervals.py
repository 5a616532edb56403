"""The bars of a number of a grid, and what is said of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.grids.over import interval_over

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hopcli.tables import Estimate

__all__ = ["Bars", "bars_of"]


class Bars(NamedTuple):
    """The bars of each row of a table, NaN where it has none.

    Attributes
    ----------
    low, high : ndarray of float64, shape (rows,)
        Ends of the thin bar.
    thick : ndarray of float64, shape (rows,)
        Half the length of the thick bar.
    says : str
        What they are, as a sentence; empty where there are none.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    thick: NDArray[np.float64]
    says: str


def bars_of(table: pd.DataFrame, headline: Estimate, over: str | None) -> Bars:
    """The bars of a number: its interval, else its SEM; of an average its interval and the SD."""
    value = headline.value
    low, high = headline.low or f"{value}_ci_low", headline.high or f"{value}_ci_high"
    sem = _column(table, headline.sem or f"{value}_sem")
    none = np.full(len(table), np.nan)
    has_sem = not np.isnan(sem).all()
    if np.isnan(_column(table, low)).all():
        number = _column(table, value)
        says = "Bars: SEM." if has_sem else ""
        return Bars(number - sem, number + sem, none, says)
    ends = _column(table, low), _column(table, high)
    if over is None:
        return Bars(*ends, none, f"Bars: {headline.interval}.")
    sd = _column(table, f"{value}_sd")
    said = f"Thick bars: SD over the values of {over}. Thin bars: {interval_over(over, headline)}."
    return Bars(*ends, sd, said)


def _column(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in table.columns:
        return np.full(len(table), np.nan)
    return table[name].to_numpy(dtype=np.float64)
