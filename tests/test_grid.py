"""Grids from files and from the shell, and averages over one of their keys."""

from __future__ import annotations

import itertools
import json
import math
import tomllib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hopcli.catalogue import CATALOGUE, entry
from hopcli.errors import SettingError
from hopcli.grids import over
from hopcli.grids.grid import Key, read_grid
from hopcli.grids.store import OWN_COLUMNS
from hopcli.grids.texts import read_set, with_sets
from hopcli.statistics import draws_interval, exact_interval
from hopcli.tables import Column, Columns, Estimate, Table, ends_of


def _grid(text: str, command: str = "recall") -> Any:
    return read_grid({"command": command, **tomllib.loads(text)})


def test_a_grid_is_the_product_of_its_keys_and_the_last_one_is_the_fastest() -> None:
    grid = _grid("tests = 7\n[grid]\nrule = ['hebbian', 'storkey']\ntemperature = '0.1:0.3:0.1'")
    assert grid.names == ("rule", "temperature")
    assert len(grid) == 6
    points = list(grid.points())
    expected = list(itertools.product(["hebbian", "storkey"], [0.1, 0.2, 0.3]))
    assert [point.values for point in points] == expected
    assert [point.place for point in points] == list(range(6))
    config, execution = grid.read(points[4])
    assert (config.rule, config.temperature, config.tests) == ("storkey", 0.2, 7)
    assert execution.threads is None


def test_settings_that_belong_together_vary_together() -> None:
    grid = _grid("[grid]\n'digits, selection_seed' = [[[3, 6], 1], [[3, 6, 1], 2]]\nseed = [4, 5]")
    assert grid.names == ("digits", "selection_seed", "seed")
    expected = [(*pair, seed) for pair in (([3, 6], 1), ([3, 6, 1], 2)) for seed in (4, 5)]
    assert [point.values for point in grid.points()] == expected
    assert _grid("[grid]\nseed = '2:10:4'").column("seed") == [2, 6, 10]
    assert _grid("[grid]\ntemperature = '0:1:1'").column("temperature") == [0.0, 1.0]


def test_what_it_says_can_be_said_again() -> None:
    text = "repeats = 2\n[grid]\nsource_indices = ['0:4:1', [7]]\n'digits, seed' = [[[3], 1]]\n"
    grid = _grid(text + "[plot]\nmap = true\nx = 'seed'")
    again = read_grid(json.loads(json.dumps(grid.to_dict())))
    assert again.to_dict() == grid.to_dict()
    assert list(again.points()) == list(grid.points())
    assert (again.look.map, again.look.x, again.look.by) == (True, "seed", None)


def test_lists_that_grow_are_known_by_their_length() -> None:
    grid = _grid("[grid]\ndigits = [[3, 6], [3], [3, 6, 1]]\nsource_indices = ['0:4:1', '1:9:1']")
    digits, indices = grid.keys()
    assert digits.sizes == {"3,6": 2, "3": 1, "3,6,1": 3}
    assert indices.sizes is None  # 1 to 9 does not begin with 0 to 4
    assert digits.help == entry("recall").settings["digits"].help


@pytest.mark.parametrize(
    ("text", "name", "values"),
    [
        ("temperature=2:1:linear", "temperature", ["2:1:linear"]),
        ("digits=3,6,1", "digits", [["3", "6", "1"]]),
        ("start=image,flip:0.1;random:0.5", "start", ["image,flip:0.1", "random"]),
        ("quench=true,false", "quench", [True, False]),
        ("tests=all", "tests", ["all"]),
        ("tests = 5, 6", "tests", [5, 6]),
        ("attempts-per-sweep=N,N/2", "attempts_per_sweep", ["N", "N/2"]),
        ("theta=0:1:0.5", "theta", [0.0, 0.5, 1.0]),
        ("digits, seed=[[[3], 1]]", "digits, seed", [[[3], 1]]),
        ("threads=2", "threads", [2]),
    ],
)
def test_a_text_from_the_shell(text: str, name: str, values: list[Any]) -> None:
    assert read_set(entry("recall"), text) == (name, values)


def test_a_list_of_numbers_is_one_value_where_it_can_be() -> None:
    scan, capacity = entry("temperature-scan"), entry("capacity")
    assert len(read_set(scan, "temperatures=0.1:0.9:0.1")[1]) == 1
    assert read_set(capacity, "rule=hebbian,storkey")[1] == [["hebbian", "storkey"]]
    assert read_set(capacity, "rule=hebbian;storkey")[1] == [["hebbian"], ["storkey"]]


def test_the_shell_comes_on_top_of_a_file() -> None:
    file = {"command": "recall", "tests": 3, "grid": {"rule": ["hebbian"], "seed": [1, 2]}}
    made = with_sets(file, ["rule=storkey,hebbian", "tests=4,5", "seed=9", "repeats=2"])
    grid = read_grid(made)
    assert grid.names == ("rule", "tests")
    assert grid.fixed == {"seed": 9, "repeats": 2}
    assert grid.column("rule") == ["storkey", "hebbian"]
    assert file == {"command": "recall", "tests": 3, "grid": {"rule": ["hebbian"], "seed": [1, 2]}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
NAMES = st.sampled_from(["temperature", "rule", "digits", "seed", "tests, seed", "start", "x", ""])


@given(st.dictionaries(NAMES, JSON, max_size=3), st.sampled_from(sorted(CATALOGUE)))
def test_whatever_is_written_is_a_grid_or_refused(table: dict[str, Any], command: str) -> None:
    try:
        grid = read_grid({"command": command, "grid": table})
    except SettingError:
        return
    assert len(grid) == len(list(grid.points())) > 0
    assert read_grid(json.loads(json.dumps(grid.to_dict()))).to_dict() == grid.to_dict()


def test_no_setting_has_a_name_of_the_store() -> None:
    for known in CATALOGUE.values():
        assert "version" not in known.config.settings()
        assert not {table.name for table in known.tables} & {*OWN_COLUMNS, "place", "rowid"}


# --- averages over a key


LABEL = Column("label", "text", key=True)
ACCURACY = Column("accuracy", counts=("recalled", "n"), bounds=(0, 1))
DECLARED = (LABEL, ACCURACY, *ends_of("accuracy", "ci", alone=True))
RATE = Table("accuracy", DECLARED, "accuracy", where={"label": "overall"}).estimate()
LENGTH = Table("lengths", (), "length").estimate()
KEYS = [Key("samples"), Key("rule"), Key("seed")]
N = 40


def average(table: pd.DataFrame, keys: list[Key], key: str, headline: Estimate) -> pd.DataFrame:
    return over.average(Columns.of_frame(table), keys, key, headline).frame()


def rates(seed: int = 3) -> pd.DataFrame:
    """Two labels and all of them, for every combination of three keys."""
    rng = np.random.default_rng(seed)
    rows = []
    for samples, rule, key in itertools.product((10, 500), ("storkey", "hebbian"), range(5)):
        hits = rng.binomial(N, rng.beta(8, 2, 2))
        of_labels = [*hits, hits.sum()]
        trials = [N, N, 2 * N]
        for label, hit, n in zip(("3", "6", "overall"), of_labels, trials, strict=True):
            rows.append((samples, rule, key, label, n, hit, hit / n, 0.1, 0.9))
    names = ["samples", "rule", "seed", "label", "n", "recalled", "accuracy", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=names)


def lengths(values: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"seed": range(len(values)), "length": values})


def test_every_number_is_that_of_the_values_of_the_key() -> None:
    table, kept = rates(), ["samples", "rule", "label"]
    gone = (table["samples"] == 10) & (table["rule"] == "storkey") & (table["seed"] == 2)
    for own_table in (table, table[~gone]):  # a missing cell leaves one value less
        found = average(own_table, KEYS, "seed", RATE)
        means = ["accuracy", "accuracy_sd", "accuracy_sem", "ci_low", "ci_high"]
        assert [*found.columns] == [*kept, "n_seed", *means]
        assert found["n_seed"].dtype.kind == "i"
        order = table[kept].drop_duplicates().reset_index(drop=True)
        pd.testing.assert_frame_equal(found[kept], order)
        for _, row in found.iterrows():
            own = own_table[(own_table[kept] == row[kept]).all(axis=1)]
            values, n = own["accuracy"], len(own)
            interval = draws_interval(values, 1, most=own["n"].max())
            expected = [n, values.mean(), values.std(), values.std() / math.sqrt(n), *interval]
            assert row[["n_seed", *means]].tolist() == pytest.approx(expected)
    within = average(table, KEYS, "rule", RATE)
    assert [*within.columns[:4]] == ["samples", "seed", "label", "n_rule"]
    other = average(table, KEYS, "seed", RATE.of("n"))
    assert set(other["n"]) == {N, 2 * N}
    assert "n_ci_low" in other.columns


def test_values_count_alike_however_many_trials_each_has() -> None:
    table = pd.DataFrame(
        {"seed": [1, 2, 3], "n": [10, 1000, 10], "recalled": [10, 0, 10], "accuracy": [1.0, 0, 1]}
    )
    found = average(table, [Key("seed")], "seed", RATE).iloc[0]
    assert found["accuracy"] == pytest.approx(2 / 3)
    expected = draws_interval([1.0, 0.0, 1.0], 1, most=1000)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(expected)


def test_values_that_hardly_differ_have_no_more_trials_than_were_run() -> None:
    hits, n = [5, 501], [10, 1000]
    table = pd.DataFrame({"seed": [1, 2], "n": n, "recalled": hits, "accuracy": np.divide(hits, n)})
    found = average(table, [Key("seed")], "seed", RATE).iloc[0]
    trials = 4 / (1 / 10 + 1 / 1000)
    expected = exact_interval(0.5005 * trials, trials)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx(expected)


def test_other_numbers_have_student_s_t() -> None:
    values = [3.0, 5.0, 4.0, 8.0]
    found = average(lengths(values), [Key("seed")], "seed", LENGTH)
    names = ["length", "length_sd", "length_sem", "length_ci_low", "length_ci_high"]
    assert [*found.columns] == ["n_seed", *names]
    interval = stats.t.interval(0.95, 3, np.mean(values), stats.sem(values))
    expected = [4, 5.0, np.std(values, ddof=1), stats.sem(values), *interval]
    assert found.iloc[0].tolist() == pytest.approx(expected)
    one = average(lengths([3.0, math.nan]), [Key("seed")], "seed", LENGTH).iloc[0]
    assert one[["n_seed", "length"]].tolist() == [1, 3.0]
    assert one[names[1:]].isna().all()
    none = average(lengths([math.nan, math.nan]), [Key("seed")], "seed", LENGTH).iloc[0]
    assert none["n_seed"] == 0
    assert none.iloc[1:].isna().all()


def test_what_varies_together_is_averaged_together() -> None:
    """So are two patterns of one label: their mean is one value."""
    keys = [Key("seed"), Key("selection_seed")]
    table = lengths([3.0, 5.0]).assign(selection_seed=[7, 9])
    found = average(table, keys, "seed", LENGTH)
    assert found["length"].tolist() == [4.0]
    assert "selection_seed" not in found.columns
    one = average(lengths([3.0]).assign(rule="hebbian"), [*keys[:1], Key("rule")], "seed", LENGTH)
    assert one["rule"].tolist() == ["hebbian"]
    two = average(lengths([3.0, 5.0]).assign(rule="a"), [*keys[:1], Key("rule")], "seed", LENGTH)
    assert two[["rule", "length"]].to_numpy().tolist() == [["a", 4.0]]
    twice = pd.concat([lengths([2.0, 6.0]), lengths([4.0, 8.0])])
    row = average(twice, keys[:1], "seed", LENGTH).iloc[0]
    assert row[["n_seed", "length"]].tolist() == [2, 5.0]
    assert row["length_sd"] == pytest.approx(np.std([3, 7], ddof=1))


def test_values_that_are_all_at_an_end_count_as_one_trial_each() -> None:
    found = average(rates().assign(accuracy=1.0), KEYS, "seed", RATE)
    np.testing.assert_allclose(found["ci_low"], 0.025 ** (1 / 5))
