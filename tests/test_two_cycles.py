"""Two-cycles of synchronous updates, and the census, against enumeration of all states."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from conftest import random_patterns
from numpy.typing import NDArray

import hopcli
from hopcli import dynamics
from hopcli.experiments.attractors import AttractorsResult
from hopcli.storage import store

Spins = NDArray[np.int8]

AT_TIE = {"keep": 0, "up": 1, "down": -1}


def _every(n_sites: int) -> Spins:
    return np.array(list(itertools.product((-1, 1), repeat=n_sites)), np.int8)


def _step(states: Spins, w: NDArray[np.float64], theta: NDArray[np.float64], tie: str) -> Spins:
    """Set all sites of each state at once to the sign of their fields."""
    excess = states @ w - theta
    at_tie = states if tie == "keep" else np.full_like(states, AT_TIE[tie])
    return np.where(np.abs(excess) < 1e-9, at_tie, np.sign(excess)).astype(np.int8)


@pytest.mark.parametrize("tie", AT_TIE)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_chain_ends_in_the_state_of_the_last_sweep(tie: str, threads: int) -> None:
    """With every limit, also long after the cycle was seen; the trace has each sweep's state."""
    cycles = 0
    for seed in range(4):
        couplings = store(random_patterns(seed, 2, 6), "hebbian")
        w, theta = couplings.dense(), np.zeros(6)
        expected = [_every(6)]
        for _ in range(9):
            expected.append(_step(expected[-1], w, theta, tie))
        for sweeps in range(10):
            final = dynamics.run(
                couplings,
                _every(6),
                seeds=np.zeros(64, np.uint64),
                dynamics="sync",
                temperatures=0.0,
                sweeps=sweeps,
                attempts_per_sweep=6,
                tie=tie,
                record=True,
                threads=threads,
            )
            assert np.array_equal(final.spins, expected[sweeps])
            cycles += int(np.sum(final.status == dynamics.TWO_CYCLE))
            assert final.class_sums is not None
            assert np.array_equal(final.class_sums[:, -1], final.ends)
            for sweep in range(sweeps + 1):
                sums = np.zeros_like(final.ends)
                np.add.at(sums.T, couplings.site_class, expected[sweep].T)
                assert np.array_equal(final.class_sums[:, sweep], sums)
    assert cycles > 100


def _write(path: str, states: Spins) -> None:
    rows = ("".join("#" if spin > 0 else "." for spin in state) for state in states)
    Path(path).write_text("\n\n".join(rows) + "\n", encoding="utf-8")


def _attractors(
    states: Spins, w: NDArray[np.float64], theta: NDArray[np.float64], tie: str, *, sync: bool
) -> set[frozenset[bytes]]:
    """Enumerate the fixed points and, of synchronous updates, the two-cycles.

    Inverse attractors are one where the whole set is symmetric because no site has a
    threshold and ties are kept.
    """
    once = _step(states, w, theta, tie)
    twice = _step(once, w, theta, tie)
    kept = np.all(once == states, axis=1) | (sync & np.all(twice == states, axis=1))
    found = set()
    for first, second in zip(states[kept], once[kept], strict=True):
        orbit = {first.tobytes(), second.tobytes()}
        if tie == "keep" and not theta.any():
            orbit |= {(-first).tobytes(), (-second).tobytes()}
        found.add(frozenset(orbit))
    return found


@pytest.mark.parametrize("tie", AT_TIE)
@pytest.mark.parametrize("updates", ["async", "sync"])
def test_a_census_from_all_states_lists_each_attractor_once(
    empty_folder: Path, updates: Literal["async", "sync"], tie: Literal["keep", "up", "down"]
) -> None:
    """30 small networks each: three rules, with and without thresholds, many with ties."""
    cycles = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        n_sites, p = int(rng.integers(3, 8)), int(rng.integers(1, 4))
        xi, every = random_patterns(seed, p, n_sites), _every(n_sites)
        independent = np.linalg.matrix_rank(xi) == p
        rule = ["hebbian", "storkey", "pseudo-inverse" if independent else "hebbian"][seed % 3]
        theta = rng.choice([-1, 0, 1], n_sites) / n_sites if seed % 2 else np.zeros(n_sites)
        _write("patterns.txt", xi)
        _write("every.txt", every)
        np.savetxt("theta.txt", theta)
        run = hopcli.attractors(
            dataset="text:patterns.txt",
            rule=rule,
            theta="theta.txt" if theta.any() else 0.0,
            dynamics=updates,
            tie=tie,
            start="text:every.txt",
            starts=len(every),
            most=1000,
        )
        expected = _attractors(every, store(xi, rule).dense(), theta, tie, sync=updates == "sync")
        assert isinstance(run.result, AttractorsResult)
        table = run.result.tables["attractors"]
        settled = (table["kind"] != "unsettled").to_numpy()
        states = [state.tobytes() for state in run.result.states[rule][settled]]
        classes = [{orbit for orbit in expected if state in orbit} for state in states]
        assert [len(found) for found in classes] == [1] * len(states), seed
        assert set().union(*classes) == expected, seed
        assert len(states) == len(expected), seed
        kinds = run.result.tables["kinds"].set_index("kind")
        assert kinds.loc["attractors", "distinct"] == len(expected)
        moves = [len(orbit) > 1 and _moves(orbit, xi, rule, theta, tie) for orbit in expected]
        cycling = kinds["distinct"].get("two-cycle", 0)
        assert cycling == (sum(moves) if updates == "sync" else 0), seed
        cycles += cycling
        assert table["count"].sum() == len(every)
    assert (cycles > 20) == (updates == "sync")


def _moves(
    orbit: frozenset[bytes], xi: Spins, rule: str, theta: NDArray[np.float64], tie: str
) -> bool:
    states = np.array([np.frombuffer(state, np.int8) for state in orbit])
    return not np.array_equal(_step(states, store(xi, rule).dense(), theta, tie), states)
