"""What each trial starts from, and which stream decides what."""

from __future__ import annotations

import functools
import tracemalloc
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import random_patterns

from hopcli import experiments
from hopcli.catalogue import CATALOGUE
from hopcli.config import Facts, RecallConfig, RecallExecution, ResolvedRecall
from hopcli.datasets import Dataset, load_dataset
from hopcli.errors import SettingError
from hopcli.experiments.trials import (
    AUTHORS_SEED,
    MOST_RATES,
    MOST_TRIALS,
    authors_sites,
    authors_trials,
    check_states,
    draw_trials,
)
from hopcli.patterns import Patterns, images_as_patterns
from hopcli.starts import NO_SOURCE, Bank, first_states
from hopcli.streams import Streams, seed_word

if TYPE_CHECKING:
    import pandas as pd

    from hopcli.experiments.recall import RecallResult
    from hopcli.experiments.trials import Trials

LABELS = list("abcabbacacbbaaxcb")
SHAPE = (4, 4)


def _images() -> Dataset:
    spins = random_patterns(3, len(LABELS), 16)
    return Dataset("small", spins, np.array(LABELS), SHAPE, 0, "0" * 64)


def _stored(*rows: int) -> Patterns:
    return images_as_patterns(_images(), np.array(rows))


def _resolved(patterns: Patterns, **settings: Any) -> ResolvedRecall:
    facts = Facts("small", SHAPE, patterns.labels, chosen=True)
    return RecallConfig.from_values(settings).resolve(facts)


def _trials(patterns: Patterns, seed: int = 0, **settings: Any) -> Trials:
    config = _resolved(patterns, **settings)
    return draw_trials(config, _images(), patterns, np.random.SeedSequence(seed))


def _drawn(patterns: Patterns, seed: int = 0, **settings: Any) -> Bank:
    """What all trials start from."""
    trials = _trials(patterns, seed, **settings)
    return trials.bank(np.arange(len(trials)))


# --- which trials there are


@pytest.mark.parametrize("test_images", ["fresh", "same"])
def test_images_are_drawn_label_by_label_without_replacement(test_images: str) -> None:
    bank = _drawn(_stored(0, 1, 2), tests=3, repeats=4, test_images=test_images)
    assert "".join(bank.label) == "aaabbbccc" * 4
    assert [LABELS[i] for i in bank.source_index] == bank.label.tolist()
    assert bank.row is not None
    assert np.array_equal(bank.row, bank.source_index)
    assert np.array_equal(bank.states, _images().spins)
    images = bank.source_index.reshape(4, 3, 3)
    for repeat in images:
        assert all(len(set(of_a_label.tolist())) == 3 for of_a_label in repeat)
        assert not set(repeat.ravel().tolist()) & {0, 1, 2}, "those stored are kept out"
    alike = [np.array_equal(images[0], repeat) for repeat in images[1:]]
    assert alike == [test_images == "same"] * 3
    again = _drawn(_stored(0, 1, 2), tests=3, repeats=4, test_images=test_images)
    assert np.array_equal(again.source_index, bank.source_index)
    other = _drawn(_stored(0, 1, 2), 1, tests=3, repeats=4, test_images=test_images)
    assert not np.array_equal(other.source_index, bank.source_index)


def test_all_images_of_a_label_are_tested_once_a_repeat_in_their_order() -> None:
    bank = _drawn(_stored(1, 0), tests="all", repeats=2, exclude_samples=False)
    own = [[i for i, name in enumerate(LABELS) if name == label] for label in "ba"]
    assert bank.source_index.tolist() == [*own[0], *own[1]] * 2
    without = _drawn(_stored(1, 0), tests="all", repeats=1)
    assert without.source_index.tolist() == [*own[0][1:], *own[1][1:]]


def test_two_patterns_of_a_label_are_tested_as_one() -> None:
    bank = _drawn(_stored(0, 3, 1), tests=2, repeats=1)
    assert "".join(bank.label) == "aabb"


def test_other_starts_come_as_often_as_there_are_tests_in_every_repeat() -> None:
    patterns = _stored(2, 1)
    bank = _drawn(patterns, start="pattern", tests=3, repeats=2)
    assert "".join(bank.label) == "cccbbb" * 2
    assert bank.source_index.tolist() == [2, 2, 2, 1, 1, 1] * 2
    bank = _drawn(patterns, start="random:0.3", tests=3, repeats=2)
    assert bank.label.tolist() == ["random:0.3"] * 6
    assert bank.source_index.tolist() == [NO_SOURCE] * 6


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"tests": 4}, "tests must be at most 3, the images labelled 'c' not used in the"),
        ({"tests": 5, "exclude_samples": False}, "tests must be at most 4, the images labelled"),
        (
            {"start": "random", "tests": 30_000_000},
            "tests must give at most 20,000,000 trials",
        ),
        ({"tests": 3, "repeats": 400_000_000}, f"repeats must give at most {MOST_TRIALS:,} trials"),
        ({"tests": 3, "repeats": 9_000_000}, f"repeats must be at most {MOST_RATES:,}, as there"),
        ({"tests": "all", "repeats": 9_000_000}, f"repeats must be at most {MOST_RATES:,}, as"),
    ],
)
def test_more_trials_than_there_can_be_are_refused(settings: dict[str, Any], rule: str) -> None:
    with pytest.raises(SettingError) as error:
        _drawn(_stored(2), **settings)
    assert str(error.value).startswith(rule)
    assert "\n" not in str(error.value)


def test_a_label_without_another_image_is_refused_with_what_to_do() -> None:
    lonely = _stored(LABELS.index("x"))
    with pytest.raises(SettingError, match=r"at most 0, .*start from the pattern itself") as error:
        _drawn(lonely, tests=1)
    assert str(error.value).endswith("with start flip:0.1, found 1")
    elsewhere = replace(lonely, labels=("y",))
    with pytest.raises(SettingError, match="must name labels of small to be tested, found 'y'"):
        _drawn(elsewhere, tests=1)


def test_states_that_would_not_fit_into_memory_are_refused() -> None:
    check_states("starts", 4_000_000, 1000)
    with pytest.raises(SettingError, match="starts must be at most 4,000,000 with 1,000 sites"):
        check_states("starts", 4_000_001, 1000)


@pytest.mark.parametrize(
    "settings",
    [
        {"tests": 3},
        {"tests": 3, "test_images": "same"},
        {"tests": "all"},
        {"tests": 3, "start": "pattern"},
        {"tests": 3, "start": "random"},
    ],
)
def test_a_trial_is_told_from_its_number_alone(settings: dict[str, Any]) -> None:
    trials = _trials(_stored(1, 0, 2), repeats=5, **settings)
    assert trials.labels == tuple(dict.fromkeys(_drawn(_stored(1, 0, 2), **settings).label))
    everything = trials.bank(np.arange(len(trials)))
    for rows in (np.array([len(trials) - 1, 0, 7]), np.arange(4, len(trials) - 2)):
        some = trials.bank(rows)
        assert some.label.tolist() == everything.label[rows].tolist()
        assert some.source_index.tolist() == everything.source_index[rows].tolist()
    for number in (1, 2, 5, 1000):
        label = everything.label
        first = [row for row, name in enumerate(label) if np.sum(label[:row] == name) < number]
        assert trials.first_of_each(number).tolist() == first


def test_more_repeats_take_no_more_memory() -> None:
    def taken(repeats: int) -> int:
        tracemalloc.start()
        trials = _trials(_stored(0, 1), tests=3, repeats=repeats)
        trials.bank(np.arange(len(trials) - 10, len(trials)))
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return size

    taken(3)
    assert taken(1_000_000) < taken(3) + 10_000


# --- the authors' run


def test_the_authors_images_and_sites_are_one_stream_draw_by_draw() -> None:
    """Seed 7: images of every label in turn, then column and row, attempt by attempt."""
    patterns = _stored(2, 0)
    config = _resolved(
        patterns, replay_authors=True, tests=3, repeats=2, sweeps=2, attempts_per_sweep=5
    )
    stream = np.random.RandomState(AUTHORS_SEED)
    drawn = {
        label: stream.choice([i for i, name in enumerate(LABELS) if name == label], 3).tolist()
        for label in sorted(set(LABELS))
    }
    trials = authors_trials(config, _images(), patterns)
    bank = trials.bank(np.arange(len(trials)))
    assert "".join(bank.label) == "cccaaa" * 2
    assert bank.source_index.tolist() == [*drawn["c"], *drawn["a"]] * 2
    sites = authors_sites(config, _images(), patterns)
    assert sites.shape == (6, 10)
    for trial in sites.tolist():
        for site in trial:
            column = stream.randint(4)
            assert site == 4 * stream.randint(4) + column


def test_the_authors_order_needs_square_pictures_and_not_too_many_sites() -> None:
    patterns = _stored(0)
    config = _resolved(patterns, replay_authors=True, tests=3, repeats=1)
    oblong = replace(_images(), shape=(2, 8))
    with pytest.raises(SettingError, match="replay_authors needs square pictures, small has"):
        authors_sites(config, oblong, patterns)
    long = replace(config, sweeps=10_000_000)
    with pytest.raises(SettingError, match="tests must need at most 100,000,000 attempts"):
        authors_sites(long, _images(), patterns)


# --- streams

OWN = Streams.of
ALL = {field.name for field in fields(Streams)}
EXPERIMENTS: dict[str, dict[str, Any]] = {
    "recall": {"rule": "storkey", "tests": 3, "repeats": 2, "sweeps": 3, "dynamics": "async"},
    "attractors": {"rule": "storkey", "starts": 60},
    "temperature-scan": {"temperatures": [0.4], "repeats": 6, "sweeps": 2},
    "capacity": {"rule": "hebbian", "sizes": [60], "loads": [0.2], "draws": 2},
    "compare": {
        "dataset": "digits",
        "split": "train",
        "tests": 20,
        "training": 20,
        "selector_samples": [3],
        "selections": 3,
        "selector_tests": 15,
        "candidates": 2,
        "tuning": 5,
        "sweeps": 2,
    },
    "critical": {"dataset": "digits", "temperatures": [0.9], "chains": 5, "sweeps": 20},
    "consistency": {"dataset": "digits", "selections": 5, "tests": 9, "sweeps": 1},
    "fit-sweeps": {"dataset": "digits", "sweeps": [9], "replays": 3, "orders": 3},
    "relax": {"start": "flip:0.3", "tests": 5, "repeats": 2, "sweeps": 6},
}


def _only(monkeypatch: pytest.MonkeyPatch, free: str | None) -> None:
    """Let all streams be those of seed 1, whatever the seed, but for one."""

    def of(seed: int) -> Streams:
        pinned = {name: getattr(OWN(1), name) for name in ALL - {free}}
        return replace(OWN(seed), **pinned)

    monkeypatch.setattr(Streams, "of", of)


@pytest.fixture
def _loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs share data sets, which depend on no seed."""
    monkeypatch.setattr("hopcli.experiments.sources.load_dataset", _load)


_load = functools.cache(load_dataset)


def _run(command: str, seed: int, **settings: Any) -> Any:
    values = {**EXPERIMENTS[command], "seed": seed, **settings}
    execution = None
    if command == "recall":
        execution = RecallExecution(animate="a.gif", keep=("trials",))
    return experiments.run(CATALOGUE[command].config.from_values(values), execution)


def _with_only(
    monkeypatch: pytest.MonkeyPatch, command: str, free: str, **settings: Any
) -> tuple[Any, Any]:
    """A run of seed 1, and one of seed 2 in which only one stream is another."""
    _only(monkeypatch, free)
    return _run(command, 1, **settings), _run(command, 2, **settings)


def _same(one: Any, other: Any) -> bool:
    return all(table.equals(other.tables[name]) for name, table in one.tables.items())


@pytest.mark.usefixtures("_loaded_once")
@pytest.mark.parametrize("command", EXPERIMENTS)
def test_nothing_but_its_streams_depends_on_the_seed(
    monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    _only(monkeypatch, None)
    assert _same(_run(command, 1), _run(command, 2))


@pytest.mark.usefixtures("_loaded_once")
@pytest.mark.parametrize(
    ("command", "start", "used"),
    [
        ("recall", "image", {"tests", "chains"}),
        ("recall", "image,flip:0.2", {"tests", "starts", "chains"}),
        ("recall", "pattern,flip:0.3", {"starts", "chains"}),
        ("recall", "random", {"starts", "chains"}),
        ("attractors", "image,flip:0.4", {"tests", "starts", "chains"}),
        ("attractors", "random", {"starts", "chains"}),
        ("temperature-scan", "image", {"starts", "chains"}),
        ("temperature-scan", "random", {"starts", "chains"}),
        ("temperature-scan", "target", {"chains"}),
        ("capacity", None, {"patterns", "starts", "chains"}),
        ("compare", None, {"patterns", "tests", "chains"}),
        ("critical", None, {"starts", "chains"}),
        # Those of starts give the resamples and pairings of the rank correlation.
        ("consistency", None, {"patterns", "tests", "starts", "chains"}),
        ("fit-sweeps", None, {"tests", "starts", "chains"}),
        ("relax", "image", {"tests", "chains"}),
        ("relax", "pattern,flip:0.3", {"starts", "chains"}),
    ],
)
def test_each_stream_changes_what_it_is_for(
    monkeypatch: pytest.MonkeyPatch, command: str, start: str | None, used: set[str]
) -> None:
    settings = {} if start is None else {"start": start}
    one, found = _run(command, 1, **settings), set()
    for free in ALL:
        _only(monkeypatch, free)
        if not _same(one, _run(command, 2, **settings)):
            found.add(free)
    assert found == used


def _seen(result: RecallResult) -> tuple[list[int], list[int], list[float]]:
    """The images of a recall, its first start, and where its trials end."""
    assert result.frames is not None
    trials = result.tables["trials"]
    ends = trials["best_overlap"].tolist()
    return trials["source_index"].tolist(), result.frames.states[0, 0].tolist(), ends


@pytest.mark.parametrize("start", ["image,flip:0.2", "random", "pattern,flip-rows:4"])
def test_starts_of_a_recall_have_a_stream_apart_from_images_and_chains(
    monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    pair = map(_seen, _with_only(monkeypatch, "recall", "starts", start=start))
    images, first, _ = zip(*pair, strict=True)
    assert images[0] == images[1]
    assert first[0] != first[1]
    pair = map(_seen, _with_only(monkeypatch, "recall", "chains", start=start))
    images, first, ends = zip(*pair, strict=True)
    assert images[0] == images[1]
    assert first[0] == first[1]
    assert ends[0] != ends[1]


@pytest.mark.parametrize("start", ["random", "pattern,flip:0.3"])
def test_the_first_start_of_a_recall_is_that_of_its_stream_and_number(start: str) -> None:
    result = _run("recall", 5, start=start)
    config = RecallConfig.from_values({"start": start})
    xi = result.patterns
    assert not isinstance(config.start, str)
    rows = None if start == "random" else np.arange(1)
    bank = Bank(np.array(["any"]), np.zeros(1, np.int64), xi.xi, rows)
    seed = seed_word(OWN(5).starts)
    assert result.frames is not None
    first = first_states(config.start, bank, xi.shape, seed, np.array([0]))
    assert np.array_equal(result.frames.states[0, 0], first[0])


def test_signs_of_a_census_at_once_are_decided_by_the_starts_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All sites at once leave nothing to the chains."""
    assert _same(*_with_only(monkeypatch, "attractors", "chains", dynamics="sync"))
    assert not _same(*_with_only(monkeypatch, "attractors", "starts", dynamics="sync"))


def test_flips_of_a_capacity_run_have_a_stream_apart_from_its_chains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Chains from the patterns do not know the flips, and are as they were."""

    def seen(result: Any) -> list[list[float]]:
        table: pd.DataFrame = result.tables["capacity"]
        return [table[name].tolist() for name in ("fixed", "overlap_pattern", "overlap_flipped")]

    one, other = map(seen, _with_only(monkeypatch, "capacity", "starts"))
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, True, False]
    one, other = map(seen, _with_only(monkeypatch, "capacity", "chains", draws=9))
    assert [a == b for a, b in zip(one, other, strict=True)] == [True, False, False]


@pytest.mark.parametrize("command", EXPERIMENTS)
def test_a_plan_can_be_run_as_often_as_one_likes(command: str) -> None:
    config = CATALOGUE[command].config.from_values(EXPERIMENTS[command])
    plan, execution = experiments.plan(config), CATALOGUE[command].execution()
    once, twice = (plan.run(execution, experiments.no_progress) for _ in range(2))
    assert _same(once, twice)
