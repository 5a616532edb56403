"""Write the sources for Sphinx: the pages of this folder, and pages made from the program.

``python hopcli/docs/generate.py FOLDER`` copies the pages. It adds the manual of each command
(from the command line itself), the pages of the API (from the public names, and the rooms
below) and the notebooks. So none of these are kept by hand.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import itertools
import json
import re
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hopcli
from hopcli.catalogue import CATALOGUE, FUNCTIONS
from hopcli.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

    import click

HERE = Path(__file__).parent
NOTEBOOKS = HERE.parent / "notebooks"

_LONG = 200  # characters of the line that lists a command

ROOMS = (
    "datasets",
    "patterns",
    "rules",
    "network",
    "dynamics",
    "starts",
    "observables",
    "taxonomy",
    "theory",
    "statistics",
    "config",
    "experiments",
    "results",
    "catalogue",
    "streams",
)
"""Rooms below the public names that researchers may use, in the order of the flow."""

FOLDERS = ("plot", "check", "diff", "write_report", "reproduce")

GROUPS = {
    "Data and memory": ("load", "select", "store", "Dataset", "Patterns", "Memory", "Recalled"),
    "Page": ("live", "Live"),
    "Estimator": ("HopfieldClassifier",),
    "Runs and results": ("run", "Run", "grid", "GridRun", "read", *FOLDERS),
}
"""Groups of public names; commands and errors have groups of their own."""


def main(folder: Path) -> None:
    """Write all sources into a new folder.

    Parameters
    ----------
    folder : Path
        Target; existing contents are deleted.
    """
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("__pycache__", "generate.py"))
    for name, text in (*_manuals(), *_api(), *_rooms(), *_notebooks()):
        page = folder / f"{name}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(text, encoding="utf-8")
    for path in NOTEBOOKS.glob("*.ipynb"):
        shutil.copy(path, folder / "notebooks" / path.name)


# Commands


def commands() -> dict[str, click.Command]:
    """Return every command by its words after ``hopcli``: ``"grid run"``."""
    return dict(_commands("", cli))


def _commands(before: str, group: Any) -> Iterator[tuple[str, click.Command]]:
    context = group.context_class(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield f"{before}{name}", command
        if hasattr(command, "list_commands"):
            yield from _commands(f"{before}{name} ", command)


def _manuals() -> Iterator[tuple[str, str]]:
    listed = []
    for path, command in commands().items():
        name = path.replace(" ", "-")
        yield f"commands/{name}", manual(path, command)
        listed.append((name, path, command.get_short_help_str(_LONG)))
    about = "The commands of `hopcli`. Each page is the text of `--help`."
    yield "commands/index", _index("Commands", about, listed)


def manual(path: str, command: click.Command) -> str:
    """Return the page of a command: its help, and its call from Python.

    Parameters
    ----------
    path : str
        Words after ``hopcli``.
    command : click.Command
        The command.
    """
    context = command.context_class(command, info_name=f"hopcli {path}")
    usage = command.get_usage(context).removeprefix("Usage: ")
    parts = [
        f"# hopcli {path}",
        f"```text\n{usage}\n```",
        *_in_python(path),
        *(_prose(text) for text in (command.help or "").split("\n\n")),
    ]
    options = _Options(path)
    command.format_options(context, options)  # type: ignore[arg-type]
    return "\n\n".join([*parts, *options.parts]) + "\n"


class _Options:
    """Formatter that writes the help as a definition list per section."""

    width = 10_000  # so that no line is cut off

    def __init__(self, path: str) -> None:
        self.path, self.title = path, ""
        self.parts: list[str] = []

    @contextlib.contextmanager
    def section(self, title: str) -> Iterator[None]:
        self.title = title
        self.parts.append(f"## {title}")
        yield

    def write_dl(self, rows: list[tuple[str, str]]) -> None:
        for term, text in rows:
            page = f"{self.path} {term}".replace(" ", "-")
            shown = f"[{term}]({page}.md)" if self.title == "Commands" else f"`{term}`"
            self.parts.append(f"{shown}\n: {_escaped(text)}")


def _in_python(path: str) -> Iterator[str]:
    """Return the call of the command from Python, if there is one."""
    if path == "select":
        yield 'In Python: {py:func}`hopcli.select`, or `hopcli.run("select")` for the experiment.'
    elif path in CATALOGUE:
        yield _rst(
            [
                f".. py:function:: hopcli.{path.replace('-', '_')}(**settings)",
                "",
                "   The same from Python: settings are the options below, with ``_`` for ``-``.",
                "   Returns a :py:class:`hopcli.Run`.",
            ]
        )


def _prose(paragraph: str) -> str:
    """Convert a paragraph of a manual; indented or aligned lines stay as they are."""
    lines = paragraph.removeprefix("\b\n").splitlines()
    runs = [
        (indented, list(run))
        for indented, run in itertools.groupby(lines, lambda line: line.startswith(" "))
    ]
    if len(runs) == 1 and not runs[0][0]:
        return _escaped(" ".join(lines))
    if not all(indented or run[-1].endswith(":") for indented, run in runs):
        return _code(lines)  # aligned columns
    return "\n\n".join(
        _code(run) if indented else _escaped(" ".join(run)) for indented, run in runs
    )


def _code(lines: list[str]) -> str:
    return "```text\n" + textwrap.dedent("\n".join(lines)) + "\n```"


def _escaped(text: str) -> str:
    """Convert plain text to Markdown; backticks mark code in both."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    return "".join(
        part if part.startswith("`") else re.sub(r"([\\*_{}\[\]<>#|$~])", r"\\\1", part)
        for part in parts
    )


# Python


def _api() -> Iterator[tuple[str, str]]:
    """Make the pages of the public names, by group."""
    errors = tuple(name for name in hopcli.__all__ if name.endswith(("Error", "Warning")))
    listed = []
    for title, names in {**GROUPS, "Errors": errors}.items():
        page = title.lower().replace(" ", "-")
        yield f"api/{page}", _page(title, [_documented(name) for name in names])
        listed.append((page, title, "\n: ".join(map(_in_a_line, names))))
    commands = tuple(entry.module for entry in FUNCTIONS)
    listed.append(("../commands/index", "Commands", "\n: ".join(map(_in_a_line, commands))))
    about = "`import hopcli` gives these names, and costs no more than NumPy."
    yield "api/index", _index("Python", about, listed)


def _in_a_line(name: str) -> str:
    """Return a public name with its summary line."""
    line = (getattr(hopcli, name).__doc__ or "").strip().partition("\n")[0]
    plain = re.sub(r":\w+:(`[^`]+`)", r"\1", line)  # without roles
    return f"{{py:obj}}`hopcli.{name}`: {_escaped(plain)}"


def _rooms() -> Iterator[tuple[str, str]]:
    """Make the pages of the rooms below the public names."""
    listed = []
    for room in ROOMS:
        module = importlib.import_module(f"hopcli.{room}")
        about = _rst([f".. automodule:: hopcli.{room}", "   :no-members:"])
        members = [_member(module, name) for name in module.__all__]
        yield f"rooms/{room}", _page(f"hopcli.{room}", [about, *members])
        listed.append((room, room, _escaped((module.__doc__ or "").partition("\n")[0])))
    about = (
        "The parts of the public names, in the order of the flow: images become spins, spins "
        "patterns, patterns couplings, and the dynamics give tables. They may be used, and may "
        "change from one version to the next."
    )
    yield "rooms/index", _index("The rooms below", about, listed)


def _notebooks() -> Iterator[tuple[str, str]]:
    """Make the page that lists the notebooks, each by its headline and first lines."""
    listed = []
    for path in sorted(NOTEBOOKS.glob("*.ipynb"), key=lambda path: (path.stem != "study", path)):
        text = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        headline, _, rest = text.strip().partition("\n")
        lead = " ".join(rest.strip().partition("\n\n")[0].split())
        listed.append((path.stem, headline.lstrip("# "), lead))
    about = (
        "Stories with pictures, in `hopcli/notebooks/`. They contain their output, and every "
        "`make test` runs them again."
    )
    yield "notebooks/index", _index("Notebooks", about, listed)


def _index(title: str, about: str, listed: list[tuple[str, str, str]]) -> str:
    """Make a page that lists pages: file, title, and summary."""
    pages = "\n".join(page for page, _, _ in listed if not page.startswith(".."))
    rows = [f"{{doc}}`{shown} <{page}>`\n: {text}" for page, shown, text in listed]
    return _page(title, [about, *rows, f"```{{toctree}}\n:hidden:\n\n{pages}\n```"])


def _page(title: str, parts: list[str]) -> str:
    return "\n\n".join([f"# {title}", *parts]) + "\n"


def _documented(name: str) -> str:
    """Return the directive of a public name."""
    value = getattr(hopcli, name)
    lines = [f".. auto{'class' if inspect.isclass(value) else 'function'}:: hopcli.{name}"]
    if inspect.isclass(value) and not issubclass(value, Exception):
        lines.append("   :members:")
    return _rst(lines)


def _member(module: Any, name: str) -> str:
    value, place = getattr(module, name), f"{module.__name__}.{name}"
    if name in hopcli.__all__ and getattr(hopcli, name) is value:
        return f"`{name}` is public: {{py:obj}}`hopcli.{name}`."
    if command := getattr(value, "command", ""):
        return f"`{name}` has the settings of [hopcli {command}](../commands/{command}.md)."
    if inspect.isclass(value):
        return _rst([f".. autoclass:: {place}", "   :members:"])
    if inspect.isfunction(value):
        return _rst([f".. autofunction:: {place}"])
    text = textwrap.indent(_described(name, value), "   ")
    return _rst([f".. py:data:: {name}", f"   :module: {module.__name__}", "", text])


def _described(name: str, value: Any) -> str:
    """Return the docstring of a constant in its module."""
    from sphinx.pycode import ModuleAnalyzer

    for module in [module for key, module in sys.modules.items() if key.startswith("hopcli.")]:
        text = ModuleAnalyzer.for_module(module.__name__).find_attr_docs().get(("", name))
        if text and vars(module).get(name) is value:
            return "\n".join(text).strip()
    return ""


def _rst(lines: list[str]) -> str:
    body = "\n".join(lines)
    return f"```{{eval-rst}}\n{body}\n```"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
