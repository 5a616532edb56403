"""Completion in the shell: names, choices, sources and files.

Shells take either words or "any file", not both: click's script for bash drops all words
when files are requested. So matching words and suitable files are offered together, and any
file only if nothing matches.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click

    from hopcli.config import Setting

    Completer = Callable[[click.Context, click.Parameter, str], list[Any]]


def complete_setting(setting: Setting, name: str) -> Completer:
    """Complete a setting with its choices, the sources of data, or files."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
        if name == "dataset":
            return complete_source(ctx, param, incomplete)
        if "FILE" in setting.kind.metavar:
            return _or_files(incomplete, [])
        done, comma, last = incomplete.rpartition(",")
        chosen = set(done.split(","))  # items of the list so far are not offered again
        words = [word for word in setting.kind.metavar.split("|") if word.islower()]
        rest = [word for word in setting.kind.choices or words if word not in chosen]
        return [done + comma + choice for choice in rest if choice.startswith(last)]

    return complete


def complete_config(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete a configuration with shipped names and TOML files, otherwise any file."""
    from hopcli.config import shipped_configs

    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    return _or_files(incomplete, [*shipped_configs(), *map(str, sorted(folder.glob("*.toml")))])


def complete_source(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
    """Complete a source of data with its name, and a colon where something must follow."""
    from hopcli.datasets import SOURCES

    names = [f"{source.name}:" if source.argument else source.name for source in SOURCES.values()]
    return _or_files(incomplete, names)


def _or_files(incomplete: str, words: Iterable[str]) -> list[Any]:
    """Return the words that begin with the typed text, or any file if none does."""
    from click.shell_completion import CompletionItem

    fitting = [word for word in words if word.startswith(incomplete)]
    return fitting or [CompletionItem(incomplete, type="file")]
