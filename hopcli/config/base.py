"""What every configuration shares: settings declared once, checked, resolved, converted."""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hopcli.errors import SettingError
from hopcli.kinds import checked, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hopcli.kinds import Kind

__all__ = [
    "Config",
    "Facts",
    "Setting",
    "Settings",
    "nearest",
    "read_flags",
    "same_setting",
    "setting",
]


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What a setting is, next to its name and default: kind, help text and help group."""

    kind: Kind
    help: str
    group: str
    shown_default: str | None = None


def setting(
    kind: Kind, default: Any, group: str, text: str, *, shown_default: str | None = None
) -> Any:
    """Declare a setting: a dataclass field with what users need to know of it."""
    return field(default=default, metadata={"setting": Setting(kind, text, group, shown_default)})


def same_setting(owner: type[Settings], name: str, *, shown_default: str | None = None) -> Any:
    """Declare a setting that another class has too: the same in default, kind and help.

    What is shown of an open default may be another, as it may depend on other settings.
    """
    item = next(item for item in fields(owner) if item.name == name)
    declared: Setting = item.metadata["setting"]
    shown = shown_default or declared.shown_default
    return setting(declared.kind, item.default, declared.group, declared.help, shown_default=shown)


@dataclass(frozen=True, eq=False, kw_only=True)
class Settings:
    """Values of declared settings, each checked by itself.

    A default of None means that the setting is open: what it is depends on others or on
    the data. A subclass may name an inherited setting again, with a closer type and
    without a default: then it must be given, and cannot be open.

    Raises
    ------
    SettingError
        If a value breaks the rule of its setting.
    """

    def __init_subclass__(cls) -> None:
        # Dataclasses would take the inherited default, and forget the declaration.
        for name in inspect.get_annotations(cls):
            inherited = getattr(cls, "__dataclass_fields__", {}).get(name)
            if name not in cls.__dict__ and inherited is not None and inherited.metadata:
                setattr(cls, name, field(metadata=inherited.metadata))

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None and item.default is None:
                continue
            kind = item.metadata["setting"].kind
            object.__setattr__(self, item.name, checked(kind, item.name, value))

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """The settings by name, in the order of the help text."""
        return {item.name: item.metadata["setting"] for item in fields(cls)}

    @classmethod
    def default_of(cls, name: str) -> Any:
        """The default of a setting, None if it is open."""
        return next(item.default for item in fields(cls) if item.name == name)

    def values(self) -> dict[str, Any]:
        """The values by name, as Python has them."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def to_dict(self) -> dict[str, Any]:
        """The values by name, as JSON and TOML have them."""
        kinds = {name: declared.kind for name, declared in self.settings().items()}
        return {
            name: None if value is None else kinds[name].plain(value)
            for name, value in self.values().items()
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """What a configuration must know of the data to have every value.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    shape : tuple of int
        Height and width of its pictures.
    labels : tuple of str
        Labels of the patterns that may be stored.
    chosen : bool
        Whether these are the ones to be stored, in this order.
    criterion : float
        The overlap that ``auto`` stands for.
    """

    dataset: str
    shape: tuple[int, int]
    labels: tuple[str, ...]
    chosen: bool = False
    criterion: float = 0.99

    @property
    def n_sites(self) -> int:
        """Number of spins N."""
        return self.shape[0] * self.shape[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Config(Settings):
    """What a user asks for: one class a command, its docstring the manual of the command.

    Whatever the values of the others, one can be replaced (`dataclasses.replace`): what
    does not go together is found by :meth:`check`, and what was left open is decided by
    :meth:`resolve`.
    """

    command: ClassVar[str]

    def check(self) -> None:
        """Check what no single value can show.

        Raises
        ------
        SettingError
            If settings do not go together.
        """

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """The values that :meth:`resolve` fills in, of settings that may be open."""
        del facts
        return {}

    def filled(self, facts: Facts) -> dict[str, Any]:
        """Every value, after a check: what was given, and what was open."""
        self.check()
        return {**self.values(), **self.concrete(facts)}

    def resolve(self, facts: Facts) -> Config:
        """Fill in what is left open: a pure function of this configuration and the data.

        A resolved configuration resolves to itself.

        Raises
        ------
        SettingError
            If settings do not go together, or do not fit the data.
        """
        raise NotImplementedError

    @classmethod
    def from_values(cls, values: Mapping[str, Any], near: Iterable[str] = ()) -> Self:
        """Make a configuration from a mapping, as read from a file, and check it.

        Parameters
        ----------
        values : mapping of str to object
            Values by name.
        near : iterable of str
            Names that an unknown one is compared with, besides those of the settings.

        Raises
        ------
        SettingError
            If a key is unknown (with the nearest known key), or a value impossible, by
            itself or together with others.
        """
        known = cls.settings()
        for key in values:
            if key not in known:
                close = nearest(key, {**known, **dict.fromkeys(near)})
                raise SettingError(key, f"is not a setting of {cls.command!r}{close}")
        config = cls(**values)
        config.check()
        return config


def read_flags(known: Mapping[str, Setting], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Read the texts of flags as values of settings; what is no text stays.

    Raises
    ------
    SettingError
        If a text is no value of its setting.
    """
    return {
        name: read(known[name].kind, name, text) if isinstance(text, str) else text
        for name, text in flags.items()
    }


def nearest(key: str, known: Iterable[str]) -> str:
    """Name the known key that looks most like `key`, for a message; may be empty."""
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"; the nearest is {close[0]!r}" if close else ""
