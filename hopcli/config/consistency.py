"""Settings of ``hopcli consistency``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Facts, again, setting
from hopcli.config.groups import DataSettings, DynamicsSettings, RunSettings, all_labels, criterion
from hopcli.errors import SettingError

_FEWEST = 4  # labels: a rank correlation of three is one of four numbers


@dataclass(frozen=True, eq=False, kw_only=True)
class ConsistencyConfig(DataSettings, RunSettings):
    """Test whether labels of consistent shape are recalled best.

    The consistency of a label is measured on all images of the data set. `within` is the mean
    squared overlap m^2 of two different images of the label. `between` is that of one of them
    with an image of another label, with equal weight for each other label. Further:

        contrast = within - between
        loss     = 9 M N^2 between - M (M - 1) N^2 within

    for ten labels: the overlap loss (eq. 5 of the paper) to be expected of a random image
    among M different samples of each label. loss_per_pair is that divided by
    9 M N^2; its own label counts (M - 1) / 9 times. The sums are exact. Standard errors (sem)
    are for another sample of images.

    Recall is measured for many selections of the patterns (M samples per label, eq. 5, as in
    `hopcli select`). Each selection stores all labels, then separately two random halves of
    them. So each label is also stored once among five of ten. Test images take no part in the
    selection. Recall works as in `hopcli recall`, with the pseudo-inverse rule and Metropolis.

    The study's hypothesis, that "1" is recalled best and "4" worst as their shapes vary
    least and most:
      hopcli consistency
    On MNIST's own test images; for half as many sweeps, as the authors ran it:
      hopcli consistency --split test
      hopcli consistency --sweeps 10

    In correlation.csv (as printed) spearman is the rank correlation of a measure with the
    accuracies over the labels. Its 95 % interval is over selections of the patterns, for these
    labels. p is the two-sided p-value of random pairings. With fewer than 30
    selections, which give a warning, a rare kind of selection may be missing, and intervals
    cover less than 95 %. A loss is low where
    a shape is consistent, so there the hypothesis asks for a negative correlation.

    If interrupted, the same command continues where it stopped and writes the same bytes.

    Tables:
      correlation.csv  rank correlation of each measure with the accuracies, as
                       printed
      consistency.csv  the measures of each label, with its rank by each (1: most
                       consistent)
      recall.csv       accuracy of each label, SD and 95 % interval over selections
      selections.csv   accuracy of each label in each selection

    consistency.png shows accuracy against within and contrast; the manifest is consistency.json.
    """

    command: ClassVar[str] = "consistency"

    digits: tuple[str, ...] = setting(
        kinds.labels(at_least=_FEWEST),
        None,
        "Labels: Labels to compare, four or more; each competes with all others.",
        shown_default="all",
        axis="labels stored",
    )
    samples: int = setting(
        kinds.integer(2, 10_000),
        20,
        "Labels: Random samples of each label from which a pattern is selected, M in eq. 5.",
        axis="samples of each label, M",
    )
    selections: int = setting(
        kinds.integer(1, 10_000), 200, "Tests: Independent selections of the patterns."
    )
    tests: int = setting(
        kinds.integer(1, 10_000), 50, "Tests: Test images of each label in each selection."
    )
    criterion: float = criterion()
    temperature: float = setting(
        kinds.number(0),
        0.2,
        "Dynamics: Temperature T, with k_B = 1.",
        axis="temperature T  ($k_B$ = 1)",
    )
    sweeps: int = again(DynamicsSettings, "sweeps", help="Sweeps of each run.")
    attempts_per_sweep: int = again(
        DynamicsSettings,
        "attempts_per_sweep",
        default="N/2",
        help="Update attempts in a sweep of N spins.",
        shown_default=None,
    )

    @property
    def attempts(self) -> int:
        """Update attempts of a chain."""
        return self.sweeps * self.attempts_per_sweep

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the labels and the attempts of a sweep."""
        digits = all_labels(self.digits, facts)
        if len(digits) < _FEWEST:
            rule = f"must be {_FEWEST} or more, {facts.dataset} has"
            raise SettingError("digits", rule, len(digits))
        attempts = notations.resolve_attempts(self.attempts_per_sweep, facts.n_sites)
        return {**super().concrete(facts), "digits": digits, "attempts_per_sweep": attempts}
