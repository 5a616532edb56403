"""``hopcli capacity``: where each rule's patterns go, and the tables' own logic."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import experiment
from shell import Shell, read_json, table

from hopcli.datasets import load_dataset
from hopcli.rules import RULES as RULES_OF

CAPACITY = "capacity --no-figures --quiet --overwrite --out out"
MEASURED = ["fixed", "overlap_pattern", "overlap_flipped"]
RULES = ("hebbian", "storkey", "pseudo-inverse")


def capacity(*rules: str, **settings: Any) -> pd.DataFrame:
    """The table of a run of one size, one load or several."""
    return experiment("capacity", rule=rules, **settings).tables["capacity"]


def test_hebbian_patterns_fall_between_loads_012_and_016() -> None:
    found = capacity("hebbian", sizes=(1000,), loads=(0.12, 0.16), draws=2, tests=20)
    below, above = found["overlap_pattern"].tolist()
    assert below > 0.97
    assert above < 0.93


def test_pseudo_inverse_patterns_stay_fixed_up_to_n_less_one() -> None:
    found = capacity("pseudo-inverse", sizes=(200,), loads=(0.1, 0.5, 0.9, 1), draws=2)
    assert found["patterns"].tolist() == [20, 100, 180, 199]
    assert found["fixed"].tolist() == [1] * 4
    assert found["overlap_pattern"].tolist() == [1] * 4
    assert found["overlap_flipped"][0] == pytest.approx(1)
    assert found["overlap_flipped"][2] < 0.9  # the basins have shrunk


def test_one_step_turns_the_sites_over_that_gaussian_noise_says() -> None:
    """P(x < -1) of crosstalk with variance (p - 1) / N [Amit 1989]; 0.355 % at 0.138 N."""
    found = capacity("hebbian", sizes=(1000,), loads=(0.138, 0.3), tests=1, draws=6)
    for _, row in found.iterrows():
        expected = math.erfc(1 / math.sqrt(2 * (row["patterns"] - 1) / 1000)) / 2
        assert row["wrong_first"] == pytest.approx(expected, rel=0.12)
        low, high = (row[f"wrong_first_{end}"] for end in ("ci_low", "ci_high"))
        assert low < expected < high
    assert math.erfc(1 / math.sqrt(2 * 0.138)) / 2 == pytest.approx(0.00355, abs=1e-5)
    exact = capacity("pseudo-inverse", sizes=(60,), loads=(0.3,), draws=2).iloc[0]
    assert [exact[f"wrong_first{part}"] for part in ("", "_ci_low", "_ci_high")] == [0, 0, 0]


def test_storkeys_basins_are_wider_where_both_rules_store() -> None:
    """Half-radii by another program: 0.432 and 0.408 at 0.05 N, 0.385 and 0.311 at 0.10 N."""
    settings: dict[str, Any] = {"sizes": (400,), "loads": (0.05, 0.1)}
    found = capacity(*RULES[:2], **settings, draws=5, basins=True)
    radius = found.set_index(["rule", "load"])["half_radius"]
    for rule, values in {"storkey": [0.432, 0.385], "hebbian": [0.408, 0.311]}.items():
        assert radius[rule].tolist() == pytest.approx(values, abs=0.014)
    low, high = (found[f"half_radius_{end}"] for end in ("ci_low", "ci_high"))
    assert np.all((low < found["half_radius"]) & (found["half_radius"] < high))
    assert "half_radius" not in capacity("hebbian", sizes=(20,), loads=(0.1,), draws=2)


def test_theory_says_where_each_rule_ends() -> None:
    run = experiment("capacity", rule=RULES, sizes=(20, 50), loads=(0.1,), draws=1)
    assert list(run.tables["theory"].columns) == ["size", "rule", "of", "load"]
    assert [tuple(row) for row in run.tables["theory"].to_numpy().tolist()] == [
        (n, rule, of, pytest.approx(load))
        for n in (20, 50)
        for rule in RULES
        for of, load in RULES_OF[rule].capacity(n, **RULES_OF[rule].complete({})).items()
    ]
    settings = {"sizes": (20,), "loads": (0.05,), "draws": 1, "kappa": 0.0}
    theory = experiment("capacity", rule=("perceptron",), **settings).tables["theory"]
    assert theory["load"].tolist() == [pytest.approx(2)]


def test_without_couplings_nothing_was_measured() -> None:
    """No draw can be stored at load 0.9, all at 0.1, some in between."""
    settings: dict[str, Any] = {"sizes": (30,), "draws": 4, "epochs": 30, "tests": 5}
    found = capacity("hebbian", "perceptron", **settings, loads=(0.1, 0.35, 0.9))
    assert found["draws"].tolist() == [4] * 6
    hebbian, perceptron = (found[found["rule"] == rule] for rule in ("hebbian", "perceptron"))
    assert hebbian["learnt"].tolist() == [4] * 3
    every, some, none = perceptron["learnt"]
    assert (every, none) == (4, 0)
    assert 0 < some < 4
    assert perceptron["fixed"].tolist()[:2] == [1, 1]
    columns = [f"{name}{part}" for name in MEASURED for part in ("", "_sem", "_ci_low", "_ci_high")]
    unknown = perceptron[columns].isna().to_numpy().tolist()
    assert unknown == [[False] * 12, [False] * 12, [True] * 12]


def test_dependent_patterns_are_not_storable(shell: Shell) -> None:
    """One of two equal drawings can be stored, but not both."""
    run = "capacity --no-figures --patterns images --dataset text:same.txt --loads 1 --draws 2"
    for picture, learnt in (("##", 2), ("##.", 0)):
        Path("same.txt").write_text("\n\n".join([picture] * 3))
        shell.run(f"{run} --rule pseudo-inverse --out {len(picture)}")
        found = table(f"{len(picture)}/capacity.csv")
        assert found["learnt"].tolist() == [learnt]
        assert found["fixed"].isna().tolist() == [learnt == 0]


def test_loads_become_numbers_of_patterns() -> None:
    """Rounded, at least 1 and at most N - 1; equal numbers of patterns are measured alike."""
    found = capacity("storkey", sizes=(10, 64), loads=(0.01, 0.14, 0.5, 0.94, 1), draws=2)
    assert found["size"].tolist() == [10] * 5 + [64] * 5
    assert found["load"].tolist() == [0.01, 0.14, 0.5, 0.94, 1] * 2
    assert found["patterns"].tolist() == [1, 1, 5, 9, 9, 1, 9, 32, 60, 63]
    assert found["draws"].tolist() == [2] * 10
    rows = found[MEASURED].to_numpy().tolist()
    assert rows[0] == rows[1]
    assert rows[3] == rows[4]


def test_a_load_is_measured_alike_with_and_without_others() -> None:
    """Storkey goes on from load to load; that must not show."""
    every = capacity(*RULES, sizes=(80,), draws=2, loads=(0.1, 0.2, 0.3, 0.4))
    two = capacity(*RULES, sizes=(80,), draws=2, loads=(0.3, 0.4))
    same = every[every["load"] >= 0.3].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, two, check_exact=False, rtol=1e-9)


def test_intervals_at_one_are_of_patterns_and_narrow_only_by_construction() -> None:
    found = capacity("hebbian", "pseudo-inverse", sizes=(400,), loads=(0.02,), draws=5, tests=6)
    assert found[MEASURED].to_numpy().tolist() == [[1] * 3] * 2
    assert found["patterns"].tolist() == [8, 8]
    hebbian, exact = found[[f"{name}_ci_low" for name in MEASURED]].to_numpy().tolist()
    fixed, overlap = 0.025 ** (1 / 40), 2 * 0.025 ** (1 / 30) - 1
    assert hebbian == pytest.approx([fixed, overlap, overlap])
    assert exact == pytest.approx([1, 1, overlap])  # whether flips are undone is no theorem
    assert found[[f"{name}_ci_high" for name in MEASURED]].to_numpy().tolist() == [[1] * 3] * 2


def test_images_of_any_data_set_are_harder_than_random_patterns(shell: Shell) -> None:
    """The manifest names the data set of images, and none of random patterns."""
    run = f"{CAPACITY} --draws 2 --rule hebbian,pseudo-inverse"
    lowest = []
    large, small = ("", 784, "0.01,0.02", [8, 16]), ("--dataset digits", 64, "0.05,0.1", [3, 6])
    for data, size, loads, patterns in (large, small):
        shell.run(f"{run} --patterns images {data} --loads {loads}")
        found = table("out/capacity.csv")
        assert found["size"].tolist() == [size] * 4
        assert found["patterns"].tolist() == patterns * 2
        assert found.query("rule == 'pseudo-inverse'")["fixed"].tolist() == [1, 1]
        lowest.append(found.query("rule == 'hebbian'")["fixed"].max())
    manifest, digits = read_json("out/capacity.json"), load_dataset("digits")
    assert manifest["dataset"] == {"name": digits.name, "sha256": digits.sha256}
    assert manifest["inputs"] == {"dataset": digits.sha256}
    shell.run(f"{run} --sizes 64,784 --loads 0.01,0.02")
    assert read_json("out/capacity.json")["inputs"] == {}
    assert lowest[0] < 0.2
    assert lowest[1] < 1 == table("out/capacity.csv")["fixed"].min()


def test_each_of_several_rules_is_measured_with_its_own_parameters() -> None:
    settings: dict[str, Any] = {"sizes": (50,), "loads": (0.3,), "draws": 2}
    both = capacity("hebbian", "perceptron", **settings, kappa=0.1)[1:].reset_index(drop=True)
    alone, firmer = (capacity("perceptron", **settings, kappa=kappa) for kappa in (0.1, 0.3))
    pd.testing.assert_frame_equal(both, alone, check_dtype=False)
    assert not firmer.equals(alone)
