"""Commands with two levels of help that accept each option once."""

from __future__ import annotations

from collections import Counter

import click

from hopcli.cli.tables import check_layout, is_of_layout


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
        from hopcli.cli.short import short_help

        return short_help(ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments after counting how often each option occurs."""
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            for param, times in Counter(order).items():
                if isinstance(param, click.Option) and times > 1:
                    _check(param, times, args)
        rest = super().parse_args(ctx, args)
        check_layout(ctx, ctx.params.get("form", ctx.params.get("format")))
        return rest


class Group(Command, click.Group):
    """Group of commands; each of its own options may be given once."""


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
