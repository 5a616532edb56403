"""Starting states of trials, and the random streams behind them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import random_patterns, refuses

from hopcli import experiments
from hopcli.catalogue import CATALOGUE
from hopcli.config import Facts, RecallConfig, RecallExecution
from hopcli.datasets import Dataset
from hopcli.errors import SettingError
from hopcli.experiments.stock import Stock
from hopcli.experiments.trials import (
    Trials,
    authors_sites,
    authors_trials,
    draw_trials,
)
from hopcli.patterns import Patterns, images_as_patterns
from hopcli.starts import NO_SOURCE, Bank
from hopcli.streams import Streams

LABELS = list("abcabbacacbbaaxcb")
SHAPE = (4, 4)


def _images() -> Dataset:
    spins = random_patterns(3, len(LABELS), 16)
    return Dataset("small", spins, np.array(LABELS), SHAPE, 0, "0" * 64)


def _stored(*rows: int) -> Patterns:
    return images_as_patterns(_images(), np.array(rows))


def _resolved(patterns: Patterns, **settings: Any) -> RecallConfig:
    facts = Facts("small", SHAPE, patterns.labels, chosen=True)
    return RecallConfig.from_values(settings).resolve(facts)


def _trials(patterns: Patterns, seed: int = 0, **settings: Any) -> Trials:
    config = _resolved(patterns, **settings)
    return draw_trials(config, _images(), patterns, np.random.SeedSequence(seed))


def _drawn(patterns: Patterns, seed: int = 0, **settings: Any) -> Bank:
    """Return the bases of all trials."""
    trials = _trials(patterns, seed, **settings)
    return trials.bank(np.arange(len(trials)))


# --- which trials there are


@pytest.mark.parametrize("test_images", ["fresh", "same"])
def test_images_are_drawn_label_by_label_without_replacement(test_images: str) -> None:
    settings: dict[str, Any] = {"tests": 3, "repeats": 4, "test_images": test_images}
    bank = _drawn(_stored(0, 1, 2), **settings)
    assert "".join(bank.label) == "aaabbbccc" * 4
    assert [LABELS[i] for i in bank.source_index] == bank.label.tolist()
    assert bank.row is not None
    assert np.array_equal(bank.row, bank.source_index)
    assert np.array_equal(bank.states, _images().spins)
    images = bank.source_index.reshape(4, 3, 3)
    for repeat in images:
        assert all(len(set(of_a_label.tolist())) == 3 for of_a_label in repeat)
        assert not set(repeat.ravel().tolist()) & {0, 1, 2}  # those stored are kept out
    alike = [np.array_equal(images[0], repeat) for repeat in images[1:]]
    assert alike == [test_images == "same"] * 3
    again, other = (_drawn(_stored(0, 1, 2), seed, **settings) for seed in (0, 1))
    assert np.array_equal(again.source_index, bank.source_index)
    assert not np.array_equal(other.source_index, bank.source_index)


@pytest.mark.parametrize(
    ("stored", "settings", "labels", "sources"),
    [
        # All images, once a repeat, in their order; those stored or not.
        ((1, 0), {"tests": "all", "exclude_samples": False}, "b" * 6 + "a" * 6, "own"),
        ((1, 0), {"tests": "all"}, "b" * 5 + "a" * 5, "own without the first"),
        # Two patterns of a label are tested as one.
        ((0, 3, 1), {"tests": 2}, "aabb", None),
        # Other starts come as often as there are tests.
        ((2, 1), {"start": "pattern", "tests": 3}, "cccbbb", [2, 2, 2, 1, 1, 1]),
        ((2, 1), {"start": "random:0.3", "tests": 3}, ["random:0.3"] * 3, [NO_SOURCE] * 3),
    ],
)
def test_trials_come_by_label_and_alike_in_every_repeat(
    stored: tuple[int, ...], settings: dict[str, Any], labels: Any, sources: Any
) -> None:
    bank = _drawn(_stored(*stored), repeats=2, **settings)
    assert bank.label.tolist() == [*labels] * 2
    if isinstance(sources, str):
        of_label = [[i for i, name in enumerate(LABELS) if name == label] for label in "ba"]
        sources = [row for rows in of_label for row in rows[sources != "own" :]]
    if sources is not None:
        assert bank.source_index.tolist() == sources * 2


TOO_MANY: list[tuple[int, dict[str, Any], str, str]]
TOO_MANY = [(2, {"tests": 4}, "tests", "3"), (LABELS.index("x"), {"tests": 1}, "start", "x")]
TOO_MANY += [(2, {"tests": 5, "exclude_samples": False}, "tests", "4")]
TOO_MANY += [(2, {"start": "random", "tests": 30_000_000}, "tests", "20000000")]
TOO_MANY += [(2, {"tests": 3, "repeats": 400_000_000}, "repeats", "5000000")]
TOO_MANY += [(2, {"tests": n, "repeats": 9_000_000}, "repeats", "5000000") for n in (3, "all")]


@pytest.mark.parametrize(("stored", "settings", "setting", "most"), TOO_MANY)
def test_too_many_trials(stored: int, settings: dict[str, Any], setting: str, most: str) -> None:
    with refuses(setting, most=most):
        _drawn(_stored(stored), **settings)


def test_labels_that_there_cannot_be_are_refused() -> None:
    with refuses("digits", found="y"):
        _drawn(replace(_stored(0), labels=("y",)), tests=1)


@pytest.mark.parametrize(
    "settings",
    [{}, {"test_images": "same"}, {"tests": "all"}, {"start": "pattern"}, {"start": "random"}],
)
def test_a_trial_depends_on_its_number_alone(settings: dict[str, Any]) -> None:
    trials = _trials(_stored(1, 0, 2), repeats=5, **{"tests": 3} | settings)
    everything = trials.bank(np.arange(len(trials)))
    label = everything.label
    assert trials.labels == tuple(dict.fromkeys(label))
    for rows in (np.array([len(trials) - 1, 0, 7]), np.arange(4, len(trials) - 2)):
        some = trials.bank(rows)
        assert some.label.tolist() == label[rows].tolist()
        assert some.source_index.tolist() == everything.source_index[rows].tolist()
    for number in (1, 2, 5, 1000):
        first = [row for row, name in enumerate(label) if np.sum(label[:row] == name) < number]
        assert trials.first_of_each(number).tolist() == first


# --- limits in refusals


DIGITS: dict[str, Any] = {"dataset": "digits", "samples": 60}
SHARED: dict[str, Any] = {"dataset": "digits", "split": "all", "select_split": "all"}
SHARED |= {"selections": 9, "selector_samples": (40, 120), "selector_tests": 20, "tuning": 20}
TWO: dict[str, Any] = {"dataset": "text:3x3"}
REFUSED: list[tuple[str, dict[str, Any], str]]
REFUSED = [("compare", SHARED | {name: 9999}, name) for name in ("selector_tests", "tuning")]
REFUSED += [("compare", SHARED | {"sampler": "generator"}, "selector_samples")]
REFUSED[-1][1]["selector_samples"] = (9999,)
REFUSED += [("variance", DIGITS | {"selections": 9, "tests": 9999}, "tests")]
REFUSED += [("variance", {"selections": 99, "start": "random", "tests": 400_000}, "selections")]
REFUSED += [("consistency", DIGITS | {name: 9999}, name) for name in ("samples", "tests")]
REFUSED += [("fit-sweeps", {"sweeps": (9000,)}, "sweeps")]
REFUSED += [("recall", {"replay_authors": True, "tests": 99_999_999}, "tests")]
REFUSED += [("recall", {"start": "random", "tests": 99_999_999}, "tests")]
REFUSED += [("recall", {"repeats": 999_999_999}, "repeats")]
REFUSED += [("relax", {"start": "random", "tests": 999, "repeats": 90}, "sweeps")]
REFUSED += [("relax", {"start": "random", "tests": 9999, "repeats": 900}, "repeats")]
REFUSED += [("critical", {"chains": 500, "sweeps": 99_999}, "sweeps")]
REFUSED += [("capacity", TWO | {"patterns": "images", "loads": (0.9,)}, "loads")]
REFUSED += [("select", DIGITS | {"sampler": "generator", "samples": 9999}, "samples")]


@pytest.mark.parametrize(("command", "settings", "setting"), REFUSED)
def test_the_limit_that_a_refusal_names_is_the_highest_accepted_value(
    command: str, settings: dict[str, Any], setting: str
) -> None:
    of_command = CATALOGUE[command].config.from_values

    def plan(value: Any) -> None:
        several = isinstance(settings.get(setting), tuple)
        given = {setting: (value,) if several else value}
        experiments.plan(of_command(settings | given), stock)

    stock = Stock()
    with pytest.raises(SettingError) as caught:
        experiments.plan(of_command(settings), stock)
    assert caught.value.setting == setting
    (text,) = re.findall(r"at most (?:the )?([\d.]+)", caught.value.rule)
    most, step = (float(text), 0.2) if "." in text else (int(text), 1)
    plan(most)
    with pytest.raises(SettingError):
        plan(most + step)


# --- the authors' run


def test_the_authors_order_needs_square_pictures_and_not_too_many_sites() -> None:
    patterns = _stored(0)
    config = _resolved(patterns, replay_authors=True, tests=3, repeats=1)
    with refuses("replay_authors"):
        authors_trials(config, replace(_images(), shape=(2, 8)), patterns)
    per_sweep = 3 * config.attempts_per_sweep
    with refuses("sweeps", most=str(10**8 // per_sweep)):
        authors_trials(replace(config, sweeps=10_000_000), _images(), patterns)
    # More sites than 16 bits can count: 200 x 200.
    images = Dataset("large", random_patterns(0, 17, 40_000), np.array(LABELS), (200, 200), 0, "0")
    many = replace(config, tests=6, sweeps=1, attempts_per_sweep=20_000)
    assert 39_900 < authors_sites(many, images, patterns).max() < 40_000


# --- streams

ALL = {"tests", "starts", "chains", "patterns", "resting", "quench"}
COMPARE = {"split": "train", "tests": 20, "training": 20, "selector_samples": [3], "sweeps": 2}
COMPARE |= {"selections": 3, "selector_tests": 15, "candidates": 2, "tuning": 5}
EXPERIMENTS: dict[str, dict[str, Any]] = {
    "recall": {"rule": "storkey", "tests": 3, "repeats": 2, "sweeps": 3, "dynamics": "async"},
    "attractors": {"rule": "storkey", "starts": 40},
    "temperature-scan": {"temperatures": [0.4], "repeats": 4, "sweeps": 2},
    "capacity": {"rule": "hebbian", "sizes": [60], "loads": [0.2], "draws": 2},
    "compare": {"dataset": "digits", **COMPARE},
    "critical": {"dataset": "digits", "temperatures": [0.9], "chains": 5, "sweeps": 20},
    "consistency": {"dataset": "digits", "selections": 3, "tests": 4, "sweeps": 1},
    "fit-sweeps": {"dataset": "digits", "sweeps": [9], "replays": 3, "orders": 3},
    "relax": {"start": "flip:0.3", "tests": 5, "repeats": 2, "sweeps": 6},
}


def _planned(command: str, seed: int, **settings: Any) -> Callable[[], Any]:
    """A run that can be made as often as one likes."""
    values = {**EXPERIMENTS[command], "seed": seed, **settings}
    plan = experiments.plan(CATALOGUE[command].config.from_values(values))
    how: Any = CATALOGUE[command].execution()
    if command == "recall":
        how = RecallExecution(animate="a.gif", keep=("trials",))
    return lambda: plan.run(how, experiments.no_progress)


def _free_of(patch: pytest.MonkeyPatch, free: set[str], command: str, **settings: Any) -> Any:
    """A run of seed 2 whose streams, but for some, are those of seed 1."""

    def begin(streams: Streams, seed: int) -> None:
        streams._seed = 1
        for name in ALL - free:
            getattr(streams, name)  # made now, and kept
        streams._seed = seed

    with patch.context() as patched:
        patched.setattr(Streams, "__init__", begin)
        return _planned(command, 2, **settings)()


def _same(one: Any, other: Any) -> bool:
    return all(table.equals(other.tables[name]) for name, table in one.tables.items())


# All sites at once leave nothing to the chains. Of consistency, those of starts give the
# resamples and pairings of the rank correlation.
USED: list[tuple[str, dict[str, Any], str]] = [
    ("recall", {"start": "image,flip:0.2"}, "tests starts chains"),
    ("recall", {"start": "random"}, "starts chains"),
    ("attractors", {"start": "image,flip:0.4"}, "tests starts chains"),
    ("attractors", {"dynamics": "sync"}, "starts"),
    ("temperature-scan", {"start": "image"}, "starts chains"),
    ("temperature-scan", {"start": "target"}, "chains"),
    ("capacity", {}, "patterns starts chains"),
    ("compare", {}, "patterns tests chains"),
    ("critical", {}, "starts chains"),
    ("consistency", {}, "patterns tests starts chains"),
    ("fit-sweeps", {}, "tests starts chains"),
    ("relax", {"start": "image"}, "tests chains"),
    ("relax", {"start": "pattern,flip:0.3"}, "starts chains"),
]


@pytest.mark.parametrize(("command", "settings", "streams"), USED)
def test_each_stream_changes_its_own(
    monkeypatch: pytest.MonkeyPatch, command: str, settings: dict[str, Any], streams: str
) -> None:
    """Nothing depends on streams that are not used, or on the seed otherwise."""
    run, used = _planned(command, 1, **settings), {*streams.split()}
    one = run()
    assert _same(one, run())
    for free in (ALL - used, *({name} for name in sorted(used))):
        other = _free_of(monkeypatch, free, command, **settings)
        assert _same(one, other) == (free == ALL - used), free


@pytest.mark.parametrize("start", ["image,flip:0.2", "random", "pattern,flip-rows:4"])
def test_starts_have_a_stream_of_their_own(monkeypatch: pytest.MonkeyPatch, start: str) -> None:
    def seen(result: Any) -> list[Any]:
        trials = result.tables["trials"]
        first = result.frames.states[0, 0].tolist()
        return [trials["source_index"].tolist(), first, trials["best_overlap"].tolist()]

    one = seen(_planned("recall", 1, start=start)())
    for free, alike in (("starts", [True, False]), ("chains", [True, True, False])):
        other = seen(_free_of(monkeypatch, {free}, "recall", start=start))
        assert [a == b for a, b in zip(one, other, strict=True)][: len(alike)] == alike
