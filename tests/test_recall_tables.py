"""The tables of a recall, from trials made up so that every number is known."""

from __future__ import annotations

import itertools
import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import counted

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution
from hopcli.experiments import blocks, recall
from hopcli.experiments.recall_tables import (
    accuracy_table,
    confusion_table,
    outcome_table,
    repeat_table,
)
from hopcli.observables import overlaps
from hopcli.patterns import Patterns
from hopcli.statistics import clustered_interval, exact_interval, thermal_interval

if TYPE_CHECKING:
    from hopcli.experiments.recall import RecallResult
    from hopcli.experiments.tally import Counts

COLUMNS = ["label", "n", "recalled", "accuracy", "sd_repeats", "sem_repeats", "sd_labels"]


def trials(recalled: dict[str, list[list[int]]], unit: list[int] | None = None) -> Counts:
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


def accuracies(recalled: dict[str, list[list[int]]]) -> pd.DataFrame:
    return accuracy_table(trials(recalled))


def test_each_error_bar_of_the_accuracies_has_a_column_of_its_own() -> None:
    table = accuracies(TWO)
    assert list(table.columns) == [*COLUMNS, "ci_low", "ci_high"]
    assert table["label"].tolist() == ["3", "6", "overall"]
    assert table["n"].tolist() == [12, 12, 24]
    assert table["recalled"].tolist() == [6, 10, 16]
    assert table["accuracy"].tolist() == pytest.approx([1 / 2, 5 / 6, 2 / 3])
    # Repeats: 3/4, 1/2, 1/4 and 1, 1, 1/2; their means over labels 7/8, 3/4, 3/8.
    sd = [0.25, np.std([1, 1, 0.5], ddof=1), np.std([7 / 8, 3 / 4, 3 / 8], ddof=1)]
    assert table["sd_repeats"].tolist() == pytest.approx(sd)
    assert table["sem_repeats"].tolist() == pytest.approx((np.array(sd) / 3**0.5).tolist())
    assert table["sd_labels"].isna().tolist() == [True, True, False]
    assert table["sd_labels"].iloc[-1] == pytest.approx((5 / 6 - 1 / 2) / 2)


def test_a_single_repeat_has_no_sd_over_repeats_but_one_over_labels() -> None:
    table = accuracies({"3": [[1, 0]], "6": [[1, 1]]})
    assert table[["sd_repeats", "sem_repeats"]].isna().to_numpy().all()
    assert table["sd_labels"].iloc[-1] == pytest.approx(0.25)


def test_labels_are_text_even_if_they_are_digits() -> None:
    for table in (accuracies(TWO), repeat_table(trials(TWO))):
        assert all(isinstance(label, str) for label in table["label"])
        assert table["label"].dtype == pd.Series(["3"]).dtype


def test_all_images_tested_leave_the_noise_within_them() -> None:
    """Four images thrice: two recalled always, one never, one at times."""
    counts = trials({"3": [[1, 1, 0, 1], [1, 1, 0, 0], [1, 1, 0, 1]]}, [*range(4)] * 3)
    hits, sizes = [3, 3, 0, 2], [3, 3, 3, 3]
    for population, interval in ((False, clustered_interval), (True, thermal_interval)):
        expected = interval(hits, sizes)
        of_all = accuracy_table(counts, population=population)
        assert of_all[["ci_low", "ci_high"]].to_numpy()[0].tolist() == list(expected)
        outcomes = outcome_table(counts, population=population)
        assert outcomes[["ci_low", "ci_high"]].to_numpy()[0].tolist() == list(expected)
    assert np.ptp(thermal_interval(hits, sizes)) < np.ptp(clustered_interval(hits, sizes))


def patterns(labels: tuple[str, ...]) -> Patterns:
    xi = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (len(labels), 12))
    return Patterns(
        xi=xi,
        labels=labels,
        source_index=np.arange(len(labels)),
        shape=(3, 4),
        sample_index=np.arange(0),
        dataset="made up",
        dataset_sha256="",
    )


LABELS = np.array(["3"] * 20 + ["9"] * 10)
BEST = np.array(["3"] * 18 + ["6"] * 12)
OUTCOMES = np.array(["own"] * 18 + ["other"] + ["unsettled"] + ["pattern"] * 10)


def test_what_was_not_seen_has_a_row_with_its_upper_bound() -> None:
    table = outcome_table(counted(LABELS, BEST, OUTCOMES), patterns(("3", "6", "1", "3")))
    found = table.groupby("label", sort=False)["outcome"].agg(list).to_dict()
    none = ["inverse", "mixture", "fixed-point", "two-cycle"]
    assert found == {
        "3": ["own", "other", "unsettled", *none],
        "9": ["pattern", *none, "unsettled"],
    }
    assert table["pattern"].tolist() == ["3", "6", *[""] * 5, "6", *[""] * 5]
    for label, n in (("3", 20), ("9", 10)):
        unseen = table[(table["label"] == label) & (table["count"] == 0)]
        assert unseen[["fraction", "ci_low"]].to_numpy().tolist() == [[0, 0]] * len(unseen)
        assert unseen["ci_high"].tolist() == [exact_interval(0, n)[1]] * len(unseen)
    assert table.groupby("label", sort=False)["fraction"].sum().tolist() == pytest.approx([1, 1])


def test_what_cannot_be_is_not_listed() -> None:
    def kinds(*labels: str, cycles: bool = True) -> list[str]:
        own = counted(LABELS[:18], BEST[:18], OUTCOMES[:18])
        table = outcome_table(own, patterns(labels), cycles=cycles)
        return table["outcome"].to_list()

    assert kinds("3") == ["own", "inverse", "fixed-point", "two-cycle", "unsettled"]
    two = ["own", "other", "inverse", "fixed-point", "unsettled"]
    assert kinds("3", "6", cycles=False) == two
    assert "other" not in kinds("3", "3", "3")
    assert "mixture" in kinds("3", "3", "3")


def test_ends_are_counted_by_pattern_inverse_and_what_else_they_are() -> None:
    label = np.array(["9", "3", "3", "3", "3", "3", "9"])
    best = np.array(["6", "3", "6", "6", "3", "3", "3"])
    outcome = np.array(["pattern", "own", "other", "inverse", "mixture", "unsettled", "inverse"])
    table = confusion_table(counted(label, best, outcome))
    columns = ["3", "6", "inverse 3", "inverse 6", "none", "mixture", "fixed-point", "two-cycle"]
    columns.append("unsettled")
    assert sorted(table.columns) == sorted(["label", *columns])
    found = dict(zip(table["label"], table[columns].to_numpy().tolist(), strict=True))
    assert found == {"9": [0, 1, 1, 0, 0, 0, 0, 0, 0], "3": [1, 1, 0, 1, 2, 1, 0, 0, 1]}


SETTINGS: list[dict[str, Any]] = [
    {"tests": "all", "repeats": 3},
    {"tests": 9, "repeats": 11, "trace": True},
    {"start": "random", "tests": 20, "repeats": 5, "rule": "hebbian"},
]


def run(settings: dict[str, Any], *, keep: bool = True) -> RecallResult:
    values = {"dataset": "digits", "digits": "3,6,8", "sweeps": 2, "criterion": 0.9, **settings}
    execution = RecallExecution(keep=("trials",) if keep else None)
    result: RecallResult = experiments.run(RecallConfig.from_values(values), execution)
    return result


@pytest.mark.parametrize("settings", SETTINGS)
def test_blocks_of_any_size_give_the_same_tables(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run(settings)
    monkeypatch.setattr(recall, "_BLOCK", 7)
    in_sevens = run(settings)
    assert list(in_sevens.tables) == list(whole.tables)
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(in_sevens.tables[name], table, check_exact=True)
    for name, array in whole.arrays["recall"].items():
        assert np.array_equal(in_sevens.arrays["recall"][name], array)
    monkeypatch.undo()
    alone = run(settings, keep=False)
    assert list(alone.tables) == [name for name in whole.tables if name != "trials"]
    for name, table in alone.tables.items():
        pd.testing.assert_frame_equal(table, whole.tables[name], check_exact=True)


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_tables_are_those_of_the_trials(settings: dict[str, Any]) -> None:
    """Each counted again from the rows, by other means."""
    result = run(settings)
    of_all, accuracy = result.tables["trials"], result.tables["accuracy"]
    labels = of_all["label"].drop_duplicates().to_list()
    grouped = of_all.groupby("label", sort=False)["recalled"]
    assert accuracy["label"].to_list() == [*labels, "overall"]
    assert accuracy["n"].to_list() == [*grouped.size(), len(of_all)]
    assert accuracy["recalled"].to_list() == [*grouped.sum(), of_all["recalled"].sum()]
    again = of_all.groupby(["repeat", "label"], sort=False)["recalled"].mean().reset_index()
    repeats = result.tables["repeats"]
    assert repeats[["repeat", "label"]].equals(again[["repeat", "label"]])
    assert repeats["accuracy"].to_list() == again["recalled"].to_list()
    stored = ~of_all["outcome"].isin(["mixture", "fixed-point", "two-cycle", "unsettled"])
    pattern = of_all["best_label"].where(stored, "")
    ended = of_all.groupby(["label", "outcome", pattern]).size().to_dict()
    outcomes = result.tables["outcomes"]
    seen = outcomes[outcomes["count"] > 0]
    found = seen.set_index(["label", "outcome", "pattern"])["count"].to_dict()
    assert found == ended
    confusion = result.tables["confusion"].set_index("label")
    for label, outcome in itertools.product(labels, ["mixture", "fixed-point", "unsettled"]):
        assert confusion.loc[label, outcome] == ended.get((label, outcome, ""), 0)
    groups = of_all.groupby(["label", "recalled"], sort=False)
    first = groups.head(2).reset_index(names="trial")
    pd.testing.assert_frame_equal(result.tables["gallery"], first, check_exact=True)
    m = overlaps(result.gallery.end, result.patterns.xi)
    assert np.all(np.any(m == first["best_overlap"].to_numpy()[:, None], axis=1))
    unit = of_all["source_index"].where(of_all["source_index"] >= 0, of_all.index)
    interval = thermal_interval if settings["tests"] == "all" else clustered_interval
    for _, row in seen.iterrows():
        own = of_all["label"] == row["label"]
        hit = (of_all["outcome"] == row["outcome"]) & (pattern == row["pattern"])
        of_units = hit[own].groupby(unit[own])
        assert [row["ci_low"], row["ci_high"]] == [*interval(of_units.sum(), of_units.size())]


def test_a_run_takes_no_more_memory_for_more_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a rate and a count a label and repeat; trials that are kept go to a file."""
    monkeypatch.setattr(recall, "_BLOCK", 500)
    monkeypatch.setattr(blocks, "_IN_MEMORY", 1000)

    def taken(repeats: int) -> int:
        plan = experiments.plan(
            RecallConfig(dataset="text:3x3", rule="hebbian", start="flip:0.4", repeats=repeats)
        )
        tracemalloc.start()
        result = plan.run(RecallExecution(keep=("trials",)), experiments.no_progress)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(result.tables["trials"]) == 200 * repeats
        return most

    taken(5)
    few, many = taken(5), taken(50)
    assert many < few + 100_000
    assert many < 1.5 * few


def test_a_recall_of_all_images_has_the_intervals_of_these_images() -> None:
    settings = {"dataset": "digits", "digits": "3,6", "tests": "all", "repeats": 3}
    result = run({**settings, "sweeps": 20, "criterion": 0.99})
    table, accuracy = result.tables["trials"], result.tables["accuracy"]
    outcomes = result.tables["outcomes"]
    for place, label in enumerate(("3", "6")):
        own = table[table["label"] == label].groupby("source_index")["recalled"]
        expected = thermal_interval(own.sum(), own.size())
        assert accuracy[["ci_low", "ci_high"]].to_numpy()[place].tolist() == list(expected)
        kinds = outcomes.loc[outcomes["label"] == label, "outcome"]
        assert set(kinds) == {"own", "other", "inverse", "fixed-point", "unsettled"}
