"""``hopcli deps``: the dependencies of configurations, for Make."""

from __future__ import annotations

import click

from hopcli.cli.once import Command
from hopcli.printing import make
from hopcli.results.provenance import WITHOUT_NUMBERS

__all__ = ["command"]


@click.command("deps", cls=Command)
@click.argument("configs", nargs=-1, metavar="FILE|DIR...")
@click.option("--rooms", is_flag=True, help="Name the folders of hopcli that change no number.")
def command(configs: tuple[str, ...], rooms: bool) -> None:
    """Print a part of a Makefile: the files that runs of configurations depend on.

    A folder stands for the .toml files in it. The target of a run is its manifest. It
    depends on the configuration, on every file that the run reads (or on the run that
    makes that file, if it is one of those named), and on the variable PLOTS if pictures
    are drawn. A configuration that cannot be read depends on itself alone, so that the
    attempt to run it says why.

    Make cannot carry every file name. A run depends on FORCE if a file with such a name
    is newer than its manifest, and if a file that it had made is missing. The name of a
    configuration becomes a target: it must consist of letters, digits and . _ + , @ -

    \b
      hopcli deps configs > build/runs.mk
    """
    if rooms:
        click.echo(f"WITHOUT_NUMBERS := {' '.join(WITHOUT_NUMBERS)}")
    from hopcli.runs.dependencies import targets

    for run in targets(configs):
        words = [word for path in run.needs if (word := make(path))]
        click.echo(f".PHONY: {run.folder}\n{run.folder}: {run.manifest}")
        click.echo(f"{run.manifest}: {' '.join(words)}".rstrip())
        if run.draws:
            click.echo(f"{run.manifest}: $(PLOTS)")
        if run.is_forced:
            click.echo(f"{run.manifest}: FORCE")
