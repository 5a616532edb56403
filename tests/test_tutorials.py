"""The tutorials: known answers and their order, from the shipped configurations."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from hopcli import experiments
from hopcli.config import Facts, RecallConfig, RecallExecution, find_config, read_config
from hopcli.datasets import load_dataset
from hopcli.rules import store

COLUMN = [-1, 1, 1, -1] * 4
ROW = [-1] * 4 + [1] * 8 + [-1] * 4
CHECKS = [-1, -1, 1, 1, -1, -1, 1, 1, 1, 1, -1, -1, 1, 1, -1, -1]
OTHER_CHECKS = [-spin for spin in CHECKS]
FROM_4X4 = [1, -1, 1, 1, -1, -1, 1, 1, -1, 1, -1, -1, 1, 1, 1, 1]
FIRST = [-1, 1, 1, 1, 1, -1, -1, 1, -1]
SECOND = [1, 1, 1, -1, 1, 1, -1, -1, -1]
FROM_FIRST = [-1, 1, -1, 1, 1, -1, -1, 1, -1]
FROM_SECOND = [1, 1, 1, -1, -1, 1, -1, -1, -1]
UP = [1, -1, 1, -1, 1, -1]
DOWN = [-spin for spin in UP]
FROM_SIX = [1, 1, 1, 1, -1, 1]


def _shipped(name: str, **changed: object) -> RecallConfig:
    """A shipped configuration, with some settings changed."""
    values = read_config(find_config(name)) | changed
    assert values.pop("command") == "recall"
    how = RecallExecution.settings()
    return RecallConfig.from_values({k: v for k, v in values.items() if k not in how})


def _recall(config: RecallConfig, execution: RecallExecution | None = None) -> Any:
    return experiments.run(config, execution or RecallExecution(keep=("trials",)))


def _seen(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the outcomes that occurred; the others are listed for their upper bounds."""
    return outcomes[outcomes["count"] > 0].reset_index(drop=True)


# --- small patterns


PATTERNS = {"column": COLUMN, "row": ROW, "checks": CHECKS, "other-checks": OTHER_CHECKS}
XI = {"4x4": PATTERNS, "3x3": {"first": FIRST, "second": SECOND}, "6": {"up": UP, "down": DOWN}}
STARTS = {"4x4": [FROM_4X4], "3x3": [FROM_FIRST, FROM_SECOND], "6": [FROM_SIX]}
ENDS = {"4x4": {"checks": CHECKS}, "3x3": XI["3x3"], "6": {"down": DOWN}}
SETTINGS: dict[str, Any] = {"4x4": ("p", "async", "fixed", "down")}
SETTINGS |= {"3x3": ("N", "async", "fixed", "up"), "6": ("none", "sync", None, "keep")}


@pytest.mark.parametrize("name", XI)
def test_small_patterns_are_restored_from_the_starts_of_the_text(name: str) -> None:
    xi, starts, ends = XI[name], STARTS[name], ENDS[name]
    dataset, config = load_dataset(f"text:{name}"), _shipped(f"tutorial-{name}")
    assert dict(zip(dataset.labels.tolist(), dataset.spins.tolist(), strict=True)) == xi
    assert config.rule == "hebbian"
    resolved = config.resolve(Facts(dataset.name, dataset.shape, dataset.label_names, chosen=True))
    order = (config.values()["normalise"], config.dynamics, resolved.order, config.tie)
    assert order == SETTINGS[name]
    result = _recall(config)
    assert result.gallery.start.tolist() == starts
    assert result.gallery.end.tolist() == [*ends.values()]
    trials = result.tables["trials"]
    assert trials["outcome"].tolist() == ["own"] * len(ends)
    assert trials["label"].tolist() == trials["best_label"].tolist() == [*ends]
    assert trials["overlap_own"].tolist() == [1] * len(ends)


def test_six_sites_have_the_couplings_of_the_text() -> None:
    w = store(load_dataset("text:6").spins, "hebbian", normalise="none").dense()
    assert w.tolist() == (2 * np.outer(UP, UP) - 2 * np.eye(6)).tolist()
    assert _shipped("tutorial-6").sweeps == 1


# --- the story of the drawings


@pytest.mark.parametrize(
    ("name", "labels"),
    [("one", ["boat"]), ("two", ["boat", "fish"]), ("three", ["boat", "fish", "house"])],
)
def test_drawings_are_restored_from_thirty_flips_a_row(name: str, labels: list[str]) -> None:
    result = _recall(_shipped(f"tutorial-{name}", tests=3, repeats=2, sweeps=100))
    assert result.dataset == "drawings"
    assert list(result.patterns.labels) == labels
    trials = result.tables["trials"]
    assert trials["outcome"].tolist() == ["own"] * 6 * len(labels)
    assert trials["overlap_own"].tolist() == [1] * len(trials)
    xi = dict(zip(labels, result.patterns.xi, strict=True))
    shown = result.gallery
    for row, start, end in zip(shown.trials["trial"], shown.start, shown.end, strict=True):
        pattern = xi[trials["label"][row]]
        assert (start != pattern).reshape(128, 128).sum(axis=1).tolist() == [30] * 128
        assert np.array_equal(end, pattern)


def test_the_blend_of_two_drawings_ends_as_often_in_the_one_as_in_the_other() -> None:
    result = _recall(_shipped("tutorial-blend", trace=False, tests=80, repeats=5))
    boat, fish = result.patterns.xi
    shared, start = boat == fish, result.gallery.start[0]
    assert np.array_equal(start[shared], boat[shared])
    assert np.mean(start[~shared] == boat[~shared]) == pytest.approx(0.5, abs=0.05)
    outcomes = _seen(result.tables["outcomes"])
    assert outcomes["outcome"].tolist() == ["pattern", "pattern"]
    assert outcomes["count"].sum() == 400
    ended = result.tables["trials"]["best_label"].value_counts().to_dict()
    assert dict(zip(outcomes["pattern"], outcomes["count"], strict=True)) == ended
    assert set(ended) == {"boat", "fish"}
    assert result.tables["confusion"]["none"].tolist() == [0]
    # Neither is favoured by symmetry: binomial, SD = 10; five of them.
    assert 200 <= outcomes["count"].iloc[0] < 250


@pytest.mark.parametrize(
    ("third", "dynamics", "still"),
    [([], "async", 1), ([], "sync", 1), ([], "glauber", 0), (["house"], "async", 0)],
)
def test_a_blend_stands_still_where_all_fields_are_0(third: Any, dynamics: str, still: int) -> None:
    changed = {"start": "blend:boat:fish", "dynamics": dynamics, "tests": 2, "repeats": 1}
    changed |= {"trace": False, "rule": "hebbian", "until_stable": bool(still)}
    changed |= {"digits": ["boat", "fish", *third]}
    result = _recall(_shipped("tutorial-blend", **changed))
    shown = result.gallery
    assert np.array_equal(shown.start, shown.end) == still
    assert len(result.notes.get("findings", [])) == still
    if still:
        (advised,) = re.findall(r"--start (\S+)", result.notes["findings"][0])
        assert advised.split(":") == ["blend", "boat", "fish", "fill"]


def test_the_majority_of_three_drawings_stays_a_mixture() -> None:
    result = _recall(_shipped("tutorial-majority", tests=3, repeats=2, sweeps=60))
    outcomes = _seen(result.tables["outcomes"])
    assert outcomes[["outcome", "count", "pattern"]].to_numpy().tolist() == [["mixture", 6, ""]]
    assert result.tables["confusion"][["mixture", "none"]].to_numpy().tolist() == [[6, 6]]
    majority = np.sign(result.patterns.xi.sum(axis=0, dtype=int))
    assert np.array_equal(result.gallery.start[0], majority)
    assert np.mean(result.gallery.end[0] == majority) > 0.99


@pytest.mark.parametrize("last", ["boat", "fish", "house"])
def test_under_storkeys_rule_the_majority_falls_to_the_drawing_stored_last(last: str) -> None:
    digits = [*sorted({"boat", "fish", "house"} - {last}), last]
    config = _shipped("tutorial-majority-storkey", digits=digits, tests=2, repeats=1)
    outcomes = _seen(_recall(config).tables["outcomes"])
    assert outcomes[["outcome", "pattern"]].to_numpy().tolist() == [["pattern", last]]
