"""The update rules through the command line: what goes with what, and what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import hadamard

from hopcli import experiments
from hopcli.config import Facts, RecallConfig
from hopcli.config.notations import Schedule, temperature, temperatures
from hopcli.experiments.recall import RecallResult
from hopcli.experiments.sources import load_data
from hopcli.experiments.trials import authors_sites
from hopcli.patterns import images_as_patterns
from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

QUIET = ["--no-figures", "--quiet", "--overwrite"]
KEPT = [*QUIET, "--keep", "trials"]
RECALL = ["recall", "--dataset", "text:3x3", "--rule", "hebbian", "--start", "flip:0.4"]
RECALL += ["--tests", "30", "--repeats", "1", *KEPT]
DIGITS = ["recall", "--tests", "5", "--repeats", "1", *KEPT]
COMPARE = ["compare", "--dataset", "digits", "--digits", "1,4,7", "--tests", "9", "--training"]
COMPARE += ["15", "--selector-samples", "2,5", "--selections", "3", "--candidates", "2"]
COMPARE += ["--split", "train", "--selector-tests", "7", "--tuning", "3"]
OUT = Path("results/recall")


def _schedule(text: str, sweeps: int) -> list[float]:
    return temperatures(temperature().check(text), sweeps)


def _settings() -> dict[str, object]:
    config: dict[str, object] = read_manifest(OUT, "recall")["config"]
    return config


def _trials(out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / "trials.csv")


@pytest.mark.parametrize(
    ("dynamics", "order", "attempts", "temperature"),
    [
        ("metropolis", "random", 4, 0.2),
        ("glauber", "random", 4, 0.2),
        ("async", "random", 4, 0.0),
        ("sync", None, 9, 0.0),
    ],
)
def test_each_rule_has_its_own_defaults(
    run_hopcli: RunHopcli, dynamics: str, order: str | None, attempts: int, temperature: float
) -> None:
    """Of nine sites: half of them, or all, are tried in a sweep."""
    assert run_hopcli(*RECALL, "--dynamics", dynamics).code == 0
    settings = _settings()
    assert settings["dynamics"] == dynamics
    assert settings["order"] == order
    assert settings["attempts_per_sweep"] == attempts
    assert settings["temperature"] == temperature


@pytest.mark.parametrize("dynamics", ["metropolis", "glauber", "async"])
def test_orders_differ_and_take_n_attempts_a_sweep(run_hopcli: RunHopcli, dynamics: str) -> None:
    run = [*DIGITS, "--dynamics", dynamics, "--sweeps", "1"]
    found = {}
    for order in ("random", "permutation", "fixed"):
        assert run_hopcli(*run, "--order", order, "--attempts-per-sweep", "N").code == 0
        assert _settings()["attempts_per_sweep"] == 784
        found[order] = _trials()["overlap_own"].tolist()
    assert found["random"] != found["permutation"] != found["fixed"] != found["random"]
    for order in ("permutation", "fixed"):
        assert run_hopcli(*run, "--order", order).code == 0
        assert _settings()["attempts_per_sweep"] == 784
        assert _trials()["overlap_own"].tolist() == found[order]


def test_sign_updates_in_fixed_order_are_the_same_for_every_seed(run_hopcli: RunHopcli) -> None:
    """Nothing is left to chance but where to start from."""
    run = ["recall", "--start", "occlude:left:0.4", "--dynamics", "async", "--order", "fixed"]
    run += ["--tests", "2", "--repeats", "1", "--digits", "3,6,1", *KEPT]
    written = []
    for seed in ("1", "2"):
        assert run_hopcli(*run, "--seed", seed).code == 0
        written.append((OUT / "trials.csv").read_bytes())
    assert written[0] == written[1]


@pytest.mark.parametrize(("tie", "end"), [("keep", "#."), ("up", "##"), ("down", "..")])
def test_a_tie_is_decided_as_asked(run_hopcli: RunHopcli, tie: str, end: str) -> None:
    """Patterns ## and #. cancel: two sites without a coupling, always at h = theta = 0."""
    Path("patterns.txt").write_text("##\n\n#.\n", encoding="utf-8")
    Path("start.txt").write_text("#.\n", encoding="utf-8")
    for dynamics in ("async", "sync"):
        values = {
            "dataset": "text:patterns.txt",
            "rule": "hebbian",
            "start": "text:start.txt",
            "dynamics": dynamics,
            "tie": tie,
            "tests": 1,
            "repeats": 1,
        }
        result = experiments.run(RecallConfig.from_values(values))
        assert isinstance(result, RecallResult)
        assert result.gallery.end.tolist() == [[1 if c == "#" else -1 for c in end]]


@pytest.mark.parametrize(("tie", "never"), [("keep", "unsettled"), ("up", "fixed-point")])
def test_whether_a_tied_state_is_settled_is_as_the_rule_for_ties_says(
    run_hopcli: RunHopcli, tie: str, never: str
) -> None:
    """Eight orthogonal patterns of eight sites leave no coupling: every site is tied.

    Kept, all states are fixed points; with ties up only the pattern with all sites up
    is, and other states have merely run out of sweeps.
    """
    rows = ("".join("#" if spin > 0 else "." for spin in row) for row in hadamard(8))
    Path("patterns.txt").write_text("\n\n".join(rows), encoding="utf-8")
    run = ["recall", "--dataset", "text:patterns.txt", "--rule", "hebbian", "--start", "random"]
    run += ["--dynamics", "async", "--sweeps", "1", "--tests", "100", "--repeats", "1", *KEPT]
    assert run_hopcli(*run, "--tie", tie, "--attempts-per-sweep", "2").code == 0
    kinds = set(_trials()["outcome"])
    assert never not in kinds
    assert {"unsettled", "fixed-point"} - {never} <= kinds


def test_until_stable_stops_where_more_sweeps_change_nothing(run_hopcli: RunHopcli) -> None:
    run = [*DIGITS, "--dynamics", "async", "--order", "permutation", "--sweeps", "200"]
    assert run_hopcli(*run, "--until-stable", "--out", "stable").code == 0
    assert run_hopcli(*run, "--no-until-stable", "--out", "all").code == 0
    stable, every = (Path(name, "trials.csv").read_bytes() for name in ("stable", "all"))
    assert stable == every
    assert "unsettled" not in set(_trials(Path("stable"))["outcome"])


def test_until_stable_has_a_ceiling(run_hopcli: RunHopcli) -> None:
    run = [*DIGITS, "--dynamics", "async", "--rule", "storkey", "--until-stable"]
    assert run_hopcli(*run, "--sweeps", "1").code == 0
    assert "unsettled" in set(_trials()["outcome"])
    assert run_hopcli(*run, "--sweeps", "200").code == 0
    assert "unsettled" not in set(_trials()["outcome"])


@pytest.mark.parametrize("course", ["geometric", "linear"])
@pytest.mark.parametrize(
    ("first", "last"), [(2.0, 0.1), (0.1, 2.0), (1.0, 1.0), (3.7, 0.3), (1e-3, 7.1)]
)
@pytest.mark.parametrize("sweeps", [2, 3, 7, 20, 1000])
def test_a_schedule_begins_and_ends_exactly_where_it_says(
    course: str, first: float, last: float, sweeps: int
) -> None:
    assert temperature().check(f"{first}:{last}:{course}") == Schedule(first, last, course)
    found = np.array(_schedule(f"{first}:{last}:{course}", sweeps))
    assert len(found) == sweeps
    assert found[0] == first
    assert found[-1] == last
    steps = np.diff(found if course == "linear" else np.log(found))
    np.testing.assert_allclose(steps, steps[0], rtol=0, atol=1e-12 * max(1, 10 / sweeps))


def test_a_linear_schedule_may_end_at_zero() -> None:
    assert _schedule("2:0:linear", 5) == [2.0, 1.5, 1.0, 0.5, 0.0]


def test_one_temperature_is_that_of_every_sweep() -> None:
    assert _schedule("0.3", 4) == [0.3] * 4
    assert _schedule("0.3:0.2:linear", 1) == [0.3]


def test_the_trace_tells_the_temperature_of_the_sweep_before(run_hopcli: RunHopcli) -> None:
    run = [*RECALL, "--dynamics", "glauber", "--temperature", "2.0:0.1:geometric", "--trace"]
    assert run_hopcli(*run, "--sweeps", "6").code == 0
    trace = pd.read_csv(OUT / "trace.csv")
    expected = _schedule("2.0:0.1:geometric", 6)
    for _, one in trace.groupby("trial"):
        assert one["temperature"].tolist() == pytest.approx([expected[0], *expected])
    assert _settings()["temperature"] == "2:0.1:geometric"


def test_cooling_finds_the_patterns_that_a_quench_misses(run_hopcli: RunHopcli) -> None:
    """From random spins at T = 0 many end elsewhere; annealed, nearly all in a pattern."""
    run = ["recall", "--rule", "pseudo-inverse", "--start", "random", "--dynamics", "glauber"]
    run += ["--tests", "60", "--repeats", "1", "--sweeps", "300", "--attempts-per-sweep", "N"]
    recalled = {}
    for course in ("0", "0.9:0.05:geometric"):
        assert run_hopcli(*run, "--temperature", course, *KEPT).code == 0
        recalled[course] = _trials()["recalled"].mean()
    assert recalled["0"] < 0.85
    assert recalled["0.9:0.05:geometric"] > recalled["0"] + 0.1


def test_heat_bath_and_metropolis_differ_but_not_in_what_they_recall(
    run_hopcli: RunHopcli,
) -> None:
    run = [*DIGITS[:1], "--tests", "40", "--repeats", "2", "--sweeps", "60", *KEPT]
    tables = []
    for dynamics in ("metropolis", "glauber"):
        assert run_hopcli(*run, "--dynamics", dynamics).code == 0
        tables.append(_trials())
    first, second = tables
    assert first["source_index"].tolist() == second["source_index"].tolist()
    assert first["overlap_own"].tolist() != second["overlap_own"].tolist()
    assert abs(first["recalled"].mean() - second["recalled"].mean()) < 0.1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--dynamics", "sync", "--order", "random"], "--order"),
        (["--dynamics", "sync", "--order", "fixed"], "--order"),
        (
            ["--dynamics", "async", "--order", "fixed", "--attempts-per-sweep", "N/2"],
            "--attempts-per-sweep",
        ),
        (
            ["--order", "permutation", "--attempts-per-sweep", "8"],
            "--attempts-per-sweep",
        ),
        (
            ["--dynamics", "sync", "--attempts-per-sweep", "N/2"],
            "--attempts-per-sweep",
        ),
        (["--dynamics", "async", "--temperature", "0.2"], "--temperature"),
        (["--dynamics", "sync", "--temperature", "2:1:linear"], "--temperature"),
        (["--dynamics", "async", "--gamma", "3"], "--gamma"),
        (["--gamma", "3", "--temperature", "1"], "--gamma"),
        (["--gamma", "0"], "--gamma 0"),
        (["--gamma", "-1"], "--gamma 0"),
        (["--temperature", "-1"], "--temperature 0"),
        (["--temperature", "nan"], "--temperature 0"),
        (["--temperature", "2:0:geometric"], "FIRST:LAST:geometric 0"),
        (["--temperature", "2:0.1:steep"], "FIRST:LAST:geometric 0"),
        (["--temperature", "2:0.1"], "FIRST:LAST:geometric 0"),
        (["--temperature", "2:-1:linear"], "--temperature 0"),
        (["--temperature", "a:b:linear"], "--temperature 0"),
        (["--temperature", "inf:1:linear"], "--temperature 0"),
        (["--dynamics", "kawasaki"], "--dynamics"),
        (["--order", "typewriter"], "--order"),
        (["--tie", "both"], "--tie"),
        (["--attempts-per-sweep", "0"], "--attempts-per-sweep"),
        (["--attempts-per-sweep", "N/0"], "--attempts-per-sweep"),
        (["--sweeps", "0"], "--sweeps"),
        (["--animate", "../a.gif"], "--animate"),
        (["--animate", "a.mp4"], "--animate"),
    ],
)
def test_settings_that_do_not_go_together_are_refused_by_name(
    run_hopcli: RunHopcli, flags: list[str], words: str
) -> None:
    refusal = run_hopcli(*RECALL, *flags).refused()
    for piece in words.split():
        assert piece in refusal
    assert not Path("results").exists()


def test_an_empty_site_is_refused_under_metropolis_with_the_reason(run_hopcli: RunHopcli) -> None:
    blend = [*RECALL, "--start", "blend:first:second"]
    message = run_hopcli(*blend).refused()
    assert message.startswith("--start ")
    for piece in ("metropolis", ":fill", "glauber, async, sync", "'blend:first:second'"):
        assert piece in message
    for dynamics in ("glauber", "async", "sync"):
        assert run_hopcli(*blend, "--dynamics", dynamics).code == 0
    assert run_hopcli(*RECALL, "--start", "blend:first:second:fill").code == 0


@pytest.mark.parametrize("dynamics", ["async", "sync", "glauber"])
def test_empty_sites_are_filled_once_visited(run_hopcli: RunHopcli, dynamics: str) -> None:
    """Under tie up nothing stays empty: where no field decides, the rule does."""
    values = {
        "dataset": "text:3x3",
        "rule": "hebbian",
        "start": "blend:first:second",
        "dynamics": dynamics,
        "tests": 3,
        "repeats": 1,
        "sweeps": 30,
    } | ({} if dynamics == "glauber" else {"tie": "up"})
    result = experiments.run(RecallConfig.from_values(values))
    assert isinstance(result, RecallResult)
    assert np.any(result.gallery.start == 0)
    assert np.all(np.abs(result.gallery.end) == 1)


@pytest.mark.parametrize(
    "run",
    [
        *(
            [*DIGITS, "--start", "flip:0.3", "--trace", "--dynamics", dynamics]
            for dynamics in ("metropolis", "glauber", "async", "sync")
        ),
        *(
            ["temperature-scan", "--temperatures", "0.2,0.6", "--repeats", "8", "--start", start]
            for start in ("random,flip:0.1", "digit")
        ),
        ["attractors", "--rule", "storkey,pseudo-inverse", "--starts", "400"],
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


def test_a_trial_starts_alike_whatever_other_trials_there_are(run_hopcli: RunHopcli) -> None:
    """More repeats only add trials at the end."""
    run = [*RECALL, "--start", "random,flip-rows:1", "--dynamics", "glauber"]
    tables = []
    for repeats in ("1", "3"):
        assert run_hopcli(*run, "--repeats", repeats).code == 0
        tables.append(_trials())
    few, many = tables
    assert len(many) == 3 * len(few)
    pd.testing.assert_frame_equal(many.iloc[: len(few)], few)
    parts = np.array_split(many["overlap_own"].fillna(many["best_overlap"]).to_numpy(), 3)
    assert not any(np.array_equal(a, b) for a, b in pairwise(parts))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["recall", "--trace", "--sweeps", "10001"], "--sweeps must be at most 10000 with trace"),
        (["recall", "--animate", "a.gif", "--sweeps", "1001"], "--sweeps must be at most 1000"),
        (["temperature-scan", "--until-stable"], "--until-stable has no effect"),
    ],
)
def test_what_would_never_end_or_do_nothing_is_refused(
    run_hopcli: RunHopcli, arguments: list[str], named: str
) -> None:
    assert run_hopcli(*arguments).refused().startswith(named)


def test_the_authors_order_reaches_every_site_of_a_large_picture() -> None:
    """More sites than 16 bits can count: 200 x 200."""
    config = RecallConfig(
        dataset="drawings", size=(200, 200), replay_authors=True, tests=2, repeats=1, sweeps=1
    )
    dataset = load_data(config)
    patterns = images_as_patterns(dataset, np.arange(3))
    resolved = config.resolve(Facts("drawings", (200, 200), patterns.labels))
    sites = authors_sites(resolved, dataset, patterns)
    assert sites.shape == (6, 20_000)
    assert sites.min() >= 0
    assert 39_000 < sites.max() < 40_000
