"""``hopcli critical``: held to the exact answer, and the tables' own logic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from conftest import random_patterns
from test_figures_weights import write_patterns

from hopcli import experiments
from hopcli.config import CriticalConfig, ResolvedCritical
from hopcli.experiments.critical import CriticalResult
from hopcli.experiments.critical_crossings import _exact_crossing, _extrapolated
from hopcli.experiments.critical_measured import Measured
from hopcli.statistics import exact_interval
from hopcli.statistics.crossings import Crossing
from hopcli.storage import store
from hopcli.theory import ordering_temperatures

if TYPE_CHECKING:
    from conftest import RunHopcli
    from numpy.typing import NDArray

OUT = Path("results/critical")
CRITICAL = ["critical", "--dataset", "digits", "--no-figures", "--quiet", "--overwrite"]
FEW = ["--chains", "5", "--sweeps", "40", "--scales", "1"]
QUANTITIES = ("projection", "projection_square", "binder", "susceptibility", "energy")
NEAR = tuple(i / 100 for i in range(90, 107, 2))


def _table(name: str = "critical_scan", out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / f"{name}.csv")


def _critical(**settings: Any) -> CriticalResult:
    result = experiments.run(CriticalConfig.from_values({"dataset": "digits", **settings}))
    assert isinstance(result, CriticalResult)
    return result


@pytest.fixture(
    scope="module",
    params=[
        ("pseudo-inverse", 100),
        ("hebbian", 100),
        pytest.param(("pseudo-inverse", 400), marks=pytest.mark.slow),
        pytest.param(("hebbian", 400), marks=pytest.mark.slow),
    ],
    ids=str,
)
def pair(request: pytest.FixtureRequest) -> CriticalResult:
    """Three sizes of the two patterns, at temperatures around that of the rule."""
    rule, sweeps = request.param
    critical = {"pseudo-inverse": 1.0, "hebbian": 1.45}[rule]
    grid = [0.3, *(round(critical * t, 4) for t in NEAR), 2.0]
    return _critical(rule=rule, scales=[1, 2, 4], temperatures=grid, sweeps=sweeps)


def test_hot_and_cold_starts_are_in_the_exact_equilibrium(pair: CriticalResult) -> None:
    """No quantity is off; chi-square, which is of normal deviates, is no wonder either way."""
    scan, fit = pair.tables["critical_scan"], pair.tables["critical_fit"]
    assert scan["agree"].all()
    for name in ("projection_square", "energy"):
        z = scan[f"{name}_z"].dropna()
        assert len(z) > 80
        assert z.abs().max() < 4.5
        assert 0.8 < z.std() < 1.2
    assert sorted(set(fit["size"])) == [64, 256, 1024]
    assert fit["p"].between(0.002, 0.998).all()
    # The energy of the projector is -(N / 2) m_P^2 + p / 2, hence no second test of it.
    assert len(fit) == (3 if pair.ordering == pytest.approx(1.0, abs=1e-6) else 6)
    assert not fit.duplicated(["size", "p"]).any()
    both = scan[scan["start"] == "both"]
    for name in (*QUANTITIES, "specific_heat"):
        low, high, exact = (both[f"{name}_{end}"] for end in ("ci_low", "ci_high", "exact"))
        assert 0.85 < np.mean((low <= exact) & (exact <= high)) <= 1, name


def test_binder_ratios_cross_where_they_do_exactly(pair: CriticalResult) -> None:
    """The largest sizes cross nearest to the temperature of linear stability."""
    table = pair.tables["critical"].set_index("what")
    crossings = table.loc["Binder crossing"]
    assert crossings["sizes"].tolist() == ["64 and 256", "256 and 1024"]
    small, large = crossings["exact"]
    assert small < large < pair.ordering
    products = 1 / np.sqrt([64 * 256, 256 * 1024])
    tends_to = np.polynomial.Polynomial.fit(products, [small, large], 1)(0)
    assert tends_to == pytest.approx(pair.ordering, abs=0.008)
    assert np.all(np.abs(crossings["value"] - crossings["exact"]) < 0.02)
    assert np.all(crossings["ci_low"] < crossings["exact"] + 0.01)
    assert np.all(crossings["ci_high"] > crossings["exact"] - 0.01)
    limit = table.loc["Binder crossing, extrapolated"]
    assert limit["ci_low"] < limit["exact"] < limit["ci_high"]
    assert limit["exact"] == table.loc["linear stability", "exact"] == pair.ordering
    slope = np.diff(crossings["value"])[0] / np.diff(products)[0]
    assert limit["value"] == pytest.approx(crossings["value"].iloc[0] - slope * products[0])


def _exact_limit(rule: str, xi: NDArray[np.int8], scales: tuple[int, ...]) -> tuple[float, ...]:
    """Exact crossings of two patterns, extrapolated: interval, value and T_c."""
    networks = [store(xi.repeat(scale**2, axis=1), rule) for scale in scales]
    temperatures = (np.linspace(0.8, 1.04, 13) * ordering_temperatures(networks[0])[0]).tolist()
    shared = {"scales": scales, "temperatures": temperatures, "chains": 5, "sweeps": 20}
    config = ResolvedCritical.from_values({"rule": rule, "digits": ["a", "b"], **shared})
    measured = Measured(config, networks, np.zeros((len(scales), 13, 10, 9)))
    exact = [_exact_crossing(measured, small, small + 1) for small in range(len(scales) - 1)]
    limit = _extrapolated(measured.sizes, [Crossing(value, value, value) for value in exact])
    return limit.low, limit.value, limit.high, measured.ordering


@pytest.mark.parametrize("scales", [(1, 2, 4), pytest.param((1, 3, 5), marks=pytest.mark.slow)])
def test_the_interval_of_the_limit_allows_for_higher_corrections(scales: tuple[int, ...]) -> None:
    """Of noiseless crossings the limit falls short of T_c, inside the interval."""
    misses = []
    for q in (0, 0.125, 0.25, 0.5, 0.75):
        xi = np.ones((2, 16), np.int8)
        xi[1, : round(8 * (1 - q))] = -1
        for rule in ("pseudo-inverse", "hebbian"):
            low, value, high, ordering = _exact_limit(rule, xi, scales)
            assert low == value < ordering < high
            misses.append(ordering - value)
    assert 0.03 < max(misses) < 0.06


def _limit_covered(rule: str, seeds: range) -> float:
    """Share of tiny real runs of three sizes whose interval contains T_c."""
    critical = {"pseudo-inverse": 1.0, "hebbian": 1.45}[rule]
    temperatures = [round(critical * t, 4) for t in NEAR]
    settings = {"scales": [1, 2, 3], "chains": 10, "sweeps": 100, "temperatures": temperatures}
    covered = []
    for seed in seeds:
        table = _critical(rule=rule, seed=seed, **settings).tables["critical"]
        row = table.set_index("what").loc["Binder crossing, extrapolated"]
        low, high, exact = row[["ci_low", "ci_high", "exact"]].to_numpy(np.float64)
        covered.append(low <= exact <= high)
    return float(np.mean(covered))


@pytest.mark.parametrize("rule", ["pseudo-inverse", "hebbian"])
def test_the_limit_is_covered(rule: str) -> None:
    assert _limit_covered(rule, range(2)) >= 1 / 2


@pytest.mark.slow
@pytest.mark.parametrize("rule", ["pseudo-inverse", "hebbian"])
def test_the_limit_is_covered_as_promised(rule: str) -> None:
    assert _limit_covered(rule, range(100, 180)) >= 0.95 - 3 * 0.0244


def test_recall_is_of_the_last_states_and_never_without_a_bound(pair: CriticalResult) -> None:
    scan = pair.tables["critical_scan"]
    hottest = scan[scan["temperature"] == 2.0]
    assert hottest["recall"].tolist() == [0] * 9
    assert hottest["recall_ci_high"].tolist() == pytest.approx(
        [exact_interval(0, n)[1] for n in (30, 30, 60)] * 3
    )
    cold = scan[(scan["temperature"] == 0.3) & (scan["start"] == "both")]
    assert (cold["recall"] > 0.05).all()
    for name in ("recall", "recall_exact"):
        assert cold[name].between(cold["recall_ci_low"], cold["recall_ci_high"]).all()
    above = pair.tables["critical"].set_index("what").loc["recall above T_c"]
    temperatures = scan["temperature"].drop_duplicates()
    trials = 60 * int((temperatures > pair.ordering).sum())
    assert above["sizes"].tolist() == ["64", "256", "1024"]
    assert above["ci_high"].iloc[-1] == pytest.approx(exact_interval(0, trials)[1])
    assert above["exact"].between(0, 1e-3).all()


def test_sizes_are_the_patterns_with_pixels_repeated(run_hopcli: RunHopcli) -> None:
    """At low temperature energy and norm of a pattern are those of its own network."""
    run = [*CRITICAL, "--scales", "1,3", "--temperatures", "0.05", "--chains", "5"]
    assert run_hopcli(*run, "--sweeps", "20", "--rule", "hebbian").code == 0
    table = _table().set_index(["size", "start"])
    assert _table()["size"].drop_duplicates().tolist() == [64, 576]
    q = (_critical(rule="hebbian", chains=5, sweeps=20, temperatures=[1]).ordering) - 1
    for size in (64, 576):  # a site does not couple to itself: 2 / N for each of N sites
        expected = -(1 + q**2) / 2 + 1 / size
        assert table.loc[(size, "cold"), "energy"] == pytest.approx(expected, abs=1e-6)
        assert table.loc[(size, "cold"), "projection"] == pytest.approx(1, abs=1e-9)


def test_one_pattern_is_a_magnet_all_of_whose_spins_couple(run_hopcli: RunHopcli) -> None:
    """The Curie-Weiss magnet: <M^2> by the sum over its magnetisations."""
    run = [*CRITICAL, "--digits", "7", "--temperatures", "0.6,1,1.4", "--scales", "1"]
    assert run_hopcli(*run, "--sweeps", "400").code == 0
    table = _table()
    m = np.arange(-64, 65, 2) / 64
    up = np.arange(65)
    log_states = -np.array([float(np.sum(np.log(np.arange(1, k + 1)))) for k in up])
    log_states = log_states + log_states[::-1]
    for temperature, own in table[table["start"] == "both"].groupby("temperature"):
        weight = np.exp(log_states - log_states.max() + 64 * m**2 / 2 / float(str(temperature)))
        norm, square, fourth = (weight @ np.abs(m) ** k / weight.sum() for k in (1, 2, 4))
        low, value, high = own[
            ["projection_square_ci_low", "projection_square", "projection_square_ci_high"]
        ].to_numpy()[0]
        assert abs(value - square) < 1.2 * (high - low)
        assert own["binder"].iloc[0] == pytest.approx((3 - fourth / square**2) / 2, abs=0.06)
        found = own[["susceptibility", "specific_heat"]].to_numpy()[0]
        t = float(str(temperature))
        spread = [64 * (square - norm**2) / t, 64 * (fourth - square**2) / 4 / t**2]
        assert found == pytest.approx(spread, rel=0.15)  # e = -m^2 / 2 + constant
    assert table["projection_square_exact"].isna().all()
    assert len(_table("critical_exact")) == len(_table("critical_fit")) == 0


def test_starts_that_end_in_different_wells_do_not_agree(run_hopcli: RunHopcli) -> None:
    """Cold runs from twelve random patterns of 60 spins: mixtures keep those from hot spins."""
    dataset = write_patterns(Path("twelve.txt"), random_patterns(3, 12, 60), (6, 10))
    run = [*CRITICAL, "--dataset", dataset, "--temperatures", "0.05,1.5", "--scales", "1"]
    assert run_hopcli(*run, "--sweeps", "100").code == 0
    table = _table()
    assert table["agree"].tolist() == [False] * 3 + [True] * 3
    hot, cold, _ = table["projection"].tolist()[:3]
    assert cold == pytest.approx(1, abs=1e-6)
    assert hot < 0.99


def test_no_crossing_without_temperatures_around_it(run_hopcli: RunHopcli) -> None:
    run = [*CRITICAL, "--scales", "1,2", "--chains", "10", "--sweeps", "200"]
    for temperatures in ("0.3,0.5", "2,3"):
        assert run_hopcli(*run, "--temperatures", temperatures).code == 0
        row = _table("critical").set_index("what").loc["Binder crossing"]
        assert row[["value", "ci_low", "ci_high", "exact"]].isna().all()


def test_the_temperatures_that_a_warning_names_give_a_crossing() -> None:
    """Of whichever sizes and rules, also where T_c is not 1."""
    tiny = {"chains": 5, "sweeps": 20}
    for settings in ({"scales": [1, 2]}, {"scales": [1, 3], "rule": "hebbian"}):
        without = _critical(**tiny, **settings, temperatures=[3.0, 4.0])
        (warning,) = without.notes["warnings"]
        assert without.tables["critical"]["value"].isna().iloc[0]
        advised = str(warning).rpartition("--temperatures ")[2]
        found = _critical(**{**tiny, **settings, "temperatures": advised, "sweeps": 100})
        assert found.notes["warnings"] == []
        row = found.tables["critical"].iloc[0]
        assert np.isfinite(row[["value", "ci_low", "ci_high"]].to_numpy(float)).all()


def _tiny_covered(rule: str, seeds: range, temperatures: str) -> float:
    """Share of tiny real runs whose interval holds the exact crossing; it always exists."""
    covered = []
    for seed in seeds:
        found = _critical(rule=rule, chains=5, sweeps=60, temperatures=temperatures, seed=seed)
        row = found.tables["critical"].set_index("what").loc["Binder crossing"]
        value, low, high, exact = row[["value", "ci_low", "ci_high", "exact"]].to_numpy(np.float64)
        assert low <= value <= high < np.inf
        covered.append(low <= exact <= high)
    return float(np.mean(covered))


@pytest.mark.parametrize(
    ("rule", "temperatures"), [("pseudo-inverse", "0.84:1.16:0.04"), ("hebbian", "1.3:1.72:0.06")]
)
def test_tiny_runs_cover_the_exact_crossing(rule: str, temperatures: str) -> None:
    assert _tiny_covered(rule, range(4), temperatures) >= 3 / 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "temperatures"),
    [
        ("pseudo-inverse", "0.84:1.16:0.04"),
        ("pseudo-inverse", "0.95:1.15:0.04"),  # the crossing is at 0.969
        ("hebbian", "1.3:1.72:0.06"),
    ],
)
def test_tiny_runs_cover_as_promised(rule: str, temperatures: str) -> None:
    assert _tiny_covered(rule, range(100, 200), temperatures) >= 0.95 - 3 * 0.0218


def test_what_is_left_out_is_ten_times_tau_or_half() -> None:
    table = _critical(temperatures=[0.9, 2.5], sweeps=100, scales=[1, 4]).tables["critical_scan"]
    wanted = np.ceil(10 * table["tau"])
    assert table["burn_in"].tolist() == np.minimum(wanted, 50).tolist()
    assert (table["burn_in"] < 50).any()
    assert (table["burn_in"] == 50).any()


def test_the_same_seed_gives_the_same_tables_and_another_seed_others(
    run_hopcli: RunHopcli,
) -> None:
    tables = []
    for seed in ("1", "1", "2"):
        run = [*CRITICAL, *FEW, "--temperatures", "0.9,1.1", "--dynamics", "glauber"]
        assert run_hopcli(*run, "--seed", seed).code == 0
        tables.append(
            [(OUT / f"{name}.csv").read_bytes() for name in ("critical_scan", "critical")]
        )
    assert tables[0] == tables[1]
    assert tables[0] != tables[2]


@pytest.mark.parametrize("digits", [("0", "1"), ("0", "4")])
def test_the_critical_temperature_is_not_above_itself(digits: tuple[str, str]) -> None:
    """An eigenvalue gives it, to the last bit but one: above 1 of one pair, below of another."""
    settings = {"scales": [1], "sweeps": 20, "chains": 5, "criterion": 0.6}
    found = _critical(digits=digits, temperatures=[1.0, 1.1], **settings).tables
    both = found["critical_scan"].query("start == 'both' and temperature == 1.1")
    above = found["critical"].set_index("what").loc["recall above T_c"]
    assert above["exact"] == pytest.approx(both["recall_exact"].item())


def test_where_no_memory_can_be_told_half_of_the_chains_is_left_out() -> None:
    config = {"scales": [4], "temperatures": [0.8, 0.9, 1.0], "sweeps": 20}
    scan = _critical(**config).tables["critical_scan"].query("temperature == 1")
    assert scan["tau"].isna().all()
    assert (scan["burn_in"] == 10).all()


def test_chains_go_on_where_a_stretch_of_sweeps_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """In whatever stretches their class sums are kept, they relax and fluctuate alike."""
    settings = {"scales": [1], "temperatures": [0.9], "sweeps": 300, "chains": 20}
    whole = _critical(**settings).tables["critical_scan"].set_index("start")
    monkeypatch.setattr("hopcli.experiments.critical._MOST_RECORDED", 4 * 2 * 20 * 7)
    parted = _critical(**settings).tables["critical_scan"].set_index("start")
    assert parted.loc["both", "tau"] == pytest.approx(whole.loc["both", "tau"], rel=0.25)
    assert (parted["projection_square_z"].abs() < 4).all()
    assert not np.array_equal(parted["projection"], whole["projection"])


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ("--temperatures 0,1", "--temperatures"),
        ("--scales 0,1", "--scales 1 32 0"),
        ("--scales 2,2", "--scales 1 32 2"),
        ("--chains 1", "--chains 5 1000 1"),
        ("--sweeps 19", "--sweeps 20 100000 19"),
        ("--sweeps 90000 --chains 500", "--sweeps 10 000"),
        ("--rule perceptron", "--rule"),
        ("--dynamics async", "--dynamics 'async'"),
        ("--criterion 0", "--criterion 0 1 0.0"),
    ],
)
def test_what_cannot_be_is_refused(run_hopcli: RunHopcli, flags: str, says: str) -> None:
    message = run_hopcli(*CRITICAL, *flags.split()).refused()
    for piece in says.split():
        assert piece in message
    assert not Path("results").exists()
