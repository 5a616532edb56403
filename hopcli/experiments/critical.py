"""Critical temperature: chains from hot and from cold starts, at every temperature and size."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from hopcli import dynamics
from hopcli.config import CriticalConfig, ThreadedExecution
from hopcli.errors import SettingError
from hopcli.experiments import Parts, Plan, Progress, Stock, StoredResult, Tell, filled
from hopcli.experiments.critical_measured import Measured, crossing_rows, missing_crossings, powers
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relaxation import run_chains
from hopcli.experiments.trials import MOST_STATE_SITES, check_product
from hopcli.network import Network
from hopcli.observables import energy_of_sums, overlaps_of_sums, projection_norm
from hopcli.patterns import Patterns, random_spins
from hopcli.records import Bools, Floats, Spins
from hopcli.rules import store
from hopcli.statistics import exact_interval
from hopcli.statistics.autocorrelation import autocorrelation_time
from hopcli.statistics.rates import replicate_interval
from hopcli.streams import Streams, spawned
from hopcli.tables import Columns, Table, columns
from hopcli.taxonomy import recall_of

_LINEAR = {"projection_square": 1, "energy": 3}  # compared with exact means: place among the powers
_QUANTITIES = (
    *("projection", "projection_square", "binder", "susceptibility", "energy", "specific_heat"),
    "recall",
)
_CRITICAL = Table(
    "critical",
    columns(
        "what: text, sizes: text, value ± .ci, exact",
        key="sizes",
        value={
            "axis": "temperature at which Binder ratios cross",
            "interval": "95 % interval over chains",
        },
    ),
    headline="value",
    where={"what": "Binder crossing"},
)
_SCAN = Table(
    "critical_scan",
    columns(
        ", ".join(
            [
                "size: integer, temperature, start: text, chains: integer, tau ± sem",
                "burn_in: integer, p_hot_cold, agree: boolean",
                *(f"{name} ± ci" for name in _QUANTITIES),
                *(f"{name}_exact" for name in _QUANTITIES),
                *(f"{name}_z" for name in _LINEAR),
            ]
        )
    ),
)
_EXACT = Table("critical_exact", columns(", ".join(["size: integer, temperature", *_QUANTITIES])))
_FIT = Table(
    "critical_fit", columns("size: integer, quantity: text, temperatures: integer, chi_square, p")
)

TABLES = (_CRITICAL, _SCAN, _EXACT, _FIT)
"""The tables of a critical temperature."""

_STARTS = ("hot", "cold", "both")
_CURVE_POINTS = 60
_ROUNDING = 1e-9  # of the critical temperature, from an eigenvalue


def _scan(measured: Measured) -> Columns:
    """Make one row per size, temperature and start."""
    rows = []
    for size, exact in enumerate(measured.exact_of_run):
        for place, start in itertools.product(range(len(exact)), _STARTS):
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
            n = len(scores := np.abs(scores[~np.isnan(scores)]))
            repeats = any(n == len(one) and np.allclose(scores, one, atol=1e-6) for one in tested)
            if n == 0 or repeats:
                continue
            tested.append(scores)
            chi_square = float(scores @ scores)
            rows.append((size, quantity, n, chi_square, float(chdtrc(n, chi_square))))
    return _FIT.rows(rows)


def _estimates(measured: Measured, scan: Columns) -> Columns:
    """Make the temperatures, measured and exact, and the recall above the critical one."""
    rows = [*crossing_rows(measured)]
    rows.append(("linear stability", "infinite", *(np.nan,) * 3, measured.ordering))
    critical = measured.ordering + _ROUNDING
    above = np.array(measured.config.temperatures) > critical
    both = scan.where(start="both")
    for place, size in enumerate(measured.sizes) if above.any() else ():
        own = both.where(size=size)
        exact = own["recall_exact"][own["temperature"] > critical].mean()
        rate = _rate(measured.recalled[place, above])
        rows.append(("recall above T_c", str(size), *rate, exact))
    return _CRITICAL.rows(rows)


_BURN_IN = 10  # autocorrelation times
_MOST_RECORDED = 1 << 22  # class sums at once


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
    largest = n_sites * max(resolved.scales) ** 2
    n_all, which = 2 * resolved.chains * largest, f"with {largest:,} sites"
    check_product(resolved, n_all, MOST_STATE_SITES, which, chains=5)
    most = resolved.most_sweeps(resolved.chains)
    if resolved.sweeps > most:
        rule = f"must be at most {most} with this number of chains"
        raise SettingError("sweeps", rule, resolved.sweeps)

    def stored() -> list[Network]:
        return [store(_enlarged(patterns, scale), resolved.rule) for scale in resolved.scales]

    stored()  # refuses impossible ones now

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> CriticalResult:
        networks = stored()
        chains = _run(resolved, networks, execution.threads, progress, parts)
        measured = Measured(resolved, networks, chains)
        arrays = {"means": measured.means, "recalled": measured.recalled}
        scan, warnings = _scan(measured), missing_crossings(measured)
        tables = (_estimates(measured, scan), scan, _curves(measured), _fit_table(scan))
        return prepared.result(tables, arrays, warnings=warnings)

    n_temperatures, chains = len(resolved.temperatures), 2 * resolved.chains
    sweep = n_sites * sum(scale**2 for scale in resolved.scales)
    attempts = n_temperatures * chains * resolved.sweeps * sweep
    n_parts = len(resolved.scales) * n_temperatures
    return prepared.plan(work, n_parts, attempts=attempts, chains=chains)


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

    Returns
    -------
    ndarray of float64, shape (sizes, temperatures, chains, columns)
        As :class:`Measured` takes them. The chains of a size and temperature are a part.
    """
    n_temperatures = len(config.temperatures)
    n_parts = len(networks) * n_temperatures
    streams = Streams(config.seed)
    seeds_of = spawned(n_parts, streams.starts, streams.chains)
    stretches = _stretches(config, networks[0].n_classes)

    def measure(number: int, tell: Tell) -> Floats:
        """Return means of each chain without its beginning, float64, shape (chains, columns)."""
        size, place = divmod(number, n_temperatures)
        network, seen = networks[size], []
        of_starts, of_chains = seeds_of[number]
        spins = _starts(network.xi, config.chains, np.random.default_rng(of_starts))
        how: dict[str, Any] = {"temperatures": config.temperatures[place], "record": True}
        how |= {"attempts_per_sweep": network.n_sites, "threads": threads, "progress": tell}
        for sweeps, seed in zip(stretches, of_chains.spawn(len(stretches)), strict=True):
            seeds = dynamics.chain_seeds(seed, len(spins))
            states = run_chains(config, network, spins, seeds, sweeps=sweeps, **how)
            assert states.class_sums is not None  # they were requested
            spins, sums = states.spins, states.class_sums[:, 1:]
            m = overlaps_of_sums(sums, network)
            energy = energy_of_sums(sums, network) / network.n_sites
            seen.append((projection_norm(m, network.xi), energy))
        projection, energy = (np.hstack(each) for each in zip(*seen, strict=True))
        last = m[:, -1]
        recalled, _ = recall_of(last, np.zeros(last.shape[1], dtype=np.bool_), config.criterion)
        return _equilibrium(projection, energy, recalled)

    every = np.stack(filled(parts, n_parts, measure, progress, len(stretches) * 2 * config.chains))
    return every.reshape(len(networks), n_temperatures, *every.shape[1:])


def _stretches(config: CriticalConfig, n_classes: int) -> list[int]:
    """Divide the sweeps of a chain into stretches whose class sums fit into memory."""
    most = max(1, _MOST_RECORDED // (2 * config.chains * n_classes))
    n_stretches = math.ceil(config.sweeps / most)
    return [len(part) for part in np.array_split(np.arange(config.sweeps), n_stretches)]


def _starts(xi: Spins, chains: int, rng: np.random.Generator) -> Spins:
    """Return random spins, then as many patterns in turn, int8, shape (2 chains, N)."""
    cold = xi[np.arange(chains) % len(xi)]
    return np.vstack([random_spins(rng, chains, xi.shape[1]), cold])


def _equilibrium(projection: Floats, energy: Floats, recalled: Bools) -> Floats:
    """Return means of each chain without its beginning, float64, shape (chains, columns)."""
    n_chains, sweeps = projection.shape
    found = autocorrelation_time(projection[:, sweeps // 2 :] ** 2)
    wanted = _BURN_IN * found.tau
    burn_in = math.ceil(wanted) if wanted <= sweeps // 2 else sweeps // 2  # NaN: nothing moves
    means = powers(projection[:, burn_in:], energy[:, burn_in:]).mean(axis=-1)
    shared = [found.tau, found.sem, burn_in]
    return np.column_stack([means.T, recalled, np.tile(shared, (n_chains, 1))])
