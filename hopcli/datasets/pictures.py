"""The user's own pictures: files of all supported formats, page by page."""

from __future__ import annotations

import tomllib
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hopcli.data import DRAWINGS, SHIPPED_SHA256
from hopcli.datasets.grey import (
    MAX_BYTES,
    MAX_IMAGES,
    MAX_PIXELS,
    MAX_READ,
    GreyImages,
    Request,
    Size,
    as_grey,
    as_text,
    at_most,
    check_file,
    check_folder,
    check_shipped,
    eight_bits,
    exists,
    reading,
    refuse,
)
from hopcli.datasets.thresholds import RULE, THRESHOLDS, binarise, is_threshold, levels
from hopcli.errors import DataError, HopcliWarning
from hopcli.records import NDArray, Spins, np

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from PIL.Image import Image


TREATMENTS = "pictures.toml"
"""Name of the file."""

_LARGEST = 2**20  # bytes


def read_treatments(
    where: Path, paths: Sequence[Path], request: Request
) -> dict[Path, tuple[int | str, bool]]:
    """Return threshold and inversion of each picture: its own, otherwise the requested ones.

    Parameters
    ----------
    where : Path
        Folder of the file, or a single picture beside it. Each key of the file is the name of
        a picture, with or without extension and with the subfolder if there is one. Its table
        contains ``threshold``, ``invert`` or both: ``cat = {threshold = 60, invert = true}``.
    paths : sequence of Path
        The pictures.
    request : Request
        Threshold and inversion of all other pictures.

    Returns
    -------
    dict of Path to (int or str, bool)
        The threshold, 0..255 or the method that finds it; True if dark pixels become +1.

    Raises
    ------
    DataError
        If the file cannot be read, or contains an impossible value or the name of no picture.
    """
    found = dict.fromkeys(paths, (request.threshold, request.invert))
    folder = where.parent if paths == [where] else where
    file = folder / TREATMENTS
    if not exists(file):
        return found
    names: dict[str, Path] = {}
    for path in paths:
        for named in (path, path.with_suffix("")):
            names[named.relative_to(folder).as_posix()] = path
    check_file(file)
    with reading(file):
        at_most(file, file.stat().st_size, _LARGEST, "bytes")
        described = tomllib.loads(file.read_text(encoding="utf-8"))
    for name, values in described.items():
        if name in names:
            found[names[name]] = _treatment(f"{file}: {name}", values, request)
        elif folder == where:
            raise DataError(f"{file}: {name!r:.80} is no picture of this folder")
    return found


def _treatment(where: str, values: Any, request: Request) -> tuple[int | str, bool]:
    if not isinstance(values, dict) or not {*values} <= {"threshold", "invert"}:
        raise DataError(f"{where}: must be {{threshold = 60, invert = true}}, or one of the two")
    own = replace(request, **values)
    if not is_threshold(own.threshold):
        raise DataError(f"{where}: threshold {RULE}, found {own.threshold!r:.80}")
    if not isinstance(own.invert, bool):
        raise DataError(f"{where}: invert must be true or false, found {own.invert!r:.80}")
    return own.threshold, own.invert


_EXTENSIONS = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "GIF": (".gif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "WEBP": (".webp",),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".pbm", ".pgm", ".ppm", ".pnm", ".pfm"),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "ICO": (".ico",),
    "SGI": (".sgi",),
}
FORMATS = tuple(_EXTENSIONS)
EXTENSIONS = tuple(extension for of_one in _EXTENSIONS.values() for extension in of_one)
_MOST_NAMED = 5  # files named in a message


def load_images(path: Path, request: Request) -> GreyImages:
    """Load every picture of a folder as one pattern, in the order of names; or one file.

    The label is the file name without extension. The pages of a TIFF file and the frames of an
    animation are pictures of their own, labelled ``name-1``, ``name-2``, ... If the folder
    contains pictures only in subfolders, the label is the name of the subfolder.

    Parameters
    ----------
    path : Path
        The folder, or the file of a single picture.
    request : Request
        Target size of pictures (without one they must have equal sizes), threshold, and the
        side of it that is paper; for single pictures see
        :func:`hopcli.datasets.pictures.read_treatments`.

    Raises
    ------
    DataError
        If there is no picture, one cannot be read or is too large, two have the same name,
        or sizes differ.

    Warns
    -----
    HopcliWarning
        If the folder contains any other file that is not hidden.
    """
    is_folder = exists(path) and path.is_dir()
    if path.suffix.lower() in EXTENSIONS and not is_folder:  # also if the file does not exist
        return _load([path], path, request)
    with reading(path):
        path.stat()  # which fails if there is none
    check_folder(path, f"pictures, or a picture ({' '.join(EXTENSIONS)})")
    with reading(path):
        entries = _visible(path)
        paths = [entry for entry in entries if _is_picture(entry)]
        classes: dict[Path, list[Path]] = {}
        if not paths:
            inside = {e: [*filter(_is_picture, _visible(e))] for e in entries if e.is_dir()}
            classes = {folder: found for folder, found in inside.items() if found}
            paths = [picture for found in classes.values() for picture in found]
    used = {*paths, *classes}
    others = [entry.name for entry in entries if entry not in used and entry.name != TREATMENTS]
    named = ", ".join(others[:_MOST_NAMED]) + (", ..." if len(others) > _MOST_NAMED else "")
    rule = f"must contain pictures ({' '.join(EXTENSIONS)})"
    refuse(path, rule, named or "none", not paths)
    if others:
        warnings.warn(
            f"{path}: {len(entries)} entries, {len(entries) - len(others)} read as "
            f"{'folders of ' if classes else ''}pictures; skipped: {named}",
            HopcliWarning,
            stacklevel=3,
        )
    return _load(paths, path, request, in_classes=bool(classes))


def _visible(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.name[0] != ".")


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in EXTENSIONS and not path.is_dir()


def _load(
    paths: list[Path], where: Path, request: Request, *, in_classes: bool = False
) -> GreyImages:
    """Load pictures, which must have different names, unless in classes, and equal sizes."""
    pictures: list[NDArray[np.uint8]] = []
    found: list[tuple[int, bool]] = []
    names: list[str] = []  # file, and page if it has several
    first_of: dict[str, str] = {}  # label: its first picture
    labels: list[str] = []
    for path, (threshold, invert) in read_treatments(where, paths, request).items():
        own = replace(request, threshold=threshold, invert=invert)
        pages = read_pages(path, request.size)
        for number, page in enumerate(pages, start=1):
            stem = as_text(path.parent.name if in_classes else path.stem)
            label = f"{stem}-{number}" if len(pages) > 1 and not in_classes else stem
            name = f"{path} page {number}" if len(pages) > 1 else str(path)
            if first_of.setdefault(label, name) != name and not in_classes:
                refuse(name, "each picture must have its own name", f"also {first_of[label]}")
            level = int(levels(page.reshape(1, -1), threshold)[0])
            _check_not_blank(name, page, level, own)
            names.append(name)
            labels.append(label)
            found.append((level, invert))
            pictures.append(_on_paper(page, own))
            shape, first = pictures[-1].shape, pictures[0].shape
            pixels = f"{first[1]} x {first[0]} pixels like {names[0]} (or give a size)"
            refuse(name, f"must have {pixels}", f"{shape[1]} x {shape[0]}", shape != first)
        n_images = max(len(pictures), len(paths))
        at_most(where, n_images * pictures[0].size, MAX_BYTES, "pixels")
    return GreyImages(
        np.stack(pictures).reshape(len(pictures), -1),
        np.array(labels),
        pictures[0].shape,
        levels=np.array([level for level, _ in found], np.uint8),
        inverted=np.array([invert for _, invert in found]),
        files=tuple(names),
    )


def _check_not_blank(name: str, grey: NDArray[np.uint8], level: int, request: Request) -> None:
    """Refuse a picture that would be all ink or all paper."""
    low, high = int(grey.min()), int(grey.max())
    if low <= level < high:
        return
    hint = f" (try --threshold {'mean' if request.threshold == 'otsu' else 'otsu'})"
    if low == high:
        hint = " (try another --size)" if request.size else ""
    found = f"{low} to {high}, are on one side of threshold {level}{hint}"
    raise DataError(f"{name}: must not be blank: all its grey values, {found}")


def _on_paper(grey: NDArray[np.uint8], request: Request) -> NDArray[np.uint8]:
    """Put a picture in the middle of a sheet of the requested size."""
    if request.size is None:
        return grey
    width, height, _ = request.size
    sheet = np.full((height, width), 255 if request.invert else 0, np.uint8)
    top, left = (height - grey.shape[0]) // 2, (width - grey.shape[1]) // 2
    sheet[top : top + grey.shape[0], left : left + grey.shape[1]] = grey
    return sheet


def check_different(
    spins: Spins,
    files: Sequence[str],
    threshold: int | str,
    grey: NDArray[np.uint8],
) -> None:
    """Refuse pictures that are the same to a network.

    Parameters
    ----------
    spins, grey : ndarray of int8 and of uint8, shape (n, N)
        The pictures as spins, values -1 or +1, and as grey values.
    files : sequence of str
        File of each picture.
    threshold : int or str
        The threshold that made grey values spins.

    Raises
    ------
    DataError
        If two pictures are equal or each other's inverse; it names the files and possible
        remedies.
    """
    seen: dict[bytes, int] = {}
    for k, picture in enumerate(spins):
        # The first pixel distinguishes a picture from its inverse.
        first = seen.setdefault(np.packbits(picture == picture[0]).tobytes(), k)
        if first != k:
            how = "equal to" if picture[0] == spins[first, 0] else "the inverse of"
            tried = ""
            for name in THRESHOLDS:  # by which the two would also differ from an inverse
                pair = grey[[first, k]]
                other = binarise(pair, levels(pair, name), False).astype(np.int64)
                if abs(int(other[0] @ other[1])) < other.shape[1]:
                    tried += f"try --threshold {name}, or "
            rule = f"must differ from {files[first]}, but is {how} it with threshold"
            refuse(files[k], f"{rule} {threshold} ({tried}leave one out)")


def load_drawings(request: Request) -> GreyImages:
    """Load the line drawings that ship with hopcli, 128 x 128, grey values 0 and 255."""
    for name in SHIPPED_SHA256[DRAWINGS]:
        check_shipped(DRAWINGS / name)
    return load_images(DRAWINGS, request)


def read_pages(path: Path, size: Size | None) -> list[NDArray[np.uint8]]:
    """Read the pages or frames of a picture as grey values.

    Parameters
    ----------
    path : Path
        A file of one of :data:`FORMATS`.
    size : Size or None
        Target size; each new pixel averages over its area. The picture keeps its
        proportions, so one side may be shorter, unless it is cropped.

    Returns
    -------
    list of ndarray of uint8, shape (height, width)
        Grey values.

    Raises
    ------
    DataError
        If the file cannot be read or is too large.
    """
    from PIL import Image, ImageSequence, UnidentifiedImageError

    check_file(path)
    with reading(path), warnings.catch_warnings():
        # Pillow warns of large or odd files. Large ones are refused here, odd ones are read.
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(path, formats=FORMATS)
        except Image.DecompressionBombError:
            raise DataError(f"{path}: must have at most {MAX_READ:,} pixels, found more") from None
        except UnidentifiedImageError:
            known = f"{', '.join(FORMATS[:-1])} or {FORMATS[-1]}"
            raise DataError(f"{path}: must be {known}, found another type") from None
        with picture:
            # The other pictures in a photograph's file are previews and depth maps.
            n_pages = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
            _check_size(path, picture, n_pages, size)
            if n_pages == 1:
                if size is not None and picture.width * picture.height > MAX_PIXELS:
                    # A JPEG can be shrunk while it is decoded.
                    picture.draft(None, (2 * max(size[:2]),) * 2)
                return [_read(path, picture, size)]
            pages = []
            for page in ImageSequence.Iterator(picture):
                _check_size(path, page, 1, size)  # pages may differ in size
                pages.append(_read(path, page, size))
            return pages


def _check_size(path: Path, picture: Image, n_pages: int, size: Size | None) -> None:
    """Refuse a picture of too many pixels before reading them."""
    n_pixels = picture.width * picture.height
    most = MAX_PIXELS if size is None else MAX_READ
    at_most(path, n_pixels, most, "pixels" + " (or give a size)" * (n_pixels <= MAX_READ))
    at_most(path, n_pages, MAX_IMAGES, "pages")
    at_most(path, n_pages * n_pixels, MAX_BYTES, "pixels in all pages")


def _read(path: Path, picture: Image, size: Size | None) -> NDArray[np.uint8]:
    """Read a page; values of more than 8 bits are reduced to 8."""
    picture.load()
    deep = picture.mode == "F" or picture.mode.startswith("I")
    grey = _from_deep(path, picture) if deep else _to_grey(picture, size)
    return np.array(grey if size is None else _resize(grey, size), dtype=np.uint8)


def _from_deep(path: Path, picture: Image) -> Image:
    """Turn a picture of 16 bits or floats upright and reduce it to 8 bits."""
    from PIL import Image, ImageOps

    values: NDArray[Any] = np.asarray(ImageOps.exif_transpose(picture))
    low, high = values.min(), values.max()
    whole = values.dtype.kind != "f" or bool(np.all(values == np.rint(values)))
    if low >= 0 and whole and 1 < high < 1 << 16:
        values = eight_bits(values.astype(np.uint16))
    return Image.fromarray(as_grey(values, path))


def _to_grey(picture: Image, size: Size | None) -> Image:
    """Turn a picture upright and grey; transparent is white, or black below all-white ink."""
    from PIL import Image, ImageOps

    if size is not None and picture.mode in ("L", "LA", "RGB", "RGBA"):
        # Shrink large ones by a whole factor first: the rest then needs little memory.
        factor = min(picture.size) // (2 * max(size[:2]))
        if factor > 1 and picture.width * picture.height > MAX_PIXELS:
            orientation = picture.getexif()
            picture = picture.reduce(factor)
            picture.getexif().update(orientation)
    picture = ImageOps.exif_transpose(picture)
    if picture.has_transparency_data:
        ink = picture.convert("RGBA")
        papers = (Image.new("RGBA", ink.size, colour) for colour in ("white", "black"))
        on_white, on_black = (Image.alpha_composite(paper, ink).convert("L") for paper in papers)
        return on_black if on_white.getextrema() == (255, 255) else on_white
    return picture.convert("L")


def _resize(grey: Image, size: Size) -> Image:
    """Resize by averaging over areas, keeping proportions: into the size, or to fill it."""
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
