"""The measurements of ``hopcli critical``, size by size, exact values, and crossings."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from hopcli.config import CriticalConfig
from hopcli.network import Network
from hopcli.observables import binder_ratio
from hopcli.records import Bools, Floats
from hopcli.statistics.crossings import FEWEST, Crossing, crossing
from hopcli.statistics.rates import resampled_means
from hopcli.streams import Streams
from hopcli.taxonomy import ROUNDING, recall_of
from hopcli.theory import PairStates, ordering_temperatures

_REPLICATES = 1000
_MOST_PAIRS = 1 << 22  # of sums of two groups whose states are summed
_LEVEL = 0.05
_POWERS = 5
_ROWS = 64  # of sums of a group, whose observables are computed at once


def powers(projection: Floats, energy: Floats) -> Floats:
    """Stack m_P, m_P^2, m_P^4, e and e^2, whose means suffice, shape (5, ...)."""
    return np.stack([projection, projection**2, projection**4, energy, energy**2])


class Measured:
    """Measurements of the chains of a run, and the exact values.

    Parameters
    ----------
    config : CriticalConfig
        The configuration of the run.
    networks : list of Network
        The network of each size.
    chains : ndarray of float64, shape (sizes, temperatures, chains, 9)
        For each chain the means of the five :func:`powers`, whether it ended at a pattern, and
        tau, its standard error and the skipped sweeps. The first half of the chains is hot.
    """

    def __init__(self, config: CriticalConfig, networks: list[Network], chains: Floats) -> None:
        self.config = config
        self.sizes = [network.n_sites for network in networks]
        self.components = int(np.linalg.matrix_rank(networks[0].columns.astype(np.float64)))
        self.orderings = ordering_temperatures(networks[0])[: self.components]
        self.ordering = float(self.orderings[0])
        self.means = np.ascontiguousarray(chains[..., :_POWERS])
        self.recalled = chains[..., _POWERS] > 0
        self.memory = chains[:, :, 0, _POWERS + 1 :]
        self._networks = networks

    def of(self, start: str) -> slice:
        """Return the slice of the chains of a start."""
        half = self.config.chains
        return {"hot": slice(half), "cold": slice(half, None), "both": slice(None)}[start]

    def disordered(self, n_sites: int) -> float:
        """Compute the Binder ratio of Gaussian components a little above the critical temperature.

        It is 1 - n sum v_k^2 / (sum v_k)^2 with the variances v_k = 1 / (1 - T_k / T) of the n
        components, at T = T_c (1 + 2 / sqrt(N)). It is 0 if all components order together, and
        1 - n if only one does.
        """
        temperature = self.ordering * (1 + 2 / math.sqrt(n_sites))
        variances = 1 / (1 - self.orderings / temperature)
        square = float((variances**2).sum() / variances.sum() ** 2)
        return 1 - self.components * square

    @functools.cached_property
    def replicates(self) -> dict[str, Floats]:
        """Return resampled means over chains, shape (sizes, temperatures, any, 5)."""
        n_parts = len(self.sizes) * len(self.config.temperatures)
        seed = Streams(self.config.seed).chains.spawn(n_parts + 1)[-1]  # after the parts' own
        rng = np.random.default_rng(seed)
        shape = self.means.shape[:2]
        drawn = {start: np.empty((*shape, _REPLICATES, _POWERS)) for start in ("hot", "cold")}
        for start, means in drawn.items():
            for part in np.ndindex(*shape):
                means[part] = resampled_means(self.means[part][self.of(start)], _REPLICATES, rng)
        return {**drawn, "both": (drawn["hot"] + drawn["cold"]) / 2}

    @functools.cached_property
    def states(self) -> list[tuple[PairStates, Floats] | None]:
        """All states of each size, if they are known, and their observables.

        Observables are the :func:`powers`, and whether a state is at a pattern, shape (6, a, b).
        """
        return [self._states(PairStates.of(each, _MOST_PAIRS)) for each in self._networks]

    def _states(self, states: PairStates | None) -> tuple[PairStates, Floats] | None:
        if states is None:
            return None
        seen = np.empty((_POWERS + 1, *states.energy.shape))
        projection, overlaps = states.projection, states.overlaps
        for first in range(0, len(states.energy), _ROWS):
            rows = slice(first, first + _ROWS)
            m = np.moveaxis(overlaps[:, rows], 0, -1)
            is_own = np.zeros(len(overlaps), bool)
            seen[-1, rows], _ = recall_of(m, is_own, self.config.criterion)
            energy = states.energy[rows] / states.n_sites
            seen[:-1, rows] = powers(projection[rows], energy)
        return states, seen

    @property
    def same(self) -> Floats:
        """P-values that hot and cold starts are in one equilibrium, shape (sizes, temperatures).

        Student's test of the mean of m_P^2. Without noise in either start it is 1 or 0.
        """
        from scipy.special import stdtr

        square = self.means[..., 1]
        hot, cold = square[..., self.of("hot")], square[..., self.of("cold")]
        apart = np.abs(hot.mean(axis=-1) - cold.mean(axis=-1))
        n_chains = self.config.chains
        sem = np.sqrt((hot.var(axis=-1, ddof=1) + cold.var(axis=-1, ddof=1)) / n_chains)
        t = np.where(apart > ROUNDING, apart, 0.0) / np.maximum(sem, ROUNDING)
        p: Floats = 2 * stdtr(2 * (n_chains - 1), -t)
        return p

    @property
    def agree(self) -> Bools:
        """Agreement of hot and cold starts, by Bonferroni's correction of `same`."""
        p = self.same
        return p >= _LEVEL / p.size

    def quantities(self, means: Floats, size: int, temperature: Any) -> dict[str, Floats]:
        """Compute the columns of the table from the means of the powers, shape (..., 5)."""
        m, square, fourth, energy, energy_square = np.moveaxis(means, -1, 0)
        n_sites = self.sizes[size]
        return {
            "projection": m,
            "projection_square": square,
            "binder": binder_ratio(square, fourth, self.components),
            "susceptibility": n_sites * (square - m**2) / temperature,
            "energy": energy,
            "specific_heat": n_sites * (energy_square - energy**2) / np.square(temperature),
        }

    @functools.cached_property
    def exact_of_run(self) -> list[Floats]:
        """Return :meth:`exact` of each size at the temperatures of the run."""
        temperatures = np.array(self.config.temperatures)
        return [self.exact(size, temperatures) for size in range(len(self.sizes))]

    def exact(self, size: int, temperatures: Floats) -> Floats:
        """Compute exact means of the powers, and the share of states at a pattern.

        float64, shape (temperatures, 6); NaN if the states are not known.
        """
        known = self.states[size]
        if known is None:
            return np.full((len(temperatures), _POWERS + 1), np.nan)
        states, seen = known
        return states.means(seen, temperatures)


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
        found.append(_crossing(measured, small, large))
        sizes = f"{measured.sizes[small]} and {measured.sizes[large]}"
        exact = _exact_crossing(measured, small, large)
        yield "Binder crossing", sizes, *_with_interval(found[-1]), exact
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

    chains, scale = 2 * measured.config.chains, 2 * measured.ordering
    spread = ratios(measured.replicates["both"]).std(axis=-1)
    return crossing(
        temperatures[agree],
        ratios(measured.means.mean(axis=2)),
        spread * math.sqrt(chains / (chains - 2)),  # hot and cold each have a mean
        (math.sqrt(sizes[0]) / scale, math.sqrt(sizes[1]) / scale),
        dof=chains - 2,
        lowest=measured.disordered(sizes[0]),
    )


def _exact_crossing(measured: Measured, small: int, large: int) -> float:
    """Compute the crossing of the exact curves; NaN without a crossing or exact values."""
    from scipy.optimize import brentq

    temperatures = np.array(measured.config.temperatures)
    sizes = (small, large)
    curve = _difference(measured, sizes, [measured.exact_of_run[size] for size in sizes])
    last_above = int(np.argmax(np.cumsum(curve)))
    bracket = curve[last_above : last_above + 2]
    if len(bracket) < 2 or not bracket[0] > 0 > bracket[1]:
        return np.nan
    low, high = temperatures[last_above : last_above + 2].tolist()
    # Not a closure: brentq would keep it and all states in a reference cycle.
    return float(brentq(_difference_at, low, high, args=(measured, sizes), xtol=1e-10))


def _difference_at(temperature: float, measured: Measured, sizes: tuple[int, int]) -> float:
    exact = [measured.exact(size, np.array([temperature])) for size in sizes]
    return float(_difference(measured, sizes, exact)[0])


def _difference(measured: Measured, sizes: tuple[int, int], exact: list[Floats]) -> Floats:
    """Return the exact Binder ratio of the larger size less that of the smaller one."""
    one, other = (
        measured.quantities(means[:, :-1], size, 1.0)["binder"]
        for size, means in zip(sizes, exact, strict=True)
    )
    return other - one


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
