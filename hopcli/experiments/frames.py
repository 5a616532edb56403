"""A few trials after every sweep, or more often, for an animation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hopcli.config.execution import trials_named
from hopcli.observables import energy
from hopcli.records import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hopcli.experiments.relaxation import Relaxation
    from hopcli.patterns import Patterns
    from hopcli.records import Floats, Ints, Spins

_MOST_BYTES = 256_000_000  # of states; larger states reduce the number of trials
_QUENCHED = -1
_MOST_FRAMES = 1000  # of a trial


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """States of some trials, sweep by sweep.

    Parameters
    ----------
    states : ndarray of int8, shape (trials, frames, N)
        Values -1, 0 or +1.
    sweep : ndarray of float64 or int64, shape (frames,)
        Sweeps done, 0, 1, ... or parts of them; -1 for the state after a quench.
    label : tuple of str
        Label of each trial.
    place : ndarray of int64, shape (trials,)
        Number of the trial among those of its label, from 1.
    energy : ndarray of float64, shape (trials, frames)
        Energy of each state [ZG eq. 4].
    patterns : Patterns
        The stored patterns.
    """

    states: Spins
    sweep: NDArray[Any]
    label: tuple[str, ...]
    place: Ints
    energy: Floats
    patterns: Patterns

    def __post_init__(self) -> None:
        n_trials, n_frames, n_sites = self.states.shape
        shapes = (self.sweep.shape, self.place.shape, self.energy.shape)
        if shapes != ((n_frames,), (n_trials,), (n_trials, n_frames)):
            raise ValueError(f"{n_trials} trials of {n_frames} frames do not have {shapes}")
        if len(self.label) != n_trials or self.patterns.xi.shape[1] != n_sites:
            raise ValueError("each trial has a label, and as many sites as the patterns")
        for name in ("states", "sweep", "place", "energy"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def __len__(self) -> int:
        return len(self.label)

    @classmethod
    def of(cls, relaxation: Relaxation, rows: Ints, every: int | None = None) -> Frames:
        """Run these trials again and keep at least the first.

        Parameters
        ----------
        relaxation : Relaxation
            The trials.
        rows : ndarray of int64
            Numbers of the trials.
        every : int, optional
            Attempts between frames, by default a sweep; more if there would be over 1000 frames.
        """
        config, couplings = relaxation.config, relaxation.couplings
        attempts = config.attempts_per_sweep
        end = config.sweeps * attempts
        every = max(every or attempts, -(-end // _MOST_FRAMES))
        times = [*range(every, end, every), end] if end else []
        sweep = np.array([0, *times]) / attempts
        if not np.any(sweep % 1):
            sweep = sweep.astype(np.int64)
        if config.quench:
            sweep = np.append(sweep, _QUENCHED)
        most = max(1, _MOST_BYTES // (len(sweep) * couplings.n_sites))
        rows = rows[:most]
        states = np.ascontiguousarray(np.moveaxis(relaxation.by_sweep(rows, times), 1, 0))
        label = tuple(str(name) for name in relaxation.trials.bank(rows).label)
        place = [label[: k + 1].count(name) for k, name in enumerate(label)]
        energies = np.stack([energy(trial, couplings) for trial in states])
        return cls(states, sweep, label, np.array(place), energies, relaxation.patterns)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return the frames as plain arrays, without the patterns."""
        return {
            "states": self.states,
            "sweep": self.sweep,
            "label": np.array(self.label),
            "place": self.place,
            "energy": self.energy,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], patterns: Patterns) -> Frames:
        """Make the frames from :meth:`to_arrays`."""
        label = tuple(str(name) for name in arrays["label"].tolist())
        numbers = {name: arrays[name] for name in ("states", "sweep", "place", "energy")}
        return cls(label=label, patterns=patterns, **numbers)

    def shown_in(self, name: str) -> list[int]:
        """Return the trials in an animation of this name, by label, in order."""
        shown = np.flatnonzero(self.place <= trials_named(name)).tolist()
        return sorted(shown, key=lambda k: self.label.index(self.label[k]))

    def nearest(self, trial: int) -> int:
        """Return the row of the own pattern nearest to the final state of a trial.

        Without an own pattern, the nearest of all.
        """
        overlap = self.patterns.xi.astype(np.int64) @ self.states[trial, -1].astype(np.int64)
        own = np.array([name == self.label[trial] for name in self.patterns.labels])
        return int(np.argmax(np.where(own | ~own.any(), np.abs(overlap), -1)))

    def overlap(self, trial: int, pattern: int) -> Floats:
        """Return overlaps of the states of a trial with a pattern [ZG eq. 1], shape (frames,)."""
        xi = self.patterns.xi[pattern].astype(np.int64)
        return self.states[trial].astype(np.int64) @ xi / len(xi)
