"""The figure of a command without a module of figures: its headline number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli import catalogue
from hopcli.errors import SettingError
from hopcli.grids.grid import Look
from hopcli.plots.grid import figure

if TYPE_CHECKING:
    from hopcli.config import Config
    from hopcli.experiments import Result
    from hopcli.plots.figure import Picture


def figures(
    config: Config, result: Result, style: str = "screen", **form: Any
) -> dict[str, Picture]:
    """Draw the headline number against the coordinates of its table.

    Nothing is drawn without rows or coordinates, or if too many coordinates vary.
    """
    headline = catalogue.entry(config.command).headline
    table = result.columns[headline.table.name]
    if not len(table) or not any(name in table for name in headline.within):
        return {}
    try:
        return {headline.table.name: figure(table, (), headline, Look(), style, **form)}
    except SettingError:
        return {}
