"""The user's own patterns: picture files, and patterns drawn as text."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING

import numpy as np

from hopcli.data import DRAWINGS, SHIPPED_SHA256, TEXTS
from hopcli.datasets.grey import (
    MAX_BYTES,
    GreyImages,
    check_file,
    check_folder,
    exists,
    reading,
)
from hopcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = [
    "EXTENSIONS",
    "MAX_PIXELS",
    "find_text",
    "load_drawings",
    "load_images",
    "load_text",
    "read_picture",
]

EXTENSIONS = (".png", ".jpg", ".jpeg", ".gif", ".bmp")
_FORMATS = ("PNG", "JPEG", "GIF", "BMP")
MAX_PIXELS = 4_000_000
"""Largest picture; a network of so many spins is past use long before."""

_INK, _PAPER = "#", "."


def load_images(directory: Path, size: tuple[int, int] | None) -> GreyImages:
    """Load every picture of a folder as one pattern, in the order of their names.

    The label is the file name without extension. Files with other extensions than
    :data:`EXTENSIONS` and hidden files are passed over.

    Parameters
    ----------
    directory : Path
        The folder.
    size : tuple of int or None
        (width, height) that every picture is resized to; None keeps their own, which
        must then be the same.

    Raises
    ------
    DataError
        If there is no picture, one cannot be read or is too large, two have one name,
        or sizes differ.
    """
    check_folder(directory, "pictures")
    with reading(directory):
        paths = sorted(
            path
            for path in directory.iterdir()
            if path.suffix.lower() in EXTENSIONS and path.is_file() and path.name[0] != "."
        )
    if not paths:
        raise DataError(f"{directory}: must hold pictures ({' '.join(EXTENSIONS)}), found none")
    _check_stems(paths)
    pictures: list[NDArray[np.uint8]] = []
    for path in paths:
        pictures.append(read_picture(path, size))
        shape, first = pictures[-1].shape, pictures[0].shape
        if shape != first:
            raise DataError(
                f"{path}: must be {first[1]} x {first[0]} pixels as {paths[0].name} is (or give a "
                f"size), found {shape[1]} x {shape[0]}"
            )
        if len(paths) * pictures[0].size > MAX_BYTES:
            raise DataError(
                f"{directory}: must hold at most {MAX_BYTES:,} pixels, found "
                f"{len(paths) * pictures[0].size:,}"
            )
    height, width = pictures[0].shape
    grey = np.stack(pictures).reshape(len(paths), -1)
    return GreyImages(grey, np.array([path.stem for path in paths]), (height, width))


def load_drawings(size: tuple[int, int] | None) -> GreyImages:
    """Load the line drawings that ship with hopcli, 128 x 128, grey values 0 and 255."""
    for name in SHIPPED_SHA256[DRAWINGS]:
        _check_shipped(DRAWINGS / name)
    return load_images(DRAWINGS, size)


def _check_shipped(path: Path) -> None:
    """Hold a file to its hash if it is one that ships with hopcli."""
    expected = SHIPPED_SHA256.get(path.parent, {}).get(path.name)
    if expected is None:
        return
    check_file(path)
    with reading(path):
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != expected:
        raise DataError(
            f"{path}: must have SHA-256 {expected}, found {found}; install hopcli again"
        )


def _check_stems(paths: list[Path]) -> None:
    """Refuse two files that would give one label."""
    seen: dict[str, Path] = {}
    for path in paths:
        if path.stem in seen:
            raise DataError(
                f"{path}: each picture must have its own name, found also {seen[path.stem].name}"
            )
        seen[path.stem] = path


def read_picture(path: Path, size: tuple[int, int] | None) -> NDArray[np.uint8]:
    """Read the first frame of a picture as grey values, uint8, shape (height, width)."""
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    with reading(path), warnings.catch_warnings():
        # Pillow warns of large or odd files; the first is refused here, the others are read.
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(path, formats=_FORMATS)
        except Image.DecompressionBombError:
            raise DataError(
                f"{path}: must have at most {MAX_PIXELS:,} pixels, found more"
            ) from None
        except UnidentifiedImageError:
            raise DataError(f"{path}: must be PNG, JPEG, GIF or BMP, found none of them") from None
        with picture:
            n_pixels = picture.width * picture.height
            if n_pixels > MAX_PIXELS:
                raise DataError(
                    f"{path}: must have at most {MAX_PIXELS:,} pixels, found {n_pixels:,}"
                )
            grey = _to_grey(picture)
            if size is not None and grey.size != size:
                grey = grey.resize(size, Image.Resampling.LANCZOS)
            return np.array(grey, dtype=np.uint8)


def _to_grey(picture: Image) -> Image:
    """Turn a picture upright and grey; transparent is white, 16 bits become 8."""
    from PIL import Image, ImageOps

    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L")


def find_text(path: Path) -> Path:
    """Find a text of patterns: a file, else one of this name that ships with hopcli."""
    shipped = TEXTS / f"{path.name}.txt"
    bare = path.name == str(path) and not exists(path)
    return shipped if bare and shipped.name in SHIPPED_SHA256[TEXTS] else path


def load_text(path: Path) -> GreyImages:
    """Load patterns drawn with ``#`` (255) and ``.`` (0), a blank line between two.

    A line ending in a colon just before a pattern names it; others are called by their
    place, "1", "2", ...

    Parameters
    ----------
    path : Path
        A text file in UTF-8.

    Raises
    ------
    DataError
        If the file is missing or empty, a character is another, lines or patterns differ
        in size, or a name comes twice.
    """
    check_file(path)
    _check_shipped(path)
    with reading(path):
        if path.stat().st_size > MAX_BYTES // 16:
            raise DataError(
                f"{path}: must have at most {MAX_BYTES // 16:,} bytes, found "
                f"{path.stat().st_size:,}"
            )
        text = path.read_text(encoding="utf-8-sig")
    patterns: dict[str, NDArray[np.uint8]] = {}
    for number, lines in _blocks(text):
        name = str(len(patterns) + 1)
        if lines[0].endswith(":"):
            name, number, lines = lines[0][:-1].strip() or name, number + 1, lines[1:]
        pattern = _draw(lines, number, path)
        shape = next(iter(patterns.values()), pattern).shape
        if pattern.shape != shape:
            raise DataError(
                f"{path}: line {number}: patterns must all be {shape[1]} x {shape[0]}, found "
                f"{pattern.shape[1]} x {pattern.shape[0]}"
            )
        if name in patterns:
            raise DataError(
                f"{path}: line {number}: each pattern must have its own name, found {name!r} again"
            )
        patterns[name] = pattern
    if not patterns:
        raise DataError(f"{path}: must hold patterns drawn with '#' and '.', found none")
    height, width = pattern.shape
    grey = np.stack(list(patterns.values())).reshape(len(patterns), -1)
    return GreyImages(grey, np.array(list(patterns)), (height, width))


def _blocks(text: str) -> list[tuple[int, list[str]]]:
    """Split text at blank lines into (number of the first line, lines)."""
    blocks: list[tuple[int, list[str]]] = []
    fresh = True
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped and fresh:
            blocks.append((number, []))
        if stripped:
            blocks[-1][1].append(stripped)
        fresh = not stripped
    return blocks


def _draw(lines: list[str], number: int, path: Path) -> NDArray[np.uint8]:
    """Turn the lines of one pattern into grey values, uint8, shape (height, width)."""
    if not lines:
        raise DataError(f"{path}: line {number}: must draw the pattern named above, found nothing")
    for offset, line in enumerate(lines):
        where = f"{path}: line {number + offset}"
        wrong = line.strip(_INK + _PAPER)
        if wrong:
            raise DataError(f"{where}: must be drawn with '#' and '.', found {wrong[0]!r}")
        if len(line) != len(lines[0]):
            raise DataError(
                f"{where}: must be {len(lines[0])} wide as the line where the pattern begins, "
                f"found {len(line)}"
            )
    ink = np.array([list(line) for line in lines]) == _INK
    return np.where(ink, np.uint8(255), np.uint8(0))
