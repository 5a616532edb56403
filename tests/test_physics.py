"""The update rules against known physics: Boltzmann weights, limits, symmetries."""

from __future__ import annotations

import contextlib
from typing import Any
from unittest import mock

import numpy as np
import pytest
from conftest import by_overlaps, every_state, few_and_many, random_patterns, run_chains
from scipy import stats

from hopcli import _kernels
from hopcli.dynamics import sites
from hopcli.network import Network
from hopcli.observables import energy
from hopcli.rules import store

ALWAYS_SCAN = _kernels.NEVER >> 20  # patience a class, with room for 2^20 classes


def network(n_sites: int, p: int, rule: str = "hebbian", theta: float = 0.0) -> Network:
    thresholds = theta * np.random.default_rng(n_sites).normal(size=n_sites)
    with by_overlaps() if rule.startswith("low") else contextlib.nullcontext():
        xi = random_patterns(n_sites + 100 * p, p, n_sites)
        return store(xi, rule.removeprefix("low "), thresholds)


@few_and_many("n_chains", 10_000, 100_000)
@pytest.mark.parametrize("patience", [0, 1, ALWAYS_SCAN])
@pytest.mark.parametrize(
    ("dynamic", "order", "couplings", "temperature"),
    [
        ("metropolis", "random", network(6, 2), 0.8),
        ("metropolis", "random", network(7, 3, theta=0.4), 1.3),
        ("metropolis", "permutation", network(5, 2, theta=0.3), 1.5),
        ("glauber", "random", network(6, 2, theta=0.3), 0.7),
        ("glauber", "permutation", network(6, 3), 1.0),
        ("glauber", "random", network(1, 1, theta=0.5), 0.6),
        ("metropolis", "random", network(7, 3, "low hebbian", 0.4), 1.3),
        ("metropolis", "fixed", network(5, 2, "low storkey", 0.3), 1.5),
        ("glauber", "permutation", network(6, 3, "low pseudo-inverse"), 0.5),
    ],
)
def test_chains_reach_boltzmann_weights(
    patience: int, dynamic: str, order: str, couplings: Any, temperature: float, n_chains: int
) -> None:
    n_sites, spins = couplings.n_sites, random_patterns(0, n_chains, couplings.n_sites)
    settings = {"dynamics": dynamic, "order": order, "temperatures": temperature, "sweeps": 100}
    with mock.patch.object(sites, "PATIENCE", patience):
        ends = run_chains(couplings, spins, **settings).spins
    numbers = (ends > 0) @ (1 << np.arange(n_sites)[::-1])
    seen = np.bincount(numbers, minlength=2**n_sites)
    weights = np.exp(-energy(every_state(n_sites), couplings) / temperature)
    expected = n_chains * weights / weights.sum()
    rare = expected < 5
    if rare.any():
        seen = np.append(seen[~rare], seen[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    assert stats.chisquare(seen, expected).pvalue > 1e-3


# Too short to relax, so that the dynamics itself is compared. What was waited for at one
# temperature must not be what happens at the next.
SCHEDULES = [[0.05, 1.0], [0.05, 0.05, 0.4, 0.4], [0.5, 0.1, 0.1], [0.0, 0.4, 0.0, 0.6]]
WAITING = [("random", [0.1] * 3), ("random", [0.3] * 3), *(("pattern", each) for each in SCHEDULES)]


@pytest.mark.parametrize(("start", "schedule"), WAITING)
def test_waiting_law(monkeypatch: pytest.MonkeyPatch, start: str, schedule: list[float]) -> None:
    couplings = network(100, 3, "pseudo-inverse")
    first = couplings.xi[:1] if start == "pattern" else random_patterns(0, 1, 100)
    settings = {"temperatures": schedule, "sweeps": len(schedule), "attempts_per_sweep": 70}
    energies = []
    for patience in (0, ALWAYS_SCAN):
        monkeypatch.setattr(sites, "PATIENCE", patience)
        spins = np.repeat(first, 10_000, axis=0)
        ends = run_chains(couplings, spins, seed=patience, **settings).spins
        energies.append(energy(ends, couplings))
    assert stats.ks_2samp(energies[0], energies[1], method="asymp").pvalue > 1e-3
    assert np.std(energies[0]) > 0


@pytest.mark.parametrize("name", ["metropolis", "async"])
@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_energy_never_rises_at_zero_temperature(name: str, rule: str) -> None:
    couplings, spins = network(60, 5, rule), random_patterns(0, 50, 60)
    energies = [energy(spins, couplings)]
    for sweep in range(8):
        settings = {"dynamics": name, "temperatures": 0.0, "sweeps": 1, "attempts_per_sweep": 30}
        spins = run_chains(couplings, spins, seed=sweep, **settings).spins
        energies.append(energy(spins, couplings))
    assert np.all(np.diff(energies, axis=0) <= 1e-9)
    assert np.any(energies[0] > energies[-1] + 1)


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-12, 1e-5])
def test_cold_metropolis_is_the_sign_rule_where_nothing_ties(temperature: float) -> None:
    couplings = network(101, 4, "pseudo-inverse", theta=0.01)
    spins = random_patterns(0, 40, 101)
    metropolis = run_chains(couplings, spins, temperatures=temperature)
    signs = run_chains(couplings, spins, temperatures=0.0, dynamics="async")
    assert np.array_equal(metropolis.spins, signs.spins)
    assert not np.array_equal(metropolis.spins, spins)
