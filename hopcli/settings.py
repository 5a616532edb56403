"""Kinds of settings: how a value is read from a flag, checked, and shown.

A kind knows nothing of a command. :mod:`hopcli.config` declares each setting once,
with its kind, default and help; the command line builds its options from that.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Kind", "RefusedError", "resolve_attempts", "show"]

_MOST_POINTS = 10_000  # of a grid


class RefusedError(ValueError):
    """A value breaks the rule of its kind; the message is the rule."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of setting.

    Parameters
    ----------
    metavar : str
        What stands for the value in help texts.
    check : callable
        Takes a value as TOML or Python has it, returns it in its final form; raises
        :class:`RefusedError` with the rule.
    read : callable
        Takes the text of a flag, returns a value for `check`; raises :class:`RefusedError`.
    choices : tuple of str
        The only values, where they can be listed.
    """

    metavar: str
    check: Callable[[Any], Any]
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()


def show(value: object) -> str:
    """A value as a flag would spell it, for help texts and messages."""
    if isinstance(value, tuple):
        return ",".join(show(item) for item in value)
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _reader(convert: Callable[[str], Any], rule: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return convert(text.strip())
        except ValueError:
            raise RefusedError(rule) from None

    return read


def integer(low: int, high: int | None = None) -> Kind:
    """Whole numbers from `low` to `high`."""
    rule = f"must be a whole number >= {low}"
    if high is not None:
        rule = f"must be a whole number from {low} to {high}"

    def check(value: Any) -> int:
        if type(value) is not int or value < low or (high is not None and value > high):
            raise RefusedError(rule)
        return value

    return Kind("INTEGER", check, _reader(int, rule))


def number(
    low: float, high: float = math.inf, *, above: bool = False, metavar: str = "NUMBER"
) -> Kind:
    """Finite numbers from `low` (or above it) to `high`."""
    bounds = f"> {low:g}" if above else f">= {low:g}"
    if low == -math.inf:
        rule = "must be a finite number"
    elif math.isfinite(high):
        rule = f"must be a number {bounds} and <= {high:g}"
    else:
        rule = f"must be a finite number {bounds}"

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise RefusedError(rule)
        too_low = value <= low if above else value < low
        if not math.isfinite(value) or too_low or value > high:
            raise RefusedError(rule)
        return float(value)

    return Kind(metavar, check, _reader(float, rule))


def choice(names: Iterable[str]) -> Kind:
    """One of a list of names."""
    choices = tuple(names)
    rule = f"must be one of {', '.join(choices)}"

    def check(value: Any) -> str:
        if value not in choices:
            raise RefusedError(rule)
        return str(value)

    return Kind("|".join(choices), check, choices=choices)


def switch() -> Kind:
    """True or false."""

    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise RefusedError("must be true or false")
        return value

    return Kind("", check)


def word(metavar: str, rule: str = "must be a text that is not empty") -> Kind:
    """Any text that is not empty, such as a path or the name of a data set."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise RefusedError(rule)
        return value

    return Kind(metavar, check)


def word_or_integer(name: str, low: int) -> Kind:
    """A whole number from `low`, or one word such as ``all``."""
    rule = f"must be a whole number >= {low}, or {name}"
    inner = integer(low)

    def check(value: Any) -> int | str:
        if value == name:
            return name
        try:
            return int(inner.check(value))
        except RefusedError:
            raise RefusedError(rule) from None

    def read(text: str) -> Any:
        return name if text.strip() == name else _reader(int, rule)(text)

    return Kind(f"INTEGER|{name}", check, read)


def label() -> Kind:
    """One label: a digit may be written as a number."""
    rule = "must be a label"

    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
            raise RefusedError(rule)
        return str(value).strip()

    return Kind("LABEL", check)


def labels(*, at_least: int = 1) -> Kind:
    """Distinct labels in order: ``3,6,1`` on the command line, a list in a file."""
    rule = f"must list {at_least} or more labels"

    def check(value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list | tuple):
            raise RefusedError(rule)
        names = tuple(str(item).strip() for item in value)
        if len(names) < at_least or "" in names or any(isinstance(v, bool) for v in value):
            raise RefusedError(rule)
        if len(set(names)) < len(names):
            raise RefusedError("must not list a label twice")
        return names

    return Kind("LABELS", check)


def indices() -> Kind:
    """Image indices: ``56,9`` on the command line, a list of whole numbers in a file."""
    rule = "must list whole numbers >= 0"

    def check(value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not value:
            raise RefusedError(rule)
        if any(type(item) is not int or item < 0 for item in value):
            raise RefusedError(rule)
        if len(set(value)) < len(value):
            raise RefusedError("must not list an image twice")
        return tuple(value)

    return Kind("INDICES", check, _reader(lambda s: [int(v) for v in s.split(",")], rule))


def attempts() -> Kind:
    """Attempts in a sweep: a whole number, or N, N/2, 2N, ... for N spins."""
    rule = "must be a whole number >= 1, or N, N/2, 2N, ..."

    def check(value: Any) -> int | str:
        if type(value) is int and value >= 1:
            return value
        if isinstance(value, str):
            text = value.replace(" ", "")
            if re.fullmatch(r"[1-9]\d*", text):
                return int(text)
            if re.fullmatch(r"([1-9]\d*)?N(/[1-9]\d*)?", text):
                return text
        raise RefusedError(rule)

    return Kind("ATTEMPTS", check)


def resolve_attempts(value: int | str, n_sites: int) -> int:
    """Number of attempts in a sweep of `n_sites` spins (``N/2`` of 5 is 2, at least 1)."""
    if isinstance(value, int):
        return value
    factor, _, divisor = value.partition("N")
    return max(1, int(factor or 1) * n_sites // int(divisor[1:] or 1))


def grid(*, low: float = 0.0) -> Kind:
    """Increasing numbers: ``FIRST:LAST:STEP`` or a list, such as ``0.1:1.9:0.1``."""
    rule = f"must be FIRST:LAST:STEP or a list of finite numbers >= {low:g}, increasing"
    one = number(low)

    def read(text: str) -> list[float]:
        try:
            return _spread(text) if ":" in text else [float(part) for part in text.split(",")]
        except (ArithmeticError, ValueError):
            raise RefusedError(rule) from None

    def check(value: Any) -> tuple[float, ...]:
        numbers = read(value) if isinstance(value, str) else value
        if not isinstance(numbers, list | tuple) or not numbers:
            raise RefusedError(rule)
        try:
            checked = tuple(one.check(item) for item in numbers)
        except RefusedError:
            raise RefusedError(rule) from None
        if any(b <= a for a, b in itertools.pairwise(checked)):
            raise RefusedError(rule)
        return checked

    return Kind("FIRST:LAST:STEP", check, read)


def _spread(text: str) -> list[float]:
    """Spread FIRST:LAST:STEP, in decimals: 0.3 stays 0.3, not 0.30000000000000004."""
    first, last, step = (Decimal(part) for part in text.split(":"))
    n_steps = (last - first) / step
    if not 0 <= n_steps < _MOST_POINTS:
        raise ValueError(text)
    return [float(first + i * step) for i in range(int(n_steps) + 1)]
