"""What the commands on grids share."""

from __future__ import annotations

from typing import Any

import click

from hopcli.cli.completion import complete_folder
from hopcli.cli.options import FOLDER
from hopcli.kinds import integer
from hopcli.values import RefusedError

__all__ = ["FOLDER_OF_GRID", "FORM", "POSITIVE", "QUIET"]


class _Positive(click.ParamType[int]):
    """A whole number >= 1, as the settings are read."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        kind = integer(1)
        try:
            return int(kind.check(kind.read(value)))
        except RefusedError as error:
            self.fail(f"{error}, found {value!r:.80}", param, ctx)


POSITIVE = _Positive()
"""Type of numbers of cells and threads."""

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
