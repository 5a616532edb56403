"""``hopcli live``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from hopcli import catalogue
from hopcli.cli.lines import listen
from hopcli.cli.options import CONFIG, FILE, QUIET, GroupedCommand, setting_options
from hopcli.config import RecallConfig
from hopcli.config.base import read_flags
from hopcli.config.groups import PatternSettings
from hopcli.errors import SettingError, renamed
from hopcli.values import flag_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_LEFT_OUT = (
    *("gamma", "quench", "until_stable", "start", "tests", "repeats", "test_images"),
    *("weights", "self_coupling", "exclude_samples", "score", "replay_authors", "trace"),
)
"""Settings of recall that a page does not use, or sets by its own controls."""

_SETTINGS = tuple(name for name in RecallConfig.settings() if name not in _LEFT_OUT)


@click.command("live", cls=GroupedCommand, params=setting_options(RecallConfig, _SETTINGS))
@CONFIG
@click.option(
    "--tests",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="Maximum number of test images of each label on the page.",
)
@click.option("--lesson", is_flag=True, help="Open with the lesson in eight steps.")
@click.option(
    "--language",
    metavar="CODE",
    help="Language to open with: en, de, or that of --texts.  [default: that of the browser]",
)
@click.option("--texts", type=FILE, metavar="FILE.json", help="Texts of a further language.")
@click.option(
    "--out",
    type=FILE,
    metavar="FILE",
    default="live.html",
    show_default=True,
    help="File for the page.",
)
@click.option("--overwrite", is_flag=True, help="Replace a FILE that is no page.")
@QUIET
def command(
    config: str | None,
    tests: int,
    lesson: bool,
    language: str | None,
    texts: Path | None,
    out: Path,
    overwrite: bool,
    quiet: bool,
    **flags: Any,
) -> None:
    """Write one page on which memory can be watched and played with.

    The page is one HTML file and needs no network, server or installation. Open it in a
    browser, draw a picture, and watch the network fall into a memory, or into something else.
    Rule, update rule, temperature and stored patterns can be changed while it runs.

    \b
    The study's five digits, and a lesson in eight steps:
      hopcli live
      hopcli live --lesson --out lesson.html

    \b
    Ten digits, the patterns of a configuration, your own pictures:
      hopcli live --digits 0123456789 --rule hebbian
      hopcli live --config tutorial-6
      hopcli live --dataset images:pictures --size 28x28

    The settings are those with which the page opens. Runs equal those of `hopcli recall`: the
    panel "From here to the command line" shows a command and a Python call that end in the same
    state with the same seed. The address of the page contains everything it shows.

    English and German come with the page. --texts adds another language: a copy of texts.en.json
    with translated texts, named after the language (texts.fr.json). This command prints the
    folder of texts.en.json: `python -c "import hopcli.livepage as l; print(*l.__path__)"`.

    Exit code 0: done; 2: refused, and nothing written.
    """
    listen(quiet=quiet)
    from hopcli import livepage
    from hopcli.config import find_config
    from hopcli.report.page import check_place, write

    path = None if config is None else find_config(config)
    from_file = {} if path is None else _settings_of(path)

    def name_of(setting: str) -> str:
        in_file = setting in from_file and flags.get(setting) is None
        return f"{path}: {setting}" if in_file else flag_name(setting)

    check_place(out, overwrite=overwrite)
    words = livepage.languages(texts)
    given = {name: value for name, value in flags.items() if value is not None}
    with renamed(name_of):
        values = {**from_file, **read_flags(RecallConfig.settings(), given)}
        contents = livepage.gather_contents(RecallConfig.from_values(values), tests)
        text = livepage.page(contents, words, language=language, lesson=lesson)
    write(text, out, overwrite=overwrite)
    if not quiet:
        click.echo(out)


def _settings_of(path: Path) -> Mapping[str, Any]:
    """Return the settings in a configuration file, of any command, that a page has."""
    from hopcli.config import read_config

    values = read_config(path)
    name = values.pop("command", RecallConfig.command)
    with renamed(lambda setting: f"{path}: {setting}"):
        if not issubclass(catalogue.entry(name).config, PatternSettings):
            raise SettingError("command", "must store patterns", name)
    known = {name: values[name] for name in _SETTINGS if name in values}
    if not isinstance(known.get("rule", ""), str):
        del known["rule"]  # a comparison of several
    return known
