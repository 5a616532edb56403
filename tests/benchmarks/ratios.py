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

from benchmarks import measuring, peers
from benchmarks.measuring import Effort, Measure, Row, in_turns, seconds, spread
from benchmarks.peers import Program
from benchmarks.work import DIGITS, Work, mnist, noisy, recall

Targets = Mapping[Program, float | None]


IMPORTS = "numpy, numba, pandas"
ATTEMPT = "ns an attempt"


class Entrant(NamedTuple):
    """A name, the measure of one turn, and which of its chains recalled their pattern."""

    name: str
    measure: Measure
    recalled: NDArray[np.bool_] | None = None


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


def _ratio(
    job: Job,
    peer: Entrant,
    target: float | None,
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
) -> Row:
    middle, low, high = spread(theirs / ours if job.at_least else ours / theirs)
    asked = reached = ""
    if target is not None:
        asked = f"{'>=' if job.at_least else '<='} {target:g}"
        reached = "yes" if (middle >= target if job.at_least else middle <= target) else "no"
    return {
        "job": job.name,
        "work": job.work,
        "peer": peer.name,
        "means": "peer / hopcli" if job.at_least else "hopcli / peer",
        "ratio": middle,
        "low": low,
        "high": high,
        "target": asked,
        "reached": reached,
        "rounds": len(ours),
        "ours": float(np.median(ours)),
        "theirs": float(np.median(theirs)),
        "unit": job.unit,
        "recalled": _agreement(job.ours.recalled, peer.recalled),
        "bounded_by": job.bounds if reached == "no" else "",
    }


def _agreement(ours: NDArray[np.bool_] | None, theirs: NDArray[np.bool_] | None) -> str:
    """Compare the numbers of recalled starts, within four standard errors."""
    if ours is None or theirs is None:
        return ""
    n = min(len(ours), len(theirs))
    mine, other = float(np.mean(ours[:n])), float(np.mean(theirs[:n]))
    share = (mine + other) / 2
    agrees = abs(mine - other) <= 4 * np.sqrt(2 * share * (1 - share) / n)
    return f"{100 * mine:.1f} / {100 * other:.1f} %, {'agrees' if agrees else 'DIFFERS'}"


def _enter(program: Program, work: Work, name: str = "") -> Entrant:
    """Call a program once, which compiles; then its turns give nanoseconds an attempt."""
    work = work.first(program.chains)
    call = program.prepare(work)
    recalled = work.recalled(call())
    attempts = work.chains * work.attempts
    return Entrant(name or program.name, lambda: 1e9 * seconds(call) / attempts, recalled)


def race(name: str, description: str, work: Work, targets: Targets, bounds: str = "") -> Job:
    """Make the job of racing programs of one thread on one work."""
    ours = _enter(peers.OURS, work)
    others = [(_enter(p, work), target) for p, target in targets.items() if p.is_installed]
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
        {LOOP: 8, peers.OVER_CHAINS: 35, peers.DWAVE: 150},
        "flips, most in the first half-sweeps; and draws, until these are rare",
    ),
    "long": (
        "200 half-sweeps, T = 0.2",
        lambda effort: recall(effort.of(1_000), sweeps=200),
        {LOOP: 60},
        "the first 20 half-sweeps, where the flips are: the other 180 cost less",
    ),
    "warm": (
        "T = 0.8",
        lambda effort: recall(effort.of(2_000), temperature=0.8),
        {LOOP: 1.8},
        "flips, a third of the attempts: each changes the fields of all classes",
    ),
    **{
        f"p{p}-{name}": (
            f"p = {p}, T = {temperature:g}",
            _patterns(p, temperature),
            {LOOP: target},
            FLIPS,
        )
        for p, name, temperature, target in (
            (50, "cold", 0.2, 2.2),
            (50, "warm", 0.8, None),
            (300, "cold", 0.2, 2.0),
            (300, "warm", 0.8, 2.0),
        )
    },
    "large": (
        "N = 16,384, p = 3, T = 0.2, 10 sweeps",
        lambda effort: noisy(effort.of(16_384), chains=32),
        {peers.DENSE: 200},
        "flips, of a fifth of the sites; and attempts, until these are rare",
    ),
}


def _two_threads(effort: Effort) -> list[Job]:
    work = recall(effort.of(20_000))
    two = _enter(peers.OURS, replace(work, threads=2), "two threads")
    one = _enter(peers.OURS, work, "one thread")
    bounds = "copies of the starts and of the final states are made by one thread"
    described = f"the study's recall, {work.chains:,} chains"
    return [Job("two-threads", described, ATTEMPT, two, [(one, 1.8)], bounds)]


# --- the process around it


def _process(name: str, *arguments: str) -> Entrant:
    """Measure the seconds of a process, after a first one that leaves caches warm."""
    start = measuring.python if arguments[0] == "-c" else measuring.hopcli
    start(*arguments)
    return Entrant(name, lambda: start(*arguments).seconds)


def _start(_: Effort) -> list[Job]:
    tables = _process("hopcli recall", "recall", "--no-figures")
    pictures = _process("hopcli recall", "recall")
    plain, drawing, all_drawing = (
        _process(f"import {names}", "-c", f"import {names}")
        for names in (IMPORTS, f"{IMPORTS}, matplotlib.figure", f"{IMPORTS}, matplotlib")
    )
    described = "a warm hopcli recall {} pictures, 5,000 chains"
    bounds = "beside imports: selecting the patterns, the loop, intervals and small tables"
    drawn, several = "three pictures drawn at full size", [(drawing, 2.0), (all_drawing, 2.0)]
    return [
        Job("start", described.format("without"), "s", tables, [(plain, 1.5)], bounds, False),
        Job("start-pictures", described.format("with"), "s", pictures, several, drawn, False),
    ]


def _tables(effort: Effort) -> list[Job]:
    """Race the cost of a repeat more of the whole process, tables included."""
    few, many = 10, max(20, effort.of(410))
    work = recall(500)

    def repeats(number: int) -> float:
        run = ("recall", "--no-figures", "--threads", "1", "--repeats", f"{number}")
        return measuring.hopcli(*run).seconds

    def slope() -> float:
        return 1e9 * (repeats(many) - repeats(few)) / ((many - few) * work.chains * work.attempts)

    repeats(few)
    installed = [program for program in (peers.DWAVE,) if program.is_installed]
    others = [(_enter(program, work)._replace(recalled=None), 120.0) for program in installed]
    described = f"whole processes of {few} and {many} repeats of 500 trials, their difference"
    bounds = "the loop, and the work of a trial beside it: its start, its score, its count"
    return [Job("tables", described, ATTEMPT, Entrant("hopcli recall", slope), others, bounds)]


def _million(effort: Effort) -> list[Job]:
    """Race the whole process against its loop alone, which runs a repeat of the 33."""
    repeats = max(2, effort.of(33, 1))
    labels = np.asarray(mnist().labels)
    all_images = int(np.count_nonzero(np.isin(labels, DIGITS)))
    tests = effort.of(all_images)
    asked = "all" if tests == all_images else f"{tests // len(DIGITS)}"
    chains = repeats * (all_images if asked == "all" else len(DIGITS) * int(asked))
    loop = _all_images(labels, chains // repeats)
    run = ("recall", "--no-figures", "--tests", asked, "--repeats", f"{repeats}")
    peaks: list[float] = []

    def whole() -> float:
        used = measuring.hopcli(*run)
        peaks.append(used.megabytes)
        return 1e9 * used.seconds / (chains * loop.attempts)

    def peak() -> float:
        return peaks.pop() if len(peaks) > 1 else peaks[0]

    described = f"hopcli {' '.join(run)}: {chains:,} chains"
    whole_run, memory = Entrant("hopcli recall", whole), Entrant("hopcli recall", peak)
    alone = _enter(peers.OURS, loop, "its loop alone")._replace(recalled=None)
    bounds = "beside the loop: starts are taken, ends scored and counted, block by block"
    megabyte, states = (Entrant("1 MB", lambda: 1.0), 400), "the images, and a block of states"
    peaked = f"{described}, peak of memory"
    return [
        Job("million", described, ATTEMPT, whole_run, [(alone, 1.5)], bounds, False),
        Job("million-memory", peaked, "MB", memory, [megabyte], states, False),
    ]


def _all_images(labels: NDArray[np.str_], chains: int) -> Work:
    """Make the study's work for all images of its digits, on all processors."""
    chosen = np.flatnonzero(np.isin(labels, DIGITS))[:chains]
    own = np.array([DIGITS.index(label) for label in labels[chosen]])
    work = replace(recall(len(DIGITS)), starts=mnist().spins[chosen], own=own)
    return replace(work, threads=peers.PROCESSORS)


def _grid(effort: Effort) -> list[Job]:
    """Race the cells of a grid against the loop of as many recalls."""
    few, many, whole = 20, max(40, effort.of(220)), effort.of(1_000)
    one = recall(effort.of(5_000))
    tests = ("--set", f"tests={one.chains // 50}")
    loop = _enter(peers.OURS, one)

    def cells(number: int) -> float:
        return measuring.grid(number, *tests, "--threads", "1").seconds

    def beyond() -> float:
        """Milliseconds of a cell outside its loop."""
        slope = (cells(many) - cells(few)) / (many - few)
        return 1e3 * slope - 1e-6 * loop.measure() * one.chains * one.attempts

    def all_cells() -> float:
        used = measuring.grid(whole, *tests)
        return 1e9 * used.seconds / (whole * one.chains * one.attempts)

    cells(few)
    own = _enter(peers.OURS, replace(one, threads=peers.PROCESSORS), "its loop alone")
    alone, millisecond = own._replace(recalled=None), Entrant("1 ms", lambda: 1.0)
    a_cell, a_grid = (Entrant("hopcli grid run", measure) for measure in (beyond, all_cells))
    size = f"cells of {one.chains:,} chains"
    described = f"hopcli grid run, {few} and {many} {size}, one thread: a cell beyond its loop"
    of_all = f"hopcli grid run, {whole:,} {size}, all processors"
    bounds = "planning, counting, intervals and tables, in one Python for all threads"
    return [
        Job("cell", described, "ms", a_cell, [(millisecond, 15)], bounds, False),
        Job("grid", of_all, ATTEMPT, a_grid, [(alone, 1.4)], bounds, False),
    ]


def _racing(name: str) -> Callable[[Effort], list[Job]]:
    described, work, targets, bounds = RACES[name]
    return lambda effort: [race(name, described, work(effort), targets, bounds)]


JOBS: dict[str, Callable[[Effort], list[Job]]] = {
    **{name: _racing(name) for name in RACES},
    "two-threads": _two_threads,
    "start": _start,
    "tables": _tables,
    "million": _million,
    "grid": _grid,
}
"""Makers of the jobs of each name, which also warm them up."""
