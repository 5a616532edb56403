"""Jobs of whole processes: what a user waits for, and the memory that it takes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hopcli as package
from benchmarks import measuring, peers
from benchmarks.measuring import Effort, Measure, Used, seconds, slope
from benchmarks.ratios import ATTEMPT, Entrant, Job, enter
from benchmarks.work import DIGITS, Work, mnist, recall
from hopcli.rules import store

IMPORTS = "import numpy, numba"
RECALL = ("recall", "--no-figures")
IDLE = (*("--set", "tests=1"), *("--set", "repeats=1"), *("--set", "sweeps=1"))


def at_most(name: str, work: str, unit: str, measure: Measure, *required: Any) -> Job:
    """Make the job of a wait, or of memory; required are a limit in its unit, and its bounds."""
    ours, one = Entrant("hopcli", measure), Entrant(f"1 {unit}", lambda: 1.0)
    limit, bounds = required or (None, "")
    return Job(name, work, unit, ours, [(one, limit)], bounds, at_least=False)


def _cpu(name: str, run: Callable[[], Used]) -> Entrant:
    """Measure the processor time of a process, after a first one that leaves caches warm."""
    run()
    return Entrant(name, lambda: run().cpu)


def _start(_: Effort) -> list[Job]:
    tables = _cpu("hopcli recall", lambda: measuring.hopcli(*RECALL))
    pictures = _cpu("hopcli recall", lambda: measuring.hopcli("recall"))
    drawing = f"{IMPORTS}, matplotlib.figure"
    plain, figure = (_imports(code) for code in (IMPORTS, drawing))
    described = "a warm hopcli recall {} pictures, 5,000 chains, CPU"
    bounds = "own modules, reading MNIST, numpy.ma (by numba), the loop, git, small tables"
    drawn = "four pictures drawn at full size"
    without, with_pictures = (described.format(word) for word in ("without", "with"))
    return [
        Job("start", without, "s", tables, [(plain, 1.4)], bounds, False),
        Job("start-pictures", with_pictures, "s", pictures, [(figure, 1.5)], drawn, False),
    ]


def _imports(code: str) -> Entrant:
    return _cpu(code, lambda: measuring.python("-c", code))


def _installed(loops: bool) -> Used:
    """Run the first recall of a fresh installation, with or without compiled loops."""
    with tempfile.TemporaryDirectory() as folder:
        there = Path(package.__file__).parent
        left_out = shutil.ignore_patterns("*.pyc", *(() if loops else ("*.nb[ic]",)))
        shutil.copytree(there, f"{folder}/hopcli", ignore=left_out)
        shutil.copytree(there.parent / "configs", f"{folder}/configs")
        return measuring.hopcli(*RECALL, PYTHONPATH=folder, PYTHONSAFEPATH="1")


def _first(_: Effort) -> list[Job]:
    warm = _cpu("a warm one", lambda: measuring.hopcli(*RECALL))
    first = Entrant("hopcli recall", lambda: _installed(True).cpu)
    described = "the first hopcli recall after an installation, CPU"
    bounds = "Python compiles the own modules, which pip does when it installs a wheel"
    text = "the first hopcli recall where the loops must be compiled, CPU"
    compiling = "numba's front end, and LLVM, for one loop with all its parts"
    return [
        Job("first", described, "s", first, [(warm, 1.3)], bounds, False),
        at_most("compile", text, "s", lambda: _installed(False).cpu, 10, compiling),
    ]


def _asking(_: Effort) -> list[Job]:
    tab = {"_HOPCLI_COMPLETE": "bash_complete", "COMP_WORDS": "hopcli recall --ru"}

    def complete() -> float:
        return measuring.python("-m", "hopcli", **tab, COMP_CWORD="2").cpu

    def print_help() -> float:
        return measuring.python("-m", "hopcli", "recall", "--help").cpu

    bounds = "Python, click, and the declared settings"
    return [
        at_most("help", "hopcli recall --help, CPU", "s", print_help, 0.12, bounds),
        at_most("tab", "completion of recall --ru, CPU", "s", complete, 0.12, bounds),
    ]


def _reproduce(_: Effort) -> list[Job]:
    whole, peak = _with_peak(lambda: measuring.hopcli("reproduce", "--quick"), lambda u: u.cpu)
    text, bounds = "hopcli reproduce --quick", "the runs behind the claims, and the page"
    return [
        at_most("reproduce", f"{text}, CPU", "s", whole, 25, bounds),
        at_most("reproduce-memory", f"{text}, memory", "MB", peak, 400, bounds),
    ]


def _with_peak(run: Callable[[], Used], read: Callable[[Used], float]) -> tuple[Measure, Measure]:
    """Measure a quantity of a run, and afterwards the memory of the same run."""
    turns: list[Used] = []

    def whole() -> float:
        turns.append(run())
        return read(turns[-1])

    return whole, lambda: (turns.pop() if len(turns) > 1 else turns[0]).megabytes


_WALL = """
import numpy as np
from hopcli import dynamics
from hopcli.rules import store
rng = np.random.default_rng(1)
xi = rng.choice(np.array([-1, 1], np.int8), ({p}, {n}))
network = store(xi, "hebbian")
start = xi[:1] * np.where(rng.random({n}) < 0.1, -1, 1).astype(np.int8)
seeds = dynamics.chain_seeds(np.random.SeedSequence(1), 1)
dynamics.run(network, start, seeds=seeds, temperatures=0.1, sweeps={sweeps}, attempts_per_sweep={n})
"""


def _many_sites(effort: Effort) -> list[Job]:
    n_sites = effort.of(1_000_000, 1_000)
    xi = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (3, n_sites))
    used: dict[int, Used] = {}

    def wall(n: int, p: int, sweeps: int) -> Used:
        used[n] = measuring.python("-c", _WALL.format(n=n, p=p, sweeps=sweeps))
        return used[n]

    some, many = effort.of(20_000, 5_000), effort.of(100_000, 5_000)
    text = "N = {:,}, p = {:,} random patterns: {}"
    stored = text.format(n_sites, 3, "store")
    before, peak = (text.format(some, 100, what) for what in ("before a chain, CPU", "memory"))
    swept = text.format(many, 1_000, "one sweep, memory")
    bounds = "reading the patterns once; numpy and numba, half a second"
    return [
        at_most("store", stored, "s", lambda: seconds(lambda: store(xi, "hebbian")), 0.3, bounds),
        at_most("sites", before, "s", lambda: wall(some, 100, 0).cpu, 2, bounds),
        at_most("sites-memory", peak, "MB", lambda: used[some].megabytes, 1000, bounds),
        at_most("wall", swept, "MB", lambda: wall(many, 1_000, 1).megabytes, 2000, bounds),
    ]


def _tables(effort: Effort) -> list[Job]:
    """Race the cost of a repeat more of the whole process, tables included."""
    few, many = 10, max(20, effort.of(410))
    work = recall(500)

    def repeats(number: int) -> float:
        run = ("recall", "--no-figures", "--threads", "1", "--repeats", f"{number}")
        return measuring.hopcli(*run).seconds

    def attempt() -> float:
        return 1e9 * slope(few, many, repeats) / (work.chains * work.attempts)

    repeats(few)
    installed = [program for program in (peers.DWAVE,) if program.is_installed]
    others = [(enter(program, work)._replace(states=None), 150.0) for program in installed]
    described = f"whole processes of {few} and {many} repeats of 500 trials, their difference"
    bounds = "the loop, and the work of a trial beside it: its start, its score, its count"
    return [Job("tables", described, ATTEMPT, Entrant("hopcli recall", attempt), others, bounds)]


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
    attempts = chains * loop.attempts
    both = _with_peak(lambda: measuring.hopcli(*run), lambda used: 1e9 * used.seconds / attempts)
    described = f"hopcli {' '.join(run)}: {chains:,} chains"
    whole_run, memory = (Entrant("hopcli recall", one) for one in both)
    alone = enter(peers.OURS, loop, "its loop alone")._replace(states=None)
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
    few, many, whole, finished = 20, max(40, effort.of(220)), effort.of(1_000), effort.of(4_000)
    one = recall(effort.of(5_000))
    tests = ("--set", f"tests={one.chains // 50}")
    loop = enter(peers.OURS, one)
    of_loop = 1e-6 * one.chains * one.attempts

    def a_cell(*options: str) -> float:
        """Milliseconds of processor time that a cell more takes."""
        one_thread = (*options, "--threads", "1")
        return 1e3 * slope(few, many, lambda n: measuring.grid(n, *one_thread).cpu)

    def beyond() -> float:
        return a_cell(*tests) - of_loop * loop.measure()

    def all_cells() -> float:
        used = measuring.grid(whole, *tests)
        return 1e9 * used.seconds / (whole * one.chains * one.attempts)

    kept = tempfile.TemporaryDirectory()

    def again() -> float:
        out = (*IDLE, "--quiet", "--out", f"{kept.name}/grid")
        return measuring.python("-m", "hopcli", *measuring.grid_of(finished), *out).cpu

    again()
    own = enter(peers.OURS, replace(one, threads=peers.PROCESSORS), "its loop alone")
    alone, a_grid = own._replace(states=None), Entrant("hopcli grid run", all_cells)
    size = f"cells of {one.chains:,} chains"
    cells = f"hopcli grid run, {few} and {many} cells"
    described = f"{cells} of {one.chains:,} chains, one thread: a cell beyond its loop, CPU"
    of_none = f"{cells} of one sweep: a cell, CPU"
    of_all = f"hopcli grid run, {whole:,} {size}, all processors"
    bounds = "planning, counting, intervals and tables, in one Python for all threads"
    return [
        at_most("cell", described, "ms", beyond, 12, bounds),
        at_most("cell-idle", of_none, "ms", lambda: a_cell(*IDLE), 6, bounds),
        at_most("again", f"{finished:,} finished cells run again, CPU", "s", again, 1.5, bounds),
        Job("grid", of_all, ATTEMPT, a_grid, [(alone, 1.4)], bounds, False),
    ]


JOBS: dict[str, Callable[[Effort], list[Job]]] = {
    "start": _start,
    "first": _first,
    "asking": _asking,
    "reproduce": _reproduce,
    "many-sites": _many_sites,
    "tables": _tables,
    "million": _million,
    "grid": _grid,
}
"""Makers of the jobs of each name, which also warm them up."""
