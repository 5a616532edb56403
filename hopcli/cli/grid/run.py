"""``hopcli grid run``."""

from __future__ import annotations

import re
from typing import Any

import click

from hopcli.cli.completion import complete_config
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER, POSITIVE, QUIET
from hopcli.cli.tables import table_options


def _shard(_ctx: click.Context, _param: click.Parameter, text: str | None) -> tuple[int, int]:
    """Read share I of N."""
    if text is None:
        return (1, 1)
    found = re.fullmatch(r"\s*([0-9]{1,6})/([0-9]{1,6})\s*", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        rule = "must be I/N, share I of N, from 1/N to N/N"
        raise click.UsageError(f"--shard {rule}, found {text!r:.80}")
    return int(found[1]), int(found[2])


@click.command("run", cls=Command, params=table_options())
@click.argument("config", required=False, metavar="[FILE]", shell_complete=complete_config)
@click.option("--command", "name", metavar="COMMAND", help="What to run, where there is no FILE.")
@click.option(
    "--set",
    "sets",
    multiple=True,
    metavar="SETTING=VALUES",
    help="A setting, replacing that of the file: one value for all cells, several with commas, "
    "FIRST:LAST:STEP, or a list in TOML notation. Settings that take lists or texts, such as "
    "digits or dataset, need semicolons between values.",
)
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Folder of the grid.  [default: results/<config name>; with --set "
    "results/<config name, or command>-<first 8 digits of its hash>]",
)
@click.option("--dry-run", is_flag=True, help="List the cells and estimate the time; write none.")
@click.option("--limit", type=POSITIVE, help="Most cells to make now.")
@click.option(
    "--shard", callback=_shard, metavar="I/N", help="Make only share I of N, for batch queues."
)
@click.option(
    "--fail-fast/--keep-going", help="Stop at the first cell that fails.  [default: keep going]"
)
@click.option("--retry-failed", is_flag=True, help="Run failed cells again.")
@click.option("--skip-impossible", is_flag=True, help="Leave out cells that cannot be run.")
@click.option(
    "--accept-version",
    is_flag=True,
    help="Use cells that different code has made; the table then has a column `version`.",
)
@click.option("--overwrite", is_flag=True, help="Make cells again that different code has made.")
@click.option("--again", is_flag=True, help="Make all cells again.")
@click.option("--keep", type=click.Choice(["trials"]), multiple=True, help="Keep this table too.")
@click.option("--threads", type=POSITIVE, help="Cells at once.  [default: one per core]")
@click.option(
    "--dask",
    metavar="ADDRESS",
    help="Make the cells on the workers of this Dask scheduler, tcp://HOST:PORT or "
    "tls://HOST:PORT.",
)
@click.option("--figures/--no-figures", default=True, help="Draw the picture.")
@QUIET
def run(config: str | None, name: str | None, sets: tuple[str, ...], **options: Any) -> int:
    """Run the unfinished cells of a grid.

    FILE is a configuration with a table [grid], or the name of one that comes with hopcli.
    --set varies settings of the file, or of a command without a file.

    \b
      hopcli grid run phase
      hopcli grid run paper --set temperature=0.1:0.9:0.1 --set rule=storkey
      hopcli grid run --command recall --set tests=20 --set seed=1:100:1
      hopcli grid run phase --shard 3/10 --out shards/3

    Everyone who can reach a Dask scheduler can run code on all its workers, and on this
    machine. tcp:// is neither encrypted nor authenticated: use a private network, or tls://
    with the certificates of Dask's configuration (distributed.comm.tls).

    After an interrupt, the same command continues. The exit code is 0 if the requested cells
    are finished, 1 if a cell has failed, 2 if the command was refused, and 3 if the grid is
    finished but its picture could not be drawn.
    """
    if (config is None) == (name is None):
        raise click.UsageError("give either FILE or --command; for help, type `hopcli grid run -h`")
    from hopcli.cli.grid.running import list_grid, plan_grid, run_grid
    from hopcli.results.files import check_made
    from hopcli.runs.grids import GridOptions
    from hopcli.runs.requests import Wishes, as_written, grid_request

    dry, form = options.pop("dry_run"), options.pop("form")
    wishes = Wishes(format=form, **{k: options.pop(k) for k in Wishes._fields if k in options})
    grid, default = grid_request(config, sets, name)
    if wishes.out is None:
        check_made(default)
    if dry:  # which measures a few cells here
        options["dask"] = None
    with as_written(config):
        job = plan_grid(grid, wishes.out or default, wishes, GridOptions(**options))
        return list_grid(job) if dry else run_grid(job)
