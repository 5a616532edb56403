"""Claims files: the claims, the runs that measure them, and the test of each."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from hopcli.claims.expressions import Expression, parse
from hopcli.claims.judging import TESTS
from hopcli.config import read_config
from hopcli.config.base import nearest
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["ERRORS", "ROLES", "Claim", "Claims", "Condition", "RunOf", "read_claims"]

ERRORS = {
    "none": "exact",
    "thermal": "thermal noise",
    "images": "test images",
    "selection": "draw of the samples",
    "patterns": "random patterns",
    "starts": "random starts",
    "likelihood": "likelihood",
}
"""Sources of the error that an interval covers."""

ROLES = {
    "text": "the protocol that the text describes",
    "authors": "the protocol that the authors' own program ran",
    "explanation": "another hypothesis that can explain a failure; it never supports a claim",
    "step": "a step of the ladder from the text's protocol to the authors'",
    "other": "a further setting, for comparison; it does not affect the verdict",
}
"""Roles of a condition."""

RESAMPLED = {
    "trials": "each trial has another test image",
    "images": "each study has its own test images, the same in all its repeats",
    "repeats": "the repeats of the run, whose test images are fixed",
    "moments": "normal repeats with the mean and SD of the run",
    "selections": "each selection of the run is one study",
}
"""Ways of simulating a printed number from the data of a run."""

PATTERNS = {"printed": "with the printed patterns", "any": "with any draw of samples"}
"""Questions that a claim about recall can ask."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RunOf:
    """A run that measures something: a configuration to run, or a folder to read.

    Parameters
    ----------
    name : str
        Name in expressions.
    config : str, optional
        A configuration or grid: a file, or the name of one that comes with hopcli.
    set : mapping
        Settings that replace those of the configuration.
    quick : mapping
        Further settings for ``--quick``.
    folder : str, optional
        Folder of a finished run, instead of a configuration.
    command : str, optional
        Command of the run, if the folder contains several.
    """

    name: str
    config: str | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    folder: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Condition:
    """A protocol under which a claim is measured.

    Parameters
    ----------
    label : str
        Name of the protocol, such as "as the text says" or "Hebbian rule".
    role : str
        A name of :data:`ROLES`.
    value : Expression
        The number.
    error : str
        Source of the error that its interval covers, a name of :data:`ERRORS`.
    resample : str
        Simulation of a printed number, a name of :data:`RESAMPLED`; for test ``printed`` only.
    shared : str, optional
        Column with the SD that all repeats of a study share; for ``moments`` only.
    """

    label: str
    role: str
    value: Expression
    error: str = "none"
    resample: str = ""
    shared: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claim:
    """One claim.

    Parameters
    ----------
    id : str
        Short name.
    text, place : str
        The claim, and its place in the source.
    published : object
        The published number, text, list of them, or table of numbers by row.
    conditions : tuple of Condition
        The protocols under which it is measured; the first is the text's.
    test : str
        A name of :data:`hopcli.claims.judging.TESTS`.
    plus_minus : float or mapping, optional
        The printed SD of one repeat.
    percent : bool
        Published numbers are in per cent, measured numbers are fractions.
    unit : str
        Unit of the numbers.
    margin : float, optional
        Largest difference from the published number that does not matter.
    reason : str
        Reason for the margin.
    alternative : float, optional
        The value if the claim is wrong. The margin must exclude it.
    bound : float, optional
        Bound of tests ``above`` and ``below``.
    by : str
        Column whose values name the published numbers, for test ``printed``.
    statistic : str
        ``mean`` or ``sd`` over the repeats, for test ``printed``.
    step : float
        Step to which the number was rounded (1 for a whole per cent).
    images, repeats : int
        Test images of a repeat and repeats of the published study.
    patterns : str
        A name of :data:`PATTERNS`, if the claim is about recall.
    family : str
        Claims of one family share Holm's correction.
    shown : str
        Published value in the words of the source, if the numbers alone say too little.
    note : str
        Remark on the test or the source.
    picture : str, optional
        Run whose picture the report shows.
    """

    id: str
    text: str
    place: str
    published: Any
    test: str
    conditions: tuple[Condition, ...]
    plus_minus: Any = None
    percent: bool = False
    unit: str = ""
    margin: float | None = None
    reason: str = ""
    alternative: float | None = None
    bound: float | None = None
    by: str = "label"
    statistic: str = "mean"
    step: float = 1.0
    images: int = 100
    repeats: int = 10
    patterns: str = ""
    family: str = ""
    shown: str = ""
    note: str = ""
    picture: str | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """Names of the runs that it needs."""
        return tuple(dict.fromkeys(run for one in self.conditions for run in one.value.runs))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claims:
    """A claims file.

    Parameters
    ----------
    path : Path
        The file.
    title, source : str
        Title and authors of the text.
    alpha : float
        Error rate of each test, or of each family of tests.
    runs : dict of str to RunOf
        The runs by name.
    claims : tuple of Claim
        The claims, in order.
    """

    path: Path
    title: str
    source: str
    alpha: float
    runs: dict[str, RunOf]
    claims: tuple[Claim, ...]

    def used(self) -> dict[str, RunOf]:
        """The runs that some claim needs, in the order of the file."""
        names = {name for claim in self.claims for name in claim.runs}
        names |= {claim.picture for claim in self.claims if claim.picture}
        return {name: run for name, run in self.runs.items() if name in names}

    def expressions(self) -> Iterator[tuple[str, Expression]]:
        """Each expression with its place in the file, for a message."""
        for claim in self.claims:
            for condition in claim.conditions:
                yield f"{self.path}: claims.{claim.id}: {condition.label}", condition.value


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


def _run(name: str, entry: Any, where: str) -> RunOf:
    """Read a run."""
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
        if key in entry and entry[key] not in known:
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
    number = isinstance(claim.published, int | float)
    if test.number and not (number or (claim.test == "printed" and claim.published)):
        raise SettingError(f"{where}.published", "must be a number", claim.published)
    if claim.margin is not None and claim.alternative is not None:
        low, high = test.edges(claim)
        if low <= claim.alternative <= high:
            rule = f"must exclude the alternative {claim.alternative:g}"
            raise SettingError(f"{where}.margin", rule, claim.margin)


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
_CHOICES = {
    "test": tuple(TESTS),
    "patterns": tuple(PATTERNS),
    "statistic": ("mean", "sd"),
}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


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
    elif name in ("images", "repeats") and not (type(value) is int and value >= 1):
        rule = "must be a whole number >= 1"
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
        return "" if fine else "must be a table of numbers"
    if name == "plus_minus":
        return "" if _is_number(value) and value >= 0 else "must be a number >= 0, or a table"
    fine = _is_number(value) or isinstance(value, str | list)
    return "" if fine else "must be a number, a text, a list, or a table of numbers"
