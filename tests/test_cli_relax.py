"""``hopcli relax``: the same trials as a recall, and what is known of how they relax."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from test_plots import FIVE, run, with_arrays

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution, RelaxConfig, ThreadedExecution
from hopcli.config.relax import round_sweeps
from hopcli.experiments import relax as module
from hopcli.experiments.relax import RelaxResult
from hopcli.experiments.relax_tables import Course, Measured, settling_table
from hopcli.experiments.stock import Stock
from hopcli.results import load, read_manifest
from hopcli.statistics.autocorrelation import autocorrelation_time

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

OUT = Path("results/relax")
RELAX = ["relax", "--no-figures", "--quiet", "--overwrite"]
SMALL = [*RELAX, "--tests", "8", "--repeats", "2", "--sweeps", "10"]


STOCK = Stock()


def _relax(**settings: Any) -> RelaxResult:
    plan = experiments.plan(RelaxConfig.from_values(settings), STOCK)
    result = plan.run(ThreadedExecution(), experiments.no_progress)
    assert isinstance(result, RelaxResult)
    return result


def _recall(**settings: Any) -> Any:
    plan = experiments.plan(RecallConfig.from_values(settings), STOCK)
    return plan.run(RecallExecution(keep=("trials",)), experiments.no_progress).tables


# --- the same trials as a recall -----------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"test_images": "same", "temperature": 0.3, "score": "signed"},
        {"tests": "all", "repeats": 2, "dataset": "digits", "exclude_samples": False},
        {"start": "pattern,flip:0.4", "rule": "hebbian", "dynamics": "glauber"},
        {"start": "image,inverse", "dynamics": "async", "order": "permutation", "tie": "up"},
        {"dynamics": "sync", "until_stable": True, "seed": 7},
        {"temperature": 0.6, "criterion": "auto", "order": "fixed", "attempts_per_sweep": "N"},
        {"start": "blend:0:4:fill", "source_indices": (21607, 25559), "digits": None},
    ],
    ids=str,
)
def test_every_sweep_is_the_end_of_a_recall_that_long(settings: dict[str, Any]) -> None:
    """Accuracies and intervals to the last digit, and overlaps and energies of the states."""
    given = {"tests": 15, "repeats": 3, "sweeps": 12, **settings}
    if given.get("digits", ...) is None:
        del given["digits"]
        given["start"] = "random"
    found = _relax(**given).tables["relaxation"]
    sweeps = sorted(set(found["sweep"]))
    assert sweeps == list(range(13))
    for sweep in (1, 4, 12):
        recall = _recall(**{**given, "sweeps": sweep})
        if given.get("criterion") == "auto":  # it depends on the sweeps
            break
        ours = found[found["sweep"] == sweep].reset_index(drop=True)
        theirs = recall["accuracy"]
        for name in ("label", "n", "recalled", "accuracy", "ci_low", "ci_high"):
            assert ours[name].tolist() == theirs[name].tolist(), (sweep, name)
        overlaps = recall["trials"].groupby("label", sort=False)["overlap_own"].mean()
        assert ours["overlap"].tolist()[:-1] == pytest.approx(overlaps.tolist(), nan_ok=True)


def test_the_last_sweep_of_an_automatic_criterion_is_that_of_the_recall() -> None:
    given = {"temperature": 0.6, "criterion": "auto", "tests": 15, "repeats": 2, "sweeps": 12}
    ours = _relax(**given).tables["relaxation"].tail(6).reset_index(drop=True)
    theirs = _recall(**given)["accuracy"]
    assert ours["recalled"].tolist() == theirs["recalled"].tolist()
    assert 0 < ours["recalled"].iloc[-1] < ours["n"].iloc[-1]


def test_energies_and_trials_are_those_of_a_trace() -> None:
    given = {"tests": 3, "repeats": 1, "sweeps": 9, "theta": 0.02}
    found = _relax(**given)
    trace = _recall(**given, trace=True)["trace"]
    means = trace.groupby(["sweep", "label"])["energy"].agg(["mean", "sem"])
    table = found.tables["relaxation"].set_index(["sweep", "label"])
    for (sweep, label), row in means.iterrows():
        ours = table.loc[(sweep, label)]
        assert ours["energy"] == pytest.approx(row["mean"])
        assert ours["energy_sem"] == pytest.approx(row["sem"])
    trials = {name: array for name, array in found.arrays["relax"].items() if "trials." in name}
    images = trace.drop_duplicates("trial")["source_index"]
    assert trials["trials.source_index"].tolist() == images.tolist()
    assert trials["trials.repeat"].tolist() == [0] * 15
    twice = _relax(**{**given, "repeats": 2}).arrays["relax"]
    assert twice["trials.repeat"].tolist() == [0, 0, 0, 1, 1, 1] * 5
    ends = twice["trials.source_index"].reshape(5, 2, 3)
    assert ends[:, 0].ravel().tolist() == images.tolist()


def test_the_last_row_is_the_mean_over_labels() -> None:
    table = _relax(tests=9, repeats=2, sweeps=8).tables["relaxation"]
    for _, rows in table.groupby("sweep"):
        *labels, overall = rows.to_dict("records")
        assert overall["label"] == "overall"
        for name in ("accuracy", "overlap", "energy"):
            assert overall[name] == pytest.approx(np.mean([row[name] for row in labels]))
        for name in ("overlap_sem", "energy_sem"):
            sem = math.sqrt(sum(row[name] ** 2 for row in labels)) / 5
            assert overall[name] == pytest.approx(sem)


def test_blocks_and_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    config = RelaxConfig(tests=6, repeats=3, sweeps=7)
    one = experiments.run(config, ThreadedExecution(threads=1))
    monkeypatch.setattr(module, "_BLOCK_SUMS", 700)  # three trials or so
    told: list[tuple[int, int]] = []
    other = experiments.run(
        config, ThreadedExecution(threads=2), lambda done, total: told.append((done, total))
    )
    for name, table in one.tables.items():
        pd.testing.assert_frame_equal(table, other.tables[name], check_exact=True)
    for name, array in one.arrays["relax"].items():
        assert np.array_equal(array, other.arrays["relax"][name])
    assert {total for _, total in told} == {90}
    assert sum(done for done, _ in told) == 90


# --- what theory knows ---------------------------------------------------------------------


def test_after_10_and_20_sweeps_are_the_accuracies_of_the_study() -> None:
    """Images in a fresh order of sites: 79.7 % after 10 sweeps, 82.4 % after 20 (STUDY rows)."""
    table = _relax(sweeps=40, test_images="same", repeats=3, seed=2).tables["relaxation"]
    overall = table[table["label"] == "overall"].set_index("sweep").to_dict("index")
    for sweep, published in ((10, 0.797), (20, 0.824)):
        assert overall[sweep]["ci_low"] < published < overall[sweep]["ci_high"]
    accuracy = {sweep: row["accuracy"] for sweep, row in overall.items()}
    assert 0.01 < accuracy[20] - accuracy[10] < 0.05
    assert abs(accuracy[40] - accuracy[20]) < 0.01


@pytest.mark.parametrize(
    ("attempts", "tau"), [("N/2", 1 / math.tanh(0.25)), ("N", 1 / math.tanh(0.5))]
)
def test_deep_in_a_well_a_site_forgets_when_it_is_tried(attempts: str, tau: float) -> None:
    """A turned site is turned back once tried, so rho falls as the chance not to be."""
    found = _relax(
        start="pattern",
        attempts_per_sweep=attempts,
        sweeps=450,
        tests=60,
        repeats=5,
        temperature=0.25,
    ).tables["autocorrelation"]
    assert found["label"].tolist() == ["3", "6", "1", "0", "4"]
    assert found["n"].tolist() == [300] * 5
    for name in ("energy", "overlap"):
        assert found[f"{name}_tau"].mean() == pytest.approx(tau, rel=0.04)
        assert found[f"{name}_tau_sem"].mean() == pytest.approx(0.025 * tau, rel=0.5)
        assert found[f"{name}_long_enough"].tolist() == [True] * 5


def test_the_last_half_alone_is_taken_to_be_equilibrium() -> None:
    rng = np.random.default_rng(2)
    overlap, energy = rng.normal(size=(2, 30, 41)) + np.exp(-np.arange(41))
    course = Course("a", np.arange(30), np.arange(30), energy > 0, overlap, energy)
    found = Measured.of(course, population=False).times
    for name, values in (("overlap", overlap), ("energy", energy)):
        assert found[name] == autocorrelation_time(values[:, 21:])


def test_where_nothing_moves_there_is_no_autocorrelation() -> None:
    """The pseudo-inverse keeps its patterns at T = 0, settled from the first sweep on."""
    result = _relax(start="pattern", temperature=0, tests=3, repeats=1, sweeps=8)
    found = result.tables["autocorrelation"]
    assert found[["energy_tau", "overlap_tau", "energy_tau_sem"]].isna().all(axis=None)
    assert not found[["energy_long_enough", "overlap_long_enough"]].any(axis=None)
    settling = result.tables["settling"]
    assert settling[["settled", "settled_ci_high"]].eq(1).all(axis=None)
    assert settling[["median", "p90", "p90_ci_low"]].eq(0).all(axis=None)
    assert result.settled("6").tolist() == [0, 0, 0]
    assert result.tables["relaxation"]["accuracy"].eq(1).all()


# --- settling ------------------------------------------------------------------------------


def _measured(label: str, recalled: list[str], unit: list[int] | None = None) -> Measured:
    """Of trials that are recalled (1) or not (0) after sweep 0, 1, ..."""
    flags: NDArray[np.bool_] = np.array([[c == "1" for c in one] for one in recalled])
    some = np.zeros(flags.shape)
    rows = np.arange(len(flags))
    units = rows if unit is None else np.array(unit)
    return Measured.of(Course(label, rows, units, flags, some, some), population=False)


def test_a_trial_settles_at_its_last_change_unless_that_is_late() -> None:
    paths = ["000000000", "111111111", "011111111", "010111111", "000011111", "000001111"]
    found = _measured("a", [*paths, "000010000", "111111110"])
    assert found.settled.tolist() == [0, 0, 1, 3, 4, -1, -1, -1]
    assert found.recalled.tolist() == [False, True, True, True, True, True, False, False]
    table = settling_table([found], 4)
    assert table["label"].tolist() == ["a", "overall"]
    assert table["n"].tolist() == [8, 8]
    assert table["settled"].tolist() == [5 / 8, 5 / 8]
    assert table["median"].tolist() == [3, 3]
    assert table["p90"].isna().all()
    assert table["median_ci_low"].tolist() == [0, 0]
    assert table["median_ci_high"].isna().all()


def test_the_overall_times_are_of_the_mean_over_labels() -> None:
    slow = _measured("slow", ["00111111111"] * 9 + ["11111111111"])
    fast = _measured("fast", ["01111111111"] * 40)
    table = settling_table([slow, fast], 5).set_index("label")
    assert table["median"].to_dict() == {"slow": 2, "fast": 1, "overall": 1}
    assert table["p90"].to_dict() == {"slow": 2, "fast": 1, "overall": 2}
    assert table["n"].to_dict() == {"slow": 10, "fast": 40, "overall": 50}


def test_images_not_trials_are_the_units_of_settling() -> None:
    paths = ["0" * 11, "01" + "1" * 9, "001" + "1" * 8, "0001" + "1" * 7]
    alone = settling_table([_measured("a", paths)], 5)
    often = settling_table([_measured("a", paths * 20, unit=[0, 1, 2, 3] * 20)], 5)
    pd.testing.assert_frame_equal(alone.drop(columns="n"), often.drop(columns="n"))
    more = settling_table([_measured("a", paths * 20)], 5)
    assert more["median_ci_high"].iloc[0] < 3 == alone["p90"].iloc[0]
    assert math.isnan(alone["median_ci_high"].iloc[0])


# --- the command ---------------------------------------------------------------------------


def test_it_writes_what_its_manual_says(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("relax", "--tests", "8", "--repeats", "2", "--sweeps", "30")
    assert (done.code, done.err) == (0, "")
    outputs = {"relaxation.csv", "settling.csv", "autocorrelation.csv", "relax.npz"}
    assert set(read_manifest(OUT, "relax")["outputs"]) == {*outputs, "relaxation.png"}
    heads, *rows = [line.split() for line in done.out.splitlines()[:8]]
    assert heads[:2] == ["sweep", "accuracy"]
    assert [int(row[0]) for row in rows] == [0, 1, 2, 5, 10, 20, 30]
    result = load(OUT).result
    assert result.tables["relaxation"]["sweep"].max() == 30
    assert set(result.tables["relaxation"]["sweep"]) >= set(round_sweeps(30))
    assert len(result.settled("3")) == 16


def test_a_criterion_that_calls_noise_a_failure_is_told(run_hopcli: RunHopcli) -> None:
    words = [word for word in SMALL if word != "--quiet"]
    done = run_hopcli(*words, "--temperature", "0.5")
    assert "T = 0.5" in done.err
    assert "m = 0.958" in done.err
    assert done.err.endswith("(try --criterion auto)\n")
    assert run_hopcli(*words, "--temperature", "0.5", "--criterion", "auto").err == ""


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ("--sweeps 3", "--sweeps 4 10000 3"),
        ("--temperature 1:0.1:linear", "--temperature 0"),
        ("--start blend:0:4 --dynamics glauber", "--start 0"),
        ("--dynamics async --temperature 0.1", "--temperature"),
        ("--gamma 2", "--gamma effect 'metropolis'"),
        ("--start random --tests all", "--tests 'random'"),
        ("--tests 5000 --repeats 10", "--sweeps 400 50 000"),
        ("--until-stable", "--until-stable effect 0"),
        ("--criterion 0", "--criterion 0 1 0.0"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(
    run_hopcli: RunHopcli, flags: str, message: str
) -> None:
    refusal = run_hopcli("relax", *flags.split()).refused()
    for piece in message.split():
        assert piece in refusal
    assert not Path("results").exists()


def test_a_resolved_configuration_has_every_value_and_resolves_to_itself() -> None:
    config = RelaxConfig(dynamics="glauber", gamma=4.0)
    plan = experiments.plan(config)
    resolved = plan.config
    assert isinstance(resolved, RelaxConfig)
    assert (resolved.temperature, resolved.gamma, resolved.test_images) == (0.5, None, "fresh")
    assert resolved.exclude_samples is True
    again = experiments.plan(dataclasses.replace(resolved)).config
    assert again.to_dict() == resolved.to_dict()


def test_the_curve_of_settled_images_counts_those_that_never_settle() -> None:
    """3 of 8 are 37.5 %, not all of those that settle."""
    made = run(RelaxConfig(source_indices=FIVE[:1], tests=8, repeats=1, sweeps=12))
    ends = np.array([0, 2, 2, -1, -1, -1, -1, -1])
    (drawn,) = with_arrays(made, {"trials.settled": ends}).figures().values()
    steps = [line for ax in drawn.axes for line in ax.lines if line.get_drawstyle() == "steps-post"]
    assert steps
    for line in steps:
        assert np.asarray(line.get_ydata()).tolist() == [12.5, 12.5, *[37.5] * 5]
