"""The benchmarks run, at tiny sizes, and their ratios are what the turns gave."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks import ratios, scaling
from benchmarks.__main__ import measure
from benchmarks.measuring import Effort
from benchmarks.report import STYLES, write
from conftest import CHECKOUT

TINY = Effort(rounds=2, limit=100, share=0.002)


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _check_ratios(folder: Path) -> None:
    """Every ratio is the median of those of the rounds, and its verdict follows from it."""
    turns: dict[str, dict[str, list[float]]] = {}
    for row in _rows(folder / "rounds.csv"):
        turns.setdefault(row["job"], {}).setdefault(row["program"], []).append(float(row["value"]))
    for row in _rows(folder / "ratios.csv"):
        of_job = turns[row["job"]]
        mine, theirs = np.array(next(iter(of_job.values()))), np.array(of_job[row["peer"]])
        each = theirs / mine if row["means"] == "peer / hopcli" else mine / theirs
        found = [float(row[name]) for name in ("ratio", "low", "high", "ours", "theirs")]
        expected = [np.median(each), each.min(), each.max(), np.median(mine), np.median(theirs)]
        rounded = 2e-6 * np.abs(each).max()  # of differences, whose median may be near 0
        np.testing.assert_allclose(found, expected, rtol=2e-5, atol=rounded)
        assert int(row["rounds"]) == len(mine)
        sign, _, target = row["target"].partition(" ")
        met = bool(sign) and (found[0] >= float(target)) == (sign == ">=")
        assert row["reached"] == ("" if not sign else "yes" if met else "no")
        assert bool(row["bounded_by"]) == (row["reached"] == "no")


@pytest.mark.parametrize(
    ("loops", "axes"),
    [
        (["paper"], ["sweeps"]),
        pytest.param([*ratios.JOBS, "asking", "cluster"], [*scaling.AXES], marks=pytest.mark.slow),
    ],
    ids=["few", "all"],
)
def test_loop_jobs_and_axes_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loops: list[str], axes: list[str]
) -> None:
    for axis in (scaling.AXES[name] for name in axes):
        monkeypatch.setitem(scaling.AXES, axis.name, replace(axis, sizes=axis.sizes[:2]))
    write(tmp_path, **measure([*loops, *axes], TINY))
    _check_ratios(tmp_path)
    rows = _rows(tmp_path / "ratios.csv")
    assert {row["job"] for row in rows} >= {*loops} & {*ratios.JOBS}
    for row in rows:
        assert row["difference"].endswith("agrees") == (row["unit"] == ratios.ATTEMPT)
    points = _rows(tmp_path / "scaling.csv")
    assert {row["program"] for row in points} <= set(STYLES)
    for name in axes:
        sizes = {int(row["size"]) for row in points if row["axis"] == name}
        assert sizes == set(scaling.AXES[name].sizes)
    for row in points:
        assert bool(row["seconds_per_chain"]) != bool(row["left_out"])
        if row["seconds_per_chain"]:
            cost = 1e9 * float(row["seconds_per_chain"]) / int(row["attempts"])
            assert float(row["ns_per_attempt"]) == pytest.approx(cost, rel=1e-4)
            assert float(row["low"]) <= float(row["seconds_per_chain"]) <= float(row["high"])
    assert (tmp_path / "scaling.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads((tmp_path / "machine.json").read_text())["processor"]


def test_the_committed_ratios_are_those_of_their_rounds() -> None:
    _check_ratios(CHECKOUT / "results" / "benchmarks")
