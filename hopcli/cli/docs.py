"""``hopcli docs``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import click

from hopcli.cli.lines import print_lines
from hopcli.cli.once import Command

_PAGES = Path(__file__).parents[1] / "docs"
_BUILT = Path(__file__).parents[2] / "build" / "docs"


@click.command("docs", cls=Command)
@click.argument("page", required=False)
def command(page: str | None) -> None:
    """Open the documentation: one page, or the list of pages.

    PAGE is a name from the list. In a checkout, `make docs` builds pages for a browser, which
    this command then opens.

    \b
      hopcli docs
      hopcli docs grids
    """
    pages = {path.stem: path for path in sorted(_PAGES.glob("*.md")) if path.stem != "index"}
    if page is not None and page not in pages:
        raise click.UsageError(f"no page {page!r:.80}; there are {', '.join(pages)}")
    built = _BUILT / f"{page or 'index'}.html"
    if built.is_file():
        print_lines(built)
        if sys.stdout.isatty():
            click.launch(str(built))
    elif page is None:
        titles = {name: path.read_text(encoding="utf-8") for name, path in pages.items()}
        for name, text in titles.items():
            print_lines(f"{name:12} {text.partition(chr(10))[0].lstrip('# ')}")
        print_lines(f"\nhopcli docs PAGE prints one. The files are in {_PAGES}")
    else:
        text = pages[page].read_text(encoding="utf-8")
        click.echo_via_pager(re.sub(r"<!-- .*? -->\n\n?", "", text))
