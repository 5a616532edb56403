"""``hopcli temperature-scan``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from hopcli.results import read_manifest

if TYPE_CHECKING:
    from conftest import RunHopcli

SMALL = ["temperature-scan", "--temperatures", "0.2,0.6", "--repeats", "8", "--no-figures", "-q"]
OUT = Path("results/temperature-scan")


def _table(out: Path = OUT) -> pd.DataFrame:
    return pd.read_csv(out / "temperature_scan.csv")


def test_one_row_a_temperature_and_pattern(run_hopcli: RunHopcli) -> None:
    assert run_hopcli(*SMALL).code == 0
    table = _table()
    assert list(table.columns) == [
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


@pytest.mark.parametrize("start", ["random", "target", "digit"])
def test_threads_change_no_byte(run_hopcli: RunHopcli, start: str) -> None:
    for threads in ("1", "2"):
        run_hopcli(*SMALL, "--start", start, "--threads", threads, "--out", threads)
    assert Path("1/temperature_scan.csv").read_bytes() == (
        Path("2/temperature_scan.csv").read_bytes()
    )


def test_starts_differ(run_hopcli: RunHopcli) -> None:
    tables = []
    for start in ("random", "target", "digit"):
        run_hopcli(*SMALL, "--start", start)
        tables.append(_table()["overlap_abs"].tolist())
    assert tables[0] != tables[1] != tables[2] != tables[0]


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
