"""Settings of ``hopcli compare``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hopcli import kinds
from hopcli.config import groups
from hopcli.config.base import Facts, again, setting
from hopcli.config.groups import DataSettings
from hopcli.config.recall import RecallConfig

if TYPE_CHECKING:
    from hopcli.config.notations import Schedule

_MOST_SWEEPS = 10_000  # at T = 0, far more than any observed run takes


@dataclass(frozen=True, eq=False, kw_only=True)
class CompareConfig(groups.SimulationSettings):
    """Compare the accuracy of the dynamics with simpler classifiers.

    The study's patterns on MNIST's test images:
      hopcli compare
    With the standard Hamiltonian:
      hopcli compare --rule hebbian
    For a data set without a test set; test images take no part in the selection:
      hopcli compare --dataset digits --split train --tests 50 --selector-tests 50

    Each test image is classified in several ways:

      dynamics          the stored pattern nearest to the final state
      recalled          the image's own pattern, as `hopcli recall` counts it
      dynamics-t0       as dynamics, with sign updates at T = 0 until stable
      recalled-t0       as recalled, with the same updates
      overlap           the stored pattern nearest to the image itself
      coefficients      the pattern with the largest |c|, where c = Q^-1 m
      logistic-samples  logistic regression on the samples of the selection
      logistic          logistic regression on many training images (--training)

    The nearest pattern has the largest |m|, or the largest m with --score signed. The trials
    are those of `hopcli recall --repeats 1`. By default the test images are MNIST's test set;
    patterns and regression use the training set. Logistic regression minimises the mean loss
    plus |w|^2 / 200, on the spins.

    The second part compares ways to select one pattern per label from M samples:

      overlap-loss  the lowest loss (eq. 5), as in the study
      medoid        the largest mean overlap with the samples of the same label
      random        a random sample
      best-of       of several random sets (--candidates), the set that recalls
                    most of some tuning images (--tuning)

    For each of the --selections, all selectors use the same new samples. Their accuracy is
    measured on images that took part in neither selection nor tuning.

    Tables:
      classifiers.csv  accuracy of each classifier per label, with a 95 % interval
                       for new images. The row overall pools the images with equal
                       weight; `hopcli recall` gives each label equal weight.
                       trained_on counts the images for training or selection.
      pairs.csv        the dynamics against each other classifier: images that only
                       one of them names correctly, difference with 95 % interval,
                       exact p of McNemar's test
      selectors.csv    mean accuracy over the selections, with a 95 % interval for
                       new selections; difference from overlap-loss in the same
                       selections, with Student's interval and p
      selections.csv   recalled images of each selector in each selection

    compare.npz contains the stored patterns, and index, label and result of each image. The
    pictures are classifiers.png and selectors.png, the manifest compare.json.

    p_holm is p corrected for all rows of its table by Holm's method. With fewer than 30
    selections the intervals in selectors.csv cover less than 95 %.
    """

    command: ClassVar[str] = "compare"
    daily: ClassVar[tuple[str, ...]] = ("training", "selector_samples")

    split: str = again(
        DataSettings, "split", default="test", help="Part of the data set to classify."
    )
    select_split: str = again(
        groups.PatternSettings,
        "select_split",
        default="train",
        help="Part of the data set used to select patterns and to train.",
        shown_default=None,
    )
    digits: tuple[str, ...] = again(
        groups.PatternSettings,
        "digits",
        kind=kinds.labels(at_least=2),
        help="Labels to store and to classify, in this order.",
    )
    temperature: float | Schedule = again(RecallConfig, "temperature")
    tests: int | str = again(
        RecallConfig, "tests", default="all", help="Test images of each label, or all images."
    )
    criterion: float = groups.criterion()
    score: str = again(RecallConfig, "score")
    training: int = setting(
        kinds.integer(1, 100_000),
        2000,
        "Classifiers: Most training images of each label for logistic regression.",
    )
    selector_samples: tuple[int, ...] = setting(
        kinds.sizes(), (5, 20, 80), "Selectors: Samples of each label to select from, M in eq. 5."
    )
    selections: int = setting(
        kinds.integer(2, 10_000), 30, "Selectors: Selections at each M, each of new samples."
    )
    selector_tests: int | str = setting(
        kinds.either(kinds.integer(1), kinds.choice(["all"])),
        200,
        "Selectors: Test images of each label for each selection, or all images.",
    )
    candidates: int = setting(
        kinds.integer(1, 10_000), 10, "Selectors: Random sets among which best-of chooses."
    )
    tuning: int = setting(
        kinds.integer(1, 100_000), 50, "Selectors: Tuning images of each label for best-of."
    )

    def check(self) -> None:
        """Check that no training image is tested, and the settings of the recall."""
        super().check()
        splits = {self.split, self.select_split}
        rule = f"must be that of split ({self.split}), or share no image with it"
        self.refuse("select_split", rule, len(splits) > 1 and "all" in splits)
        self.recall().check()

    def recall(self, **changed: Any) -> RecallConfig:
        """Return the recall whose trials are compared, each test image once, with changes."""
        shared = {name: getattr(self, name) for name in self.settings().keys() & _OF_RECALL}
        once = {"repeats": 1, "test_images": "fresh", "exclude_samples": True}
        return RecallConfig(**{**shared, **once, **changed})

    def recall_at_zero(self) -> RecallConfig:
        """Return that recall at T = 0: sign updates, each site once per sweep, until stable."""
        return self.recall(
            dynamics="async",
            order="permutation",
            tie="keep",
            temperature=None,
            sweeps=_MOST_SWEEPS,
            attempts_per_sweep=None,
            until_stable=True,
        )

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the temperature, as in a recall."""
        values = super().concrete(facts)
        if len(values["digits"]) < 2:
            given = ("digits", "source_indices", "patterns", "dataset")
            name = next(name for name in given if getattr(self, name) is not None)
            self.refuse(name, "must have at least two labels to compare")
        return {
            **values,
            "select_split": self.select_split,
            "temperature": self.recall().concrete(facts)["temperature"],
        }


# A file of patterns comes from no split; its split matters only to classifiers.
_OF_RECALL = RecallConfig.settings().keys() - {"select_split"}
