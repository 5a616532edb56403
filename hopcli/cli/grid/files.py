"""The files of a grid: its table, its picture, its manifest; and what is printed of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_lines
from hopcli.cli.tables import laid_out, print_table
from hopcli.errors import SettingError
from hopcli.grids.publishing import enter_picture
from hopcli.grids.view import TABLE, load_published, load_view
from hopcli.printing import terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopcli.grids.grid import Grid
    from hopcli.grids.keys import Look
    from hopcli.grids.publishing import Draw
    from hopcli.grids.state import State
    from hopcli.grids.view import View

__all__ = ["draw_again", "drawer", "drawn_if", "print_grid", "redraw"]

_SHOWN = 24  # rows of the table that are printed


def _draw(view: View, look: Look, path: Path, style: str = "screen") -> None:
    """Draw the picture into a file."""
    from hopcli import plots
    from hopcli.plots.grid import picture
    from hopcli.results.manifest import understood

    with understood("the grid", "drawn", (SettingError,)):
        plots.save(picture(view, look, style), path)


def drawn_if(*, figures: bool) -> Draw | None:
    """What draws the picture, if there is to be one."""
    return _draw if figures else None


def redraw(folder: Path, view: View, look: Look, form: str, style: str) -> Path:
    """Draw the picture of a grid anew in its folder, and enter it in the manifest if there is one.

    Returns
    -------
    Path
        The picture.
    """

    def draw(view: View, look: Look, path: Path) -> None:
        _draw(view, look, path, style)

    return folder / enter_picture(folder, view, draw, look, f"grid.{form}")


def draw_again(folder: Path, form: str | None, style: str | None) -> Path:
    """Draw the picture of a published grid as its configuration says; where it is."""
    view = load_view(folder)
    return redraw(folder, view, view.grid.look, form or "png", style or "screen")


def drawer(folder: Path, form: str | None, style: str | None) -> Callable[[Path], None]:
    """Make what draws the picture of a published grid into another folder."""
    view = load_view(folder)

    def draw(stage: Path) -> None:
        _draw(view, view.grid.look, stage / f"grid.{form or 'png'}", style or "screen")

    return draw


def print_grid(folder: Path, state: State, files: list[Path], n_made: int, form: str) -> None:
    """Print how the cells stand, the numbers that the picture shows, and where the files are.

    In a format for scripts and documents the numbers alone, of all finished cells.
    """
    grid, counts = state.grid, {**state.counts, "made now": n_made}
    if form == "json":
        told = {"command": "grid", "out": str(folder), **counts}
        click.echo(json.dumps({**told, "files": [path.name for path in files]}))
        return
    if form != "table":
        print_table(load_view(folder).drawn(grid.look), form)
        return
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    click.echo(f"{grid.command}: {said}")
    if files:
        _print_numbers(folder, grid)
    names = " ".join(path.name for path in files)
    print_lines("\n" + terminal(f"{folder}/  {names or 'grid.sqlite'}"))


def _print_numbers(folder: Path, grid: Grid) -> None:
    """Print the first rows of what is drawn."""
    name = f"over_{grid.look.over}.csv" if grid.look.over else TABLE
    shown = load_published(folder).numbers()
    print_lines("\n" + laid_out(shown.head(_SHOWN)))
    if len(shown) > _SHOWN:
        click.echo(f"... and {len(shown) - _SHOWN:,} more rows in {name}")
