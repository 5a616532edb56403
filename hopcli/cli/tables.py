"""Printed tables: for people, scripts and documents."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.lines import print_lines
from hopcli.errors import renamed
from hopcli.printing import terminal
from hopcli.values import finite, flag_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from hopcli.tables import Column, Columns, Table
    from hopcli.tables.documents import Layout, Shown

FORMATS = ("table", "json", "csv", "markdown", "latex")
"""Formats of a printed table. JSON contains more, depending on the command."""

_LAYOUT = "hopcli.layout"  # in click's context, where print_table finds it


def layout() -> Layout:
    """Return the layout that the options of the running command describe."""
    from hopcli.tables.documents import Layout

    ctx = click.get_current_context(silent=True)
    return Layout() if ctx is None else Layout(**ctx.meta.get(_LAYOUT, {}))


def is_usual(form: str) -> bool:
    """Return whether a command prints its own table for people: no option changes its layout."""
    ctx = click.get_current_context(silent=True)
    chosen = {} if ctx is None else ctx.meta.get(_LAYOUT, {})
    return form == "table" and not any(chosen.values())


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep a part of the layout in the context of the command."""
    if param.name == "columns":
        value = tuple(name.strip() for name in (value or "").split(",") if name.strip())
    elif param.name == "where":
        value = tuple(_condition(text) for text in value)
    ctx.meta.setdefault(_LAYOUT, {})[param.name] = value


def _condition(text: str) -> tuple[str, str]:
    name, is_there, value = text.partition("=")
    if not is_there or not name.strip():
        raise click.UsageError(
            f"--where must be COLUMN=VALUE, such as label=overall, found {text!r:.80}"
        )
    return name.strip(), value.strip()


_DOCUMENTS, _PEOPLE = ("markdown", "latex"), ("table", "markdown", "latex")
_TABLES = (*_PEOPLE, "csv", "parquet")
_OF_LAYOUT: dict[str, tuple[Sequence[str], dict[str, Any]]] = {
    "columns": (
        _TABLES,
        {
            "metavar": "NAME,...",
            "help": "Columns to print; in tables for people and documents each estimate with its "
            "error.  [default: those for people; for scripts all]",
        },
    ),
    "where": (
        _TABLES,
        {
            "metavar": "COLUMN=VALUE",
            "multiple": True,
            "help": "Print only rows with this value, as in label=overall. Several of one column "
            "are alternatives.",
        },
    ),
    "pivot": (
        _PEOPLE,
        {
            "metavar": "COLUMN",
            "help": "Make a column of each value of this one, such as a key of a grid.",
        },
    ),
    "precision": (
        _DOCUMENTS,
        {
            "metavar": "N",
            "type": click.IntRange(1, 15),
            "help": "Digits of half widths in Markdown and LaTeX, and of numbers without an "
            "error.  [default: 1 or 2; 4]",
        },
    ),
    "macros": (
        ("latex",),
        {"is_flag": True, "help": "Print a LaTeX macro per cell instead of the table."},
    ),
}
"""Options of the layout: formats that each applies to, and its declaration."""


def table_options(
    name: str = "form", forms: Sequence[str] = FORMATS, default: str | None = "table"
) -> list[click.Option]:
    """Make the options of a command that prints a table.

    Parameters
    ----------
    name : str
        Parameter of the format.
    forms : sequence of str
        Formats.
    default : str or None
        Default format; None if it depends on other options.
    """
    form = click.Option(
        ["--format", name],
        type=click.Choice(forms),
        default=default,
        help="Print a table; for scripts a line of JSON, or the table as CSV with full precision "
        "and rates as fractions; for documents Markdown, or LaTeX for booktabs, rounded by the "
        f"intervals.  [default: {default or 'by the suffix of --out, else csv'}]",
    )
    kept: dict[str, Any] = {"callback": _keep, "expose_value": False}
    more = [click.Option([f"--{n}"], **kept, **about) for n, (_, about) in _OF_LAYOUT.items()]
    return [form, *more]


def is_of_layout(param: click.Parameter) -> bool:
    """Return whether an option is of the layout; help lists such options last."""
    return param.callback is _keep


def check_layout(ctx: click.Context, form: str | None) -> None:
    """Refuse options of the layout that have no effect on a format."""
    for name, value in ctx.meta.get(_LAYOUT, {}).items():
        allowed, _ = _OF_LAYOUT[name]
        if value and form is not None and form not in allowed:
            rule = f"has no effect on --format {form}; give {' or '.join(allowed)}"
            raise click.UsageError(f"--{name} {rule}")


def check_columns(tables: Iterable[Table], keys: Sequence[str] = ()) -> None:
    """Refuse columns that no table of a command has, before it runs.

    Parameters
    ----------
    tables : iterable of Table
        Tables of the command.
    keys : sequence of str
        Further columns, the keys of a grid.
    """
    declared = [table for table in tables if "*" not in table.names]
    known = list(dict.fromkeys([*(name for table in declared for name in table.names), *keys]))
    chosen = layout()
    named = [("columns", name) for name in chosen.columns]
    named += [("where", name) for name, _ in chosen.where]
    named += [("pivot", chosen.pivot)] * bool(chosen.pivot)
    for setting, name in named:
        if name not in keys and not any(name in table for table in declared):
            from hopcli.tables.documents import check_column

            with renamed(flag_name):
                check_column(setting, name, known)


def print_table(table: Columns, form: str, *, named: str = "table") -> None:
    """Print a table in any of :data:`FORMATS` except JSON, as the options of the layout say.

    For people, rates are in percent, and each error is beside its estimate.

    Parameters
    ----------
    table : Columns
        The table.
    form : str
        The format.
    named : str
        Beginning of the names of macros, such as the folder of a run.
    """
    from hopcli.tables.documents import chosen_rows, for_people, shown_columns

    chosen = layout()
    with renamed(flag_name):
        if form != "table":
            from hopcli.grids.export import write_table

            print_text(write_table(table, None, form, chosen, named))
            return
        if chosen.pivot:
            _print_pivot(shown_columns(table, chosen))
            return
        table = chosen_rows(table, chosen)
    click.echo(_laid_out(_for_people(table, chosen.columns or for_people(table))))


def _print_pivot(columns: Sequence[Shown]) -> None:
    """Print a pivot below the head of its numbers."""
    from hopcli.tables.documents import heads_above, heads_of

    above = heads_above(columns)
    if len(above) == 1:
        print_lines(f"{above[0]}\n")
    cells = [[*map(terminal, column.cells)] for column in columns]
    click.echo(_laid_out(list(zip(map(terminal, heads_of(columns)), cells, strict=True))))


def print_rows(rows: Iterable[Mapping[str, Any]], heads: Sequence[str], form: str) -> None:
    """Print rows of texts as a table; columns missing in a row are empty."""
    import numpy as np

    from hopcli.datasets.grey import as_text
    from hopcli.tables import Columns

    cells = [[as_text(str(row.get(head, ""))) for head in heads] for row in rows]
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
    return _laid_out(
        [
            (terminal(name), [_cell(value) for value in array.tolist()])
            for name, array in zip(table.names, table.arrays, strict=True)
        ]
    )


_NARROW = 80  # columns of the usual terminal

_Shown = list[tuple[str, list[str]]]
"""Printed columns: head and cells."""


def _for_people(table: Columns, names: Sequence[str]) -> _Shown:
    """Show columns, each estimate with its interval, SD or error."""
    from hopcli.tables.documents import errors_of

    errors = errors_of(table)
    bounded = [name for name in table if "low" in errors.get(name, {})]
    shown: _Shown = []
    for name in names:
        ends = errors.get(name, {}).items()
        of_estimate = {end: [table[each].tolist() for each in others] for end, others in ends}
        column = table.declared.column(name)
        shown += _estimate(column, name, table[name].tolist(), of_estimate, bounded)
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


def _laid_out(
    columns: _Shown,
    gap: str = "",
    justify: Callable[[str, int], str] = str.rjust,
    piped: float = _NARROW,
) -> str:
    """Lay out columns in parts that fit, each with the first column if it can be.

    They fit the terminal, or the width `piped`.
    """
    import shutil

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else piped
    widths = [max(map(len, [head, *cells])) for head, cells in columns]
    gap = gap or ("  " if sum(widths) + 2 * len(widths) <= _NARROW else " ")
    first, *others = (
        [justify(cell, wide) for cell in (head, *cells)]
        for (head, cells), wide in zip(columns, widths, strict=True)
    )
    parts = [first]
    for column in others:
        room = width - len(gap) - len(column[0])
        before = next((part for part in (parts[-1], first) if len(part[0]) <= room), None)
        if before is not parts[-1]:
            parts.append([])
        joined = column if before is None else map(gap.join, zip(before, column, strict=True))
        parts[-1] = [*joined]
    return "\n\n".join("\n".join(lines) for lines in parts)


def _cell(value: Any, is_rate: bool = False) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "-"
        return f"{100 * value:.1f}" if is_rate else f"{value:.4g}"
    return terminal(value)


def in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Lay out texts, the heads first, each column as wide as it needs."""
    columns = [(head, cells) for head, *cells in zip(*rows, strict=True)]
    lines = _laid_out(columns, "  ", str.ljust, math.inf).splitlines()
    return "\n".join(map(str.rstrip, lines))


def print_text(text: str | None) -> None:
    """Print a whole document; control characters are escaped only for a terminal."""
    shown = text or ""
    shown = terminal(shown, keep="\n") if sys.stdout.isatty() else shown
    click.echo(shown, nl=False, color=True)  # else click would remove escape sequences of labels
