"""Results as their files hold them, so that a fresh one and a loaded one look alike."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hopcli.tables import Columns

__all__ = ["as_filed", "rounded"]


def as_filed(result: Any) -> Any:
    """The same result with the numbers of its tables to the ten digits of a file.

    A number that lies between two pixels, or between two texts, may go either way by its
    last digit; so a picture of the run and one drawn later would not be the same bytes.
    """
    return dataclasses.replace(result, columns=_Filed(result.columns))


class _Filed(Mapping[str, Columns]):
    """Tables whose numbers have ten digits, each read when it is asked for."""

    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self._tables = tables
        self._rounded = functools.cache(lambda name: rounded(tables[name]))

    def __getitem__(self, name: str) -> Columns:
        return self._rounded(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __contains__(self, name: object) -> bool:
        return name in self._tables  # without reading it


def rounded(table: Columns) -> Columns:
    """A table with its numbers to the ten digits of a file."""
    arrays = [
        np.array([float(f"{value:.10g}") for value in array]) if array.dtype.kind == "f" else array
        for array in table.arrays
    ]
    return Columns(table.names, arrays, table.declared)
