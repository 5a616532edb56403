"""Reading of claims files, and the checks before anything runs."""

from __future__ import annotations

import re
import sys
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from hopcli.claims.claim import (
    DATA,
    ERRORS,
    PATTERNS,
    RESAMPLED,
    ROLES,
    Claim,
    Claims,
    Condition,
    RunOf,
)
from hopcli.claims.expressions import parse
from hopcli.claims.judging import TESTS, margin_edges
from hopcli.config import read_config
from hopcli.errors import SettingError
from hopcli.values import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["read_claims"]


def read_claims(path: Path) -> Claims:
    """Read a claims file and verify it before anything runs.

    Parameters
    ----------
    path : Path
        A TOML file.

    Raises
    ------
    DataError
        If it cannot be read.
    SettingError
        If a key, test, run, role or expression is unknown, or the values of a claim do not
        belong together. The message names the entry.
    """
    values = read_config(path)
    known = {"title": str, "source": str, "alpha": float, "runs": dict, "claims": list}
    for key, value in values.items():
        _check_key(key, known, f"{path}")
        if not isinstance(value, known[key]):
            raise SettingError(f"{path}: {key}", f"must be a {_KINDS[known[key]]}", value)
    alpha = values.get("alpha", 0.05)
    if not 0 < alpha < 0.5:
        raise SettingError(f"{path}: alpha", "must be above 0 and below 0.5", alpha)
    runs = {
        name: _run(name, entry, f"{path}: runs.{name}")
        for name, entry in values.get("runs", {}).items()
    }
    listed = values.get("claims", [])
    claims = tuple(_claim(entry, f"{path}: claims", n, runs) for n, entry in enumerate(listed))
    if not claims:
        raise SettingError(f"{path}: claims", "must be a list of one or more claims")
    names = [claim.id for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"{path}: id", f"must be given once, is {names.count(name)}x", name)
    title, source = values.get("title", path.stem), values.get("source", "")
    return Claims(path=path, title=title, source=source, alpha=alpha, runs=runs, claims=claims)


_KINDS = {str: "text", float: "number", dict: "table", list: "list of tables ([[claims]])"}


def _check_keys(entry: Any, record: Any, where: str, *, given: tuple[str, ...] = ()) -> None:
    """Refuse an entry that is no table, has unknown keys, or lacks one that is needed."""
    if not isinstance(entry, dict):
        raise SettingError(where, "must be a table", entry)
    known = {item.name: item for item in fields(record) if item.name not in given}
    for key in entry:
        _check_key(key, known, where)
    for name, item in known.items():
        if item.default is MISSING and item.default_factory is MISSING and name not in entry:
            raise SettingError(f"{where}.{name}", "must be given")


def _check_key(key: str, known: Mapping[str, Any], where: str) -> None:
    if key not in known:
        rule = f"is none of {', '.join(known)}{nearest(key, known)}"
        raise SettingError(f"{where}: {key}", rule)


_PLAIN = re.compile(r"[\w][\w.-]{0,99}")


def _run(name: str, entry: Any, where: str) -> RunOf:
    """Read a run."""
    if not _PLAIN.fullmatch(name):  # it becomes the name of a folder
        rule = "must be a name of at most 100 letters, digits and . _ -, without a folder"
        raise SettingError(where, rule, name)
    _check_keys(entry, RunOf, where, given=("name",))
    for key, value in entry.items():
        wanted = dict if key in ("set", "quick") else str
        if not isinstance(value, wanted):
            raise SettingError(f"{where}.{key}", f"must be a {_KINDS[wanted]}", value)
    if ("config" in entry) == ("folder" in entry):
        raise SettingError(where, "must have either a config or a folder")
    return RunOf(name=name, **entry)


def _claim(entry: Any, where: str, number: int, runs: Mapping[str, RunOf]) -> Claim:
    """Read a claim."""
    name = entry.get("id", f"[{number}]") if isinstance(entry, dict) else f"[{number}]"
    where = f"{where}.{name}"
    _check_keys(entry, Claim, where)
    values = {key: _value(key, value, f"{where}.{key}") for key, value in entry.items()}
    listed = values["conditions"]
    values["conditions"] = tuple(
        _condition(one, f"{where}.conditions[{n}]", values["test"], runs)
        for n, one in enumerate(listed)
    )
    claim = Claim(**values)
    _check_together(claim, where, runs)
    return claim


def _condition(entry: Any, where: str, test: str, runs: Mapping[str, RunOf]) -> Condition:
    """Read a condition."""
    _check_keys(entry, Condition, where)
    for key, known in (("role", ROLES), ("error", ERRORS), ("resample", RESAMPLED)):
        if key in entry and not (isinstance(entry[key], str) and entry[key] in known):
            rule = f"must be one of {', '.join(known)}{nearest(str(entry[key]), known)}"
            raise SettingError(f"{where}.{key}", rule, entry[key])
    for key in ("label", "shared"):
        if key in entry and not (isinstance(entry[key], str) and entry[key].strip()):
            raise SettingError(f"{where}.{key}", "must be text", entry[key])
    if ("resample" in entry) != (test == "printed"):
        needs = "must be given" if test == "printed" else "cannot be given"
        raise SettingError(f"{where}.resample", f"{needs} with test {test!r}")
    value = parse(entry["value"], f"{where}.value")
    for run in value.runs:
        if run not in runs:
            rule = f"must name runs of the file ({', '.join(runs)}){nearest(run, runs)}"
            raise SettingError(f"{where}.value: {value.text}", rule, run)
    return Condition(**{**entry, "value": value})


def _check_together(claim: Claim, where: str, runs: Mapping[str, RunOf]) -> None:
    """Refuse values that do not belong together."""
    _check_conditions(claim, where)
    if claim.picture is not None and claim.picture not in runs:
        raise SettingError(f"{where}.picture", "must be a run of the file", claim.picture)
    test = TESTS[claim.test]
    for name in ("margin", "reason", "alternative", "bound"):
        value = getattr(claim, name)
        if name in test.needs and value in (None, ""):
            raise SettingError(f"{where}.{name}", f"must be given with test {claim.test!r}")
        if value not in (None, "") and name not in (*test.needs, *test.takes):
            raise SettingError(f"{where}.{name}", f"cannot be given with test {claim.test!r}")
    if claim.test == "printed":
        _check_printed(claim, where)
    elif test.number and not isinstance(claim.published, int | float):
        raise SettingError(f"{where}.published", "must be a number", claim.published)
    if claim.margin is not None and claim.alternative is not None:
        low, high = margin_edges(claim)
        if low <= claim.alternative <= high:
            rule = f"must exclude the alternative {claim.alternative:g}"
            raise SettingError(f"{where}.margin", rule, claim.margin)


def _check_printed(claim: Claim, where: str) -> None:
    """Refuse what cannot be simulated as a printed number."""
    names = list(claim.published) if isinstance(claim.published, dict) else None
    if isinstance(claim.published, str | list) and claim.published not in DATA:
        rule = f"must be a number, a table of numbers, or {', '.join(DATA)}"
        raise SettingError(f"{where}.published", rule, claim.published)
    if isinstance(claim.plus_minus, dict) and list(claim.plus_minus) != names:
        rule = "must have the keys of published"
        raise SettingError(f"{where}.plus_minus", rule, ", ".join(claim.plus_minus))
    if claim.statistic == "sd" and claim.repeats < 2:
        raise SettingError(f"{where}.repeats", "must be at least 2 for an SD", claim.repeats)
    for n, condition in enumerate(claim.conditions):
        place = f"{where}.conditions[{n}]"
        if len(condition.value.terms) > 1 or condition.value.terms[0].function is not None:
            rule = "must be rows of one table, for a printed number"
            raise SettingError(f"{place}.value", rule, condition.value.text)
        if claim.statistic == "sd" and condition.resample == "selections":
            raise SettingError(f"{place}.resample", "cannot give an SD of repeats", "selections")


def _check_conditions(claim: Claim, where: str) -> None:
    """Refuse roles that do not belong together, and equal labels."""
    roles = [one.role for one in claim.conditions]
    if roles[0] != "text" or roles.count("text") != 1 or roles.count("authors") > 1:
        rule = "must start with the only condition of role text, and have at most one of authors"
        raise SettingError(f"{where}.conditions", rule, ", ".join(roles))
    if "step" in roles and ("authors" not in roles or claim.test != "printed"):
        raise SettingError(f"{where}.conditions", "can have steps to a printed authors' one only")
    labels = [one.label for one in claim.conditions]
    if len(set(labels)) < len(labels):
        raise SettingError(f"{where}.conditions", "must have different labels")


_TEXTS = ("id", "text", "place", "unit", "reason", "family", "shown", "note", "picture", "by")
_MOST = 1_000_000
_LARGEST = sys.float_info.max
_CHOICES = {
    "test": tuple(TESTS),
    "patterns": tuple(PATTERNS),
    "statistic": ("mean", "sd"),
}


def _is_number(value: Any) -> bool:
    # Compared, as a whole number of hundreds of digits has no float.
    return type(value) in (int, float) and abs(value) <= _LARGEST


def _value(name: str, value: Any, where: str) -> Any:
    """Verify a value of a claim."""
    rule = ""
    if name in _CHOICES and not (isinstance(value, str) and value in _CHOICES[name]):
        known = list(_CHOICES[name])
        rule = f"must be one of {', '.join(known)}{nearest(str(value), known)}"
    elif name in _TEXTS and not (isinstance(value, str) and value.strip()):
        rule = "must be text"
    elif name in ("margin", "step") and not (_is_number(value) and value > 0):
        rule = "must be a finite number > 0"
    elif name in ("bound", "alternative") and not _is_number(value):
        rule = "must be a finite number"
    elif name in ("images", "repeats") and not (type(value) is int and 1 <= value <= _MOST):
        rule = f"must be a whole number from 1 to {_MOST:,}"
    elif name == "percent" and not isinstance(value, bool):
        rule = "must be true or false"
    elif name == "conditions" and not (isinstance(value, list) and value):
        rule = "must be a list of tables ([[claims.conditions]])"
    elif name in ("published", "plus_minus"):
        rule = _published_rule(name, value)
    if rule:
        raise SettingError(where, rule, value)
    return value


def _published_rule(name: str, value: Any) -> str:
    """Rule that a published value breaks; empty if it breaks none."""
    if isinstance(value, dict):
        fine = bool(value) and all(map(_is_number, value.values()))
        fine = fine and (name == "published" or min(value.values()) >= 0)
        return "" if fine else "must be a table of numbers" + " >= 0" * (name != "published")
    if name == "plus_minus":
        return "" if _is_number(value) and value >= 0 else "must be a number >= 0, or a table"
    listed = value if isinstance(value, list) else [value]
    fine = all(_is_number(one) or isinstance(one, str) for one in listed)
    return "" if fine else "must be a number, a text, a list, or a table of numbers"
