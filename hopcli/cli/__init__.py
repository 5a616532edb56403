"""The command line: one thin file per command; errors become one line here."""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from hopcli import endings
from hopcli._version import __version__
from hopcli.catalogue import CATALOGUE, SECTIONS
from hopcli.cli.lines import tell
from hopcli.cli.once import Group
from hopcli.errors import HopcliError, SettingError
from hopcli.values import flag_name

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["cli", "main"]

_OTHERS = {
    "The study": {"reproduce": "Judge each claim of the study from simulations."},
    "Many runs": {
        "run": "Run configuration files, each with the command in it.",
        "grid": "Run every combination of some settings, in parts if needed.",
        "init": "Write a Makefile and a configuration for batch runs.",
        "deps": "Print the files that a run depends on, for Make.",
    },
    "Results": {
        "plot": "Draw the pictures of finished runs again.",
        "report": "Write finished runs as one HTML page.",
        "runs": "List finished runs and the settings in which they differ.",
        "diff": "Compare the settings and numbers of two runs.",
        "check": "Verify the files of finished runs against their manifests.",
        "show": "Draw patterns in the terminal.",
    },
    "Other": {
        "live": "Write a page on which memory can be watched.",
        "pictures": "Make patterns of pictures, and a sheet to check them.",
        "data": "List the data sources, or verify the embedded MNIST.",
        "schema": "Print the JSON Schema of configuration files.",
        "notebooks": "Copy the notebooks that come with hopcli.",
        "docs": "Open the documentation.",
        "help": "Explain a command, an option, a key or a word.",
    },
}
"""Commands that run no experiment of their own; each has a module of its name."""

_SECTIONS = {
    title: {**SECTIONS.get(title, {}), **_OTHERS.get(title, {})} for title in (*SECTIONS, *_OTHERS)
}
"""All commands as `hopcli -h` lists them, each with its line."""

_COMMANDS = {name: line for lines in _SECTIONS.values() for name, line in lines.items()}

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
    """Group that imports a command's module only when that command is requested."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name in CATALOGUE:
            from hopcli.cli.options import experiment_command

            return experiment_command(CATALOGUE[cmd_name])
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"hopcli.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def meant(self, ctx: click.Context, name: str) -> str:
        """Suggest commands and configurations for a wrong command name."""
        from hopcli.config import shipped_configs

        if name in shipped_configs():
            return f" It is a configuration: hopcli run {name}"
        return super().meant(ctx, name)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        formatter.write(f"\n{_listed()}\n")

    def short(self, ctx: click.Context) -> str:
        """List the commands."""
        return f"{self.get_usage(ctx)}\n\n{_listed()}\n\n{_MORE}"


def _listed() -> str:
    width = max(map(len, _COMMANDS)) + 2
    lines = []
    for title, commands in _SECTIONS.items():
        lines += [title, *(f"  {name.ljust(width)}{line}" for name, line in commands.items())]
    return "\n".join(lines)


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
      1    done, with a difference or a failed cell
      2    refused or failed; the message says why
      3    finished without pictures
      130  interrupted; 143 terminated
    """
    if ctx.invoked_subcommand is None:
        click.echo(_WELCOME)


_SHOWN = 80  # characters of a file name

_OF_OUTPUT = (errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF)
"""Errors of standard output, which name no file."""

_CODES = {signal.SIGINT: ("interrupted", 130), signal.SIGTERM: ("terminated", 143)}
_caught: list[int] = []  # signals; a library may turn the exception of one into another


def _catch(number: int, _frame: object) -> NoReturn:
    """End the command as ^C ends a Python program."""
    _caught.append(number)
    raise KeyboardInterrupt


def _catch_no_more() -> None:
    """Ignore signals from here on: everything is written."""
    for number in _CODES:
        signal.signal(number, lambda *_: None)


def _lost(unraisable: UnraisableHookArgs) -> None:
    """End the process if a signal came in a destructor or callback, which cannot raise."""
    if _caught and isinstance(unraisable.exc_value, KeyboardInterrupt):
        try:
            _stop()
        except SystemExit as end:
            os._exit(int(str(end)))
    sys.__unraisablehook__(unraisable)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit, with a code of :mod:`hopcli.endings`."""
    _caught.clear()
    endings.begin()
    sys.unraisablehook = _lost
    for number in _CODES:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as for background jobs of a shell
            signal.signal(number, _catch)
    try:
        code = _run(arguments)
    except (Exception, KeyboardInterrupt) as error:
        if _caught or isinstance(error, click.Abort | KeyboardInterrupt):
            _stop(str(error.__cause__ or "") if isinstance(error, click.Abort) else "")
        _refuse(error)
    _catch_no_more()
    sys.exit(code)


def _run(arguments: list[str] | None) -> int:
    """Run the command line; return the exit code."""
    try:
        code: Any = cli.main(args=arguments, prog_name="hopcli", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the output is gone
        _print_no_more()
        return 1
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    return code if isinstance(code, int) else 0


def _stop(message: str = "") -> NoReturn:
    """End a command that a signal has stopped; report what is written."""
    _catch_no_more()
    what, code = _CODES[signal.Signals(_caught[-1] if _caught else signal.SIGINT)]
    _fail(f"{what}; {message or endings.truth() or 'nothing was written'}", code)


def _refuse(error: BaseException) -> NoReturn:
    """End a command that has failed; report what is written. A defect keeps its traceback."""
    message, written = _message(error), endings.truth()
    if message is None:
        if written:
            tell(written)
        raise error
    if written:
        _fail(f"{message}; {written}", endings.code_of(2))
    _fail(message, 2)


def _message(error: BaseException) -> str | None:
    """Return a user's error in one line; None if it is a defect."""
    if isinstance(error, SettingError) and not error.is_named and error.setting.isidentifier():
        return error.describe(flag_name(error.setting))
    if isinstance(error, HopcliError):
        return str(error)
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, MemoryError):
        return "the run does not fit into memory: ask for fewer trials, samples or sites"
    if isinstance(error, UnicodeEncodeError):
        return f"{_cut(error.object)}: must be text in UTF-8: give it another name"
    library = _imported(error)
    if library is not None:
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return f"{library} cannot be imported ({reason}); check its environment variables"
    if not isinstance(error, OSError):
        return None
    if error.filename is not None:
        return f"{_cut(str(error.filename))}: cannot be used: {error.strerror}"
    if error.errno not in _OF_OUTPUT:
        return None
    _print_no_more()
    return f"standard output: cannot be written: {error.strerror}"


def _imported(error: BaseException) -> str | None:
    """Return the library during whose import an error was raised."""
    import traceback

    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = [
        str(frame.f_globals.get("__name__")).partition(".")[0]
        for frame in frames
        if frame.f_code.co_name == "<module>"
    ]
    return next((name for name in names if name not in ("hopcli", "__main__")), None)


def _cut(name: str) -> str:
    return name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."


def _print_no_more() -> None:
    """Discard pending output; Python would otherwise try again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(message: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):  # stderr may be full as well
        tell(message)
    sys.exit(code)
