"""Attractors: a census of the final states of starts at T = 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from hopcli import dynamics
from hopcli.config import AttractorsConfig, ThreadedExecution
from hopcli.experiments import Plan, Progress, Stock, StoredResult
from hopcli.experiments.preparation import prepare
from hopcli.experiments.relaxation import run_chains
from hopcli.experiments.trials import MOST_STATE_SITES, check_product
from hopcli.network import Network
from hopcli.observables import energy, overlaps
from hopcli.patterns import Patterns
from hopcli.records import Spins
from hopcli.starts import choose, first_states
from hopcli.statistics import chao1, exact_interval
from hopcli.streams import seed_word
from hopcli.tables import Columns, Table, columns
from hopcli.taxonomy import KINDS, classify, mixture_method

_KINDS = Table(
    "kinds",
    columns(
        "rule: text, kind: text, distinct: integer, count: integer, fraction % ± .ci, chao1 ± ci",
        key="rule kind",
        rates="fraction",
        hidden="count",
        chao1={
            "axis": "attractors (number, those not met included)",
            "interval": "95 % interval of the number",
        },
    ),
    headline="chao1",
    where={"kind": "attractors"},
)
_STATES = Table(
    "attractors",
    columns(
        "rule: text, rank: integer, kind: text, nearest: text, overlap, energy, count: integer, "
        "fraction % ± .ci",
        rates="fraction",
    ),
)

TABLES = (_KINDS, _STATES)
"""The tables of a census."""


class AttractorsResult(StoredResult):
    """Result of a census.

    Table ``kinds`` contains how often each kind of state is reached under each rule. Its last row
    per rule, ``attractors``, adds the estimated number of states. Table ``attractors`` contains
    every distinct final state. The array file is ``attractors``.
    """

    @property
    def states(self) -> dict[str, Spins]:
        """Most frequent final states under each rule, most frequent first, int8."""
        rules = dict.fromkeys(self.columns["attractors"]["rule"].tolist())
        return {rule: self.arrays["attractors"][rule] for rule in rules}


def plan(config: AttractorsConfig, stock: Stock) -> Plan:
    """Plan to run the same starts to the end under each rule and count the final states.

    Parameters
    ----------
    config : AttractorsConfig
        The configuration.
    stock : Stock
        Stock of data, selections and couplings.

    Returns
    -------
    Plan
        Its run reports finished and all starts, and returns an
        :class:`AttractorsResult`.
    """
    prepared = prepare(config, stock)
    resolved, n_sites = prepared.config, prepared.facts.n_sites
    n_all, which = resolved.starts * n_sites, f"with {n_sites:,} sites"
    check_product(resolved, n_all, MOST_STATE_SITES, which, starts=1)
    prepared.bank()
    for rule in resolved.rule:
        prepared.network(rule)  # refuses an impossible one now

    def work(execution: ThreadedExecution, progress: Progress) -> AttractorsResult:
        patterns, streams, n_starts = prepared.patterns, prepared.streams, resolved.starts
        rng = np.random.default_rng(streams.tests)
        bank = choose(resolved.start, prepared.bank(), n_starts, rng)
        starts = first_states(resolved.start, bank, patterns.shape, seed_word(streams.starts))
        seeds = dynamics.chain_seeds(streams.chains, n_starts)
        how: dict[str, Any] = {"temperatures": 0.0, "until_stable": True}
        how |= {"attempts_per_sweep": n_sites, "threads": execution.threads}
        how["progress"] = lambda done: progress(done, n_rules * n_starts)
        states: dict[str, Spins] = {}
        tables = []

        for rule in resolved.rule:
            network = prepared.network(rule)
            final = run_chains(resolved, network, starts, seeds, **how)
            table, distinct = _census(resolved, network, patterns, final)
            tables.append(table)
            states[rule] = distinct[: resolved.most]
        census = Columns.joined(tables)
        both, arrays = (
            [_kind_table(resolved, census), census],
            {**states, **prepared.pattern_arrays},
        )
        return prepared.result(both, arrays, mixtures=mixture_method(*patterns.xi.shape))

    n_rules = len(resolved.rule)
    return prepared.plan(work, attempts=n_rules * resolved.starts * n_sites, chains=resolved.starts)


def _census(
    config: AttractorsConfig, network: Network, patterns: Patterns, final: dynamics.FinalStates
) -> tuple[Columns, Spins]:
    """List the distinct attractors, most frequent first, and a state of each."""
    spins, cycling = final.spins, final.status == dynamics.TWO_CYCLE
    other = spins.copy()
    other[cycling] = _next(config, network, spins[cycling])
    if config.folds_inverses:
        spins, other = _one_sign(spins, patterns), _one_sign(other, patterns)
    spins = _one_phase(spins, other, patterns)
    bits = np.packbits(np.stack([spins > 0, spins < 0], axis=1).reshape(len(spins), -1), axis=1)
    _, first, count = np.unique(bits, axis=0, return_index=True, return_counts=True)
    order = np.lexsort((first, -count))
    chosen, count = first[order], count[order]
    distinct = spins[chosen]
    ends = classify(distinct, network, config.criterion, tie=config.tie)
    low, high = np.transpose([exact_interval(n, len(spins)) for n in count])
    table = _STATES.of(
        {
            "rule": network.rule,
            "rank": np.arange(1, len(order) + 1),
            "kind": np.where(cycling[chosen], "two-cycle", ends.kind),
            "nearest": np.array(patterns.names)[ends.nearest],
            "overlap": ends.m[np.arange(len(order)), ends.nearest],
            "energy": energy(distinct, network),
            "count": count,
            "fraction": count / len(spins),
            "ci_low": low,
            "ci_high": high,
        }
    )
    return table, distinct


def _next(config: AttractorsConfig, couplings: Network, spins: Spins) -> Spins:
    """Move all sites of each state once: the other state of a two-cycle."""
    seeds = np.zeros(len(spins), np.uint64)  # the sign rule draws no numbers
    how = {"temperatures": 0.0, "sweeps": 1, "attempts_per_sweep": couplings.n_sites, "threads": 1}
    return run_chains(config, couplings, spins, seeds, dynamics="sync", **how).spins


def _one_phase(spins: Spins, other: Spins, patterns: Patterns) -> Spins:
    """Choose the state of each cycle that is nearer to a pattern, whatever the last state."""
    nearness = [np.abs(overlaps(states, patterns.xi)).max(axis=1) for states in (spins, other)]
    differ = spins != other
    site = differ.argmax(axis=1)[:, None]
    rows = np.take_along_axis(spins, site, axis=1) < np.take_along_axis(other, site, axis=1)
    tied = nearness[0] == nearness[1]
    swap = (nearness[1] > nearness[0]) | (tied & rows[:, 0])
    return np.where(swap[:, None], other, spins)


def _one_sign(spins: Spins, patterns: Patterns) -> Spins:
    """Invert states with negative overlap with their nearest pattern."""
    m = overlaps(spins, patterns.xi)
    best = m[np.arange(len(m)), np.abs(m).argmax(axis=1)]
    # At overlap 0 with all patterns the first site that is not 0 decides.
    first = np.take_along_axis(spins, (spins != 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    turn = np.where(best == 0, first < 0, best < 0)
    return np.where(turn[:, None], -spins, spins).astype(np.int8)


def _kind_table(config: AttractorsConfig, census: Columns) -> Columns:
    """Count how often each kind of state is reached, and by how many distinct states.

    The last row of a rule, ``attractors``, is for all kinds except ``unsettled``. A kind that did
    not occur has a row with an upper bound. The columns ``chao1`` estimate the number of distinct
    states, including states not reached. They are empty for kinds that did not occur, and for
    unsettled states, whose number has no limit.
    """
    never = {"two-cycle"} if config.dynamics != "sync" else set()
    if config.folds_inverses:
        never.add("inverse")  # counts as its pattern
    rows = []
    for rule in config.rule:
        own = census.where(rule=rule)
        kinds = dict.fromkeys([*own["kind"].tolist(), *(k for k in KINDS if k not in never)])
        groups = [(kind, own["count"][own["kind"] == kind]) for kind in kinds]
        for kind, counts in [*groups, ("attractors", own["count"][own["kind"] != "unsettled"])]:
            count = int(counts.sum())
            bounds = exact_interval(count, config.starts)
            is_known = kind != "unsettled" and (count or kind == "attractors")
            there_may_be = chao1(counts) if is_known else (np.nan,) * 3
            share = count / config.starts
            rows.append((rule, kind, len(counts), count, share, *bounds, *there_may_be))
    return _KINDS.rows(rows)
