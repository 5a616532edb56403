"""``hopcli run``."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.completion import complete_config
from hopcli.cli.once import Command
from hopcli.cli.options import wish_options

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopcli.grids.grid import Grid
    from hopcli.runs.requests import Request, Wishes

_DRY_RUN = click.Option(
    ["--dry-run"],
    is_flag=True,
    help="Print what would run, the folders and the least time; write nothing.",
)


@click.command("run", cls=Command, params=[*wish_options("results/<config name>"), _DRY_RUN])
@click.argument(
    "configs", nargs=-1, required=True, metavar="CONFIG...", shell_complete=complete_config
)
def command(configs: tuple[str, ...], dry_run: bool, **wishes: Any) -> int:
    """Run configuration files, each with the command that it names, or repeat a run.

    A CONFIG is a TOML file, or the name of one that comes with hopcli. Its key
    `command` names the command; the other keys are that command's options, spelled
    with underscores.

    \b
      hopcli run paper
      hopcli run configs/mine.toml configs/yours.toml
      hopcli run --dry-run configs/*.toml

    A manifest (.json) repeats its run, into results/<name of its folder>-again, and compares
    the bytes of each table. The exit code is 1 if a table differs, and 3 if a run is finished
    but its pictures could not be drawn.

    \b
      hopcli run results/paper/recall.json

    A file with a table [grid] is a grid of runs; see `hopcli grid run`.

    All files are verified, with the data and patterns that they name, before the first is
    run. Finished runs are not repeated, so the same line continues after an interrupt.
    """
    from hopcli.runs.requests import Wishes, grid_request, is_grid_file

    wanted = Wishes(**wishes)
    if wanted.out is not None and len(configs) > 1:
        raise click.UsageError(f"--out takes one configuration, found {len(configs)}")
    grids = {name: grid_request(name) for name in configs if is_grid_file(name)}
    requests = [_request(name, wanted) for name in configs if name not in grids]
    folders = [request.out for request in requests]
    folders += [wanted.out or folder for _, folder in grids.values()]
    for folder in folders:
        if folders.count(folder) > 1:
            raise click.UsageError(
                f"{folder} would be written by {folders.count(folder)} of the configurations; "
                "give each a name of its own"
            )
    from hopcli.cli.execute import execute, list_runs
    from hopcli.results.files import check_made

    if wanted.out is None:
        for folder in folders:
            check_made(folder)
    do_grids = [
        _planned(name, grid, folder, wanted, dry_run=dry_run)
        for name, (grid, folder) in grids.items()
    ]
    do_runs = list_runs if dry_run else execute
    code = do_runs(*requests) if requests else 0
    return max([code, *(do_grid() for do_grid in do_grids)])


def _planned(
    name: str, grid: Grid, folder: Path, wishes: Wishes, *, dry_run: bool
) -> Callable[[], int]:
    """Plan the grid of a file; return a function that runs it, or lists its cells."""
    from hopcli.cli.grid.running import list_grid, plan_grid, run_grid
    from hopcli.runs.grids import GridOptions
    from hopcli.runs.requests import as_written

    with as_written(name):
        job = plan_grid(grid, wishes.out or folder, wishes, GridOptions())
    return functools.partial(list_grid if dry_run else run_grid, job)


def _request(name: str, wishes: Wishes) -> Request:
    """Return the request of a configuration, or of a manifest to repeat."""
    from hopcli.runs.requests import request, request_again

    is_manifest = name.endswith(".json")
    run_request = (
        request_again(Path(name), {}, wishes) if is_manifest else request(name, {}, wishes)
    )
    return dataclasses.replace(run_request, named=name)
