"""Tables of ``hopcli critical``: from the means of chains to estimates and their intervals."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.experiments.critical_crossings import crossing_rows
from hopcli.statistics import exact_interval
from hopcli.statistics.means import replicate_interval
from hopcli.tables import Column, Columns, Table, columns, ends_of, estimate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopcli.experiments.critical_measured import Measured
    from hopcli.records import Bools, Floats


_LINEAR = {"projection_square": 1, "energy": 3}  # compared with exact means: place among the powers
_QUANTITIES = (
    *("projection", "projection_square", "binder", "susceptibility", "energy", "specific_heat"),
    "recall",
)
_CRITICAL = Table(
    "critical",
    (
        Column("what", "text"),
        Column("sizes", "text", key=True),
        Column(
            "value",
            axis="temperature at which Binder ratios cross",
            interval="95 % interval over chains",
        ),
        *ends_of("value", "ci", prefix=""),
        Column("exact"),
    ),
    headline="value",
    where={"what": "Binder crossing"},
)
_SCAN = Table(
    "critical_scan",
    (
        *columns("size: integer, temperature, start: text, chains: integer"),
        *estimate("tau", "sem"),
        *columns("burn_in: integer, p_hot_cold, agree: boolean"),
        *(column for name in _QUANTITIES for column in estimate(name, "ci")),
        *(Column(f"{name}_exact") for name in _QUANTITIES),
        *(Column(f"{name}_z") for name in _LINEAR),
    ),
)
_EXACT = Table(
    "critical_exact", (*columns("size: integer, temperature"), *map(Column, _QUANTITIES))
)
_FIT = Table(
    "critical_fit", columns("size: integer, quantity: text, temperatures: integer, chi_square, p")
)

TABLES = (_CRITICAL, _SCAN, _EXACT, _FIT)
"""The tables of a critical temperature."""

_STARTS = ("hot", "cold", "both")
_CURVE_POINTS = 60
_ROUNDING = 1e-9  # of the critical temperature, from an eigenvalue


def tables_of(measured: Measured) -> dict[str, Columns]:
    """Make all tables of a run."""
    scan = _scan(measured)
    return {
        "critical": _estimates(measured, scan),
        "critical_scan": scan,
        "critical_exact": _curves(measured),
        "critical_fit": _fit_table(scan),
    }


def _scan(measured: Measured) -> Columns:
    """Make one row per size, temperature and start."""
    temperatures = np.array(measured.config.temperatures)
    rows = []
    for size in range(len(measured.sizes)):
        exact = measured.exact(size, temperatures)
        for place, start in itertools.product(range(len(temperatures)), _STARTS):
            rows.append(_row(measured, size, place, start, exact[place]))
    return _SCAN.rows(rows)


def _row(measured: Measured, size: int, place: int, start: str, exact: Floats) -> list[Any]:
    """Return the estimates of a start at a temperature, and the exact values."""
    temperature = measured.config.temperatures[place]
    chains = measured.means[size, place, measured.of(start)]
    n_chains = len(chains)
    tau, tau_sem, burn_in = measured.memory[size, place]
    row: list[Any] = [measured.sizes[size], temperature, start, n_chains, tau, tau_sem, burn_in]
    row += [measured.same[size, place], measured.agree[size, place]]
    found = measured.quantities(chains.mean(axis=0), size, temperature)
    drawn = measured.quantities(measured.replicates[start][size, place], size, temperature)
    for name, value in found.items():
        row += [value, *replicate_interval(drawn[name], n_chains)]
    row += _rate(measured.recalled[size, place, measured.of(start)])
    row += [*measured.quantities(exact[:-1], size, temperature).values(), exact[-1]]
    return row + [_normal_score(chains[:, power], exact[power]) for power in _LINEAR.values()]


def _rate(succeeded: Bools) -> tuple[float, float, float]:
    """Return a rate with its 95 % interval, which has a width at 0 and 1 too."""
    return (float(succeeded.mean()), *exact_interval(int(succeeded.sum()), succeeded.size))


def _normal_score(values: Floats, expected: float) -> float:
    """Return the deviation of a mean from its expectation in sigmas; NaN without noise."""
    from scipy.special import ndtri, stdtr

    if np.ptp(values) == 0:
        return np.nan
    t = (values.mean() - expected) / (values.std(ddof=1) / np.sqrt(len(values)))
    return float(-np.sign(t) * ndtri(stdtr(len(values) - 1, -abs(t))))


def _curves(measured: Measured) -> Columns:
    """Compute the exact values on a grid that is finer around the critical temperature."""
    ends = min(measured.config.temperatures), max(measured.config.temperatures)
    near = np.linspace(0.9 * measured.ordering, 1.1 * measured.ordering, _CURVE_POINTS)
    grid = np.union1d(np.linspace(*ends, _CURVE_POINTS), np.clip(near, *ends))
    tables = []
    for size, states in enumerate(measured.states):
        exact = measured.exact(size, grid if states else grid[:0])
        columns = measured.quantities(exact[:, :-1], size, grid[: len(exact)])
        table = {"temperature": grid[: len(exact)], **columns, "recall": exact[:, -1]}
        tables.append(_EXACT.of({"size": np.full(len(exact), measured.sizes[size]), **table}))
    return Columns.joined(tables)


def _fit_table(scan: Columns) -> Columns:
    """Compute chi-square of each size against exact means, where hot and cold starts agree.

    The energy of the pseudo-inverse rule is a linear function of the squared projection, so its
    scores differ only in the sign. A second row would repeat the first test.
    """
    from scipy.special import chdtrc

    both = scan.where(start="both", agree=True)
    rows = []
    for size in dict.fromkeys(both["size"].tolist()):
        own = both.where(size=size)
        tested: list[Floats] = []
        for quantity in _LINEAR:
            scores = own[f"{quantity}_z"]
            scores = scores[~np.isnan(scores)]
            if len(scores) == 0 or _is_among(np.abs(scores), tested):
                continue
            tested.append(np.abs(scores))
            chi_square = float(scores @ scores)
            p = float(chdtrc(len(scores), chi_square))
            rows.append((size, quantity, len(scores), chi_square, p))
    return _FIT.rows(rows)


def _is_among(scores: Floats, tested: list[Floats]) -> bool:
    """Check whether a test of the same scores has been made."""
    return any(len(scores) == len(one) and np.allclose(scores, one, atol=1e-6) for one in tested)


def _estimates(measured: Measured, scan: Columns) -> Columns:
    """Make the temperatures, measured and exact, and the recall above the critical one."""
    unknown = (np.nan,) * 3
    rows = [
        *crossing_rows(measured),
        ("linear stability", "infinite", *unknown, measured.ordering),
        *_recalled_above(measured, scan),
    ]
    return _CRITICAL.rows(rows)


def _recalled_above(measured: Measured, scan: Columns) -> Iterator[tuple[Any, ...]]:
    """Return the share of chains that end at a pattern above the critical temperature."""
    above = np.array(measured.config.temperatures) > measured.ordering + _ROUNDING
    if not above.any():
        return
    both = scan.where(start="both")
    for place, size in enumerate(measured.sizes):
        rate = _rate(measured.recalled[place, above])
        own = both.where(size=size)
        exact = own["recall_exact"][own["temperature"] > measured.ordering + _ROUNDING]
        yield "recall above T_c", str(size), *rate, exact.mean()
