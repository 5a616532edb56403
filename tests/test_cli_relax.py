"""``hopcli relax``: the same trials as a recall, and how they relax."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from shell import Shell

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution, RelaxConfig, ThreadedExecution
from hopcli.config.relax import round_sweeps
from hopcli.experiments import relax as module
from hopcli.experiments.relax import Measured, settling_table
from hopcli.experiments.stock import Stock
from hopcli.results import load
from hopcli.statistics.autocorrelation import autocorrelation_time

LABELS = ["3", "6", "1", "0", "4"]
STOCK = Stock()


def relax(**settings: Any) -> Any:
    plan = experiments.plan(RelaxConfig.from_values(settings), STOCK)
    return plan.run(ThreadedExecution(), experiments.no_progress)


def recall(**settings: Any) -> Any:
    plan = experiments.plan(RecallConfig.from_values(settings), STOCK)
    return plan.run(RecallExecution(keep=("trials",)), experiments.no_progress).tables


# --- the same trials as a recall -----------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"test_images": "same", "temperature": 0.3, "score": "signed"},
        {"tests": "all", "repeats": 2, "dataset": "digits", "exclude_samples": False},
        {"start": "image,inverse", "dynamics": "async", "order": "permutation", "tie": "up"},
        {"dynamics": "sync", "until_stable": True, "seed": 7},
        {"temperature": 0.6, "order": "fixed", "attempts_per_sweep": "N"},
    ],
    ids=str,
)
def test_every_sweep_is_the_end_of_a_recall_that_long(settings: dict[str, Any]) -> None:
    """Accuracies and intervals to the last digit, and overlaps of the states."""
    given = {"tests": 15, "repeats": 3, "sweeps": 12, **settings}
    found = relax(**given).tables["relaxation"]
    assert sorted(set(found["sweep"])) == list(range(13))
    for sweep in (1, 4, 12):
        theirs = recall(**{**given, "sweeps": sweep})
        ours = found[found["sweep"] == sweep].reset_index(drop=True)
        for name in ("label", "n", "recalled", "accuracy", "ci_low", "ci_high"):
            assert ours[name].tolist() == theirs["accuracy"][name].tolist(), (sweep, name)
        overlaps = theirs["trials"].groupby("label", sort=False)["overlap_own"].mean()
        assert ours["overlap"].tolist()[:-1] == pytest.approx(overlaps.tolist(), nan_ok=True)


def test_the_last_sweep_of_an_automatic_criterion_is_that_of_the_recall() -> None:
    """It depends on the number of sweeps."""
    given = {"temperature": 0.6, "criterion": "auto", "tests": 15, "repeats": 2, "sweeps": 12}
    ours = relax(**given).tables["relaxation"].tail(6)
    assert ours["recalled"].tolist() == recall(**given)["accuracy"]["recalled"].tolist()
    assert 0 < ours["recalled"].iloc[-1] < ours["n"].iloc[-1]


def test_energies_and_trials_are_those_of_a_trace() -> None:
    given = {"tests": 3, "repeats": 1, "sweeps": 9, "theta": 0.02}
    found = relax(**given)
    trace = recall(**given, trace=True)["trace"]
    means = trace.groupby(["sweep", "label"])["energy"].agg(["mean", "sem"])
    ours = found.tables["relaxation"].set_index(["sweep", "label"]).loc[means.index]
    assert ours["energy"].tolist() == pytest.approx(means["mean"].tolist())
    assert ours["energy_sem"].tolist() == pytest.approx(means["sem"].tolist())
    images = trace.drop_duplicates("trial")["source_index"].tolist()
    arrays = found.arrays["relax"]
    assert arrays["trials.source_index"].tolist() == images
    assert arrays["trials.repeat"].tolist() == [0] * 15
    twice = relax(**{**given, "repeats": 2}).arrays["relax"]
    assert twice["trials.repeat"].tolist() == [0, 0, 0, 1, 1, 1] * 5
    assert twice["trials.source_index"].reshape(5, 2, 3)[:, 0].ravel().tolist() == images


def test_the_last_row_is_the_mean_over_labels() -> None:
    found = relax(tests=9, repeats=2, sweeps=8).tables["relaxation"]
    for _, rows in found.groupby("sweep"):
        labels, overall = rows.iloc[:-1], rows.iloc[-1]
        assert overall["label"] == "overall"
        for name in ("accuracy", "overlap", "energy"):
            assert overall[name] == pytest.approx(labels[name].mean())
        for name in ("overlap_sem", "energy_sem"):
            assert overall[name] == pytest.approx(math.sqrt((labels[name] ** 2).sum()) / 5)


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RelaxConfig(tests=6, repeats=3, sweeps=7)
    whole = experiments.run(config, ThreadedExecution(threads=1))
    monkeypatch.setattr(module, "_BLOCK_SUMS", 700)  # three trials or so
    told: list[tuple[int, int]] = []
    other = experiments.run(config, ThreadedExecution(threads=2), lambda *step: told.append(step))
    for name, table in whole.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], check_exact=True)
    for name, array in whole.arrays["relax"].items():
        assert np.array_equal(array, other.arrays["relax"][name])
    assert {total for _, total in told} == {90}
    assert sum(done for done, _ in told) == 90


# --- what theory knows ---------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "per_site"), [("N/2", 0.5), ("N", 1)])
def test_deep_in_a_well_a_site_forgets_when_it_is_tried(attempts: str, per_site: float) -> None:
    """A turned site is turned back once tried, so rho falls as the chance not to be."""
    tau = 1 / math.tanh(per_site / 2)
    trials = {"sweeps": 450, "tests": 60, "repeats": 5}
    cold = {"start": "pattern", "temperature": 0.25, "attempts_per_sweep": attempts}
    found = relax(**trials, **cold).tables["autocorrelation"]
    assert found["label"].tolist() == LABELS
    assert found["n"].tolist() == [300] * 5
    for name in ("energy", "overlap"):
        assert found[f"{name}_tau"].mean() == pytest.approx(tau, rel=0.04)
        assert found[f"{name}_tau_sem"].mean() == pytest.approx(0.025 * tau, rel=0.5)
        assert found[f"{name}_long_enough"].all()


def test_the_last_half_alone_is_taken_to_be_equilibrium() -> None:
    rng = np.random.default_rng(2)
    overlap, energy = rng.normal(size=(2, 30, 41)) + np.exp(-np.arange(41))
    rows = np.arange(30)
    found = Measured.of("a", rows, rows, (energy > 0, overlap, energy)).times
    for name, values in (("overlap", overlap), ("energy", energy)):
        assert found[name] == autocorrelation_time(values[:, 21:])


# --- settling ------------------------------------------------------------------------------


def _measured(label: str, recalled: list[str], unit: list[int] | None = None) -> Measured:
    """Of trials that are recalled (1) or not (0) after sweep 0, 1, ..."""
    flags: NDArray[np.bool_] = np.array([[c == "1" for c in path] for path in recalled])
    some, rows = np.zeros(flags.shape), np.arange(len(flags))
    units = rows if unit is None else np.array(unit)
    return Measured.of(label, rows, units, (flags, some, some))


def test_a_trial_settles_at_its_last_change_unless_that_is_late() -> None:
    paths = ["000000000", "111111111", "011111111", "010111111", "000011111", "000001111"]
    found = _measured("a", [*paths, "000010000", "111111110"])
    assert found.settled.tolist() == [0, 0, 1, 3, 4, -1, -1, -1]
    assert found.recalled.tolist() == [False, True, True, True, True, True, False, False]
    settling = settling_table([found], 4).frame()
    assert settling["label"].tolist() == ["a", "overall"]
    columns = ["n", "settled", "median", "median_ci_low"]
    assert settling[columns].to_numpy().tolist() == [[8, 5 / 8, 3, 0]] * 2
    assert settling[["p90", "median_ci_high"]].isna().all(axis=None)


def test_the_overall_times_are_of_the_mean_over_labels() -> None:
    slow = _measured("slow", ["00111111111"] * 9 + ["11111111111"])
    fast = _measured("fast", ["01111111111"] * 40)
    settling = settling_table([slow, fast], 5).frame().set_index("label")
    assert settling["median"].to_dict() == {"slow": 2, "fast": 1, "overall": 1}
    assert settling["p90"].to_dict() == {"slow": 2, "fast": 1, "overall": 2}
    assert settling["n"].to_dict() == {"slow": 10, "fast": 40, "overall": 50}


def test_images_not_trials_are_the_units_of_settling() -> None:
    paths = ["0" * 11, "01" + "1" * 9, "001" + "1" * 8, "0001" + "1" * 7]
    alone = settling_table([_measured("a", paths)], 5).frame()
    often = settling_table([_measured("a", paths * 20, unit=[0, 1, 2, 3] * 20)], 5).frame()
    pd.testing.assert_frame_equal(alone.drop(columns="n"), often.drop(columns="n"))
    more = settling_table([_measured("a", paths * 20)], 5).frame()
    assert more["median_ci_high"].iloc[0] < 3 == alone["p90"].iloc[0]
    assert math.isnan(alone["median_ci_high"].iloc[0])


# --- the command ---------------------------------------------------------------------------


def test_some_sweeps_are_printed_and_all_are_written(shell: Shell) -> None:
    done = shell.run("relax --tests 8 --repeats 2 --sweeps 30 --out out")
    run = load("out")
    rows = [line.split() for line in done.out.splitlines()[1:8]]
    assert [int(row[0]) for row in rows] == [0, 1, 2, 5, 10, 20, 30]
    sweeps = run.result.tables["relaxation"]["sweep"]
    assert sweeps.max() == 30
    assert set(sweeps) >= set(round_sweeps(30))
    assert len(run.result.settled("3")) == 16
