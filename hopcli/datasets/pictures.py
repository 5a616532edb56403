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
    as_text,
    check_file,
    check_folder,
    exists,
    reading,
)
from hopcli.datasets.thresholds import levels
from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from hopcli.datasets.request import Request, Size

__all__ = [
    "EXTENSIONS",
    "FORMATS",
    "MAX_PIXELS",
    "check_different",
    "find_text",
    "load_drawings",
    "load_images",
    "load_text",
    "read_picture",
]

EXTENSIONS = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff")
FORMATS = ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF")
MAX_PIXELS = 4_000_000
"""Largest picture; a network of so many spins is past use long before."""
_MOST_READ = 100_000_000  # pixels of a photograph that is to be resized

_INK, _PAPER = "#", "."


def load_images(path: Path, request: Request) -> GreyImages:
    """Load every picture of a folder as one pattern, in the order of their names; or one.

    The label is the file name without extension. Files with other extensions than
    :data:`EXTENSIONS` and hidden files are passed over.

    Parameters
    ----------
    path : Path
        The folder, or the file of a single picture.
    request : Request
        Size that pictures are brought to (without one they must have the same), threshold,
        and which side of it is paper.

    Raises
    ------
    DataError
        If there is no picture, one cannot be read or is too large, two have one name,
        or sizes differ.
    """
    is_folder = exists(path) and path.is_dir()
    if path.suffix.lower() in EXTENSIONS and not is_folder:  # whether it is there or not
        return _load([path], path, request)
    check_folder(path, "pictures")
    with reading(path):
        paths = sorted(
            file
            for file in path.iterdir()
            if file.suffix.lower() in EXTENSIONS and file.is_file() and file.name[0] != "."
        )
    if not paths:
        raise DataError(f"{path}: must hold pictures ({' '.join(EXTENSIONS)}), found none")
    return _load(paths, path, request)


def _load(paths: list[Path], where: Path, request: Request) -> GreyImages:
    """Load these pictures, which must have names of their own and one size."""
    _check_stems(paths)
    pictures: list[NDArray[np.uint8]] = []
    found = np.empty(len(paths), np.uint8)
    for k, path in enumerate(paths):
        grey = read_picture(path, request.size)
        found[k] = levels(grey.reshape(1, -1), request.threshold)[0]
        _check_not_blank(path, grey, int(found[k]), request)
        pictures.append(_on_paper(grey, request))
        shape, first = pictures[-1].shape, pictures[0].shape
        if shape != first:
            raise DataError(
                f"{path}: must be {first[1]} x {first[0]} pixels as {paths[0].name} is (or give a "
                f"size), found {shape[1]} x {shape[0]}"
            )
        if len(paths) * pictures[0].size > MAX_BYTES:
            raise DataError(
                f"{where}: must hold at most {MAX_BYTES:,} pixels, found "
                f"{len(paths) * pictures[0].size:,}"
            )
    height, width = pictures[0].shape
    return GreyImages(
        np.stack(pictures).reshape(len(paths), -1),
        np.array([as_text(path.stem) for path in paths]),
        (height, width),
        levels=found,
        files=tuple(paths),
    )


def _check_not_blank(path: Path, grey: NDArray[np.uint8], level: int, request: Request) -> None:
    """Refuse a picture that would be all ink or all paper."""
    low, high = int(grey.min()), int(grey.max())
    if low == high:
        hint = " (try another --size)" if request.size is not None else ""
        raise DataError(f"{path}: must not be blank, all its pixels have grey value {low}{hint}")
    if level < low or level >= high:
        found = f"all its grey values, {low} to {high}, are on one side of threshold {level}"
        raise DataError(f"{path}: must not be blank, {found} (try --threshold otsu)")


def _on_paper(grey: NDArray[np.uint8], request: Request) -> NDArray[np.uint8]:
    """Put a picture in the middle of a sheet of the size that is asked for."""
    if request.size is None:
        return grey
    width, height, _ = request.size
    sheet = np.full((height, width), 255 if request.invert else 0, np.uint8)
    top, left = (height - grey.shape[0]) // 2, (width - grey.shape[1]) // 2
    sheet[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
    return sheet


def check_different(
    spins: NDArray[np.int8], files: Sequence[Path], threshold: int | str, *, resized: bool
) -> None:
    """Refuse pictures that a network cannot tell apart.

    Parameters
    ----------
    spins : ndarray of int8, shape (n, N)
        The pictures as spins, values -1 or +1.
    files : sequence of Path
        Where each comes from.
    threshold : int or str
        How grey values became spins.
    resized : bool
        Whether pictures were brought to a size.

    Raises
    ------
    DataError
        If two pictures are equal or each other's inverse; it names the files, and what
        may help.
    """
    other = "otsu" if isinstance(threshold, int) else "mean" if threshold == "otsu" else "otsu"
    hints = f"--threshold {other}" + (" or another --size" if resized else "")
    seen: dict[bytes, int] = {}
    for k, picture in enumerate(spins):
        # The first pixel tells a picture from its inverse.
        first = seen.setdefault(np.packbits(picture == picture[0]).tobytes(), k)
        if first != k:
            how = "equal to" if picture[0] == spins[first, 0] else "the inverse of"
            raise DataError(
                f"{files[k]}: must differ from {files[first].name}, is {how} it with threshold "
                f"{threshold} (try {hints}, or leave one out)"
            )


def load_drawings(request: Request) -> GreyImages:
    """Load the line drawings that ship with hopcli, 128 x 128, grey values 0 and 255."""
    for name in SHIPPED_SHA256[DRAWINGS]:
        _check_shipped(DRAWINGS / name)
    return load_images(DRAWINGS, request)


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


def read_picture(path: Path, size: Size | None) -> NDArray[np.uint8]:
    """Read the first frame of a picture as grey values.

    Parameters
    ----------
    path : Path
        A file of one of :data:`FORMATS`.
    size : Size or None
        What to resize it to, by averaging over the area of each new pixel. It keeps its
        proportions, so that one side may be shorter, unless it is to be cropped.

    Returns
    -------
    ndarray of uint8, shape (height, width)
        Grey values 0..255.

    Raises
    ------
    DataError
        If it cannot be read or is too large.
    """
    from PIL import Image, UnidentifiedImageError

    check_file(path)
    with reading(path), warnings.catch_warnings():
        # Pillow warns of large or odd files; the first is refused here, the others are read.
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(path, formats=FORMATS)
        except Image.DecompressionBombError:
            raise DataError(
                f"{path}: must have at most {_MOST_READ:,} pixels, found more"
            ) from None
        except UnidentifiedImageError:
            known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
            raise DataError(f"{path}: must be {known}, found none of them") from None
        with picture:
            n_pixels = picture.width * picture.height
            most = MAX_PIXELS if size is None else _MOST_READ
            if n_pixels > most:
                hint = " (or give a size)" if n_pixels <= _MOST_READ else ""
                raise DataError(
                    f"{path}: must have at most {most:,} pixels{hint}, found {n_pixels:,}"
                )
            if picture.mode == "F":
                raise DataError(f"{path}: must have grey values of 8 or 16 bits, found float")
            if size is not None and n_pixels > MAX_PIXELS:
                picture.draft(None, (2 * max(size[:2]),) * 2)  # a JPEG, shrunk while it is decoded
            grey = _to_grey(picture, size)
            return np.array(grey if size is None else _resize(grey, size), dtype=np.uint8)


def _to_grey(picture: Image, size: Size | None) -> Image:
    """Turn a picture upright and grey; transparent is white, 16 bits become 8."""
    from PIL import Image, ImageOps

    picture.load()
    if size is not None and picture.mode in ("L", "LA", "RGB", "RGBA"):
        # Large ones first by a whole factor: the rest is done on a fraction of the memory.
        factor = min(picture.size) // (2 * max(size[:2]))
        if factor > 1 and picture.width * picture.height > MAX_PIXELS:
            orientation = picture.getexif()
            picture = picture.reduce(factor)
            picture.getexif().update(orientation)
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("L")


def _resize(grey: Image, size: Size) -> Image:
    """Resize by averaging over areas, proportions kept: into the size, or to fill it."""
    from PIL.Image import Resampling

    width, height, crop = size
    scales = width / grey.width, height / grey.height
    if crop:
        scale = max(scales)
        left = (grey.width - width / scale) / 2
        top = (grey.height - height / scale) / 2
        kept = (max(0.0, left), max(0.0, top), grey.width - left, grey.height - top)
        box = (*kept[:2], min(kept[2], grey.width), min(kept[3], grey.height))
        return grey.resize((width, height), Resampling.BOX, box=box)
    scale = min(scales)
    inner = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return grey.resize(inner, Resampling.BOX)


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
        in size, or a name has a NUL or comes twice.
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
        if "\0" in name:  # NumPy would cut it off at the end
            raise DataError(
                f"{path}: line {number - 1}: must be a name without NUL, found {name!r}"
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
