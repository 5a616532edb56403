"""Files of a complete grid: its table, its picture, its manifest."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from hopcli import results
from hopcli.errors import SettingError
from hopcli.grids.export import write_table
from hopcli.grids.view import TABLE, View
from hopcli.results.folder import files_in, publish, publish_new, writing
from hopcli.results.manifest import GRID, finished_in

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopcli.grids.grid import Grid, Look
    from hopcli.grids.planning import State
    from hopcli.grids.store import Store

    Draw = Callable[[View, Look, Path], None]

PICTURE = "grid.png"
_MOST_WARNINGS = 1000  # in a manifest


def publish_if_whole(
    store: Store, state: State, n_made: int, began: float, draw: Draw | None
) -> tuple[list[Path], str, View | None]:
    """Write table, manifest and picture of a grid, if every cell is finished.

    Parameters
    ----------
    store : Store
        The cells.
    state : State
        Numbers of finished cells.
    n_made : int
        Number of new cells; without one, published files stay.
    began : float
        Time when the making of cells began, as of `time.perf_counter`.
    draw : callable or None
        Draws the picture of a view in a layout into a file; None for no picture.

    Returns
    -------
    files : list of Path
        The files.
    undrawn : str
        Reason why the picture is missing; empty otherwise.
    view : View or None
        The published grid; None if nothing was published now.
    """
    grid = state.grid
    if not state.is_whole or (not n_made and _is_published(store, grid, drawn=draw is not None)):
        return [], "", None
    warnings = [f"{words}: {text}" for words, text in state.warnings]
    if (more := len(warnings) - _MOST_WARNINGS) > 0:
        listed = "`hopcli grid status DIR --format json` lists them"
        warnings[_MOST_WARNINGS:] = [f"{more:,} more: {listed}"]
    folder, reasons = store.path.parent, list[str]()
    view = View.of(store, grid)

    def made(make: Callable[[], Any]) -> Any:
        """Make a file on which the table does not depend, or note why it cannot be made."""
        try:
            return make()
        except SettingError as error:  # about the layout
            reasons.append(error.describe(f"plot.{error.setting}"))
        except (OSError, MemoryError) as error:
            reasons.append(str(error) or "it does not fit into memory")
        return None

    with writing(folder) as stage:
        write_table(view.table, stage / TABLE, "csv")
        if grid.look.over is not None:
            average = made(lambda: view.drawn(grid.look))
            if average is not None:
                write_table(average, stage / f"over_{grid.look.over}.csv", "csv")
        manifest = {
            "config": grid.to_dict(),
            "duration_seconds": round(time.perf_counter() - began, 3),
            "notes": {"warnings": warnings},
            "tables": {"grid": view.table.heads},
        }
        files = publish_new(stage, folder, GRID, manifest)
    if draw is not None:
        drawn = made(
            lambda: enter_picture(folder, lambda stage: draw(view, grid.look, stage / PICTURE))
        )
        files[-1:-1] = drawn or []
    return files, "; ".join(dict.fromkeys(reasons)), view


def _is_published(store: Store, grid: Grid, *, drawn: bool) -> bool:
    """Return whether the files of this grid exist, as they were written."""
    try:
        manifest = results.read_manifest(store.path.parent, "grid")
    except OSError:
        return False
    is_drawn = not drawn or PICTURE in manifest["outputs"]
    return manifest.get("config") == json.loads(json.dumps(grid.to_dict())) and is_drawn


def enter_picture(folder: Path, draw: Callable[[Path], None]) -> list[Path]:
    """Draw the picture of a grid in its folder, and add it to the manifest if there is one.

    Parameters
    ----------
    folder : Path
        The folder.
    draw : callable
        Draws the picture into a given folder.

    Returns
    -------
    list of Path
        The picture.
    """
    if GRID in finished_in(folder):
        return results.save_pictures(folder, GRID, draw)
    with writing(folder) as stage:
        draw(stage)
        names = files_in(stage)
        publish(stage, folder, names)
    return [folder / name for name in names]
