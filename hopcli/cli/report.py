"""``hopcli report``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import listen, print_line, show_status
from hopcli.cli.once import Command
from hopcli.cli.options import FILE, FOLDERS, QUIET

if TYPE_CHECKING:
    from pathlib import Path


@click.command("report", cls=Command)
@FOLDERS
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    default="report.html",
    help="File to write.  [default: report.html]",
)
@click.option(
    "--title", metavar="TEXT", help="Title of the page.  [default: the folder, or number of runs]"
)
@click.option("--overwrite", is_flag=True, help="Replace a FILE that is no report.")
@QUIET
def command(
    folders: tuple[Path, ...], out: Path, title: str | None, overwrite: bool, quiet: bool
) -> None:
    """Write finished runs and grids as one page of HTML, to read or hand out.

    Each DIR is a folder of results, or contains such folders at any depth; hidden ones are
    skipped. For each run the page contains its settings, the command that repeats it, its
    tables and pictures, its warnings, and its versions, key and hashes.

    \b
      hopcli report results/paper
      hopcli report results --out everything.html --title "Hopfield networks on MNIST"

    The page is one file: it contains the pictures and loads nothing. The same runs give the
    same bytes. Nothing is run. Every table is first verified against its manifest; if one
    cannot be read, no page is written. An earlier report is replaced, any other file only with
    --overwrite. Nothing else is written into the folders.
    """
    from hopcli.report import write_report

    listen(quiet=quiet)
    write_report(folders, out, title, overwrite=overwrite)
    show_status("")
    if not quiet:
        print_line(out)
