"""Temperature scan: overlaps with the stored patterns against temperature [ZG figure 1]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli import dynamics
from hopcli.experiments import Parts, Plan, Progress, StoredResult
from hopcli.experiments.preparation import prepare
from hopcli.experiments.trials import check_states
from hopcli.observables import overlaps, projection_norm
from hopcli.starts import BASES, change, choose, first_states, trial_rng
from hopcli.statistics import mean_sd_sem
from hopcli.streams import Streams, seed_word
from hopcli.tables import Column, Table, columns, estimate
from hopcli.theory import chance_overlap, exact_overlaps, mean_field_overlaps, ordering_temperatures

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from hopcli.config import TemperatureScanConfig, ThreadedExecution
    from hopcli.experiments.stock import Stock
    from hopcli.network import Network
    from hopcli.patterns import Patterns
    from hopcli.records import Floats, Spins
    from hopcli.starts import Bank, Start
    from hopcli.tables import Columns

_SCAN = Table(
    "temperature_scan",
    (
        Column("temperature", axis="temperature T  ($k_B$ = 1)", key=True),
        Column("label", "text", key=True),
        *columns("source_index: integer"),
        *estimate(
            "overlap_abs",
            *("sd", "sem"),
            axis="overlap |m| (1 is the pattern itself)",
            bounds=(0, 1),
        ),
        *estimate("overlap", "sem"),
        *columns("projection, mean_field, exact"),
    ),
    headline="overlap_abs",
)
_CURVE = Table("mean_field", columns("temperature, label: text, mean_field, exact"))

TABLES = (_SCAN, _CURVE)
"""The tables of a temperature scan."""

_CURVE_POINTS = 120
_MEASURED = (
    "overlap_abs",
    "overlap_abs_sd",
    "overlap_abs_sem",
    "overlap",
    "overlap_sem",
    "projection",
    "mean_field",
)
_PRINTED = (
    "temperature",
    "label",
    "overlap_abs",
    "overlap_abs_sem",
    "projection",
    "mean_field",
    "exact",
)


@dataclass(frozen=True, eq=False, kw_only=True)
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
    check_states("repeats", resolved.repeats, n_sites)

    def scan() -> _Scan:
        target = patterns.last(resolved.target)
        return _Scan(resolved, patterns, prepared.network(), target, prepared.bank(target))

    scan()  # refuses an impossible one now

    def work(
        execution: ThreadedExecution, progress: Progress, parts: Parts
    ) -> TemperatureScanResult:
        made = scan()
        tables = {
            "temperature_scan": made.run(execution.threads, progress, parts),
            "mean_field": made.curve(),
        }
        arrays = {
            **prepared.pattern_arrays,
            "ordering": ordering_temperatures(made.couplings),
            "chance": np.array(chance_overlap(n_sites)),
        }
        return prepared.result(TemperatureScanResult, tables, arrays)

    return prepared.plan(
        work,
        len(resolved.temperatures),
        attempts=len(resolved.temperatures) * resolved.repeats * resolved.attempts,
        chains=resolved.repeats,
    )


def summary(config: TemperatureScanConfig, result: TemperatureScanResult) -> Columns:
    """Return the overlap with the target at each temperature."""
    table = result.columns["temperature_scan"]
    patterns = result.patterns
    of_target = np.arange(len(table)) % len(patterns.labels) == patterns.last(config.target)
    return table.take(of_target).only(name for name in _PRINTED if name in table)


@dataclass(frozen=True, slots=True, eq=False)
class _Scan:
    """Network, row of its target pattern, and starting states of its chains."""

    config: TemperatureScanConfig
    patterns: Patterns
    couplings: Network
    target: int
    bank: Bank

    def run(self, threads: int | None, progress: Progress, parts: Parts) -> Columns:
        """Run the chains of every temperature; return one row per temperature and pattern."""
        config = self.config
        streams = Streams.of(config.seed)
        n_temperatures = len(config.temperatures)
        missing = (n_temperatures - len(parts)) * config.repeats
        of_temperatures = zip(
            config.temperatures,
            streams.starts.spawn(n_temperatures),
            streams.chains.spawn(n_temperatures),
            strict=True,
        )
        for number, (temperature, start_seed, chain_seed) in enumerate(of_temperatures):
            if number in parts:
                continue
            final = dynamics.run(
                self.couplings,
                _starts(config.start, self.bank, self.patterns.shape, config.repeats, start_seed),
                seeds=dynamics.chain_seeds(chain_seed, config.repeats),
                dynamics=config.dynamics,
                order=config.order or "random",
                until_stable=config.until_stable,
                temperatures=temperature,
                sweeps=config.sweeps,
                attempts_per_sweep=config.attempts_per_sweep,
                threads=threads,
                progress=lambda done: progress(done, missing),
            ).spins
            parts[number] = self._measure(final, temperature)
        return self._table(np.hstack([parts[number] for number in range(n_temperatures)]))

    def _measure(self, final: Spins, temperature: float) -> Floats:
        """Compute means over the chains of a temperature, float64, shape (measured columns, p)."""
        m = overlaps(final, self.patterns.xi)
        size, size_sd, size_sem = mean_sd_sem(np.abs(m))
        signed, _, signed_sem = mean_sd_sem(m)
        projection = np.full(len(signed), projection_norm(m, self.patterns.xi).mean())
        theory = np.abs(mean_field_overlaps(self.couplings, temperature, self.target))
        return np.array([size, size_sd, size_sem, signed, signed_sem, projection, theory])

    def _table(self, measured: Floats) -> Columns:
        """Make one row per temperature and pattern from the measurements."""
        temperatures, patterns = self.config.temperatures, self.patterns
        return _SCAN.of(
            {
                "temperature": np.repeat(temperatures, len(patterns.labels)),
                "label": np.tile(patterns.labels, len(temperatures)),
                "source_index": np.tile(patterns.source_index, len(temperatures)),
                **dict(zip(_MEASURED, measured, strict=True)),
                **self._exact(temperatures),
            }
        )

    def curve(self) -> Columns:
        """Make the curves of theory on a fine grid, one row per temperature and pattern."""
        labels = self.patterns.labels
        grid = np.linspace(0, max(self.config.temperatures), _CURVE_POINTS)
        values = np.abs([mean_field_overlaps(self.couplings, t, self.target) for t in grid])
        return _CURVE.of(
            {
                "temperature": np.repeat(grid, len(labels)),
                "label": np.tile(labels, len(grid)),
                "mean_field": values.ravel(),
                **self._exact(grid),
            }
        )

    def _exact(self, temperatures: ArrayLike) -> dict[str, Floats]:
        """Return the column of mean |m| in equilibrium, if it is known."""
        exact = exact_overlaps(self.couplings, temperatures)
        return {} if exact is None else {"exact": exact.ravel()}


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
