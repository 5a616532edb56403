"""``hopcli plot``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import print_files, print_json
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER, FOLDERS, FORM, QUIET, OfKind, picture_options
from hopcli.config.execution import animation_name

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "plot",
    cls=Command,
    params=picture_options("figure_format", "figure_style", "width", "tex_fonts", "kind"),
)
@FOLDERS
@click.option(
    "--dpi",
    type=click.IntRange(20, 1200),
    help="Pixels per inch, of png and of images inside the others.  [default: 150; 300]",
)
@click.option(
    "--animate",
    type=OfKind(animation_name()),
    metavar="FILE.gif",
    help="Draw the animation of a run that kept its frames.",
)
@click.option("--out", type=FOLDER, metavar="DIR", help="Folder for the pictures.  [default: DIR]")
@click.option("--overwrite", is_flag=True, help="Replace other pictures in the folder of --out.")
@QUIET
@FORM
def command(
    folders: tuple[Path, ...], out: Path | None, overwrite: bool, quiet: bool, form: str, **how: Any
) -> None:
    """Draw the pictures of finished runs again.

    Each DIR is a folder of results. Nothing is run: the pictures are drawn from the tables
    and arrays in the folder, which are first verified against the manifest. They equal the
    pictures of the run itself. Pictures of another format are added.

    \b
      hopcli plot results/paper --figure-format pdf --figure-style paper --out figures
      hopcli plot results/paper results/figure1 --out figures
      hopcli plot results/paper --width 3.4in --tex-fonts --figure-style paper --out figures
      hopcli plot results/* --dpi 300

    With --out and several DIR, the name of each file begins with that of its DIR, as in
    figures/paper-accuracy.png. Folders of equal name also get the names of their parents
    (a-paper, b-paper). A different file that is already in --out is replaced only with
    --overwrite. The pictures of a run in the folder of --out are never replaced.
    """
    from hopcli.cli.lines import hush_matplotlib
    from hopcli.runs.pictures import Style, draw_again

    hush_matplotlib()
    for folder, files in draw_again(folders, Style(**how), out, overwrite=overwrite):
        if form == "json" and not quiet:
            print_json(folder, files)
        elif not quiet:
            print_files(folder, files)
