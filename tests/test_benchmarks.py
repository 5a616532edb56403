"""The benchmarks run, at tiny sizes, and their ratios are what the turns gave."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from benchmarks import processes, ratios, scaling
from benchmarks.__main__ import main, measure
from benchmarks.peers import CLASS_LOOP, OURS, Program
from benchmarks.processes import Used
from benchmarks.report import STYLES, write
from benchmarks.timing import Effort, in_turns
from benchmarks.work import noisy, recall
from conftest import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.peers import Call
    from benchmarks.ratios import Job
    from benchmarks.work import Work

TINY = Effort(rounds=2, limit=100, share=0.002)
LOOPS = ("paper", "long", "warm", "p50", "p300", "large", "fixed", "two-threads")


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def _check_ratios(folder: Path) -> None:
    """Every ratio is the median of those of the rounds, and its verdict follows from it."""
    turns: dict[tuple[str, str], list[float]] = {}
    for row in _rows(folder / "rounds.csv"):
        turns.setdefault((row["job"], row["program"]), []).append(float(row["value"]))
    ours: dict[str, str] = {}
    for job, program in turns:
        ours.setdefault(job, program)  # comes first
    for row in _rows(folder / "ratios.csv"):
        mine = np.array(turns[row["job"], ours[row["job"]]])
        theirs = np.array(turns[row["job"], row["peer"]])
        each = theirs / mine if row["means"] == "peer / hopcli" else mine / theirs
        found = [float(row[name]) for name in ("ratio", "low", "high", "ours", "theirs")]
        expected = [np.median(each), each.min(), each.max(), np.median(mine), np.median(theirs)]
        np.testing.assert_allclose(found, expected, rtol=2e-5)
        assert int(row["rounds"]) == len(mine)
        if row["target"]:
            sign, target = row["target"].split()
            met = found[0] >= float(target) if sign == ">=" else found[0] <= float(target)
            assert row["reached"] == ("yes" if met else "no")
            assert bool(row["bounded_by"]) == (not met)
        else:
            assert not row["reached"] + row["bounded_by"]


@pytest.mark.parametrize(
    ("loops", "axes"),
    [(("paper",), ("sweeps",)), pytest.param(LOOPS, (*scaling.AXES,), marks=pytest.mark.slow)],
    ids=["few", "all"],
)
def test_loop_jobs_and_axes_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loops: tuple[str, ...], axes: tuple[str, ...]
) -> None:
    few = {"images": 1, "cells": 1}  # whole processes
    small = {
        name: replace(scaling.AXES[name], sizes=scaling.AXES[name].sizes[: few.get(name, 2)])
        for name in axes
    }
    monkeypatch.setattr(scaling, "AXES", small)
    found = measure([*loops, *small], TINY)
    write(tmp_path, *found)
    _check_ratios(tmp_path)
    rows = _rows(tmp_path / "ratios.csv")
    jobs = {"paper", "p300-cold", "p300-warm", "large"} if loops == LOOPS else {"paper"}
    assert {row["job"] for row in rows} >= jobs
    assert all(row["recalled"].endswith("agrees") for row in rows)
    points = _rows(tmp_path / "scaling.csv")
    assert {row["program"] for row in points} <= set(STYLES)
    for name, axis in small.items():
        sizes = {int(row["size"]) for row in points if row["axis"] == name}
        assert sizes == set(axis.sizes)
    for row in points:
        assert bool(row["seconds_per_chain"]) != bool(row["left_out"])
        if row["seconds_per_chain"]:
            cost = 1e9 * float(row["seconds_per_chain"]) / int(row["attempts"])
            assert float(row["ns_per_attempt"]) == pytest.approx(cost, rel=1e-4)
            assert float(row["low"]) <= float(row["seconds_per_chain"]) <= float(row["high"])
    assert (tmp_path / "scaling.png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads((tmp_path / "machine.json").read_text())["processor"]
    page = (tmp_path / "README.md").read_text()
    assert all(row["work"] in page for row in rows)


@pytest.mark.slow
def test_a_whole_process_is_measured(tmp_path: Path) -> None:
    main(["--only", "million", "--quick", "--out", str(tmp_path)])
    _check_ratios(tmp_path)
    _, memory = _rows(tmp_path / "ratios.csv")
    assert 50 < float(memory["ratio"]) < 5_000


def test_what_a_parent_has_is_not_charged_to_its_child() -> None:
    held = np.ones(400_000_000, np.int8)
    assert processes.python("-c", "pass").megabytes < 100 < held.nbytes / 1e6


def test_start_up_and_tables_from_known_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Importing takes 1 s, recall 2 s and 1 ms a repeat, pictures 1 s more."""

    def known(*arguments: str) -> Used:
        if arguments[0] == "-c":
            return Used(1.0, 50.0)
        repeats = int(arguments[arguments.index("--repeats") + 1]) if "1" in arguments else 0
        return Used(2.0 + 0.001 * repeats + ("--no-figures" not in arguments), 100.0)

    monkeypatch.setattr(processes, "python", known)
    found, turns, _ = measure(["start", "tables"], TINY)
    assert [ratio.ratio for ratio in found if ratio.job.startswith("start")] == [2.0, 3.0, 3.0]
    slope = [turn.value for turn in turns if turn.program == "hopcli recall"][-1]
    assert slope == pytest.approx(1e9 * 0.001 / (500 * 7840))


def test_programs_take_turns_until_time_is_up() -> None:
    order = []

    def one(name: str) -> float:
        order.append(name)
        return len(order)

    measures = [lambda: one("a"), lambda: one("b")]
    assert in_turns(measures, Effort(3, 100)).tolist() == [[1, 2], [3, 4], [5, 6]]
    assert order == ["a", "b"] * 3
    assert len(in_turns(measures, Effort(3, 0))) == 1


def _job(ours: float, theirs: float, target: float | None, *, at_least: bool) -> Job:
    us, it = ratios.Entrant("us", lambda: ours), ratios.Entrant("it", lambda: theirs)
    return ratios.Job("j", "work", "s", us, [(it, target)], "this", at_least=at_least)


@pytest.mark.parametrize(
    ("ours", "theirs", "target", "at_least", "expected"),
    [
        (1, 10, 9, True, (10, ">= 9", "yes", "")),
        (1, 10, 11, True, (10, ">= 11", "no", "this")),
        (10, 2, 6, False, (5, "<= 6", "yes", "")),
        (10, 2, 4, False, (5, "<= 4", "no", "this")),
        (1, 2, None, True, (2, "", "", "")),
    ],
)
def test_a_target_is_met_or_what_bounds_it_is_said(
    ours: float,
    theirs: float,
    target: float | None,
    at_least: bool,
    expected: tuple[float, str, str, str],
) -> None:
    (row,), turns = ratios.run(_job(ours, theirs, target, at_least=at_least), TINY)
    assert (row.ratio, row.target, row.reached, row.bounded_by) == expected
    assert [(turn.program, turn.round) for turn in turns] == [
        ("us", 1),
        ("it", 1),
        ("us", 2),
        ("it", 2),
    ]


def test_a_peer_that_does_another_job_is_told() -> None:
    work = recall(100)

    def colder(work: Work) -> Call:
        return OURS.prepare(replace(work, sweeps=1))

    job = ratios._race("j", "short", work, {Program("lazy", colder): None})
    assert ratios.run(job, TINY)[0][0].recalled.endswith("DIFFERS")


def test_peers_are_left_out_where_they_take_too_long_or_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = replace(CLASS_LOOP, name="small", sites=100)
    axis = scaling.Axis("a", "", (64, 256), lambda n, _: noisy(n, 2), (OURS, CLASS_LOOP, small))
    done = {(p.program, p.size): p.left_out for p in scaling.measure(axis, TINY)}
    assert [key for key, reason in done.items() if reason] == [("small", 256)]
    assert "above N = 100" in done["small", 256]
    monkeypatch.setattr(scaling, "PATIENCE", 0.0)
    done = {(p.program, p.size): p.left_out for p in scaling.measure(axis, TINY)}
    assert {key for key, reason in done.items() if not reason} == {
        ("hopcli", 64),
        ("hopcli", 256),
        (CLASS_LOOP.name, 64),
        ("small", 64),
    }


def test_the_committed_ratios_are_those_of_their_rounds() -> None:
    for table in CHECKOUT.glob("results/benchmarks/ratios.csv"):
        _check_ratios(table.parent)
