"""Which number of the tables of runs counts: a small language, read before anything runs.

::

    RUN / TABLE[COLUMN=VALUE, ...] / COLUMN
    RUN / TABLE[...] / COLUMN +- STANDARD_ERROR
    FUNCTION(RUN / TABLE[...] / COLUMN)
    one - another

Rows are those in which each column has its value (``=``), or is above (``>``) or below
(``<``) it. The 95 % interval is found beside the number: in ``COLUMN_ci_low`` and
``COLUMN_ci_high``; in ``ci_low`` and ``ci_high`` of a rate, or of the number just before them;
else 1.96 times ``COLUMN_sem``; or the standard error is named. A number without any is exact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from hopcli.claims.functions import FUNCTIONS
from hopcli.errors import SettingError
from hopcli.values import nearest

__all__ = ["Expression", "Term", "parse"]

_LONGEST = 1000  # characters

# No two neighbours of these patterns match the same characters, so that the cost is linear.
_TERM = re.compile(
    r"(?:(?P<function>[a-z_]+)\s*\(\s*)?(?P<run>[\w.-]+)\s*/\s*(?P<table>[\w.-]+)\s*"
    r"(?:\[(?P<rows>[^\]]*)\]\s*)?/\s*(?P<column>[\w.]+)\s*"
    r"(?:\+-\s*(?P<error>[\w.]+)\s*)?(?P<close>\))?"
)
_ROW = re.compile(r"(\w+)\s*([=<>])(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Term:
    """Rows of a table of a run, a column of them, and what is made of its values.

    Parameters
    ----------
    run, table, column : str
        Where the values are.
    rows : tuple of (str, str, str)
        Column, ``=``, ``<`` or ``>``, and value that a row must have.
    error : str, optional
        Column of the standard error.
    function : str, optional
        A name of :data:`hopcli.claims.functions.FUNCTIONS`.
    """

    run: str
    table: str
    column: str
    rows: tuple[tuple[str, str, str], ...] = ()
    error: str | None = None
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """What is measured: one term, or the difference of two.

    Parameters
    ----------
    text : str
        As it was written.
    terms : tuple of Term
        One, or two of which the second is taken from the first.
    """

    text: str
    terms: tuple[Term, ...]

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that it needs."""
        return tuple(dict.fromkeys(term.run for term in self.terms))


def parse(text: Any, where: str) -> Expression:
    """Read an expression.

    Parameters
    ----------
    text : str
        As a file has it.
    where : str
        What it is called in a message.

    Raises
    ------
    SettingError
        If it is none.

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
    return Expression(text, tuple(_term(part, where) for part in parts))


_RULE = "must be [FUNCTION(]RUN / TABLE[COLUMN=VALUE, ...] / COLUMN [+- STANDARD_ERROR][)]"


def _term(text: str, where: str) -> Term:
    found = _TERM.fullmatch(text.strip())
    if not found or (found["function"] is None) != (found["close"] is None):
        raise SettingError(where, _RULE, text)
    function = found["function"]
    if function is not None and function not in FUNCTIONS:
        rule = f"must use one of the functions {', '.join(FUNCTIONS)}"
        raise SettingError(where, f"{rule}{nearest(function, FUNCTIONS)}", function)
    rows = []
    for row in re.split(r",(?=\s*\w+\s*[=<>])", found["rows"] or ""):
        condition = _ROW.fullmatch(row.strip())
        if condition:
            rows.append((condition[1], condition[2], condition[3].strip()))
        elif row.strip():
            raise SettingError(where, "must have rows as COLUMN=VALUE, < or >", row)
    return Term(
        found["run"], found["table"], found["column"], tuple(rows), found["error"], function
    )
