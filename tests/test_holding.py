"""Patterns that a rule stores, their overlaps with noise, and the automatic criterion."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from advice import draw
from conftest import RunHopcli, random_patterns, refuses
from numpy.typing import NDArray

import hopcli
from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution, RelaxConfig
from hopcli.experiments.relaxation import Resting, hold, rest
from hopcli.network import Network
from hopcli.observables import local_fields, overlaps
from hopcli.patterns import Patterns
from hopcli.rules import store
from hopcli.study.replays import Replays
from hopcli.taxonomy import fixed_points

Spins = NDArray[np.int8]

FIVE = (21607, 25559, 7411, 39155, 28089)  # the patterns of the study
SMALL = ["--no-figures", "-q", "--overwrite", "--out", "r"]


def _patterns(xi: Spins) -> Patterns:
    rows = np.arange(len(xi))
    return Patterns(xi, tuple(map(str, rows)), rows, (1, xi.shape[1]), rows, "mine", "0" * 64)


def _recall(**settings: Any) -> Any:
    values: dict[str, Any] = {"source_indices": FIVE, "tests": 20, "repeats": 2, **settings}
    return experiments.run(RecallConfig(**values), RecallExecution(keep=("trials",)))


# --- held at T = 0


def descend(weights: NDArray[np.float64], state: Spins, theta: float = 0.0) -> Any:
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


def _held(couplings: Network, theta: float = 0.0, criterion: float = 0.99) -> Any:
    """Return stored patterns and overlaps, by the program and by a plain loop."""
    xi, weights = couplings.xi, couplings.dense()

    def relax(spins: Spins) -> Spins:
        return np.array([descend(weights, state, theta) for state in spins], np.int8)

    found = hold(_patterns(xi), couplings, relax, criterion=criterion, tie="keep")
    m = relax(xi) @ xi.T.astype(np.int64) / xi.shape[1]
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
        worst = None if held.all() else pytest.approx(own[~held].min())
        assert (found.worst and found.worst.overlap) == worst
        n_lost += int(np.sum(~held))
    assert (n_lost > 0) == (rule == "hebbian" or (rule == "storkey" and theta > 0)), n_lost


def test_the_criterion_and_the_sign_of_the_end_decide() -> None:
    """A state with 3 of 25 sites wrong is at m = 0.76; an inverse holds nothing."""
    patterns = _patterns(random_patterns(7, 3, 25))
    turned = np.where(np.arange(25) < 3, -1, 1).astype(np.int8)
    moving = store(patterns.xi, "hebbian", 0.9)  # a threshold that no pattern withstands
    for criterion, is_held in ((0.99, False), (0.77, False), (0.76, True), (0.5, True)):
        found = hold(patterns, moving, lambda s: s * turned, criterion=criterion, tie="keep")
        assert found.held.all() == is_held
    inverted = hold(patterns, moving, lambda s: -s, criterion=0.99, tie="keep")
    assert not inverted.held.any()
    assert inverted.worst is not None
    assert (inverted.worst.overlap, inverted.worst.is_inverse) == (-1.0, True)
    assert inverted.worst.nearest == inverted.worst.name


def test_a_state_as_near_to_another_pattern_holds_neither() -> None:
    """Two patterns that differ at 2 of 36 sites, and a third one that decides these two sites."""
    rng = np.random.default_rng(3)
    xi = np.array([rng.choice([-1, 1], 36), np.zeros(36), rng.choice([-1, 1], 36)], np.int8)
    xi[1] = xi[0] * np.where(np.arange(36) < 2, -1, 1)
    ends = [descend(store(xi, "hebbian").dense(), state) for state in xi[:2]]
    assert (ends @ xi[:2].T / 36).ravel().tolist() == pytest.approx([34 / 36] * 4)
    found, _, _ = _held(store(xi, "hebbian"))
    assert found.held.tolist() == [False, False, True]
    assert (found.worst.nearest, found.worst.is_shared) == ("1", True)
    assert _held(store(xi, "pseudo-inverse"))[0].worst is None


def test_hebb_holds_none_of_the_five_digits(five: Spins) -> None:
    found, held, own = _held(store(five, "hebbian"))
    assert not held.any()
    assert not found.held.any()
    assert (found.worst.name, found.worst.nearest) == ("3", "4")
    assert round(own[3], 2) == round(found.worst.overlap, 2) == 0.58
    # All end in one state, nearest to the "4", which alone is counted where it is reached.
    sites = np.random.default_rng(1).integers(0, 784, (5, 20 * 392)).astype(np.uint32)
    replays = Replays(store(five, "hebbian"), five, np.arange(5), 392, 0.1, 0.5)
    found = replays.of_order(sites, 3, np.random.SeedSequence(1), lambda: None)
    assert found.tolist() == [0, 0, 0, 0, 3]
    for criterion in (0.99, 0.85):
        tables = _recall(rule="hebbian", repeats=1, criterion=criterion).tables
        assert (tables["trials"]["best_label"].astype(str) == "4").mean() > 0.95
        assert tables["accuracy"]["recalled"].iloc[-1] == 0


@pytest.mark.parametrize("rule", ["hebbian", "storkey"])
def test_an_automatic_criterion_is_refused_where_a_pattern_is_not_held(rule: str) -> None:
    settings: dict[str, Any] = {"source_indices": FIVE, "rule": rule, "criterion": "auto"}
    for config in (RecallConfig(**settings), RelaxConfig(**settings, sweeps=5)):
        with refuses("criterion"):
            experiments.plan(config)
    with refuses("criterion"):
        hopcli.store(hopcli.select("mnist").take("36104"), rule).recall("pattern", criterion="auto")


# --- patterns that are equal up to sign


@pytest.mark.parametrize("score", ["abs", "signed"])
@pytest.mark.parametrize(("start", "recalled"), [("flip:0.1", True), ("pattern,inverse", False)])
def test_complements(run_hopcli: RunHopcli, score: str, start: str, recalled: bool) -> None:
    p, q = ["####", "....", "##..", "...."], ["....", "####", "..##", "####"]
    draw("p.txt", {"p": p, "q": q})
    run = ["--dataset", "text:p.txt", "--rule", "hebbian", "--start", start, "--score", score]
    run += ["--tests", "8", "--repeats", "2", "--temperature", "0.1", *SMALL]
    assert run_hopcli("recall", *run, "--keep", "trials").code == 0
    accuracy = pd.read_csv("r/accuracy.csv")
    assert accuracy["recalled"].tolist() == ([16, 16, 32] if recalled else [0, 0, 0])
    assert set(pd.read_csv("r/trials.csv")["outcome"]) == {"own" if recalled else "other"}
    confusion = pd.read_csv("r/confusion.csv").set_index("label")[["p", "q"]].to_numpy()
    assert confusion.tolist() == ([[16, 0], [0, 16]] if recalled else [[0, 16], [16, 0]])
    assert run_hopcli("relax", *run, "--sweeps", "20", "--out", "x").code == 0
    assert pd.read_csv("x/relaxation.csv")["accuracy"].iloc[-1] == float(recalled)


# --- where patterns rest with noise


def _resting(mean: list[float], sd: list[float], nearest: float = 1.0) -> Resting:
    shares = np.array([1.0] * (len(mean) - 1) + [nearest])
    return Resting(tuple("abc"[: len(mean)]), np.array(mean), np.array(sd), shares)


@pytest.mark.parametrize("temperature", [0.3, 0.6])
def test_patterns_rest_where_the_mean_field_says(temperature: float) -> None:
    """Few patterns by the pseudo-inverse rule: every site on its own, m = tanh(m / T)."""
    m = 1.0
    for _ in range(1000):
        m = math.tanh(m / temperature)
    sd = math.sqrt((1 - m * m) / 784)  # of so many independent sites
    found = _recall(temperature=temperature).notes["resting"]
    assert list(found) == ["3", "6", "1", "0", "4"]
    means = [pattern["overlap"] for pattern in found.values()]
    assert np.mean(means) == pytest.approx(m, abs=4 * 1.5 * sd / math.sqrt(250) + 0.001)
    spread = math.sqrt(np.mean([pattern["sd"] ** 2 for pattern in found.values()]))
    assert 0.8 * sd < spread < 1.7 * sd  # sites pull at each other: a little more


def test_three_standard_deviations_are_the_border() -> None:
    assert _resting([0.995, 1.0], [0.0015, 0.0]).below(0.99) is None
    assert _resting([1.0, 0.995], [0.0, 0.002]).below(0.99) == 1
    assert _resting([0.99], [0.0]).below(0.99) is None  # exactly at it, without noise
    assert _resting([0.9899], [0.0]).below(0.99) == 0
    # A pattern strays if more than one run in twenty ends nearer to another.
    assert _resting([1.0, 1.0], [0.0, 0.0], 0.95).strays is None
    strays = _resting([1.0, 1.0], [0.0, 0.0], 0.94)
    assert strays.strays == 1
    assert [r.clears(0.5) for r in (strays, strays.of(["a"]), strays.of([]))] == [False, True, True]


def test_the_automatic_criterion_is_four_standard_deviations_below() -> None:
    assert _resting([1.0], [0.0]).automatic == 0.99
    assert _resting([0.98, 0.99], [0.005, 0.01]).automatic == pytest.approx(0.95)
    assert _resting([0.98768], [0.01]).automatic == 0.9476  # rounded down
    assert _resting([0.5], [0.0]).automatic == 0.5
    assert _resting([0.499], [0.0]).automatic is None


def test_a_few_of_many_patterns_are_enough() -> None:
    seen: list[Spins] = []

    def relax(spins: Spins, number: NDArray[np.int64], of: int) -> NDArray[np.float64]:
        assert of == 1000
        assert np.all(np.diff(number) == 1)
        seen.append(spins)
        flipped = spins.copy()
        flipped[number % 10 == 0, :5] *= -1
        return overlaps(flipped, patterns.xi)

    patterns = _patterns(random_patterns(3, 250, 50))
    found = rest(patterns, relax, signed=True)
    assert (len(found.name), found.name[0], found.name[-1]) == (100, "0", "249")
    assert found.mean.tolist() == pytest.approx([0.98] * 100)
    assert found.sd.tolist() == pytest.approx([np.std([0.8, *[1.0] * 9], ddof=1)] * 100)
    for signed, mean in ((True, -1), (False, 1)):
        turned = rest(patterns, lambda spins, _, __: -overlaps(spins, patterns.xi), signed=signed)
        assert turned.mean.tolist() == [mean] * 100


def test_an_automatic_criterion_counts_what_stays_on_its_pattern() -> None:
    """From the patterns themselves nearly all, where 0.99 calls four of five lost."""
    start: dict[str, Any] = {"start": "pattern", "temperature": 0.4, "tests": 100}
    assert _recall(**start).tables["accuracy"]["accuracy"].iloc[-1] < 0.3
    settings = {"source_indices": FIVE, "criterion": "auto", "repeats": 2, **start}
    plan: Any = experiments.plan(RecallConfig.from_values(settings))
    assert plan.config.to_dict()["criterion"] < 0.97
    result = plan.run(RecallExecution(), experiments.no_progress)
    accuracy = result.tables["accuracy"]
    assert accuracy["accuracy"].iloc[-1] > 0.995
    assert result.notes["criterion"] == "auto"
    again = experiments.run(plan.config)  # the number it came to makes the same run
    assert again.tables["accuracy"].equals(accuracy)
    assert again.notes["resting"] == result.notes["resting"]


@pytest.mark.parametrize(
    ("settings", "numbers"),
    [
        ({"temperature": 0.2}, []),
        ({"temperature": 0.4}, ["m = 0.98", "0.99"]),
        ({"temperature": 0.4, "criterion": 0.9}, []),
        ({"temperature": 0.4, "criterion": "auto"}, []),
        # A schedule from above the critical temperature, which is 1, forgets.
        ({"temperature": "2:0.1:geometric"}, ["T = 2,", " 1"]),
        ({"temperature": "0.8:0.1:geometric"}, []),
        ({"temperature": "1:2:linear"}, ["T = 2 "]),
    ],
)
def test_warnings_have_the_numbers(settings: dict[str, Any], numbers: list[str]) -> None:
    warnings = _recall(tests=5, **settings).notes["warnings"]
    assert len(warnings) == bool(numbers)
    assert all(number in text for text in warnings for number in numbers)


# --- the quench


def test_a_quenched_run_ends_in_a_fixed_point() -> None:
    """The same states as without it, after sign updates; so noise is gone, and not the basin."""
    warm: dict[str, Any] = {"temperature": 0.4, "tests": 10, "criterion": 0.9}
    plain, quenched = _recall(**warm), _recall(**warm, quench=True)
    couplings = store(quenched.patterns.xi)
    ends = quenched.gallery.end
    assert fixed_points(ends, couplings).all()
    assert np.all(local_fields(ends, couplings) * ends >= -1e-9)
    assert fixed_points(plain.gallery.end, couplings).mean() < 0.2  # noise leaves few
    assert np.array_equal(plain.gallery.start, quenched.gallery.start)
    own, after = (run.tables["trials"]["overlap_own"].to_numpy() for run in (plain, quenched))
    assert np.all(after[own > 0.95] == 1)  # near a pattern it falls into it
    assert "unsettled" not in set(quenched.tables["trials"]["outcome"])
    assert quenched.notes["resting"]["3"] == {"overlap": 1.0, "sd": 0.0}
