"""The experiments: a configuration in, tables and arrays out.

An experiment knows nothing of the command line, of files it might be written to, or
of pictures. So a grid of runs can call it as well as a command.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hopcli.config import Config

__all__ = ["MODULES", "Progress", "Result", "run"]

Progress = Callable[[int, int], None]
"""Told (steps done now, steps in all), from the main thread."""

MODULES = {
    "select": "hopcli.experiments.select",
    "recall": "hopcli.experiments.recall",
    "temperature-scan": "hopcli.experiments.temperature_scan",
    "weights": "hopcli.experiments.weights",
    "attractors": "hopcli.experiments.attractors",
    "capacity": "hopcli.experiments.capacity",
}
"""The module of each experiment, by the command that runs it."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Result:
    """What an experiment found.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    dataset_sha256 : str
        Its hash.
    tables : dict of DataFrame
        Tables by name, in the order in which they matter.
    arrays : dict of dict of ndarray
        Array files by name.
    summary : DataFrame, optional
        What to print; by default the first table.
    """

    dataset: str
    dataset_sha256: str
    tables: dict[str, pd.DataFrame]
    arrays: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    summary: pd.DataFrame | None = None


def no_progress(_done: int, _total: int) -> None:
    """Tell nobody."""


def run(config: Config, progress: Progress = no_progress) -> Result:
    """Run the experiment that a configuration asks for.

    Parameters
    ----------
    config : Config
        The configuration; its class says which experiment.
    progress : callable
        Told how far the run is.

    Returns
    -------
    Result
        Tables and arrays, the same bytes for the same configuration.
    """
    module = importlib.import_module(MODULES[config.command])
    result: Result = module.run(config, progress)
    return result
