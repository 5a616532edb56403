"""Temperature scan: overlaps with the stored patterns against temperature [ZG figure 1]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli import dynamics
from hopcli.errors import SettingError
from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data, store_patterns, stored_patterns
from hopcli.experiments.trials import check_states
from hopcli.notations import resolve_attempts
from hopcli.observables import overlaps, projection_norm
from hopcli.patterns import Patterns, random_spins
from hopcli.statistics import mean_sd_sem
from hopcli.streams import Streams
from hopcli.theory import chance_overlap, mean_field_overlaps, ordering_temperatures

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import TemperatureScanConfig
    from hopcli.datasets import Dataset
    from hopcli.storage import Couplings

__all__ = ["TemperatureScanResult", "run"]

_CURVE_POINTS = 120
_PRINTED = ("temperature", "label", "overlap_abs", "overlap_abs_sem", "projection", "mean_field")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TemperatureScanResult(Result):
    """The table of a scan, with what its picture needs besides.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    target : int
        Which of them the runs start from, or are measured against.
    curve : DataFrame
        Mean-field overlaps on a fine grid: temperature, label, mean_field.
    ordering : ndarray of float64
        Temperatures at which order sets in, highest first; the first is T_c.
    chance : float
        E|m| of independent random spins.
    """

    patterns: Patterns
    target: int
    curve: pd.DataFrame
    ordering: NDArray[np.float64]
    chance: float


def run(config: TemperatureScanConfig, progress: Progress = no_progress) -> TemperatureScanResult:
    """Run independent chains at each temperature and measure their last state.

    Parameters
    ----------
    config : TemperatureScanConfig
        What to do.
    progress : callable
        Told the chains done and the chains in all.

    Returns
    -------
    TemperatureScanResult
        Table ``temperature_scan``: one row a temperature and pattern.
    """
    dataset = load_data(config)
    patterns = stored_patterns(config, dataset)
    couplings = store_patterns(config, patterns)
    target = _target(config, patterns)
    check_states("repeats", config.repeats, dataset.n_sites)
    streams = Streams.of(config.seed)
    n_temperatures = len(config.temperatures)
    total = n_temperatures * config.repeats
    tables = []
    for temperature, start_seed, chain_seed in zip(
        config.temperatures,
        streams.starts.spawn(n_temperatures),
        streams.chains.spawn(n_temperatures),
        strict=True,
    ):
        final = dynamics.run(
            couplings,
            _starts(config, dataset, patterns, target, np.random.default_rng(start_seed)),
            seeds=dynamics.chain_seeds(chain_seed, config.repeats),
            dynamics=config.dynamics,
            order=config.order or "random",
            until_stable=config.until_stable,
            temperatures=temperature,
            sweeps=config.sweeps,
            attempts_per_sweep=resolve_attempts(config.attempts_per_sweep, couplings.n_sites),
            threads=config.threads,
            progress=lambda done: progress(done, total),
        ).spins
        tables.append(_measure(final, patterns, couplings, temperature, target))
    table = pd.concat(tables, ignore_index=True)
    of_target = table["source_index"] == patterns.source_index[target]
    return TemperatureScanResult(
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        tables={"temperature_scan": table},
        summary=table.loc[of_target, [*_PRINTED]],
        patterns=patterns,
        target=target,
        curve=_curve(config, patterns, couplings, target),
        ordering=ordering_temperatures(couplings),
        chance=chance_overlap(couplings.n_sites),
    )


def _target(config: TemperatureScanConfig, patterns: Patterns) -> int:
    if config.target is None:
        return len(patterns.labels) - 1
    if config.target not in patterns.labels:
        stored = ", ".join(patterns.labels)
        raise SettingError("target", f"must be a stored label ({stored})", config.target)
    return patterns.labels.index(config.target)


def _starts(
    config: TemperatureScanConfig,
    dataset: Dataset,
    patterns: Patterns,
    target: int,
    rng: np.random.Generator,
) -> NDArray[np.int8]:
    """The first state of every chain, int8, shape (repeats, N)."""
    if config.start == "random":
        return random_spins(rng, config.repeats, dataset.n_sites)
    if config.start == "target":
        return np.repeat(patterns.xi[target : target + 1], config.repeats, axis=0)
    images = dataset.indices_of(patterns.labels[target])
    return dataset.spins[rng.choice(images, config.repeats)]


def _measure(
    final: NDArray[np.int8],
    patterns: Patterns,
    couplings: Couplings,
    temperature: float,
    target: int,
) -> pd.DataFrame:
    """Means over the chains of one temperature, one row a stored pattern."""
    m = overlaps(final, patterns.xi)
    size, size_sd, size_sem = mean_sd_sem(np.abs(m))
    signed, _, signed_sem = mean_sd_sem(m)
    return pd.DataFrame(
        {
            "temperature": temperature,
            "label": patterns.labels,
            "source_index": patterns.source_index,
            "overlap_abs": size,
            "overlap_abs_sd": size_sd,
            "overlap_abs_sem": size_sem,
            "overlap": signed,
            "overlap_sem": signed_sem,
            "projection": projection_norm(m, patterns.xi).mean(),
            "mean_field": np.abs(mean_field_overlaps(couplings, temperature, target)),
        }
    )


def _curve(
    config: TemperatureScanConfig, patterns: Patterns, couplings: Couplings, target: int
) -> pd.DataFrame:
    """The mean-field curves on a fine grid, for the picture."""
    grid = np.linspace(0, max(config.temperatures), _CURVE_POINTS)
    values = np.abs([mean_field_overlaps(couplings, t, target) for t in grid])
    return pd.DataFrame(
        {
            "temperature": np.repeat(grid, len(patterns.labels)),
            "label": np.tile(patterns.labels, len(grid)),
            "mean_field": values.ravel(),
        }
    )
