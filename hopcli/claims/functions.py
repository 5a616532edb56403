"""What claims can ask of rows besides a number that stands there: the registry of functions.

Each takes the result of a run, a table, the rows that were chosen and a column, and gives a
:class:`hopcli.claims.measured.Measured`. All are deterministic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.claims import states
from hopcli.claims.measured import Measured, binomial
from hopcli.errors import ResultError
from hopcli.statistics import Z95, exact_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["FUNCTIONS", "Function", "counted_rate", "interval_of"]


@dataclass(frozen=True, slots=True)
class Function:
    """One function.

    Parameters
    ----------
    description : str
        What it gives.
    work : callable
        From result, whole table, chosen rows (a mask), column and column of the standard error.
    """

    description: str
    work: Callable[[Any, pd.DataFrame, NDArray[np.bool_], str, str | None], Measured]


def interval_of(
    table: pd.DataFrame, row: int, column: str, error: str | None
) -> tuple[float, float] | None:
    """The 95 % interval that stands beside a number, endless on a side that is not known.

    Parameters
    ----------
    table : DataFrame
        The table.
    row : int
        The place of the row.
    column : str
        The column of the number.
    error : str or None
        The column of its standard error, if that is to be taken.

    Returns
    -------
    tuple of float, or None
        Lower and upper bound; None if the table has no interval of the column at all.
    """
    value = float(table[column].iloc[row])
    pairs = [(f"{column}_ci_low", f"{column}_ci_high")]
    if _owns_interval(list(map(str, table.columns)), column):
        pairs.append(("ci_low", "ci_high"))
    for low, high in pairs if error is None else ():
        if low in table.columns and high in table.columns:
            return _endless(float(table[low].iloc[row]), float(table[high].iloc[row]))
    name = error or f"{column}_sem"
    if name not in table.columns:
        if error is None:
            return None
        raise ResultError(f"there is no column {error!r}, only {', '.join(table.columns)}")
    sem = float(table[name].iloc[row])
    return _endless(value - Z95 * sem, value + Z95 * sem)


def counted_rate(table: pd.DataFrame, row: int, column: str) -> Measured | None:
    """A rate of independent trials with its exact p-values; None for any other number.

    Trials are independent if the interval that the table gives is the exact one of the counts.
    """
    if column != "fraction" or not {"count", "ci_low", "ci_high"} <= set(table.columns):
        return None
    of = table.columns[0]
    n = int(table.loc[table[of] == table[of].iloc[row], "count"].sum())
    if n == 0:
        return None
    rate = binomial(int(table["count"].iloc[row]), n)
    ends = table[["ci_low", "ci_high"]].iloc[row].to_numpy(float)
    same = np.allclose(ends, exact_interval(int(table["count"].iloc[row]), n), atol=1e-8)
    return rate if same else None


def _endless(low: float, high: float) -> tuple[float, float]:
    """An interval; what is not known of it is not taken for certain."""
    return (-np.inf if np.isnan(low) else low), (np.inf if np.isnan(high) else high)


_RATES = ("accuracy", "fraction", "share")
"""Columns that ci_low and ci_high are of, wherever they stand."""


def _owns_interval(columns: list[str], column: str) -> bool:
    """Whether the plain ci_low and ci_high are those of a column: of the rate, or beside them."""
    if "ci_low" not in columns:
        return False
    of = next((name for name in _RATES if name in columns), columns[columns.index("ci_low") - 1])
    return column == of


def _row(table: pd.DataFrame, row: int, column: str, error: str | None) -> Measured:
    ends = interval_of(table, row, column, error)
    return Measured(float(table[column].iloc[row]), *(ends or ()))


def _smallest(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, error: str | None
) -> Measured:
    rows = np.flatnonzero(chosen)
    return _row(table, int(rows[np.argmin(table[column].to_numpy()[rows])]), column, error)


def _largest(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, error: str | None
) -> Measured:
    rows = np.flatnonzero(chosen)
    return _row(table, int(rows[np.argmax(table[column].to_numpy()[rows])]), column, error)


def _how_often(table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, sign: int) -> Measured:
    """Share of the repeats or selections in which the chosen label alone has the extreme value."""
    index = "selection" if "selection" in table.columns else "repeat"
    values = table.pivot(index=index, columns="label", values=column) * sign
    label = table["label"][chosen].iloc[0]
    others = values.drop(columns=label).max(axis=1)
    return binomial(int((values[label] > others).sum()), len(values))


def _how_often_best(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, _error: str | None
) -> Measured:
    return _how_often(table, chosen, column, 1)


def _how_often_worst(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, _error: str | None
) -> Measured:
    return _how_often(table, chosen, column, -1)


def _spread(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, error: str | None
) -> Measured:
    """Population SD over labels; each label's error moves it by its share of the deviations."""
    rows = np.flatnonzero(chosen & (table["label"] != "overall").to_numpy())
    values = table[column].to_numpy(dtype=np.float64)[rows]
    ends = [interval_of(table, int(row), column, error) or (0.0, 0.0) for row in rows]
    errors = np.diff(ends, axis=1)[:, 0] / (2 * Z95)
    deviations = values - values.mean()
    spread = float(np.sqrt(np.mean(deviations**2)))
    sem = float(np.linalg.norm(deviations * errors)) / (len(values) * spread)
    return Measured(spread, *_endless(spread - Z95 * sem, spread + Z95 * sem))


def _variance_ratio(
    _result: Any, table: pd.DataFrame, _chosen: NDArray[np.bool_], column: str, _error: str | None
) -> Measured:
    """Variance over the authors' ten repeats by that over the run's, averaged over labels.

    The interval is that of F with the degrees of freedom of all labels together, which holds
    well for a mean of so many ratios (its coverage is simulated in the tests).
    """
    from scipy.stats import f

    from hopcli.data.study import authors_recall

    authors = authors_recall()
    run = table.pivot(index="repeat", columns="label", values=column)
    labels = [label for label in authors.columns if label in run.columns]
    theirs = authors[labels].var(ddof=1).to_numpy() / 1e4
    ours = run[labels].var(ddof=1).to_numpy()
    ratio = float(np.mean(theirs / ours))
    freedom = (len(labels) * (len(authors) - 1), len(labels) * (len(run) - 1))
    low, high = (ratio / float(f.ppf(level, *freedom)) for level in (0.975, 0.025))
    return Measured(
        ratio,
        low,
        high,
        lambda bound: (float(f.sf(ratio / bound, *freedom)), float(f.cdf(ratio / bound, *freedom))),
    )


def _storkey_gap(
    result: Any, _table: pd.DataFrame, _chosen: NDArray[np.bool_], _column: str, _error: str | None
) -> Measured:
    from hopcli.claims.notebook import largest_gap

    return Measured(largest_gap(result.patterns.xi))


def _ahead(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, _error: str | None
) -> Measured:
    """Mean over the selections of the next worst label's rate less that of the chosen label."""
    index = "selection" if "selection" in table.columns else "repeat"
    values = table.pivot(index=index, columns="label", values=column)
    label = table["label"][chosen].iloc[0]
    other = values.drop(columns=label).mean().idxmin()
    gaps = (values[other] - values[label]).to_numpy(dtype=np.float64)
    return _mean(gaps)


def _mean(values: NDArray[np.float64]) -> Measured:
    """Mean of independent values with its t interval and p-values."""
    from scipy.stats import t

    n, mean = len(values), float(values.mean())
    sem = float(values.std(ddof=1)) / np.sqrt(n)
    if sem == 0:
        return Measured(mean, mean, mean)
    half = float(t.ppf(0.975, n - 1)) * sem
    return Measured(
        mean,
        mean - half,
        mean + half,
        lambda bound: (
            float(t.sf((mean - bound) / sem, n - 1)),
            float(t.cdf((mean - bound) / sem, n - 1)),
        ),
    )


def _with_p(
    _result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, error: str | None
) -> Measured:
    """A number with the two-sided p against 0 that stands in the column ``p`` of its row."""
    row = int(np.flatnonzero(chosen)[0])
    found = _row(table, row, column, error)
    p = float(table["p"].iloc[row])
    at_zero = (p, 1 - p) if found.value > 0 else (1 - p, p)
    return Measured(
        found.value,
        found.low,
        found.high,
        lambda bound: at_zero if bound == 0 else found.tails(bound),
    )


def _most_likely(
    result: Any, table: pd.DataFrame, chosen: NDArray[np.bool_], column: str, _error: str | None
) -> Measured:
    """The value of the largest likelihood, its interval, and p by the likelihood ratio.

    The overdispersion that the run found divides the ratio [McCullagh and Nelder 1989].
    """
    from scipy.stats import chi2

    rows = table[chosen]
    values = rows[column].to_numpy(dtype=np.float64)
    relative = rows["relative"].to_numpy(dtype=np.float64)
    best = float(values[relative.argmax()])
    inside = values[rows["in_interval"].to_numpy(dtype=bool)]
    estimate = result.tables["estimate"].set_index("order")
    inflation = float(estimate.loc[rows["order"].iloc[0], "overdispersion"])

    def tails(bound: float) -> tuple[float, float]:
        nearest = float(relative[np.argmin(np.abs(values - bound))])
        p = float(chi2.sf(2 * (relative.max() - nearest) / inflation, 1)) / 2
        return (p, 1 - p) if bound < best else (1 - p, p)

    return Measured(best, float(inside.min()), float(inside.max()), tails)


FUNCTIONS: dict[str, Function] = {
    "lead": Function(
        "mean over the selections of the next worst label's value less the chosen label's",
        _ahead,
    ),
    "most_likely": Function(
        "value of the largest likelihood, tested by the likelihood ratio", _most_likely
    ),
    "with_p": Function("the number, tested against 0 by the p of its row", _with_p),
    "smallest": Function("the smallest of the values, with its own interval", _smallest),
    "largest": Function("the largest of the values, with its own interval", _largest),
    "how_often_best": Function(
        "share of the repeats in which the label has the largest value of all", _how_often_best
    ),
    "how_often_worst": Function(
        "share of the repeats in which the label has the smallest value of all", _how_often_worst
    ),
    "spread": Function("population standard deviation over the labels", _spread),
    "variance_ratio": Function(
        "variance of the authors' ten repeats by that of the run's", _variance_ratio
    ),
    "storkey_gap": Function(
        "largest difference of a coupling by the tutorial's code from Storkey's formula, of the "
        "patterns that the run stores, in units of 1/N",
        _storkey_gap,
    ),
    "others": Function("share of the starts that end in none of the chosen rows", states.others),
    "above_patterns": Function(
        "energy per site of the lowest spurious state less that of the lowest stored pattern",
        states.above_patterns,
    ),
    "unstable_by_code": Function(
        "sites at which the sign of the sum of the stored patterns is not stable, with the "
        "couplings of the tutorial's code",
        states.unstable_by_code,
    ),
    "unstable_by_formula": Function(
        "the same with the couplings of Storkey's formula", states.unstable_by_formula
    ),
    "wrong_sites": Function(
        "share of wrong sites at an overlap m, (1 - m) / 2", states.wrong_sites
    ),
    "rank_among_five": Function(
        "rank of the label among the five that the study stored, 1 for the smallest value",
        states.rank_among_five,
    ),
}
"""The functions by name."""
