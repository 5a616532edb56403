"""Tables and arrays as files: written alike each time, read back as what they were."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, ResultError
from hopcli.printing import csv, uncsv
from hopcli.results.manifest import understood

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from hopcli.results.manifest import Manifest

__all__ = [
    "Tables",
    "blocks_of",
    "columns_of",
    "csv_texts",
    "read_arrays",
    "read_table",
    "write_arrays",
    "write_table",
]

_TYPES = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}
"""What a column holds, by the kind of its dtype; anything else is text."""


def blocks_of(tables: Mapping[str, pd.DataFrame], name: str) -> Iterable[pd.DataFrame]:
    """The rows of a table in order: in blocks where it is kept in blocks, else at once."""
    in_blocks: Mapping[str, Iterable[pd.DataFrame]] = getattr(tables, "blocks", {})
    return in_blocks[name] if name in in_blocks else (tables[name],)


def write_table(blocks: Iterable[pd.DataFrame], path: Path) -> list[str]:
    """Write a table as CSV, numbers to ten digits; what it holds, as of :func:`columns_of`."""
    columns: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        for block in blocks:
            heads = not columns
            columns = columns or columns_of(block)
            texts = csv_texts(block)
            texts.to_csv(file, index=False, header=heads, float_format="%.10g", lineterminator="\n")
    return columns


def write_arrays(arrays: Mapping[str, Any], path: Path) -> None:
    """Write arrays into a compressed .npz file."""
    np.savez_compressed(path, allow_pickle=False, **arrays)


class Tables(Mapping[str, "pd.DataFrame"]):
    """The tables of a run folder, each read when it is asked for.

    Parameters
    ----------
    manifest : Manifest
        What names them; each is held to it before it is read.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._columns: Mapping[str, list[str]] = manifest["tables"]
        self._read = functools.cache(lambda name: read_table(manifest, name))

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._columns:
            raise KeyError(name)
        return self._read(name)

    def __contains__(self, name: object) -> bool:
        return name in self._columns  # without reading it

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def columns_of(table: pd.DataFrame) -> list[str]:
    """What a table holds, ``"accuracy: number"`` a column; names may repeat."""
    kinds = [_TYPES.get(dtype.kind, "text") for dtype in table.dtypes]
    return [f"{name}: {kind}" for name, kind in zip(table.columns, kinds, strict=True)]


def read_table(manifest: Manifest, name: str) -> pd.DataFrame:
    """Read a table, each column as what it was.

    Parameters
    ----------
    manifest : Manifest
        What names the table and its columns; the file is held to it.
    name : str
        The table.

    Raises
    ------
    ResultError
        If the file is not what the manifest says.
    """
    path = manifest.check(f"{name}.csv")
    with understood(path):
        return _read(path, manifest["tables"][name])


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    texts = pd.read_csv(
        path,
        dtype=str,
        keep_default_na=False,
        header=None,
        encoding="utf-8",
        lineterminator="\n",  # a carriage return is one of a label
    )
    names, kinds = zip(*(column.rsplit(": ", 1) for column in columns), strict=True)
    if [uncsv(head) for head in texts.iloc[0]] != list(names):
        raise ResultError(f"{path}: must have the columns {', '.join(names)}")
    rows = texts.iloc[1:].reset_index(drop=True)
    table = pd.DataFrame({place: _typed(rows[place], kind) for place, kind in enumerate(kinds)})
    table.columns = list(names)
    return table


def _typed(texts: pd.Series[str], kind: str) -> pd.Series[Any]:
    """A column of texts as what it was."""
    if kind == "number":
        return texts.where(texts != "", "nan").astype(np.float64)
    if kind == "integer":
        return texts.astype(np.int64)
    return texts == "True" if kind == "boolean" else _changed(texts, uncsv)


def csv_texts(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its texts as a CSV file has them, see :func:`hopcli.printing.csv`."""
    changed: dict[int, pd.Series[Any]] = {}
    for place, dtype in enumerate(table.dtypes):  # by place, since names may repeat
        if _TYPES.get(dtype.kind, "text") == "text":
            before = table.iloc[:, place]
            after = _changed(before, csv)
            changed |= {place: after} if after is not before else {}
    heads = [csv(str(name)) for name in table.columns]
    if not changed and heads == [str(name) for name in table.columns]:
        return table
    made = table.copy(deep=False)
    for place, texts in changed.items():
        made.isetitem(place, texts.to_numpy())
    made.columns = heads
    return made


def _changed(texts: pd.Series[Any], change: Callable[[str], str]) -> pd.Series[Any]:
    """A column with its texts changed; most have few different ones, and need no change."""
    import pandas as pd

    different = [text for text in pd.unique(texts) if isinstance(text, str)]
    new = {text: change(text) for text in different if change(text) != text}
    return texts.map(lambda text: new.get(text, text)) if new else texts


def read_arrays(path: Path) -> dict[str, Any]:
    """Read an array file."""
    try:
        with Archive(path) as archive:
            return {name: archive.read(name) for name in archive.names}
    except DataError as error:
        raise ResultError(str(error)) from None
