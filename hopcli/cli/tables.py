"""Tables as they are printed: aligned, or for documents and scripts."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "FORMAT_HELP", "print_table"]

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""What a printed table can be. JSON is more than a table: each command has its own."""

FORMAT_HELP = (
    "Print a table; or for scripts a line of JSON; or the table as CSV, for a README or for a "
    "paper, numbers as they are, rates as fractions.  [default: table]"
)


def print_table(table: pd.DataFrame, form: str) -> None:
    """Print a table in one of :data:`FORMATS` but JSON.

    Parameters
    ----------
    table : DataFrame
        The table.
    form : str
        The format.
    """
    if form != "table":
        from hopcli.grids.export import write_table

        click.echo(write_table(table, None, form), nl=False)
        return
    # A terminal would break long lines anywhere; a pipe takes them whole.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(
        table.to_string(index=False, float_format=lambda value: f"{value:.4g}", line_width=width)
    )
