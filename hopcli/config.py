"""What a run is asked to do: one frozen, checked configuration a command.

Each setting is declared here once, with its kind, default, help and group. A value
may come from a TOML file, from a flag or from Python; all three pass through the
same check, so they are refused with the same words.
"""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hopcli import settings as kinds
from hopcli.errors import DataError, SettingError
from hopcli.settings import Kind, RefusedError
from hopcli.storage import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "CONFIGS",
    "Config",
    "DataSettings",
    "PatternSettings",
    "RecallConfig",
    "SelectConfig",
    "Setting",
    "TemperatureScanConfig",
    "find_config",
    "read_config",
]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a setting is, next to its name and default: kind, help text and help group."""

    kind: Kind
    help: str
    group: str
    shown_default: str | None = None


def _setting(
    kind: Kind, default: Any, group: str, text: str, *, shown_default: str | None = None
) -> Any:
    return field(default=default, metadata={"setting": Setting(kind, text, group, shown_default)})


@dataclass(frozen=True, eq=False, kw_only=True)
class Config:
    """What all configurations share: checking, and conversion from and to mappings.

    Raises
    ------
    SettingError
        If a value breaks the rule of its setting.
    """

    command: ClassVar[str]

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None and item.default is None:
                continue
            try:
                checked = item.metadata["setting"].kind.check(value)
            except RefusedError as error:
                raise SettingError(item.name, str(error), value) from None
            object.__setattr__(self, item.name, checked)
        self._check_together()

    def _check_together(self) -> None:
        """Check what no single value can show."""

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """The settings by name, in the order of the help text."""
        return {item.name: item.metadata["setting"] for item in fields(cls)}

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Make a configuration from a mapping, as read from a file.

        Raises
        ------
        SettingError
            If a key is unknown (with the nearest known key) or a value impossible.
        """
        known = cls.settings()
        for key in values:
            if key not in known:
                raise SettingError(
                    key, f"is not a setting of {cls.command!r}{_nearest(key, known)}"
                )
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The resolved values, JSON-ready."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def _nearest(key: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"; the nearest is {close[0]!r}" if close else ""


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSettings(Config):
    """Which images, and how they become spins."""

    dataset: str = _setting(
        kinds.word("SOURCE"),
        "mnist",
        "Data",
        "Where the images come from; `hopcli data` lists the sources.",
    )
    split: str = _setting(
        kinds.choice(("train", "test", "all")), "train", "Data", "Part of the data set."
    )
    threshold: int = _setting(
        kinds.integer(0, 255), 0, "Data", "A pixel brighter than this grey value becomes +1."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Output(Config):
    figures: bool = _setting(kinds.switch(), True, "Output", "Draw the pictures, or only tables.")
    figure_format: str = _setting(
        kinds.choice(("png", "svg", "pdf")), "png", "Output", "File format of the pictures."
    )


_SAMPLERS = ("legacy", "generator")
_SAMPLER_HELP = (
    "How the samples are drawn: legacy, as the authors did (NumPy's RandomState, with "
    "replacement), or generator (without replacement)."
)


@dataclass(frozen=True, eq=False, kw_only=True)
class SelectConfig(DataSettings, _Output):
    """Settings of ``hopcli select``."""

    command: ClassVar[str] = "select"

    digits: tuple[str, ...] | None = _setting(
        kinds.labels(),
        None,
        "Selection",
        "Labels to select a pattern for; they are each other's competitors in eq. 5.",
        shown_default="all",
    )
    samples: int = _setting(
        kinds.integer(1), 20, "Selection", "Random samples drawn of each label, M in eq. 5."
    )
    seed: int = _setting(kinds.integer(0, 2**32 - 1), 9, "Selection", "Seed of the samples.")
    sampler: str = _setting(kinds.choice(_SAMPLERS), "legacy", "Selection", _SAMPLER_HELP)


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternSettings(DataSettings):
    """Which patterns are stored."""

    default_digits: ClassVar[tuple[str, ...]] = ("3", "6", "1", "0", "4")

    digits: tuple[str, ...] | None = _setting(
        kinds.labels(),
        None,
        "Patterns",
        "Labels to store, in this order.",
        shown_default="3,6,1,0,4, or all where there are no such labels",
    )
    patterns: str | None = _setting(
        kinds.word("FILE"),
        None,
        "Patterns",
        "Patterns made by `hopcli select` (patterns.npz), instead of selecting them anew.",
    )
    source_indices: tuple[int, ...] | None = _setting(
        kinds.indices(),
        None,
        "Patterns",
        "Store these images of the data set, instead of selecting patterns.",
    )
    samples: int = _setting(
        kinds.integer(1), 20, "Patterns", "Samples of each label to select from, M in eq. 5."
    )
    selection_seed: int = _setting(
        kinds.integer(0, 2**32 - 1), 9, "Patterns", "Seed of those samples."
    )
    sampler: str = _setting(kinds.choice(_SAMPLERS), "legacy", "Patterns", _SAMPLER_HELP)

    def _check_together(self) -> None:
        if self.patterns is not None and self.source_indices is not None:
            raise SettingError("source_indices", "cannot be given together with patterns")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Storage(Config):
    rule: str = _setting(
        kinds.choice(RULES), "pseudo-inverse", "Network", "Rule that stores the patterns."
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Run(Config):
    sweeps: int = _setting(kinds.integer(1), 20, "Dynamics", "Sweeps of each run.")
    attempts_per_sweep: int | str = _setting(
        kinds.attempts(),
        "N/2",
        "Dynamics",
        "Update attempts in a sweep of N spins: N/2 in the study, N by the field's custom.",
    )
    seed: int = _setting(kinds.integer(0), 1, "Run", "Seed of everything random but the selection.")
    threads: int | None = _setting(
        kinds.integer(1),
        None,
        "Run",
        "Threads; no result depends on them.",
        shown_default="one a core",
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class RecallConfig(PatternSettings, _Storage, _Run, _Output):
    """Settings of ``hopcli recall``."""

    command: ClassVar[str] = "recall"

    temperature: float = _setting(
        kinds.number(0), 0.2, "Dynamics", "Temperature T, with k_B = 1; 0 never goes uphill."
    )
    tests: int | str = _setting(
        kinds.word_or_integer("all", 1), 100, "Tests", "Test images of each label, or all of them."
    )
    repeats: int = _setting(kinds.integer(1), 10, "Tests", "Times the whole test is repeated.")
    test_images: str | None = _setting(
        kinds.choice(("fresh", "same")),
        None,
        "Tests",
        "Draw the test images anew for every repeat, or use the same ones in each.",
        shown_default="fresh; same with --replay-authors",
    )
    exclude_samples: bool | None = _setting(
        kinds.switch(),
        None,
        "Tests",
        "Keep images that took part in the selection out of the tests.",
        shown_default="on; off with --replay-authors",
    )
    criterion: float = _setting(
        kinds.number(0, 1, above=True),
        0.99,
        "Tests",
        "An image counts as recalled from this overlap with its own pattern on.",
    )
    score: str = _setting(
        kinds.choice(("abs", "signed")),
        "abs",
        "Tests",
        "Score |m|, so that an inverse counts as recalled, or m itself.",
    )
    replay_authors: bool = _setting(
        kinds.switch(),
        False,
        "Tests",
        "Test the very images that the authors drew, visiting the sites in their order.",
    )

    def _check_together(self) -> None:
        super()._check_together()
        replay = self.replay_authors
        if replay and self.test_images == "fresh":
            raise SettingError("test_images", "must be same with replay_authors", "fresh")
        if replay and self.exclude_samples:
            raise SettingError("exclude_samples", "must be off with replay_authors", True)
        if replay and self.tests == "all":
            raise SettingError("tests", "must be a number with replay_authors", "all")
        if self.test_images is None:
            object.__setattr__(self, "test_images", "same" if replay else "fresh")
        if self.exclude_samples is None:
            object.__setattr__(self, "exclude_samples", not replay)


@dataclass(frozen=True, eq=False, kw_only=True)
class TemperatureScanConfig(PatternSettings, _Storage, _Run, _Output):
    """Settings of ``hopcli temperature-scan``."""

    command: ClassVar[str] = "temperature-scan"
    default_digits: ClassVar[tuple[str, ...]] = ("0", "4")

    digits: tuple[str, ...] | None = _setting(
        kinds.labels(),
        None,
        "Patterns",
        "Labels to store, in this order.",
        shown_default="0,4, or all where there are no such labels",
    )
    target: str | None = _setting(
        kinds.label(),
        None,
        "Scan",
        "Stored label that a run starts from, and whose overlap is drawn.",
        shown_default="the last one stored",
    )
    temperatures: tuple[float, ...] = _setting(
        kinds.grid(),
        tuple(round(0.1 * i, 1) for i in range(1, 20)),
        "Scan",
        "Temperatures, with k_B = 1.",
        shown_default="0.1:1.9:0.1",
    )
    repeats: int = _setting(kinds.integer(1), 100, "Scan", "Independent runs at each temperature.")
    start: str = _setting(
        kinds.choice(("random", "target", "digit")),
        "random",
        "Scan",
        "Start from random spins, from the target pattern, or from random images of its label.",
    )


CONFIGS: dict[str, type[Config]] = {
    config.command: config for config in (SelectConfig, RecallConfig, TemperatureScanConfig)
}
"""The configuration of each command that runs an experiment, by command."""


def shipped_configs() -> dict[str, Path]:
    """The configurations that come with hopcli, by name."""
    here = Path(__file__).parent
    folders = (here / "configs", here.parent / "configs")  # in a wheel; in a checkout
    folder = next((f for f in folders if f.is_dir()), folders[0])
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def find_config(name: str) -> Path:
    """The file of a configuration: a path, or the name of one that is shipped.

    Raises
    ------
    DataError
        If there is neither such a file nor such a name.
    """
    path = Path(name)
    if path.is_file():
        return path
    shipped = shipped_configs()
    if name in shipped:
        return shipped[name]
    raise DataError(
        f"{name}: no such file, nor a configuration that comes with hopcli{_nearest(name, shipped)}"
    )


def read_config(path: Path) -> dict[str, Any]:
    """The keys and values of a TOML file, not checked yet.

    Raises
    ------
    DataError
        If the file cannot be read or is not TOML.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path}: not a TOML file: {error}") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a TOML file: it is not UTF-8 text") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
