"""The jobs: what is raced against what, what is asked for, and what bounds it.

A job that is to be fast counts how many times as long its peers take; one that is to add
little, how many times as long as its peers it takes itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import peers, processes
from benchmarks.timing import in_turns, seconds, spread
from benchmarks.work import DIGITS, HALF_SWEEP, Work, mnist, noisy, recall

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from benchmarks.peers import Program
    from benchmarks.timing import Effort, Measure

__all__ = ["JOBS", "Job", "Ratio", "Round", "run"]

NUMERICAL = "numpy, numba, pandas"


class Entrant(NamedTuple):
    """A name, what one turn gives, and which of its chains recalled their pattern."""

    name: str
    measure: Measure
    recalled: NDArray[np.bool_] | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """A race.

    Parameters
    ----------
    name, work : str
        A short name, and what is done.
    unit : str
        Of what a turn gives.
    ours : Entrant
        The program that is held to the targets.
    peers : list of (Entrant, float or None)
        The others, with the ratio that is asked for.
    bounds : str
        What bounds ours; shown where a target is missed.
    at_least : bool
        Whether ratios are peer / ours and the more the better, or ours / peer and the less.
    """

    name: str
    work: str
    unit: str
    ours: Entrant
    peers: Sequence[tuple[Entrant, float | None]]
    bounds: str = ""
    at_least: bool = True


@dataclass(frozen=True)
class Round:
    """What one turn of a program gave: a line of rounds.csv."""

    job: str
    program: str
    round: int
    value: float
    unit: str


@dataclass(frozen=True)
class Ratio:
    """Ours against one peer: a line of ratios.csv."""

    job: str
    work: str
    peer: str
    means: str
    ratio: float
    low: float
    high: float
    target: str
    reached: str
    rounds: int
    ours: float
    theirs: float
    unit: str
    recalled: str
    bounded_by: str


def run(job: Job, effort: Effort) -> tuple[list[Ratio], list[Round]]:
    """Let all take turns; ratios are of the same round each, their median counts."""
    entrants = [job.ours, *(peer for peer, _ in job.peers)]
    values = in_turns([entrant.measure for entrant in entrants], effort)
    rounds = [
        Round(job.name, entrant.name, number, float(value), job.unit)
        for number, row in enumerate(values, 1)
        for entrant, value in zip(entrants, row, strict=True)
    ]
    ours, *others = values.T
    peers_values = zip(job.peers, others, strict=True)
    return [_ratio(job, *peer, ours, theirs) for peer, theirs in peers_values], rounds


def _ratio(
    job: Job,
    peer: Entrant,
    target: float | None,
    ours: NDArray[np.float64],
    theirs: NDArray[np.float64],
) -> Ratio:
    middle, low, high = spread(theirs / ours if job.at_least else ours / theirs)
    asked, reached = "", ""
    if target is not None:
        asked = f"{'>=' if job.at_least else '<='} {target:g}"
        reached = "yes" if (middle >= target if job.at_least else middle <= target) else "no"
    return Ratio(
        job.name,
        job.work,
        peer.name,
        "peer / hopcli" if job.at_least else "hopcli / peer",
        middle,
        low,
        high,
        asked,
        reached,
        len(ours),
        float(np.median(ours)),
        float(np.median(theirs)),
        job.unit,
        _agreement(job.ours.recalled, peer.recalled),
        job.bounds if reached == "no" else "",
    )


def _agreement(ours: NDArray[np.bool_] | None, theirs: NDArray[np.bool_] | None) -> str:
    """Say whether as many of the same starts were recalled, within four standard errors."""
    if ours is None or theirs is None:
        return ""
    n = min(len(ours), len(theirs))
    both = np.array([ours[:n], theirs[:n]])
    share = float(np.mean(both))
    error = np.sqrt(2 * share * (1 - share) / n)
    ours_share, theirs_share = np.mean(both, axis=1)
    verdict = "agrees" if abs(ours_share - theirs_share) <= 4 * error else "DIFFERS"
    return f"{100 * ours_share:.1f} / {100 * theirs_share:.1f} %, {verdict}"


def _enter(program: Program, work: Work) -> Entrant:
    """Call a program once, which compiles; then its turns give nanoseconds an attempt."""
    work = work.first(program.chains)
    call = program.prepare(work)
    ends = call()
    attempts = work.chains * work.attempts
    return Entrant(program.name, lambda: 1e9 * seconds(call) / attempts, work.recalled(ends))


def _race(
    name: str,
    description: str,
    work: Work,
    targets: Mapping[Program, float | None],
    bounds: str = "",
) -> Job:
    """Make the job of racing programs of one thread on one work."""
    ours = _enter(peers.OURS, work)
    others = [(_enter(p, work), target) for p, target in targets.items() if p.is_installed]
    return Job(
        name, f"{description}, {work.chains:,} chains", "ns an attempt", ours, others, bounds
    )


# --- the loop --------------------------------------------------------------------------------


def _paper(effort: Effort) -> list[Job]:
    targets = {peers.CLASS_LOOP: 8, peers.OVER_CHAINS: 35, peers.DWAVE: 150}
    bounds = "flips, most in the first half-sweeps; and draws, until these are rare"
    work = recall(effort.of(5_000))
    return [_race("paper", "the study's recall, 20 half-sweeps, T = 0.2", work, targets, bounds)]


def _long(effort: Effort) -> list[Job]:
    work = recall(effort.of(1_000), sweeps=200)
    bounds = "the first 20 half-sweeps, where the flips are: the other 180 cost less"
    return [_race("long", "200 half-sweeps, T = 0.2", work, {peers.CLASS_LOOP: 60}, bounds)]


def _warm(effort: Effort) -> list[Job]:
    work = recall(effort.of(2_000), temperature=0.8)
    bounds = "flips, a third of the attempts: each changes the fields of all classes"
    return [_race("warm", "T = 0.8", work, {peers.CLASS_LOOP: 1.8}, bounds)]


def _patterns(p: int, targets: Mapping[float, float | None]) -> Callable[[Effort], list[Job]]:
    def jobs(effort: Effort) -> list[Job]:
        bounds = "flips: each streams a row of couplings, and the fields of all classes"
        return [
            _race(
                f"p{p}-{'cold' if temperature < 0.5 else 'warm'}",
                f"p = {p}, T = {temperature:g}",
                recall(effort.of(2_000), p, temperature=temperature),
                {peers.CLASS_LOOP: target},
                bounds,
            )
            for temperature, target in targets.items()
        ]

    return jobs


def _large(effort: Effort) -> list[Job]:
    work = noisy(effort.of(16_384), chains=32)
    described = f"N = {work.couplings.n_sites:,}, p = 3, T = 0.2, 10 sweeps"
    bounds = "flips, of a fifth of the sites; and attempts, until these are rare"
    return [_race("large", described, work, {peers.DENSE: 200}, bounds)]


def _fixed(effort: Effort) -> list[Job]:
    """Race where OpenJij can: it tries the sites in their order."""
    work = replace(recall(effort.of(500), sweeps=10), attempts_per_sweep=2 * HALF_SWEEP)
    work = replace(work, order="fixed")
    described = "sites in their order, 10 sweeps of N, T = 0.2"
    return [_race("fixed", described, work, {peers.OPENJIJ: None, peers.DWAVE: None})]


def _two_threads(effort: Effort) -> list[Job]:
    work = recall(effort.of(20_000))
    two, one = (_enter(peers.OURS, replace(work, threads=n)) for n in (2, 1))
    return [
        Job(
            "two-threads",
            f"the study's recall, {work.chains:,} chains",
            "ns an attempt",
            two._replace(name="two threads"),
            [(one._replace(name="one thread"), 1.8)],
            "copies of the starts and of the final states are made by one thread",
        )
    ]


# --- the process around it -------------------------------------------------------------------


def _process(measure: Callable[[], processes.Used]) -> Measure:
    """Measure the seconds of a process, after a first one that leaves caches warm."""
    measure()
    return lambda: measure().seconds


def _importing(names: str) -> Entrant:
    return Entrant(f"import {names}", _process(lambda: processes.imports(names)))


def _start(effort: Effort) -> list[Job]:
    del effort
    tables = Entrant("hopcli recall", _process(lambda: processes.recall("--no-figures")))
    pictures = Entrant("hopcli recall", _process(processes.recall))
    return [
        Job(
            "start",
            "a warm hopcli recall without pictures, 5,000 chains",
            "s",
            tables,
            [(_importing(NUMERICAL), 1.5)],
            "beside imports: selecting the patterns, the loop, intervals and small tables",
            at_least=False,
        ),
        Job(
            "start-pictures",
            "a warm hopcli recall with pictures, 5,000 chains",
            "s",
            pictures,
            [
                (_importing(f"{NUMERICAL}, matplotlib.figure"), 2.0),
                (_importing(f"{NUMERICAL}, matplotlib"), 2.0),
            ],
            "three pictures drawn at full size",
            at_least=False,
        ),
    ]


def _tables(effort: Effort) -> list[Job]:
    """Race what a repeat more takes of the whole process, tables included."""
    few, many = 10, max(20, effort.of(410))
    work = recall(500)

    def repeats(number: int) -> float:
        return processes.recall("--no-figures", "--threads", "1", "--repeats", f"{number}").seconds

    def slope() -> float:
        return 1e9 * (repeats(many) - repeats(few)) / ((many - few) * work.chains * work.attempts)

    repeats(few)
    others = [(_enter(p, work), 120.0) for p in (peers.DWAVE,) if p.is_installed]
    return [
        Job(
            "tables",
            f"whole processes of {few} and {many} repeats of 500 trials, their difference",
            "ns an attempt",
            Entrant("hopcli recall", slope),
            [(entrant._replace(recalled=None), target) for entrant, target in others],
            "the loop, and what a trial takes beside it: its start, its score, its count",
        )
    ]


def _million(effort: Effort) -> list[Job]:
    """Race the whole process against its loop alone, which runs a repeat of the 33."""
    repeats = max(2, effort.of(33, 1))
    labels = np.asarray(mnist().labels)
    all_images = int(np.count_nonzero(np.isin(labels, DIGITS)))
    tests = effort.of(all_images)
    asked = "all" if tests == all_images else f"{tests // len(DIGITS)}"
    chains = repeats * (all_images if asked == "all" else len(DIGITS) * int(asked))
    loop = _all_images(labels, chains // repeats)
    arguments = ("--no-figures", "--tests", asked, "--repeats", f"{repeats}")
    peaks: list[float] = []

    def whole() -> float:
        used = processes.recall(*arguments)
        peaks.append(used.megabytes)
        return 1e9 * used.seconds / (chains * loop.attempts)

    described = f"hopcli recall {' '.join(arguments)}: {chains:,} chains"
    name = "hopcli recall"
    bounds = "beside the loop: starts are taken, ends scored and counted, block by block"
    return [
        Job(
            "million",
            described,
            "ns an attempt",
            Entrant(name, whole),
            [(_enter(peers.OURS, loop)._replace(name="its loop alone", recalled=None), 1.5)],
            bounds,
            at_least=False,
        ),
        Job(
            "million-memory",
            f"{described}, peak of memory",
            "MB",
            Entrant(name, lambda: peaks.pop() if len(peaks) > 1 else peaks[0]),
            [(Entrant("1 MB", lambda: 1.0), 400)],
            "the images, and the states of a block of chains",
            at_least=False,
        ),
    ]


def _grid(effort: Effort) -> list[Job]:
    """Race the cells of a grid against the loop of as many recalls."""
    few, many, whole = 20, max(40, effort.of(220)), effort.of(1_000)
    one = recall(effort.of(5_000))
    tests = f"tests={one.chains // 50}"
    small = ("--set", tests, "--threads", "1")
    loop = _enter(peers.OURS, one)

    def beyond() -> float:
        """Milliseconds of a cell that are not its loop."""
        slope = processes.grid(many, *small).seconds - processes.grid(few, *small).seconds
        return 1e3 * slope / (many - few) - 1e-6 * loop.measure() * one.chains * one.attempts

    def all_cells() -> float:
        used = processes.grid(whole, "--set", tests)
        return 1e9 * used.seconds / (whole * one.chains * one.attempts)

    processes.grid(few, *small)
    own = _enter(peers.OURS, replace(one, threads=peers.PROCESSORS))
    bounds = "planning, counting, intervals and tables, in one Python for all threads"
    return [
        Job(
            "cell",
            f"hopcli grid run, {few} and {many} cells of {one.chains:,} chains, one thread: a cell "
            "beyond its loop",
            "ms",
            Entrant("hopcli grid run", beyond),
            [(Entrant("1 ms", lambda: 1.0), 15)],
            bounds,
            at_least=False,
        ),
        Job(
            "grid",
            f"hopcli grid run, {whole:,} cells of {one.chains:,} chains, all processors",
            "ns an attempt",
            Entrant("hopcli grid run", all_cells),
            [(own._replace(name="its loop alone", recalled=None), 1.4)],
            bounds,
            at_least=False,
        ),
    ]


def _all_images(labels: NDArray[np.str_], chains: int) -> Work:
    """Make the study's work for all images of its digits, on all processors."""
    chosen = np.flatnonzero(np.isin(labels, DIGITS))[:chains]
    own = np.array([DIGITS.index(label) for label in labels[chosen]])
    work = replace(recall(len(DIGITS)), starts=mnist().spins[chosen], own=own)
    return replace(work, threads=peers.PROCESSORS)


JOBS: dict[str, Callable[[Effort], list[Job]]] = {
    "paper": _paper,
    "long": _long,
    "warm": _warm,
    "p50": _patterns(50, {0.2: 2.2, 0.8: None}),
    "p300": _patterns(300, {0.2: 2.0, 0.8: 2.0}),
    "large": _large,
    "fixed": _fixed,
    "two-threads": _two_threads,
    "start": _start,
    "tables": _tables,
    "million": _million,
    "grid": _grid,
}
"""What makes the jobs of a name, and warms them up."""
