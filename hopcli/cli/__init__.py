"""The command line: one file a command, thin; errors become one line at this edge."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from hopcli import __version__
from hopcli.catalogue import CATALOGUE
from hopcli.cli.lines import tell
from hopcli.errors import HopcliError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["cli", "main", "raise_again"]

_OTHERS = {
    "reproduce": "Say of each claim of the study whether it holds, how sure, and why.",
    "grid": "Run a configuration over a grid of settings, and put the results together.",
    "plot": "Draw the pictures of finished runs again.",
    "report": "Write finished runs as one page, to be read or handed out.",
    "check": "Hold every file of finished runs and grids to its manifest.",
    "runs": "List finished runs with what tells them apart.",
    "diff": "Say which settings and which numbers of two runs differ.",
    "show": "Draw patterns in the terminal.",
    "live": "Write one page on which memory can be watched and played with.",
    "run": "Run configuration files, each with the command that it names.",
    "schema": "Print the JSON Schema of configuration files, for editors.",
    "data": "List the data sources, or verify the embedded MNIST.",
    "notebooks": "Copy the notebooks that come with hopcli into a folder.",
}
"""Commands that run no experiment of their own, each in the module of its name."""

_HIDDEN = ("deps",)
"""Those that Make asks, not people: in no list, but with help of their own."""

_COMMANDS = {**{entry.command: entry.line for entry in CATALOGUE.values()}, **_OTHERS}
"""All commands, with the line that lists each."""


class _LazyGroup(click.Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name in CATALOGUE:
            from hopcli.cli.options import experiment_command

            return experiment_command(CATALOGUE[cmd_name])
        if cmd_name not in (*_OTHERS, *_HIDDEN):
            return None
        module = importlib.import_module(f"hopcli.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in (*_COMMANDS, *_HIDDEN) and not args[0].startswith("-"):
            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            hint = f" Did you mean '{close[0]}'?" if close else ""
            raise click.UsageError(f"No such command {args[0]!r:.80}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hopcli")
def cli() -> None:
    """Associative memory on real data: Hopfield networks that recall MNIST digits.

    Reproduces the study "Hopfield model to recall MNIST digits" (Zirereza and
    Georgiou) and lets you vary everything in it.

    \b
    The study, from the configurations that come with hopcli:
      hopcli recall --config paper
      hopcli temperature-scan --config figure1

    \b
    Completion in bash (zsh and fish likewise):
      eval "$(_HOPCLI_COMPLETE=bash_source hopcli)"
    """


_OF_NAMES = (errno.ENAMETOOLONG, errno.ELOOP)
"""Errors of names that a user gave, wherever they are found out."""

_SHOWN = 80  # characters of such a name


_GRACE = 2.0  # seconds to tidy up in

_SOON = 0.01  # seconds after which a signal that got lost comes again


_caught: list[int] = []
"""Signals that have come to end the run."""


def _interrupt(*_: object) -> NoReturn:
    """End as ^C ends a Python program."""
    _caught.append(signal.SIGINT)
    raise KeyboardInterrupt


def _terminate(*_: object) -> NoReturn:
    """End with 143, in time even where a library swallows the exception."""
    _caught.append(signal.SIGTERM)
    last = threading.Timer(_GRACE, os._exit, [143])
    last.daemon = True
    last.start()
    sys.exit(143)


def raise_again(lost: UnraisableHookArgs) -> None:
    """Where a signal met a callback or a destructor, which raise to nobody, send it again.

    Parameters
    ----------
    lost : UnraisableHookArgs
        What Python has for ``sys.unraisablehook``, which this is for.
    """
    if not (_caught and isinstance(lost.exc_value, KeyboardInterrupt | SystemExit)):
        sys.__unraisablehook__(lost)
        return
    again = threading.Timer(_SOON, signal.raise_signal, [_caught[-1]])
    again.daemon = True
    again.start()


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 2 bad input, 130 interrupted."""
    _caught.clear()
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        _run(arguments)
    except Exception:
        if not _caught:
            raise
    # What a library that was being imported has made of a signal.
    if signal.SIGTERM in _caught:
        sys.exit(143)
    _fail("interrupted", 130)


def _run(arguments: list[str] | None) -> NoReturn:
    """Run the command line and exit; what a user can cause is told in one line."""
    try:
        code: Any = cli.main(args=arguments, prog_name="hopcli", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        _print_no_more()  # the reader of our output is gone; there is nobody left to tell
        sys.exit(1)
    except HopcliError as error:
        _fail(str(error), 2)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _fail(error.format_message(), 2)
    except OSError as error:
        if _is_of_printing(error):
            _print_no_more()
            _fail(f"standard output: cannot be written: {error.strerror}", 2)
        if error.errno not in _OF_NAMES:
            raise
        _fail(f"{str(error.filename)[:_SHOWN]}...: cannot be used: {error.strerror}", 2)
    except MemoryError:
        _fail("the run does not fit into memory: ask for fewer trials, samples or sites", 2)
    except (click.Abort, KeyboardInterrupt) as error:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # once is enough
        said = error.__cause__ or error  # click makes an Abort of an interrupt
        _fail(str(said) or "interrupted; nothing was written", 130)
    sys.exit(code if isinstance(code, int) else 0)


def _is_of_printing(error: OSError) -> bool:
    """Whether the printing failed, and not something else that names no file either."""
    codes = [frame.f_code for frame, _ in traceback.walk_tb(error.__traceback__)]
    flushed = len(codes) == 1  # here, after the command
    return error.filename is None and (flushed or click.echo.__code__ in codes)


def _print_no_more() -> None:
    """Send what is still to be printed nowhere, or Python would try again at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):  # stderr may be full as well; the code says enough
        tell(message)
    sys.exit(code)
