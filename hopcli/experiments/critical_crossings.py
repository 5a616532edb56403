"""Crossings of the Binder ratios of neighbouring sizes, and their limit."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.statistics.crossings import FEWEST, Crossing, crossing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hopcli.experiments.critical_measured import Measured
    from hopcli.records import Bools, Floats

_FALLS_SHORT = 2.0  # distances from the last crossing to its limit
_POINTS = 6  # temperatures wanted for a crossing
_WINDOW = (2.0, 4.0)  # largest scaled distances from T_c
_SUGGESTED = 10  # steps of the temperatures in a warning
_MORE_SWEEPS = 10
_ROUNDING = 1e-9


def crossing_rows(measured: Measured) -> Iterator[tuple[Any, ...]]:
    """Return the crossings of the Binder ratios of neighbouring sizes, and their limit."""
    pairs = list(itertools.pairwise(range(len(measured.sizes))))
    found = []
    for small, large in pairs:
        estimate = _crossing(measured, small, large)
        found.append(estimate)
        sizes = f"{measured.sizes[small]} and {measured.sizes[large]}"
        exact = _exact_crossing(measured, small, large)
        yield "Binder crossing", sizes, *_with_interval(estimate), exact
    if len(pairs) > 1:
        limit = _with_interval(_extrapolated(measured.sizes, found))
        yield "Binder crossing, extrapolated", "infinite", *limit, measured.ordering


def _with_interval(found: Crossing) -> tuple[float, float, float]:
    """Return a crossing with its interval; no temperature is below 0."""
    return found.value, max(found.low, 0.0), found.high


def _near(temperatures: Floats, ordering: float, sizes: tuple[int, int]) -> Bools:
    """Select the temperatures from which the crossing of two sizes is estimated.

    These are within 2 of the scaled variable (T / T_c - 1) (N_1 N_2)^(1/4). If they are fewer
    than six, the window is extended, at most to 4.
    """
    scaled = _scaled(temperatures, ordering, sizes)
    wide = np.sort(scaled)[min(_POINTS, len(scaled)) - 1 :][:1]
    return scaled <= np.clip(wide, *_WINDOW) + _ROUNDING


def _scaled(temperatures: Floats, ordering: float, sizes: tuple[int, int]) -> Floats:
    return np.abs(temperatures / ordering - 1) * math.sqrt(math.sqrt(sizes[0] * sizes[1]))


def _crossing(measured: Measured, small: int, large: int) -> Crossing:
    """Estimate the crossing of two sizes where hot and cold starts agree; NaN if impossible."""
    pair = [small, large]
    sizes = (measured.sizes[small], measured.sizes[large])
    temperatures = np.array(measured.config.temperatures)
    agree = np.flatnonzero(measured.agree[pair].all(axis=0))
    if len(agree):
        agree = agree[_near(temperatures[agree], measured.ordering, sizes)]
    if len(agree) < FEWEST:
        return Crossing(np.nan, np.nan, np.nan)

    def ratios(means: Floats) -> Floats:
        return np.stack([measured.quantities(means[k, agree], k, 1.0)["binder"] for k in pair])

    chains = 2 * measured.config.chains
    spread = ratios(measured.replicates["both"]).std(axis=-1)
    return crossing(
        temperatures[agree],
        ratios(measured.means.mean(axis=2)),
        spread * math.sqrt(chains / (chains - 2)),  # hot and cold each have a mean
        (_steepness(measured, small), _steepness(measured, large)),
        dof=chains - 2,
        lowest=measured.disordered(sizes[0]),
    )


def _steepness(measured: Measured, size: int) -> float:
    return math.sqrt(measured.sizes[size]) / (2 * measured.ordering)


def _exact_crossing(measured: Measured, small: int, large: int) -> float:
    """Compute the crossing of the exact curves; NaN without a crossing or exact values."""
    from scipy.optimize import brentq

    def difference(temperatures: Floats) -> Floats:
        one, other = (
            measured.quantities(measured.exact(size, temperatures)[:, :-1], size, 1.0)["binder"]
            for size in (small, large)
        )
        return other - one

    temperatures = np.array(measured.config.temperatures)
    curve = difference(temperatures)
    last_above = int(np.argmax(np.cumsum(curve)))
    bracket = curve[last_above : last_above + 2]
    if len(bracket) < 2 or not bracket[0] > 0 > bracket[1]:
        return np.nan
    low, high = temperatures[last_above : last_above + 2].tolist()
    return float(brentq(lambda t: float(difference(np.array([t]))[0]), low, high, xtol=1e-10))


def _extrapolated(sizes: list[int], found: list[Crossing]) -> Crossing:
    """Extrapolate the crossings of the two largest pairs of sizes to infinite size.

    With corrections of 1 / sqrt(N) to a ratio that depends on sqrt(N) (T - T_c), sizes N_1
    and N_2 cross 1 / sqrt(N_1 N_2) away from T_c. Neighbouring pairs share a size, so distances
    to the bounds add linearly, which covers any correlation.

    Higher corrections remain: with exact crossings of two patterns the result falls short of
    T_c by 3 to 155 % of its distance from the last crossing. The bound in that direction is
    moved outwards by twice this distance.
    """
    first, last = (1 / math.sqrt(a * b) for a, b in list(itertools.pairwise(sizes))[-2:])
    before, largest = found[-2:]
    share = last / (first - last)
    step = share * (largest.value - before.value)
    value = largest.value + step
    down = (1 + share) * (largest.value - largest.low) + share * (before.high - before.value)
    up = (1 + share) * (largest.high - largest.value) + share * (before.value - before.low)
    short = _FALLS_SHORT * step
    return Crossing(value, value - down + min(short, 0.0), value + up + max(short, 0.0))


def missing_crossings(measured: Measured) -> list[str]:
    """Warn of each pair of sizes without a crossing, with the option that gives one."""
    config, warnings = measured.config, []
    temperatures = np.array(config.temperatures)
    for small, large in itertools.pairwise(range(len(measured.sizes))):
        sizes = (measured.sizes[small], measured.sizes[large])
        near = _scaled(temperatures, measured.ordering, sizes) <= _WINDOW[1] + _ROUNDING
        both = near & measured.agree[[small, large]].all(axis=0)
        if both.sum() >= FEWEST:
            continue
        low, high, step = _suggestion(measured.ordering, sizes)
        lack = (
            f"no crossing of {sizes[0]:,} and {sizes[1]:,} spins: it needs {FEWEST} temperatures "
            f"near T_c = {measured.ordering:.3g}"
        )
        if near.sum() < FEWEST:
            advice = f"the run has {near.sum()}; add --temperatures {low:g}:{high:g}:{step:g}"
        else:
            more = min(_MORE_SWEEPS * config.sweeps, type(config).most_sweeps(config.chains))
            advice = f"hot and cold starts agree at {both.sum()}; try --sweeps {more}"
        warnings.append(f"{lack}, {advice}")
    return warnings


def _suggestion(ordering: float, sizes: tuple[int, int]) -> tuple[float, float, float]:
    """Return first, last and step of temperatures that give a crossing."""
    reach = _WINDOW[0] * ordering / math.sqrt(math.sqrt(sizes[0] * sizes[1]))
    step = float(f"{2 * reach / _SUGGESTED:.2g}")
    middle = round(ordering / step) * step
    first = max(middle - _SUGGESTED // 2 * step, step)
    return round(first, 6), round(first + _SUGGESTED * step, 6), step
