"""Warnings of a recall whose accuracy would still rise."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from conftest import RunHopcli, few_and_many, least

from hopcli import dynamics, experiments
from hopcli.config import RecallConfig, RecallExecution
from hopcli.experiments import cautions, recall
from hopcli.experiments.cautions import Continuation, Rise, rise_of
from hopcli.experiments.stock import Stock
from hopcli.results import read_manifest
from hopcli.tables import Columns

STOCK = Stock()
Risen = Callable[..., Any]


@pytest.fixture
def risen(monkeypatch: pytest.MonkeyPatch) -> Risen:
    """Run a recall; return the gain of its continuation, the result and the continuation."""

    def run(**settings: Any) -> tuple[Rise | None, Any, Continuation]:
        made: list[Continuation] = []

        class Seen(Continuation):
            def __init__(self, relaxation: Any) -> None:
                super().__init__(relaxation)
                made.append(self)

        monkeypatch.setattr(recall, "Continuation", Seen)
        plan = experiments.plan(RecallConfig.from_values(settings), STOCK)
        result = plan.run(RecallExecution(), experiments.no_progress)
        rows = made[0].rows
        return rise_of(*made[0].ends()) if len(rows) else None, result, made[0]

    return run


def _accuracy(result: Any) -> float:
    return float(result.tables["accuracy"]["accuracy"].iloc[-1])


COLD: list[dict[str, Any]] = [{"dynamics": "sync"}, {"order": "fixed", "temperature": 0.0}]
COLD += [{"dynamics": "async", "order": "fixed", "score": "signed", "theta": 0.05}]


@pytest.mark.parametrize("settings", COLD, ids=str)
def test_without_noise_it_is_twice_the_sweeps(risen: Risen, settings: dict[str, Any]) -> None:
    given = {"start": "image,flip:0.3", "tests": 20, "repeats": 3, "criterion": 0.95, **settings}
    rise, once, _ = risen(**given, sweeps=1)
    _, twice, _ = risen(**given, sweeps=2)
    assert rise.trials == 300
    assert rise.mean == pytest.approx(_accuracy(twice) - _accuracy(once))
    assert abs(rise.mean) > 0.01
    assert rise.low < rise.mean < rise.high


def test_with_noise_it_is_as_much_as_twice_the_sweeps_give(risen: Risen) -> None:
    """From 8 to 16 half-sweeps the accuracy of 5,000 trials rises by 0.137."""
    found = [risen(sweeps=8, seed=seed, repeats=5)[0] for seed in range(6)]
    assert {rise.trials for rise in found} == {500}
    means = np.array([rise.mean for rise in found])
    assert means.mean() == pytest.approx(0.137, abs=0.02)
    assert sum(rise.low < 0.137 < rise.high for rise in found) >= 5
    assert len(set(means)) > 1


def test_an_order_that_was_given_goes_on_at_random(risen: Risen) -> None:
    """The authors' run of 10 sweeps rises by 2 or 3 points, less than half its interval."""
    rise, result, _ = risen(replay_authors=True, sweeps=10, repeats=3)
    assert rise.low > 0
    assert 0.01 < rise.mean < 0.06
    table = result.tables["accuracy"].iloc[-1]
    assert rise.mean < (table["ci_high"] - table["ci_low"]) / 2
    assert result.notes["warnings"] == []


@pytest.mark.parametrize("settings", [{"quench": True}, {"temperature": "1:0.1:geometric"}])
def test_trials_run_on_at_the_last_temperature(risen: Risen, settings: dict[str, Any]) -> None:
    _, _, further = risen(tests=5, repeats=2, sweeps=6, **settings)
    with mock.patch.object(dynamics, "run", wraps=dynamics.run) as run:
        assert len(further.ends()[0]) == 50
    first, *others = (call.kwargs for call in run.call_args_list)
    last = 0.1 if "temperature" in settings else 0.2
    assert first["temperatures"] == pytest.approx([last] * 6)
    assert first["dynamics"] == "metropolis"
    assert [one["dynamics"] for one in others] == (["async"] if "quench" in settings else [])


def test_it_goes_on_with_numbers_of_its_own(monkeypatch: pytest.MonkeyPatch, risen: Risen) -> None:
    whole, one, further = risen(tests=10, repeats=2, sweeps=8)
    relaxation, rows = further._relaxation, np.arange(100)
    ends = relaxation.run(rows).spins
    assert np.array_equal(np.concatenate(further._spins), ends)
    again, other = (relaxation.further(relaxation.starts(rows), rows).spins for _ in range(2))
    assert np.all(again == ends, axis=1).mean() < 0.2
    assert np.array_equal(again, other)
    # Trials are found in whatever block they are; numbers of the run are as they were.
    monkeypatch.setattr("hopcli.experiments.relaxation._BLOCK", 77)
    assert risen(tests=10, repeats=2, sweeps=8)[0] == whole
    monkeypatch.setattr("hopcli.experiments.relaxation._MOST_CONTINUED", 0)
    rise, same, _ = risen(tests=10, repeats=2, sweeps=8)
    assert (rise, same.notes["warnings"]) == (None, [])
    assert all(table.equals(same.tables[name]) for name, table in one.tables.items())


def test_what_it_costs_is_bounded(monkeypatch: pytest.MonkeyPatch, risen: Risen) -> None:
    assert risen(tests=2, repeats=1, sweeps=20_000)[0] is None
    assert risen(tests=60, repeats=4, sweeps=200)[0].trials == 125  # 10 million attempts or so
    monkeypatch.setattr("hopcli.experiments.relaxation._CHEAP", 0)
    assert risen(tests=100, repeats=2)[0].trials == 30  # 3 % of 1000
    assert risen(tests=10, repeats=3)[0] is None


def test_images_are_the_units_and_inverses_count_as_the_recall_says(
    risen: Risen,
) -> None:
    few = {"sweeps": 8, "tests": 4, "repeats": 25}
    fresh, same = (risen(**few, test_images=images)[0] for images in ("fresh", "same"))
    assert fresh.trials == same.trials == 500
    assert same.high - same.low > 1.5 * (fresh.high - fresh.low)
    for score, mean in (("signed", 0.0), ("abs", 0.137)):
        rise = risen(sweeps=8, repeats=2, start="image,inverse", score=score)[0]
        assert rise.mean == pytest.approx(mean, abs=0.04)


# --- the interval --------------------------------------------------------------------------


def test_a_rise_is_that_of_its_units() -> None:
    before = np.array([False, False, True, True, False])
    after = np.array([True, False, True, False, True])
    assert rise_of(before, after, np.arange(5)).mean == pytest.approx(0.2)
    same = rise_of(np.tile(before, 9), np.tile(after, 9), np.tile(np.arange(5), 9))
    alone = rise_of(before, after, np.arange(5))
    assert same[:3] == pytest.approx(alone[:3])
    assert rise_of(np.tile(before, 9), np.tile(after, 9), np.arange(45)).low > alone.low


def test_five_more_that_are_recalled_may_be_chance() -> None:
    for n in (1, 5, 6, 9):
        rise = rise_of(np.zeros(99, bool), np.arange(99) < n, np.arange(99))
        assert (rise.low > 0) == (n >= cautions._FEWEST)


@pytest.mark.parametrize("end", [False, True])
def test_where_all_change_alike_the_interval_ends_there(end: bool) -> None:
    before, after = np.full(20, not end), np.full(20, end)
    found = rise_of(before, after, np.arange(20))
    assert found.mean == (1 if end else -1)
    assert (found.high if end else found.low) == found.mean
    assert found.low < found.high


@few_and_many("runs", 60, 300)
@pytest.mark.parametrize(("gain", "loss"), [(0.03, 0.0), (0.05, 0.03), (0.3, 0.1)])
def test_the_interval_covers_what_it_promises(gain: float, loss: float, runs: int) -> None:
    """At least 95 %, for nothing is supposed of units; 250 units of two trials, half alike."""
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(250), 2)
    covered = 0
    for _ in range(runs):
        draw = np.where(rng.random(500) < 0.5, np.repeat(rng.random(250), 2), rng.random(500))
        gains, losses = draw < gain, draw > 1 - loss
        found = rise_of(losses, gains, unit)
        covered += found.low <= gain - loss <= found.high
    assert covered / runs >= least(0.97, runs)


# --- what is said --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rise", "told"),
    [
        (Rise(0.03, 0.001, 0.06, 99), True),
        (Rise(0.03, 0.0, 0.06, 99), False),  # may be none
        (Rise(0.015625, 0.005, 0.02, 99), False),  # half the interval of the accuracy is as much
        (Rise(0.016, 0.005, 0.02, 99), True),
    ],
)
def test_only_a_rise_that_is_sure_and_large_is_told(
    monkeypatch: pytest.MonkeyPatch, risen: Risen, rise: Rise, told: bool
) -> None:
    _, _, further = risen(tests=3, repeats=1, sweeps=3)
    columns = {"accuracy": [0.9, 0.5], "ci_low": [0.8, 0.484375], "ci_high": [1, 0.515625]}
    table = Columns([*columns], [np.array(values) for values in columns.values()])
    units = np.arange(99)
    monkeypatch.setattr(further, "n_gained", lambda: 6)
    monkeypatch.setattr(further, "ends", lambda: (units < 0, units < 1, units))
    monkeypatch.setattr(cautions, "rise_of", lambda *_: rise)
    said = further.warning(table)
    assert (said is not None) == told
    if told and rise is not None and rise.mean == 0.03:
        assert re.findall(r"\d+\.\d", said or "")[:5] == ["50.0", "1.6", "3.0", "0.1", "6.0"]


def test_a_recall_that_is_too_short_says_so_in_a_line(run_hopcli: RunHopcli) -> None:
    recall = ["recall", "--no-figures", "--tests", "100", "--repeats", "5"]
    done = run_hopcli(*recall, "--sweeps", "8", "--out", "short")
    (line,) = done.err.splitlines()
    assert line.startswith("hopcli: warning: ")
    assert re.findall(r"6\d\.\d ± \d\.\d %|500 trials", line)[1:] == ["500 trials"]
    assert "--sweeps 16" in line
    notes = read_manifest(Path("short"), "recall")["notes"]
    assert [line.removeprefix("hopcli: warning: ")] == notes["warnings"]
    for flags in ("--sweeps 20", "--start random --dynamics async --until-stable"):
        done = run_hopcli(*recall, *flags.split(), "--overwrite")
        assert (done.code, "--sweeps" in done.err) == (0, False), flags
