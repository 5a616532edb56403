"""The measurements of ``hopcli critical``, size by size, and the exact values."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.observables import binder_ratio
from hopcli.scoring import recall_of
from hopcli.statistics.means import resampled_means
from hopcli.streams import Streams
from hopcli.taxonomy import ROUNDING
from hopcli.theory import PairStates, ordering_temperatures

if TYPE_CHECKING:
    from hopcli.config import CriticalConfig
    from hopcli.network import Network
    from hopcli.records import Bools, Floats

_REPLICATES = 1000
_MOST_PAIRS = 1 << 22  # of sums of two groups whose states are summed
_LEVEL = 0.05
_POWERS = 5


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
    def states(self) -> list[tuple[PairStates, Floats] | None]:
        """All states of each size, if they are known, and their observables.

        Observables are the :func:`powers`, and whether a state is at a pattern, shape (6, a, b).
        """
        return [self._states(PairStates.of(each, _MOST_PAIRS)) for each in self._networks]

    def _states(self, states: PairStates | None) -> tuple[PairStates, Floats] | None:
        if states is None:
            return None
        m = np.moveaxis(states.overlaps, 0, -1)
        at_pattern, _ = recall_of(m, np.zeros(len(states.overlaps), bool), self.config.criterion)
        seen = powers(states.projection, states.energy / states.n_sites)
        return states, np.concatenate([seen, at_pattern[None]])

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

    def exact(self, size: int, temperatures: Floats) -> Floats:
        """Compute exact means of the powers, and the share of states at a pattern.

        float64, shape (temperatures, 6); NaN if the states are not known.
        """
        known = self.states[size]
        if known is None:
            return np.full((len(temperatures), _POWERS + 1), np.nan)
        states, seen = known
        return states.means(seen, temperatures)
