"""Kinds of settings with a notation of their own: sweeps, grids, schedules, starts, sizes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hopcli.kinds import Kind, choice, either, increasing, number, reader
from hopcli.starts import Start, meant_start, parse_start, rule_of_starts
from hopcli.values import RefusedError, real, whole

if TYPE_CHECKING:
    from collections.abc import Collection


def attempts() -> Kind:
    """Make a kind for attempts in a sweep: a whole number, or N, N/2, 2N, ... for N spins."""
    rule = "must be a whole number from 1 to 999999999, or N, N/2, 2N, ..."

    def check(value: Any) -> int | str:
        if type(value) is int and 1 <= value < 10**9:
            return value
        if isinstance(value, str):
            text = value.replace(" ", "")
            if re.fullmatch(r"[1-9][0-9]{0,8}", text):
                return int(text)
            if re.fullmatch(r"([1-9][0-9]{0,3})?N(/[1-9][0-9]{0,5})?", text):
                return text
        raise RefusedError(rule)

    number_of = {"type": "integer", "minimum": 1, "maximum": 10**9 - 1}
    return Kind("ATTEMPTS", check, schema={"anyOf": [number_of, {"type": "string"}]})


def order(names: Collection[str]) -> Kind:
    """Make a kind for an order of the sites: a name, or each site once, ``2,0,1``."""
    rule = "must list each site from 0 to N - 1 once"

    def check(value: Any) -> tuple[int, ...]:
        if not isinstance(value, list | tuple) or not value:
            raise RefusedError(rule)
        if any(type(item) is not int for item in value) or {*value} != {*range(len(value))}:
            raise RefusedError(rule)
        return tuple(value)

    read = reader(lambda text: [whole(item) for item in text.split(",")], rule)
    schema = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
    sites = Kind("SITES", check, read, schema=schema, rule=rule)
    any_order = either(sites, choice(names), metavar="|".join([*names, "SITES"]))
    return replace(any_order, choices=tuple(names))


def resolve_attempts(value: int | str, n_sites: int) -> int:
    """Return the number of attempts in a sweep of `n_sites` spins (``N/2`` of 5 is 2, >= 1)."""
    if isinstance(value, int):
        return value
    factor, _, divisor = value.partition("N")
    return max(1, int(factor or 1) * n_sites // int(divisor[1:] or 1))


def grid(low: float = 0.0, high: float = math.inf, *, above: bool = False) -> Kind:
    """Make a kind for increasing numbers: ``FIRST:LAST:STEP`` or a list."""
    bounds = f"{'>' if above else '>='} {low:g}" + (f" and <= {high:g}" if high < math.inf else "")
    rule = f"must be FIRST:LAST:STEP or a list of finite numbers {bounds}, increasing"
    one = number(low, high, above=above)
    return increasing("FIRST:LAST:STEP", rule, one, ranges=True, alone=False)


def pair(metavar: str, separator: str, low: int, rule: str) -> Kind:
    """Make a kind for two whole numbers, as text or as a list."""

    def check(value: Any) -> tuple[int, int]:
        if isinstance(value, str):
            value = read(value)
        if not isinstance(value, list | tuple) or len(value) != 2:
            only = f"{value[0]}{separator}{value[0]}" if isinstance(value, list) and value else ""
            raise RefusedError(f"{rule}; did you mean {only}?" if only else rule)
        if any(type(item) is not int or item < low for item in value):
            raise RefusedError(rule)
        return (value[0], value[1])

    read = reader(lambda s: [whole(v) for v in s.split(separator)], rule)
    side = {"type": "integer", "minimum": low}
    listed = {"type": "array", "items": side, "minItems": 2, "maxItems": 2}
    schema = {"anyOf": [{"type": "string"}, listed]}
    return Kind(metavar, check, read, schema=schema, between=separator)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Temperatures from the first to the last over the sweeps of a run.

    Parameters
    ----------
    first, last : float
        Temperatures of the first and the last sweep (k_B = 1), >= 0.
    course : {"geometric", "linear"}
        Course of the temperatures; geometric needs both above 0.
    """

    first: float
    last: float
    course: str

    def __str__(self) -> str:
        ends = (repr(end).removesuffix(".0") for end in (self.first, self.last))
        return ":".join((*ends, self.course))


def temperature() -> Kind:
    """Make a kind for a temperature, or a schedule of temperatures over the sweeps."""
    rule = "must be FIRST:LAST:geometric (both > 0) or FIRST:LAST:linear"
    one = number(0)

    def check(value: Any) -> Schedule:
        if isinstance(value, Schedule):
            return value
        try:
            first, last, course = str(value).split(":")
            ends = (one.check(real(first)), one.check(real(last)))
        except ValueError:
            raise RefusedError(rule) from None
        if course not in ("geometric", "linear") or (course == "geometric" and min(ends) <= 0):
            raise RefusedError(rule)
        return Schedule(*ends, course)

    def plain(value: float | Schedule) -> float | str:
        return str(value) if isinstance(value, Schedule) else value

    schedule = Kind("SCHEDULE", check, check, schema={"type": "string"}, rule=rule)
    return either(one, schedule, plain=plain)


def temperatures(value: float | Schedule, sweeps: int) -> list[float]:
    """Return the temperature of each sweep, from the first to the last of a schedule."""
    if not isinstance(value, Schedule):
        return [value] * sweeps
    first, last = value.first, value.last
    steps = [i / max(1, sweeps - 1) for i in range(sweeps)]
    if value.course == "linear":
        return [first * (1 - step) + last * step for step in steps]
    return [first ** (1 - step) * last**step for step in steps]


def start(*, target: bool = False) -> Kind:
    """Make a kind for the start of runs; see :mod:`hopcli.starts`.

    Parameters
    ----------
    target : bool
        One of the stored patterns is the target.
    """
    rule = rule_of_starts(target=target)

    def check(value: Any) -> Start:
        if isinstance(value, str):
            value = read(value)
        if not isinstance(value, Start):
            raise RefusedError(rule)
        return value

    def read(text: str) -> Start:
        try:
            parsed = parse_start(text)
        except ValueError:
            raise RefusedError(f"{rule}{meant_start(text)}") from None
        if parsed.needs_target and not target:
            raise RefusedError(rule)
        return parsed

    return Kind("START", check, read, plain=str, schema={"type": "string", "minLength": 1})
