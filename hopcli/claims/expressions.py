"""Expressions that name numbers in the tables of runs, read before anything runs.

::

    RUN / TABLE[COLUMN=VALUE, ...] / COLUMN
    RUN / TABLE[...] / COLUMN +- STANDARD_ERROR
    FUNCTION(RUN / TABLE[...] / COLUMN, ARGUMENT, ...)
    one - another

An argument is a label, a column, or a file of published numbers (.csv).

Rows are those in which each column equals its value (``=``), or is above (``>``) or below
(``<``) it. The 95 % interval is in the columns ``COLUMN_ci_low`` and ``COLUMN_ci_high``; or in
``ci_low`` and ``ci_high``, for a rate or the number just before them; or it is 1.96 times
``COLUMN_sem`` or the named standard error. A number without any of these is exact.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hopcli.claims.functions import FUNCTIONS, takes
from hopcli.errors import DataError, SettingError
from hopcli.study import find_numbers
from hopcli.values import nearest

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
    if function is not None and not takes(function, len(arguments)):
        raise SettingError(where, f"must have other arguments for {function}", text)
    rows = []
    for row in re.split(r",(?=\s*\w+\s*[=<>])", found["rows"] or ""):
        condition = _ROW.fullmatch(row.strip())
        if condition:
            rows.append((condition[1], condition[2], condition[3].strip()))
        elif row.strip():
            raise SettingError(where, "must have rows as COLUMN=VALUE, < or >", row)
    try:
        files = (str(find_numbers(a, folder)) if a.endswith(".csv") else a for a in arguments)
        given = tuple(files)
    except DataError as error:
        raise SettingError(where, str(error), text) from None
    term = Term(found["run"], found["table"], found["column"], tuple(rows), found["error"])
    return dataclasses.replace(term, function=function, arguments=given)
