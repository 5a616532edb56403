"""The command line: one file a command, thin; errors become one line at this edge."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import logging
import os
import signal
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, NoReturn

import click

from hopcli._version import __version__
from hopcli.catalogue import CATALOGUE
from hopcli.cli.lines import tell
from hopcli.cli.once import Group
from hopcli.errors import HopcliError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["cli", "main", "raise_again"]

_OTHERS = {
    "reproduce": "Judge each claim of the study from simulations.",
    "run": "Run configuration files, each with the command in it.",
    "grid": "Run every combination of some settings, in parts if needed.",
    "deps": "Print the files that a run depends on, for Make.",
    "plot": "Draw the pictures of finished runs again.",
    "report": "Write finished runs as one HTML page.",
    "runs": "List finished runs and the settings in which they differ.",
    "diff": "Compare the settings and numbers of two runs.",
    "check": "Verify the files of finished runs against their manifests.",
    "show": "Draw patterns in the terminal.",
    "live": "Write a page on which memory can be watched.",
    "data": "List the data sources, or verify the embedded MNIST.",
    "schema": "Print the JSON Schema of configuration files.",
    "notebooks": "Copy the notebooks that come with hopcli.",
    "docs": "Open the documentation.",
    "help": "Explain a command, an option, a key or a word.",
}
"""Commands that run no experiment of their own, each in the module of its name."""

_COMMANDS = {**{entry.command: entry.line for entry in CATALOGUE.values()}, **_OTHERS}
"""All commands, with the line that lists each."""

_SECTIONS = {
    "The study": ("select", "recall", "temperature-scan", "reproduce"),
    "Look inside": ("weights", "attractors", "capacity", "critical", "relax"),
    "What the numbers are worth": ("variance", "compare", "consistency", "fit-sweeps"),
    "Many runs": ("run", "grid", "deps"),
    "Results": ("plot", "report", "runs", "diff", "check", "show"),
    "Other": ("live", "data", "schema", "notebooks", "docs", "help"),
}
"""The commands as `hopcli -h` lists them."""

_MORE = "hopcli COMMAND -h lists the daily options of a command; hopcli --help has more."

_WELCOME = """\
hopcli recalls handwritten digits with a Hopfield network.

  hopcli recall              store five digits and recall images of them
  hopcli show drawings       draw three small pictures that come with hopcli
  hopcli reproduce --quick   judge the claims of the study

Results are written into the folder results/.

  hopcli -h                  all commands
  hopcli COMMAND -h          the daily options of a command
  hopcli help WORD           an option, a key or a word of the field
  hopcli docs                the documentation"""


class _LazyGroup(Group):
    """A group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [name for names in _SECTIONS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name in CATALOGUE:
            from hopcli.cli.options import experiment_command

            return experiment_command(CATALOGUE[cmd_name])
        if cmd_name not in _OTHERS:
            return None
        module = importlib.import_module(f"hopcli.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in _COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(f"No such command {args[0]!r:.80}.{_meant(args[0])}")
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        formatter.write(f"\n{_listed()}\n")

    def short(self, ctx: click.Context) -> str:
        """List the commands."""
        return f"{self.get_usage(ctx)}\n\n{_listed()}\n\n{_MORE}"


def _listed() -> str:
    width = max(map(len, _COMMANDS)) + 2
    lines = []
    for title, names in _SECTIONS.items():
        lines += [title, *(f"  {name.ljust(width)}{_COMMANDS[name]}" for name in names)]
    return "\n".join(lines)


def _meant(name: str) -> str:
    """Suggest what a wrong name of a command may mean."""
    from hopcli.config import shipped_configs

    if name in shipped_configs():
        return f" It is a configuration: hopcli run {name}"
    close = difflib.get_close_matches(name, _COMMANDS, n=1)
    return f" Did you mean '{close[0]}'?" if close else " `hopcli -h` lists the commands."


@click.group(
    cls=_LazyGroup,
    invoke_without_command=True,
    options_metavar="",
)
@click.version_option(__version__, prog_name="hopcli")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Store patterns in a Hopfield network and recall MNIST digits from it.

    Reproduces the study "Hopfield model to recall MNIST digits" by T. Zirereza and
    P. Georgiou, and varies everything in it.

    \b
    Examples:
      hopcli recall --config paper
      hopcli temperature-scan --config figure1
      hopcli reproduce --quick

    \b
    Completion in bash (in zsh and fish likewise):
      eval "$(_HOPCLI_COMPLETE=bash_source hopcli)"

    \b
    Exit codes:
      0    done
      1    done; a difference or a failure was found
      2    refused or failed
      3    finished without pictures
      130  interrupted; 143 terminated
    """
    if ctx.invoked_subcommand is None:
        click.echo(_WELCOME)


_OF_SYSTEM = (errno.ENAMETOOLONG, errno.ELOOP, errno.EACCES, errno.ENOTDIR)
"""Errors of names that a user gave, or of places below folders that may not be entered."""

_SHOWN = 80  # characters of such a name


_GRACE = 2.0  # seconds to tidy up in

_WRITING = "hopcli.results.files"
"""The module without which nothing has been written."""

_TERMINATED = 143

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
    while True:
        again = threading.Timer(_SOON, signal.raise_signal, [_caught[-1]])
        again.daemon = True
        try:
            again.start()
        except (KeyboardInterrupt, SystemExit):  # it came before this was left: once more
            continue
        return


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit, with a code of :mod:`hopcli.runs.endings`."""
    _caught.clear()
    logging.getLogger("matplotlib").setLevel(logging.ERROR)  # of folders that it cannot use
    if _WRITING in sys.modules:
        from hopcli.runs import endings

        endings.begin()
    signal.signal(signal.SIGTERM, _terminate)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        _run(arguments)
    except Exception as error:
        name = None if _caught else _variable_of(error)
        if name is not None:
            _fail(f"{name}: must be unset or a value that can be used ({error})", 2)
        if not _caught:
            if said := _truth():
                tell(said)
            raise
    # What a library that was being imported has made of a signal.
    _stop()


def _stop(message: str = "") -> NoReturn:
    """End what a signal has stopped, with what is true by then."""
    signal.signal(signal.SIGINT, _ignore)  # once is enough
    said = message or _truth()
    if signal.SIGTERM in _caught:
        if said:
            _fail(f"terminated; {said}", 143)
        sys.exit(143)
    _fail(f"interrupted; {said or 'nothing was written'}", 130)


def _refuse(message: str, code: int = 2) -> NoReturn:
    """End what has failed, with what is true by then."""
    said = _truth()
    if said:
        from hopcli.runs import endings

        _fail(f"{message}; {said}", endings.code_of(code))
    _fail(message, code)


def _truth() -> str:
    """What is true of the folders that a command has written to; empty if it has to none."""
    if _WRITING not in sys.modules:
        return ""
    from hopcli.runs import endings

    return endings.truth()


def _ignore(*_: object) -> None:
    """Let an interrupt pass that comes when all is over."""


def _run(arguments: list[str] | None) -> NoReturn:
    """Run the command line and exit; what a user can cause is told in one line."""
    try:
        code: Any = cli.main(args=arguments, prog_name="hopcli", standalone_mode=False)
        sys.stdout.flush()
        signal.signal(signal.SIGINT, _ignore)
    except BrokenPipeError:
        _print_no_more()  # the reader of our output is gone; there is nobody left to tell
        sys.exit(1)
    except HopcliError as error:
        _refuse(str(error))
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _refuse(error.format_message())
    except (OSError, UnicodeEncodeError) as error:
        _refuse(_of_names(error))
    except MemoryError:
        _refuse("the run does not fit into memory: ask for fewer trials, samples or sites")
    except (click.Abort, KeyboardInterrupt, SystemExit) as error:
        if isinstance(error, SystemExit):
            if error.code != _TERMINATED:
                raise
            _caught.append(signal.SIGTERM)
        _stop(str(error.__cause__ or error) if not isinstance(error, SystemExit) else "")
    sys.exit(code if isinstance(code, int) else 0)


def _variable_of(error: Exception) -> str | None:
    """Find the variable of the environment without which a library could be imported.

    Parameters
    ----------
    error : Exception
        What was raised.

    Returns
    -------
    str or None
        The variable whose name, or else whose value, the message has; None if there is none,
        or the error is not of an import.
    """
    imported = [
        str(frame.f_globals.get("__name__"))
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_name == "<module>"
    ]
    if all(name.partition(".")[0] in ("hopcli", "__main__") for name in imported):
        return None
    text = str(error)
    given = {name: value for name, value in os.environ.items() if value and "_" in name[1:]}
    named = sorted((name for name in given if name in text), key=len)
    valued = [name for name, value in given.items() if repr(value) in text]
    return named[-1] if named else next(iter(valued), None)


def _of_names(error: OSError | UnicodeEncodeError) -> str:
    """An error about a name in a line, if users can cause it; any other is raised."""
    if isinstance(error, UnicodeEncodeError):
        return f"{_cut(error.object)}: must be text in UTF-8: give it another name"
    if _is_of_printing(error):
        _print_no_more()
        return f"standard output: cannot be written: {error.strerror}"
    if error.errno not in _OF_SYSTEM:
        raise error
    return f"{_cut(str(error.filename))}: cannot be used: {error.strerror}"


def _cut(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


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
