"""``hopcli temperature-scan``."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from shell import Shell, read_json, table

SMALL = "temperature-scan --temperatures 0.2,0.6 --repeats 8 --no-figures -q --overwrite --out out"


def scan(shell: Shell, flags: str = "") -> pd.DataFrame:
    done = shell.run(f"{SMALL} {flags}")
    assert (done.out, done.err) == ("", "")
    return table("out/temperature_scan.csv")


def test_one_row_a_temperature_and_pattern(shell: Shell) -> None:
    found = scan(shell)
    columns = ["temperature", "label", "source_index", "overlap_abs", "overlap_abs_sd"]
    columns += ["overlap_abs_sem", "overlap", "overlap_sem", "projection", "mean_field"]
    assert list(found.columns)[:10] == columns
    assert found["temperature"].tolist() == [0.2, 0.2, 0.6, 0.6]
    assert found["label"].tolist() == ["0", "4"] * 2
    assert found["source_index"].tolist() == [39155, 28089] * 2
    assert (found["overlap"].abs() <= found["overlap_abs"] + 1e-9).all()
    assert (found["overlap_abs"] <= found["projection"] + 1e-9).all()
    assert (found["projection"] <= 1).all()
    sem = found["overlap_abs_sd"] / math.sqrt(8)
    assert found["overlap_abs_sem"].tolist() == pytest.approx(sem.tolist(), rel=1e-6)
    # Images that are given are stored in their order; a single run has no error bar.
    given = scan(shell, "--source-indices 56,9 --rule hebbian --repeats 1")
    assert given["source_index"].tolist() == [56, 9] * 2
    assert given["overlap_abs_sem"].isna().all()
    assert not given["overlap_abs"].isna().any()


def test_equilibrium_is_beside_the_mean_field_of_exactly_two_patterns(shell: Shell) -> None:
    for flags in ("--digits 4", "--digits 0,1,4", "--theta 0.1", "--digits 0,4"):
        found, curve = scan(shell, flags), pd.read_csv("out/mean_field.csv")
        assert ("exact" in found) == ("exact" in curve) == (flags == "--digits 0,4")
    expected = [0.7767, 0.7767, 0.7041, 0.7041]
    assert found["exact"].tolist() == pytest.approx(expected, abs=1e-4)
    assert list(curve.columns) == ["temperature", "label", "mean_field", "exact"]
    assert curve["exact"].tolist()[-2:] == found["exact"].tolist()[-2:]


def test_a_start_from_the_target_stays_there_when_cold(shell: Shell) -> None:
    """The target is the last label unless another is named."""
    for digits, target, other in (("0,4", "0", "4"), ("0,4", "4", "0"), ("1,7", "", "")):
        named = f"--target {target}" if target else ""
        cold = f"--temperatures 0,0.05 --start target --digits {digits} {named}"
        least = scan(shell, cold).groupby("label")["overlap"].min()
        assert least[target or "7"] == 1.0
        if other:
            assert least[other] == pytest.approx(0.554, abs=5e-4)


@pytest.mark.parametrize(
    ("start", "zero", "four"),
    [
        ("target", 0.554, 1.0),
        ("target,flip:0.2", 0.554 * 0.6, 0.6),
        ("majority", 0.777, 0.777),
        ("random:0", 0.370, 0.598),
        ("target,occlude:top:1", 0.370, 0.598),
    ],
)
def test_a_scan_begins_at_its_start(shell: Shell, start: str, zero: float, four: float) -> None:
    """With hardly any attempts chains end near their start; "0" and "4" have q = 0.554."""
    still = "--sweeps 1 --attempts-per-sweep 1 --temperatures 0 --repeats 200"
    overlap = scan(shell, f"{still} --start {start}").set_index("label")["overlap"]
    assert [overlap["0"], overlap["4"]] == pytest.approx([zero, four], abs=0.012)
    assert read_json(Path("out", "temperature-scan.json"))["config"]["start"] == start
