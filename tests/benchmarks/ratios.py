"""The jobs: compared programs, required ratios, and limiting factors.

A job that must be fast counts how many times as long its peers take; one that must add
little, how many times as long as its peers it takes itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.measuring import Effort, Measure, Row, in_turns, seconds, spread
from benchmarks.peers import Program
from benchmarks.work import Work, noisy, recall

Targets = Mapping[Program, float | None]
Values = NDArray[np.float64]

ATTEMPT = "ns an attempt"


class Entrant(NamedTuple):
    """A name, the measure of one turn, and overlaps and energies of its final states."""

    name: str
    measure: Measure
    states: Values | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """A race.

    Parameters
    ----------
    name, work, unit : str
        A short name, what is done, and the unit of a turn.
    ours : Entrant
        The program that is compared with the targets.
    peers : list of (Entrant, float or None)
        The others, with the required ratio.
    bounds : str
        Limiting factor of ours; shown if a target is missed.
    at_least : bool
        Whether ratios are peer / ours (more is better); otherwise ours / peer (less is better).
    """

    name: str
    work: str
    unit: str
    ours: Entrant
    peers: Sequence[tuple[Entrant, float | None]]
    bounds: str = ""
    at_least: bool = True


def run(job: Job, effort: Effort) -> tuple[list[Row], list[Row]]:
    """Let all take turns: rows of ratios.csv, the median over rounds, and of rounds.csv."""
    entrants = [job.ours, *(peer for peer, _ in job.peers)]
    values = in_turns([entrant.measure for entrant in entrants], effort)
    rounds: list[Row] = [
        {"job": job.name, "program": one.name, "round": k, "value": value, "unit": job.unit}
        for k, row in enumerate(values.tolist(), 1)
        for one, value in zip(entrants, row, strict=True)
    ]
    ratios = [
        _ratio(job, peer, target, values[:, 0], theirs)
        for (peer, target), theirs in zip(job.peers, values.T[1:], strict=True)
    ]
    return ratios, rounds


def _ratio(job: Job, peer: Entrant, target: float | None, ours: Values, theirs: Values) -> Row:
    middle, low, high = spread(theirs / ours if job.at_least else ours / theirs)
    asked = reached = ""
    if target is not None:
        asked = f"{'>=' if job.at_least else '<='} {target:g}"
        reached = "yes" if (middle >= target if job.at_least else middle <= target) else "no"
    means = "peer / hopcli" if job.at_least else "hopcli / peer"
    row: Row = {"job": job.name, "work": job.work, "peer": peer.name, "means": means}
    row |= {"ratio": middle, "low": low, "high": high, "target": asked, "reached": reached}
    row |= {"rounds": len(ours), "ours": float(np.median(ours))}
    row |= {"theirs": float(np.median(theirs)), "unit": job.unit}
    row["difference"] = _difference(job.ours.states, peer.states)
    return row | {"bounded_by": job.bounds if reached == "no" else ""}


def _difference(ours: Values | None, theirs: Values | None) -> str:
    """Compare mean overlap and energy, paired by start, within four standard errors."""
    if ours is None or theirs is None:
        return ""
    n = min(ours.shape[1], theirs.shape[1])
    pairs = ours[:, :n] - theirs[:, :n]
    means = pairs.mean(axis=1)
    bounds = 4 * pairs.std(axis=1, ddof=1) / np.sqrt(n) + 1e-9  # rounding
    texts = [f"{mean:+.4f} (within {bound:.4f})" for mean, bound in zip(means, bounds, strict=True)]
    agrees = bool(np.all(np.abs(means) <= bounds))
    return f"m {texts[0]}, E/N {texts[1]}: {'agrees' if agrees else 'DIFFERS'}"


def enter(program: Program, work: Work, name: str = "") -> Entrant:
    """Call a program once, which compiles; then its turns give nanoseconds an attempt."""
    work = work.first(program.chains)
    call = program.prepare(work)
    states = work.measured(call())
    attempts = work.chains * work.attempts
    return Entrant(name or program.name, lambda: 1e9 * seconds(call) / attempts, states)


def race(name: str, description: str, work: Work, targets: Targets, bounds: str = "") -> Job:
    """Make the job of racing programs of one thread on one work."""
    ours = enter(peers.OURS, work)
    others = [(enter(p, work), target) for p, target in targets.items() if p.is_installed]
    return Job(name, f"{description}, {work.chains:,} chains", ATTEMPT, ours, others, bounds)


# --- the loop


def _patterns(p: int, temperature: float) -> Callable[[Effort], Work]:
    return lambda effort: recall(effort.of(2_000), p, temperature=temperature)


FLIPS = "flips: each streams a row of couplings, and the fields of all classes"
LOOP = peers.CLASS_LOOP
RACES: dict[str, tuple[str, Callable[[Effort], Work], Targets, str]] = {
    "paper": (
        "the study's recall, 20 half-sweeps, T = 0.2",
        lambda effort: recall(effort.of(5_000)),
        {LOOP: 11, peers.OVER_CHAINS: 35, peers.DWAVE: 180},
        "flips, most in the first half-sweeps; and draws, until these are rare",
    ),
    "long": (
        "200 half-sweeps, T = 0.2",
        lambda effort: recall(effort.of(1_000), sweeps=200),
        {LOOP: 75},
        "the first 20 half-sweeps, where the flips are: the other 180 cost less",
    ),
    "warm": (
        "T = 0.8",
        lambda effort: recall(effort.of(2_000), temperature=0.8),
        {LOOP: 1.8},
        "flips, a third of the attempts: each changes the fields of all classes",
    ),
    "p50-cold": ("p = 50, T = 0.2", _patterns(50, 0.2), {LOOP: 2.2}, FLIPS),
    "p50-warm": ("p = 50, T = 0.8", _patterns(50, 0.8), {LOOP: None}, FLIPS),
    # Here 500 starts distinguish T = 0.25 from T = 0.2, unlike those of `paper`.
    "p300-cold": ("p = 300, T = 0.2", _patterns(300, 0.2), {LOOP: 2.0, peers.DWAVE: None}, FLIPS),
    "p300-warm": ("p = 300, T = 0.8", _patterns(300, 0.8), {LOOP: 2.0}, FLIPS),
    "large": (
        "N = 16,384, p = 3, T = 0.2, 10 sweeps",
        lambda effort: noisy(effort.of(16_384), chains=32),
        {peers.DENSE: 85},
        "flips, of a fifth of the sites; and attempts, until these are rare",
    ),
    "overlaps": (
        "N = 4,096, p = 100, T = 0.2, 10 sweeps, without a matrix",
        lambda effort: noisy(4_096, effort.of(32), p=100),
        {LOOP: 3},
        "attempts: each adds p products",
    ),
}


def _two_threads(effort: Effort) -> list[Job]:
    work = recall(effort.of(20_000))
    two = enter(peers.OURS, replace(work, threads=2), "two threads")
    one = enter(peers.OURS, work, "one thread")
    bounds = "copies of the starts and of the final states are made by one thread"
    described = f"the study's recall, {work.chains:,} chains"
    return [Job("two-threads", described, ATTEMPT, two, [(one, 1.8)], bounds)]


def _racing(name: str) -> Callable[[Effort], list[Job]]:
    described, work, targets, bounds = RACES[name]
    return lambda effort: [race(name, described, work(effort), targets, bounds)]


JOBS = {**{name: _racing(name) for name in RACES}, "two-threads": _two_threads}
"""Makers of the jobs of each name, which also warm them up."""
