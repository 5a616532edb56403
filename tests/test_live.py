"""The page's loop in V8 against the compiled loop: the same seeds end in the same states."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import every_state, random_patterns, run_chains
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

Spins = NDArray[np.int8]

PAGE = Path(hopcli.__file__).parent / "livepage"
NEEDED = ("loop.js", "rules.js", "outcome.js")

TRY = """
function networkOf(asked) {
  const key = JSON.stringify(asked);
  if (!networkOf.made.has(key)) {
    const patterns = asked.patterns.map((row) => Int8Array.from(row));
    networkOf.made.set(key, learn(patterns, asked.theta, asked.rule));
  }
  return networkOf.made.get(key);
}
networkOf.made = new Map();
function tried(network, asked) {
  return asked.starts.map((start, trial) => {
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
      spare: chain.spare };
  });
}
function kinds(network, states) {
  const how = { dynamics: "async", order: "random", attempts: 1 };
  return states.map((spins) =>
    classifyChain(startChain(network, how, [0, 1], Int8Array.from(spins)), 0.99).kind);
}
function visits(network, asked) {
  const counts = new Array(32).fill(0);
  const chain = startChain(network, asked.how, chainSeed(4, 0), Int8Array.of(1, 1, 1, 1, 1));
  for (let k = 0; k < asked.sweeps; k++) {
    beginSweep(chain, asked.heat);
    advance(chain, 1e9);
    counts[spinsOf(chain).reduce((n, spin) => 2 * n + (spin > 0 ? 1 : 0), 0)]++;
  }
  return counts;
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


def _ask(engine: MiniRacer, expression: str, *given: Any) -> Any:
    """Evaluate an expression in V8; {} are given values."""
    asked = expression.format(*map(json.dumps, given))
    return json.loads(str(engine.eval(f"JSON.stringify({asked})")))


def _network(xi: Spins, rule: Any, theta: Any = 0.0) -> dict[str, Any]:
    """The network of a rule, as V8 learns it."""
    thresholds = np.broadcast_to(theta, xi.shape[1]).tolist()
    named = {"name": rule} if isinstance(rule, str) else rule
    return {"patterns": xi.tolist(), "theta": thresholds, "rule": named}


def _digits(count: int) -> Spins:
    return hopcli.select("mnist").take("3610425789"[:count]).xi


def _noisy(xi: Spins, fraction: float) -> Spins:
    turned = np.random.default_rng(5).random(xi.shape) < fraction
    return np.where(turned, -xi, xi).astype(np.int8)


def _both(
    engine: MiniRacer, couplings: Network, starts: Spins, temperatures: list[float], **asked: Any
) -> tuple[dynamics.FinalStates, list[dict[str, Any]]]:
    """Run the same chains in Python and in V8, which must end alike; return both ends."""
    seed, slices = asked.pop("seed", 1), asked.pop("slices", [1e9])
    attempts = asked.pop("attempts", couplings.n_sites)
    seeds = dynamics.chain_seeds(Streams(seed).chains, len(starts))
    sweeps = {"sweeps": len(temperatures), "attempts_per_sweep": attempts}
    heat = np.array(temperatures)
    final = run_chains(couplings, starts, seeds=seeds, temperatures=heat, **sweeps, **asked)
    how = {"order": "random", "tie": "keep", "attempts": attempts, **asked}
    rest = {"seed": str(seed), "starts": starts.tolist(), "temperatures": temperatures}
    network = _network(couplings.xi, couplings.rule, couplings.theta[couplings.site_class])
    told = _ask(engine, "tried(networkOf({}), {})", network, {"how": how, "slices": slices, **rest})
    assert np.array_equal(final.spins, [one["spins"] for one in told])
    return final, told


ORDERS = ("random", "permutation", "fixed")
NOISY = list(itertools.product(("metropolis", "glauber"), ORDERS, (0.0, 0.2, 1.1)))
SIGNS = [*itertools.product(("async",), ORDERS), ("sync", "random")]
COLD = [(*rule, tie) for rule in SIGNS for tie in ("keep", "up", "down")]


def _with_rules(cases: list[Any]) -> list[Any]:
    """Each case with each rule in turn; ``make test-slow`` tries it with all others."""
    rules = list(RULES)
    return [
        pytest.param(rule, *case, marks=[pytest.mark.slow] * ((k - r) % len(rules) > 0))
        for k, case in enumerate(cases)
        for r, rule in enumerate(rules)
    ]


@pytest.mark.parametrize(("rule", "name", "order", "heat"), _with_rules(NOISY))
def test_noisy_chains(v8: MiniRacer, rule: str, name: str, order: str, heat: float) -> None:
    xi = _digits(5)
    how = {"dynamics": name, "order": order, "slices": [300, 7]}
    _, told = _both(v8, store(xi, rule), _noisy(xi, 0.2), [heat] * 12, **how)
    if (rule, name, order, heat) == ("pseudo-inverse", "metropolis", "random", 0.2):
        assert min(one["spare"] for one in told) > 5  # waiting times are drawn


@pytest.mark.parametrize(("rule", "name", "order", "tie"), _with_rules(COLD))
def test_cold_chains(v8: MiniRacer, rule: str, name: str, order: str, tie: str) -> None:
    xi = _digits(6)
    starts = _noisy(xi, 0.3)
    starts[:, ::7] = 0
    _both(v8, store(xi, rule), starts, [0.0] * 6, dynamics=name, order=order, tie=tie)


@pytest.mark.parametrize("name", ["metropolis", "glauber"])
def test_ties_without_noise_are_decided_alike(v8: MiniRacer, name: str) -> None:
    xi, starts = random_patterns(8, 4, 16), random_patterns(9, 12, 16)
    _both(v8, store(xi, "hebbian"), starts, [0.0] * 3, dynamics=name)


def test_cooling_ends_in_the_same_state(v8: MiniRacer) -> None:
    xi = _digits(5)
    schedule = [1.2 * 0.5**k for k in range(8)] + [0.0] * 8
    how = {"dynamics": "metropolis", "attempts": 392, "seed": 2**70 + 3, "slices": [1, 100]}
    _both(v8, store(xi, "hebbian"), _noisy(xi, 0.4), schedule, **how)


def test_thresholds_make_classes_as_in_python(v8: MiniRacer) -> None:
    xi = random_patterns(3, 17, 60)
    theta = np.random.default_rng(3).choice([-0.2, 0.0, 0.1], 60)
    classes = _ask(v8, "[...siteClasses({}, {}).siteClass]", xi.tolist(), theta.tolist())
    assert classes == site_classes(xi, theta)[0].tolist()
    _both(v8, store(xi, "storkey", theta), _noisy(xi, 0.1), [0.3] * 30, dynamics="glauber")


def test_sites_of_large_pictures_are_drawn_with_all_bits(v8: MiniRacer) -> None:
    """Of 60,000 sites, 1 attempt in 70,000 tries another site by its second word."""
    xi = random_patterns(2, 1, 60_000)
    _both(v8, store(xi), xi, [1000.0], dynamics="glauber", attempts=400_000)


def test_overlaps_energy_and_outcomes_are_those_of_python(v8: MiniRacer) -> None:
    xi = _digits(6)
    mixtures = [np.sign(xi[:3].sum(0)), np.sign(xi[0] - xi[1] + xi[2])]
    starts = np.vstack([xi[:3], -xi[:2], *mixtures]).astype(np.int8)
    couplings = store(xi, "hebbian")
    how = {"dynamics": "async", "order": "permutation"}
    final, told = _both(v8, couplings, starts, [0.0] * 8, **how)
    m = np.array([one["m"] for one in told])
    assert np.array_equal(m, observables.overlaps(final.spins, xi))
    assert np.allclose([one["E"] for one in told], observables.energy(final.spins, couplings))
    states = np.vstack([starts, _noisy(xi, 0.3)])
    network = _network(xi, "pseudo-inverse")
    found = _ask(v8, "kinds(networkOf({}), {})", network, states.tolist())
    assert found == classify(states, store(xi), 0.99).kind.tolist()
    assert {"pattern", "inverse", "mixture", "unsettled"} <= set(found)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "storkey"])
def test_the_critical_temperature_is_the_largest_eigenvalue(v8: MiniRacer, rule: str) -> None:
    xi = _digits(5)
    found = _ask(v8, "criticalTemperature(networkOf({}))", _network(xi, rule))
    assert found == pytest.approx(ordering_temperatures(store(xi, rule))[0], rel=1e-4)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse", "storkey"])
def test_couplings_are_whole_numbers_of_the_same_unit(v8: MiniRacer, rule: str) -> None:
    """Also where the largest field is a power of two except for rounding, as of one pattern."""
    rng = np.random.default_rng(0)
    for n in range(9, 900, 37):
        for share in (0.1, 0.3, 0.5):
            xi = np.where(rng.random((1, n)) < share, 1, -1).astype(np.int8)
            unit = _ask(v8, "networkOf({}).unit", _network(xi, rule))
            assert unit == lay_out(store(xi, rule)).unit


@pytest.mark.parametrize(("k", "n"), [(0, 20), (20, 20), (1, 7), (37, 100), (99, 100)])
def test_intervals_are_exact(v8: MiniRacer, k: int, n: int) -> None:
    found = _ask(v8, "exactInterval({}, {})", k, n)
    assert found == pytest.approx(exact_interval(k, n), abs=1e-9)


@pytest.mark.parametrize("name", ["metropolis", "glauber"])
def test_states_have_their_stationary_weights_where_w_ii_is_kept(v8: MiniRacer, name: str) -> None:
    """Of 5 sites, by enumeration; chains without W_ii end as those of Python do."""
    xi = np.array([[1, 1, 1, 1, 1], [1, 1, -1, 1, -1]], np.int8)
    theta, heat, sweeps = [0.1, 0.1, 0.0, -0.2, 0.0], 0.9, 20_000
    network = _network(xi, {"name": "hebbian", "kept": True}, theta)
    how = {"dynamics": name, "order": "random", "attempts": 5}
    asked = {"how": how, "heat": heat, "sweeps": sweeps}
    counts = _ask(v8, "visits(networkOf({}), {})", network, asked)
    # The own share shifts the chance to turn, so each site obeys h_i + W_ii S_i.
    couplings, states = store(xi, "hebbian", theta), every_state(5)
    w = couplings.J[np.ix_(couplings.site_class, couplings.site_class)]
    moves = np.zeros((32, 32))
    for row, state in enumerate(states):
        fire = np.exp(-2 * state * (w @ state - theta) / heat)
        chance = np.minimum(1, fire) if name == "metropolis" else fire / (1 + fire)
        moves[row, row ^ (16 >> np.arange(5))] = chance / 5
        moves[row, row] = 1 - moves[row].sum()
    values, vectors = np.linalg.eig(moves.T)
    weights = np.abs(np.real(vectors[:, np.argmax(np.real(values))]))
    expected = sweeps * weights / weights.sum()
    # Sweeps are correlated by less than a factor of 6 in the variance.
    assert np.sum((counts - expected) ** 2 / expected) < 6 * 65
