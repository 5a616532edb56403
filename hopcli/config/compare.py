"""What ``hopcli compare`` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hopcli.config import kinds, notations
from hopcli.config.base import Facts, setting
from hopcli.config.groups import (
    DynamicsSettings,
    PatternSettings,
    RunSettings,
    StorageSettings,
)
from hopcli.config.recall import RecallConfig
from hopcli.datasets import SPLITS
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from hopcli.config.notations import Schedule

__all__ = ["CompareConfig", "ResolvedCompare"]

_MOST_SWEEPS = 10_000  # at T = 0, far more than any run has been seen to take


@dataclass(frozen=True, eq=False, kw_only=True)
class CompareConfig(PatternSettings, StorageSettings, DynamicsSettings, RunSettings):
    """Compare the accuracy of the dynamics with simpler classifiers.

    Classifies each test image in several ways:

      dynamics          the stored pattern that its final state is nearest to
      recalled          the own pattern, as `hopcli recall` counts it: the study's count
      dynamics-t0       as dynamics, with sign updates at T = 0 until no site would change
      recalled-t0       as recalled, with the same updates
      overlap           the stored pattern that the image itself is nearest to: largest m
      coefficients      the largest of c = Q^-1 m, how much of each pattern is in the image
      logistic-samples  logistic regression on the samples that patterns were selected from
      logistic          logistic regression on many training images

    where nearest is by |m|, or by m with --score signed. The trials are those of `hopcli
    recall` with one repeat. By default all of MNIST's test images of the stored labels are
    named, and patterns and what is trained on are training images. Logistic regression
    minimises the mean loss plus |w|^2 / 200, on the spins.

    Recall also depends on how patterns are chosen from M samples per label:

      overlap-loss  the lowest loss of eq. 5, as the study chose them
      medoid        the largest mean overlap with the samples of its own label
      random        a random sample
      best-of       of several random sets, the one that recalls most of some tuning images

    All selectors get the same samples, drawn anew for each selection. Each is rated by the
    fraction recalled of images that it has not seen, with the dynamics and criterion given.

    The study's patterns on MNIST's test images:
      hopcli compare
    With the standard Hamiltonian:
      hopcli compare --rule hebbian
    Where there is no test set, on images that took no part in the selection:
      hopcli compare --dataset digits --split train --tests 50

    Writes classifiers.csv, for each label and for all images together. Its row `overall` pools
    the images, so each image counts the same; in `hopcli recall` each label does. trained_on
    is the number of images that patterns were selected from, or that were trained on; the
    95 % interval is for new images. Also writes pairs.csv (images that the dynamics alone, and
    that the other alone name rightly; the difference of the rates, its 95 % interval and
    McNemar's exact p), selectors.csv (mean over selections, its 95 % interval for new
    selections, which covers less if there are fewer than 30; the difference to overlap-loss
    by the same selections, Student's interval and p) and selections.csv (each selection).
    p_holm has Holm's correction for all rows of its table. Also compare.npz (the stored
    patterns; of each image its index, its label and who named it rightly), classifiers.png,
    selectors.png and the manifest compare.json.
    """

    command: ClassVar[str] = "compare"

    split: str = setting(
        kinds.choice(SPLITS), "test", "Data", "Part of the data set whose images are named."
    )
    select_split: str = setting(
        kinds.choice(SPLITS),
        "train",
        "Patterns",
        "Part of the data set that patterns, and what is trained on, are taken from.",
    )
    digits: tuple[str, ...] | None = setting(
        kinds.labels(at_least=2),
        None,
        "Patterns",
        "Labels to store and to tell apart, in this order.",
        shown_default="3,6,1,0,4, or all where there are no such labels",
    )
    temperature: float | Schedule | str | None = setting(
        notations.temperature(),
        None,
        "Dynamics",
        "Temperature T, with k_B = 1, or a schedule over the sweeps, FIRST:LAST:geometric or "
        "FIRST:LAST:linear.",
        shown_default="0.2; the sign rules have none",
    )
    tests: int | str = setting(
        kinds.word_or_integer("all", 1), "all", "Tests", "Test images of each label, or all images."
    )
    criterion: float = setting(
        kinds.number(0, 1, above=True),
        0.99,
        "Tests",
        "An image counts as recalled from this overlap with its own pattern on, unless another "
        "is nearer.",
    )
    score: str = setting(
        kinds.choice(("abs", "signed")),
        "abs",
        "Tests",
        "Score |m|, so that an inverse counts as its pattern, or m itself.",
    )
    training: int = setting(
        kinds.integer(1, 100_000),
        2000,
        "Classifiers",
        "Training images of each label for logistic regression, at most.",
    )
    selector_samples: tuple[int, ...] = setting(
        kinds.sizes(), (5, 20, 80), "Selectors", "Samples of each label to select from, M in eq. 5."
    )
    selections: int = setting(
        kinds.integer(2, 10_000), 30, "Selectors", "Selections at each M, each of new samples."
    )
    selector_tests: int | str = setting(
        kinds.word_or_integer("all", 1),
        200,
        "Selectors",
        "Test images of each label for each selection, or all images.",
    )
    candidates: int = setting(
        kinds.integer(1, 10_000), 10, "Selectors", "Random sets that best-of chooses from."
    )
    tuning: int = setting(
        kinds.integer(1, 100_000), 50, "Selectors", "Images of each label that best-of chooses by."
    )

    def check(self) -> None:
        """Check that nothing is tested that is trained on, and what a recall checks."""
        super().check()
        splits = {self.split, self.select_split}
        if len(splits) > 1 and "all" in splits:
            rule = f"must be that of split ({self.split}), or share no image with it"
            raise SettingError("select_split", rule, self.select_split)
        self.recall().check()

    def recall(self) -> RecallConfig:
        """The recall whose trials are compared: each test image once."""
        return self._recall()

    def recall_at_zero(self) -> RecallConfig:
        """The same at T = 0: sign updates, each site once a sweep, until stable."""
        return self._recall(
            dynamics="async",
            order="permutation",
            tie="keep",
            temperature=None,
            sweeps=_MOST_SWEEPS,
            attempts_per_sweep=None,
            until_stable=True,
        )

    def _recall(self, **changed: Any) -> RecallConfig:
        shared = {name: getattr(self, name) for name in self.settings().keys() & _OF_RECALL}
        return RecallConfig(**{**shared, "repeats": 1, **changed})

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """The temperature, as a recall has it."""
        values = super().concrete(facts)
        if len(values["digits"]) < 2:
            given = ("source_indices", "patterns", "dataset")
            name = next(name for name in given if getattr(self, name) is not None)
            rule = "must have two labels at least, to be told apart"
            raise SettingError(name, rule, self.to_dict()[name])
        return {
            **values,
            "select_split": self.select_split,
            "temperature": self.recall().concrete(facts)["temperature"],
        }

    def resolve(self, facts: Facts) -> ResolvedCompare:
        """Fill in what is left open."""
        return ResolvedCompare(**self.filled(facts))


# A file of patterns comes from no split; which one it was is for classifiers alone.
_OF_RECALL = RecallConfig.settings().keys() - {"select_split"}


@dataclass(frozen=True, eq=False, kw_only=True)
class ResolvedCompare(CompareConfig):
    """The same with every value."""

    digits: tuple[str, ...]
    attempts_per_sweep: int
    temperature: float | Schedule
