"""What can go wrong for a user, as exceptions that read as one line.

Every error a user can cause is a :class:`HopcliError` and also the builtin
that a caller of the library expects. The command line turns them into one line
on stderr and exit code 2; anything else is a defect and keeps its traceback.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "DataError",
    "HopcliError",
    "HopcliWarning",
    "PatternError",
    "ResultError",
    "SettingError",
    "renamed",
]


_LONGEST = 80  # characters of a value in a message


class HopcliError(Exception):
    """An error whose message is meant for the user, complete in one line."""


class SettingError(HopcliError, ValueError):
    """A setting (option, configuration key or argument) has an impossible value.

    Parameters
    ----------
    setting : str
        Name of the setting as the library spells it, e.g. ``"temperature"``.
    rule : str
        What the value must be, e.g. ``"must be a finite number >= 0"``.
    found : object, optional
        The value that broke the rule. Without it the message ends with the rule.
    """

    _NOTHING = object()
    _is_named = False  # as the user wrote it

    def __init__(self, setting: str, rule: str, found: object = _NOTHING) -> None:
        self.setting = setting
        self.rule = rule
        self.has_found = found is not self._NOTHING
        self.found = found if self.has_found else None
        super().__init__(self.describe(setting))

    def __reduce__(self) -> tuple[type[SettingError], tuple[object, ...]]:
        # Exceptions are made again from their message, which is not what this one takes.
        found = (self.found,) if self.has_found else ()
        return type(self), (self.setting, self.rule, *found)

    def named(self, name: str) -> SettingError:
        """Return the same error about the setting by the name that the user wrote."""
        found = (self.found,) if self.has_found else ()
        error = SettingError(name, self.rule, *found)
        error._is_named = True
        return error

    def describe(self, name: str) -> str:
        """Say the error in one line, the setting called `name`.

        Parameters
        ----------
        name : str
            How the user wrote the setting: ``"--temperature"``, ``"file.toml: temperature"``.
        """
        shown = name or "''"
        return f"{shown} {self.rule}" + (
            f", found {_shortened(self.found)}" if self.has_found else ""
        )


@contextlib.contextmanager
def renamed(name_of: Callable[[str], str]) -> Iterator[None]:
    """Name a refused setting as the user wrote it; a name that has been given stays.

    Parameters
    ----------
    name_of : callable
        Takes the name of the library, returns that of the user.

    Raises
    ------
    SettingError
        The same error under the name of the user.
    """
    try:
        yield
    except SettingError as error:
        if error._is_named:
            raise
        raise error.named(name_of(error.setting)) from error


def _shortened(value: object) -> str:
    """A value as Python writes it, cut if it is very long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, values nested deeply
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class DataError(HopcliError, ValueError):
    """A data file is missing, damaged or not what it should be."""


class PatternError(HopcliError, ValueError):
    """The patterns cannot be stored as asked, e.g. because they are dependent."""


class ResultError(HopcliError, OSError):
    """A run folder cannot be written, or cannot be read back."""


class HopcliWarning(UserWarning):
    """What is to be known of numbers that are right, as the command line warns of it."""
