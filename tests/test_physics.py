"""The update rules against known physics: Boltzmann weights, limits, symmetries."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import few_and_many
from scipy import stats

from hopcli import _kernels, dynamics
from hopcli.dynamics import sites
from hopcli.observables import class_sums, energy, local_fields
from hopcli.storage import Couplings, store

if TYPE_CHECKING:
    from numpy.typing import NDArray

ALWAYS_SCAN = _kernels.NEVER >> 20  # patience a class, with room for 2^20 classes


def network(n_sites: int, p: int, rule: str = "hebbian", theta: float = 0.0) -> Couplings:
    rng = np.random.default_rng(n_sites + 100 * p)
    xi = rng.choice(np.array([-1, 1], np.int8), (p, n_sites))
    return store(xi, rule, theta * rng.normal(size=n_sites))


def starts(n_chains: int, n_sites: int, seed: int = 0) -> NDArray[np.int8]:
    return np.random.default_rng(seed).choice(np.array([-1, 1], np.int8), (n_chains, n_sites))


def seeds(n_chains: int, seed: int = 0) -> NDArray[np.uint64]:
    return dynamics.chain_seeds(np.random.SeedSequence(seed), n_chains)


def boltzmann(couplings: Couplings, temperature: float) -> NDArray[np.float64]:
    """Weight of each state, numbered by its bits, from the energies of all."""
    states = np.array(list(itertools.product([-1, 1], repeat=couplings.n_sites)), np.int8)
    exponents = -energy(states, couplings) / temperature
    weights = np.exp(exponents - exponents.max())
    return weights / weights.sum()


@few_and_many("n_chains", 10_000, 100_000)
@pytest.mark.parametrize("patience", [0, 1, ALWAYS_SCAN])
@pytest.mark.parametrize(
    ("name", "order", "n_sites", "p", "theta", "temperature"),
    [
        ("metropolis", "random", 6, 2, 0.0, 0.8),
        ("metropolis", "random", 7, 3, 0.4, 1.3),
        ("metropolis", "permutation", 5, 2, 0.3, 1.5),
        ("glauber", "random", 6, 2, 0.3, 0.7),
        ("glauber", "permutation", 6, 3, 0.0, 1.0),
        ("glauber", "random", 1, 1, 0.5, 0.6),
    ],
)
def test_chains_reach_boltzmann_weights(
    monkeypatch: pytest.MonkeyPatch,
    patience: int,
    name: str,
    order: str,
    n_sites: int,
    p: int,
    theta: float,
    temperature: float,
    n_chains: int,
) -> None:
    couplings = network(n_sites, p, theta=theta)
    monkeypatch.setattr(sites, "PATIENCE", patience)
    outcome = dynamics.run(
        couplings,
        starts(n_chains, n_sites),
        seeds=seeds(n_chains),
        dynamics=name,
        temperatures=temperature,
        sweeps=100,
        attempts_per_sweep=n_sites,
        order=order,
    )
    numbers = (outcome.spins > 0) @ (1 << np.arange(n_sites)[::-1])
    expected = n_chains * boltzmann(couplings, temperature)
    seen = np.bincount(numbers, minlength=2**n_sites)
    rare = expected < 5
    seen = np.append(seen[~rare], seen[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    keep = expected > 0
    assert stats.chisquare(seen[keep], expected[keep]).pvalue > 1e-3


@pytest.mark.parametrize("temperature", [0.1, 0.3])
def test_waiting_and_scanning_have_one_law(
    monkeypatch: pytest.MonkeyPatch, temperature: float
) -> None:
    """Energies after a time too short to relax, so that the dynamics itself is compared."""
    couplings = network(100, 3, "pseudo-inverse")
    n_chains = 20_000
    energies = []
    for patience in (0, ALWAYS_SCAN):
        monkeypatch.setattr(sites, "PATIENCE", patience)
        outcome = dynamics.run(
            couplings,
            np.repeat(starts(1, 100), n_chains, axis=0),
            seeds=seeds(n_chains, patience),
            temperatures=temperature,
            sweeps=3,
            attempts_per_sweep=70,
        )
        energies.append(energy(outcome.spins, couplings))
    assert stats.ks_2samp(energies[0], energies[1], method="asymp").pvalue > 1e-3
    assert np.std(energies[0]) > 0


@pytest.mark.parametrize(
    "schedule", [[0.05, 1.0], [0.05, 0.05, 0.4, 0.4], [0.5, 0.1, 0.1], [0.0, 0.4, 0.0, 0.6]]
)
def test_waiting_and_scanning_have_one_law_where_the_temperature_changes(
    monkeypatch: pytest.MonkeyPatch, schedule: list[float]
) -> None:
    """What was waited for at one temperature must not be what happens at the next."""
    couplings = network(100, 3, "pseudo-inverse")
    n_chains = 10_000
    energies = []
    for patience in (0, ALWAYS_SCAN):
        monkeypatch.setattr(sites, "PATIENCE", patience)
        outcome = dynamics.run(
            couplings,
            np.repeat(couplings.xi[:1], n_chains, axis=0),
            seeds=seeds(n_chains, patience),
            temperatures=schedule,
            sweeps=len(schedule),
            attempts_per_sweep=70,
        )
        energies.append(energy(outcome.spins, couplings))
    assert stats.ks_2samp(energies[0], energies[1], method="asymp").pvalue > 1e-3


def test_a_chain_that_waits_in_the_cold_is_woken_by_the_heat() -> None:
    """With the patience that is used: at T = 0.02 the next flip is some e^90 attempts away."""
    couplings = network(100, 3, "pseudo-inverse")
    spins = np.repeat(couplings.xi[:1], 200, axis=0)
    settings: dict[str, Any] = {"sweeps": 20, "attempts_per_sweep": 100}
    cold = dynamics.run(couplings, spins, seeds=seeds(200), temperatures=0.02, **settings)
    assert np.array_equal(cold.spins, spins)
    schedule = [0.02] * 10 + [2.0] * 10
    warm = dynamics.run(couplings, spins, seeds=seeds(200), temperatures=schedule, **settings)
    assert np.abs(np.mean(warm.spins * spins)) < 0.2


@pytest.mark.parametrize("name", ["metropolis", "async"])
@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_energy_never_rises_at_zero_temperature(name: str, rule: str) -> None:
    couplings = network(60, 5, rule)
    spins = starts(50, 60)
    before = energy(spins, couplings)
    for sweep in range(8):
        spins = dynamics.run(
            couplings,
            spins,
            seeds=seeds(50, sweep),
            dynamics=name,
            temperatures=0.0,
            sweeps=1,
            attempts_per_sweep=30,
        ).spins
        after = energy(spins, couplings)
        assert np.all(after <= before + 1e-9)
        before = after
    assert np.any(energy(starts(50, 60), couplings) > before + 1)


def test_energy_difference_of_a_flip_is_twice_the_alignment() -> None:
    couplings = network(30, 4, "pseudo-inverse", theta=0.3)
    spins = starts(1, 30)
    alignment = spins * (local_fields(spins, couplings) - couplings.theta[couplings.site_class])
    for i in range(30):
        turned = spins.copy()
        turned[0, i] *= -1
        difference = energy(turned, couplings) - energy(spins, couplings)
        assert difference == pytest.approx(2 * alignment[0, i], abs=1e-12)


def test_negated_starts_give_negated_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not when waiting: an event is chosen from a list of codes, -1 before +1."""
    monkeypatch.setattr(sites, "PATIENCE", ALWAYS_SCAN)
    couplings = network(787, 5, "pseudo-inverse")
    spins = starts(8, 787)
    ends = [
        dynamics.run(
            couplings,
            start,
            seeds=seeds(8),
            temperatures=0.4,
            sweeps=5,
            attempts_per_sweep=400,
        ).spins
        for start in (spins, -spins)
    ]
    assert np.array_equal(ends[0], -ends[1])
    assert not np.array_equal(ends[0], spins)


def test_very_hot_spins_are_independent() -> None:
    """At T much above every field the heat bath draws each touched site afresh."""
    couplings = network(50, 2)
    n_chains = 4_000
    outcome = dynamics.run(
        couplings,
        np.ones((n_chains, 50), np.int8),
        seeds=seeds(n_chains),
        dynamics="glauber",
        temperatures=1e6,
        sweeps=2,
        attempts_per_sweep=50,
        order="permutation",
    )
    ups = np.bincount((outcome.spins > 0).sum(axis=1), minlength=51)
    expected = n_chains * stats.binom.pmf(np.arange(51), 50, 0.5)
    common = expected > 5
    assert stats.chisquare(ups[common] * expected[common].sum() / ups[common].sum(),
                           expected[common]).pvalue > 1e-3  # fmt: skip


@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-12, 1e-5])
def test_cold_metropolis_is_the_sign_rule_where_nothing_ties(temperature: float) -> None:
    couplings = network(101, 4, "pseudo-inverse", theta=0.01)
    spins = starts(40, 101)
    ends = [
        dynamics.run(
            couplings,
            spins,
            seeds=seeds(40),
            dynamics=name,
            temperatures=temperature,
            sweeps=6,
            attempts_per_sweep=101,
        ).spins
        for name in ("metropolis", "async")
    ]
    assert np.array_equal(ends[0], ends[1])


def test_recorded_class_sums_are_those_of_the_states() -> None:
    couplings = network(90, 6, "pseudo-inverse", theta=0.1)
    spins = starts(12, 90)
    outcome = dynamics.run(
        couplings,
        spins,
        seeds=seeds(12),
        temperatures=[2.0, 1.0, 0.5, 0.1],
        sweeps=4,
        attempts_per_sweep=200,
        record=True,
    )
    assert outcome.class_sums is not None
    assert outcome.class_sums.shape == (12, 5, couplings.n_classes)
    assert np.array_equal(outcome.class_sums[:, 0], class_sums(spins, couplings))
    assert np.array_equal(outcome.class_sums[:, -1], class_sums(outcome.spins, couplings))


def test_annealing_ends_lower_than_quenching() -> None:
    couplings = network(200, 20)
    n_chains = 200
    means = []
    for schedule in (np.zeros(40), np.append(np.linspace(1, 0.05, 39), 0)):
        outcome = dynamics.run(
            couplings,
            starts(n_chains, 200),
            seeds=seeds(n_chains),
            temperatures=schedule,
            sweeps=40,
            attempts_per_sweep=200,
        )
        means.append(energy(outcome.spins, couplings).mean())
    assert means[1] < means[0] - 1
