"""Completion in the shell: names, choices, sources and files.

Shells take either words or "any file", not both: click's script for bash drops all words
when files are requested. So matching words and suitable files are offered together, and any
file only if nothing matches.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import click
    from click.shell_completion import CompletionItem

    from hopcli.config import Setting

    Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def complete_setting(setting: Setting, name: str) -> Completer:
    """Complete a setting with its choices, the sources of data, or files."""

    def complete(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        if name == "dataset":
            return complete_source(ctx, param, incomplete)
        if "FILE" in setting.kind.metavar:
            return [CompletionItem(incomplete, type="file")]
        done, comma, last = incomplete.rpartition(",")
        chosen = set(done.split(","))  # items of the list so far are not offered again
        rest = [choice for choice in setting.kind.choices if choice not in chosen]
        return _beginning(last, rest, before=done + comma)

    return complete


def complete_config(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a configuration with shipped names and TOML files, otherwise any file."""
    del ctx, param
    from hopcli.config import shipped_configs

    files = [str(path) for path in _here(incomplete) if path.suffix == ".toml"]
    return _or_files(incomplete, [*shipped_configs(), *files])


def complete_source(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a source of data with its name, and a colon where something must follow."""
    del ctx, param
    from hopcli.datasets import SOURCES

    names = [f"{source.name}:" if source.argument else source.name for source in SOURCES.values()]
    return _or_files(incomplete, names)


def complete_folder(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a folder."""
    del ctx, param
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="dir")]


def _here(incomplete: str) -> list[Path]:
    """List the files in the folder that is being typed."""
    folder = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _beginning(incomplete: str, words: Iterable[str], before: str = "") -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(before + word) for word in words if word.startswith(incomplete)]


def _or_files(incomplete: str, words: Iterable[str]) -> list[CompletionItem]:
    """Return the words that begin with the typed text, or any file if none does."""
    from click.shell_completion import CompletionItem

    return _beginning(incomplete, words) or [CompletionItem(incomplete, type="file")]
