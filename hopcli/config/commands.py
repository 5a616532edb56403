"""The configuration of each command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from hopcli import notations
from hopcli import settings as kinds
from hopcli.config.base import Config, setting
from hopcli.config.groups import (
    SAMPLER_HELP,
    SAMPLERS,
    DataSettings,
    DynamicsSettings,
    LearningSettings,
    OutputSettings,
    PatternSettings,
    RunSettings,
    StorageSettings,
)
from hopcli.dynamics import DYNAMICS
from hopcli.errors import SettingError
from hopcli.starts import parse_start
from hopcli.storage import RULES

__all__ = [
    "CONFIGS",
    "AttractorsConfig",
    "CapacityConfig",
    "RecallConfig",
    "SelectConfig",
    "TemperatureScanConfig",
    "WeightsConfig",
]

_STUDY_TEMPERATURE = 0.2
_HOTTEST = 1e9
_MOST_SWEEPS = {"trace": 10_000, "animate": 1000}  # each sweep is a row, or a frame
_LOADS = tuple(i / 100 for i in (*range(2, 10, 2), *range(10, 17), 18, 20, 25, *range(30, 101, 10)))


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectConfig(DataSettings, OutputSettings):
    """Settings of ``hopcli select``."""

    command: ClassVar[str] = "select"

    digits: tuple[str, ...] | None = setting(
        kinds.labels(),
        None,
        "Selection",
        "Labels to select a pattern for; they are each other's competitors in eq. 5.",
        shown_default="all",
    )
    samples: int = setting(
        kinds.integer(1, 10_000), 20, "Selection", "Random samples drawn of each label, M in eq. 5."
    )
    seed: int = setting(kinds.integer(0, 2**32 - 1), 9, "Selection", "Seed of the samples.")
    sampler: str = setting(kinds.choice(SAMPLERS), "legacy", "Selection", SAMPLER_HELP)


@dataclass(frozen=True, eq=False, kw_only=True)
class RecallConfig(PatternSettings, StorageSettings, DynamicsSettings, RunSettings, OutputSettings):
    """Settings of ``hopcli recall``."""

    command: ClassVar[str] = "recall"

    temperature: float | str = setting(
        notations.temperature(),
        None,
        "Dynamics",
        "Temperature T, with k_B = 1, or a schedule over the sweeps, FIRST:LAST:geometric or "
        "FIRST:LAST:linear.",
        shown_default="0.2; the sign rules have none",
    )
    gamma: float | None = setting(
        kinds.number(0, above=True),
        None,
        "Dynamics",
        "Steepness of the sigmoid 1 / (1 + exp(-gamma h)), instead of T = 2 / gamma.",
    )
    start: str = setting(
        notations.start(),
        "image",
        "Tests",
        "Where runs start: image, pattern, random[:P_UP], majority, blend:A:B[:fill] or "
        "text:FILE; then any of flip:FRACTION, flip-rows:COUNT, occlude:SIDE:FRACTION and "
        "inverse, with commas. flip:0.1 alone is pattern,flip:0.1.",
    )
    tests: int | str = setting(
        kinds.word_or_integer("all", 1),
        100,
        "Tests",
        "Test images (or other starts) of each label, or all images.",
    )
    repeats: int = setting(kinds.integer(1), 10, "Tests", "Times the whole test is repeated.")
    test_images: str = setting(
        kinds.choice(("fresh", "same")),
        None,
        "Tests",
        "Draw the test images anew for every repeat, or use the same ones in each.",
        shown_default="fresh; same with --replay-authors",
    )
    exclude_samples: bool = setting(
        kinds.switch(),
        None,
        "Tests",
        "Keep images that took part in the selection out of the tests.",
        shown_default="on; off with --replay-authors",
    )
    criterion: float = setting(
        kinds.number(0, 1, above=True),
        0.99,
        "Tests",
        "An image counts as recalled from this overlap with its own pattern on.",
    )
    score: str = setting(
        kinds.choice(("abs", "signed")),
        "abs",
        "Tests",
        "Score |m|, so that an inverse counts as recalled, or m itself.",
    )
    replay_authors: bool = setting(
        kinds.switch(),
        False,
        "Tests",
        "Test the very images that the authors drew, visiting the sites in their order.",
    )
    trace: bool = setting(
        kinds.switch(),
        False,
        "Output",
        "Write energy and overlaps after every sweep, for a few trials of each label.",
    )
    animate: str | None = setting(
        notations.gif_name(),
        None,
        "Output",
        "Draw the first trial sweep by sweep into this GIF in the results folder.",
    )

    def _check_together(self) -> None:
        super()._check_together()
        self._check_temperature()
        self._check_replay()
        start = parse_start(self.start)
        if start.leaves_zeros and not DYNAMICS[self.dynamics].allows_zero:
            able = ", ".join(name for name, rule in DYNAMICS.items() if rule.allows_zero)
            rule = f"must leave no site at 0 under {self.dynamics} (add :fill, or use {able})"
            raise SettingError("start", rule, self.start)
        for name, most in _MOST_SWEEPS.items():
            if getattr(self, name) and self.sweeps > most:
                raise SettingError("sweeps", f"must be at most {most} with {name}", self.sweeps)
        if not start.uses_images and self.tests == "all":
            raise SettingError("tests", f"must be a number with start {self.start!r}", "all")
        if self.test_images is None:
            object.__setattr__(self, "test_images", "same" if self.replay_authors else "fresh")
        if self.exclude_samples is None:
            object.__setattr__(self, "exclude_samples", not self.replay_authors)

    def _check_temperature(self) -> None:
        if self.gamma is not None and self.temperature is not None:
            raise SettingError("gamma", "cannot be given together with temperature", self.gamma)
        given = 2 / self.gamma if self.gamma is not None else self.temperature
        noisy = DYNAMICS[self.dynamics].stochastic
        if not noisy and given not in (None, 0):
            name = "temperature" if self.gamma is None else "gamma"
            rule = f"cannot be given with dynamics {self.dynamics!r}, which has no noise"
            raise SettingError(name, rule, self.gamma or given)
        if given is None:
            given = _STUDY_TEMPERATURE if noisy else 0.0
        if self.gamma is not None and self.dynamics == "metropolis":
            rule = "has no effect on dynamics 'metropolis'; the sigmoid is dynamics glauber"
            raise SettingError("gamma", rule, self.gamma)
        if self.gamma is not None and given > _HOTTEST:
            raise SettingError("gamma", f"must be at least {2 / _HOTTEST:g}", self.gamma)
        object.__setattr__(self, "temperature", given)
        if self.until_stable and self._last_temperature() > 0:
            rule = "has no effect unless the temperature ends at 0; the sign rules are at 0"
            raise SettingError("until_stable", rule)
        object.__setattr__(self, "gamma", None)

    def _last_temperature(self) -> float:
        return notations.resolve_temperature(self.temperature, 2)[-1]

    def _check_replay(self) -> None:
        if not self.replay_authors:
            return
        needed = {
            "dynamics": "metropolis",
            "order": "random",
            "start": "image",
            "until_stable": False,
            "trace": False,
            "animate": None,
            "test_images": "same",
            "exclude_samples": False,
        }
        for name, value in needed.items():
            found = getattr(self, name)
            if found is not None and found != value:
                shown = "off" if value in (False, None) else value
                raise SettingError(name, f"must be {shown} with replay_authors", found)
        if self.tests == "all":
            raise SettingError("tests", "must be a number with replay_authors", "all")
        if isinstance(self.temperature, str):
            raise SettingError(
                "temperature", "must be a number with replay_authors", self.temperature
            )


@dataclass(frozen=True, eq=False, kw_only=True)
class TemperatureScanConfig(
    PatternSettings, StorageSettings, DynamicsSettings, RunSettings, OutputSettings
):
    """Settings of ``hopcli temperature-scan``."""

    command: ClassVar[str] = "temperature-scan"
    default_digits: ClassVar[tuple[str, ...]] = ("0", "4")

    digits: tuple[str, ...] | None = setting(
        kinds.labels(),
        None,
        "Patterns",
        "Labels to store, in this order.",
        shown_default="0,4, or all where there are no such labels",
    )
    target: str | None = setting(
        kinds.label(),
        None,
        "Scan",
        "Stored label that a run starts from, and whose overlap is drawn.",
        shown_default="the last one stored",
    )
    temperatures: tuple[float, ...] = setting(
        notations.grid(),
        tuple(round(0.1 * i, 1) for i in range(1, 20)),
        "Scan",
        "Temperatures, with k_B = 1.",
        shown_default="0.1:1.9:0.1",
    )
    repeats: int = setting(kinds.integer(1), 100, "Scan", "Independent runs at each temperature.")
    start: str = setting(
        kinds.choice(("random", "target", "digit")),
        "random",
        "Scan",
        "Start from random spins, from the target pattern, or from random images of its label.",
    )

    def _check_together(self) -> None:
        super()._check_together()
        if not DYNAMICS[self.dynamics].stochastic:
            noisy = ", ".join(name for name, rule in DYNAMICS.items() if rule.stochastic)
            raise SettingError("dynamics", f"must have a temperature ({noisy})", self.dynamics)
        if self.until_stable and 0 not in self.temperatures:
            raise SettingError("until_stable", "has no effect unless one of the temperatures is 0")


@dataclass(frozen=True, eq=False, kw_only=True)
class WeightsConfig(PatternSettings, StorageSettings, OutputSettings):
    """Settings of ``hopcli weights``."""

    command: ClassVar[str] = "weights"

    pixel: tuple[int, int] | None = setting(
        notations.pixel(),
        None,
        "Network",
        "ROW,COLUMN of the site whose couplings are drawn as a picture.",
        shown_default="the centre",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class AttractorsConfig(PatternSettings, LearningSettings, RunSettings, OutputSettings):
    """Settings of ``hopcli attractors``."""

    command: ClassVar[str] = "attractors"

    rule: tuple[str, ...] = setting(
        kinds.choices(RULES),
        ("pseudo-inverse",),
        "Network",
        "Storage rules to compare, each by itself.",
    )
    theta: float | str = setting(
        kinds.number_or_file(),
        0.0,
        "Network",
        "Threshold of all sites, or a text file with one number a site.",
    )
    dynamics: str = setting(
        kinds.choice([name for name, rule in DYNAMICS.items() if not rule.stochastic]),
        "async",
        "Dynamics",
        "Sign of the field, one site at a time (async) or all at once (sync).",
    )
    tie: str = setting(
        kinds.choice(("keep", "up", "down")), "keep", "Dynamics", "What to do where h = theta."
    )
    sweeps: int = setting(
        kinds.integer(1, 10_000_000), 200, "Dynamics", "Sweeps of N at most, till stable."
    )
    start: str = setting(
        notations.start(),
        "random",
        "Census",
        "Where runs start, as in `hopcli recall`: random[:P_UP], image, pattern, majority, "
        "blend:A:B or text:FILE, then flip, occlude, inverse.",
    )
    starts: int = setting(kinds.integer(1, 10_000_000), 10_000, "Census", "Number of starts.")
    criterion: float = setting(
        kinds.number(0, 1, above=True),
        0.99,
        "Census",
        "A state is a pattern, its inverse or a mixture from this overlap on.",
    )
    most: int = setting(
        kinds.integer(1, 1000), 12, "Census", "Most frequent states drawn for each rule."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class CapacityConfig(DataSettings, LearningSettings, RunSettings, OutputSettings):
    """Settings of ``hopcli capacity``."""

    command: ClassVar[str] = "capacity"

    rule: tuple[str, ...] = setting(
        kinds.choices(RULES),
        ("hebbian", "storkey", "pseudo-inverse"),
        "Network",
        "Storage rules to compare.",
    )
    patterns: str = setting(
        kinds.choice(("random", "mnist")),
        "random",
        "Load",
        "Store random patterns, or random images of the data set.",
    )
    sizes: tuple[int, ...] | None = setting(
        kinds.sizes(),
        None,
        "Load",
        "Numbers of spins N of random patterns.",
        shown_default="784",
    )
    loads: tuple[float, ...] = setting(
        notations.grid(0, 1, above=True),
        _LOADS,
        "Load",
        "Loads p / N, patterns by spins; at p = N one pattern less is stored.",
        shown_default="0.02 to 1 in 22 steps, finer around 0.14",
    )
    draws: int = setting(kinds.integer(1, 10_000), 5, "Load", "Independent draws of the patterns.")
    flips: float = setting(
        kinds.number(0, 0.5), 0.1, "Load", "Fraction of sites flipped in the second start."
    )
    tests: int = setting(
        kinds.integer(1, 20_000), 50, "Load", "Patterns of each draw that runs start from, at most."
    )
    sweeps: int = setting(
        kinds.integer(1, 10_000_000), 50, "Dynamics", "Sweeps of N at most, till stable."
    )

    def _check_together(self) -> None:
        super()._check_together()
        if self.patterns == "mnist" and self.sizes is not None:
            rule = "cannot be given with patterns mnist, whose pictures have their own"
            raise SettingError("sizes", rule, ",".join(map(str, self.sizes)))
        if self.patterns == "random" and self.dataset != "mnist":
            raise SettingError("dataset", "has no effect with patterns random", self.dataset)


CONFIGS: dict[str, type[Config]] = {
    config.command: config
    for config in (
        SelectConfig,
        RecallConfig,
        TemperatureScanConfig,
        WeightsConfig,
        AttractorsConfig,
        CapacityConfig,
    )
}
"""The configuration of each command that runs an experiment, by command."""
