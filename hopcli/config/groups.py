"""Settings that several commands share, a group a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hopcli import notations
from hopcli import settings as kinds
from hopcli.config.base import Config, setting
from hopcli.dynamics import DYNAMICS, ORDERS, TIES
from hopcli.errors import SettingError
from hopcli.storage import NORMALISATIONS, RULES

__all__ = [
    "DataSettings",
    "DynamicsSettings",
    "OutputSettings",
    "PatternSettings",
    "RunSettings",
    "StorageSettings",
]

# Settings of one rule: name, the rule, the value that may be left.
_NEEDED_RULE = (
    ("normalise", "hebbian", "N"),
    ("kappa", "perceptron", 1.0),
    ("epochs", "perceptron", 1000),
)

SAMPLERS = ("legacy", "generator")
SAMPLER_HELP = (
    "How the samples are drawn: legacy, as the authors did (NumPy's RandomState, with "
    "replacement), or generator (without replacement)."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSettings(Config):
    """Which images, and how they become spins."""

    dataset: str = setting(
        kinds.word("SOURCE"),
        "mnist",
        "Data",
        "Where the images come from; `hopcli data` lists the sources.",
    )
    split: str = setting(
        kinds.choice(("train", "test", "all")), "train", "Data", "Part of the data set."
    )
    threshold: int = setting(
        kinds.integer(0, 255), 0, "Data", "A pixel brighter than this grey value becomes +1."
    )
    size: tuple[int, int] | None = setting(
        notations.size(), None, "Data", "Resize pictures to this width and height first."
    )
    invert: bool = setting(
        kinds.switch(), False, "Data", "Make dark pixels +1, for dark ink on white paper."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class OutputSettings(Config):
    """What is written besides tables."""

    figures: bool = setting(kinds.switch(), True, "Output", "Draw the pictures, or only tables.")
    figure_format: str = setting(
        kinds.choice(("png", "svg", "pdf")), "png", "Output", "File format of the pictures."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternSettings(DataSettings):
    """Which patterns are stored."""

    default_digits: ClassVar[tuple[str, ...]] = ("3", "6", "1", "0", "4")

    digits: tuple[str, ...] | None = setting(
        kinds.labels(),
        None,
        "Patterns",
        "Labels to store, in this order.",
        shown_default="3,6,1,0,4, or all where there are no such labels",
    )
    patterns: str | None = setting(
        kinds.file_or_indices(),
        None,
        "Patterns",
        "Patterns made by `hopcli select` (patterns.npz), instead of selecting them anew; in a "
        "configuration file also a list of source indices.",
    )
    source_indices: tuple[int, ...] | None = setting(
        kinds.indices(),
        None,
        "Patterns",
        "Store these images of the data set, instead of selecting patterns.",
    )
    samples: int = setting(
        kinds.integer(1, 10_000),
        20,
        "Patterns",
        "Samples of each label to select from, M in eq. 5.",
    )
    selection_seed: int = setting(
        kinds.integer(0, 2**32 - 1), 9, "Patterns", "Seed of those samples."
    )
    sampler: str = setting(kinds.choice(SAMPLERS), "legacy", "Patterns", SAMPLER_HELP)

    def _check_together(self) -> None:
        super()._check_together()
        if self.patterns is not None and self.source_indices is not None:
            raise SettingError("source_indices", "cannot be given together with patterns")
        if isinstance(self.patterns, tuple):
            object.__setattr__(self, "source_indices", self.patterns)
            object.__setattr__(self, "patterns", None)


@dataclass(frozen=True, eq=False, kw_only=True)
class LearningSettings(Config):
    """How a storage rule learns."""

    normalise: str = setting(
        kinds.choice(NORMALISATIONS),
        "N",
        "Network",
        "Divide the Hebbian sum by the number of spins, of patterns, or not at all.",
    )
    kappa: float = setting(
        kinds.number(0, 1e6), 1.0, "Network", "Stability that the perceptron rule asks for."
    )
    epochs: int = setting(
        kinds.integer(1, 100_000),
        1000,
        "Network",
        "Most passes of the perceptron rule over the patterns.",
    )

    def _check_together(self) -> None:
        super()._check_together()
        rule: str | tuple[str, ...] = getattr(self, "rule", ())
        rules = (rule,) if isinstance(rule, str) else rule
        for name, needs, default in _NEEDED_RULE:
            value = getattr(self, name)
            if value != default and needs not in rules:
                raise SettingError(name, f"has no effect without the {needs} rule", value)


@dataclass(frozen=True, eq=False, kw_only=True)
class StorageSettings(LearningSettings):
    """How the patterns are stored."""

    rule: str = setting(
        kinds.choice(RULES), "pseudo-inverse", "Network", "Rule that stores the patterns."
    )
    theta: float | str = setting(
        kinds.number_or_file(),
        0.0,
        "Network",
        "Threshold of all sites, or a text file with one number a site.",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class DynamicsSettings(Config):
    """How sites are updated; subclasses say at which temperature."""

    dynamics: str = setting(
        kinds.choice(DYNAMICS),
        "metropolis",
        "Dynamics",
        "Update rule: metropolis, heat bath (glauber), or the sign of the field, one site at a "
        "time (async) or all at once (sync).",
    )
    order: str | None = setting(
        kinds.choice(ORDERS),
        None,
        "Dynamics",
        "Sites drawn at random, each once in a random order, or in fixed order.",
        shown_default="random",
    )
    tie: str = setting(
        kinds.choice(TIES),
        None,
        "Dynamics",
        "What the sign rules do where h = theta.",
        shown_default="keep",
    )
    sweeps: int = setting(
        kinds.integer(1, 10_000_000), 20, "Dynamics", "Sweeps of each run, at most."
    )
    attempts_per_sweep: int | str = setting(
        notations.attempts(),
        None,
        "Dynamics",
        "Update attempts in a sweep of N spins: N/2 in the study, N by the field's custom.",
        shown_default="N/2; N unless the order is random",
    )
    until_stable: bool = setting(
        kinds.switch(), False, "Dynamics", "Stop a run at T = 0 once no site would change."
    )

    def _check_together(self) -> None:
        super()._check_together()
        at_once = not DYNAMICS[self.dynamics].order
        if at_once and self.order is not None:
            rule = f"cannot be given with dynamics {self.dynamics!r}"
            raise SettingError("order", rule, self.order)
        order = None if at_once else self.order or "random"
        if order == "random":
            object.__setattr__(self, "attempts_per_sweep", self.attempts_per_sweep or "N/2")
        elif self.attempts_per_sweep not in (None, "N"):
            rule = f"must be N where a sweep visits each site once ({order or self.dynamics})"
            raise SettingError("attempts_per_sweep", rule, self.attempts_per_sweep)
        else:
            object.__setattr__(self, "attempts_per_sweep", "N")
        object.__setattr__(self, "order", order)
        if self.tie not in (None, "keep") and DYNAMICS[self.dynamics].stochastic:
            raise SettingError("tie", f"has no effect on dynamics {self.dynamics!r}", self.tie)
        object.__setattr__(self, "tie", self.tie or "keep")


@dataclass(frozen=True, eq=False, kw_only=True)
class RunSettings(Config):
    """What a run needs besides."""

    seed: int = setting(kinds.integer(0), 1, "Run", "Seed of everything random but the selection.")
    threads: int | None = setting(
        kinds.integer(1),
        None,
        "Run",
        "Threads; no result depends on them.",
        shown_default="one a core",
    )
