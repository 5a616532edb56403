"""What every configuration shares: settings declared once, checked, converted."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from hopcli.errors import SettingError
from hopcli.settings import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hopcli.settings import Kind

__all__ = ["Config", "Setting", "nearest", "setting"]


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
                raise SettingError(key, f"is not a setting of {cls.command!r}{nearest(key, known)}")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """The resolved values, JSON-ready."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def nearest(key: str, known: Iterable[str]) -> str:
    """Name the known key that looks most like `key`, for a message; may be empty."""
    close = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    return f"; the nearest is {close[0]!r}" if close else ""
