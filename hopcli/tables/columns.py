"""Declarations of columns, and of the errors of an estimate in columns beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of a table.

    Parameters
    ----------
    name : str
        Name in the file. A name with ``*`` declares a column per stored pattern.
    kind : {"number", "integer", "boolean", "text"}
        Kind of its values; a missing number is NaN.
    unit : str
        Unit; empty for a dimensionless quantity.
    percent : bool
        True for a rate from 0 to 1 that is printed in percent.
    axis : str
        Text on an axis; by default the name and the unit.
    key : bool
        True for a coordinate: a grid draws a line for each value.
    bounds : tuple of float, optional
        Least and greatest possible value.
    counts : tuple of str, optional
        Columns of the successes and trials of a rate.
    printed : bool
        False for a column that a printed table leaves out.
    interval : str
        Meaning of its interval, in a few words.
    interval_of : str
        Name of the estimate whose error this column contains.
    end : {"low", "high", "sem", "sd"}
        Which error: an end of the 95 % interval, standard error, standard deviation.
    """

    name: str
    kind: str = "number"
    unit: str = ""
    percent: bool = False
    axis: str = ""
    key: bool = False
    bounds: tuple[float, float] | None = None
    counts: tuple[str, str] | None = None
    printed: bool = True
    interval: str = "95 % interval"
    interval_of: str = ""
    end: str = ""

    @property
    def says(self) -> str:
        """Text on an axis, with the unit if there is one."""
        unit = f" ({self.unit})" if self.unit else ""
        return self.axis or self.name.replace("_", " ") + unit


def columns(text: str, **about: Any) -> tuple[Column, ...]:
    """Declare columns by names and kinds as in a manifest; without a kind it is a number.

    Parameters
    ----------
    text : str
        Such as ``"label: text, n: integer, accuracy"``.
    **about
        Further parameters of each :class:`Column`.

    Examples
    --------
    >>> [(column.name, column.kind) for column in columns("label: text, energy")]
    [('label', 'text'), ('energy', 'number')]
    """
    parts = (part.partition(": ") for part in text.split(", "))
    return tuple(Column(name, kind or "number", **about) for name, _, kind in parts)


_ENDS = {
    "sd": (("sd", "_sd"),),
    "sem": (("sem", "_sem"),),
    "ci": (("low", "_ci_low"), ("high", "_ci_high")),
}


def ends_of(name: str, *ends: str, prefix: str | None = None, **about: Any) -> tuple[Column, ...]:
    """Declare the columns of the errors of an estimate.

    Parameters
    ----------
    name : str
        Column of the estimate.
    *ends : {"sd", "sem", "ci"}
        Which errors, in the order of the columns; an interval has two.
    prefix : str, optional
        Beginning of the names of the columns; by default `name`.
    **about
        Further parameters of :class:`Column`.

    Examples
    --------
    >>> [column.name for column in ends_of("m", "sem", "ci")]
    ['m_sem', 'm_ci_low', 'm_ci_high']
    >>> [column.name for column in ends_of("m", "ci", prefix="")]
    ['ci_low', 'ci_high']
    """
    start = name if prefix is None else prefix
    return tuple(
        Column(f"{start}{suffix}".lstrip("_"), interval_of=name, end=end, **about)
        for which in ends
        for end, suffix in _ENDS[which]
    )


def estimate(name: str, *ends: str, **about: Any) -> tuple[Column, ...]:
    """Declare an estimate and the columns of its errors, see :func:`ends_of`."""
    shared = {k: v for k, v in about.items() if k in ("kind", "percent", "unit")}
    return (Column(name, **about), *ends_of(name, *ends, **shared))
