"""``hopcli capacity``: where each rule's patterns go, and the tables' own logic."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hopcli import experiments
from hopcli.config import CapacityConfig
from hopcli.datasets import load_dataset
from hopcli.experiments.capacity import CapacityResult
from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

OUT = Path("results/capacity")
CAPACITY = ["capacity", "--no-figures", "--quiet", "--overwrite"]
MEASURED = ("fixed", "overlap_pattern", "overlap_flipped")


def _table(out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / "capacity.csv")


def _capacity(**settings: object) -> CapacityResult:
    result = experiments.run(CapacityConfig.from_values(settings))
    assert isinstance(result, CapacityResult)
    return result


def test_hebbian_patterns_fall_between_loads_012_and_016(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--rule", "hebbian", "--sizes", "1000", "--loads", "0.12,0.16"]
    assert run_hopcli(*run, "--draws", "4").code == 0
    table = _table()
    below, above = table["overlap_pattern"].tolist()
    assert below > 0.97
    assert above < 0.93
    # Far apart, measured by the intervals, too.
    assert table["overlap_pattern_ci_low"][0] > table["overlap_pattern_ci_high"][1]


def test_pseudo_inverse_patterns_stay_fixed_up_to_n_less_one(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--rule", "pseudo-inverse", "--sizes", "200"]
    assert run_hopcli(*run, "--loads", "0.1,0.5,0.9,1", "--draws", "3").code == 0
    table = _table()
    assert table["patterns"].tolist() == [20, 100, 180, 199]
    assert table["fixed"].tolist() == [1] * 4
    assert table["overlap_pattern"].tolist() == [1] * 4
    assert table["overlap_flipped"][0] == pytest.approx(1)
    assert table["overlap_flipped"][2] < 0.9, "the basins have shrunk to less than 10 % flips"


def test_storkey_never_holds_fewer_than_hebbian_and_clearly_more_from_014_on() -> None:
    loads = (0.02, 0.06, 0.1, 0.14, 0.16, 0.2, 0.25, 0.3)
    settings = {"rule": ("hebbian", "storkey"), "sizes": (300,), "loads": loads, "tests": 15}
    table = _capacity(**settings, draws=4, seed=3).tables["capacity"]
    hebbian, storkey = (table[table["rule"] == rule] for rule in ("hebbian", "storkey"))
    assert hebbian["load"].tolist() == storkey["load"].tolist() == list(loads)
    for quantity in MEASURED[:2]:
        assert np.all(storkey[quantity].to_numpy() >= hebbian[quantity].to_numpy())
    later = hebbian["load"].to_numpy() >= 0.14
    more = storkey["fixed"].to_numpy() - hebbian["fixed"].to_numpy()
    assert np.all(more[later] > 0.25)
    assert hebbian["fixed"].iloc[0] == storkey["fixed"].iloc[0] == 1
    assert hebbian["fixed"].is_monotonic_decreasing


def test_one_step_turns_the_sites_over_that_gaussian_noise_says() -> None:
    """P(x < -1) of crosstalk with variance (p - 1) / N [Amit 1989]; 0.355 % at 0.138 N."""
    settings = {"rule": ("hebbian",), "sizes": (1000,), "loads": (0.138, 0.3), "tests": 1}
    table = _capacity(**settings, draws=6).tables["capacity"]
    for _, row in table.iterrows():
        expected = math.erfc(1 / math.sqrt(2 * (row["patterns"] - 1) / 1000)) / 2
        assert row["wrong_first"] == pytest.approx(expected, rel=0.12)
        assert row["wrong_first_ci_low"] < expected < row["wrong_first_ci_high"]
    assert math.erfc(1 / math.sqrt(2 * 0.138)) / 2 == pytest.approx(0.00355, abs=1e-5)


def test_what_is_exact_by_construction_has_no_wrong_site() -> None:
    settings = {"rule": ("pseudo-inverse",), "sizes": (60,), "loads": (0.3,), "draws": 2}
    row = _capacity(**settings).tables["capacity"].iloc[0]
    assert [row[f"wrong_first{part}"] for part in ("", "_ci_low", "_ci_high")] == [0, 0, 0]


def test_storkeys_basins_are_wider_where_both_rules_store() -> None:
    """Half-radii by another program: 0.432 and 0.408 at 0.05 N, 0.385 and 0.311 at 0.10 N."""
    settings = {"rule": ("hebbian", "storkey"), "sizes": (400,), "loads": (0.05, 0.1)}
    table = _capacity(**settings, draws=5, basins=True).tables["capacity"]
    radius = table.set_index(["rule", "load"])["half_radius"]
    expected = {("storkey", 0.05): 0.432, ("hebbian", 0.05): 0.408}
    expected |= {("storkey", 0.1): 0.385, ("hebbian", 0.1): 0.311}
    for key, value in expected.items():
        assert radius[key] == pytest.approx(value, abs=0.014), key
    assert np.all(table["half_radius_ci_low"] < table["half_radius"])
    assert "half_radius" not in _capacity(**settings, draws=2, tests=2).tables["capacity"]


def test_half_of_the_starts_at_the_half_radius_are_recalled() -> None:
    """One stored pattern: a start is recalled up to just below half of its sites flipped."""
    settings = {"rule": ("hebbian",), "sizes": (101,), "loads": (0.01,), "draws": 3}
    row = _capacity(**settings, basins=True).tables["capacity"].iloc[0]
    assert row["half_radius"] == pytest.approx(50 / 101, abs=0.006)


def test_theory_says_where_each_rule_ends() -> None:
    rules = ("hebbian", "storkey", "pseudo-inverse")
    theory = _capacity(rule=rules, sizes=(20, 50), loads=(0.1,), draws=1).tables["theory"]
    assert list(theory.columns) == ["size", "rule", "of", "load"]
    found = {(row[0], row[1], row[2]): row[3] for row in theory.to_numpy().tolist()}
    assert found == {
        (n, rule, of): pytest.approx(load)
        for n in (20, 50)
        for (rule, of), load in {
            ("hebbian", "all_fixed"): 1 / (4 * math.log(n)),
            ("hebbian", "fixed"): 1 / (2 * math.log(n)),
            ("hebbian", "overlap"): 0.138,
            ("storkey", "fixed"): 1 / math.sqrt(2 * math.log(n)),
            ("pseudo-inverse", "all_fixed"): 1,
        }.items()
    }


def test_the_theory_of_the_perceptron_is_that_of_its_kappa() -> None:
    def load(kappa: float) -> float:
        settings = {"rule": ("perceptron",), "sizes": (20,), "loads": (0.05,), "draws": 1}
        theory = _capacity(**settings, kappa=kappa).tables["theory"]
        assert theory["of"].tolist() == ["all_fixed"]
        return float(theory["load"].iloc[0])

    assert load(0.0) == pytest.approx(2)
    assert load(1.0) == pytest.approx(0.5196, abs=1e-4)


def test_without_couplings_nothing_was_measured() -> None:
    """Not a single draw can be learnt at load 0.9, all at 0.1, some in between."""
    rules = ("hebbian", "perceptron")
    settings = {"rule": rules, "sizes": (40,), "draws": 6, "epochs": 60}
    table = _capacity(**settings, loads=(0.1, 0.35, 0.9)).tables["capacity"]
    assert table["draws"].tolist() == [6] * 6
    hebbian, perceptron = (table[table["rule"] == rule] for rule in rules)
    assert hebbian["learnt"].tolist() == [6] * 3
    every, some, none = perceptron["learnt"]
    assert (every, none) == (6, 0)
    assert 0 < some < 6, "this test takes a load that not every draw can be learnt at"
    assert perceptron["fixed"].tolist()[:2] == [1, 1]
    columns = [f"{name}{part}" for name in MEASURED for part in ("", "_sem", "_ci_low", "_ci_high")]
    assert perceptron[columns].isna().to_numpy().tolist() == [
        [False] * 12,
        [False] * 12,
        [True] * 12,
    ]


def test_dependent_patterns_are_not_storable(run_hopcli: RunHopcli) -> None:
    """Of equal drawings one can be stored, and two cannot."""
    Path("same.txt").write_text("##\n\n##\n\n##\n", encoding="utf-8")
    run = [*CAPACITY, "--patterns", "images", "--dataset", "text:same.txt", "--loads", "1"]
    assert run_hopcli(*run, "--rule", "pseudo-inverse,hebbian", "--draws", "2").code == 0
    table = _table()
    assert table["learnt"].tolist() == [2, 2]
    Path("same.txt").write_text("##.\n\n##.\n\n##.\n", encoding="utf-8")
    done = run_hopcli(*[word for word in run if word != "--quiet"], "--rule", "pseudo-inverse")
    assert done.code == 0
    assert "learnt" in done.out
    table = _table()
    assert table["learnt"].tolist() == [0]
    assert table["fixed"].isna().tolist() == [True]


def test_loads_become_numbers_of_patterns(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--rule", "hebbian", "--draws", "2", "--sizes", "10,64"]
    assert run_hopcli(*run, "--loads", "0.01,0.14,0.5,0.94,1").code == 0
    table = _table()
    assert table["size"].tolist() == [10] * 5 + [64] * 5
    assert table["load"].tolist() == [0.01, 0.14, 0.5, 0.94, 1] * 2
    # Rounded, at least 1 and at most N - 1.
    assert table["patterns"].tolist() == [1, 1, 5, 9, 9, 1, 9, 32, 60, 63]
    assert table["draws"].tolist() == [2] * 10


def test_a_load_is_measured_alike_with_and_without_others(run_hopcli: RunHopcli) -> None:
    """Storkey goes on from load to load; that must not show."""
    run = [*CAPACITY, "--rule", "hebbian,storkey,pseudo-inverse", "--sizes", "80", "--draws", "2"]
    assert run_hopcli(*run, "--loads", "0.1,0.2,0.3,0.4", "--out", "all").code == 0
    assert run_hopcli(*run, "--loads", "0.3,0.4", "--out", "two").code == 0
    every, two = _table(Path("all")), _table(Path("two"))
    same = every[every["load"] >= 0.3].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, two, check_exact=False, rtol=1e-9)


def test_equal_numbers_of_patterns_are_measured_alike(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--rule", "storkey", "--sizes", "20", "--loads", "0.1,0.11,0.2"]
    assert run_hopcli(*run).code == 0
    table = _table()
    assert table["patterns"].tolist() == [2, 2, 4]
    first, second, _ = table[[*MEASURED]].to_numpy().tolist()
    assert first == second


def test_a_few_tested_patterns_stand_for_all() -> None:
    """Storkey's rule forgets the patterns it stored first; those tested must not be they."""
    settings = {"rule": ("storkey",), "sizes": (200,), "loads": (0.45,), "draws": 8}
    few, every = (_capacity(**settings, tests=n).tables["capacity"] for n in (15, 90))
    # The SD over patterns is about 0.1, and 120 are tested: three SD.
    found, expected = (table["overlap_pattern"].iloc[0] for table in (few, every))
    assert found == pytest.approx(expected, abs=0.03)


def test_intervals_hold_the_mean_and_stay_in_range(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--sizes", "60", "--loads", "0.05,0.1,0.2,0.4", "--tests", "10"]
    assert run_hopcli(*run, "--rule", "hebbian,storkey", "--draws", "5").code == 0
    table = _table()
    for name in MEASURED:
        mean, low, high = (table[f"{name}{part}"] for part in ("", "_ci_low", "_ci_high"))
        assert np.all(low <= mean)
        assert np.all(mean <= high)
        assert np.all(low >= (0 if name == "fixed" else -1))
        assert np.all(high <= 1)
        assert np.all(table[f"{name}_sem"] >= 0)
        assert np.all(low < high), "also where all draws are alike"
    # Two fifths of the patterns of five draws are fixed: beyond Student's t (2.776 standard
    # errors with four degrees of freedom) the exact interval allows for so few patterns.
    wide = table["fixed_ci_high"] - table["fixed_ci_low"]
    assert np.all(wide > 2 * 2.7764451 * table["fixed_sem"])
    one = table["fixed"] == 1
    assert one.any()
    for row in table[one].to_dict("records"):
        n = 5 * row["patterns"]
        assert row["fixed_ci_low"] == pytest.approx(0.025 ** (1 / n))


def test_intervals_at_one_are_of_patterns_and_narrow_only_by_construction() -> None:
    rules = ("hebbian", "pseudo-inverse")
    settings = {"rule": rules, "sizes": (400,), "loads": (0.02,), "draws": 5, "tests": 6}
    table = _capacity(**settings).tables["capacity"]
    assert table[[*MEASURED]].to_numpy().tolist() == [[1] * 3] * 2
    assert table["patterns"].tolist() == [8, 8]
    lows = table[[f"{name}_ci_low" for name in MEASURED]]
    fixed, overlap = 0.025 ** (1 / 40), 2 * 0.025 ** (1 / 30) - 1
    assert lows.to_numpy()[0].tolist() == pytest.approx([fixed, overlap, overlap])
    # Whether flips are undone is no theorem.
    assert lows.to_numpy()[1].tolist() == pytest.approx([1, 1, overlap])
    assert table[[f"{name}_ci_high" for name in MEASURED]].to_numpy().tolist() == [[1] * 3] * 2


def test_one_draw_has_no_interval(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--sizes", "30", "--loads", "0.1", "--rule", "hebbian", "--draws", "1"]
    assert run_hopcli(*run).code == 0
    table = _table()
    assert np.isnan(table[[f"{name}_ci_low" for name in MEASURED]].to_numpy()).all()
    assert np.isfinite(table[[*MEASURED]].to_numpy()).all()


def test_digits_are_much_harder_than_random_patterns(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--loads", "0.01,0.02", "--draws", "2", "--rule", "hebbian,pseudo-inverse"]
    assert run_hopcli(*run, "--patterns", "images", "--out", "images").code == 0
    digits = _table(Path("images"))
    assert digits["size"].tolist() == [784] * 4
    assert digits["patterns"].tolist() == [8, 16] * 2
    hebbian = digits[digits["rule"] == "hebbian"]
    assert np.all(hebbian["fixed"] < 0.2)
    assert digits[digits["rule"] == "pseudo-inverse"]["fixed"].tolist() == [1, 1]
    assert run_hopcli(*run, "--patterns", "random", "--out", "random").code == 0
    random = _table(Path("random"))
    assert random["fixed"].tolist() == [1] * 4


def test_flips_of_nothing_start_from_the_pattern(run_hopcli: RunHopcli) -> None:
    run = [*CAPACITY, "--sizes", "60", "--loads", "0.1,0.3", "--rule", "hebbian,storkey"]
    assert run_hopcli(*run, "--flips", "0").code == 0
    table = _table()
    assert table["overlap_flipped"].tolist() == table["overlap_pattern"].tolist()
    assert run_hopcli(*run, "--flips", "0.5").code == 0
    later = _table()
    assert np.all(later["overlap_flipped"] < later["overlap_pattern"] - 0.1)


def test_images_of_any_data_set_are_stored_and_the_manifest_says_which(
    run_hopcli: RunHopcli,
) -> None:
    run = [*CAPACITY, "--patterns", "images", "--dataset", "digits", "--loads", "0.05,0.1"]
    assert run_hopcli(*run, "--draws", "2", "--rule", "hebbian,pseudo-inverse").code == 0
    table = _table()
    assert table["size"].tolist() == [64] * 4
    assert table["patterns"].tolist() == [3, 6] * 2
    assert table[table["rule"] == "pseudo-inverse"]["fixed"].tolist() == [1, 1]
    manifest, digits = read_manifest(OUT, "capacity"), load_dataset("digits")
    chosen = {name: manifest["config"][name] for name in ("patterns", "dataset", "sizes")}
    assert chosen == {"patterns": "images", "dataset": "digits", "sizes": [64]}
    assert manifest["dataset"] == {"name": digits.name, "sha256": digits.sha256}
    assert manifest["inputs"] == {"dataset": digits.sha256}
    # Random patterns of as many sites are held by far more easily.
    assert run_hopcli(*CAPACITY, "--sizes", "64", *run[8:], "--rule", "hebbian").code == 0
    assert read_manifest(OUT, "capacity")["inputs"] == {}
    assert _table()["fixed"].min() > table[table["rule"] == "hebbian"]["fixed"].max()


def test_each_of_several_rules_is_measured_with_its_own_parameters() -> None:
    settings = {"sizes": (50,), "loads": (0.3,), "draws": 2, "kappa": 0.1}
    both = _capacity(rule=("hebbian", "perceptron"), **settings).tables["capacity"]
    alone = _capacity(rule=("perceptron",), **settings).tables["capacity"]
    pd.testing.assert_frame_equal(both[1:].reset_index(drop=True), alone, check_dtype=False)
    firmer = _capacity(rule=("perceptron",), **(settings | {"kappa": 1.5})).tables["capacity"]
    assert not firmer.equals(alone)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sizes", "1"], "--sizes must list whole numbers from 2 to 20000, increasing"),
        (["--sizes", "20,10"], "--sizes must list whole numbers from 2 to 20000, increasing"),
        (["--sizes", "ten"], "--sizes must list whole numbers from 2 to 20000, increasing"),
        (["--loads", "0"], "--loads must be FIRST:LAST:STEP or a list"),
        (["--loads", "0.2,0.1"], "--loads must be FIRST:LAST:STEP or a list"),
        (["--loads", "1.5"], "--loads must be FIRST:LAST:STEP or a list"),
        (["--flips", "0.6"], "--flips must be a number >= 0 and <= 0.5"),
        (["--draws", "0"], "--draws must be a whole number"),
        (["--rule", "hebbian,"], "--rule must list one or more of"),
        (["--patterns", "mnist"], "--patterns must be one of random, images, found 'mnist'"),
        (["--dataset", "digits"], "--dataset has no effect with patterns random"),
        (["--patterns", "images", "--sizes", "60,70"], "--sizes cannot be given with patterns im"),
        (
            ["--patterns", "images", "--dataset", "text:3x3", "--loads", "0.5"],
            "--loads must ask for at most the 2 images of text:3x3, not 4",
        ),
        (["--rule", "storkey,hebbian", "--kappa", "2"], "--kappa has no effect without the perc"),
        (["--rule", "storkey,perceptron", "--normalise", "p"], "--normalise has no effect witho"),
        (["--rule", "hebbian,hebb"], "--rule must list one or more of"),
        (["--patterns", "zebras"], "--patterns must be one of random, images"),
    ],
)
def test_wrong_settings_are_refused_in_one_line(
    run_hopcli: RunHopcli, flags: list[str], words: str
) -> None:
    assert words in run_hopcli(*CAPACITY, *flags).refused()
    assert not Path("results").exists()


def test_the_interval_of_the_half_radius_covers_the_mean_of_many_draws() -> None:
    """Forty runs of five draws each: 95 % are 38, and 34 are exceeded in 98 % of all cases."""
    settings = {"rule": ("hebbian",), "sizes": (60,), "loads": (0.1,), "tests": 6}
    runs = [
        _capacity(**settings, draws=5, basins=True, seed=seed).tables["capacity"].iloc[0]
        for seed in range(40)
    ]
    truth = np.mean([row["half_radius"] for row in runs])
    inside = [row["half_radius_ci_low"] < truth < row["half_radius_ci_high"] for row in runs]
    assert sum(inside) >= 34
    widths = [row["half_radius_ci_high"] - row["half_radius_ci_low"] for row in runs]
    assert np.mean(widths) < 0.2
