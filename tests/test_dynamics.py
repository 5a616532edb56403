"""The update rules, their stops and errors, and the independence of results."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import every_state, random_patterns, refuses
from conftest import run_chains as run

from hopcli import dynamics
from hopcli._kernels import chains
from hopcli.dynamics import DYNAMICS, ORDERS, RAN, STABLE, TIES, TWO_CYCLE, jobs
from hopcli.network import Network, Quadratic
from hopcli.observables import class_sums, local_fields
from hopcli.rules import store
from hopcli.streams import splitmix64

SITE_BY_SITE = ["metropolis", "glauber", "async"]
AT_TIE = {"keep": 0, "up": 1, "down": -1}


def network(n_sites: int = 61, p: int = 4, rule: str = "pseudo-inverse") -> Network:
    return store(random_patterns(n_sites, p, n_sites), rule)


def pair(coupling: float) -> Network:
    """Two sites of two classes."""
    columns = np.array([[1], [-1]], np.int8)
    j = np.array([[0.0, coupling], [coupling, 0.0]])
    return Network("by hand", np.array([0, 1], np.int32), columns, Quadratic(j), np.zeros(2))


# --- a chain and what it does not depend on


@pytest.mark.parametrize("name", DYNAMICS)
@pytest.mark.parametrize("order", ORDERS)
def test_result_depends_on_its_chain_alone(name: str, order: str) -> None:
    """Long and cold: the loop skips nearly all attempts by waiting."""
    couplings, spins = network(), random_patterns(3, 23, 61)
    kept = spins.copy()
    settings = {"dynamics": name, "order": order, "temperatures": 0.15, "sweeps": 100}
    whole = run(couplings, spins, threads=1, **settings)
    assert np.array_equal(spins, kept)
    placed = run(couplings, kept, in_place=True, **settings)
    assert np.shares_memory(placed.spins, kept)
    assert np.array_equal(placed.spins, whole.spins)
    for threads in (2, 3):
        again = run(couplings, spins, threads=threads, record=True, **settings)
        assert np.array_equal(again.spins, whole.spins)
        assert np.array_equal(again.status, whole.status)
    seeds = dynamics.chain_seeds(np.random.SeedSequence(5), 23)
    part = run(couplings, spins[7:9], seeds=seeds[7:9], **settings)
    assert np.array_equal(part.spins, whole.spins[7:9])
    assert not np.array_equal(whole.spins, spins)


@pytest.mark.parametrize("name", DYNAMICS)
def test_a_limit_of_k_sweeps_ends_where_k_sweeps_end(name: str) -> None:
    """Row k of a long run is the end of a run of k sweeps, and each sweep moves something."""
    couplings, spins = network(200, 30, "hebbian"), random_patterns(3, 12, 200)
    settings = {"dynamics": name, "temperatures": 0.6 * DYNAMICS[name].stochastic}
    full = run(couplings, spins, sweeps=4, record=True, **settings)
    assert full.class_sums is not None
    assert full.class_sums.shape == (12, 5, couplings.n_classes)
    assert np.all(np.any(np.diff(full.class_sums, axis=1), axis=(0, 2)))
    for k in range(5):
        part = run(couplings, spins, sweeps=k, **settings)
        assert np.array_equal(class_sums(part.spins, couplings), full.class_sums[:, k])
        assert np.array_equal(part.ends, full.class_sums[:, k])
        assert np.all(part.sweeps == np.minimum(full.sweeps, k))
        assert k > 0 or np.array_equal(part.spins, spins)
    assert full.ends.dtype == np.int32


@pytest.mark.parametrize("name", SITE_BY_SITE)
@pytest.mark.parametrize("order", ORDERS)
def test_a_chain_stops_after_the_first_sweep_that_leaves_it_stable(name: str, order: str) -> None:
    """Not one sweep later, nor earlier: with fewer it is not stable, but for none at all."""
    couplings = network()
    spins = np.concatenate([couplings.xi[:1], random_patterns(3, 30, 61)])
    settings = {"dynamics": name, "temperatures": 0.0, "order": order}
    stopped = run(couplings, spins, sweeps=30, until_stable=True, record=True, **settings)
    first = np.zeros(31, np.int64)
    for k in range(1, 31):
        part = run(couplings, spins, sweeps=k, **settings)
        first[(first == 0) & (part.status == STABLE)] = k
    assert np.array_equal(stopped.sweeps, first)
    assert first[0] == 1  # it was stable, and had its sweep
    assert 1 < first.max() < 30
    # Stopping only shortens: as many sweeps without it end the same, in a fixed point.
    assert np.array_equal(part.spins, stopped.spins)
    assert np.all(part.sweeps == 30)
    assert np.all(stopped.status == STABLE)
    assert np.all(stopped.spins * local_fields(stopped.spins, couplings) >= -1e-9)
    assert stopped.class_sums is not None
    for rows, ended in zip(stopped.class_sums, first, strict=True):
        assert np.all(rows[ended:] == rows[ended])


def test_a_warm_chain_is_never_called_stable() -> None:
    spins = random_patterns(3, 5, 61)
    outcome = run(network(), spins, temperatures=[0, 0, 0, 0, 0, 0.2], until_stable=True)
    assert np.all(outcome.status == RAN)
    assert np.all(outcome.sweeps == 6)


# --- ties and empty sites


@pytest.mark.parametrize("tie", TIES)
def test_ties_of_the_sign_rule(tie: str) -> None:
    """Site 0 ties; site 1 then goes against it, or ties too."""
    settings = {"dynamics": "async", "order": "fixed", "sweeps": 1, "tie": tie}
    outcome = run(pair(-1.0), np.zeros((1, 2), np.int8), **settings)
    assert outcome.spins.tolist() == [[AT_TIE[tie], -AT_TIE[tie]]]
    assert outcome.status[0] == STABLE


def test_heat_bath_breaks_a_tie_by_lot() -> None:
    settings = {"dynamics": "glauber", "temperatures": 0.0, "order": "fixed"}
    ends = run(pair(0.0), np.ones((4_000, 2), np.int8), **settings).spins
    assert np.all(np.abs(np.mean(ends, axis=0)) < 4 / np.sqrt(4_000))
    empty = np.zeros((6, 61), np.int8)
    assert np.all(run(network(), empty, dynamics="glauber", order="permutation").spins != 0)


@pytest.mark.parametrize("tie", TIES)
@pytest.mark.parametrize("threads", [1, 3])
def test_all_sites_at_once_end_in_the_state_of_the_last_sweep(tie: str, threads: int) -> None:
    """With every limit, also long after a two-cycle was seen; the trace has each sweep's state."""
    cycles = 0
    starts = np.vstack([every_state(6), every_state(6) * np.array([0, 1, 1, 0, 1, 1], np.int8)])
    for seed in range(2):
        couplings = store(random_patterns(seed, 2, 6), "hebbian")
        expected = [starts]
        for _ in range(10):
            fields = expected[-1] @ couplings.dense()
            at_tie = expected[-1] if tie == "keep" else np.int8(AT_TIE[tie])
            expected.append(np.where(np.abs(fields) < 1e-9, at_tie, np.sign(fields)))
        stable_at_once = np.all(expected[0] == expected[1], axis=1)
        sums = [class_sums(states.astype(np.int8), couplings) for states in expected]
        settings = {"dynamics": "sync", "tie": tie, "record": True, "threads": threads}
        for sweeps in range(10):
            final = run(couplings, starts, sweeps=sweeps, **settings)
            assert np.array_equal(final.spins, expected[sweeps])
            fixed = np.all(expected[sweeps] == expected[sweeps + 1], axis=1)
            assert np.array_equal(final.status == STABLE, fixed)
            assert np.all(final.sweeps[stable_at_once] == min(1, sweeps))
            assert final.class_sums is not None
            for sweep in range(sweeps + 1):
                assert np.array_equal(final.class_sums[:, sweep], sums[sweep])
            assert np.array_equal(final.class_sums[:, -1], final.ends)
            cycles += int(np.sum(final.status == TWO_CYCLE))
    assert cycles > 100


# --- chunks, threads, interrupts


def test_chunks_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    spins = random_patterns(3, 9, 61)
    whole = run(network(), spins, threads=1)
    monkeypatch.setattr(jobs, "CHUNK_ATTEMPTS", 61 * 6 * 2)
    done: list[int] = []
    chunked = run(network(), spins, threads=2, progress=done.append)
    assert done[0] == 0
    assert sorted(done) == [0, 1, 2, 2, 2, 2]
    assert np.array_equal(chunked.spins, whole.spins)


# --- errors


WRONG: dict[str, list[Any]] = {
    "dynamics": ["swendsen-wang"],
    "order": ["sorted"],
    "tie": ["left", "up"],  # Metropolis decides a tie by itself
    "temperatures": [-0.1, float("nan"), [0.1, 0.2]],
    "sweeps": [-1],
    "attempts_per_sweep": [0],
    "seeds": [np.zeros(4, np.uint64), np.zeros(5, np.int64)],
    "threads": [0],
}


@pytest.mark.parametrize("setting", WRONG)
def test_wrong_settings_are_named(setting: str) -> None:
    spins = random_patterns(3, 5, 61)
    for value in WRONG[setting]:
        with refuses(setting):
            run(network(), spins, **{setting: value})
    for order in ("permutation", "fixed"):
        with refuses("attempts_per_sweep", found=60):
            run(network(), spins, attempts_per_sweep=60, order=order)


def test_wrong_spins_and_sites_are_named() -> None:
    couplings, good = network(), random_patterns(3, 5, 61)
    seeds = dynamics.chain_seeds(np.random.SeedSequence(5), 5)
    wrong: list[Any] = [good[:, :60], good[0], 2 * good, 0.5 * good, 0 * good]
    for spins in wrong:
        with refuses("spins"):
            run(couplings, spins, seeds=seeds)
    for sites in (np.full((5, 4), 61), np.full((5, 4), -1), np.zeros((3, 4), int)):
        with refuses("sites"):
            dynamics.replay(couplings, good, sites=sites, seeds=seeds, temperature=0.2)


# --- seeds, records


def test_seeds_are_the_same_in_any_block_of_chains() -> None:
    sequence = np.random.SeedSequence(8)
    seeds = dynamics.chain_seeds(sequence, 9)
    assert np.array_equal(dynamics.chain_seeds(sequence, 3), seeds[:3])
    assert np.array_equal(dynamics.chain_seeds(sequence, 4, first=5), seeds[5:])
    assert len(set(seeds.tolist())) == 9
    # The first three of seed 1234567, as the reference implementation of splitmix64 prints them.
    first = splitmix64(np.uint64(1234567), np.arange(1, 4, dtype=np.uint64))
    assert first.tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_an_order_that_a_rule_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    spins, rule = random_patterns(3, 9, 61), replace(DYNAMICS["async"], orders=("fixed",))
    monkeypatch.setitem(DYNAMICS, "async", rule)
    with refuses("order", found="random"):
        run(network(), spins, dynamics="async", order="random")


def test_an_update_rule_is_its_entry_and_its_case(monkeypatch: pytest.MonkeyPatch) -> None:
    spins, rule = random_patterns(3, 9, 61), replace(DYNAMICS["metropolis"], codes={"keep": "MINE"})
    expected = run(network(), spins).spins
    monkeypatch.setattr(chains, "MINE", chains.METROPOLIS, raising=False)
    monkeypatch.setitem(DYNAMICS, "metropolis", rule)
    assert np.array_equal(run(network(), spins).spins, expected)
    given = store(random_patterns(2, 3, 61), weights=np.eye(61))
    with refuses("dynamics"):  # its loop has no such case
        run(given, spins)
