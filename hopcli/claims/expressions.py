"""Expressions that name numbers in the tables of runs: read before anything runs, then evaluated.

::

    RUN / TABLE[COLUMN=VALUE, ...] / COLUMN
    RUN / TABLE[...] / COLUMN +- STANDARD_ERROR
    FUNCTION(RUN / TABLE[...] / COLUMN, ARGUMENT, ...)
    one - another

An argument is a label, a column, or a CSV file of published repeats.

Rows are those in which each column equals its value (``=``), or is above (``>``) or below
(``<``) it. The 95 % interval is in the columns ``COLUMN_ci_low`` and ``COLUMN_ci_high``; or in
``ci_low`` and ``ci_high``, for a rate or the number just before them; or it is 1.96 times
``COLUMN_sem`` or the named standard error. A number without any of these is exact.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from hopcli.claims.functions import FUNCTIONS, Measured, Rows, columns_read, named
from hopcli.errors import DataError, ResultError, SettingError
from hopcli.records import Bools, NDArray
from hopcli.study import find_numbers, read_repeats
from hopcli.tables import Columns
from hopcli.values import bare, nearest

_LONGEST = 1000  # characters

# No two neighbours of these patterns match the same characters, so that the cost is linear.
_TERM = re.compile(
    r"(?:(?P<function>[a-z_]+)\s*\(\s*)?(?P<run>[\w.-]+)\s*/\s*(?P<table>[\w.-]+)\s*"
    r"(?:\[(?P<rows>[^\]]*)\]\s*)?/\s*(?P<column>[\w.]+)\s*"
    r"(?:\+-\s*(?P<error>[\w.]+)\s*)?(?P<arguments>(?:,[^,()]*)*)(?P<close>\))?"
)
_ROW = re.compile(r"(\w+)\s*([=<>])(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """Rows of a table of a run, one of its columns, and a function of the values.

    Parameters
    ----------
    run, table, column : str
        Place of the values.
    rows : tuple of (str, str, str)
        Column, ``=``, ``<`` or ``>``, and value that a row must have.
    error : str, optional
        Column of the standard error.
    function : str, optional
        A name of :data:`hopcli.claims.functions.FUNCTIONS`.
    arguments : tuple of str
        Further arguments of the function; a file as its path.
    """

    run: str
    table: str
    column: str
    rows: tuple[tuple[str, str, str], ...] = ()
    error: str | None = None
    function: str | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Expression:
    """Expression: one term, or the difference of two.

    Parameters
    ----------
    text : str
        Text of the expression.
    terms : tuple of Term
        One term, or two whose difference is measured.
    """

    text: str
    terms: tuple[Term, ...]

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the runs that the expression needs."""
        return tuple(dict.fromkeys(term.run for term in self.terms))


def parse(text: Any, where: str, folder: Path = Path()) -> Expression:
    """Read an expression.

    Parameters
    ----------
    text : str
        The expression.
    where : str
        Name of the expression in a message.
    folder : Path
        Folder of the files that the expression names.

    Raises
    ------
    SettingError
        If the text is no expression, or a file does not exist.

    Examples
    --------
    >>> parse("paper / accuracy[label=3] / accuracy", "as_run").terms[0].rows
    (('label', '=', '3'),)
    """
    if not isinstance(text, str):
        raise SettingError(where, _RULE, text)
    if len(text) > _LONGEST:
        raise SettingError(where, f"must have at most {_LONGEST} characters", text)
    parts = re.split(r"\s-\s", text)
    if len(parts) > 2:
        raise SettingError(where, "must have one difference at most", text)
    return Expression(text, tuple(_term(part, where, folder) for part in parts))


_RULE = (
    "must be RUN / TABLE[COLUMN=VALUE, ...] / COLUMN [+- STANDARD_ERROR], "
    "or FUNCTION(that [, ARGUMENT, ...])"
)


def _term(text: str, where: str, folder: Path) -> Term:
    found = _TERM.fullmatch(text.strip())
    if not found or (found["function"] is None) != (found["close"] is None):
        raise SettingError(where, _RULE, text)
    function = found["function"]
    arguments = tuple(part.strip() for part in found["arguments"].split(",")[1:])
    if arguments and function is None:
        raise SettingError(where, _RULE, text)
    if function is not None and function not in FUNCTIONS:
        rule = f"must use one of the functions {', '.join(FUNCTIONS)}"
        raise SettingError(where, f"{rule}{nearest(function, FUNCTIONS)}", function)
    given = {} if function is None else named(function, arguments)
    if given is None:
        raise SettingError(where, f"must have other arguments for {function}", text)
    rows = []
    for row in re.split(r",(?=\s*\w+\s*[=<>])", found["rows"] or ""):
        condition = _ROW.fullmatch(row.strip())
        if condition:
            rows.append((condition[1], condition[2], condition[3].strip()))
        elif row.strip():
            raise SettingError(where, "must have rows as COLUMN=VALUE, < or >", row)
    try:
        if (file := given.get("file")) is not None:
            path = find_numbers(file, folder)
            read_repeats(path)
            arguments = tuple(str(path) if one == file else one for one in arguments)
    except DataError as error:
        raise SettingError(where, str(error), text) from None
    term = Term(found["run"], found["table"], found["column"], tuple(rows), found["error"])
    return dataclasses.replace(term, function=function, arguments=arguments)


def evaluate(expression: Expression, runs: Mapping[str, Any], where: str) -> Measured:
    """Measure the number of an expression.

    Parameters
    ----------
    expression : Expression
        The expression.
    runs : mapping of str to object
        The runs by name, each with its ``result`` (None of a grid) and ``tables``.
    where : str
        Name of the expression in a message.

    Raises
    ------
    SettingError
        If there is no such table, column or row.
    """
    values = [_measure(term, runs[term.run], where) for term in expression.terms]
    if len(values) == 1:
        return values[0]
    if not (values[0].is_number and values[1].is_number):
        raise SettingError(where, "must be a difference of two numbers", expression.text)
    return values[0] - values[1]


def chosen_rows(expression: Expression, runs: Mapping[str, Any], where: str) -> Columns:
    """Select the rows that an expression names, for a printed number.

    Parameters
    ----------
    expression : Expression
        One term without a function.
    runs : mapping of str to object
        The runs by name, each with its ``result`` (None of a grid) and ``tables``.
    where : str
        Name of the expression in a message.

    Raises
    ------
    SettingError
        If the table, a column or the rows do not exist.
    """
    term = expression.terms[0]
    table = _table(term, runs[term.run], where)
    return table.take(_chosen(term, table, where))


def _measure(term: Term, run: Any, where: str) -> Measured:
    table = _table(term, run, where)
    rows = Rows(run.result, table, _chosen(term, table, where), term.column, term.error)
    if term.function is not None:
        try:
            return FUNCTIONS[term.function](rows, *term.arguments)
        except (ResultError, ArithmeticError, LookupError, ValueError) as error:
            reason = f"there is no column {error}" if isinstance(error, KeyError) else error
            rule = f"cannot use {term.function} on {term.table} of {term.run}: {reason}"
            raise SettingError(where, rule) from None
    values = tuple(bare(value) for value in table[term.column][rows.places])
    if len(values) > 1 or not isinstance(values[0], int | float) or isinstance(values[0], bool):
        return Measured(values[0] if len(values) == 1 else values)
    return rows.number(int(rows.places[0]))


def check_names(
    term: Term, tables: Mapping[str, Collection[str]], where: str, more: Iterable[str] = ()
) -> None:
    """Refuse a table or a column that a run does not have.

    Parameters
    ----------
    term : Term
        Term that names them.
    tables : mapping of str to collection of str
        The columns of each table of the run; ``*`` stands for any text.
    where : str
        Name of the expression in a message.
    more : iterable of str
        Further required columns.

    Raises
    ------
    SettingError
        If a table or column does not exist.
    """
    if term.table not in tables:
        rule = f"must name a table of {term.run} ({', '.join(tables)})"
        raise SettingError(where, rule, term.table)
    columns = list(tables[term.table])
    forms = [column for column in columns if "*" in column]
    errors = [term.error] if term.error else []
    reads = columns_read(term.function, term.arguments) if term.function else ()
    for name in (term.column, *(row[0] for row in term.rows), *errors, *reads, *more):
        if name not in columns and not any(fnmatchcase(name, form) for form in forms):
            rule = f"must name columns of {term.table} ({', '.join(columns)})"
            raise SettingError(where, rule, name)


def _table(term: Term, run: Any, where: str) -> Columns:
    check_names(term, run.tables, where)
    table: Columns = run.tables[term.table]
    return table


def _chosen(term: Term, table: Columns, where: str) -> Bools:
    """Select the rows that meet the conditions of a term."""
    chosen = np.ones(len(table), dtype=np.bool_)
    for name, sign, text in term.rows:
        chosen &= _having(name, table[name], sign, text, where)
    if not chosen.any():
        conditions = ", ".join("".join(row) for row in term.rows)
        rule = f"chooses no row in {term.table} of {term.run}"
        raise SettingError(where, rule, conditions)
    return chosen


def _having(name: str, column: NDArray[Any], sign: str, text: str, where: str) -> Bools:
    if column.dtype.kind in "iuf":
        try:
            number = float(text)
        except ValueError:
            raise SettingError(where, f"must have a number for {name}", text) from None
        values = column.astype(np.float64)
        if sign == "=":
            return np.asarray(np.isclose(values, number, rtol=1e-9, atol=1e-12))
        return np.asarray(values > number if sign == ">" else values < number)
    if sign != "=":
        raise SettingError(where, f"must be {name}=VALUE, as {name} is text", f"{sign}{text}")
    return np.array([str(value) == text for value in column.tolist()])
