"""Measurements in turns (a drifting machine affects all programs alike), and of whole processes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Measure = Callable[[], float]
Row = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """Amount of work to measure.

    Parameters
    ----------
    rounds : int
        Turns that every program takes.
    limit : float
        Seconds after which the programs of a job take no further turn.
    share : float
        Share of a job's chains, images or sites to run, 0 to 1.
    """

    rounds: int
    limit: float
    share: float = 1.0

    def of(self, number: int, least: int = 5) -> int:
        """Give the share of a number, but not less than `least`."""
        return min(number, max(least, round(self.share * number)))


FULL = Effort(rounds=5, limit=240)
QUICK = Effort(rounds=2, limit=5, share=0.02)


def spread(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """Give the median, lowest and highest of measurements, shape (rounds,)."""
    return float(np.median(values)), float(np.min(values)), float(np.max(values))


def seconds(call: Callable[[], object]) -> float:
    """Time one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def slope(few: int, many: int, measure: Callable[[int], float]) -> float:
    """Measure the cost of one more, as the difference of many and few."""
    most, least = measure(many), measure(few)
    return (most - least) / (many - few)


def in_turns(measures: Sequence[Measure], effort: Effort) -> NDArray[np.float64]:
    """Measure a, b, c, a, b, c, ...

    Returns
    -------
    ndarray of float64, shape (rounds, programs)
        One value per turn; fewer rounds if time ran out, at least one.
    """
    began = time.perf_counter()
    rounds: list[list[float]] = []
    while len(rounds) < effort.rounds:
        rounds.append([measure() for measure in measures])
        if time.perf_counter() - began > effort.limit:
            break
    return np.array(rounds)


_LAUNCHER = """
import resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
# A small process starts what is measured, for a child is charged with what its parent has.


OF_PEAK = (1 if sys.platform == "darwin" else 1024) / 1e6
"""The unit of a process's peak, in 10^6 bytes."""


class Used(NamedTuple):
    """Resources of a process: seconds, of a clock and of processors, and 10^6 bytes at the peak."""

    seconds: float
    cpu: float
    megabytes: float


def python(*arguments: str, **variables: str) -> Used:
    """Run Python with these arguments, and with variables in the environment."""
    command = [sys.executable, "-c", _LAUNCHER, sys.executable, *arguments]
    # Python writes the compiled modules, as for a user.
    kept = {key: text for key, text in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.check_output(command, text=True, env=kept | variables)
    wall, cpu, peak = map(float, done.split())
    return Used(wall, cpu, peak * OF_PEAK)


def hopcli(*arguments: str, **variables: str) -> Used:
    """Run a command that writes a folder, and delete the folder."""
    with tempfile.TemporaryDirectory() as folder:
        words = ("-m", "hopcli", *arguments, "--quiet", "--out", f"{folder}/run")
        return python(*words, **variables)


def grid(cells: int, *arguments: str) -> Used:
    """Run two or more cells of the study's recall, each with its own seed."""
    return hopcli(*grid_of(cells), *arguments)


def grid_of(cells: int) -> tuple[str, ...]:
    """Return the command for a grid of the study's recall with a seed for each cell."""
    return ("grid", "run", "paper", "--no-figures", "--set", f"seed=1:{cells}:1")
