"""``hopcli deps``: the dependencies of configurations, for Make."""

from __future__ import annotations

import click

from hopcli.cli.once import Command
from hopcli.printing import make


@click.command("deps", cls=Command)
@click.argument("configs", nargs=-1, metavar="FILE|DIR...")
@click.option("--rooms", is_flag=True, help="List the folders of hopcli that change no number.")
def command(configs: tuple[str, ...], rooms: bool) -> None:
    """Print the files that runs of configurations depend on, as part of a Makefile.

    A folder stands for the .toml files in it. The target of a run is its manifest. It
    depends on the configuration, on every file that the run reads, and on the variable PLOTS
    if pictures are drawn. If one of the named runs makes such a file, the target depends on
    that run. A configuration that cannot be read depends on itself only; running it then
    prints the error.

    Make does not support every file name. A run depends on FORCE if a file with an unsupported
    name is newer than its manifest, or if a file that the run made is missing. The name of a
    configuration becomes a target: it must consist of letters, digits and . _ + , @ -

    \b
      hopcli deps configs > build/runs.mk
    """
    if not configs and not rooms:
        raise click.UsageError("FILE or DIR is missing; for help, type `hopcli deps -h`")
    if rooms:
        from hopcli.results.provenance import WITHOUT_NUMBERS

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
