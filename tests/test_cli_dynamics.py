"""The update rules through the command line: what goes with what, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import hadamard

from hopcli import experiments
from hopcli.config import Facts, RecallConfig
from hopcli.config.notations import Schedule, temperature, temperatures

if TYPE_CHECKING:
    from conftest import RunHopcli

QUIET = ["--no-figures", "--quiet", "--overwrite"]
KEPT = ["--tests", "30", "--repeats", "1", *QUIET, "--keep", "trials"]
RECALL = ["recall", "--dataset", "text:3x3", "--rule", "hebbian", "--start", "flip:0.4", *KEPT]
COMPARE = ["compare", "--dataset", "digits", "--digits", "1,4,7", "--tests", "9", "--training"]
COMPARE += ["15", "--selector-samples", "2,5", "--selections", "3", "--candidates", "2"]
COMPARE += ["--split", "train", "--selector-tests", "7", "--tuning", "3"]


def _trials() -> pd.DataFrame:
    return pd.read_csv("results/recall/trials.csv")


def _schedule(text: str, sweeps: int) -> list[float]:
    return temperatures(temperature().check(text), sweeps)


# --- settings


@pytest.mark.parametrize(
    ("given", "order", "attempts", "temperature"),
    [
        ({"dynamics": "metropolis"}, "random", 4, 0.2),
        ({"dynamics": "glauber"}, "random", 4, 0.2),
        ({"dynamics": "async"}, "random", 4, 0.0),
        ({"dynamics": "sync"}, None, 9, 0.0),
        ({"order": "permutation"}, "permutation", 9, 0.2),
        ({"order": "fixed", "attempts_per_sweep": "N"}, "fixed", 9, 0.2),
        ({"dynamics": "async", "attempts_per_sweep": "2N"}, "random", 18, 0.0),
    ],
)
def test_each_rule_has_its_own_defaults(
    given: dict[str, Any], order: str | None, attempts: int, temperature: float
) -> None:
    """Of nine sites: half of them, or all, are tried in a sweep."""
    resolved = RecallConfig.from_values(given).resolve(Facts("small", (3, 3), ("a",), chosen=True))
    found = (resolved.order, resolved.attempts_per_sweep, resolved.temperature)
    assert found == (order, attempts, temperature)


@pytest.mark.parametrize("course", ["geometric", "linear"])
@pytest.mark.parametrize("ends", [(2.0, 0.1), (0.1, 2.0), (1.0, 1.0), (3.7, 0.3), (1e-3, 7.1)])
def test_a_schedule_begins_and_ends_exactly_where_it_says(
    course: str, ends: tuple[float, float]
) -> None:
    text = f"{ends[0]}:{ends[1]}:{course}"
    assert temperature().check(text) == Schedule(*ends, course)
    for sweeps in (2, 3, 7, 20, 1000):
        found = np.array(_schedule(text, sweeps))
        assert (len(found), found[0], found[-1]) == (sweeps, *ends)
        steps = np.diff(found if course == "linear" else np.log(found))
        np.testing.assert_allclose(steps, steps[0], rtol=0, atol=1e-12 * max(1, 10 / sweeps))


def test_schedules_of_one_sweep_to_zero_and_of_one_temperature() -> None:
    assert _schedule("2:0:linear", 5) == [2.0, 1.5, 1.0, 0.5, 0.0]
    assert _schedule("0.3", 4) == [0.3] * 4
    assert _schedule("0.3:0.2:linear", 1) == [0.3]


@pytest.mark.parametrize(
    ("flags", "option"),
    [
        ("--dynamics sync --order fixed", "--order"),
        ("--dynamics async --order fixed --attempts-per-sweep N/2", "--attempts-per-sweep"),
        ("--order permutation --attempts-per-sweep 8", "--attempts-per-sweep"),
        ("--dynamics sync --attempts-per-sweep N/2", "--attempts-per-sweep"),
        ("--dynamics async --temperature 0.2", "--temperature"),
        ("--dynamics sync --temperature 2:1:linear", "--temperature"),
        ("--dynamics async --gamma 3", "--gamma"),
        ("--gamma 3 --temperature 1", "--gamma"),
        ("--gamma 0", "--gamma"),
        ("--temperature nan", "--temperature"),
        ("--temperature 2:0:geometric", "--temperature"),
        ("--temperature 2:0.1:steep", "--temperature"),
        ("--temperature 2:0.1", "--temperature"),
        ("--temperature 2:-1:linear", "--temperature"),
        ("--temperature inf:1:linear", "--temperature"),
        ("--dynamics kawasaki", "--dynamics"),
        ("--order typewriter", "--order"),
        ("--tie both", "--tie"),
        ("--attempts-per-sweep N/0", "--attempts-per-sweep"),
        ("--sweeps 0", "--sweeps"),
        ("--animate ../a.gif", "--animate"),
        ("--animate a.mp4", "--animate"),
        ("--trace --sweeps 10001", "--sweeps"),
        ("--animate a.gif --sweeps 1001", "--sweeps"),
        ("--start blend:first:second", "--start"),  # has sites at 0, which nothing flips
    ],
)
def test_settings_that_do_not_go_together_are_refused_by_name(
    run_hopcli: RunHopcli, flags: str, option: str
) -> None:
    assert run_hopcli(*RECALL, *flags.split()).refused().startswith(f"{option} ")
    assert not Path("results").exists()


# --- runs


def test_every_rule_and_order_runs_and_gives_other_states(run_hopcli: RunHopcli) -> None:
    run = [*RECALL, "--dataset", "mnist", "--tests", "5", "--sweeps", "1"]
    ends = []
    for flags in (
        "--dynamics metropolis --attempts-per-sweep N",
        "--dynamics metropolis --order permutation",
        "--dynamics metropolis --order fixed",
        "--dynamics glauber --attempts-per-sweep N",
        "--dynamics async --attempts-per-sweep N",
        "--dynamics sync",
    ):
        assert run_hopcli(*run, *flags.split()).code == 0
        ends.append(tuple(_trials()["overlap_own"]))
    assert len(set(ends)) == len(ends)


@pytest.mark.parametrize(("tie", "never"), [("keep", "unsettled"), ("up", "fixed-point")])
def test_a_tied_state_is_settled_or_not_as_the_rule_for_ties_says(
    run_hopcli: RunHopcli, tie: str, never: str
) -> None:
    """Eight orthogonal patterns of eight sites leave no coupling: every site is tied.

    Kept, all states are fixed points; with ties up only the pattern with all sites up
    is, and other states have merely run out of sweeps.
    """
    rows = ("".join("#" if spin > 0 else "." for spin in row) for row in hadamard(8))
    Path("patterns.txt").write_text("\n\n".join(rows), encoding="utf-8")
    run = [*RECALL, "--dataset", "text:patterns.txt", "--start", "random", "--tests", "100"]
    run += ["--dynamics", "async", "--sweeps", "1", "--attempts-per-sweep", "2"]
    assert run_hopcli(*run, "--tie", tie).code == 0
    kinds = set(_trials()["outcome"])
    assert never not in kinds
    assert {"unsettled", "fixed-point"} - {never} <= kinds


def test_the_trace_has_the_temperature_of_the_sweep_before(run_hopcli: RunHopcli) -> None:
    run = [*RECALL, "--dynamics", "glauber", "--temperature", "2.0:0.1:geometric", "--trace"]
    assert run_hopcli(*run, "--sweeps", "6").code == 0
    expected = _schedule("2.0:0.1:geometric", 6)
    for _, one in pd.read_csv("results/recall/trace.csv").groupby("trial"):
        assert one["temperature"].tolist() == pytest.approx([expected[0], *expected])


def test_cooling_finds_the_patterns_that_a_quench_misses(run_hopcli: RunHopcli) -> None:
    """From random spins at T = 0 many end elsewhere; annealed, nearly all in a pattern."""
    run = ["recall", "--start", "random", "--dynamics", "glauber", *KEPT, "--tests", "60"]
    recalled = []
    for course in ("0", "0.9:0.05:geometric"):
        run += ["--sweeps", "300", "--attempts-per-sweep", "N", "--temperature", course]
        assert run_hopcli(*run).code == 0
        recalled.append(_trials()["recalled"].mean())
    assert recalled[0] < 0.85
    assert recalled[1] > recalled[0] + 0.1


@pytest.mark.parametrize("dynamics", ["async", "sync", "glauber"])
def test_empty_sites_are_filled_once_visited(dynamics: str) -> None:
    """Under tie up nothing stays empty: where no field decides, the rule does."""
    values: dict[str, Any] = {"start": "blend:first:second", "dynamics": dynamics, "sweeps": 30}
    values |= {"dataset": "text:3x3", "rule": "hebbian", "tests": 3, "repeats": 1}
    values |= {} if dynamics == "glauber" else {"tie": "up"}
    result: Any = experiments.run(RecallConfig.from_values(values))
    assert np.any(result.gallery.start == 0)
    assert np.all(np.abs(result.gallery.end) == 1)


def test_more_repeats_only_add_trials_at_the_end(run_hopcli: RunHopcli) -> None:
    run = [*RECALL, "--start", "random,flip-rows:1", "--dynamics", "glauber"]
    tables = []
    for repeats in ("1", "3"):
        assert run_hopcli(*run, "--repeats", repeats).code == 0
        tables.append(_trials())
    few, many = tables
    assert len(many) == 3 * len(few)
    pd.testing.assert_frame_equal(many.iloc[: len(few)], few)
    ends = many["overlap_own"].fillna(many["best_overlap"]).to_numpy().reshape(3, -1)
    assert len({tuple(repeat) for repeat in ends.tolist()}) == 3


@pytest.mark.parametrize(
    "run",
    [
        *(
            [*RECALL[:1], *KEPT, "--tests", "5", "--trace", "--dynamics", dynamics]
            for dynamics in ("metropolis", "glauber", "async", "sync")
        ),
        *(
            ["temperature-scan", "--temperatures", "0.2,0.6", "--repeats", "8", "--start", start]
            for start in ("random,flip:0.1", "digit")
        ),
        ["attractors", "--rule", "storkey,pseudo-inverse", "--starts", "200"],
        ["capacity", "--sizes", "60", "--loads", "0.1,0.2", "--rule", "hebbian,storkey"],
        ["critical", "--temperatures", "0.5,1", "--chains", "5", "--sweeps", "30"],
        ["fit-sweeps", "--sweeps", "3,5", "--replays", "3", "--orders", "5"],
        ["variance", "--selections", "4", "--tests", "6", "--repeats", "2"],
        COMPARE,
    ],
    ids=lambda run: f"{run[0]}-{run[-1]}",
)
def test_threads_change_no_byte(run_hopcli: RunHopcli, run: list[str]) -> None:
    """Of any table or array, under any rule and command that has threads."""
    written = []
    for threads in ("1", "2"):
        assert run_hopcli(*run, *QUIET, "--threads", threads, "--out", threads).code == 0
        files = [path for path in sorted(Path(threads).iterdir()) if path.suffix != ".json"]
        written.append({path.name: path.read_bytes() for path in files})
    assert len(written[0]) >= 2
    assert written[0] == written[1]
