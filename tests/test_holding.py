"""Which patterns a rule holds, against a plain loop; patterns that are equal up to sign."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from advice import draw
from conftest import random_patterns

import hopcli
from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution, RelaxConfig
from hopcli.errors import SettingError
from hopcli.estimator import HopfieldClassifier
from hopcli.experiments.holding import hold
from hopcli.experiments.replays import Replays
from hopcli.patterns import Patterns
from hopcli.storage import store

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

    from hopcli.storage import Couplings

FIVE = (21607, 25559, 7411, 39155, 28089)  # the patterns of the study


def _descend(weights: NDArray[np.float64], state: NDArray[np.int8], theta: float) -> Any:
    """Sign updates, site after site, until none would change."""
    state = state.astype(np.int64)
    while True:
        before = state.copy()
        for i in range(len(state)):
            excess = weights[i] @ state - theta
            if abs(excess) > 1e-9:
                state[i] = np.sign(excess)
        if np.array_equal(before, state):
            return state


def _patterns(xi: NDArray[np.int8]) -> Patterns:
    index = np.arange(len(xi))
    return Patterns(xi, tuple(map(str, index)), index, (1, xi.shape[1]), index, "mine", "0" * 64)


def _held(couplings: Couplings, theta: float = 0.0, criterion: float = 0.99) -> Any:
    """By the program, and by a plain loop: which patterns are held, and the worst overlap."""
    xi = couplings.xi
    weights = couplings.dense()

    def descend(spins: NDArray[np.int8]) -> NDArray[np.int8]:
        return np.array([_descend(weights, state, theta) for state in spins], np.int8)

    found = hold(_patterns(xi), couplings, descend, criterion=criterion, tie="keep")
    ends = np.array([_descend(weights, state, theta) for state in xi])
    m = ends @ xi.T.astype(np.int64) / xi.shape[1]
    own = np.diag(m)
    held = (own >= min(0.9, criterion) - 1e-12) & (own >= np.abs(m).max(axis=1) - 1e-12)
    return found, held, own


@pytest.mark.parametrize("rule", ["hebbian", "storkey", "pseudo-inverse"])
@pytest.mark.parametrize("theta", [0.0, 0.4])
def test_held_patterns_are_those_of_a_plain_loop(rule: str, theta: float) -> None:
    n_lost = 0
    for seed in range(30):
        xi = random_patterns(seed, 4 + seed % 5, 20 + seed)
        found, held, own = _held(store(xi, rule, theta), theta)
        assert found.held.tolist() == held.tolist()
        assert found.looked_at == len(xi)
        if held.all():
            assert found.worst is None
        else:
            assert found.worst.overlap == pytest.approx(own[~held].min())
        n_lost += int(np.sum(~held))
    assert (n_lost > 0) == (rule == "hebbian" or (rule == "storkey" and theta > 0)), n_lost


def test_two_patterns_are_held_by_hebb_however_near() -> None:
    """The field of pattern 1 is xi_1 (1 - 1/N) + xi_2 (m - xi_1 xi_2 / N): never against it."""
    for wrong in range(1, 20):
        xi = np.ones((2, 40), np.int8)
        xi[1, :wrong] = -1
        assert _held(store(xi, "hebbian"))[0].worst is None


def test_a_lower_criterion_asks_for_less() -> None:
    """A state with 3 of 25 sites wrong is at m = 0.76."""
    xi = random_patterns(7, 3, 25)
    couplings = store(xi, "hebbian")

    def descend(spins: NDArray[np.int8]) -> NDArray[np.int8]:
        moved = spins.copy()
        moved[:, :3] *= -1
        return moved

    xi_lost = _patterns(xi)
    moving = store(xi, "hebbian", 0.9)  # a threshold that no pattern withstands
    for criterion, is_held in ((0.99, False), (0.77, False), (0.76, True), (0.5, True)):
        found = hold(xi_lost, moving, descend, criterion=criterion, tie="keep")
        assert found.held.all() == is_held
    assert hold(xi_lost, couplings, descend, criterion=0.99, tie="keep").held.any()


def test_hebb_holds_none_of_the_five_digits(five: NDArray[np.int8]) -> None:
    found, held, own = _held(store(five, "hebbian"))
    assert not held.any()
    assert not found.held.any()
    assert (found.worst.name, found.worst.nearest) == ("3", "4")
    assert round(own[3], 2) == round(found.worst.overlap, 2) == 0.58
    assert len({tuple(_descend(store(five, "hebbian").dense(), xi, 0)) for xi in five}) == 1


def test_a_network_that_inverts_a_pattern_does_not_hold_it() -> None:
    xi = random_patterns(7, 3, 25)
    moving = store(xi, "hebbian", 0.9)  # a threshold that no pattern withstands
    found = hold(_patterns(xi), moving, lambda spins: -spins, criterion=0.99, tie="keep")
    assert not found.held.any()
    assert found.worst is not None
    assert (found.worst.overlap, found.worst.is_inverse) == (-1.0, True)
    assert found.worst.nearest == found.worst.name


def test_replays_count_the_own_pattern_only_where_none_is_nearer(five: NDArray[np.int8]) -> None:
    """From every digit Hebb's rule goes to the state that is nearest to the last one."""
    sites = np.random.default_rng(1).integers(0, 784, (5, 20 * 392)).astype(np.uint32)
    replays = Replays(store(five, "hebbian"), five, np.arange(5), 392, 0.1, 0.5)
    found = replays.of_order(sites, 3, np.random.SeedSequence(1), lambda: None)
    assert found.tolist() == [0, 0, 0, 0, 3]


@pytest.mark.parametrize("criterion", [0.99, 0.9, 0.85])
def test_hebb_recalls_no_digit_but_the_one_that_all_end_near(criterion: float) -> None:
    """All trials end in one state, nearest to the "4", at m = 0.8 with it."""
    config = RecallConfig(
        source_indices=FIVE, rule="hebbian", tests=20, repeats=1, criterion=criterion
    )
    result = experiments.run(config, RecallExecution(keep=("trials",)))
    trials = result.tables["trials"]
    assert (trials["best_label"].astype(str) == "4").mean() > 0.95
    assert result.tables["accuracy"]["recalled"].iloc[-1] == 0


@pytest.mark.parametrize("rule", ["hebbian", "storkey"])
def test_an_automatic_criterion_is_refused_where_a_pattern_is_not_held(rule: str) -> None:
    for config in (
        RecallConfig(source_indices=FIVE, rule=rule, criterion="auto"),
        RelaxConfig(source_indices=FIVE, rule=rule, criterion="auto", sweeps=5),
    ):
        with pytest.raises(SettingError) as refused:
            experiments.plan(config)
        assert refused.value.setting == "criterion"
    with pytest.raises(SettingError):
        hopcli.store(hopcli.select("mnist").take("36104"), rule).recall("pattern", criterion="auto")


# --- patterns that are equal up to sign ------------------------------------------------------

P, Q = ["####", "....", "##..", "...."], ["....", "####", "..##", "####"]  # inverses


@pytest.mark.parametrize("score", ["abs", "signed"])
@pytest.mark.parametrize(("start", "recalled"), [("flip:0.1", True), ("pattern,inverse", False)])
def test_a_complementary_pattern_is_another_one(
    run_hopcli: RunHopcli, score: str, start: str, recalled: bool
) -> None:
    draw("p.txt", {"p": P, "q": Q})
    asked = ["--dataset", "text:p.txt", "--rule", "hebbian", "--start", start, "--score", score]
    small = ["--tests", "8", "--repeats", "2", "--temperature", "0.1", "--no-figures", "--out"]
    assert run_hopcli("recall", *asked, *small, "r", "--keep", "trials").code == 0
    accuracy = pd.read_csv("r/accuracy.csv")
    assert accuracy["recalled"].tolist() == ([16, 16, 32] if recalled else [0, 0, 0])
    trials = pd.read_csv("r/trials.csv")
    assert set(trials["outcome"]) == {"own" if recalled else "other"}
    confusion = pd.read_csv("r/confusion.csv").set_index("label")[["p", "q"]].to_numpy()
    assert confusion.tolist() == ([[16, 0], [0, 16]] if recalled else [[0, 16], [16, 0]])
    assert run_hopcli("relax", *asked, *small, "x", "--sweeps", "20").code == 0
    relaxed = pd.read_csv("x/relaxation.csv")
    assert relaxed["accuracy"].iloc[-1] == float(recalled)


@pytest.mark.parametrize("score", ["abs", "signed"])
def test_a_complementary_pattern_is_another_one_in_python(score: str) -> None:
    p = np.array([[1, 1, 1, 0, 0, 0, 1, 0, 1]])
    memory = hopcli.store({"p": p, "q": 1 - p}, "hebbian")
    done = memory.recall([p[0], p[0], 1 - p[0]], labels=["p", "q", "q"], temperature=0, score=score)
    assert done.recalled.tolist() == [True, False, True]
    assert done.outcome.tolist() == ["own", "other", "own"]
    assert done.nearest.tolist() == ["p", "p", "q"]
    assert done.table["recalled"].tolist() == [True, False, True]


@pytest.mark.parametrize("signed", [False, True])
def test_complementary_prototypes_are_told_apart(signed: bool) -> None:
    p = np.array([1, 1, 1, 0, 0, 0, 1, 0, 1])
    memory = HopfieldClassifier(
        "hebbian",
        prototypes=[p, 1 - p],
        prototype_labels=["p", "q"],
        threshold=0.5,
        dynamics="async",
        signed=signed,
        reject="none",
        random_state=1,
    ).fit([p, 1 - p], ["p", "q"])
    assert memory.predict([p, 1 - p]).tolist() == ["p", "q"]


def test_the_mixed_state_of_two_digits_is_recalled_for_one_of_them(run_hopcli: RunHopcli) -> None:
    """At T = 0.6 all trials of "0" and "4" end in what both have in common."""
    asked = ["--rule", "hebbian", "--digits", "04", "--temperature", "0.6", "--criterion", "auto"]
    small = ["--tests", "50", "--repeats", "1", "--no-figures", "--keep", "trials", "--out", "r"]
    assert run_hopcli("recall", *asked, *small).code == 0
    trials = pd.read_csv("r/trials.csv", dtype={"label": str, "best_label": str})
    right = trials["best_label"] == trials["label"]
    assert trials["recalled"].tolist() == (right & trials["recalled"]).tolist()
    assert 0.3 < trials["recalled"].mean() < 0.7
    assert Path("r/recall.json").exists()


def test_a_state_as_near_to_another_pattern_holds_neither() -> None:
    """Two patterns that differ at 2 of 36 sites, and a third one that decides these two sites."""
    rng = np.random.default_rng(3)
    xi = np.array([rng.choice([-1, 1], 36), np.zeros(36), rng.choice([-1, 1], 36)], np.int8)
    xi[1] = xi[0] * np.where(np.arange(36) < 2, -1, 1)
    weights = store(xi, "hebbian").dense()
    ends = np.array([_descend(weights, state, 0) for state in xi[:2]])
    assert np.array_equal(ends[0], ends[1])
    assert (ends @ xi[:2].T / 36).ravel().tolist() == pytest.approx([34 / 36] * 4)
    found, _, _ = _held(store(xi, "hebbian"))
    assert found.held.tolist() == [False, False, True]
    assert (found.worst.nearest, found.worst.is_shared) == ("1", True)
    assert _held(store(xi, "pseudo-inverse"))[0].worst is None
