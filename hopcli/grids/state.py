"""State of a grid: finished, failed and missing cells."""

from __future__ import annotations

import functools
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hopcli.grids.planning import in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hopcli.grids.grid import Grid
    from hopcli.grids.store import Standing


@dataclass(frozen=True, eq=False)
class State:
    """State of the cells of a grid.

    Parameters
    ----------
    grid : Grid
        The grid.
    places : mapping of int to str
        The cell of each of its points.
    standings : mapping of str to Standing
        State of each cell in the store, which may also contain cells of other grids.
    """

    grid: Grid
    places: Mapping[int, str]
    standings: Mapping[str, Standing]

    @functools.cached_property
    def there(self) -> dict[str, Standing]:
        """States of the stored cells of this grid."""
        cells = dict.fromkeys(self.places.values())
        return {cell: self.standings[cell] for cell in cells if cell in self.standings}

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of cells: all, finished, failed, missing."""
        n_cells = len(set(self.places.values()))
        finished = sum(one.error is None for one in self.there.values())
        return {
            "cells": n_cells,
            "finished": finished,
            "failed": len(self.there) - finished,
            "missing": n_cells - len(self.there),
        }

    @property
    def is_whole(self) -> bool:
        """True if every cell is finished."""
        return self.counts["finished"] == self.counts["cells"]

    @property
    def failures(self) -> list[tuple[str, str]]:
        """Return the failed points, in words, with their errors."""
        return [
            (words, standing.error)
            for words, standing in self._told()
            if standing.error is not None
        ]

    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Return the points with warnings, in words, and the warnings."""
        return [(words, told) for words, standing in self._told() for told in standing.warnings]

    @property
    def warned(self) -> str | None:
        """Summarise all warnings in one line: number of cells, in total and per topic."""
        standings = [one for one in self.there.values() if one.warnings]
        if not standings:
            return None
        topics = Counter(
            topic for one in standings for topic in dict.fromkeys(one.topics or ("other warnings",))
        )
        said = ", ".join(f"{topic} ({count:,})" for topic, count in topics.most_common())
        return f"{len(standings):,} of {self.counts['cells']:,} cells: {said}"

    def _told(self) -> Iterator[tuple[str, Standing]]:
        """Return the points with a stored cell, in words, with its state."""
        for point in self.grid.points():
            standing = self.there.get(self.places.get(point.place, ""))
            if standing is not None:
                yield in_words(self.grid, point.values), standing
