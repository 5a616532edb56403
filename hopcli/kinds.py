"""Kinds of settings: reading a value from a flag, checking it and writing it.

A kind does not depend on any command. Each command declares its settings with a kind, a
default and a help text, and the command line builds its options from them.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hopcli.errors import SettingError
from hopcli.values import RefusedError, bare, flag_name, nearest, real, show, spread, whole


def _as_listed(value: Any) -> Any:
    """Turn a tuple into a list and return any other value unchanged."""
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """One kind of setting.

    Parameters
    ----------
    metavar : str
        Placeholder for the value in help texts.
    check : callable
        Takes a value from TOML or Python and returns it in its final form; raises
        :class:`RefusedError` with the rule.
    read : callable
        Takes the text of a flag, returns a value for `check`; raises :class:`RefusedError`.
    choices : tuple of str
        The only values, or the only words, where they can be listed.
    plain : callable
        Takes a checked value and returns its JSON or TOML form, which `check` also accepts.
    schema : mapping
        JSON Schema of the value in a configuration file; it may allow more than `check`,
        never less.
    between : str
        Separator of the items of a list in the text of a flag.
    rule : str
        The rule that a refused value breaks, as in a message.
    """

    metavar: str
    check: Callable[[Any], Any]
    read: Callable[[str], Any] = str
    choices: tuple[str, ...] = ()
    plain: Callable[[Any], Any] = _as_listed
    schema: Mapping[str, Any] = field(default_factory=dict)
    between: str = ","
    rule: str = ""

    def settle(self, value: Any) -> Any:
        """Check a value and return its JSON form; read the text of a flag first."""
        return self.plain(self.check(value))

    def words(self, setting: str, value: Any) -> list[str]:
        """Return the command-line words that set a setting to a value in JSON form."""
        flag = flag_name(setting)
        if not self.metavar:
            return [flag if value else f"--no-{flag[2:]}"]
        return [flag, show(value, self.between)]

    def show(self, value: Any) -> str:
        """Spell a checked value as on the command line."""
        return show(self.plain(value), self.between)


_TEXT = {"type": "string", "minLength": 1}
_LABEL = {"type": ["string", "integer"]}

_LONGEST = 10**1000
_MOST_INDICES = 100_000
_LONGEST_WORD = 4096  # as long as a path may be

_HUGE = sys.float_info.max  # whole numbers in a file may be too large for a float


def _either(*schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema that accepts values of any of several schemas."""
    return {"anyOf": [dict(schema) for schema in schemas]}


def _listed(schema: Mapping[str, Any], at_least: int = 1) -> dict[str, Any]:
    """Return the schema of a list without repeats."""
    return {"type": "array", "items": dict(schema), "minItems": at_least, "uniqueItems": True}


def reader(convert: Callable[[str], Any], rule: str) -> Callable[[str], Any]:
    """Make a reader of flags from a conversion that raises ValueError."""

    def read(text: str) -> Any:
        try:
            return convert(text.strip())
        except RefusedError:
            raise
        except (ArithmeticError, ValueError):
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
        if value > _LONGEST:  # Python itself would not write it
            raise RefusedError(f"{rule} and of at most 1000 digits")
        return value

    bounds = {"minimum": low} if high is None else {"minimum": low, "maximum": high}
    return Kind(
        "INTEGER", check, reader(whole, rule), schema={"type": "integer", **bounds}, rule=rule
    )


def number(
    low: float, high: float = math.inf, *, above: bool = False, metavar: str = "NUMBER"
) -> Kind:
    """Finite numbers from `low` (or above it) to `high`."""
    bounds = f" > {low:g}" if above else f" >= {low:g}" if low > -math.inf else ""
    rule = f"must be a finite number{bounds}"
    if math.isfinite(high):
        between = f" > {low:g} and <= {high:g}" if above else f" from {low:g} to {high:g}"
        rule = f"must be a number{between}"

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _HUGE:
            raise RefusedError(rule)
        too_low = value <= low if above else value < low
        if not math.isfinite(value) or too_low or value > high:
            raise RefusedError(rule)
        return float(value)

    least = {} if low == -math.inf else {"exclusiveMinimum" if above else "minimum": low}
    most = {"maximum": high} if math.isfinite(high) else {}
    schema = {"type": "number", **least, **most}
    return Kind(metavar, check, reader(real, rule), schema=schema, rule=rule)


def choice(names: Iterable[str]) -> Kind:
    """One of a list of names."""
    choices = tuple(names)
    rule = f"must be {'one of ' * (len(choices) > 1)}{', '.join(choices)}"

    def check(value: Any) -> str:
        if value not in choices:
            raise RefusedError(f"{rule}{nearest(str(value), choices)}")
        return str(value)

    schema = {"enum": list(choices)}
    return Kind("|".join(choices), check, choices=choices, schema=schema, rule=rule)


def switch() -> Kind:
    """True or false."""
    rule = "must be true or false"

    def check(value: Any) -> bool:
        if not isinstance(value, bool):
            raise RefusedError(rule)
        return value

    def read(text: str) -> bool:
        if text.strip() not in ("true", "false"):
            raise RefusedError(rule)
        return text.strip() == "true"

    return Kind("", check, read, schema={"type": "boolean"})


def word(metavar: str, rule: str = "must be a text that is not empty") -> Kind:
    """Any text that is not empty, such as a path or the name of a data set."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise RefusedError(rule)
        if len(value) > _LONGEST_WORD or "\0" in value:
            raise RefusedError(f"must be a text of at most {_LONGEST_WORD} characters, without NUL")
        return value

    return Kind(metavar, check, schema={**_TEXT, "maxLength": _LONGEST_WORD}, rule=rule)


def either(*kinds: Kind, metavar: str = "", plain: Callable[[Any], Any] = _as_listed) -> Kind:
    """Values of several kinds; the first kind that accepts a value applies."""
    first, *others = (kind.rule for kind in kinds)
    start = "must be " if first.startswith("must be ") else "must "
    rule = ", or ".join([first, *(other.removeprefix(start) for other in others)])
    rule = rule.replace(", or must ", ", or ")

    def one(work: Callable[[Kind], Any]) -> Any:
        for kind in kinds:
            with contextlib.suppress(RefusedError):
                return work(kind)
        raise RefusedError(rule)

    def check(value: Any) -> Any:
        return one(lambda kind: kind.check(value))

    def read(text: str) -> Any:
        return one(lambda kind: kind.read(text.strip()))

    schema = _either(*(kind.schema for kind in kinds))
    metavar = metavar or "|".join(kind.metavar for kind in kinds)
    return Kind(metavar, check, read, plain=plain, schema=schema, rule=rule)


def label() -> Kind:
    """One label: a digit may be written as a number."""
    rule = "must be a label"

    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
            raise RefusedError(rule)
        return str(value).strip()

    return Kind("LABEL", check, schema=_LABEL)


def labels(*, at_least: int = 1) -> Kind:
    """Distinct labels in order: ``3,6,1`` or ``361`` on the command line, a list in a file."""
    rule = f'must list {at_least} or more labels, such as "36"'

    def check(value: Any) -> tuple[str, ...]:
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list | tuple) or not all(type(v) in (int, str) for v in value):
            raise RefusedError(rule)
        names = tuple(str(item).strip() for item in value)
        spelt = len(names) == 1 and len(names[0]) >= at_least
        if "" in names or not (spelt or len(names) >= at_least):
            raise RefusedError(rule)
        if len(set(names)) < len(names):
            raise RefusedError("must not list a label twice")
        return names

    return Kind("LABELS", check, schema=_either(_TEXT, _listed(_LABEL, at_least)))


def indices() -> Kind:
    """Image indices: ``56,9`` or FIRST:LAST:STEP; in a file also a list of whole numbers."""
    rule = "must list whole numbers from 0 to 999999999, or be FIRST:LAST:STEP of such"

    def read(text: str) -> list[int]:
        if ":" in text and "-" not in text:
            return spread(text, _MOST_INDICES)
        return [whole(v) for v in text.split(",")]

    def check(value: Any) -> tuple[int, ...]:
        if isinstance(value, str) and ":" in value:
            value = reader(read, rule)(value)
        are_numbers = isinstance(value, list | tuple) and all(type(item) is int for item in value)
        if not are_numbers or not value or not 0 <= min(value) <= max(value) < 10**9:
            raise RefusedError(rule)
        if len(set(value)) < len(value):
            raise RefusedError("must not list an image twice")
        return tuple(value)

    listed = _listed({"type": "integer", "minimum": 0, "maximum": 10**9 - 1})
    schema = _either({"type": "string", "pattern": ":"}, listed)
    return Kind("INDICES", check, reader(read, rule), schema=schema, rule=rule)


def fits(check: Callable[[Any], Any], value: Any) -> bool:
    """Return whether a check accepts a value."""
    try:
        check(value)
    except RefusedError:
        return False
    return True


def checked(kind: Kind, name: str, value: Any) -> Any:
    """Check an argument that is not a declared setting; convert NumPy scalars to Python's.

    Raises
    ------
    SettingError
        If the value breaks the rule of the kind.
    """
    try:
        return kind.check(bare(value))
    except RefusedError as error:
        raise SettingError(name, str(error), value) from None


def read(kind: Kind, name: str, text: str) -> Any:
    """Convert the text of a flag to a value that `check` accepts.

    Raises
    ------
    SettingError
        If the text is not a value of the kind.
    """
    try:
        return kind.read(text)
    except RefusedError as error:
        raise SettingError(name, str(error), text) from None


def choices(names: Iterable[str]) -> Kind:
    """Several of a list of names: ``a,b`` on the command line, a list in a file."""
    known = tuple(names)
    rule = f"must list one or more of {', '.join(known)}, none twice"
    base = labels()

    def check(value: Any) -> tuple[str, ...]:
        if not fits(base.check, value) or not {*base.check(value)} <= {*known}:
            raise RefusedError(rule)
        picked: tuple[str, ...] = base.check(value)
        return picked

    schema = _either(_TEXT, _listed({"enum": list(known)}))
    return Kind("NAMES", check, choices=known, schema=schema)


def increasing(metavar: str, rule: str, one: Kind, *, ranges: bool, alone: bool) -> Kind:
    """Increasing values of a kind: a list, or a text with commas.

    With `ranges` a text may also be FIRST:LAST:STEP, on the command line and in a file. With
    `alone` a single value may be given without a list.
    """

    def listed(text: str) -> list[Any]:
        if ranges and ":" in text:
            return spread(text)
        try:
            return [one.read(part) for part in text.split(",")]
        except RefusedError:
            raise RefusedError(rule) from None

    read = reader(listed, rule)

    def check(value: Any) -> tuple[Any, ...]:
        if ranges and isinstance(value, str):
            value = read(value)
        elif alone and not isinstance(value, list | tuple):
            value = [value]
        is_list = isinstance(value, list | tuple) and all(fits(one.check, item) for item in value)
        values = tuple(map(one.check, value)) if is_list else ()
        if not values or any(b <= a for a, b in itertools.pairwise(values)):
            raise RefusedError(rule)
        return values

    schemas = [one.schema] * alone + [{"type": "string"}] * ranges
    schema = _either(*schemas, {"type": "array", "items": dict(one.schema), "minItems": 1})
    return Kind(metavar, check, read, schema=schema)


def sizes(low: int = 2, high: int = 20_000, *, metavar: str = "SIZES") -> Kind:
    """Distinct whole numbers from `low` to `high`, increasing."""
    rule = f"must list whole numbers from {low} to {high}, increasing"
    return increasing(metavar, rule, integer(low, high), ranges=False, alone=True)
