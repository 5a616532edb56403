"""``hopcli grid plot``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import print_line
from hopcli.cli.once import Command
from hopcli.cli.options import FILE, ONE_FOLDER, QUIET, picture_options

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.grids.grid import Look
    from hopcli.grids.view import View


@click.command(
    "plot",
    cls=Command,
    params=picture_options("figure_format", "figure_style", "width", "tex_fonts"),
)
@ONE_FOLDER
@click.option("--x", metavar="KEY", help="Key on the x axis.  [default: the one with most numbers]")
@click.option(
    "--y",
    metavar="COLUMN",
    help="Column to draw, or key on the y axis of a map.  [default: the command's own]",
)
@click.option("--by", metavar="KEY", help="One line per value, or with --map one panel per value.")
@click.option("--rows", metavar="KEY", help="One row of panels per value.")
@click.option(
    "--map/--no-map",
    "map",
    default=None,
    help="Draw a map of x and y with contours, with a panel per value of --by.",
)
@click.option("--over", metavar="KEY", help="Average over this key.")
@click.option("--out", type=FILE, metavar="FILE", help="Picture.  [default: DIR/grid.png]")
@click.option("--overwrite", is_flag=True, help="Replace FILE if it is another picture.")
@QUIET
def plot(
    folder: Path,
    out: Path | None,
    figure_format: str | None,
    figure_style: str | None,
    width: str | None,
    tex_fonts: bool | None,
    overwrite: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Draw the picture of a grid from all finished cells.

    Options default to the grid's [plot] table, then to a layout chosen from the number of keys:
    a line with intervals for one key, several lines for two, small multiples for more.

    \b
      hopcli grid plot results/phase --no-map --x temperature --by rule
      hopcli grid plot results/stored --over samples --x selection_seed
      hopcli grid plot results/phase --out figures/phase.pdf --figure-style paper

    The format of --out follows from the end of its name: .png, .svg or .pdf.
    """
    from hopcli.cli.lines import hush_matplotlib
    from hopcli.runs.pictures import Style, redraw_grid

    hush_matplotlib()
    given = {name: value for name, value in options.items() if value is not None}

    def look(view: View) -> Look:
        return dataclasses.replace(view.grid.look, **given)

    how = Style(figure_format, figure_style, width, tex_fonts)
    path = redraw_grid(folder, how, look, out, overwrite=overwrite)
    if not quiet:
        print_line(path)
