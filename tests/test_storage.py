"""One conformance test over every storage rule, and what each rule alone promises."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import reference_rules as published
from conftest import random_patterns
from hypothesis import given, reject
from hypothesis import strategies as st
from scipy.integrate import quad

from hopcli.errors import PatternError, SettingError
from hopcli.observables import local_fields
from hopcli.storage import RULES, Couplings, store
from hopcli.storage.rule import QUANTITIES
from hopcli.taxonomy import fixed_points

if TYPE_CHECKING:
    from conftest import SpawnHopcli
    from numpy.typing import NDArray

DIRECT = {
    "hebbian": published.hebbian,
    "pseudo-inverse": published.pseudo_inverse,
    "storkey": published.storkey,
}
"""The published formula of each rule, evaluated for all N x N pairs of sites."""

LEARNT = {"perceptron"}
"""Rules without a formula: they learn until a condition holds, see test_rules."""

FORMULAS = [rule for rule in RULES if rule not in LEARNT]


def _independent(seed: int, p: int, n_sites: int) -> NDArray[np.int8]:
    """Random patterns, linearly independent."""
    while True:
        xi = random_patterns(seed, p, n_sites)
        if np.linalg.matrix_rank(xi) == p:
            return xi
        seed += 1_000_003


def test_every_rule_has_its_published_formula_here() -> None:
    assert set(RULES) == set(DIRECT) | LEARNT


@pytest.mark.parametrize("rule", FORMULAS)
@pytest.mark.parametrize(("p", "n_sites"), [(1, 1), (1, 7), (2, 16), (3, 25), (5, 23)])
@pytest.mark.parametrize("seed", [0, 1])
def test_couplings_equal_the_formula_for_every_pair_of_sites(
    rule: str, p: int, n_sites: int, seed: int
) -> None:
    xi = _independent(seed, p, n_sites)
    network = store(xi, rule)
    assert network.rule == rule
    np.testing.assert_allclose(network.dense(), DIRECT[rule](xi), rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", ["hebbian", "pseudo-inverse"])
def test_couplings_equal_the_formula_for_the_five_digits(rule: str, five: NDArray[np.int8]) -> None:
    np.testing.assert_allclose(store(five, rule).dense(), DIRECT[rule](five), rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_the_five_digits_have_29_site_classes(rule: str, five: NDArray[np.int8]) -> None:
    network = store(five, rule)
    assert network.n_classes == len(np.unique(five, axis=1).T) == 29
    assert network.n_sites == 784
    assert network.J.shape == (29, 29)
    assert np.array_equal(network.xi, five)


@pytest.mark.parametrize("rule", RULES)
def test_couplings_are_symmetric_without_self_coupling(rule: str, five: NDArray[np.int8]) -> None:
    network = store(five, rule)
    assert np.array_equal(network.J, network.J.T)
    w = network.dense()
    assert np.array_equal(w, w.T)
    assert not np.diag(w).any()


@pytest.mark.parametrize("rule", RULES)
@given(seed=st.integers(0, 10**6))
def test_classes_are_the_distinct_columns(rule: str, seed: int) -> None:
    xi = _independent(seed, 3, 20)
    parameters: dict[str, Any] = {"kappa": 0.5} if "kappa" in RULES[rule].parameters else {}
    try:
        network = store(xi, rule, **parameters)
    except PatternError:  # some draws cannot be learnt even to that stability
        assert parameters
        reject()
    assert np.array_equal(network.columns[network.site_class], xi.T)
    assert len(np.unique(network.columns, axis=0)) == network.n_classes
    assert network.class_sizes.sum() == 20
    assert network.class_sizes.min() > 0


@pytest.mark.parametrize("rule", FORMULAS)
@given(seed=st.integers(0, 10**6))
def test_renumbering_the_sites_renumbers_the_couplings(rule: str, seed: int) -> None:
    xi = _independent(seed, 3, 18)
    order = np.random.default_rng(seed).permutation(18)
    expected = store(xi, rule).dense()[np.ix_(order, order)]
    np.testing.assert_allclose(store(xi[:, order], rule).dense(), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", FORMULAS)
@given(seed=st.integers(0, 10**6), which=st.integers(0, 2))
def test_a_pattern_and_its_inverse_are_stored_alike(rule: str, seed: int, which: int) -> None:
    xi = _independent(seed, 3, 18)
    inverted = xi.copy()
    inverted[which] *= -1
    np.testing.assert_allclose(
        store(inverted, rule).dense(), store(xi, rule).dense(), rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("rule", RULES)
@given(seed=st.integers(0, 10**6))
def test_thresholds_refine_the_classes_and_change_no_coupling(rule: str, seed: int) -> None:
    xi = _independent(seed, 2, 18)
    theta = np.random.default_rng(seed).choice([-0.5, 0.0, 0.125], 18)
    plain, network = store(xi, rule), store(xi, rule, theta)
    assert np.array_equal(network.theta[network.site_class], theta)
    assert network.n_classes == len(np.unique(np.vstack([xi, theta]), axis=1).T)
    assert np.array_equal(network.xi, xi)
    np.testing.assert_allclose(network.dense(), plain.dense(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_one_threshold_for_all_sites_keeps_the_classes(rule: str) -> None:
    xi = _independent(4, 2, 18)
    network = store(xi, rule, 0.25)
    assert network.n_classes == store(xi, rule).n_classes
    assert network.theta.tolist() == [0.25] * network.n_classes


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("theta", [np.nan, np.inf])
def test_thresholds_must_be_finite(rule: str, theta: float) -> None:
    with pytest.raises(SettingError, match="theta must be finite"):
        store(_independent(4, 2, 18), rule, theta)


@pytest.mark.parametrize("rule", RULES)
def test_a_single_pattern_is_a_fixed_point(rule: str) -> None:
    xi = random_patterns(0, 1, 31)
    assert np.all(local_fields(xi, store(xi, rule)) * xi > 0)


@pytest.mark.parametrize("rule", RULES)
def test_a_network_cannot_be_changed_behind_its_back(rule: str) -> None:
    network = store(_independent(4, 2, 18), rule)
    for array in (network.J, network.columns, network.site_class, network.theta):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_pseudo_inverse_patterns_have_the_same_field_everywhere() -> None:
    """W with its diagonal is a projector, so h_i = xi_i (1 - W_ii) on a stored pattern."""
    xi = _independent(3, 6, 40)
    projector = published.projector(xi)
    np.testing.assert_allclose(projector @ projector, projector, atol=1e-12)
    expected = xi * (1 - np.diag(projector))
    np.testing.assert_allclose(local_fields(xi, store(xi)), expected, atol=1e-12)


@pytest.mark.parametrize(
    ("sign", "words"), [(1, "patterns 1 and 3 are the same"), (-1, "1 and 3 are each other's")]
)
def test_pseudo_inverse_names_the_pair_that_repeats(sign: int, words: str) -> None:
    xi = _independent(3, 2, 20)
    with pytest.raises(PatternError, match=words) as error:
        store(np.vstack([xi, sign * xi[:1]]))
    assert "linearly independent" in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "xi",
    [
        # The first two add up to the same as the last two.
        [[1, 1, 1, 1], [1, 1, -1, -1], [1, 1, 1, -1], [1, 1, -1, 1]],
        # More patterns than sites, no two alike.
        [[1, 1, 1], [1, 1, -1], [1, -1, 1], [1, -1, -1]],
    ],
)
def test_pseudo_inverse_refuses_dependent_patterns(xi: list[list[int]]) -> None:
    with pytest.raises(PatternError, match="Q is singular"):
        store(np.array(xi, np.int8))


def test_hebbian_stores_a_pattern_twice() -> None:
    xi = random_patterns(0, 1, 12)
    twice = store(np.vstack([xi, xi]), "hebbian").dense()
    np.testing.assert_allclose(twice, 2 * store(xi, "hebbian").dense())


def test_couplings_own_their_arrays() -> None:
    parts = _parts()
    network = Couplings(**parts)  # type: ignore[arg-type]
    for name, array in parts.items():
        if isinstance(array, np.ndarray):
            array[...] = 0  # the caller may go on writing to what is his
            assert getattr(network, name).any() == (name != "theta")


@pytest.mark.parametrize("rule", RULES)
def test_a_parameter_that_a_rule_does_not_have_is_refused(rule: str) -> None:
    xi = _independent(4, 2, 18)
    every = {name for entry in RULES.values() for name in entry.parameters}
    for name in {"kapa", *every} - set(RULES[rule].parameters):
        bad: dict[str, Any] = {name: 1}
        with pytest.raises(SettingError, match=f"{name} is no parameter of the rule {rule!r}"):
            store(xi, rule, **bad)


WRONG: dict[str, list[Any]] = {
    "normalise": ["n", "", None, 1, ["N"]],
    "kappa": [-0.1, math.nan, math.inf, "1", None, True],
    "epochs": [0, -1, 1.5, "10", None, True],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_parameter_out_of_its_range_is_refused(rule: str) -> None:
    xi = _independent(4, 2, 18)
    for name in RULES[rule].parameters:
        for value in WRONG[name]:
            with pytest.raises(SettingError, match=f"{name} must be") as error:
                store(xi, rule, **{name: value})
            assert error.value.found is value


@pytest.mark.parametrize("rule", RULES)
def test_the_defaults_are_those_that_the_rule_states(rule: str) -> None:
    xi = _independent(4, 2, 18)
    defaults = {name: parameter.default for name, parameter in RULES[rule].parameters.items()}
    assert np.array_equal(store(xi, rule).J, store(xi, rule, **defaults).J)


NEW_RULE = """
from hopcli.kinds import number
from hopcli.storage import RULES, Parameter, Rule

def learn(task, *, damping):
    return task.columns @ task.columns.T / task.n_sites / (1 + damping)

damping = Parameter(number(0), 1.0, "By how much the couplings are damped.")
RULES["damped"] = Rule("damped", "damped sum", learn, {"damping": damping})
"""


def test_a_new_rule_with_a_parameter_needs_one_entry(spawn_hopcli: SpawnHopcli) -> None:
    """In Python, as a setting and as an option; the fields show what it does."""
    lines = """
import sys
import numpy as np
import hopcli
xi = np.array([[1, 1, 1, -1], [1, -1, 1, 1]], np.int8)
for rule, given in (("hebbian", {}), ("damped", {}), ("damped", {"damping": 3.0})):
    print(hopcli.store(xi, rule, **given).energy(xi)[0])
print(hopcli.HopfieldClassifier("damped").fit(xi, [0, 1]).couplings_.dense().max())
from hopcli.cli import main
main(sys.argv[1:])
"""
    small = ["--samples", "3", "-q", "--out", "damped", "--no-figures"]
    arguments = ["weights", "--rule", "damped", "--damping", "3", *small]
    done = spawn_hopcli(*arguments, code=NEW_RULE + lines)
    assert done.code == 0, done.err
    whole, half, quarter, coupling = map(float, done.out.split())
    assert (half, quarter, coupling) == (whole / 2, whole / 4, 0.25)
    manifest = json.loads(Path("damped/weights.json").read_text(encoding="utf-8"))
    assert manifest["config"]["damping"] == 3
    arguments[4] = "-1"
    assert spawn_hopcli(*arguments, code=NEW_RULE + lines).code == 2


@pytest.mark.parametrize("n_sites", [2, 100, 784])
def test_capacities_are_the_published_loads(n_sites: int) -> None:
    found = {name: rule.capacity(n_sites, **rule.complete({})) for name, rule in RULES.items()}
    assert found == {
        "hebbian": {
            "all_fixed": pytest.approx(1 / (4 * math.log(n_sites))),
            "fixed": pytest.approx(1 / (2 * math.log(n_sites))),
            "overlap": 0.138,
        },
        "storkey": {"fixed": pytest.approx((2 * math.log(n_sites)) ** -0.5)},
        "pseudo-inverse": {"all_fixed": 1.0},
        "perceptron": {"all_fixed": pytest.approx(0.5196, abs=5e-5)},
    }
    assert all(set(loads) <= set(QUANTITIES) for loads in found.values())


@pytest.mark.parametrize("kappa", [0.0, 0.3, 1.0, 2.5])
def test_the_perceptron_holds_as_much_as_gardner_says_for_its_kappa(kappa: float) -> None:
    def excess(t: float) -> float:
        return math.exp(-t * t / 2) / math.sqrt(2 * math.pi) * (t + kappa) ** 2

    load = RULES["perceptron"].capacity(100, kappa=kappa, epochs=5)["all_fixed"]
    assert load == pytest.approx(1 / quad(excess, -kappa, math.inf)[0])
    assert (load == pytest.approx(2.0)) == (kappa == 0)


def test_exact_rules_make_every_pattern_a_fixed_point_and_others_do_not() -> None:
    xi = _independent(3, 18, 40)
    parameters: dict[str, Any] = {"kappa": 0.1}
    for name, rule in RULES.items():
        network = store(xi, name, **{k: v for k, v in parameters.items() if k in rule.parameters})
        assert fixed_points(xi, network).all() == rule.exact, name


def test_an_unknown_rule_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"rule must be one of .*hebbian.*found 'hopfield'"):
        store(random_patterns(0, 1, 4), "hopfield")


def test_more_than_300_patterns_need_no_more_care() -> None:
    xi = _independent(0, 300, 784)
    network = store(xi)
    assert network.n_classes == 784
    np.testing.assert_allclose(network.dense(), published.pseudo_inverse(xi), rtol=0, atol=1e-10)


def _parts(**changed: object) -> dict[str, object]:
    parts: dict[str, object] = {
        "rule": "hebbian",
        "site_class": np.array([0, 1, 1], np.int32),
        "columns": np.array([[1], [-1]], np.int8),
        "J": np.eye(2),
        "theta": np.zeros(2),
    }
    return parts | changed


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"J": np.eye(3)}, "need K = 2"),
        ({"theta": np.zeros(3)}, "need K = 2"),
        ({"site_class": np.array([0, 0, 0], np.int32)}, "every class needs a site"),
        ({"site_class": np.array([0, 1, 2], np.int32)}, "from 0 to K - 1 = 1"),
        ({"J": np.array([[1.0, 2.0], [0.0, 1.0]])}, "symmetric"),
    ],
)
def test_couplings_check_their_parts(changed: dict[str, object], words: str) -> None:
    Couplings(**_parts())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=words):
        Couplings(**_parts(**changed))  # type: ignore[arg-type]
