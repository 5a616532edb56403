"""Settings of ``hopcli variance``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from hopcli import kinds
from hopcli.config import groups
from hopcli.config.base import Facts, again, setting
from hopcli.config.groups import DataSettings
from hopcli.config.recall import RecallConfig, TrialSettings

if TYPE_CHECKING:
    from hopcli.config.notations import Schedule
    from hopcli.starts import Start


@dataclass(frozen=True, eq=False, kw_only=True)
class VarianceConfig(
    DataSettings, groups.StorageSettings, groups.DynamicsSettings, groups.RunSettings
):
    """Split the error of a recall accuracy into its sources, and rank the labels.

    Repeats the recall for many selections of the patterns. Each selection has its own test
    images, and each image is run several times.

    The variance of an accuracy is split into three sources, for each label
    and for the mean over labels, `overall`:
      selection  other patterns
      images     other test images
      thermal    another run of the same images: noise, the order of the sites
                 and random changes of the starting states

    The study's protocol: the error of an accuracy from 100 images and 10 repeats:
      hopcli variance
    Tests on MNIST's test images, or other ways to select:
      hopcli variance --split test --select-split train
      hopcli variance --samples 100 --sampler generator
    The error of one repeat of the same 100 images, comparable to the study's +-:
      hopcli variance --accuracy-repeats 1

    `hopcli recall --test-images same` reproduces one selection, with the same tests and
    repeats, and with --selection-seed and --seed from selections.csv.

    Tables:
      errors.csv       SD of an accuracy by source and in total, for repeats with
                       the same images or with new ones, with 95 % intervals; the
                       fraction of the variance (share)
      components.csv   variances of a single outcome, 0 or 1, by source, with 95 %
                       intervals
      accuracy.csv     mean accuracy over the selections; 95 % interval for new
                       selections
      best_worst.csv   fraction of the selections in which a label is recalled best
                       and worst, with 95 % intervals, and its mean rank (1 is the
                       best)
      differences.csv  mean difference of the accuracies of two labels over the
                       selections, 95 % interval, p of a paired t-test, and p with
                       Holm's correction
      ranks.csv        fraction of the selections in which a label has each rank
      selections.csv   accuracy and rank of each label in each selection, and its
                       seeds

    In variance.npz recalled is the number of recalled runs of each image, (selections, labels,
    tests). It also contains the patterns of the first selection (patterns.xi, ...). The pictures
    are variance.png and best_worst.png, the manifest variance.json.

    Components are unbiased balanced sums of squares and may therefore be negative. Shares and
    SD use 0 in that case. Components of `overall` refer to the mean over labels with one image
    each. Images count as a small sample of a large population. Ranks use the measured
    accuracies, including their noise; tied labels share ranks.

    All intervals are for new selections. Fewer than 30 selections give a
    warning. Intervals cover:
      93 to 99 %  selections that resemble each other
      94 %        1 selection in 10 is much worse, as for "1"; 30 selections
      80 %        the same with 15 selections
      45 %        the same with 5 selections
      80 %        1 selection in 20 is much worse; 30 selections

    If interrupted, the same command continues where it stopped and writes the same bytes.
    """

    command: ClassVar[str] = "variance"

    digits: tuple[str, ...] = again(RecallConfig, "digits")
    select_split: str | None = again(RecallConfig, "select_split")
    samples: int = again(RecallConfig, "samples")
    selection_seed: int = again(
        RecallConfig,
        "selection_seed",
        help="Seed of the samples of the first selection; each further one has the next seed.",
    )
    sampler: str = again(RecallConfig, "sampler")
    selections: int = setting(
        kinds.integer(2, 10_000), 100, "Patterns: Independent selections of the patterns."
    )
    temperature: float | Schedule = again(RecallConfig, "temperature")
    quench: bool = again(RecallConfig, "quench")
    start: Start = again(RecallConfig, "start")
    tests: int = again(
        RecallConfig,
        "tests",
        kind=kinds.integer(2),
        help="Number of test images (or other starts) of each label, new for each selection.",
    )
    repeats: int = again(
        RecallConfig, "repeats", default=5, kind=kinds.integer(2), help="Runs of each test image."
    )
    exclude_samples: bool = again(TrialSettings, "exclude_samples")
    criterion: float = groups.criterion()
    score: str = again(RecallConfig, "score")
    accuracy_tests: int = setting(
        kinds.integer(1, 10**9),
        100,
        "Tests: Images per label of the accuracy whose error is estimated.",
    )
    accuracy_repeats: int = setting(
        kinds.integer(1, 10**9), 10, "Tests: Repeats of the accuracy whose error is estimated."
    )

    def check(self) -> None:
        """Check the settings of each recall, and that there are enough seeds."""
        super().check()
        most = groups.HIGHEST_SELECTION_SEED - self.selections + 1
        rule = f"must be at most {most} with {self.selections} selections"
        self.refuse("selection_seed", rule, self.selection_seed > most)
        self.recall(0, self.seed).check()

    def recall(self, selection: int, seed: int) -> RecallConfig:
        """Return the recall of a selection.

        Parameters
        ----------
        selection : int
            Its number, from 0.
        seed : int
            Seed of everything random in it except the choice of its patterns.
        """
        shared = RecallConfig.settings().keys() & self.settings().keys()
        given = {name: getattr(self, name) for name in shared}
        own = {"selection_seed": self.selection_seed + selection, "seed": seed}
        images = "same" if self.start.uses_images else "fresh"
        return RecallConfig(**{**given, **own, "test_images": images})

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the settings that a recall fills."""
        filled = self.recall(0, self.seed).concrete(facts)
        return {name: filled[name] for name in self.settings() if name in filled}
