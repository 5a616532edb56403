"""Critical temperature: chains from hot and from cold starts, at every temperature and size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli import dynamics
from hopcli.errors import SettingError
from hopcli.experiments import Parts, Plan, Progress, StoredResult
from hopcli.experiments.critical_crossings import missing_crossings
from hopcli.experiments.critical_measured import Measured, powers
from hopcli.experiments.critical_tables import TABLES as TABLES
from hopcli.experiments.critical_tables import tables_of
from hopcli.experiments.preparation import prepare
from hopcli.experiments.trials import check_states
from hopcli.observables import energy_of_sums, overlaps_of_sums, projection_norm
from hopcli.patterns import Patterns, random_spins
from hopcli.rules import store
from hopcli.scoring import recall_of
from hopcli.statistics.autocorrelation import autocorrelation_time
from hopcli.streams import Streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import CriticalConfig, ThreadedExecution
    from hopcli.experiments.stock import Stock
    from hopcli.network import Network
    from hopcli.records import Bools, Floats, Spins

_BURN_IN = 10  # autocorrelation times
_MOST_RECORDED = 1 << 22  # class sums at once


@dataclass(frozen=True, eq=False, kw_only=True)
class CriticalResult(StoredResult):
    """Result of a measurement of a critical temperature.

    Tables ``critical``, the estimates; ``critical_scan``, one row per size, temperature and start;
    ``critical_exact``, two patterns on a fine grid; ``critical_fit``, the run compared with the
    exact values. The last two are empty without exact values. Array file ``critical``.
    """

    @property
    def ordering(self) -> float:
        """Temperature at which the disordered state becomes unstable, for p / N -> 0."""
        return float(self.columns["critical"].where(what="linear stability")["exact"][0])


def plan(config: CriticalConfig, stock: Stock) -> Plan:
    """Plan to run chains to equilibrium and find the onset of order.

    Parameters
    ----------
    config : CriticalConfig
        The configuration.
    stock : Stock
        Stock of data and selections.

    Returns
    -------
    Plan
        Its run reports finished and all chains, and returns a :class:`CriticalResult`. The
        chains of a size and temperature are a part.
    """
    prepared = prepare(config, stock)
    resolved, patterns, n_sites = prepared.config, prepared.patterns, prepared.facts.n_sites
    check_states("chains", 2 * resolved.chains, n_sites * max(resolved.scales) ** 2)
    most = resolved.most_sweeps(resolved.chains)
    if resolved.sweeps > most:
        rule = f"must be at most {most:,} with this number of chains"
        raise SettingError("sweeps", rule, resolved.sweeps)

    def stored() -> list[Network]:
        return [store(_enlarged(patterns, scale), resolved.rule) for scale in resolved.scales]

    stored()  # refuses impossible ones now

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> CriticalResult:
        networks = stored()
        chains = _run(resolved, networks, execution.threads, progress, parts)
        measured = Measured(resolved, networks, chains)
        arrays = {**prepared.pattern_arrays, "means": measured.means, "recalled": measured.recalled}
        warnings = missing_crossings(measured)
        return prepared.result(CriticalResult, tables_of(measured), arrays, {"warnings": warnings})

    n_temperatures, chains = len(resolved.temperatures), 2 * resolved.chains
    sweep = n_sites * sum(scale**2 for scale in resolved.scales)
    return prepared.plan(
        work,
        len(resolved.scales) * n_temperatures,
        attempts=n_temperatures * chains * resolved.sweeps * sweep,
        chains=chains,
    )


def _enlarged(patterns: Patterns, scale: int) -> Spins:
    """Repeat each pixel of the patterns in both directions, int8, shape (p, scale^2 N)."""
    pictures = patterns.xi.reshape(-1, *patterns.shape)
    return pictures.repeat(scale, axis=1).repeat(scale, axis=2).reshape(len(pictures), -1)


def _run(
    config: CriticalConfig,
    networks: list[Network],
    threads: int | None,
    progress: Progress,
    parts: Parts,
) -> Floats:
    """Run the chains of every size and temperature.

    float64, shape (sizes, temperatures, chains, columns), see :class:`Measured`; the first
    half of the chains is hot.
    """
    n_parts = len(networks) * len(config.temperatures)
    streams = Streams.of(config.seed)
    seeds = zip(streams.starts.spawn(n_parts), streams.chains.spawn(n_parts), strict=True)
    stretches = _stretches(config, networks[0].n_classes)
    missing = (n_parts - len(parts)) * len(stretches) * 2 * config.chains
    for number, (start_seed, chain_seed) in enumerate(seeds):
        if number in parts:
            continue
        size, place = divmod(number, len(config.temperatures))
        network = networks[size]
        series = _Series(network)
        spins = _starts(network.xi, config.chains, np.random.default_rng(start_seed))
        for sweeps, seed in zip(stretches, chain_seed.spawn(len(stretches)), strict=True):
            states = dynamics.run(
                network,
                spins,
                seeds=dynamics.chain_seeds(seed, len(spins)),
                dynamics=config.dynamics,
                temperatures=config.temperatures[place],
                sweeps=sweeps,
                attempts_per_sweep=network.n_sites,
                record=True,
                threads=threads,
                progress=lambda done: progress(done, missing),
            )
            assert states.class_sums is not None  # they were requested
            spins = states.spins
            series.add(states.class_sums[:, 1:])
        any_pattern = np.zeros(series.last.shape[1], dtype=np.bool_)
        recalled, _ = recall_of(series.last, any_pattern, config.criterion)
        parts[number] = _equilibrium(*series.joined(), recalled)
    every = np.stack([parts[number] for number in range(n_parts)])
    return every.reshape(len(networks), len(config.temperatures), *every.shape[1:])


def _stretches(config: CriticalConfig, n_classes: int) -> list[int]:
    """Divide the sweeps of a chain into stretches whose class sums fit into memory."""
    most = max(1, _MOST_RECORDED // (2 * config.chains * n_classes))
    n_stretches = math.ceil(config.sweeps / most)
    return [len(part) for part in np.array_split(np.arange(config.sweeps), n_stretches)]


def _starts(xi: Spins, chains: int, rng: np.random.Generator) -> Spins:
    """Return random spins, then as many patterns in turn, int8, shape (2 chains, N)."""
    cold = xi[np.arange(chains) % len(xi)]
    return np.vstack([random_spins(rng, chains, xi.shape[1]), cold])


class _Series:
    """Observables of chains after every sweep.

    Attributes
    ----------
    last : ndarray of float64, shape (chains, p)
        Overlaps of the last states with every pattern.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        self._xi = network.xi
        self._seen: list[tuple[Floats, Floats]] = []

    def add(self, sums: NDArray[np.int32]) -> None:
        """Add further sweeps, by their class sums, shape (chains, sweeps, K)."""
        m = overlaps_of_sums(sums, self._network)
        energy = energy_of_sums(sums, self._network) / self._network.n_sites
        self._seen.append((projection_norm(m, self._xi), energy))
        self.last = m[:, -1]

    def joined(self) -> tuple[Floats, Floats]:
        """Return projection norm and energy per spin, each float64, shape (chains, sweeps)."""
        projection, energy = (np.hstack(each) for each in zip(*self._seen, strict=True))
        return projection, energy


def _equilibrium(projection: Floats, energy: Floats, recalled: Bools) -> Floats:
    """Return means of each chain without its beginning, float64, shape (chains, columns)."""
    n_chains, sweeps = projection.shape
    found = autocorrelation_time(projection[:, sweeps // 2 :] ** 2)
    wanted = _BURN_IN * found.tau
    burn_in = math.ceil(wanted) if wanted <= sweeps // 2 else sweeps // 2  # NaN: nothing moves
    means = powers(projection[:, burn_in:], energy[:, burn_in:]).mean(axis=-1)
    shared = [found.tau, found.sem, burn_in]
    return np.column_stack([means.T, recalled, np.tile(shared, (n_chains, 1))])
