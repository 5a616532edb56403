r"""Escaping of texts from files and flags: one function per target.

Labels and file names may contain anything: escape sequences, newlines, marks that reverse the
direction of writing, or the syntax of the target language. Ordinary labels do not change.

=========== ==============================================================================
target      rule
=========== ==============================================================================
terminal    characters that do not print become Python escapes, ``\x1b``
picture     characters that do not print become a box; a dollar sign prints as such
Markdown    like terminal, with a backslash before Markdown syntax
LaTeX       like terminal, with commands for special characters
HTML        like terminal, with entities
CSV         a text that a spreadsheet would compute gets an apostrophe; :func:`uncsv` removes it
Make        names with characters that Make cannot handle are refused or omitted
=========== ==============================================================================
"""

from __future__ import annotations

import re

_MARKDOWN = re.compile(r"[\\`*|<&\[\]~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|^(?=[#>])")
_LATEX = {
    **{c: f"\\{c}" for c in "&%$#_{}"},
    **{c: f"{{{c}}}" for c in "[]*`"},  # behind the end of a row they would be read as of it
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
}
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-](inf)?", re.IGNORECASE)
_FORMULA = re.compile(r"['\s]*[=+@\uff1d\uff0b\uff20\uff0d-]|'*[\t\r\n]")  # wide ones are read too
_MADE = re.compile(r"[\w./+,@-]+")


def terminal(text: object, keep: str = "") -> str:
    r"""Escape a text for one line of a terminal.

    Parameters
    ----------
    text : object
        A label, a path, a message.
    keep : str
        Characters to keep although they do not print, such as a newline.

    Examples
    --------
    >>> print(terminal("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    plain = str(text)
    if plain.isprintable():
        return plain
    return "".join(c if c.isprintable() or c in keep else repr(c)[1:-1] for c in plain)


def picture(text: object) -> str:
    """Return a text in one line for a picture; characters that do not print become a box."""
    return "".join(c if c.isprintable() else "\N{WHITE SQUARE}" for c in str(text))


def markdown(text: object) -> str:
    r"""Escape a text for a cell of a Markdown table.

    Examples
    --------
    >>> print(markdown("a|b"), markdown("ci_low"))
    a\|b ci_low
    """
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", terminal(text))


def latex(text: object) -> str:
    r"""Escape a text for LaTeX.

    Examples
    --------
    >>> print(latex("50 % of $x_1$"))
    50 \% of \$x\_1\$
    """
    return "".join(_LATEX.get(c, c) for c in terminal(text)).replace("--", "-{}-")


def html(text: object) -> str:
    """Escape a text for HTML, between tags or in quotes; newlines stay."""
    from html import escape

    return escape(terminal(text, keep="\n"))


def csv(text: str) -> str:
    """Prevent a spreadsheet from computing a text; numbers and a single sign stay.

    A text that starts with ``=``, ``+``, ``-``, ``@``, a tab or a line end, possibly after
    spaces and apostrophes, gets one more apostrophe in front.

    Examples
    --------
    >>> csv("=1+1"), csv("-1"), uncsv(csv("'=1+1"))
    ("'=1+1", '-1', "'=1+1")
    """
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def uncsv(text: str) -> str:
    """Remove the apostrophe added by :func:`csv`."""
    return text[1:] if text.startswith("'") and csv(text[1:]) == text else text


def make(path: object) -> str | None:
    """Escape a path for a Makefile; None if Make or a shell would misread it."""
    text = str(path)
    return text if _MADE.fullmatch(text) else None
