"""Names in files of claims that become names of folders."""

from __future__ import annotations

import re

from hopcli.errors import SettingError

__all__ = ["check_plain_name"]

_PLAIN = re.compile(r"[\w][\w.-]{0,99}")


def check_plain_name(name: str, where: str) -> None:
    """Refuse a name that could lead out of the folder that it is used in.

    Parameters
    ----------
    name : str
        As the file has it.
    where : str
        What it is called in a message.

    Raises
    ------
    SettingError
        If it has other characters than letters, digits and ``. _ -``, starts with a dot or a
        dash, or has more than 100 characters.
    """
    if not _PLAIN.fullmatch(name):
        rule = "must be a name of at most 100 letters, digits and . _ -, without a folder"
        raise SettingError(where, rule, name)
