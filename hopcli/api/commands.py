"""The commands as functions, made from the catalogue; their keywords are the settings.

The stub beside this file contains the types. It is made from the same declarations.
"""

from __future__ import annotations

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

from hopcli.catalogue import FUNCTIONS
from hopcli.values import show

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from hopcli.api.running import Run
    from hopcli.catalogue import Entry
    from hopcli.config import Setting
    from hopcli.kinds import Kind

__all__ = ["run"]

_WIDTH = 92

_PROGRESS = "progress : bool, optional\n    Draw a bar; by default on a terminal and in a notebook."


def run(what: str | os.PathLike[str], /, *, progress: bool | None = None, **settings: Any) -> Run:
    """Run an experiment by name, by its configuration, or again by its manifest.

    Parameters
    ----------
    what : str or path
        A command (``"temperature-scan"``), a configuration that comes with hopcli
        (``"paper"``), a TOML file, or the manifest of a finished run
        (``"results/paper/recall.json"``).
    progress : bool, optional
        Draw a bar; by default on a terminal and in a notebook.
    **settings
        Settings of the command, which replace those of a file as flags do.

    Returns
    -------
    Run
        The results; nothing has been written.

    Raises
    ------
    SettingError
        If a name is unknown or a value impossible; the message is that of the command line.
    HopcliError
        If the run fails.
    """
    from hopcli.api.running import ask, make

    return make(ask(what, settings), progress=progress)


def _function(entry: Entry) -> Callable[..., Run]:
    """Make the function of a command."""

    def function(*, progress: bool | None = None, **settings: Any) -> Run:
        from hopcli.api.running import ask, make

        return make(ask(entry.command, settings), progress=progress)

    function.__name__ = function.__qualname__ = entry.module
    function.__doc__ = _manual(entry)
    function.__signature__ = _signature(entry)  # type: ignore[attr-defined]
    function.__annotations__ = {"return": "Run"}
    return function


def _signature(entry: Entry) -> inspect.Signature:
    defaults = {
        name: None if setting.default is None else setting.kind.plain(setting.default)
        for name, setting in entry.settings.items()
    }
    defaults["progress"] = None
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, keyword, default=defaults[name]) for name in defaults]
    return inspect.Signature(parameters, return_annotation="Run")


def _manual(entry: Entry) -> str:
    """Return the manual of the command line, then the settings."""
    text = entry.manual
    settings = [
        f"{name} : {_shown(setting.kind)}{_default(setting)}\n"
        + textwrap.fill(setting.help, _WIDTH, **_INDENTED)
        for name, setting in entry.settings.items()
    ]
    returns = "Run\n    The results; nothing has been written."
    listed = "\n".join([*settings, _PROGRESS])
    return f"{text}\n\nParameters\n----------\n{listed}\n\nReturns\n-------\n{returns}\n"


_INDENTED: dict[str, Any] = {"initial_indent": "    ", "subsequent_indent": "    "}


def _shown(kind: Kind) -> str:
    return f"{{{', '.join(kind.choices)}}}" if kind.choices else kind.metavar or "bool"


def _default(setting: Setting) -> str:
    shown, default = setting.shown_default, setting.default
    if shown is None and default is not None:
        shown = repr(default) if isinstance(default, bool) else show(default)
    return f", default {shown}" if shown is not None else ", optional"


for _entry in FUNCTIONS:
    globals()[_entry.module] = _function(_entry)
    __all__ += [_entry.module]
