"""``hopcli grid status``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from hopcli.cli.lines import print_line
from hopcli.cli.once import Command
from hopcli.cli.types import FORM, ONE_FOLDER

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
    from hopcli.grids.state import State
    from hopcli.grids.store import Store

    with Store(folder) as store:
        grid = store.grid()
        state = State(grid, store.places(), store.standings())
    counts = {**state.counts, "of other grids": len(state.standings) - len(state.there)}
    seconds = sum(one.seconds for one in state.there.values())
    if form == "json":
        said = {
            "out": str(folder),
            "command": grid.command,
            **counts,
            "seconds": round(seconds, 3),
            "failures": [{"values": words, "error": error} for words, error in state.failures],
            "warnings": [{"values": words, "warning": told} for words, told in state.warnings],
        }
        click.echo(json.dumps(said))
        return
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    click.echo(f"{grid.command} over {', '.join(grid.names)}: {told}; {seconds:,.1f} s of cells")
    for version in sorted({one.version for one in state.there.values()}):
        print_line(f"made by {version}")
    for kind, lines in (("failed", state.failures), ("warning", state.warnings)):
        for words, told in lines[:_LISTED]:
            print_line(f"{kind}: {words}: {told}")
        if len(lines) > _LISTED:
            click.echo(f"{kind}: {len(lines) - _LISTED:,} more, which --format json lists")
