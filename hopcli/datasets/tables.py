"""Tables of pixels: CSV files and text of numbers, one picture per row."""

from __future__ import annotations

import codecs
import itertools
import math
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.datasets.files import (
    MAX_LINES,
    MAX_PIXELS,
    MAX_TEXT,
    at_most,
    check_file,
    check_images,
    reading,
    refuse,
)
from hopcli.datasets.grey import GreyImages, images_of, two_kinds, written_grey
from hopcli.errors import DataError, HopcliWarning

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from hopcli.datasets.request import Request

_LABELS = ("", "label", "labels", "class", "target", "y", "digit", "name")
_ROWS = "must contain rows of numbers"
_LONGEST_LINE, _LONGEST_HEADER = 8 * MAX_PIXELS, MAX_PIXELS  # characters
_COUNTED = 9  # this many columns numbered from 0 or 1 on are a header
_SEEN = 1000  # cells of the first line that decide about a header
_FLAGS = {"false": 0.0, "true": 1.0}
_NOT_FINITE = ("nan", "inf", "-inf", "+inf", "infinity", "-infinity")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.IGNORECASE)


@contextmanager
def opened(path: Path) -> Iterator[TextIO]:
    """Open a text file in UTF-8, or in UTF-16 with byte order mark, within the limits.

    Raises
    ------
    DataError
        If the file is missing, too large, or no such text.
    """
    check_file(path)
    with reading(path):
        at_most(path, path.stat().st_size, MAX_TEXT, "bytes")
        with path.open("rb") as content:
            mark = content.read(2)
            content.seek(0)
            n_lines = sum(chunk.count(b"\n") for chunk in iter(lambda: content.read(2**20), b""))
        at_most(path, n_lines, MAX_LINES, "lines")
        encoding = "utf-16" if mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        with path.open(encoding=encoding) as file:
            try:
                yield file
            except UnicodeError:
                rule = "must be text in UTF-8 or UTF-16; save it as UTF-8"
                raise DataError(f"{path}: {rule}") from None


def load_csv(request: Request) -> GreyImages:
    """Load a table of pixels, one picture per row, with commas, semicolons, tabs or blanks.

    True and False are read as 1 and 0.

    A column of labels is first or last. With a header it is the column called ``label``,
    ``class``, ``target``, ``y``, ``digit`` or ``name``, or the only one whose name has no number.
    A first line that only counts nine columns or more, from 0 or 1 on, is a header, too.
    Without a header, the first matching rule applies:

    1. The first or last column, if only that column contains text.
    2. None, if all values are of two kinds.
    3. The column whose values differ from the two kinds of all others.
    4. The first column, if that leaves a square number of pixels.

    Parameters
    ----------
    request : Request
        Its path is the file; its size is that of a picture, if rows are not square.

    Raises
    ------
    DataError
        If the file is missing, too large or no such table.
    """
    with opened(request.path) as file:
        lines = ((k, line) for k, line in enumerate(file, start=1) if line.strip())
        return table(lines, request.path, request)


def table(lines: Iterator[tuple[int, str]], path: Path, request: Request) -> GreyImages:
    """Read numbered lines as pictures, see :func:`load_csv`."""
    number, line = next(lines, (0, ""))
    refuse(path, _ROWS, "none", not line)
    mark = next((mark for mark in ",;\t" if mark in line), None)
    at_most(f"{path}: line {number}", len(line), _LONGEST_LINE, "characters")
    at_most(f"{path}: line {number}", line.count(mark or "\0") + 1, MAX_PIXELS, "values")
    line = line.rstrip().rstrip(mark) + "\n"  # no value follows a mark at the end of a line
    has_header, at = _layout(line, mark, f"{path}: line {number}")
    if not has_header:
        lines = itertools.chain([(number, line)], lines)
    texts, values = _rows(lines, mark, at, path)
    labels: NDArray[Any] | None = np.array(texts) if texts else None
    if at is None:
        at = None if has_header else _unnamed(values)
        if at is not None:
            labels, values = values[:, at], np.delete(values, at, axis=1)
        elif values.shape[1] == 1:
            values = values.T
    check_images(path, values.shape)
    images = images_of(written_grey(values, path), path, request.size)
    if len(values) == 1 and request.size is None:
        read = f"{path}: read as one pattern of {values.shape[1]:,} sites"
        hint = "if it contains several, give their --size WIDTHxHEIGHT"
        warnings.warn(f"{read}; {hint}", HopcliWarning, stacklevel=4)
    if labels is None or len(labels) != len(images.grey):  # rows were cut or joined
        return images
    return images.labelled(labels, path)


def _layout(line: str, mark: str | None, where: str) -> tuple[bool, int | None]:
    """Decide from the first line whether it is a header, and where the label column is."""
    cells = [cell.strip(' "\n') for cell in line.split(mark, _SEEN)[:_SEEN]]
    flags = [cell.lower() in _FLAGS for cell in cells]
    are_flags = all(flags[1:-1] or flags)
    is_text = [
        not (is_number(cell) or cell.lower() in _NOT_FINITE or (are_flags and flag))
        for cell, flag in zip(cells, flags, strict=True)
    ]
    if _is_header(cells, is_text):
        at_most(where, len(line), _LONGEST_HEADER, "characters in a header")
        return True, _named([cell.strip(' "\n') for cell in line.split(mark)], where)
    last = line.rsplit(mark, 1)[-1].strip(' "\n').lower()
    is_value = is_number(last) or last in _NOT_FINITE or (are_flags and last in _FLAGS)
    return False, 0 if is_text[0] else None if is_value else -1


def is_number(text: str) -> bool:
    """Return whether a text is a number in digits."""
    return _NUMBER.fullmatch(text.strip()) is not None


def _is_header(cells: list[str], is_text: list[bool]) -> bool:
    """Return whether a first line names columns: it has two texts, or counts the columns."""
    numbers = [cell for cell, text in zip(cells, is_text, strict=True) if not text]
    n_texts = len(cells) - len(numbers)
    counts = [[str(first + k) for k in range(len(numbers))] for first in (0, 1)]
    if n_texts == 1 and cells[is_text.index(True)].lower() not in _LABELS:
        return False
    return n_texts > 1 or (len(numbers) >= (_COUNTED if n_texts == 0 else 2) and numbers in counts)


def _named(names: list[str], where: str) -> int | None:
    """Find the label column by its name: 0, -1, or None if there is none."""
    plain = [k for k, name in enumerate(names) if not re.search(r"\d", name)]
    known = [k for k in plain if names[k].lower() in _LABELS]
    of_labels = known if len(plain) == len(names) else plain
    wrong = len(of_labels) > 1 or not {*of_labels} <= {0, len(names) - 1}
    found = ", ".join(repr(names[k]) for k in of_labels[:5])
    refuse(where, "one column may contain labels, the first or last", found, wrong)
    return None if not of_labels else 0 if of_labels[0] == 0 else -1


def _unnamed(values: NDArray[np.float32]) -> int | None:
    """Find the label column without a header, by the rule of :func:`load_csv`."""
    if values.shape[1] < 3 or two_kinds(values) is not None or values.min() == values.max():
        return None
    for at, others in ((0, values[:, 1:]), (-1, values[:, :-1])):
        if two_kinds(others) is not None:
            return at
    return 0 if math.isqrt(values.shape[1] - 1) ** 2 == values.shape[1] - 1 else None


def _rows(
    lines: Iterator[tuple[int, str]], mark: str | None, at: int | None, path: Path
) -> tuple[list[str], NDArray[np.float32]]:
    """Read the label, if there is one, and the numbers of each line."""
    labels: list[str] = []
    rows: list[NDArray[np.float32]] = []
    for number, line in lines:
        where = f"{path}: line {number}"
        text = line.replace('"', "").strip()
        text = text.rstrip(mark)
        if at is not None:
            cells = text.split(mark, 1) if at == 0 else text.rsplit(mark, 1)
            labels.append(re.sub(r"^(\d+)\.0*$", r"\1", cells[at].strip()))
            text = cells[-1 - at] if len(cells) == 2 else ""
        rows.append(numbers_of(text, mark, where))
        n_values, n_first = len(rows[-1]), len(rows[0])
        if n_values != n_first:
            refuse(where, f"must contain {n_first} values like the first row", n_values)
    refuse(path, _ROWS, "none", not rows or not len(rows[0]))
    return labels, np.stack(rows)


def numbers_of(text: str, mark: str | None, where: str) -> NDArray[np.float32]:
    """Read the numbers of a line, or its True and False as 1 and 0."""
    if text[:1] in "TtFf":
        flags = [cell.strip().lower() for cell in text.split(mark, MAX_PIXELS)]
        if all(flag in _FLAGS for flag in flags):
            return np.array([_FLAGS[flag] for flag in flags], np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # NumPy warns of text that is not a number
        try:
            values = np.fromstring(text, np.float32, sep=mark or " ")
        except (DeprecationWarning, ValueError):
            cells = text.split(mark, MAX_PIXELS)
            wrong = next((cell.strip() for cell in cells if not is_number(cell)), text)
            raise DataError(f"{where}: must contain numbers, found {wrong[:40]!r}") from None
    if not np.isfinite(values).all():
        wrong = text.split(mark)[int(np.argmin(np.isfinite(values)))].strip()
        raise DataError(f"{where}: must contain finite numbers, found {wrong[:40]!r}")
    return values
