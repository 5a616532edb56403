"""Writing a page: completely or not at all, and never over a foreign file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import ResultError, told
from hopcli.results.files import check_place as check_file_place
from hopcli.results.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

MARK = '<meta name="generator" content="hopcli '
"""Marker in the head of every page of hopcli."""

_HEAD = 1024  # first characters of a file, which contain the marker


def check_place(path: Path, *, overwrite: bool = False) -> None:
    """Raise an error, before a page is made, if it cannot be written to a place.

    Parameters
    ----------
    path : Path
        Path of the page.
    overwrite : bool
        Whether it may take the place of a file that is no page of hopcli.

    Raises
    ------
    ResultError
        If the path is not a file, cannot be written, or is not a page of hopcli.
    """
    check_file_place(path)
    if path.exists() and not overwrite and not _is_page(path):
        raise ResultError(
            f"{path}: not a report of hopcli; give --out another file, or --overwrite to replace it"
        )


def _is_page(path: Path) -> bool:
    """Return whether a file is a page of hopcli, or empty."""
    with told(path), path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD)
    return not head or MARK in head


def write(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write a page to a temporary file, and move it into place.

    Parameters
    ----------
    text : str
        The page.
    path : Path
        Path of the page.
    overwrite : bool
        Whether it may take the place of a file that is no page of hopcli.

    Raises
    ------
    ResultError
        If the page cannot be written; an earlier file is unchanged then.
    """
    check_place(path, overwrite=overwrite)
    content = text.encode("utf-8", errors="replace")
    write_file(path, lambda stage: stage.write_bytes(content))
