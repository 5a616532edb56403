"""``hopcli attractors``: the census against enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from conftest import random_patterns, write_patterns
from shell import Shell, Table, read_json, table

from hopcli.rules import store
from hopcli.statistics import chao1, exact_interval
from hopcli.taxonomy import KINDS

CENSUS = "attractors --no-figures --quiet --overwrite --out out"
RULES = ["hebbian", "storkey", "pseudo-inverse"]
N_SITES = 10
THETA = np.round(np.random.default_rng(5).normal(0, 0.05, N_SITES), 6)


def attractors() -> Table:
    return table("out/attractors.csv")


@pytest.mark.parametrize("flags", ["", "--theta theta.txt"])
@pytest.mark.parametrize(("rule", "seed"), [("hebbian", 0), ("storkey", 1), ("pseudo-inverse", 2)])
def test_rows_have_the_numbers_of_their_states(
    shell: Shell, rule: str, seed: int, flags: str
) -> None:
    """All of them are compared with an enumeration in test_taxonomy."""
    xi, theta = random_patterns(seed, 3, N_SITES), THETA if flags else np.zeros(N_SITES)
    write_patterns("patterns.txt", xi, (1, N_SITES))
    np.savetxt("theta.txt", THETA)
    shell.run(f"{CENSUS} --dataset text:patterns.txt --starts 900 --most 999 --rule {rule} {flags}")
    rows, w = attractors(), store(xi, rule, theta).dense()
    with np.load("out/attractors.npz") as file:
        states = file[rule].astype(float)
    assert rows["rule"].tolist() == [rule] * len(states)
    assert rows["rank"].tolist() == list(range(1, len(states) + 1))
    assert rows["count"].sum() == 900
    assert rows["count"].is_monotonic_decreasing
    assert rows["energy"].tolist() == pytest.approx([-0.5 * s @ w @ s + theta @ s for s in states])
    overlaps = states @ xi.T / N_SITES
    nearest = overlaps[np.arange(len(states)), rows["nearest"].astype(int) - 1]
    assert rows["overlap"].tolist() == pytest.approx(nearest.tolist())
    assert np.abs(nearest).tolist() == np.abs(overlaps).max(axis=1).tolist()
    is_pattern = np.abs(nearest) == 1
    assert np.array_equal(np.isin(rows["kind"], ["pattern", "inverse"]), is_pattern)
    if not flags:  # each state is turned to its nearest pattern
        assert np.all(rows["overlap"] >= 0)
        assert set(rows["kind"]) <= {"pattern", "mixture", "fixed-point"}


@pytest.mark.parametrize("dynamics", ["async", "sync"])
def test_counts_intervals_and_kinds_agree(shell: Shell, dynamics: str) -> None:
    shell.run(f"{CENSUS} --rule {','.join(RULES)} --starts 300 --dynamics {dynamics}")
    rows, every = attractors(), table("out/kinds.csv")
    total, found = every[every["kind"] == "attractors"], every[every["kind"] != "attractors"]
    assert total["rule"].tolist() == RULES
    assert total["count"].tolist() == [300] * 3
    distinct = found.groupby("rule", sort=False)["distinct"].sum()
    assert total["distinct"].tolist() == distinct.tolist()
    for some in (rows, found):
        assert list(dict.fromkeys(some["rule"])) == RULES
        assert some.groupby("rule")["count"].sum().tolist() == [300] * 3
        intervals = np.array([exact_interval(n, 300) for n in some["count"].to_list()])
        np.testing.assert_allclose(some[["ci_low", "ci_high"]], intervals, rtol=0, atol=1e-9)
    # What was never met has its upper bound, and no guess at how many there are.
    possible = set(KINDS) - {"inverse"} - ({"two-cycle"} if dynamics == "async" else set())
    assert set(zip(found["rule"], found["kind"], strict=True)) == set(product(RULES, possible))
    assert len(found) == 3 * len(possible)
    unseen, seen = found[found["count"] == 0], found[found["count"] > 0]
    assert len(unseen)
    assert unseen["chao1"].isna().all()
    columns = ["chao1", "chao1_ci_low", "chao1_ci_high"]
    counts = {key: own["count"] for key, own in rows.groupby(["rule", "kind"])}
    assert len(seen) == len(counts)
    counts |= {(rule, "attractors"): own["count"] for rule, own in rows.groupby("rule")}
    for _, row in every[every["count"] > 0].iterrows():
        own = counts[row["rule"], row["kind"]]
        assert (row["distinct"], row["count"]) == (len(own), own.sum())
        assert row[columns].tolist() == pytest.approx(chao1(own), abs=1e-6)
    with np.load("out/attractors.npz") as states:
        for rule in RULES:
            assert len(states[rule]) == min(12, int(np.sum(rows["rule"] == rule)))


def test_too_few_sweeps_leave_states_unsettled(shell: Shell) -> None:
    run = f"{CENSUS} --starts 50 --rule storkey"
    shell.run(f"{run} --sweeps 1")
    kinds = table("out/kinds.csv").set_index("kind")
    unsettled, settled = kinds.loc["unsettled"], kinds.loc["attractors"]
    assert np.isnan(unsettled["chao1"])
    assert settled["count"] == 50 - unsettled["count"] < 50
    assert settled["distinct"] == kinds["distinct"].iloc[:-1].sum() - unsettled["distinct"]
    assert settled["chao1_ci_low"] >= settled["distinct"]
    shell.run(run)
    assert table("out/kinds.csv").set_index("kind").loc["unsettled", "count"] == 0


def test_given_starts_are_taken_in_turn(shell: Shell) -> None:
    for start, kind in (("pattern", "pattern"), ("inverse --theta 0.001", "inverse")):
        shell.run(f"{CENSUS} --starts 7 --rule pseudo-inverse --start {start}")
        rows = attractors().set_index("nearest")
        assert rows["count"].to_dict() == {"3": 2, "6": 2, "1": 1, "0": 1, "4": 1}
        assert set(rows["kind"]) == {kind}


def test_the_manifest_names_the_mixtures_that_were_looked_for(shell: Shell) -> None:
    write_patterns("patterns.txt", random_patterns(0, 21, 60), (6, 10))
    for digits, method in (("--digits 1,2", "none"), ("--digits 1,2,3", "all"), ("", "nearest")):
        shell.run(f"{CENSUS} --dataset text:patterns.txt --rule hebbian --starts 30 {digits}")
        assert read_json("out/attractors.json")["notes"]["mixtures"] == method


def test_digits_drown_under_hebbian_and_not_the_pseudo_inverse(shell: Shell) -> None:
    shell.run(f"{CENSUS} --rule hebbian,pseudo-inverse --starts 1500")
    rows = attractors()
    assert not set(rows.query("rule == 'hebbian'")["kind"]) & {"pattern", "inverse"}
    reached = rows.query("rule == 'pseudo-inverse' and kind == 'pattern'")
    assert sorted(reached["nearest"]) == ["0", "1", "3", "4", "6"]
    assert reached["overlap"].tolist() == [1] * 5
    # W with its diagonal is a projector: H = -(N - N tr(W) / N) / 2 = -(784 - 5) / 2.
    assert reached["energy"].tolist() == pytest.approx([-389.5] * 5)
