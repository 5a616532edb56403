"""What the commands on grids share."""

from __future__ import annotations

import click

from hopcli.cli.completion import complete_folder
from hopcli.cli.options import FOLDER

__all__ = ["FOLDER_OF_GRID", "FORM", "QUIET"]

FOLDER_OF_GRID = click.argument(
    "folder", metavar="DIR", type=FOLDER, shell_complete=complete_folder
)
"""The folder that a grid is in."""

FORM = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    help="Print a table, or for scripts a line of JSON.  [default: table]",
)

QUIET = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors, draw no bar.")
