"""The options for the data of commands that run no experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hopcli.config.base import read_flags
from hopcli.config.data import DataSettings
from hopcli.errors import SettingError
from hopcli.values import flag_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hopcli.datasets import Dataset

__all__ = ["data_option", "load_asked"]


def data_option(name: str) -> Callable[..., Any]:
    """The option of a setting of the data, as the commands that run experiments have it."""
    setting = DataSettings.settings()[name]
    default = setting.shown_default or DataSettings.default_of(name)
    shown = f"  [default: {default}]" if default else ""
    if not setting.kind.metavar:
        return click.option(flag_name(name), name, is_flag=True, help=setting.help + shown)
    return click.option(
        flag_name(name), name, metavar=setting.kind.metavar, help=setting.help + shown
    )


def load_asked(source: str, flags: Mapping[str, Any], named: str = "--dataset") -> Dataset:
    """Load the images that options ask for.

    Parameters
    ----------
    source : str
        Where they come from.
    flags : mapping of str to object
        What was given for each setting of the data; None and False for nothing.
    named : str
        What the user knows the source by.

    Raises
    ------
    UsageError
        If a value is impossible, or the source does not have it.
    DataError
        If the data cannot be loaded.
    """
    from hopcli.datasets import load_dataset

    given = {name: value for name, value in flags.items() if value not in (None, False)}
    try:
        config = DataSettings(dataset=source, **read_flags(DataSettings.settings(), given))
        config.check()
        return load_dataset(
            config.dataset,
            split=config.split,
            threshold=config.threshold,
            size=config.size,
            invert=config.invert,
            transpose=config.transpose,
        )
    except SettingError as error:
        name = named if error.setting == "dataset" else flag_name(error.setting)
        raise click.UsageError(error.describe(name)) from None
