"""Options made from the settings of a configuration, so that no list is kept twice."""

from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from hopcli.config import (
    CONFIGS,
    Config,
    Setting,
    find_config,
    read_config,
    shipped_configs,
)
from hopcli.errors import SettingError
from hopcli.settings import RefusedError, show

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Request", "experiment", "flag_name", "request_from_file", "with_names"]

_GROUPS = (
    *("Data", "Selection", "Patterns", "Load", "Network", "Dynamics", "Scan", "Census", "Tests"),
    *("Run", "Output"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What the user asked for on the command line.

    Parameters
    ----------
    config : Config
        The checked configuration.
    out : Path
        Folder for the results.
    quiet : bool
        Print nothing but errors.
    name_of : callable
        How the user wrote a setting, for messages about it.
    """

    config: Config
    out: Path
    quiet: bool
    name_of: Callable[[str], str]


def _complete_setting(setting: Setting) -> Callable[..., list[CompletionItem]]:
    """Shell completion of a setting: its choices, or files."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        if setting.kind.metavar == "FILE":
            return [CompletionItem(incomplete, type="file")]
        names = setting.kind.choices
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]

    return complete


def _complete_config(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Shell completion of a configuration: shipped names and files."""
    del ctx, param
    names = [name for name in shipped_configs() if name.startswith(incomplete)]
    return [*map(CompletionItem, names), CompletionItem(incomplete, type="file")]


class _Command(click.Command):
    """A command whose help lists the options in groups."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {group: [] for group in _GROUPS}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                sections[getattr(param, "group", "Output")].append(record)
        for group, records in sections.items():
            if records:
                with formatter.section(f"{group} options"):
                    formatter.write_dl(records)


class _SettingOption(click.Option):
    """An option of one setting."""

    def __init__(self, name: str, setting: Setting, default: Any) -> None:
        self.group = setting.group
        flag = flag_name(name)
        is_switch = not setting.kind.metavar
        shown = setting.shown_default
        if shown is None and default is not None:
            shown = ("on" if default else "off") if is_switch else show(default)
        super().__init__(
            [f"{flag}/--no-{flag[2:]}" if is_switch else flag, name],
            help=setting.help + (f"  [default: {shown}]" if shown is not None else ""),
            metavar=setting.kind.metavar or None,
            type=None if is_switch else str,
            default=None,
            shell_complete=_complete_setting(setting),
        )


class _Folder(click.Path):
    """A folder, which may not exist yet; an empty text is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip() or "\0" in str(value):
            self.fail("must be a folder, found ''", param, ctx)
        return super().convert(value, param, ctx)


FOLDER = _Folder(path_type=Path)
"""Type of ``--out``."""


def flag_name(setting: str) -> str:
    """The flag of a setting, ``attempts_per_sweep`` to ``--attempts-per-sweep``."""
    return "--" + setting.replace("_", "-")


def experiment(
    config_class: type[Config], run: Callable[[Request], None]
) -> Callable[[Callable[[], None]], click.Command]:
    """Make a command of a documented function: its docstring is the manual.

    Parameters
    ----------
    config_class : type of Config
        Its settings become the options.
    run : callable
        Does what the request asks for.
    """

    def decorate(function: Callable[[], None]) -> click.Command:
        params: list[click.Parameter] = [
            _SettingOption(item.name, item.metadata["setting"], item.default)
            for item in fields(config_class)
        ]
        params += [
            click.Option(
                ["--config"],
                metavar="FILE",
                help="TOML file of settings, or the name of one that comes with hopcli; "
                "flags win over it.",
                shell_complete=_complete_config,
            ),
            click.Option(
                ["--out"],
                type=FOLDER,
                metavar="DIR",
                help="Folder for the results.  [default: results/<config name, or the command>]",
            ),
            click.Option(
                ["--quiet", "-q"], is_flag=True, help="Print nothing but errors, draw no bar."
            ),
        ]
        callback = functools.partial(_invoke, config_class, run)
        return _Command(
            config_class.command,
            callback=callback,
            params=params,
            help=inspect.cleandoc(function.__doc__ or ""),
        )

    return decorate


def _invoke(
    config_class: type[Config],
    run: Callable[[Request], None],
    config: str | None,
    out: Path | None,
    quiet: bool,
    **flags: Any,
) -> None:
    given = {name: value for name, value in flags.items() if value is not None}
    request = _request(config_class, config, given, out, quiet)
    with_names(request, run)


def request_from_file(name: str, out: Path | None, quiet: bool) -> Request:
    """The request of a configuration file, whose ``command`` says which experiment.

    Raises
    ------
    SettingError
        If the file does not name a command, or has an impossible value.
    """
    path = find_config(name)
    command = read_config(path).get("command")
    if not isinstance(command, str) or command not in CONFIGS:
        rule = f"must be one of {', '.join(CONFIGS)}"
        raise SettingError(f"{path}: command", rule, command)
    return _request(CONFIGS[command], name, {}, out, quiet)


def _request(
    config_class: type[Config],
    config_name: str | None,
    flags: dict[str, Any],
    out: Path | None,
    quiet: bool,
) -> Request:
    """Put flags on top of a file, check all, and remember where each came from."""
    path = find_config(config_name) if config_name is not None else None
    from_file = read_config(path) if path is not None else {}
    command = from_file.pop("command", config_class.command)

    def name_of(setting: str) -> str:
        in_file = setting in from_file and setting not in flags
        return f"{path}: {setting or repr(setting)}" if in_file else flag_name(setting)

    if command != config_class.command:
        raise SettingError(f"{path}: command", f"must be {config_class.command!r}", command)
    known = config_class.settings()
    values = dict(from_file)
    try:
        for name, text in flags.items():
            try:
                values[name] = known[name].kind.read(text) if isinstance(text, str) else text
            except RefusedError as error:
                raise SettingError(name, str(error), text) from None
        config = config_class.from_values(values)
    except SettingError as error:
        raise _renamed(error, name_of) from None
    folder = out or _default_folder(path, config_class.command)
    return Request(config, folder, quiet, name_of)


def _default_folder(path: Path | None, command: str) -> Path:
    name = command if path is None else path.stem
    if name.strip(".") == "":
        raise click.UsageError(f"--out must be given for a configuration called {path!s:.80}")
    return Path("results") / name


def with_names(request: Request, run: Callable[[Request], None]) -> None:
    """Run, and let a refused setting be called what the user called it."""
    try:
        run(request)
    except SettingError as error:
        raise _renamed(error, request.name_of) from error


def _renamed(error: SettingError, name_of: Callable[[str], str]) -> click.UsageError:
    return click.UsageError(error.describe(name_of(error.setting)))
