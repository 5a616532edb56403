"""Memory of a network: an estimate before it is made, and a refusal if it does not fit."""

from __future__ import annotations

import contextlib
import logging
import math
import os
from pathlib import Path

from hopcli.errors import SizeError

_log = logging.getLogger("hopcli")

_LARGE = 1e9  # bytes that are announced
_SMALL = 2.5e8  # bytes for which the free memory is not read

_MEMORY = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def require(n_bytes: float, work: str, advice: str) -> None:
    """Refuse work that does not fit into the free memory, and announce work that takes much.

    Parameters
    ----------
    n_bytes : float
        Estimate of the memory that the work takes, in bytes.
    work : str
        The work, in the plural.
    advice : str
        What to do instead.

    Raises
    ------
    SizeError
        If less memory is free.
    """
    if n_bytes < _SMALL:
        return
    free = available()
    estimate = f"{work} take about {n_bytes / 1e9:,.1f} GB of memory"
    if n_bytes > free:
        raise SizeError(f"{estimate}, {free / 1e9:,.1f} GB are free; {advice}")
    if n_bytes >= _LARGE:
        _log.info(estimate)


def available() -> float:
    """Return the free memory in bytes: of the machine, and of the group of processes."""
    try:
        lines = dict(line.split(":") for line in _MEMORY.read_text(encoding="ascii").splitlines())
        free = 1024.0 * int(lines["MemAvailable"].split()[0])
    except (OSError, LookupError, ValueError):
        free = math.inf  # unknown
        with contextlib.suppress(AttributeError, ValueError):
            free = float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:
        most, used = (int((_GROUP / f"memory.{n}").read_text("ascii")) for n in ("max", "current"))
    except (OSError, ValueError):  # no group, or one without a limit
        return free
    return min(free, float(most - used))
