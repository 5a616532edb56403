"""Lazy modules, imported at the first use of their contents.

Help and completion read what is declared (rules, starts, thresholds, settings) beside the code
that computes. So a module of declarations asks for NumPy by :func:`later`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Later:
    """A stand-in for a module; it keeps each attribute that was used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        value = getattr(import_module(self._name), attribute)
        setattr(self, attribute, value)
        return value


def later(module: str) -> Any:
    """Return a stand-in for a module, which imports it with the first attribute.

    Examples
    --------
    >>> fractions = later("fractions")
    >>> str(fractions.Fraction(2, 4))
    '1/2'
    """
    return _Later(module)


def exported(package: str, names: dict[str, str]) -> Any:
    """Make the ``__getattr__`` of a package, which imports a module with its first name [PEP 562].

    Parameters
    ----------
    package : str
        Name of the package.
    names : dict of str to str
        Names that each of its modules exports, separated by blanks.
    """
    place = {name: module for module, text in names.items() for name in text.split()}

    def find(name: str) -> Any:
        if name not in place:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{place[name]}"), name)
        setattr(import_module(package), name, value)
        return value

    return find
