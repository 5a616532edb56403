"""``hopcli run``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from hopcli.cli.options import FOLDER
from hopcli.cli.requests import request_from_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["command"]


@click.command("run")
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
@click.option(
    "--out",
    type=FOLDER,
    metavar="DIR",
    help="Folder for the results, of a single configuration.  [default: results/<config name>]",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors, draw no bar.")
def command(configs: tuple[str, ...], out: Path | None, quiet: bool) -> None:
    """Run configuration files, each with the command that it names.

    A CONFIG is a TOML file, or the name of one that comes with hopcli. Its key
    `command` says what to run; the other keys are that command's options, spelled
    with underscores.

    \b
      hopcli run paper
      hopcli run configs/mine.toml configs/yours.toml

    All files are checked, with the data and patterns that they name, before the first is
    run.
    """
    if out is not None and len(configs) > 1:
        raise click.UsageError(f"--out takes one configuration, found {len(configs)}")
    requests = [request_from_file(name, out, quiet) for name in configs]
    folders = [request.out for request in requests]
    for folder in folders:
        if folders.count(folder) > 1:
            raise click.UsageError(
                f"{folder} would be written by {folders.count(folder)} of the configurations; "
                "give each a name of its own"
            )
    from hopcli.cli.execute import execute

    execute(*requests)
