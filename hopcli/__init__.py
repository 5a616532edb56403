"""hopcli: associative memory on real data, from the command line and as a library.

The names below are all that is public. Each is imported on first use, so ``import hopcli``
costs nothing. The rooms below may be used too, but may change.

Examples
--------
>>> import hopcli
>>> patterns = hopcli.select("mnist").take("36104")
>>> memory = hopcli.store(patterns, rule="pseudo-inverse")
>>> end = memory.recall("flip:0.25", temperature=0.2, seed=1)
>>> end
Recalled(5 of 5; own 5)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hopcli._version import __version__

if TYPE_CHECKING:
    from hopcli.api.commands import attractors as attractors
    from hopcli.api.commands import capacity as capacity
    from hopcli.api.commands import compare as compare
    from hopcli.api.commands import consistency as consistency
    from hopcli.api.commands import critical as critical
    from hopcli.api.commands import fit_sweeps as fit_sweeps
    from hopcli.api.commands import recall as recall
    from hopcli.api.commands import relax as relax
    from hopcli.api.commands import run as run
    from hopcli.api.commands import temperature_scan as temperature_scan
    from hopcli.api.commands import variance as variance
    from hopcli.api.commands import weights as weights
    from hopcli.api.data import load as load
    from hopcli.api.data import select as select
    from hopcli.api.folders import check as check
    from hopcli.api.folders import diff as diff
    from hopcli.api.folders import write_report as write_report
    from hopcli.api.gridding import GridRun as GridRun
    from hopcli.api.gridding import grid as grid
    from hopcli.api.live import Live as Live
    from hopcli.api.live import live as live
    from hopcli.api.memory import Memory as Memory
    from hopcli.api.memory import store as store
    from hopcli.api.reading import read as read
    from hopcli.api.recalled import Recalled as Recalled
    from hopcli.api.running import Run as Run
    from hopcli.api.verdicts import reproduce as reproduce
    from hopcli.datasets.dataset import Dataset as Dataset
    from hopcli.errors import DataError as DataError
    from hopcli.errors import HopcliError as HopcliError
    from hopcli.errors import HopcliWarning as HopcliWarning
    from hopcli.errors import PatternError as PatternError
    from hopcli.errors import ResultError as ResultError
    from hopcli.errors import SettingError as SettingError
    from hopcli.estimator import HopfieldClassifier as HopfieldClassifier
    from hopcli.patterns import Patterns as Patterns

_PLACES = {
    "hopcli.api.data": ("load", "select"),
    "hopcli.api.memory": ("store", "Memory"),
    "hopcli.api.live": ("live", "Live"),
    "hopcli.api.recalled": ("Recalled",),
    "hopcli.api.commands": (
        "run",
        "recall",
        "temperature_scan",
        "weights",
        "attractors",
        "capacity",
        "critical",
        "compare",
        "variance",
        "consistency",
        "fit_sweeps",
        "relax",
    ),
    "hopcli.api.running": ("Run",),
    "hopcli.api.gridding": ("grid", "GridRun"),
    "hopcli.api.reading": ("read",),
    "hopcli.api.verdicts": ("reproduce",),
    "hopcli.api.folders": ("check", "diff", "write_report"),
    "hopcli.estimator": ("HopfieldClassifier",),
    "hopcli.datasets.dataset": ("Dataset",),
    "hopcli.patterns": ("Patterns",),
    "hopcli.errors": (
        "HopcliError",
        "HopcliWarning",
        "DataError",
        "PatternError",
        "ResultError",
        "SettingError",
    ),
}
"""Modules of the public names; type checkers read the imports above."""

_PLACE_OF = {name: module for module, names in _PLACES.items() for name in names}

__all__ = ["__version__", *_PLACE_OF]


def __getattr__(name: str) -> Any:
    """Import a public name on first use [PEP 562]."""
    if name not in _PLACE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_PLACE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
