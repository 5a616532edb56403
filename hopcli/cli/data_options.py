"""The options for the data of commands that run no experiment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.options import setting_options
from hopcli.config.base import read_flags
from hopcli.config.data import DataSettings
from hopcli.errors import SettingError
from hopcli.values import flag_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hopcli.datasets import Dataset


def data_options(*without: str) -> list[click.Parameter]:
    """Make the options for the data, the same as in commands that run experiments."""
    names = [name for name in DataSettings.settings() if name not in without]
    return setting_options(DataSettings, names)


def load_asked(source: str, flags: Mapping[str, Any], named: str = "--dataset") -> Dataset:
    """Load the images that options specify.

    Parameters
    ----------
    source : str
        Source of the images.
    flags : mapping of str to object
        Value given for each setting of the data; None if it was not given.
    named : str
        Name of the source in error messages.

    Raises
    ------
    UsageError
        If a value is impossible, or the source does not support it.
    DataError
        If the data cannot be loaded.
    """
    from hopcli.experiments.sources import load_data

    given = {name: value for name, value in flags.items() if value is not None}
    try:
        config = DataSettings(dataset=source, **read_flags(DataSettings.settings(), given))
        config.check()
        return load_data(config)
    except SettingError as error:
        name = named if error.setting == "dataset" else flag_name(error.setting)
        raise click.UsageError(error.describe(name)) from None
