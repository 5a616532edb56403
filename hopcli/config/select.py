"""What ``hopcli select`` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli.config import kinds
from hopcli.config.base import Facts, setting
from hopcli.config.groups import (
    SAMPLER_HELP,
    SAMPLERS,
    DataSettings,
    check_labels,
    spelled,
)

__all__ = ["ResolvedSelect", "SelectConfig"]


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectConfig(DataSettings):
    """Choose a prototype pattern for each label by the overlap loss.

    Draws M random samples of each label. The pattern of a label is its sample P with
    the lowest loss (eq. 5 of the paper)

        L(P) = sum_D (P.D)^2 - M sum_U (P.U)^2

    where D runs over the samples of all other labels and U over the other samples of
    P's own label. A good prototype is unlike the other labels and like its own. Samples of
    all labels of the data set compete, whichever labels --digits lists. So the patterns are
    those that `hopcli recall` stores with the same --digits, --samples and --sampler, and
    with --seed as its --selection-seed.

    The ten patterns of the study:
      hopcli select
    Prototypes of three digits from 500 samples each, drawn without replacement:
      hopcli select --digits 1,7,9 --samples 500 --sampler generator

    Writes patterns.csv (the losses, as printed), patterns.npz (for `hopcli recall
    --patterns`), patterns.png and the manifest select.json.
    """

    command: ClassVar[str] = "select"

    digits: tuple[str, ...] | None = setting(
        kinds.labels(),
        None,
        "Selection",
        "Labels to list patterns of, in this order; all labels compete in eq. 5.",
        shown_default="all",
    )
    samples: int = setting(
        kinds.integer(1, 10_000), 20, "Selection", "Random samples drawn of each label, M in eq. 5."
    )
    seed: int = setting(kinds.integer(0, 2**32 - 1), 9, "Selection", "Seed of the samples.")
    sampler: str = setting(kinds.choice(SAMPLERS), "legacy", "Selection", SAMPLER_HELP)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """The labels to select for: those asked for, else all there are."""
        digits = spelled(self.digits, facts.labels) or facts.labels
        check_labels(digits, facts.labels, facts.dataset)
        return {**super().concrete(facts), "digits": digits}

    def resolve(self, facts: Facts) -> ResolvedSelect:
        """Fill in what is left open."""
        return ResolvedSelect(**self.filled(facts))


@dataclass(frozen=True, eq=False, kw_only=True)
class ResolvedSelect(SelectConfig):
    """The same with every value."""

    digits: tuple[str, ...]
