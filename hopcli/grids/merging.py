"""Putting shards of a grid together that were made elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.grids.grid import read_grid
from hopcli.grids.store import Place, Store

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.grids.grid import Grid

__all__ = ["take_in"]


def take_in(store: Store, folders: Sequence[Path], *, accept_version: bool) -> tuple[Grid, int]:
    """Copy what shards have finished into a store.

    Parameters
    ----------
    store : Store
        Where to; it may hold a part of the grid already.
    folders : sequence of Path
        The shards.
    accept_version : bool
        Whether cells of different code may come together.

    Returns
    -------
    grid : Grid
        The grid that all of them are of.
    n_taken : int
        How many cells were copied.

    Raises
    ------
    ResultError
        If they are of different grids, of different code, or disagree about a cell; nothing
        has been copied then.
    """
    with contextlib.ExitStack() as stack:
        shards = [stack.enter_context(Store(folder)) for folder in folders]
        first = shards[0]
        for shard in shards[1:]:
            if (shard.grid(), shard.places()) != (first.grid(), first.places()):
                what = "must be a shard of the grid that"
                raise ResultError(f"{shard.path.parent}: {what} {first.path.parent} is of")
        if not accept_version:
            _check_versions(shards)
        grid, places = read_grid(first.grid()), first.places()
        wanted = dict.fromkeys(places.values())
        source = {cell: shard for shard in reversed(shards) for cell in _finished(shard)}
        _check_agreement([store, *shards])
        here = _finished(store)
        taken = [cell for cell in wanted if cell in source and cell not in here]
        for cell in taken:
            store.write(source[cell].made(cell))
        points = {point.place: point.values for point in grid.points()}
        store.describe(grid, [Place(place, cell, points[place]) for place, cell in places.items()])
    return grid, len(taken)


def _finished(store: Store) -> set[str]:
    return {cell for cell, one in store.standings().items() if one.state == "finished"}


def _check_versions(shards: Sequence[Store]) -> None:
    made_by = {
        standing.version: shard.path.parent
        for shard in shards
        for standing in shard.standings().values()
    }
    if len(made_by) > 1:
        (one, here), (other, there) = list(made_by.items())[:2]
        raise ResultError(
            f"{there}: made by {other}, {here} by {one}: --accept-version takes them together"
        )


def _check_agreement(stores: Sequence[Store]) -> None:
    """Refuse shards that have made the same cell with different numbers."""
    known: dict[str, tuple[dict[str, str], Path]] = {}
    for store in stores:
        for cell, checksums in store.checksums().items():
            other, there = known.setdefault(cell, (checksums, store.path.parent))
            differing = [n for n in checksums if n in other and checksums[n] != other[n]]
            if differing:
                which = f"table {differing[0]} of cell {cell[:12]}"
                raise ResultError(f"{store.path.parent}: {which} is another than in {there}")
