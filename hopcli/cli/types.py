"""Types of arguments and options, and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hopcli.config.execution import width
from hopcli.kinds import integer
from hopcli.values import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.shell_completion import CompletionItem

    from hopcli.kinds import Kind


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


def figure_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of how pictures are drawn again; by default as before."""
    for option in (
        click.option(
            "--tex-fonts/--no-tex-fonts",
            default=None,
            help="Serif fonts that match a TeX document.",
        ),
        click.option(
            "--width",
            type=OfKind(width()),
            metavar="WIDTH",
            help="Width such as 3.4in, 86mm or 246pt; text then has 8 points.",
        ),
        click.option(
            "--figure-style",
            type=click.Choice(["screen", "paper"]),
            help="With title and caption, or for print.  [default: that of the run, or screen]",
        ),
        click.option(
            "--figure-format",
            type=click.Choice(["png", "svg", "pdf"]),
            help="File format of the pictures.  [default: that of the run or of --out, or png]",
        ),
    ):
        command = option(command)
    return command
