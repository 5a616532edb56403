"""The files of a whole grid: its table, its picture, its manifest."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from hopcli import results
from hopcli.errors import SettingError
from hopcli.grids.export import write_table
from hopcli.grids.view import TABLE, View
from hopcli.results.folder import files_in, publish, publish_run, sha256_of, writing
from hopcli.results.forms import GRID
from hopcli.results.manifest import has_manifest
from hopcli.results.provenance import source_commit, versions
from hopcli.results.tables import columns_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hopcli.grids.grid import Grid
    from hopcli.grids.keys import Look
    from hopcli.grids.state import State
    from hopcli.grids.store import Store

    Draw = Callable[[View, Look, Path], None]

__all__ = ["Publisher", "enter_picture"]

PICTURE = "grid.png"


class Publisher:
    """Publishes grids.

    Parameters
    ----------
    draw : callable or None
        Draws the picture of a view in a layout into a file; None for no picture.

    Attributes
    ----------
    undrawn : str
        Reason why a grid was published without its picture; empty otherwise.
    """

    def __init__(self, draw: Draw | None) -> None:
        self._draw = draw
        self.undrawn = ""

    def publish_if_whole(self, store: Store, state: State, n_made: int, began: float) -> list[Path]:
        """Write table, picture and manifest, if every cell is finished; the files.

        Parameters
        ----------
        store : Store
            The cells.
        state : State
            How far the grid is.
        n_made : int
            Number of cells that are new: without one, what was published stays.
        began : float
            When the making of cells began, as of `time.perf_counter`.
        """
        if not state.is_whole or (not n_made and self._is_published(store, state.grid)):
            return []
        return self._publish(store, state.grid, time.perf_counter() - began)

    def _publish(self, store: Store, grid: Grid, seconds: float) -> list[Path]:
        """Write table and manifest, and then the picture, which is entered in the manifest."""
        folder = store.path.parent
        view = View.of(store, grid)
        with writing(folder, GRID) as stage:
            write_table(view.table, stage / TABLE, "csv")
            if grid.look.over is not None:
                average = self._try(lambda: view.drawn(grid.look))
                if average is not None:
                    write_table(average, stage / f"over_{grid.look.over}.csv", "csv")
            names = files_in(stage)
            publish_run(stage, folder, GRID, _manifest(view, seconds, stage, names))
        draw = self._draw
        if draw is not None:
            drawn = self._try(lambda: enter_picture(folder, view, draw))
            names += [] if drawn is None else [drawn]
        return [folder / name for name in (*names, "grid.json")]

    def _try(self, make: Callable[[], Any]) -> Any:
        """Make a file that the table does not depend on; note the reason if it cannot be made."""
        try:
            return make()
        except SettingError as error:  # of the layout
            self.undrawn = error.describe(f"plot.{error.setting}")
        except (OSError, MemoryError) as error:
            self.undrawn = str(error) or "it does not fit into memory"
        return None

    def _is_published(self, store: Store, grid: Grid) -> bool:
        """Whether the files of this very grid are there, as they were written."""
        folder = store.path.parent
        try:
            manifest = results.read_manifest(folder, "grid")
        except OSError:
            return False
        drawn = self._draw is None or PICTURE in manifest["outputs"]
        return manifest.get("config") == json.loads(json.dumps(grid.to_dict())) and drawn


def enter_picture(
    folder: Path, view: View, draw: Draw, look: Look | None = None, name: str = PICTURE
) -> str:
    """Draw the picture of a grid in its folder, and enter it in the manifest if there is one.

    Parameters
    ----------
    folder : Path
        The folder.
    view : View
        What is drawn.
    draw : callable
        Draws it.
    look : Look, optional
        The layout; by default that of the grid.
    name : str
        The file.

    Returns
    -------
    str
        The file.
    """
    with writing(folder, GRID) as stage:
        draw(view, look or view.grid.look, stage / name)
        if has_manifest(folder, GRID):
            manifest = results.open_manifest(folder / "grid.json")
            outputs = {**manifest["outputs"], name: sha256_of(stage / name)}
            said = {**manifest, "outputs": dict(sorted(outputs.items()))}
            publish_run(stage, folder, GRID, said, drawn=True)
        else:
            publish(stage, folder, [name])
    return name


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
