"""Functions of claims about final states, couplings and ranks."""

from __future__ import annotations

import dataclasses
import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from hopcli import experiments
from hopcli.claims.evaluating import evaluate
from hopcli.claims.expressions import parse
from hopcli.claims.notebook import by_formula, by_notebook, unstable_sum
from hopcli.config import AttractorsConfig
from hopcli.datasets import load_dataset
from hopcli.errors import SettingError
from hopcli.observables import energy
from hopcli.statistics import exact_interval
from hopcli.storage import store

if TYPE_CHECKING:
    from hopcli.claims.measured import Measured


@dataclasses.dataclass
class _Ran:
    tables: dict[str, pd.DataFrame]
    result: Any = None


def _found(text: str, run: _Ran) -> Measured:
    return evaluate(parse(text, "here"), {"r": run}, "here")


def test_a_share_of_other_ends_leaves_the_row_of_all_attractors_out() -> None:
    """Of 200 starts 80 end in a pattern, 30 in a mixture and 90 in no state at rest."""
    kinds = pd.DataFrame(
        {
            "rule": ["a"] * 4 + ["b"],
            "kind": ["pattern", "mixture", "unsettled", "attractors", "pattern"],
            "count": [80, 30, 90, 110, 200],
            "fraction": [0.4, 0.15, 0.45, 0.55, 1.0],
        }
    )
    found = _found("others(r / kinds[rule=a, kind=pattern] / fraction)", _Ran({"kinds": kinds}))
    assert found.value == 120 / 200
    assert (found.low, found.high) == exact_interval(120, 200)
    at_most, at_least = found.tails(0.5)
    assert at_most == pytest.approx(0.00284, abs=2e-5)  # B(200, 1/2) >= 120
    assert at_least > 0.99


def test_wrong_sites_turn_an_overlap_and_its_interval_over() -> None:
    table = pd.DataFrame({"load": [0.1], "m": [0.96], "m_ci_low": [0.94], "m_ci_high": [0.99]})
    found = _found("wrong_sites(r / capacity / m)", _Ran({"capacity": table}))
    assert [found.value, found.low, found.high] == pytest.approx([0.02, 0.005, 0.03])


def test_a_rank_is_among_the_five_digits_of_the_study() -> None:
    table = pd.DataFrame({"label": list("0123456789"), "rank": [8, 1, 10, 7, 5, 9, 4, 2, 6, 3]})
    run = _Ran({"consistency": table})
    ranks = [
        _found(f"rank_among_five(r / consistency[label={label}] / rank)", run).value
        for label in "36104"
    ]
    assert ranks == [4, 2, 1, 5, 3]


@pytest.mark.parametrize(("rule", "lower"), [("hebbian", True), ("pseudo-inverse", False)])
def test_the_lowest_spurious_state_is_compared_with_the_lowest_pattern(
    rule: str, lower: bool
) -> None:
    """Against the energies of eq. 4 from the couplings of all pairs of sites."""
    config = AttractorsConfig.from_values({"rule": (rule,), "starts": 200, "most": 200})
    result = experiments.run(config)
    found = _found("above_patterns(r / attractors / energy)", _Ran(result.tables, result))
    xi = result.patterns.xi
    states = result.arrays["attractors"][rule]
    rows = result.tables["attractors"]
    spurious = (rows["kind"] != "pattern").to_numpy()[: len(states)]
    n_sites = xi.shape[1]
    network = store(xi, rule)
    weights = network.J[np.ix_(network.site_class, network.site_class)].astype(float)
    np.fill_diagonal(weights, 0.0)

    def lowest(spins: np.ndarray) -> float:
        values = -0.5 * np.einsum("ci,ij,cj->c", spins.astype(float), weights, spins.astype(float))
        np.testing.assert_allclose(values, energy(spins, network), rtol=1e-9)
        return float(values.min())

    assert found.value * n_sites == pytest.approx(lowest(states[spurious]) - lowest(xi), rel=1e-6)
    assert (found.value < 0) == lower


def test_without_a_spurious_state_there_is_no_energy_of_one() -> None:
    rows = pd.DataFrame({"kind": ["pattern", "unsettled"], "energy": [-3.0, -1.0]})
    with pytest.raises(SettingError, match="above_patterns"):
        _found("above_patterns(r / attractors / energy)", _Ran({"attractors": rows}))


@pytest.mark.parametrize("p", [1, 2, 3, 5])
def test_the_stability_of_a_sum_is_that_of_the_couplings_of_all_sites(p: int) -> None:
    rng = np.random.default_rng(p)
    xi = rng.choice(np.array([-1, 1], dtype=np.int8), (p, 40), p=[0.3, 0.7])
    state = np.sign(xi.sum(axis=0))
    for by_code, couplings in ((True, by_notebook), (False, by_formula)):
        wrong = (couplings(xi) @ state) * state < -1e-9
        assert unstable_sum(xi, by_code=by_code) == int(wrong.sum())


def test_the_sum_of_three_drawings_is_stable_by_the_notebooks_code_alone() -> None:
    """0 and 330 of 4,096 sites, of every second row and column; 0 and 1,587 of all 16,384."""
    spins = load_dataset("drawings").spins
    small = spins.reshape(3, 128, 128)[:, ::2, ::2].reshape(3, -1)
    counts = [
        unstable_sum(xi, by_code=by_code)
        for xi, by_code in itertools.product((small, spins), (True, False))
    ]
    assert counts == [0, 330, 0, 1587]
