"""The registry of sources, and the notation of a source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hopcli.datasets.grey import GreyImages, Request, exists
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Source:
    """Kind of data set.

    Parameters
    ----------
    name : str
        Beginning of a dataset of this kind, and key in :data:`SOURCES`.
    description : str
        One line for help texts.
    load : callable
        Request in, grey images out.
    argument : str
        Placeholder after the name and a colon (DIR, FILE, NAME), empty for none.
    has_splits : bool
        True if training and test images are separate.
    takes : tuple of str
        Supported settings among ``size`` and ``transpose``.
    default_threshold : int or str
        The threshold if none is given.
    """

    name: str
    description: str
    load: Callable[[Request], GreyImages]
    argument: str = ""
    has_splits: bool = False
    takes: tuple[str, ...] = ()
    default_threshold: int | str = 0

    @property
    def usage(self) -> str:
        """Notation, e.g. ``"idx:DIR"``."""
        return f"{self.name}:{self.argument}" if self.argument else self.name


def _reader(module: str) -> Any:
    """Return the module of a reader, imported when it reads."""
    return import_module(f"hopcli.datasets.{module}")


SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "mnist",
            "MNIST, 70,000 handwritten digits of 28 x 28; ships with hopcli",
            lambda request: _reader("mnist").load_mnist(
                request.split, binary=request.threshold == 0
            ),
            has_splits=True,
        ),
        Source(
            "digits",
            "scikit-learn's 1,797 digits of 8 x 8, grey values 0 to 16",
            lambda _: _reader("scikit").load_digits(),
        ),
        Source(
            "drawings",
            "three line drawings of 128 x 128; ship with hopcli",
            lambda request: _reader("pictures").load_drawings(request),
            takes=("size",),
        ),
        Source(
            "idx",
            "IDX files (MNIST, Fashion-MNIST, KMNIST, EMNIST), raw or gzip",
            lambda request: _reader("idx").load_idx(request),
            argument="DIR",
            has_splits=True,
            takes=("size", "transpose"),
        ),
        Source(
            "npz",
            "NumPy archive: x_train, y_train, x_test, y_test, or one array",
            lambda request: _reader("npz").load_npz(request),
            argument="FILE",
            has_splits=True,
            takes=("size", "transpose"),
        ),
        Source(
            "npy",
            "NumPy array of shape (images, height, width) or (images, N)",
            lambda request: _reader("npz").load_npy(request),
            argument="FILE",
            takes=("size", "transpose"),
        ),
        Source(
            "csv",
            "table, an image per row, with or without a column of labels",
            lambda request: _reader("texts").load_csv(request),
            argument="FILE",
            takes=("size", "transpose"),
        ),
        Source(
            "text",
            "text of numbers, or drawn with two characters; or 4x4, 3x3, 6",
            lambda request: _reader("texts").load_text(request),
            argument="FILE",
            takes=("size", "transpose"),
        ),
        Source(
            "images",
            "folder of pictures (PNG, JPEG, GIF, TIFF, PGM, ...), or one",
            lambda request: _reader("pictures").load_images(request.path, request),
            argument="DIR",
            takes=("size",),
            default_threshold="otsu",
        ),
        Source(
            "openml",
            "square images from OpenML, kept in scikit-learn's cache",
            lambda request: _reader("scikit").load_openml(request.argument),
            argument="NAME",
            takes=("transpose",),
        ),
    )
}
"""Sources by name; help texts and checks are made from them."""


def parse_spec(spec: str) -> tuple[Source, str]:
    """Split a dataset in the user's notation into its source and the argument.

    Parameters
    ----------
    spec : str
        E.g. ``"mnist"`` or ``"idx:some/folder"``.

    Returns
    -------
    source : Source
        An entry of :data:`SOURCES`.
    argument : str
        Text after the first colon, empty if the source has no argument.

    Raises
    ------
    SettingError
        If the source is unknown, or an argument is missing or superfluous.
    """
    name, _, argument = spec.partition(":")
    source = SOURCES.get(name)
    if source is None:
        import difflib

        known = ", ".join(source.usage for source in SOURCES.values())
        nearest = [SOURCES[near].usage for near in difflib.get_close_matches(name.lower(), SOURCES)]
        guess = spec_of(spec) or "".join(nearest[:1])
        missing = (
            " (there is no such file or folder)" if "/" in spec and not exists(Path(spec)) else ""
        )
        hint = f" (did you mean {guess}?)" if guess else missing
        if Path(spec).suffix.lower() in _FOREIGN:
            hint = f" ({_CONVERT})"
        raise SettingError("dataset", f"must be one of {known}{hint}", spec)
    if source.argument and not argument:
        raise SettingError("dataset", f"must be written {source.usage}", spec)
    if not source.argument and ":" in spec:
        hint = " (the split is a setting of its own)" if source.has_splits else ""
        raise SettingError("dataset", f"must be written {source.usage}{hint}", spec)
    return source, argument


_FOREIGN = (".mat", ".h5", ".hdf5", ".pt", ".pth", ".pkl", ".pickle", ".parquet", ".xls", ".xlsx")
_CONVERT = "no source reads such files: save the array with numpy.save and give npy:FILE"
_OF_SUFFIX = {".npy": "npy", ".npz": "npz", ".csv": "csv", ".txt": "text", ".dat": "text"}


def spec_of(file: str) -> str:
    """Return the source of a file or folder that exists, or of a file by its extension.

    Parameters
    ----------
    file : str
        A path.

    Returns
    -------
    str
        E.g. ``"csv:digits.csv"``; empty if no source reads it.
    """
    from hopcli.datasets.pictures import EXTENSIONS

    path = Path(file)
    suffix = path.suffix.lower()
    if not file.strip():
        return ""
    if exists(path) and path.is_dir():
        is_idx = any(re.search("[-.]idx[1-3]-", inside.name.lower()) for inside in path.iterdir())
        return f"{'idx' if is_idx else 'images'}:{file}"
    if suffix in EXTENSIONS:
        return f"images:{file}"
    if re.search("[-.]idx[1-3]-", path.name.lower()):
        return f"idx:{file}"
    return f"{_OF_SUFFIX[suffix]}:{file}" if suffix in _OF_SUFFIX else ""


def other_way_in(source: Source, argument: str) -> str:
    """Return the source that reads a file which this one refuses; empty if none is known."""
    if not source.argument or not exists(Path(argument)):
        return ""
    other = spec_of(argument)
    if other:
        kinds = {source.name, other.partition(":")[0]}
        return "" if len(kinds) == 1 or kinds == {"csv", "text"} else f"give {other}"
    return _CONVERT if Path(argument).suffix.lower() in _FOREIGN else ""


def default_threshold(spec: str) -> int | str:
    """Return the threshold of a data set if none is given; it depends on the source."""
    return parse_spec(spec)[0].default_threshold
