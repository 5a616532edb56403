"""``hopcli grid table``."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command
from hopcli.cli.options import ONE_FOLDER
from hopcli.cli.tables import check_layout, layout, print_table, table_options
from hopcli.errors import ResultError, SettingError

_FORMATS = ("table", "csv", "parquet", "markdown", "latex")  # the last four as grids.export.FORMATS


def _file(_ctx: click.Context, _param: click.Parameter, text: str | None) -> Path | None:
    """Read the name of a file to write; refuse folders and devices."""
    if text is None:
        return None
    path = Path(text)
    if not path.name or "\0" in text or (os.path.lexists(path) and not path.is_file()):
        raise click.UsageError(f"--out must be a file, found {text!r:.80}")
    if path.exists() and not os.access(path, os.W_OK):
        raise ResultError(f"{path}: cannot be written: Permission denied")
    return path


@click.command("table", cls=Command, params=table_options(forms=_FORMATS, default=None))
@ONE_FOLDER
@click.option(
    "--table",
    "name",
    metavar="NAME",
    help="Table of the command.  [default: the one that is drawn]",
)
@click.option("--over", metavar="KEY", help="Average over this key of the grid.")
@click.option("--out", callback=_file, metavar="FILE", help="File to write.  [default: print it]")
def table(
    folder: Path, name: str | None, over: str | None, form: str | None, out: Path | None
) -> None:
    """Combine a table of all finished cells, with the keys of the grid as first columns.

    Nothing is written into the folder of the grid unless --out is in it.

    \b
      hopcli grid table results/phase > phase.csv
      hopcli grid table results/phase --table outcomes --out outcomes.parquet
      hopcli grid table results/stored --over selection_seed --format markdown
    """
    from hopcli.grids.export import FORMATS, write_table
    from hopcli.grids.over import average
    from hopcli.grids.view import load_view
    from hopcli.results.files import write_file

    if form is None:
        suffixes = {suffix: known for known, suffix in FORMATS.items()}
        form = suffixes.get(out.suffix if out else ".csv")
        if form is None:
            rule = f"must end in one of {', '.join(suffixes)}, or give --format"
            raise click.UsageError(f"--out {rule}, found {str(out)!r:.80}")
        check_layout(click.get_current_context(), form)
    view = load_view(folder, name)
    grid, found = view.grid, view.table
    if over is not None:
        headline = grid.entry.headline
        if name not in (None, headline.table.name):
            raise SettingError("over", f"must be of table {headline.table.name}", name)
        found = average(found, grid.keys(), over, headline)
    if out is None:
        print_table(found, form, named=folder.resolve().name)
        return
    if form not in FORMATS:
        rule = f"--out has no effect on --format {form}; give {' or '.join(FORMATS)}"
        raise click.UsageError(rule)
    chosen, named = layout(), folder.resolve().name
    write_file(out, lambda stage: write_table(found, stage, form, chosen, named))
    print_lines(out)
