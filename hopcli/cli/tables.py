"""Tables as they are printed: for people, for scripts, for documents."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from hopcli.printing import in_lines, terminal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "FORM_HELP", "form_option", "laid_out", "print_table", "print_text"]

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""What a printed table can be. JSON has more than the table, by the command."""

FORM_HELP = (
    "Print a table; for scripts a line of JSON, or the table as CSV; for documents the table in "
    "Markdown or LaTeX. All formats except `table` print full precision, with rates as fractions.  "
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

        print_text(write_table(table, None, form))
        return
    # A terminal would break long lines anywhere; a pipe takes them whole.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(laid_out(table, width))


def laid_out(table: pd.DataFrame, width: int | None = None) -> str:
    """Lay out a table in columns, each row a line whatever its texts are.

    Parameters
    ----------
    table : DataFrame
        The table.
    width : int, optional
        Columns of the terminal, to break wider tables into parts.
    """
    return in_lines(table).to_string(index=False, float_format="{:.4g}".format, line_width=width)


def print_text(text: str | None) -> None:
    """Print a whole document: to a terminal so that it cannot steer it, else as it is."""
    shown = text or ""
    click.echo(terminal(shown, keep="\n") if sys.stdout.isatty() else shown, nl=False)
