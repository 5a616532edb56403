"""Settings of ``hopcli fit-sweeps``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Facts, again, setting
from hopcli.config.consistency import ConsistencyConfig
from hopcli.config.groups import DataSettings, PatternSettings, RunSettings, criterion

_MOST_SWEEPS = 10_000


def _numbers_of_sweeps() -> kinds.Kind:
    """Make a kind for increasing whole numbers: FIRST:LAST:STEP or a list."""
    rule = (
        f"must be FIRST:LAST:STEP or a list of whole numbers from 1 to {_MOST_SWEEPS}, increasing"
    )
    one = kinds.integer(1, _MOST_SWEEPS)
    return kinds.increasing("FIRST:LAST:STEP", rule, one, ranges=True, alone=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class FitSweepsConfig(DataSettings, RunSettings):
    """Estimate how many sweeps made a table of recall.

    The table has a row per repeat and a column per label, with the percentage of recalled test
    images. By default it is the authors' own table. It is compared with replays of the authors'
    runs for each number of sweeps. There are two answers:

    known    The order of the sites is the authors' own, the same in every repeat (it depends
             on the number of sweeps). Chances of each image come from replays. The counts are
             then Poisson-binomial, and only the acceptance of flips is noise.
    unknown  The order of the sites is any, but the same in every repeat. Orders are drawn, each
             run twice. Counts are normal with the variance between orders, shared by the
             repeats, and that of the noise within.

    The interval contains the numbers of sweeps with 2 (max log L - log L) <= 3.84 phi. Here
    phi >= 1 is chi2 / dof of the best one: noise outside the model widens the interval
    (quasi-likelihood). The numbers of replays and orders are finite. The known likelihood is the
    mean over the chances that the replays allow. A number of sweeps is excluded only if its log
    L is lower still by the error of the simulation. This error is 2 sqrt(labels) repeats /
    (repeats + replays) for the known order, and 1.645 standard errors for the unknown one. In
    simulated tables the intervals contain the true number in 93 to 100 % (known, with 10 or more
    replays; 85 % with 2) and 89 to 99 % (unknown, 100 orders). chi2 and p test whether even the
    best number fits.

    The authors' table, of which the paper says 20 sweeps:
      hopcli fit-sweeps
    A table of your own, with 50 images per label:
      hopcli fit-sweeps --table mine.csv --tests 50 --sweeps 1:30:1

    Tables:
      estimate.csv    most likely number of sweeps with its interval and fit, as
                      printed
      likelihood.csv  log L of each number of sweeps, also relative to the best,
                      with the standard error from replays and orders
      expected.csv    accuracy of each label, with its SD by noise and by order

    The picture is fit_sweeps.png, the manifest fit-sweeps.json.
    """

    command: ClassVar[str] = "fit-sweeps"
    daily: ClassVar[tuple[str, ...]] = ("table", "replays", "orders")

    table: str | None = setting(
        kinds.word("FILE"),
        None,
        "Table: CSV file: a line of labels, then a line per repeat with the percentages recalled; "
        "a column `repeat` is ignored.",
        shown_default="the authors' own",
    )
    tests: int = setting(
        kinds.integer(1, 100_000),
        100,
        "Table: Test images of each label in a repeat; percentages refer to this number.",
    )
    sweeps: tuple[int, ...] = setting(
        _numbers_of_sweeps(), tuple(range(5, 41)), "Fit: Sweeps to try.", shown_default="5:40:1"
    )
    replays: int = setting(
        kinds.integer(2, 100_000), 40, "Fit: Replays of the authors' order for each number."
    )
    orders: int = setting(kinds.integer(2, 100_000), 100, "Fit: Random orders of the sites.")
    samples: int = again(PatternSettings, "samples")
    selection_seed: int = again(PatternSettings, "selection_seed")
    temperature: float = again(ConsistencyConfig, "temperature")
    attempts_per_sweep: int = again(ConsistencyConfig, "attempts_per_sweep")
    criterion: float = criterion(
        "Dynamics: An image counts as recalled if its |m| with its own pattern is at least this, "
        "and no other pattern is nearer."
    )

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the attempts as a number."""
        attempts = notations.resolve_attempts(self.attempts_per_sweep, facts.n_sites)
        return {**super().concrete(facts), "attempts_per_sweep": attempts}
