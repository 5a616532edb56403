"""Whether a recall is long enough: what a few trials come to that are run on from their ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.observables import overlaps_of_sums
from hopcli.scoring import recall_of
from hopcli.statistics import clustered_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hopcli.experiments.relaxation import Relaxation
    from hopcli.experiments.tally import Block
    from hopcli.tables import Columns

__all__ = ["Continuation", "Rise", "affordable", "rise_of"]

_MOST = 500  # trials run on
_SHARE = 0.03  # of the attempts of the run that these may cost,
_CHEAP = 10_000_000  # or so many attempts, which take some milliseconds


class Rise(NamedTuple):
    """How many more trials are recalled, as a fraction of all.

    Attributes
    ----------
    mean : float
        From -1 to 1.
    low, high : float
        Its 95 % interval, for a new start.
    trials : int
        Number of trials that it is of.
    """

    mean: float
    low: float
    high: float
    trials: int


class Continuation:
    """The first trials of each label, to be run on for as many sweeps as they had.

    None is run on where even a trial of each label would take long.

    Parameters
    ----------
    relaxation : Relaxation
        How the trials of the recall are run.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        self._relaxation = relaxation
        self._rows = affordable(relaxation)
        self._recalled: list[NDArray[np.bool_]] = []
        self._spins: list[NDArray[np.int8]] = []

    def add(self, block: Block, spins: NDArray[np.int8]) -> None:
        """Keep where those of them ended that are in a block of the run."""
        here = np.flatnonzero(np.isin(block.rows, self._rows))
        self._recalled.append(block.scores.recalled[here])
        self._spins.append(spins[here])

    def rise(self) -> Rise | None:
        """How many more are recalled when they are run on; None without any."""
        if not len(self._rows):
            return None
        relaxation = self._relaxation
        config, bank = relaxation.config, relaxation.trials.bank(self._rows)
        final = relaxation.further(np.concatenate(self._spins), self._rows)
        is_own = bank.label[:, None] == np.array(relaxation.patterns.labels)
        m = overlaps_of_sums(final.ends, relaxation.couplings)
        after, _ = recall_of(m, is_own, config.criterion, signed=config.score == "signed")
        unit = bank.source_index if config.start.uses_images else self._rows
        return rise_of(np.concatenate(self._recalled), after, unit)

    def warning(self, accuracy: Columns) -> str | None:
        """What is to be said where the accuracy would rise by more than its interval.

        Parameters
        ----------
        accuracy : Columns
            The table of accuracies, the last row of all labels.
        """
        rise = self.rise()
        mean, low, high = (accuracy[name][-1] for name in ("accuracy", "ci_low", "ci_high"))
        half = (high - low) / 2
        if rise is None or rise.low <= 0 or rise.mean <= half:
            return None
        return (
            f"the accuracy, {100 * mean:.1f} ± {100 * half:.1f} %, would rise by "
            f"{100 * rise.mean:.1f} ({100 * rise.low:.1f} to {100 * rise.high:.1f}, from "
            f"{rise.trials} trials run on) with twice the sweeps: runs have not relaxed "
            f"(try --sweeps {2 * self._relaxation.config.sweeps}; `hopcli relax` shows how they do)"
        )


def affordable(relaxation: Relaxation) -> NDArray[np.int64]:
    """The first trials of each label, as many of each, that cost little to run on."""
    config, trials = relaxation.config, relaxation.trials
    cheap = _CHEAP // (config.sweeps * config.attempts_per_sweep)
    number = min(_MOST, max(int(_SHARE * len(trials)), cheap))
    return trials.first_of_each(number // len(trials.labels))


def rise_of(before: NDArray[np.bool_], after: NDArray[np.bool_], unit: NDArray[np.int64]) -> Rise:
    """How many more trials are recalled after than before; those of one unit are alike.

    The interval is that of the mean of a bounded variable, see
    :func:`hopcli.statistics.clustered_interval`: of the units' own rises, -1 to 1.
    """
    _, which = np.unique(unit, return_inverse=True)
    trials = np.bincount(which)
    rises = np.bincount(which, after.astype(np.int64) - before.astype(np.int64))
    low, high = clustered_interval(trials + rises, 2 * trials)
    mean = float(after.mean() - before.mean())
    return Rise(mean, 2 * low - 1, 2 * high - 1, len(before))
