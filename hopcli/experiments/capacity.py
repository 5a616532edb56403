"""Capacity: how many patterns a rule holds, against the load p / N."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli import dynamics
from hopcli.errors import PatternError, SettingError
from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data, store_with
from hopcli.outcomes import fixed_points
from hopcli.patterns import random_spins
from hopcli.starts import change, trial_rng
from hopcli.statistics import mean_sd_sem, student_interval
from hopcli.storage import RULES, Couplings
from hopcli.streams import Streams, seed_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import CapacityConfig
    from hopcli.datasets import Dataset

__all__ = ["CapacityResult", "run"]

_MEASURED = ("fixed", "overlap_pattern", "overlap_flipped")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CapacityResult(Result):
    """The table of a capacity scan, with the lines of theory.

    Parameters
    ----------
    theory : DataFrame
        Columns size, rule, load: the capacity each rule has in theory, where it is known.
    """

    theory: pd.DataFrame


def run(config: CapacityConfig, progress: Progress = no_progress) -> CapacityResult:
    """Store more and more patterns and see whether they are still there.

    Parameters
    ----------
    config : CapacityConfig
        What to do.
    progress : callable
        Told the networks done and the networks in all.

    Returns
    -------
    CapacityResult
        Table ``capacity``: one row a size, rule and load.
    """
    dataset = load_data(config) if config.patterns == "mnist" else None
    sizes = config.sizes or (dataset.n_sites if dataset is not None else 784,)
    total = len(sizes) * config.draws * len(config.rule) * len(config.loads)
    streams = Streams.of(config.seed)
    draw_seeds = streams.patterns.spawn(config.draws)
    chain_seeds = streams.chains.spawn(config.draws)
    rows = []
    for size in sizes:
        counts = _pattern_counts(config, size)
        for draw, (pattern_seed, chain_seed) in enumerate(
            zip(draw_seeds, chain_seeds, strict=True)
        ):
            xi = _draw_patterns(dataset, size, counts[-1], np.random.default_rng(pattern_seed))
            for rule in config.rule:
                network = None
                for load, p in zip(config.loads, counts, strict=True):
                    network, measured = _measure(config, rule, xi[:p], network, chain_seed)
                    rows.append((size, rule, load, p, draw, *measured))
                    progress(1, total)
    columns = ["size", "rule", "load", "patterns", "draw", *_MEASURED]
    table = _summary(pd.DataFrame(rows, columns=columns))
    return CapacityResult(
        dataset=dataset.name if dataset is not None else "random",
        dataset_sha256=dataset.sha256 if dataset is not None else "",
        tables={"capacity": table},
        summary=table[["size", "rule", "load", "patterns", "draws", *_MEASURED]],
        theory=pd.DataFrame(
            [
                (size, rule, limit)
                for size in sizes
                for rule in config.rule
                if (limit := RULES[rule].capacity(size)) is not None
            ],
            columns=["size", "rule", "load"],
        ),
    )


def _pattern_counts(config: CapacityConfig, size: int) -> list[int]:
    """Patterns at each load, from 1 to N - 1."""
    return [min(max(1, round(load * size)), size - 1) for load in config.loads]


def _draw_patterns(
    dataset: Dataset | None, size: int, count: int, rng: np.random.Generator
) -> NDArray[np.int8]:
    """Random patterns, or random images of a data set; smaller loads take the first ones."""
    if dataset is None:
        return random_spins(rng, count, size)
    if count > len(dataset):
        rule = f"must ask for at most the {len(dataset):,} images of {dataset.name}, not {count:,}"
        raise SettingError("loads", rule)
    return dataset.spins[rng.choice(len(dataset), count, replace=False)]


def _measure(
    config: CapacityConfig,
    rule: str,
    xi: NDArray[np.int8],
    network: Couplings | None,
    seed: np.random.SeedSequence,
) -> tuple[Couplings | None, tuple[float, float, float]]:
    """Store the patterns and measure the columns of the table; none fixed if they cannot be."""
    known = 0
    if network is not None and RULES[rule].incremental:
        known = network.columns.shape[1]
    try:
        network = store_with(config, rule, xi[known:], onto=network if known else None)
    except PatternError:
        # Dependent, or not learnable: the rule holds none of them.
        return None, (0.0, float("nan"), float("nan"))
    fixed = float(fixed_points(xi, network).mean())
    # Spread over the order of storing: some rules hold the last patterns best.
    tested = xi[np.linspace(0, len(xi) - 1, min(config.tests, len(xi))).astype(np.int64)]
    flipped = tested.copy()
    start_seed = seed_word(seed)
    for row, state in enumerate(flipped):
        side = (1, len(state))
        change(state, (("flip", str(config.flips)),), side, trial_rng(start_seed, row))
    return network, (
        fixed,
        _relaxed_overlap(config, network, tested, tested, seed),
        _relaxed_overlap(config, network, flipped, tested, seed),
    )


def _relaxed_overlap(
    config: CapacityConfig,
    network: Couplings,
    starts: NDArray[np.int8],
    patterns: NDArray[np.int8],
    seed: np.random.SeedSequence,
) -> float:
    """Mean overlap of the relaxed starts with the pattern that each belongs to."""
    ends = dynamics.run(
        network,
        starts,
        seeds=dynamics.chain_seeds(seed, len(starts)),
        dynamics="async",
        temperatures=0.0,
        sweeps=config.sweeps,
        attempts_per_sweep=network.n_sites,
        order="permutation",
        until_stable=True,
        threads=config.threads,
    ).spins
    return float(np.einsum("cn,cn->c", ends, patterns, dtype=np.int64).mean() / network.n_sites)


def _summary(draws: pd.DataFrame) -> pd.DataFrame:
    """Mean over the draws of each quantity, with SEM and 95 % interval."""
    rows = []
    for key, group in draws.groupby(["size", "rule", "load", "patterns"], sort=False):
        row: list[object] = [*key, len(group)]
        for name in _MEASURED:
            mean, _, sem = mean_sd_sem(group[name])
            low, high = student_interval(group[name], low=0 if name == "fixed" else -1, high=1)
            row += [float(mean), float(sem), low, high]
        rows.append(row)
    parts = [f"{name}{part}" for name in _MEASURED for part in ("", "_sem", "_ci_low", "_ci_high")]
    return pd.DataFrame(rows, columns=["size", "rule", "load", "patterns", "draws", *parts])
