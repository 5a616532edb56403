"""``hopcli plot``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue
from hopcli.cli.options import FOLDER, FOLDERS
from hopcli.config.execution import animation_name
from hopcli.config.kinds import RefusedError
from hopcli.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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
@FOLDERS
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
    folders: tuple[Path, ...],
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

    show = _quietly if quiet else _as_json if printed == "json" else _as_words
    if out is not None and len(folders) == 1 and out.resolve() == folders[0].resolve():
        out = None  # the pictures are entered in its manifest
    if out is not None and len(folders) > 1:
        raise click.UsageError(f"--out takes one DIR, found {len(folders)}")
    runs = []
    for folder in folders:
        found = results.runs_in(folder)
        if not found and (folder / "grid.json").is_file():
            from hopcli.cli.grid.files import draw_again

            show(folder, draw_again(folder, figure_format, figure_style, out))
            continue
        if not found:
            raise ResultError(f"{folder}: must hold a finished run, has no manifest of one")
        runs += [(folder, results.load(folder, name)) for name in found]
    drawers = [
        _drawer(folder, loaded, figure_format, figure_style, dpi, animate)
        for folder, loaded in runs
    ]
    if out is not None and runs:
        (folder, first), *_ = runs
        files = results.save_pictures(folder, first.config.command, _all_of(drawers, out), out)
        show(out, files)
        return
    for (folder, loaded), draw in zip(runs, drawers, strict=True):
        command_ = loaded.config.command
        show(folder, results.save_pictures(folder, command_, draw, key=loaded.manifest["key"]))


def _quietly(folder: Path, files: list[Path]) -> None:
    """Say nothing."""


def _as_words(folder: Path, files: list[Path]) -> None:
    click.echo(f"{folder}/  {' '.join(path.name for path in files)}")


def _as_json(folder: Path, files: list[Path]) -> None:
    click.echo(json.dumps({"out": str(folder), "files": [path.name for path in files]}))


def _all_of(drawers: list[Callable[[Path], None]], out: Path) -> Callable[[Path], None]:
    """What draws several runs for another folder, if none of its runs has such a picture."""
    from hopcli import results

    def draw_all(stage: Path) -> None:
        for draw in drawers:
            draw(stage)
        for other in results.runs_in(out):
            names = results.open_manifest(out / f"{other}.json")["outputs"]
            for name in sorted(path.name for path in stage.iterdir()):
                if name in names:
                    raise ResultError(
                        f"{out}: holds a run of {other} with a {name} of its own; "
                        "give --out another folder"
                    )

    return draw_all


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
    usual = catalogue.entry(loaded.config.command).execution()
    kind = figure_format or execution.get("figure_format") or usual.figure_format
    style = figure_style or execution.get("figure_style") or usual.figure_style
    name = animate or execution.get("animate")
    if name is not None and getattr(loaded.result, "frames", None) is None:
        raise ResultError(f"{folder}: must have kept the frames of a trial: run it with --animate")

    def draw(stage: Path) -> None:
        from hopcli import plots
        from hopcli.results.manifest import understood

        with understood(loaded.manifest.path, "drawn"):
            plots.draw(loaded.config, loaded.result, stage, kind, dpi, style)
            if name is not None:
                plots.animate(loaded.result, stage, name)

    return draw
