"""Merging of shards of a grid that were made elsewhere."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.grids.store import Store, is_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.grids.grid import Grid

_AT_ONCE = 500  # cells in one transaction


def merge(folders: Sequence[Path], out: Path, *, accept_version: bool) -> tuple[Grid, int]:
    """Copy the finished cells of shards into a store.

    Parameters
    ----------
    folders : sequence of Path
        The shards.
    out : Path
        Folder of the store; it may already contain a part of their grid. The caller has locked
        it.
    accept_version : bool
        Accept cells of different code together.

    Returns
    -------
    grid : Grid
        The common grid.
    n_taken : int
        Number of copied cells.

    Raises
    ------
    ResultError
        If the shards and the store are of different grids or different code, or disagree about
        a cell, or a shard is damaged; nothing has been written then.
    """
    with contextlib.ExitStack() as stack:
        shards = [stack.enter_context(Store(folder)) for folder in folders]
        first = shards[0]
        grid = first.grid()
        stores = [stack.enter_context(Store(out)), *shards] if is_grid(out) else shards
        for store in stores:
            is_known = store in shards or store.is_described()
            if is_known and store.description() != first.description():
                what = "belongs to a different grid than"
                raise ResultError(f"{store.path.parent}: {what} {first.path.parent}")
        wanted = {cell for _, cell in first.points()}
        source = _sources(stores, wanted, out, accept_version=accept_version)
        n_taken = 0
        with Store(out, writes=True) as to:
            for shard in shards:
                own = (made for made, _ in shard.cells() if source.get(made.cell) is shard)
                while some := list(itertools.islice(own, _AT_ONCE)):
                    to.write(*some)
                    n_taken += len(some)
            to.describe(grid, first.points())
    return grid, n_taken


def _sources(
    stores: Sequence[Store], wanted: set[str], out: Path, *, accept_version: bool
) -> dict[str, Store]:
    """Find the store of each wanted cell, and refuse stores that cannot be merged."""
    found: dict[str, Store] = {}
    versions: dict[str, Path] = {}
    for store in stores:
        folder = store.path.parent
        for made, is_whole in store.cells():
            versions.setdefault(made.version, folder)
            if len(versions) > 1 and not accept_version:
                (version, place), (other, other_place) = versions.items()
                raise ResultError(
                    f"{other_place}: made by {other}, {place} by {version}: "
                    "--accept-version merges them"
                )
            if not is_whole and folder != out:
                cell = made.cell[:12]
                raise ResultError(f"{store.path}: is damaged: cell {cell} is not as written")
            if not is_whole or made.error is not None:
                continue
            first = found.setdefault(made.cell, store)
            known = made.tables if first is store else first.made(made.cell).tables
            differing = [
                name for name, text in made.tables.items() if known.get(name, text) != text
            ]
            if differing:
                which = f"table {differing[0]} of cell {made.cell[:12]}"
                raise ResultError(f"{folder}: {which} differs from that in {first.path.parent}")
    return {cell: store for cell, store in found.items() if cell in wanted}
