"""Final states of runs of a network."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hopcli import kinds, observables
from hopcli.markup import pictures, shortened

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from hopcli.dynamics import FinalStates
    from hopcli.experiments.relaxation import Relaxation
    from hopcli.experiments.tally import Block

_SHOWN = 6  # trials in a notebook


@dataclass(frozen=True, eq=False, repr=False)
class Recalled:
    """Final states of all trials of :meth:`hopcli.Memory.recall`.

    Parameters
    ----------
    relaxation : Relaxation
        Protocol of the trials.
    final : FinalStates
        Final states.
    block : Block
        Outcomes of the trials.
    """

    relaxation: Relaxation
    final: FinalStates
    block: Block

    def __len__(self) -> int:
        return len(self.final.spins)

    def __repr__(self) -> str:
        names, counts = np.unique(self.outcome, return_counts=True)
        most = [f"{names[k]} {counts[k]:,}" for k in np.argsort(-counts, kind="stable")]
        return f"Recalled({np.sum(self.recalled):,} of {len(self):,}; {shortened(most)})"

    def _repr_html_(self) -> str:
        """Draw the first trials, start above end, for notebooks."""
        shape, first = self.relaxation.patterns.shape, slice(0, _SHOWN)
        starts = self.starts[first]
        ends = [
            f"{nearest}: {m:.2f}"
            for nearest, m in zip(self.nearest[first], self.best_overlap[first], strict=True)
        ]
        above = pictures(starts, shape, ["start"] * len(starts), repr(self))
        return above + pictures(self.spins[first], shape, ends)

    @functools.cached_property
    def starts(self) -> NDArray[np.int8]:
        """First states, int8, shape (n, N)."""
        return self.relaxation.starts(self.block.rows)

    @property
    def spins(self) -> NDArray[np.int8]:
        """Final states, int8, shape (n, N)."""
        return self.final.spins

    @property
    def overlaps(self) -> NDArray[np.float64]:
        """Overlap of each final state with every pattern, signed, float64, shape (n, p)."""
        return self.block.ends.m

    @property
    def labels(self) -> NDArray[np.str_]:
        """Label of each trial, empty where it has none, shape (n,)."""
        return self.block.bank.label

    @functools.cached_property
    def nearest(self) -> NDArray[np.str_]:
        """Name of the pattern with the largest |m|, shape (n,)."""
        return np.array(self.relaxation.patterns.names)[self.block.scores.nearest]

    @property
    def best_overlap(self) -> NDArray[np.float64]:
        """Overlap with that pattern, signed, float64, shape (n,)."""
        return self.overlaps[np.arange(len(self)), self.block.scores.nearest]

    @property
    def outcome(self) -> NDArray[np.str_]:
        """Outcome of each trial: own, other, pattern, inverse, mixture, fixed-point, ..."""
        return self.block.scores.outcome

    @property
    def recalled(self) -> NDArray[np.bool_]:
        """True for each recalled trial, see :mod:`hopcli.scoring`, shape (n,)."""
        return self.block.scores.recalled

    @functools.cached_property
    def energy(self) -> NDArray[np.float64]:
        """Energy of each final state [ZG eq. 4], float64, shape (n,)."""
        return observables.energy(self.spins, self.relaxation.couplings)

    @property
    def sweeps(self) -> NDArray[np.int64]:
        """Sweeps of each trial, int64, shape (n,)."""
        return self.final.sweeps

    @functools.cached_property
    def table(self) -> pd.DataFrame:
        """One row per trial, in the columns of trials.csv."""
        from hopcli.experiments.recall_tables import trials_table

        size = self.relaxation.trials.size
        return trials_table(self.block, self.relaxation.patterns, size).frame()

    def trace(self, trials: int = 10) -> pd.DataFrame:
        """Return energy and overlaps of the first trials after every sweep, as in trace.csv."""
        from hopcli.experiments.recall import traced

        return traced(self.relaxation, self.block.rows[: _count(trials)]).frame()

    def frames(self, trials: int = 10) -> NDArray[np.int8]:
        """Return states of the first trials after 0, 1, ... sweeps, int8, (sweeps + 1, n, N)."""
        return self.relaxation.by_sweep(self.block.rows[: _count(trials)])


def _count(trials: int) -> int:
    """Check a number of trials."""
    return int(kinds.checked(kinds.integer(1), "trials", trials))
