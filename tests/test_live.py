"""The page's loop in V8 against the compiled loop: the same seeds end in the same states."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from py_mini_racer import MiniRacer

import hopcli
from hopcli import dynamics, observables
from hopcli.statistics import exact_interval
from hopcli.storage import RULES, store
from hopcli.storage.couplings import site_classes
from hopcli.streams import Streams
from hopcli.taxonomy import classify
from hopcli.theory import ordering_temperatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hopcli.storage import Couplings

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


def _call(engine: MiniRacer, function: str, **asked: Any) -> Any:
    return json.loads(engine.eval(f"{function}({json.dumps(asked)})"))


def _digits(count: int) -> NDArray[np.int8]:
    return hopcli.select("mnist").take("3610425789"[:count]).xi


def _noisy(xi: NDArray[np.int8], fraction: float) -> NDArray[np.int8]:
    turned = np.random.default_rng(5).random(xi.shape) < fraction
    return np.where(turned, -xi, xi).astype(np.int8)


def _both(
    engine: MiniRacer,
    couplings: Couplings,
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
        seed=seed,
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
    ("async", order, tie)
    for order in ("random", "permutation", "fixed")
    for tie in ("keep", "up", "down")
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(("dynamic", "order", "T"), NOISY)
def test_noisy_chains_end_in_the_same_states(
    v8: MiniRacer, rule: str, dynamic: str, order: str, T: float
) -> None:
    xi = _digits(5)
    couplings, starts = store(xi, rule), _noisy(xi, 0.2)
    final, told = _both(
        v8, couplings, starts, dynamic=dynamic, order=order, temperatures=[T] * 12, slices=(300, 7)
    )
    assert np.array_equal(final.spins, _states(told))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize(
    ("dynamic", "order", "tie"),
    [*COLD, *(("sync", "random", tie) for tie in ("keep", "up", "down"))],
)
def test_chains_without_noise_end_in_the_same_states(
    v8: MiniRacer, rule: str, dynamic: str, order: str, tie: str
) -> None:
    xi = _digits(6)
    starts = _noisy(xi, 0.3)
    starts[:, ::7] = 0
    final, told = _both(
        v8, store(xi, rule), starts, dynamic=dynamic, order=order, tie=tie, temperatures=[0.0] * 6
    )
    assert np.array_equal(final.spins, _states(told))
