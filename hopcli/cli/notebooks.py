"""``hopcli notebooks``."""

from __future__ import annotations

import shlex
from importlib.resources import files
from pathlib import Path

import click

from hopcli.cli.lines import print_line, print_lines
from hopcli.cli.once import Command
from hopcli.printing import terminal


@click.command("notebooks", cls=Command)
@click.argument("folder", metavar="[FOLDER]", default="notebooks", type=click.Path(path_type=Path))
@click.option("--exercises", is_flag=True, help="Copy exercises.md alone: tasks for a practical.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing.")
def command(folder: Path, exercises: bool, quiet: bool) -> None:
    """Copy the notebooks that come with hopcli into a folder, to run and change them.

    FOLDER is notebooks/ by default. A notebook that you have changed there is not
    overwritten: nothing is copied then.

    study: data, storage, recall, accuracy and temperature of the study, and which of its
    claims are reproduced. own-pictures: your own pictures, damage, spurious states, thresholds.
    phase-diagram: heat and load against theory, and how to read intervals.

    --exercises copies a sheet instead: eight tasks without answers, for a practical of 90
    minutes, each with the commands to type.

    \b
      hopcli notebooks
      jupyter lab notebooks
      hopcli notebooks --exercises
    """
    from hopcli.results.files import write_new

    suffix = ".md" if exercises else ".ipynb"
    found = sorted((files("hopcli") / "notebooks").iterdir(), key=lambda item: item.name)
    shipped = {item.name: item.read_bytes() for item in found if item.name.endswith(suffix)}
    new = write_new(folder, shipped)
    if quiet:
        return
    for name in shipped:
        print_line(f"{folder / name}{'' if name in new else ' (was there)'}")
    if not exercises:
        named = terminal(shlex.quote(str(folder)))
        print_lines(f"Open them with: jupyter lab {named}  (pip install jupyterlab)")
