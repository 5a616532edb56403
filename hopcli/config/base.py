"""Common parts of all configurations: settings declared once, checked, resolved, converted."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hopcli.errors import SettingError
from hopcli.kinds import checked, read
from hopcli.values import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hopcli.datasets import Dataset
    from hopcli.kinds import Kind


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Declaration of a setting, without its name and default.

    Parameters
    ----------
    kind : Kind
        Possible values, and their notation.
    help : str
        Help text.
    group : str
        Heading of its group in the help.
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
    shown_default: str | None = None
    axis: str = ""
    newer: bool = False


def setting(kind: Kind, default: Any, group: str, text: str, **more: Any) -> Any:
    """Declare a setting as a dataclass field; `more` are further fields of :class:`Setting`."""
    return field(default=default, metadata={"setting": Setting(kind, text, group, **more)})


def again(owner: type[Settings], name: str, *default: Any, **changed: Any) -> Any:
    """Declare a setting of another class again.

    Parameters
    ----------
    owner : type
        The other class.
    name : str
        Name of the setting.
    *default : object
        Default, if it differs.
    **changed
        Other fields of :class:`Setting` that differ.
    """
    item = next(item for item in fields(owner) if item.name == name)
    declared = replace(item.metadata["setting"], **changed)
    return field(default=(*default, item.default)[0], metadata={"setting": declared})


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

    _known: ClassVar[tuple[dict[str, Setting], dict[str, Any]]]

    def __post_init__(self) -> None:
        known, defaults = self._declared()
        for name, declared in known.items():
            value = getattr(self, name)
            if value is None and defaults[name] is None:
                continue
            object.__setattr__(self, name, checked(declared.kind, name, value))

    @classmethod
    def _declared(cls) -> tuple[dict[str, Setting], dict[str, Any]]:
        """Return the settings of the class and their defaults, by name."""
        if "_known" not in cls.__dict__:
            items = fields(cls)
            declared = {item.name: item.metadata["setting"] for item in items}
            cls._known = declared, {item.name: item.default for item in items}
        return cls._known

    @classmethod
    def settings(cls) -> dict[str, Setting]:
        """Return the settings by name, in the order of the help text."""
        return dict(cls._declared()[0])

    @classmethod
    def default_of(cls, name: str) -> Any:
        """Return the default of a setting, None if it is open."""
        return cls._declared()[1][name]

    def with_values(self, **values: Any) -> Self:
        """Replace some values; only these are checked."""
        changed, known = copy.copy(self), self._declared()[0]
        for name, value in values.items():
            object.__setattr__(changed, name, checked(known[name].kind, name, value))
        return changed

    def values(self) -> dict[str, Any]:
        """Return the values by name, as Python objects."""
        return {name: getattr(self, name) for name in self._declared()[0]}

    def to_dict(self) -> dict[str, Any]:
        """Return the values by name, for JSON and TOML; see :attr:`Setting.newer`."""
        known, defaults = self._declared()
        return {
            name: None if value is None else known[name].kind.plain(value)
            for name, value in self.values().items()
            if not known[name].newer or value != defaults[name]
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
        for name in names:
            self.refuse(name, rule, wrong and getattr(self, name) != self.default_of(name))

    def changes(self) -> dict[str, Any]:
        """Return the values that differ from the defaults, for JSON and TOML."""
        known, values = self.settings(), self.to_dict()
        defaults = {name: self.default_of(name) for name in known}
        return {
            name: value
            for name, value in values.items()
            if value is not None
            if defaults[name] is None or value != known[name].kind.settle(defaults[name])
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
