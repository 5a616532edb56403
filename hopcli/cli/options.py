"""Options made from the settings of a configuration, so that no list is kept twice."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopcli.cli.completion import complete_config, complete_setting
from hopcli.cli.once import Command, examples
from hopcli.cli.tables import table_options
from hopcli.config.execution import RecallExecution
from hopcli.errors import renamed
from hopcli.kinds import Kind, integer
from hopcli.values import RefusedError, flag_name, show

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from click.shell_completion import CompletionItem

    from hopcli.catalogue import Entry
    from hopcli.config import Setting, Settings
    from hopcli.datasets import Dataset
    from hopcli.runs.requests import Request, Wishes


class OfKind(click.ParamType[Any]):
    """Value of a kind, read like a setting.

    Parameters
    ----------
    kind : Kind
        The kind.
    """

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self.name = kind.metavar

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read a text."""
        try:
            return self._kind.check(self._kind.read(value))
        except RefusedError as error:
            self.fail(f"{error}, found {value!r:.80}", param, ctx)


class _Place(click.ParamType[Path]):
    """File or folder, which may not exist yet; an empty text is refused."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Complete the name."""
        from click.shell_completion import CompletionItem

        del ctx, param
        return [CompletionItem(incomplete, type="dir" if self.name == "folder" else "file")]

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not str(value).strip() or "\0" in str(value):
            self.fail(f"must be a {self.name}, found {value!r:.80}", param, ctx)
        return Path(value)


FILE = _Place("file")
FOLDER = _Place("folder")
POSITIVE = OfKind(integer(1))

FOLDERS = click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=FOLDER)
"""Folders of results, one or more."""

ONE_FOLDER = click.argument("folder", metavar="DIR", type=FOLDER)
"""The folder of a grid."""

FORM = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    help="Print text, or a line of JSON for scripts.  [default: table]",
)

QUIET = click.option("--quiet", "-q", is_flag=True, help="Print only errors and draw no bar.")


_FIRST = ("Data", "Selection", "Patterns", "Load", "Network", "Dynamics", "Scan", "Census", "Tests")
_LAST = ("Run", "Output")
"""Last groups of options in the help; all others come before them."""


class GroupedCommand(Command):
    """Command whose help lists the options in groups."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; an unexpected word may be a configuration."""
        typed = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            from hopcli.config import shipped_configs

            words = [arg for arg in typed if arg in shipped_configs() or arg.endswith(".toml")]
            if words and "unexpected extra" in error.message:
                hint = f"`hopcli {self.name} --config {words[0]}`?"
                raise click.UsageError(
                    f"unexpected word {words[0]!r}; did you mean {hint}"
                ) from None
            raise

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                sections.setdefault(getattr(param, "group", "Output"), []).append(record)
        others = [group for group in sections if group not in (*_FIRST, *_LAST)]
        for group in (*_FIRST, *others, *_LAST):
            if group in sections:
                with formatter.section(f"{group} options"):
                    formatter.write_dl(sections[group])


class _SettingOption(click.Option):
    """Option of one setting."""

    def __init__(self, name: str, setting: Setting, kind: Any = str) -> None:
        self.group, default = setting.group, setting.default
        flag = flag_name(name)
        is_switch = not setting.kind.metavar
        shown = setting.shown_default
        if shown is None and default is not None:
            shown = ("on" if default else "off") if is_switch else show(default)
        super().__init__(
            [f"{flag}/--no-{flag[2:]}" if is_switch else flag, name],
            help=setting.help + (f"  [default: {shown}]" if shown is not None else ""),
            metavar=setting.kind.metavar or None,
            type=None if is_switch else kind,
            default=None,
            shell_complete=complete_setting(setting, name),
        )


def setting_options(
    declared: type[Settings], names: Collection[str] | None = None
) -> list[click.Parameter]:
    """Make the options of settings, by default of all settings of a class."""
    return [
        _SettingOption(name, setting)
        for name, setting in declared.settings().items()
        if names is None or name in names
    ]


def picture_options(*names: str) -> list[click.Parameter]:
    """Make the options of pictures that are drawn again; by default those of the run."""
    known = {name: RecallExecution.settings()[name] for name in names}
    return [
        _SettingOption(name, replace(each, shown_default="that of the run"), OfKind(each.kind))
        for name, each in known.items()
    ]


def data_options(*without: str) -> list[click.Parameter]:
    """Make the options for the data, the same as in commands that run experiments."""
    from hopcli.config.groups import DataSettings

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
    SettingError
        If a value is impossible, or the source does not support it.
    DataError
        If the data cannot be loaded.
    """
    from hopcli.config.base import read_flags
    from hopcli.config.groups import DataSettings
    from hopcli.experiments.stock import load_data

    given = {name: value for name, value in flags.items() if value is not None}
    with renamed(lambda name: named if name == "dataset" else flag_name(name)):
        config = DataSettings(dataset=source, **read_flags(DataSettings.settings(), given))
        config.check()
        return load_data(config)


_DEFAULT_FOLDER = (
    "results/<config name, or the command>; results/<config name>-<first 8 of the run's key> "
    "if flags change settings of the file"
)


CONFIG = click.option(
    "--config",
    metavar="FILE",
    help="TOML file of settings, or the name of one that comes with hopcli; flags override it.",
    shell_complete=complete_config,
)


def wish_options(default: str) -> list[click.Parameter]:
    """Make the options of every command that writes results.

    Parameters
    ----------
    default : str
        Text for the default folder.
    """
    return [
        click.Option(
            ["--out"],
            type=FOLDER,
            metavar="DIR",
            help=f"Folder for the results.  [default: {default}]",
        ),
        click.Option(
            ["--overwrite"], is_flag=True, help="Replace another run of the command in the folder."
        ),
        click.Option(
            ["--again"],
            is_flag=True,
            help="Run again even if the folder contains the finished run; otherwise only missing "
            "pictures are drawn.",
        ),
        click.Option(["--quiet", "-q"], is_flag=True, help="Print only errors and draw no bar."),
        *table_options("format"),
    ]


def experiment_command(entry: Entry) -> click.Command:
    """Make the command of a catalogue entry, with its settings as options.

    Parameters
    ----------
    entry : Entry
        The docstring of its configuration is the manual.
    """
    command = GroupedCommand(
        entry.command,
        callback=functools.partial(_invoke, entry),
        params=setting_options(entry.config) + setting_options(entry.execution),
        help=_manual(entry),
        short_help=entry.line,
    )
    CONFIG(command)
    command.params += wish_options(_DEFAULT_FOLDER)
    return command


def _manual(entry: Entry) -> str:
    """Return the manual of a command, examples first; indented lines are not rewrapped."""
    summary, *paragraphs = entry.manual.split("\n\n")
    paragraphs.sort(key=lambda text: not examples(text))
    return "\n\n".join(
        f"\b\n{text}" if re.search(r"^ ", text, re.MULTILINE) else text
        for text in (summary, *paragraphs)
    )


def _invoke(entry: Entry, config: str | None, **flags: Any) -> None:
    from hopcli.cli.execute import execute
    from hopcli.runs.requests import Wishes

    wishes = Wishes(**{name: flags.pop(name) for name in Wishes._fields})
    given = {name: value for name, value in flags.items() if value is not None}
    execute(request_of_flags(entry, config, given, wishes))


def request_of_flags(
    entry: Entry, config: str | None, flags: dict[str, Any], wishes: Wishes
) -> Request:
    """Put flags on top of a configuration, or of the command's defaults."""
    from hopcli.config.base import read_flags
    from hopcli.runs.requests import request

    def read(entry: Entry, flags: Mapping[str, Any]) -> dict[str, Any]:
        return read_flags(entry.settings, flags)

    return request(config, flags, wishes, entry=entry, read=read, spelt=flag_name)
