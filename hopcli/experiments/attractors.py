"""Attractors: a census of where starts end at T = 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hopcli import dynamics
from hopcli.experiments import Progress, Result, no_progress
from hopcli.experiments.inputs import load_data, store_with, stored_patterns, thresholds
from hopcli.experiments.trials import draw_starts
from hopcli.observables import energy, overlaps
from hopcli.outcomes import classify
from hopcli.statistics import wilson_interval
from hopcli.streams import Streams

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.config import AttractorsConfig
    from hopcli.patterns import Patterns
    from hopcli.storage import Couplings

__all__ = ["AttractorsResult", "run"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AttractorsResult(Result):
    """The census of each rule, with its states.

    Parameters
    ----------
    patterns : Patterns
        The stored patterns.
    states : dict of ndarray of int8, shape (any, N)
        The most frequent final states under each rule, most frequent first.
    """

    patterns: Patterns
    states: dict[str, NDArray[np.int8]]


def run(config: AttractorsConfig, progress: Progress = no_progress) -> AttractorsResult:
    """Run the same starts to the end under each rule and count the final states.

    Parameters
    ----------
    config : AttractorsConfig
        What to do.
    progress : callable
        Told the starts done and the starts in all.

    Returns
    -------
    AttractorsResult
        Tables ``kinds`` (how often each kind of state is reached under each rule) and
        ``attractors`` (every distinct final state), array file ``attractors``.
    """
    dataset = load_data(config)
    patterns = stored_patterns(config, dataset)
    streams = Streams.of(config.seed)
    starts = draw_starts(config, dataset, patterns, streams)
    seeds = dynamics.chain_seeds(streams.chains, config.starts)
    total = config.starts * len(config.rule)
    theta = thresholds(config.theta, dataset.n_sites)
    tables, states = [], {}
    for rule in config.rule:
        couplings = store_with(config, rule, patterns.xi, theta)
        outcome = dynamics.run(
            couplings,
            starts,
            seeds=seeds,
            dynamics=config.dynamics,
            temperatures=0.0,
            sweeps=config.sweeps,
            attempts_per_sweep=couplings.n_sites,
            tie=config.tie,
            until_stable=True,
            threads=config.threads,
            progress=lambda done: progress(done, total),
        )
        table, distinct = _census(config, rule, couplings, patterns, outcome)
        tables.append(table)
        states[rule] = distinct[: config.most]
    census = pd.concat(tables, ignore_index=True)
    return AttractorsResult(
        dataset=dataset.name,
        dataset_sha256=dataset.sha256,
        tables={"kinds": _kind_table(config, census), "attractors": census},
        arrays={"attractors": dict(states)},
        patterns=patterns,
        states=states,
    )


def _census(
    config: AttractorsConfig,
    rule: str,
    couplings: Couplings,
    patterns: Patterns,
    outcome: dynamics.FinalStates,
) -> tuple[pd.DataFrame, NDArray[np.int8]]:
    """One row a distinct final state, the most frequent first, and the states."""
    spins = outcome.spins
    if not np.any(couplings.theta):
        spins = _one_sign(spins, patterns)  # a state and its inverse are one attractor
    bits = np.packbits(np.stack([spins > 0, spins < 0], axis=1).reshape(len(spins), -1), axis=1)
    _, first, which, count = np.unique(
        bits, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -count))
    distinct = spins[first[order]]
    cycling = np.zeros(len(order), dtype=bool)
    cycling[which.ravel()[outcome.status == dynamics.TWO_CYCLE]] = True
    ends = classify(distinct, couplings, config.criterion, cycling[order], config.tie)
    names = np.array(patterns.names)
    intervals = [wilson_interval(n / len(spins), len(spins)) for n in count[order]]
    table = pd.DataFrame(
        {
            "rule": rule,
            "rank": np.arange(1, len(order) + 1),
            "kind": ends.kind,
            "nearest": names[ends.best],
            "overlap": ends.m[np.arange(len(order)), ends.best],
            "energy": energy(distinct, couplings),
            "count": count[order],
            "fraction": count[order] / len(spins),
            "ci_low": [low for low, _ in intervals],
            "ci_high": [high for _, high in intervals],
        }
    )
    return table, distinct


def _one_sign(spins: NDArray[np.int8], patterns: Patterns) -> NDArray[np.int8]:
    """Turn states over that overlap negatively with their nearest pattern."""
    m = overlaps(spins, patterns.xi)
    best = m[np.arange(len(m)), np.abs(m).argmax(axis=1)]
    # At overlap 0 with all patterns the first site that is not 0 decides.
    first = np.take_along_axis(spins, (spins != 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    turn = np.where(best == 0, first < 0, best < 0)
    return np.where(turn[:, None], -spins, spins).astype(np.int8)


def _kind_table(config: AttractorsConfig, census: pd.DataFrame) -> pd.DataFrame:
    """How often each kind of state is reached, and by how many distinct states."""
    rows = []
    for rule in config.rule:
        own = census[census["rule"] == rule]
        for kind, states in own.groupby("kind", sort=False):
            count = int(states["count"].sum())
            low, high = wilson_interval(count / config.starts, config.starts)
            rows.append((rule, kind, len(states), count, count / config.starts, low, high))
    columns = ["rule", "kind", "distinct", "count", "fraction", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=columns)
