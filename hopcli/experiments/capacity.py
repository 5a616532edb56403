"""Capacity: number of patterns that a rule can store, against the load p / N."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from hopcli import dynamics
from hopcli.config import CapacityConfig, ThreadedExecution
from hopcli.datasets import Dataset
from hopcli.errors import PatternError, SettingError
from hopcli.experiments import Parts, Plan, Progress, Result, Stock
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relaxation import settle
from hopcli.network import Network
from hopcli.patterns import random_spins
from hopcli.records import Floats, Spins
from hopcli.rules import RULES, store
from hopcli.starts import Bank, Start, first_states
from hopcli.statistics import draws_interval, mean_sd_sem
from hopcli.statistics.comparisons import draws_median
from hopcli.streams import Streams, seed_word, spawned
from hopcli.tables import Columns, Table, columns
from hopcli.taxonomy import unstable_sites
from hopcli.waiting import interruptibly

_Key = tuple[int, str, float, int]

_CAPACITY = Table(
    "capacity",
    columns(
        "size: integer, rule: text, load, patterns: integer, draws: integer, learnt: integer, "
        "fixed % ± sem ci, overlap_pattern ± sem ci, overlap_flipped ± sem ci, "
        "wrong_first ± sem ci, half_radius % ± sem ci, near_pattern ± ci, near_flipped ± ci, "
        "median_pattern ± ci, median_flipped ± ci",
        key="size rule load",
        rates="fixed",
        size={"axis": "size (spins)"},
        load={"axis": "load p / N"},
        fixed={
            "axis": "fixed points (fraction of patterns)",
            "interval": "95 % interval over draws of the patterns",
        },
    ),
    headline="fixed",
)
_THEORY = Table("theory", columns("size: integer, rule: text, of: text, load"))

TABLES = (_CAPACITY, _THEORY)
"""The tables of a capacity scan."""

_STARTS = ("pattern", "flipped")
_PRINTED = ("fixed", *(f"overlap_{start}" for start in _STARTS))
_RADIUS = "half_radius"
_NEAR = 0.9
_RECALLED = 0.99  # smallest overlap of a recalled start with the pattern's attractor
_RADIUS_ENDS = (0.0, 0.5)  # beyond half of its sites a start is nearer to the inverse


class CapacityResult(Result):
    """Result of a capacity scan.

    Table ``capacity`` has one row per size, rule and load. Table ``theory`` contains size, rule
    and the loads up to which a property (``of``) holds in theory, if they are known.
    """


def plan(config: CapacityConfig, stock: Stock) -> Plan:
    """Plan to store increasing numbers of patterns and test whether they are stable.

    Parameters
    ----------
    config : CapacityConfig
        The configuration.
    stock : Stock
        Stock of data sets.

    Returns
    -------
    Plan
        Its run reports finished and all networks, each of which is a part, and returns a
        :class:`CapacityResult`.
    """
    prepared = prepare(config, stock)
    resolved = prepared.config
    counts = [_pattern_counts(resolved, size) for size in resolved.sizes]
    most = max(map(max, counts))
    if resolved.reads_data and most > (n_images := len(prepared.dataset)):
        highest = math.floor(1e6 * n_images / max(resolved.sizes)) / 1e6
        rule = f"must be at most {highest:g}, for the {n_images:,} images of {prepared.name}"
        raise SettingError("loads", rule, max(resolved.loads))
    n_networks = len(counts) * resolved.draws * len(resolved.rule) * len(resolved.loads)

    def work(execution: ThreadedExecution, progress: Progress, parts: Parts) -> CapacityResult:
        dataset = prepared.dataset if resolved.reads_data else None
        missing = n_networks - len(parts)
        tell = functools.partial(progress, 1, missing)
        draws = _run(resolved, dataset, execution.threads, tell, parts)
        return prepared.result([_mean_table(resolved, draws), _theory_table(resolved)])

    pairs = zip(resolved.sizes, counts, strict=True)
    sweep = sum(size * min(resolved.tests, p) for size, of_size in pairs for p in of_size)
    attempts = len(_STARTS) * resolved.draws * len(resolved.rule) * sweep
    return prepared.plan(work, n_networks, attempts=attempts, chains=resolved.tests)


def summary(config: CapacityConfig, result: CapacityResult) -> Columns:
    """Return fixed points and overlaps of each rule at each load."""
    of_radius = [_RADIUS] if config.basins else []
    columns = ["size", "rule", "load", "patterns", "draws", "learnt", *_PRINTED, *of_radius]
    return result.columns["capacity"].only(columns)


def _run(
    config: CapacityConfig,
    dataset: Dataset | None,
    threads: int | None,
    tell: Callable[[], None],
    parts: Parts,
) -> dict[_Key, list[Floats]]:
    """Measure every network; return :func:`_measure` of each draw by size, rule, load, patterns.

    The patterns are random, or random images of a data set; smaller loads use the first ones.
    """
    streams = Streams(config.seed)
    seeds = spawned(config.draws, streams.patterns, streams.starts, streams.chains)
    number = 0
    measured: dict[_Key, list[Floats]] = {}
    for size in config.sizes:
        counts = _pattern_counts(config, size)
        for of_patterns, *own in seeds:
            rng, most = np.random.default_rng(of_patterns), counts[-1]
            if dataset is None:
                xi = random_spins(rng, most, size)
            else:
                xi = dataset.states[rng.choice(len(dataset), most, replace=False)]
            for rule in config.rule:
                network, to_store = None, list[int]()
                for load, p in zip(config.loads, counts, strict=True):
                    to_store.append(p)
                    if number not in parts:
                        network = _add_patterns(config, rule, xi, to_store, network)
                        to_store = []
                        parts[number] = _measure(config, xi[:p], network, own, threads)
                        tell()
                    measured.setdefault((size, rule, load, p), []).append(parts[number])
                    number += 1
    return measured


def _theory_table(config: CapacityConfig) -> Columns:
    """Return the theoretical loads of each rule at each size, with its parameters, if known."""
    return _THEORY.rows(
        (size, rule, of, load)
        for size in config.sizes
        for rule in config.rule
        for of, load in RULES[rule].capacity(size, **config.parameters(rule)).items()
    )


def _pattern_counts(config: CapacityConfig, size: int) -> list[int]:
    """Return the number of patterns at each load, from 1 to N - 1."""
    return [min(max(1, round(load * size)), size - 1) for load in config.loads]


def _add_patterns(
    config: CapacityConfig, rule: str, xi: Spins, counts: list[int], network: Network | None
) -> Network | None:
    """Store the last number of patterns of the counts.

    An incremental rule continues from the previous network, count by count. So its couplings do
    not depend on the intermediate networks that are measured, to the last bit. The result is None
    if the patterns are dependent, or no couplings were found: then there is nothing to measure.
    """
    incremental = RULES[rule].incremental
    for p in counts if incremental else counts[-1:]:
        onto = network if incremental else None
        known = 0 if onto is None else onto.columns.shape[1]
        try:
            network = store(xi[known:p], rule, onto=onto, **config.parameters(rule))
        except PatternError:
            network = None
    return network


def _measure(
    config: CapacityConfig,
    xi: Spins,
    network: Network | None,
    seeds: Sequence[np.random.SeedSequence],
    threads: int | None,
) -> Floats:
    """Measure one draw: fixed points, sites wrong after a step, half-radius, then overlaps.

    float64, shape (3 + 2 tests,): the overlaps are those of each tested pattern from itself,
    then from itself with flipped sites. The half-radius is NaN unless requested; all are NaN
    without couplings. The seeds are for the flipped sites, and for the chains.
    """
    n_tested = min(config.tests, len(xi))
    if network is None:
        return np.full(3 + len(_STARTS) * n_tested, np.nan)
    unstable = interruptibly(unstable_sites, xi, network)
    fixed, wrong = 1 - float(unstable.any(axis=1).mean()), float(unstable.mean())
    # Spread over the order of storing: some rules store the last patterns best.
    tested = xi[np.linspace(0, len(xi) - 1, n_tested).astype(np.int64)]
    of_flips, of_chains = seeds
    rows, flip = np.arange(n_tested), Start("pattern", changes=(("flip", (config.flips,)),))
    bank = Bank(rows.astype(np.str_), rows, tested, rows)
    flipped = first_states(flip, bank, (1, xi.shape[1]), seed_word(of_flips))
    chain_seeds = dynamics.chain_seeds(of_chains, n_tested)

    def relax(starts: Spins) -> Spins:
        """Return the states in which the starts end at T = 0."""
        return settle(network, starts, chain_seeds, threads, sweeps=config.sweeps).spins

    ends, radius = relax(tested), np.nan
    if config.basins:
        radius = _half_radius(tested, ends, relax, np.random.default_rng(of_flips))
    found = [_overlaps(states, tested) for states in (ends, relax(flipped))]
    return np.concatenate([[fixed, wrong, radius], *found])


def _half_radius(
    patterns: Spins, attractors: Spins, relax: Callable[[Spins], Spins], rng: np.random.Generator
) -> float:
    """Find the fraction of flipped sites at which half the starts are recalled, by bisection.

    A start is recalled if it ends in the same state as the pattern itself. The pattern need not
    be an attractor: near the capacity a few of its sites change.
    """
    n_sites = patterns.shape[1]
    orders = rng.permuted(np.tile(np.arange(n_sites), (len(patterns), 1)), axis=1)
    rows = np.arange(len(patterns))[:, None]
    least, most = 0, (n_sites + 1) // 2
    while most - least > 1:
        middle = (least + most) // 2
        starts = patterns.copy()
        starts[rows, orders[:, :middle]] *= -1
        if np.mean(_overlaps(relax(starts), attractors) >= _RECALLED) >= 0.5:
            least = middle
        else:
            most = middle
    return (least + most) / 2 / n_sites


def _overlaps(states: Spins, others: Spins) -> Floats:
    """Return the overlap of each state with its own counterpart, shape (states,)."""
    sums = np.einsum("cn,cn->c", states, others, dtype=np.int64)
    return np.asarray(sums / states.shape[1], dtype=np.float64)


def _mean_table(config: CapacityConfig, draws: dict[_Key, list[Floats]]) -> Columns:
    """Compute means, shares and medians over draws with couplings, with 95 % intervals."""
    names = [n for n in _CAPACITY.names if config.basins or not n.startswith(_RADIUS)]
    rows: list[tuple[Any, ...]] = []
    for key, of_draws in draws.items():
        size, rule, _, patterns = key
        values = np.stack(of_draws)
        stored = values[~np.isnan(values[:, 0])]
        exact = RULES[rule].exact and len(stored) > 1
        found = _estimates(stored, patterns, size, exact=exact) if len(stored) else []
        row = (*key, len(values), len(stored), *found)
        rows.append((*row, *[np.nan] * (len(names) - len(row))))
    return _CAPACITY.rows(rows, names)


def _estimates(measured: Floats, patterns: int, size: int, *, exact: bool) -> list[float]:
    """Compute estimates and intervals in the order of the columns.

    Patterns are the units of a draw, so intervals have a width even if all draws agree. A mean
    overlap has as many units as patterns, not as sites: near the transition a pattern is either
    kept or lost as a whole. A result of 0 or 1 that the rule guarantees (`exact`) has no
    error.
    """
    fixed, wrong, radius = measured[:, :3].T
    overlaps = np.split(measured[:, 3:], len(_STARTS), axis=1)
    tested = overlaps[0].shape[1]

    def mean(values: Floats, units: int, sure: bool, **limits: float) -> list[float]:
        found, _, sem = (float(value) for value in mean_sd_sem(values))
        return [found, sem, *((found, found) if sure else draws_interval(values, units, **limits))]

    certain = exact and bool((overlaps[0] == 1).all())
    row = mean(fixed, patterns, exact and bool((fixed == 1).all()))
    shares: list[float] = []
    medians: list[float] = []
    for own, sure in zip(overlaps, (certain, False), strict=True):
        row += mean(own.mean(axis=1), tested, sure, low=-1.0)
        near = (own > _NEAR).mean(axis=1)
        shares += [1.0] * 3 if sure else [near.mean(), *draws_interval(near, tested)]
        medians += [1.0] * 3 if sure else draws_median(own, low=-1.0)
    row += mean(wrong, patterns, exact and not wrong.any(), most=float(patterns * size))
    if not np.isnan(radius).any():
        low, high = _RADIUS_ENDS
        row += mean(radius, tested, False, most=float(tested * size), low=low, high=high)
    return row + shares + medians
