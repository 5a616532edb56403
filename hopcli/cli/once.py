"""Commands whose options may be given once: the last of several would hide the others."""

from __future__ import annotations

from collections import Counter

import click

__all__ = ["Command", "Group"]


class Command(click.Command):
    """A command that refuses an option of one value that is given twice."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, after a look at how often each option is among them."""
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(args=list(args))
            for param, times in Counter(order).items():
                if isinstance(param, click.Option) and times > 1:
                    _check(param, times, args)
        return super().parse_args(ctx, args)


class Group(Command, click.Group):
    """A group of commands with options of its own, each of which may be given once."""


def _check(option: click.Option, times: int, args: list[str]) -> None:
    """Refuse an option given so often, unless all are heard or it is the same switch again."""
    if option.multiple or option.count:
        return
    both = [names for names in (option.opts, option.secondary_opts) if set(names) & set(args)]
    if option.is_flag and len(both) < 2:
        return
    name = "/".join(max(names, key=len) for names in both) if both else option.opts[0]
    raise click.UsageError(f"{name} must be given once, found {times} times")
