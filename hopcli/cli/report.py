"""``hopcli report``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import listen, print_lines, show_status
from hopcli.cli.once import Command
from hopcli.cli.types import FILE, FOLDERS, QUIET
from hopcli.printing import terminal

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command("report", cls=Command)
@FOLDERS
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    default="report.html",
    help="Where to.  [default: report.html]",
)
@click.option(
    "--title", metavar="TEXT", help="Title of the page.  [default: the folder, or how many runs]"
)
@click.option("--overwrite", is_flag=True, help="Replace a FILE that is no report.")
@QUIET
def command(
    folders: tuple[Path, ...], out: Path, title: str | None, overwrite: bool, quiet: bool
) -> None:
    """Write finished runs and grids as one page of HTML, to be read or handed out.

    Each DIR is a folder of results, or holds such folders at any depth; hidden ones are left
    out. Of each run the page has what was asked, the command that makes it again, its tables
    and pictures, warnings, and the versions, key and hashes that it is known by.

    \b
      hopcli report results/paper
      hopcli report results --out everything.html --title "Hopfield networks on MNIST"

    The page is one file: pictures are in it, nothing is loaded from anywhere, and it is the
    same bytes for the same runs. Nothing is run, and every table is held to its manifest
    before; if one cannot be read, no page is written. An earlier report is replaced, any
    other file only with --overwrite. Nothing is written into the folders but the page, if it
    is to be there.
    """
    from hopcli.report import write_report

    listen(quiet=quiet)
    write_report(folders, out, title, overwrite=overwrite)
    show_status("")
    if not quiet:
        print_lines(terminal(out))
