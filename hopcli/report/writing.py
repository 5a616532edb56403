"""A page of every run below some folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.report.files import check_place, write
from hopcli.report.page import page
from hopcli.report.sections import sections_in
from hopcli.results import places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hopcli.report.sections import Section

__all__ = ["write_report"]


def write_report(
    folders: Iterable[Path], out: Path, title: str | None = None, *, overwrite: bool = False
) -> None:
    """Write every finished run and grid at and below some folders as one page of HTML.

    Parameters
    ----------
    folders : iterable of Path
        The folders.
    out : Path
        The page.
    title : str, optional
        Its title; by default the run, or how many there are.
    overwrite : bool
        Whether a file that is no report may be replaced.

    Raises
    ------
    ResultError
        If there is no finished run, one cannot be read, or the page cannot be written;
        nothing has changed then.
    """
    check_place(out, overwrite=overwrite)
    tops = list(folders)
    sections = list(_sections(tops))
    if not sections:
        raise ResultError(f"{tops[0]}: must hold a finished run, holds what is left of others")
    if title is None:
        title = sections[0].name if len(sections) == 1 else f"{len(sections):,} runs"
    write(page(title, sections), out, overwrite=overwrite)


def _sections(folders: Iterable[Path]) -> Iterator[Section]:
    """Every run below, sorted by folder; the first that cannot be read is refused."""
    for folder, why in places.find(folders):
        if why:
            raise ResultError(why)
        yield from sections_in(folder)
