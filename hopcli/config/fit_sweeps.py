"""What ``hopcli fit-sweeps`` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Facts, again, setting
from hopcli.config.consistency import ConsistencyConfig
from hopcli.config.groups import CriterionSettings, DataSettings, PatternSettings, RunSettings

__all__ = ["FitSweepsConfig"]

_MOST_SWEEPS = 10_000


def _numbers_of_sweeps() -> kinds.Kind:
    """Increasing whole numbers: FIRST:LAST:STEP or a list."""
    rule = (
        f"must be FIRST:LAST:STEP or a list of whole numbers from 1 to {_MOST_SWEEPS}, increasing"
    )
    one = kinds.integer(1, _MOST_SWEEPS)
    return kinds.increasing("FIRST:LAST:STEP", rule, one, ranges=True, alone=True)


@dataclass(frozen=True, eq=False, kw_only=True)
class FitSweepsConfig(DataSettings, RunSettings):
    """Ask how many sweeps made a table of recall.

    The table has a row a repeat and a column a label, the percentage recalled of the test
    images of the label; by default it is the authors' own. It is held to runs as theirs, with
    their images, of each number of sweeps. There are two answers:

    known    the order of the sites is the authors' own, the same in every repeat (it depends
             on the number of sweeps). Chances of each image come from replays; the counts are
             then Poisson-binomial, and noise is the acceptance of flips alone.
    unknown  the order of the sites is any, but the same in every repeat. Orders are drawn, each
             run twice: counts are normal with the variance between orders, shared by the
             repeats, and that of the noise within.

    The interval holds the numbers of sweeps with 2 (max log L - log L) <= 3.84 phi, where
    phi >= 1 is chi2 / dof of the best one: noise that the model does not know widens it
    (quasi-likelihood). Replays and orders are finite in number: the known likelihood is the
    mean over the chances that the replays allow. A number of sweeps is left out only if its
    log L is lower by the error of the simulation more: 2 sqrt(labels) repeats / (repeats +
    replays) for the known order, 1.645 standard errors for the unknown one. In simulated
    tables the intervals hold the true number in 93 to 100 % (known, from 10 replays on; 85 %
    with 2) and 89 to 99 % (unknown, 100 orders). chi2 and p say whether even the best fits.

    The authors' table, of which the paper says 20 sweeps:
      hopcli fit-sweeps
    A table of one's own, of 50 images a label:
      hopcli fit-sweeps --table mine.csv --tests 50 --sweeps 1:30:1

    Tables:
      {tables}

    The picture is fit_sweeps.png, the manifest fit-sweeps.json.
    """

    command: ClassVar[str] = "fit-sweeps"

    table: str | None = setting(
        kinds.word("FILE"),
        None,
        "Table",
        "CSV file: a line of labels, then a line a repeat with the percentages recalled; a column "
        "`repeat` is left out.",
        shown_default="the authors' own",
    )
    tests: int = setting(
        kinds.integer(1, 100_000),
        100,
        "Table",
        "Test images of each label in a repeat, which the percentages are of.",
    )
    sweeps: tuple[int, ...] = setting(
        _numbers_of_sweeps(), tuple(range(5, 41)), "Fit", "Sweeps to try.", shown_default="5:40:1"
    )
    replays: int = setting(
        kinds.integer(2, 100_000), 40, "Fit", "Replays of the authors' order at each."
    )
    orders: int = setting(kinds.integer(2, 100_000), 100, "Fit", "Random orders of the sites.")
    samples: int = again(PatternSettings, "samples")
    selection_seed: int = again(PatternSettings, "selection_seed")
    temperature: float = again(ConsistencyConfig, "temperature")
    attempts_per_sweep: int = again(ConsistencyConfig, "attempts_per_sweep")
    criterion: float = again(
        CriterionSettings,
        "criterion",
        group="Dynamics",
        help="An image counts as recalled from this overlap |m| with its own pattern on.",
    )

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """The attempts as a number."""
        attempts = notations.resolve_attempts(self.attempts_per_sweep, facts.n_sites)
        return {**super().concrete(facts), "attempts_per_sweep": attempts}
