"""Temperature scan: overlaps with the stored patterns against temperature [ZG figure 1]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from hopcli import dynamics
from hopcli.config import TemperatureScanConfig, ThreadedExecution
from hopcli.experiments import Parts, Plan, Progress, Stock, StoredResult, Tell, filled
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relaxation import run_chains
from hopcli.experiments.trials import MOST_STATE_SITES, check_product
from hopcli.network import Network
from hopcli.observables import overlaps, projection_norm
from hopcli.patterns import Patterns
from hopcli.records import ArrayLike, Floats, NDArray, Spins
from hopcli.starts import BASES, Bank, Start, change, choose, first_states, trial_rng
from hopcli.statistics import mean_sd_sem
from hopcli.streams import seed_word, spawned
from hopcli.tables import Columns, Table, columns
from hopcli.theory import chance_overlap, exact_overlaps, mean_field_overlaps, ordering_temperatures

_SCAN = Table(
    "temperature_scan",
    columns(
        "temperature, label: text, source_index: integer, overlap_abs ± sd sem, overlap ± sem, "
        "projection, mean_field, exact",
        key="temperature label",
        rates="overlap_abs",
        temperature={"axis": "temperature T  ($k_B$ = 1)"},
        overlap_abs={"axis": "overlap |m| (1 is the pattern itself)"},
    ),
    headline="overlap_abs",
)
_CURVE = Table("mean_field", columns("temperature, label: text, mean_field, exact"))

TABLES = (_SCAN, _CURVE)
"""The tables of a temperature scan."""

_CURVE_POINTS = 120
_MEASURED = _SCAN.names[3:10]
_HIDDEN = ("source_index", "overlap_abs_sd", "overlap", "overlap_sem")  # where it is printed


class TemperatureScanResult(StoredResult):
    """Result of a scan.

    Table ``temperature_scan`` has one row per temperature and pattern. Table ``mean_field``
    contains the theory on a fine grid. The array file is ``temperature-scan``. For two patterns
    both tables have a column ``exact``, if :func:`hopcli.theory.exact_overlaps` supports them.
    """

    @property
    def ordering(self) -> Floats:
        """Temperatures of the onset of order, highest first; the first is T_c."""
        return self.arrays["temperature-scan"]["ordering"]

    @property
    def chance(self) -> float:
        """E|m| of independent random spins."""
        return float(self.arrays["temperature-scan"]["chance"])


def plan(config: TemperatureScanConfig, stock: Stock) -> Plan:
    """Plan to run independent chains at each temperature and measure their last state.

    Parameters
    ----------
    config : TemperatureScanConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all chains, and returns a
        :class:`TemperatureScanResult`. The chains of a temperature are a part.
    """
    prepared = prepare(config, stock)
    resolved, patterns, n_sites = prepared.config, prepared.patterns, prepared.facts.n_sites
    n_all, which = resolved.repeats * n_sites, f"with {n_sites:,} sites"
    check_product(resolved, n_all, MOST_STATE_SITES, which, repeats=1)
    target = patterns.last(resolved.target)
    prepared.network()  # refuses an impossible one now
    prepared.bank(target)
    temperatures, repeats = resolved.temperatures, resolved.repeats

    def work(
        execution: ThreadedExecution, progress: Progress, parts: Parts
    ) -> TemperatureScanResult:
        network, bank, streams = prepared.network(), prepared.bank(target), prepared.streams
        seeds = spawned(len(temperatures), streams.starts, streams.chains)

        def measure(number: int, tell: Tell) -> Floats:
            """Compute means over the chains of a temperature, shape (measured columns, p)."""
            of_starts, of_chains = seeds[number]
            starts = _starts(resolved.start, bank, patterns.shape, repeats, of_starts)
            chains = dynamics.chain_seeds(of_chains, repeats)
            how = {"temperatures": temperatures[number], "progress": tell}
            final = run_chains(resolved, network, starts, chains, **how, threads=execution.threads)
            m = overlaps(final.spins, patterns.xi)
            signed, _, signed_sem = mean_sd_sem(m)
            projection = np.full(len(signed), projection_norm(m, patterns.xi).mean())
            return np.array([*mean_sd_sem(np.abs(m)), signed, signed_sem, projection])

        measured = np.hstack(filled(parts, len(temperatures), measure, progress, repeats))
        grid = np.linspace(0, max(temperatures), _CURVE_POINTS)
        theory = np.abs(mean_field_overlaps(network, [*temperatures, *grid], target))
        measured = np.vstack([measured, theory[: len(temperatures)].ravel()])
        of_grid = {"mean_field": theory[len(temperatures) :].ravel()}
        chance = np.array(chance_overlap(n_sites))
        arrays = {"ordering": ordering_temperatures(network), "chance": chance}
        sources = np.tile(patterns.source_index, len(temperatures))
        values = {"source_index": sources, **dict(zip(_MEASURED, measured, strict=True))}
        scan = _rows(_SCAN, network, patterns, temperatures, values)
        curve = _rows(_CURVE, network, patterns, grid, of_grid)
        return prepared.result([scan, curve], arrays)

    attempts = len(temperatures) * repeats * resolved.attempts
    return prepared.plan(work, len(temperatures), attempts=attempts, chains=repeats)


def _rows(
    table: Table,
    network: Network,
    patterns: Patterns,
    temperatures: ArrayLike,
    values: Mapping[str, NDArray[Any]],
) -> Columns:
    """Make one row per temperature and pattern, with mean |m| in equilibrium if it is known."""
    exact = exact_overlaps(network, temperatures)
    return table.of(
        {
            "temperature": np.repeat(temperatures, len(patterns.labels)),
            "label": np.tile(patterns.labels, np.size(temperatures)),
            **values,
            **({} if exact is None else {"exact": exact.ravel()}),
        }
    )


def summary(config: TemperatureScanConfig, result: TemperatureScanResult) -> Columns:
    """Return the overlap with the target at each temperature."""
    table = result.columns["temperature_scan"]
    patterns = result.patterns
    of_target = np.arange(len(table)) % len(patterns.labels) == patterns.last(config.target)
    return table.take(of_target).only(name for name in table if name not in _HIDDEN)


def _starts(
    start: Start, bank: Bank, shape: tuple[int, int], count: int, seed: np.random.SeedSequence
) -> Spins:
    """Return the first state of every chain of a temperature, int8, shape (chains, N)."""
    rng = np.random.default_rng(seed)
    at_once = BASES[start.base].all_at_once
    if at_once is None:
        return first_states(start, choose(start, bank, count, rng), shape, seed_word(seed))
    states = at_once(count, shape[0] * shape[1], start.arguments, rng)
    for chain, state in enumerate(states):
        change(state.reshape(shape), start, trial_rng(seed_word(seed), chain))
    return states
