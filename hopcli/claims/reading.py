"""Reading of claims files, and all checks before anything runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from hopcli.claims.claim import RATE, TABLE, TEXT, Claim, Claims, Condition, RunOf, instance
from hopcli.claims.expressions import parse
from hopcli.claims.judging import TESTS, margin_edges
from hopcli.config import read_config
from hopcli.errors import DataError, SettingError
from hopcli.kinds import Kind, checked, choice
from hopcli.study import find_numbers, read_curve
from hopcli.values import nearest

_KINDS = {
    **dict.fromkeys(("title", "source"), TEXT),
    "alpha": RATE,
    "runs": TABLE,
    "claims": instance(list, "must be a list of one or more tables ([[claims]])"),
}
"""Keys of a file."""


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
    values = _checked(read_config(path), _KINDS, f"{path}", sep=": ")
    given = values.get("runs", {})
    runs = {name: _run(name, entry, f"{path}: runs.{name}") for name, entry in given.items()}
    listed = values.get("claims", [])
    if not listed:
        raise SettingError(f"{path}: claims", "must be a list of one or more claims")
    claims = tuple(
        _claim(entry, f"{path}: claims", n, runs, path.parent) for n, entry in enumerate(listed)
    )
    names = [claim.id for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"{path}: id", f"occurs {names.count(name)}x; give it once", name)
    values = {"title": path.stem, "source": "", "alpha": 0.05, **values}
    return Claims(path=path, **{**values, "runs": runs, "claims": claims})


def _checked(
    entry: Any, known: Mapping[str, Kind | None], where: str, *, sep: str = "."
) -> dict[str, Any]:
    """Check each value of a table; refuse an unknown key."""
    values = {}
    for key, value in checked(TABLE, where, entry).items():
        if key not in known:
            rule = f"is none of {', '.join(known)}{nearest(key, known)}"
            raise SettingError(f"{where}: {key}", rule)
        kind = known[key]
        values[key] = value if kind is None else checked(kind, f"{where}{sep}{key}", value)
    return values


def _record(entry: Any, record: Any, where: str, *, given: tuple[str, ...] = ()) -> dict[str, Any]:
    """Check the values of a record; refuse a table that lacks a required one."""
    items = [item for item in fields(record) if item.name not in given]
    values = _checked(entry, {item.name: item.metadata["kind"] for item in items}, where)
    for item in items:
        is_required = item.default is MISSING and item.default_factory is MISSING
        if is_required and item.name not in values:
            raise SettingError(f"{where}.{item.name}", "must be given")
    return values


_PLAIN = re.compile(r"[\w][\w.-]{0,99}")


def _run(name: str, entry: Any, where: str) -> RunOf:
    """Read a run."""
    if not _PLAIN.fullmatch(name):  # the name of a folder later
        rule = "must be a name of at most 100 letters, digits and . _ -, without a folder"
        raise SettingError(where, rule, name)
    values = _record(entry, RunOf, where, given=("name",))
    if ("config" in values) == ("folder" in values):
        raise SettingError(where, "must have either a config or a folder")
    return RunOf(name=name, **values)


def _claim(entry: Any, where: str, number: int, runs: Mapping[str, RunOf], folder: Path) -> Claim:
    """Read a claim."""
    is_named = isinstance(entry, dict) and "id" in entry
    where = f"{where}.{entry['id']}" if is_named else f"{where}[{number}]"
    values = _record(entry, Claim, where)
    checked(choice(TESTS), f"{where}.test", values["test"])
    values["conditions"] = tuple(
        _condition(one, f"{where}.conditions[{n}]", values["test"], runs, folder)
        for n, one in enumerate(values["conditions"])
    )
    if values["test"] == "printed" and isinstance(values["published"], str):
        try:
            values["published"] = read_curve(find_numbers(values["published"], folder))
        except DataError as error:
            rule = f"must be a number, a table of numbers, or a file of them: {error}"
            raise SettingError(f"{where}.published", rule, values["published"]) from None
    claim = Claim(**values)
    _check_together(claim, where, runs)
    return claim


def _condition(
    entry: Any, where: str, test: str, runs: Mapping[str, RunOf], folder: Path
) -> Condition:
    """Read a condition."""
    values = _record(entry, Condition, where)
    if ("resample" in values) != (test == "printed"):
        needs = "must be given" if test == "printed" else "cannot be given"
        raise SettingError(f"{where}.resample", f"{needs} with test {test!r}")
    value = parse(values["value"], f"{where}.value", folder)
    for run in value.runs:
        if run not in runs:
            rule = f"must name runs of the file ({', '.join(runs)}){nearest(run, runs)}"
            raise SettingError(f"{where}.value: {value.text}", rule, run)
    return Condition(**{**values, "value": value})


def _check_together(claim: Claim, where: str, runs: Mapping[str, RunOf]) -> None:
    """Refuse values that do not belong together."""
    _check_conditions(claim, where)
    if claim.picture is not None and claim.picture not in runs:
        raise SettingError(f"{where}.picture", "must be a run of the file", claim.picture)
    if claim.unit == "%" and not claim.percent:  # rates of runs are fractions
        raise SettingError(f"{where}.percent", "must be true with the unit %", claim.percent)
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
    """Refuse values that cannot be simulated as a printed number."""
    names = list(claim.published) if isinstance(claim.published, dict) else None
    if isinstance(claim.published, list):
        rule = "must be a number, a table of numbers, or a file of them"
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
            raise SettingError(f"{place}.resample", "has no SD of repeats", "selections")


def _check_conditions(claim: Claim, where: str) -> None:
    """Refuse conflicting roles, and equal labels."""
    roles = [one.role for one in claim.conditions]
    if roles[0] != "text" or roles.count("text") != 1 or roles.count("authors") > 1:
        rule = "must start with the only condition of role text, with at most one of role authors"
        raise SettingError(f"{where}.conditions", rule, ", ".join(roles))
    if "step" in roles and ("authors" not in roles or claim.test != "printed"):
        raise SettingError(f"{where}.conditions", "needs a printed condition authors for steps")
    labels = [one.label for one in claim.conditions]
    if len(set(labels)) < len(labels):
        raise SettingError(f"{where}.conditions", "must have different labels")
