"""The number that an experiment is known by: what a grid of its runs draws and averages."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Headline"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """Where the number is, what its interval is of, and what it is called on an axis.

    Parameters
    ----------
    table : str
        Name of the table of the result that it is in.
    value : str
        Its column.
    says : str
        What it is, for an axis; a quantity without a unit says so by what it is, such as a
        fraction.
    low, high : str, optional
        Columns of its interval.
    sem : str, optional
        Column of its standard error, which is drawn where there is no interval.
    interval : str
        What the interval is of, in a few words.
    where : mapping of str to object
        Value of a column in the rows that count, unless that column is drawn itself.
    within : tuple of str
        Columns of the table that are coordinates in their own right.
    counts : tuple of str, optional
        Columns of the successes and trials that it is the rate of.
    bounds : tuple of float, optional
        Least and greatest value that is possible.
    """

    table: str
    value: str
    says: str
    low: str | None = None
    high: str | None = None
    sem: str | None = None
    interval: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    within: tuple[str, ...] = ()
    counts: tuple[str, str] | None = None
    bounds: tuple[float, float] | None = None

    def of(self, column: str | None) -> Headline:
        """The same of another column of the table.

        Its interval and standard error are in the columns that are called after it, as those
        of all tables are: ``<column>_ci_low``, ``<column>_ci_high``, ``<column>_sem``.

        Parameters
        ----------
        column : str or None
            The column; None stands for the number itself.
        """
        if column in (None, self.value):
            return self
        return dataclasses.replace(
            self,
            value=str(column),
            says=str(column).replace("_", " "),
            low=f"{column}_ci_low",
            high=f"{column}_ci_high",
            sem=f"{column}_sem",
            interval="95 % interval",
            counts=None,
            bounds=None,
        )
