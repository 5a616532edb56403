"""``hopcli run``."""

from __future__ import annotations

from typing import Any

import click

from hopcli.cli.options import wish_options
from hopcli.cli.requests import Wishes, request_from_file

__all__ = ["command"]


@click.command("run", params=[*wish_options("results/<config name>")])
@click.argument("configs", nargs=-1, required=True, metavar="CONFIG...")
def command(configs: tuple[str, ...], **wishes: Any) -> None:
    """Run configuration files, each with the command that it names.

    A CONFIG is a TOML file, or the name of one that comes with hopcli. Its key
    `command` says what to run; the other keys are that command's options, spelled
    with underscores.

    \b
      hopcli run paper
      hopcli run configs/mine.toml configs/yours.toml

    All files are checked, with the data and patterns that they name, before the first is
    run. What is finished already is not run again, so the same line goes on after an
    interrupt.
    """
    wanted = Wishes(**wishes)
    if wanted.out is not None and len(configs) > 1:
        raise click.UsageError(f"--out takes one configuration, found {len(configs)}")
    requests = [request_from_file(name, wanted) for name in configs]
    folders = [request.out for request in requests]
    for folder in folders:
        if folders.count(folder) > 1:
            raise click.UsageError(
                f"{folder} would be written by {folders.count(folder)} of the configurations; "
                "give each a name of its own"
            )
    from hopcli.cli.execute import execute

    execute(*requests)
