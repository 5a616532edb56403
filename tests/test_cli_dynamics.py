"""Update rules and thresholds in a run: allowed and refused combinations of settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import hadamard
from shell import SMALL_RUNS, Shell

from hopcli import experiments
from hopcli.catalogue import CATALOGUE
from hopcli.config import RecallConfig, RecallExecution
from hopcli.config.notations import Schedule, temperature, temperatures
from hopcli.dynamics import DYNAMICS

RECALL = "recall --dataset text:3x3 --rule hebbian --start flip:0.4 --tests 30 --repeats 1"
RECALL += " --no-figures --quiet --overwrite --keep trials --out out"


def _trials(shell: Shell, flags: str) -> pd.DataFrame:
    shell.run(f"{RECALL} {flags}")
    return pd.read_csv("out/trials.csv")


def _schedule(text: str, sweeps: int) -> list[float]:
    kind = temperature()
    return temperatures(kind.check(kind.read(text)), sweeps)


# --- settings


@pytest.mark.parametrize("course", ["geometric", "linear"])
@pytest.mark.parametrize("ends", [(2.0, 0.1), (0.1, 2.0), (1.0, 1.0), (3.7, 0.3), (1e-3, 7.1)])
def test_a_schedule_begins_and_ends_exactly(course: str, ends: tuple[float, float]) -> None:
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


def test_every_rule_and_order_runs_and_gives_other_states(shell: Shell) -> None:
    flags = ["metropolis --order permutation", "metropolis --order fixed", "sync"]
    flags += [f"{rule} --attempts-per-sweep N" for rule in ("metropolis", "glauber", "async")]
    few = "--dataset digits --tests 5 --sweeps 1"
    ends = {tuple(_trials(shell, f"{few} --dynamics {x}")["overlap_own"]) for x in flags}
    assert len(ends) == 6


@pytest.mark.parametrize(("tie", "never"), [("keep", "unsettled"), ("up", "fixed-point")])
def test_a_tied_state_is_settled_or_not(shell: Shell, tie: str, never: str) -> None:
    """Eight orthogonal patterns of eight sites leave no coupling: every site is tied.

    Kept, all states are fixed points; with ties up only the pattern with all sites up
    is, and other states have merely run out of sweeps.
    """
    rows = ("".join("#" if spin > 0 else "." for spin in row) for row in hadamard(8))
    Path("patterns.txt").write_text("\n\n".join(rows), encoding="utf-8")
    flags = "--dataset text:patterns.txt --start random --tests 100 --sweeps 1"
    flags += f" --dynamics async --attempts-per-sweep 2 --tie {tie}"
    kinds = set(_trials(shell, flags)["outcome"])
    assert never not in kinds
    assert {"unsettled", "fixed-point"} - {never} <= kinds


def test_the_trace_has_the_temperature_of_the_sweep_before(shell: Shell) -> None:
    shell.run(f"{RECALL} --dynamics glauber --temperature 2.0:0.1:geometric --trace --sweeps 6")
    expected = _schedule("2.0:0.1:geometric", 6)
    for _, one in pd.read_csv("out/trace.csv").groupby("trial"):
        assert one["temperature"].tolist() == pytest.approx([expected[0], *expected])


HAS_THREADS = [name for name, entry in CATALOGUE.items() if "threads" in entry.settings]
THREADED = [f"{command} {SMALL_RUNS[command]}" for command in HAS_THREADS]
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

PER_SITE = np.round(np.linspace(-0.6, 0.7, 16), 3)


def _on_4x4(**settings: object) -> Any:
    values = {"dataset": "text:4x4", "rule": "hebbian", "tests": 1, "repeats": 1} | settings
    return experiments.run(RecallConfig.from_values(values), RecallExecution(animate="a.gif"))


def test_a_number_and_files_of_any_layout_are_the_same_thresholds(shell: Shell) -> None:
    def trials(theta: str) -> str:
        flags = f"--dataset text:4x4 --start random --dynamics async --theta {theta}"
        return _trials(shell, flags).to_csv()

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
    settings = {"dynamics": dynamics, "start": "random", "tests": 4, "sweeps": 40, "temperature": 0}
    result = _on_4x4(theta=str(tmp_path / "theta.txt"), **settings)
    assert np.all(result.gallery.end == picture)
    assert np.all(_on_4x4(theta=30.0, **settings).gallery.end == -1)
