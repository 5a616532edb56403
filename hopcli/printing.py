r"""Texts from files and flags, made safe for where they go: one function for each target.

Labels and file names may hold anything: escape sequences, newlines, marks that turn the
direction of writing, the syntax of the language that they are put into. What an ordinary
label becomes is that label.

=========== ==============================================================================
target      rule
=========== ==============================================================================
terminal    what does not print is shown as Python writes it, ``\x1b``
picture     what does not print is a box; a dollar sign is one
Markdown    as a terminal, with a backslash before what Markdown would read
LaTeX       as a terminal, with the commands that print special characters
HTML        as a terminal, with entities
CSV         a text that a spreadsheet would compute gets an apostrophe; :func:`uncsv` takes it
Make        names of other characters than Make can carry are refused, or not named
=========== ==============================================================================
"""

from __future__ import annotations

import re

__all__ = ["csv", "html", "latex", "make", "markdown", "picture", "terminal", "uncsv"]

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
_FORMULA = re.compile(r"'*\s*[=+@\uff1d\uff0b\uff20\uff0d-]|'*[\t\r\n]")  # wide ones are read too
_MADE = re.compile(r"[\w./+,@-]+")


def terminal(text: object, keep: str = "") -> str:
    r"""Write a text so that it cannot steer a terminal, in one line.

    Parameters
    ----------
    text : object
        A label, a path, a message.
    keep : str
        Characters that stay though they do not print, such as a newline.

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
    """Write a text in one line of a picture; what does not print is a box."""
    return "".join(c if c.isprintable() else "\N{WHITE SQUARE}" for c in str(text))


def markdown(text: object) -> str:
    r"""Write a text in a cell of a Markdown table.

    Examples
    --------
    >>> print(markdown("a|b"), markdown("ci_low"))
    a\|b ci_low
    """
    return _MARKDOWN.sub(lambda found: f"\\{found[0]}", terminal(text))


def latex(text: object) -> str:
    r"""Write a text in LaTeX.

    Examples
    --------
    >>> print(latex("50 % of $x_1$"))
    50 \% of \$x\_1\$
    """
    return "".join(_LATEX.get(c, c) for c in terminal(text)).replace("--", "-{}-")


def html(text: object) -> str:
    """Write a text in HTML, between tags or in quotes; newlines stay."""
    from html import escape

    return escape(terminal(text, keep="\n"))


def csv(text: str) -> str:
    """Keep a spreadsheet from computing a text; numbers and a single sign stay.

    A text that starts with ``=``, ``+``, ``-``, ``@``, a tab or the end of a line, whatever
    spaces and apostrophes are before it, gets one apostrophe more in front.

    Examples
    --------
    >>> csv("=1+1"), csv("-1"), uncsv(csv("'=1+1"))
    ("'=1+1", '-1', "'=1+1")
    """
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def uncsv(text: str) -> str:
    """Take the apostrophe of :func:`csv` away again."""
    return text[1:] if text.startswith("'") and csv(text[1:]) == text else text


def make(path: object) -> str | None:
    """Write a path as a word of a Makefile; None if Make or a shell would misread it."""
    text = str(path)
    return text if _MADE.fullmatch(text) else None
