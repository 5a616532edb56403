"""Evaluation of expressions on the tables of runs."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.claims.functions import FUNCTIONS
from hopcli.claims.measured import Measured, Rows
from hopcli.claims.published import columns_needed
from hopcli.errors import ResultError, SettingError
from hopcli.values import bare

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from hopcli.claims.claim import Claims
    from hopcli.claims.expressions import Expression, Term
    from hopcli.tables import Columns


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
        except (ResultError, KeyError, AttributeError) as error:
            raise SettingError(where, f"cannot use {term.function}: {error}") from None
    values = tuple(bare(value) for value in table[term.column][rows.places])
    if len(values) > 1 or not isinstance(values[0], int | float) or isinstance(values[0], bool):
        return Measured(values[0] if len(values) == 1 else values)
    return rows.number(int(rows.places[0]))


def check_claims(claims: Claims, known: Mapping[str, Mapping[str, Collection[str]]]) -> None:
    """Refuse a claim that names a table or column that its run will not have.

    Parameters
    ----------
    claims : Claims
        The claims.
    known : mapping of str to mapping
        The declared columns of each table of each run.

    Raises
    ------
    SettingError
        If there is no such table or column.
    """
    for claim in claims.claims:
        for condition in claim.conditions:
            more = columns_needed(claim, condition) if claim.test == "printed" else ()
            for term in condition.value.terms:
                check_names(term, known[term.run], claims.place_of(claim, condition), more)


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
    named = (
        term.column,
        *(row[0] for row in term.rows),
        *([term.error] if term.error else []),
        *more,
    )
    for name in named:
        if name not in columns and not any(
            fnmatchcase(name, column) for column in columns if "*" in column
        ):
            rule = f"must name columns of {term.table} ({', '.join(columns)})"
            raise SettingError(where, rule, name)


def _table(term: Term, run: Any, where: str) -> Columns:
    check_names(term, run.tables, where)
    table: Columns = run.tables[term.table]
    return table


def _chosen(term: Term, table: Columns, where: str) -> NDArray[np.bool_]:
    """Select the rows that meet the conditions of a term."""
    chosen = np.ones(len(table), dtype=np.bool_)
    for name, sign, text in term.rows:
        chosen &= _having(name, table[name], sign, text, where)
    if not chosen.any():
        asked = ", ".join("".join(row) for row in term.rows)
        rule = f"chooses no row in {term.table} of {term.run}"
        raise SettingError(where, rule, asked)
    return chosen


def _having(name: str, column: NDArray[Any], sign: str, text: str, where: str) -> NDArray[np.bool_]:
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
