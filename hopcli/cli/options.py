"""Options made from the settings of a configuration, so that no list is kept twice."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from hopcli import catalogue
from hopcli.config import Config, Execution, Setting, find_config, read_config, shipped_configs
from hopcli.config.base import nearest
from hopcli.config.kinds import RefusedError, show
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hopcli.catalogue import Entry

__all__ = ["Request", "experiment_command", "flag_name", "request_from_file", "with_names"]

_FIRST = ("Data", "Selection", "Patterns", "Load", "Network", "Dynamics", "Scan", "Census", "Tests")
_LAST = ("Run", "Output")
"""Groups of options in the order of the help text; any other stands between the two."""


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """What the user asked for on the command line.

    Parameters
    ----------
    config : Config
        The checked configuration.
    execution : Execution
        How it is to be carried out.
    out : Path
        Folder for the results.
    quiet : bool
        Print nothing but errors.
    name_of : callable
        How the user wrote a setting, for messages about it.
    """

    config: Config
    execution: Execution
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


def experiment_command(entry: Entry) -> click.Command:
    """Make the command of an entry of the catalogue: its settings are the options.

    Parameters
    ----------
    entry : Entry
        The docstring of its configuration is the manual.
    """
    params: list[click.Parameter] = [
        _SettingOption(item.name, item.metadata["setting"], item.default)
        for settings in (entry.config, entry.execution)
        for item in fields(settings)
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
    return _Command(
        entry.command,
        callback=functools.partial(_invoke, entry),
        params=params,
        help=_manual(entry.config),
        short_help=entry.line,
    )


def _manual(config: type[Config]) -> str:
    """The docstring of a configuration; what is indented in it is not rewrapped."""
    paragraphs = inspect.cleandoc(config.__doc__ or "").split("\n\n")
    return "\n\n".join(
        f"\b\n{text}" if re.search(r"^ ", text, re.MULTILINE) else text for text in paragraphs
    )


def _invoke(entry: Entry, config: str | None, out: Path | None, quiet: bool, **flags: Any) -> None:
    from hopcli.cli.execute import execute

    given = {name: value for name, value in flags.items() if value is not None}
    execute(_request(entry, config, given, out, quiet))


def request_from_file(name: str, out: Path | None, quiet: bool) -> Request:
    """The request of a configuration file, whose ``command`` says which experiment.

    Raises
    ------
    SettingError
        If the file does not name a command, or has an impossible value.
    """
    path = find_config(name)
    try:
        entry = catalogue.entry(read_config(path).get("command"))
    except SettingError as error:
        raise click.UsageError(error.describe(f"{path}: command")) from None
    return _request(entry, name, {}, out, quiet)


def _request(
    entry: Entry, config_name: str | None, flags: dict[str, Any], out: Path | None, quiet: bool
) -> Request:
    """Put flags on top of a file, check all, and remember where each came from."""
    path = find_config(config_name) if config_name is not None else None
    from_file = read_config(path) if path is not None else {}
    command = from_file.pop("command", entry.command)

    def name_of(setting: str) -> str:
        in_file = setting in from_file and setting not in flags
        return f"{path}: {setting or repr(setting)}" if in_file else flag_name(setting)

    if command != entry.command:
        raise SettingError(f"{path}: command", f"must be {entry.command!r}", command)
    with _renamed(name_of):
        values = {**from_file, **_read_flags(entry, flags)}
        _check_known(entry, values)
        how = entry.execution.settings()
        config = entry.config.from_values({k: v for k, v in values.items() if k not in how})
        execution = entry.execution(**{k: v for k, v in values.items() if k in how})
        execution.check_with(config)
    return Request(config, execution, out or _default_folder(path, entry.command), quiet, name_of)


def _read_flags(entry: Entry, flags: dict[str, Any]) -> dict[str, Any]:
    """The texts of flags as values."""
    known = {**entry.config.settings(), **entry.execution.settings()}
    values = {}
    for name, text in flags.items():
        try:
            values[name] = known[name].kind.read(text) if isinstance(text, str) else text
        except RefusedError as error:
            raise SettingError(name, str(error), text) from None
    return values


def _check_known(entry: Entry, values: dict[str, Any]) -> None:
    """Refuse a key that is no setting."""
    known = {**entry.config.settings(), **entry.execution.settings()}
    for name in values:
        if name not in known:
            close = nearest(name, known)
            raise SettingError(name, f"is not a setting of {entry.command!r}{close}")


def _default_folder(path: Path | None, command: str) -> Path:
    name = command if path is None else path.stem
    if name.strip(".") == "":
        raise click.UsageError(f"--out must be given for a configuration called {path!s:.80}")
    return Path("results") / name


@contextlib.contextmanager
def with_names(request: Request) -> Iterator[None]:
    """Let a setting that is refused be called what the user called it."""
    with _renamed(request.name_of):
        yield


@contextlib.contextmanager
def _renamed(name_of: Callable[[str], str]) -> Iterator[None]:
    try:
        yield
    except SettingError as error:
        raise click.UsageError(error.describe(name_of(error.setting))) from error
