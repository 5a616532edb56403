"""Pictures of results: one function a command, from its result to named figures.

What a figure shows comes from the tables and records of the result alone; nothing is
computed here but its layout. Figures are made without pyplot, so nothing global changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.plots.page import Page, draw_pattern, save
from hopcli.plots.recall import recall_figures
from hopcli.plots.select import select_figures
from hopcli.plots.temperature_scan import temperature_scan_figures

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from matplotlib.figure import Figure

__all__ = ["FIGURES", "Page", "draw", "draw_pattern", "save"]

FIGURES: dict[str, Callable[[Any, Any], dict[str, Figure]]] = {
    "select": select_figures,
    "recall": recall_figures,
    "temperature-scan": temperature_scan_figures,
}
"""From the configuration and result of each command to its figures by name."""


def draw(config: Any, result: Any, folder: Path) -> None:
    """Write every figure of a command; none for a command that has no figures.

    Parameters
    ----------
    config : Config
        The configuration of the run; its class says which command.
    result : Result
        What the experiment found.
    folder : Path
        Where to; files ``<name>.<figure_format>``, the same bytes for the same result.
    """
    figures = FIGURES.get(config.command)
    if figures is None:
        return
    for name, figure in figures(config, result).items():
        save(figure, folder / f"{name}.{config.figure_format}")
