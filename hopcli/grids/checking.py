"""Verification of a grid: its store, cell by cell, and the files made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.results.checking import Checked, Checker, Finding, check_manifest
from hopcli.results.listing import MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def check_store(path: Path) -> Checked:
    """Verify the cells of a grid, each of which is a run, against their checksums.

    Parameters
    ----------
    path : Path
        The store.
    """
    from hopcli.grids.store import Store

    n_cells, differences = 0, list[str]()
    try:
        with Store(path.parent) as store:
            n_cells = len(store.standings())
            differences = [
                f"{path}: is damaged: cell {cell[:12]} is not as written"
                for cell in store.damaged()
            ]
            store.places()
    except ResultError as error:
        differences.append(str(error))
    return Checked(n_cells, 1, tuple(Finding(path, line) for line in differences), frozenset())


EVERY_CHECKER: Mapping[str, Checker] = {
    **dict.fromkeys((*MANIFESTS, "reproduce.json"), check_manifest),
    "grid.sqlite": check_store,
}
"""Functions that verify a file of runs, verdicts and grids, by its name."""
