"""``hopcli grid status``, ``check`` and ``merge``: the cells of a grid."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_line, print_lines
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER, FORM, ONE_FOLDER, QUIET
from hopcli.errors import ResultError
from hopcli.printing import terminal

if TYPE_CHECKING:
    from pathlib import Path

_LISTED = 12  # failures, and warnings, that are listed for people


@click.command("status", cls=Command)
@ONE_FOLDER
@FORM
def status(folder: Path, form: str) -> None:
    """Report the finished, failed and missing cells of a grid, its failures and warnings.

    Nothing is written into the folder. The command also works while the grid is running.
    """
    from hopcli.grids.planning import State
    from hopcli.grids.store import Store

    with Store(folder) as store:
        grid = store.grid()
        state, n_stored = State(grid, store.states()), len(store)
    n_others = n_stored - state.counts["finished"] - state.counts["failed"]
    counts = {**state.counts, "of other grids": n_others}
    if form == "json":
        values = {
            "out": str(folder),
            "command": grid.command,
            **counts,
            "seconds": round(state.seconds, 3),
            "failures": [{"values": words, "error": error} for words, error in state.failures],
            "warnings": [{"values": words, "warning": text} for words, text in state.warnings],
        }
        click.echo(json.dumps(values))
        return
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    seconds = f"{state.seconds:,.1f} s of cells"
    click.echo(f"{grid.command} over {', '.join(grid.names)}: {listed}; {seconds}")
    for version in sorted(state.versions):
        print_line(f"made by {version}")
    for kind, lines in (("failed", state.failures), ("warning", state.warnings)):
        for words, text in lines[:_LISTED]:
            print_line(f"{kind}: {words}: {text}")
        if len(lines) > _LISTED:
            click.echo(f"{kind}: {len(lines) - _LISTED:,} more, which --format json lists")


@click.command("check", cls=Command)
@ONE_FOLDER
@QUIET
def check(folder: Path, quiet: bool) -> int:
    """Verify the cells of a grid against their checksums, and its files against the manifest.

    Nothing is written into the folder. The exit code is 0 if all are as they were written, and
    1 if any differs. Every difference is listed.
    """
    from hopcli.grids.store import EVERY_CHECKER, FILE, is_grid
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


@click.command("merge", cls=Command)
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Folder of the whole grid.")
@click.option("--accept-version", is_flag=True, help="Merge cells that different code has made.")
@click.option("--figures/--no-figures", default=True, help="Draw the picture.")
@QUIET
def merge(
    folders: tuple[Path, ...], out: Path, accept_version: bool, figures: bool, quiet: bool
) -> int:
    """Merge the shards of a grid that were made elsewhere.

    DIR... are folders of the same grid, run with --shard. Cells already in --out are kept; the
    shards are not changed. Table, picture and manifest are written if the grid is then
    complete.

    \b
      hopcli grid merge shards/1 shards/2 shards/3 --out results/phase
    """
    from hopcli.cli.grid.running import merge_grids

    return merge_grids(folders, out, accept_version=accept_version, figures=figures, quiet=quiet)
