r"""Tables to take away: chosen rows and columns, numbers rounded by their errors.

A number with an interval is shown as ``81.9 ± 0.7``, or as ``99.4 [98.9, 99.7]`` if a half width
differs from the other in some row of its column; the head says which. Half widths have two
significant digits up to 35, 3.5, 0.35, ... and one above (the rule of the Particle Data Group).
Texts are escaped by :mod:`hopcli.printing`. LaTeX needs the package booktabs only.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from hopcli.errors import SettingError
from hopcli.printing import latex, markdown
from hopcli.tables.table import Column, Columns, kind_of
from hopcli.values import nearest

_DIGITS, _OF_ERROR = 4, 2  # significant digits of numbers without an error, and of errors
_TWO_DIGITS = 3.55  # first digits of a half width below which a second digit is shown
_WORDS = ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
_WORD = re.compile(r"[A-Za-z]+|[0-9]|(?<![A-Za-z0-9])[-+](?=[0-9])|(?<=[0-9])\.(?=[0-9])")
_SIGNS = {"-": "Minus", "+": "Plus", ".": "Point"}


class Layout(NamedTuple):
    """Rows, columns and notation of a table to take away.

    Attributes
    ----------
    columns : tuple of str
        Columns to show, each estimate with its error; by default those for people.
    where : tuple of (str, str)
        Columns and the values of the rows to show; several values of one column are alternatives.
    pivot : str
        Column whose values become columns.
    precision : int or None
        Significant digits of half widths, and of numbers without an error.
    macros : bool
        Print a macro per cell instead of the table, in LaTeX.
    """

    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    pivot: str = ""
    precision: int | None = None
    macros: bool = False


class Shown(NamedTuple):
    """A column of texts.

    Attributes
    ----------
    name : str
        Name of the column.
    head : str
        Head, with unit and kind of error.
    cells : list of str
        Its cells; numbers in plain notation.
    is_key : bool
        True if it identifies rows.
    is_text : bool
        False for numbers.
    above : str
        Head of several columns that a pivot has made of one.
    """

    name: str
    head: str
    cells: list[str]
    is_key: bool = False
    is_text: bool = False
    above: str = ""


def check_column(setting: str, name: str, known: Sequence[str]) -> None:
    """Refuse a column that a table lacks."""
    if name not in known:
        shown = ", ".join(known)
        raise SettingError(setting, f"has no column {name!r}{nearest(name, known)} (of {shown})")


def chosen_rows(table: Columns, layout: Layout) -> Columns:
    """Return the rows that a layout chooses; several values of one column are alternatives.

    Raises
    ------
    SettingError
        If there is no such column, also of those to show, or no row with a value.
    """
    for name in layout.columns:
        check_column("columns", name, table.names)
    wanted: dict[str, list[str]] = {}
    for name, text in layout.where:
        check_column("where", name, table.names)
        wanted.setdefault(name, []).append(text)
    for name, texts in wanted.items():
        values = table[name].tolist()
        for text in texts:
            if not any(_equals(value, text) for value in values):
                some = ", ".join(dict.fromkeys(_exact(value) for value in values[:200]))
                message = f"has no row with {name} = {text:.60}; {name} contains {some:.200}"
                raise SettingError("where", message)
        table = table.take([any(_equals(value, text) for text in texts) for value in values])
    return table


def _equals(value: Any, text: str) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value) == text
    try:
        return bool(value == float(text))
    except ValueError:
        return False


def errors_of(table: Columns) -> dict[str, dict[str, list[str]]]:
    """Return the columns of errors by estimate and end."""
    errors: dict[str, dict[str, list[str]]] = {}
    for name in table:
        column = table.declared.column(name)
        if column.interval_of in table:
            errors.setdefault(column.interval_of, {}).setdefault(column.end, []).append(name)
    return errors


def for_people(table: Columns) -> list[str]:
    """Return the columns that are printed; errors and counts of successes are left out."""
    declared, errors = table.declared, errors_of(table)
    bounded = [declared.column(name) for name in table if "low" in errors.get(name, {})]
    counts = [column.counts[0] for column in bounded if column.counts]
    columns = [declared.column(name) for name in table]
    return [
        name
        for name, column in zip(table, columns, strict=True)
        if column.interval_of not in table and column.printed and name not in counts
    ]


def shown_columns(table: Columns, layout: Layout) -> list[Shown]:
    """Return a table as columns of texts.

    Parameters
    ----------
    table : Columns
        The table.
    layout : Layout
        Rows, columns and notation.

    Raises
    ------
    SettingError
        If a column is unknown, no row is left, or a cell of a pivot has several rows.
    """
    table = chosen_rows(table, layout)
    if layout.pivot:
        return _pivoted(table, layout)
    shown = []
    for name in layout.columns or for_people(table):
        shown.append(_shown(table, name, layout.precision))
        if not layout.columns and "low" in (errors := errors_of(table).get(name, {})):
            shown += [_shown(table, sd, layout.precision) for sd in errors.get("sd", [])]
    return shown


def _is_key(table: Columns, name: str) -> bool:
    """Return whether a column identifies rows: a declared key, or a key of a grid."""
    return name not in table.declared or table.declared.column(name).key


def _shown(table: Columns, name: str, precision: int | None) -> Shown:
    """Return a column; an estimate with its error."""
    column, values, is_key = table.declared.column(name), table[name].tolist(), _is_key(table, name)
    head = re.sub(r"\bsd\b", "SD", name.replace("_", " "))
    if kind_of(table[name]) != "number":
        is_text = kind_of(table[name]) != "integer"
        return Shown(name, head, [_exact(value) for value in values], is_key, is_text)
    factor = 100 if column.percent else 1
    head += " (%)" if column.percent else f" ({column.unit})" if column.unit else ""
    errors = errors_of(table).get(name, {})
    values = [factor * value for value in values]
    if "low" in errors:
        lows, highs = ((factor * table[errors[end][0]]).tolist() for end in ("low", "high"))
        cells, sign = _with_intervals(values, lows, highs, precision)
        return Shown(name, head + sign, cells, is_key)
    if "sem" in errors:
        sems = (factor * table[errors["sem"][0]]).tolist()
        cells = [_plus_minus(*pair, precision) for pair in zip(values, sems, strict=True)]
        return Shown(name, f"{head} ± SEM", cells, is_key)
    cells = [_exact(value) if is_key else _number(value, column, precision) for value in values]
    return Shown(name, head, cells, is_key)


def _exact(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.10g}"
    return str(value)


def _number(value: float, column: Column, precision: int | None) -> str:
    """Format a number without an error."""
    if not math.isfinite(value):
        return _exact(value)
    if column.percent and precision is None:
        return f"{value:.1f}"
    most = precision or (_OF_ERROR if column.end else _DIGITS)
    return f"{value:.0f}" if 10**most <= abs(value) < 10**15 else f"{value:.{most}g}"


def _decimals(half: float, precision: int | None) -> int:
    """Return the decimals of a half width > 0; below 0 for tens, hundreds, ..."""
    exponent = math.floor(math.log10(half))
    digits = precision
    if digits is None:
        digits = 2 if half / 10.0**exponent < _TWO_DIGITS else 1
    return digits - 1 - exponent


def _fixed(value: float, decimals: int) -> str:
    text = f"{round(value, decimals):.{max(decimals, 0)}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _plus_minus(value: float, half: float, precision: int | None) -> str:
    if not (math.isfinite(value) and math.isfinite(half) and half > 0):
        return "" if math.isnan(value) else f"{value:.{precision or _DIGITS}g}"
    decimals = _decimals(half, precision)
    return f"{_fixed(value, decimals)} ± {_fixed(half, decimals)}"


def _with_intervals(
    values: list[float], lows: list[float], highs: list[float], precision: int | None
) -> tuple[list[str], str]:
    """Format estimates with half widths if all are symmetric as shown, otherwise with both ends."""
    rows = [(*row, (row[2] - row[1]) / 2) for row in zip(values, lows, highs, strict=True)]
    sides = [
        {_fixed(side, _decimals(half, precision)) for side in (value - low, high - value)}
        for value, low, high, half in rows
        if 0 < half < math.inf
    ]
    if all(len(side) == 1 for side in sides) and not any(math.isinf(row[3]) for row in rows):
        return [_plus_minus(row[0], row[3], precision) for row in rows], " ± 95 % interval"
    cells = []
    for *numbers, half in rows:
        if not half > 0:
            cells.append(_plus_minus(numbers[0], half, precision))
        elif math.isinf(half):
            cells.append("{:.4g} [{:.4g}, {:.4g}]".format(*numbers))
        else:
            parts = [_fixed(number, _decimals(half, precision)) for number in numbers]
            cells.append("{} [{}, {}]".format(*parts))
    return cells, " [95 % interval]"


def _pivoted(table: Columns, layout: Layout) -> list[Shown]:
    """Make a column of each value of a key; the other keys identify the rows."""
    key = layout.pivot
    check_column("pivot", key, table.names)
    keys = [name for name in table if _is_key(table, name) and name != key]
    keys = [n for n in keys if n in layout.columns or len(set(table[n].tolist())) > 1]
    usual = [name for name in for_people(table) if not _is_key(table, name)]
    main = [name for name in usual if name == table.declared.headline]
    numbers = [n for n in layout.columns if n not in (key, *keys)] or main or usual[:1]
    shown = {name: _shown(table, name, layout.precision) for name in (*keys, key, *numbers)}
    of_rows = [*zip(*(shown[name].cells for name in keys), strict=True)] or [()] * len(table)
    rows, heads = list(dict.fromkeys(of_rows)), list(dict.fromkeys(shown[key].cells))
    places = {at: n for n, at in enumerate(zip(of_rows, shown[key].cells, strict=True))}
    if len(places) < len(table):
        rule = "must leave one row per cell; choose rows with --where"
        raise SettingError("pivot", rule, key)
    first = {row: of_rows.index(row) for row in rows}
    made = [
        shown[name]._replace(cells=[shown[name].cells[first[row]] for row in rows]) for name in keys
    ]
    for name in numbers:
        above = f"{shown[name].head}, by {key.replace('_', ' ')}"
        for head in heads:
            found = [places.get((row, head)) for row in rows]
            cells = ["" if n is None else shown[name].cells[n] for n in found]
            full = f"{name} {key} {head}"
            made.append(shown[name]._replace(name=full, head=head, cells=cells, above=above))
    return made


def document(table: Columns, form: str, layout: Layout, named: str = "") -> str:
    """Return a table in Markdown or LaTeX, or its macros.

    Parameters
    ----------
    table : Columns
        The table.
    form : {"markdown", "latex"}
        Language.
    layout : Layout
        Rows, columns and notation.
    named : str
        Beginning of the names of macros, such as the folder of a run.
    """
    columns = shown_columns(table, layout)
    if layout.macros:
        return _macros(columns, named)
    if form == "markdown":
        return _markdown(columns)
    intervals = {
        column.name: column.interval
        for column in map(table.declared.column, table)
        if any(column.name == one.name.partition(" ")[0] for one in columns if "95 %" in one.head)
    }
    notes = [f"% {latex(name)}: {latex(words)}" for name, words in intervals.items()]
    return "\n".join([*notes, *_latex(columns), ""])


def heads_above(columns: Sequence[Shown]) -> list[str]:
    """Return the heads above columns of a pivot."""
    return list(dict.fromkeys(column.above for column in columns if column.above))


def heads_of(columns: Sequence[Shown]) -> list[str]:
    """Return the heads of columns where none can be above them."""
    several = len(heads_above(columns)) > 1
    return [f"{c.above}: {c.head}" if several and c.above else c.head for c in columns]


def _markdown(columns: Sequence[Shown]) -> str:
    above = heads_above(columns)
    title = f"{markdown(above[0])}\n\n" if len(above) == 1 else ""
    rules = [":---" if column.is_text else "---:" for column in columns]
    cells = [map(markdown, c.cells) if c.is_text else c.cells for c in columns]
    rows = [map(markdown, heads_of(columns)), rules, *zip(*cells, strict=True)]
    return title + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _latex(columns: Sequence[Shown]) -> list[str]:
    layout = "".join("l" if column.is_text else "r" for column in columns)
    above, spans, start = [], [], 0
    while start < len(columns):
        head = columns[start].above
        end = start + 1
        while head and end < len(columns) and columns[end].above == head:
            end += 1
        above.append(rf"\multicolumn{{{end - start}}}{{c}}{{{_tex(head)}}}" if head else "")
        spans += [rf"\cmidrule(lr){{{start + 1}-{end}}}"] if head else []
        start = end
    cells = [[_tex(cell, column.is_text) for cell in column.cells] for column in columns]
    rows = [" & ".join(row) + r" \\" for row in zip(*cells, strict=True)]
    heads = " & ".join(_tex(column.head) for column in columns) + r" \\"
    return [
        rf"\begin{{tabular}}{{{layout}}}",
        r"\toprule",
        *([" & ".join(above) + r" \\", " ".join(spans)] if spans else []),
        *(heads, r"\midrule", *rows, r"\bottomrule", r"\end{tabular}"),
    ]


def _tex(cell: str, is_text: bool = True) -> str:
    """Return a text escaped, or a number in mathematical notation."""
    if is_text:
        return latex(cell).replace("±", r"$\pm$")
    if not cell:
        return ""
    cell = re.sub(r"e([-+])0*([0-9]+)", r"\\times 10^{\1\2}", cell).replace("^{+", "^{")
    for sign, command in (("±", r"\pm"), (" [", r"\ ["), ("inf", r"\infty")):
        cell = cell.replace(sign, command)
    return f"${cell}$"


def _macros(columns: Sequence[Shown], named: str) -> str:
    r"""Return ``\newcommand`` of each cell, named by the run, the column and the row."""
    keys = [column for column in columns if column.is_key]
    lines: dict[str, str] = {}
    for column in columns:
        for row, cell in enumerate(column.cells):
            if cell and not column.is_key:
                words = " ".join([named, column.name, *(key.cells[row] for key in keys)])
                name, n = _letters(words), 1
                while name in lines:
                    name, n = _letters(f"{words} {n + 1}"), n + 1
                text = _tex(cell, column.is_text)
                text = text if column.is_text else rf"\ensuremath{{{text[1:-1]}}}"
                lines[name] = rf"\newcommand{{\{name}}}{{{text}}}" + "\n"
    return "".join(lines.values())


def _letters(text: str) -> str:
    """Spell a text in letters, later words with a capital: ``T = 0.1`` is ``tZeroPointOne``."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = _WORD.findall(plain)
    name = "".join(
        _WORDS[int(word)] if word.isdigit() else _SIGNS.get(word) or word[0].upper() + word[1:]
        for word in words
    )
    return name[:1].lower() + name[1:]
