"""``hopcli grid check``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_line, print_lines
from hopcli.cli.once import Command
from hopcli.cli.types import ONE_FOLDER, QUIET
from hopcli.errors import ResultError
from hopcli.printing import terminal

if TYPE_CHECKING:
    from pathlib import Path


@click.command("check", cls=Command)
@ONE_FOLDER
@QUIET
def check(folder: Path, quiet: bool) -> int:
    """Verify the cells of a grid against their checksums, and its files against the manifest.

    Nothing is written into the folder. The exit code is 0 if all are as they were written, and
    1 if any differs. Every difference is listed.
    """
    from hopcli.grids.checking import EVERY_CHECKER
    from hopcli.grids.store import FILE, is_grid
    from hopcli.results.checking import check as check_folders

    if not is_grid(folder):
        raise ResultError(f"{folder}: must contain a grid, there is no {FILE}")
    found = list(check_folders([folder], EVERY_CHECKER))
    n_cells = sum(checked.n_runs for checked in found)
    differs = [one.line for checked in found for one in checked.findings if one.differs]
    for line in differs:
        print_line(line)
    if not quiet and not differs:
        print_lines(f"{terminal(folder)}: {n_cells:,} cells, all as they were written")
    return 1 if differs else 0
