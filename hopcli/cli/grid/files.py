"""Print a grid: its counts, the numbers of its picture, the names of its files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_lines
from hopcli.cli.tables import laid_out, print_table
from hopcli.grids.view import TABLE, load_published, load_view
from hopcli.printing import terminal

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.grids.grid import Grid
    from hopcli.grids.state import State

__all__ = ["print_grid"]

_SHOWN = 24  # rows of the table that are printed


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
