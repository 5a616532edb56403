"""Continuation of a few trials from their final states, to test whether a recall is long enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hopcli.observables import overlaps_of_sums
from hopcli.scoring import recall_of
from hopcli.statistics import clustered_interval

if TYPE_CHECKING:
    from hopcli.experiments.relaxation import Relaxation
    from hopcli.experiments.tally import Block
    from hopcli.records import Bools, Ints, Spins
    from hopcli.tables import Columns

_MOST = 500  # continued trials
_SHARE = 0.03  # of the attempts of the run; the most that these may cost,
_CHEAP = 10_000_000  # or this number of attempts, which take some milliseconds


class Rise(NamedTuple):
    """Increase of the number of recalled trials, as a fraction of all.

    Attributes
    ----------
    mean : float
        From -1 to 1.
    low, high : float
        95 % interval, for a new start.
    trials : int
        Number of continued trials.
    """

    mean: float
    low: float
    high: float
    trials: int


class Continuation:
    """First trials of each label, to be continued for the same number of sweeps.

    None is continued if even one trial of each label would take long.

    Parameters
    ----------
    relaxation : Relaxation
        Protocol of the trials of the recall.
    """

    def __init__(self, relaxation: Relaxation) -> None:
        self._relaxation = relaxation
        self._rows = affordable(relaxation)
        self._recalled: list[Bools] = []
        self._spins: list[Spins] = []

    def add(self, block: Block, spins: Spins) -> None:
        """Keep the final states of these trials in a block of the run."""
        here = np.flatnonzero(np.isin(block.rows, self._rows))
        self._recalled.append(block.scores.recalled[here])
        self._spins.append(spins[here])

    def rise(self) -> Rise | None:
        """Return the increase of recalled trials on continuation; None without any trials."""
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
        """Return a warning if the accuracy would rise by more than its interval.

        Parameters
        ----------
        accuracy : Columns
            The table of accuracies; the last row is for all labels.
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


def affordable(relaxation: Relaxation) -> Ints:
    """Return the first trials of each label, equally many, that are cheap to continue."""
    config, trials = relaxation.config, relaxation.trials
    cheap = _CHEAP // (config.sweeps * config.attempts_per_sweep)
    number = min(_MOST, max(int(_SHARE * len(trials)), cheap))
    return trials.first_of_each(number // len(trials.labels))


def rise_of(before: Bools, after: Bools, unit: Ints) -> Rise:
    """Compute the increase of recalled trials; trials of one unit are not independent.

    The interval is that of the mean of a bounded variable, see
    :func:`hopcli.statistics.clustered_interval`: the units' own increases, -1 to 1.
    """
    _, which = np.unique(unit, return_inverse=True)
    trials = np.bincount(which)
    rises = np.bincount(which, after.astype(np.int64) - before.astype(np.int64))
    low, high = clustered_interval(trials + rises, 2 * trials)
    mean = float(after.mean() - before.mean())
    return Rise(mean, 2 * low - 1, 2 * high - 1, len(before))
