"""The tutorials: their known answers and their story, from the shipped configurations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution, find_config, read_config
from hopcli.datasets import load_dataset
from hopcli.experiments.recall import RecallResult
from hopcli.storage import store

if TYPE_CHECKING:
    from conftest import RunHopcli

Spins = NDArray[np.int8]

COLUMN = [-1, 1, 1, -1] * 4
ROW = [-1] * 4 + [1] * 8 + [-1] * 4
CHECKS = [-1, -1, 1, 1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, -1, -1]
FROM_4X4 = [1, -1, 1, 1, -1, -1, 1, 1, -1, 1, -1, -1, 1, 1, 1, 1]
FIRST = [-1, 1, 1, 1, 1, -1, -1, 1, -1]
SECOND = [1, 1, 1, -1, 1, 1, -1, -1, -1]
FROM_FIRST = [-1, 1, -1, 1, 1, -1, -1, 1, -1]
FROM_SECOND = [1, 1, 1, -1, -1, 1, -1, -1, -1]
UP = [1, -1, 1, -1, 1, -1]
FROM_SIX = [1, 1, 1, 1, -1, 1]


def _shipped(name: str, **changed: object) -> RecallConfig:
    """A shipped configuration, with some settings changed."""
    values = read_config(find_config(name)) | changed
    assert values.pop("command") == "recall"
    how = RecallExecution.settings()
    return RecallConfig.from_values({k: v for k, v in values.items() if k not in how})


def _recall(config: RecallConfig, execution: RecallExecution | None = None) -> RecallResult:
    result = experiments.run(config, execution or RecallExecution(keep=("trials",)))
    assert isinstance(result, RecallResult)
    return result


def _table(folder: str, name: str) -> pd.DataFrame:
    return pd.read_csv(Path(folder) / f"{name}.csv")


def _seen(outcomes: pd.DataFrame) -> pd.DataFrame:
    """The outcomes that occurred; the others are listed for their upper bounds."""
    return outcomes[outcomes["count"] > 0].reset_index(drop=True)


def _drawing(state: list[int], width: int) -> str:
    text = "".join("#" if spin > 0 else "." for spin in state)
    return "\n".join(text[i : i + width] for i in range(0, len(text), width)) + "\n"


def _by_hand(
    xi: list[list[int]], divisor: float, start: list[int], tie: int | None = None
) -> list[int]:
    """Sites in fixed order, up if h > 0, down if h < 0, until none changes."""
    w = np.array(xi).T @ np.array(xi) / divisor
    np.fill_diagonal(w, 0)
    state = np.array(start)
    for _ in range(100):
        before = state.copy()
        for i in range(len(state)):
            h = w[i] @ state
            state[i] = np.sign(h) if abs(h) > 1e-9 else (tie or state[i])
        if np.array_equal(before, state):
            return [int(spin) for spin in state]
    raise AssertionError("never settles")


# --- (a), (b), (c): small patterns


def test_4x4_stores_the_four_patterns_and_starts_as_told() -> None:
    dataset = load_dataset("text:4x4")
    named = dict(zip(dataset.labels.tolist(), dataset.spins.tolist(), strict=True))
    assert named == {
        "column": COLUMN,
        "row": ROW,
        "checks": CHECKS,
        "other-checks": [-spin for spin in CHECKS],
    }
    assert load_dataset("text:4x4-start").spins.tolist() == [FROM_4X4]


def test_4x4_ends_in_the_third_pattern() -> None:
    others = [-spin for spin in CHECKS]
    assert _by_hand([COLUMN, ROW, CHECKS, others], 4, FROM_4X4, tie=-1) == CHECKS
    result = _recall(_shipped("tutorial-4x4"))
    assert result.gallery.start.tolist() == [FROM_4X4]
    assert result.gallery.end.tolist() == [CHECKS]
    trials = result.tables["trials"]
    assert trials["outcome"].tolist() == ["own"]
    assert trials["best_label"].tolist() == ["checks"]
    assert trials["overlap_own"].tolist() == [1]


def test_3x3_restores_both_patterns() -> None:
    dataset = load_dataset("text:3x3")
    assert dataset.spins.tolist() == [FIRST, SECOND]
    for start, end in ((FROM_FIRST, FIRST), (FROM_SECOND, SECOND)):
        assert _by_hand([FIRST, SECOND], 9, start, tie=1) == end
    result = _recall(_shipped("tutorial-3x3"))
    assert result.gallery.start.tolist() == [FROM_FIRST, FROM_SECOND]
    assert result.gallery.end.tolist() == [FIRST, SECOND]
    assert result.tables["trials"]["outcome"].tolist() == ["own", "own"]


def test_six_sites_have_the_couplings_of_the_text() -> None:
    dataset = load_dataset("text:6")
    assert sorted(dataset.spins.tolist()) == sorted([UP, [-spin for spin in UP]])
    w = store(dataset.spins, "hebbian", normalise="none").dense()
    expected = [
        [0 if i == j else 2 if (i - j) % 2 == 0 else -2 for j in range(6)] for i in range(6)
    ]
    assert w.tolist() == expected


def test_six_sites_are_repaired_in_one_step() -> None:
    result = _recall(_shipped("tutorial-6"))
    assert result.gallery.start.tolist() == [FROM_SIX]
    assert result.gallery.end.tolist() == [[-1, 1, -1, 1, -1, 1]]
    assert result.tables["trials"]["outcome"].tolist() == ["own"]


@pytest.mark.parametrize(
    ("name", "labels"),
    [("tutorial-4x4", ["checks"]), ("tutorial-3x3", ["first", "second"]), ("tutorial-6", ["down"])],
)
def test_small_tutorials_run_by_name(run_hopcli: RunHopcli, name: str, labels: list[str]) -> None:
    text = find_config(name).read_text(encoding="utf-8")
    Path("here.toml").write_text(f"{text}\nfigures = false\nkeep = ['trials']\n", encoding="utf-8")
    done = run_hopcli("run", "here.toml", "--out", name)
    assert done.code == 0
    trials = _table(name, "trials")
    assert trials["label"].tolist() == labels
    assert trials["best_label"].tolist() == labels
    assert trials["outcome"].tolist() == ["own"] * len(labels)
    assert trials["recalled"].all()
    assert f"{name}/" in done.out


def test_small_tutorials_do_as_their_texts_say() -> None:
    config = _shipped("tutorial-4x4")
    assert (config.rule, config.values()["normalise"]) == ("hebbian", "p")
    assert (config.dynamics, config.order, config.tie) == ("async", "fixed", "down")
    config = _shipped("tutorial-3x3")
    assert (config.rule, config.values()["normalise"]) == ("hebbian", "N")
    assert (config.dynamics, config.order, config.tie) == ("async", "fixed", "up")
    config = _shipped("tutorial-6")
    assert (config.rule, config.values()["normalise"]) == ("hebbian", "none")
    assert (config.dynamics, config.sweeps) == ("sync", 1)


# --- the story of the drawings


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("tutorial-one", ["boat"]),
        ("tutorial-two", ["boat", "fish"]),
        ("tutorial-three", ["boat", "fish", "house"]),
    ],
)
def test_drawings_are_restored_from_thirty_flips_a_row(name: str, labels: list[str]) -> None:
    result = _recall(_shipped(name, tests=6, repeats=2, sweeps=100))
    assert result.dataset == "drawings"
    assert list(result.patterns.labels) == labels
    trials = result.tables["trials"]
    assert len(trials) == 12 * len(labels)
    assert trials["outcome"].tolist() == ["own"] * len(trials)
    assert trials["overlap_own"].tolist() == [1] * len(trials)
    xi = dict(zip(result.patterns.labels, result.patterns.xi, strict=True))
    for row, start, end in zip(
        result.gallery.trials["trial"], result.gallery.start, result.gallery.end, strict=True
    ):
        pattern = xi[trials["label"][row]]
        wrong = (start != pattern).reshape(128, 128).sum(axis=1)
        assert wrong.tolist() == [30] * 128
        assert np.array_equal(end, pattern)


def test_the_blend_of_two_drawings_ends_as_often_in_the_one_as_in_the_other() -> None:
    settings: dict[str, object] = {"trace": False, "tests": 80, "repeats": 5}
    result = _recall(_shipped("tutorial-blend", **settings))
    boat, fish = result.patterns.xi
    shared = boat == fish
    start = result.gallery.start[0]
    assert np.array_equal(start[shared], boat[shared])
    assert np.mean(start[~shared] == boat[~shared]) == pytest.approx(0.5, abs=0.05)
    trials, outcomes = result.tables["trials"], _seen(result.tables["outcomes"])
    assert len(trials) == 400
    assert outcomes["outcome"].tolist() == ["pattern", "pattern"]
    assert sorted(outcomes["pattern"]) == ["boat", "fish"]
    assert outcomes["count"].sum() == 400
    assert outcomes["fraction"].tolist() == pytest.approx((outcomes["count"] / 400).tolist())
    for name, count in zip(outcomes["pattern"], outcomes["count"], strict=True):
        assert np.sum(trials["best_label"] == name) == count
    confusion = result.tables["confusion"]
    assert confusion[["boat", "fish"]].to_numpy().sum() == 400
    assert confusion["none"].tolist() == [0]
    # Neither is favoured by symmetry: binomial, SD = 10; five of them.
    assert outcomes["count"].is_monotonic_decreasing
    assert outcomes["count"].iloc[0] < 250
    assert np.all(outcomes["ci_low"] < outcomes["fraction"])
    assert np.all(outcomes["fraction"] < outcomes["ci_high"])
    # Wilson's interval of 400 trials near one half is 0.098 wide.
    width = outcomes["ci_high"] - outcomes["ci_low"]
    assert width.tolist() == pytest.approx([0.098] * 2, abs=3e-3)


@pytest.mark.parametrize("rule", ["storkey", "hebbian"])
def test_a_blend_keeps_empty_sites_where_no_field_decides(rule: str) -> None:
    """Where two patterns differ, what they share pulls neither way."""
    config = _shipped(
        "tutorial-blend",
        rule=rule,
        start="blend:boat:fish",
        trace=False,
        tests=2,
        repeats=1,
    )
    result = _recall(config)
    boat, fish = result.patterns.xi.astype(int)
    assert np.any(boat != fish)
    assert np.array_equal(2 * result.gallery.start[0], boat + fish)
    assert np.array_equal(result.gallery.end, result.gallery.start)
    assert _seen(result.tables["outcomes"])["outcome"].tolist() == ["fixed-point"]


def test_the_majority_of_three_drawings_stays_a_mixture() -> None:
    result = _recall(_shipped("tutorial-majority", tests=3, repeats=2, sweeps=60))
    outcomes = _seen(result.tables["outcomes"])
    assert outcomes["outcome"].tolist() == ["mixture"]
    assert outcomes["count"].tolist() == [6]
    assert outcomes["pattern"].tolist() == [""]
    confusion = result.tables["confusion"]
    assert confusion["mixture"].tolist() == [6]
    assert confusion["none"].tolist() == [6]
    majority = np.sign(result.patterns.xi.sum(axis=0, dtype=int))
    assert np.array_equal(result.gallery.start[0], majority)
    assert np.mean(result.gallery.end[0] == majority) > 0.99


@pytest.mark.parametrize("last", ["boat", "fish", "house"])
def test_under_storkeys_rule_the_majority_falls_to_the_drawing_stored_last(last: str) -> None:
    others = [name for name in ("boat", "fish", "house") if name != last]
    config = _shipped("tutorial-majority-storkey", digits=[*others, last], tests=2, repeats=1)
    outcomes = _seen(_recall(config).tables["outcomes"])
    assert outcomes["outcome"].tolist() == ["pattern"]
    assert outcomes["pattern"].tolist() == [last]


# --- options of the tutorials


def test_gamma_is_two_over_the_temperature(run_hopcli: RunHopcli) -> None:
    """The tutorial's sigmoid 1 / (1 + exp(-gamma h)) is a heat bath at T = 2 / gamma."""
    heat_bath = ["recall", "--dataset", "text:3x3", "--rule", "hebbian", "--dynamics", "glauber"]
    heat_bath += ["--start", "random", "--tests", "200", "--no-figures", "--quiet"]
    heat_bath += ["--keep", "trials"]
    assert run_hopcli(*heat_bath, "--gamma", "4", "--out", "gamma").code == 0
    assert run_hopcli(*heat_bath, "--temperature", "0.5", "--out", "t").code == 0
    assert run_hopcli(*heat_bath, "--temperature", "4", "--out", "hot").code == 0
    for name in ("trials", "accuracy", "outcomes", "confusion"):
        cold, same, hot = (Path(d, f"{name}.csv").read_bytes() for d in ("gamma", "t", "hot"))
        assert cold == same
        assert name == "confusion" or cold != hot


def test_the_trace_of_sign_updates_never_goes_uphill(run_hopcli: RunHopcli) -> None:
    run = ["recall", "--digits", "3,6,1,0,4", "--dynamics", "async", "--trace", "--tests", "4"]
    run += ["--repeats", "1", "--no-figures", "--quiet"]
    for rule, theta in (("hebbian", "0"), ("storkey", "0.01"), ("pseudo-inverse", "-0.02")):
        assert run_hopcli(*run, "--rule", rule, "--theta", theta, "--out", rule).code == 0
        trace = _table(rule, "trace")
        assert trace["trial"].nunique() == 15, "three of each label"
        for _, one in trace.groupby("trial"):
            assert one["sweep"].tolist() == list(range(21))
            assert np.diff(one["energy"]).max() <= 1e-9
            assert one["energy"].iloc[-1] < one["energy"].iloc[0]


@pytest.mark.parametrize("dynamics", ["metropolis", "glauber", "async", "sync"])
def test_a_trace_ends_where_the_trial_ends(run_hopcli: RunHopcli, dynamics: str) -> None:
    run = ["recall", "--digits", "3,6,1", "--dynamics", dynamics, "--trace", "--tests", "5"]
    run += ["--repeats", "2", "--no-figures", "--quiet", "--sweeps", "6", "--keep", "trials"]
    assert run_hopcli(*run).code == 0
    trials, trace = _table("results/recall", "trials"), _table("results/recall", "trace")
    last = trace[trace["sweep"] == 6].set_index("trial")
    assert len(last) == 9
    for trial in last.index.to_list():
        row, ended = last.loc[trial], trials.loc[trial]
        assert row["label"] == ended["label"]
        assert row["source_index"] == ended["source_index"]
        assert row[f"overlap_{ended['label']}"] == ended["overlap_own"]
        assert row[f"overlap_{ended['best_label']}"] == ended["best_overlap"]
    first = trace[trace["sweep"] == 0]
    assert not np.array_equal(first["energy"], last["energy"])


@pytest.mark.parametrize("start", ["flip:0.3", "occlude:left:0.4", "blend:boat:fish"])
def test_frames_go_from_the_start_to_the_end_of_the_first_trial(start: str) -> None:
    config = _shipped("tutorial-three", start=start, tests=1, repeats=1, sweeps=4)
    assert _recall(config).frames is None
    result = _recall(config, RecallExecution(animate="recall.gif"))
    assert result.frames is not None
    states = result.frames.states[0]
    assert states.shape == (5, 128 * 128)
    assert result.gallery.trials["trial"].tolist()[0] == 0
    assert np.array_equal(states[0], result.gallery.start[0])
    assert np.array_equal(states[-1], result.gallery.end[0])
    assert not np.array_equal(states[0], states[-1])


def test_a_two_cycle_is_reported_as_one(run_hopcli: RunHopcli) -> None:
    """Two sites that each want to be like the other: (+, -) and (-, +) take turns."""
    Path("pair.txt").write_text("##\n", encoding="utf-8")
    Path("start.txt").write_text("apart:\n#.\n\ntogether:\n..\n", encoding="utf-8")
    run = ["recall", "--dataset", "text:pair.txt", "--rule", "hebbian", "--dynamics", "sync"]
    run += ["--start", "text:start.txt", "--tests", "1", "--repeats", "1", "--no-figures"]
    for sweeps in ("2", "3", "20"):
        assert run_hopcli(*run, "--sweeps", sweeps, "--overwrite").code == 0
        outcomes = _seen(_table("results/recall", "outcomes"))
        assert outcomes["label"].tolist() == ["apart", "together"]
        assert outcomes["outcome"].tolist() == ["two-cycle", "inverse"]
        confusion = _table("results/recall", "confusion")
        assert confusion["two-cycle"].tolist() == [1, 0]
        assert confusion["none"].tolist() == [1, 0]
        assert confusion["inverse 1"].tolist() == [0, 1]


def test_one_step_is_not_enough_to_know_a_two_cycle(run_hopcli: RunHopcli) -> None:
    Path("pair.txt").write_text("##\n", encoding="utf-8")
    Path("start.txt").write_text("#.\n", encoding="utf-8")
    run = ["recall", "--dataset", "text:pair.txt", "--rule", "hebbian", "--dynamics", "sync"]
    run += ["--start", "text:start.txt", "--tests", "1", "--repeats", "1", "--no-figures"]
    assert run_hopcli(*run, "--sweeps", "1").code == 0
    outcomes = _seen(_table("results/recall", "outcomes"))
    assert outcomes["outcome"].tolist() == ["unsettled"]
