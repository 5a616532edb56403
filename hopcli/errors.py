"""Errors of users, as exceptions with messages of one line.

Every error that a user can cause is a :class:`HopcliError` and also the builtin exception
that a caller of the library expects. The command line turns them into one line on stderr
and exit code 2. Any other exception is a defect and keeps its traceback.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

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
        Range of the value, e.g. ``"must be a finite number >= 0"``.
    found : object, optional
        The refused value. Without it the message ends with the rule.
    """

    is_named = False  # True if the name is the user's

    def __init__(self, setting: str, rule: str, *found: object) -> None:
        super().__init__(setting, rule, *found)
        self.setting, self.rule = setting, rule
        self.found = found[0] if found else None

    def __str__(self) -> str:
        return self.describe(self.setting)

    def named(self, name: str) -> SettingError:
        """Return the same error with the user's name of the setting."""
        error = SettingError(name, *self.args[1:])
        error.is_named = True
        return error

    def describe(self, name: str) -> str:
        """Format the error in one line, with the setting called `name`.

        Parameters
        ----------
        name : str
            The user's name of the setting: ``"--temperature"``, ``"file.toml: temperature"``.
        """
        found = f", found {_shortened(self.found)}" if len(self.args) > 2 else ""
        return f"{name or repr(name)} {self.rule}{found}"


@contextlib.contextmanager
def renamed(name_of: Callable[[str], str]) -> Iterator[None]:
    """Give a refused setting its name in the user's input; an earlier such name is kept.

    Parameters
    ----------
    name_of : callable
        From the library's name to the user's.

    Raises
    ------
    SettingError
        The same error with the user's name.
    """
    try:
        yield
    except SettingError as error:
        if error.is_named:
            raise
        raise error.named(name_of(error.setting)) from error


def _shortened(value: object) -> str:
    """Format a value as in Python, cut if it is very long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # a number of thousands of digits, values nested deeply
        text = f"a value of type {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


class DataError(HopcliError, ValueError):
    """A data file is missing, damaged or of the wrong type."""


class PatternError(HopcliError, ValueError):
    """The patterns cannot be stored by the rule, e.g. because they are dependent."""


class SizeError(MemoryError, HopcliError):
    """The work does not fit into memory."""


class ResultError(HopcliError, OSError):
    """A run folder cannot be written, or cannot be read back."""


@contextlib.contextmanager
def io_errors(
    what: object, done: str = "read", kind: type[HopcliError] = ResultError
) -> Iterator[None]:
    """Report an error of the operating system in one line.

    Parameters
    ----------
    what : object
        The file or folder.
    done : str
        The failed action, as a participle.
    kind : type
        Class of the error.
    """
    try:
        yield
    except HopcliError:
        raise
    except OSError as error:
        reason = error.strerror or error
        raise kind(f"{what}: cannot be {done}: {reason}") from None


class HopcliWarning(UserWarning):
    """Warning about valid results that need caution."""
