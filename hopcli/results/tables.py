"""Tables and arrays as files, written and read back without a change."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli import catalogue
from hopcli.datasets.npz import Archive
from hopcli.errors import DataError, ResultError
from hopcli.printing import csv as csv_text
from hopcli.printing import uncsv
from hopcli.results.manifest import understood
from hopcli.tables import Columns, kind_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from hopcli.results.manifest import Manifest
    from hopcli.tables import Table

_CARRIAGE_RETURN = "\udc0d"  # in place of \r, which ends a row for the csv module


def blocks_of(tables: Mapping[str, Columns], name: str) -> Iterable[Columns]:
    """Return the rows of a table in order, block by block if it is stored in blocks."""
    in_blocks: Mapping[str, Iterable[Columns]] = getattr(tables, "blocks", {})
    return in_blocks[name] if name in in_blocks else (tables[name],)


def write_table(blocks: Iterable[Columns], path: Path) -> list[str]:
    """Write a table as CSV, numbers to ten digits; return names and kinds of its columns."""
    heads: list[str] = []
    with path.open("w", encoding="utf-8", newline="") as file:
        for block in blocks:
            file.write(as_csv(block, with_heads=not heads))
            heads = heads or block.heads
    return heads


def as_csv(table: Columns, *, with_heads: bool = True) -> str:
    """Return a table as the text of a CSV file, numbers to ten digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_heads:
        writer.writerow([csv_text(name) for name in table.names])
    writer.writerows(zip(*map(_cells, table.arrays), strict=True))
    return text.getvalue()


def _cells(array: NDArray[Any]) -> list[Any]:
    """Return the values of a column as texts of a CSV file."""
    values: list[Any] = array.tolist()
    kind = kind_of(array)
    if kind == "number":
        return ["" if value != value else f"{value:.10g}" for value in values]
    return _changed(values, csv_text) if kind == "text" else values


def _changed(values: list[Any], change: Callable[[str], str]) -> list[Any]:
    """Change texts; most columns have few different ones."""
    new = {text: change(text) for text in {value for value in values if isinstance(value, str)}}
    return [new.get(value, value) for value in values]


def write_arrays(arrays: Mapping[str, Any], path: Path) -> None:
    """Write arrays into a compressed .npz file."""
    np.savez_compressed(path, allow_pickle=False, **arrays)


def read_table(manifest: Manifest, name: str) -> Columns:
    """Read a table.

    Parameters
    ----------
    manifest : Manifest
        Manifest of a run or grid, with names, columns and hashes of its tables.
    name : str
        The table.

    Raises
    ------
    ResultError
        If the file differs from what the manifest says.
    """
    path = manifest.check(f"{name}.csv")
    with understood(path):
        return _read(path, manifest["tables"][name], _declared(manifest, name))


def _declared(manifest: Manifest, name: str) -> Table | None:
    """Return the declaration of a table; for a grid, that of the table that it draws."""
    if name == "grid":
        return catalogue.entry(manifest["config"]["command"]).headline.table
    known = manifest.command in catalogue.CATALOGUE
    return catalogue.entry(manifest.command).table(name) if known else None


def _read(path: Path, heads: list[str], declared: Table | None) -> Columns:
    text = path.read_bytes().decode("utf-8").replace("\r", _CARRIAGE_RETURN)
    try:
        first, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    except csv.Error as error:
        raise ResultError(f"{path}: must be a CSV file ({error})") from None
    names, kinds = zip(*(head.rsplit(": ", 1) for head in heads), strict=True)
    if [_text(name) for name in first] != list(names):
        raise ResultError(f"{path}: must have the columns {', '.join(names)}")
    values = zip(*rows, strict=True) if rows else [()] * len(names)
    arrays = [_typed(list(each), kind) for each, kind in zip(values, kinds, strict=True)]
    return Columns(names, arrays, declared)


def _typed(values: list[str], kind: str) -> NDArray[Any]:
    """Return a column of texts as its kind."""
    if kind == "number":
        return np.array([value or "nan" for value in values], dtype=np.float64)
    if kind == "integer":
        return np.array(list(map(int, values)), dtype=np.int64)
    if kind == "boolean":
        return np.array(values, dtype=object) == "True"
    return np.array(_changed(values, _text), dtype=object)


def _text(cell: str) -> str:
    return uncsv(cell.replace(_CARRIAGE_RETURN, "\r"))


def read_arrays(path: Path) -> dict[str, Any]:
    """Read an array file."""
    try:
        with Archive(path) as archive:
            return {name: archive.read(name) for name in archive.names}
    except DataError as error:
        raise ResultError(str(error)) from None
