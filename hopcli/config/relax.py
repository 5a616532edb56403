"""Settings of ``hopcli relax``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hopcli import kinds
from hopcli.config.base import again
from hopcli.config.recall import RecallConfig, TrialSettings


def round_sweeps(last: int) -> list[int]:
    """Return sweeps 0, 1, 2, 5, 10, 20, ... and the last.

    Examples
    --------
    >>> round_sweeps(30)
    [0, 1, 2, 5, 10, 20, 30]
    """
    steps = (step * 10**power for power in range(len(str(last))) for step in (1, 2, 5))
    return [0, *(sweep for sweep in steps if sweep < last), last]


@dataclass(frozen=True, eq=False, kw_only=True)
class RelaxConfig(TrialSettings):
    """Measure accuracy, overlap and energy after each sweep, and settling times.

    Runs the trials of `hopcli recall` and measures each after every sweep. With the same
    settings and seed, the counts after 20 sweeps equal those of `hopcli recall --sweeps 20`.

    The study's protocol, 25 times as long:
      hopcli relax
    With the usual sweep of N attempts; at a higher temperature:
      hopcli relax --attempts-per-sweep N --sweeps 250
      hopcli relax --temperature 0.4 --criterion auto
    The same images in every repeat, so that only the noise differs:
      hopcli relax --test-images same

    A trial settles at the sweep after which it stays recalled, or not recalled, to the end.
    A trial that still changes in the last half of the sweeps has not settled. Median and 90th
    percentile refer to all trials. They are empty if too many trials have not settled.

    The integrated autocorrelation time tau = 1 + 2 sum rho(t), with Sokal's automatic window,
    is the number of sweeps between independent values; tau = 1 means that sweeps are
    independent. It is measured over the last half of the sweeps, about the mean of each
    trial. If this half is shorter than 50 tau, long_enough is False: trials may not have been
    in equilibrium, and tau and its error (sem) are unreliable. If no trial moves, or the
    sweeps are too few, tau is empty.

    Tables:
      relaxation.csv       accuracy, overlap with the own pattern (m, signed) and
                           energy H at sweep 0, 1, 2, ... (logarithmic steps), for
                           each label and `overall`, the mean over labels
      settling.csv         fraction of trials that have settled, median and 90th
                           percentile of the settling sweep
      autocorrelation.csv  tau of the energy and of the overlap with the own pattern

    In relax.npz trials.settled is the sweep after which each trial has settled, -1 if it has
    not; trials.label, .source_index, .repeat and .recalled identify the trial. It also contains
    the stored patterns (patterns.xi, ...). The picture is relaxation.png, the manifest
    relax.json.

    ci_low and ci_high bound the 95 % interval for a new test image. Its independent units,
    and those of sem, are images, not trials. With --tests all the interval is for a new run
    of the same images.
    """

    command: ClassVar[str] = "relax"

    sweeps: int = again(
        TrialSettings,
        "sweeps",
        default=500,
        kind=kinds.integer(4, 10_000),
        help="Sweeps of each run.",
    )
    temperature: float = again(
        TrialSettings, "temperature", kind=kinds.number(0), help="Temperature T, with k_B = 1."
    )

    def check(self) -> None:
        """Check also that no site is empty."""
        super().check()
        self.refuse("start", "must leave no site at 0 (add :fill)", self.start.leaves_zeros)

    @property
    def round_sweeps(self) -> list[int]:
        """Return the sweeps that are printed and marked in the picture."""
        return round_sweeps(self.sweeps)

    def recall(self) -> RecallConfig:
        """Return the recall with the same trials and the same ends."""
        return RecallConfig(**self.values())
