"""The page's loop in V8 against the compiled loop: the same seeds end in the same states."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from py_mini_racer import MiniRacer

import hopcli
from hopcli import dynamics, observables
from hopcli.dynamics.sites import lay_out
from hopcli.network import Network
from hopcli.network.classes import site_classes
from hopcli.rules import RULES, store
from hopcli.statistics import exact_interval
from hopcli.streams import Streams
from hopcli.taxonomy import classify
from hopcli.theory import ordering_temperatures

PAGE = Path(hopcli.__file__).parent / "livepage"
NEEDED = ("loop.js", "rules.js", "outcome.js")

TRY = """
function networkOf(asked) {
  const key = JSON.stringify([asked.patterns, asked.theta, asked.rule]);
  if (!networkOf.made.has(key)) {
    const patterns = asked.patterns.map((row) => Int8Array.from(row));
    networkOf.made.set(key, learn(patterns, asked.theta, asked.rule));
  }
  return networkOf.made.get(key);
}
networkOf.made = new Map();
function tried(asked) {
  const network = networkOf(asked);
  return JSON.stringify(asked.starts.map((start, trial) => {
    const seed = chainSeed(asked.seed, trial);
    const chain = startChain(network, asked.how, seed, Int8Array.from(start));
    let turn = 0;
    for (const T of asked.temperatures) {
      beginSweep(chain, T);
      while (!advance(chain, asked.slices[turn++ % asked.slices.length])) { /* the rest */ }
      if (asked.how.dynamics === "sync" && chain.state !== "ran") break;
    }
    const sums = classSums(chain);
    return { spins: [...spinsOf(chain)], m: [...overlapsOf(network, sums)], E: energyOf(chain),
      spare: chain.spare, stable: isStable(chain) };
  }));
}
"""


@pytest.fixture(scope="module")
def v8() -> MiniRacer:
    """The page's physics, without a page."""
    engine = MiniRacer()
    for name in NEEDED:
        engine.eval((PAGE / name).read_text(encoding="utf-8"))
    engine.eval(TRY)
    return engine


def _read(text: object) -> Any:
    """Read the JSON that V8 gave back."""
    return json.loads(str(text))


def _call(engine: MiniRacer, function: str, **asked: Any) -> Any:
    return _read(engine.eval(f"{function}({json.dumps(asked)})"))


def _digits(count: int) -> NDArray[np.int8]:
    return hopcli.select("mnist").take("3610425789"[:count]).xi


def _noisy(xi: NDArray[np.int8], fraction: float) -> NDArray[np.int8]:
    turned = np.random.default_rng(5).random(xi.shape) < fraction
    return np.where(turned, -xi, xi).astype(np.int8)


def _both(
    engine: MiniRacer,
    couplings: Network,
    starts: NDArray[np.int8],
    *,
    dynamic: str,
    temperatures: Sequence[float],
    order: str = "random",
    tie: str = "keep",
    attempts: int | None = None,
    seed: int = 1,
    slices: Sequence[float] = (1e9,),
    theta: Sequence[float] | None = None,
    rule: dict[str, Any] | None = None,
) -> tuple[dynamics.FinalStates, list[dict[str, Any]]]:
    """Run the same chains in Python and in V8."""
    n_sites = couplings.n_sites
    attempts = attempts or n_sites
    final = dynamics.run(
        couplings,
        starts,
        seeds=dynamics.chain_seeds(Streams.of(seed).chains, len(starts)),
        dynamics=dynamic,
        temperatures=np.array(temperatures),
        sweeps=len(temperatures),
        attempts_per_sweep=attempts,
        order=order,
        tie=tie,
        threads=1,
    )
    told = _call(
        engine,
        "tried",
        patterns=couplings.xi.tolist(),
        theta=[0.0] * n_sites if theta is None else list(theta),
        rule=rule or {"name": couplings.rule},
        how={"dynamics": dynamic, "order": order, "tie": tie, "attempts": attempts},
        seed=str(seed),
        starts=starts.tolist(),
        temperatures=list(temperatures),
        slices=list(slices),
    )
    return final, told


def _states(told: list[dict[str, Any]]) -> NDArray[np.int8]:
    return np.array([one["spins"] for one in told], np.int8)


NOISY = [
    (name, order, T)
    for name in ("metropolis", "glauber")
    for order in ("random", "permutation", "fixed")
    for T in (0.0, 0.2, 1.1)
]
COLD = [
    (name, order, tie)
    for name, order in (
        *(("async", order) for order in ("random", "permutation", "fixed")),
        ("sync", "random"),
    )
    for tie in ("keep", "up", "down")
]


def _with_rules(cases: list[Any]) -> list[Any]:
    """Each case with each rule in turn; ``make test-slow`` tries it with all others."""
    rules = list(RULES)
    return [
        pytest.param(rule, *case, marks=[pytest.mark.slow] * ((k - r) % len(rules) > 0))
        for k, case in enumerate(cases)
        for r, rule in enumerate(rules)
    ]


@pytest.mark.parametrize(("rule", "dynamic", "order", "heat"), _with_rules(NOISY))
def test_noisy_chains(v8: MiniRacer, rule: str, dynamic: str, order: str, heat: float) -> None:
    xi = _digits(5)
    final, told = _both(
        v8,
        store(xi, rule),
        _noisy(xi, 0.2),
        dynamic=dynamic,
        order=order,
        temperatures=[heat] * 12,
        slices=(300, 7),
    )
    assert np.array_equal(final.spins, _states(told))
    if (rule, dynamic, order, heat) == ("pseudo-inverse", "metropolis", "random", 0.2):
        assert min(one["spare"] for one in told) > 5  # waiting times are drawn


@pytest.mark.parametrize(("rule", "dynamic", "order", "tie"), _with_rules(COLD))
def test_cold_chains(v8: MiniRacer, rule: str, dynamic: str, order: str, tie: str) -> None:
    xi = _digits(6)
    starts = _noisy(xi, 0.3)
    starts[:, ::7] = 0
    final, told = _both(
        v8, store(xi, rule), starts, dynamic=dynamic, order=order, tie=tie, temperatures=[0.0] * 6
    )
    assert np.array_equal(final.spins, _states(told))


@pytest.mark.parametrize("dynamic", ["metropolis", "glauber"])
def test_ties_without_noise_are_decided_alike(v8: MiniRacer, dynamic: str) -> None:
    xi = np.where(np.random.default_rng(8).random((4, 16)) < 0.5, 1, -1).astype(np.int8)
    starts = np.where(np.random.default_rng(9).random((12, 16)) < 0.5, 1, -1).astype(np.int8)
    final, told = _both(v8, store(xi, "hebbian"), starts, dynamic=dynamic, temperatures=[0.0] * 3)
    assert np.array_equal(final.spins, _states(told))


def test_cooling_ends_in_the_same_state(v8: MiniRacer) -> None:
    xi = _digits(5)
    schedule = [1.2 * 0.5**k for k in range(8)] + [0.0] * 8
    final, told = _both(
        v8,
        store(xi, "hebbian"),
        _noisy(xi, 0.4),
        dynamic="metropolis",
        temperatures=schedule,
        attempts=392,
        seed=2**70 + 3,
        slices=(1, 100),
    )
    assert np.array_equal(final.spins, _states(told))


def test_thresholds_make_classes_as_in_python(v8: MiniRacer) -> None:
    rng = np.random.default_rng(3)
    xi = np.where(rng.random((17, 60)) < 0.5, 1, -1).astype(np.int8)
    theta = rng.choice([-0.2, 0.0, 0.1], 60)
    classes = _read(
        v8.eval(
            f"(() => {{ const c = siteClasses({json.dumps(xi.tolist())}, "
            f"{json.dumps(theta.tolist())});"
            " return JSON.stringify([...c.siteClass]); })()"
        )
    )
    assert classes == site_classes(xi, theta)[0].tolist()
    final, told = _both(
        v8,
        store(xi, "storkey", theta),
        _noisy(xi, 0.1),
        dynamic="glauber",
        temperatures=[0.3] * 30,
        theta=theta.tolist(),
    )
    assert np.array_equal(final.spins, _states(told))


def test_sites_of_large_pictures_are_drawn_with_all_bits(v8: MiniRacer) -> None:
    """Of 60,000 sites, 1 attempt in 70,000 tries another site by its second word."""
    xi = np.where(np.random.default_rng(2).random((1, 60_000)) < 0.5, 1, -1).astype(np.int8)
    final, told = _both(
        v8, store(xi), xi, dynamic="glauber", temperatures=[1000.0], attempts=400_000
    )
    assert np.array_equal(final.spins, _states(told))


def test_overlaps_energy_and_outcomes_are_those_of_python(v8: MiniRacer) -> None:
    xi = _digits(6)
    starts = np.vstack(
        [xi[:3], -xi[:2], np.sign(xi[:3].sum(0))[None], np.sign(xi[0] - xi[1] + xi[2])[None]]
    ).astype(np.int8)
    couplings = store(xi, "hebbian")
    final, told = _both(
        v8, couplings, starts, dynamic="async", temperatures=[0.0] * 8, order="permutation"
    )
    m = np.array([one["m"] for one in told])
    assert np.array_equal(m, observables.overlaps(final.spins, xi))
    assert np.allclose([one["E"] for one in told], observables.energy(final.spins, couplings))
    asked = {"patterns": xi.tolist(), "theta": [0.0] * 784, "rule": {"name": "pseudo-inverse"}}
    rows = json.dumps([*starts.tolist(), *_noisy(xi, 0.3).tolist()])
    kinds = _read(
        v8.eval(
            f"(() => {{ const network = networkOf({json.dumps(asked)}); return JSON.stringify("
            f"{rows}.map((spins) => classifyChain(startChain(network, {{ dynamics: 'async', "
            "order: 'random', attempts: 1 }, [0, 1], Int8Array.from(spins)), 0.99).kind)); })()"
        )
    )
    states = np.vstack([starts, _noisy(xi, 0.3)])
    expected = classify(states, store(xi), 0.99).kind.tolist()
    assert kinds == expected
    assert {"pattern", "inverse", "mixture", "unsettled"} <= set(kinds)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "storkey"])
def test_the_critical_temperature_is_the_largest_eigenvalue(v8: MiniRacer, rule: str) -> None:
    xi = _digits(5)
    asked = {"patterns": xi.tolist(), "theta": [0.0] * 784, "rule": {"name": rule}}
    found = v8.eval(f"criticalTemperature(networkOf({json.dumps(asked)}))")
    assert found == pytest.approx(ordering_temperatures(store(xi, rule))[0], rel=1e-4)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "storkey"])
def test_couplings_are_whole_numbers_of_the_same_unit(v8: MiniRacer, rule: str) -> None:
    """Also where the largest field is a power of two except for rounding, as of one pattern."""
    rng = np.random.default_rng(0)
    for n in range(9, 900, 37):
        for share in (0.1, 0.3, 0.5):
            xi = np.where(rng.random((1, n)) < share, 1, -1).astype(np.int8)
            asked = {"patterns": xi.tolist(), "theta": [0.0] * n, "rule": {"name": rule}}
            unit = v8.eval(f"networkOf({json.dumps(asked)}).unit")
            assert unit == lay_out(store(xi, rule)).unit


@pytest.mark.parametrize(("k", "n"), [(0, 20), (20, 20), (1, 7), (37, 100), (99, 100)])
def test_intervals_are_exact(v8: MiniRacer, k: int, n: int) -> None:
    found = _read(v8.eval(f"JSON.stringify(exactInterval({k}, {n}))"))
    assert found == pytest.approx(exact_interval(k, n), abs=1e-9)


@pytest.mark.parametrize("dynamic", ["metropolis", "glauber"])
def test_states_have_their_stationary_weights_where_w_ii_is_kept(
    v8: MiniRacer, dynamic: str
) -> None:
    """Of 5 sites, by enumeration; chains without W_ii end as those of Python do."""
    xi = np.array([[1, 1, 1, 1, 1], [1, 1, -1, 1, -1]], np.int8)
    theta, heat, trials = [0.1, 0.1, 0.0, -0.2, 0.0], 0.9, 20_000
    rule = {"name": "hebbian", "kept": True}
    counts = _read(
        v8.eval(
            f"(() => {{ const network = networkOf({{ patterns: {xi.tolist()}, theta: {theta}, "
            f"rule: {json.dumps(rule)} }}), how = {{ dynamics: '{dynamic}', order: 'random', "
            "attempts: 5 }, counts = new Array(32).fill(0); const chain = startChain(network, how,"
            f" chainSeed(4, 0), Int8Array.of(1, 1, 1, 1, 1)); for (let k = 0; k < {trials}; k++) {{"
            f"beginSweep(chain, {heat}); advance(chain, 1e9); counts[spinsOf(chain).reduce("
            "(n, spin) => 2 * n + (spin > 0 ? 1 : 0), 0)]++; } return JSON.stringify(counts); })()"
        )
    )
    states = np.array(list(itertools.product((-1, 1), repeat=5)), np.int8)
    # The own share shifts the chance to turn, so each site obeys h_i + W_ii S_i.
    weights = _stationary(states, store(xi, "hebbian", theta), heat, dynamic)
    expected = trials * weights / weights.sum()
    # Sweeps are correlated by less than a factor of 6 in the variance.
    assert np.sum((counts - expected) ** 2 / expected) < 6 * 65


def _stationary(
    states: NDArray[np.int8], couplings: Network, heat: float, dynamic: str
) -> NDArray[np.float64]:
    """Weights that a chain with W_ii kept has in the end, from its transition matrix."""
    n = len(states[0])
    w = couplings.J[np.ix_(couplings.site_class, couplings.site_class)]
    theta = couplings.theta[couplings.site_class]
    moves = np.zeros((len(states), len(states)))
    for row, state in enumerate(states):
        x = state * (w @ state - theta)
        fire = np.exp(-2 * x / heat)
        chance = np.minimum(1, fire) if dynamic == "metropolis" else fire / (1 + fire)
        for i in range(n):
            moves[row, row ^ (1 << (n - 1 - i))] += chance[i] / n
        moves[row, row] = 1 - moves[row].sum()
    values, vectors = np.linalg.eig(moves.T)
    return np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
