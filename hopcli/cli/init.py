"""``hopcli init``."""

from __future__ import annotations

from pathlib import Path

import click

from hopcli.cli.lines import print_line, print_lines
from hopcli.cli.once import Command

_FILES = {
    "Makefile": """\
RUNS := $(patsubst configs/%.toml,results/%,$(wildcard configs/*.toml))
.PHONY: all $(RUNS)
all: $(RUNS)
$(RUNS): results/%: configs/%.toml
\thopcli run $<
""",
    "configs/cold.toml": """\
command = "recall"
temperature = 0.1
""",
    ".gitignore": "results/\n",
}
"""Files of a new folder for batch runs."""


@click.command("init", cls=Command)
@click.argument("folder", metavar="[FOLDER]", default=".", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Write a Makefile and a configuration for batch runs.

    FOLDER is the current folder by default. `make` runs every unfinished configuration in
    configs/, `make results/cold` runs one of them, and `make -j2` runs two at once. Existing
    files with other contents are not overwritten: nothing is written then.

    \b
      hopcli init
      make
    """
    from hopcli.results.files import write_new

    kept = [name for name in (".gitignore",) if (folder / name).exists()]
    texts = {name: text.encode() for name, text in _FILES.items() if name not in kept}
    new = write_new(folder, texts)
    for name in _FILES:
        print_line(f"{folder / name}{'' if name in new else ' (was there)'}")
    print_lines("Run the configurations with: make")
