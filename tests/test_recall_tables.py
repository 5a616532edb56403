"""The tables of a recall, from trials made up so that every number is known."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import counted, random_patterns

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution
from hopcli.experiments import recall_tables, relaxation, trials
from hopcli.experiments.recall import RecallResult
from hopcli.experiments.recall_tables import accuracy_table, outcome_table
from hopcli.experiments.trials import Counts
from hopcli.observables import overlaps
from hopcli.patterns import Patterns
from hopcli.statistics import clustered_interval, exact_interval, thermal_interval
from hopcli.tables.rates import complete

COLUMNS = ["label", "n", "recalled", "accuracy", "sd_repeats", "sem_repeats", "sd_labels"]


def counts_of(recalled: dict[str, list[list[int]]], unit: list[int] | None = None) -> Counts:
    """Trials by label, repeat and place: whether each is recalled, ending in its own pattern."""
    repeats = len(next(iter(recalled.values())))
    rows = [
        (label, bool(hit), "own" if hit else "unsettled")
        for repeat in range(repeats)
        for label, hits in recalled.items()
        for hit in hits[repeat]
    ]
    label, hit, outcome = map(np.array, zip(*rows, strict=True))
    units = None if unit is None else np.array(unit)
    return counted(label, label, outcome, units, hit, size=len(rows) // repeats)


TWO = {"3": [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], "6": [[1] * 4, [1] * 4, [1, 1, 0, 0]]}


def test_each_error_bar_of_the_accuracies_has_a_column_of_its_own() -> None:
    table = accuracy_table(counts_of(TWO))
    assert table.names == [*COLUMNS, "ci_low", "ci_high"]
    assert table["label"].tolist() == ["3", "6", "overall"]
    assert table["n"].tolist() == [12, 12, 24]
    assert table["recalled"].tolist() == [6, 10, 16]
    assert table["accuracy"].tolist() == pytest.approx([1 / 2, 5 / 6, 2 / 3])
    # Repeats: 3/4, 1/2, 1/4 and 1, 1, 1/2; their means over labels 7/8, 3/4, 3/8.
    sd = [0.25, np.std([1, 1, 0.5], ddof=1), np.std([7 / 8, 3 / 4, 3 / 8], ddof=1)]
    assert table["sd_repeats"].tolist() == pytest.approx(sd)
    assert table["sem_repeats"].tolist() == pytest.approx((np.array(sd) / 3**0.5).tolist())
    assert np.isnan(table["sd_labels"]).tolist() == [True, True, False]
    assert table["sd_labels"][-1] == pytest.approx((5 / 6 - 1 / 2) / 2)
    for text in (table, recall_tables.repeat_table(counts_of(TWO))):  # text even if they are digits
        assert {type(label) for label in text["label"].tolist()} == {str}


def test_all_images_tested_leave_the_noise_within_them() -> None:
    """Four images thrice: two recalled always, one never, one at times."""
    counts = counts_of({"3": [[1, 1, 0, 1], [1, 1, 0, 0], [1, 1, 0, 1]]}, [*range(4)] * 3)
    widths = []
    for population, interval in ((False, clustered_interval), (True, thermal_interval)):
        expected = list(interval([3, 3, 0, 2], [3, 3, 3, 3]))
        for work in (accuracy_table, outcome_table):
            table = work(counts, population=population)
            complete([table])
            assert [table["ci_low"][0], table["ci_high"][0]] == expected
        widths.append(expected[1] - expected[0])
    assert widths[1] < widths[0]


def patterns(*labels: str) -> Patterns:
    xi, rows = random_patterns(1, len(labels), 12), np.arange(len(labels))
    return Patterns(xi, labels, rows, (3, 4), rows[:0], "made up", "")


LABELS = np.array(["3"] * 20 + ["9"] * 10)
BEST = np.array(["3"] * 18 + ["6"] * 12)
OUTCOMES = np.array(["own"] * 18 + ["other"] + ["unsettled"] + ["pattern"] * 10)


def test_what_was_not_seen_has_a_row_with_its_upper_bound() -> None:
    made = outcome_table(counted(LABELS, BEST, OUTCOMES), patterns("3", "6", "1", "3"))
    complete([made])
    table = made.frame()
    found = table.groupby("label", sort=False)["outcome"].agg(list).to_dict()
    none = ["inverse", "mixture", "fixed-point", "two-cycle"]
    assert found["3"] == ["own", "other", "unsettled", *none]
    assert found["9"] == ["pattern", *none, "unsettled"]
    assert table["pattern"].tolist() == ["3", "6", *[""] * 5, "6", *[""] * 5]
    for label, n in (("3", 20), ("9", 10)):
        unseen = table[(table["label"] == label) & (table["count"] == 0)]
        assert unseen[["fraction", "ci_low"]].to_numpy().tolist() == [[0, 0]] * len(unseen)
        assert unseen["ci_high"].tolist() == [exact_interval(0, n)[1]] * len(unseen)
    assert table.groupby("label", sort=False)["fraction"].sum().tolist() == pytest.approx([1, 1])


def test_what_cannot_be_is_not_listed() -> None:
    def kinds(*labels: str, cycles: bool = True) -> list[str]:
        own = counted(LABELS[:18], BEST[:18], OUTCOMES[:18])
        table = outcome_table(own, patterns(*labels), cycles=cycles)
        return list(table["outcome"])

    assert kinds("3") == ["own", "inverse", "fixed-point", "two-cycle", "unsettled"]
    two = ["own", "other", "inverse", "fixed-point", "unsettled"]
    assert kinds("3", "6", cycles=False) == two
    assert "other" not in kinds("3", "3", "3")
    assert "mixture" in kinds("3", "3", "3")


def test_ends_are_counted_by_pattern_inverse_and_what_else_they_are() -> None:
    label = np.array(["9", "3", "3", "3", "3", "3", "9"])
    best = np.array(["6", "3", "6", "6", "3", "3", "3"])
    outcome = np.array(["pattern", "own", "other", "inverse", "mixture", "unsettled", "inverse"])
    table = recall_tables.confusion_table(counted(label, best, outcome))
    columns = ["3", "6", "inverse 3", "inverse 6", "none", "mixture", "fixed-point", "two-cycle"]
    columns.append("unsettled")
    assert sorted(table) == sorted(["label", *columns])
    found = dict(zip(table["label"], map(list, table.only(columns).rows()), strict=True))
    assert found == {"9": [0, 1, 1, 0, 0, 0, 0, 0, 0], "3": [1, 1, 0, 1, 2, 1, 0, 0, 1]}


SETTINGS: list[dict[str, Any]] = [{"tests": "all", "repeats": 3}]
SETTINGS += [{"tests": 9, "repeats": 11, "trace": True}]
SETTINGS += [{"start": "random", "tests": 20, "repeats": 5, "rule": "hebbian"}]


def run(settings: dict[str, Any], *, keep: bool = True) -> RecallResult:
    values = {"dataset": "digits", "digits": "3,6,8", "sweeps": 2, "criterion": 0.9, **settings}
    execution = RecallExecution(keep=("trials",) if keep else None)
    result: RecallResult = experiments.run(RecallConfig.from_values(values), execution)
    return result


@pytest.mark.parametrize("settings", SETTINGS)
def test_tables_of_any_blocks(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    whole, alone = run(settings), run(settings, keep=False)
    monkeypatch.setattr(relaxation, "_BLOCK", 7)
    in_sevens = run(settings)
    names = [*whole.tables]
    assert [*in_sevens.tables] == names
    assert [*alone.tables] == [name for name in names if name != "trials"]
    for found in (in_sevens, alone):
        for name, table in found.tables.items():
            pd.testing.assert_frame_equal(table, whole.tables[name], check_exact=True)
    for name, array in whole.arrays["recall"].items():
        assert np.array_equal(in_sevens.arrays["recall"][name], array)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_tables_are_those_of_the_trials(settings: dict[str, Any]) -> None:
    """Each is counted again from the rows, independently."""
    result = run(settings)
    of_all = result.tables["trials"]
    labels = of_all["label"].drop_duplicates().to_list()
    unit = of_all["source_index"].where(of_all["source_index"] >= 0, of_all.index)
    interval = thermal_interval if settings["tests"] == "all" else clustered_interval

    def by_unit(hit: Any, label: str) -> list[float]:
        own = of_all["label"] == label
        units = hit[own].groupby(unit[own])
        return [*interval(units.sum(), units.size())]

    accuracy = result.tables["accuracy"].set_index("label")
    assert accuracy.index.to_list() == [*labels, "overall"]
    for label, rows in (*of_all.groupby("label"), ("overall", of_all)):
        row = accuracy.loc[label]
        assert (row["n"], row["recalled"]) == (len(rows), rows["recalled"].sum())
        if label != "overall":
            assert [row["ci_low"], row["ci_high"]] == by_unit(of_all["recalled"], str(label))
    again = of_all.groupby(["repeat", "label"], sort=False)["recalled"].mean().reset_index()
    repeats = result.tables["repeats"]
    assert repeats[["repeat", "label"]].equals(again[["repeat", "label"]])
    assert repeats["accuracy"].to_list() == again["recalled"].to_list()
    stored = ~of_all["outcome"].isin(["mixture", "fixed-point", "two-cycle", "unsettled"])
    pattern = of_all["best_label"].where(stored, "")
    ended = of_all.groupby(["label", "outcome", pattern]).size().to_dict()
    seen = result.tables["outcomes"][result.tables["outcomes"]["count"] > 0]
    assert seen.set_index(["label", "outcome", "pattern"])["count"].to_dict() == ended
    for _, row in seen.iterrows():
        hit = (of_all["outcome"] == row["outcome"]) & (pattern == row["pattern"])
        assert [row["ci_low"], row["ci_high"]] == by_unit(hit, row["label"])
    confusion = result.tables["confusion"].set_index("label")
    for label, outcome in itertools.product(labels, ["mixture", "fixed-point", "unsettled"]):
        assert confusion.loc[label, outcome] == ended.get((label, outcome, ""), 0)
    first = of_all.groupby(["label", "recalled"], sort=False).head(2).reset_index(names="trial")
    pd.testing.assert_frame_equal(result.tables["gallery"], first, check_exact=True)
    m = overlaps(result.gallery.end, result.patterns.xi)
    assert np.all(np.any(m == first["best_overlap"].to_numpy()[:, None], axis=1))


def test_a_run_takes_no_more_memory_for_more_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Except a rate and a count per label and repeat; kept trials go to a file."""
    monkeypatch.setattr(relaxation, "_BLOCK", 250)
    monkeypatch.setattr(trials, "_IN_MEMORY", 500)

    def taken(repeats: int) -> int:
        settings: dict[str, Any] = {"dataset": "text:3x3", "rule": "hebbian", "start": "flip:0.4"}
        plan = experiments.plan(RecallConfig(**settings, tests=50, repeats=repeats))
        tracemalloc.start()
        result = plan.run(RecallExecution(keep=("trials",)), experiments.no_progress)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(result.tables["trials"]) == 100 * repeats
        return most

    taken(5)
    few, many = taken(5), taken(50)
    assert many < few + 100_000
    assert many < 1.5 * few
