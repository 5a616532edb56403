"""The tables of ``hopcli critical``: from the means of chains to estimates and their intervals."""

from __future__ import annotations

import functools
import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hopcli.experiments.critical_crossings import crossing_rows
from hopcli.observables import binder_ratio
from hopcli.statistics import exact_interval
from hopcli.statistics.resampling import replicate_interval, resampled_means
from hopcli.streams import Streams
from hopcli.taxonomy import ROUNDING
from hopcli.theory import PairStates, ordering_temperatures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hopcli.config import ResolvedCritical
    from hopcli.storage import Couplings

__all__ = ["Measured", "powers", "tables_of"]

_LINEAR = {"projection_square": 1, "energy": 3}  # held to the exact means: place among the powers
_STARTS = ("hot", "cold", "both")
_REPLICATES = 1000
_MOST_PAIRS = 1 << 22  # of sums of two groups, whose states are added up
_CURVE_POINTS = 60
_LEVEL = 0.05
_ROUNDING = 1e-9  # of the critical temperature, which an eigenvalue gives
_POWERS = 5


def powers(projection: NDArray[np.float64], energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Stack m_P, m_P^2, m_P^4, e and e^2, whose means say all, shape (5, ...)."""
    return np.stack([projection, projection**2, projection**4, energy, energy**2])


class Measured:
    """What the chains of a run say, and what is exact.

    Parameters
    ----------
    config : ResolvedCritical
        What was run.
    networks : list of Couplings
        The network of each size.
    chains : ndarray of float64, shape (sizes, temperatures, chains, 9)
        Of each chain the means of the five :func:`powers`, whether it ended at a pattern, and
        tau, its standard error and the sweeps left out. The first half of the chains is hot.
    """

    def __init__(
        self, config: ResolvedCritical, networks: list[Couplings], chains: NDArray[np.float64]
    ) -> None:
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
        """The chains of a start."""
        half = self.config.chains
        return {"hot": slice(half), "cold": slice(half, None), "both": slice(None)}[start]

    def disordered(self, n_sites: int) -> float:
        """Binder ratio of Gaussian components a little above the critical temperature.

        1 - n sum v_k^2 / (sum v_k)^2 with the variances v_k = 1 / (1 - T_k / T) of the n
        components, at T = T_c (1 + 2 / sqrt(N)): 0 where all order together, and 1 - n
        where one alone does.
        """
        temperature = self.ordering * (1 + 2 / math.sqrt(n_sites))
        variances = 1 / (1 - self.orderings / temperature)
        square = float((variances**2).sum() / variances.sum() ** 2)
        return 1 - self.components * square

    @functools.cached_property
    def replicates(self) -> dict[str, NDArray[np.float64]]:
        """Means as other chains might have had them, shape (sizes, temperatures, any, 5)."""
        n_parts = len(self.sizes) * len(self.config.temperatures)
        seed = Streams.of(self.config.seed).chains.spawn(n_parts + 1)[-1]  # after the parts' own
        rng = np.random.default_rng(seed)
        drawn = {
            start: np.empty((*self.means.shape[:2], _REPLICATES, _POWERS))
            for start in ("hot", "cold")
        }
        for start, means in drawn.items():
            for part in np.ndindex(*self.means.shape[:2]):
                means[part] = resampled_means(self.means[part][self.of(start)], _REPLICATES, rng)
        return {**drawn, "both": (drawn["hot"] + drawn["cold"]) / 2}

    @functools.cached_property
    def states(self) -> list[tuple[PairStates, NDArray[np.float64]] | None]:
        """All states of each size, where they are known, and what is seen of them.

        These are the :func:`powers`, and whether a state is at a pattern, shape (6, a, b).
        """
        return [self._states(PairStates.of(each, _MOST_PAIRS)) for each in self._networks]

    def _states(self, states: PairStates | None) -> tuple[PairStates, NDArray[np.float64]] | None:
        if states is None:
            return None
        at_pattern = states.overlaps.max(axis=0) >= self.config.criterion - ROUNDING
        seen = powers(states.projection, states.energy / states.n_sites)
        return states, np.concatenate([seen, at_pattern[None]])

    @property
    def same(self) -> NDArray[np.float64]:
        """P of hot and cold starts being in the same equilibrium, shape (sizes, temperatures).

        Student's test of the mean of m_P^2; where neither start has any noise 1 or 0.
        """
        from scipy.special import stdtr

        square = self.means[..., 1]
        hot, cold = square[..., self.of("hot")], square[..., self.of("cold")]
        apart = np.abs(hot.mean(axis=-1) - cold.mean(axis=-1))
        n_chains = self.config.chains
        sem = np.sqrt((hot.var(axis=-1, ddof=1) + cold.var(axis=-1, ddof=1)) / n_chains)
        t = np.where(apart > ROUNDING, apart, 0.0) / np.maximum(sem, ROUNDING)
        p: NDArray[np.float64] = 2 * stdtr(2 * (n_chains - 1), -t)
        return p

    @property
    def agree(self) -> NDArray[np.bool_]:
        """Where hot and cold agree, by Bonferroni's correction for all of `same`."""
        p = self.same
        return p >= _LEVEL / p.size

    def quantities(
        self, means: NDArray[np.float64], size: int, temperature: Any
    ) -> dict[str, NDArray[np.float64]]:
        """What follows from the means of the powers, shape (..., 5), by column of the table."""
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

    def exact(self, size: int, temperatures: NDArray[np.float64]) -> NDArray[np.float64]:
        """Exact means of the powers, and how often a state is at a pattern.

        float64, shape (temperatures, 6); NaN where states are not known.
        """
        known = self.states[size]
        if known is None:
            return np.full((len(temperatures), _POWERS + 1), np.nan)
        states, seen = known
        return states.means(seen, temperatures)


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
