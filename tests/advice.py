"""Options, commands and values in the messages of the program, for tests that follow them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from hopcli.cli import cli

PUNCTUATION = "(),;:.`'"


def options_of(command: str) -> dict[str, click.Option]:
    """Return the options of a command, also in a group, by name."""
    known: Any = cli
    for name in command.split():
        known = known.get_command(click.Context(known), name)
    options = (one for one in known.params if isinstance(one, click.Option))
    return {name: one for one in options for name in one.opts}


def options_in(message: str, command: str, fill: str = "") -> list[list[str]]:
    """Return the options of a command in a message, each with the value after it.

    Options without a word between them belong together. A placeholder in place of a value
    (the word "another", or capitals) becomes `fill`.
    """
    known, words = options_of(command), message.split()
    found: list[list[str]] = []
    last = -1
    for place, word in enumerate(words):
        name = word.strip(PUNCTUATION)
        if name not in known or words[place - 1] == "without":
            continue
        option = [name]
        closed = word[-1] in ",;)" or place + 1 == len(words)
        end = place
        if not known[name].is_flag:
            value = "" if closed else words[place + 1].strip(PUNCTUATION)
            placeholder = value in ("", "another", "which") or value.split(".")[0].isupper()
            option.append(fill if placeholder else value)
            end = place + (not closed)
        if place == last + 1 and found:
            found[-1] += option
        else:
            found.append(option)
        last = end
    return found


def commands_in(message: str) -> list[list[str]]:
    """Return the commands in backticks in a message."""
    return [found.split() for found in re.findall(r"`hopcli ([^`]+)`", message)]


def draw(name: str, patterns: dict[str, list[str]]) -> None:
    """Write a file of patterns."""
    blocks = (f"{label}:\n" + "\n".join(rows) for label, rows in patterns.items())
    Path(name).write_text("\n\n".join(blocks) + "\n", encoding="utf-8")


def two_bars() -> None:
    draw("p.txt", {"a": ["####", "####", "....", "...."], "b": ["##..", "##..", "##..", "##.."]})
