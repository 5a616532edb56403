"""The files of a grid: its table, its picture, its manifest; and what is printed of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from hopcli import results
from hopcli.errors import ResultError, SettingError
from hopcli.grids.export import tidy_table, write_table
from hopcli.grids.grid import read_grid
from hopcli.grids.store import FILE, Store, is_grid
from hopcli.results.folder import check_file, files_in, publish, publish_run, sha256_of, writing
from hopcli.results.provenance import source_commit, versions
from hopcli.results.tables import columns_of, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from hopcli.grids.grid import Grid
    from hopcli.grids.keys import Look
    from hopcli.grids.state import State

__all__ = [
    "draw_again",
    "drawn_table",
    "is_published",
    "load_grid",
    "print_grid",
    "publish_grid",
    "redraw",
]

TABLE, PICTURE = "grid.csv", "grid.png"
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
    folder = store.path.parent
    table = tidy_table(store, grid, grid.entry.headline.table)
    drawn = drawn_table(table, grid, grid.look)
    with writing(folder, "grid") as stage:
        write_table(table, stage / TABLE, "csv")
        if grid.look.over:
            write_table(drawn, stage / f"over_{grid.look.over}.csv", "csv")
        if figures:
            save_picture(drawn, grid, grid.look, stage / PICTURE)
        names = files_in(stage)
        publish_run(
            stage, folder, "grid", _manifest(grid, seconds, columns_of(table), stage, names)
        )
    return [folder / name for name in (*names, "grid.json")]


def _manifest(
    grid: Grid, seconds: float, columns: list[str], stage: Path, names: list[str]
) -> dict[str, Any]:
    return {
        "command": "grid",
        "config": grid.to_dict(),
        "versions": versions(),
        "source_commit": source_commit(),
        "duration_seconds": round(seconds, 3),
        "tables": {"grid": columns},
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


def load_grid(folder: Path, name: str | None = None) -> tuple[Grid, pd.DataFrame]:
    """The grid of a folder and a table of it: from the store, else as it was published.

    Parameters
    ----------
    folder : Path
        Where it is.
    name : str, optional
        Which table; by default the one that is drawn.

    Raises
    ------
    SettingError
        If there is no such table.
    ResultError
        If there is no grid, or it is damaged.
    """
    published = folder / "grid.json"
    if is_grid(folder) or not published.is_file():
        with Store(folder) as store:
            grid = read_grid(store.grid())
            return grid, tidy_table(store, grid, name or grid.entry.headline.table)
    manifest = results.read_json(published)
    try:
        grid = read_grid(manifest["config"])
        columns = manifest["tables"]["grid"]
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(f"{published}: another version of hopcli wrote it ({error})") from None
    if name not in (None, grid.entry.headline.table):
        rule = f"must be {grid.entry.headline.table} where there is no {FILE}"
        raise SettingError("table", rule, name)
    check_file(folder, published, TABLE, manifest["outputs"].get(TABLE))
    return grid, read_table(folder / TABLE, columns)


def drawn_table(table: pd.DataFrame, grid: Grid, look: Look) -> pd.DataFrame:
    """What a picture is of: the table, or its averages over a key."""
    if not look.over:
        return table
    from hopcli.grids.over import average

    return average(table, grid.keys(), look.over, grid.entry.headline)


def save_picture(
    drawn: pd.DataFrame, grid: Grid, look: Look, path: Path, style: str = "screen"
) -> None:
    """Draw the picture of a grid into a file."""
    from hopcli import plots
    from hopcli.plots.grid import figure

    plots.save(figure(drawn, grid.keys(), grid.entry.headline, look, style), path)


def redraw(
    folder: Path, drawn: pd.DataFrame, grid: Grid, look: Look, form: str, style: str
) -> Path:
    """Draw the picture of a grid anew in its folder, and enter it in the manifest if there is one.

    Returns
    -------
    Path
        The picture.
    """
    path = folder / f"grid.{form}"
    with writing(folder, "grid") as stage:
        save_picture(drawn, grid, look, stage / path.name, style)
        if (folder / "grid.json").is_file():
            manifest = results.read_json(folder / "grid.json")
            manifest["outputs"][path.name] = sha256_of(stage / path.name)
            publish_run(stage, folder, "grid", manifest)
        else:
            publish(stage, folder, [path.name])
    return path


def draw_again(folder: Path, form: str | None, style: str | None, out: Path | None) -> list[Path]:
    """Draw the picture of a published grid as its configuration says; where it is."""
    grid, table = load_grid(folder)
    drawn = drawn_table(table, grid, grid.look)
    form, style = form or "png", style or "screen"
    if out is None:
        return [redraw(folder, drawn, grid, grid.look, form, style)]
    with writing(out, "grid") as stage:
        save_picture(drawn, grid, grid.look, stage / f"grid.{form}", style)
        publish(stage, out, [f"grid.{form}"])
    return [out / f"grid.{form}"]


def print_grid(folder: Path, state: State, files: list[Path], n_made: int, form: str) -> None:
    """Print how the cells stand, the numbers that the picture shows, and where the files are."""
    grid, counts = state.grid, {**state.counts, "made now": n_made}
    if form == "json":
        told = {"command": "grid", "out": str(folder), **counts}
        click.echo(json.dumps({**told, "files": [path.name for path in files]}))
        return
    said = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    click.echo(f"{grid.command}: {said}")
    if files:
        _print_numbers(folder, grid)
    names = " ".join(path.name for path in files)
    click.echo(f"\n{folder}/  {names or 'grid.sqlite'}")


def _print_numbers(folder: Path, grid: Grid) -> None:
    """Print the first rows of what is drawn."""
    import pandas as pd

    over, headline = grid.look.over, grid.entry.headline
    name = f"over_{over}.csv" if over else TABLE
    table = pd.read_csv(folder / name)
    for column, value in headline.where.items():
        if column in table.columns:
            table = table[table[column].astype(str) == str(value)]
    keys = [key for key in grid.names if key != over]
    wanted = [*keys, *headline.within, headline.value, headline.low, headline.high]
    shown = table[[column for column in dict.fromkeys(wanted) if column in table.columns]]
    click.echo("\n" + shown.head(_SHOWN).to_string(index=False, float_format="{:.4g}".format))
    if len(shown) > _SHOWN:
        click.echo(f"... and {len(shown) - _SHOWN:,} more rows in {name}")
