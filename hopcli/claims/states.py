"""Functions of claims about final states, couplings and ranks; see the registry in functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.claims.measured import Measured, binomial
from hopcli.errors import ResultError

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = [
    "above_patterns",
    "others",
    "rank_among_five",
    "unstable_by_code",
    "unstable_by_formula",
    "wrong_sites",
]

_TOTAL = "attractors"  # row of a census that adds up the others


def others(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], _column: str, _error: str | None
) -> Measured:
    """Share of the starts that end in none of the chosen rows, with its exact binomial interval."""
    group = table.columns[0]
    same = table[group] == table[group][chosen].iloc[0]
    if "kind" in table.columns:
        same &= table["kind"] != _TOTAL
    total = int(table.loc[same, "count"].sum())
    return binomial(total - int(table.loc[same & chosen, "count"].sum()), total)


def above_patterns(
    result: Any, table: pd.DataFrame, _chosen: NDArray[np.bool_], _column: str, _error: str | None
) -> Measured:
    """Energy of the lowest spurious state less that of the lowest stored pattern, per site."""
    from hopcli.observables import energy
    from hopcli.storage import store

    spurious = table[~table["kind"].isin(["pattern", "inverse", "unsettled"])]
    if spurious.empty:
        raise ResultError("no start ended in a spurious state")
    lowest = int(spurious["energy"].to_numpy().argmin())
    xi = result.patterns.xi
    of_patterns = energy(xi, store(xi, str(spurious["rule"].iloc[lowest])))
    gap = float(spurious["energy"].iloc[lowest]) - float(of_patterns.min())
    return Measured(gap / xi.shape[1])


def unstable_by_code(
    result: Any, _table: pd.DataFrame, _chosen: NDArray[np.bool_], _column: str, _error: str | None
) -> Measured:
    """Sites at which the sum of the stored patterns is not stable, by the tutorial's code."""
    from hopcli.claims.notebook import unstable_sum

    return Measured(unstable_sum(result.patterns.xi, by_code=True))


def unstable_by_formula(
    result: Any, _table: pd.DataFrame, _chosen: NDArray[np.bool_], _column: str, _error: str | None
) -> Measured:
    """The same with the couplings of Storkey's formula."""
    from hopcli.claims.notebook import unstable_sum

    return Measured(unstable_sum(result.patterns.xi, by_code=False))


def wrong_sites(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, error: str | None
) -> Measured:
    """Share of wrong sites (1 - m) / 2 at an overlap m."""
    from hopcli.claims.functions import interval_of

    row = int(np.flatnonzero(chosen)[0])
    ends = interval_of(table, row, column, error)
    low, high = (None, None) if ends is None else ((1 - ends[1]) / 2, (1 - ends[0]) / 2)
    return Measured((1 - float(table[column].iloc[row])) / 2, low, high)


def rank_among_five(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, _error: str | None
) -> Measured:
    """Rank of the chosen label among the five that the study stored; 1 has the smallest value."""
    from hopcli.data.study import authors_recall

    five = table["label"].astype(str).isin(list(authors_recall().columns))
    value = table[column][chosen].iloc[0]
    return Measured(1 + int((table[column][five] < value).sum()))
