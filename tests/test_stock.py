"""Shared data of runs are made once, if all settings that determine them are equal."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli import experiments
from hopcli.config import AttractorsConfig, RecallConfig
from hopcli.experiments import stock as room
from hopcli.experiments.stock import Stock
from hopcli.patterns import Patterns
from hopcli.rules import store

SMALL: dict[str, Any] = {"dataset": "digits", "samples": 5, "tests": 2, "repeats": 1}


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the loading of data, selections of patterns and computations of couplings."""
    counts: Counter[str] = Counter()

    def count(name: str) -> None:
        do = getattr(room, name)

        def counted(*given: Any, **more: Any) -> Any:
            counts[name] += 1
            return do(*given, **more)

        monkeypatch.setattr(room, name, counted)

    for name in ("load_data", "select", "store"):
        count(name)
    return counts


def _patterns(seed: int) -> Patterns:
    xi, index = random_patterns(seed, 6, 60), np.arange(6)
    return Patterns(xi, tuple("abcdef"), index, (1, 60), index, "made up", "")


# --- what is shared --------------------------------------------------------------------


def test_a_plan_makes_what_it_does_not_share(made: Counter[str]) -> None:
    stock = Stock()
    experiments.plan(RecallConfig(**SMALL), stock)
    once = {"load_data": 1, "select": 1, "store": 1}
    assert made == once
    for other in ({"seed": 3}, {"temperature": 0.5}, {"digits": ("0", "1")}, {"threshold": 0}):
        experiments.plan(RecallConfig(**{**SMALL, **other}), stock)
    # Other digits are other patterns, but of the same selection.
    assert made == {**once, "store": 2}
    experiments.plan(AttractorsConfig(dataset="digits", samples=5, starts=2), stock)
    assert made["load_data"] == made["select"] == 1
    experiments.plan(RecallConfig(**SMALL))
    assert (made["load_data"], made["select"]) == (2, 2)


# --- what is not -----------------------------------------------------------------------


# Also where the hash of the data is the same, as that of the embedded file is.
MNIST = [{"threshold": 100}, {"threshold": "otsu"}, {"invert": True}, {"sampler": "generator"}]
MNIST += [{"select_split": "all"}, {"samples": 6}, {"selection_seed": 8}]
OTHERS = [
    ({"split": "test"}, MNIST),
    ({"dataset": "drawings", "size": (5, 4)}, [{"size": (6, 4)}, {"crop": True}]),
    ({"dataset": "npz:a.npz", "select_split": "train"}, [{"transpose": True}]),
]


@pytest.mark.parametrize(("plain", "others"), OTHERS, ids=["mnist", "pictures", "arrays"])
def test_patterns_of_another_selection(empty_folder: Path, plain: Any, others: Any) -> None:
    np.savez("a.npz", x_train=random_patterns(1, 9, 12).reshape(9, 3, 4), y_train=np.arange(9) % 3)
    stock, usual = Stock(), {"samples": 1 if "dataset" in plain else 5, **plain}
    found = stock.select(RecallConfig(**usual))
    for other in others:
        differing = RecallConfig(**{**usual, **other})
        selected = stock.select(differing)
        assert selected is not found, other
        assert selected.sha256 == Stock().select(differing).sha256 != found.sha256, other
        assert stock.select(RecallConfig(**usual)) is found


OTHERWISE: list[tuple[str, dict[str, Any]]]
OTHERWISE = [("pseudo-inverse", {"rule": "storkey"}), ("hebbian", {"normalise": "p"})]
OTHERWISE += [("perceptron", {"kappa": 0.5}), ("hebbian", {"theta": 0.25})]


@pytest.mark.parametrize(("rule", "other"), OTHERWISE)
def test_couplings_made_otherwise_are_others(rule: str, other: dict[str, Any]) -> None:
    stock, theta = Stock(), other.get("theta", 0.0)
    first, second = RecallConfig(rule=rule), RecallConfig(**{"rule": rule} | other)
    found = stock.couple(first, _patterns(1), first.rule, 0.0)
    differing = stock.couple(second, _patterns(1), second.rule, theta)
    alone = Stock().couple(second, _patterns(1), second.rule, theta)
    assert np.array_equal(differing.J, alone.J)
    assert np.array_equal(differing.theta, alone.theta)
    assert not (np.array_equal(found.J, alone.J) and np.array_equal(found.theta, alone.theta))
    assert stock.couple(first, _patterns(1), first.rule, 0.0) is found
    assert not np.array_equal(stock.couple(first, _patterns(2), first.rule, 0.0).xi, found.xi)


# --- how much is kept ------------------------------------------------------------------


def test_what_a_run_needs_is_kept_however_large(made: Counter[str]) -> None:
    """Data of two splits, a selection and couplings; those of the run before are dropped."""
    stock = Stock(0)
    one = RecallConfig(samples=5, tests=2, repeats=1, select_split="test")
    for config in (one, one):
        experiments.plan(config, stock)
    assert made == {"load_data": 2, "select": 1, "store": 1}
    experiments.plan(RecallConfig(**SMALL), stock)
    experiments.plan(one, stock)
    assert made == {"load_data": 5, "select": 3, "store": 3}


# --- several threads -------------------------------------------------------------------


def test_what_two_threads_want_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stock, config = Stock(), RecallConfig()
    made: list[str] = []
    others_done, begun = threading.Event(), threading.Event()

    def slow(xi: Any, rule: str, *given: Any, **more: Any) -> Any:
        made.append(rule)
        if rule == "hebbian":
            begun.set()
            assert others_done.wait(10)
        return store(xi, rule, *given, **more)

    monkeypatch.setattr(room, "store", slow)

    def hebbian() -> Any:
        return stock.couple(config, _patterns(1), "hebbian", 0.0)

    def another() -> Any:
        assert begun.wait(10)
        found = stock.couple(config, _patterns(1), "storkey", 0.0)
        others_done.set()
        return found

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(call) for call in (hebbian, hebbian, hebbian, another)]
        *same, other = [call.result(600) for call in calls]
    assert same[0] is same[1] is same[2] is not other
    assert sorted(made) == ["hebbian", "storkey"]
