"""Settings of ``hopcli temperature-scan``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config import groups, notations
from hopcli.config.base import Facts, again, setting
from hopcli.dynamics import DYNAMICS
from hopcli.starts import Start


@dataclass(frozen=True, eq=False, kw_only=True)
class TemperatureScanConfig(groups.SimulationSettings):
    """Measure the overlap with stored patterns against temperature.

    Runs independent chains at each temperature. For every stored pattern it reports the
    mean of |m| and of m over the final states, and the norm of the projection on the span
    of the patterns, |P S| / sqrt(N). Beside them is the mean-field prediction:
    S_i = tanh(h_i / T) with h = W S, iterated from the target pattern.

    For exactly two patterns without a threshold, the mean of |m| in equilibrium is also known
    exactly at finite N (column exact; up to about 2,000 spins). It is a sum over the states of
    the sites on which the patterns agree and of those on which they differ, over all wells. A
    run that is too cold to leave its well stays at the mean field instead.

    Figure 1 as published, and as the authors ran it:
      hopcli temperature-scan --config figure1
      hopcli temperature-scan --config figure1-as-run
    From a cold start, a run that stays in the well of the "4" (--config figure1-cold-start):
      hopcli temperature-scan --start target --sweeps 200 --attempts-per-sweep N
    Two given training images, Hebbian:
      hopcli temperature-scan --source-indices 56,9 --rule hebbian

    Above the critical temperature |m| does not fall to 0 but to about sqrt(2 / (pi N)). This
    temperature is 1 for the pseudo-inverse rule, and 1 + q for two Hebbian patterns with
    overlap q.

    If interrupted, the same command continues where it stopped and writes the same bytes.

    Tables:
      temperature_scan.csv  overlaps and predictions at each temperature
      mean_field.csv        both predictions on a fine grid

    temperature-scan.npz contains the stored patterns, temperatures of order and chance. The
    picture is temperature_scan.png, the manifest temperature-scan.json.
    """

    command: ClassVar[str] = "temperature-scan"
    daily: ClassVar[tuple[str, ...]] = ("target",)
    default_digits: ClassVar[tuple[str, ...]] = ("0", "4")

    digits: tuple[str, ...] = again(
        groups.PatternSettings, "digits", shown_default="0,4, or all where there are no such labels"
    )
    target: str = setting(
        kinds.label(),
        None,
        "Scan: Stored label from which runs start and whose overlap is drawn.",
        shown_default="the last one stored",
    )
    temperatures: tuple[float, ...] = setting(
        notations.grid(),
        tuple(round(0.1 * i, 1) for i in range(1, 20)),
        "Scan: Temperatures, with k_B = 1.",
        shown_default="0.1:1.9:0.1",
    )
    repeats: int = setting(kinds.integer(1), 100, "Scan: Independent runs at each temperature.")
    start: Start = setting(
        notations.start(target=True),
        Start("random", (0.5,)),
        f"Scan: {groups.start_help(target=True)}",
    )

    def check(self) -> None:
        """Check that the update rule, the temperatures and the start fit together."""
        super().check()
        noisy = [name for name, rule in DYNAMICS.items() if rule.stochastic]
        rule = f"must have a temperature ({', '.join(noisy)})"
        self.refuse("dynamics", rule, self.dynamics not in noisy)
        rule = "has no effect unless one of the temperatures is 0"
        self.refuse("until_stable", rule, self.until_stable and 0 not in self.temperatures)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the target: the given label, otherwise the last one stored."""
        values = super().concrete(facts)
        digits = values["digits"]
        rule = f"must be a stored label ({', '.join(digits)})"
        self.refuse("target", rule, self.target is not None and self.target not in digits)
        last = facts.labels[-1] if facts.chosen else digits[-1]
        return {**values, "target": self.target or last}
