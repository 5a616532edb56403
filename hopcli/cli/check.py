"""``hopcli check``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_line
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDERS, FORM, QUIET

if TYPE_CHECKING:
    from pathlib import Path


@click.command("check", cls=Command)
@FOLDERS
@QUIET
@FORM
def command(folders: tuple[Path, ...], quiet: bool, form: str) -> int:
    """Verify the files of finished runs and grids against their manifests.

    Each DIR is a folder of results, or contains such folders at any depth. Hidden folders are
    skipped. Every manifest is compared with its own key, and every file that it names with its
    SHA-256. For a grid, each cell of its store is compared with its checksum and counts as a
    run. Verdicts of `hopcli reproduce` are compared with their manifest too.

    Prints a line for each file that differs or is missing, then the totals. The exit code is 0
    if every file is as it was written, and 1 if any differs.

    \b
      hopcli check results
      hopcli check results/paper results/figure1 --quiet && echo whole

    Nothing is written into the folders. Files that an interrupted run has already published are
    verified in their folder.

    The following are reported, but do not count as differences: a missing trials.csv, files of
    an interrupted or running run, and tables, arrays and pictures that no manifest in their
    folder names.
    """
    from hopcli.grids.store import EVERY_CHECKER
    from hopcli.results import checking

    n_runs = n_files = 0
    lists: dict[bool, list[dict[str, str]]] = {True: [], False: []}
    for checked in checking.check(folders, EVERY_CHECKER):
        n_runs += checked.n_runs
        n_files += checked.n_files
        for file, line, differs in checked.findings:
            if differs or not quiet:
                lists[differs].append({"file": str(file), "says": line})
                if form == "table":
                    print_line(line)
    n_differ = len(lists[True])
    if form == "json":
        counts = {"runs": n_runs, "files": n_files}
        click.echo(json.dumps({**counts, "differs": lists[True], "told": lists[False]}))
    elif not quiet:
        result = f"{n_differ:,} differ" if n_differ else "all match their manifests"
        click.echo(f"{_counted(n_runs, 'run')}, {_counted(n_files, 'file')}: {result}")
    return 1 if n_differ else 0


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
