"""Declarations of columns, and of the errors of an estimate in columns beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


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


_PART = re.compile(
    r"(?P<name>[^:%\[±]+?)(: (?P<kind>\w+))?(?P<percent> %)?"
    r"( \[(?P<unit>[^]]+)\])?( ± (?P<ends>.+))?"
)
_ENDS = {
    "sd": (("sd", "_sd"),),
    "sem": (("sem", "_sem"),),
    "ci": (("low", "_ci_low"), ("high", "_ci_high")),
}


def columns(
    text: str, *, key: str = "", rates: str = "", hidden: str = "", **about: Mapping[str, Any]
) -> tuple[Column, ...]:
    """Declare columns in one line of text.

    Each is a name, then its kind as in a manifest (without one it is a number), ``%`` if it is
    printed in percent, its unit in brackets, and the errors beside it, of ``sd``, ``sem`` and
    ``ci``. An interval ``.ci`` has columns without the name of its estimate.

    Parameters
    ----------
    text : str
        Such as ``"label: text, n: integer, accuracy % ± sd ci"``.
    key, rates, hidden : str
        Names of the coordinates, of the numbers from 0 to 1, and of the columns that a printed
        table leaves out, separated by spaces.
    **about
        Further parameters of the :class:`Column` of a name.

    Examples
    --------
    >>> [(column.name, column.kind) for column in columns("label: text, energy [k_B = 1] ± sem")]
    [('label', 'text'), ('energy', 'number'), ('energy_sem', 'number')]
    >>> [column.name for column in columns("accuracy % ± sd .ci")]
    ['accuracy', 'accuracy_sd', 'ci_low', 'ci_high']
    """
    found: list[Column] = []
    for part in text.split(", "):
        declared = _PART.fullmatch(part)
        if declared is None:
            raise ValueError(f"no column is declared by {part!r}")
        name, ends = declared["name"], (declared["ends"] or "").split()
        shared: dict[str, Any] = {
            "kind": declared["kind"] or "number",
            "percent": declared["percent"] is not None,
            "unit": declared["unit"] or "",
        }
        more: dict[str, Any] = {"key": name in key.split(), "printed": name not in hidden.split()}
        if name in rates.split():
            more["bounds"] = (0, 1)
        found.append(Column(name, **{**shared, **more, **about.get(name, {})}))
        for each in ends:
            found += ends_of(name, each.lstrip("."), alone=each[0] == ".", **shared)
    return tuple(found)


def ends_of(name: str, *ends: str, alone: bool = False, **about: Any) -> tuple[Column, ...]:
    """Declare the columns of the errors of an estimate.

    Parameters
    ----------
    name : str
        Column of the estimate.
    *ends : {"sd", "sem", "ci"}
        Which errors, in the order of the columns; an interval has two.
    alone : bool
        Leave the name of the estimate out of the names of the columns.
    **about
        Further parameters of :class:`Column`.

    Examples
    --------
    >>> [column.name for column in ends_of("m", "sem", "ci")]
    ['m_sem', 'm_ci_low', 'm_ci_high']
    """
    start = "" if alone else name
    return tuple(
        Column(f"{start}{suffix}".lstrip("_"), interval_of=name, end=end, **about)
        for which in ends
        for end, suffix in _ENDS[which]
    )
