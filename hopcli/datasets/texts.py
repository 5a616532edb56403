"""Patterns in text files: drawn with two characters, or written as numbers."""

from __future__ import annotations

import math
import re
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.data import SHIPPED_SHA256, TEXTS
from hopcli.datasets.files import MAX_PIXELS, at_most, check_images, check_shipped, exists, refuse
from hopcli.datasets.grey import GreyImages, pictures_of, written_grey
from hopcli.datasets.tables import is_number, numbers_of, opened, table
from hopcli.errors import DataError, HopcliWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import TextIO

    from numpy.typing import NDArray

    from hopcli.datasets.request import Request, Size

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


def load_text(path: Path, request: Request) -> GreyImages:
    """Load patterns that are drawn with two characters, or written as numbers.

    Drawn: lines are the rows of a picture, a blank line ends it, and a line ending in a colon
    just before a picture names it. Other pictures are called by their number, "1", "2", ... Of
    the two characters ``#`` is ink; otherwise paper is the first of ``.-_~·░□○0oO``, or the
    one with the lower code. Commas or blanks may separate all characters.

    Written: each line of separated numbers is a pattern, see
    :func:`hopcli.datasets.tables.load_csv`. If blank lines or names divide the file, each part is
    a picture. Lines that begin with ``#`` or ``%`` are comments.

    Parameters
    ----------
    path : Path
        A text file in UTF-8, or in UTF-16 with a byte order mark.
    request : Request
        Its size is that of a picture, if each line contains one or more.

    Raises
    ------
    DataError
        If the file is missing, empty or too large, has more than two characters, lines or
        patterns differ in size, or a name contains NUL or occurs twice.
    """
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
