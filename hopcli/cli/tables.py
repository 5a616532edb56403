"""Tables as they are printed: for people, for scripts, for documents."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "FORM_HELP", "form_option", "print_table"]

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""What a printed table can be. JSON has more than the table, by the command."""

FORM_HELP = (
    "Print a table; for scripts a line of JSON, or the table as CSV; for documents the table in "
    "Markdown or LaTeX. But for the first, numbers are as they are, rates fractions.  "
    "[default: table]"
)

form_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", help=FORM_HELP
)
"""The option of commands that print a table; its value is called ``form``."""


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
    text = table.to_string(index=False, float_format="{:.4g}".format, line_width=width)
    click.echo(text)
