"""Given couplings, kept diagonals and orders by hand, against enumeration of small networks."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import reference_rules as published
from conftest import RunHopcli, every_state, random_patterns, refuses, run_chains
from numpy.typing import NDArray

import hopcli
from hopcli import dynamics
from hopcli.network import Network, Quadratic, Wired
from hopcli.observables import TIE, energy, local_fields
from hopcli.rules import store
from hopcli.taxonomy import fixed_points
from hopcli.theory import spectrum

Spins = NDArray[np.int8]
RING = np.roll(np.eye(4), 1, axis=1)  # each site follows the next
PAIR = np.array([[0.0, 1], [-1, 0]])  # one follows, one opposes: turns for ever
COURSE = np.array([[0.0, 1, -1, 0], [1, 0, 0, -1], [-1, 0, 0, 1], [0, -1, 1, 0]])
STUBBORN = COURSE + 1.5 * np.eye(4)
MIXED = np.random.default_rng(3).integers(-3, 4, (6, 6)) / 2
NETWORKS = {"ring": RING, "pair": PAIR, "course": COURSE, "stubborn": STUBBORN, "mixed": MIXED}


def made(w: NDArray[Any], theta: Any = 0.0) -> Network:
    xi = np.ones((1, len(w)), np.int8)
    return store(xi, theta=theta, weights=w)


def run(network: Network, states: Spins, dynamic: str, **words: Any) -> dynamics.FinalStates:
    words = {"temperatures": 0.0, "sweeps": 1} | words
    return run_chains(network, states, dynamics=dynamic, **words)


def step(w: NDArray[Any], state: NDArray[Any], theta: Any, site: int) -> int:
    """The textbook's update of one site: the sign of its field, or its own value at 0."""
    h = sum(w[site, j] * state[j] for j in range(len(state))) - np.broadcast_to(theta, len(w))[site]
    return int(np.sign(h)) if abs(h) > TIE else int(state[site])


def at_once(w: NDArray[Any], states: Spins, theta: Any) -> Spins:
    steps = [[step(w, state, theta, i) for i in range(len(w))] for state in states]
    return np.array(steps, np.int8)


@pytest.mark.parametrize("theta", [0.0, 0.5])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_fixed_point_and_cycle_of_a_small_network(name: str, theta: float) -> None:
    w = NETWORKS[name]
    network, states = made(w, theta), every_state(len(w))
    once = at_once(w, states, theta)
    assert isinstance(network.hamiltonian, Quadratic if name == "course" else Wired)
    assert np.array_equal(network.dense(), w)
    np.testing.assert_allclose(local_fields(states, network), states @ w.T, atol=1e-12)
    pairs = [-0.5 * state @ w @ state + theta * state.sum() for state in states.astype(float)]
    own = 0.0 if name == "course" else -0.5 * np.trace(w)
    np.testing.assert_allclose(energy(states, network) - own, np.array(pairs) - own, atol=1e-12)
    eigenvalues = np.linalg.eigvalsh((w + w.T) / 2)[::-1]
    np.testing.assert_allclose(np.repeat(*spectrum(network)), eigenvalues, atol=1e-8)
    is_fixed = np.all(once == states, axis=1)
    assert np.array_equal(fixed_points(states, network), is_fixed)
    cycles = np.all(at_once(w, once, theta) == states, axis=1) & ~is_fixed
    if (name, theta) == ("course", 0.0):
        assert np.flatnonzero(is_fixed).tolist() == [0, 3, 6, 9, 12, 15]
        assert np.flatnonzero(cycles).tolist() == [5, 10]
    final = run(network, states, "sync")
    assert np.array_equal(final.spins, once)
    settled = run(network, states, "sync", sweeps=2 ** len(w)).status
    assert np.all(settled[is_fixed] == dynamics.STABLE)
    assert np.all(settled[cycles] == dynamics.TWO_CYCLE)


@pytest.mark.parametrize("tie", ["keep", "up", "down"])
@pytest.mark.parametrize("by_hand", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_one_site_after_another_is_the_textbooks_loop(name: str, by_hand: bool, tie: str) -> None:
    w = NETWORKS[name]
    states = every_state(len(w))
    expected = states.copy()
    sites = np.roll(range(len(w)), by_hand).tolist()  # of four sites not its own inverse
    for state, site in itertools.product(expected, sites):
        h = float(w[site] @ state)
        at_tie = {"keep": state[site], "up": 1, "down": -1}[tie]
        state[site] = np.sign(h) if abs(h) > TIE else at_tie
    words: dict[str, Any] = {"order": sites if by_hand else "fixed", "tie": tie}
    final = run(made(w), states, "async", record=True, **words)
    assert np.array_equal(final.spins, expected)
    assert final.class_sums is not None
    assert np.array_equal(final.class_sums, np.stack([states, expected], axis=1))
    ended = run(made(w), states, "async", sweeps=50, until_stable=True, **words)
    stable = fixed_points(ended.spins, made(w), tie)
    assert np.array_equal(ended.status == dynamics.STABLE, stable)
    assert np.all(ended.sweeps[~stable] == 50)
    assert np.all(ended.sweeps[fixed_points(states, made(w), tie)] == 1)


@pytest.mark.parametrize("dynamic", ["metropolis", "glauber"])
@pytest.mark.parametrize(("name", "heat"), [("mixed", 0.9), ("stubborn", 2.0), ("pair", 0.5)])
def test_noisy_chains_have_the_law_of_their_matrix(dynamic: str, name: str, heat: float) -> None:
    w, trials, attempts = NETWORKS[name], 20_000, 5
    n, states = len(w), every_state(len(w))
    moves = np.zeros((len(states), len(states)))
    for row, state in enumerate(states):
        turn = np.exp(-2 * state * (w @ state - 0.25) / heat)
        chance = np.minimum(1, turn) if dynamic == "metropolis" else turn / (1 + turn)
        for i in range(n):
            moves[row, row ^ (1 << (n - 1 - i))] += chance[i] / n
        moves[row, row] = 1 - moves[row].sum()
    expected = trials * np.linalg.matrix_power(moves, attempts)[1]
    start = np.repeat(states[1:2], trials, axis=0)
    words: dict[str, Any] = {"temperatures": heat, "attempts_per_sweep": attempts}
    final = run(made(w, 0.25), start, dynamic, **words)
    assert np.array_equal(run(made(w, 0.25), start, dynamic, threads=2, **words).spins, final.spins)
    counts = np.bincount((final.spins > 0) @ (1 << np.arange(n)[::-1]), minlength=len(states))
    likely = expected > 1e-9
    assert not counts[~likely].any()
    chi2 = np.sum((counts - expected)[likely] ** 2 / expected[likely])
    assert chi2 < likely.sum() + 6 * np.sqrt(2 * likely.sum())


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "covariance"])
def test_a_kept_diagonal_is_that_of_the_formula(rule: str) -> None:
    xi = random_patterns(4, 3, 20)
    kept, plain = store(xi, rule, self_coupling=True), store(xi, rule)
    eta = (xi - xi.mean()) ** 2 / (20 * (1 - xi.mean() ** 2))
    diagonals = {"hebbian": np.full(20, 3 / 20), "covariance": eta.sum(axis=0)}
    diagonal = diagonals.get(rule, np.diag(published.projector(xi)))
    np.testing.assert_allclose(kept.dense(), plain.dense() + np.diag(diagonal), atol=1e-12)
    with refuses("self_coupling"):
        store(np.ones((1, 4097), np.int8), "hebbian", self_coupling=True)
    if rule == "pseudo-inverse":  # W xi = xi
        np.testing.assert_allclose(local_fields(xi, kept), xi, atol=1e-12)


def test_files_of_couplings_make_the_same_run(run_hopcli: RunHopcli) -> None:
    Path("p.txt").write_text("a:\n##..\n\nb:\n#..#\n")
    np.savetxt("w.txt", RING, fmt="%g")
    np.savetxt("w.csv", RING, fmt="%.2f", delimiter=",")
    np.save("w.npy", RING)
    np.savez("w.npz", weights=RING.astype(int))
    run = ["recall", "--dataset", "text:p.txt", "--dynamics", "async", "--repeats", "1", "--start"]
    run += ["random", "--tests", "20", "-q", "--no-figures", "--overwrite", "--out", "out"]
    tables = set()
    for name in ("w.txt", "w.csv", "w.npy", "w.npz"):
        assert run_hopcli(*run, "--weights", name).code == 0
        tables.add(Path("out/outcomes.csv").read_bytes())
    assert len(tables) == 1
    settings = json.loads(Path("out/recall.json").read_text())["config"]
    assert (settings["weights"], settings["rule"]) == ("w.npz", "weights")
    assert not {"self_coupling", "activity"} & settings.keys()
    assert run_hopcli("run", "out/recall.json", "-q", "--out", "again").code == 0
    assert Path("again/outcomes.csv").read_bytes() in tables
    assert run_hopcli("weights", *run[1:3], "--weights", "w.csv", "-q", "--out", "w").code == 0
    assert len(json.loads(Path("w/weights.json").read_text())["notes"]["findings"]) == 1
    for wrong in (np.nan, -1.1e6, 1e308):
        with refuses("weights"):
            hopcli.store("text:p.txt", weights=np.full(RING.shape, wrong))
    memory = hopcli.store("text:p.txt", weights=RING)
    found = memory.recall("random", tests=20, dynamics="async")
    outcomes = pd.read_csv("out/outcomes.csv").groupby("outcome")["count"].sum()
    assert pd.Series(found.outcome).value_counts().to_dict() == outcomes[outcomes > 0].to_dict()
    Path("w.txt").write_text("1 2\n3 4\n")
    Path("w.csv").write_text("0,1,x,0\n" * 4)
    for words in (
        *(["--weights", name] for name in ("w.txt", "w.csv", "nothing.npy", "p.txt")),
        *(["--weights", "w.npy", "--rule", "storkey"], ["--rule", "weights"]),
        *(["--weights", "w.npy", "--self-coupling"], ["--rule", "perceptron", "--self-coupling"]),
    ):
        run_hopcli(*run, *words).refused()


def test_an_order_by_hand_lists_each_site_once(run_hopcli: RunHopcli) -> None:
    """In the authors' five digits too: columns from right to left."""
    xi = np.array([[1, 1, -1, -1], [1, -1, 1, -1]], np.int8)
    network, start = store(xi, "hebbian"), np.array([[1, 1, 1, -1]], np.int8)
    for wrong in ([0, 1, 2], [0, 1, 2, 2], [1, 2, 3, 4], [0.0, 1.0, 2.0, 3.0], []):
        with refuses("order"):
            run(network, start, "async", order=wrong)
    Path("p.txt").write_text("a:\n##..\n\nb:\n#.#.\n")
    Path("s.txt").write_text("###.\n")
    words = ["recall", "--dataset", "text:p.txt", "--rule", "hebbian", "--start", "text:s.txt"]
    words += ["--tests", "1", "--repeats", "1", "--sweeps", "1", "--dynamics", "async", "-q"]
    for order, pattern in {"2,0,1,3": "a", "1,0,2,3": "b"}.items():
        assert run_hopcli(*words, "--order", order, "--no-figures", "--out", pattern).code == 0
        outcomes = pd.read_csv(f"{pattern}/outcomes.csv")
        assert outcomes.loc[outcomes["count"] > 0, "pattern"].tolist() == [pattern]
    for refused in ("0,1,2", "0,1,2,3,4", "0,0,1,2"):
        run_hopcli(*words, "--order", refused).refused()
    run_hopcli(*words[:-2], "sync", "--order", "2,0,1,3").refused()
