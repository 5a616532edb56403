"""``hopcli temperature-scan``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from scipy.linalg import hadamard

from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

SMALL = [
    "temperature-scan",
    "--temperatures",
    "0.2,0.6",
    "--repeats",
    "8",
    "--no-figures",
    "-q",
    "--overwrite",
]
OUT = Path("results/temperature-scan")


def _table(out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / "temperature_scan.csv")


def test_one_row_a_temperature_and_pattern(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*SMALL).code == 0
    table = _table()
    assert list(table.columns)[:10] == [
        "temperature",
        "label",
        "source_index",
        "overlap_abs",
        "overlap_abs_sd",
        "overlap_abs_sem",
        "overlap",
        "overlap_sem",
        "projection",
        "mean_field",
    ]
    assert table["temperature"].tolist() == [0.2, 0.2, 0.6, 0.6]
    assert table["label"].tolist() == [0, 4] * 2
    assert table["source_index"].tolist() == [39155, 28089] * 2
    assert (table["overlap"].abs() <= table["overlap_abs"] + 1e-9).all()
    assert (table["overlap_abs"] <= table["projection"] + 1e-9).all()
    assert (table["projection"] <= 1).all()
    sem = table["overlap_abs_sd"] / math.sqrt(8)
    assert table["overlap_abs_sem"].tolist() == pytest.approx(sem.tolist(), rel=1e-6)


def test_equilibrium_is_beside_the_mean_field_of_exactly_two_patterns(
    run_hopcli: RunHopcli,
) -> None:
    for digits, two in (("0,4", True), ("4", False), ("0,1,4", False)):
        assert run_hopcli(*SMALL, "--digits", digits).code == 0
        table, curve = _table(), pd.read_csv(OUT / "mean_field.csv")
        assert ("exact" in table) == ("exact" in curve) == two
        if two:
            assert table["exact"].tolist() == pytest.approx(
                [0.7767, 0.7767, 0.7041, 0.7041], abs=1e-4
            )
            assert list(curve.columns) == ["temperature", "label", "mean_field", "exact"]
            assert curve["exact"].tolist()[-2:] == table["exact"].tolist()[-2:]
    run_hopcli(*SMALL, "--theta", "0.1")
    assert "exact" not in _table()


def test_a_start_from_the_target_stays_there_when_cold(run_hopcli: RunHopcli) -> None:
    cold = ["--temperatures", "0,0.05", "--start", "target"]
    run_hopcli(*SMALL, *cold, "--target", "0")
    zero = _table().groupby("label")["overlap"].min()
    run_hopcli(*SMALL, *cold, "--target", "4")
    four = _table().groupby("label")["overlap"].min()
    assert zero[0] == four[4] == 1.0
    assert zero[4] == four[0] == pytest.approx(0.554, abs=5e-4)


def test_the_last_stored_label_is_the_target(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--start", "target", "--digits", "1,7", "--temperatures", "0")
    assert _table()["overlap"].tolist()[1] == 1.0


@pytest.mark.parametrize(
    ("start", "zero", "four"),
    [
        ("target", 0.554, 1.0),
        ("target,inverse", -0.554, -1.0),
        ("target,flip:0.2", 0.554 * 0.6, 0.6),
        ("pattern", 0.777, 0.777),
        ("flip:0.2", 0.777 * 0.6, 0.777 * 0.6),
        ("majority", 0.777, 0.777),
        ("blend:0:4:fill", 0.777, 0.777),
        ("random:0", 0.370, 0.598),
        ("random:0,inverse", -0.370, -0.598),
        ("random", 0.0, 0.0),
        ("random,occlude:top:1", 0.370, 0.598),
        ("target,occlude:top:1", 0.370, 0.598),
    ],
)
def test_a_scan_starts_where_it_is_told_to(
    run_hopcli: RunHopcli, start: str, zero: float, four: float
) -> None:
    """Where sites are hardly tried, chains end where they start; "0" and "4" have q = 0.554."""
    still = ["--sweeps", "1", "--attempts-per-sweep", "1", "--temperatures", "0"]
    run = [*SMALL, *still, "--start", start, "--repeats", "200"]
    assert run_hopcli(*run).code == 0
    overlap = _table().set_index("label")["overlap"]
    assert [overlap[0], overlap[4]] == pytest.approx([zero, four], abs=0.012)
    assert read_manifest(OUT, "temperature-scan")["config"]["start"] == start


@pytest.mark.parametrize("start", ["flip:0.2", "blend:0:4", "blend:0:4:fill", "image,flip:0.1"])
def test_a_scan_from_any_start_is_that_of_its_seed(run_hopcli: RunHopcli, start: str) -> None:
    run = [*SMALL, "--dynamics", "glauber", "--start", start]
    tables = []
    for seed in ("1", "1", "2"):
        assert run_hopcli(*run, "--seed", seed).code == 0
        tables.append(_table().to_csv())
    assert tables[0] == tables[1] != tables[2]


@pytest.mark.parametrize("target", ["2", "5"])
def test_digit_starts_from_images_of_the_targets_label(run_hopcli: RunHopcli, target: str) -> None:
    """Orthogonal pictures, one a label: at T = 0 a start from one of them stays there."""
    rows = ("".join("#" if spin > 0 else "." for spin in row) for row in hadamard(8)[1:7])
    Path("patterns.txt").write_text("\n\n".join(rows), encoding="utf-8")
    run = [*SMALL, "--dataset", "text:patterns.txt", "--digits", "2,5", "--temperatures", "0"]
    assert run_hopcli(*run, "--start", "digit", "--target", target).code == 0
    overlap = _table().set_index("label")["overlap"]
    assert overlap.to_dict() == {2: float(target == "2"), 5: float(target == "5")}


def test_an_empty_site_is_refused_where_the_update_rule_cannot_have_it(
    run_hopcli: RunHopcli,
) -> None:
    message = run_hopcli(*SMALL, "--start", "blend:0:4").refused()
    assert message.startswith("--start must leave no site at 0 under metropolis (add :fill, or")
    message = run_hopcli(*SMALL, "--start", "blend:0:7:fill").refused()
    assert message == "--start must blend stored labels (0, 4), found 'blend:0:7:fill'"


def test_given_images_are_stored_in_order(run_hopcli: RunHopcli) -> None:
    run_hopcli(*SMALL, "--source-indices", "56,9", "--rule", "hebbian")
    table = _table()
    assert table["source_index"].tolist() == [56, 9] * 2
    assert table["label"].tolist() == [0, 4] * 2


@pytest.mark.parametrize("temperature", ["0", "1e-320", "1e300"])
def test_extreme_temperatures_are_fine(run_hopcli: RunHopcli, temperature: str) -> None:
    done = run_hopcli(*SMALL, "--temperatures", temperature)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert _table()["temperature"].tolist() == [float(temperature)] * 2
    assert not _table()["mean_field"].isna().any()


def test_a_single_run_has_no_error_bar(run_hopcli: RunHopcli) -> None:
    done = run_hopcli(*SMALL, "--repeats", "1")
    assert (done.code, done.err) == (0, "")
    assert _table()["overlap_abs_sem"].isna().all()
    assert not _table()["overlap_abs"].isna().any()


def test_the_default_draws_figure_1(run_hopcli: RunHopcli) -> None:
    done = run_hopcli("temperature-scan", "--repeats", "2", "--temperatures", "0.5,1.5")
    assert (done.code, done.err) == (0, "")
    assert set(read_manifest(OUT, "temperature-scan")["outputs"]) >= {
        "temperature_scan.csv",
        "temperature_scan.png",
    }
    assert "0.5" in done.out


def test_an_unstored_target_is_refused(run_hopcli: RunHopcli) -> None:
    message = run_hopcli(*SMALL, "--target", "7").refused()
    assert "--target must be a stored label (0, 4), found '7'" in message
    assert not Path("results").exists()
