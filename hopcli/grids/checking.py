"""Is a grid what was written? Its store, cell by cell, and the files that were made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.grids.store import Store
from hopcli.results.checking import CHECKERS, Checked, Checker, Finding, check_manifest
from hopcli.results.forms import GRID
from hopcli.results.manifest import finished_in

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["EVERY_CHECKER", "check_store", "grid_differences"]


def check_store(path: Path) -> Checked:
    """Hold the cells of a grid to their checksums, each a run.

    Parameters
    ----------
    path : Path
        The store.
    """
    try:
        n_cells, differences = _cells(path.parent)
    except ResultError as error:
        n_cells, differences = 0, [str(error)]
    return Checked(n_cells, 1, tuple(Finding(path, line) for line in differences), (), frozenset())


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
    n_cells, differences = _cells(folder)
    manifest = folder / "grid.json"
    if GRID in finished_in(folder):
        differences += (finding.line for finding in check_manifest(manifest).differs)
    return n_cells, differences


def _cells(folder: Path) -> tuple[int, list[str]]:
    """The number of cells of a store, and what is not as it was written."""
    with Store(folder) as store:
        n_cells = len(store.standings())
        differences = list(store.damaged().values())
        try:
            store.places()
        except ResultError as error:
            differences.append(str(error))
    return n_cells, differences


EVERY_CHECKER: Mapping[str, Checker] = {
    **CHECKERS,
    "reproduce.json": check_manifest,
    "grid.sqlite": check_store,
}
"""What checks a file of runs, verdicts and grids, by its name."""
