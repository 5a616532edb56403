"""A published table of recall: its percentages, converted to counts."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hopcli.errors import DataError
from hopcli.records import Ints
from hopcli.study import AUTHORS_RECALL

_LARGEST = 10_000_000  # bytes
_ROUNDING = 1e-6


class Published(NamedTuple):
    """Counts of images recalled.

    Attributes
    ----------
    labels : tuple of str
        Label of each column.
    counts : ndarray of int64, shape (repeats, labels)
        Test images recalled, 0 to `tests`.
    """

    labels: tuple[str, ...]
    counts: Ints


def read_published(file: str | None, tests: int, known: Sequence[str]) -> Published:
    """Read a table of percentages, with one row per repeat and one column per label.

    Parameters
    ----------
    file : str or None
        Path of a CSV file; None stands for the authors' own table.
    tests : int
        Number of test images behind each percentage.
    known : sequence of str
        The known labels.

    Raises
    ------
    DataError
        If there is no such table, or a percentage is not a whole number of images.
    """
    name = "the authors' table" if file is None else file
    head, *lines = _lines(AUTHORS_RECALL if file is None else Path(file))
    labels = [label for label in head if label != "repeat"]
    _check_labels(name, labels, known)
    if not lines:
        raise DataError(f"{name}: must have a line a repeat below the labels, found none")
    rows = [_counts(name, number, head, line, tests) for number, line in enumerate(lines, start=2)]
    return Published(tuple(labels), np.array(rows, dtype=np.int64))


def _lines(path: Path) -> list[list[str]]:
    """Return the fields of each line that is not empty."""
    rule = "must be a CSV file of percentages"
    try:
        if not path.is_file():
            raise DataError(f"{path}: {rule}, {'is no file' if path.exists() else 'no such file'}")
        if path.stat().st_size > _LARGEST:
            raise DataError(f"{path}: {rule}, found {path.stat().st_size:,} bytes")
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [[field.strip() for field in line] for line in csv.reader(file) if any(line)]
    except OSError as error:
        raise DataError(f"{path}: {rule}; cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, csv.Error):
        raise DataError(f"{path}: {rule}, found other data") from None
    if not lines:
        raise DataError(f"{path}: {rule}, is empty")
    return lines


def _check_labels(table: str, labels: list[str], known: Sequence[str]) -> None:
    """Raise an error if a column is not a label."""
    rule = f"must begin with a line of labels ({', '.join(known[:20])})"
    for label in labels:
        if label not in known:
            raise DataError(f"{table}: {rule}, found {label!r:.80}")
    if len(set(labels)) < max(len(labels), 1):
        raise DataError(f"{table}: {rule}, each once, found {','.join(labels)!r:.80}")


def _counts(table: str, number: int, head: list[str], line: list[str], tests: int) -> list[int]:
    """Return the counts of a line."""
    if len(line) != len(head):
        raise DataError(f"{table}: line {number} must have {len(head)} fields, found {len(line)}")
    counts = []
    for label, text in zip(head, line, strict=True):
        if label != "repeat":
            count = _percentage(text) * tests / 100
            if not 0 <= count <= tests or abs(count - round(count)) > _ROUNDING:
                rule = f"line {number} must have percentages of {tests:,} images"
                raise DataError(f"{table}: {rule}, found {text!r:.80}")
            counts.append(round(count))
    return counts


def _percentage(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
