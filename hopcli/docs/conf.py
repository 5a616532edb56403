"""Sphinx configuration: Markdown, furo, formulas as MathML, no downloads."""

from __future__ import annotations

import re
from typing import Any

from hopcli import __version__

project = "hopcli"
author = "The hopcli developers"
project_copyright = "the hopcli developers, MIT licence"
release = version = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "numpydoc"]
myst_enable_extensions = ["deflist", "dollarmath", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # notebooks contain their output
nb_execution_show_tb = True

smartquotes = False  # two hyphens begin an option
nitpicky = True
nitpick_ignore_regex = [
    ("py:attr", r".+"),  # in the list of attributes of their class
    ("py:class", r"\w+Config"),  # on the page of their command
    ("py:.+", r"hopcli(\.\w+){2,}|hopcli\._kernels"),  # below the rooms
]
numpydoc_show_class_members = False  # autodoc lists them
numpydoc_show_inherited_class_members = False
autodoc_typehints = "none"  # docstrings name the types, with shapes and ranges
autodoc_member_order = "bysource"
autoclass_content = "class"
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"hopcli {release}"
html_static_path = ["assets"]
html_css_files = ["hopcli.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # a browser does not fetch pages that are files
html_math_renderer = "mathml"


def setup(app: Any) -> None:
    """Add formulas as MathML, which browsers draw by themselves: no script, no network."""
    app.connect("autodoc-skip-member", _skipped)
    app.connect("autodoc-process-docstring", _bars_escaped)
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))


def _skipped(app: Any, what: str, name: str, *_: Any) -> bool | None:
    """Omit scikit-learn's members of every estimator, which refer to its own pages."""
    del app, what
    return True if re.fullmatch(r"set_\w+_request", name) else None


def _bars_escaped(
    app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]
) -> None:
    """Treat |m| as an absolute value, not a substitution, except in code."""
    del app, what, name, thing, options
    code = False
    for n, line in enumerate(lines):
        code = line.strip().startswith(">>>") or (code and bool(line.strip()))
        if not code:
            parts = re.split(r"(``.+?``)", line)
            lines[n] = "".join(p if p.startswith("``") else p.replace("|", r"\|") for p in parts)


def _inline(writer: Any, node: Any) -> None:
    writer.body.append(_mathml(node, "inline"))
    _skip()


def _block(writer: Any, node: Any) -> None:
    # A wide formula scrolls by itself, also by keyboard; the page does not.
    writer.body.append(f'<div class="formula" tabindex="0">{_mathml(node, "block")}</div>')
    _skip()


def _mathml(node: Any, display: str) -> str:
    from latex2mathml.converter import convert

    return convert(node.astext().strip(), display=display)


def _skip() -> None:
    from docutils.nodes import SkipNode

    raise SkipNode
