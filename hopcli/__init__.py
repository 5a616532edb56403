"""hopcli: associative memory on real data, from the command line and as a library.

The names below are all that is public. Each is imported on first use: ``import hopcli`` loads
no NumPy. The rooms below may be used too, but may change.

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

from typing import TYPE_CHECKING

from hopcli._version import __version__
from hopcli.catalogue import FUNCTIONS
from hopcli.records import exported

if TYPE_CHECKING:
    from hopcli.api.commands import *  # noqa: F403
    from hopcli.api.data import load as load
    from hopcli.api.data import select as select
    from hopcli.api.folders import check as check
    from hopcli.api.folders import diff as diff
    from hopcli.api.folders import plot as plot
    from hopcli.api.folders import reproduce as reproduce
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
    from hopcli.datasets.dataset import Dataset as Dataset
    from hopcli.errors import DataError as DataError
    from hopcli.errors import HopcliError as HopcliError
    from hopcli.errors import HopcliWarning as HopcliWarning
    from hopcli.errors import PatternError as PatternError
    from hopcli.errors import ResultError as ResultError
    from hopcli.errors import SettingError as SettingError
    from hopcli.errors import SizeError as SizeError
    from hopcli.estimator import HopfieldClassifier as HopfieldClassifier
    from hopcli.patterns import Patterns as Patterns

_PLACES = {
    "api.data": "load select",
    "api.memory": "store Memory",
    "api.live": "live Live",
    "api.recalled": "Recalled",
    "api.commands": " ".join(["run", *(entry.module for entry in FUNCTIONS)]),
    "api.running": "Run",
    "api.gridding": "grid GridRun",
    "api.reading": "read",
    "api.folders": "check diff plot write_report reproduce",
    "estimator": "HopfieldClassifier",
    "datasets.dataset": "Dataset",
    "patterns": "Patterns",
    "errors": "HopcliError HopcliWarning DataError PatternError ResultError SettingError SizeError",
}
"""Modules of the public names; type checkers read the imports above."""

__all__ = ["__version__", *" ".join(_PLACES.values()).split()]

if not TYPE_CHECKING:
    __getattr__ = exported(__name__, _PLACES)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
