"""Tables as they are printed: for people, for scripts, for documents."""

from __future__ import annotations

import math
import shutil
import sys
from typing import TYPE_CHECKING, Any

import click

from hopcli.printing import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hopcli.tables import Columns

__all__ = [
    "FORMATS",
    "FORM_HELP",
    "form_option",
    "json_rows",
    "laid_out",
    "print_rows",
    "print_table",
    "print_text",
]

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


def print_table(table: Columns, form: str, *, percent: bool = False) -> None:
    """Print a table in one of :data:`FORMATS` but JSON.

    Parameters
    ----------
    table : Columns
        The table.
    form : str
        The format.
    percent : bool
        Print rates in percent where they are declared so, in the format for people.
    """
    if form != "table":
        from hopcli.grids.export import write_table

        print_text(write_table(table, None, form))
        return
    # A terminal would break long lines anywhere; a pipe takes them whole.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    click.echo(laid_out(table, width, percent=percent))


def print_rows(rows: Iterable[Mapping[str, Any]], heads: Sequence[str], form: str) -> None:
    """Print rows of texts as a table; a column that a row lacks is empty."""
    import numpy as np

    from hopcli.datasets.files import as_text
    from hopcli.tables import Columns

    cells = [[as_text(row.get(head, "")) for head in heads] for row in rows]
    arrays = np.array(cells, dtype=object).reshape(-1, len(heads)).T
    print_table(Columns(heads, list(arrays)), form)


def json_rows(table: Columns) -> list[dict[str, Any]]:
    """Return the rows as JSON has them; what is no finite number is null."""
    return [
        {name: _finite(value) for name, value in zip(table, row, strict=True)}
        for row in table.rows()
    ]


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def laid_out(table: Columns, width: int | None = None, *, percent: bool = False) -> str:
    """Lay out a table in columns, each row a line whatever its texts are.

    Parameters
    ----------
    table : Columns
        The table.
    width : int, optional
        Columns of the terminal, to break wider tables into parts.
    percent : bool
        Print rates in percent where they are declared so.
    """
    rates = set(table.percent) if percent else set()
    parts: list[list[str]] = []
    for name, array in zip(table.names, table.arrays, strict=True):
        cells = [terminal(f"{name} %" if name in rates else name)]
        cells += [_cell(value, name in rates) for value in array.tolist()]
        wide = max(map(len, cells))
        cells = [cell.rjust(wide) for cell in cells]
        if parts and (width is None or len(parts[-1][0]) + 1 + wide <= width):
            parts[-1] = [" ".join(pair) for pair in zip(parts[-1], cells, strict=True)]
        else:
            parts.append(cells)
    return "\n\n".join("\n".join(lines) for lines in parts)


def _cell(value: Any, is_rate: bool) -> str:
    if isinstance(value, float):
        if is_rate:
            return "-" if math.isnan(value) else f"{100 * value:.1f}"
        return "NaN" if math.isnan(value) else f"{value:.4g}"
    return terminal(value)


def print_text(text: str | None) -> None:
    """Print a whole document: to a terminal so that it cannot steer it, else as it is."""
    shown = text or ""
    click.echo(terminal(shown, keep="\n") if sys.stdout.isatty() else shown, nl=False)
