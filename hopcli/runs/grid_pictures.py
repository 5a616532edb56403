"""The picture of a grid: drawn into a file, or drawn again in its folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hopcli.errors import SettingError
from hopcli.grids.publishing import enter_picture
from hopcli.grids.view import load_view

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopcli.grids.keys import Look
    from hopcli.grids.view import View

__all__ = ["draw", "drawer", "redraw"]


def draw(view: View, look: Look, path: Path, style: str = "screen") -> None:
    """Draw the picture into a file."""
    from hopcli import plots
    from hopcli.plots.grid import picture
    from hopcli.results.manifest import understood

    with understood("the grid", "drawn", (SettingError,)):
        plots.save(picture(view, look, style), path)


def drawer(
    folder: Path,
    form: str | None = None,
    style: str | None = None,
    look: Callable[[View], Look] = lambda view: view.grid.look,
) -> Callable[[Path], None]:
    """Return a function that draws the picture of a grid into a folder.

    Parameters
    ----------
    folder : Path
        Folder of the grid.
    form, style : str, optional
        File format and style of the picture.
    look : callable
        Takes the finished cells, returns the layout; by default that of the configuration.
    """
    view = load_view(folder)
    layout = look(view)
    return lambda stage: draw(view, layout, stage / f"grid.{form or 'png'}", style or "screen")


def redraw(folder: Path, **how: Any) -> list[Path]:
    """Draw the picture of a grid again in its folder, as :func:`drawer` does."""
    return enter_picture(folder, drawer(folder, **how))
