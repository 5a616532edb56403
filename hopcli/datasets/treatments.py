"""Threshold and inversion of single pictures, from the file ``pictures.toml`` beside them."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hopcli.datasets.files import at_most, check_file, exists, reading
from hopcli.datasets.thresholds import RULE, is_threshold
from hopcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.datasets.request import Request

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
    for name, values in _read(file).items():
        if name in names:
            found[names[name]] = _treatment(f"{file}: {name}", values, request)
        elif folder == where:
            raise DataError(f"{file}: {name!r:.80} is no picture of this folder")
    return found


def _read(file: Path) -> dict[str, Any]:
    check_file(file)
    with reading(file):
        at_most(file, file.stat().st_size, _LARGEST, "bytes")
        return tomllib.loads(file.read_text(encoding="utf-8"))


def _treatment(where: str, values: Any, request: Request) -> tuple[int | str, bool]:
    if not isinstance(values, dict) or not {*values} <= {"threshold", "invert"}:
        raise DataError(f"{where}: must be {{threshold = 60, invert = true}}, or one of the two")
    own = replace(request, **values)
    if not is_threshold(own.threshold):
        raise DataError(f"{where}: threshold {RULE}, found {own.threshold!r:.80}")
    if not isinstance(own.invert, bool):
        raise DataError(f"{where}: invert must be true or false, found {own.invert!r:.80}")
    return own.threshold, own.invert
