"""``hopcli plot``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.completion import complete_folder
from hopcli.cli.options import FOLDER
from hopcli.config.execution import animation_name
from hopcli.config.kinds import RefusedError
from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hopcli.results import Loaded

__all__ = ["command"]


class _GifName(click.ParamType[str]):
    """A file name as `hopcli recall --animate` takes it."""

    name = "FILE.gif"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return str(animation_name().check(value))
        except RefusedError as error:
            self.fail(f"{error}, found {value!r:.80}", param, ctx)


@click.command("plot")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="DIR...",
    type=click.Path(),
    shell_complete=complete_folder,
)
@click.option(
    "--figure-format",
    type=click.Choice(["png", "svg", "pdf"]),
    help="File format of the pictures.  [default: that of the run]",
)
@click.option(
    "--figure-style",
    type=click.Choice(["screen", "paper"]),
    help="With title and caption, or for print.  [default: that of the run]",
)
@click.option(
    "--dpi",
    type=click.IntRange(20, 1200),
    help="Pixels an inch, of png and of pictures inside the others.  [default: 150; 300]",
)
@click.option(
    "--animate",
    type=_GifName(),
    metavar="FILE.gif",
    help="Draw the animation of a run that kept its frames.",
)
@click.option("--out", type=FOLDER, metavar="DIR", help="Folder for the pictures.  [default: DIR]")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
@click.option(
    "--format",
    "printed",
    type=click.Choice(["table", "json"]),
    default="table",
    help="Print names of files as words, or for scripts as a line of JSON.  [default: table]",
)
def command(
    folders: tuple[str, ...],
    figure_format: str | None,
    figure_style: str | None,
    dpi: int | None,
    animate: str | None,
    out: Path | None,
    quiet: bool,
    printed: str,
) -> None:
    """Draw the pictures of finished runs again.

    Each DIR is a folder of results. Nothing is run: the pictures are drawn from the tables
    and arrays in the folder, after they were held to the manifest, and are the same as
    those of the run itself. Pictures of another format are added.

    \b
      hopcli plot results/paper --figure-format pdf --figure-style paper --out figures
      hopcli plot results/* --dpi 300
    """
    from hopcli import results

    if out is not None and len(folders) == 1 and out.resolve() == Path(folders[0]).resolve():
        out = None  # the pictures are entered in its manifest
    if out is not None and len(folders) > 1:
        raise click.UsageError(f"--out takes one DIR, found {len(folders)}")
    runs = []
    for folder in map(Path, folders):
        found = results.runs_in(folder)
        if not found:
            raise ResultError(f"{folder}: must hold a finished run, has no manifest of one")
        runs += [(folder, results.load(folder, name)) for name in found]
    drawn = [
        (folder, loaded, _drawer(folder, loaded, figure_format, figure_style, dpi, animate))
        for folder, loaded in runs
    ]
    for folder, loaded, draw in drawn:
        files = results.save_pictures(
            folder, loaded.config.command, draw, out, key=loaded.manifest["key"]
        )
        names = [path.name for path in files]
        if printed == "json" and not quiet:
            click.echo(json.dumps({"out": str(out or folder), "files": names}))
        elif not quiet:
            click.echo(f"{out or folder}/  {' '.join(names)}")


def _drawer(
    folder: Path,
    loaded: Loaded,
    figure_format: str | None,
    figure_style: str | None,
    dpi: int | None,
    animate: str | None,
) -> Callable[[Path], None]:
    """What draws the pictures of a run; refused before any is drawn."""
    execution = loaded.manifest["execution"]
    kind = figure_format or execution["figure_format"]
    style = figure_style or execution["figure_style"]
    name = animate or execution.get("animate")
    if name is not None and getattr(loaded.result, "frames", None) is None:
        raise ResultError(f"{folder}: must have kept the frames of a trial: run it with --animate")

    def draw(stage: Path) -> None:
        from hopcli import plots

        plots.draw(loaded.config, loaded.result, stage, kind, dpi, style)
        if name is not None:
            plots.animate(loaded.result, stage, name)

    return draw
