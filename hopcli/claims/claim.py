"""Files of claims: what is claimed, which runs measure it, which number counts, which test."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from hopcli.claims.expressions import Expression, parse
from hopcli.claims.judging import TESTS
from hopcli.claims.names import check_plain_name
from hopcli.config import kinds, read_config
from hopcli.config.base import nearest
from hopcli.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["ERRORS", "Claim", "Claims", "RunOf", "read_claims"]

ERRORS = {
    "none": "none, the number is exact",
    "thermal": "thermal noise",
    "images": "test images",
    "selection": "draw of the patterns",
    "patterns": "draw of random patterns",
    "starts": "random starts",
}
"""What an error bar can be of."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RunOf:
    """A run that measures something: a configuration that is run, or a folder that is read.

    Parameters
    ----------
    name : str
        What expressions call it.
    config : str, optional
        A configuration or grid: a file, or the name of one that comes with hopcli.
    set : mapping
        Settings on top of it.
    quick : mapping
        Settings on top of these where a rough answer is enough.
    more : str, optional
        The setting of which more makes its intervals narrower.
    folder : str, optional
        Folder of a finished run instead.
    command : str, optional
        Which, if the folder has runs of several commands.
    """

    name: str
    config: str | None = None
    set: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    more: str | None = None
    folder: str | None = None
    command: str | None = None


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claim:
    """One claim.

    Parameters
    ----------
    id : str
        A short name.
    text, place : str
        What is claimed, and where.
    published : object
        The published number, text, or list of them.
    plus_minus : float, optional
        Its published error.
    published_repeats : int, optional
        Of how many values it is the mean, if `plus_minus` is their standard deviation. The
        error of that mean counts where a run is held to it that repeats the authors'.
    percent : bool
        Whether published numbers are in percent, and what is measured is a fraction.
    unit : str
        What numbers are in.
    test : str
        A name of :data:`hopcli.claims.judging.TESTS`.
    margin : float, optional
        How far from the published number is still the same, for tests of equivalence.
    bound : float, optional
        What the number is to be above or below.
    as_published, as_run : Expression
        The number by the protocol as published, and as the authors' code ran it.
    error, error_as_run : str
        What their intervals are of, names of :data:`ERRORS`.
    family : str
        Claims of one family are tested together, with Holm's correction.
    note : str
        What is to be known of the test, or of the source; of no effect.
    picture : str, optional
        The run whose picture shows it.
    """

    id: str
    text: str
    place: str
    published: Any
    as_published: Expression
    test: str
    plus_minus: float | None = None
    published_repeats: int | None = None
    percent: bool = False
    unit: str = ""
    margin: float | None = None
    bound: float | None = None
    as_run: Expression | None = None
    error: str = "none"
    error_as_run: str = ""
    family: str = ""
    note: str = ""
    picture: str | None = None

    @property
    def published_sem(self) -> float:
        """Standard error of the published mean, in its unit; 0 if it is taken as it is."""
        if self.plus_minus is None or self.published_repeats is None:
            return 0.0
        return self.plus_minus / math.sqrt(self.published_repeats)

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """What is measured of it."""
        return (self.as_published, *([self.as_run] if self.as_run else []))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Claims:
    """A file of claims.

    Parameters
    ----------
    path : Path
        The file.
    title, source : str
        What the claims are of.
    alpha : float
        Error that each family of tests is allowed.
    runs : dict of str to RunOf
        What measures them, by name.
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
        names = {name for claim in self.claims for e in claim.expressions for name in e.runs}
        names |= {claim.picture for claim in self.claims if claim.picture}
        return {name: run for name, run in self.runs.items() if name in names}


def read_claims(path: Path) -> Claims:
    """Read a file of claims, and refuse what is unknown in it before anything runs.

    Parameters
    ----------
    path : Path
        A TOML file.

    Raises
    ------
    DataError
        If it cannot be read.
    SettingError
        If a key, a test, a run or an expression is none; it is named as the file has it.
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
    claims = tuple(_claim(entry, f"{path}: claims[{n}]", runs) for n, entry in enumerate(listed))
    if not claims:
        raise SettingError(f"{path}: claims", "must be a list of one or more claims")
    names = [claim.id for claim in claims]
    for name in names:
        if names.count(name) > 1:
            raise SettingError(f"{path}: id", f"must be given once, is {names.count(name)}x", name)
    title, source = values.get("title", path.stem), values.get("source", "")
    return Claims(path=path, title=title, source=source, alpha=alpha, runs=runs, claims=claims)


_KINDS = {str: "text", float: "number", dict: "table", list: "list of tables ([[claims]])"}


def _check_key(key: str, known: Mapping[str, Any], where: str) -> None:
    if key not in known:
        rule = f"is none of {', '.join(known)}{nearest(key, known)}"
        raise SettingError(f"{where}: {key}", rule)


def _run(name: str, entry: Any, where: str) -> RunOf:
    """A run as the file has it."""
    check_plain_name(name, where)
    if not isinstance(entry, dict):
        raise SettingError(where, "must be a table", entry)
    known = {item.name: item for item in fields(RunOf) if item.name != "name"}
    for key, value in entry.items():
        _check_key(key, known, where)
        wanted = dict if key in ("set", "quick") else str
        if not isinstance(value, wanted):
            raise SettingError(f"{where}.{key}", f"must be a {_KINDS[wanted]}", value)
    if ("config" in entry) == ("folder" in entry):
        raise SettingError(where, "must have either a config or a folder")
    return RunOf(name=name, **entry)


def _claim(entry: Any, where: str, runs: Mapping[str, RunOf]) -> Claim:
    """A claim as the file has it."""
    if not isinstance(entry, dict):
        raise SettingError(where, "must be a table", entry)
    place = where.rindex("[")
    where = f"{where[:place]}.{entry.get('id', where[place:])}"
    known = {item.name: item for item in fields(Claim)}
    for key in entry:
        _check_key(key, known, where)
    for name, item in known.items():
        if item.default is MISSING and name not in entry:
            raise SettingError(f"{where}.{name}", "must be given")
    claim = Claim(**{name: _value(name, value, f"{where}.{name}") for name, value in entry.items()})
    _check_together(claim, where, runs)
    return claim


def _check_together(claim: Claim, where: str, runs: Mapping[str, RunOf]) -> None:
    """Refuse what no single value of a claim can show."""
    for expression in claim.expressions:
        for run in expression.runs:
            if run not in runs:
                rule = f"must name runs of the file ({', '.join(runs)}){nearest(run, runs)}"
                raise SettingError(f"{where}: {expression.text}", rule, run)
    if claim.picture is not None and claim.picture not in runs:
        raise SettingError(f"{where}.picture", "must be a run of the file", claim.picture)
    test = TESTS[claim.test]
    for name in ("margin", "bound"):
        if (name in test.needs) != (getattr(claim, name) is not None):
            needs = "must be given" if name in test.needs else "has no use"
            raise SettingError(f"{where}.{name}", f"{needs} with test {claim.test!r}")
    if "margin" in test.needs and not isinstance(claim.published, int | float):
        raise SettingError(f"{where}.published", "must be a number", claim.published)


_TEXTS = ("id", "text", "place", "unit", "family", "note", "picture")
_NUMBERS = ("plus_minus", "margin", "bound")
_FINITE, _REPEATS = kinds.number(-math.inf), kinds.integer(2, 10**6)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _is_published(value: Any) -> bool:
    return isinstance(value, str) or kinds.fits(_FINITE.check, value)


def _value(name: str, value: Any, where: str) -> Any:
    """A value of a claim, checked."""
    is_number = kinds.fits(_FINITE.check, value)
    if name in ("as_published", "as_run"):
        return parse(value, where)
    if name == "test" and value not in TESTS:
        raise SettingError(where, f"must be one of {', '.join(TESTS)}{nearest(str(value), TESTS)}")
    if name in ("error", "error_as_run") and value not in ERRORS:
        raise SettingError(where, f"must be one of {', '.join(ERRORS)}", value)
    if name in _TEXTS and not (isinstance(value, str) and value.strip()):
        raise SettingError(where, "must be text", value)
    if name in _NUMBERS and not (is_number and value >= 0):
        if name == "bound" and is_number:
            return float(value)
        raise SettingError(where, "must be a finite number >= 0", value)
    if name == "published_repeats" and not kinds.fits(_REPEATS.check, value):
        raise SettingError(where, "must be a whole number from 2 to 1000000", value)
    if name == "percent" and not isinstance(value, bool):
        raise SettingError(where, "must be true or false", value)
    if name == "published" and not all(map(_is_published, _listed(value))):
        raise SettingError(where, "must be a finite number, a text or a list of these", value)
    return float(value) if name in _NUMBERS else value
