"""Averages over a key of a grid: what is averaged with what, and what the interval holds."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hopcli.grids import over
from hopcli.grids.keys import Key
from hopcli.statistics import draws_interval, exact_interval
from hopcli.tables import Column, Columns, Estimate, Table, ends_of

RATE = Table(
    "accuracy",
    (
        Column("label", "text", key=True),
        Column("accuracy", counts=("recalled", "n"), bounds=(0, 1)),
        *ends_of("accuracy", "ci", prefix=""),
    ),
    headline="accuracy",
    where={"label": "overall"},
).estimate()
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


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_values_that_are_all_at_an_end_leave_room(rate: float) -> None:
    table = rates().assign(accuracy=rate)
    found = average(table, KEYS, "seed", RATE)
    assert (found["accuracy"] == rate).all()
    assert (found["accuracy_sd"] == 0).all()
    ends = (0.0, 1 - 0.025 ** (1 / 5)) if rate == 0 else (0.025 ** (1 / 5), 1.0)
    np.testing.assert_allclose(found["ci_low"], ends[0], atol=1e-9)
    np.testing.assert_allclose(found["ci_high"], ends[1], atol=1e-9)


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
