"""The experiments: a configuration in, tables and arrays out.

A configuration is planned: its data are loaded, open settings are resolved, and impossible
ones are refused. The plan can be run repeatedly, with the same result. The experiments do not
depend on the command line, on files for results, or on pictures, so a grid of runs can call
them as well as a command.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from hopcli import catalogue
from hopcli.config import Config, Execution
from hopcli.experiments.stock import Stock
from hopcli.patterns import Patterns
from hopcli.records import Floats, NDArray
from hopcli.tables import Columns, DataFrames, Tables
from hopcli.tables.rates import complete

__all__ = [
    "CHANGED",
    "Parts",
    "Plan",
    "Progress",
    "Result",
    "Stock",
    "StoredResult",
    "Tell",
    "filled",
    "no_progress",
    "plan",
    "prefixed",
    "run",
    "unprefixed",
]

CHANGED = "the data, or a file that the run reads, have changed since the run was planned"
"""Message of a run whose data differ from those at planning."""

Progress = Callable[[int, int], None]
"""Called with (steps done now, steps in all), from the main thread."""

Tell = Callable[[int], None]
"""Called with the steps done now."""

_ATTEMPT = 1.5e-9  # seconds of a rejected update attempt; by far the most are rejected

Parts = MutableMapping[int, "Floats"]
"""Finished parts of a run that is a sum of parts, by their numbers from 0 on.

Parts in the mapping are not computed again, and new parts are added at once. So a caller that
keeps the mapping can continue a stopped run.
"""

Arrays = dict[str, "NDArray[Any]"]
"""Arrays by name, as in one .npz file."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Result:
    """Complete result of an experiment, which can be saved, loaded and drawn.

    The subclass of each experiment reads records from the arrays of its only file.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    dataset_sha256 : str
        Its hash.
    columns : mapping of str to Columns
        Tables by name, in the order of their declaration. Labels are text.
    arrays : dict of dict of ndarray
        Array files by name, each with its arrays by name.
    notes : dict
        Further facts about the numbers, JSON-ready.
    """

    dataset: str
    dataset_sha256: str
    columns: Mapping[str, Columns]
    arrays: dict[str, Arrays] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def tables(self) -> DataFrames:
        """Tables as DataFrames, each made on first use."""
        return Tables(self.columns, lambda name: self.columns[name].frame())


class StoredResult(Result):
    """A result with the stored patterns in its array file."""

    @functools.cached_property
    def patterns(self) -> Patterns:
        """Stored patterns from the array file."""
        from hopcli.patterns import Patterns

        (arrays,) = self.arrays.values()
        return Patterns.from_arrays(unprefixed("patterns", arrays))


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Run that is ready: no setting is open, and no check remains.

    Parameters
    ----------
    config : Config
        The resolved configuration.
    inputs : dict of str to str
        SHA-256 of everything else that determines the numbers: data, patterns, files.
    work : callable
        Makes the run.
    n_parts : int
        Number of parts if the run is a sum of parts, which are the third argument of `work`;
        otherwise 0.
    attempts : int
        Minimum number of update attempts of the run.
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
        """Return the minimum seconds of the update attempts on some threads (None: all cores)."""
        at_once = min(threads or os.cpu_count() or 1, max(self.chains, 1))
        return self.attempts * _ATTEMPT / at_once

    def run(
        self,
        execution: Execution,
        progress: Progress,
        parts: Parts | None = None,
        *,
        only_counts: bool = False,
    ) -> Result:
        """Make the run; the bytes do not depend on the execution or on existing parts.

        With `only_counts` the intervals of its rates may stay open, see
        :mod:`hopcli.tables.rates`.
        """
        if self.n_parts:
            result = self.work(execution, progress, {} if parts is None else parts)
        else:
            result = self.work(execution, progress)
        if not only_counts:
            in_blocks = getattr(result.columns, "blocks", {})
            complete([result.columns[name] for name in result.columns if name not in in_blocks])
        return result


def filled(
    parts: Parts,
    n_parts: int,
    make: Callable[[int, Tell], Floats],
    progress: Progress,
    steps: int = 1,
) -> list[Floats]:
    """Make the missing parts of a run, and return all parts in order.

    Parameters
    ----------
    parts : mapping of int to ndarray of float64
        Finished parts; each new one is added at once.
    n_parts : int
        Number of parts.
    make : callable
        Takes the number of a part and a callable that it calls with the steps done; returns
        the part.
    progress : callable
        Receives the steps.
    steps : int
        Steps of a part.
    """
    missing = (n_parts - len(parts)) * steps
    for number in range(n_parts):
        if number not in parts:
            parts[number] = make(number, lambda done: progress(done, missing))
    return [parts[number] for number in range(n_parts)]


def no_progress(_done: int, _total: int) -> None:
    """Ignore the progress."""


def plan(config: Config, stock: Stock | None = None) -> Plan:
    """Plan the experiment of a configuration.

    Parameters
    ----------
    config : Config
        The configuration, given or resolved; its class determines the experiment.
    stock : Stock, optional
        Data shared with other runs; by default none.

    Raises
    ------
    HopcliError
        If the run is impossible.
    """
    made: Plan = catalogue.entry(config.command).plan(config, Stock() if stock is None else stock)
    return made


def run(
    config: Config, execution: Execution | None = None, progress: Progress = no_progress
) -> Any:
    """Plan and run the experiment of a configuration.

    Parameters
    ----------
    config : Config
        The configuration, given or resolved; its class determines the experiment.
    execution : Execution, optional
        Threads and the like; by default those of the command.
    progress : callable
        Receives the progress of the run.

    Returns
    -------
    Result
        Tables and arrays, the same bytes for the same configuration.
    """
    how = execution or catalogue.entry(config.command).execution()
    how.check_with(config)
    return plan(config).run(how, progress)


def prefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Prefix the arrays of a record with its name, ``patterns.xi``."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def unprefixed(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Arrays:
    """Return the arrays of one record out of several."""
    start = f"{prefix}."
    return {k.removeprefix(start): array for k, array in arrays.items() if k.startswith(start)}
