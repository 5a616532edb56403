"""The tables of a recall, from trials made up so that every number is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hopcli import experiments
from hopcli.config import RecallConfig
from hopcli.experiments.recall import RecallResult
from hopcli.experiments.recall_tables import accuracy_table, outcome_table, repeat_table
from hopcli.patterns import Patterns
from hopcli.statistics import clustered_interval, exact_interval, thermal_interval

COLUMNS = ["label", "n", "recalled", "accuracy", "sd_repeats", "sem_repeats", "sd_labels"]


def trials(recalled: dict[str, list[list[int]]]) -> pd.DataFrame:
    """Trials by label, repeat and place: whether each is recalled, ending in its own pattern."""
    repeats = len(next(iter(recalled.values())))
    rows = [
        (repeat, label, bool(hit), label, "own" if hit else "unsettled")
        for repeat in range(repeats)
        for label, hits in recalled.items()
        for hit in hits[repeat]
    ]
    return pd.DataFrame(rows, columns=["repeat", "label", "recalled", "best_label", "outcome"])


TWO = {"3": [[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]], "6": [[1] * 4, [1] * 4, [1, 1, 0, 0]]}


def accuracies(recalled: dict[str, list[list[int]]]) -> pd.DataFrame:
    table = trials(recalled)
    return accuracy_table(table, repeat_table(table), np.arange(len(table)))


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
    table = trials({"3": [[1, 1, 0, 1], [1, 1, 0, 0], [1, 1, 0, 1]]})
    unit = np.tile(np.arange(4), 3)
    for population, interval in ((False, clustered_interval), (True, thermal_interval)):
        of_all = accuracy_table(table, repeat_table(table), unit, population=population)
        expected = interval(table["recalled"], unit)
        assert of_all[["ci_low", "ci_high"]].to_numpy()[0].tolist() == list(expected)
        outcomes = outcome_table(table, unit, population=population)
        assert outcomes[["ci_low", "ci_high"]].to_numpy()[0].tolist() == list(expected)
    wide, narrow = clustered_interval, thermal_interval
    assert np.ptp(narrow(table["recalled"], unit)) < np.ptp(wide(table["recalled"], unit))


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


ENDS = pd.DataFrame(
    {
        "repeat": 0,
        "label": ["3"] * 20 + ["9"] * 10,
        "recalled": True,
        "best_label": ["3"] * 18 + ["6"] * 12,
        "outcome": ["own"] * 18 + ["other"] + ["unsettled"] + ["pattern"] * 10,
    }
)


def test_what_was_not_seen_has_a_row_with_its_upper_bound() -> None:
    table = outcome_table(ENDS, np.arange(30), patterns(("3", "6", "1", "3")))
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
        own = ENDS[ENDS["label"] == "3"].iloc[:18]
        table = outcome_table(own, np.arange(18), patterns(labels), cycles=cycles)
        return table["outcome"].to_list()

    assert kinds("3") == ["own", "inverse", "fixed-point", "two-cycle", "unsettled"]
    two = ["own", "other", "inverse", "fixed-point", "unsettled"]
    assert kinds("3", "6", cycles=False) == two
    assert "other" not in kinds("3", "3", "3")
    assert "mixture" in kinds("3", "3", "3")


def test_a_recall_of_all_images_has_the_intervals_of_these_images() -> None:
    settings = {"dataset": "digits", "digits": "3,6", "tests": "all", "repeats": 3}
    result = experiments.run(RecallConfig.from_values(settings))
    assert isinstance(result, RecallResult)
    table, accuracy = result.tables["trials"], result.tables["accuracy"]
    outcomes = result.tables["outcomes"]
    for place, label in enumerate(("3", "6")):
        own = table[table["label"] == label]
        expected = thermal_interval(own["recalled"], own["source_index"])
        assert accuracy[["ci_low", "ci_high"]].to_numpy()[place].tolist() == list(expected)
        kinds = outcomes.loc[outcomes["label"] == label, "outcome"]
        assert set(kinds) == {"own", "other", "inverse", "fixed-point", "unsettled"}
