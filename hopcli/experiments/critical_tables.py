"""The tables of ``hopcli critical``: from the means of chains to estimates and their intervals."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli.experiments.critical_crossings import crossing_rows
from hopcli.statistics import exact_interval
from hopcli.statistics.resampling import replicate_interval

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hopcli.experiments.critical_measured import Measured


__all__ = ["tables_of"]

_LINEAR = {"projection_square": 1, "energy": 3}  # held to the exact means: place among the powers
_STARTS = ("hot", "cold", "both")
_CURVE_POINTS = 60
_ROUNDING = 1e-9  # of the critical temperature, which an eigenvalue gives


def tables_of(measured: Measured) -> dict[str, pd.DataFrame]:
    """All tables of a run."""
    scan = _scan(measured)
    return {
        "critical": _estimates(measured, scan),
        "critical_scan": scan,
        "critical_exact": _curves(measured),
        "critical_fit": _fit(scan),
    }


def _scan(measured: Measured) -> pd.DataFrame:
    """One row a size, temperature and start."""
    temperatures = np.array(measured.config.temperatures)
    rows = []
    for size in range(len(measured.sizes)):
        exact = measured.exact(size, temperatures)
        for place, start in itertools.product(range(len(temperatures)), _STARTS):
            rows.append(_row(measured, size, place, start, exact[place]))
    return pd.DataFrame(rows)


def _row(
    measured: Measured, size: int, place: int, start: str, exact: NDArray[np.float64]
) -> dict[str, Any]:
    """What the chains of a start say at a temperature, and what is exact."""
    temperature = measured.config.temperatures[place]
    chains = measured.means[size, place, measured.of(start)]
    n_chains = len(chains)
    tau, tau_sem, burn_in = measured.memory[size, place]
    row: dict[str, Any] = {
        "size": measured.sizes[size],
        "temperature": temperature,
        "start": start,
        "chains": n_chains,
        "tau": tau,
        "tau_sem": tau_sem,
        "burn_in": int(burn_in),
        "p_hot_cold": measured.same[size, place],
        "agree": bool(measured.agree[size, place]),
    }
    found = measured.quantities(chains.mean(axis=0), size, temperature)
    drawn = measured.quantities(measured.replicates[start][size, place], size, temperature)
    for name, value in found.items():
        low, high = replicate_interval(drawn[name], n_chains)
        row |= {name: value, f"{name}_ci_low": low, f"{name}_ci_high": high}
    row |= _rate("recall", measured.recalled[size, place, measured.of(start)])
    for name, value in measured.quantities(exact[:-1], size, temperature).items():
        row[f"{name}_exact"] = value
    row["recall_exact"] = exact[-1]
    for name, power in _LINEAR.items():
        row[f"{name}_z"] = _normal_score(chains[:, power], exact[power])
    return row


def _rate(name: str, succeeded: NDArray[np.bool_]) -> dict[str, float]:
    """A rate with its 95 % interval, which has a width at 0 and 1 too."""
    low, high = exact_interval(int(succeeded.sum()), succeeded.size)
    return {name: succeeded.mean(), f"{name}_ci_low": low, f"{name}_ci_high": high}


def _normal_score(values: NDArray[np.float64], expected: float) -> float:
    """How far a mean is from what is expected, as a normal deviate; NaN without any noise."""
    from scipy.special import ndtri, stdtr

    if np.ptp(values) == 0:
        return np.nan
    t = (values.mean() - expected) / (values.std(ddof=1) / np.sqrt(len(values)))
    return float(-np.sign(t) * ndtri(stdtr(len(values) - 1, -abs(t))))


def _curves(measured: Measured) -> pd.DataFrame:
    """The exact answer on a grid that is finer around the critical temperature."""
    ends = min(measured.config.temperatures), max(measured.config.temperatures)
    near = np.linspace(0.9 * measured.ordering, 1.1 * measured.ordering, _CURVE_POINTS)
    grid = np.union1d(np.linspace(*ends, _CURVE_POINTS), np.clip(near, *ends))
    tables = []
    for size, states in enumerate(measured.states):
        exact = measured.exact(size, grid if states else grid[:0])
        columns = measured.quantities(exact[:, :-1], size, grid[: len(exact)])
        table = {"temperature": grid[: len(exact)], **columns, "recall": exact[:, -1]}
        tables.append(pd.DataFrame({"size": measured.sizes[size], **table}))
    return pd.concat(tables, ignore_index=True)


def _fit(scan: pd.DataFrame) -> pd.DataFrame:
    """Chi-square of each size against the exact means, where hot and cold starts agree.

    The energy of the pseudo-inverse rule is a linear function of the squared projection, so its
    scores are the same but for the sign. A second row would repeat the first test.
    """
    from scipy.special import chdtrc

    columns = {"size": int, "quantity": str, "temperatures": int, "chi_square": float, "p": float}
    both = scan[(scan["start"] == "both") & scan["agree"]]
    rows = []
    for size, own in both.groupby("size"):
        tested: list[NDArray[np.float64]] = []
        for quantity in _LINEAR:
            scores = own[f"{quantity}_z"].dropna().to_numpy()
            if len(scores) == 0 or _is_among(np.abs(scores), tested):
                continue
            tested.append(np.abs(scores))
            chi_square = float(scores @ scores)
            p = float(chdtrc(len(scores), chi_square))
            rows.append((size, quantity, len(scores), chi_square, p))
    return pd.DataFrame(rows, columns=list(columns)).astype(columns)


def _is_among(scores: NDArray[np.float64], tested: list[NDArray[np.float64]]) -> bool:
    """Check whether a test of the same scores has been made."""
    return any(len(scores) == len(one) and np.allclose(scores, one, atol=1e-6) for one in tested)


def _estimates(measured: Measured, scan: pd.DataFrame) -> pd.DataFrame:
    """The temperatures, measured and exact, and what is recalled above the critical one."""
    nothing = {"value": np.nan, "ci_low": np.nan, "ci_high": np.nan}
    stability = {"what": "linear stability", "sizes": "infinite", **nothing}
    rows: list[dict[str, Any]] = [
        *crossing_rows(measured),
        {**stability, "exact": measured.ordering},
        *_recalled_above(measured, scan),
    ]
    return pd.DataFrame(rows)


def _recalled_above(measured: Measured, scan: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """How often chains end at a pattern above the critical temperature."""
    above = np.array(measured.config.temperatures) > measured.ordering + _ROUNDING
    if not above.any():
        return
    both = scan[scan["start"] == "both"]
    for place, size in enumerate(measured.sizes):
        rate = _rate("value", measured.recalled[place, above])
        own = both[(both["size"] == size) & (both["temperature"] > measured.ordering + _ROUNDING)]
        yield {
            "what": "recall above T_c",
            "sizes": str(size),
            "value": rate["value"],
            "ci_low": rate["value_ci_low"],
            "ci_high": rate["value_ci_high"],
            "exact": own["recall_exact"].mean(),
        }
