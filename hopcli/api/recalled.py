"""Final states of runs of a network."""

from __future__ import annotations

import base64
import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hopcli import kinds, observables
from hopcli.errors import SettingError
from hopcli.markup import pictures, shortened
from hopcli.records import NDArray, np

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    import pandas as pd

    from hopcli.dynamics import FinalStates
    from hopcli.experiments.relaxation import Relaxation
    from hopcli.experiments.trials import Block
    from hopcli.plots.figure import Picture
    from hopcli.tables import Columns

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
        """True for each recalled trial, see :mod:`hopcli.taxonomy`, shape (n,)."""
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
        return self._trials().frame()

    def _trials(self, rows: NDArray[np.int64] | None = None) -> Columns:
        from hopcli.experiments.recall_tables import trials_table

        patterns, size = self.relaxation.patterns, self.relaxation.trials.size
        return trials_table(self.block, patterns, size, rows)

    def figure(self, trials: int = _SHOWN) -> Picture:
        """Draw start and end of the first trials, with their overlap and outcome."""
        from hopcli.experiments.recall import Gallery
        from hopcli.plots.recall import trials_figure

        first = np.arange(min(_count(trials), len(self)))
        gallery = Gallery(self._trials(first), self.starts[first], self.spins[first])
        title = f"{np.sum(self.recalled):,} of {len(self):,} trials recalled"
        return trials_figure(gallery, self.relaxation.patterns.shape, title)

    def animate(self, trials: int = 1) -> Animation:
        """Draw the first trials sweep by sweep, as :meth:`save` writes them; notebooks show it."""
        return Animation(self._moving(trials, ".gif"))

    def _moving(self, trials: int, suffix: str) -> bytes:
        """Return an animation as the content of a file."""
        from hopcli.experiments.recall import Frames
        from hopcli.plots.animation import write_animation

        frames = Frames.of(self.relaxation, self.block.rows[: _count(trials)])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"trials.{min(len(frames), 9)}{suffix}")
            write_animation(frames, self.relaxation.patterns.shape, path)
            return path.read_bytes()

    def save(self, path: str | os.PathLike[str], trials: int = _SHOWN) -> Path:
        """Write one file, by its suffix.

        Parameters
        ----------
        path : str or path
            ``.csv``: the table of all trials; ``.npz``: starts, spins, overlaps, labels and
            shape; ``.png``, ``.svg`` or ``.pdf``: the figure; ``.gif``, ``.webp`` or, with
            ffmpeg, ``.mp4``: the animation. An existing file is replaced.
        trials : int
            Most trials in a picture.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        SettingError
            If the suffix is unknown.
        ResultError
            If the file cannot be written.
        """
        from hopcli import plots
        from hopcli.results.files import write_file
        from hopcli.results.tables import as_csv, write_arrays

        file = Path(path)
        arrays = {name: getattr(self, name) for name in ("starts", "spins", "overlaps", "labels")}
        arrays["shape"] = np.array(self.relaxation.patterns.shape)
        writers: dict[str, Callable[[Path], object]] = {
            ".csv": lambda stage: stage.write_text(
                as_csv(self._trials()), encoding="utf-8", newline=""
            ),
            ".npz": lambda stage: write_arrays(arrays, stage),
            **dict.fromkeys(
                (".png", ".svg", ".pdf"), lambda stage: plots.save(self.figure(trials), stage)
            ),
            **dict.fromkeys(
                (".gif", ".webp", ".mp4"),
                lambda stage: stage.write_bytes(self._moving(trials, file.suffix)),
            ),
        }
        if file.suffix not in writers:
            raise SettingError("path", f"must end in {', '.join(writers)}", str(path))
        write_file(file, writers[file.suffix])
        return file

    def trace(self, trials: int = 10) -> pd.DataFrame:
        """Return energy and overlaps of the first trials after every sweep, as in trace.csv."""
        from hopcli.experiments.recall import traced

        return traced(self.relaxation, self.block.rows[: _count(trials)]).frame()

    def frames(self, trials: int = 10) -> NDArray[np.int8]:
        """Return states of the first trials after 0, 1, ... sweeps, int8, (sweeps + 1, n, N)."""
        return self.relaxation.by_sweep(self.block.rows[: _count(trials)])


@dataclass(frozen=True, repr=False)
class Animation:
    """Moving picture that a notebook shows.

    Parameters
    ----------
    gif : bytes
        The content of a GIF file.
    """

    gif: bytes

    def __repr__(self) -> str:
        return f"Animation({len(self.gif):,} bytes of GIF)"

    def _repr_html_(self) -> str:
        """Show the animation, for notebooks."""
        data = base64.b64encode(self.gif).decode()
        return f'<img alt="trials sweep by sweep" src="data:image/gif;base64,{data}">'


def _count(trials: int) -> int:
    """Check a number of trials."""
    return int(kinds.checked(kinds.integer(1), "trials", trials))
