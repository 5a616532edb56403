"""The compiled loops against plain ones, bit for bit."""

from __future__ import annotations

import importlib.util
import itertools
import math
import tracemalloc
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
import pytest
import reference_loops as plain
from conftest import random_patterns, run_chains

from hopcli import _kernels, dynamics, observables
from hopcli.dynamics import sites
from hopcli.storage import Couplings, store

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpy.typing import NDArray


def network(n_sites: int, p: int, rule: str, theta: float = 0.0) -> Couplings:
    thresholds = theta * np.random.default_rng(p).integers(-2, 3, n_sites)
    return store(random_patterns(p, p, n_sites), rule, thresholds)


def starts(couplings: Couplings, n_chains: int) -> NDArray[np.int8]:
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
        (787, 300, "pseudo-inverse", 0.0),
        (401, 40, "hebbian", 0.0),
        (64, 1, "hebbian", 0.0),
        (1, 1, "pseudo-inverse", 0.3),
    ],
)
def test_scanning_is_the_straightforward_loop(
    n_sites: int, p: int, rule: str, theta: float, temperature: float
) -> None:
    couplings = network(n_sites, p, rule, theta)
    spins = starts(couplings, 20)
    fast = run_chains(couplings, spins, temperatures=temperature, sweeps=7)
    slow = plain.straightforward(couplings, spins, seeds(20), temperature, 7 * n_sites)
    assert np.array_equal(fast.spins, slow)


@pytest.mark.usefixtures("scanning")
def test_two_plain_loops_agree() -> None:
    couplings = network(150, 4, "pseudo-inverse")
    spins = starts(couplings, 30)
    slow = plain.straightforward(couplings, spins, seeds(30), 0.4, 1_000)
    assert np.array_equal(slow, plain.vectorised(couplings, spins, seeds(30), 0.4, 1_000))
    dense = spins.copy()
    w = couplings.dense()
    plain.dense_loop(dense, spins @ w, w.astype(np.float32), 0.4, seeds(30), 1_000)
    assert np.mean(dense == slow) > 0.99  # float32 couplings decide a few draws otherwise


@pytest.mark.parametrize("temperature", [0.0, 0.2, 1.0])
def test_replay_tries_the_given_sites(temperature: float) -> None:
    couplings = network(150, 4, "pseudo-inverse")
    spins = starts(couplings, 10)
    sites = np.random.default_rng(4).integers(0, 150, (10, 777))
    fast = dynamics.replay(
        couplings, spins, sites=sites, seeds=seeds(10), temperature=temperature, threads=2
    )
    slow = plain.vectorised(couplings, spins, seeds(10), temperature, 777, sites)
    assert np.array_equal(fast.spins, slow)
    assert np.array_equal(fast.ends, observables.class_sums(slow, couplings))
    assert not np.array_equal(fast.spins, spins)


def test_plain_draws_are_64_bits_times_the_sites() -> None:
    """In whole numbers of any size: W N = site 2^64 + u."""

    def mix(counter: int) -> int:
        z = (12345 + counter * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    n_sites = 2**31 - 1  # the sites of every second draw are not told by its first 32 bits
    tried, uniforms = plain.draws(np.array([12345], np.uint64), 3, 1_000, n_sites)
    carried = 0
    for i, t in enumerate(range(3, 1_003)):
        high = mix(t // 2 + 1) >> (32 if t % 2 else 0) & 0xFFFFFFFF
        word = (high << 32) + (mix(t + 2**63) >> 32)
        assert tried[0, i] == word * n_sites >> 64
        assert uniforms[0, i] == pytest.approx(word * n_sites % 2**64 / 2**64, abs=1e-15)
        carried += int(tried[0, i]) != high * n_sites >> 32
    assert carried > 100


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("temperature", [0.0, 3.0, 1000.0])
@pytest.mark.parametrize("n_sites", [100_003, 1_200_007])
def test_sites_that_32_bits_do_not_tell_are_those_of_the_plain_loop(
    n_sites: int, temperature: float
) -> None:
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
        words = plain.words(seeds(2), 0, attempts)
        assert np.count_nonzero(coarse != (words * np.uint64(n_sites)) >> np.uint64(32)) > 3


def test_draws_are_uniform() -> None:
    """Sites and uniforms of one chain, and of one attempt over chains."""
    for tried, uniforms in (
        plain.draws(seeds(1), 0, 100_000, 10),
        plain.draws(seeds(100_000), 17, 1, 10),
    ):
        counts = np.bincount(tried.ravel() * 10 + (10 * uniforms.ravel()).astype(int))
        assert len(counts) == 100
        assert np.sum((counts - 1_000) ** 2 / 1_000) < 150  # chi-square, 99 degrees of freedom


@pytest.fixture(scope="module")
def uncompiled() -> ModuleType:
    """Load a second copy of the kernels, as under NUMBA_DISABLE_JIT=1."""
    spec = importlib.util.find_spec("hopcli._kernels")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    config: Any = numba.config
    disabled = config.DISABLE_JIT
    config.DISABLE_JIT = 1
    try:
        spec.loader.exec_module(module)
    finally:
        config.DISABLE_JIT = disabled
    return module


def in_both(
    monkeypatch: pytest.MonkeyPatch, uncompiled: ModuleType, *arguments: Any, **settings: Any
) -> list[dynamics.FinalStates]:
    """Run compiled and uncompiled; uncompiled, a place beyond the scratch is an error."""
    found = []
    for kernels in (_kernels, uncompiled):
        monkeypatch.setattr(sites, "_kernels", kernels)
        found.append(run_chains(*arguments, record=True, **settings))
    return found


def assert_alike(one: dynamics.FinalStates, other: dynamics.FinalStates) -> None:
    assert np.array_equal(one.spins, other.spins)
    assert np.array_equal(one.status, other.status)
    assert one.class_sums is not None
    assert other.class_sums is not None
    assert np.array_equal(one.class_sums, other.class_sums)


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
    assert_alike(*in_both(monkeypatch, uncompiled, couplings, spins, **settings))


def test_blocks_that_begin_at_any_attempt_stay_in_their_scratch(
    monkeypatch: pytest.MonkeyPatch, uncompiled: ModuleType
) -> None:
    """Events end at odd attempts too."""
    couplings = network(37, 3, "pseudo-inverse")
    monkeypatch.setattr(sites, "PATIENCE", 3)
    schedule = {"temperatures": [0.25, 0.9, 0.25], "sweeps": 3, "attempts_per_sweep": 1501}
    assert_alike(*in_both(monkeypatch, uncompiled, couplings, starts(couplings, 3), **schedule))


def _chain(kernels: ModuleType, n_sites: int, width: int) -> Any:
    """A chain with scratch, as the loop makes it."""
    return kernels._Chain(
        np.zeros(n_sites, np.uint32),
        np.zeros(3 * width, np.int32),
        np.zeros((3, 3 * width), np.int32),
        *(np.zeros(3 * width, kind) for kind in (np.int32, np.float32, np.float64)),
        np.zeros(3 * width // kernels.LANES),
        *(np.zeros(264, kind) for kind in (np.uint32, np.uint32, np.float32, np.int32)),
        np.zeros(n_sites, np.uint32),
    )


@pytest.mark.parametrize("theta", [0.0, 0.05])
@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_levels_follow_the_fields(uncompiled: ModuleType, rule: str, theta: float) -> None:
    """The whole-number levels of every code against float64 sums, after each sweep of flips."""
    couplings = network(120, 6, rule, theta)
    laid_out = sites.lay_out(couplings)
    n_classes, width = couplings.n_classes, laid_out.steps.shape[1]
    chain = _chain(uncompiled, 120, width)
    spins = starts(couplings, 2)[1]
    seen, seed = [spins], seeds(1)[0]
    protocol = uncompiled.Protocol(_kernels.METROPOLIS, _kernels.RANDOM, 120, _kernels.NEVER, 9)
    none = np.zeros(0, np.uint32)
    go_on = np.zeros(1, np.uint8)
    uncompiled._start(laid_out, chain, spins)
    for sweep in range(6):
        with np.errstate(over="ignore", under="ignore"):
            uncompiled._sweep(
                laid_out, chain, protocol, 0.9, seed, none, 120 * sweep, 0, -1, 0.0, 0, go_on
            )
        now = np.array([uncompiled._split(int(code), width)[1] for code in chain.codes], np.int8)
        assert np.array_equal(chain.codes, couplings.site_class + width * (now.astype(int) + 1))
        assert np.array_equal(np.bincount(chain.codes, minlength=3 * width), chain.counts)
        # Of a site of class a and value S: x = S (sum_b J_ab M_b - theta_a) - J_aa.
        fields = observables.class_sums(now[None], couplings)[0] @ couplings.J - couplings.theta
        for spin in (-1, 1):
            levels = chain.levels[width * (spin + 1) :][:n_classes]
            alignment = spin * fields - np.diag(couplings.J)
            np.testing.assert_allclose(
                -levels * laid_out.unit, alignment, rtol=0, atol=laid_out.slack
            )
        assert np.all(chain.levels[width : width + n_classes] == uncompiled._ALWAYS)
        seen.append(now)
    turned = [np.count_nonzero(a != b) for a, b in itertools.pairwise(seen)]
    assert min(turned) > 10


@pytest.mark.parametrize("temperature", [1e-300, 0.003, 0.2, 0.9, 50.0])
def test_bounds_are_no_chance_too_small_and_a_sixteenth_too_large(
    uncompiled: ModuleType, temperature: float
) -> None:
    couplings = network(700, 5, "pseudo-inverse", 0.05)
    laid_out = sites.lay_out(couplings)
    chain = _chain(uncompiled, 700, laid_out.steps.shape[1])
    rng = np.random.default_rng(5)
    # All alignments that can be, and many about the tie, where chances reach 1.
    x = np.concatenate([rng.uniform(-2, 2, 40), rng.uniform(-1, 1, 40) * 3 * laid_out.slack])
    x = np.append(x, [0.0, _kernels.TIE, 0.5 * math.log(2.0) * temperature])
    x = np.clip(x, -2, 2)
    chain.levels[: len(x)] = np.rint(-x / laid_out.unit)
    x = -chain.levels[: len(x)] * laid_out.unit
    with np.errstate(over="ignore", under="ignore"):
        uncompiled._bound_noisy(laid_out, chain, temperature)
        bounds = chain.chances[: len(x)].astype(float)
        for truly in (x - laid_out.slack, x, x + laid_out.slack):
            for rule in (_kernels.METROPOLIS, _kernels.GLAUBER):
                for spin in (-1, 1):
                    chances = [uncompiled._chance(rule, y, spin, temperature) for y in truly]
                    assert np.all((bounds >= chances) | (np.array(chances) < 1e-38))
        least = np.exp(np.minimum(-2 * (x - 3 * laid_out.slack) / temperature, 0.0))
    assert np.all(bounds <= 1.0)
    assert np.all(bounds <= 1.063 * least)
    if 0.01 < temperature < 1:
        assert np.min(bounds[x > laid_out.slack] / least[x > laid_out.slack]) < 1.001
        assert np.max(bounds / least) > 1.05


def test_weights_are_found_by_their_length_and_sites_by_their_rank(uncompiled: ModuleType) -> None:
    """A target falls to a code as often as it weighs, and to any of its sites alike."""
    couplings = network(300, 9, "hebbian")
    laid_out = sites.lay_out(couplings)
    width = laid_out.steps.shape[1]
    assert width > 2 * _kernels.LANES
    chain = _chain(uncompiled, 300, width)
    with np.errstate(over="ignore", under="ignore"):
        uncompiled._start(laid_out, chain, starts(couplings, 1)[0])
        total = uncompiled._weigh(laid_out, chain, _kernels.METROPOLIS, 0.7)
    weights = chain.chances.astype(float) * np.bincount(chain.codes, minlength=3 * width)
    assert total == pytest.approx(weights.sum(), rel=1e-12)
    assert np.count_nonzero(weights) > 100
    # The turned site of evenly spread targets, each code in proportion to its weight.
    turned = []
    for target in (np.arange(4000) + 0.5) / 4000 * total:
        row, rest = uncompiled._place(chain.rows, target)
        lanes = slice(_kernels.LANES * row, _kernels.LANES * (row + 1))
        place, rest = uncompiled._place(chain.weights[lanes], rest)
        code = lanes.start + place
        assert rest == pytest.approx(target - weights[:code].sum(), abs=1e-9)
        turned.append(uncompiled._site(chain, code, int(rest / chain.chances[code])))
    expected = 4000 * chain.chances[chain.codes].astype(float) / total
    assert np.max(np.abs(np.bincount(turned, minlength=300) - expected)) < 2
    for code in np.unique(chain.codes):
        members = np.flatnonzero(chain.codes == code)
        found = [uncompiled._site(chain, int(code), rank) for rank in range(len(members))]
        assert np.array_equal(found, members)


def test_steps_are_the_couplings_up_to_the_slack() -> None:
    couplings = network(200, 6, "pseudo-inverse", 0.05)
    lay_out = sites.lay_out(couplings)
    error = np.abs(lay_out.steps[:, : couplings.n_classes] * lay_out.unit - couplings.J)
    assert np.max(error @ couplings.class_sizes) <= lay_out.slack
    assert lay_out.slack < 1e-5
    assert np.all(lay_out.steps[:, couplings.n_classes :] == 0)


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
                spare = uncompiled._shuffle(seed, spare, queue)
            # What was done to the queue, not where it led: the second starts from the first.
            which.append(orders[tuple(before.index(site) for site in queue.tolist())])
        assert spare == 4
        pairs[which[0], which[1]] += 1
    expected = n_chains / 36
    assert np.sum((pairs - expected) ** 2 / expected) < 75  # chi-square, 35 degrees of freedom


@pytest.mark.usefixtures("scanning")
@pytest.mark.parametrize("sweeps", range(6))
@pytest.mark.parametrize("attempts", [1, 61, 257])
def test_a_chain_makes_as_many_attempts_as_it_is_told(sweeps: int, attempts: int) -> None:
    couplings = network(61, 4, "pseudo-inverse")
    spins = starts(couplings, 40)
    settings = {"temperatures": 0.9, "sweeps": sweeps, "attempts_per_sweep": attempts}
    fast = run_chains(couplings, spins, **settings)
    slow = [
        plain.straightforward(couplings, spins, seeds(40), 0.9, max(0, sweeps + more) * attempts)
        for more in (-1, 0, 1)
    ]
    assert np.array_equal(fast.spins, slow[1])
    assert np.all(fast.sweeps == sweeps)
    # One sweep fewer or more would show.
    assert not np.array_equal(slow[2], slow[1])
    assert sweeps == 0 or not np.array_equal(slow[0], slow[1])


@pytest.mark.usefixtures("scanning")
def test_work_grows_as_chains_and_sweeps_and_a_flip_costs_what_there_are_classes(
    monkeypatch: pytest.MonkeyPatch, uncompiled: ModuleType
) -> None:
    def work(couplings: Couplings, chains: int, sweeps: int) -> dict[str, int]:
        done = dict.fromkeys(("draws", "flips", "levels", "products"), 0)

        def count(name: str, what: str, amount: Callable[..., int]) -> None:
            own = getattr(uncompiled, name)

            def counting(*arguments: Any) -> Any:
                done[what] += amount(*arguments)
                return own(*arguments)

            patch.setattr(uncompiled, name, counting)

        with monkeypatch.context() as patch:
            patch.setattr(sites, "_kernels", uncompiled)
            count("_draw", "draws", lambda _chain, _draws, _seed, _first, n: n)
            count("_set", "flips", lambda *_: 1)
            count("_shift", "levels", lambda _levels, row, _change: len(row))
            count("_field", "products", lambda network, _chain, _a: len(network.J))
            spins = starts(couplings, chains)
            run_chains(couplings, spins, temperatures=1.5, sweeps=sweeps, threads=1)
        return done

    few, many = network(64, 2, "hebbian"), network(64, 40, "hebbian")
    assert (few.n_classes, many.n_classes) == (4, 64)
    one = work(few, 4, 8)
    assert one["draws"] == 4 * 8 * 64
    for twice in (work(few, 8, 8), work(few, 4, 16)):
        for what in ("draws", "flips", "levels"):
            assert 1.8 < twice[what] / one[what] < 2.2
    # Up to a start of K rows a chain, a flip costs one row of K, padded.
    for couplings, done in ((few, one), (many, work(many, 4, 8))):
        row = max(couplings.n_classes, _kernels.LANES)
        assert done["levels"] <= row * (done["flips"] + 4 * couplings.n_classes)
        assert done["products"] < 0.2 * done["levels"]


def test_memory_grows_as_chains_alone() -> None:
    """A byte a site, 4 a class, 8 a seed, and little besides; nothing grows with sweeps."""
    couplings = network(500, 3, "pseudo-inverse")

    def peak(chains: int, sweeps: int) -> int:
        given = {"seeds": seeds(chains), "attempts_per_sweep": 100, "threads": 1}
        spins = starts(couplings, chains)
        tracemalloc.start()
        run_chains(couplings, spins, sweeps=sweeps, **given)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10, 1)
    a_chain = (peak(12_000, 2) - peak(6_000, 2)) / 6_000
    assert a_chain < 1.3 * (500 + 4 * couplings.n_classes + 8)
    assert peak(6_000, 40) < 1.1 * peak(6_000, 2)


def test_the_loop_and_the_taxonomy_share_one_tolerance() -> None:
    assert _kernels.TIE == observables.TIE
