"""The words under the figures: what was run, and numbers as a reader wants them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hopcli.config import (
        CompareConfig,
        DataSettings,
        RecallConfig,
        StorageSettings,
        TemperatureScanConfig,
        VarianceConfig,
    )
    from hopcli.experiments import Result
    from hopcli.patterns import Patterns

__all__ = [
    "MOST_LABELS",
    "count",
    "cut_labels",
    "dataset_name",
    "dynamics",
    "images",
    "network",
    "number",
    "size",
    "temperature",
]

MOST_LABELS = 50
"""More labels than this are not drawn; the tables have them all."""


def count(n: int, noun: str) -> str:
    """A number of things: ``"1 repeat"``, ``"10 repeats"``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def number(value: float, digits: int = 4) -> str:
    """A number with so many significant digits and a minus sign as printed."""
    return f"{value:.{digits}g}".replace("-", "\N{MINUS SIGN}")


def dataset_name(dataset: str) -> str:
    """The data set as it is shown: of a folder or file only its own name."""
    source, colon, argument = dataset.partition(":")
    return f"{source}{colon}{PurePath(argument).name}"


def images(config: DataSettings, result: Result) -> str:
    """What the images of a run are called: by their split, where the data set has any."""
    apart = result.dataset == f"{config.dataset}:{config.split}"
    kind = {"train": "training ", "test": "test "}.get(config.split, "")
    return f"{kind if apart else ''}images"


def size(shape: tuple[int, int]) -> str:
    """The number of spins of a picture (height, width)."""
    height, width = shape
    return f"N = {width} \N{MULTIPLICATION SIGN} {height} = {width * height:,} spins"


def network(config: StorageSettings, patterns: Patterns) -> str:
    """The network in a few words: rule, p, N, data, and a threshold if there is one."""
    stored = count(len(patterns.labels), "pattern")
    theta = config.theta
    threshold = ""
    if theta != 0:
        threshold = f", threshold {number(theta) if isinstance(theta, float) else 'from a file'}"
    return (
        f"{config.rule.capitalize()} rule, p = {stored} of {size(patterns.shape)} "
        f"({dataset_name(patterns.dataset)}){threshold}"
    )


def temperature(config: CompareConfig | RecallConfig | VarianceConfig) -> str:
    """The temperature, or how it goes over the sweeps."""
    if isinstance(config.temperature, float):
        return f"T = {number(config.temperature)}"
    return f"T = {config.temperature} over the sweeps"


def dynamics(
    config: CompareConfig | RecallConfig | TemperatureScanConfig | VarianceConfig,
    patterns: Patterns,
) -> str:
    """The update rule and how long a run is: sweeps and attempts."""
    attempts = config.attempts_per_sweep
    n_sites = patterns.xi.shape[1]
    named = {n_sites: " = N", n_sites // 2: " = N/2"}.get(attempts, "")
    sweeps = count(config.sweeps, f"{config.dynamics} sweep")
    most = "at most " if config.until_stable else ""
    return f"{most}{sweeps} of {attempts:,}{named} attempts"


def cut_labels(n_labels: int) -> str:
    """What to say where not all labels are drawn, else nothing."""
    if n_labels <= MOST_LABELS:
        return ""
    return f" Only the first {MOST_LABELS} of {n_labels:,} labels are drawn."
