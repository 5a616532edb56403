"""The experiments: a configuration in, tables and arrays out.

An experiment is a value: a configuration is planned (data loaded, everything open
resolved, all that can be refused refused), and the plan is run, as often as one likes,
with the same result. Nothing here knows of the command line, of files that results might
be written to, or of pictures; so a grid of runs can call it as well as a command.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.tables import Columns, DataFrames, Made

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from hopcli.config import Config, Execution
    from hopcli.experiments.stock import Stock
    from hopcli.patterns import Patterns

__all__ = [
    "CHANGED",
    "Parts",
    "Plan",
    "Progress",
    "Result",
    "StoredResult",
    "no_progress",
    "plan",
    "prefixed",
    "run",
    "unprefixed",
]

CHANGED = "the data, or a file that the run reads, has changed meanwhile"
"""Message of a run whose data are not those that it was planned for."""

Progress = Callable[[int, int], None]
"""Told (steps done now, steps in all), from the main thread."""

_ATTEMPT = 1.5e-9  # seconds of an update attempt that is rejected, by far the most are

Parts = MutableMapping[int, "NDArray[np.float64]"]
"""The finished parts of a run that is a sum of parts, by their numbers from 0 on.

What is there already is not made again, and what is made is put there at once: so whoever
keeps them can have a run that was stopped go on.
"""

Arrays = dict[str, "NDArray[Any]"]
"""Arrays by name, as one .npz file holds them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """What an experiment found: all of it, so that it can be saved, loaded and drawn.

    The subclass of each experiment reads records off the arrays, of which there is one file.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    dataset_sha256 : str
        Its hash.
    columns : mapping of str to Columns
        Tables by name, in the order in which they are declared. Labels are text.
    arrays : dict of dict of ndarray
        Array files by name, each with its arrays by name.
    notes : dict
        What is to be known of the numbers besides, JSON-ready.
    """

    dataset: str
    dataset_sha256: str
    columns: Mapping[str, Columns]
    arrays: dict[str, Arrays] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def tables(self) -> DataFrames:
        """The tables as DataFrames, each made when it is first used."""
        return Made(self.columns, Columns.frame)


class StoredResult(Result):
    """A result with the stored patterns in its array file."""

    @functools.cached_property
    def patterns(self) -> Patterns:
        """The stored patterns, as the array file has them."""
        from hopcli.patterns import Patterns

        (arrays,) = self.arrays.values()
        return Patterns.from_arrays(unprefixed("patterns", arrays))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A run that can be made: nothing about it is open, and nothing is left to refuse.

    Parameters
    ----------
    config : Config
        The resolved configuration.
    inputs : dict of str to str
        SHA-256 of everything that decides the numbers besides: data, patterns, files.
    work : callable
        Makes the run.
    n_parts : int
        Number of parts that the run is a sum of, which are the third that `work` takes; 0
        if it is no sum.
    attempts : int
        Update attempts that the run makes at least.
    chains : int
        Chains that can run side by side.
    """

    config: Config
    inputs: dict[str, str]
    work: Callable[..., Result]
    n_parts: int = 0
    attempts: int = 0
    chains: int = 1

    def least_seconds(self, threads: int | None) -> float:
        """Seconds that the update attempts take at least, on so many threads (None: all cores)."""
        at_once = min(threads or os.cpu_count() or 1, max(self.chains, 1))
        return self.attempts * _ATTEMPT / at_once

    def run(self, execution: Execution, progress: Progress, parts: Parts | None = None) -> Result:
        """Make the run; the same bytes whatever the execution, and whichever parts are there."""
        if not self.n_parts:
            return self.work(execution, progress)
        return self.work(execution, progress, {} if parts is None else parts)


def no_progress(_done: int, _total: int) -> None:
    """Tell nobody."""


def plan(config: Config, stock: Stock | None = None) -> Plan:
    """Plan the experiment that a configuration asks for.

    Parameters
    ----------
    config : Config
        The configuration, given or resolved; its class says which experiment.
    stock : Stock, optional
        What it shares with other runs; by default nothing.

    Raises
    ------
    HopcliError
        If the run cannot be made.
    """
    from hopcli.experiments.stock import Stock

    made: Plan = catalogue.entry(config.command).plan(config, Stock() if stock is None else stock)
    return made


def run(
    config: Config, execution: Execution | None = None, progress: Progress = no_progress
) -> Any:
    """Plan and run the experiment that a configuration asks for.

    Parameters
    ----------
    config : Config
        The configuration, given or resolved; its class says which experiment.
    execution : Execution, optional
        Threads and the like; by default those of the command.
    progress : callable
        Told how far the run is.

    Returns
    -------
    Result
        Tables and arrays, the same bytes for the same configuration.
    """
    how = execution or catalogue.entry(config.command).execution()
    how.check_with(config)
    return plan(config).run(how, progress)


def prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Arrays of a record under the name of the record, ``patterns.xi``."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def unprefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """The arrays of one record of several."""
    start = f"{prefix}."
    return {k.removeprefix(start): array for k, array in arrays.items() if k.startswith(start)}
