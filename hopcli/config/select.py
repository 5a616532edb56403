"""Settings of ``hopcli select``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
from hopcli.config.base import Facts, again, setting
from hopcli.config.groups import HIGHEST_SELECTION_SEED, DataSettings, PatternSettings, all_labels


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectConfig(DataSettings):
    """Choose a prototype pattern for each label by the overlap loss.

    The ten patterns of the study:
      hopcli select
    Patterns of three digits from 500 samples each, drawn without replacement:
      hopcli select --digits 1,7,9 --samples 500 --sampler generator

    Draws M random samples of each label (--samples). The pattern of a label is its sample P
    with the lowest overlap loss (eq. 5 of the paper):

        L(P) = sum_D (P.D)^2 - M sum_U (P.U)^2

    D runs over the samples of all other labels, U over the other samples of the same label.
    A low loss means: similar to its own label, and different from the others.

    Samples of all labels compete, also of those not in --digits. `hopcli recall`
    stores the same patterns if --digits, --samples and --sampler are equal, and its
    --selection-seed equals --seed here.

    Tables:
      patterns.csv  the losses, as printed

    patterns.npz contains the patterns, for `hopcli recall --patterns`. The picture is
    patterns.png, the manifest select.json.
    """

    command: ClassVar[str] = "select"

    digits: tuple[str, ...] = setting(
        kinds.labels(),
        None,
        "Selection: Labels whose patterns are listed, in this order; all labels compete in eq. 5.",
        shown_default="all",
        axis="labels stored",
    )
    samples: int = setting(
        kinds.integer(1, 10_000),
        20,
        "Selection: Random samples per label, M in eq. 5.",
        axis="samples of each label, M",
    )
    seed: int = setting(
        kinds.integer(0, HIGHEST_SELECTION_SEED), 9, "Selection: Seed of the samples."
    )
    sampler: str = again(PatternSettings, "sampler", group="Selection")

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the labels to select for: the given ones, otherwise all."""
        return {**super().concrete(facts), "digits": all_labels(self.digits, facts)}
