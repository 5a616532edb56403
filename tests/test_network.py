"""Networks and energies: any energy of class sums serves observables, taxonomy and dynamics."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from conftest import by_overlaps, every_state, random_patterns, refuses, run_chains
from numpy.typing import NDArray

from hopcli.dynamics.jobs import Job
from hopcli.errors import SizeError
from hopcli.network import LowRank, Network, hamiltonian
from hopcli.observables import energy, local_fields
from hopcli.rules import RULES, Rule, Task, store
from hopcli.taxonomy import classify, fixed_points
from hopcli.theory import exact_overlaps, mean_field_overlaps, ordering_temperatures

LOW = [name for name, rule in RULES.items() if rule.rank]
"""Rules that store by overlaps where there are many sites."""


@dataclass(frozen=True, eq=False)
class Cubic:
    """H = -sum_mu (S . xi_mu)^3 / N^2, a dense associative memory [Krotov, Hopfield 2016]."""

    columns: NDArray[np.float64]
    n_sites: float
    loop: ClassVar[str] = __name__

    @property
    def n_classes(self) -> int:
        return len(self.columns)

    def energy(self, sums: Any, occupied: Any) -> Any:
        del occupied
        return -((sums @ self.columns) ** 3).sum(axis=-1) / self.n_sites**2

    def fields(self, sums: Any, spins: Any, classes: Any = slice(None)) -> Any:
        of_site = self.columns[classes]
        others = (sums @ self.columns)[..., None, :] - np.asarray(spins)[..., None] * of_site
        change = (others + of_site) ** 3 - (others - of_site) ** 3
        return change.sum(axis=-1) / (2 * self.n_sites**2)


def start(job: Job) -> Callable[[slice], None]:
    """Sign updates of one site after another, by the fields alone."""
    network = job.network

    def run(chunk: slice) -> None:
        for spins in job.spins[chunk]:
            for site in list(range(job.attempts)) * len(job.temperatures):
                field = local_fields(spins[None], network)[0, site]
                spins[site] = np.sign(field - network.thresholds[site]) or spins[site]
        job.sweeps[chunk] = len(job.temperatures)

    return run


def learn(task: Task) -> Cubic:
    return Cubic(task.columns, task.n_sites)


@pytest.fixture(params=["hebbian", "pseudo-inverse", "cubic", *map("low {}".format, LOW)])
def network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Network:
    monkeypatch.setitem(RULES, "cubic", Rule("cubic", "", learn))
    theta = np.array([0.2, -0.1] * 4)
    low, rule = request.param.startswith("low"), request.param.removeprefix("low ")
    with by_overlaps() if low else contextlib.nullcontext():
        made = store(random_patterns(7, 3, 8), rule, theta)
    assert isinstance(made.hamiltonian, LowRank) == low
    return made


def test_a_flip_changes_the_energy_by_twice_the_alignment(network: Network) -> None:
    states = every_state(network.n_sites)
    x = states * (local_fields(states, network) - network.thresholds)
    before = energy(states, network)
    for site in range(network.n_sites):
        flipped = states.copy()
        flipped[:, site] *= -1
        assert np.allclose(energy(flipped, network) - before, 2 * x[:, site], atol=1e-12)


def test_fixed_points_are_the_states_that_no_flip_lowers(network: Network) -> None:
    states, sites = every_state(network.n_sites), 1 << np.arange(network.n_sites)[::-1]
    energies = energy(states, network)
    neighbours = energies[np.arange(len(states))[:, None] ^ sites]
    lowest = np.all(neighbours >= energies[:, None] - 1e-12, axis=1)
    assert np.array_equal(fixed_points(states, network), lowest)
    assert 0 < lowest.sum() < 20


@pytest.mark.parametrize("order", ["fixed", "permutation"])
def test_sign_updates_end_in_fixed_points(network: Network, order: str) -> None:
    starts = every_state(network.n_sites)
    ends = run_chains(network, starts, dynamics="async", order=order, sweeps=20).spins
    assert np.all(fixed_points(ends, network))
    assert np.all(energy(ends, network) <= energy(starts, network) + 1e-12)


def test_synchronous_updates_take_the_sign_of_every_field(network: Network) -> None:
    starts = every_state(network.n_sites)
    ends = run_chains(network, starts, dynamics="sync", sweeps=1).spins
    wanted = np.sign(local_fields(starts, network) - network.thresholds)
    assert np.array_equal(ends, wanted)


def test_a_fixed_point_stays_in_mean_field_at_no_temperature(network: Network) -> None:
    assert set(classify(network.xi, network, 0.99).kind) == {"pattern"}
    for k, xi in enumerate(network.xi):
        m = mean_field_overlaps(network, 0.0, k)
        if fixed_points(xi[None], network)[0]:
            assert m[k] == 1


def test_another_energy_has_no_couplings(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    if network.rule != "cubic":
        fields = network.xi @ network.dense()
        assert np.allclose(fields, local_fields(network.xi, network), atol=1e-12)
        return
    with refuses("rule", found="cubic"):
        network.dense()
    assert not len(ordering_temperatures(network))
    monkeypatch.setitem(RULES, "cubic", Rule("cubic", "", learn))
    assert exact_overlaps(store(network.xi[:2], "cubic"), [0.5]) is None


@pytest.mark.parametrize("rule", LOW)
def test_overlaps_replace_the_couplings(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    xi = random_patterns(3, 5, 4100)
    network, some = store(xi, rule), store(xi[:, :90], rule)
    assert network.n_classes == 32  # so a matrix is enough
    with by_overlaps():
        low, again = store(xi, rule), store(xi[2:], rule, onto=store(xi[:2], rule))
        on_few = store(xi[:, :90], rule)
    assert np.allclose(low.J, network.J, atol=1e-12)
    assert np.array_equal(again.J, low.J)
    assert np.allclose(on_few.dense(), some.dense(), atol=1e-12)
    assert np.allclose(ordering_temperatures(low), ordering_temperatures(network), atol=1e-9)
    many = store(random_patterns(3, 4100 // 16 // RULES[rule].rank, 4100), rule)
    assert isinstance(many.hamiltonian, LowRank)
    monkeypatch.setattr(hamiltonian, "available", lambda: 16 * 4100**2 - 1.0)
    monkeypatch.setattr(hamiltonian, "_SMALL", 0)
    with pytest.raises(SizeError, match=r"4,100 x 4,100 .* 0\.3 GB"):
        many.dense()
    with pytest.raises(SizeError, match=r"1,000,000 .* 8,000\.0 GB"):
        store(np.ones((1, 10**6), np.int8)).dense()
    with pytest.raises(SizeError, match=r"600 .* 4,100 .* 0\.3 GB"):
        store(random_patterns(3, 600, 4100), rule)


GROUPS = [(("300000", "100000"), 200_000), (("max", "0"), 1_024_000)]


@pytest.mark.parametrize(("of_group", "free"), GROUPS)
def test_free_memory(of_group: Any, free: int, tmp_path: Path, monkeypatch: Any) -> None:
    """The least of machine and group."""
    for name, text in zip(("max", "current"), of_group, strict=True):
        (tmp_path / f"memory.{name}").write_text(f"{text}\n", encoding="ascii")
    (tmp_path / "meminfo").write_text("MemFree: 1 kB\nMemAvailable:  1000 kB\n", encoding="ascii")
    monkeypatch.setattr(hamiltonian, "_GROUP", tmp_path)
    monkeypatch.setattr(hamiltonian, "_MEMORY", tmp_path / "meminfo")
    assert hamiltonian.available() == free
