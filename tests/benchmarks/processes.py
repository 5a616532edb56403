"""Whole processes: what a user waits for, and the memory that it takes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from typing import NamedTuple

_LAUNCHER = """
import resource, subprocess, sys, time
began = time.perf_counter()
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - began
print(seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
# A small process starts what is measured, for a child is charged with what its parent has.


class Used(NamedTuple):
    """What a process took: seconds, and megabytes (10^6 bytes) of memory at its peak."""

    seconds: float
    megabytes: float


def python(*arguments: str) -> Used:
    """Run Python with these arguments."""
    command = [sys.executable, "-c", _LAUNCHER, sys.executable, *arguments]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    unit = 1 if sys.platform == "darwin" else 1024
    return Used(float(said[0]), float(said[1]) * unit / 1e6)


def imports(names: str) -> Used:
    """Import these modules, and nothing else."""
    return python("-c", f"import {names}")


def recall(*arguments: str) -> Used:
    """Run `hopcli recall` with these arguments, into a folder that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return python("-m", "hopcli", "recall", "--quiet", "--out", f"{folder}/run", *arguments)


def grid(cells: int, *arguments: str) -> Used:
    """Run so many cells of the study's recall, two or more, each with a seed of its own."""
    seeds = f"seed=1:{cells}:1"
    with tempfile.TemporaryDirectory() as folder:
        run = ["-m", "hopcli", "grid", "run", "paper", "--quiet", "--no-figures"]
        return python(*run, "--out", f"{folder}/run", "--set", seeds, *arguments)
