"""Printed tables: for people, scripts and documents."""

from __future__ import annotations

import math
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from hopcli.printing import terminal
from hopcli.values import finite

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hopcli.tables import Column, Columns

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""Formats of a printed table. JSON contains more, depending on the command."""

FORM_HELP = (
    "Print a table; for scripts a line of JSON, or the table as CSV; for documents the table in "
    "Markdown or LaTeX. All formats except `table` print full precision, with rates as fractions.  "
    "[default: table]"
)

form_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", help=FORM_HELP
)
"""Option of commands that print a table; its value is called ``form``."""


def print_table(
    table: Columns,
    form: str,
    *,
    percent: bool = False,
    more: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Print a table in any of :data:`FORMATS` except JSON.

    Parameters
    ----------
    table : Columns
        The table.
    form : str
        The format.
    percent : bool
        For people, print rates in percent and each error beside its estimate.
    more : mapping of str to sequence of str
        Further columns, only in the format for people.
    """
    if form != "table":
        from hopcli.grids.export import write_table

        print_text(write_table(table, None, form))
        return
    columns = _for_people(table) if percent else _plain(table)
    columns += [(name, [terminal(cell) for cell in cells]) for name, cells in more.items()]
    click.echo(_laid_out(columns, _gap(columns)))


def print_rows(rows: Iterable[Mapping[str, Any]], heads: Sequence[str], form: str) -> None:
    """Print rows of texts as a table; columns missing in a row are empty."""
    import numpy as np

    from hopcli.datasets.files import as_text
    from hopcli.tables import Columns

    cells = [[as_text(row.get(head, "")) for head in heads] for row in rows]
    arrays = np.array(cells, dtype=object).reshape(-1, len(heads)).T
    print_table(Columns(heads, list(arrays)), form)


def json_rows(table: Columns) -> list[dict[str, Any]]:
    """Return the rows for JSON, with null for numbers that are not finite."""
    return [
        {name: finite(value) for name, value in zip(table, row, strict=True)}
        for row in table.rows()
    ]


def laid_out(table: Columns) -> str:
    """Lay out a table in columns, each row on one line."""
    columns = _plain(table)
    return _laid_out(columns, _gap(columns))


_NARROW = 80  # columns of the usual terminal

_Shown = list[tuple[str, list[str]]]
"""Printed columns: head and cells."""


def _plain(table: Columns) -> _Shown:
    return [
        (terminal(name), [_cell(value) for value in array.tolist()])
        for name, array in zip(table.names, table.arrays, strict=True)
    ]


def _for_people(table: Columns) -> _Shown:
    """Show each estimate with its interval, SD or error; leave out derived columns."""
    errors: dict[str, dict[str, list[list[float]]]] = {}
    for name, array in zip(table.names, table.arrays, strict=True):
        column = table.declared.column(name)
        if column.interval_of in table:
            errors.setdefault(column.interval_of, {}).setdefault(column.end, []).append(
                array.tolist()
            )
    bounded = [name for name in table if "low" in errors.get(name, {})]
    counts = [counts[0] for name in bounded if (counts := table.declared.column(name).counts)]
    shown: _Shown = []
    for name in table:
        column = table.declared.column(name)
        if column.interval_of not in table and column.printed and name not in counts:
            shown += _estimate(column, name, table[name].tolist(), errors.get(name, {}), bounded)
    return shown


def _estimate(
    column: Column,
    name: str,
    values: list[Any],
    errors: Mapping[str, list[list[float]]],
    bounded: list[str],
) -> _Shown:
    """Show a column and its errors."""
    head, rate = terminal(f"{name} %" if column.percent else name), column.percent
    if errors.keys() == {"sem"}:
        pairs = zip(values, errors["sem"][0], strict=True)
        return [(f"{head} ± SEM", [_with_error(*pair, rate) for pair in pairs])]
    shown = [(head, [_cell(value, rate) for value in values])]
    if "low" in errors:
        title = "95 % interval" if len(bounded) == 1 else f"{name} 95 %"
        pairs = zip(errors["low"][0], errors["high"][0], strict=True)
        shown.append((title, [_interval(low, high, rate) for low, high in pairs]))
    if "sd" in errors:  # over the larger units, if there are several kinds
        sds = [
            next((sd for sd in reversed(row) if not math.isnan(sd)), math.nan)
            for row in zip(*errors["sd"], strict=True)
        ]
        shown.append(("SD", [_cell(sd, rate) for sd in sds]))
    return shown


def _interval(low: float, high: float, rate: bool) -> str:
    if math.isnan(low) or math.isnan(high):
        return "-"
    if rate:
        return f"{_cell(low, True)} to {_cell(high, True)}"
    return f"{low:.3g} to {high:.3g}"


def _with_error(value: float, error: float, rate: bool) -> str:
    """Show a value with two digits of its error."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        return _cell(value, rate)
    factor = 100 if rate else 1
    digits = max(0, 1 - math.floor(math.log10(factor * error)))
    return f"{factor * value:.{digits}f} ± {factor * error:.{digits}f}"


def _widths(columns: _Shown) -> list[int]:
    return [max(map(len, [head, *cells])) for head, cells in columns]


def _gap(columns: _Shown) -> str:
    widths = _widths(columns)
    return "  " if sum(widths) + 2 * len(widths) <= _NARROW else " "


def _fits(part: list[str], gap: str, column: list[str], width: float) -> bool:
    return len(part[0]) + len(gap) + len(column[0]) <= width


def _laid_out(columns: _Shown, gap: str, justify: Callable[[str, int], str] = str.rjust) -> str:
    """Lay out columns, on a terminal in parts that fit, each with the first column if it can be."""
    import shutil

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf
    first, *others = (
        [justify(cell, wide) for cell in (head, *cells)]
        for (head, cells), wide in zip(columns, _widths(columns), strict=True)
    )
    parts = [first]
    for column in others:
        before = next((p for p in (parts[-1], first) if _fits(p, gap, column, width)), None)
        if before is not parts[-1]:
            parts.append([])
        joined = column if before is None else map(gap.join, zip(before, column, strict=True))
        parts[-1] = [*joined]
    return "\n\n".join("\n".join(lines) for lines in parts)


def _cell(value: Any, is_rate: bool = False) -> str:
    if isinstance(value, float):
        if is_rate:
            return "-" if math.isnan(value) else f"{100 * value:.1f}"
        return "NaN" if math.isnan(value) else f"{value:.4g}"
    return terminal(value)


def in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Lay out texts, the heads first, each column as wide as it needs."""
    columns = [(head, cells) for head, *cells in zip(*rows, strict=True)]
    lines = _laid_out(columns, "  ", str.ljust).splitlines()
    return "\n".join(map(str.rstrip, lines))


def print_text(text: str | None) -> None:
    """Print a whole document; control characters are escaped only for a terminal."""
    shown = text or ""
    click.echo(terminal(shown, keep="\n") if sys.stdout.isatty() else shown, nl=False)
