"""What ``hopcli select`` is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from hopcli import kinds
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

    The ten patterns of the study:
      hopcli select
    Patterns of three digits from 500 samples each, drawn without replacement:
      hopcli select --digits 1,7,9 --samples 500 --sampler generator

    Draws M random samples of each label (--samples). The pattern of a label is its sample P
    with the lowest overlap loss (eq. 5 of the paper):

        L(P) = sum_D (P.D)^2 - M sum_U (P.U)^2

    D runs over the samples of all other labels, U over the other samples of the same label.
    A low loss means: similar to its own label, and different from the others.

    Samples of all labels compete, also of those that --digits leaves out. `hopcli recall`
    stores the same patterns if --digits, --samples and --sampler are equal, and its
    --selection-seed equals --seed here.

    Files:
      patterns.csv  the losses, as printed
      patterns.npz  the patterns, for `hopcli recall --patterns`
      patterns.png  picture
      select.json   manifest
    """

    command: ClassVar[str] = "select"

    digits: tuple[str, ...] | None = setting(
        kinds.labels(),
        None,
        "Selection",
        "Labels whose patterns are listed, in this order; all labels compete in eq. 5.",
        shown_default="all",
    )
    samples: int = setting(
        kinds.integer(1, 10_000), 20, "Selection", "Random samples per label, M in eq. 5."
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
