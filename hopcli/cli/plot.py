"""``hopcli plot``."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue
from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command
from hopcli.cli.options import FOLDER, FOLDERS
from hopcli.config.execution import animation_name
from hopcli.errors import ResultError
from hopcli.printing import terminal
from hopcli.values import RefusedError

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


@click.command("plot", cls=Command)
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
@click.option("--overwrite", is_flag=True, help="Replace other pictures in the folder of --out.")
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
    overwrite: bool,
    quiet: bool,
    printed: str,
) -> None:
    """Draw the pictures of finished runs again.

    Each DIR is a folder of results. Nothing is run: the pictures are drawn from the tables
    and arrays in the folder, after they were held to the manifest, and are the same as
    those of the run itself. Pictures of another format are added.

    \b
      hopcli plot results/paper --figure-format pdf --figure-style paper --out figures
      hopcli plot results/paper results/figure1 --out figures
      hopcli plot results/* --dpi 300

    With --out and several DIR, the name of each file begins with that of its DIR, as in
    figures/paper-accuracy.png. Folders of one name are called by as many of their parents as
    it takes (a-paper, b-paper). A file that --out holds already is replaced by a different
    one only with --overwrite. The pictures of a run in the folder of --out are never replaced.
    """
    from hopcli import results

    show = _quietly if quiet else _as_json if printed == "json" else _as_words
    if (
        out is not None
        and len(folders) == 1
        and os.path.realpath(out) == os.path.realpath(folders[0])
    ):
        out = None  # the pictures are entered in its manifest
    if overwrite and out is None:
        raise click.UsageError("--overwrite has no effect without --out")
    folders = tuple({os.path.realpath(folder): folder for folder in folders}.values())
    runs, grids = [], []
    for folder in folders:
        if results.command_in(folder) == "grid":
            grids.append(folder)
        else:
            runs.append((folder, results.load(folder)))
    drawers = [
        _drawer(folder, loaded, figure_format, figure_style, dpi, animate)
        for folder, loaded in runs
    ]
    if out is not None:
        drawn = [(folder, draw) for (folder, _), draw in zip(runs, drawers, strict=True)]
        if grids:
            from hopcli.runs.grid_pictures import drawer

            drawn += [(folder, drawer(folder, figure_format, figure_style)) for folder in grids]
        show(out, _draw_into(out, drawn, overwrite=overwrite))
        return
    for folder in grids:
        from hopcli.runs.grid_pictures import redraw

        show(folder, redraw(folder, form=figure_format, style=figure_style))
    for (folder, loaded), draw in zip(runs, drawers, strict=True):
        command_ = loaded.config.command
        show(folder, results.save_pictures(folder, command_, draw, key=loaded.manifest["key"]))


def _quietly(folder: Path, files: list[Path]) -> None:
    """Say nothing."""


def _as_words(folder: Path, files: list[Path]) -> None:
    print_lines(terminal(f"{folder}/  {' '.join(path.name for path in files)}"))


def _as_json(folder: Path, files: list[Path]) -> None:
    click.echo(json.dumps({"out": str(folder), "files": [path.name for path in files]}))


def _draw_into(
    out: Path, drawn: list[tuple[Path, Callable[[Path], None]]], *, overwrite: bool
) -> list[Path]:
    """Draw runs and grids into another folder: all of them, or nothing is changed there.

    Parameters
    ----------
    out : Path
        The folder; made if it does not exist.
    drawn : list of (Path, callable)
        Folder of each run or grid, and what draws it into a folder that it is given.
    overwrite : bool
        Whether a file may be replaced by one of other content.

    Raises
    ------
    ResultError
        If a file is in the way.
    """
    from hopcli.results.folder import files_in, publish, writing

    names = _short_names([folder for folder, _ in drawn])
    with writing(out) as stage:
        for folder, draw in drawn:
            each = stage / "each"
            each.mkdir()
            draw(each)
            for name in files_in(each):
                full = f"{names[folder]}-{name}" if len(names) > 1 else name
                (each / name).rename(stage / full)
            each.rmdir()
        made = files_in(stage)
        _check_free(out, stage, made, overwrite=overwrite)
        publish(stage, out, made)
        if overwrite:
            for caption in _stale_captions(out, made):
                caption.unlink()
    return [out / name for name in made]


def _short_names(folders: list[Path]) -> dict[Path, str]:
    """Name each folder by its own name, with as many of its parents as make it the only one."""
    names: dict[Path, str] = {}
    for folder in folders:
        others = [other.resolve().parts for other in folders if other != folder]
        parts = folder.resolve().parts
        depth = 1
        while depth < len(parts) and any(parts[-depth:] == other[-depth:] for other in others):
            depth += 1
        names[folder] = "-".join(part.strip("/") for part in parts[-depth:])
    return names


def _check_free(out: Path, stage: Path, made: list[str], *, overwrite: bool) -> None:
    """Refuse to replace a picture of a run there, or, unless it is wished, any other one."""
    from hopcli import results

    for command_ in results.finished_in(out):
        taken = results.open_manifest(out / f"{command_}.json")["outputs"]
        for name in made:
            if name in taken:
                raise ResultError(
                    f"{out}: holds a run of {command_} with a {name} of its own; "
                    "give --out another folder"
                )
    if overwrite:
        return
    for name in made:
        if (out / name).is_file() and (out / name).read_bytes() != (stage / name).read_bytes():
            raise ResultError(
                f"{out / name}: is another picture or caption; give --out another folder, draw "
                "all runs with one command, or replace it with --overwrite"
            )
    for caption in _stale_captions(out, made):
        raise ResultError(
            f"{caption}: is the caption of another picture; give --out another folder, or remove "
            "it with --overwrite"
        )


def _stale_captions(out: Path, made: list[str]) -> list[Path]:
    """List the caption files in a folder that would seem to be of pictures made without one."""
    stems = dict.fromkeys(name.rpartition(".")[0] for name in made)
    return [
        path
        for path in (out / f"{stem}.txt" for stem in stems)
        if path.name not in made and path.is_file()
    ]


def _drawer(
    folder: Path,
    loaded: Loaded,
    figure_format: str | None,
    figure_style: str | None,
    dpi: int | None,
    animate: str | None,
) -> Callable[[Path], None]:
    """What draws the pictures of a run; refused before any is drawn."""
    from hopcli.results.manifest import understood

    execution = loaded.manifest["execution"]
    usual = catalogue.entry(loaded.config.command).execution()
    kind = figure_format or execution.get("figure_format") or usual.figure_format
    style = figure_style or execution.get("figure_style") or usual.figure_style
    name = animate or execution.get("animate")
    with understood(folder):
        has_frames = getattr(loaded.result, "frames", None) is not None
    if name is not None and not has_frames:
        rule = "must have kept the frames of a trial: run it with --animate FILE.gif"
        raise ResultError(f"{folder}: {rule}")

    def draw(stage: Path) -> None:
        from hopcli import plots

        with understood(loaded.manifest.path, "drawn"):
            plots.draw(loaded.config, loaded.result, stage, kind, dpi, style)
            if name is not None:
                plots.animate(loaded.result, stage, name)

    return draw
