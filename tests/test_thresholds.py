"""Thresholds: one for all sites or one a site, in the field, the energy and the errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution
from hopcli.storage import store

if TYPE_CHECKING:
    from conftest import RunHopcli

QUIET = ["--rule", "hebbian", "--no-figures", "--quiet", "--overwrite"]
RECALL = ["recall", "--dataset", "text:4x4", "--start", "random", "--dynamics", "async"]
RECALL += ["--tests", "40", "--repeats", "1", "--keep", "trials", *QUIET]
PER_SITE = np.round(np.linspace(-0.6, 0.7, 16), 3)


def _recall(**settings: object) -> Any:
    values = {"dataset": "text:4x4", "rule": "hebbian", "tests": 1, "repeats": 1} | settings
    return experiments.run(RecallConfig.from_values(values), RecallExecution(animate="a.gif"))


def test_a_number_and_files_of_any_layout_are_the_same_thresholds(run_hopcli: RunHopcli) -> None:
    def trials(theta: str) -> bytes:
        assert run_hopcli(*RECALL, "--theta", theta).code == 0
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
    result = _recall(theta=str(tmp_path / "theta.txt"), **settings)
    assert np.all(result.gallery.end == picture)
    assert np.all(_recall(theta=30.0, **settings).gallery.end == -1)


def test_the_energy_has_the_thresholds(tmp_path: Path) -> None:
    """H = -1/2 sum W_ij S_i S_j + sum theta_i S_i, in every line of the trace."""
    np.savetxt(tmp_path / "theta.txt", PER_SITE)
    settings = {"dynamics": "async", "start": "flip:0.4", "trace": True, "sweeps": 5}
    result = _recall(theta=str(tmp_path / "theta.txt"), **settings)
    w = store(result.patterns.xi, "hebbian").dense()
    frames = result.frames.states[0].astype(float)
    expected = [-0.5 * s @ w @ s + PER_SITE @ s for s in frames]
    assert result.frames.energy[0].tolist() == pytest.approx(expected)
    trace = result.tables["trace"]
    energies = trace.loc[trace["trial"] == 0, "energy"]
    assert energies.tolist() == pytest.approx(expected)
    assert energies.is_monotonic_decreasing
    assert expected != pytest.approx([-0.5 * s @ w @ s for s in frames])


@pytest.mark.parametrize(("dynamics", "sign"), [("glauber", 1), ("glauber", -1), ("metropolis", 1)])
def test_hot_sites_are_up_as_often_as_their_threshold_lets_them(dynamics: str, sign: int) -> None:
    """At T = 500 couplings of 1/4 do nothing: P(up) = 1 / (1 + exp(2 theta / T)) = 0.083."""
    order = "permutation" if dynamics == "glauber" else "random"
    settings = {"dynamics": dynamics, "order": order, "start": "random", "sweeps": 300}
    result = _recall(theta=sign * 600.0, temperature=500.0, **settings)
    up = np.mean(result.frames.states[0, 10:] * sign > 0)
    # 16 sites in 291 sweeps; Metropolis remembers a sweep or two. More than five SD.
    assert up == pytest.approx(1 / (1 + np.exp(2.4)), abs=0.035)


SHORT = b"0.1\n" * 15
CONTENTS = [b"", SHORT, SHORT * 2, SHORT + b"nan", SHORT + b"inf", SHORT + b"much"]
CONTENTS += [SHORT + b"1e7", b"0.1 0.2\n0.3\n", b"\x00\x01\x02", b"\xff\xfe\x80\x81"]


def test_bad_files_and_numbers_are_refused(run_hopcli: RunHopcli) -> None:
    Path("folder").mkdir()
    refusals = {name: run_hopcli(*RECALL, "--theta", name).refused() for name in ("none", "folder")}
    for number, content in enumerate(CONTENTS):
        name = f"{number}.txt"
        Path(name).write_bytes(content)
        refusals[name] = run_hopcli(*RECALL, "--theta", name).refused()
    for command in ("weights", "attractors"):
        run = [command, "--dataset", "text:4x4", *QUIET, "--theta", "0.txt"]
        assert run_hopcli(*run).refused() == refusals["0.txt"]
    for name, refusal in refusals.items():
        assert refusal.startswith(f"{name}: ")
        assert " 16 " in refusal
    for theta in ("nan", "-inf"):
        assert run_hopcli(*RECALL, f"--theta={theta}").refused().startswith("--theta ")
    assert not Path("results").exists()


def test_thresholds_are_in_the_table_of_weights(run_hopcli: RunHopcli) -> None:
    """A threshold above every field of one pattern makes its up sites unstable."""
    for theta, unstable in (("0", [0, 0]), ("5", [5, 5])):
        run = ["weights", "--dataset", "text:3x3", *QUIET, "--theta", theta]
        assert run_hopcli(*run).code == 0
        table = pd.read_csv("results/weights/weights.csv")
        assert table["unstable_sites"].tolist() == unstable
        assert table["fixed_point"].tolist() == [theta == "0"] * 2
