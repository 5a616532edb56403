"""``hopcli help``."""

from __future__ import annotations

import difflib
import functools
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hopcli import catalogue
from hopcli.catalogue import CATALOGUE
from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command
from hopcli.config import shipped_configs
from hopcli.values import flag_name

if TYPE_CHECKING:
    from hopcli.config import Setting

_WIDTH = 80


@click.command("help", cls=Command, context_settings={"ignore_unknown_options": True})
@click.argument("topic", nargs=-1)
@click.pass_context
def command(ctx: click.Context, topic: tuple[str, ...]) -> None:
    """Explain a command, an option, a configuration key, or a word of the field.

    \b
      hopcli help recall
      hopcli help --temperature
      hopcli help attempts_per_sweep
      hopcli help overlap
    """
    root = ctx.find_root()
    words = " ".join(topic).strip()
    text = _command(root, topic) or _setting(words) or _word(words)
    if text is None:
        known = [*catalogue.CATALOGUE, *_settings(), *_glossary()]
        close = difflib.get_close_matches(words.lower().lstrip("-"), known, n=3)
        meant = f"; did you mean {', '.join(close)}?" if close else "; `hopcli docs` has a glossary"
        if words in shipped_configs():
            meant = f"; it is a configuration: `hopcli run {words}`"
        raise click.UsageError(f"no help for {words!r:.80}{meant}")
    print_lines(text)


def _command(root: click.Context, topic: tuple[str, ...]) -> str | None:
    """Return the short help of a command; of hopcli itself if there is no topic."""
    ctx = root
    for name in topic:
        group = ctx.command
        found = group.get_command(ctx, name) if isinstance(group, click.Group) else None
        if found is None:
            return None
        ctx = click.Context(found, info_name=name, parent=ctx)
    return ctx.command.short(ctx) if isinstance(ctx.command, Command) else None


def _settings() -> dict[str, dict[str, Setting]]:
    """Return every setting by name, with its declaration in each command."""
    found: dict[str, dict[str, Setting]] = {}
    for name, entry in CATALOGUE.items():
        for key, setting in entry.settings.items():
            found.setdefault(key, {})[name] = setting
    return found


def _setting(word: str) -> str | None:
    """Explain an option, or the key of the same name in a configuration file."""
    key = word.lstrip("-").replace("-", "_").lower()
    if not word.startswith("-") and key in _glossary():
        return None
    commands = _settings().get(key)
    if not commands:
        return None
    setting = next(iter(commands.values()))
    metavar = f" {setting.kind.metavar}" if setting.kind.metavar else ""
    lines = [f"{flag_name(key)}{metavar}", ""]
    lines += textwrap.wrap(setting.help, _WIDTH - 2)
    lines += ["", f"In a configuration file: {key} = ...; from Python: {key}=..."]
    lines += textwrap.wrap(f"Commands: {', '.join(commands)}", _WIDTH, subsequent_indent="  ")
    return "\n".join(lines)


def _word(word: str) -> str | None:
    """Explain a word of the glossary."""
    words = {each.replace("-", " "): each for each in _glossary()}
    text = _glossary().get(words.get(word.lower().replace("-", " "), ""))
    if text is None:
        return None
    plain = re.sub(r"\{[\w:]+\}`([^`<]*?)(?: <[^`]*>)?`", r"\1", textwrap.dedent(text))
    plain = re.sub(r", \[\]\((\w+)\.md\)", r", `hopcli docs \1`", plain)
    filled = [
        part if part.startswith("$$") else textwrap.fill(" ".join(part.split()), _WIDTH - 2)
        for part in plain.strip().split("\n\n")
    ]
    return "\n\n".join([word, *(textwrap.indent(part, "  ") for part in filled)])


@functools.cache
def _glossary() -> dict[str, str]:
    """Read the glossary: text in Markdown by word, in lower case."""
    page = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
    block = page.partition("```{glossary}\n")[2].partition("\n```")[0]
    entries = (part.partition("\n  ") for part in re.split(r"\n\n(?=\S)", block.strip()))
    return {w.strip().lower(): f"  {text}" for words, _, text in entries for w in words.split("\n")}
