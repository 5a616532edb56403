"""Results as their files hold them, so that a fresh one and a loaded one look alike."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_filed", "rounded"]


def as_filed(result: Any) -> Any:
    """The same result with the numbers of its tables to the ten digits of a file.

    A number that lies between two pixels, or between two texts, may go either way by its
    last digit; so a picture of the run and one drawn later would not be the same bytes.
    """
    return dataclasses.replace(result, tables=_Filed(result.tables))


class _Filed(Mapping[str, "pd.DataFrame"]):
    """Tables whose numbers have ten digits, each read when it is asked for."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._tables = tables
        self._rounded = functools.cache(lambda name: rounded(tables[name]))

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._rounded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __contains__(self, name: object) -> bool:
        return name in self._tables  # without reading it


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """A table with its numbers to the ten digits of a file."""
    table = table.copy()
    for place, dtype in enumerate(table.dtypes):  # by place, since names may repeat
        if dtype.kind == "f":
            table.isetitem(place, [float(f"{value:.10g}") for value in table.iloc[:, place]])
    return table
