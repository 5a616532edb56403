"""Is a grid what was written? Its store, cell by cell, and the files that were made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.grids.store import Store
from hopcli.results import read_json
from hopcli.results.folder import check_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["grid_differences"]


def grid_differences(folder: Path) -> tuple[int, list[str]]:
    """Hold the cells of a grid to their checksums, and its files to their manifest.

    Parameters
    ----------
    folder : Path
        Where the grid is.

    Returns
    -------
    n_cells : int
        Number of cells that there are.
    differences : list of str
        A line for each that is not as it was written.

    Raises
    ------
    ResultError
        If there is no grid, or no part of its store can be read.
    """
    with Store(folder) as store:
        n_cells = len(store.standings())
        differences = list(store.damaged().values())
        try:
            store.places()
        except ResultError as error:
            differences.append(str(error))
    manifest = folder / "grid.json"
    if manifest.is_file():
        for name, expected in read_json(manifest)["outputs"].items():
            try:
                check_file(folder, manifest, name, expected)
            except ResultError as error:
                differences.append(str(error))
    return n_cells, differences
