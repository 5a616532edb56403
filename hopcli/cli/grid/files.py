"""The files of a grid: its table, its picture, its manifest; and what is printed of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hopcli import results
from hopcli.cli.lines import tell
from hopcli.cli.tables import print_table
from hopcli.errors import SettingError
from hopcli.grids.export import write_table
from hopcli.grids.view import TABLE, View, load_published, load_view
from hopcli.results.folder import files_in, publish, publish_run, sha256_of, writing
from hopcli.results.provenance import source_commit, versions
from hopcli.results.tables import columns_of

if TYPE_CHECKING:
    from pathlib import Path

    from hopcli.grids.grid import Grid
    from hopcli.grids.keys import Look
    from hopcli.grids.state import State
    from hopcli.grids.store import Store

__all__ = ["draw_again", "is_published", "print_grid", "publish_grid", "redraw"]

PICTURE = "grid.png"
_SHOWN = 24  # rows of the table that are printed


def publish_grid(store: Store, grid: Grid, *, figures: bool, seconds: float) -> list[Path]:
    """Write the table of a whole grid, what the picture is of, the picture and the manifest.

    Parameters
    ----------
    store : Store
        The cells.
    grid : Grid
        What they are cells of.
    figures : bool
        Whether to draw the picture.
    seconds : float
        How long it took to make what was missing.

    Returns
    -------
    list of Path
        The files, the manifest last.
    """
    folder, look = store.path.parent, grid.look
    view = View.of(store, grid)
    with writing(folder, "grid") as stage:
        write_table(view.table, stage / TABLE, "csv")
        try:
            if look.over is not None:
                write_table(view.drawn(look), stage / f"over_{look.over}.csv", "csv")
            if figures:
                _draw(view, look, stage / PICTURE)
        except SettingError as error:  # of the layout: the table is worth more than the picture
            tell(f"warning: no picture: {error.describe(f'plot.{error.setting}')}")
        names = files_in(stage)
        manifest = _manifest(view, seconds, stage, names)
        publish_run(stage, folder, "grid", manifest)
    return [folder / name for name in (*names, "grid.json")]


def _draw(view: View, look: Look, path: Path, style: str = "screen") -> None:
    """Draw the picture into a file."""
    from hopcli import plots
    from hopcli.plots.grid import picture

    plots.save(picture(view, look, style), path)


def _manifest(view: View, seconds: float, stage: Path, names: list[str]) -> dict[str, Any]:
    return {
        "command": "grid",
        "config": view.grid.to_dict(),
        "versions": versions(),
        "source_commit": source_commit(),
        "duration_seconds": round(seconds, 3),
        "notes": {"warnings": list(view.warnings)},
        "tables": {"grid": columns_of(view.table)},
        "outputs": {name: sha256_of(stage / name) for name in names},
    }


def is_published(store: Store, grid: Grid, *, figures: bool) -> bool:
    """Whether the files of this very grid are there, as they were written."""
    folder = store.path.parent
    try:
        manifest = results.read_manifest(folder, "grid")
    except OSError:
        return False
    drawn = not figures or PICTURE in manifest["outputs"]
    return manifest.get("config") == json.loads(json.dumps(grid.to_dict())) and drawn


def redraw(folder: Path, view: View, look: Look, form: str, style: str) -> Path:
    """Draw the picture of a grid anew in its folder, and enter it in the manifest if there is one.

    Returns
    -------
    Path
        The picture.
    """
    path = folder / f"grid.{form}"
    with writing(folder, "grid") as stage:
        _draw(view, look, stage / path.name, style)
        if (folder / "grid.json").is_file():
            manifest = results.read_json(folder / "grid.json")
            manifest["outputs"][path.name] = sha256_of(stage / path.name)
            publish_run(stage, folder, "grid", manifest)
        else:
            publish(stage, folder, [path.name])
    return path


def draw_again(folder: Path, form: str | None, style: str | None, out: Path | None) -> list[Path]:
    """Draw the picture of a published grid as its configuration says; where it is."""
    view = load_view(folder)
    form, style = form or "png", style or "screen"
    if out is None:
        return [redraw(folder, view, view.grid.look, form, style)]
    with writing(out, "grid") as stage:
        _draw(view, view.grid.look, stage / f"grid.{form}", style)
        publish(stage, out, [f"grid.{form}"])
    return [out / f"grid.{form}"]


def print_grid(folder: Path, state: State, files: list[Path], n_made: int, form: str) -> None:
    """Print how the cells stand, the numbers that the picture shows, and where the files are.

    In a format for scripts and documents the numbers alone, of all finished cells.
    """
    grid, counts = state.grid, {**state.counts, "made now": n_made}
    if form == "json":
        told = {"command": "grid", "out": str(folder), **counts}
        click.echo(json.dumps({**told, "files": [path.name for path in files]}))
        return
    if form != "table":
        print_table(load_view(folder).drawn(grid.look), form)
        return
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    click.echo(f"{grid.command}: {said}")
    if files:
        _print_numbers(folder, grid)
    names = " ".join(path.name for path in files)
    click.echo(f"\n{folder}/  {names or 'grid.sqlite'}")


def _print_numbers(folder: Path, grid: Grid) -> None:
    """Print the first rows of what is drawn."""
    name = f"over_{grid.look.over}.csv" if grid.look.over else TABLE
    shown = load_published(folder).numbers()
    click.echo("\n" + shown.head(_SHOWN).to_string(index=False, float_format="{:.4g}".format))
    if len(shown) > _SHOWN:
        click.echo(f"... and {len(shown) - _SHOWN:,} more rows in {name}")
