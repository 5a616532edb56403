"""Pictures of results: one function a command, from its result to named figures.

What a figure shows comes from the tables and records of the result alone; nothing is
computed here but its layout. Figures are made without pyplot, so nothing global changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.plots.animation import write_animation
from hopcli.plots.attractors import attractors_figures
from hopcli.plots.capacity import capacity_figures
from hopcli.plots.page import Page, draw_pattern, save
from hopcli.plots.recall import recall_figures
from hopcli.plots.select import select_figures
from hopcli.plots.temperature_scan import temperature_scan_figures
from hopcli.plots.weights import weights_figures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

__all__ = ["FIGURES", "Page", "animate", "draw", "draw_pattern", "save"]

FIGURES: dict[str, Callable[[Any, Any], dict[str, Figure]]] = {
    "select": select_figures,
    "recall": recall_figures,
    "temperature-scan": temperature_scan_figures,
    "weights": weights_figures,
    "attractors": attractors_figures,
    "capacity": capacity_figures,
}
"""From the configuration and result of each command to its figures by name."""


def draw(config: Any, result: Any, folder: Path) -> None:
    """Write every figure of a command.

    Parameters
    ----------
    config : Config
        The configuration of the run; its class says which command.
    result : Result
        What the experiment found.
    folder : Path
        Where to; files ``<name>.<figure_format>``, the same bytes for the same result.
    """
    for name, figure in FIGURES[config.command](config, result).items():
        save(figure, folder / f"{name}.{config.figure_format}")


def animate(config: Any, result: Any, folder: Path) -> None:
    """Write the animation of a run, if it asks for one.

    Parameters
    ----------
    config : Config
        The configuration of the run; its ``animate`` is the file name.
    result : Result
        What the experiment found; its ``frames`` are the states.
    folder : Path
        Where to.
    """
    if getattr(config, "animate", None) is not None:
        write_animation(result.frames, result.patterns.shape, folder / config.animate)
