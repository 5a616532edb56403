"""Merging of shards of a grid that were made elsewhere."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from hopcli.errors import ResultError
from hopcli.grids.store import Place, Store, is_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hopcli.grids.grid import Grid


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
        for shard in shards:
            _check_grid(shard, shards[0])
            for difference in shard.damaged().values():
                raise ResultError(difference)
        here = _check_together(shards, out, accept_version=accept_version)
        grid, places = shards[0].grid(), shards[0].places()
        source = {cell: shard for shard in reversed(shards) for cell in _finished(shard)}
        wanted = dict.fromkeys(places.values())
        taken = [cell for cell in wanted if cell in source and cell not in here]
        with Store(out, writes=True) as store:
            for cell in taken:
                store.write(source[cell].made(cell))
            points = {point.place: point.values for point in grid.points()}
            described = [Place(place, cell, points[place]) for place, cell in places.items()]
            store.describe(grid, described)
    return grid, len(taken)


def _check_together(shards: Sequence[Store], out: Path, *, accept_version: bool) -> set[str]:
    """Refuse stores that cannot be merged; return the cells that are already in their place."""
    with contextlib.ExitStack() as stack:
        stores, here = list(shards), set[str]()
        if is_grid(out):
            store = stack.enter_context(Store(out))
            if store.is_described():
                _check_grid(store, shards[0])
            here = _finished(store) - store.damaged().keys()
            stores.insert(0, store)
        _check_versions(stores, accept_version=accept_version)
        _check_agreement(stores)
    return here


def _finished(store: Store) -> set[str]:
    return {cell for cell, one in store.standings().items() if one.state == "finished"}


def _check_grid(store: Store, other: Store) -> None:
    """Refuse stores of different grids."""
    of_both = ((one.grid().to_dict(), one.places()) for one in (store, other))
    if next(of_both) != next(of_both):
        what = "belongs to a different grid than"
        raise ResultError(f"{store.path.parent}: {what} {other.path.parent}")


def _check_versions(stores: Sequence[Store], *, accept_version: bool) -> None:
    """Refuse cells that different code has made, unless that is accepted."""
    made_by = {
        standing.version: store.path.parent
        for store in stores
        for standing in store.standings().values()
    }
    if len(made_by) > 1 and not accept_version:
        (one, here), (other, there) = list(made_by.items())[:2]
        raise ResultError(
            f"{there}: made by {other}, {here} by {one}: --accept-version merges them"
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
                raise ResultError(f"{store.path.parent}: {which} differs from that in {there}")
