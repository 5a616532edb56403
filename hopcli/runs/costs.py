"""The least cost of a run, from its update attempts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hopcli.config import Config

__all__ = ["least_seconds"]

_ATTEMPT = 1.5e-9  # seconds of an update attempt that is rejected, by far the most are


def least_seconds(config: Config, threads: int | None) -> float:
    """Seconds that the update attempts of a run take at least, 0 if it may stop early.

    Parameters
    ----------
    config : Config
        The resolved configuration.
    threads : int or None
        Threads, None for one a core.
    """
    attempts = getattr(config, "attempts_per_sweep", None)
    sweeps = getattr(config, "sweeps", 1)
    if not isinstance(attempts, int) or not isinstance(sweeps, int):
        return 0.0
    if getattr(config, "until_stable", False):
        return 0.0
    tests = getattr(config, "tests", None)
    chains = getattr(config, "repeats", 1) * len(getattr(config, "temperatures", (0,)))
    if tests is not None:
        chains *= len(getattr(config, "digits", (0,))) * (tests if isinstance(tests, int) else 1)
    at_once = min(threads or os.cpu_count() or 1, chains)
    return float(chains * sweeps * attempts * _ATTEMPT / at_once)
