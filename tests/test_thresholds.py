"""Thresholds: one for all sites or one a site, in the field, the energy and the errors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hopcli import experiments
from hopcli.config import RecallConfig, RecallExecution
from hopcli.experiments.recall import RecallResult
from hopcli.storage import store

if TYPE_CHECKING:
    from conftest import RunHopcli

QUIET = ["--no-figures", "--quiet", "--overwrite"]
RECALL = ["recall", "--dataset", "text:4x4", "--rule", "hebbian", "--start", "random"]
RECALL += ["--dynamics", "async", "--tests", "40", "--repeats", "1", *QUIET]
RECALL += ["--keep", "trials"]
PER_SITE = np.round(np.linspace(-0.6, 0.7, 16), 3)


def _recall(**settings: object) -> RecallResult:
    values = {"dataset": "text:4x4", "rule": "hebbian", "tests": 1, "repeats": 1} | settings
    result = experiments.run(RecallConfig.from_values(values), RecallExecution(animate="a.gif"))
    assert isinstance(result, RecallResult)
    return result


def _trials() -> bytes:
    return Path("results/recall/trials.csv").read_bytes()


def test_one_number_is_the_threshold_of_every_site(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*RECALL, "--theta", "0.3").code == 0
    number = _trials()
    np.savetxt("theta.txt", np.full(16, 0.3))
    assert run_hopcli(*RECALL, "--theta", "theta.txt").code == 0
    assert _trials() == number
    assert run_hopcli(*RECALL).code == 0
    assert _trials() != number


@pytest.mark.parametrize("delimiter", [" ", "\n"])
def test_a_file_holds_one_threshold_a_site_in_rows_or_as_a_picture(
    run_hopcli: RunHopcli, delimiter: str
) -> None:
    np.savetxt("column.txt", PER_SITE)
    assert run_hopcli(*RECALL, "--theta", "column.txt").code == 0
    column = _trials()
    Path("other.txt").write_text(delimiter.join(map(str, PER_SITE)), encoding="utf-8")
    assert run_hopcli(*RECALL, "--theta", "other.txt").code == 0
    assert _trials() == column
    np.savetxt("picture.txt", PER_SITE.reshape(4, 4))
    assert run_hopcli(*RECALL, "--theta", "picture.txt").code == 0
    assert _trials() == column


@pytest.mark.parametrize("dynamics", ["metropolis", "glauber", "async", "sync"])
@pytest.mark.parametrize(("theta", "value"), [(30.0, -1), (-30.0, 1)])
def test_a_large_threshold_holds_every_site_down_or_up(
    dynamics: str, theta: float, value: int
) -> None:
    temperature = {} if dynamics in ("async", "sync") else {"temperature": 0.0}
    result = _recall(
        theta=theta, dynamics=dynamics, start="random", sweeps=60, tests=5, **temperature
    )
    assert np.all(result.gallery.end == value)


@pytest.mark.parametrize("dynamics", ["async", "sync"])
def test_each_site_has_the_threshold_of_its_line(tmp_path: Path, dynamics: str) -> None:
    """A threshold that outweighs all couplings, up or down, draws a picture of its own."""
    picture = np.where(np.random.default_rng(0).random(16) < 0.5, 1, -1)
    np.savetxt(tmp_path / "theta.txt", -40 * picture)
    result = _recall(theta=str(tmp_path / "theta.txt"), dynamics=dynamics, start="random", tests=4)
    assert np.array_equal(result.gallery.end, np.tile(picture, (len(result.gallery.end), 1)))


def test_the_energy_has_the_thresholds(tmp_path: Path) -> None:
    """H = -1/2 sum W_ij S_i S_j + sum theta_i S_i, in every line of the trace."""
    np.savetxt(tmp_path / "theta.txt", PER_SITE)
    result = _recall(
        theta=str(tmp_path / "theta.txt"),
        dynamics="async",
        start="flip:0.4",
        trace=True,
        sweeps=5,
    )
    w = store(result.patterns.xi, "hebbian").dense()
    trace = result.tables["trace"]
    assert result.frames is not None
    frames = result.frames.states[0].astype(float)
    expected = [-0.5 * s @ w @ s + PER_SITE @ s for s in frames]
    assert result.frames.energy[0].tolist() == pytest.approx(expected)
    first = trace[trace["trial"] == 0]
    assert first["energy"].tolist() == pytest.approx(expected)
    assert first["energy"].is_monotonic_decreasing
    without = [-0.5 * s @ w @ s for s in frames]
    assert expected != pytest.approx(without)


@pytest.mark.parametrize(("dynamics", "sign"), [("glauber", 1), ("glauber", -1), ("metropolis", 1)])
def test_hot_sites_are_up_as_often_as_their_threshold_lets_them(dynamics: str, sign: int) -> None:
    """At T = 500 couplings of 1/4 do nothing: P(up) = 1 / (1 + exp(2 theta / T)) = 0.083."""
    result = _recall(
        theta=sign * 600.0,
        temperature=500.0,
        dynamics=dynamics,
        order="permutation" if dynamics == "glauber" else "random",
        start="random",
        sweeps=300,
    )
    assert result.frames is not None
    up = np.mean(result.frames.states[0, 10:] * sign > 0)
    # 16 sites in 291 sweeps; Metropolis remembers a sweep or two. More than five SD.
    assert up == pytest.approx(1 / (1 + np.exp(2.4)), abs=0.035)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site; cannot be read"),
        ("", "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site, found 0"),
        ("0.1\n" * 15, "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site, found 15"),
        ("0.1\n" * 17, "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site, found 17"),
        ("0.1\n" * 15 + "nan\n", "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site"),
        ("0.1\n" * 15 + "inf\n", "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site"),
        ("0.1\n" * 15 + "much\n", "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site"),
        ("0.1 0.2\n0.3\n", "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site"),
        ("\x00\x01\x02", "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site"),
    ],
)
def test_bad_files_are_refused_in_one_line(
    run_hopcli: RunHopcli, content: str | None, words: str
) -> None:
    if content is not None:
        Path("theta.txt").write_text(content, encoding="utf-8")
    for command in (
        RECALL,
        ["weights", "--dataset", "text:4x4", *QUIET],
        ["attractors", "--dataset", "text:4x4", *QUIET],
    ):
        rule = ["--rule", "hebbian"]
        assert words in run_hopcli(*command, *rule, "--theta", "theta.txt").refused()
    assert not Path("results").exists()


def test_bytes_that_are_no_text_are_refused_in_one_line(run_hopcli: RunHopcli) -> None:
    Path("theta.txt").write_bytes(b"\xff\xfe\x80\x81")
    message = run_hopcli(*RECALL, "--theta", "theta.txt").refused()
    assert "theta.txt: must hold 16 numbers from -1e6 to 1e6, one a site" in message


def test_a_folder_of_thresholds_is_refused_in_one_line(run_hopcli: RunHopcli) -> None:
    Path("folder").mkdir()
    message = run_hopcli(*RECALL, "--theta", "folder").refused()
    assert message.startswith("folder: ")
    assert "16" in message


@pytest.mark.parametrize("theta", ["nan", "inf", "-inf"])
def test_a_threshold_must_be_finite(run_hopcli: RunHopcli, theta: str) -> None:
    message = run_hopcli(*RECALL, f"--theta={theta}").refused()
    assert message.startswith("--theta ")
    assert "-1e6 to 1e6" in message


def test_thresholds_are_in_the_table_of_weights(run_hopcli: RunHopcli) -> None:
    """A threshold above every field of one pattern makes its up sites unstable."""
    run = ["weights", "--dataset", "text:3x3", "--rule", "hebbian", *QUIET]
    assert run_hopcli(*run).code == 0
    before = pd.read_csv("results/weights/weights.csv")
    assert before["fixed_point"].all()
    assert run_hopcli(*run, "--theta", "5").code == 0
    after = pd.read_csv("results/weights/weights.csv")
    assert not after["fixed_point"].any()
    assert after["unstable_sites"].tolist() == [5, 5]
