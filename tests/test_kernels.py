"""The compiled loops against plain ones, bit for bit."""

from __future__ import annotations

import importlib
import itertools
import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest import mock

import numba
import numpy as np
import pytest
import reference_loops as plain
from conftest import by_overlaps, random_patterns, run_chains
from numpy.typing import NDArray

import hopcli
from hopcli import _kernels, dynamics, observables
from hopcli.dynamics import sites
from hopcli.network import LowRank, Network
from hopcli.rules import store


def network(n_sites: int, p: int, rule: str, theta: float = 0.0) -> Network:
    thresholds = theta * np.random.default_rng(p).integers(-2, 3, n_sites)
    return store(random_patterns(p, p, n_sites), rule, thresholds)


def low(n_sites: int, p: int, rule: str, theta: float = 0.0) -> Network:
    with by_overlaps():
        made = network(n_sites, p, rule, theta)
    assert isinstance(made.hamiltonian, LowRank)
    return made


def starts(couplings: Network, n_chains: int) -> NDArray[np.int8]:
    """Half of them near a pattern, half random."""
    spins = random_patterns(1, n_chains, couplings.n_sites)
    flipped = np.random.default_rng(1).random(spins[::2].shape) < 0.1
    spins[::2] = couplings.xi[0] * np.where(flipped, -1, 1)
    return spins


def seeds(n_chains: int) -> NDArray[np.uint64]:
    """Those of run_chains."""
    return dynamics.chain_seeds(np.random.SeedSequence(5), n_chains)


@pytest.fixture
def scanning(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turn waiting off, so that the draws are those of a plain loop."""
    monkeypatch.setattr(sites, "PATIENCE", _kernels.NEVER >> 20)


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("temperature", [0.0, 1e-9, 0.01, 0.2, 0.8, 30.0])
@pytest.mark.parametrize(
    ("n_sites", "p", "rule", "theta"),
    [
        (784, 5, "pseudo-inverse", 0.0),
        (787, 5, "hebbian", 0.1),
        (401, 40, "hebbian", 0.0),
        (787, 300, "pseudo-inverse", 0.0),
        (64, 1, "hebbian", 0.0),
        (1, 1, "pseudo-inverse", 0.3),
    ],
)
def test_scanning(n_sites: int, p: int, rule: str, theta: float, temperature: float) -> None:
    couplings = network(n_sites, p, rule, theta)
    spins = starts(couplings, 20)
    fast = run_chains(couplings, spins, temperatures=temperature, sweeps=7)
    slow = plain.straightforward(couplings, spins, seeds(20), temperature, 7 * n_sites)
    assert np.array_equal(fast.spins, slow)


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("temperature", [0.0, 0.2, 0.8])
@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "storkey"])
def test_scanning_by_overlaps(rule: str, temperature: float) -> None:
    couplings = low(401, 41, rule, 0.1)
    spins = starts(couplings, 20)
    fast = run_chains(couplings, spins, temperatures=temperature, sweeps=7)
    slow = plain.straightforward(couplings, spins, seeds(20), temperature, 7 * 401)
    assert np.array_equal(fast.spins, slow)
    assert np.array_equal(fast.ends, observables.class_sums(slow, couplings))


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("name", ["metropolis", "glauber", "async"])
@pytest.mark.parametrize("order", dynamics.ORDERS)
@pytest.mark.parametrize("rule", ["hebbian", "storkey"])
def test_overlaps_do_as_fields(name: str, order: str, rule: str) -> None:
    spins = starts(network(60, 3, rule, 0.1), 40)
    if name != "metropolis":
        spins[1, ::2] = 0
    schedule = {"temperatures": [0.5, 0.3, *[0.0] * 8], "sweeps": 10, "until_stable": True}
    settings = {"dynamics": name, "order": order, "record": True, **schedule}
    made: Any = [run_chains(of(60, 3, rule, 0.1), spins, **settings) for of in (network, low)]
    assert 0 < made[0].status.sum() <= 40
    for part in ("spins", "sweeps", "status", "ends", "class_sums"):
        assert np.array_equal(getattr(made[0], part), getattr(made[1], part))


@pytest.mark.parametrize("temperature", [0.0, 0.2, 1.0])
def test_replay_tries_the_given_sites(temperature: float) -> None:
    couplings = network(150, 4, "pseudo-inverse")
    spins = starts(couplings, 10)
    sites = np.random.default_rng(4).integers(0, 150, (10, 777))
    how: dict[str, Any] = {"sites": sites, "seeds": seeds(10), "temperature": temperature}
    fast = dynamics.replay(couplings, spins, threads=2, **how)
    slow = plain.vectorised(couplings, spins, seeds(10), temperature, 777, sites)
    assert np.array_equal(fast.spins, slow)
    assert np.array_equal(fast.ends, observables.class_sums(slow, couplings))
    assert not np.array_equal(fast.spins, spins)


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("temperature", [0.0, 3.0, 1000.0])
@pytest.mark.parametrize("n_sites", [100_003, 1_200_007])
def test_sites_drawn_with_more_than_32_bits(n_sites: int, temperature: float) -> None:
    """One draw in 2^32 / N may be of the next site; above 2^20 sites none is sure."""
    couplings = network(n_sites, 1, "hebbian")
    spins = starts(couplings, 2)
    attempts = 300_000
    settings = {"temperatures": temperature, "sweeps": 1, "attempts_per_sweep": attempts}
    fast = run_chains(couplings, spins, **settings)
    slow = plain.straightforward(couplings, spins, seeds(2), temperature, attempts)
    assert np.array_equal(fast.spins, slow)
    if temperature == 1000.0:  # nearly every attempt turns its site
        coarse, _ = plain.draws(seeds(2), 0, attempts, n_sites)
        assert np.count_nonzero(coarse != plain.draws(seeds(2), 0, attempts, n_sites, False)[0]) > 1


@pytest.fixture(scope="module")
def uncompiled() -> ModuleType:
    """Load a second copy of the kernels, as under NUMBA_DISABLE_JIT=1."""
    others = {name: module for name, module in sys.modules.items() if "._kernels" not in name}
    with (
        mock.patch.dict(sys.modules, others, clear=True),
        mock.patch.object(hopcli, "_kernels"),
        mock.patch.object(numba.config, "DISABLE_JIT", 1),
    ):
        return importlib.import_module("hopcli._kernels")


def assert_compiled_or_not_ends_alike(
    monkeypatch: pytest.MonkeyPatch, uncompiled: ModuleType, *arguments: Any, **settings: Any
) -> None:
    """Uncompiled, a place beyond the scratch is an error."""
    ends = []
    for kernels in (_kernels, uncompiled):
        monkeypatch.setattr(sites, "_kernels", kernels)
        found: Any = run_chains(*arguments, record=True, **settings)
        ends.append((found.spins, found.status, found.class_sums))
    for one, other in zip(*ends, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("name", ["metropolis", "glauber", "async"])
@pytest.mark.parametrize("order", dynamics.ORDERS)
@pytest.mark.parametrize("patience", [0, 1])
def test_uncompiled_kernels_do_the_same(
    monkeypatch: pytest.MonkeyPatch, uncompiled: ModuleType, name: str, order: str, patience: int
) -> None:
    couplings = network(37, 3, "pseudo-inverse", 0.1)
    spins = starts(couplings, 4)
    if name != "metropolis":
        spins[1, ::2] = 0
    monkeypatch.setattr(sites, "PATIENCE", patience)
    schedule = {"temperatures": [0.5, 0.3, 0.3, 0.0], "sweeps": 4, "until_stable": True}
    settings = {"dynamics": name, "order": order, **schedule}
    assert_compiled_or_not_ends_alike(monkeypatch, uncompiled, couplings, spins, **settings)


def test_blocks_begin_anywhere(monkeypatch: pytest.MonkeyPatch, uncompiled: ModuleType) -> None:
    """Events end at odd attempts too."""
    couplings = network(37, 3, "pseudo-inverse")
    monkeypatch.setattr(sites, "PATIENCE", 3)
    schedule = {"temperatures": [0.25, 0.9, 0.25], "sweeps": 3, "attempts_per_sweep": 1501}
    spins = starts(couplings, 3)
    assert_compiled_or_not_ends_alike(monkeypatch, uncompiled, couplings, spins, **schedule)


@pytest.mark.parametrize("temperature", [1e-300, 0.003, 0.2, 0.9, 50.0])
def test_chances_are_bounded(uncompiled: ModuleType, temperature: float) -> None:
    """From above, at any alignment within the slack; and by a sixteenth too much at most."""
    chance_of = uncompiled.chains.chance_of
    laid_out = sites.lay_out(network(700, 5, "pseudo-inverse", 0.05))
    unit, slack = laid_out.unit, laid_out.slack
    rng = np.random.default_rng(5)
    # All alignments that can be, and many about the tie, where chances reach 1.
    x = np.concatenate([rng.uniform(-2, 2, 40), rng.uniform(-3, 3, 40) * slack])
    x = np.append(x, [0.0, _kernels.TIE, 0.5 * np.log(2.0) * temperature]).clip(-2, 2)
    levels = np.rint(-x / unit).astype(np.int32)
    bounds = np.zeros(len(x), np.float32)
    chain = SimpleNamespace(levels=levels, chances=bounds, chance_bits=bounds.view(np.int32))
    with np.errstate(over="ignore", under="ignore"):
        uncompiled.waiting._bound_noisy(laid_out, chain, temperature)
        for rule, spin, off in itertools.product((0, 1), (-1, 1), (-slack, 0, slack)):
            chances = [chance_of(rule, y + off, spin, temperature) for y in -levels * unit]
            assert np.all((chain.chances >= chances) | (np.array(chances) < 1e-38))
        least = np.exp(np.minimum(2 * (levels * unit + 3 * slack) / temperature, 0.0))
    assert np.all(chain.chances <= np.minimum(1.0, 1.063 * least))


def test_a_shuffle_gives_every_order_as_often(uncompiled: ModuleType) -> None:
    """Two shuffles one after the other, as in two sweeps: all 6 x 6 pairs of orders."""
    n_chains = 7_200
    orders = {order: i for i, order in enumerate(itertools.permutations(range(3)))}
    pairs = np.zeros((6, 6))
    for seed in seeds(n_chains):
        queue, spare, which = np.arange(3, dtype=np.uint32), 0, []
        for _ in range(2):
            before = tuple(queue.tolist())
            with np.errstate(over="ignore"):
                spare = uncompiled.draws.shuffle(seed, spare, queue)
            # What was done to the queue, not where it led: the second starts from the first.
            which.append(orders[tuple(before.index(site) for site in queue.tolist())])
        assert spare == 4
        pairs[which[0], which[1]] += 1
    expected = n_chains / 36
    assert np.sum((pairs - expected) ** 2 / expected) < 75  # chi-square, 35 degrees of freedom


def test_the_loop_and_the_taxonomy_share_one_tolerance() -> None:
    assert _kernels.TIE == observables.TIE


def test_arrays_begin_at_cache_lines() -> None:
    laid_out = sites.lay_out(network(60, 3, "hebbian"))
    for array in (laid_out.steps, *_kernels.new_chain(laid_out)):
        assert array.ctypes.data % 64 == 0
