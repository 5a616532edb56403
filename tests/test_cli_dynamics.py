"""Update rules and thresholds in a run: allowed and refused combinations of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import RunHopcli
from scipy.linalg import hadamard
from shell import SMALL_RUNS, Shell

from hopcli import experiments
from hopcli.catalogue import CATALOGUE
from hopcli.config import RecallConfig, RecallExecution
from hopcli.config.notations import Schedule, temperature, temperatures
from hopcli.dynamics import DYNAMICS

QUIET = ["--no-figures", "--quiet", "--overwrite"]
KEPT = ["--tests", "30", "--repeats", "1", *QUIET, "--keep", "trials"]
OUT = ["--out", "results/recall"]
RECALL = ["recall", "--dataset", "text:3x3", "--rule", "hebbian", "--start", "flip:0.4"]
RECALL += [*KEPT, *OUT]


def _trials() -> pd.DataFrame:
    return pd.read_csv("results/recall/trials.csv")


def _schedule(text: str, sweeps: int) -> list[float]:
    kind = temperature()
    return temperatures(kind.check(kind.read(text)), sweeps)


# --- settings


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


# --- runs


def test_every_rule_and_order_runs_and_gives_other_states(run_hopcli: RunHopcli) -> None:
    run = [*RECALL, "--dataset", "digits", "--tests", "5", "--sweeps", "1"]
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


THREADED = [
    f"{command} {flags}"
    for command, flags in SMALL_RUNS.items()
    if "threads" in CATALOGUE[command].settings
]
TRACED = "recall --start flip:0.3 --tests 5 --repeats 1 --trace --keep trials --dynamics"


@pytest.mark.parametrize("run", [*THREADED, *(f"{TRACED} {dynamics}" for dynamics in DYNAMICS)])
def test_threads_change_no_byte(shell: Shell, run: str) -> None:
    """Of any table or array, under any rule and command that has threads."""
    one, two = (shell.make(f"{run} --no-figures --threads {n}", str(n)) for n in (1, 2))
    assert len(one) >= 3
    for files in (one, two):
        files |= dict.fromkeys((name for name in files if name.endswith(".json")), b"")
    assert one == two


# --- thresholds

ON_4X4 = [*RECALL, "--dataset", "text:4x4", "--start", "random", "--dynamics", "async"]
PER_SITE = np.round(np.linspace(-0.6, 0.7, 16), 3)


def _on_4x4(**settings: object) -> Any:
    values = {"dataset": "text:4x4", "rule": "hebbian", "tests": 1, "repeats": 1} | settings
    return experiments.run(RecallConfig.from_values(values), RecallExecution(animate="a.gif"))


def test_a_number_and_files_of_any_layout_are_the_same_thresholds(run_hopcli: RunHopcli) -> None:
    def trials(theta: str) -> bytes:
        assert run_hopcli(*ON_4X4, "--theta", theta).code == 0
        return Path("results/recall/trials.csv").read_bytes()

    files: dict[str, Any] = {"same": np.full(16, 0.3), "column": PER_SITE, "row": PER_SITE[None]}
    for name, values in (files | {"picture": PER_SITE.reshape(4, 4)}).items():
        np.savetxt(name, values)
    assert trials("0.3") == trials("same")
    assert trials("column") == trials("row") == trials("picture")
    assert len({trials("0"), trials("same"), trials("row")}) == 3


@pytest.mark.parametrize("dynamics", ["metropolis", "glauber", "async", "sync"])
def test_each_site_has_the_threshold_of_its_line(tmp_path: Path, dynamics: str) -> None:
    """A threshold that outweighs all couplings, up or down, draws a picture of its own."""
    picture = np.where(np.random.default_rng(0).random(16) < 0.5, 1, -1)
    np.savetxt(tmp_path / "theta.txt", -40 * picture)
    settings = {"dynamics": dynamics, "start": "random", "tests": 4, "sweeps": 40}
    if dynamics not in ("async", "sync"):
        settings["temperature"] = 0.0
    result = _on_4x4(theta=str(tmp_path / "theta.txt"), **settings)
    assert np.all(result.gallery.end == picture)
    assert np.all(_on_4x4(theta=30.0, **settings).gallery.end == -1)
