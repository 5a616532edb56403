"""A grid on the command line: bars over its cells, its failures, and its files."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import click

from hopcli import endings
from hopcli.cli import lines
from hopcli.cli.tables import check_columns, is_usual, laid_out, print_table
from hopcli.grids.planning import in_words
from hopcli.grids.view import TABLE, View, load_view
from hopcli.results.manifest import STORE
from hopcli.runs.forecast import forecast
from hopcli.runs.grids import GridDone, GridJob, GridOptions, merge_shards

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.grids.grid import Grid
    from hopcli.runs.requests import Wishes

_LISTED = 200  # cells of a dry run that are listed
_NAMED = 3  # failures that are printed
_SHOWN = 24  # rows of the table that are printed


def plan_grid(grid: Grid, out: Path, wishes: Wishes, options: GridOptions) -> GridJob:
    """Plan a grid under a bar, and refuse it if it cannot be run."""
    lines.listen(quiet=wishes.quiet)
    check_columns(grid.entry.tables, grid.names)
    with lines.Watch(quiet=wishes.quiet, unit="cell planned") as watch:
        return GridJob(grid, out, wishes, options, progress=watch.tell)


def run_grid(job: GridJob) -> int:
    """Make the missing cells of a grid and print its state.

    Returns
    -------
    int
        Exit code: 1 if a cell has failed, 3 if there is no picture, otherwise 0.
    """
    quiet, form = job.wishes.quiet, job.wishes.format
    with lines.Watch(quiet=quiet, cells=True) as bar:
        done = job.run(bar.tell)
    return _print(job.out, done, quiet=quiet, form=form)


def _print(
    out: Path, done: GridDone, *, quiet: bool, form: str = "table", made: str = "made now"
) -> int:
    """Print a grid after a run; return the exit code."""
    state = done.state
    failures = state.failures
    if done.undrawn:
        lines.tell(f"warning: no picture: {done.undrawn}")
    for words, error in failures[:_NAMED]:
        lines.tell(f"failed: {words}: {error}")
    if failures:
        more = f", the first {_NAMED} above" if len(failures) > _NAMED else ""
        lines.tell(f"{len(failures)} cells have failed{more}; --retry-failed tries them again")
    if not quiet:
        if state.warned is not None:
            listed = f"`hopcli grid status {shlex.quote(str(out))}` lists them"
            lines.tell(f"warning: {state.warned}; {listed}")
        _print_state(out, done, form, made)
    return endings.NO_PICTURES if done.undrawn else min(len(failures), 1)


def _print_state(folder: Path, done: GridDone, form: str, made: str) -> None:
    """Print the state of the cells, the plotted numbers, and the names of the files.

    Formats for scripts and documents contain only the numbers of all finished cells.
    """
    grid, files = done.state.grid, done.files
    counts = {**done.state.counts, made: done.n_made}
    if form == "json":
        lines.print_json(folder, files, command="grid", **counts)
        return
    if not is_usual(form):
        table = load_view(folder).drawn(grid.look)
        print_table(table, form, named=folder.resolve().name)
        return
    listed = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    click.echo(f"{grid.command}: {listed}")
    if done.view is not None:
        _print_numbers(done.view)
    click.echo()
    lines.print_files(folder, files or [folder / STORE])


def _print_numbers(view: View) -> None:
    """Print the first rows of the plotted table."""
    look, shown = view.grid.look, view.numbers()
    name = f"over_{look.over}.csv" if look.over else TABLE
    lines.print_lines("\n" + laid_out(shown.take(slice(_SHOWN))))
    if len(shown) > _SHOWN:
        click.echo(f"... and {len(shown) - _SHOWN:,} more rows in {name}")


def merge_grids(
    folders: Sequence[Path], out: Path, *, accept_version: bool, figures: bool, quiet: bool
) -> int:
    """Merge shards in a folder and print the state of the grid.

    Returns
    -------
    int
        Exit code, as of :func:`run_grid`.
    """
    lines.listen(quiet=quiet)
    for folder in folders:
        if folder.resolve() == out.resolve():
            raise click.UsageError(f"--out must be another folder than the shards, found {out}")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise click.UsageError("DIR... must be different folders; name each shard once")
    done = merge_shards(folders, out, accept_version=accept_version, figures=figures)
    return _print(out, done, quiet=quiet, made="copied")


def list_grid(job: GridJob) -> int:
    """Print the cells of a run and the estimated time; write nothing."""
    expected = forecast(job)
    if job.wishes.format == "json":
        counts = {"cells": len(expected.cells), "to do": len(expected.left)}
        values = {"command": "grid", "out": str(job.out), **counts, "seconds": expected.seconds}
        click.echo(json.dumps(values))
        return 0
    if job.wishes.quiet:
        return 0
    for state, one in expected.cells[:_LISTED]:
        words = in_words(job.grid, one.point.values)
        lines.print_line(f"{state:9} {one.cell[:12]}  {words}")
    n_cells = len(expected.cells)
    if n_cells > _LISTED:
        click.echo(f"... and {n_cells - _LISTED:,} more")
    time = f": {lines.estimated(expected.seconds, 'about')}" if expected.left else ""
    click.echo(f"\n{n_cells:,} cells, {len(expected.left):,} to be made{time}")
    return 0
