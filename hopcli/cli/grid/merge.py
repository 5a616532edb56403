"""``hopcli grid merge``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hopcli.cli.once import Command
from hopcli.cli.types import FOLDER, QUIET

if TYPE_CHECKING:
    from pathlib import Path


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
