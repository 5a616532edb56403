"""Patterns in text files: drawn with two characters, or written as numbers."""

from __future__ import annotations

import codecs
import itertools
import math
import re
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hopcli.data import SHIPPED_SHA256, TEXTS
from hopcli.datasets.grey import (
    MAX_LINES,
    MAX_PIXELS,
    MAX_TEXT,
    GreyImages,
    Request,
    Size,
    at_most,
    check_file,
    check_images,
    check_shipped,
    exists,
    images_of,
    pictures_of,
    reading,
    refuse,
    two_kinds,
    written_grey,
)
from hopcli.errors import DataError, HopcliWarning
from hopcli.records import NDArray, np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO


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


_PAPER = ".-_~·░□○0oO"  # lightest first; all other characters are ink
_ALONE = "#.10"  # characters with a clear meaning even alone
_TO_DECIDE = 100  # lines that decide between drawing and numbers
_SMALL_SIDE = 3  # of a picture that a line might contain
_LONGEST = 2 * MAX_PIXELS  # characters of a picture, with separators
_SEPARATOR = re.compile(r"[,;\s]+")
_COMMENT = ("#", "%")
_RULE = (
    "must be drawn with two characters such as '#' and '.', or contain numbers (other files: "
    "csv:FILE, npy:FILE, npz:FILE, images:FILE)"
)


def find_text(path: Path) -> Path:
    """Find a text of patterns: a file, otherwise one of this name that ships with hopcli."""
    shipped = TEXTS / f"{path.name}.txt"
    bare = path.name == str(path) and not exists(path)
    return shipped if bare and shipped.name in SHIPPED_SHA256[TEXTS] else path


def load_text(request: Request) -> GreyImages:
    """Load patterns that are drawn with two characters, or written as numbers.

    Drawn: lines are the rows of a picture, a blank line ends it, and a line ending in a colon
    just before a picture names it. Other pictures are called by their number, "1", "2", ... Of
    the two characters ``#`` is ink; otherwise paper is the first of ``.-_~·░□○0oO``, or the
    one with the lower code. Commas or blanks may separate all characters.

    Written: each line of separated numbers is a pattern, see
    :func:`hopcli.datasets.texts.load_csv`. If blank lines or names divide the file, each part is
    a picture. Lines that begin with ``#`` or ``%`` are comments.

    Parameters
    ----------
    request : Request
        Its path is a text file in UTF-8, or in UTF-16 with a byte order mark, or the name of one
        that ships with hopcli; its size is that of a picture, if each line contains one or more.

    Raises
    ------
    DataError
        If the file is missing, empty or too large, has more than two characters, lines or
        patterns differ in size, or a name contains NUL or occurs twice.
    """
    path = find_text(request.path)
    check_shipped(path)
    with opened(path) as file:
        written, parted = _is_written(file), _is_parted(file)
        if written and not parted:
            lines = (
                (number, line)
                for number, line in enumerate(file, start=1)
                if line.strip() and not line.lstrip().startswith(_COMMENT)
            )
            return table(lines, path, request)
        parts = list(_parts(_blocks(file, path, written=written), path))
    refuse(path, "must contain patterns drawn with '#' and '.'", "none", not parts)
    shape = _shape_of(parts, path)
    check_images(path, (len(parts), *shape))
    grey = _grey_of_numbers(parts, path) if written else _grey_of_drawings(parts, path, shape[1])
    grey, shape = _pictures(grey.reshape(-1, *shape), path, request.size)
    if len(grey) != len(parts):
        return GreyImages(grey, None, shape)
    names = np.array([part.name for part in parts])
    return GreyImages(grey, names, shape, named=np.array([part.named for part in parts]))


def _pictures(
    grey: NDArray[np.uint8], path: Path, size: Size | None
) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """Return drawings as they are, or cut their lines into pictures of a size."""
    n_parts, height, width = grey.shape
    if size is not None and (width, height) != size[:2]:
        n_pixels = size[0] * size[1]
        whole = width % n_pixels == 0 or (width == size[0] and height % size[1] == 0)
        return pictures_of(grey.reshape(-1, width) if whole else grey, path, size)
    side = math.isqrt(width)
    if n_parts == 1 and 1 < height < width and side >= _SMALL_SIDE and side * side == width:
        read = f"{path}: read as one pattern of {width} x {height}"
        hint = f"if each line is a pattern, give --size {side}x{side}"
        warnings.warn(f"{read}; {hint}", HopcliWarning, stacklevel=4)
    return pictures_of(grey, path, size)


class _Part(NamedTuple):
    """Picture: name, True if the file gives the name, number of the first line, rows."""

    name: str
    named: bool
    line: int
    rows: list[str]


def _is_written(file: TextIO) -> bool:
    """Return whether one of the first lines has separated numbers, a sign or words."""
    alone = []  # lines of one word
    for _, line in zip(range(_TO_DECIDE), file, strict=False):
        text = line.strip()
        if not text or text.startswith(_COMMENT) or text.endswith(":"):
            continue
        cells = _SEPARATOR.split(text[:1000])[:-1] if len(text) > 1000 else _SEPARATOR.split(text)
        words = [cell for cell in cells if len(cell) > 1]
        if len(cells) > 1 and (
            all(map(is_number, cells)) or any(is_number(word) or len(word) > 2 for word in words)
        ):
            return True
        if len(cells) == 1:
            alone.append(cells[0])
    return all(map(is_number, alone)) and not all(word.isdigit() for word in alone)


def _is_parted(file: TextIO) -> bool:
    """Return whether blank lines or names divide a file, which is read from the beginning."""
    file.seek(0)
    parted = was_blank = started = False
    for line in file:
        text = line.strip()
        parted |= text.endswith(":") or (bool(text) and started and was_blank)
        was_blank, started = not text, started or bool(text)
    file.seek(0)
    return parted


def _blocks(file: TextIO, path: Path, *, written: bool) -> Iterator[tuple[int, list[str]]]:
    """Split text at blank lines into (number of the first line, lines)."""
    block: list[str] = []
    first = n_characters = 0
    for number, line in enumerate(file, start=1):
        text = line.strip()
        if written and text.startswith(_COMMENT):
            continue
        if not text and block:
            yield first, block
            block, n_characters = [], 0
        if text:
            first = first if block else number
            block.append(text)
            n_characters += len(text)
        at_most(f"{path}: line {number}", n_characters, _LONGEST, "characters in a pattern")
    if block:
        yield first, block


def _parts(blocks: Iterable[tuple[int, list[str]]], path: Path) -> Iterator[_Part]:
    """Separate the names from blocks of lines."""
    names: set[str] = set()
    for number, lines in blocks:
        name, named, line = str(len(names) + 1), False, number
        if lines[0].endswith(":"):
            given = lines[0][:-1].strip()
            name, named, line, lines = given or name, bool(given), number + 1, lines[1:]
        rule = "must draw the pattern named above"
        refuse(f"{path}: line {line}", rule, "nothing", not lines)
        wrong = name in names or "\0" in name  # NumPy would cut off a NUL at the end
        rule = "each pattern must have its own name, without NUL"
        refuse(f"{path}: line {number}", rule, repr(name), wrong)
        names.add(name)
        yield _Part(name, named, line, lines)


def _shape_of(parts: list[_Part], path: Path) -> tuple[int, int]:
    """Return the common height and width of all pictures."""
    shape = len(parts[0].rows), _n_values(parts[0].rows[0])
    for part in parts:
        widths = list(map(_n_values, part.rows))
        other = next((k for k, width in enumerate(widths) if width != widths[0]), None)
        if other is not None:
            rule = f"must be {widths[0]} wide like the first line of the pattern"
            refuse(f"{path}: line {part.line + other}", rule, widths[other])
        rule, own = f"patterns must all be {shape[1]} x {shape[0]}", (len(widths), widths[0])
        refuse(f"{path}: line {part.line}", rule, f"{own[1]} x {own[0]}", own != shape)
    return shape


def _n_values(line: str) -> int:
    """Count the values in a line: characters, or separated parts."""
    return len(_SEPARATOR.split(line.strip(",;"))) if _SEPARATOR.search(line) else len(line)


def _grey_of_numbers(parts: list[_Part], path: Path) -> NDArray[np.uint8]:
    """Return the grey values of pictures that are written as numbers."""
    rows = [
        numbers_of(_SEPARATOR.sub(" ", " ".join(part.rows)), None, f"{path}: line {part.line}")
        for part in parts
    ]
    return written_grey(np.stack(rows), path)


def _grey_of_drawings(parts: list[_Part], path: Path, width: int) -> NDArray[np.uint8]:
    """Return the grey values of pictures that are drawn: ink is 255."""
    separated = _SEPARATOR.search(parts[0].rows[0]) is not None
    kinds: list[str] = []  # in the order of the file
    texts = []
    for part in parts:
        for number, row in enumerate(part.rows, start=part.line):
            where = f"{path}: line {number}"
            text = _SEPARATOR.sub("", row) if separated else row
            if len(text) != width:  # words, or separators in some lines only
                refuse(where, _RULE, repr(row[:40]))
            kinds += [kind for kind in dict.fromkeys(text) if kind not in kinds]
            wrong = [kind for kind in kinds if not kind.isprintable()] or kinds[2:]
            if wrong:
                others = "".join(f", {kind!r}" for kind in kinds[:2] if kind != wrong[0])
                raise DataError(f"{where}: {_RULE}, found {wrong[0]!r}{others}")
            texts.append(text)
    refuse(path, f"{_RULE}, not with ':', which ends a name", wrong=":" in kinds)
    ink = _ink(kinds, texts, separated, path)
    drawn = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32) == ord(ink)
    return np.where(drawn, np.uint8(255), np.uint8(0)).reshape(len(parts), -1)


def _ink(kinds: list[str], texts: list[str], separated: bool, path: Path) -> str:
    """Return the ink among the characters of a file."""
    alone = len(kinds) == 1 and (separated or kinds[0] not in _ALONE)
    refuse(path, _RULE, f"{kinds[0]!r} alone (a blank is no paper)", alone)
    joined = set(kinds) == {"-", "1"} and not any("--" in row or row[-1] == "-" for row in texts)
    refuse(path, "-1 and 1 must be separated", repr(texts[0][:40]), joined)
    if kinds == ["."] or kinds == ["0"]:
        return "#"
    ranks = [(kind == "#", kind not in _PAPER, _PAPER.find(kind), ord(kind)) for kind in kinds]
    return kinds[ranks.index(max(ranks))]
