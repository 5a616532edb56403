"""Common parts of all configurations: settings declared once, checked, resolved, converted."""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hopcli.errors import SettingError
from hopcli.kinds import Kind, checked, read
from hopcli.values import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hopcli.datasets import Dataset


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Declaration of a setting, without its name.

    Parameters
    ----------
    kind : Kind
        Possible values, and their notation.
    help : str
        Help text.
    group : str
        Heading of its group in the help.
    default : object
        Default in Python; None if it is open.
    shown_default : str or None
        Text for an open default.
    axis : str
        Text on an axis; empty for the name.
    newer : bool
        Whether manifests omit its default, so that earlier runs keep their keys.
    """

    kind: Kind
    help: str
    group: str
    default: Any = None
    shown_default: str | None = None
    axis: str = ""
    newer: bool = False


def setting(kind: Kind, default: Any, text: str, **more: Any) -> Any:
    """Declare a setting as a dataclass field.

    Parameters
    ----------
    kind : Kind
        Possible values.
    default : object
        Default; None if it is open.
    text : str
        Heading of its group and its help, ``"Tests: Number of repeats."``.
    **more
        Further fields of :class:`Setting`.
    """
    group, _, about = text.partition(": ")
    return _field(Setting(kind, about, group, default, **more))


def _field(declared: Setting) -> Any:
    return field(default=declared.default, metadata={"setting": declared})


def again(owner: type[Settings], name: str, **changed: Any) -> Any:
    """Declare a setting of another class again.

    Parameters
    ----------
    owner : type
        The other class.
    name : str
        Name of the setting.
    **changed
        Fields of :class:`Setting` that differ.
    """
    return _field(replace(owner.settings()[name], **changed))


@dataclass(frozen=True, eq=False, kw_only=True)
class Settings:
    """Values of declared settings, each checked by itself.

    A setting with the default None is open: its value depends on other settings or on the
    data. Its type is that of the resolved value; until then it may be None.

    Raises
    ------
    SettingError
        If a value breaks the rule of its setting.
    """

    def __post_init__(self) -> None:
        for name, declared in self.settings().items():
            value = getattr(self, name)
            if value is not None or declared.default is not None:
                object.__setattr__(self, name, checked(declared.kind, name, value))

    @classmethod
    @functools.cache
    def settings(cls) -> dict[str, Setting]:
        """Return the settings by name, in the order of the help text; do not change it."""
        return {item.name: item.metadata["setting"] for item in fields(cls)}

    def with_values(self, **values: Any) -> Self:
        """Replace some values; only these are checked."""
        changed, known = copy.copy(self), self.settings()
        for name, value in values.items():
            object.__setattr__(changed, name, checked(known[name].kind, name, value))
        return changed

    def values(self) -> dict[str, Any]:
        """Return the values by name, as Python objects."""
        return {name: getattr(self, name) for name in self.settings()}

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name, for JSON and TOML; see :attr:`Setting.newer`."""
        known = self.settings()
        return {
            name: None if value is None else known[name].kind.plain(value)
            for name, value in self.values().items()
            if not known[name].newer or value != known[name].default
        }

    def refuse(self, name: str, rule: str, wrong: bool = True) -> None:
        """Raise an error about the value of a setting if it is wrong.

        Raises
        ------
        SettingError
            The rule, with the value as in a file, or as on a flag if it is a list.
        """
        if wrong:
            value, kind = getattr(self, name), self.settings()[name].kind
            plain = None if value is None else kind.plain(value)
            shown = kind.show(value) if isinstance(plain, list) else plain
            raise SettingError(name, rule, *([] if shown is True else [shown]))

    def refuse_changes(self, names: Iterable[str], rule: str, wrong: bool = True) -> None:
        """Raise an error if a setting differs from its default although it has no effect."""
        for name in names if wrong else ():
            self.refuse(name, rule, getattr(self, name) != self.settings()[name].default)

    def changes(self) -> dict[str, Any]:
        """Return the values that differ from the defaults, for JSON and TOML."""
        known = self.settings()
        return {
            name: value
            for name, value in self.to_dict().items()
            if value is not None
            if (default := known[name].default) is None or value != known[name].kind.settle(default)
        }


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts about the data that a configuration needs to fill every value.

    Parameters
    ----------
    dataset : str
        Name of the data set.
    shape : tuple of int
        Height and width of its pictures.
    labels : tuple of str
        Labels of the patterns that may be stored.
    chosen : bool
        True if these labels are stored, in this order.
    """

    dataset: str
    shape: tuple[int, int]
    labels: tuple[str, ...]
    chosen: bool = False

    @classmethod
    def of(cls, dataset: Dataset) -> Facts:
        """Return the facts of a data set whose patterns are selected."""
        return cls(dataset.name, dataset.shape, dataset.label_names)

    @property
    def n_sites(self) -> int:
        """Number of spins N."""
        return self.shape[0] * self.shape[1]


@dataclass(frozen=True, eq=False, kw_only=True)
class Config(Settings):
    """Configuration that a user gives: one class per command, with the manual as docstring.

    Each setting can be replaced alone (`dataclasses.replace`). :meth:`check` compares settings
    with each other; :meth:`resolve` fills the open ones.
    """

    command: ClassVar[str]
    daily: ClassVar[tuple[str, ...]] = ()
    """Settings of the command alone that its short help lists."""

    def check(self) -> None:
        """Check settings against each other.

        Raises
        ------
        SettingError
            If settings do not go together.
        """

    def concrete(self, facts: Facts) -> dict[str, Any]:
        """Return values for settings that are open or normalised, given the data."""
        del facts
        return {}

    def resolve(self, facts: Facts) -> Self:
        """Fill the open settings of a checked configuration.

        The result depends only on the configuration and the facts. A resolved configuration
        resolves to itself.

        Raises
        ------
        SettingError
            If settings do not fit the data.
        """
        resolved = copy.copy(self)
        for name, value in self.concrete(facts).items():
            object.__setattr__(resolved, name, value)
        return resolved

    @classmethod
    def from_values(cls, values: Mapping[str, Any], near: Iterable[str] = ()) -> Self:
        """Make a configuration from a mapping of a file; each value is checked alone.

        Parameters
        ----------
        values : mapping of str to object
            Values by name.
        near : iterable of str
            Further names to compare an unknown one with.

        Raises
        ------
        SettingError
            If a key is unknown (with the nearest known key), or a value impossible.
        """
        known = cls.settings()
        for key in values:
            if key not in known:
                close = nearest(key, {**known, **dict.fromkeys(near)})
                raise SettingError(key, f"is not a setting of {cls.command!r}{close}")
        return cls(**values)

    @classmethod
    def from_manifest(cls, values: Mapping[str, Any], near: Iterable[str] = ()) -> Self:
        """Make a resolved configuration from the values of a manifest, and check it.

        Raises
        ------
        SettingError
            As :meth:`from_values`; also if settings contradict each other, or a setting that
            resolution fills is open.
        """
        config = cls.from_values(values, near)
        for item in fields(cls):
            if getattr(config, item.name) is None and "None" not in str(item.type):
                raise SettingError(item.name, "must be given in a manifest")
        config.check()
        return config


def read_flags(known: Mapping[str, Setting], flags: Mapping[str, Any]) -> dict[str, Any]:
    """Read the texts of flags as values of settings; other values are not changed.

    Raises
    ------
    SettingError
        If a text is no valid value of its setting.
    """
    return {
        name: read(known[name].kind, name, text) if isinstance(text, str) else text
        for name, text in flags.items()
    }
