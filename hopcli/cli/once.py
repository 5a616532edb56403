"""Commands with two levels of help that accept each option once."""

from __future__ import annotations

import difflib
import itertools
import re
import textwrap
from collections import Counter

import click

from hopcli.catalogue import CATALOGUE
from hopcli.cli.tables import check_layout, is_of_layout

_DAILY = (
    *("config", "dataset", "digits", "rule", "dynamics", "temperature", "temperatures"),
    *("start", "sweeps", "tests", "repeats", "seed", "out"),
)
"""Options of daily use, in this order; the command's own options precede `seed`."""

_MOST = 12  # options in a short help
_EXAMPLES = 3
_WIDTH = 80
_NAME = 30  # columns of an option's name


def short_help(ctx: click.Context) -> str:
    """Return the short help of a command, at most 40 lines of 80 columns."""
    command = ctx.command
    summary = (command.help or "").strip().partition("\n\n")[0]
    lines = [command.get_usage(ctx), "", *textwrap.wrap(" ".join(summary.split()), _WIDTH - 2)]
    if shown := examples(command.help or ""):
        fitting = [line for line in shown if len(line) <= _WIDTH - 2]
        lines += ["", "Examples:", *(f"  {line}" for line in fitting[:_EXAMPLES])]
    lines += _commands(ctx)
    options = [
        param
        for param in command.get_params(ctx)
        if param.param_type_name == "option" and param.name not in ("h", "help")
    ]
    records = {param.name: param.get_help_record(ctx) for param in options}
    known = {name: record for name, record in records.items() if name and record}
    names = daily(command.name or "", list(known))
    if names:
        lines += ["", "Options:", *(_line(*known[name]) for name in names)]
    more = f", with all {len(known)} options" if len(known) > len(names) else ""
    return "\n".join([*lines, "", f"{ctx.command_path} --help: the manual{more}"])


def examples(text: str) -> list[str]:
    """Return the command lines in a manual."""
    return re.findall(r"^ +(hopcli .*)$", text, flags=re.MULTILINE)


def daily(command: str, names: list[str]) -> list[str]:
    """Choose the options of a short help: daily ones, and those of this command alone."""
    if len(names) <= _MOST:
        return names
    usual = [name for name in _DAILY if name in names]
    if command not in CATALOGUE:
        return usual + [name for name in names if name not in usual][: _MOST - len(usual)]
    own = [name for name in names if name in CATALOGUE[command].config.daily]
    own = own[: max(_MOST - len(usual), 0)]
    place = len([name for name in usual if name not in ("seed", "out")])
    return [*usual[:place], *own, *usual[place:]][: max(_MOST, len(usual))]


def _commands(ctx: click.Context) -> list[str]:
    """List the commands of a group."""
    group = ctx.command
    if not isinstance(group, click.Group):
        return []
    found = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    lines = [_line(name, one.get_short_help_str(_WIDTH)) for name, one in found.items() if one]
    return ["", "Commands:", *lines]


def _line(name: str, text: str) -> str:
    """Return one line: a name, and the first clause of its help with the default."""
    flag, _, metavar = name.partition(" ")
    if "/" in flag or len(name) > _NAME - 4:
        flag = flag.partition("/")[0].rstrip()
        metavar = flag.rpartition("-")[2].upper() if metavar and "/" not in name else ""
    head = f"  {flag} {metavar}".rstrip().ljust(_NAME)
    default = re.search(r"\[default: (.*?)\]", text)
    plain = re.split(r"\. |\.$|;| \(|  \[|: ", " ".join(text.split()))[0]
    end = f" [{default[1].partition(';')[0].partition(', or')[0]}]" if default else ""
    if "<" in end or len(end) > _WIDTH // 3:
        end = ""
    room = _WIDTH - len(head) - len(end)
    if len(plain) > room:
        plain = textwrap.shorten(plain.partition(",")[0], room, placeholder=" ...")
    return f"{head}{plain}{end}"


class Command(click.Command):
    """A command with a short help (`-h`) that refuses an option given twice."""

    def get_help_option_names(self, ctx: click.Context) -> list[str]:
        """Return `--help` alone: `-h` is the short help."""
        del ctx
        return ["--help"]

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, with `-h` before `--help`."""
        *params, last = super().get_params(ctx)
        params.sort(key=is_of_layout)
        return [*params, _SHORT, last]

    def short(self, ctx: click.Context) -> str:
        """Return the short help."""
        return short_help(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments after counting how often each option occurs."""
        if not ctx.resilient_parsing:
            self._check_values(ctx, args)
            try:
                _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            except click.NoSuchOption as error:
                names = [name for param in self.get_params(ctx) for name in param.opts]
                begun = [name for name in names if name.startswith(error.option_name)]
                near = begun or error.possibilities
                raise click.NoSuchOption(error.option_name, possibilities=near, ctx=ctx) from None
            for param, times in Counter(order).items():
                if isinstance(param, click.Option) and times > 1:
                    _check(param, times, args)
        hint = f"for help, type `{ctx.command_path} -h`"
        try:
            rest = super().parse_args(ctx, args)
        except click.MissingParameter as error:
            name = error.param.make_metavar(ctx) if error.param else "an argument"
            raise click.UsageError(f"{name} is missing; {hint}", ctx) from None
        except click.UsageError as error:
            if "unexpected extra" in error.message:
                raise click.UsageError(f"{error.message}; {hint}", ctx) from None
            raise
        check_layout(ctx, ctx.params.get("form", ctx.params.get("format")))
        return rest

    def _check_values(self, ctx: click.Context, args: list[str]) -> None:
        """Refuse an option whose value would be the name of the next option."""
        options = [param for param in self.get_params(ctx) if isinstance(param, click.Option)]
        valued = {
            name for each in options if not (each.is_flag or each.count) for name in each.opts
        }
        every = {name for each in options for name in (*each.opts, *each.secondary_opts)}
        own = itertools.takewhile(lambda arg: arg != "--", args)
        for name, value in itertools.pairwise(own):
            if name in valued and value.partition("=")[0] in every:
                message = f"{name} requires a value, found the option {value:.80}"
                raise click.BadOptionUsage(name, message, ctx)


class Group(Command, click.Group):
    """Group of commands; each of its own options may be given once."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; for another word, name one that can be typed."""
        name = args[0]
        known = ctx.resilient_parsing or name.startswith("-") or name in self.list_commands(ctx)
        if not known:
            raise click.UsageError(f"No such command {name!r:.80}.{self.meant(ctx, name)}", ctx)
        return super().resolve_command(ctx, args)

    def meant(self, ctx: click.Context, name: str) -> str:
        """Suggest a command for a wrong name, which may be that of a configuration."""
        known = self.list_commands(ctx)
        if name.endswith(".toml") and "run" in known:
            return f" Type `{ctx.command_path} run {name}`"
        close = difflib.get_close_matches(name, known, n=1)
        usual = f" `{ctx.command_path} -h` lists the commands."
        return f" Did you mean '{close[0]}'?" if close else usual


def _short_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value and not ctx.resilient_parsing and isinstance(ctx.command, Command):
        click.echo(ctx.command.short(ctx))
        ctx.exit()


_SHORT = click.Option(
    ["-h"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_short_help,
    help="Show a short help and exit.",
)


def _check(option: click.Option, times: int, args: list[str]) -> None:
    """Refuse a repeated option, unless it is multiple or the same switch again."""
    if option.multiple or option.count:
        return
    both = [names for names in (option.opts, option.secondary_opts) if set(names) & set(args)]
    if option.is_flag and len(both) < 2:
        return
    name = "/".join(max(names, key=len) for names in both) if both else option.opts[0]
    raise click.UsageError(f"{name} must be given once, found {times} times")
