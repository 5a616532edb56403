"""``hopcli attractors``: the census against enumeration."""

from __future__ import annotations

import itertools
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from conftest import random_patterns
from numpy.typing import NDArray
from scipy.linalg import hadamard

from hopcli.results import read_manifest
from hopcli.statistics import chao1, exact_interval
from hopcli.storage import store
from hopcli.taxonomy import KINDS

if TYPE_CHECKING:
    from conftest import RunHopcli

Spins = NDArray[np.int8]

OUT = Path("results/attractors")
CENSUS = ["attractors", "--no-figures", "--quiet", "--overwrite"]
N_SITES = 10
EVERY = np.array(list(product((-1, 1), repeat=N_SITES)), np.int8)


def _table(name: str, out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.csv", dtype={"nearest": str})


def _states(rule: str) -> Spins:
    with np.load(OUT / "attractors.npz") as file:
        states: Spins = file[rule]
    return states


def _write(path: str, states: Spins) -> None:
    rows = ("".join("#" if spin > 0 else "." for spin in state) for state in states)
    Path(path).write_text("\n\n".join(rows) + "\n", encoding="utf-8")


def _enumerate(xi: Spins, rule: str, theta: NDArray[np.float64] | float = 0.0) -> set[bytes]:
    """Every state that the sign rule, ties kept, leaves as it is."""
    w = store(xi, rule, theta).dense()
    excess = EVERY @ w - theta
    wanted = np.where(np.abs(excess) < 1e-9, EVERY, np.sign(excess))
    return {state.tobytes() for state in EVERY[np.all(wanted == EVERY, axis=1)]}


def _census_of_all(run_hopcli: RunHopcli, seed: int, *flags: str) -> Spins:
    """Run a census from all 2^10 states; return the stored patterns."""
    xi = random_patterns(seed, 3, N_SITES)
    _write("patterns.txt", xi)
    _write("every.txt", EVERY)
    run = [*CENSUS, "--dataset", "text:patterns.txt", "--start", "text:every.txt"]
    done = run_hopcli(*run, "--starts", "1024", "--most", "999", *flags)
    assert done.code == 0
    return xi


@pytest.mark.parametrize("rule", ["hebbian", "storkey", "pseudo-inverse"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_starts_find_all_fixed_points_up_to_sign(
    run_hopcli: RunHopcli, rule: str, seed: int
) -> None:
    xi = _census_of_all(run_hopcli, seed, "--rule", rule)
    fixed = _enumerate(xi, rule)
    found = _states(rule)
    both = [state.tobytes() for state in np.concatenate([found, -found])]
    assert len(set(both)) == 2 * len(found), "one of each pair"
    assert set(both) == fixed
    table = _table("attractors")
    assert table["rule"].tolist() == [rule] * len(found)
    assert table["rank"].tolist() == list(range(1, len(found) + 1))
    assert table["count"].sum() == 1024
    assert table["count"].is_monotonic_decreasing
    assert set(table["kind"]) <= {"pattern", "mixture", "fixed-point"}


@pytest.mark.parametrize("rule", ["hebbian", "storkey", "pseudo-inverse"])
def test_with_thresholds_inverse_states_are_apart(run_hopcli: RunHopcli, rule: str) -> None:
    theta = np.round(np.random.default_rng(5).normal(0, 0.05, N_SITES), 6)
    np.savetxt("theta.txt", theta)
    xi = _census_of_all(run_hopcli, 1, "--rule", rule, "--theta", "theta.txt")
    fixed = _enumerate(xi, rule, theta)
    found = [state.tobytes() for state in _states(rule)]
    assert len(set(found)) == len(found)
    assert set(found) == fixed
    assert any((-np.frombuffer(state, np.int8)).tobytes() in fixed for state in fixed)
    assert _table("attractors")["count"].sum() == 1024


def test_energies_and_overlaps_are_those_of_the_states(run_hopcli: RunHopcli) -> None:
    theta = np.round(np.random.default_rng(5).normal(0, 0.15, N_SITES), 6)
    np.savetxt("theta.txt", theta)
    for flags, thresholds in (([], np.zeros(N_SITES)), (["--theta", "theta.txt"], theta)):
        xi = _census_of_all(run_hopcli, 2, "--rule", "storkey", *flags)
        w = store(xi, "storkey", thresholds).dense()
        states, table = _states("storkey").astype(float), _table("attractors")
        energy = [-0.5 * s @ w @ s + thresholds @ s for s in states]
        assert table["energy"].tolist() == pytest.approx(energy)
        overlaps = states @ xi.T / N_SITES
        best = np.abs(overlaps).argmax(axis=1)
        assert np.abs(table["overlap"]).tolist() == pytest.approx(
            np.abs(overlaps).max(axis=1).tolist()
        )
        picked = overlaps[np.arange(len(states)), best]
        assert table["overlap"].tolist() == pytest.approx(picked.tolist())
        assert table["nearest"].tolist() == [str(b + 1) for b in best]
        pattern = np.abs(picked) == 1
        assert np.array_equal(np.isin(table["kind"], ["pattern", "inverse"]), pattern)
        assert pattern.any()


def test_a_census_without_thresholds_turns_states_to_their_nearest_pattern(
    run_hopcli: RunHopcli,
) -> None:
    _census_of_all(run_hopcli, 0, "--rule", "hebbian")
    table = _table("attractors")
    assert np.all(table["overlap"] >= 0)
    assert "inverse" not in set(table["kind"])


@pytest.mark.parametrize("dynamics", ["async", "sync"])
def test_counts_intervals_and_kinds_agree(run_hopcli: RunHopcli, dynamics: str) -> None:
    rules = ["hebbian", "storkey", "pseudo-inverse"]
    run = [*CENSUS, "--rule", ",".join(rules), "--starts", "300", "--dynamics", dynamics]
    assert run_hopcli(*run).code == 0
    table, kinds = _table("attractors"), _table("kinds")
    every = kinds[kinds["kind"] == "attractors"]
    kinds = kinds[kinds["kind"] != "attractors"]
    assert every["rule"].tolist() == rules
    assert every["count"].tolist() == [300] * 3
    assert (
        every["distinct"].tolist() == kinds.groupby("rule", sort=False)["distinct"].sum().tolist()
    )
    assert list(dict.fromkeys(table["rule"])) == rules
    assert list(dict.fromkeys(kinds["rule"])) == rules
    assert set(kinds["kind"]) <= set(KINDS)
    for rows in (table, kinds):
        assert rows.groupby("rule")["count"].sum().tolist() == [300] * 3
        assert rows["fraction"].tolist() == pytest.approx((rows["count"] / 300).tolist())
        intervals = np.array([exact_interval(n, 300) for n in rows["count"].to_list()])
        np.testing.assert_allclose(rows[["ci_low", "ci_high"]], intervals, rtol=0, atol=1e-9)
        assert np.all(rows["ci_low"] <= rows["fraction"])
        assert np.all(rows["fraction"] <= rows["ci_high"])
    groups = {key: rows["count"] for key, rows in table.groupby(["rule", "kind"])}
    expected = {key: (len(counts), int(counts.sum())) for key, counts in groups.items()}
    columns = [kinds[name].to_list() for name in ("rule", "kind", "distinct", "count")]
    found = {(rule, kind): (n, count) for rule, kind, n, count in zip(*columns, strict=True)}
    assert {key: value for key, value in found.items() if value[1]} == expected
    assert len(kinds) == len(found)
    # What was never met has its upper bound, and no guess at how many there are.
    possible = set(KINDS) - {"inverse"} - ({"two-cycle"} if dynamics == "async" else set())
    assert set(found) == set(itertools.product(rules, possible))
    unseen = kinds[kinds["count"] == 0]
    assert len(unseen)
    assert unseen["distinct"].tolist() == [0] * len(unseen)
    assert unseen["ci_high"].tolist() == pytest.approx([exact_interval(0, 300)[1]] * len(unseen))
    assert unseen["chao1"].isna().all()
    kinds = kinds[kinds["count"] > 0]
    chao = ["chao1", "chao1_ci_low", "chao1_ci_high"]
    for rule, kind, *estimate in kinds[["rule", "kind", *chao]].to_numpy().tolist():
        assert estimate == pytest.approx(chao1(groups[rule, kind]), abs=1e-6), (rule, kind)
    for rule, *estimate in every[["rule", *chao]].to_numpy().tolist():
        assert estimate == pytest.approx(chao1(table.loc[table["rule"] == rule, "count"]), abs=1e-6)
    with np.load(OUT / "attractors.npz") as states:
        assert set(rules) <= set(states)
        assert all(name in rules or name.startswith("patterns.") for name in states)
        for rule in rules:
            assert len(states[rule]) == min(12, int(np.sum(table["rule"] == rule)))
            assert states[rule].dtype == np.int8


def test_a_census_of_all_steps_at_once_finds_two_cycles(run_hopcli: RunHopcli) -> None:
    """Two sites alike: (+, -) and (-, +) take turns for ever; they are each other's inverse."""
    Path("pair.txt").write_text("##\n", encoding="utf-8")
    Path("every.txt").write_text("##\n\n#.\n\n.#\n\n..\n", encoding="utf-8")
    run = [*CENSUS, "--dataset", "text:pair.txt", "--rule", "hebbian", "--dynamics", "sync"]
    assert run_hopcli(*run, "--start", "text:every.txt", "--starts", "40").code == 0
    kinds = _table("kinds").set_index("kind")
    assert kinds.loc[["pattern", "two-cycle"], "count"].tolist() == [20, 20]
    assert kinds.loc[["pattern", "two-cycle"], "distinct"].tolist() == [1, 1]


def test_too_few_sweeps_leave_states_unsettled(run_hopcli: RunHopcli) -> None:
    run = [*CENSUS, "--starts", "50", "--rule", "storkey"]
    assert run_hopcli(*run, "--sweeps", "1").code == 0
    kinds = _table("kinds").set_index("kind")
    unsettled, settled = kinds.loc["unsettled"], kinds.loc["attractors"]
    assert np.isnan(unsettled["chao1"])
    assert settled["count"] == 50 - unsettled["count"]
    assert settled["distinct"] == kinds["distinct"].iloc[:-1].sum() - unsettled["distinct"]
    assert settled["chao1_ci_low"] >= settled["distinct"]
    assert run_hopcli(*run).code == 0
    assert _table("kinds").set_index("kind").loc["unsettled", "count"] == 0


def test_given_starts_are_taken_in_turn(run_hopcli: RunHopcli) -> None:
    run = [*CENSUS, "--start", "pattern", "--starts", "7", "--rule", "pseudo-inverse"]
    assert run_hopcli(*run).code == 0
    table = _table("attractors").set_index("nearest")
    assert table["count"].to_dict() == {"3": 2, "6": 2, "1": 1, "0": 1, "4": 1}
    assert set(table["kind"]) == {"pattern"}
    assert run_hopcli(*run[:-2], "--start", "inverse", "--theta", "0.001").code == 0
    table = _table("attractors").set_index("nearest")
    assert table["count"].to_dict() == {"3": 2, "6": 2, "1": 1, "0": 1, "4": 1}
    assert set(table["kind"]) == {"inverse"}


def test_starts_from_images_are_from_those_of_the_stored_labels(run_hopcli: RunHopcli) -> None:
    """All at once, an image orthogonal to what is stored would turn over for ever."""
    _write("patterns.txt", hadamard(8)[1:7].astype(np.int8))
    run = [*CENSUS, "--dataset", "text:patterns.txt", "--digits", "2,5", "--dynamics", "sync"]
    assert run_hopcli(*run, "--start", "image", "--starts", "300").code == 0
    table = _table("attractors")
    assert table["kind"].tolist() == ["pattern"] * 2
    assert sorted(table["nearest"]) == ["2", "5"]
    # Binomial, SD = 8.7; five of them.
    assert table["count"].min() > 106
    assert run_hopcli(*run, "--start", "text:patterns.txt", "--starts", "6").code == 0
    counts = _table("kinds").set_index("kind")["count"]
    assert counts[counts > 0].to_dict() == {"pattern": 2, "two-cycle": 4, "attractors": 6}


@pytest.mark.parametrize(("tie", "never"), [("keep", "unsettled"), ("up", "fixed-point")])
def test_whether_a_tied_state_is_settled_is_as_the_rule_for_ties_says(
    run_hopcli: RunHopcli, tie: str, never: str
) -> None:
    """Eight orthogonal patterns of eight sites leave no coupling: every site is tied.

    Kept, all states are fixed points; with ties up only the pattern with all sites up
    is, and other states have merely run out of sweeps.
    """
    _write("patterns.txt", hadamard(8).astype(np.int8))
    run = [*CENSUS, "--dataset", "text:patterns.txt", "--rule", "hebbian", "--sweeps", "1"]
    assert run_hopcli(*run, "--starts", "500", "--tie", tie).code == 0
    table = _table("kinds")
    kinds = set(table["kind"][table["count"] > 0]) - {"attractors"}
    assert never not in kinds
    assert {"unsettled", "fixed-point"} - {never} <= kinds


@pytest.mark.parametrize(
    ("stored", "method"), [("1,2", "none"), ("1,2,3", "all"), (None, "nearest")]
)
def test_the_manifest_says_which_mixtures_were_looked_for(
    run_hopcli: RunHopcli, stored: str | None, method: str
) -> None:
    _write("patterns.txt", random_patterns(0, 21, 60))
    data = ["--dataset", "text:patterns.txt", "--rule", "hebbian", "--no-figures", "--quiet"]
    data += ["--digits", stored] if stored else []
    assert run_hopcli("attractors", *data, "--starts", "30").code == 0
    assert read_manifest(OUT, "attractors")["notes"]["mixtures"] == method
    run = ["recall", *data, "--start", "flip:0.2", "--tests", "1", "--repeats", "1"]
    assert run_hopcli(*run).code == 0
    assert read_manifest(Path("results/recall"), "recall")["notes"]["mixtures"] == method


def test_each_of_several_rules_is_run_with_its_own_parameters(run_hopcli: RunHopcli) -> None:
    """Wherever it stands in the list; and given starts leave nothing else to differ."""
    _write("patterns.txt", random_patterns(5, 12, 40))
    run = [*CENSUS, "--dataset", "text:patterns.txt", "--starts", "200"]
    tables = {}
    for name, flags in {
        "first": ["--rule", "perceptron,hebbian", "--kappa", "0.01"],
        "last": ["--rule", "hebbian,perceptron", "--kappa", "0.01"],
        "alone": ["--rule", "perceptron", "--kappa", "0.01"],
        "firmer": ["--rule", "perceptron", "--kappa", "0.6"],
    }.items():
        assert run_hopcli(*run, *flags, "--out", name).code == 0
        table = _table("attractors", Path(name))
        tables[name] = table[table["rule"] == "perceptron"].reset_index(drop=True)
    pd.testing.assert_frame_equal(tables["first"], tables["alone"])
    pd.testing.assert_frame_equal(tables["last"], tables["alone"])
    assert not tables["firmer"].equals(tables["alone"])


def test_digits_drown_under_hebbian_and_are_all_reached_under_the_pseudo_inverse(
    run_hopcli: RunHopcli,
) -> None:
    run = [*CENSUS, "--rule", "hebbian,pseudo-inverse", "--starts", "1500"]
    assert run_hopcli(*run).code == 0
    table = _table("attractors")
    hebbian = table[table["rule"] == "hebbian"]
    assert not set(hebbian["kind"]) & {"pattern", "inverse"}
    projector = table[table["rule"] == "pseudo-inverse"]
    reached = projector[projector["kind"] == "pattern"]
    assert sorted(reached["nearest"]) == ["0", "1", "3", "4", "6"]
    assert reached["overlap"].tolist() == [1] * 5
    # W with its diagonal is a projector: H = -(N - N tr(W) / N) / 2 = -(784 - 5) / 2.
    assert reached["energy"].tolist() == pytest.approx([-389.5] * 5)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--rule", "hebb"], "--rule"),
        (["--rule", "storkey,storkey"], "none twice"),
        (["--rule", "hebbian,hebb"], "--rule"),
        (["--rule", "storkey,hebbian", "--kappa", "2"], "--kappa effect"),
        (["--rule", "storkey,hebbian", "--epochs", "2"], "--epochs effect"),
        (["--rule", "storkey,perceptron", "--normalise", "p"], "--normalise effect"),
        (["--rule", "hebbian,perceptron", "--kappa", "-1"], "--kappa 0"),
        (["--rule", "hebbian,perceptron", "--kappa", "99", "--epochs", "2"], "kappa 99"),
        (["--starts", "0"], "--starts"),
        (["--dynamics", "metropolis"], "--dynamics"),
        (["--start", "somewhere"], "--start"),
        (["--start", "target"], "--start"),
        (["--start", "blend:3:7"], "--start 3 6 1 0 4"),
        (["--start", "text:4x4"], "--start 784 16"),
        (["--start", "text:nowhere.txt"], "nowhere.txt"),
        (["--criterion", "0"], "--criterion 0 1"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(
    run_hopcli: RunHopcli, flags: list[str], words: str
) -> None:
    refusal = run_hopcli(*CENSUS, *flags).refused()
    for piece in words.split():
        assert piece in refusal
    assert not Path("results").exists()
