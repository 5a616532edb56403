"""Settings that several commands share, one class per group."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from hopcli import kinds
from hopcli.config import notations
from hopcli.config.base import Config, Facts, setting
from hopcli.datasets import SPLITS, Size, default_threshold
from hopcli.datasets.thresholds import THRESHOLDS
from hopcli.dynamics import DYNAMICS, ORDERS, TIES
from hopcli.errors import SettingError
from hopcli.rules import GIVEN, RULES
from hopcli.starts import BASES, CHANGES, Start

if TYPE_CHECKING:
    from collections.abc import Mapping

HIGHEST_SELECTION_SEED = 2**32 - 1
_SHOWN = 20  # labels in a message


def described(registry: Mapping[str, Any]) -> str:
    """List the entries of a registry, each with its description."""
    return "; ".join(f"{name}: {entry.description}" for name, entry in registry.items())


def spelled(digits: tuple[str, ...] | None, labels: tuple[str, ...]) -> tuple[str, ...] | None:
    """Read labels: ``36104`` spells 3,6,1,0,4 unless a label has this name."""
    if digits is None or len(digits) > 1 or digits[0] in labels:
        return digits
    letters = tuple(digits[0])
    is_spelling = set(letters) <= set(labels) and len(set(letters)) == len(letters)
    return letters if is_spelling else digits


def all_labels(digits: tuple[str, ...], facts: Facts) -> tuple[str, ...]:
    """Return the given labels, by default all."""
    digits = spelled(digits, facts.labels) or facts.labels
    check_labels(digits, facts.labels, facts.dataset)
    return digits


def check_labels(digits: tuple[str, ...], labels: tuple[str, ...], source: str) -> None:
    """Refuse a label that a data set or file does not contain."""
    present = set(labels)
    for label in digits:
        if label not in present:
            known = ", ".join(labels[:_SHOWN]) + (", ..." if len(labels) > _SHOWN else "")
            rule = f"must name labels of {source} ({known}), which has no {label!r:.80}"
            raise SettingError("digits", rule, ",".join(digits))


def start_help(*, target: bool = False) -> str:
    """Describe the possible starts, for the help text."""
    usable = [base for base in BASES.values() if target or not base.needs_target]
    bases = described({base.usage: base for base in usable})
    changes = described({change.usage: change for change in CHANGES.values()})
    return (
        f"Start of the runs ({bases}), then changes ({changes}), with commas. flip:0.1 alone is "
        "pattern,flip:0.1."
    )


def _size() -> kinds.Kind:
    """Make a kind for width and height of a picture; `crop` decides how they are filled."""
    pair = notations.pair("WxH", "x", 1, "must be WIDTHxHEIGHT, whole numbers >= 1")

    def check(value: Any) -> Any:
        return pair.check(value[:2] if isinstance(value, Size) else value)

    return replace(pair, check=check, plain=lambda size: list(size[:2]))


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSettings(Config):
    """Settings of the images and their conversion to spins."""

    dataset: str = setting(
        kinds.word("SOURCE"),
        "mnist",
        "Data: Source of the images; `hopcli data` lists the sources.",
    )
    split: str = setting(
        kinds.choice(SPLITS),
        "train",
        "Data: Part of the data set. Patterns come from it too, unless --select-split is given.",
    )
    threshold: int | str | None = setting(
        kinds.either(kinds.integer(0, 255), kinds.choice(THRESHOLDS)),
        None,
        "Data: Pixels above this grey value become +1. otsu and mean compute the value for each "
        "picture: otsu separates bright from dark, mean is the mean.",
        shown_default="0; otsu for own pictures",
        axis="grey value of the threshold",
    )
    size: tuple[int, int] | Size | None = setting(
        _size(),
        None,
        "Data: Resize pictures to this width and height, with their proportions kept and paper "
        "added. For rows of numbers: width and height of a picture.",
        axis="size (pixels)",
    )
    crop: bool = setting(
        kinds.switch(),
        False,
        "Data: Fill the size and cut off the edges, instead of adding paper.",
    )
    invert: bool = setting(
        kinds.switch(), False, "Data: Make dark pixels +1, for dark ink on white paper."
    )
    transpose: bool = setting(
        kinds.switch(),
        False,
        "Data: Swap rows and columns of each image, for EMNIST files without emnist in their name.",
    )

    def __post_init__(self) -> None:
        """Check each value; loading the data reports a missing size."""
        super().__post_init__()
        if self.size is not None:
            plain = self.size[:2]
            object.__setattr__(self, "size", Size(*plain, crop=True) if self.crop else plain)

    @property
    def reads_data(self) -> bool:
        """True if the run needs the data set."""
        return True

    def check(self) -> None:
        """Check that there is a size to fill."""
        super().check()
        self.refuse("crop", "has no effect without size", self.crop and self.size is None)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the threshold, whose default depends on the source."""
        values, threshold = super().concrete(facts), self.threshold
        if threshold is None and self.reads_data:
            threshold = default_threshold(self.dataset)
        return {**values, "threshold": threshold}


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternSettings(DataSettings):
    """Settings of the stored patterns."""

    default_digits: ClassVar[tuple[str, ...]] = ("3", "6", "1", "0", "4")
    tests_images: ClassVar[bool] = True
    """True if runs without the setting `start` need images."""

    digits: tuple[str, ...] = setting(
        kinds.labels(),
        None,
        "Patterns: Labels to store, in this order: 3,6,1; or 361 if each is one character.",
        shown_default="3,6,1,0,4, or all where there are no such labels",
        axis="labels stored",
    )
    patterns: str | tuple[int, ...] | None = setting(
        kinds.either(kinds.word("FILE", "must be a file"), kinds.indices(), metavar="FILE"),
        None,
        "Patterns: Patterns made by `hopcli select` (patterns.npz), instead of a new selection; in "
        "a configuration file also a list of source indices.",
    )
    source_indices: tuple[int, ...] | None = setting(
        kinds.indices(),
        None,
        "Patterns: Store these images of the data set, instead of selecting patterns.",
        axis="patterns stored",
    )
    select_split: str | None = setting(
        kinds.choice(SPLITS),
        None,
        "Patterns: Part of the data set from which patterns are taken.",
        shown_default="that of --split",
    )
    samples: int = setting(
        kinds.integer(1, 10_000),
        20,
        "Patterns: Samples of each label to select from, M in eq. 5.",
        axis="samples of each label, M",
    )
    selection_seed: int = setting(
        kinds.integer(0, HIGHEST_SELECTION_SEED), 9, "Patterns: Seed of those samples."
    )
    sampler: str = setting(
        kinds.choice(("legacy", "generator")),
        "legacy",
        "Patterns: Method of drawing samples: legacy, as the authors did (NumPy's RandomState, "
        "with replacement), or generator (without replacement).",
    )

    def check(self) -> None:
        """Check that the patterns are given in at most one way."""
        super().check()
        has_file, has_images = self.file is not None, self.images is not None
        rule = "cannot be given together with patterns"
        self.refuse("source_indices", rule, None not in (self.patterns, self.source_indices))
        names = ("samples", "selection_seed", "sampler")
        self.refuse_changes(
            names, "has no effect if the patterns are given", has_file or has_images
        )
        self.refuse_changes(["select_split"], "has no effect with a file of patterns", has_file)

    @property
    def images(self) -> tuple[int, ...] | None:
        """Images of the data set to store, if they are given."""
        return self.patterns if isinstance(self.patterns, tuple) else self.source_indices

    @property
    def file(self) -> str | None:
        """File of patterns to store, if there is one."""
        return self.patterns if isinstance(self.patterns, str) else None

    @property
    def needs_images(self) -> bool:
        """False if patterns of a file are enough, and no data set is given."""
        start: Start | None = getattr(self, "start", None)
        from_images = self.tests_images if start is None else start.uses_images
        given = self.dataset != self.settings()["dataset"].default
        return self.file is None or given or from_images

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the labels to store: the given ones, else the usual ones, else all."""
        if isinstance(start := getattr(self, "start", None), Start):
            misfit = start.misfit(facts.shape)
            self.refuse("start", misfit, bool(misfit))
        return {
            **super().concrete(facts),
            "digits": self._digits(facts),
            "patterns": self.file,
            "source_indices": self.images,
            "select_split": None if self.file is not None else self.select_split or self.split,
        }

    def _digits(self, facts: Facts) -> tuple[str, ...]:
        labels = tuple(dict.fromkeys(facts.labels))  # given images may share a label
        digits = spelled(self.digits, labels)
        if facts.chosen:
            rule = f"must be the labels of source_indices ({','.join(labels)})"
            self.refuse("digits", rule, digits not in (None, labels))
            return labels
        if digits is None:
            return self.default_digits if set(self.default_digits) <= set(labels) else labels
        check_labels(digits, labels, self.file or facts.dataset)
        return digits


def _with_parameters(owner: type[Config]) -> type[Config]:
    """Declare the parameters of every rule as settings, in the order of the registry."""
    for rule in RULES.values():
        for name, parameter in rule.parameters.items():
            owner.__annotations__[name] = Any
            declared = setting(
                parameter.kind,
                parameter.default,
                f"Network: {parameter.help}",
                axis=parameter.axis,
                newer=parameter.newer,
            )
            setattr(owner, name, declared)
    return owner


@dataclass(frozen=True, eq=False, kw_only=True)
@_with_parameters
class LearningSettings(Config):
    """Parameters of all storage rules."""

    @property
    def rules(self) -> tuple[str, ...]:
        """Rules that store the patterns."""
        rule: str | tuple[str, ...] = getattr(self, "rule", ())
        return (rule,) if isinstance(rule, str) else rule

    def check(self) -> None:
        """Check that every parameter belongs to a rule in use, and for couplings of a file."""
        super().check()
        weights = getattr(self, "weights", None)
        if weights is not None:
            rule = "has no effect with weights"
            self.refuse_changes(["rule"], rule, self.rules != (GIVEN,))
            self.refuse_changes(["self_coupling"], f"{rule}: their diagonal counts")
        else:
            self.refuse("rule", "needs a file of weights", GIVEN in self.rules)
        used = {name for rule in self.rules for name in self.parameters(rule)}
        owners = {name: rule for rule, entry in RULES.items() for name in entry.parameters}
        for name, owner in owners.items():
            self.refuse_changes([name], f"has no effect without the {owner} rule", name not in used)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the name of the rule if the couplings are those of a file."""
        values = super().concrete(facts)
        if getattr(self, "weights", None) is not None:
            values["rule"] = GIVEN if isinstance(getattr(self, "rule", ""), str) else (GIVEN,)
        return values

    def parameters(self, rule: str) -> dict[str, Any]:
        """Return the parameters of one of the rules."""
        known = RULES[rule].parameters if rule in RULES else ()
        return {name: getattr(self, name) for name in known}


@dataclass(frozen=True, eq=False, kw_only=True)
class StorageSettings(LearningSettings):
    """Settings of the storage of patterns."""

    rule: str = setting(
        kinds.choice((*RULES, GIVEN)),
        "pseudo-inverse",
        f"Network: Rule that stores the patterns ({described(RULES)}; {GIVEN}: couplings of "
        "--weights).",
    )
    weights: str | None = setting(
        kinds.word("FILE"),
        None,
        "Network: Use the couplings of a file, N rows of N numbers (text, .csv, .npy, or .npz with "
        "weights), instead of a rule. They need not be symmetric, and the diagonal counts. The "
        "patterns only name the states.",
        newer=True,
    )
    self_coupling: bool = setting(
        kinds.switch(),
        False,
        "Network: Keep the diagonal W_ii of the rule: a site also acts on itself.",
        newer=True,
    )
    theta: float | str = setting(
        kinds.either(kinds.number(-1e6, 1e6), kinds.word("FILE", "must be a file")),
        0.0,
        "Network: Threshold of all sites, or a file with one number per site: text, or a .npz with "
        "theta.",
        axis="threshold θ of the sites",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class DynamicsSettings(Config):
    """Settings of the updates; subclasses add the temperature."""

    dynamics: str = setting(
        kinds.choice(DYNAMICS),
        "metropolis",
        f"Dynamics: Update rule ({described(DYNAMICS)}).",
    )
    order: str | tuple[int, ...] | None = setting(
        notations.order(ORDERS),
        None,
        f"Dynamics: Order in which sites are tried ({described(ORDERS)}; SITES: each once, as "
        "listed, from 0 on: 2,0,1).",
        shown_default="random",
    )
    tie: str = setting(
        kinds.choice(TIES),
        "keep",
        "Dynamics: Value of the sign rules at h = theta "
        f"({'; '.join(map(': '.join, TIES.items()))}).",
    )
    sweeps: int = setting(kinds.integer(1, 10_000_000), 20, "Dynamics: Most sweeps of each run.")
    attempts_per_sweep: int = setting(
        notations.attempts(),
        None,
        "Dynamics: Update attempts in a sweep of N spins: N/2 in the study, usually N elsewhere.",
        shown_default="N/2; N if a sweep visits each site once",
    )
    until_stable: bool = setting(
        kinds.switch(), False, "Dynamics: Stop a run at T = 0 once no site would change."
    )

    def check(self) -> None:
        """Check that order, ties and start fit the update rule."""
        super().check()
        rule, start = DYNAMICS[self.dynamics], getattr(self, "start", None)
        unknown = self.order is not None and self._kind_of_order not in rule.orders
        self.refuse("order", f"cannot be given with dynamics {self.dynamics!r}", unknown)
        if isinstance(self.attempts_per_sweep, str):
            self._check_attempts(self.attempts_per_sweep == "N")
        self.refuse(
            "tie", f"has no effect on dynamics {self.dynamics!r}", self.tie not in rule.codes
        )
        if isinstance(start, Start) and start.leaves_zeros and not rule.allows_zero:
            able = ", ".join(name for name, other in DYNAMICS.items() if other.allows_zero)
            self.refuse(
                "start",
                f"must leave no site at 0 under {self.dynamics} (add :fill, or use {able})",
            )

    @property
    def _kind_of_order(self) -> str:
        """Name of the order, empty if all sites move at once; a list is tried as in fixed."""
        own = DYNAMICS[self.dynamics].order if self.order is None else self.order
        return own if isinstance(own, str) else "fixed"

    @property
    def _visits_each_once(self) -> bool:
        kind = self._kind_of_order
        return not kind or ORDERS[kind].each_once

    def _check_attempts(self, are_n: bool) -> None:
        rule = f"must be N if a sweep visits each site once ({self.order or self.dynamics})"
        self.refuse("attempts_per_sweep", rule, self._visits_each_once and not are_n)

    @property
    def attempts(self) -> int:
        """Smallest number of update attempts of a chain."""
        return self.attempts_per_sweep * (1 if self.until_stable else self.sweeps)

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Fill the order of the sites (None if all move at once) and the attempts of a sweep."""
        default = "N" if self._visits_each_once else "N/2"
        text = self.attempts_per_sweep or default
        attempts = notations.resolve_attempts(text, facts.n_sites)
        self._check_attempts(attempts == facts.n_sites)
        if isinstance(self.order, tuple):
            rule = f"must list each of the {facts.n_sites:,} sites once"
            self.refuse("order", rule, len(self.order) != facts.n_sites)
        order = self.order or self._kind_of_order or None
        return {**super().concrete(facts), "order": order, "attempts_per_sweep": attempts}


RECALLED = (
    "An image counts as recalled if its overlap with its own pattern is at least this, and no "
    "other pattern is nearer."
)


def criterion(text: str = f"Tests: {RECALLED}") -> Any:
    """Declare the smallest overlap of a recalled run."""
    return setting(kinds.number(0, 1, above=True), 0.99, text, axis="criterion (overlap)")


@dataclass(frozen=True, eq=False, kw_only=True)
class RunSettings(Config):
    """Source of random numbers."""

    seed: int = setting(kinds.integer(0), 1, "Run: Seed of everything random but the selection.")


@dataclass(frozen=True, eq=False, kw_only=True)
class SimulationSettings(PatternSettings, StorageSettings, DynamicsSettings, RunSettings):
    """Settings of runs of one network: its patterns and couplings, the updates, the seed."""
