"""``hopcli report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.options import FOLDERS
from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hopcli.report import Section

__all__ = ["command"]


class _Page(click.ParamType[Path]):
    """A file to write a page to; an empty text is none."""

    name = "FILE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not str(value).strip() or "\0" in str(value):
            self.fail(f"must be a file, found {value!r:.80}", param, ctx)
        return Path(value)


@click.command("report")
@FOLDERS
@click.option(
    "--out",
    type=_Page(),
    metavar="FILE",
    default="report.html",
    help="Where to.  [default: report.html]",
)
@click.option(
    "--title", metavar="TEXT", help="Title of the page.  [default: the folder, or how many runs]"
)
@click.option("--overwrite", is_flag=True, help="Replace a FILE that is no report.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def command(
    folders: tuple[Path, ...], out: Path, title: str | None, overwrite: bool, quiet: bool
) -> None:
    """Write finished runs and grids as one page of HTML, to be read or handed out.

    Each DIR is a folder of results, or holds such folders at any depth; hidden ones are left
    out. Of each run the page has what was asked, the command that makes it again, its tables
    and pictures, warnings, and the versions, key and hashes that it is known by.

    \b
      hopcli report results/paper
      hopcli report results --out everything.html --title "Hopfield networks on MNIST"

    The page is one file: pictures are in it, nothing is loaded from anywhere, and it is the
    same bytes for the same runs. Nothing is run, and every table is held to its manifest
    before; if one cannot be read, no page is written. An earlier report is replaced, any
    other file only with --overwrite.
    """
    from hopcli import report
    from hopcli.report.files import check_place

    check_place(out, overwrite=overwrite)
    sections = list(_sections(folders))
    if not sections:
        raise ResultError(f"{folders[0]}: must hold a finished run, holds what is left of others")
    if title is None:
        title = sections[0].name if len(sections) == 1 else f"{len(sections):,} runs"
    report.write(report.page(title, sections), out, overwrite=overwrite)
    if not quiet:
        click.echo(out)


def _sections(folders: Iterable[Path]) -> Iterable[Section]:
    """Every run below, sorted by folder; the first that cannot be read is refused."""
    from hopcli import report
    from hopcli.results import places

    for folder, why in places.find(folders):
        if why:
            raise ResultError(why)
        yield from report.sections_in(folder)
