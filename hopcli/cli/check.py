"""``hopcli check``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command
from hopcli.cli.types import FOLDERS, FORM, QUIET
from hopcli.printing import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hopcli.results.checking import Finding

__all__ = ["command"]


@click.command("check", cls=Command)
@FOLDERS
@QUIET
@FORM
def command(folders: tuple[Path, ...], quiet: bool, form: str) -> int:
    """Hold every file of finished runs and grids to its manifest.

    Each DIR is a folder of results, or holds such folders at any depth; hidden ones are left
    out. Every manifest is read and held to its own key, and every file that it names to its
    SHA-256. A line is printed for each that differs or is missing, and one of totals. Exit
    code 0 if all is as it was written, 1 if something differs. Of a grid, each cell of its
    store is held to its checksum, and is counted as a run. Verdicts of `hopcli reproduce` are
    held to their manifest too.

    \b
      hopcli check results
      hopcli check results/paper results/figure1 --quiet && echo whole

    Nothing is written into the folders. What an interrupted run has published is checked where
    it is.

    Told, but no difference: a trials.csv that was left out when its folder was passed on,
    what an interrupted run has left or a running one has made so far, and tables, arrays and
    pictures that are in no manifest of their folder.
    """
    from hopcli.grids.checking import EVERY_CHECKER
    from hopcli.results import checking

    n_runs = n_files = 0
    differs: list[Finding] = []
    told: list[Finding] = []
    for checked in checking.check(folders, EVERY_CHECKER):
        n_runs += checked.n_runs
        n_files += checked.n_files
        differs += checked.differs
        told += checked.told
        if form == "table":
            for finding in checked.differs if quiet else (*checked.differs, *checked.told):
                print_lines(terminal(finding.line))
    if form == "json":
        counts = {"runs": n_runs, "files": n_files}
        lists = {"differs": _as_json(differs), "told": _as_json([] if quiet else told)}
        click.echo(json.dumps({**counts, **lists}))
    elif not quiet:
        said = f"{len(differs):,} differ" if differs else "all as their manifests say"
        click.echo(f"{_counted(n_runs, 'run')}, {_counted(n_files, 'file')}: {said}")
    return 1 if differs else 0


def _as_json(findings: Iterable[Finding]) -> list[dict[str, str]]:
    return [{"file": str(finding.file), "says": finding.line} for finding in findings]


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
