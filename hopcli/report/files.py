"""A page as a file: whole or not at all, and never in the place of something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.results.files import check_place as check_file_place
from hopcli.results.files import write_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MARK", "check_place", "write"]

MARK = '<meta name="generator" content="hopcli '
"""What a page of hopcli has in its head."""

_HEAD = 1024  # characters in which it is


def check_place(path: Path, *, overwrite: bool = False) -> None:
    """Refuse a place that a page cannot have, before it is made rather than after.

    Parameters
    ----------
    path : Path
        Where it is to be.
    overwrite : bool
        Whether it may take the place of a file that is no page of hopcli.

    Raises
    ------
    ResultError
        If it is no file, cannot be written, or is a file of something else.
    """
    check_file_place(path)
    if path.exists() and not overwrite and not _is_page(path):
        raise ResultError(
            f"{path}: is no report of hopcli; give --out another file, or --overwrite to replace it"
        )


def _is_page(path: Path) -> bool:
    """Whether a file is a page that hopcli wrote, or empty."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ResultError(f"{path}: cannot be read: {error.strerror or error}") from None
    return not head or MARK in head


def write(text: str, path: Path, *, overwrite: bool = False) -> None:
    """Write a page beside its place, and move it there.

    Parameters
    ----------
    text : str
        The page.
    path : Path
        Where to.
    overwrite : bool
        Whether it may take the place of a file that is no page of hopcli.

    Raises
    ------
    ResultError
        If it cannot be written; what was there before is there still.
    """
    check_place(path, overwrite=overwrite)
    content = text.encode("utf-8", errors="replace")
    write_file(path, lambda stage: stage.write_bytes(content))
