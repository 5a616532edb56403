"""The tables of a recall, from trials made up so that every number is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from hopcli.experiments.recall_tables import accuracy_table, repeat_table

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
